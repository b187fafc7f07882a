import Policy
import Schema
import Stages
import Testing

/// R50: a hazard of which somebody learns later is judged as a linked complaint that tells of it.
struct RoutingCrisisTests {
    var fixture: RoutingFixture
    static let clerk = RoutingFixture.storeClerk

    init() throws {
        fixture = try RoutingFixture()
        try fixture.open(CaseFixture.complaint())
    }

    private static func declared(
        _ hazards: [String], at time: String = "2026-11-03T10:00:00+08:00", by: Person = clerk,
        caseId: String = CaseFixture.caseId()
    ) throws -> CrisisDeclared {
        CrisisDeclared(caseId: caseId, hazards: hazards, by: by, at: try instant(time))
    }

    private mutating func declare(
        _ hazards: [String], at time: String = "2026-11-03T10:00:00+08:00", by: Person = clerk
    ) throws -> HarnessOutcome {
        try fixture.routing.send(Self.declared(hazards, at: time, by: by), at: time)
    }

    @Test mutating func `it takes the open case to headquarters and alerts`() throws {
        let out = try declare(["fire"])
        #expect(out.announced == ["case.escalated", "case.assigned", "crisis.alerted"])
        #expect(out.outputs.assignment == "hq hq hq-duty")
        let assigned = try #require(out.outputs.announced(CaseAssigned.self).first)
        #expect(assigned.major && assigned.reason == .escalated)
        #expect(assigned.dueAt == (try instant("2026-11-08T10:00:00+08:00")))
        #expect(
            out.outputs.announced(CrisisAlerted.self) == [
                CrisisAlerted(caseId: CaseFixture.caseId(), complaintId: "C1", hazards: ["fire"])
            ])
        #expect(out.outputs.first?.because.rule == "R04,R50")
        #expect(out.outputs.first?.because.facts["declared"] == ["fire"])
        #expect(out.outputs.first { $0.event.data is CrisisAlerted }?.because.rule == "R34,R50")
    }

    @Test(arguments: [("2026-11-03T11:00:00+08:00", true), ("2026-11-03T11:00:01+08:00", false)])
    func `headquarters accepts it within the hour of its own time`(accepted: String, isInTime: Bool) throws {
        var scene = self
        _ = try scene.declare(["injury"])
        _ = try scene.fixture.accept(at: "2026-11-03T10:00:00+08:00")
        let before = try scene.fixture.routing.advance(to: "2026-11-03T10:59:59+08:00")
        #expect(before.isEmpty, "an acceptance at the same time is of what was known before")
        let out = try scene.fixture.accept(at: accepted)
        let overdue = (out.before + out.outputs).announced(CaseOverdue.self)
        #expect(overdue.map(\.rule) == (isInTime ? [] : [.R34]))
        #expect(try scene.fixture.routing.advance(to: "2026-11-03T12:00:00+08:00").announced(CaseOverdue.self).isEmpty)
    }

    /// The complaint was received at 2026-11-02T09:00 (`CaseFixture.complaint`).
    @Test(arguments: ["2026-11-02T08:59:50+08:00", "2026-11-02T06:00:00+08:00", "2024-11-02T09:00:00+08:00"])
    func `of a time before the complaint it is heard, and its terms begin when that was received`(time: String) throws {
        var scene = self
        let received = try #require(scene.fixture.record?.assignedAt)
        let out = try scene.fixture.routing.send(
            Self.declared(["fire"], at: time), at: received.adding(minutes: 10).description)
        #expect(out.announced == ["case.escalated", "case.assigned", "crisis.alerted"])
        #expect(out.outputs.announced(CaseAssigned.self).map(\.dueAt) == [received.adding(days: 5)])
        let due = received.adding(minutes: 60)
        #expect(
            try scene.fixture.routing.advance(to: due.adding(seconds: -1).description).announced(CaseOverdue.self)
                .isEmpty)
        var accepted = scene
        let overdue = try scene.fixture.routing.advance(to: due.description)
        #expect(overdue.announced(CaseOverdue.self).map(\.rule) == [.R34])
        _ = try accepted.fixture.accept(at: due.description)
        #expect(
            try accepted.fixture.routing.advance(to: due.adding(minutes: 5).description)
                .announced(CaseOverdue.self).isEmpty)
    }

    @Test mutating func `the customer wants to hear of it within the days of a complaint`() throws {
        _ = try fixture.contact(at: "2026-11-02T12:00:00+08:00")
        _ = try declare(["authority-letter"])
        let overdue = try fixture.routing.advance(to: "2026-11-06T18:00:00+08:00").announced(CustomerReplyOverdue.self)
        #expect(overdue.map(\.receivedAt) == [try instant("2026-11-03T10:00:00+08:00")])
    }

    @Test mutating func `a letter of an authority makes it major without an alert`() throws {
        #expect(try declare(["authority-letter"]).announced == ["case.escalated", "case.assigned"])
    }

    @Test mutating func `hazards that the case has already say nothing, new ones beside them are told alone`() throws {
        _ = try fixture.link(
            CaseFixture.complaint("C2", at: "2026-11-02T12:00:00+08:00", hazards: ["fire"]))
        _ = try fixture.routing.advance(to: "2026-11-03T10:00:00+08:00")
        let before = fixture.record
        #expect(try declare(["fire", "fire"]).outputs.isEmpty)
        #expect(fixture.record == before)
        let more = try declare(["fire", "injury", "injury"])
        #expect(more.outputs.announced(CrisisAlerted.self).map(\.hazards) == [["injury"]])
        #expect(more.announced == ["crisis.alerted"], "at headquarters already, without a resolution the term goes on")
        #expect(try declare(["injury"], at: "2026-11-04T10:00:00+08:00").outputs.isEmpty)
    }

    @Test mutating func `of the first complaint, too`() throws {
        var fixture = try RoutingFixture()
        try fixture.open(CaseFixture.complaint(hazards: ["fire"]))
        let out = try fixture.routing.send(Self.declared(["fire"]), at: "2026-11-03T10:00:00+08:00")
        #expect(out.rejection == nil && out.outputs.isEmpty)
    }

    @Test mutating func `at headquarters it makes a resolution void and gives the case anew`() throws {
        _ = try declare(["fire"])
        _ = try fixture.resolve(by: RoutingFixture.hqPerson, at: "2026-11-03T12:00:00+08:00")
        let out = try declare(["injury"], at: "2026-11-03T15:00:00+08:00")
        #expect(out.announced == ["case.assigned", "crisis.alerted"])
        let assigned = try #require(out.outputs.announced(CaseAssigned.self).first)
        #expect(assigned.reason == .escalated)
        #expect(assigned.resolvedAt == nil)
        #expect(fixture.record?.state == .open)
        #expect(fixture.record?.termEnds == (try instant("2026-11-08T15:00:00+08:00")))
        // What was accepted is forgotten: no reopening finds it.
        try fixture.close(at: "2026-11-03T15:30:00+08:00", tier: .hq)
        #expect(try fixture.reopen(tier: .hq, at: "2026-11-03T11:00:00+08:00").announced == ["case.assigned"])
    }

    @Test mutating func `resolved below headquarters, it escalates with a running term`() throws {
        _ = try fixture.resolve(at: "2026-11-02T12:00:00+08:00")
        #expect(try declare(["media"]).announced == ["case.escalated", "case.assigned", "crisis.alerted"])
        #expect(fixture.record?.state == .open)
    }

    @Test mutating func `on a closed case it alerts, and the reopened case goes to headquarters, in either order`()
        throws
    {
        try fixture.close(at: "2026-11-02T12:00:00+08:00")
        var other = self
        #expect(try declare(["fire"]).announced == ["crisis.alerted"])
        let out = try fixture.reopen(tier: .store, at: "2026-11-03T10:00:00+08:00")
        #expect(out.announced == ["case.escalated", "case.assigned"])
        #expect(out.assignment == "hq hq hq-duty")
        _ = try other.fixture.reopen(tier: .store, at: "2026-11-03T10:00:00+08:00")
        #expect(try other.declare(["fire"]).outputs.assignment == "hq hq hq-duty")
        #expect(other.fixture.record?.duties == fixture.record?.duties)
    }

    @Test mutating func `whoever resolved a closed case did not know of it, though it is told of an earlier time`()
        throws
    {
        _ = try fixture.resolve(at: "2026-11-02T12:00:00+08:00")
        try fixture.close(at: "2026-11-02T12:00:00+08:00")
        let before = "2026-11-02T10:00:00+08:00"
        _ = try fixture.routing.send(Self.declared(["fire"], at: before), at: "2026-11-03T10:00:00+08:00")
        let out = try fixture.reopen(tier: .store, at: before)
        #expect(out.announced == ["case.escalated", "case.assigned"])
        #expect(fixture.record?.state == .open)
    }

    @Test mutating func `on a closed case its term begins when the complaint was received, at the earliest`() throws {
        let received = try #require(fixture.record?.receivedAt)
        try fixture.close(at: "2026-11-02T12:00:00+08:00")
        let before = "2024-11-02T09:00:00+08:00"
        _ = try fixture.routing.send(Self.declared(["fire"], at: before), at: "2026-11-03T10:00:00+08:00")
        let out = try fixture.reopen(tier: .store, at: before)
        #expect(out.announced == ["case.escalated", "case.assigned"])
        #expect(out.announced(CaseAssigned.self).map(\.dueAt) == [received.adding(days: 5)])
        #expect(fixture.record?.reopenedAt == received)
    }

    @Test(arguments: [
        Person(id: "s2-manager", tier: "store", storeId: "S2"), Person(id: "r1-one", tier: "region", regionId: "R1"),
        Person(id: "hq-one", tier: "hq"), Person(id: "judge", tier: "business"),
    ])
    func `anybody may declare it`(by: Person) throws {
        var scene = self
        #expect(try scene.declare(["fire"], by: by).announced.last == "crisis.alerted")
    }

    @Test mutating func `whom nobody knows may not, nor whom the policy does not name`() throws {
        let stranger = Person(id: "stranger", tier: "store", storeId: "S1")
        #expect(try declare(["fire"], by: stranger).rejection?.reason == "unknown-person")
        let settings = "version: test\nauthority: {crisis.declared: [region, hq]}\n"
        let files = PolicyFiles(
            policy: settings, organisation: "hq: {duty: hq-duty}\n", calendar: "date,kind\n2026-02-16,holiday_weekday\n"
        )
        fixture = try RoutingFixture(PolicyBook.load(files, currentYear: nil).get())
        try fixture.open(CaseFixture.complaint())
        #expect(try declare(["fire"]).rejection?.reason == "wrong-tier")
    }

    @Test mutating func `it waits for its case, or for the link of the complaint that it names`() throws {
        var fixture = try RoutingFixture()
        let early = try fixture.routing.send(Self.declared(["fire"]), at: "2026-11-03T10:00:00+08:00")
        #expect(early.waitsFor == RoutedCase.key(CaseFixture.caseId()))
        let named = try Self.declared(["fire"], caseId: CaseFixture.caseId("C2"))
        let linked = try self.fixture.routing.send(named, at: "2026-11-03T10:00:00+08:00")
        #expect(linked.waitsFor == RoutedCase.key(CaseFixture.caseId("C2")))
        _ = try self.fixture.resolve(at: "2026-11-02T12:00:00+08:00")
        let complaint = try CaseFixture.complaint("C2", at: "2026-11-02T16:00:00+08:00")
        let link = try self.fixture.routing.send(CaseFixture.linked(complaint), at: complaint.receivedAt)
        #expect(link.known.contains(RoutedCase.key(CaseFixture.caseId("C2"))))
        let out = try self.fixture.routing.send(named, at: "2026-11-03T10:00:00+08:00")
        #expect(out.outputs.announced(CaseAssigned.self).map(\.caseId) == [CaseFixture.caseId()])
    }

    @Test func `switched off, R50 hears nothing; without R04 and R34 a hazard is only kept`() throws {
        var scene = self
        scene.fixture = try RoutingFixture(CaseFixture.policy(off: [.r50]))
        try scene.fixture.open(CaseFixture.complaint())
        let before = scene.fixture.record
        #expect(try scene.declare(["fire"]).outputs.isEmpty)
        #expect(scene.fixture.record == before)
        scene.fixture = try RoutingFixture(CaseFixture.policy(off: [.r04, .r34]))
        try scene.fixture.open(CaseFixture.complaint())
        #expect(try scene.declare(["fire"]).outputs.isEmpty)
        #expect(scene.fixture.record?.hazards == ["fire"])
        #expect(scene.fixture.record?.isMajor == false)
    }

    @Test mutating func `of a case from before hazards were kept, those that made it major are known`() throws {
        _ = try fixture.link(CaseFixture.complaint("C2", at: "2026-11-02T12:00:00+08:00", hazards: ["fire"]))
        var old = try JSON(parsing: JSONEncoding.bytes(of: try #require(fixture.record)))
        old = .object((old.members ?? []).filter { $0.name != "hazards" })
        fixture.routing.put(
            LiveRecord(value: try JSONDecoding.decode(RoutedCase.self, from: old), version: 2),
            RoutedCase.key(CaseFixture.caseId()))
        #expect(try declare(["fire"]).outputs.isEmpty)
        #expect(try declare(["media"]).announced == ["crisis.alerted"])
    }
}
