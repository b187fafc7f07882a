import Policy
import Schema
import Testing

@testable import Stages

/// Routing alone judges resolutions: who may, by the place that held the case at the time of the resolution (R48).
@Suite struct RoutingResolutionTests {
    private var fixture: RoutingFixture

    init() throws {
        fixture = try RoutingFixture(CaseFixture.policy(off: [.r43]))
        try fixture.open(CaseFixture.complaint())
    }

    // MARK: What is accepted

    @Test mutating func `what is accepted is passed on whole, with who resolved it`() throws {
        let out = try fixture.routing.send(
            CaseResolved(
                caseId: CaseFixture.caseId(), by: RoutingFixture.regionPerson,
                resolvedAt: instant("2026-11-03T09:00:00+08:00"), solution: "New pump.", liability: .outlet,
                liableParty: "O1", documents: ["D1", "D2"]),
            at: "2026-11-03T09:30:00+08:00")
        #expect(
            out.outputs.announced(CaseResolutionAccepted.self) == [
                CaseResolutionAccepted(
                    caseId: CaseFixture.caseId(), complaintId: "C1", by: RoutingFixture.regionPerson,
                    resolvedAt: try instant("2026-11-03T09:00:00+08:00"), solution: "New pump.", liability: .outlet,
                    liableParty: "O1", documents: ["D1", "D2"], number: 1)
            ])
        let event = try #require(out.outputs.first)
        #expect(event.event.time == (try instant("2026-11-03T09:00:00+08:00")))
        #expect(event.because.rule == "R48" && event.because.facts == ["heldBy": "store", "by": "region"])
        #expect(event.event.sequence == 2)
    }

    @Test mutating func `what is refused stops no term and meets no duty`() throws {
        let out = try fixture.resolve(
            by: Person(id: "r2-one", tier: "region", regionId: "R2"), at: "2026-11-03T09:00:00+08:00")
        #expect(out.rejection?.reason == "wrong-place")
        #expect(out.types == ["business.rejected"])
        #expect(fixture.record?.state == .open)
        #expect(try fixture.wait(until: "2026-11-04T10:00:00+08:00").first?.hasPrefix("case.escalated") == true)
    }

    @Test mutating func `the place of the time of the resolution counts, whenever it arrives`() throws {
        _ = try fixture.requestEscalation(by: RoutingFixture.storeClerk, at: "2026-11-02T12:00:00+08:00")
        let after = try fixture.resolve(by: RoutingFixture.storeClerk, at: "2026-11-02T12:00:01+08:00")
        #expect(after.rejection?.reason == "wrong-tier", "the region holds the case")
        let before = try fixture.resolve(by: RoutingFixture.storeClerk, at: "2026-11-02T11:59:59+08:00")
        #expect(before.announced == ["case.resolution-accepted"])
        #expect(fixture.record?.state == .resolved && fixture.record?.termEnds == nil)
        #expect(fixture.record?.tier == .region)
        let fromEver = try fixture.resolve(by: RoutingFixture.storeClerk, at: "2026-11-01T09:00:00+08:00")
        #expect(fromEver.announced.first == "case.resolution-accepted", "the first place holds from ever")
    }

    @Test mutating func `the place is known whatever has moved the case`() throws {
        _ = try fixture.wait(until: "2026-11-08T00:00:00+08:00")
        let held = fixture.record?.holdings?.map { "\($0.tier.rawValue) \($0.handlerId) \($0.from)" }
        #expect(
            held == [
                "store S1 2026-11-02T10:00:00+08:00", "region R1 2026-11-04T10:00:00+08:00",
                "hq hq 2026-11-07T10:00:00+08:00",
            ])
        #expect(try fixture.resolve(by: RoutingFixture.regionPerson, at: "2026-11-07T09:00:00+08:00").rejection == nil)
        #expect(
            try fixture.resolve(by: RoutingFixture.regionPerson, at: "2026-11-07T10:00:01+08:00").rejection?.reason
                == "wrong-tier")
    }

    @Test mutating func `a resolution at the very end of a term is in time, found before the timer or behind it`()
        throws
    {
        var other = fixture
        let end = "2026-11-04T10:00:00+08:00"
        #expect(try other.resolve(at: end).announced == ["case.resolution-accepted"])
        #expect(other.record?.tier == .store)
        _ = try fixture.wait(until: "2026-11-04T11:00:00+08:00")
        let late = try fixture.resolve(at: end)
        #expect(late.announced == ["case.resolution-accepted"])
        #expect(fixture.record?.tier == .region && fixture.record?.termEnds == nil)
    }

    // MARK: Why a case is assigned

    @Test mutating func `an assignment says why`() throws {
        func reason(_ outputs: [OutgoingEvent]) -> CaseAssigned.Reason? {
            outputs.announced(CaseAssigned.self).first?.reason
        }
        var other = try RoutingFixture()
        #expect(reason(try other.open(CaseFixture.complaint())) == .opened)
        #expect(
            reason(
                try fixture.requestEscalation(by: RoutingFixture.storeClerk, at: "2026-11-02T12:00:00+08:00").outputs)
                == .escalated)
        try fixture.close(at: "2026-11-02T13:00:00+08:00")
        #expect(reason(try fixture.reopen(tier: .region, at: "2026-11-02T14:00:00+08:00")) == .reopened)
    }

    // MARK: Closed cases

    @Test mutating func `a resolution of a closed case waits for the reopening, and in vain is refused`() throws {
        try fixture.close(at: "2026-11-02T12:00:00+08:00")
        let out = try fixture.resolve(at: "2026-11-02T11:00:00+08:00")
        guard case .waits(let key, let rejection) = out.verdict else {
            Issue.record("expected to wait, found \(out.verdict)")
            return
        }
        #expect(key == RecordKey(kind: "reopening", id: CaseFixture.caseId()))
        #expect(rejection == Rejection("case-closed", ["closedAt": "2026-11-02T12:00:00+08:00"]))
        #expect(fixture.record?.duties.isEmpty == true)
        let reopened = try fixture.routing.send(
            CaseFixture.reopened(tier: .store), at: "2026-11-03T10:00:00+08:00")
        #expect(reopened.known == [key])
    }

    @Test mutating func `one that is older than the reopening has no case to resolve, a later one has`() throws {
        try fixture.close(at: "2026-11-02T12:00:00+08:00")
        _ = try fixture.reopen(tier: .store, at: "2026-11-03T10:00:00+08:00")
        let older = try fixture.resolve(at: "2026-11-03T09:59:59+08:00")
        #expect(older.rejection == Rejection("case-closed", ["reopenedAt": "2026-11-03T10:00:00+08:00"]))
        #expect(try fixture.resolve(at: "2026-11-03T10:00:00+08:00").announced == ["case.resolution-accepted"])
        #expect(fixture.record?.state == .resolved)
    }

    @Test mutating func `one that came before closing and reopening were known resolves the reopened case`()
        throws
    {
        _ = try fixture.resolve(at: "2026-11-02T12:00:00+08:00")
        _ = try fixture.resolve(by: RoutingFixture.regionPerson, at: "2026-11-04T12:00:00+08:00")
        _ = try fixture.resolve(at: "2026-11-04T13:00:00+08:00")
        try fixture.close(at: "2026-11-02T12:00:00+08:00")
        let out = try fixture.reopen(tier: .region, at: "2026-11-03T10:00:00+08:00")
        #expect(out.announced == ["case.assigned", "case.resolution-accepted"], "the store may no longer")
        #expect(out.announced(CaseAssigned.self).map(\.resolvedAt) == [try instant("2026-11-04T12:00:00+08:00")])
        let again = try #require(out.last)
        #expect((again.event.data as? CaseResolutionAccepted)?.by == RoutingFixture.regionPerson)
        #expect(again.event.time == (try instant("2026-11-04T12:00:00+08:00")))
        #expect((again.event.data as? CaseResolutionAccepted)?.number == 4)
        #expect(fixture.record?.state == .resolved)
        #expect(try fixture.wait(until: "2026-11-20T00:00:00+08:00").allSatisfy { $0.hasPrefix("customer.inform") })
    }

    @Test mutating func `an escalation makes such a resolution void too`() throws {
        _ = try fixture.resolve(at: "2026-11-02T12:00:00+08:00")
        _ = try fixture.resolve(at: "2026-11-04T12:00:00+08:00")
        _ = try fixture.link(fire("C2", at: "2026-11-04T13:00:00+08:00"))
        try fixture.close(at: "2026-11-02T12:00:00+08:00")
        let out = try fixture.reopen(tier: .hq, at: "2026-11-03T10:00:00+08:00")
        #expect(out.announced == ["case.assigned"])
        #expect(out.announced(CaseAssigned.self).allSatisfy { $0.resolvedAt == nil })
        #expect(fixture.record?.state == .open)
    }

    @Test mutating func `accepted after an escalation, it resolves a case that had closed and been reopened before`()
        throws
    {
        _ = try fixture.resolve(at: "2026-11-02T12:00:00+08:00")
        _ = try fixture.link(fire("C2", at: "2026-11-02T20:00:00+08:00"))
        _ = try fixture.resolve(by: RoutingFixture.hqPerson, at: "2026-11-03T01:00:00+08:00")
        // Handling has heard of all this only now.
        try fixture.close(at: "2026-11-02T12:00:00+08:00")
        let out = try fixture.reopen(tier: .hq, at: "2026-11-02T20:00:00+08:00")
        #expect(out.announced == ["case.assigned", "case.resolution-accepted"])
        #expect(out.announced(CaseAssigned.self).map(\.resolvedAt) == [try instant("2026-11-03T01:00:00+08:00")])
        #expect(fixture.record?.state == .resolved && fixture.record?.termEnds == nil)
    }

    @Test mutating func `a complaint of before the resolution, told after the closing, reopens nothing for long`()
        throws
    {
        _ = try fixture.resolve(at: "2026-11-02T12:00:00+08:00")
        try fixture.close(at: "2026-11-02T12:00:00+08:00")
        let out = try fixture.reopen(tier: .store, at: "2026-11-02T11:00:00+08:00")
        #expect(out.announced == ["case.assigned", "case.resolution-accepted"])
        #expect(fixture.record?.state == .resolved)
    }

    @Test mutating func `only what may need them again loads the resolutions that are kept`() throws {
        let key = KeptResolutions.key(CaseFixture.caseId())
        func keys(_ data: any EventData) -> [RecordKey] {
            let event = Event(id: "probe", source: "upstream", time: Instant(seconds: 0), data: data)
            return fixture.routing.runner.keys(for: .event(event), in: fixture.routing.set).all
        }
        let linked = CaseFixture.linked(try fire("C2", at: "2026-11-02T13:00:00+08:00"))
        #expect(!keys(linked).contains(key))
        _ = try fixture.resolve(at: "2026-11-02T12:00:00+08:00")
        #expect(keys(linked).contains(key))
        #expect(keys(CaseFixture.reopened(tier: .store)).contains(key))
        #expect(!keys(CaseAccepted(caseId: CaseFixture.caseId(), by: RoutingFixture.hqPerson)).contains(key))
        let closed = try CaseFixture.closed(at: "2026-11-02T12:00:00+08:00", tier: .store)
        #expect(!keys(closed).contains(key))
        _ = try fixture.link(fire("C2", at: "2026-11-02T13:00:00+08:00"))
        let kept = fixture.routing.record(KeptResolutions.self, CaseFixture.caseId())
        #expect(kept?.kept.isEmpty == true, "void, they are forgotten")
    }

    // MARK: At headquarters

    private func fire(_ id: String, at time: String, _ hazard: String = "fire") throws -> ComplaintReceived {
        try CaseFixture.complaint(id, at: time, hazards: [hazard])
    }

    @Test mutating func `what is new to the case makes a resolution void, what it has heard already does not`() throws {
        _ = try fixture.link(fire("C2", at: "2026-11-03T10:00:00+08:00"))
        _ = try fixture.resolve(by: RoutingFixture.hqPerson, at: "2026-11-03T12:00:00+08:00")
        #expect(try fixture.link(fire("C3", at: "2026-11-03T13:00:00+08:00")).announced == ["crisis.alerted"])
        #expect(fixture.record?.state == .resolved)
        let out = try fixture.link(fire("C4", at: "2026-11-03T14:00:00+08:00", "injury"))
        #expect(out.announced == ["case.assigned", "crisis.alerted"])
        #expect(out.announced(CaseAssigned.self).first?.reason == .escalated)
        #expect(out.announced(CaseAssigned.self).first?.dueAt == (try instant("2026-11-08T14:00:00+08:00")))
        #expect(fixture.record?.state == .open)
    }

    @Test mutating func `a complaint of before the resolution that is told after it makes it void, for good`() throws {
        _ = try fixture.resolve(by: RoutingFixture.hqPerson, at: "2026-11-03T12:00:00+08:00")
        let out = try fixture.link(fire("C2", at: "2026-11-03T11:00:00+08:00"))
        #expect(out.announced.sorted().prefix(2) == ["case.assigned", "case.escalated"])
        #expect(out.announced(CaseAssigned.self).map(\.resolvedAt) == [nil])
        #expect(fixture.record?.state == .open && fixture.record?.termEnds != nil)
        // Handling had closed on it: that reopening is of the complaint's time, and finds nothing.
        let reopened = CaseReopened(caseId: CaseFixture.caseId(), complaintId: "C1", tier: .hq, closing: 1)
        _ = try fixture.routing.send(reopened, at: "2026-11-03T11:00:00+08:00")
        #expect(fixture.record?.state == .open)
    }

    @Test mutating func `without a resolution the running term stays`() throws {
        _ = try fixture.link(fire("C2", at: "2026-11-03T10:00:00+08:00"))
        let term = fixture.record?.termEnds
        #expect(try fixture.link(fire("C3", at: "2026-11-03T13:00:00+08:00", "injury")).announced == ["crisis.alerted"])
        #expect(fixture.record?.termEnds == term && term != nil)
    }

    // MARK: Linked complaints

    @Test mutating func `who names a case by a complaint that was linked to it means the open case`() throws {
        let linked = try CaseFixture.complaint("C2", at: "2026-11-03T10:00:00+08:00")
        let accepted = CaseAccepted(caseId: CaseFixture.caseId("C2"), by: RoutingFixture.hqPerson)
        guard case .unknownReference = try fixture.routing.send(accepted, at: "2026-11-03T09:00:00+08:00").verdict
        else {
            Issue.record("nobody knows yet what it is about")
            return
        }
        let link = try fixture.routing.send(CaseFixture.linked(linked), at: linked.receivedAt)
        #expect(link.known.contains(RoutedCase.key(CaseFixture.caseId("C2"))), "what waits for it may come now")
        _ = try fixture.routing.send(accepted, at: "2026-11-03T10:30:00+08:00")
        #expect(fixture.record?.acceptances == [try instant("2026-11-03T10:30:00+08:00")])
        let resolved = CaseResolved(
            caseId: CaseFixture.caseId("C2"), by: RoutingFixture.storeClerk,
            resolvedAt: try instant("2026-11-03T11:00:00+08:00"), solution: "New pump.", liability: .nobody,
            documents: [])
        let out = try fixture.routing.send(resolved, at: "2026-11-03T11:00:00+08:00")
        #expect(out.outputs.announced(CaseResolutionAccepted.self).map(\.caseId) == [CaseFixture.caseId()])
        #expect(out.outputs.first?.event.sequence == fixture.routing.set[RoutedCase.key(CaseFixture.caseId())]?.version)
    }

    // MARK: Cases that releases before 0.2 have assigned

    /// The case as 0.1 leaves it.
    private mutating func makeOld() throws {
        var json = try JSONEncoding.tree(of: #require(fixture.record))
        json = .object((json.members ?? []).filter { $0.name != "holdings" })
        let old = try JSONDecoding.decode(RoutedCase.self, from: json)
        fixture.routing.put(LiveRecord(value: old, version: 1), RoutedCase.key(CaseFixture.caseId()))
    }

    @Test mutating func `once one that names a linked complaint was passed on, routing judges all that follow`() throws
    {
        try makeOld()
        _ = try fixture.link(CaseFixture.complaint("C2", at: "2026-11-02T11:00:00+08:00"))
        func resolved(_ id: String, _ time: String) throws -> CaseResolved {
            CaseResolved(
                caseId: CaseFixture.caseId(id), by: RoutingFixture.storeClerk, resolvedAt: try instant(time),
                solution: "New pump.", liability: .nobody, documents: [])
        }
        for (id, time) in [("C2", "2026-11-02T12:00:00+08:00"), ("C1", "2026-11-02T13:00:00+08:00")] {
            #expect(
                try fixture.routing.send(resolved(id, time), at: time).announced == ["case.resolution-accepted"])
        }
    }

    @Test mutating func `of a case that is closed one of a later time waits to be judged after the reopening`() throws {
        try makeOld()
        try fixture.close(at: "2026-11-02T12:00:00+08:00")
        let out = try fixture.resolve(at: "2026-11-03T12:00:00+08:00")
        guard case .waits(let key, _) = out.verdict else {
            Issue.record("expected to wait, found \(out.verdict)")
            return
        }
        let reopened = try fixture.routing.send(CaseFixture.reopened(tier: .store), at: "2026-11-03T10:00:00+08:00")
        #expect(reopened.known == [key])
        #expect(try fixture.resolve(at: "2026-11-03T12:00:00+08:00").announced == ["case.resolution-accepted"])
    }

    @Test mutating func `a case that was assigned without a reason is judged by handling, until it is assigned anew`()
        throws
    {
        try makeOld()
        let other = Person(id: "r2-one", tier: "region", regionId: "R2")
        #expect(try fixture.resolve(by: other, at: "2026-11-03T09:00:00+08:00").announced == [])
        #expect(fixture.record?.state == .resolved)
        _ = try fixture.link(fire("C2", at: "2026-11-03T10:00:00+08:00"))
        #expect(fixture.record?.holdings?.map(\.tier) == [.store, .hq])
        #expect(
            try fixture.resolve(by: RoutingFixture.hqPerson, at: "2026-11-03T11:00:00+08:00").announced
                == ["case.resolution-accepted"])
    }
}
