import Schema
import Store

/// The waiting room of a memory store.
struct MemoryWaiting {
    struct Row {
        var event: WaitingEvent
        var message: WaitingMessage
        var traces: Set<PersonalTrace>
        var noticeAt: Instant?
        var isKnown = false
        /// Set once it dies.
        var death: (code: String, cause: String, owner: WorkerId)?
    }

    private(set) var rows: [EventKey: Row] = [:]
    private var byReference: [RecordKey: Set<EventKey>] = [:]
    private var known: Set<EventKey> = []
    private(set) var count = WaitingCount()
    private var undo: [(event: EventKey, before: Row?)] = []

    subscript(_ event: EventKey) -> Row? {
        get { rows[event] }
        set {
            undo.append((event, rows[event]))
            set(event, newValue)
        }
    }

    private mutating func set(_ event: EventKey, _ row: Row?) {
        if let before = rows[event] {
            count.events -= 1
            count.bytes -= before.event.size
            byReference[before.event.reference]?.remove(event)
            if byReference[before.event.reference]?.isEmpty == true { byReference[before.event.reference] = nil }
        }
        rows[event] = row
        if row?.isKnown == true { known.insert(event) } else { known.remove(event) }
        if let row {
            count.events += 1
            count.bytes += row.event.size
            byReference[row.event.reference, default: []].insert(event)
        }
    }

    /// Those that wait for one of `references` and do not die, in their order.
    func waiting(for references: some Sequence<RecordKey>) -> [WaitingEvent] {
        references.flatMap { byReference[$0] ?? [] }.compactMap { rows[$0] }.filter { $0.death == nil }.map(\.event)
            .sorted(by: WaitingEvent.comesFirst)
    }

    /// Those that are noted as waiting for something known, in their order.
    var waitingForKnown: [WaitingEvent] {
        known.compactMap { rows[$0] }.filter { $0.death == nil }.map(\.event).sorted(by: WaitingEvent.comesFirst)
    }

    var references: some Collection<RecordKey> { byReference.keys }

    mutating func commit() { undo.removeAll(keepingCapacity: true) }

    mutating func rollback() {
        while let step = undo.popLast() { set(step.event, step.before) }
    }
}

extension MemorySnapshot {
    func waiting(among events: [EventKey]) throws -> [EventKey: [UInt8]] {
        var found: [EventKey: [UInt8]] = [:]
        for event in events { found[event] = state.waiting[event]?.event.digest }
        return found
    }

    func waiting(after: EventKey?, limit: Int) throws -> [WaitingEvent] {
        let keys = state.waiting.rows.keys.filter { key in after.map { $0 < key } ?? true }.sorted()
        return keys.prefix(max(0, limit)).compactMap { state.waiting[$0]?.event }
    }

    func waitingCount() throws -> WaitingCount { state.waiting.count }
    func waitingMessage(of event: EventKey) throws -> WaitingMessage? { state.waiting[event]?.message }

    func nextWaitingEnd() throws -> Instant? {
        state.waiting.rows.values.filter { $0.death == nil }.map(\.event.endsAt).min()
    }

    func waiting(tracedBy traces: Set<PersonalTrace>) throws -> [WaitingEvent] {
        let found = state.waiting.rows.values.filter { !$0.traces.isDisjoint(with: traces) }
        return found.map(\.event).sorted { $0.event < $1.event }
    }

    func waitingForKnown(limit: Int) throws -> [WaitingEvent] {
        Array(state.waiting.waitingForKnown.prefix(max(0, limit)))
    }

    func waiting(below reference: RecordKey, limit: Int) throws -> [WaitingEvent] {
        let lesser = state.waiting.references.filter { $0.kind == reference.kind && $0.id < reference.id }
        return Array(state.waiting.waiting(for: lesser).prefix(max(0, limit)))
    }

    func isAnyWaiting(forKind kind: String) throws -> Bool {
        !state.waiting.waiting(for: state.waiting.references.filter { $0.kind == kind }).isEmpty
    }
}

