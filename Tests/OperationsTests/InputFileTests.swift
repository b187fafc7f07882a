import Foundation
import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import Testing

/// A file of events of upstream beside these tests, under the example policy, whose duties begin only later.
enum InputFile {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    static func events(_ name: String) throws -> [Event] {
        let file = folder.appending(path: "Inputs/\(name).ndjson")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
            try Event.read(Array(line.utf8))
        }
    }

    static func policy() throws -> PolicyBook {
        let example = folder.deletingLastPathComponent().deletingLastPathComponent().appending(path: "deploy/policy")
        func text(_ name: String) throws -> String {
            try String(contentsOf: example.appending(path: name), encoding: .utf8)
        }
        let organisation = try text("organisation.yaml").replacing(/since: [0-9-]+/, with: "since: 2026-12-28")
        let files = PolicyFiles(
            policy: try text("policy.yaml"), organisation: organisation, calendar: try text("calendar.csv"))
        return try PolicyBook.load(files, currentYear: nil).get()
    }
}

/// Small inputs, and what must come of each case, however the pipeline gets them.
@Suite struct `Of a small input` {
    enum Way: String, CaseIterable, Sendable {
        case simulated
        /// Each event at its time, through the workers' transactions.
        case worked
        /// The same, but nobody works before the end: all lies in the queues, in the order of the file.
        case afterOutage
    }

    struct Scene: Sendable, CustomTestStringConvertible {
        let file: String
        var until = "2026-11-17T00:00:00+08:00"
        let told: [String]
        var testDescription: String { file }
    }

    static let scenes = [
        // Whoever writes his number in full width is a customer like any other, and told apart from others who do.
        Scene(
            file: "full-width-two-customers",
            told: [
                "11-16 10:00 case.opened p1-a phones 1", "11-16 10:00 case.assigned p1-a store opened",
                "11-16 11:00 case.opened p1-b phones 2", "11-16 11:00 case.assigned p1-b store opened",
            ]),
        Scene(
            file: "full-width-one-customer",
            told: [
                "11-16 10:00 case.opened p1-c phones 1", "11-16 10:00 case.assigned p1-c store opened",
                "11-16 11:00 case.duplicate-linked p1-d to p1-c",
            ]),
        // The country, zeros before it and before the number, marks, an extension.
        Scene(
            file: "prefixes",
            told: ["11-16 10:00 case.opened p3-0 phones 1", "11-16 10:00 case.assigned p3-0 store opened"]
                + (1...6).map { "11-16 10:0\($0) case.duplicate-linked p3-\($0) to p3-0" }),
        // The second of three brands is composed of other code points.
        Scene(
            file: "brand-composed-otherwise",
            told: [
                "11-16 10:00 case.opened d3c-0 phones 1", "11-16 10:00 case.assigned d3c-0 store opened",
                "11-16 10:01 case.opened d3c-1 phones 2", "11-16 10:01 case.assigned d3c-1 store opened",
                "11-16 10:02 case.opened d3c-2 phones 3 major", "11-16 10:02 case.assigned d3c-2 hq opened major",
            ]),
        // Accepted half a minute before the complaint came in: applied, and no response to it (R40).
        Scene(
            file: "accepted-before-it-came",
            told: [
                "11-16 09:00 case.opened o-a phones 1", "11-16 09:00 case.assigned o-a store opened",
                "11-16 10:00 case.resolution-accepted o-a", "11-16 10:00 case.closed o-a",
                "11-17 00:00 customer.inform-overdue o-a",
            ]),
        Scene(
            file: "met-in-time",
            told: [
                "11-12 12:09 case.opened out-normal phones 1", "11-12 12:09 case.assigned out-normal store opened",
                "11-12 13:09 case.responded out-normal", "11-12 14:09 case.resolution-accepted out-normal",
                "11-12 14:09 case.closed out-normal",
                "11-16 09:09 case.opened out-crisis phones 1", "11-16 09:09 case.assigned out-crisis hq opened major",
                "11-16 09:09 crisis.alerted out-crisis", "11-16 09:19 case.responded out-crisis",
            ]),
        // Resolved, then a fire: the paper that was missing closes nothing.
        Scene(
            file: "stale-resolution", until: "2026-03-03T00:00:00+08:00",
            told: [
                "03-02 09:00 case.opened c1 phones 1", "03-02 09:00 case.assigned c1 store opened",
                "03-02 12:00 case.resolution-accepted c1", "03-02 12:00 case.close-blocked c1 documents",
                "03-02 15:00 case.duplicate-linked c2 to c1", "03-02 15:00 case.escalated c1",
                "03-02 15:00 case.assigned c1 hq escalated major", "03-02 15:00 crisis.alerted c2",
                "03-02 16:00 case.overdue c2 R34", "03-03 00:00 customer.inform-overdue c1",
            ]),
    ]

