import Schema

/// Dead letters, taken out of the broker to where they can be read without side effects (`recourse-parking`).
///
/// One row per dead letter. Headers, properties and body are the truth; the other members are derived from them and
/// serve lists and searches. Open rows never expire.
///
/// - Throws: every call throws `StoreFailure`.
package protocol DeadLetterStore: LetterTracing, AuditLogStore, OperationStore, EditStore {
    /// Inserts those whose id is not known. A known id is left as it is while its row is open, or if it is the death that
    /// the row tells of. Else it has died once more after somebody acted: its row is open again, tells of this death, and
    /// is the last in the order of parking.
    /// Returns how many were new or opened again. Durable when it returns, so that the delivery can be acknowledged.
    /// `parkedAt` is wall time.
    func upsert(_ letters: [DeadLetter], parkedAt: Instant) async throws -> Int
    /// Rows that match, newest parked first, bodies included, after the row where the last page ended.
    func list(_ filter: DeadLetterFilter, after: DeadLetterPlace?, limit: Int) async throws -> [ParkedLetter]
    /// How many rows match.
    func count(_ filter: DeadLetterFilter) async throws -> Int
    /// Which rows match, without reading their content, oldest parked first, behind the number given.
    func places(_ filter: DeadLetterFilter, after number: Int64, limit: Int) async throws -> [LetterPlace]
    /// Rows that match, counted by kind of failure, the largest group first.
    func groups(_ filter: DeadLetterFilter, limit: Int) async throws -> [LetterGroup]
    /// How many groups there are.
    func groupCount(_ filter: DeadLetterFilter) async throws -> Int
    /// Up to `limit` ids that begin so, ascending.
    func ids(beginningWith prefix: String, limit: Int) async throws -> [String]
    func get(_ id: String) async throws -> ParkedLetter?
    /// Those of these that there are, bodies included.
    func letters(_ ids: [String]) async throws -> [String: ParkedLetter]
    /// Changes rows, each only if its row version is still the given one; the others are left alone. Returns the rows that
    /// changed, as they are now.
    ///
    /// Who marks first has the row: a replay marks `sent` before it publishes, so two people cannot send it twice.
    ///
    /// - Parameter acts: what the audit log is to say of those that changed, content as it is kept; written in the same
    ///   transaction, so that nothing is done unsaid and nothing said undone.
    func mark(
        _ marks: [DeadLetterMark],
        logging acts: @escaping @Sendable (_ changed: [ParkedLetter]) throws -> [AuditLogDraft]
    ) async throws -> LetterChange
    /// Empties body, headers, properties, texts and the columns named of rows, removes their traces, and discards them with
    /// `note`; what names the failure stays. What the audit log tells of one of them alone loses its content, and so do edits
    /// of them. Returns how many there were.
    func erase(_ letters: [LetterErasure], note: String) async throws -> Int
    /// Replaces body, headers and properties by these, of rows whose row version is still the given one; nothing else
    /// changes.
    func replace(_ rows: [ParkedLetter]) async throws
    /// Makes what was erased unreadable in the database's files, as far as the database can.
    func scrub() async throws
    /// How many rows there are by queue, class and state, ascending by these.
    func counts() async throws -> [DeadLetterCount]
    /// Of these events, those that have dead letters, with all their rows, oldest first. For the audit.
    func find(_ events: [EventKey]) async throws -> [EventKey: [ParkedLetter]]
    func close() async
}

extension DeadLetterStore {
    /// Without a word in the audit log: for what no person has decided.
    package func mark(_ marks: [DeadLetterMark]) async throws -> [ParkedLetter] {
        try await mark(marks) { _ in [] }.rows
    }
}

/// What marks have led to.
package struct LetterChange: Sendable {
    /// Those that changed, as they are now.
    package let rows: [ParkedLetter]
    /// Of the audit log, behind what was said of them; nil: nothing was.
    package let head: AuditLogHead?

    package init(rows: [ParkedLetter], head: AuditLogHead?) {
        self.rows = rows
        self.head = head
    }
}

