import Policy
import Schema
import Testing

@testable import Stages

/// Quarterly training (R15, R16). The quarters of 2026 are judged on 8 April, 7 July, 13 October and 8 January 2027.
struct PenaltyTrainingTests {
    private func harness(since: String = "2026-01-01", off: Set<Rule> = []) throws -> StageHarness {
        try PenaltyFixture.harness(off: off, since: since, outlets: ["O1"], clock: "2026-01-01T00:00:00+08:00")
    }

    private func assess(_ quarter: String, _ passed: Int, of assessed: Int, retest: Bool? = nil) -> TrainingAssessed {
        TrainingAssessed(
            outletId: "O1", quarter: quarter, assessed: assessed, passed: passed, retest: retest,
            by: PenaltyFixture.inspector)
    }

    @Test(arguments: [
        (8, 10, true), (79, 100, false), (80, 100, true), (4, 5, true), (3, 4, false), (0, 0, false),
        (1, 1, true), (799_999, 1_000_000, false),
    ])
    func `A quarter is passed with at least 80 percent of the assessed`(passed: Int, assessed: Int, isPass: Bool)
        throws
    {
        var harness = try harness()
        _ = try harness.send(assess("2026-Q1", passed, of: assessed), at: "2026-03-20T09:00:00+08:00")
        let failed = try harness.advance(to: "2026-04-30T00:00:00+08:00").all(TrainingFailed.self)
        #expect(failed.isEmpty == isPass)
    }

    @Test func `It is judged at 18 of the 5th working day after the quarter, by the last assessment`() throws {
        var harness = try harness()
        _ = try harness.send(assess("2026-Q1", 1, of: 10), at: "2026-03-20T09:00:00+08:00")
        // 1, 2, 3, 7 and 8 April are working days; the 6th is a holiday.
        _ = try harness.advance(to: "2026-04-08T17:59:59+08:00")
        _ = try harness.send(assess("2026-Q1", 9, of: 10), at: "2026-04-08T18:00:00+08:00")
        #expect(try harness.advance(to: "2026-04-08T18:00:00+08:00").isEmpty)
        let late = try harness.send(assess("2026-Q1", 1, of: 10), at: "2026-04-08T18:00:01+08:00")
        #expect(late.rejection?.reason == "quarter-judged")
    }

