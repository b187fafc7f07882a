import Schema
import Store
import Synchronization

/// A stage's store in memory, for simulation and tests: the same promises as a database, without files.
///
/// Several stores may share one content, like several workers one database. `crash()` ends one of them the way a
/// killed process ends: what was committed stays with the others.
///
/// `@unchecked Sendable`: the content is only touched while its gate is held.
package final class MemoryStore: Store, @unchecked Sendable {
    /// Where a fault can be put in.
    package enum FaultPoint: Sendable {
        /// Everything is written, nothing committed: throwing here leaves nothing behind.
        case beforeCommit
        /// Everything is committed: throwing here is a lost answer.
        case afterCommit
    }

    /// What the stores that share a content have in common.
    fileprivate final class Content: @unchecked Sendable {
        let gate = Mutex(())
        let state = MemoryState()
    }

    private let content: Content
    private let isEnded = Atomic(false)
    private let fault: Mutex<(@Sendable (FaultPoint) throws -> Void)?> = Mutex(nil)

    package init() {
        content = Content()
    }

    /// A store over the same content as `other`: another worker of the stage, or the same one started again.
    package init(sharing other: MemoryStore) {
        content = other.content
    }

    /// From now on `fault` is called at both points of every transaction; what it throws, the transaction throws.
    package func inject(_ fault: (@Sendable (FaultPoint) throws -> Void)?) {
        self.fault.withLock { $0 = fault }
    }

    /// Ends this store like a killed process: every further call fails. Leases and outbox rows stay as they are.
    package func crash() { isEnded.store(true, ordering: .releasing) }

    private func requireRunning() throws {
        guard !isEnded.load(ordering: .acquiring) else {
            throw StoreFailure(.unavailable, operation: "using the store in memory", cause: "the store is closed")
        }
    }

    /// The same as `write`, on the caller's thread.
    package func writeNow<T>(_ body: (any StoreTransaction) throws -> T) throws -> T {
        try requireRunning()
        let fault = fault.withLock { $0 }
        return try exclusively { state in
            let result: T
            do {
                result = try body(MemoryTransaction(state))
                try requireRunning()
                try fault?(.beforeCommit)
            } catch {
                state.rollback()
                throw error
            }
            state.commit()
            try fault?(.afterCommit)
            return result
        }
    }

    /// The same as `read`, on the caller's thread.
    package func readNow<T>(_ body: (any StoreSnapshot) throws -> T) throws -> T {
        try requireRunning()
        return try exclusively { try body(MemorySnapshot($0)) }
    }

    private func exclusively<T>(_ body: (MemoryState) throws -> T) throws -> T {
        // The result stays with this thread, so it goes around the lock's `sending` result.
        var result: T?
        try content.gate.withLock { _ in result = try body(content.state) }
        guard let result else { preconditionFailure("the lock has not run its body") }
        return result
    }

    package func write<T: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> T
    ) async throws -> T { try writeNow(body) }

    package func read<T: Sendable>(_ body: @escaping @Sendable (any StoreSnapshot) throws -> T) async throws -> T {
        try readNow(body)
    }

    /// Nothing to do: what was deleted is nowhere.
    package func scrub() async throws { try requireRunning() }

    package func close() async { crash() }
}

/// Reads the content of a memory store.
class MemorySnapshot: StoreSnapshot {
    let state: MemoryState

    init(_ state: MemoryState) {
        self.state = state
    }

    func journal(after: Int64, limit: Int, withBodies: Bool) throws -> [JournalEntry] {
        let start = Int(clamping: max(0, min(after, Int64(state.journal.count))))
        let entries = state.journal[start...].prefix(max(0, limit))
        return withBodies ? Array(entries) : entries.map(\.withoutBodies)
    }

    func inputs(after: Int64, limit: Int) throws -> [InputRow] {
        try journal(after: after, limit: limit, withBodies: false).map { entry in
            guard case .event(let source, let id, let type, _, _) = entry.input else {
                return InputRow(
                    number: entry.number, fate: entry.fate, outputs: entry.outputs.count, event: nil, type: "")
            }
            return InputRow(
                number: entry.number, fate: entry.fate, outputs: entry.outputs.count,
                event: EventKey(source: source, id: id), type: type)
        }
    }

    func emissions(after: OutboxKey?, limit: Int) throws -> [EmissionRow] {
        let first = Int(clamping: max(1, after?.entry ?? 1))
        let rows = state.journal.dropFirst(first - 1).lazy.flatMap { entry in
            entry.outputs.enumerated().lazy.map { index, output in
                EmissionRow(
                    key: OutboxKey(entry: entry.number, index: index), id: output.id, type: output.type,
                    exchange: output.exchange)
            }
        }
        return Array(rows.drop { row in after.map { row.key <= $0 } ?? false }.prefix(max(0, limit)))
    }

    func recordsOutOfStep(limit: Int) throws -> (count: Int, first: [RecordKey]) {
        let found = state.records.values.filter { $0.version != Int64(state.changes[$0.key]?.count ?? 0) }.map(\.key)
        return (found.count, Array(found.sorted().prefix(max(0, limit))))
    }

