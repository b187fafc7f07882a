import Policy
import Schema
import Stages
import Testing

@testable import Runtime

@Suite struct VirtualPipelineTests {
    private let noon = Instant(seconds: 1_793_592_000)

    private func accepted(_ caseId: String, id: String) -> Event {
        Event(
            id: id, source: "upstream", time: noon,
            data: CaseAccepted(caseId: caseId, by: Person(id: "someone", tier: "hq")))
    }

    /// What is said, in order.
    private func notes(
        _ stages: [any Stage], _ events: [Event], at instant: Instant? = nil, whenQuiet: () throws -> [Event] = { [] }
    ) throws -> [String] {
        var pipeline = VirtualPipeline(stages: stages, policy: ProbePolicy.book, start: noon)
        var notes: [String] = []
        try pipeline.run(instant: instant ?? noon, events: events.map { .init($0) }, whenQuiet: whenQuiet) { notice in
            switch notice {
            case .emitted(let output, _): notes.append((output.event.data as? ProbeNote)?.text ?? "")
            case .deadLetter(let stage, let event, let code, _):
                notes.append("\(stage.rawValue): \(event.id) dead, \(code)")
            }
        }
        return notes
    }

    @Test func `Events of an instant come first, in their order, and what follows goes behind them`() throws {
        let found = try notes(
            [ProbeStage<FirstProbe>(), ProbeStage<SecondProbe>()], [accepted("a", id: "1"), accepted("b", id: "2")])
        #expect(
            found == [
                "intake: a", "routing: a", "intake: b", "routing: b", "routing: intake: a", "routing: intake: b",
            ])
    }

    @Test func `Timers run stage by stage, each with what follows, after the events`() throws {
        let moment = ProbeRecord.Moment(at: noon, order: 0)
        let first = ProbeStage<FirstProbe>(records: [("x", [moment])])
        let second = ProbeStage<SecondProbe>(records: [("y", [moment])])
        #expect(
            try notes([second, first], [accepted("a", id: "1")]) == [
                "intake: a", "routing: a", "routing: intake: a", "intake: timer x 0", "routing: intake: timer x 0",
                "routing: timer y 0",
            ])
    }

    @Test func `What comes when all is quiet is behind what follows from the events, and before timers`() throws {
        var more = [[accepted("b", id: "2")], [accepted("c", id: "3")]]
        let timer = ProbeStage<FirstProbe>(records: [("x", [ProbeRecord.Moment(at: noon, order: 0)])])
        let found = try notes([timer, ProbeStage<SecondProbe>()], [accepted("a", id: "1")]) {
            more.isEmpty ? [] : more.removeFirst()
        }
        #expect(
            found == [
                "intake: a", "routing: a", "routing: intake: a", "intake: b", "routing: b", "routing: intake: b",
                "intake: c", "routing: c", "routing: intake: c", "intake: timer x 0", "routing: intake: timer x 0",
            ])
    }

    @Test func `What comes when a stage's timers are quiet is before the next stage's timers`() throws {
        let moment = ProbeRecord.Moment(at: noon, order: 0)
        var looks = 0
        let first = ProbeStage<FirstProbe>(records: [("x", [moment])])
        let found = try notes([first, ProbeStage<SecondProbe>(records: [("y", [moment])])], []) {
            looks += 1
            return looks == 2 ? [accepted("b", id: "2")] : []
        }
        #expect(
            found == [
                "intake: timer x 0", "routing: intake: timer x 0", "intake: b", "routing: b", "routing: intake: b",
                "routing: timer y 0",
            ])
    }

    @Test func `Timers of a stage run by time, order and record`() throws {
        let early = ProbeRecord.Moment(at: noon.adding(minutes: -1), order: 5)
        let now = ProbeRecord.Moment(at: noon, order: 0)
        let then = ProbeRecord.Moment(at: noon, order: 1)
        let last = ProbeRecord.Moment(at: noon, order: 2)
        let stage = ProbeStage<FirstProbe>(records: [("c", [last]), ("b", [now, then]), ("a", [last]), ("d", [early])])
        #expect(
            try notes([stage], []) == [
                "intake: timer d 5", "intake: timer b 0", "intake: timer b 1", "intake: timer a 2",
                "intake: timer c 2",
            ])
    }

    /// What is said at noon, and what when the waiting has ended.
    private func notesOfADay(_ events: [Event]) throws -> (atNoon: [String], later: [String], ends: Instant?) {
        var pipeline = VirtualPipeline(stages: [ProbeStage<FirstProbe>()], policy: ProbePolicy.book, start: noon)
        var notes: [String] = []
        func note(_ notice: VirtualPipeline.Notice) {
            switch notice {
            case .emitted(let output, _): notes.append((output.event.data as? ProbeNote)?.text ?? "")
            case .deadLetter(_, let event, let code, _): notes.append("\(event.id) dead, \(code)")
            }
        }
        try pipeline.run(instant: noon, events: events.map { .init($0) }, notice: note)
        let (atNoon, ends) = (notes, pipeline.nextWake)
        notes = []
        if let ends { try pipeline.run(instant: ends, events: [], notice: note) }
        return (atNoon, notes, ends)
    }

    @Test func `What refers to something unknown waits for a day, then it is dead`() throws {
        let found = try notesOfADay([accepted("needs-x", id: "1"), accepted("b", id: "2")])
        #expect(found.atNoon == ["intake: b"])
        #expect(found.ends == noon.adding(hours: 24))
        #expect(found.later == ["1 dead, unknown-reference"])
    }

    @Test func `An id that is taken or waits holds its body: another is dead, the same again a duplicate`() throws {
        var pipeline = VirtualPipeline(stages: [ProbeStage<FirstProbe>()], policy: ProbePolicy.book, start: noon)
        var notes: [String] = []
        func run(_ caseId: String, id: String, body: UInt8, at minutes: Int64) throws {
            let given = VirtualPipeline.Given(accepted(caseId, id: id), digest: [body])
            try pipeline.run(instant: noon.adding(minutes: minutes), events: [given]) { notice in
                switch notice {
                case .emitted(let output, _): notes.append((output.event.data as? ProbeNote)?.text ?? "")
                case .deadLetter(_, let event, let code, _): notes.append("\(event.id) dead, \(code)")
                }
            }
        }
        try run("a", id: "taken", body: 1, at: 0)
        try run("a", id: "taken", body: 1, at: 1)
        try run("b", id: "taken", body: 2, at: 2)
        try run("needs-x", id: "waiting", body: 1, at: 3)
        try run("needs-x", id: "waiting", body: 1, at: 4)
        try run("c", id: "waiting", body: 2, at: 5)
        #expect(notes == ["intake: a", "taken dead, id-reused", "waiting dead, id-reused"])
        // What has died gives its id back.
        notes = []
        try run("e", id: "other", body: 1, at: 25 * 60)
        try run("d", id: "waiting", body: 2, at: 25 * 60 + 1)
        try run("d", id: "waiting", body: 3, at: 25 * 60 + 2)
        #expect(
            notes == ["intake: e", "waiting dead, unknown-reference", "intake: d", "waiting dead, id-reused"])
    }

    @Test func `What waits is taken with the step that makes its reference known, in order of time, before the next`()
        throws
    {
        func waiter(_ id: String, minutes: Int64) -> Event {
            Event(
                id: id, source: "upstream", time: noon.adding(minutes: minutes),
                data: CaseAccepted(caseId: "needs-x", by: Person(id: "someone", tier: "hq")))
        }
        let found = try notesOfADay([
            waiter("1", minutes: -1), waiter("3", minutes: -3), waiter("2", minutes: -3), accepted("makes-x", id: "4"),
            accepted("b", id: "5"),
        ])
        #expect(found.atNoon == ["intake: makes-x"] + Array(repeating: "intake: needs-x", count: 3) + ["intake: b"])
        #expect(found.later.isEmpty)
    }

    @Test func `The same event twice has one effect`() throws {
        #expect(
            try notes([ProbeStage<FirstProbe>()], [accepted("a", id: "1"), accepted("a", id: "1")]) == ["intake: a"])
    }

    @Test func `Timers later than the instant wait`() throws {
        let later = ProbeRecord.Moment(at: noon.adding(minutes: 1), order: 0)
        let stage = ProbeStage<FirstProbe>(records: [("x", [later])])
        #expect(try notes([stage], []) == [])
        #expect(try notes([stage], [], at: noon.adding(minutes: 1)) == ["intake: timer x 0"])
    }
}
