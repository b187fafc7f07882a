import Schema
import Testing

@testable import Policy
@testable import Stages

/// Violations that nobody typed: of cases that close at the fault of an outlet, and of calls (R45).
struct PenaltyDerivedTests {
    private static let closedAt = "2026-11-05T09:00:00+08:00"

    static func closed(
        _ caseId: String = "C1", liability: CaseResolved.Liability = .outlet, outlet: String? = "O1",
        party: String? = nil, received: String? = "2026-11-02T09:00:00+08:00", hazards: [String]? = nil,
        closing: Int = 1, by: String? = "inspector", at time: String = closedAt
    ) throws -> CaseClosed {
        CaseClosed(
            caseId: caseId, complaintId: "CP-\(caseId)", closedAt: try instant(time), closing: closing,
            customer: Customer(name: "n", phone: "13800000000"),
            product: Product(category: "fridge", brand: "b", purchasedHere: true), storeId: "S1", outletId: outlet,
            liability: liability, tier: .store, liableParty: party,
            receivedAt: try received.map { try instant($0) }, hazards: hazards, by: by)
    }

    @Test func `A case that closes with liability outlet is a violation of that outlet that nobody has verified`()
        throws
    {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        let outcome = try harness.send(
            Self.closed(hazards: ["media"]), at: Self.closedAt, source: "recourse/handling")
        let recorded = try #require(outcome.all(ViolationRecorded.self).first)
        #expect(outcome.types == ["violation.recorded"])
        #expect(recorded.violationId == "C1" && recorded.outletId == "O1" && recorded.caseId == "C1")
        #expect(recorded.verified == false && recorded.derived == true && recorded.category == "complaint")
        #expect(recorded.occurredAt == (try instant("2026-11-02T09:00:00+08:00")) && recorded.recordedBy == nil)
        #expect(outcome.outputs.first?.because.rule == "R45")
        #expect(harness.record(Dossier.self, "O1")?.violations.map(\.hazards) == [["media"]])
        let verified = try harness.verify("C1", at: "2026-11-05T10:00:00+08:00", by: PenaltyFixture.auditor)
        #expect(verified.all(ViolationRecorded.self).map(\.upheld) == [true])
    }

