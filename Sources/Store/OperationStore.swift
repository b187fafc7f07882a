import Schema

/// Operations on dead letters that outlive the process that runs them: which letters, what has become of each, and who is at
/// it. They lie beside the letters, so that a letter, its item and the word in the audit log change together.
///
/// - Throws: every call throws `StoreFailure`.
package protocol OperationStore: Sendable {
    /// Keeps a new operation with the letters that it is about, all of them or nothing: `total`, `number` and `version` are
    /// the store's. Later arrivals are not swept in.
    ///
    /// - Parameter acts: what the audit log is to say of it, written in the same transaction.
    /// - Returns: nil if there is an operation of this id already.
    func begin(
        _ operation: LetterOperation, on letters: OperationLetters,
        logging acts: @escaping @Sendable (LetterOperation) throws -> [AuditLogDraft]
    ) async throws -> BegunOperation?
    func operation(_ id: String) async throws -> LetterOperation?
    /// The newest first, below this number.
    func operations(below number: Int64, limit: Int) async throws -> [LetterOperation]
    /// How many items there are of each kind, ascending by state, verdict and detail.
    func operationCounts(_ id: String) async throws -> [OperationCount]
    /// Ascending by position, behind this one; of any of these states.
    func operationItems(
        _ id: String, in states: Set<OperationItem.State>, after position: Int64, limit: Int
    ) async throws -> [OperationItem]
    /// Carries out a step of an operation in one transaction, if the operation still has the row version that the step was
    /// decided on: so of two that run it, and of one that runs it and one that stops it, the slower does nothing.
    ///
    /// - Parameter acts: what the audit log is to say of the letters that changed, and of the step.
    /// - Returns: nil if somebody else has changed the operation.
    func change(
        _ change: OperationChange,
        logging acts: @escaping @Sendable (_ changed: [ParkedLetter]) throws -> [AuditLogDraft]
    ) async throws -> ChangedOperation?
}

/// An operation on many letters.
package struct LetterOperation: Sendable, Hashable {
    package enum State: String, Sendable, Hashable, Codable, CaseIterable {
        /// Somebody runs it, or was killed while they did.
        case running
        /// It was asked to halt, or met something that it can wait for.
        case paused
        /// It has met failures that somebody must understand first.
        case stopped
        case cancelled
        /// Every letter has its outcome.
        case done

        package var hasEnded: Bool { self == .cancelled || self == .done }
    }

    /// Short, so that it can be typed.
    package let id: String
    /// `replay`
    package let verb: String
    package var state: State
    /// Who began it.
    package let operatorName: String
    /// Wall time of its beginning.
    package let at: Instant
    /// Letters a second, at most.
    package let rate: Int64
    /// How many letters are sent before all of them must have their outcome: 1, then 10; 0: the rest.
    package var step: Int64
    /// How many letters it is about.
    package var total: Int64 = 0
    /// Why it is paused or stopped, without a word about anybody's letter; empty: it is not.
    package var cause = ""
    /// The process that runs it; empty: none.
    package var runner = ""
    /// Until when `runner` is to be taken for alive, wall time.
    package var runsUntil = Instant.distantPast
    /// 1 at first; each change adds one.
    package var version: Int64 = 1
    /// Ascending in the order of their beginnings.
    package var number: Int64 = 0

    package init(
        id: String, verb: String, state: State, operatorName: String, at: Instant, rate: Int64, step: Int64
    ) {
        self.id = id
        self.verb = verb
        self.state = state
        self.operatorName = operatorName
        self.at = at
        self.rate = rate
        self.step = step
    }

    /// Whether a process is at it.
    package func isRun(at wall: Instant) -> Bool { state == .running && !runner.isEmpty && wall < runsUntil }

    /// The kept row after `change`; nil: somebody else has changed it since.
    package func applying(_ change: OperationChange) -> LetterOperation? {
        guard version == change.operation.version else { return nil }
        var next = change.operation
        (next.total, next.number) = (total, number)
        next.version += 1
        return next
    }
}

