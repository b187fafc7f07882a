import Schema
import Testing

@testable import Policy
@testable import Stages

/// What happens to deadlines in a year without calendar data once somebody has entered it.
struct PenaltyCalendarTests {
    /// Runs the timer of a record under another policy, as after a restart with the year imported.
    private func wake(
        _ key: RecordKey, in set: inout WorkingSet, _ policy: PolicyBook
    ) throws -> StepOutcome {
        let runner = StageRunner(stage: PenaltyStage(), policy: policy)
        let input = Input.timer(key, try #require(set[key]?.value.wake))
        let keys = KeySearch.complete(input, runner, in: set).keys
        return try runner.run(input, keys: keys, in: &set, clock: try instant("2027-12-31T00:00:00+08:00"))
    }

    @Test func `What should have been evaluated meanwhile is evaluated at the look at which the year is there`() throws
    {
        var harness = try PenaltyFixture.harness(years: [])
        try harness.violate(2, at: "2026-12-30T09:00:00+08:00", prefix: "V")
        _ = try harness.advance(to: "2027-02-01T12:00:00+08:00")
        var set = harness.set
        let policy = try PenaltyFixture.policy(years: [2027])
        let looked = try wake(Dossier.key("O1"), in: &set, policy)
        #expect(looked.now == (try instant("2027-02-02T00:00:00+08:00")) && looked.outputs.isEmpty)
        #expect(try wake(Dossier.key("O1"), in: &set, policy).outputs.types == ["outlet.standing"])
        let evaluated = try wake(Dossier.key("O1"), in: &set, policy)
        #expect(try wake(Dossier.key("O1"), in: &set, policy).now == looked.now, "the close of December follows")
        #expect(evaluated.now == (try instant("2027-02-02T00:00:00+08:00")))
        // Judged as on Tuesday 5 January, when December was still open.
        #expect(evaluated.outputs.first?.because.facts["evaluatedAt"] == "2027-01-05T18:00:00+08:00")
        #expect(evaluated.outputs.all(PenaltyProposed.self).map(\.violationIds) == [["V1", "V2"]])
    }

    @Test func `A deadline that has passed meanwhile is due at the look`() throws {
        var harness = try PenaltyFixture.harness(years: [])
        try harness.violate(2, at: "2026-12-26T09:00:00+08:00", prefix: "V")
        // Proposed on Tuesday 29 December, due on Thursday 31.
        let proposals = try harness.advance(to: "2026-12-29T18:00:00+08:00").all(PenaltyProposed.self)
        try harness.decide(try #require(proposals.first).proposalId, at: "2026-12-30T09:00:00+08:00")
        // The time for appeal ends on 7 January, which nobody knows.
        #expect(harness.record(Dossier.self, "O1")?.effects.first?.appealUntil == nil)
        _ = try harness.advance(to: "2027-01-20T00:00:00+08:00")
        var set = harness.set
        let looked = try wake(Dossier.key("O1"), in: &set, try PenaltyFixture.policy(years: [2027]))
        let dossier = try #require(set[Dossier.key("O1")]?.value as? Dossier)
        #expect(dossier.lookAgainAt == nil)
        #expect(dossier.effects.first?.appealUntil == looked.now)
    }

    @Test func `The reports of the weeks that were waited for are asked for at the look`() throws {
        var harness = try PenaltyFixture.harness(
            years: [], since: "2026-12-28", stores: ["S1"], clock: "2026-12-28T00:00:00+08:00")
        _ = try harness.advance(to: "2027-01-12T12:00:00+08:00")
        var set = harness.set
        let policy = try PenaltyFixture.policy(years: [2027], since: "2026-12-28", stores: ["S1"])
        _ = try wake(StoreDuty.key("S1"), in: &set, policy)
        let asked = try wake(StoreDuty.key("S1"), in: &set, policy)
        #expect(asked.outputs.all(WeeklyReportOverdue.self).map(\.week) == ["2026-W53", "2027-W01"])
    }

    @Test func `A store whose since lies long before the calendar starts with the first week of the calendar`() throws {
        let harness = try PenaltyFixture.harness(
            years: [], since: "0001-01-01", stores: ["S1"], outlets: ["O1"], clock: "2026-11-01T00:00:00+08:00")
        #expect(harness.record(StoreDuty.self, "S1")?.week.description == "2026-W01")
        #expect(harness.record(Dossier.self, "O1")?.training?.quarter.description == "2025-Q4")
    }

    @Test func `A month whose close lies in a missing year is closed once that year is over`() throws {
        let calendar = EvaluationCalendar(try PenaltyFixture.policy(years: []))
        let december = Month(year: 2026, month: 12)
        #expect(calendar.isOpen(december, at: try instant("2027-12-31T23:59:59+08:00")))
        #expect(!calendar.isOpen(december, at: try instant("2028-01-01T00:00:00+08:00")))
        #expect(!calendar.isOpen(Month(year: 2024, month: 5), at: try instant("2026-01-10T00:00:00+08:00")))
    }
}
