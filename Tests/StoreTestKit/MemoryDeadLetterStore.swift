import Schema
import Store
import Synchronization

/// Dead letters in memory, for simulation and tests. Its calls are synchronous, which serves both.
package final class MemoryDeadLetterStore: DeadLetterStore {
    struct State {
        /// Ascending by number.
        var rows: [ParkedLetter] = []
        var byId: [String: Int] = [:]
        var nextNumber: Int64 { (rows.last?.number ?? 0) + 1 }
        var isClosed = false
        /// Of letters that are indexed.
        var traces: [String: Set<PersonalTrace>] = [:]
        var secret: PersonalSecret?
        var log = MemoryAuditLog()
        var operations: [LetterOperation] = []
        /// By operation.
        var items: [String: [OperationItem]] = [:]
        var edits: [(edit: LetterEdit, traces: Set<PersonalTrace>)] = []
    }

    private let state = Mutex(State())

    private let isKeptOpen: Bool

    private let onUse: @Sendable () throws -> Void

    /// - Parameters:
    ///   - isKeptOpen: several questions are asked of it, though each closes it behind itself.
    ///   - onUse: called before each use, and after it when what it has done is done; throws in the place of a crash.
    package init(isKeptOpen: Bool = false, onUse: @escaping @Sendable () throws -> Void = {}) {
        self.isKeptOpen = isKeptOpen
        self.onUse = onUse
    }

    func use<T: Sendable>(_ body: (inout State) throws -> T) throws -> T {
        try onUse()
        let result = try state.withLock { state in
            guard !state.isClosed else {
                throw StoreFailure(
                    .unavailable, operation: "using the dead letters in memory", cause: "the store is closed")
            }
            return try body(&state)
        }
        try onUse()
        return result
    }

    package func upsert(_ letters: [DeadLetter], parkedAt: Instant) throws -> Int {
        try use { $0.insert(letters, parkedAt: parkedAt) }
    }

    package func list(_ filter: DeadLetterFilter, after: DeadLetterPlace?, limit: Int) throws -> [ParkedLetter] {
        let last = after?.number ?? Int64.max
        return try use { state in
            let matching = state.matching(filter).reversed()
            return Array(matching.lazy.filter { $0.number < last }.prefix(max(0, limit)))
        }
    }

    package func count(_ filter: DeadLetterFilter) throws -> Int { try use { $0.matching(filter).count } }

    package func places(_ filter: DeadLetterFilter, after number: Int64, limit: Int) throws -> [LetterPlace] {
        try use { state in
            let matching = state.matching(filter).filter { $0.number > number }
            return matching.prefix(max(0, limit)).map {
                LetterPlace(
                    number: $0.number, id: $0.letter.id, state: $0.state, version: $0.version, isErased: $0.isErased,
                    isSucceeded: $0.successor != nil)
            }
        }
    }

    package func groups(_ filter: DeadLetterFilter, limit: Int) throws -> [LetterGroup] {
        try use { Array($0.groups(filter).prefix(max(0, limit))) }
    }

    package func groupCount(_ filter: DeadLetterFilter) throws -> Int { try use { $0.groups(filter).count } }

    package func ids(beginningWith prefix: String, limit: Int) throws -> [String] {
        try use { state in
            let ids = state.rows.map(\.letter.id).filter { $0.utf8.starts(with: prefix.utf8) }
            return Array(ids.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(max(0, limit)))
        }
    }

    package func get(_ id: String) throws -> ParkedLetter? {
        try use { $0.letter(id) }
    }

    package func letters(_ ids: [String]) throws -> [String: ParkedLetter] {
        try use { state in
            ids.reduce(into: [:]) { found, id in found[id] = state.letter(id) }
        }
    }

    package func mark(
        _ marks: [DeadLetterMark], logging acts: @escaping @Sendable ([ParkedLetter]) throws -> [AuditLogDraft]
    ) throws -> LetterChange {
        try use { state in
            try state.transact { state in
                let moved = state.mark(marks)
                let drafts = moved.isEmpty ? [] : try acts(moved)
                return LetterChange(rows: moved, head: drafts.isEmpty ? nil : state.log.append(drafts))
            }
        }
    }

    package func erase(_ letters: [LetterErasure], note: String) throws -> Int {
        try use { state in
            var count = 0
            for letter in letters {
                guard let index = state.byId[letter.id] else { continue }
                state.rows[index] = state.rows[index].erased(note: note, forgetting: letter.columns)
                state.traces[letter.id] = nil
                state.log.erase(about: letter.id)
                state.eraseEdits { edit, _ in edit.letter == letter.id }
                count += 1
            }
            return count
        }
    }

    package func keepIndex(_ indices: [String: LetterIndex]) throws {
        try use { state in
            for (id, index) in indices where state.traces[id] == nil {
                guard let place = state.byId[id], !state.rows[place].isErased,
                    state.rows[place].letter.lastAt == index.lastAt
                else { continue }
                state.traces[id] = index.traces
                state.rows[place].letter.fingerprint = index.fingerprint
                (state.rows[place].letter.pointer, state.rows[place].letter.rule) = (index.pointer, index.rule)
            }
        }
    }

    package func unindexedCount() throws -> Int {
        try use { state in state.rows.count { !$0.isErased && state.traces[$0.letter.id] == nil } }
    }

    package func unindexed(limit: Int, bytes: Int) throws -> [ParkedLetter] {
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

    package func writeLog(_ drafts: [AuditLogDraft]) throws -> AuditLogHead { try use { $0.log.append(drafts) } }
    package func logHead() throws -> AuditLogHead { try use { $0.log.head } }
    package func logEntries(_ filter: AuditLogFilter, _ page: AuditLogPage, limit: Int) throws -> [AuditLogEntry] {
        try use { $0.log.entries(filter, page, limit: limit) }
    }
    package func logCount(_ filter: AuditLogFilter) throws -> Int { try use { $0.log.matching(filter).count } }
    package func eraseLog(of traces: Set<PersonalTrace>) throws -> Int {
        try use { state in
            state.eraseEdits { !$1.isDisjoint(with: traces) }
            return state.log.erase(traces)
        }
    }
    package func resealLog(_ contents: [Int64: [UInt8]]) throws { try use { $0.log.reseal(contents) } }

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

    package func close() { state.withLock { $0.isClosed = !isKeptOpen } }
}