    @Test(
        arguments: [
            ("O2", "O1", "O2"), ("O9", "O1", "O1"), ("the fitter", "O1", "O1"), (nil, "O1", "O1"), ("O2", nil, "O2"),
            (nil, "O9", "O9"), ("O9", nil, nil), (nil, nil, nil),
        ] as [(String?, String?, String?)])
    func `The party is the one that the resolution names, if it is a listed outlet, else the complaint's`(
        party: String?, outlet: String?, liable: String?
    ) throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1", "O2"])
        let outcome = try harness.send(Self.closed(outlet: outlet, party: party), at: Self.closedAt)
        #expect(outcome.rejection == nil)
        #expect(outcome.all(ViolationRecorded.self).map(\.outletId) == (liable.map { [$0] } ?? []))
    }

    @Test(arguments: [CaseResolved.Liability.manufacturer, .ownPost, .customer, .nobody])
    func `Another liability makes no violation`(liability: CaseResolved.Liability) throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        #expect(try harness.send(Self.closed(liability: liability), at: Self.closedAt).outputs.isEmpty)
    }

    @Test func `The first such closing counts, a later one changes nothing, whatever it says`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1", "O2"])
        _ = try harness.send(Self.closed(liability: .ownPost), at: Self.closedAt)
        _ = try harness.send(Self.closed(closing: 2), at: "2026-11-06T09:00:00+08:00")
        let third = try harness.send(
            Self.closed(party: "O2", hazards: ["fire"], closing: 3), at: "2026-11-07T09:00:00+08:00")
        #expect(third.rejection == nil && third.outputs.isEmpty)
        #expect(harness.record(Dossier.self, "O1")?.violations.map(\.id) == ["C1"])
        #expect(harness.record(Dossier.self, "O2")?.violations.isEmpty == true)
    }

    @Test func `Who resolved the case does not verify it`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        _ = try harness.send(Self.closed(by: PenaltyFixture.inspector.id), at: Self.closedAt)
        let own = try harness.verify("C1", at: "2026-11-05T10:00:00+08:00", by: PenaltyFixture.inspector)
        #expect(own.rejection?.reason == "own-report")
    }

    @Test func `An id that somebody has given to a report is taken`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        try harness.report("C1", at: "2026-11-03T09:00:00+08:00")
        #expect(try harness.send(Self.closed(), at: Self.closedAt).rejection?.reason == "id-taken")
    }

    @Test func `Of a closing that an older release tells, the violation occurred when the case closed`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        let outcome = try harness.send(Self.closed(received: nil, by: nil), at: Self.closedAt)
        #expect(outcome.all(ViolationRecorded.self).map(\.occurredAt) == [try instant(Self.closedAt)])
    }

    private func dissatisfied(_ callbackId: String = "CB1") -> CallbackDissatisfied {
        CallbackDissatisfied(
            callbackId: callbackId, about: .service("SV1"), serviceId: "SV1", atFault: .outlet, outletId: "O1",
            customer: Customer(name: "n", phone: "1"), by: "inspector")
    }

    @Test func `A call about a service bears the case that intake makes of it, and both are one matter`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        let caseId = Identifiers.caseId(source: "recourse/callback", complaintId: "CB1")
        let called = try harness.send(
            dissatisfied(), at: "2026-11-03T09:00:00+08:00", source: "recourse/callback")
        let recorded = try #require(called.all(ViolationRecorded.self).first)
        #expect(recorded.caseId == caseId && recorded.serviceId == "SV1" && recorded.derived == true)
        #expect(recorded.group == "CB1")
        let closed = try harness.send(Self.closed(caseId), at: Self.closedAt)
        #expect(closed.all(ViolationRecorded.self).map(\.violationId) == [caseId])
        try harness.report("V1", at: "2026-11-06T09:00:00+08:00", caseId: "C9")
        for id in ["CB1", caseId, "V1"] {
            try harness.verify(id, at: "2026-11-06T10:00:00+08:00", by: PenaltyFixture.auditor)
        }
        let proposals = try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self)
        #expect(proposals.map(\.count) == [2] && proposals.first?.violationIds == [caseId, "V1"])
    }

    @Test func `It joins what was reported about the case, whatever the category, and has no say in when it was`()
        throws
    {
        var harness = try PenaltyFixture.harness(outlets: ["O1"], clock: "2026-10-01T00:00:00+08:00")
        try harness.report("V1", at: "2026-11-03T09:00:00+08:00", caseId: "C1")
        _ = try harness.send(Self.closed(received: "2026-10-30T09:00:00+08:00"), at: Self.closedAt)
        let outcome = try harness.verify("C1", at: "2026-11-05T10:00:00+08:00", by: PenaltyFixture.auditor)
        #expect(outcome.all(ViolationRecorded.self).map(\.group) == ["V1"])
        let dossier = try #require(harness.record(Dossier.self, "O1"))
        let tally = Tally(dossier.violations, at: harness.clock, EvaluationCalendar(harness.runner.policy))
        #expect(tally.groups.map(\.violation.id) == ["C1"])
        #expect(tally.groups.map(\.month) == [Month(year: 2026, month: 11)])
    }

    @Test func `Switched off, a closing is no violation, and a call is a report as any other`() throws {
        var harness = try PenaltyFixture.harness(off: [.r45], outlets: ["O1"])
        #expect(try harness.send(Self.closed(), at: Self.closedAt).outputs.isEmpty)
        let called = try harness.send(dissatisfied(), at: Self.closedAt, source: "recourse/callback")
        let recorded = try #require(called.all(ViolationRecorded.self).first)
        #expect(recorded.caseId == nil && recorded.derived == nil)
    }
}
