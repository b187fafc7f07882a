import Schema
import Testing

@testable import Policy

/// Lines of an iCalendar file around these.
private func calendar(_ lines: [String], end: String = "\r\n") -> [UInt8] {
    Array((["BEGIN:VCALENDAR", "VERSION:2.0"] + lines + ["END:VCALENDAR", ""]).joined(separator: end).utf8)
}

private func event(_ summary: String, _ lines: String...) -> [String] {
    ["BEGIN:VEVENT", "SUMMARY:\(summary)"] + lines + ["END:VEVENT"]
}

/// Friday 2027-01-01 to Sunday, and Saturday 2027-01-09.
private let newYear = event("元旦假期", "DTSTART;VALUE=DATE:20270101", "DTEND;VALUE=DATE:20270104")
private let makeup = event("元旦补班", "DTSTART;VALUE=DATE:20270109", "DTEND;VALUE=DATE:20270110")
private let expected = ["2027-01-01 holiday_weekday", "2027-01-09 makeup_workday"]

private func rows(_ bytes: [UInt8], _ year: Int = 2027) throws -> [String] {
    try HolidayFeed.read(bytes, year: year, name: "f").exceptions.sorted { $0.key < $1.key }
        .map { "\($0.key) \($0.value.rawValue)" }
}

private func faults(_ bytes: [UInt8], _ year: Int = 2027) throws -> [String] {
    try #require(throws: PolicyFaults.self) { try rows(bytes, year) }.faults.map { $0.description }
}

@Suite struct `The form of a holiday file` {
    @Test(arguments: ["\r\n", "\n", "\r"])
    func `is told from its first line that says something`(end: String) throws {
        for lead in ["", end, " \t" + end + end, "\u{FEFF}", "\u{FEFF}" + end] {
            let bytes = Array(lead.utf8) + calendar(newYear + makeup, end: end)
            #expect(try rows(bytes) == expected)
        }
        let table = ["", "# of the year", "date,kind", "2027-01-01,holiday_weekday", "2027-01-09,makeup_workday", ""]
        #expect(try rows(Array(table.joined(separator: end).utf8)) == expected)
    }

    @Test func `that is neither iCalendar nor a table is one fault, not one for each line`() throws {
        let cases = [
            ("<!DOCTYPE html>\n<html>\n<body>Sign in</body>\n</html>", "is a page of the web or XML"),
            ("day;what\n2027-01-01;free\n2027-01-02;free", "begins with `day;what`"), ("", "is empty"),
            ("\n# nothing\n", "is empty"), ("{\"2027-01-01\": true}", "begins with"),
        ]
        for (text, problem) in cases {
            let found = try faults(Array(text.utf8))
            #expect(found.count == 1 && found[0].contains(problem), "\(found)")
        }
        let wide = "BEGIN:VCALENDAR\n".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        #expect(try faults([0xFF, 0xFE] + wide).first?.contains("is UTF-16") == true)
        #expect(try faults([0xC3, 0x28]).first?.contains("is not UTF-8") == true)
    }

    @Test func `is read whatever stands in its other components`() throws {
        let zone = [
            "BEGIN:VTIMEZONE", "TZID:Asia/Shanghai", "X-LIC-LOCATION:Asia/Shanghai", "BEGIN:DAYLIGHT",
            "DTSTART:19910414T000000", "RRULE:FREQ=YEARLY", "TZOFFSETFROM:+0800", "TZOFFSETTO:+0900", "END:DAYLIGHT",
            "BEGIN:STANDARD", "DTSTART:19910915T000000", "TZOFFSETTO:+0800", "END:STANDARD", "END:VTIMEZONE",
            "BEGIN:VTODO", "SUMMARY:补班", "DTSTART;VALUE=DATE:20270110", "END:VTODO",
        ]
        #expect(try rows(calendar(["X-WR-CALNAME:节假日"] + zone + newYear + makeup)) == expected)
    }
}