/// Which letters a new operation is about.
package enum OperationLetters: Sendable {
    /// All that match, the oldest parked first.
    case matching(DeadLetterFilter)
    /// In this order; ids that no letter has are left out, and so is what comes twice.
    case named([String])
}

package struct BegunOperation: Sendable {
    package let operation: LetterOperation
    /// Of the audit log.
    package let head: AuditLogHead?

    package init(operation: LetterOperation, head: AuditLogHead?) {
        self.operation = operation
        self.head = head
    }
}

/// A letter of an operation, and what has become of it.
package struct OperationItem: Sendable, Hashable {
    package enum State: String, Sendable, Hashable, Codable, CaseIterable {
        /// Its turn has not come.
        case waiting
        /// It is to be sent: its letter is marked, and it may have gone out.
        case claimed
        /// The broker has it.
        case sent
        /// Its stage has taken it.
        case applied
        /// It has died once more.
        case diedAgain = "died-again"
        /// It was not to be sent.
        case skipped
        /// The broker did not take it.
        case failed

        /// It is on its way, as far as is known.
        package var isUnderWay: Bool { self == .claimed || self == .sent }
        package var isSettled: Bool { self != .waiting && !isUnderWay }
    }

    /// From 1.
    package let position: Int64
    package let letter: String
    package var state: State
    /// What sending it was found to lead to; empty: nobody has looked yet.
    package var verdict: String
    /// Why; words of ours alone, so nothing of the letter stands here.
    package var detail: String
    /// That of the letter when it was claimed: one that comes back with it has died of the same.
    package var fingerprint: String

    package init(
        position: Int64, letter: String, state: State = .waiting, verdict: String = "", detail: String = "",
        fingerprint: String = ""
    ) {
        self.position = position
        self.letter = letter
        self.state = state
        self.verdict = verdict
        self.detail = detail
        self.fingerprint = fingerprint
    }
}

package struct OperationCount: Sendable, Hashable {
    package let state: OperationItem.State
    package let verdict: String
    package let detail: String
    package let count: Int

    package init(state: OperationItem.State, verdict: String, detail: String, count: Int) {
        self.state = state
        self.verdict = verdict
        self.detail = detail
        self.count = count
    }
}

/// A step of an operation.
package struct OperationChange: Sendable, Hashable {
    /// As it is to be; its row version is the one that the step was decided on.
    package let operation: LetterOperation
    /// As they are to be.
    package var items: [OperationItem]
    /// Of the items' letters, one each at most.
    package var marks: [DeadLetterMark]

    package init(_ operation: LetterOperation, items: [OperationItem] = [], marks: [DeadLetterMark] = []) {
        self.operation = operation
        self.items = items
        self.marks = marks
    }

    /// What an item says whose letter somebody else was faster with.
    package static let takenByAnother = "somebody else has changed it meanwhile"

    /// The items as they are kept: one whose letter could not be marked is not sent.
    package func items(marked changed: [ParkedLetter]) -> [OperationItem] {
        let missed = Set(marks.map(\.id)).subtracting(changed.map(\.letter.id))
        return items.map { item in
            guard missed.contains(item.letter), item.state == .claimed else { return item }
            var item = item
            (item.state, item.detail) = (.skipped, Self.takenByAnother)
            return item
        }
    }
}

/// What a step has led to.
package struct ChangedOperation: Sendable {
    package let operation: LetterOperation
    package let items: [OperationItem]
    /// Letters that changed, as they are now.
    package let letters: [ParkedLetter]
    /// Of the audit log; nil: nothing was written.
    package let head: AuditLogHead?

    package init(
        operation: LetterOperation, items: [OperationItem], letters: [ParkedLetter], head: AuditLogHead?
    ) {
        self.operation = operation
        self.items = items
        self.letters = letters
        self.head = head
    }
}
