import HeapModule
import Policy
import Schema

/// Answers that wait for their time, in the order in which they are given: the same in `recourse simulate` and in
/// `recourse answer`, whatever the order in which they were planned.
struct AnswerAgenda: Sendable {
    private struct Planned: Sendable, Comparable {
        let answer: Answer

        static func < (a: Planned, b: Planned) -> Bool {
            let (one, other) = (a.answer, b.answer)
            return (one.event.time, one.asked, one.rule, one.event.id)
                < (other.event.time, other.asked, other.rule, other.event.id)
        }

        static func == (a: Planned, b: Planned) -> Bool { a.answer.event.id == b.answer.event.id }
    }

    private let book: AnswerBook
    private let calendar: WorkCalendar
    /// When the input itself first says what an answer would be about.
    private var inputAnswers: [AnswerSubject: Instant] = [:]
    private var planned = Heap<Planned>()

    /// - Parameter input: the events that upstream publishes itself; what they answer is left to them.
    init(book: AnswerBook, calendar: WorkCalendar, input: [JSON]) {
        self.book = book
        self.calendar = calendar
        for event in input {
            guard let time = event["time"]?.string.flatMap(Instant.init(rfc3339:)) else { continue }
            for subject in book.subjects(of: event) {
                inputAnswers[subject] = min(inputAnswers[subject] ?? time, time)
            }
        }
    }

    /// When the next answer is due; nil: none waits.
    var next: Instant? { planned.min?.answer.event.time }

    /// Plans the answers to an outgoing event.
    ///
    /// - Parameters:
    ///   - type: its name, without the version.
    ///   - body: the event as published.
    /// - Throws: `UnansweredRule` where the calendar lacks a year or the answer would break the contract;
    ///   `JSONSyntaxError` for a body that is no JSON.
    mutating func plan(answersTo type: String, _ body: [UInt8]) throws {
        guard book.rules.contains(where: { $0.on == type }) else { return }
        for answer in try book.answers(to: JSON(parsing: body), calendar: calendar) {
            if let own = inputAnswers[answer.subject], own <= answer.event.time { continue }
            planned.insert(Planned(answer: answer))
        }
    }

    /// Takes out the first of what is due, at most `limit` answers.
    mutating func removeDue(at now: Instant, limit: Int = .max) -> [Answer] {
        var due: [Answer] = []
        while due.count < limit, let next = planned.min?.answer, next.event.time <= now {
            planned.removeMin()
            due.append(next)
        }
        return due
    }
}
