import Policy
import Schema
import Testing

@testable import Stages

/// What a rule refuses: `business.rejected` with the figures that were compared, and nothing else changes.
struct RejectionTests {
    struct Refused: Sendable, CustomTestStringConvertible {
        let name: String
        let reason: String
        let figures: JSON
        let scene: @Sendable () throws -> (StageHarness, any EventData)

        var testDescription: String { name }
    }

    private func records(_ harness: StageHarness) throws -> [String] {
        try harness.set.records.sorted { $0.key < $1.key }.map { key, record in
            let body = String(decoding: try JSONEncoding.bytes(of: record.value), as: UTF8.self)
            return "\(key) \(record.version) \(body)"
        }
    }

    @Test(arguments: fund + outlets)
    func `what a rule refuses is told with its figures and changes nothing`(refused: Refused) throws {
        var (harness, event) = try refused.scene()
        let before = try records(harness)
        let outcome = try harness.send(event, at: harness.clock)
        #expect(outcome.types == ["business.rejected"])
        let told = try #require(outcome.all(BusinessRejected.self).first)
        #expect(told.reason == refused.reason)
        #expect(told.figures == refused.figures)
        #expect(try records(harness) == before)
    }

    // MARK: The fund

    private static func fund(
        _ name: String, _ reason: String, _ figures: JSON, _ event: any EventData,
        authority: AuthorityPolicy = AuthorityPolicy(),
        _ prepare: @escaping @Sendable (inout FundFixtures) throws -> Void
    ) -> Refused {
        Refused(name: name, reason: reason, figures: figures) {
            var fixture = try FundFixtures(CaseFixtures.policy(authority: authority))
            _ = try fixture.request(40_000)
            try prepare(&fixture)
            return (fixture.harness, event)
        }
    }

    @Sendable private static func approve(_ fixture: inout FundFixtures) throws {
        _ = try fixture.report()
        _ = try fixture.propose()
        _ = try fixture.approve()
    }

    private static let fund = [
        fund(
            "recovery above what was disbursed", "exceeds-disbursed",
            ["disbursedFen": 40_000, "recoveredFen": 30_000, "writtenOffFen": 0, "amountFen": 10_001],
            RecoveryBooked(requestId: "Q1", amountFen: 10_001, by: CaseFixtures.officer)
        ) { _ = try $0.recover(30_000) },
        fund(
            "a write-off above what is left", "exceeds-disbursed",
            ["disbursedFen": 40_000, "recoveredFen": 30_000, "writtenOffFen": 0, "amountFen": 10_001],
            WriteOffApproved(requestId: "Q1", by: CaseFixtures.treasurer, approved: true)
        ) {
            try approve(&$0)
            _ = try $0.recover(30_000)
            _ = try $0.send(
                WriteOffProposed(requestId: "Q1", amountFen: 10_001, by: CaseFixtures.officer, reason: "r"), 7)
        },
        fund(
            "an approver who proposed the write-off", "own-decision", ["of": "write-off"],
            WriteOffApproved(requestId: "Q1", by: CaseFixtures.officer, approved: true),
            authority: AuthorityPolicy([.approveWriteOff: [.hq]])
        ) {
            try approve(&$0)
            _ = try $0.send(
                WriteOffProposed(requestId: "Q1", amountFen: 1, by: CaseFixtures.officer, reason: "r"), 7)
        },
        fund(
            "an approver who gave the opinion", "own-decision", ["of": "opinion"],
            LiabilityApproved(requestId: "Q1", by: CaseFixtures.officer, approved: true)
        ) {
            _ = try $0.report()
            _ = try $0.propose()
        },
        fund(
            "a decision by who requested it", "own-decision", ["of": "request"],
            CompensationDecided(requestId: "Q2", approved: true, by: CaseFixtures.officer)
        ) { _ = try $0.request(40_000, id: "Q2", by: CaseFixtures.officer) },
        fund(
            "a decision on what was not referred", "not-referred", ["state": "disbursed"],
            CompensationDecided(requestId: "Q1", approved: true, by: CaseFixtures.officer)
        ) { _ in },
        fund(
            "a step before its turn", "out-of-order", ["step": "approval", "owed": "report"],
            LiabilityApproved(requestId: "Q1", by: CaseFixtures.director, approved: true)
        ) { _ in },
    ]

    // MARK: Outlets

