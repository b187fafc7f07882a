import Policy
import Schema
import Testing

struct CalendarFileTests {
    @Test func `every fault of the calendar comes with its line`() {
        let calendar = """
            date,kind
            2026-01-01,holiday_weekday
            2026-01-03,holiday_weekday
            2026-01-05,makeup_workday
            2026-02-30,holiday_weekday
            2026-01-02,holiday
            2026-01-01,holiday_weekday
            2026-01-06
            2026-01-07,holiday_weekday,New Year
            01.08.2026,free

            """
        expectFaults(
            PolicyFolder.faults(calendar: calendar),
            [
                "calendar.csv:3: 2026-01-03 is a Saturday or Sunday",
                "calendar.csv:4: 2026-01-05 is a day from Monday to Friday",
                "calendar.csv:5: the date is `2026-02-30`",
                "calendar.csv:6: the kind is `holiday`; allowed: holiday_weekday, makeup_workday",
                "calendar.csv:7: 2026-01-01 is given twice, first on line 2",
                "calendar.csv:8: `2026-01-06` has 1 fields",
                "calendar.csv:9: `2026-01-07,holiday_weekday,New Year` has 3 fields",
                "calendar.csv:10: the date is `01.08.2026`",
                "calendar.csv:10: the kind is `free`",
            ]
        )
    }

    @Test func `a file without header or rows is refused`() {
        expectFaults(
            PolicyFolder.faults(calendar: "2026-01-01,holiday_weekday\n"),
            ["calendar.csv:1: the first row is `2026-01-01,holiday_weekday`; allowed: the header `date,kind`"])
        expectFaults(PolicyFolder.faults(calendar: ""), ["calendar.csv:1: the file is empty"])
        expectFaults(PolicyFolder.faults(calendar: "\n# nothing\n"), ["calendar.csv:1: the file is empty"])
    }

    @Test func `the current year must be present where there is one`() {
        expectFaults(
            PolicyFolder.faults(currentYear: 2027),
            ["calendar.csv: the calendar has no row of 2027, the current business year"])
        expectFaults(PolicyFolder.faults(currentYear: 2026), [])
        expectFaults(PolicyFolder.faults(currentYear: nil), [])
    }

    @Test func `Windows line ends, a byte order mark, comments and empty lines do no harm`() throws {
        let text = "\u{FEFF}date,kind\r\n# from the notice of the State Council\r\n\r\n2026-01-01,holiday_weekday\r\n"
        let calendar = try PolicyFolder.load(calendar: text).get().calendar
        #expect(try calendar.isWorkingDay(#require(CivilDate("2026-01-01"))) == false)
        #expect(try calendar.isWorkingDay(#require(CivilDate("2026-01-02"))))
    }

    @Test func `the faults of another kind of file are counted, not all listed`() {
        let faults = PolicyFolder.faults(calendar: "date,kind\n" + String(repeating: "x\n", count: 1000))
        #expect(faults.count == 201)
        #expect(faults.last?.contains("has 800 more like these") == true)
    }
}
