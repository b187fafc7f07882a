import Schema
import Store

extension MemoryDeadLetterStore.State {
    /// Takes back what `body` has done if it throws.
    mutating func transact<T>(_ body: (inout Self) throws -> T) throws -> T {
        let before = self
        do {
            return try body(&self)
        } catch {
            self = before
            throw error
        }
    }

    func letter(_ id: String) -> ParkedLetter? { byId[id].map { rows[$0] } }

    mutating func insert(_ letters: [DeadLetter], parkedAt: Instant) -> Int {
        var changed = 0
        for letter in letters {
            let number = nextNumber
            if let index = byId[letter.id] {
                guard let reopened = rows[index].reopened(by: letter, parkedAt: parkedAt, number: number) else {
                    continue
                }
                rows.remove(at: index)
                rows.append(reopened)
                for (index, row) in rows.enumerated() { byId[row.letter.id] = index }
            } else {
                byId[letter.id] = rows.count
                rows.append(
                    ParkedLetter(
                        letter: letter, state: .open, replays: 0, version: 1, number: number, parkedAt: parkedAt,
                        note: nil))
            }
            changed += 1
        }
        return changed
    }

    mutating func mark(_ marks: [DeadLetterMark]) -> [ParkedLetter] {
        var moved: [ParkedLetter] = []
        for mark in marks {
            guard let index = byId[mark.id], let next = rows[index].applying(mark) else { continue }
            rows[index] = next
            moved.append(next)
        }
        return moved
    }

    mutating func eraseEdits(_ isMeant: (LetterEdit, Set<PersonalTrace>) -> Bool) {
        for index in edits.indices where isMeant(edits[index].edit, edits[index].traces) {
            if edits[index].edit.state == .proposed { edits[index].edit.state = .rejected }
            edits[index].edit.content = nil
            edits[index].traces = []
        }
    }
}

extension MemoryDeadLetterStore {
    package func begin(
        _ operation: LetterOperation, on letters: OperationLetters,
        logging acts: @escaping @Sendable (LetterOperation) throws -> [AuditLogDraft]
    ) throws -> BegunOperation? {
        try use { state in
            guard !state.operations.contains(where: { $0.id == operation.id }) else { return nil }
            return try state.transact { state in
                let ids: [String]
                switch letters {
                case .matching(let filter): ids = state.matching(filter).map(\.letter.id)
                case .named(let named):
                    var seen: Set<String> = []
                    ids = named.filter { state.byId[$0] != nil && seen.insert($0).inserted }
                }
                state.items[operation.id] = ids.enumerated().map {
                    OperationItem(position: Int64($0.offset + 1), letter: $0.element)
                }
                var begun = operation
                (begun.total, begun.number) = (Int64(ids.count), Int64(state.operations.count + 1))
                state.operations.append(begun)
                let drafts = try acts(begun)
                return BegunOperation(operation: begun, head: drafts.isEmpty ? nil : state.log.append(drafts))
            }
        }
    }

    package func operation(_ id: String) throws -> LetterOperation? {
        try use { state in state.operations.first { $0.id == id } }
    }

    package func operations(below number: Int64, limit: Int) throws -> [LetterOperation] {
        try use { state in Array(state.operations.reversed().filter { $0.number < number }.prefix(max(0, limit))) }
    }

    package func operationCounts(_ id: String) throws -> [OperationCount] {
        try use { state in
            Dictionary(grouping: state.items[id] ?? []) { [$0.state.rawValue, $0.verdict, $0.detail] }
                .sorted { $0.key.lexicographicallyPrecedes($1.key) }
                .compactMap { _, items in
                    items.first.map {
                        OperationCount(state: $0.state, verdict: $0.verdict, detail: $0.detail, count: items.count)
                    }
                }
        }
    }

    package func operationItems(
        _ id: String, in states: Set<OperationItem.State>, after position: Int64, limit: Int
    ) throws -> [OperationItem] {
        try use { state in
            let items = (state.items[id] ?? []).lazy.filter { $0.position > position && states.contains($0.state) }
            return Array(items.prefix(max(0, limit)))
        }
    }

    package func change(
        _ change: OperationChange, logging acts: @escaping @Sendable ([ParkedLetter]) throws -> [AuditLogDraft]
    ) throws -> ChangedOperation? {
        try use { state in
            guard let index = state.operations.firstIndex(where: { $0.id == change.operation.id }),
                let next = state.operations[index].applying(change)
            else { return nil }
            return try state.transact { state in
                state.operations[index] = next
                let letters = state.mark(change.marks)
                let items = change.items(marked: letters)
                for item in items { state.items[next.id]?[Int(item.position) - 1] = item }
                let drafts = try acts(letters)
                return ChangedOperation(
                    operation: next, items: items, letters: letters,
                    head: drafts.isEmpty ? nil : state.log.append(drafts))
            }
        }
    }

    package func propose(
        _ proposals: [EditProposal], logging acts: @escaping @Sendable () throws -> [AuditLogDraft]
    ) throws -> AuditLogHead? {
        try use { state in
            try state.transact { state in
                for proposal in proposals {
                    let one = proposal.edit
                    let edit = LetterEdit(
                        number: Int64(state.edits.count + 1), id: one.id, batch: one.batch, letter: one.letter,
                        state: one.state, author: one.author, at: one.at, content: one.content)
                    state.edits.append((edit, proposal.traces))
                }
                let drafts = try acts()
                return drafts.isEmpty ? nil : state.log.append(drafts)
            }
        }
    }

    package func edit(_ id: String) throws -> LetterEdit? {
        try use { state in state.edits.first { $0.edit.id == id }?.edit }
    }

    package func edits(_ filter: EditFilter, after number: Int64, limit: Int) throws -> [LetterEdit] {
        try use { state in
            let edits = state.edits.map(\.edit).filter { filter.matches($0) && $0.number > number }
            return Array(edits.prefix(max(0, limit)))
        }
    }

    package func editCount(_ filter: EditFilter) throws -> Int {
        try use { state in state.edits.count { filter.matches($0.edit) } }
    }

    package func decide(
        _ decisions: [EditDecision], logging acts: @escaping @Sendable ([LetterEdit]) throws -> [AuditLogDraft]
    ) throws -> DecidedEdits {
        try use { state in
            try state.transact { state in
                var decided: [LetterEdit] = []
                for decision in decisions {
                    guard let index = state.edits.firstIndex(where: { $0.edit.id == decision.id }),
                        let edit = state.edits[index].edit.decided(decision)
                    else { continue }
                    if let mark = decision.mark, state.mark([mark]).isEmpty { continue }
                    if let letter = decision.replacement { _ = state.insert([letter], parkedAt: decision.at) }
                    state.edits[index] = (edit, [])
                    decided.append(edit)
                }
                let drafts = decided.isEmpty ? [] : try acts(decided)
                return DecidedEdits(edits: decided, head: drafts.isEmpty ? nil : state.log.append(drafts))
            }
        }
    }

    package func resealEdits(_ contents: [String: [UInt8]]) throws {
        try use { state in
            for index in state.edits.indices where state.edits[index].edit.content != nil {
                guard let content = contents[state.edits[index].edit.id] else { continue }
                state.edits[index].edit.content = content
            }
        }
    }
}

extension EditFilter {
    /// What a database does with its columns.
    fileprivate func matches(_ edit: LetterEdit) -> Bool {
        (state ?? edit.state) == edit.state && (batch ?? edit.batch) == edit.batch
    }
}