    func journal(of record: RecordKey, limit: Int) throws -> [JournalEntry] {
        (state.changes[record] ?? []).prefix(max(0, limit)).map { state.journal[Int($0) - 1] }
    }

    func entry(emitting eventId: String) throws -> JournalEntry? { state.entry(emitting: eventId) }

    func entry(taking event: EventKey) throws -> JournalEntry? {
        state.taken[event].map { state.journal[Int($0) - 1] }
    }

    func record(_ key: RecordKey) throws -> StoredRecord? { state.records[key] }

    func records(kind: String, after: String, limit: Int) throws -> [StoredRecord] {
        let ids = state.ids(of: kind)
        var low = 0
        var high = ids.count
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] <= after { low = middle + 1 } else { high = middle }
        }
        return ids[low...].prefix(max(0, limit)).compactMap { state.records[RecordKey(kind: kind, id: $0)] }
    }

    func nextWake(wall: Instant) throws -> Instant? { state.nextWake(wall: wall) }
    func hasDue(now: Instant, later: Instant, wall: Instant) throws -> Bool {
        !state.due(now: now, later: later, wall: wall, limit: 1).isEmpty
    }
    func dueCount(now: Instant, wall: Instant, limit: Int) throws -> Int {
        state.due(now: now, later: now, wall: wall, limit: max(0, limit)).count
    }
    func timersAside(limit: Int) throws -> (count: Int, first: [TimerAside]) {
        let timers = state.timersAside
        return (timers.count, Array(timers.prefix(max(0, limit))))
    }
    func outboxCount() throws -> Int { state.outbox.count }
    func outboxSpan() throws -> (first: Int64?, lastEntry: Int64) {
        (state.outbox.keys.min()?.entry, Int64(state.journal.count))
    }
    func leases() throws -> [Lease] { state.leases.values.sorted { $0.worker < $1.worker } }
    func stageTime() throws -> StageTime { state.time }
    func subscriptions() throws -> [String: Instant] { state.subscriptions }
    func counts() throws -> StoreCounts { state.counts }
    func fundTotals() throws -> FundTotals { state.fundTotals }
}

/// Changes the content of a memory store; the store commits or takes back.
final class MemoryTransaction: MemorySnapshot, StoreTransaction {
    func subscribe(_ types: [String: Instant]) throws { state.subscribe(types) }

    func claims(_ events: [EventKey]) throws -> [EventKey: Claim] {
        var claims: [EventKey: Claim] = [:]
        for event in events {
            guard let number = state.taken[event] else { continue }
            let entry = state.journal[Int(number) - 1]
            if case .event(_, _, _, let digest, _) = entry.input {
                claims[event] = Claim(digest: digest, fate: entry.fate)
            }
        }
        return claims
    }

    func load(_ keys: [RecordKey]) throws -> [RecordKey: StoredRecord] {
        var found: [RecordKey: StoredRecord] = [:]
        for key in keys { found[key] = state.records[key] }
        return found
    }

    func save(_ records: [StoredRecord]) throws {
        for record in records { state.save(record) }
    }

    func append(_ entries: [JournalEntry], owner: WorkerId) throws -> [Int64] {
        try entries.map { entry in
            if let event = entry.event, state.taken[event] != nil { throw StoreFailure.claimed }
            return state.append(entry, owner: owner)
        }
    }

    func post(_ postings: [FundPosting]) throws {
        for posting in postings { try state.post(posting.movement) }
    }

    func removeFromOutbox(_ keys: [OutboxKey]) throws {
        for key in keys where state.outbox[key] != nil { state.changeOutbox(key, nil) }
    }

    func returnToOutbox(_ keys: [OutboxKey], owner: WorkerId) throws -> Int {
        let missing = Set(keys).filter { key in
            state.outbox[key] == nil && state.journal.indices.contains(Int(key.entry) - 1)
                && state.journal[Int(key.entry) - 1].outputs.indices.contains(key.index)
        }
        for key in missing { state.changeOutbox(key, owner) }
        return missing.count
    }

    func takeOverOutbox(by owner: WorkerId, now: Instant, limit: Int) throws -> [OutboxRow] {
        let orphans = state.outbox.filter { _, owner in !(state.leases[owner]?.isLive(at: now) ?? false) }
        return orphans.keys.sorted().prefix(max(0, limit)).map { key in
            state.changeOutbox(key, owner)
            return OutboxRow(key: key, output: state.journal[Int(key.entry) - 1].outputs[key.index])
        }
    }

    func renewLease(of worker: WorkerId, until: Instant, standing: Standing) throws {
        state.changeLease(worker, Lease(worker: worker, until: until, standing: standing))
    }
    func endLease(of worker: WorkerId) throws { state.changeLease(worker, nil) }

    func dueRecords(now: Instant, later: Instant, wall: Instant, limit: Int) throws -> [StoredRecord] {
        state.due(now: now, later: later, wall: wall, limit: limit)
    }

    func putAside(_ timers: [TimerAside]) throws {
        for timer in timers { state.putAside(timer) }
    }

    func lockStageTime() throws -> StageTime { state.time }
    func saveStageTime(_ time: StageTime) throws { state.changeTime(time) }
}
