import Schema
import Store
import Synchronization

/// Dead letters in memory, for simulation and tests. Its calls are synchronous, which serves both.
package final class MemoryDeadLetterStore: DeadLetterStore {
    private struct State {
        /// Ascending by number.
        var rows: [ParkedLetter] = []
        var byId: [String: Int] = [:]
        var nextNumber: Int64 { (rows.last?.number ?? 0) + 1 }
        var isClosed = false
        var traces: [String: Set<PersonalTrace>] = [:]
        var secret: PersonalSecret?
    }

    private let state = Mutex(State())

    package init() {}

    private func use<T: Sendable>(_ body: (inout State) throws -> T) throws -> T {
        try state.withLock { state in
            guard !state.isClosed else {
                throw StoreFailure(
                    .unavailable, operation: "using the dead letters in memory", cause: "the store is closed")
            }
            return try body(&state)
        }
    }

    package func upsert(_ letters: [DeadLetter], parkedAt: Instant) throws -> Int {
        try use { state in
            var changed = 0
            for letter in letters {
                let number = state.nextNumber
                if let index = state.byId[letter.id] {
                    guard
                        let reopened = state.rows[index].reopened(by: letter, parkedAt: parkedAt, number: number)
                    else { continue }
                    state.rows.remove(at: index)
                    state.rows.append(reopened)
                    for (index, row) in state.rows.enumerated() { state.byId[row.letter.id] = index }
                } else {
                    state.byId[letter.id] = state.rows.count
                    state.rows.append(
                        ParkedLetter(
                            letter: letter, state: .open, replays: 0, version: 1, number: number, parkedAt: parkedAt,
                            note: nil))
                }
                changed += 1
            }
            return changed
        }
    }

    package func list(_ filter: DeadLetterFilter, after: DeadLetterPlace?, limit: Int) throws -> [ParkedLetter] {
        let last = after?.number ?? Int64.max
        return try use { state in
            Array(state.rows.reversed().lazy.filter { $0.number < last && filter.matches($0) }.prefix(max(0, limit)))
        }
    }

    package func get(_ id: String) throws -> ParkedLetter? {
        try use { state in state.byId[id].map { state.rows[$0] } }
    }

    package func mark(_ marks: [DeadLetterMark]) throws -> [ParkedLetter] {
        try use { state in
            var moved: [ParkedLetter] = []
            for mark in marks {
                guard let index = state.byId[mark.id], let next = state.rows[index].applying(mark) else { continue }
                state.rows[index] = next
                moved.append(next)
            }
            return moved
        }
    }

    package func erase(_ letters: [LetterErasure], note: String) throws -> Int {
        try use { state in
            var count = 0
            for letter in letters {
                guard let index = state.byId[letter.id] else { continue }
                state.rows[index] = state.rows[index].erased(note: note, forgetting: letter.columns)
                state.traces[letter.id] = nil
                count += 1
            }
            return count
        }
    }

    package func keepTraces(_ traces: [String: Set<PersonalTrace>]) throws {
        try use { state in
            for (id, traces) in traces where state.traces[id] == nil {
                guard let index = state.byId[id], !state.rows[index].isErased else { continue }
                state.traces[id] = traces
            }
        }
    }

    package func untraced(limit: Int, bytes: Int) throws -> [ParkedLetter] {
        try use { state in
            let traces = state.traces
            var page: [ParkedLetter] = []
            var size = 0
            for row in state.rows where !row.isErased && traces[row.letter.id] == nil {
                size += row.letter.body.count + row.letter.headers.count + row.letter.properties.count
                guard page.count < limit, page.isEmpty || size <= bytes else { break }
                page.append(row)
            }
            return page
        }
    }

    package func ids(of traces: Set<PersonalTrace>) throws -> [String] {
        try use { state in state.traces.filter { !$0.value.isDisjoint(with: traces) }.keys.sorted() }
    }

    package func secret() throws -> PersonalSecret? { try use { $0.secret } }

    package func keepSecret(_ secret: PersonalSecret) throws -> PersonalSecret {
        try use { state in
            let kept = state.secret ?? secret
            state.secret = kept
            return kept
        }
    }

    package func resealSecret(_ secret: PersonalSecret) throws { try use { $0.secret = secret } }

    package func replace(_ rows: [ParkedLetter]) throws {
        try use { state in
            for row in rows {
                guard let index = state.byId[row.letter.id], state.rows[index].version == row.version else { continue }
                state.rows[index] = row
            }
        }
    }

    package func scrub() throws {}

    package func counts() throws -> [DeadLetterCount] {
        try use { state in
            Dictionary(grouping: state.rows) { [$0.letter.queue, $0.letter.failureClass, $0.state.rawValue] }
                .sorted { $0.key.lexicographicallyPrecedes($1.key) }
                .compactMap { key, rows in
                    guard let first = rows.first else { return nil }
                    return DeadLetterCount(
                        queue: first.letter.queue, failureClass: first.letter.failureClass, state: first.state,
                        count: rows.count)
                }
        }
    }

    package func find(_ events: [EventKey]) throws -> [EventKey: [ParkedLetter]] {
        let wanted = Set(events)
        return try use { state in
            var found: [EventKey: [ParkedLetter]] = [:]
            for row in state.rows {
                if let event = row.letter.event, wanted.contains(event) { found[event, default: []].append(row) }
            }
            return found
        }
    }

    package func close() { state.withLock { $0.isClosed = true } }
}

extension DeadLetterFilter {
    /// What a database does with its columns.
    func matches(_ row: ParkedLetter) -> Bool {
        let letter = row.letter
        func agrees<T: Equatable>(_ wanted: T?, _ value: T?) -> Bool { wanted == nil || wanted == value }
        guard agrees(state, row.state), agrees(failureClass, letter.failureClass), agrees(queue, letter.queue),
            type == nil || letter.type.map(types.contains) ?? false, agrees(caseId, letter.caseId),
            agrees(fingerprint, letter.fingerprint)
        else { return false }
        guard let text else { return true }
        let wanted = Self.lowered(text)
        let texts = [
            letter.id, letter.source, letter.eventId, letter.type, letter.caseId, letter.code, letter.message,
        ]
        return texts.contains { $0.map { Self.lowered($0).contains(wanted) } ?? false }
    }

    /// Only ASCII letters, as SQLite's LIKE does.
    private static func lowered(_ text: String) -> [UInt8] {
        text.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }
    }
}
