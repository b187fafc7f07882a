import DequeModule
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
    private var stages: [StageName: VirtualStage] = [:]
    private var queue = Deque<Queued>()
    private var unresolved: [Queued] = []
    package private(set) var now: Instant

    /// - Parameter start: the business time at which the seeds are planted.
    package init(stages: [any Stage], policy: PolicyBook, start: Instant) {
        routes = Routes(stages)
        now = start
        for stage in stages {
            self.stages[type(of: stage).name] = VirtualStage(StageRunner(stage: stage, policy: policy), start: start)
        }
    }

    /// When the next timer is due.
    package var nextWake: Instant? { stages.values.compactMap(\.nextTimer?.wake.at).min() }

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
            for name in StageName.allCases where stages[name] != nil {
                while let timer = stages[name]?.nextTimer, timer.wake.at <= now {
                    isQuiet = false
                    try act(name, notice) { try $0.run(timer: timer.key, timer.wake) }
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
            let count = stages.values.reduce(0) { $0 + $1.taken.count }
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
        guard let what = try act(queued.stage, notice, { try $0.take(queued.event) }) else { return }
        if isLastCall {
            try notice(
                .deadLetter(
                    stage: queued.stage, event: queued.event, code: "unknown-reference",
                    cause: "refers to \(what), which this stage does not know"))
        } else {
            unresolved.append(queued)
        }
    }

    /// Lets a stage do something now, and hands on what it emits.
    private mutating func act<T>(
        _ name: StageName, _ notice: (Notice) throws -> Void, _ body: (inout VirtualStage) throws -> T
    ) throws -> T {
        // Taken out while it works: a second owner of its records would make every change copy all of them.
        guard var stage = stages.removeValue(forKey: name) else {
            throw StageFault(description: "simulate: no stage \(name.rawValue)")
        }
        stage.clock = now
        defer { stages[name] = stage }
        let result = try body(&stage)
        for output in stage.takeOutputs() {
            try notice(.emitted(output, by: name))
            guard output.destination == .events else { continue }
            for taker in routes.takers(fromEvents: output.event.type) {
                queue.append(Queued(stage: taker, event: output.event))
            }
        }
        return result
    }
}
