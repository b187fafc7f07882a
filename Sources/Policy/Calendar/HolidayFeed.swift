import Schema

/// What a file of somebody else says of one year's holidays and make-up working days.
package struct HolidayFeed: Sendable, Hashable {
    /// Holidays on Monday to Friday, make-up working days on Saturday and Sunday.
    package let exceptions: [CivilDate: CalendarException]
    /// Days of a holiday that are a Saturday or Sunday: free anyway.
    package let weekendDays: Int
    /// Days of other years.
    package let otherYears: Int
    /// Summaries of events that are neither: festivals, solar terms. Each once, in order of the file.
    package let ignored: [String]

    /// Reads an iCalendar file (it begins with `BEGIN:VCALENDAR`), or a CSV file as `calendar.csv`.
    ///
    /// - Parameter name: by which faults call the file.
    /// - Throws: `PolicyFaults` with every fault of what concerns the year.
    package static func read(_ bytes: [UInt8], year: Int, name: String) throws(PolicyFaults) -> HolidayFeed {
        let collector = FaultCollector(file: name)
        var days = FeedDays(year: year)
        if ICalendar.isOne(bytes) {
            for event in ICalendar.events(bytes, collector) { days.take(event, collector) }
        } else if let text = String(validating: bytes, as: UTF8.self) {
            for (date, kind) in WorkCalendar.exceptions(text, collector) { days.take(date, kind, line: nil, collector) }
        } else {
            collector.add(nil, "the file", "is not UTF-8", allowed: "an iCalendar or CSV file in UTF-8")
        }
        if days.exceptions.isEmpty, collector.faults.isEmpty {
            collector.add(
                nil, "the file", "has no holiday on a working day and no make-up working day of \(year)",
                allowed: "summaries with 休, 假 or holiday, and 班 or working day; or another --year")
        }
        guard collector.faults.isEmpty else { throw PolicyFaults(faults: collector.faults) }
        return HolidayFeed(
            exceptions: days.exceptions, weekendDays: days.weekendDays, otherYears: days.otherYears,
            ignored: days.ignored)
    }
}

/// Gathers days of one year.
private struct FeedDays {
    let year: Int
    var exceptions: [CivilDate: CalendarException] = [:]
    var weekendDays = 0
    var otherYears = 0
    var ignored: [String] = []

    init(year: Int) {
        self.year = year
    }

    mutating func take(_ event: ICalendar.Event, _ faults: FaultCollector) {
        guard let kind = Self.kind(of: event) else {
            if !ignored.contains(event.summary) { ignored.append(event.summary) }
            return
        }
        guard let days = event.days(faults) else { return }
        for offset in 0..<days.count { take(days.first.adding(days: offset), kind, line: event.line, faults) }
    }

    mutating func take(_ date: CivilDate, _ kind: CalendarException, line: Int?, _ faults: FaultCollector) {
        guard date.year == year else {
            otherYears += 1
            return
        }
        if let other = exceptions[date], other != kind {
            faults.add(line, "\(date)", "is a holiday and a make-up working day", allowed: "one of them")
            return
        }
        switch (kind, date.weekday > 5) {
        case (.holiday, true): weekendDays += 1
        case (.makeup, false):
            faults.add(
                line, "\(date)", "is a make-up working day from Monday to Friday",
                allowed: "make-up working days on Saturday or Sunday")
        case (.holiday, false), (.makeup, true): exceptions[date] = kind
        }
    }

    private static let makeupWords = ["班", "working day", "workday", "make-up", "makeup"]
    private static let holidayWords = ["休", "假", "holiday", "day off"]

    /// By Apple's own mark, else by the summary. Make-up comes first: 调休上班 is worked, 调休 alone is free.
    private static func kind(of event: ICalendar.Event) -> CalendarException? {
        switch event.specialDay {
        case "WORK-HOLIDAY": return .holiday
        case "ALTERNATE-WORKDAY": return .makeup
        default: break
        }
        let summary = event.summary.lowercased()
        if makeupWords.contains(where: summary.contains) { return .makeup }
        if holidayWords.contains(where: summary.contains) { return .holiday }
        return nil
    }
}
