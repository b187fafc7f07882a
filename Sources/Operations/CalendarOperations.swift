import Policy
import Schema

/// The result of `recourse calendar check`.
package struct CalendarReport: OperationReport, Codable, Hashable {
    package struct Year: Sendable, Hashable, Codable {
        package let year: Int
        /// On Monday to Friday.
        package let holidays: Int
        /// On Saturday and Sunday.
        package let makeups: Int
        package let workingDays: Int

        package init(year: Int, holidays: Int, makeups: Int, workingDays: Int) {
            self.year = year
            self.holidays = holidays
            self.makeups = makeups
            self.workingDays = workingDays
        }
    }

    /// The business time by which it was judged; nil: there is none yet, so only gaps were looked for.
    package let now: Instant?
    /// Ascending.
    package let years: [Year]
    /// Years without data between the first and the last.
    package let gaps: [Int]
    /// The current year, and from 1 November on the next, where they have no data.
    package let missing: [Int]

    package init(_ file: CalendarFile, at now: Instant?) {
        self.now = now
        let calendar = file.calendar
        years = calendar.presentYears.map { Year($0, file) }
        gaps = calendar.gaps
        missing = now.map { calendar.missingYears(at: $0) } ?? []
    }

    package var exitCode: Int32 { gaps.isEmpty && missing.isEmpty ? 0 : 1 }

    package var text: String {
        var table = TextTable(">YEAR", ">HOLIDAYS", ">MAKE-UP DAYS", ">WORKING DAYS")
        for one in years { table.add([one.year, one.holidays, one.makeups, one.workingDays].map(String.init)) }
        var lines = table.lines
        for year in gaps { lines.append("\(year) has no data, though years before and after it have.") }
        for year in missing {
            lines.append(
                now?.date.year == year
                    ? "\(year), the current business year, has no data: no worker starts."
                    : "\(year), the next year, has no data: deadlines that fall into it stay open.")
        }
        if !missing.isEmpty || !gaps.isEmpty { lines.append("recourse calendar import FILE --year YEAR adds a year.") }
        lines.append(
            now.map { "business time \($0)" } ?? "The business clock has not been set: only gaps were looked for.")
        return lines.joined(separator: "\n")
    }
}

extension CalendarReport.Year {
    init(_ year: Int, _ file: CalendarFile) {
        let rows = file.exceptions(of: year).values
        let holidays = rows.count { $0 == .holiday }
        let makeups = rows.count { $0 == .makeup }
        var weekdays = 0
        if let first = CivilDate(year: year, month: 1, day: 1) {
            let length = 337 + CivilDate.daysInMonth(year: year, month: 2)
            weekdays = (0..<length).count { first.adding(days: $0).weekday <= 5 }
        }
        self.init(year: year, holidays: holidays, makeups: makeups, workingDays: weekdays - holidays + makeups)
    }
}

/// The result of `recourse calendar import`: what a file changes in one year of the calendar.
package struct CalendarImport: OperationReport, Hashable {
    /// A row that comes or goes.
    package struct Row: Sendable, Hashable, Codable {
        package let date: CivilDate
        package let kind: String
    }

    package let year: Int
    /// The year had rows before.
    package let wasPresent: Bool
    package let added: [Row]
    package let removed: [Row]
    package let unchanged: Int
    /// Holidays on Saturdays and Sundays, which are free anyway.
    package let weekendDays: Int
    /// Days of other years in the file.
    package let otherYears: Int
    /// Summaries that say neither holiday nor make-up working day.
    package let ignored: [String]
    /// What a person should look at before he relies on it.
    package let hints: [String]
    /// The year would change, and nobody said that it may.
    package let isRefused: Bool
    /// The calendar as it becomes; nil: as it is.
    package let newText: String?

    private enum CodingKeys: String, CodingKey {
        case year, wasPresent, added, removed, unchanged, weekendDays, otherYears, ignored, hints, isRefused
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(year, forKey: .year)
        try container.encode(wasPresent, forKey: .wasPresent)
        try container.encode(added, forKey: .added)
        try container.encode(removed, forKey: .removed)
        try container.encode(unchanged, forKey: .unchanged)
        try container.encode(weekendDays, forKey: .weekendDays)
        try container.encode(otherYears, forKey: .otherYears)
        try container.encode(ignored, forKey: .ignored)
        try container.encode(hints, forKey: .hints)
        try container.encode(isRefused, forKey: .isRefused)
    }

    /// - Parameter replaces: a year that is there may be changed.
    package init(_ feed: HolidayFeed, year: Int, into file: CalendarFile, replaces: Bool) {
        self.year = year
        let before = file.exceptions(of: year)
        func rows(_ of: [CivilDate: CalendarException], without other: [CivilDate: CalendarException]) -> [Row] {
            of.filter { other[$0.key] != $0.value }.sorted { $0.key < $1.key }
                .map { Row(date: $0.key, kind: $0.value.rawValue) }
        }
        wasPresent = !before.isEmpty
        added = rows(feed.exceptions, without: before)
        removed = rows(before, without: feed.exceptions)
        unchanged = feed.exceptions.count - added.count
        weekendDays = feed.weekendDays
        otherYears = feed.otherYears
        ignored = feed.ignored
        hints = Self.hints(feed)
        let changes = !added.isEmpty || !removed.isEmpty
        isRefused = changes && wasPresent && !replaces
        newText = changes && !isRefused ? file.setting(year, to: feed.exceptions) : nil
    }

    package var exitCode: Int32 { isRefused ? 1 : 0 }

    /// Mainland China has had seven holidays or more on working days in every year since 2008, and make-up days for them.
    private static let fewHolidays = 7

    private static func hints(_ feed: HolidayFeed) -> [String] {
        let makeups = feed.exceptions.values.count { $0 == .makeup }
        let holidays = feed.exceptions.count - makeups
        var hints: [String] = []
        if holidays < fewHolidays { hints.append("Holidays on working days: only \(holidays). Is the file complete?") }
        if makeups == 0 {
            hints.append("No make-up working day: mainland China has had some every year; is the file complete?")
        }
        return hints
    }

    package var text: String {
        var lines: [String] = []
        for row in removed { lines.append("- \(row.date) \(row.kind)") }
        for row in added { lines.append("+ \(row.date) \(row.kind)") }
        lines.append(
            "\(year): \(added.count) rows added, \(removed.count) removed, \(unchanged) unchanged; "
                + "\(weekendDays) holidays on weekends left out, \(otherYears) days of other years")
        if !ignored.isEmpty { lines.append("neither holiday nor make-up day: " + ignored.joined(separator: ", ")) }
        lines += hints
        if isRefused {
            lines.append("\(year) is there already and would change: nothing was written; --replace allows it.")
        } else if newText == nil {
            lines.append("The calendar says so already.")
        } else {
            lines.append("Written. Give policy.yaml a new version, then have the workers read it again (SIGHUP).")
        }
        return lines.map(TextTable.printable).joined(separator: "\n")
    }
}
