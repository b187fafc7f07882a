import Schema

/// Edits of dead letters that wait for a second person.
///
/// - Throws: every call throws `StoreFailure`.
package protocol EditStore: Sendable {
    /// Keeps proposals, all or none. Returns the head of the audit log; nil: nothing was written there.
    func propose(
        _ proposals: [EditProposal], logging acts: @escaping @Sendable () throws -> [AuditLogDraft]
    ) async throws -> AuditLogHead?
    func edit(_ id: String) async throws -> LetterEdit?
    /// Ascending by number, behind this one.
    func edits(_ filter: EditFilter, after number: Int64, limit: Int) async throws -> [LetterEdit]
    func editCount(_ filter: EditFilter) async throws -> Int
    /// Decides proposals in one transaction: each only if it is still one, and its mark, if it has one, applies to its
    /// letter; its content goes with the decision.
    ///
    /// - Parameter acts: what the audit log is to say of those decided.
    func decide(
        _ decisions: [EditDecision],
        logging acts: @escaping @Sendable (_ decided: [LetterEdit]) throws -> [AuditLogDraft]
    ) async throws -> DecidedEdits
    /// Replaces content as sealed by another key, of edits that still have theirs.
    func resealEdits(_ contents: [String: [UInt8]]) async throws
}

/// What somebody wants a letter to be.
package struct LetterEdit: Sendable, Hashable {
    package enum State: String, Sendable, Hashable, Codable, CaseIterable {
        case proposed, approved
        /// By a person, or because what it held was erased.
        case rejected
    }

    /// Ascending in the order of proposal.
    package let number: Int64
    /// Short, so that it can be typed.
    package let id: String
    /// That of all that were proposed with it.
    package let batch: String
    /// The letter that it is about.
    package let letter: String
    package var state: State
    /// Who proposed it, as they call themselves.
    package let author: String
    /// Wall time.
    package let at: Instant
    /// nil: nobody has decided.
    package var decidedBy: String?
    package var decidedAt: Instant?
    /// The letter that took the place of the old one; nil: none has.
    package var successor: String?
    /// What is proposed; nil: decided, or erased.
    package var content: [UInt8]?

    package init(
        number: Int64 = 0, id: String, batch: String, letter: String, state: State = .proposed, author: String,
        at: Instant, content: [UInt8]?
    ) {
        self.number = number
        self.id = id
        self.batch = batch
        self.letter = letter
        self.state = state
        self.author = author
        self.at = at
        self.content = content
    }

    /// The edit as `decision` leaves it; nil: it was decided before.
    package func decided(_ decision: EditDecision) -> LetterEdit? {
        guard state == .proposed else { return nil }
        var decided = self
        (decided.state, decided.content) = (decision.state, nil)
        (decided.decidedBy, decided.decidedAt) = (decision.operatorName, decision.at)
        decided.successor = decision.replacement?.id
        return decided
    }
}

/// An edit that is to be kept, and whom it tells of.
package struct EditProposal: Sendable, Hashable {
    package let edit: LetterEdit
    package let traces: Set<PersonalTrace>

    package init(_ edit: LetterEdit, traces: Set<PersonalTrace>) {
        self.edit = edit
        self.traces = traces
    }
}

package struct EditFilter: Sendable, Hashable {
    package var state: LetterEdit.State?
    package var batch: String?

    package init(state: LetterEdit.State? = nil, batch: String? = nil) {
        self.state = state
        self.batch = batch
    }
}

/// What is decided about a proposal.
package struct EditDecision: Sendable, Hashable {
    package let id: String
    /// approved or rejected
    package let state: LetterEdit.State
    package let operatorName: String
    /// Wall time.
    package let at: Instant
    /// Of the old letter.
    package var mark: DeadLetterMark?
    /// What takes its place.
    package var replacement: DeadLetter?

    package init(
        id: String, state: LetterEdit.State, operatorName: String, at: Instant, mark: DeadLetterMark? = nil,
        replacement: DeadLetter? = nil
    ) {
        self.id = id
        self.state = state
        self.operatorName = operatorName
        self.at = at
        self.mark = mark
        self.replacement = replacement
    }
}

package struct DecidedEdits: Sendable {
    package let edits: [LetterEdit]
    /// Of the audit log; nil: nothing was written.
    package let head: AuditLogHead?

    package init(edits: [LetterEdit], head: AuditLogHead?) {
        self.edits = edits
        self.head = head
    }
}
