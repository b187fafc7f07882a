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
    private var wakes = WakeIndex()
    private(set) var taken: Set<EventKey> = []
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

    /// What was emitted since this was last asked.
    mutating func takeOutputs() -> [OutgoingEvent] {
        defer { outputs.removeAll(keepingCapacity: true) }
        return outputs
    }

    /// Takes an event, unless it was taken before.
    ///
    /// - Returns: what it refers to and the stage does not know; nil: it has been taken.
    mutating func take(_ event: Event) throws -> String? {
        let name = EventKey(source: event.source, id: event.id)
        guard !taken.contains(name) else { return nil }
        let keys = try settleBefore(event)
        let outcome = try decide(.event(event), keys: keys)
        switch outcome.verdict {
        case .unknownReference(let what): return what
        case .waits(let key, _): return key.description
        case .applied, .refused: break
        }
        taken.insert(name)
        try settleAfter(outcome.changed)
        return nil
    }

    mutating func run(timer key: RecordKey, _ wake: Wake) throws {
        let timer = Input.timer(key, wake)
        _ = try decide(timer, keys: try load(timer))
    }

    mutating func load(_ input: Input) throws -> [RecordKey] { KeySearch.complete(input, runner, in: &set) }

    mutating func decide(timer input: Input, keys: [RecordKey]) throws -> StepOutcome? {
        try decide(input, keys: keys)
    }

    private mutating func decide(_ input: Input, keys: [RecordKey]) throws -> StepOutcome {
        let outcome = try runner.run(input, keys: keys, in: &set, clock: clock)
        if case .timer(let key, _) = input { wakes.update(key, set[key]?.value.wake) }
        for key in outcome.changed { wakes.update(key, set[key]?.value.wake) }
        outputs += outcome.outputs
        return outcome
    }
}

/// The wakes of a stage's records in order. A heap whose outdated entries are passed over.
private struct WakeIndex: Sendable {
    struct Entry: Sendable, Comparable {
        let wake: Wake
        let key: RecordKey
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
