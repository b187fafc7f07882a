import DequeModule
import Policy
import Schema
import Stages
import Store

/// All stages in one process on virtual time: no broker, no database. The same input gives the same bytes.
///
/// Within an instant T: first the events of (CloudEvents) time T in the order in which they were handed over, and all
/// that follows from them, first in first out; then, as long as there are any, more events of T (the answers to what was
/// emitted), with all that follows; then the timers due at T, stage by stage, and behind them the ends of those that have
/// waited in vain, each stage to quiet in the same way.
package struct VirtualPipeline: Sendable {
    /// What an event has led to somewhere.
    package enum Notice: Sendable {
        case emitted(OutgoingEvent, by: StageName)
        case deadLetter(stage: StageName, event: Event, code: String, cause: String)
    }

    /// An event from outside, with what tells it from another under its id.
    package struct Given: Sendable {
        let event: Event
        let digest: [UInt8]

        /// - Parameter digest: of its body as received; of what Recourse writes itself none is needed.
        package init(_ event: Event, digest: [UInt8] = []) {
            self.event = event
            self.digest = digest
        }
    }

    private struct Queued: Sendable {
        /// In `stages`.
        let place: Int
        let given: Given
    }

    package let routes: Routes
    /// In the order of `StageName`.
    private var stages: [VirtualStage]
    private let places: [StageName: Int]
    private var queue = Deque<Queued>()
    package private(set) var now: Instant

    /// - Parameter start: the business time at which the seeds are planted.
    package init(stages: [any Stage], policy: PolicyBook, start: Instant) {
        routes = Routes(stages)
        now = start
        self.stages = StageName.allCases.compactMap { name in
            stages.first { type(of: $0).name == name }.map {
                VirtualStage(StageRunner(stage: $0, policy: policy), start: start)
            }
        }
        places = Dictionary(uniqueKeysWithValues: zip(self.stages.map(\.runner.name), self.stages.indices))
    }

    /// When the next timer is due, or the waiting of an event ends.
    package var nextWake: Instant? {
        var next: Instant?
        for stage in stages {
            for case let at? in [stage.nextTimer?.wake.at, stage.nextEnd] { next = min(next ?? at, at) }
        }
        return next
    }

    /// The events that wait for what they refer to, stage by stage.
    package var waiting: [(stage: StageName, events: [WaitingEvent])] {
        stages.map { ($0.runner.name, $0.waitingEvents) }
    }

    /// Whether a stage takes events of this type from upstream.
    package func takes(_ type: EventType) -> Bool { !routes.takers(fromInbox: type).isEmpty }

    /// Runs the instant `time`: these events of upstream, what follows, then the timers due.
    ///
    /// - Parameter whenQuiet: the events that come when nothing else is left to do but timers; asked until there are none.
    /// - Throws: what a stage throws for a record that it cannot have written (a fault of the stage).
    package mutating func run(
        instant time: Instant, events: [Given], whenQuiet: () throws -> [Event] = { [] },
        notice: (Notice) throws -> Void
    ) throws {
        now = max(now, time)
        enqueue(events)
        try settle(whenQuiet, notice)
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for place in stages.indices {
                while let timer = stages[place].nextTimer, timer.wake.at <= now {
                    isQuiet = false
                    try act(place, notice) { try $0.run(timer: timer.key, timer.wake) }
                }
                // Behind all timers of the stage.
                if let end = stages[place].nextEnd, end <= now {
                    isQuiet = false
                    try act(place, notice) { try $0.endWaiting() }
                }
                try settle(whenQuiet, notice)
            }
        }
    }

    private mutating func enqueue(_ events: [Given]) {
        for given in events { enqueue(given, for: routes.takers(fromInbox: given.event.type)) }
    }

    private mutating func enqueue(_ given: Given, for takers: [StageName]) {
        for taker in takers {
            if let place = places[taker] { queue.append(Queued(place: place, given: given)) }
        }
    }

    /// Until nothing is left to do but timers.
    private mutating func settle(_ whenQuiet: () throws -> [Event], _ notice: (Notice) throws -> Void) throws {
        repeat {
            while let next = queue.popFirst() { try act(next.place, notice) { try $0.take(next.given) } }
            enqueue(try whenQuiet().map { Given($0) })
        } while !queue.isEmpty
    }

    /// Lets a stage do something now, and hands on what it emits.
    private mutating func act(
        _ place: Int, _ notice: (Notice) throws -> Void, _ body: (inout VirtualStage) throws -> Void
    ) throws {
        // In its place: a second owner of its records would make every change copy all of them.
        stages[place].clock = now
        try body(&stages[place])
        let name = stages[place].runner.name
        for output in stages[place].takeOutputs() {
            try notice(.emitted(output, by: name))
            guard output.destination == .events else { continue }
            enqueue(Given(output.event), for: routes.takers(fromEvents: output.event.type))
        }
        for death in stages[place].takeDeaths() {
            try notice(.deadLetter(stage: name, event: death.event, code: death.code, cause: death.cause))
        }
    }
}
