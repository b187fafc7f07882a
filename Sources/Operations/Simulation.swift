import Policy
import Runtime
import Schema
import Stages
import Store

/// `recourse simulate`: a file of events and an answers file through the virtual pipeline, instant by instant.
package struct Simulation: Sendable {
    /// An input event with its bytes.
    package struct InputEvent: Sendable {
        package let event: Event
        package let body: [UInt8]

        package init(event: Event, body: [UInt8]) {
            self.event = event
            self.body = body
        }
    }

    /// What a run tells, in order.
    package enum Output: Sendable {
        /// An outgoing event's body.
        case emitted(OutgoingEvent, body: [UInt8])
        case deadLetter(stage: StageName, event: Event, code: String, cause: String)
        /// No stage takes it from upstream.
        case unrouted(Event)
        /// Told at the end: the event still waits for what it refers to.
        case waiting(stage: StageName, event: WaitingEvent)
        case unanswered(String)
        case answered(Answer)
    }

    private let policy: PolicyBook
    private let stages: [any Stage]
    private let answers: AnswerBook?

    package init(stages: [any Stage], policy: PolicyBook, answers: AnswerBook?) {
        self.stages = stages
        self.policy = policy
        self.answers = answers
    }

    /// How many of `input` have a time after `until`, so that `run` does not come to them.
    package static func leftOut(of input: [InputEvent], until: Instant) -> Int {
        input.count { $0.event.time > until }
    }

    /// Runs all events up to and including `until`, and every timer due by then.
    ///
    /// - Parameter input: in the order of the file; sorted by time here, stably.
    package func run(
        _ input: [InputEvent], until: Instant, output: (Output) throws -> Void
    ) throws {
        let events = input.enumerated().sorted {
            ($0.element.event.time, $0.offset) < ($1.element.event.time, $1.offset)
        }.map(\.element)
        var pipeline = VirtualPipeline(
            stages: stages, policy: policy, start: events.first?.event.time ?? until)
        var agenda = try answers.map {
            AnswerAgenda(
                book: $0, calendar: policy.calendar, input: try events.map { try JSON(parsing: $0.body) })
        }
        var position = 0
        while true {
            let nextEvent = position < events.count ? events[position].event.time : nil
            let candidates = [nextEvent, agenda?.next, pipeline.nextWake].compactMap { $0 }
            let next = candidates.min().map { max($0, pipeline.now) }
            guard let now = next, now <= until else {
                for (stage, events) in pipeline.waiting {
                    for event in events { try output(.waiting(stage: stage, event: event)) }
                }
                return
            }
            var due: [VirtualPipeline.Given] = []
            while position < events.count, events[position].event.time <= now {
                let input = events[position]
                if pipeline.takes(input.event.type) {
                    due.append(VirtualPipeline.Given(input.event, digest: Identifiers.digest(input.body)))
                } else {
                    try output(.unrouted(input.event))
                }
                position += 1
            }
            func answersDue() throws -> [Event] {
                try agenda?.removeDue(at: now).map { answer in
                    try output(.answered(answer))
                    return answer.event
                } ?? []
            }
            try pipeline.run(instant: now, events: due, whenQuiet: answersDue) { notice in
                switch notice {
                case .deadLetter(let stage, let event, let code, let cause):
                    try output(.deadLetter(stage: stage, event: event, code: code, cause: cause))
                case .emitted(let event, _):
                    let body = event.body()
                    try output(.emitted(event, body: body))
                    guard event.destination == .events else { return }
                    do {
                        try agenda?.plan(answersTo: event.event.type.rawValue, body)
                    } catch let unanswered as UnansweredRule {
                        try output(.unanswered(unanswered.description))
                    }
                }
            }
        }
    }
}
