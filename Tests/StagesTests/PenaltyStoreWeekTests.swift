import Policy
import Schema
import Testing

@testable import Stages

/// Weekly reports of listed stores (R09, R35).
struct PenaltyStoreWeekTests {
    private func report(_ week: String, store: String = "S1", by: Person = PenaltyFixture.clerk)
        -> WeeklyReportSubmitted
    {
        WeeklyReportSubmitted(storeId: store, week: week, violationIds: [], by: by)
    }

    @Test func `The duty begins with the first full week, due on Monday at 10`() throws {
        // Since Tuesday 3 November: the first full week is 9 to 15 November.
        var harness = try PenaltyFixture.harness(since: "2026-11-03", stores: ["S1"])
        #expect(try harness.advance(to: "2026-11-16T09:59:59+08:00").isEmpty)
        let outputs = try harness.advance(to: "2026-11-16T10:00:00+08:00").all(WeeklyReportOverdue.self)
        #expect(outputs == [WeeklyReportOverdue(storeId: "S1", week: "2026-W46")])
        #expect(
            try harness.advance(to: "2026-11-30T10:00:00+08:00").all(WeeklyReportOverdue.self).map(\.week)
                == ["2026-W47", "2026-W48"])
    }

    @Test func `A store that begins on a Monday owes that week`() throws {
        var harness = try PenaltyFixture.harness(since: "2026-11-02", stores: ["S1"])
        #expect(
            try harness.advance(to: "2026-11-09T10:00:00+08:00").all(WeeklyReportOverdue.self).map(\.week)
                == ["2026-W45"])
    }

    @Test func `A nil report in time is a report, at 10 sharp too`() throws {
        var harness = try PenaltyFixture.harness(since: "2026-11-02", stores: ["S1"])
        _ = try harness.advance(to: "2026-11-09T09:59:00+08:00")
        #expect(try harness.send(report("2026-W45"), at: "2026-11-09T10:00:00+08:00").rejection == nil)
        #expect(try harness.advance(to: "2026-11-16T09:00:00+08:00").isEmpty)
    }

    @Test func `An early report counts, but not of a week that has not begun`() throws {
        var harness = try PenaltyFixture.harness(since: "2026-11-02", stores: ["S1"])
        let ahead = try harness.send(report("2026-W46"), at: "2026-11-08T23:59:59+08:00")
        #expect(ahead.rejection == Rejection("week-ahead", ["week": "2026-W46", "begins": "2026-11-09"]))
        #expect(try harness.send(report("2026-W46"), at: "2026-11-09T00:00:00+08:00").rejection == nil)
        #expect(
            try harness.advance(to: "2026-11-23T09:00:00+08:00").all(WeeklyReportOverdue.self).map(\.week)
                == ["2026-W45"])
    }

    @Test func `A report that comes too late changes nothing`() throws {
        var harness = try PenaltyFixture.harness(since: "2026-11-02", stores: ["S1"])
        _ = try harness.advance(to: "2026-11-10T00:00:00+08:00")
        let outcome = try harness.send(report("2026-W45"), at: "2026-11-10T10:00:00+08:00")
        #expect(outcome.rejection == nil && outcome.outputs.isEmpty)
    }

    @Test func `After a holiday the reports of two weeks are due at once`() throws {
        var harness = try PenaltyFixture.harness(
            since: "2026-02-09", stores: ["S1"], clock: "2026-02-09T00:00:00+08:00")
        #expect(try harness.advance(to: "2026-02-24T09:59:59+08:00").isEmpty)
        let outputs = try harness.advance(to: "2026-02-24T10:00:00+08:00").all(WeeklyReportOverdue.self)
        #expect(outputs.map(\.week) == ["2026-W07", "2026-W08"])
    }

    @Test(
        arguments: [
            ("2026-W53", nil), ("2026-W54", "no-such-week"), ("2025-W53", "no-such-week"),
            ("2026-W00", "no-such-week"), ("2026-W60", "no-such-week"),
        ] as [(String, String?)])
    func `A week that the year does not have is refused`(week: String, reason: String?) throws {
        var harness = try PenaltyFixture.harness(since: "2026-11-02", stores: ["S1"])
        #expect(try harness.send(report(week), at: "2026-12-28T10:00:00+08:00").rejection?.reason == reason)
    }

    @Test func `A report of a store that is not listed is refused`() throws {
        var harness = try PenaltyFixture.harness(since: "2026-11-02", stores: ["S1"])
        let outcome = try harness.send(
            report("2026-W45", store: "S2", by: Person(id: "x", tier: "store", storeId: "S2")),
            at: "2026-11-04T10:00:00+08:00")
        #expect(outcome.rejection?.reason == "unlisted-store")
    }

    @Test(arguments: [Rule.r09, .r35])
    func `Without R09 or R35 nothing is overdue`(rule: Rule) throws {
        var harness = try PenaltyFixture.harness(off: [rule], since: "2026-11-02", stores: ["S1"])
        #expect(try harness.advance(to: "2026-12-09T00:00:00+08:00").isEmpty)
    }

    @Test func `A week whose due date falls into a year without data waits, and that is said once`() throws {
        var harness = try PenaltyFixture.harness(
            years: [], since: "2026-12-28", stores: ["S1"], clock: "2026-12-28T00:00:00+08:00")
        let outputs = try harness.advance(to: "2027-02-01T00:00:00+08:00")
        #expect(outputs.all(CalendarMissing.self) == [CalendarMissing(year: 2027)])
        #expect(outputs.all(WeeklyReportOverdue.self).isEmpty)
    }

    @Test func `The weeks of past years without data are not asked for`() throws {
        var harness = try PenaltyFixture.harness(
            years: [], since: "2020-01-01", stores: ["S1"], clock: "2026-01-05T00:00:00+08:00")
        let outputs = try harness.advance(to: "2026-01-12T10:00:00+08:00")
        #expect(outputs.all(WeeklyReportOverdue.self).map(\.week) == ["2026-W01", "2026-W02"])
        #expect(outputs.all(CalendarMissing.self).isEmpty)
    }
}

struct ReportWeekTests {
    @Test(arguments: [
        ("2026-W01", "2025-12-29"), ("2026-W47", "2026-11-16"), ("2026-W53", "2026-12-28"), ("2027-W01", "2027-01-04"),
        ("2024-W01", "2024-01-01"),
    ])
    func `Weeks are those of ISO 8601`(text: String, monday: String) throws {
        let week = try #require(ReportWeek(text))
        #expect(week.monday.description == monday)
        #expect(week.description == text)
        #expect(ReportWeek(of: week.monday.adding(days: 6)) == week)
        #expect(ReportWeek(firstFullFrom: week.monday) == week)
        #expect(ReportWeek(firstFullFrom: week.monday.adding(days: 1)) == week.next)
    }

    @Test(arguments: ["2026-W1", "2026W47", "2026-W54", "2025-W53", "2026-W00", "x026-W01", ""])
    func `What is no week is none`(text: String) {
        #expect(ReportWeek(text) == nil)
    }
}
