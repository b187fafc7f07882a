import Policy
import Schema
import Stages
import Testing

/// R51: a case goes to another person of the place that holds it.
struct RoutingReassignmentTests {
    static let supervisor = Person(id: "s1-supervisor", tier: "store", storeId: "S1")

    /// A case of S1, received at 10:00 on Monday, 2 November, when absences begin, and owned by its service supervisor.
    private func opened(
        _ policy: PolicyBook? = nil, store: String? = "S1", region: String? = nil
    ) throws -> RoutingFixture {
        var fixture = try RoutingFixture(policy)
        try fixture.open(CaseFixture.complaint(store: store, region: region))
        return fixture
    }

    private func order(
        to: String, by: Person = supervisor, caseId: String = CaseFixture.caseId()
    ) -> CaseReassigned {
        CaseReassigned(caseId: caseId, to: to, by: by, reason: "She knows the house.")
    }

    @Test func `another person of the store owns it, and everything else stays`() throws {
        var fixture = try opened()
        let before = try #require(fixture.record)
        let out = try fixture.routing.send(order(to: "s1-clerk"), at: "2026-11-02T15:00:00+08:00")
        #expect(out.announced == ["case.assigned"])
        #expect(out.outputs.desks == ["case.assigned to store.S1"])
        #expect(
            out.outputs.announced(CaseAssigned.self) == [
                CaseAssigned(
                    caseId: CaseFixture.caseId(), complaintId: "C1", tier: .store, handlerId: "S1", owner: "s1-clerk",
                    major: false, dueAt: try instant("2026-11-04T10:00:00+08:00"), reason: .reassigned)
            ])
        let because = try #require(out.outputs.first?.because)
        #expect(because.rule == "R51")
        #expect(because.facts == ["from": "s1-supervisor", "by": "s1-supervisor", "tier": "store"])
        #expect((out.outputs.last?.event.data as? CaseAssigned)?.customer?.name == "Li")
        var after = try #require(fixture.record)
        #expect(after.owner == "s1-clerk")
        after.owner = before.owner
        #expect(after == before, "no deadline, no holding, nothing else has changed")
        #expect(
            try fixture.wait(until: "2026-11-04T10:00:00+08:00")
                == ["case.escalated at 2026-11-04T10:00:00+08:00", "case.assigned at 2026-11-04T10:00:00+08:00"])
    }

    @Test func `a resolution stays, at handling too`() throws {
        var fixture = try opened()
        _ = try fixture.resolve(at: "2026-11-02T12:00:00+08:00")
        let out = try fixture.routing.send(order(to: "s1-clerk"), at: "2026-11-02T15:00:00+08:00")
        #expect(out.announced == ["case.assigned"])
        let assigned = try #require(out.outputs.announced(CaseAssigned.self).first)
        #expect(
            assigned.dueAt == (try instant("2026-11-04T10:00:00+08:00")), "the term has stopped; it is told as it was")
        #expect(fixture.record?.state == .resolved)
        #expect(fixture.record?.termEnds == nil)

        var handling = try StageHarness(HandlingStage(), policy: try CaseFixtures.policy())
        let morning = "2026-11-02T09:00:00+08:00"
        _ = try handling.send(CaseFixtures.opened(at: morning), at: morning)
        _ = try handling.send(CaseFixtures.assigned(.store), at: morning, sequence: 1)
        _ = try handling.send(CaseFixtures.resolved(at: "2026-11-02T12:00:00+08:00"), at: morning, sequence: 2)
        _ = try handling.send(
            CaseFixtures.assigned(.store, .reassigned), at: "2026-11-02T15:00:00+08:00", sequence: 3)
        #expect(handling.record(CaseFile.self, "C1")?.resolution != nil)
    }

    @Test(arguments: [
        Person(id: "s1-supervisor", tier: "store", storeId: "S1"),
        Person(id: "s1-fridges", tier: "store", storeId: "S1"), Person(id: "s1-manager", tier: "store", storeId: "S1"),
        Person(id: "r1-one", tier: "region", regionId: "R1"), Person(id: "hq-one", tier: "hq"),
    ])
    func `its supervisors, its manager, and anybody above may`(by: Person) throws {
        var fixture = try opened()
        let out = try fixture.routing.send(order(to: "s1-clerk", by: by), at: "2026-11-02T15:00:00+08:00")
        #expect(out.announced == ["case.assigned"])
    }

    @Test(arguments: [
        (Person(id: "s1-clerk", tier: "store", storeId: "S1"), "wrong-place"),
        (Person(id: "s2-manager", tier: "store", storeId: "S2"), "wrong-place"),
        (Person(id: "s1-supervisor", tier: "store"), "wrong-place"),
        (Person(id: "r2-duty", tier: "region", regionId: "R2"), "wrong-place"),
        (Person(id: "judge", tier: "business"), "wrong-tier"),
        (Person(id: "stranger", tier: "store", storeId: "S1"), "unknown-person"),
    ])
    func `nobody else may`(by: Person, reason: String) throws {
        var fixture = try opened()
        let before = fixture.record
        let out = try fixture.routing.send(order(to: "s1-manager", by: by), at: "2026-11-02T15:00:00+08:00")
        #expect(out.rejection?.reason == reason)
        #expect(fixture.record == before)
    }

    @Test func `who may not is told who may`() throws {
        var fixture = try opened()
        let clerk = RoutingFixture.storeClerk
        let out = try fixture.routing.send(order(to: "s1-manager", by: clerk), at: "2026-11-02T15:00:00+08:00")
        #expect(
            out.rejection
                == Rejection(
                    "wrong-place",
                    [
                        "act": "case.reassigned", "tier": "store", "person": "s1-clerk", "heldBy": "S1",
                        "needed": ["s1-supervisor", "s1-manager", "s1-fridges"],
                    ]))
    }

    @Test func `at a region and at headquarters the duty owner may, and a place above`() throws {
        var fixture = try opened(store: nil, region: "R1")
        let one = RoutingFixture.regionPerson
        let duty = Person(id: "r1-duty", tier: "region", regionId: "R1")
        let time = "2026-11-02T15:00:00+08:00"
        #expect(try fixture.routing.send(order(to: "r1-one", by: one), at: time).rejection?.reason == "wrong-place")
        #expect(try fixture.routing.send(order(to: "r1-one", by: duty), at: time).announced == ["case.assigned"])
        let shop = Self.supervisor
        #expect(try fixture.routing.send(order(to: "r1-duty", by: shop), at: time).rejection?.reason == "wrong-tier")
        #expect(
            try fixture.routing.send(order(to: "r1-duty", by: RoutingFixture.hqPerson), at: time).announced
                == ["case.assigned"])

        fixture = try opened(store: nil)
        let hq = RoutingFixture.hqPerson
        let hqDuty = Person(id: "hq-duty", tier: "hq")
        #expect(try fixture.routing.send(order(to: "hq-one", by: hq), at: time).rejection?.reason == "wrong-place")
        #expect(
            try fixture.routing.send(order(to: "hq-one", by: hqDuty), at: time).outputs.assignment == "hq hq hq-one")
    }

    @Test func `who stands in for one of them may, of another place too, and only meanwhile`() throws {
        let policy = try CaseFixture.policy(absences: [.init(person: "s1-manager", delegate: "s2-manager")])
        let other = Person(id: "s2-manager", tier: "store", storeId: "S2")
        var fixture = try opened(policy)
        let out = try fixture.routing.send(order(to: "s1-clerk", by: other), at: "2026-11-03T09:59:59+08:00")
        #expect(out.announced == ["case.assigned"])
        fixture = try opened(policy)
        let later = try fixture.routing.send(order(to: "s1-clerk", by: other), at: "2026-11-03T10:00:00+08:00")
        #expect(later.rejection?.reason == "wrong-place", "the manager is back")
        fixture = try opened(
            CaseFixture.policy(off: [.r28], absences: [.init(person: "s1-manager", delegate: "s2-manager")]))
        let off = try fixture.routing.send(order(to: "s1-clerk", by: other), at: "2026-11-02T15:00:00+08:00")
        #expect(off.rejection?.reason == "wrong-place", "without R28 nobody is absent")
    }

    @Test func `only somebody of the place can have it`() throws {
        var fixture = try opened()
        let out = try fixture.routing.send(order(to: "s2-manager"), at: "2026-11-02T15:00:00+08:00")
        #expect(
            out.rejection == Rejection("wrong-place", ["to": "s2-manager", "tier": "store", "heldBy": "S1"]))
        // S2 lists nobody.
        fixture = try opened(store: "S2")
        let manager = Person(id: "s2-manager", tier: "store", storeId: "S2")
        let any = try fixture.routing.send(order(to: "anybody", by: manager), at: "2026-11-02T15:00:00+08:00")
        #expect(any.outputs.assignment == "store S2 anybody")
    }

    @Test func `who is absent cannot have it, until he is back`() throws {
        let absences = [CaseFixture.Absence(person: "s1-clerk")]
        var fixture = try opened(CaseFixture.policy(absences: absences))
        let out = try fixture.routing.send(order(to: "s1-clerk"), at: "2026-11-03T09:59:59+08:00")
        #expect(
            out.rejection
                == Rejection(
                    "absent",
                    [
                        "to": "s1-clerk", "tier": "store", "heldBy": "S1", "until": "2026-11-03T10:00:00+08:00",
                    ]))
        let back = try fixture.routing.send(order(to: "s1-clerk"), at: "2026-11-03T10:00:00+08:00")
        #expect(back.announced == ["case.assigned"])
        fixture = try opened(CaseFixture.policy(off: [.r28], absences: absences))
        #expect(
            try fixture.routing.send(order(to: "s1-clerk"), at: "2026-11-02T15:00:00+08:00").announced
                == ["case.assigned"])
    }

    @Test func `to its owner it is given without effect, and a closed case to nobody`() throws {
        var fixture = try opened()
        let same = try fixture.routing.send(order(to: "s1-supervisor"), at: "2026-11-02T15:00:00+08:00")
        #expect(same.rejection == nil && same.outputs.isEmpty)
        try fixture.close(at: "2026-11-02T16:00:00+08:00")
        let closed = try fixture.routing.send(order(to: "s1-clerk"), at: "2026-11-02T17:00:00+08:00")
        #expect(closed.rejection == Rejection("case-closed", ["heldBy": "S1"]))
        _ = try fixture.reopen(tier: .store, at: "2026-11-03T10:00:00+08:00")
        let reopened = try fixture.routing.send(order(to: "s1-clerk"), at: "2026-11-03T11:00:00+08:00")
        #expect(reopened.announced == ["case.assigned"])
    }

    @Test func `who has lost the case meanwhile gives it to nobody, whatever the time of his order`() throws {
        var fixture = try opened()
        _ = try fixture.wait(until: "2026-11-04T10:00:00+08:00")
        let late = try fixture.routing.send(order(to: "s1-clerk"), at: "2026-11-04T09:00:00+08:00")
        #expect(late.rejection?.reason == "wrong-tier")
    }

    @Test func `it waits for the case, and by a linked complaint it is about the open one`() throws {
        var fixture = try RoutingFixture()
        let out = try fixture.routing.send(order(to: "s1-clerk"), at: "2026-11-02T15:00:00+08:00")
        #expect(out.waitsFor == RoutedCase.key(CaseFixture.caseId()))
        try fixture.open(CaseFixture.complaint())
        let linked = order(to: "s1-clerk", caseId: CaseFixture.caseId("C2"))
        let early = try fixture.routing.send(linked, at: "2026-11-02T15:00:00+08:00")
        #expect(early.waitsFor == RoutedCase.key(CaseFixture.caseId("C2")))
        let second = try CaseFixture.complaint("C2", at: "2026-11-02T16:00:00+08:00")
        let link = try fixture.routing.send(CaseFixture.linked(second), at: second.receivedAt)
        #expect(link.known.contains(RoutedCase.key(CaseFixture.caseId("C2"))))
        let now = try fixture.routing.send(linked, at: "2026-11-02T15:00:00+08:00")
        #expect(now.outputs.announced(CaseAssigned.self).map(\.caseId) == [CaseFixture.caseId()])
    }

    @Test func `with R48 switched off R51 still says who may; without R51 nothing happens`() throws {
        var fixture = try opened(CaseFixture.policy(off: [.r48]))
        let other = Person(id: "s2-manager", tier: "store", storeId: "S2")
        let time = "2026-11-02T15:00:00+08:00"
        #expect(try fixture.routing.send(order(to: "s1-clerk", by: other), at: time).rejection?.reason == "wrong-place")
        fixture = try opened(CaseFixture.policy(off: [.r51]))
        let off = try fixture.routing.send(order(to: "s1-clerk"), at: time)
        #expect(off.rejection == nil && off.outputs.isEmpty)
        #expect(fixture.record?.owner == "s1-supervisor")
    }

    @Test func `of a case that an old release has assigned routing judges the resolutions from then on`() throws {
        var fixture = try opened()
        let key = RoutedCase.key(CaseFixture.caseId())
        var old = try JSON(parsing: JSONEncoding.bytes(of: try #require(fixture.record)))
        old = .object((old.members ?? []).filter { $0.name != "holdings" })
        fixture.routing.put(LiveRecord(value: try JSONDecoding.decode(RoutedCase.self, from: old), version: 1), key)
        _ = try fixture.routing.send(order(to: "s1-clerk"), at: "2026-11-02T15:00:00+08:00")
        let out = try fixture.resolve(at: "2026-11-02T16:00:00+08:00")
        #expect(out.announced == ["case.resolution-accepted"])
    }
}
