import Schema
import Testing

@testable import Policy

@Suite struct `A file of holidays` {
    private func event(_ summary: String, _ start: String, _ end: String? = nil, more: [String] = []) -> String {
        var lines = ["BEGIN:VEVENT", "UID:1", "DTSTART;VALUE=DATE:\(start)"]
        if let end { lines.append("DTEND;VALUE=DATE:\(end)") }
        return (lines + ["SUMMARY;LANGUAGE=zh-CN:\(summary)"] + more + ["END:VEVENT"]).joined(separator: "\r\n")
    }

    private func calendar(_ events: String...) -> [UInt8] {
        let all = ["BEGIN:VCALENDAR", "VERSION:2.0"] + events + ["END:VCALENDAR", ""]
        return Array(all.joined(separator: "\r\n").utf8)
    }

    private func read(_ bytes: [UInt8], _ year: Int = 2026) throws -> HolidayFeed {
        try HolidayFeed.read(bytes, year: year, name: "feed.ics")
    }

    private func faults(_ bytes: [UInt8]) throws -> [String] {
        try #require(throws: PolicyFaults.self) { try read(bytes) }.faults.map { $0.description }
    }

    private func rows(_ feed: HolidayFeed) -> [String] {
        feed.exceptions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.rawValue)" }
    }

    @Test func `gives the working days that are free: the day of DTEND is no longer one, weekends say nothing`() throws
    {
        // Thursday 1 to Wednesday 7 October 2026.
        let feed = try read(calendar(event("国庆节 休", "20261001", "20261008")))
        #expect(
            rows(feed) == [
                "2026-10-01 holiday_weekday", "2026-10-02 holiday_weekday", "2026-10-05 holiday_weekday",
                "2026-10-06 holiday_weekday", "2026-10-07 holiday_weekday",
            ])
        #expect(feed.weekendDays == 2)
    }

    @Test func `without DTEND an event is one day, with a duration as many days`() throws {
        let feed = try read(
            calendar(event("元旦（休）", "20260101"), event("清明 假期", "20260406", more: ["DURATION:P1D"])))
        #expect(rows(feed) == ["2026-01-01 holiday_weekday", "2026-04-06 holiday_weekday"])
    }

    @Test(arguments: [
        ("国庆节（班）", true), ("春节 补班 第1天/共2天", true), ("调休上班", true), ("Special Working Day", true), ("调休", false),
        ("国庆节 假期 第1天/共8天", false), ("Labour Day Holiday", false),
    ])
    func `tells make-up working days from holidays by the summary`(summary: String, isMakeup: Bool) throws {
        // Saturday and Monday.
        let feed = try read(
            isMakeup ? calendar(event(summary, "20261010")) : calendar(event(summary, "20261012")))
        #expect(rows(feed) == [isMakeup ? "2026-10-10 makeup_workday" : "2026-10-12 holiday_weekday"])
    }

    @Test func `goes by Apple's own mark before the summary`() throws {
        let feed = try read(
            calendar(
                event("国庆节", "20261001", more: ["X-APPLE-SPECIAL-DAY:WORK-HOLIDAY"]),
                event("国庆节", "20261010", more: ["X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY"])))
        #expect(rows(feed) == ["2026-10-01 holiday_weekday", "2026-10-10 makeup_workday"])
    }

    @Test func `lists what is neither, and leaves out other years and what was cancelled`() throws {
        let feed = try read(
            calendar(
                event("重阳节", "20261018"), event("重阳节", "20271008"), event("元旦 休", "20270101"),
                event("劳动节 休", "20260501"),
                event("取消 休", "20260601", more: ["STATUS:CANCELLED"])))
        #expect(rows(feed) == ["2026-05-01 holiday_weekday"])
        #expect(feed.ignored == ["重阳节"])
        #expect(feed.otherYears == 1)
    }

    @Test func `joins folded lines, even where a fold divides a character, and passes over alarms`() throws {
        let whole = event("国庆节（休）", "20261001", more: ["BEGIN:VALARM", "DTSTART;VALUE=DATE:20200101", "END:VALARM"])
        var bytes = calendar(whole)
        let mark = try #require(bytes.indices.first { bytes[$0...].starts(with: Array("休".utf8)) })
        bytes.insert(contentsOf: Array("\r\n ".utf8), at: mark + 1)
        #expect(rows(try read(bytes)) == ["2026-10-01 holiday_weekday"])
    }

    @Test func `tells every fault with its line`() throws {
        let bytes = calendar(
            event("A 休", "2026-10-01"), event("B 休", "20261005", "20261004"),
            event("C 休", "20261006", more: ["RRULE:FREQ=YEARLY"]), event("D 班", "20261012"))
        #expect(
            try faults(bytes) == [
                "feed.ics:5: DTSTART is `2026-10-01`; allowed: a date or a time, such as DTSTART;VALUE=DATE:20261001",
                "feed.ics:11: DTEND lies before DTSTART; allowed: a later time, or the same",
                "feed.ics:18: RRULE makes the event recur; allowed: an event for each holiday",
                "feed.ics:20: 2026-10-12 is a make-up working day from Monday to Friday; allowed: make-up working days "
                    + "on Saturday or Sunday",
            ])
    }

    @Test func `is refused where it is cut off, contradicts itself, or says nothing of the year`() throws {
        let cut = Array(calendar(event("A 休", "20261001")).dropLast(30))
        #expect(try faults(cut).contains { $0.contains("ends inside VCALENDAR") })
        let both = Array("date,kind\n2026-10-01,holiday_weekday\n2026-10-01,makeup_workday\n".utf8)
        #expect(try faults(both).contains { $0.contains("2026-10-01 is a day from Monday to Friday") })
        let nothing = calendar(event("重阳节", "20261018"))
        #expect(try faults(nothing).first?.contains("has no holiday on a working day") == true)
    }

    @Test func `may be a CSV file like the calendar itself`() throws {
        let feed = try read(Array("date,kind\n2026-10-01,holiday_weekday\n2027-01-01,holiday_weekday\n".utf8))
        #expect(rows(feed) == ["2026-10-01 holiday_weekday"])
        #expect(feed.otherYears == 1)
    }
}