extension MemoryTransaction {
    func hold(
        _ event: WaitingEvent, _ message: WaitingMessage, traces: Set<PersonalTrace>, noticeAt: Instant?
    ) throws {
        guard state.waiting[event.event] == nil else { throw StoreFailure.held }
        state.waiting[event.event] = MemoryWaiting.Row(
            event: event, message: message, traces: traces, noticeAt: noticeAt)
    }

    func hold(_ event: EventKey, until reference: RecordKey) throws {
        guard var row = state.waiting[event] else { return }
        row.event.reference = reference
        row.isKnown = false
        state.waiting[event] = row
    }

    func noteKnown(_ references: [RecordKey]) throws {
        for waiting in state.waiting.waiting(for: references) { state.waiting[waiting.event]?.isKnown = true }
    }

    func findKnown(besides kinds: [String], limit: Int) throws {
        let references = state.waiting.references
        let nameless = state.waiting.waiting(for: references.filter { !kinds.contains($0.kind) }).prefix(max(0, limit))
        try noteKnown(references.filter { state.records[$0] != nil })
        for waiting in nameless { state.waiting[waiting.event]?.isKnown = true }
    }

    func waiting(for references: [RecordKey]) throws -> [WaitingEvent] { state.waiting.waiting(for: references) }

    func waitingEnded(now: Instant, limit: Int) throws -> [WaitingEvent] {
        let ended = state.waiting.rows.values.filter { $0.death == nil && $0.event.endsAt <= now }.map(\.event)
        return Array(ended.sorted { ($0.endsAt, $0.event) < ($1.endsAt, $1.event) }.prefix(max(0, limit)))
    }

    func waitingMessage(toDecide event: EventKey) throws -> WaitingMessage? {
        state.waiting[event].flatMap { $0.death == nil ? $0.message : nil }
    }

    func releaseWaiting(_ events: [EventKey]) throws {
        for event in events where state.waiting[event] != nil { state.waiting[event] = nil }
    }

    func releaseDead(_ events: [EventKey], owner: WorkerId) throws {
        try releaseWaiting(events.filter { state.waiting[$0]?.death?.owner == owner })
    }

    func letDie(_ event: DyingEvent, owner: WorkerId) throws -> Bool {
        guard let row = state.waiting[event.event.event], row.death == nil else { return false }
        state.waiting[event.event.event]?.death = (event.code, event.cause, owner)
        return true
    }

    func takeOverDying(by owner: WorkerId, now: Instant, limit: Int) throws -> [DyingEvent] {
        let orphans = state.waiting.rows.filter { _, row in
            row.death.map { death in !(state.leases[death.owner].map { now < $0.until } ?? false) } ?? false
        }
        return orphans.keys.sorted().prefix(max(0, limit)).compactMap { key in
            guard let row = state.waiting[key], let death = row.death else { return nil }
            state.waiting[key]?.death?.owner = owner
            return DyingEvent(event: row.event, code: death.code, cause: death.cause)
        }
    }

    func takeNotices(now: Instant, again: Instant, limit: Int) throws -> [WaitingEvent] {
        let due = state.waiting.rows.values.compactMap { row in
            row.death == nil ? row.noticeAt.map { (at: $0, event: row.event) } : nil
        }.filter { $0.at <= now }.sorted { ($0.at, $0.event.event) < ($1.at, $1.event.event) }.prefix(max(0, limit))
        for one in due { state.waiting[one.event.event]?.noticeAt = again }
        return due.filter { $0.at.microseconds > 0 }.map(\.event)
    }

    func endNotices(_ events: [EventKey]) throws {
        for event in events where state.waiting[event] != nil { state.waiting[event]?.noticeAt = nil }
    }

    func resealWaiting(_ event: EventKey, _ message: WaitingMessage) throws {
        state.waiting[event]?.message = message
    }

    func redactWaiting(_ event: EventKey, _ message: WaitingMessage) throws {
        guard var row = state.waiting[event] else { return }
        (row.message, row.event.size, row.traces) = (message, message.sealed.count, [])
        state.waiting[event] = row
    }
}
