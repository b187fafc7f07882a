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

    /// Reads an iCalendar file, or a CSV file as `calendar.csv`; its content says which. Only what concerns `year` is looked
    /// at, so that a fault in another year is none.
    ///
    /// - Parameter name: by which faults call the file.
    /// - Throws: `PolicyFaults` with every fault of what concerns the year.
    package static func read(_ bytes: [UInt8], year: Int, name: String) throws(PolicyFaults) -> HolidayFeed {
        let collector = FaultCollector(file: name)
        var days = FeedDays(year: year)
        let bytes = withLineFeeds(bytes.withoutByteOrderMark)
        switch form(of: bytes) {
        case .calendar:
            let content = ICalendar.read(bytes, collector)
            for event in content.events { days.take(event, content.zones, collector) }
        case .table:
            let rows = WorkCalendar.exceptions(String(decoding: bytes, as: UTF8.self), collector, ofYear: year)
            for (date, kind) in rows.exceptions { days.take(date, kind, line: nil, collector) }
            days.otherYears += rows.otherYears
        case .neither(let problem):
            collector.add(
                nil, "the file", problem,
                allowed: "an iCalendar file (BEGIN:VCALENDAR), or a CSV file with the header `\(WorkCalendar.header)`")
        }
        if days.exceptions.isEmpty, collector.faults.isEmpty {
            collector.add(
                nil, "the file", "has no holiday on a working day and no make-up working day of \(year)",
                allowed: "summaries with 休, 放假, 假期 or holiday, and 班 or working day; or another --year")
        }
        guard collector.faults.isEmpty else { throw PolicyFaults(faults: collector.faults) }
        return HolidayFeed(
            exceptions: days.exceptions, weekendDays: days.weekendDays, otherYears: days.otherYears,
            ignored: days.ignored)
    }

    // MARK: Form

    private enum Form {
        case calendar, table
        case neither(String)
    }

    /// By the first line that says something.
    private static func form(of bytes: [UInt8]) -> Form {
        if bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]) { return .neither("is UTF-16") }
        // A calendar may fold a line inside of a character, so it is UTF-8 only once its lines are joined.
        let text = String(decoding: bytes, as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline).lazy.map { $0.filter { !$0.isWhitespace } }
        guard let first = lines.first(where: { !$0.isEmpty && !$0.hasPrefix("#") }) else { return .neither("is empty") }
        if first.uppercased() == "BEGIN:VCALENDAR" { return .calendar }
        guard String(validating: bytes, as: UTF8.self) != nil else { return .neither("is not UTF-8") }
        if first == WorkCalendar.header { return .table }
        if first.hasPrefix("<") { return .neither("is a page of the web or XML: look at what was downloaded") }
        return .neither("begins with `\(shown(first))`")
    }

    /// Old programs end lines with a carriage return alone.
    private static func withLineFeeds(_ bytes: [UInt8]) -> [UInt8] {
        let (feed, carriage) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
        return bytes.contains(feed) ? bytes : bytes.map { $0 == carriage ? feed : $0 }
    }
}

/// Gathers days of one year.
private struct FeedDays {
    let year: Int
    var exceptions: [CivilDate: CalendarException] = [:]
    var weekendDays = 0
    var otherYears = 0
    var ignored: [String] = []
    /// What was said of each day, those at the weekend too.
    private var said: [CivilDate: CalendarException] = [:]

    init(year: Int) {
        self.year = year
    }

    mutating func take(_ event: ICalendar.Event, _ zones: ICalendar.Zones, _ faults: FaultCollector) {
        let mark = Self.mark(event)
        guard mark != nil || HolidayWords.mentionsAny(event.summary) || HolidayWords.mentionsAny(event.categories)
        else {
            return ignore(event)
        }
        switch event.reach(year, zones, faults) {
        case .faulty: break
        case .otherYears(let days): otherYears += days
        case .span(let span):
            guard let kind = mark ?? kind(of: event, on: span, faults) else { return }
            for day in span.days { take(day, kind, line: event.line, faults) }
        }
    }

    mutating func take(_ date: CivilDate, _ kind: CalendarException, line: Int?, _ faults: FaultCollector) {
        guard date.year == year else {
            otherYears += 1
            return
        }
        if let other = said[date], other != kind {
            faults.add(line, "\(date)", "is a holiday and a make-up working day", allowed: "one of them")
            return
        }
        let isNew = said.updateValue(kind, forKey: date) == nil
        switch (kind, date.weekday > 5) {
        case (.holiday, true): weekendDays += isNew ? 1 : 0
        case (.makeup, false):
            faults.add(
                line, "\(date)", "is a make-up working day from Monday to Friday",
                allowed: "make-up working days on Saturday or Sunday")
        case (.holiday, false), (.makeup, true): exceptions[date] = kind
        }
    }

    /// Neither: a festival, a solar term.
    private mutating func ignore(_ event: ICalendar.Event) {
        guard event.firstDay.map({ $0.year == year }) ?? true, !ignored.contains(event.summary) else { return }
        ignored.append(event.summary)
    }

    /// Apple's own, which decides.
    private static func mark(_ event: ICalendar.Event) -> CalendarException? {
        switch event.specialDay {
        case "WORK-HOLIDAY": .holiday
        case "ALTERNATE-WORKDAY": .makeup
        default: nil
        }
    }

    /// By the summary; by the categories where that is not clear. nil: neither, or a fault is recorded.
    private mutating func kind(
        of event: ICalendar.Event, on span: DaySpan, _ faults: FaultCollector
    ) -> CalendarException? {
        let told = HolidayWords.read(event.summary, on: span)
        let category = HolidayWords.read(category: event.categories)
        let subject = "`\(shown(event.summary))`"
        switch (told, category) {
        case (.holiday, _): return .holiday
        case (.makeup, _): return .makeup
        case (_, .holiday): return .holiday
        case (_, .makeup): return .makeup
        case (.swapped, _):
            // Whoever works on such a day works anyway.
            if span.days.allSatisfy({ $0.weekday <= 5 }) { return .holiday }
            faults.add(
                event.summaryLine, subject, "(调休) is on a Saturday or Sunday: that is a free day or a working one",
                allowed: "休 or 班 in the summary, or a category 放假 or 上班")
        case (.unclear, _), (.nothing, .unclear):
            faults.add(
                event.summaryLine, subject, "does not say clearly whether the day is free or worked",
                allowed: "a summary that says one of both of this day; the rules are in docs/POLICY.md")
        case (.nothing, .nothing), (.nothing, .swapped): ignore(event)
        }
        return nil
    }
}
