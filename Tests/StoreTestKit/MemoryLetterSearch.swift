import Schema
import Store

extension MemoryDeadLetterStore.State {
    /// Ascending by number.
    func matching(_ filter: DeadLetterFilter) -> [ParkedLetter] {
        rows.filter { row in
            filter.matches(row) && filter.traces.allSatisfy { traces[row.letter.id]?.contains($0) ?? false }
        }
    }

    func groups(_ filter: DeadLetterFilter) -> [LetterGroup] {
        func key(_ letter: DeadLetter) -> [String] {
            [letter.fingerprint, letter.queue, letter.failureClass, letter.code, letter.pointer, letter.rule]
        }
        return Dictionary(grouping: matching(filter)) { key($0.letter) }.values.compactMap { rows -> LetterGroup? in
            guard let one = rows.first?.letter else { return nil }
            func least(_ member: (DeadLetter) -> String?) -> (count: Int, first: String?) {
                let all = Set(rows.compactMap { member($0.letter) })
                return (all.count, all.min { $0.utf8.lexicographicallyPrecedes($1.utf8) })
            }
            let (sources, types) = (least(\.source), least(\.type))
            return LetterGroup(
                fingerprint: one.fingerprint, queue: one.queue, failureClass: one.failureClass, code: one.code,
                pointer: one.pointer, rule: one.rule, count: rows.count, open: rows.count { $0.state == .open },
                firstAt: rows.map(\.letter.firstAt).min() ?? one.firstAt,
                lastAt: rows.map(\.letter.lastAt).max() ?? one.lastAt, sources: sources.count, source: sources.first,
                types: types.count, type: types.first, newest: rows.map(\.number).max() ?? 0)
        }.sorted { a, b in
            if a.count != b.count { return a.count > b.count }
            func order(_ group: LetterGroup) -> [String] {
                [group.fingerprint, group.queue, group.failureClass, group.code, group.pointer, group.rule]
            }
            return order(a).lexicographicallyPrecedes(order(b)) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }
}

extension DeadLetterFilter {
    /// What a database does with its columns.
    fileprivate func matches(_ row: ParkedLetter) -> Bool {
        let letter = row.letter
        func agrees<T: Equatable>(_ wanted: T?, _ value: T?) -> Bool { wanted == nil || wanted == value }
        guard agrees(state, row.state), agrees(failureClass, letter.failureClass), agrees(queue, letter.queue),
            type == nil || letter.type.map(types.contains) ?? false, agrees(eventId, letter.eventId),
            agrees(source, letter.source), agrees(fingerprint, letter.fingerprint), agrees(assignee, row.assignee),
            from.map({ letter.lastAt >= $0 }) ?? true, until.map({ letter.lastAt < $0 }) ?? true,
            upTo.map({ row.number <= $0 }) ?? true, agrees(isSucceeded, row.successor != nil)
        else { return false }
        guard let text else { return true }
        let wanted = Self.lowered(text)
        let texts = [
            letter.id, letter.source, letter.eventId, letter.type, letter.caseId, letter.code, letter.message,
            letter.pointer, letter.rule,
        ]
        return texts.contains { $0.map { Self.lowered($0).contains(wanted) } ?? false }
    }

    /// Only ASCII letters, as SQLite's LIKE does.
    private static func lowered(_ text: String) -> [UInt8] {
        text.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }
    }
}
