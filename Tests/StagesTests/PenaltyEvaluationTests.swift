import Policy
import Schema
import Testing

@testable import Stages

/// When outlets are evaluated, and what is proposed then (R11–R13).
struct PenaltyEvaluationTests {
    @Test func `A week is evaluated on the working day after its reports are due`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.violate(2, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        #expect(try harness.advance(to: "2026-11-10T17:59:59+08:00").isEmpty)
        let outputs = try harness.advance(to: "2026-11-10T18:00:00+08:00")
        let proposal = try #require(outputs.all(PenaltyProposed.self).first)
        #expect(outputs.types == ["penalty.proposed"])
        #expect(proposal.rung == "warning" && proposal.ladder == .monthly && proposal.period == "2026-11")
        #expect(proposal.count == 2 && proposal.threshold == 2 && proposal.violationIds == ["V1", "V2"])
        #expect(
            proposal.proposalId
                == Identifiers.uuid(["proposal", "O1", "monthly", "2026-11", "warning", "2"]))
        #expect(outputs.first?.event.time == (try instant("2026-11-10T18:00:00+08:00")))
    }

    @Test func `A month is evaluated at its close, the 5th working day of the next month`() throws {
        var harness = try PenaltyFixture.harness()
        // Verified after the evaluation of Tuesday 1 December, before the close of Monday 7 December.
        _ = try harness.advance(to: "2026-12-01T18:00:00+08:00")
        try harness.report("V1", at: "2026-11-28T09:00:00+08:00", known: "2026-12-02T09:00:00+08:00", caseId: "C1")
        try harness.report("V2", at: "2026-11-28T09:00:00+08:00", known: "2026-12-02T09:00:00+08:00", caseId: "C2")
        try harness.verify("V1", at: "2026-12-02T10:00:00+08:00")
        try harness.verify("V2", at: "2026-12-02T10:00:00+08:00")
        #expect(try harness.advance(to: "2026-12-07T17:59:59+08:00").isEmpty)
        let outputs = try harness.advance(to: "2026-12-07T18:00:00+08:00")
        #expect(outputs.all(PenaltyProposed.self).map(\.period) == ["2026-11"])
        #expect(outputs.first?.because.facts["at"] == "month-close")
    }

    @Test func `Holidays move the evaluations of the week`() throws {
        var harness = try PenaltyFixture.harness(clock: "2026-01-01T00:00:00+08:00")
        // Monday 16 and Monday 23 February are holidays: reports due on Tuesday 24, evaluation on Wednesday 25.
        _ = try harness.advance(to: "2026-02-13T18:00:00+08:00")
        try harness.violate(2, at: "2026-02-14T09:00:00+08:00", prefix: "V")
        #expect(try harness.advance(to: "2026-02-25T17:59:59+08:00").isEmpty)
        #expect(try harness.advance(to: "2026-02-25T18:00:00+08:00").types == ["penalty.proposed"])
    }

    @Test func `A violation verified exactly at an evaluation is seen by it`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.report("V1", at: "2026-11-07T09:00:00+08:00", caseId: "C1")
        try harness.report("V2", at: "2026-11-07T09:00:00+08:00", caseId: "C2")
        try harness.verify("V1", at: "2026-11-09T09:00:00+08:00")
        _ = try harness.advance(to: "2026-11-10T17:59:00+08:00")
        try harness.verify("V2", at: "2026-11-10T18:00:00+08:00")
        #expect(try harness.advance(to: "2026-11-10T18:00:00+08:00").types == ["penalty.proposed"])
    }

    @Test func `A violation verified just after an evaluation waits for the next one`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.report("V1", at: "2026-11-07T09:00:00+08:00", caseId: "C1")
        try harness.report("V2", at: "2026-11-07T09:00:00+08:00", caseId: "C2")
        try harness.verify("V1", at: "2026-11-09T09:00:00+08:00")
        _ = try harness.advance(to: "2026-11-10T18:00:00+08:00")
        try harness.verify("V2", at: "2026-11-10T18:00:01+08:00")
        #expect(try harness.advance(to: "2026-11-17T17:59:59+08:00").isEmpty)
        #expect(try harness.advance(to: "2026-11-17T18:00:00+08:00").types == ["penalty.proposed"])
    }

    @Test func `Where a month closes at the instant of a weekly evaluation it closes first`() throws {
        // 13 October 2026 is the 5th working day and the Tuesday after a working Monday.
        var harness = try PenaltyFixture.harness(clock: "2026-09-01T00:00:00+08:00")
        try harness.violate(2, at: "2026-09-30T09:00:00+08:00", prefix: "S")
        _ = try harness.advance(to: "2026-10-10T09:00:00+08:00")
        try harness.violate(3, at: "2026-10-10T09:00:00+08:00", prefix: "T")
        let outputs = try harness.advance(to: "2026-10-13T18:00:00+08:00")
        let proposals = outputs.all(PenaltyProposed.self)
        // 5 in the year reach a warning as well; the worse rectification of October is proposed at the close.
        #expect(proposals.map(\.rung) == ["rectification"])
        #expect(proposals.first?.period == "2026-10")
        let made = outputs.first { $0.event.type == PenaltyProposed.type }
        #expect(made?.because.facts["at"] == "month-close")
    }

    @Test func `One violation proposes nothing, and nor do two in different months`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.violate(1, at: "2026-11-20T09:00:00+08:00", prefix: "V")
        #expect(try harness.advance(to: "2026-12-01T00:00:00+08:00").isEmpty)
        try harness.violate(1, at: "2026-12-01T09:00:00+08:00", prefix: "W")
        #expect(try harness.advance(to: "2027-01-31T00:00:00+08:00").isEmpty)
    }

    @Test func `The year adds up from month to month`() throws {
        var harness = try PenaltyFixture.harness(clock: "2026-01-01T00:00:00+08:00")
        for month in ["03", "05", "07"] {
            _ = try harness.advance(to: "2026-\(month)-10T00:00:00+08:00")
            try harness.violate(1, at: "2026-\(month)-10T09:00:00+08:00", prefix: "V\(month)-")
        }
        #expect(try harness.advance(to: "2026-08-31T00:00:00+08:00").isEmpty)
        try harness.violate(1, at: "2026-09-01T09:00:00+08:00", prefix: "V09-")
        let proposal = try #require(
            try harness.advance(to: "2026-09-08T18:00:00+08:00").all(PenaltyProposed.self).first)
        #expect(proposal.ladder == .cumulative && proposal.period == "2026" && proposal.rung == "warning")
        #expect(proposal.violationIds == ["V03-1", "V05-1", "V07-1", "V09-1"])
        #expect(proposal.threshold == 4)
    }

    @Test func `A proposal of a closed month no longer stands in the way`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.violate(4, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        // Rectification of November; the year's warning is milder.
        let november = try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self)
        #expect(november.map(\.rung) == ["rectification"])
        // November closes on 7 December; at the next weekly evaluation the year stands alone.
        #expect(try harness.advance(to: "2026-12-08T17:59:59+08:00").all(PenaltyProposed.self).isEmpty)
        let after = try harness.advance(to: "2026-12-08T18:00:00+08:00").all(PenaltyProposed.self)
        #expect(after.map(\.ladder) == [.cumulative])
        #expect(after.map(\.rung) == ["warning"])
    }

    @Test func `An adjustment counts in the month of its verification`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.report("V1", at: "2026-10-20T09:00:00+08:00", known: "2026-11-01T09:00:00+08:00", caseId: "C1")
        _ = try harness.advance(to: "2026-11-09T00:00:00+08:00")
        try harness.verify("V1", at: "2026-11-09T09:00:00+08:00")
        try harness.violate(1, at: "2026-11-09T09:00:00+08:00", prefix: "W")
        let outputs = try harness.advance(to: "2026-11-10T18:00:00+08:00")
        #expect(outputs.all(PenaltyProposed.self).first?.violationIds == ["V1", "W1"])
        #expect(outputs.first?.because.facts["adjustments"] == 1)
    }

    @Test func `A verification that comes after the close it belonged to counts as an adjustment`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.violate(2, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        try harness.report("W1", at: "2026-11-04T09:00:00+08:00", caseId: "CW")
        _ = try harness.advance(to: "2026-12-07T18:00:00+08:00")
        // Its time lies before the close, which has acted already.
        let late = try harness.verify("W1", at: "2026-12-05T09:00:00+08:00")
        #expect(late.isLate)
        try harness.violate(1, at: "2026-12-08T09:00:00+08:00", prefix: "X")
        let outputs = try harness.advance(to: "2026-12-08T18:00:00+08:00").all(PenaltyProposed.self)
        #expect(outputs.first?.violationIds == ["W1", "V1", "V2", "X1"], "4 in the year go before 2 in December")
        #expect(outputs.first?.ladder == .cumulative)
    }

    @Test func `Switched off, a ladder judges nothing`() throws {
        var harness = try PenaltyFixture.harness(off: [.r12])
        try harness.violate(3, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
        var other = try PenaltyFixture.harness(off: [.r13, .r12])
        try other.violate(9, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        #expect(try other.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
    }

    @Test func `A year without calendar data keeps the evaluation open and says so once`() throws {
        var harness = try PenaltyFixture.harness(years: [])
        try harness.violate(1, at: "2026-12-30T09:00:00+08:00", prefix: "V")
        try harness.report("V2", at: "2026-12-30T10:00:00+08:00")
        let outcome = try harness.verify("V2", at: "2026-12-30T11:00:00+08:00")
        #expect(outcome.all(CalendarMissing.self).isEmpty, "said already at the first violation")
        let outputs = try harness.advance(to: "2027-01-20T00:00:00+08:00")
        #expect(outputs.isEmpty)
        #expect(harness.record(Dossier.self, "O1")?.missingYears == [2027])
        #expect(harness.record(Dossier.self, "O1")?.lookAgainAt == (try instant("2027-01-21T00:00:00+08:00")))
    }
}
