import Operations
import Policy
import Schema
import Testing

@Suite struct `The calendar's verbs` {
    private func file(_ rows: String...) throws -> CalendarFile {
        try CalendarFile("date,kind\n" + rows.map { $0 + "\n" }.joined(), name: "calendar.csv")
    }

    private func feed(_ rows: String...) throws -> HolidayFeed {
        try HolidayFeed.read(Array(("date,kind\n" + rows.joined(separator: "\n")).utf8), year: 2027, name: "feed")
    }

    @Test func `find the next year missing from 1 November on, and not before`() throws {
        let file = try file("2026-01-01,holiday_weekday", "2026-01-04,makeup_workday")
        let before = CalendarReport(file, at: try instant("2026-10-31T23:59:59+08:00"))
        #expect(before.missing.isEmpty)
        #expect(before.exitCode == 0)
        // 2026 has 261 days from Monday to Friday.
        #expect(before.years == [.init(year: 2026, holidays: 1, makeups: 1, workingDays: 261)])
        let after = CalendarReport(file, at: try instant("2026-11-01T00:00:00+08:00"))
        #expect(after.missing == [2027])
        #expect(after.exitCode == 1)
    }

    @Test func `find the current year missing, and gaps whatever the time`() throws {
        let file = try file("2024-01-01,holiday_weekday", "2026-01-01,holiday_weekday")
        #expect(CalendarReport(file, at: nil).gaps == [2025])
        #expect(CalendarReport(file, at: nil).exitCode == 1)
        let late = CalendarReport(file, at: try instant("2027-03-01T00:00:00+08:00"))
        #expect(late.missing == [2027])
        #expect(late.text.contains("2027, the current business year, has no data"))
    }

    @Test func `add a year that is missing`() throws {
        let report = CalendarImport(
            try feed("2027-01-01,holiday_weekday", "2026-01-01,holiday_weekday"), year: 2027,
            into: try file("2026-01-01,holiday_weekday"), replaces: false)
        #expect(report.exitCode == 0)
        #expect(report.newText == "date,kind\n2026-01-01,holiday_weekday\n2027-01-01,holiday_weekday\n")
        #expect(report.text.contains("+ 2027-01-01 holiday_weekday"))
        #expect(report.otherYears == 1)
    }

    @Test func `change a year that is there only if it is said that they may`() throws {
        let file = try file("2027-01-01,holiday_weekday", "2027-01-04,holiday_weekday")
        let feed = try feed("2027-01-01,holiday_weekday", "2027-01-05,holiday_weekday")
        let refused = CalendarImport(feed, year: 2027, into: file, replaces: false)
        #expect(refused.isRefused && refused.newText == nil)
        #expect(refused.exitCode == 1)
        let allowed = CalendarImport(feed, year: 2027, into: file, replaces: true)
        #expect(allowed.newText == "date,kind\n2027-01-01,holiday_weekday\n2027-01-05,holiday_weekday\n")
        #expect(allowed.removed.map(\.date.description) == ["2027-01-04"])
        #expect(allowed.added.map(\.date.description) == ["2027-01-05"])
        #expect(allowed.unchanged == 1)
    }

    @Test func `hint at a year that is hardly whole, and take it`() throws {
        let few = CalendarImport(
            try feed("2027-01-01,holiday_weekday"), year: 2027, into: try file("2026-01-01,holiday_weekday"),
            replaces: false)
        #expect(few.exitCode == 0 && few.newText != nil)
        #expect(few.hints.count == 2)
        #expect(few.text.contains("only 1. Is the file") && few.text.contains("No make-up working day"))
        let days = ["01", "04", "05", "06", "07", "08", "11"].map { "2027-01-\($0),holiday_weekday" }
        let rows = (["date,kind"] + days + ["2027-01-09,makeup_workday"]).joined(separator: "\n")
        let whole = CalendarImport(
            try HolidayFeed.read(Array(rows.utf8), year: 2027, name: "feed"), year: 2027,
            into: try file("2026-01-01,holiday_weekday"), replaces: false)
        #expect(whole.hints.isEmpty)
    }

    @Test func `change nothing where the calendar says so already`() throws {
        let report = CalendarImport(
            try feed("2027-01-01,holiday_weekday"), year: 2027, into: try file("2027-01-01,holiday_weekday"),
            replaces: false)
        #expect(report.exitCode == 0 && report.newText == nil)
        #expect(report.text.contains("The calendar says so already."))
        #expect(try report.json().contains("\"unchanged\":1"))
    }
}
