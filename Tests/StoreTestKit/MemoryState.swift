import Schema
import Store

/// What a memory store holds, and how a transaction is taken back: every change notes its opposite, so that neither a
/// commit nor a rollback costs more than what was changed.
final class MemoryState {
    private enum Undo {
        case record(RecordKey, StoredRecord?)
        case entry
        case outbox(OutboxKey, WorkerId?)
        case lease(WorkerId, Lease?)
        case time(StageTime)
        case subscriptions([String: Instant])
        case posting(FundMovement)
        case aside(RecordKey, TimerAside?)
    }

    /// Entry n is at n - 1.
    private(set) var journal: [JournalEntry] = []
    private(set) var taken: [EventKey: Int64] = [:]
    /// The first entry that took, and the one that emitted an event of that id; the key has no source.
    private var takenIds: [EventKey: Int64] = [:]
    private var emittedIds: [EventKey: Int64] = [:]
    private(set) var changes: [RecordKey: [Int64]] = [:]
    private(set) var records: [RecordKey: StoredRecord] = [:]
    private(set) var outbox: [OutboxKey: WorkerId] = [:]
    private(set) var leases: [WorkerId: Lease] = [:]
    private(set) var time = StageTime()
    private(set) var subscriptions: [String: Instant] = [:]
    private(set) var counts = StoreCounts()
    var personal = MemoryPersonal()
    var waiting = MemoryWaiting()
    /// By request.
    private var fund: [String: FundTotals] = [:]
    private(set) var fundTotals = FundTotals()
    private var wakes = WakeQueue()
    /// Some may be outdated: those of another version than the record's.
    private var aside: [RecordKey: TimerAside] = [:]
    private var undo: [Undo] = []
    /// The ids of each kind in order, as long as no record comes or goes.
    private var ids: [String: [String]] = [:]

    // MARK: Transactions

    func commit() {
        undo.removeAll(keepingCapacity: true)
        personal.commit()
        waiting.commit()
    }

    func rollback() {
        personal.rollback()
        waiting.rollback()
        while let step = undo.popLast() {
            switch step {
            case .record(let key, let before): setRecord(key, before)
            case .entry: removeLastEntry()
            case .outbox(let key, let before): setOutbox(key, before)
            case .lease(let worker, let before): leases[worker] = before
            case .time(let before): time = before
            case .subscriptions(let before): subscriptions = before
            case .posting(let movement): book(movement, sign: -1)
            case .aside(let key, let before): aside[key] = before
            }
        }
    }

    // MARK: Records

    func save(_ record: StoredRecord) {
        undo.append(.record(record.key, records[record.key]))
        setRecord(record.key, record)
    }

    private func setRecord(_ key: RecordKey, _ record: StoredRecord?) {
        let before = records.updateValue(record, at: key)
        if (before == nil) != (record == nil) {
            counts.records += record == nil ? -1 : 1
            ids[key.kind] = nil
        }
        guard let record, let wake = record.wake else { return }
        if before?.wake != wake { wakes.add(wake) }
        if wakes.count > 2 * records.count + 64 { wakes.replace(with: records.values.compactMap(\.wake)) }
    }

    func ids(of kind: String) -> [String] {
        if let known = ids[kind] { return known }
        let sorted = records.keys.filter { $0.kind == kind }.map(\.id).sorted()
        ids[kind] = sorted
        return sorted
    }

    /// Up to `limit` records that wake at or before `now`, those that others meet at or before `later`, earliest first.
    func due(now: Instant, later: Instant, wall: Instant, limit: Int) -> [StoredRecord] {
        var found: [StoredRecord] = []
        walkWakes { entry, record in
            guard found.count < limit, entry.at <= now else { return false }
            if record.isMetByOthers, entry.at > later { return true }
            if !isAside(record, wall) { found.append(record) }
            return true
        }
        return found
    }

    func nextWake(wall: Instant) -> Instant? {
        var next: Instant?
        walkWakes { entry, record in
            if !isAside(record, wall) { next = entry.at }
            return next == nil
        }
        return next
    }

    /// Shows the wakes that count, earliest first and each once, as long as `body` wants more.
    private func walkWakes(_ body: (WakeQueue.Entry, StoredRecord) -> Bool) {
        var entries: [WakeQueue.Entry] = []
        while let entry = wakes.first {
            guard let record = records[entry.key], record.wake == entry else {
                wakes.removeFirst()
                continue
            }
            // The queue may hold the same wake twice.
            if entries.last != entry {
                guard body(entry, record) else { break }
                entries.append(entry)
            }
            wakes.removeFirst()
        }
        for entry in entries { wakes.add(entry) }
    }

    // MARK: Timers put aside

    private func isAside(_ record: StoredRecord, _ wall: Instant) -> Bool {
        aside[record.key].map { timer in
            timer.version == record.version && timer.until > wall && timer.release.map { $0 >= Release.number } ?? true
        } ?? false
    }

    func putAside(_ timer: TimerAside) {
        undo.append(.aside(timer.key, aside[timer.key]))
        aside[timer.key] = timer
    }

