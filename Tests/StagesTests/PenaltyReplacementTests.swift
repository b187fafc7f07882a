import Policy
import Schema
import Testing

@testable import Stages

/// The third upheld incident of a quarter: proposed, decided by the business division, demanded (R18).
struct PenaltyReplacementTests {
    private typealias Fixture = ManufacturerFixture

    private static let days = ["03", "04", "05"].map { "2026-11-\($0)T09:00:00+08:00" }
    /// When the third of `days` is handled; Thursday.
    private static let proposedAt = "2026-11-05T10:00:00+08:00"

    private func proposed(_ penalty: PenaltyPolicy = PenaltyPolicy()) throws -> StageHarness {
        var harness = try Fixture.harness(penalty: penalty)
        let outputs = try harness.uphold("A", at: Self.days)
        try #require(outputs.all(ManufacturerReplacementProposed.self).count == 1)
        return harness
    }

    private func ids(_ sources: String...) -> [String] { sources.map { Identifiers.incidentId(of: $0) } }

    private func proposals(_ outputs: [OutgoingEvent]) -> [ManufacturerReplacementProposed] {
        outputs.all(ManufacturerReplacementProposed.self)
    }

    // MARK: The count

    @Test func `The third upheld incident of a quarter proposes another provider, once`() throws {
        var harness = try Fixture.harness()
        let first = try harness.uphold("A", at: Array(Self.days.prefix(2)))
        #expect(proposals(first).isEmpty)
        try harness.reportProblem("A2", at: Self.days[2])
        #expect(proposals(try harness.uphold("B", at: [Self.days[2]], manufacturer: "M2")).isEmpty)
        let third = try harness.handleIncident("A2", at: Self.proposedAt)
        #expect(
            third.types == ["manufacturer.incident-recorded", "notice.issued", "manufacturer.replacement-proposed"])
        #expect(
            proposals(third.outputs) == [
                ManufacturerReplacementProposed(
                    proposalId: Identifiers.uuid(["replacement", "M1", "2026-Q4"]), manufacturerId: "M1",
                    quarter: "2026-Q4", incidentIds: ids("A0", "A1", "A2"))
            ])
        let because = try #require(third.outputs.last).because
        #expect(because.rule == "R18" && because.parameters["replacementIncidents"] == 3)
        #expect(because.facts["count"] == 3)
        #expect(proposals(try harness.uphold("C", at: ["2026-11-06T09:00:00+08:00"])).isEmpty)
    }

    @Test func `What is recorded counts only once it is handled, in the order of its own time`() throws {
        var harness = try Fixture.harness()
        for (id, time) in zip(["A0", "A1", "A2"], Self.days) { try harness.reportProblem(id, at: time) }
        #expect(proposals(try harness.handleIncident("A2", at: "2026-11-06T09:00:00+08:00").outputs).isEmpty)
        #expect(proposals(try harness.handleIncident("A1", at: "2026-11-06T10:00:00+08:00").outputs).isEmpty)
        let last = try harness.handleIncident("A0", at: "2026-11-06T11:00:00+08:00")
        #expect(proposals(last.outputs).map(\.incidentIds) == [ids("A0", "A1", "A2")])
    }

    @Test func `Of all kinds and sources together`() throws {
        var harness = try Fixture.harness()
        try harness.complain("CB", at: Self.days[0])
        try harness.reportProblem("P", .nonCooperation, at: Self.days[1])
        let advance = CompensationAuthorised(
            requestId: "Q", amountFen: 1, caseId: "K1", cause: .manufacturer, brand: "Northwind", severity: 1)
        _ = try harness.send(advance, at: Self.days[2], source: "recourse/handling")
        var outputs: [OutgoingEvent] = []
        for id in ["CB", "P", "Q"] { outputs += try harness.handleIncident(id, at: Self.proposedAt).outputs }
        #expect(proposals(outputs).map(\.incidentIds) == [ids("CB", "P", "Q")])
    }

    @Test func `Incidents of one case count once, by the earliest, whatever their order`() throws {
        for order in [["A0", "A1"], ["A1", "A0"]] {
            var harness = try Fixture.harness()
            try harness.reportProblem("A0", at: Self.days[0], caseId: "K1")
            try harness.reportProblem("A1", at: Self.days[1], caseId: "K1")
            for id in order { try harness.handleIncident(id, at: "2026-11-04T10:00:00+08:00") }
            #expect(proposals(try harness.uphold("B", at: ["2026-11-05T09:00:00+08:00"])).isEmpty)
            let last = try harness.uphold("C", at: ["2026-11-06T09:00:00+08:00"])
            #expect(proposals(last).map(\.incidentIds) == [ids("A0", "B0", "C0")])
        }
    }

    @Test func `A call about a service and an advance on the case that came of it are one matter`() throws {
        var harness = try Fixture.harness()
        try harness.complain("CB", at: Self.days[0])
        let advance = CompensationAuthorised(
            requestId: "Q", amountFen: 1, caseId: Identifiers.caseId(source: "recourse/callback", complaintId: "CB"),
            cause: .manufacturer, brand: "Northwind", severity: 1)
        _ = try harness.send(advance, at: Self.days[1], source: "recourse/handling")
        for id in ["CB", "Q"] { try harness.handleIncident(id, at: "2026-11-04T10:00:00+08:00") }
        #expect(proposals(try harness.uphold("B", at: ["2026-11-05T09:00:00+08:00"])).isEmpty)
    }

    @Test func `Incidents of two quarters are not added up`() throws {
        var harness = try Fixture.harness()
        let first = try harness.uphold("A", at: ["2026-12-30T09:00:00+08:00", "2026-12-31T23:59:59+08:00"])
        let second = try harness.uphold("B", at: ["2027-01-01T00:00:00+08:00", "2027-01-02T09:00:00+08:00"])
        #expect(proposals(first + second).isEmpty)
        #expect(proposals(try harness.uphold("C", at: ["2027-01-03T09:00:00+08:00"])).map(\.quarter) == ["2027-Q1"])
    }

    @Test func `What is handled after its quarter counts in it all the same`() throws {
        var harness = try Fixture.harness()
        for (id, time) in zip(["A0", "A1", "A2"], Self.days) { try harness.reportProblem(id, at: time) }
        try harness.handleIncident("A0", at: "2026-12-30T09:00:00+08:00")
        try harness.handleIncident("A1", at: "2027-01-04T09:00:00+08:00")
        let last = try harness.handleIncident("A2", at: "2027-01-05T09:00:00+08:00")
        #expect(proposals(last.outputs).map(\.quarter) == ["2026-Q4"])
    }

    @Test func `Of a quarter that eight others have followed nothing counts any more`() throws {
        var harness = try Fixture.harness()
        for (id, time) in zip(["A0", "A1", "A2"], ["01", "02", "03"].map { "2026-02-\($0)T09:00:00+08:00" }) {
            try harness.reportProblem(id, at: time)
        }
        let later = ["2026-04", "2026-07", "2026-10", "2027-01", "2027-04", "2027-07", "2027-10", "2028-01"]
        _ = try harness.uphold("B", at: later.map { "\($0)-08T09:00:00+08:00" })
        for id in ["A0", "A1", "A2"] {
            #expect(proposals(try harness.handleIncident(id, at: "2028-02-01T09:00:00+08:00").outputs).isEmpty)
        }
        #expect(harness.record(ManufacturerDossier.self, "M1")?.quarters.count == 8)
    }

    @Test func `Only the kinds that the policy names count`() throws {
        var penalty = PenaltyPolicy()
        penalty.countedKinds = [.quality]
        var harness = try Fixture.harness(penalty: penalty)
        for (id, time) in zip(["X0", "X1", "X2"], Self.days) {
            try harness.reportProblem(id, .nonCooperation, at: time)
            let handled = try harness.handleIncident(id, at: Self.proposedAt)
            #expect(handled.types == ["manufacturer.incident-recorded", "notice.issued"])
        }
        #expect(proposals(try harness.uphold("A", at: Self.days)).count == 1)
    }

    @Test func `As many as the policy says`() throws {
        var penalty = PenaltyPolicy()
        penalty.replacementIncidents = 2
        var harness = try Fixture.harness(penalty: penalty)
        let outputs = try harness.uphold("A", at: Self.days)
        #expect(proposals(outputs).map(\.incidentIds) == [ids("A0", "A1")])
    }

    // MARK: The decision

    @Test func `Approved, the demand goes out with its letter`() throws {
        var harness = try proposed()
        let outcome = try harness.decideReplacement(at: "2026-11-06T09:00:00+08:00")
        #expect(outcome.types == ["manufacturer.replacement-demanded", "notice.issued"])
        #expect(
            outcome.all(ManufacturerReplacementDemanded.self) == [
                ManufacturerReplacementDemanded(
                    manufacturerId: "M1", quarter: "2026-Q4", proposalId: Fixture.proposalId())
            ])
        let notice = try #require(outcome.all(NoticeIssued.self).first)
        #expect(notice.kind == .manufacturerReplacement && notice.proposalId == Fixture.proposalId())
        #expect(
            notice.noticeId
                == Identifiers.noticeId(kind: "manufacturer-replacement", addressee: "M1", period: "2026-Q4"))
        #expect(notice.number == "M1-2026-4", "three penalties before")
        let letter = notice.letter
        #expect(letter.zh.contains("问题共 3 起") && letter.zh.contains("一季度内累计出现 3 次或以上"))
        #expect(letter.zh.contains("\n3. 2026-11-05，售后服务质量问题，问题报告 A2，事件 "))
        #expect(!letter.zh.contains("连续") && letter.en.contains("counted in all"))
        #expect(outcome.outputs.last?.because.facts["decidedBy"] == "director")
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
    }

    @Test func `Rejected, nothing more follows in that quarter`() throws {
        var harness = try proposed()
        #expect(try harness.decideReplacement(approved: false, at: "2026-11-06T09:00:00+08:00").outputs.isEmpty)
        let later = ["09", "10", "11"].map { "2026-12-\($0)T09:00:00+08:00" }
        #expect(proposals(try harness.uphold("B", at: later)).isEmpty)
        #expect(!(try harness.advance(to: "2027-01-04T00:00:00+08:00").types.contains("obligation.overdue")))
        let next = ["04", "05", "06"].map { "2027-01-\($0)T09:00:00+08:00" }
        #expect(proposals(try harness.uphold("C", at: next)).map(\.quarter) == ["2027-Q1"])
    }

    @Test func `Not decided in 2 working days it is overdue, once, and can still be decided`() throws {
        var harness = try proposed()
        #expect(try harness.advance(to: "2026-11-09T17:59:59+08:00").isEmpty)
        let overdue = try harness.advance(to: "2026-11-09T18:00:00+08:00")
        #expect(
            overdue.all(ObligationOverdue.self)
                == [ObligationOverdue(obligation: .replacementDecision, subject: Fixture.proposalId())])
        #expect(try harness.advance(to: "2026-12-01T00:00:00+08:00").isEmpty)
        #expect(try harness.decideReplacement(at: "2026-12-01T09:00:00+08:00").types.count == 2)
    }

    @Test func `The business division alone decides, once; an unknown proposal waits`() throws {
        var harness = try Fixture.harness()
        let early = try harness.decideReplacement(at: Self.proposedAt)
        #expect(early.verdict.reference == Replacement.key(Fixture.proposalId()))
        #expect(
            try harness.decideReplacement(at: Self.proposedAt, by: PenaltyFixture.stranger).rejection?.reason
                == "unknown-person")
        harness = try proposed()
        let hq = try harness.decideReplacement(at: "2026-11-06T09:00:00+08:00", by: PenaltyFixture.inspector)
        #expect(
            hq.rejection
                == Rejection(
                    "wrong-tier", ["act": "replacement.decided", "tier": "hq", "needed": ["business"]]))
        try harness.decideReplacement(approved: false, at: "2026-11-06T09:00:00+08:00")
        let again = try harness.decideReplacement(at: "2026-11-06T10:00:00+08:00")
        #expect(again.rejection == Rejection("already-decided", ["state": "rejected"]))
    }

    @Test func `The step that proposes makes known what decisions wait for`() throws {
        var harness = try Fixture.harness()
        _ = try harness.uphold("A", at: Array(Self.days.prefix(2)))
        try harness.reportProblem("A2", at: Self.days[2])
        let third = try harness.handleIncident("A2", at: Self.proposedAt)
        #expect(third.known.contains(Replacement.key(Fixture.proposalId())))
    }

    @Test func `A term in a year without data is kept open, and found when the year is there`() throws {
        var harness = try Fixture.harness(years: [])
        let days = ["29", "30", "31"].map { "2026-12-\($0)T09:00:00+08:00" }
        let outputs = try harness.uphold("A", at: days)
        #expect(outputs.all(CalendarMissing.self).contains(CalendarMissing(year: 2027)))
        #expect(!(try harness.advance(to: "2027-01-20T09:00:00+08:00").types.contains("obligation.overdue")))
        harness.adopt(try Fixture.policy())
        let found = try harness.advance(to: "2027-01-21T00:00:00+08:00").all(ObligationOverdue.self)
        #expect(found.map(\.obligation) == [.replacementDecision])
    }

    // MARK: Switched off

    @Test func `Without R18 nothing is proposed; what was upheld counts when it is on again`() throws {
        var harness = try Fixture.harness(off: [.r18])
        #expect(proposals(try harness.uphold("A", at: Self.days)).isEmpty)
        harness.adopt(try Fixture.policy())
        let next = try harness.uphold("B", at: ["2026-11-06T09:00:00+08:00"])
        #expect(proposals(next).map(\.incidentIds) == [ids("A0", "A1", "A2", "B0")])
    }

    @Test func `Approved while R18 is off, nothing is demanded`() throws {
        var harness = try proposed()
        harness.adopt(try Fixture.policy(off: [.r18]))
        #expect(try harness.decideReplacement(at: "2026-11-06T09:00:00+08:00").outputs.isEmpty)
    }

    // MARK: What an earlier release has stored

    /// As a release before 0.3 has left it, which counted incidents when they were recorded.
    private func earlier(_ quarter: String) throws -> StageHarness {
        var harness = try Fixture.harness()
        let body = #"{"manufacturerId":"M1","quarters":[\#(quarter)],"lettersIssued":2}"#
        let dossier = try JSONDecoding.decodeWhole(ManufacturerDossier.self, from: Array(body.utf8), retired: [])
        #expect(String(decoding: try JSONEncoding.bytes(of: dossier), as: UTF8.self) == body)
        harness.put(LiveRecord(value: dossier, version: 3), ManufacturerDossier.key("M1"))
        return harness
    }

    @Test func `A quarter whose letter has gone out proposes no more`() throws {
        var harness = try earlier(
            #"{"quarter":"2026-Q4","count":3,"incidentIds":["i1","i2","i3"],"isDemanded":true}"#)
        let outputs = try harness.uphold("A", at: Self.days)
        #expect(proposals(outputs).isEmpty)
        #expect(outputs.all(NoticeIssued.self).map(\.number) == ["M1-2026-3", "M1-2026-4", "M1-2026-5"])
    }

    @Test func `What has been counted stays counted until it is handled here`() throws {
        let (i1, i2) = (Identifiers.incidentId(of: "A0"), "i2")
        var harness = try earlier(
            #"{"quarter":"2026-Q4","count":2,"incidentIds":["\#(i1)","\#(i2)"],"isDemanded":false}"#)
        var dismissed = harness
        // One of the two is handled: it counts by that, not twice.
        _ = try harness.uphold("A", at: [Self.days[0]])
        let third = try harness.uphold("B", at: [Self.days[1]])
        #expect(proposals(third).map(\.incidentIds) == [["i2"] + ids("A0", "B0")])
        try dismissed.reportProblem("A0", at: Self.days[0])
        try dismissed.handleIncident("A0", at: Self.days[1], upheld: false)
        #expect(proposals(try dismissed.uphold("B", at: [Self.days[1]])).isEmpty)
    }
}