@Suite struct `Events of a holiday file` {
    @Test func `of other years are not looked at, whatever is wrong with them`() throws {
        let others: [[String]] = [
            event("元旦 补班", "DTSTART:20250104T090000", "DTEND:20250104T180000"),
            event("补班", "DTSTART;VALUE=DATE:20250101"),
            event("放假，下周六上班", "DTSTART;VALUE=DATE:20260101"),
            event("春节 假期", "DTSTART;VALUE=DATE:20260217", "DTEND;VALUE=DATE:20260101"),
            event("春节 假期", "DTSTART;VALUE=DATE:20260217", "DTEND:soon"),
            event("国庆 放假", "DTSTART;VALUE=DATE:20261001", "DURATION:long"),
            event("元旦 假期", "DTSTART;VALUE=DATE:20200101", "RRULE:FREQ=YEARLY;UNTIL=20251231"),
            event("元旦 假期", "DTSTART;VALUE=DATE:20290101", "RRULE:FREQ=YEARLY"),
            event("调休", "DTSTART;TZID=Mars/Olympus:20280101T090000"),
            event("春节 假期", "DTSTART;VALUE=DATE:20250230"),
            event("元旦 假期", "DTSTART:2025-01-01"),
            event("元旦 假期", "DTSTART;VALUE=DATE:20280101", "DTEND;VALUE=DATE:20290601"),
        ]
        for other in others {
            #expect(try rows(calendar(other + newYear + makeup)) == expected, "\(other)")
        }
        let feed = try HolidayFeed.read(
            calendar(others.flatMap { $0 } + event("重阳节", "DTSTART;VALUE=DATE:20261018") + newYear), year: 2027,
            name: "f")
        #expect(feed.ignored.isEmpty && feed.otherYears >= others.count)
    }

    @Test func `of a table's other years are not looked at either`() throws {
        let table = """
            date,kind
            2026-01-03,holiday_weekday
            2026-01-01,who_knows
            2026-01-01,holiday_weekday
            2027-01-01,holiday_weekday
            2027-01-09,makeup_workday
            """
        #expect(try rows(Array(table.utf8)) == expected)
        #expect(try faults(Array((table + "\n2027-01-02,holiday_weekday").utf8)).count == 1)
    }

    @Test(arguments: [
        ["DTSTART;TZID=Asia/Shanghai:20270109T090000", "DTEND;TZID=Asia/Shanghai:20270109T180000"],
        ["DTSTART;TZID=\"China Standard Time\":20270109T090000", "DTEND;TZID=\"China Standard Time\":20270109T180000"],
        ["DTSTART;TZID=/citadel.org/20250101/Asia/Shanghai:20270109T090000", "DURATION:PT9H"],
        ["DTSTART:20270109T000000", "DTEND:20270110T000000"],
        ["DTSTART:20270108T160000Z", "DTEND:20270109T160000Z"],
        ["DTSTART:20270109T010000Z", "DTEND:20270109T100000Z"],
        ["DTSTART:20270109T090000"], ["DTSTART:20270109T090000", "DTEND:20270109T090000"],
        ["DTSTART;VALUE=DATE:20270109", "DTEND;VALUE=DATE:20270109"],
        ["DTSTART;VALUE=DATE:20270109", "DURATION:P1D"], ["DTSTART;VALUE=DATE:20270109", "DURATION:PT0S"],
        ["DTSTART;VALUE=DATE:20270109 "],
    ])
    func `may be timed, in local time, in UTC or in a zone, and may end as they begin`(lines: [String]) throws {
        let timed = ["BEGIN:VEVENT", "SUMMARY:元旦 补班"] + lines + ["END:VEVENT"]
        #expect(try rows(calendar(newYear + timed)) == expected)
    }

    @Test func `take the offset of a zone from the file, where it is the same all the year`() throws {
        func zone(_ offsets: String...) -> [String] {
            ["BEGIN:VTIMEZONE", "TZID:Office"]
                + offsets.flatMap { ["BEGIN:STANDARD", "TZOFFSETTO:\($0)", "END:STANDARD"] } + ["END:VTIMEZONE"]
        }
        // 20:00 on the 8th, four hours behind UTC: 08:00 on the 9th.
        let far = event("补班", "DTSTART;TZID=Office:20270108T200000")
        #expect(try rows(calendar(newYear + far + zone("-0400"))) == expected)
        for unknown in [zone("-0400", "-0500"), zone("west"), zone("-0400", "?"), []] {
            let found = try faults(calendar(newYear + far + unknown))
            #expect(found.count == 1 && found[0].hasPrefix("f:10: DTSTART is in the time zone `Office`"), "\(found)")
        }
    }