/// What is done about a dead letter.
package enum DeadLetterState: String, Sendable, CaseIterable, Codable {
    /// Nobody has done anything.
    case open
    /// It was handed to its queue again; what becomes of it is not known yet.
    case sent
    /// A handler has acknowledged it.
    case resolved
    /// A person has decided that it is not needed.
    case discarded

    /// The states that a mark may lead to.
    package var next: Set<DeadLetterState> {
        switch self {
        case .open: [.sent, .resolved, .discarded]
        case .sent: [.open, .resolved, .discarded]
        case .resolved: []
        case .discarded: [.open]
        }
    }
}

/// How a letter stands, for people: what followed it tells more than its state. Programs of the release before know the state
/// alone.
package enum LetterStanding: String, Sendable, CaseIterable, Codable {
    case open, sent, resolved
    /// It was sent again and has died once more, as another row.
    case diedAgain = "died-again"
    case discarded
    /// An edited letter has taken its place.
    case superseded

    /// - Parameter isSucceeded: whether another row follows it.
    package init(_ state: DeadLetterState, isSucceeded: Bool) {
        switch state {
        case .open: self = .open
        case .sent: self = .sent
        case .resolved: self = isSucceeded ? .diedAgain : .resolved
        case .discarded: self = isSucceeded ? .superseded : .discarded
        }
    }

    /// The state, and whether a row follows; nil: either way.
    package var meaning: (state: DeadLetterState, isSucceeded: Bool?) {
        switch self {
        case .open: (.open, nil)
        case .sent: (.sent, nil)
        case .resolved: (.resolved, false)
        case .diedAgain: (.resolved, true)
        case .discarded: (.discarded, false)
        case .superseded: (.discarded, true)
        }
    }
}

/// A dead letter as it came.
package struct DeadLetter: Sendable, Hashable {
    package let id: String
    /// The queue in which it died.
    package let queue: String
    /// Where it was published first.
    package var exchange = ""
    package var routingKey = ""
    /// What the document tells of itself, as far as it can be read.
    package var source: String?
    package var eventId: String?
    package var type: String?
    package var caseId: String?
    /// schema, transient, permanent, bystander, unroutable. A text, so that a word of another version stays readable.
    package let failureClass: String
    /// A short stable word, `unknown-reference`.
    package let code: String
    /// For people; names members and rules, never values.
    package var message = ""
    /// Equal for failures of one kind.
    package var fingerprint = ""
    /// Where in the document the first fault is, with `*` for each place in a list and `?` for a name that no contract has;
    /// empty: it is not about one place.
    package var pointer = ""
    /// The rule that the first fault breaks, `required`; empty: there is none.
    package var rule = ""
    package var attempts: Int64 = 0
    /// Wall time.
    package let firstAt: Instant
    package let lastAt: Instant
    /// JSON.
    package var headers: [UInt8] = []
    /// JSON.
    package var properties: [UInt8] = []
    package var body: [UInt8]

    package init(
        id: String, queue: String, failureClass: String, code: String, firstAt: Instant, lastAt: Instant, body: [UInt8]
    ) {
        self.id = id
        self.queue = queue
        self.failureClass = failureClass
        self.code = code
        self.firstAt = firstAt
        self.lastAt = lastAt
        self.body = body
    }

    package var event: EventKey? {
        guard let source, let eventId else { return nil }
        return EventKey(source: source, id: eventId)
    }

    /// The id of the row: one message that dies in one queue has one row, however often it is delivered, by upstream or
    /// by the broker, and one more for each replay. No time is part of it: a worker that is killed between the dead
    /// letter and its acknowledgement leaves the same message to another, who meets the failure at another time.
    ///
    /// - Parameter content: the body; of one that was too large to be kept what else tells it from others.
    package static func id(queue: String, messageId: String?, content: [UInt8], replays: Int64) -> String {
        let digest = Identifiers.hexadecimal(Identifiers.digest(content))
        return Identifiers.uuid(["dead-letter", queue, messageId ?? "", digest, String(replays)])
    }
}