    @Test func `Nothing assessed is a failure; failures in a row are counted`() throws {
        var harness = try harness()
        let outputs = try harness.advance(to: "2026-07-07T18:00:00+08:00")
        #expect(
            outputs.all(TrainingFailed.self)
                == [
                    TrainingFailed(outletId: "O1", quarter: "2026-Q1", consecutive: 1),
                    TrainingFailed(outletId: "O1", quarter: "2026-Q2", consecutive: 2),
                ])
        #expect(outputs.first?.event.time == (try instant("2026-04-08T18:00:00+08:00")))
        _ = try harness.send(assess("2026-Q3", 10, of: 10), at: "2026-09-01T09:00:00+08:00")
        let later = try harness.advance(to: "2027-01-31T00:00:00+08:00").all(TrainingFailed.self)
        #expect(later.map(\.consecutive) == [1], "a passed quarter starts the count again")
    }

    @Test func `The duty begins with the first full quarter`() throws {
        var harness = try harness(since: "2026-01-02")
        #expect(
            try harness.advance(to: "2026-07-31T00:00:00+08:00").all(TrainingFailed.self).map(\.quarter)
                == ["2026-Q2"])
    }

    @Test func `More passed than assessed is refused`() throws {
        var harness = try harness()
        let outcome = try harness.send(assess("2026-Q1", 11, of: 10), at: "2026-03-20T09:00:00+08:00")
        #expect(outcome.rejection?.reason == "passed-exceeds-assessed")
    }

    @Test func `An outlet that is not listed has no duty`() throws {
        var harness = try PenaltyFixture.harness(clock: "2026-01-01T00:00:00+08:00")
        let outcome = try harness.send(assess("2026-Q1", 1, of: 10), at: "2026-03-20T09:00:00+08:00")
        #expect(outcome.rejection == nil && outcome.outputs.isEmpty)
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
    }

    /// Three failed quarters: dispatch is stopped on Tuesday 13 October at 18.
    private func held() throws -> StageHarness {
        var harness = try harness()
        let check = OutletSiteChecked(
            outletId: "O1", passed: true, by: PenaltyFixture.inspector, at: try instant("2026-10-01T09:00:00+08:00"))
        _ = try harness.advance(to: "2026-10-01T00:00:00+08:00")
        _ = try harness.send(check, at: "2026-10-01T09:00:00+08:00")
        let outputs = try harness.advance(to: "2026-10-13T18:00:00+08:00")
        #expect(outputs.all(TrainingFailed.self).map(\.consecutive) == [3])
        #expect(outputs.all(OutletStatusChanged.self).map(\.holds) == [[.training]])
        #expect(outputs.all(PenaltyProposed.self).isEmpty, "three failures are not yet a withdrawal")
        return harness
    }

    @Test func `A retest passed within 30 days lifts the hold and starts the count again`() throws {
        var harness = try held()
        _ = try harness.advance(to: "2026-11-12T17:59:59+08:00")
        let passed = try harness.send(
            assess("2026-Q3", 8, of: 10, retest: true), at: "2026-11-12T18:00:00+08:00")
        #expect(passed.all(OutletStatusChanged.self).map(\.to) == [.active])
        let later = try harness.advance(to: "2027-01-08T18:00:00+08:00")
        #expect(later.all(TrainingFailed.self).map(\.consecutive) == [1])
        #expect(later.all(PenaltyProposed.self).isEmpty)
    }

    @Test func `A passed quarter does not lift the hold`() throws {
        var harness = try held()
        let outcome = try harness.send(assess("2026-Q4", 10, of: 10), at: "2026-10-20T09:00:00+08:00")
        #expect(outcome.outputs.isEmpty)
        #expect(harness.record(Dossier.self, "O1")?.holds == [.training])
    }

    @Test func `A retest that fails proposes the withdrawal`() throws {
        var harness = try held()
        let failed = try harness.send(assess("2026-Q3", 7, of: 10, retest: true), at: "2026-10-20T09:00:00+08:00")
        let proposal = try #require(failed.all(PenaltyProposed.self).first)
        #expect(proposal.rung == "withdrawal" && proposal.ladder == .training && proposal.period == "2026-Q3")
        #expect(proposal.count == 4 && proposal.threshold == nil && proposal.violationIds.isEmpty)
        let again = try harness.send(assess("2026-Q3", 9, of: 10, retest: true), at: "2026-10-21T09:00:00+08:00")
        #expect(again.rejection?.reason == "no-retest-due")
    }

    @Test func `Failed quarters in a row are told without the retests between them, which the proposal counts`() throws
    {
        var harness = try held()
        let retest = try harness.send(assess("2026-Q3", 7, of: 10, retest: true), at: "2026-10-20T09:00:00+08:00")
        let first = try #require(retest.all(PenaltyProposed.self).first)
        #expect(first.count == 4)
        try harness.decide(first.proposalId, approved: false, at: "2026-10-21T09:00:00+08:00")
        // The new retest is missed on 20 November; then the fourth quarter fails.
        let outputs = try harness.advance(to: "2027-01-08T18:00:00+08:00")
        #expect(outputs.all(PenaltyProposed.self).map(\.count) == [5])
        #expect(outputs.all(TrainingFailed.self).map { "\($0.quarter) \($0.consecutive)" } == ["2026-Q4 4"])
    }

    @Test func `A retest that is missed proposes it too; rejected, a new one within 30 days`() throws {
        var harness = try held()
        #expect(try harness.advance(to: "2026-11-12T17:59:59+08:00").all(PenaltyProposed.self).isEmpty)
        let first = try #require(
            try harness.advance(to: "2026-11-12T18:00:00+08:00").all(PenaltyProposed.self).first)
        #expect(first.count == 4)
        try harness.decide(first.proposalId, approved: false, at: "2026-11-13T09:00:00+08:00")
        let second = try #require(
            try harness.advance(to: "2026-12-13T09:00:00+08:00").all(PenaltyProposed.self).first)
        #expect(second.count == 5 && second.period == "2026-Q3")
    }

    @Test func `Approved, the outlet is withdrawn`() throws {
        var harness = try held()
        let failed = try harness.send(assess("2026-Q3", 7, of: 10, retest: true), at: "2026-10-20T09:00:00+08:00")
        let proposal = try #require(failed.all(PenaltyProposed.self).first)
        let approved = try harness.decide(proposal.proposalId, at: "2026-10-21T09:00:00+08:00")
        #expect(approved.all(OutletStatusChanged.self).map(\.to) == [.withdrawn])
        #expect(try #require(approved.all(NoticeIssued.self).first).letter.zh.contains("规则 R16"))
        // Final after 5 working days: no more quarters are judged.
        #expect(try harness.advance(to: "2027-06-30T00:00:00+08:00").all(TrainingFailed.self).isEmpty)
    }

    @Test func `Without R16 failures stop nothing, without R15 nothing fails`() throws {
        var lenient = try harness(off: [.r16])
        let outputs = try lenient.advance(to: "2026-12-31T00:00:00+08:00")
        #expect(outputs.all(TrainingFailed.self).count == 3)
        #expect(lenient.record(Dossier.self, "O1")?.training?.isHeld == false)
        var off = try harness(off: [.r15])
        #expect(try off.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
    }

    // MARK: Site checks (R19)

    @Test func `After the first passed check one is owed every quarter`() throws {
        var harness = try harness(off: [.r15])
        func check(_ passed: Bool, _ time: String) throws {
            _ = try harness.send(
                OutletSiteChecked(outletId: "O1", passed: passed, by: PenaltyFixture.inspector, at: try instant(time)),
                at: time)
        }
        #expect(try harness.advance(to: "2026-05-01T00:00:00+08:00").isEmpty, "none is owed before the first")
        try check(true, "2026-05-10T09:00:00+08:00")
        #expect(try harness.advance(to: "2026-09-30T23:59:59+08:00").isEmpty)
        let missed = try harness.advance(to: "2026-10-01T00:00:00+08:00").all(ObligationOverdue.self)
        #expect(missed == [ObligationOverdue(obligation: .siteCheck, subject: "O1")])
        try check(true, "2026-11-10T09:00:00+08:00")
        #expect(try harness.advance(to: "2027-01-31T00:00:00+08:00").all(ObligationOverdue.self).isEmpty)
        try check(false, "2027-02-10T09:00:00+08:00")
        #expect(try harness.advance(to: "2027-06-30T23:59:59+08:00").all(ObligationOverdue.self).isEmpty)
        #expect(try harness.advance(to: "2027-07-01T00:00:00+08:00").all(ObligationOverdue.self).count == 1)
    }

    @Test func `A check at 24 of the last date belongs to the next quarter`() throws {
        var harness = try harness(off: [.r15])
        func check(_ time: String) throws {
            _ = try harness.send(
                OutletSiteChecked(outletId: "O1", passed: true, by: PenaltyFixture.inspector, at: try instant(time)),
                at: time)
        }
        try check("2026-05-10T09:00:00+08:00")
        _ = try harness.advance(to: "2026-09-30T23:00:00+08:00")
        try check("2026-10-01T00:00:00+08:00")
        #expect(try harness.advance(to: "2026-12-31T23:00:00+08:00").all(ObligationOverdue.self).count == 1)
        #expect(try harness.advance(to: "2027-01-31T00:00:00+08:00").all(ObligationOverdue.self).isEmpty)
    }
}