    @Test func `that last over midnight are of each day they touch, unless the last is not clear`() throws {
        let long = event("放假", "DTSTART:20270101T090000", "DTEND:20270104T180000")
        #expect(try rows(calendar(long)) == ["2027-01-01 holiday_weekday", "2027-01-04 holiday_weekday"])
        let midnight = event("放假", "DTSTART:20270101T000000", "DTEND:20270105T000000")
        #expect(try rows(calendar(midnight)) == ["2027-01-01 holiday_weekday", "2027-01-04 holiday_weekday"])
        // A whole day in UTC, which somebody meant for one of China.
        let unclear = event("放假", "DTSTART:20270104T000000Z", "DTEND:20270105T000000Z")
        #expect(try faults(calendar(unclear)).first?.contains("ends in the morning of 2027-01-05") == true)
    }

    @Test func `that span the turn of the year count for each of both`() throws {
        let bytes = calendar(event("元旦假期", "DTSTART;VALUE=DATE:20261231", "DTEND;VALUE=DATE:20270105"))
        #expect(try rows(bytes) == ["2027-01-01 holiday_weekday", "2027-01-04 holiday_weekday"])
        #expect(try rows(bytes, 2026) == ["2026-12-31 holiday_weekday"])
        let early = calendar(event("元旦假期", "DTSTART:20261231T160000Z", "DTEND:20270101T160000Z"))
        #expect(try rows(early) == ["2027-01-01 holiday_weekday"])
    }

    @Test func `tell a fault of their year with its line`() throws {
        let found = try faults(
            calendar(
                event("放假", "DTSTART;VALUE=DATE:20270230") + event("放假", "DTSTART;VALUE=DATE:20270101", "DTEND:x")
                    + event("放假", "DTSTART;VALUE=DATE:20270101", "DURATION:P") + event("放假")
                    + event("放假", "DTSTART;VALUE=DATE:20260301", "DTEND;VALUE=DATE:20270601")
                    + event("放假", "DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=YEARLY;COUNT=3")))
        #expect(found.map { $0.prefix(5) } == ["f:5: ", "f:10:", "f:15:", "f:17:", "f:20:", "f:28:"], "\(found)")
    }

    @Test func `that say both of one day are refused, at the weekend too`() throws {
        let saturday = event("补班", "DTSTART;VALUE=DATE:20270102")
        #expect(
            try faults(calendar(newYear + saturday)).first?.contains("is a holiday and a make-up working day") == true)
    }
}

@Suite struct `The summary of a holiday` {
    /// What an event of that day, or of these days, is taken for.
    private func reading(_ summary: String, _ date: String, days: Int = 1, more: [String] = []) throws -> String {
        let last = try #require(CivilDate(date)).adding(days: days).description.filter { $0 != "-" }
        let lines = ["DTSTART;VALUE=DATE:\(date.filter { $0 != "-" })", "DTEND;VALUE=DATE:\(last)"] + more
        let own = ["BEGIN:VEVENT", "SUMMARY:\(summary)"] + lines + ["END:VEVENT"]
        // Something else, so that a feed that says nothing is no fault.
        let other = event("国庆节（休）", "DTSTART;VALUE=DATE:20271001")
        do throws(PolicyFaults) {
            let feed = try HolidayFeed.read(calendar(own + other), year: 2027, name: "f")
            if feed.ignored == [summary] { return "nothing" }
            if feed.weekendDays > 0 { return "free" }
            return feed.exceptions.values.contains(.makeup) ? "worked" : feed.exceptions.count > 1 ? "free" : "?"
        } catch {
            return error.faults.first?.line == 4 ? "refused" : "fault elsewhere: \(error)"
        }
    }

    private let saturday = "2027-01-09"
    private let monday = "2027-01-04"

