import Policy
import Schema
import Testing

@testable import Stages

/// Reports and verifications of violations (R11).
struct PenaltyViolationTests {
    @Test func `A violation is announced at its report and again at its verification`() throws {
        var harness = try PenaltyFixture.harness()
        let reported = try harness.report("V1", at: "2026-11-03T09:00:00+08:00", caseId: "C1")
        let first = try #require(reported.all(ViolationRecorded.self).first)
        #expect(reported.types == ["violation.recorded"])
        #expect(first.verified == false && first.upheld == nil && first.outletId == "O1" && first.caseId == "C1")
        let verified = try harness.verify("V1", at: "2026-11-03T10:00:00+08:00", upheld: false)
        let second = try #require(verified.all(ViolationRecorded.self).first)
        #expect(second.verified && second.upheld == false)
    }

    @Test func `Nobody verifies his own report`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.report("V1", at: "2026-11-03T09:00:00+08:00", by: PenaltyFixture.auditor)
        let own = try harness.verify("V1", at: "2026-11-03T10:00:00+08:00", by: PenaltyFixture.auditor)
        #expect(own.rejection?.reason == "own-report")
        #expect(try harness.verify("V1", at: "2026-11-03T10:01:00+08:00").types == ["violation.recorded"])
    }

    @Test func `A violation is verified once`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.report("V1", at: "2026-11-03T09:00:00+08:00")
        try harness.verify("V1", at: "2026-11-03T10:00:00+08:00")
        let again = try harness.verify("V1", at: "2026-11-03T11:00:00+08:00", upheld: false)
        #expect(again.rejection?.reason == "already-verified")
    }

    @Test func `The verification of a violation that is not known yet waits for it`() throws {
        var harness = try PenaltyFixture.harness()
        let outcome = try harness.verify("V1", at: "2026-11-03T10:00:00+08:00")
        guard case .unknownReference = outcome.verdict else {
            Issue.record("expected an unknown reference, found \(outcome.verdict)")
            return
        }
    }

    @Test func `Who is not among the people of his place may neither report nor verify`() throws {
        var harness = try PenaltyFixture.harness()
        let reported = try harness.report("V1", at: "2026-11-03T09:00:00+08:00", by: PenaltyFixture.stranger)
        #expect(reported.rejection?.reason == "unknown-person")
        try harness.report("V2", at: "2026-11-03T09:00:00+08:00")
        let verified = try harness.verify("V2", at: "2026-11-03T10:00:00+08:00", by: PenaltyFixture.stranger)
        #expect(verified.rejection?.reason == "unknown-person")
    }

    @Test func `The same report again changes nothing; another one under its id is refused`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.report("V1", at: "2026-11-03T09:00:00+08:00")
        let again = try harness.report("V1", at: "2026-11-03T09:00:00+08:00")
        #expect(again.rejection == nil && again.outputs.isEmpty)
        let other = try harness.report("V1", outlet: "O2", at: "2026-11-03T09:00:00+08:00")
        #expect(other.rejection?.reason == "id-taken")
    }

    private func dissatisfied(
        _ fault: CallbackCompleted.AtFault?, outlet: String?, by: String? = nil
    ) -> CallbackDissatisfied {
        CallbackDissatisfied(
            callbackId: "CB1", about: .service("SV1"), serviceId: "SV1", atFault: fault, outletId: outlet,
            customer: Customer(name: "n", phone: "1"), comments: "c", by: by)
    }

    @Test func `Nobody verifies what came of his own call`() throws {
        var harness = try PenaltyFixture.harness()
        _ = try harness.send(
            dissatisfied(.outlet, outlet: "O1", by: PenaltyFixture.inspector.id), at: "2026-11-03T09:00:00+08:00",
            source: "recourse/callback")
        let own = try harness.verify("CB1", at: "2026-11-03T10:00:00+08:00", by: PenaltyFixture.inspector)
        #expect(own.rejection == Rejection("own-report", ["by": .string(PenaltyFixture.inspector.id)]))
        #expect(try harness.verify("CB1", at: "2026-11-03T10:00:00+08:00", by: PenaltyFixture.auditor).rejection == nil)
    }

    @Test
    func `Of a call that an earlier release told of nobody knows who made it: anybody of headquarters may verify`()
        throws
    {
        var harness = try PenaltyFixture.harness()
        let outcome = try harness.send(
            dissatisfied(.outlet, outlet: "O1"), at: "2026-11-03T09:00:00+08:00", source: "recourse/callback")
        let recorded = try #require(outcome.all(ViolationRecorded.self).first)
        #expect(recorded.violationId == "CB1" && recorded.verified == false)
        #expect(recorded.category == "callback-dissatisfied" && recorded.recordedBy == .callback)
        #expect(try harness.verify("CB1", at: "2026-11-03T10:00:00+08:00", by: PenaltyFixture.auditor).rejection == nil)
    }

    @Test(
        arguments: [
            (CallbackCompleted.AtFault.manufacturer, "O1"), (.ownPost, "O1"), (.nobody, "O1"), (.outlet, nil),
        ] as [(CallbackCompleted.AtFault, String?)])
    func `A dissatisfied callback without an outlet at fault is no violation`(
        fault: CallbackCompleted.AtFault, outlet: String?
    ) throws {
        var harness = try PenaltyFixture.harness()
        let outcome = try harness.send(dissatisfied(fault, outlet: outlet), at: "2026-11-03T09:00:00+08:00")
        #expect(outcome.all(ViolationRecorded.self).isEmpty)
    }

    @Test func `Neither customer nor free text is kept`() throws {
        var harness = try PenaltyFixture.harness()
        let report = ViolationReported(
            violationId: "V1", outletId: "O1", occurredAt: try instant("2026-11-03T09:00:00+08:00"),
            category: "late-visit", recordedBy: .hotline, by: PenaltyFixture.clerk, description: "secret words")
        _ = try harness.send(report, at: "2026-11-03T09:00:00+08:00")
        let dossier = try #require(harness.record(Dossier.self, "O1"))
        let body = String(decoding: try JSONEncoding.bytes(of: dossier), as: UTF8.self)
        #expect(!body.contains("secret"))
    }
}