    private static func outlets(
        _ name: String, _ reason: String, _ figures: JSON, outlets: [String] = [],
        _ scene: @escaping @Sendable (inout StageHarness) throws -> any EventData
    ) -> Refused {
        Refused(name: name, reason: reason, figures: figures) {
            var harness = try PenaltyFixture.harness(stores: ["S1"], outlets: outlets)
            let event = try scene(&harness)
            return (harness, event)
        }
    }

    /// What the evaluation of Tuesday, 10 November 2026, proposes.
    private static func proposal(_ harness: inout StageHarness) throws -> PenaltyProposed {
        try #require(try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self).first)
    }

    private static let warning = Identifiers.proposalId(
        outletId: "O1", ladder: "monthly", period: "2026-11", rung: "warning", count: 2)
    private static let rectification = Identifiers.noticeId(
        proposalId: Identifiers.proposalId(
            outletId: "O1", ladder: "monthly", period: "2026-11", rung: "rectification", count: 3))

    @Sendable private static func violate(_ harness: inout StageHarness, _ count: Int) throws {
        try harness.violate(count, at: "2026-11-07T09:00:00+08:00", prefix: "V")
    }

    /// A replacement of the fourth quarter.
    @Sendable private static func propose(_ harness: inout StageHarness) throws {
        _ = try harness.uphold("A", at: ["03", "04", "05"].map { "2026-11-\($0)T09:00:00+08:00" })
    }

    private static func appeal(_ harness: inout StageHarness, by person: Person = PenaltyFixture.clerk) throws {
        try violate(&harness, 3)
        try harness.decide(try proposal(&harness).proposalId, at: "2026-11-11T09:00:00+08:00")
        _ = try harness.send(
            AppealLodged(noticeId: rectification, by: person, grounds: "g"),
            at: "2026-11-12T09:00:00+08:00")
    }

