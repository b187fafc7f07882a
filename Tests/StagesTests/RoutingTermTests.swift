import Policy
import Schema
import Stages
import Testing

/// R03 and R23: how a case moves up. R43 is switched off here, so that only the terms are seen.
struct RoutingTermTests {
    var fixture: RoutingFixture

    init() throws {
        fixture = try RoutingFixture(CaseFixture.policy(off: [.r43]))
        try fixture.open(CaseFixture.complaint())
    }

    @Test mutating func `store two days, region three, headquarters five and then overdue once`() throws {
        #expect(try fixture.wait(until: "2026-11-04T09:59:59+08:00") == [])
        #expect(
            try fixture.wait(until: "2026-11-04T10:00:00+08:00")
                == ["case.escalated at 2026-11-04T10:00:00+08:00", "case.assigned at 2026-11-04T10:00:00+08:00"])
        #expect(fixture.record?.tier == .region)
        #expect(try fixture.wait(until: "2026-11-07T09:59:59+08:00") == [])
        #expect(
            try fixture.wait(until: "2026-11-07T10:00:00+08:00")
                == ["case.escalated at 2026-11-07T10:00:00+08:00", "case.assigned at 2026-11-07T10:00:00+08:00"])
        #expect(fixture.record?.tier == .hq)
        #expect(
            try fixture.wait(until: "2026-12-31T00:00:00+08:00") == ["case.overdue at 2026-11-12T10:00:00+08:00"])
    }

    @Test mutating func `an escalation names the tiers, and the new desk gets the customer`() throws {
        let out = try fixture.routing.advance(to: "2026-11-04T10:00:00+08:00")
        let escalated = try #require(out.announced(CaseEscalated.self).first)
        #expect(escalated.from == .store)
        #expect(escalated.to == .region)
        #expect(escalated.customer == nil)
        #expect(out.assignment == "region R1 r1-duty")
        #expect(out.announced(CaseAssigned.self).first?.dueAt == (try instant("2026-11-07T10:00:00+08:00")))
        #expect(out.desks == ["case.escalated to region.R1", "case.assigned to region.R1"])
        let desk = out.compactMap { $0.event.data as? CaseEscalated }.last
        #expect(desk?.customer?.phone == "13800000001")
        #expect(desk?.description == "It leaks.")
        #expect(out.first?.because.rule == "R03")
        #expect(out.first?.because.parameters == ["storeTermDays": 2])
    }

    @Test mutating func `overdue at headquarters names R03 and does not come again`() throws {
        let out = try fixture.routing.advance(to: "2026-12-31T00:00:00+08:00")
        #expect(out.announced(CaseOverdue.self).map { $0.rule } == [.R03])
    }

    @Test mutating func `a resolution at the very end of the term stops it`() throws {
        #expect(try fixture.resolve(at: "2026-11-04T10:00:00+08:00").announced == ["case.resolution-accepted"])
        #expect(
            try fixture.wait(until: "2026-12-31T00:00:00+08:00")
                == ["customer.inform-overdue at 2026-11-05T00:00:00+08:00"])
    }

    @Test mutating func `a resolution that comes after the timer is applied, late, and stops the next term`() throws {
        _ = try fixture.wait(until: "2026-11-04T11:00:00+08:00")
        let out = try fixture.resolve(at: "2026-11-04T09:00:00+08:00")
        #expect(out.isLate)
        #expect(out.announced == ["case.resolution-accepted"], "the store held the case at that time")
        #expect(fixture.record?.state == .resolved)
        #expect(fixture.record?.tier == .region)
    }

    @Test mutating func `a closed case does not move`() throws {
        try fixture.close(at: "2026-11-03T10:00:00+08:00")
        #expect(try fixture.wait(until: "2026-12-31T00:00:00+08:00") == [])
    }

    @Test(arguments: [Rule.r03, .r23]) func `switched off, a case stays where it is`(rule: Rule) throws {
        var fixture = try RoutingFixture(CaseFixture.policy(off: [.r43, rule]))
        let out = try fixture.open(CaseFixture.complaint())
        #expect(out.announced(CaseAssigned.self).first?.dueAt == (try instant("2026-11-04T10:00:00+08:00")))
        #expect(try fixture.wait(until: "2026-12-31T00:00:00+08:00") == [])
    }

    @Test func `a case that comes late runs through its past terms at once, each at its own time`() throws {
        var fixture = try RoutingFixture(CaseFixture.policy(off: [.r43]))
        _ = try fixture.wait(until: "2026-11-10T00:00:00+08:00")
        let out = try fixture.open(CaseFixture.complaint())
        #expect(
            out.announced == [
                "case.assigned", "case.escalated", "case.assigned", "case.escalated", "case.assigned",
            ])
        #expect(out.last?.event.time == (try instant("2026-11-07T10:00:00+08:00")))
    }

    // MARK: Escalation on request

    @Test mutating func `a handler of the tier that holds the case takes it up earlier`() throws {
        let out = try fixture.requestEscalation(by: RoutingFixture.storeClerk, at: "2026-11-02T12:00:00+08:00")
        #expect(out.announced == ["case.escalated", "case.assigned"])
        #expect(out.outputs.assignment == "region R1 r1-duty")
        #expect(
            out.outputs.announced(CaseAssigned.self).first?.dueAt == (try instant("2026-11-05T12:00:00+08:00")))
        let next = try fixture.requestEscalation(by: RoutingFixture.regionPerson, at: "2026-11-02T13:00:00+08:00")
        #expect(next.outputs.assignment == "hq hq hq-duty")
    }

    @Test mutating func `a person of another tier may not, nor headquarters itself`() throws {
        let wrong = try fixture.requestEscalation(by: RoutingFixture.regionPerson, at: "2026-11-02T12:00:00+08:00")
        #expect(wrong.rejection?.reason == "wrong-tier")
        #expect(wrong.types == ["business.rejected"])
        _ = try fixture.wait(until: "2026-11-07T10:00:00+08:00")
        let hq = try fixture.requestEscalation(by: RoutingFixture.hqPerson, at: "2026-11-07T12:00:00+08:00")
        #expect(hq.rejection?.reason == "highest-tier")
        let store = try fixture.requestEscalation(by: RoutingFixture.storeClerk, at: "2026-11-07T12:00:00+08:00")
        #expect(store.rejection?.reason == "wrong-tier")
    }

    @Test mutating func `who has lost the case meanwhile takes up nothing, however early he asked`() throws {
        _ = try fixture.requestEscalation(by: RoutingFixture.storeClerk, at: "2026-11-02T12:00:00+08:00")
        let late = try fixture.requestEscalation(by: RoutingFixture.storeClerk, at: "2026-11-02T11:00:00+08:00")
        #expect(late.rejection?.reason == "wrong-tier")
        let elsewhere = Person(id: "x", tier: "region", regionId: "R9")
        #expect(
            try fixture.requestEscalation(by: elsewhere, at: "2026-11-02T13:00:00+08:00").rejection?.reason
                == "wrong-place")
        #expect(fixture.record?.tier == .region)
    }

    @Test mutating func `what is resolved or closed is not taken up`() throws {
        _ = try fixture.resolve(at: "2026-11-02T12:00:00+08:00")
        let resolved = try fixture.requestEscalation(by: RoutingFixture.storeClerk, at: "2026-11-02T13:00:00+08:00")
        #expect(resolved.rejection?.reason == "case-resolved")
        try fixture.close(at: "2026-11-02T14:00:00+08:00")
        let closed = try fixture.requestEscalation(by: RoutingFixture.storeClerk, at: "2026-11-02T15:00:00+08:00")
        #expect(closed.rejection?.reason == "case-closed")
    }

    @Test mutating func `a person whom the organisation file does not know is refused, whatever he reports`() throws {
        let stranger = Person(id: "stranger", tier: "store", storeId: "S1")
        let time = "2026-11-02T12:00:00+08:00"
        let outcomes = try [
            fixture.requestEscalation(by: stranger, at: time), fixture.accept(by: stranger, at: time),
            fixture.contact(by: stranger, at: time), fixture.resolve(by: stranger, at: time),
        ]
        #expect(fixture.record?.contacts == [])
        #expect(outcomes.map { $0.rejection?.reason } == Array(repeating: "unknown-person", count: 4))
        #expect(outcomes.first?.rejection?.figures == ["person": "stranger", "tier": "store", "storeId": "S1"])
    }

    @Test func `an event about a case that routing does not know waits`() throws {
        var fixture = try RoutingFixture()
        let out = try fixture.accept(at: "2026-11-02T12:00:00+08:00")
        guard case .unknownReference(let what) = out.verdict else {
            Issue.record("expected an unknown reference, found \(out.verdict)")
            return
        }
        #expect(what == RoutedCase.key(CaseFixture.caseId()))
    }

    // MARK: Reopening

    @Test mutating func `reopening gives the case to the tier named, with a fresh term, and tells the desk`() throws {
        _ = try fixture.resolve(at: "2026-11-02T12:00:00+08:00")
        try fixture.close(at: "2026-11-02T12:00:00+08:00")
        _ = try fixture.wait(until: "2026-11-05T10:00:00+08:00")
        let out = try fixture.reopen(tier: .region, at: "2026-11-05T10:00:00+08:00")
        #expect(out.announced == ["case.assigned"])
        #expect(out.assignment == "region R1 r1-duty")
        #expect(out.announced(CaseAssigned.self).first?.dueAt == (try instant("2026-11-08T10:00:00+08:00")))
        #expect(out.desks == ["case.reopened to region.R1", "case.assigned to region.R1"])
        #expect(out.compactMap { $0.event.data as? CaseReopened }.first?.customer?.name == "Li")
        let because = try #require(out.first).because
        #expect(because.rule == "R03" && because.parameters == ["regionTermDays": 3])
        #expect(because.facts["lastTier"] == "store" && because.facts["major"] == false)
        #expect(
            try fixture.wait(until: "2026-11-08T10:00:00+08:00")
                == ["case.escalated at 2026-11-08T10:00:00+08:00", "case.assigned at 2026-11-08T10:00:00+08:00"])
    }

    @Test mutating func `a case only moves up, also when it is reopened`() throws {
        _ = try fixture.requestEscalation(by: RoutingFixture.storeClerk, at: "2026-11-02T12:00:00+08:00")
        try fixture.close(at: "2026-11-02T13:00:00+08:00")
        #expect(try fixture.reopen(tier: .store, at: "2026-11-02T14:00:00+08:00").assignment == "region R1 r1-duty")
    }

    @Test func `a closing that is older than a known reopening is ignored`() throws {
        let opened = try CaseFixture.complaint()
        let runner = StageRunner(stage: RoutingStage(), policy: try CaseFixture.policy(off: [.r43]))
        var set = WorkingSet()
        let key = RoutedCase.key(CaseFixture.caseId())
        set.note(key, nil)
        func send(_ data: any EventData, _ time: String, _ sequence: Int64) throws {
            let event = Event(
                id: "e\(sequence)", source: "recourse/handling", time: try instant(time), data: data,
                sequence: sequence)
            _ = try runner.run(.event(event), in: &set, clock: instant("2026-11-03T00:00:00+08:00"))
        }
        try send(CaseFixture.opened(opened), "2026-11-02T10:00:00+08:00", 1)
        try send(CaseFixture.reopened(tier: .region), "2026-11-02T13:00:00+08:00", 6)
        try send(CaseFixture.closed(at: "2026-11-02T12:00:00+08:00"), "2026-11-02T12:00:00+08:00", 5)
        let record = set[key]?.value as? RoutedCase
        #expect(record?.state == .open)
        try send(CaseFixture.closed(at: "2026-11-02T14:00:00+08:00"), "2026-11-02T14:00:00+08:00", 8)
        #expect((set[key]?.value as? RoutedCase)?.state == .closed)
    }
}
