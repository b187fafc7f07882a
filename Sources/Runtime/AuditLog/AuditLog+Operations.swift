import Store

/// What is done by operations and edits is written in the transaction that does it, too.
extension AuditLog {
    /// What is said of a step of an operation.
    package struct Words: Sendable {
        /// Of the letters that changed; the objects are filled in.
        package var letters: OperatorAct?
        /// What changed of a letter, as it is now.
        package var object: @Sendable (_ after: ParkedLetter) -> OperatorAct.Object
        /// Of the operation itself.
        package var operation: OperatorAct?

        package init(
            letters: OperatorAct? = nil, operation: OperatorAct? = nil,
            object: @escaping @Sendable (_ after: ParkedLetter) -> OperatorAct.Object = {
                .init(AuditLogObject.letter($0.letter.id))
            }
        ) {
            self.letters = letters
            self.operation = operation
            self.object = object
        }
    }

    /// - Parameter act: its objects are filled in.
    /// - Returns: nil: there is an operation of this id already.
    /// - Throws: `StoreFailure`, `OversizedAct`.
    package func begin(
        _ operation: LetterOperation, on letters: OperationLetters, as act: OperatorAct
    ) async throws -> LetterOperation? {
        let traces = try await self.letters.traces(ofNumbersIn: [act.reason].compactMap { $0 })
        try check(act)
        let begun = try await self.letters.begin(operation, on: letters) { begun in
            try drafts(
                act, [.init(AuditLogObject.operation(begun.id), after: "\(begun.total) letters")], traces)
        }
        if let head = begun?.head { tell(act.verb, head) }
        return begun?.operation
    }

    /// - Returns: nil: somebody else has changed the operation.
    /// - Throws: `StoreFailure`, `OversizedAct`.
    package func change(_ change: OperationChange, saying words: Words) async throws -> ChangedOperation? {
        let acts = [words.letters, words.operation].compactMap { $0 }
        for act in acts { try check(act) }
        let texts = acts.flatMap { [$0.reason, $0.detail].compactMap { $0 } } + change.marks.map(\.id)
        let traces = try await letters.traces(ofNumbersIn: texts)
        let changed = try await letters.change(change) { rows in
            let ofLetters = try words.letters.map { try drafts($0, rows.map(words.object), traces) } ?? []
            let ofOperation = try words.operation.map { act in
                try drafts(act, [.init(AuditLogObject.operation(change.operation.id))] + act.objects, traces)
            }
            return ofLetters + (ofOperation ?? [])
        }
        // Of the thousands of batches of one operation none is told: the head of its end stands behind all of them.
        if let head = changed?.head, let act = words.operation { tell(act.verb, head) }
        return changed
    }

    /// Keeps edits; each is told of with its letter.
    ///
    /// - Throws: `StoreFailure`, `OversizedAct`.
    package func propose(_ edits: [LetterEdit], as act: OperatorAct) async throws {
        try check(act)
        let traces = try await letters.traces(ofNumbersIn: [act.reason].compactMap { $0 } + edits.map(\.letter))
        let objects = edits.map {
            OperatorAct.Object(AuditLogObject.letter($0.letter), after: "edit \($0.id) proposed")
        }
        let head = try await letters.propose(edits) { try drafts(act, objects, traces) }
        if let head { tell(act.verb, head) }
    }

    /// - Returns: the edits that were decided; the others somebody was faster with, or their letters have changed.
    /// - Throws: `StoreFailure`, `OversizedAct`.
    package func decide(_ decisions: [EditDecision], as act: OperatorAct) async throws -> [LetterEdit] {
        try check(act)
        let texts = [act.reason].compactMap { $0 } + decisions.compactMap(\.mark?.id)
        let traces = try await letters.traces(ofNumbersIn: texts)
        let done = try await letters.decide(decisions) { edits in
            try drafts(
                act,
                edits.flatMap { edit in
                    let old = OperatorAct.Object(
                        AuditLogObject.letter(edit.letter), before: "edit \(edit.id) proposed by \(edit.author)",
                        after: edit.state.rawValue)
                    let new = edit.successor.map {
                        OperatorAct.Object(AuditLogObject.letter($0), after: "open, in place of \(edit.letter)")
                    }
                    return [old] + [new].compactMap { $0 }
                }, traces)
        }
        if let head = done.head { tell(act.verb, head) }
        return done.edits
    }
}
