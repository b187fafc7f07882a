import HeapModule
import Policy
import Runtime
import Schema
import Stages

/// `recourse simulate`: a file of events and an answers file through the virtual pipeline, instant by instant.
package struct Simulation: Sendable {
    /// An input event with its bytes.
    package struct InputEvent: Sendable {
        package let event: Event
        package let json: JSON

        package init(event: Event, json: JSON) {
            self.event = event
            self.json = json
        }
    }

    /// What a run tells, in order.
    package enum Output: Sendable {
        /// An outgoing event's body.
        case emitted(OutgoingEvent, body: [UInt8])
        case deadLetter(stage: StageName, event: Event, code: String, cause: String)
        case unanswered(String)
        case answered(Answer)
    }

    private struct Pending: Sendable, Comparable {
        let time: Instant
        let order: Int
        let answer: Answer
        static func < (a: Pending, b: Pending) -> Bool { (a.time, a.order) < (b.time, b.order) }
        static func == (a: Pending, b: Pending) -> Bool { (a.time, a.order) == (b.time, b.order) }
    }

    private let policy: PolicyBook
    private let stages: [any Stage]
    private let answers: AnswerBook?

    package init(stages: [any Stage], policy: PolicyBook, answers: AnswerBook?) {
        self.stages = stages
        self.policy = policy
        self.answers = answers
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
        var inputAnswers: [AnswerSubject: Instant] = [:]
        if let answers {
            for event in events {
                for subject in answers.subjects(of: event.json) where inputAnswers[subject] == nil {
                    inputAnswers[subject] = event.event.time
                }
            }
        }
        var pipeline = VirtualPipeline(
            stages: stages, policy: policy, start: events.first?.event.time ?? until)
        var pending = Heap<Pending>()
        var order = 0
        var position = 0
        while true {
            let nextEvent = position < events.count ? events[position].event.time : nil
            let candidates = [nextEvent, pending.min?.time, pipeline.nextWake].compactMap { $0 }
            guard let next = candidates.min() else { return }
            let now = max(next, pipeline.now)
            guard now <= until else { return }
            var due: [Event] = []
            while position < events.count, events[position].event.time <= now {
                due.append(events[position].event)
                position += 1
            }
            while let first = pending.min, first.time <= now {
                pending.removeMin()
                if let own = inputAnswers[first.answer.subject], own <= first.time { continue }
                due.append(first.answer.event)
                try output(.answered(first.answer))
            }
            try pipeline.run(instant: now, events: due) { notice in
                switch notice {
                case .deadLetter(let stage, let event, let code, let cause):
                    try output(.deadLetter(stage: stage, event: event, code: code, cause: cause))
                case .emitted(let event, _):
                    let body = try event.body()
                    try output(.emitted(event, body: body))
                    guard let answers, event.destination == .events else { return }
                    do {
                        for answer in try answers.answers(to: JSON(parsing: body), calendar: policy.calendar) {
                            pending.insert(Pending(time: answer.event.time, order: order, answer: answer))
                            order += 1
                        }
                    } catch let unanswered as UnansweredRule {
                        try output(.unanswered(unanswered.description))
                    }
                }
            }
        }
    }
}