    @Test(arguments: [
        "元旦补班", "元旦（班）", "元旦[班]", "班｜元旦", "元旦 班", "元旦班", "元旦前补班", "国庆节（调休上班）", "调休上班", "特殊工作日", "元旦假期补班",
        "春节假期调休上班", "补班（元旦假期）", "班（国庆节放假）", "1月9日上班", "2027-01-09 补班", "1月9日（周六）上班", "周六上班", "補班",
        "Special Working Day", "Special working day (New Year holiday)", "Make-up workday for the New Year holiday",
        "New Year Holiday Make-up Day", "New Year's Day (workday)", "Working day, Saturday", "元旦（补班，1月9日）",
    ])
    func `says that a Saturday is worked`(summary: String) throws {
        #expect(try reading(summary, saturday) == "worked")
        #expect(try reading(summary, "2027-01-10") != "free", "whatever else is said of another day")
    }

    @Test(arguments: [
        "元旦（休）", "休｜元旦", "元旦 休", "元旦假", "元旦假期", "元旦 假期 第1天/共3天", "元旦放假", "调休", "元旦调休", "调休放假", "元旦不上班",
        "New Year Holiday", "Day off (New Year)", "Non-working day", "1月4日放假", "元旦放假（1月9日上班）", "元旦放假，1月9日（周六）上班",
        "元旦放假（1月9日、10日上班）", "元旦：1月1日至4日放假，1月9日上班", "1月1日至1月4日放假", "元旦放假（周六上班）",
        "Day off (workday on Jan 9)", "New Year holiday, make-up day January 9th", "12月30日至1月4日放假",
    ])
    func `says that a Monday is free`(summary: String) throws {
        #expect(try reading(summary, monday) == "free")
    }

    @Test func `that speaks of work on another day leaves a Saturday free`() throws {
        #expect(try reading("元旦放假第2天（1月9日上班）", "2027-01-02") == "free")
        #expect(try reading("元旦放假（1月9日补班）", "2027-01-01", days: 3) == "free")
    }

    @Test(arguments: ["元旦放假，下周上班", "放假调休上班", "元旦放假（需补班）", "元旦（1月9日上班）", "Holiday and working day", "假期结束，今天上班"])
    func `that speaks of both, or only of another day, is refused`(summary: String) throws {
        #expect(try reading(summary, monday) == "refused")
        #expect(try reading(summary, "2027-01-16") == "refused")
    }

    @Test func `that says 调休 alone is refused at the weekend, as nobody knows which of both it is`() throws {
        #expect(try reading("春节调休", saturday) == "refused")
        #expect(try reading("春节调休", "2027-01-08", days: 2) == "refused")
    }

    @Test(arguments: [
        "重阳节", "元宵节（不放假）", "值班", "航班", "暑假", "妇女节放假半天", "退休", "Children's Day", "Not a public holiday", "班级聚会", "休闲",
    ])
    func `that says neither is listed`(summary: String) throws {
        #expect(try reading(summary, monday) == "nothing")
        #expect(try reading(summary, saturday) == "nothing")
    }

    @Test func `is helped by categories where it is not clear, and by Apple's mark before all`() throws {
        #expect(try reading("春节调休", saturday, more: ["CATEGORIES:上班"]) == "worked")
        #expect(try reading("春节调休", saturday, more: ["CATEGORIES:放假"]) == "free")
        #expect(try reading("元旦", monday, more: ["CATEGORIES:Holidays,放假"]) == "free")
        #expect(try reading("元旦补班", saturday, more: ["CATEGORIES:放假"]) == "worked", "the summary comes first")
        #expect(try reading("重阳节", monday, more: ["CATEGORIES:Holidays"]) == "nothing", "the name of a calendar")
        #expect(try reading("重阳节", monday, more: ["CATEGORIES:节假日"]) == "nothing")
        #expect(try reading("元旦放假，下周上班", saturday, more: ["X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY"]) == "worked")
        #expect(try reading("生日", monday, more: ["X-APPLE-SPECIAL-DAY:BIRTHDAY"]) == "nothing")
    }
}
