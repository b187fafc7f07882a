import Schema
import Store

/// Operations hold nothing of a letter, so they pass as they are; edits are sealed as letters are.
extension SealedDeadLetters {
    package func begin(
        _ operation: LetterOperation, on letters: OperationLetters,
        logging acts: @escaping @Sendable (LetterOperation) throws -> [AuditLogDraft]
    ) async throws -> BegunOperation? { try await store.begin(operation, on: letters, logging: acts) }

    package func operation(_ id: String) async throws -> LetterOperation? { try await store.operation(id) }
    package func operations(below number: Int64, limit: Int) async throws -> [LetterOperation] {
        try await store.operations(below: number, limit: limit)
    }
    package func operationCounts(_ id: String) async throws -> [OperationCount] {
        try await store.operationCounts(id)
    }
    package func operationItems(
        _ id: String, in states: Set<OperationItem.State>, after position: Int64, limit: Int
    ) async throws -> [OperationItem] {
        try await store.operationItems(id, in: states, after: position, limit: limit)
    }

    package func change(
        _ change: OperationChange,
        logging acts: @escaping @Sendable ([ParkedLetter]) throws -> [AuditLogDraft]
    ) async throws -> ChangedOperation? {
        guard let done = try await store.change(change, logging: acts) else { return nil }
        return ChangedOperation(
            operation: done.operation, items: done.items, letters: try done.letters.map(open), head: done.head)
    }

    // MARK: - Edits

    /// Whom the edits tell of is looked up here, where they are open.
    ///
    /// - Parameter edits: content as it is.
    package func propose(
        _ edits: [LetterEdit], logging acts: @escaping @Sendable () throws -> [AuditLogDraft]
    ) async throws -> AuditLogHead? {
        let digester = try await establishDigester()
        let proposals = try edits.map { edit in
            let content = Self.content(of: edit.content ?? [])
            return EditProposal(try self.sealed(edit), traces: digester.traces(of: content))
        }
        return try await store.propose(proposals, logging: acts)
    }

    package func propose(
        _ proposals: [EditProposal], logging acts: @escaping @Sendable () throws -> [AuditLogDraft]
    ) async throws -> AuditLogHead? {
        let sealed = try proposals.map { EditProposal(try self.sealed($0.edit), traces: $0.traces) }
        return try await store.propose(sealed, logging: acts)
    }

    /// Whether it names more persons than is kept beside it, so that an erasure could miss it.
    package static func isOverfull(_ content: [UInt8]) -> Bool { Self.content(of: content).isOverfull }

    private static func content(of bytes: [UInt8]) -> LetterContent {
        let epoch = Instant(microseconds: 0)
        return LetterContent(
            DeadLetter(
                id: "", queue: "", failureClass: "", code: "", firstAt: epoch, lastAt: epoch, body: bytes))
    }

    package func edit(_ id: String) async throws -> LetterEdit? { try await store.edit(id).map(opened) }

    package func edits(_ filter: EditFilter, after number: Int64, limit: Int) async throws -> [LetterEdit] {
        try await store.edits(filter, after: number, limit: limit).map(opened)
    }

    package func editCount(_ filter: EditFilter) async throws -> Int { try await store.editCount(filter) }

    /// The letters that take the place of others are sealed and indexed as those that are parked.
    package func decide(
        _ decisions: [EditDecision],
        logging acts: @escaping @Sendable ([LetterEdit]) throws -> [AuditLogDraft]
    ) async throws -> DecidedEdits {
        let sealed = try decisions.map { decision in
            var decision = decision
            decision.replacement = try decision.replacement.map(seal)
            return decision
        }
        let done = try await store.decide(sealed, logging: acts)
        let ids = Set(done.edits.compactMap(\.successor))
        let fresh = decisions.compactMap(\.replacement).filter { ids.contains($0.id) }
        if !fresh.isEmpty { try await index(fresh) }
        return done
    }

    package func resealEdits(_ contents: [String: [UInt8]]) async throws { try await store.resealEdits(contents) }

    private static let editPage = 8

    /// Seals every edit that waits with the current key that another has sealed, or none.
    func resealEdits() async throws -> (resealed: Int, damaged: Int) {
        var (position, resealed, damaged) = (Int64(0), 0, 0)
        while true {
            let page = try await store.edits(EditFilter(state: .proposed), after: position, limit: Self.editPage)
            guard let last = page.last else { return (resealed, damaged) }
            position = last.number
            var fresh: [String: [UInt8]] = [:]
            for edit in page {
                guard let content = edit.content, Envelope.key(of: content) != keyring.currentId else { continue }
                if let plain = try opened(edit).content {
                    fresh[edit.id] = try Envelope.seal(plain, Self.context(edit), keyring)
                } else {
                    damaged += 1
                }
            }
            try await store.resealEdits(fresh)
            resealed += fresh.count
        }
    }

    private static func context(_ edit: LetterEdit) -> [UInt8] { Array("recourse/parking/edit/\(edit.id)".utf8) }

    private func sealed(_ edit: LetterEdit) throws -> LetterEdit {
        var sealed = edit
        sealed.content = try edit.content.map { try Envelope.seal($0, Self.context(edit), keyring) }
        return sealed
    }

    /// One that is damaged comes out without its content: it can only be rejected.
    ///
    /// - Throws: `StoreFailure`, unavailable if the key that sealed it is not there.
    private func opened(_ edit: LetterEdit) throws -> LetterEdit {
        guard let content = edit.content else { return edit }
        var opened = edit
        do throws(SealFailure) {
            opened.content = try Envelope.open(content, Self.context(edit), keyring)
        } catch {
            guard error.ofOne == .corrupt else {
                throw StoreFailure(error.ofOne, operation: "opening the edit \(edit.id)", cause: error.description)
            }
            opened.content = nil
        }
        return opened
    }
}