/// A dead letter and what was done about it.
package struct ParkedLetter: Sendable, Hashable {
    package var letter: DeadLetter
    package var state: DeadLetterState
    /// How often it was sent again.
    package var replays: Int64
    /// 1 at first; each change of state adds one.
    package var version: Int64
    /// Ascending in the order of parking.
    package let number: Int64
    /// Wall time of parking.
    package let parkedAt: Instant
    /// Why it is in this state, as the person who decided it put it.
    package var note: String?
    /// Who sees to it; nil: nobody was named.
    package var assignee: String?
    /// The row that has taken its place: the death of what was sent again, or the edited letter; nil: there is none.
    package var successor: String?
    /// What is sealed of it is damaged: what could not be opened is left out. Never stored.
    package var isDamaged = false

    package init(
        letter: DeadLetter, state: DeadLetterState, replays: Int64, version: Int64, number: Int64, parkedAt: Instant,
        note: String?
    ) {
        self.letter = letter
        self.state = state
        self.replays = replays
        self.version = version
        self.number = number
        self.parkedAt = parkedAt
        self.note = note
    }

    package var place: DeadLetterPlace { DeadLetterPlace(number: number) }
    package var standing: LetterStanding { LetterStanding(state, isSucceeded: successor != nil) }

    /// Its content was erased with the person whom it was about; it cannot be sent again.
    package var isErased: Bool {
        state == .discarded && letter.headers.isEmpty && letter.body.isEmpty && !isDamaged
    }

    /// The row without what it held of a person.
    package func erased(note: String, forgetting columns: LetterColumns) -> ParkedLetter {
        var letter = letter
        (letter.headers, letter.properties, letter.body) = ([], [], [])
        letter.message = ""
        if columns.contains(.source) { letter.source = nil }
        if columns.contains(.event) { letter.eventId = nil }
        if columns.contains(.type) { letter.type = nil }
        if columns.contains(.case) { letter.caseId = nil }
        if columns.contains(.routingKey) { letter.routingKey = "" }
        var erased = self
        (erased.letter, erased.state, erased.note, erased.successor) = (letter, .discarded, note, nil)
        erased.version += 1
        return erased
    }

    /// The row after the same message has died once more; nil: it needs no change, as it is open, or this is the death
    /// that it tells of already. Clocks of machines differ, so any other time is another death.
    package func reopened(by other: DeadLetter, parkedAt: Instant, number: Int64) -> ParkedLetter? {
        guard state != .open, other.lastAt != letter.lastAt else { return nil }
        var reopened = ParkedLetter(
            letter: other, state: .open, replays: replays, version: version + 1, number: number, parkedAt: parkedAt,
            note: letter.body.isEmpty ? nil : note)
        reopened.assignee = assignee
        return reopened
    }

    /// The row after `mark`; nil if the mark does not apply: another was faster, or the state cannot follow.
    package func applying(_ mark: DeadLetterMark) -> ParkedLetter? {
        guard version == mark.version else { return nil }
        var next = self
        if let state = mark.state {
            guard self.state.next.contains(state) else { return nil }
            (next.state, next.successor) = (state, mark.successor)
            if state == .sent { next.replays += 1 }
        }
        next.version += 1
        if let note = mark.note { next.note = note }
        if let assignee = mark.assignee { next.assignee = assignee.isEmpty ? nil : assignee }
        return next
    }
}

package struct DeadLetterMark: Sendable, Hashable {
    package let id: String
    /// The row version that the decision was made on.
    package let version: Int64
    /// Must be a state that may follow the present one; if not, the row is left alone. `sent` counts a replay. nil: it stays
    /// in its state.
    package let state: DeadLetterState?
    package let note: String?
    /// Empty: nobody any longer; nil: as before.
    package let assignee: String?
    /// With a state: the row that takes its place; nil: none.
    package let successor: String?

    package init(
        id: String, version: Int64, state: DeadLetterState?, note: String? = nil, assignee: String? = nil,
        successor: String? = nil
    ) {
        self.id = id
        self.version = version
        self.state = state
        self.note = note
        self.assignee = assignee
        self.successor = successor
    }
}

package struct DeadLetterCount: Sendable, Hashable {
    package let queue: String
    package let failureClass: String
    package let state: DeadLetterState
    package let count: Int

    package init(queue: String, failureClass: String, state: DeadLetterState, count: Int) {
        self.queue = queue
        self.failureClass = failureClass
        self.state = state
        self.count = count
    }
}