    var timersAside: [TimerAside] {
        aside.values.filter { timer in
            records[timer.key].map { $0.version == timer.version && $0.wakeAt != nil } ?? false
        }.sorted { $0.key < $1.key }
    }

    // MARK: Journal

    func append(_ entry: JournalEntry, owner: WorkerId) -> Int64 {
        var entry = entry
        let number = Int64(journal.count + 1)
        entry.number = number
        undo.append(.entry)
        journal.append(entry)
        if let event = entry.event {
            taken[event] = number
            let id = EventKey(source: "", id: event.id)
            if takenIds[id] == nil { takenIds[id] = number }
        }
        for record in Set(entry.records) { changes[record, default: []].append(number) }
        for (index, output) in entry.outputs.enumerated() {
            let id = EventKey(source: "", id: output.id)
            if emittedIds[id] == nil { emittedIds[id] = number }
            changeOutbox(OutboxKey(entry: number, index: index), owner)
        }
        count(entry, by: 1)
        return number
    }

    private func removeLastEntry() {
        guard let entry = journal.popLast() else { return }
        if let event = entry.event {
            taken[event] = nil
            let id = EventKey(source: "", id: event.id)
            if takenIds[id] == entry.number { takenIds[id] = nil }
        }
        for record in Set(entry.records) {
            changes[record]?.removeLast()
            if changes[record]?.isEmpty == true { changes[record] = nil }
        }
        for output in entry.outputs {
            let id = EventKey(source: "", id: output.id)
            if emittedIds[id] == entry.number { emittedIds[id] = nil }
        }
        count(entry, by: -1)
    }

    private func count(_ entry: JournalEntry, by one: Int) {
        switch (entry.input, entry.fate) {
        case (.timer, _): counts.timers += one
        case (.event, .applied): counts.applied += one
        case (.event, .refused): counts.refused += one
        }
        counts.outputs += one * entry.outputs.count
    }

    func entry(emitting eventId: String) -> JournalEntry? {
        let id = EventKey(source: "", id: eventId)
        return (emittedIds[id] ?? takenIds[id]).map { journal[Int($0) - 1] }
    }

    // MARK: Outbox and leases

    func changeOutbox(_ key: OutboxKey, _ owner: WorkerId?) {
        undo.append(.outbox(key, outbox[key]))
        setOutbox(key, owner)
    }

    private func setOutbox(_ key: OutboxKey, _ owner: WorkerId?) {
        outbox[key] = owner
        counts.outbox = outbox.count
    }

    // MARK: The fund's ledger

    /// What a database's constraints do.
    func post(_ movement: FundMovement) throws {
        let present = fund[movement.requestId] ?? FundTotals()
        var next = present
        next[movement.side] += movement.amountFen
        let isPaidAgain = movement.side == .disbursed && present.disbursedFen > 0
        guard movement.amountFen > 0, !isPaidAgain, next.recoveredFen + next.writtenOffFen <= next.disbursedFen else {
            throw StoreFailure(
                .corrupt, operation: "posting to the fund's ledger",
                cause: "the constraints of the ledger do not allow \(movement.side) of request \(movement.requestId)")
        }
        undo.append(.posting(movement))
        book(movement, sign: 1)
    }

    private func book(_ movement: FundMovement, sign: Int64) {
        fund[movement.requestId, default: FundTotals()][movement.side] += sign * movement.amountFen
        fundTotals[movement.side] += sign * movement.amountFen
    }

    func changeLease(_ worker: WorkerId, _ lease: Lease?) {
        undo.append(.lease(worker, leases[worker]))
        leases[worker] = lease
    }

    func subscribe(_ types: [String: Instant]) {
        undo.append(.subscriptions(subscriptions))
        subscriptions.merge(types) { old, _ in old }
    }

    func changeTime(_ next: StageTime) {
        undo.append(.time(time))
        time = next
    }
}

extension StoredRecord {
    var wake: WakeQueue.Entry? { wakeAt.map { WakeQueue.Entry(at: $0, order: wakeOrder, key: key) } }
}

extension JournalEntry {
    /// The event that it took; nil for a timer.
    var event: EventKey? {
        guard case .event(let source, let id, _, _, _) = input else { return nil }
        return EventKey(source: source, id: id)
    }

    var withoutBodies: JournalEntry {
        var input = input
        if case .event(let source, let id, let type, let digest, _) = input {
            input = .event(source: source, id: id, type: type, digest: digest, body: [])
        }
        var entry = JournalEntry(
            input: input, fate: fate, now: now, isLate: isLate, policyVersion: policyVersion, records: records,
            outputs: outputs.map {
                JournalOutput(
                    id: $0.id, type: $0.type, exchange: $0.exchange, routingKey: $0.routingKey,
                    correlation: $0.correlation, body: [])
            })
        entry.number = number
        entry.writtenAt = writtenAt
        return entry
    }
}

extension Dictionary {
    /// Sets or removes; returns what was there.
    fileprivate mutating func updateValue(_ value: Value?, at key: Key) -> Value? {
        if let value { return updateValue(value, forKey: key) }
        return removeValue(forKey: key)
    }
}