    private static let outlets = [
        outlets("a verification by the reporter", "own-report", ["by": "inspector"]) {
            try $0.report("V1", at: "2026-11-07T09:00:00+08:00", by: PenaltyFixture.inspector)
            return ViolationVerified(violationId: "V1", upheld: true, by: PenaltyFixture.inspector)
        },
        outlets(
            "a decision on a superseded proposal", "superseded",
            [
                "by": .string(
                    Identifiers.proposalId(
                        outletId: "O1", ladder: "monthly", period: "2026-11", rung: "stop-dispatch", count: 5))
            ]
        ) {
            try violate(&$0, 2)
            _ = try proposal(&$0)
            try $0.violate(3, at: "2026-11-11T09:00:00+08:00", prefix: "W")
            _ = try $0.advance(to: "2026-11-17T18:00:00+08:00")
            return PenaltyDecided(proposalId: warning, approved: true, by: PenaltyFixture.director)
        },
        outlets("a decision on a decided proposal", "already-decided", ["state": "approved"]) {
            try violate(&$0, 2)
            try $0.decide(try proposal(&$0).proposalId, at: "2026-11-11T09:00:00+08:00")
            return PenaltyDecided(proposalId: warning, approved: false, by: PenaltyFixture.director)
        },
        outlets(
            "a decision by headquarters", "wrong-tier",
            ["act": "penalty.decided", "tier": "hq", "needed": ["business"]]
        ) {
            try violate(&$0, 2)
            _ = try proposal(&$0)
            return PenaltyDecided(proposalId: warning, approved: true, by: PenaltyFixture.inspector)
        },
        outlets("a review during an appeal", "under-appeal", ["noticeId": .string(rectification)]) {
            try appeal(&$0)
            return RectificationReviewed(noticeId: rectification, accepted: true, by: PenaltyFixture.inspector)
        },
        outlets("an appeal decided by who lodged it", "own-appeal", ["by": "director"]) {
            try appeal(&$0, by: PenaltyFixture.director)
            return AppealDecided(noticeId: rectification, penaltyStands: false, by: PenaltyFixture.director)
        },
        outlets("a week that does not exist", "no-such-week", ["week": "2026-W60"]) { _ in
            WeeklyReportSubmitted(storeId: "S1", week: "2026-W60", violationIds: [], by: PenaltyFixture.clerk)
        },
        outlets("a week that has not begun", "week-ahead", ["week": "2028-W01", "begins": "2028-01-03"]) { _ in
            WeeklyReportSubmitted(storeId: "S1", week: "2028-W01", violationIds: [], by: PenaltyFixture.clerk)
        },
        outlets("an evaluation of an unlisted outlet", "unlisted-outlet", ["outletId": "O9"], outlets: ["O1"]) { _ in
            OutletEvaluated(outletId: "O9", quarter: "2026-Q4", score: 70, by: PenaltyFixture.inspector)
        },
        outlets("a quarter that is more than a year away", "quarter-too-far", ["quarter": "2028-Q1"], outlets: ["O1"]) {
            _ in
            TrainingAssessed(outletId: "O1", quarter: "2028-Q1", assessed: 10, passed: 9, by: PenaltyFixture.inspector)
        },
        outlets("a report of an unlisted store", "unlisted-store", ["storeId": "S9"]) { _ in
            WeeklyReportSubmitted(
                storeId: "S9", week: "2026-W45", violationIds: [], by: Person(id: "x", tier: "store", storeId: "S9"))
        },
        outlets(
            "more passed than assessed", "passed-exceeds-assessed", ["assessed": 10, "passed": 11], outlets: ["O1"]
        ) { _ in
            TrainingAssessed(outletId: "O1", quarter: "2026-Q4", assessed: 10, passed: 11, by: PenaltyFixture.inspector)
        },
        outlets("a retest that nobody owes", "no-retest-due", ["quarter": "2026-Q4"], outlets: ["O1"]) { _ in
            TrainingAssessed(
                outletId: "O1", quarter: "2026-Q4", assessed: 10, passed: 9, retest: true, by: PenaltyFixture.inspector)
        },
        outlets("a decision on a decided replacement", "already-decided", ["state": "approved"]) {
            try propose(&$0)
            try $0.decideReplacement(at: "2026-11-06T09:00:00+08:00")
            return ReplacementDecided(
                proposalId: ManufacturerFixture.proposalId(), approved: false, by: PenaltyFixture.director)
        },
        outlets(
            "a replacement decided by headquarters", "wrong-tier",
            ["act": "replacement.decided", "tier": "hq", "needed": ["business"]]
        ) {
            try propose(&$0)
            return ReplacementDecided(
                proposalId: ManufacturerFixture.proposalId(), approved: true, by: PenaltyFixture.inspector)
        },
        outlets("another problem under a known id", "id-taken", ["id": "P1"]) {
            try $0.reportProblem("P1", at: "2026-11-05T09:00:00+08:00")
            return try ManufacturerFixture.problem("P1", .nonCooperation, at: "2026-11-05T09:00:00+08:00")
        },
        outlets(
            "an incident that was dismissed", "already-handled",
            ["incidentId": .string(Identifiers.incidentId(of: "P1"))]
        ) {
            try $0.reportProblem("P1", at: "2026-11-05T09:00:00+08:00")
            try $0.handleIncident("P1", at: "2026-11-06T09:00:00+08:00", upheld: false)
            return ManufacturerFixture.handled("P1", upheld: true)
        },
        outlets("an incident handled by who made the call", "own-decision", ["of": "call", "by": "inspector"]) {
            try $0.complain("CB1", at: "2026-11-05T09:00:00+08:00", by: PenaltyFixture.inspector.id)
            return ManufacturerFixture.handled("CB1")
        },
        outlets("a reinstatement without a hold", "no-hold", ["outletId": "O1", "status": "active"]) {
            try $0.report("V1", at: "2026-11-07T09:00:00+08:00")
            return OutletReinstated(outletId: "O1", by: PenaltyFixture.director, reason: "r")
        },
    ]

    // MARK: What is not refused

    @Test func `a violation of an outlet withdrawn for good is recorded and verified, and proposes nothing`() throws {
        var harness = try PenaltyFixture.harness()
        try Self.violate(&harness, 8)
        try harness.decide(try Self.proposal(&harness).proposalId, at: "2026-11-11T09:00:00+08:00")
        _ = try harness.advance(to: "2026-11-18T18:00:00+08:00")
        for index in 1...20 {
            let reported = try harness.report("W\(index)", at: "2026-11-19T09:00:00+08:00", caseId: "W\(index)")
            #expect(reported.types == ["violation.recorded"])
            #expect(try harness.verify("W\(index)", at: "2026-11-19T10:00:00+08:00").types == ["violation.recorded"])
        }
        #expect(try harness.advance(to: "2027-03-01T00:00:00+08:00").isEmpty)
        #expect(harness.record(Dossier.self, "O1")?.status == .withdrawn)
    }

    @Test func `a decision on a proposal that nobody knows is waited for`() throws {
        var harness = try PenaltyFixture.harness()
        let before = try records(harness)
        guard case .unknownReference(let what) = try harness.decide("P0", at: "2026-11-11T09:00:00+08:00").verdict
        else {
            Issue.record("expected an unknown reference")
            return
        }
        #expect(what == ProposalIndex.key("P0"))
        #expect(try records(harness) == before)
    }
}