    @Test(arguments: scenes, Way.allCases)
    func `every case is told right, in whatever way it comes`(scene: Scene, way: Way) async throws {
        let events = try InputFile.events(scene.file)
        let found = try await told(of: events, until: scene.until, way)
        // What is in the queue already is not missed.
        let expected = scene.told.filter { way != .afterOutage || !$0.contains("case.close-blocked") }
        #expect(found == expected.sorted())
    }

    @Test(arguments: Way.allCases)
    func `deadlines are missed by which nobody has met them`(way: Way) async throws {
        let complaints = try InputFile.events("met-in-time").filter { $0.data is ComplaintReceived }
        let missed = try await told(of: complaints, until: "2026-11-17T18:00:01+08:00", way)
            .filter { $0.contains("overdue") || $0.contains("escalated") }
        #expect(
            missed == [
                "11-14 12:09 case.assigned out-normal region escalated", "11-14 12:09 case.escalated out-normal",
                "11-16 10:09 case.overdue out-crisis R34", "11-17 12:09 case.assigned out-normal hq escalated",
                "11-17 12:09 case.escalated out-normal", "11-17 18:00 customer.reply-overdue out-normal",
            ])
    }

    // MARK: Running

    private func told(of events: [Event], until: String, _ way: Way) async throws -> [String] {
        let bodies: [[UInt8]] =
            switch way {
            case .simulated: try simulated(events, until: until)
            case .worked: try await worked(events, until: until, startsAtEnd: false)
            case .afterOutage: try await worked(events, until: until, startsAtEnd: true)
            }
        var complaints: [String: String] = [:]
        for event in events {
            guard let complaint = event.data as? ComplaintReceived else { continue }
            let caseId = Identifiers.caseId(source: event.source, complaintId: complaint.complaintId)
            complaints[caseId] = complaint.complaintId
        }
        return try bodies.compactMap { try line($0, complaints) }.sorted()
    }

    private func simulated(_ events: [Event], until: String) throws -> [[UInt8]] {
        let input = events.map { Simulation.InputEvent(event: $0, body: $0.body()) }
        var bodies: [[UInt8]] = []
        try Simulation(stages: Pipeline.stages, policy: InputFile.policy(), answers: nil).run(
            input, until: instant(until)
        ) { output in
            switch output {
            case .emitted(let event, let body): if event.destination == .events { bodies.append(body) }
            case .deadLetter(let stage, let event, let code, let cause):
                Issue.record("\(stage): \(event.id) is dead, \(code): \(cause)")
            case .waiting(let stage, let event):
                Issue.record("\(stage): \(event.event.id) waits for \(event.reference)")
            case .unrouted(let event): Issue.record("no stage takes \(event.type) \(event.id)")
            case .answered, .unanswered: break
            }
        }
        return bodies
    }

    private func worked(_ events: [Event], until: String, startsAtEnd: Bool) async throws -> [[UInt8]] {
        let inOrder = events.sorted { $0.time < $1.time }
        let start = try #require(inOrder.first).time.description
        var pipeline = try await MemoryPipeline(
            at: startsAtEnd ? until : start, policy: InputFile.policy(), waiting: WaitingLimits())
        if startsAtEnd {
            try await pipeline.hand(over: events)
        } else {
            for event in inOrder {
                try await pipeline.advance(to: event.time.description)
                try await pipeline.hand(over: [event])
            }
        }
        try await pipeline.advance(to: until)
        var bodies: [[UInt8]] = []
        for (stage, store) in pipeline.stores {
            #expect(try await store.read { try $0.waitingCount().events } == 0, "\(stage)")
            let entries = try await store.read { try $0.journal(after: 0, limit: .max, withBodies: true) }
            bodies += entries.flatMap(\.outputs).filter { $0.exchange == ExchangeName.events }.map(\.body)
        }
        #expect(try await pipeline.deadLetters.counts().isEmpty)
        return bodies
    }

    /// What an outgoing event tells of a case: when, what, of which complaint, and the little that matters.
    private func line(_ body: [UInt8], _ complaints: [String: String]) throws -> String? {
        let json = try JSON(parsing: body)
        let (type, data) = (json["type"]?.string?.dropLast(3) ?? "", json["data"])
        if type != "business.rejected", data?["caseId"] == nil || type.hasPrefix("callback.") { return nil }
        let time = try instant(try #require(json["time"]?.string)).description
        var words = [String(time.dropFirst(5).prefix(5)), String(time.dropFirst(11).prefix(5)), String(type)]
        words += [data?["complaintId"]?.string, data?["reason"]?.string].compactMap { $0 }
        if let tier = data?["tier"]?.string, type == "case.assigned" { words.insert(tier, at: 4) }
        if let to = data?["openCaseId"]?.string { words += ["to", complaints[to] ?? to] }
        if let phones = data?["cluster"]?["phones"]?.int { words += ["phones", "\(phones)"] }
        if data?["major"] == true || data?["cluster"]?["major"] == true { words.append("major") }
        words += data?["missing"]?.elements?.compactMap(\.string) ?? []
        if let rule = data?["rule"]?.string { words.append(rule) }
        return words.joined(separator: " ")
    }
}

