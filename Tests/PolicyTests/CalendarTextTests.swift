import Schema
import Testing

@testable import Policy

@Suite struct `The calendar file` {
    @Test func `takes a year's rows before the next year's, and keeps comments and other years as they are`() throws {
        let text = "# kept\ndate,kind\n2025-01-01,holiday_weekday\n# 2026 follows\n2027-01-01,holiday_weekday\n"
        let file = try CalendarFile(text, name: "calendar.csv")
        let (new, makeup) = (try #require(CivilDate("2026-01-01")), try #require(CivilDate("2026-01-04")))
        let next = file.setting(2026, to: [makeup: .makeup, new: .holiday])
        #expect(
            next == "# kept\ndate,kind\n2025-01-01,holiday_weekday\n2026-01-01,holiday_weekday\n"
                + "2026-01-04,makeup_workday\n# 2026 follows\n2027-01-01,holiday_weekday\n")
        let again = try CalendarFile(next, name: "calendar.csv")
        #expect(again.setting(2026, to: [:]) == text)
        #expect(file.calendar.gaps == [2026])
        #expect(again.calendar.gaps.isEmpty)
    }
}
