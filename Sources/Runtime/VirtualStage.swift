import HeapModule
import Policy
import Schema
import Stages
import Store

/// One stage of the virtual pipeline: its records in memory, and what it has taken.
struct VirtualStage: InputCourse {
    let runner: StageRunner
    private(set) var set = WorkingSet()
    var clock: Instant
    var known: [RecordKey] = []
    private var wakes = WakeIndex()
    /// The digests of what was taken.
    private var taken: [EventKey: [UInt8]] = [:]
    private var waiting: [EventKey: (waiting: WaitingEvent, event: Event)] = [:]
    private var waitingFor: [RecordKey: [EventKey]] = [:]
    private var ends = Heap<End>()
    private var deaths: [(event: Event, code: String, cause: String)] = []
    private var outputs: [OutgoingEvent] = []

    /// - Parameter start: the business time at which the seeds are planted.
    init(_ runner: StageRunner, start: Instant) {
        self.runner = runner
        clock = start
        for seed in runner.stage.seeds(policy: runner.policy, now: start) {
            let key = RecordKey(kind: type(of: seed.record).kind, id: seed.id)
            set[key] = LiveRecord(value: seed.record, version: 1)
            wakes.update(key, seed.record.wake)
        }
    }

    var nextTimer: (wake: Wake, key: RecordKey)? { wakes.first.map { ($0.wake, $0.key) } }
    /// When the first of those that wait comes to its end.
    var nextEnd: Instant? { ends.min?.at }
    /// Those that wait, in the order of their arrival.
    var waitingEvents: [WaitingEvent] {
        waiting.values.map(\.waiting).sorted { a, b in
            a.arrived != b.arrived ? a.arrived < b.arrived : WaitingEvent.comesFirst(a, b)
        }
    }

    /// What was emitted since this was last asked.
    mutating func takeOutputs() -> [OutgoingEvent] {
        defer { outputs.removeAll(keepingCapacity: true) }
        return outputs
    }

    /// What has died since this was last asked.
    mutating func takeDeaths() -> [(event: Event, code: String, cause: String)] {
        defer { deaths.removeAll(keepingCapacity: true) }
        return deaths
    }

    /// Takes an event, unless it was taken before or waits; another under its id dies, as at the workers.
    mutating func take(_ given: VirtualPipeline.Given) throws {
        let event = given.event
        let name = EventKey(source: event.source, id: event.id)
        if let known = taken[name] ?? waiting[name]?.waiting.digest {
            let reason = DeadLetterReason.idReused
            if known != given.digest { deaths.append((event, reason.code, reason.message)) }
            return
        }
        try decide(event, name, given.digest, isLast: false)
        try takeWaiting()
    }

    /// Decides an event, or lets it wait or die.
    private mutating func decide(_ event: Event, _ name: EventKey, _ digest: [UInt8], isLast: Bool) throws {
        let keys = try settleBefore(event)
        let outcome = try decide(.event(event), keys: keys, isLast: isLast)
        switch outcome.verdict {
        case .applied, .refused:
            taken[name] = digest
            release(name)
        case .unknownReference(let reference) where isLast:
            release(name)
            let cause = "refers to \(reference.words), which this stage does not know"
            deaths.append((event, DeadLetterCode.unknownReference.rawValue, cause))
        case .unknownReference(let reference), .waits(let reference, orElse: _):
            hold(event, name, digest, reference)
        }
    }

    private mutating func release(_ name: EventKey) {
        guard waiting.removeValue(forKey: name) != nil else { return }
        while let end = ends.min, waiting[end.event] == nil { ends.removeMin() }
    }

    private mutating func hold(_ event: Event, _ name: EventKey, _ digest: [UInt8], _ reference: RecordKey) {
        waitingFor[reference, default: []].append(name)
        guard waiting[name] == nil else {
            waiting[name]?.waiting.reference = reference
            return
        }
        let row = WaitingEvent(
            event: name, type: event.type.rawValue, digest: digest, reference: reference,
            ruleTime: event.ruleTime, arrived: clock, endsAt: WaitingLimits().end(of: event, arrived: clock), size: 0)
        waiting[name] = (row, event)
        ends.insert(End(at: row.endsAt, event: name))
    }

    /// No transaction is ever full.
    var isFull: Bool { false }

    mutating func waiting(for references: [RecordKey]) throws -> [WaitingEvent] {
        references.flatMap { reference in
            (waitingFor.removeValue(forKey: reference) ?? []).compactMap { name in
                waiting[name].flatMap { $0.waiting.reference == reference ? $0.waiting : nil }
            }
        }
    }

    mutating func take(_ waiting: WaitingEvent) throws {
        guard let event = self.waiting[waiting.event]?.event else { return }
        try decide(event, waiting.event, waiting.digest, isLast: false)
    }

    /// Ends the waiting of those whose time is over.
    mutating func endWaiting() throws {
        while let end = ends.min, end.at <= clock, let (row, event) = waiting[end.event] {
            try decide(event, end.event, row.digest, isLast: true)
            try takeWaiting()
        }
    }

    mutating func run(timer key: RecordKey, _ wake: Wake) throws {
        let timer = Input.timer(key, wake)
        _ = try decide(timer, keys: try load(timer))
        try takeWaiting()
    }

    mutating func load(_ input: Input, known: FoundKeys?) throws -> FoundKeys {
        if let known, known.holds(in: set) { return known }
        return KeySearch.complete(input, runner, in: set)
    }

    mutating func decide(timer input: Input, keys: [RecordKey]) throws -> StepOutcome? {
        try decide(input, keys: keys)
    }

    private mutating func decide(_ input: Input, keys: [RecordKey], isLast: Bool = false) throws -> StepOutcome {
        let outcome = try runner.run(input, keys: keys, in: &set, clock: clock, isLast: isLast)
        known += outcome.known
        if case .timer(let key, _) = input { wakes.update(key, set[key]?.value.wake) }
        for key in outcome.changed { wakes.update(key, set[key]?.value.wake) }
        outputs += outcome.outputs
        return outcome
    }
}

/// When one that waits comes to its end; the event may wait no longer.
private struct End: Sendable, Comparable {
    let at: Instant
    let event: EventKey
    static func < (a: End, b: End) -> Bool { (a.at, a.event) < (b.at, b.event) }
}

/// The wakes of a stage's records in order. A heap whose outdated entries are passed over.
private struct WakeIndex: Sendable {
    /// A class, as the heap moves it about.
    final class Entry: Sendable, Comparable {
        let wake: Wake
        let key: RecordKey

        init(wake: Wake, key: RecordKey) {
            (self.wake, self.key) = (wake, key)
        }

        static func == (a: Entry, b: Entry) -> Bool { a.wake == b.wake && a.key == b.key }
        static func < (a: Entry, b: Entry) -> Bool { (a.wake, a.key) < (b.wake, b.key) }
    }

    private var heap = Heap<Entry>()
    private var current: [RecordKey: Wake] = [:]

    /// The earliest wake; outdated entries have been removed from the top.
    var first: Entry? { heap.min }

    mutating func update(_ key: RecordKey, _ wake: Wake?) {
        if current[key] != wake {
            current[key] = wake
            if let wake { heap.insert(Entry(wake: wake, key: key)) }
        }
        while let top = heap.min, current[top.key] != top.wake { heap.removeMin() }
    }
}
