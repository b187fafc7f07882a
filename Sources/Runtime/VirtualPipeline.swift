import DequeModule
import HeapModule
import Policy
import Schema
import Stages

/// All stages in one process on virtual time: no broker, no database. The same input gives the same bytes.
///
/// Within an instant T: first the events of (CloudEvents) time T in the order in which they were handed over, and all
/// that follows from them, first in first out; then, as long as there are any, more events of T (the answers to what was
/// emitted), with all that follows; then the timers due at T, stage by stage, each stage to quiet in the same way. A
/// reference to something unknown is tried again after every other event of the instant, then dead.
package struct VirtualPipeline: Sendable {
    /// What an event has led to somewhere.
    package enum Notice: Sendable {
        case emitted(OutgoingEvent, by: StageName)
        case deadLetter(stage: StageName, event: Event, code: String, cause: String)
    }

    private struct Queued: Sendable {
        let stage: StageName
        let event: Event
    }

    package let routes: Routes
    private var runners: [StageName: StageRunner] = [:]
    private var sets: [StageName: WorkingSet] = [:]
    private var wakes: [StageName: WakeIndex] = [:]
    private var taken: [StageName: Set<EventName>] = [:]
    private var queue = Deque<Queued>()
    private var unresolved: [Queued] = []
    package private(set) var now: Instant

    private struct EventName: Hashable, Sendable {
        let source: String
        let id: String
    }

    /// - Parameter start: the business time at which the seeds are planted.
    package init(stages: [any Stage], policy: PolicyBook, start: Instant) {
        routes = Routes(stages)
        now = start
        for stage in stages {
            let name = type(of: stage).name
            runners[name] = StageRunner(stage: stage, policy: policy)
            var set = WorkingSet()
            var index = WakeIndex()
            for seed in stage.seeds(policy: policy, now: start) {
                let key = RecordKey(kind: type(of: seed.record).kind, id: seed.id)
                set[key] = LiveRecord(value: seed.record, version: 1)
                index.update(key, seed.record.wake)
            }
            sets[name] = set
            wakes[name] = index
            taken[name] = []
        }
    }

    /// When the next timer is due.
    package var nextWake: Instant? { wakes.values.compactMap(\.first?.wake.at).min() }

    /// Runs the instant `time`: these events of upstream, what follows, then the timers due.
    ///
    /// - Parameter whenQuiet: the events that come when nothing else is left to do but timers; asked until there are none.
    /// - Throws: what a stage throws for a record that it cannot have written (a fault of the stage).
    package mutating func run(
        instant time: Instant, events: [Event], whenQuiet: () throws -> [Event] = { [] },
        notice: (Notice) throws -> Void
    ) throws {
        now = max(now, time)
        enqueue(events)
        try settle(whenQuiet, notice)
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for stage in StageName.allCases where runners[stage] != nil {
                while let due = wakes[stage]?.first, due.wake.at <= now {
                    isQuiet = false
                    try decide(stage, .timer(due.key, due.wake), notice)
                }
                try settle(whenQuiet, notice)
            }
        }
    }

    private mutating func enqueue(_ events: [Event]) {
        for event in events {
            for stage in routes.takers(fromInbox: event.type) { queue.append(Queued(stage: stage, event: event)) }
        }
    }

    /// Until nothing is left to do but timers. What still refers to something unknown then is dead.
    private mutating func settle(_ whenQuiet: () throws -> [Event], _ notice: (Notice) throws -> Void) throws {
        while true {
            try drain(notice)
            let more = try whenQuiet()
            enqueue(more)
            guard more.isEmpty else { continue }
            guard !unresolved.isEmpty else { return }
            let dead = unresolved
            unresolved.removeAll()
            for queued in dead { try take(queued, isLastCall: true, notice) }
        }
    }

    /// Until the queue is empty, and what refers to something unknown has been tried again in vain.
    private mutating func drain(_ notice: (Notice) throws -> Void) throws {
        var takenBefore = -1
        while !queue.isEmpty || !unresolved.isEmpty {
            while let next = queue.popFirst() { try take(next, isLastCall: false, notice) }
            let count = taken.values.reduce(0) { $0 + $1.count }
            guard count != takenBefore else { return }
            takenBefore = count
            let again = unresolved
            unresolved.removeAll()
            for queued in again { try take(queued, isLastCall: false, notice) }
        }
    }

    private mutating func take(
        _ queued: Queued, isLastCall: Bool, _ notice: (Notice) throws -> Void
    ) throws {
        let name = EventName(source: queued.event.source, id: queued.event.id)
        guard taken[queued.stage]?.contains(name) == false else { return }
        try runOverdue(queued.stage, notice) { $0.overdue(before: queued.event, in: $1, clock: $2) }
        let outcome = try decide(queued.stage, .event(queued.event), notice)
        if case .unknownReference(let what) = outcome.verdict {
            if isLastCall {
                try notice(
                    .deadLetter(
                        stage: queued.stage, event: queued.event, code: "unknown-reference",
                        cause: "refers to \(what), which this stage does not know"))
            } else {
                unresolved.append(queued)
            }
            return
        }
        taken[queued.stage]?.insert(name)
        try runOverdue(queued.stage, notice) { $0.overdue(outcome.changed, in: $1, clock: $2) }
    }

    /// Runs the timers that `next` names, one after the other, until it names none.
    private mutating func runOverdue(
        _ stage: StageName, _ notice: (Notice) throws -> Void, _ next: (StageRunner, WorkingSet, Instant) -> Input?
    ) throws {
        var left = BatchProcessor.overdueLimit
        // The set is handed on without a name for it: a second owner would make its next change copy all of it.
        while left > 0, let runner = runners[stage], let timer = sets[stage].flatMap({ next(runner, $0, now) }) {
            try decide(stage, timer, notice)
            left -= 1
        }
    }

    @discardableResult
    private mutating func decide(
        _ stage: StageName, _ input: Input, _ notice: (Notice) throws -> Void
    ) throws -> StepOutcome {
        guard let runner = runners[stage] else {
            throw StageFault(description: "simulate: no stage \(stage.rawValue)")
        }
        let outcome = try runner.run(input, inVirtual: &sets[stage, default: WorkingSet()], clock: now)
        if case .timer(let key, _) = input { wakes[stage]?.update(key, sets[stage]?[key]?.value.wake) }
        for key in outcome.changed { wakes[stage]?.update(key, sets[stage]?[key]?.value.wake) }
        for output in outcome.outputs {
            try notice(.emitted(output, by: stage))
            guard output.destination == .events else { continue }
            for taker in routes.takers(fromEvents: output.event.type) {
                queue.append(Queued(stage: taker, event: output.event))
            }
        }
        return outcome
    }
}

extension StageRunner {
    /// Where all records are in memory: what the set does not know does not exist.
    fileprivate func run(_ input: Input, inVirtual set: inout WorkingSet, clock: Instant) throws -> StepOutcome {
        let keys = keys(for: input, in: set)
        for key in keys where !set.knows(key) { set.note(key, nil) }
        return try run(input, keys: keys, in: &set, clock: clock)
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