@Suite struct `A simulation` {
    /// Two complaints of one file, the second written over the first's id.
    private func input() throws -> [Simulation.InputEvent] {
        let events = try InputFile.events("full-width-two-customers")
        let (first, second) = (try #require(events.first), try #require(events.last))
        let other = Event(id: first.id, source: first.source, time: second.time, data: second.data)
        return [first, first, other].map { Simulation.InputEvent(event: $0, body: $0.body()) }
    }

    @Test func `tells of an id that comes again with another body as the workers do, and of a duplicate nothing`()
        throws
    {
        var dead: [String] = []
        var opened = 0
        let until = try #require(Instant(rfc3339: "2026-11-17T00:00:00+08:00"))
        try Simulation(stages: Pipeline.stages, policy: InputFile.policy(), answers: nil)
            .run(input(), until: until) { output in
                if case .deadLetter(let stage, _, let code, _) = output { dead.append("\(stage) \(code)") }
                if case .emitted(let event, _) = output, event.event.data is CaseOpened { opened += 1 }
            }
        #expect(dead == ["intake id-reused"])
        #expect(opened == 1)
    }

    @Test func `tells of an event that no stage takes from upstream`() throws {
        let first = try #require(try input().first)
        let stranger = Event(
            id: "e", source: "upstream", time: first.event.time, data: CalendarMissing(year: 2031))
        var unrouted: [String] = []
        try Simulation(stages: Pipeline.stages, policy: InputFile.policy(), answers: nil)
            .run([first, .init(event: stranger, body: stranger.body())], until: first.event.time) { output in
                if case .unrouted(let event) = output { unrouted.append(event.type.rawValue) }
            }
        #expect(unrouted == ["calendar.missing"])
    }

    @Test func `knows how many events it does not come to`() throws {
        let input = try input()
        let first = try #require(input.first).event.time
        #expect(Simulation.leftOut(of: input, until: first) == 1)
        #expect(Simulation.leftOut(of: input, until: first.adding(days: 1)) == 0)
        #expect(Simulation.leftOut(of: input, until: first.adding(seconds: -1)) == 3)
    }
}
