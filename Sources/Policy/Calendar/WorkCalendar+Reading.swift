import Schema

extension WorkCalendar {
    static let header = "date,kind"
    /// Some five hundred years of exceptions; a longer file is something else.
    private static let rowLimit = 20_000

    /// Reads `calendar.csv`: the header `date,kind`, then one exception a row. Empty lines and lines that begin
    /// with `#` say nothing.
    static func read(
        _ text: String,
        workingDayEndHour: Int,
        currentYear: Int?,
        _ faults: FaultCollector
    ) -> WorkCalendar {
        let calendar = WorkCalendar(
            exceptions: exceptions(text, faults).exceptions, workingDayEndHour: workingDayEndHour)
        if let currentYear, !calendar.has(year: currentYear) {
            faults.add(
                nil, "the calendar", "has no row of \(currentYear), the current business year",
                allowed: "a file with the holidays and make-up working days of \(currentYear)")
        }
        return calendar
    }

    /// What the rows say; those at fault are left out.
    ///
    /// - Parameter year: only rows of this year are looked at, and of the others only how many there are; nil: all.
    static func exceptions(
        _ text: String, _ faults: FaultCollector, ofYear year: Int? = nil
    ) -> (exceptions: [CivilDate: CalendarException], otherYears: Int) {
        var otherYears = 0
        var exceptions: [CivilDate: CalendarException] = [:]
        var lines: [CivilDate: Int] = [:]
        var headerSeen = false
        for (index, bytes) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            let row = trimmed(bytes, first: index == 0)
            if row.isEmpty || row.first == "#" { continue }
            let line = index + 1
            guard headerSeen else {
                headerSeen = true
                if row != header {
                    faults.add(line, "the first row", "is `\(shown(row))`", allowed: "the header `\(header)`")
                }
                continue
            }
            if let year, let date = CivilDate(String(row.prefix(10))), date.year != year {
                otherYears += 1
                continue
            }
            guard let (date, kind) = exception(row, line, faults) else { continue }
            if let first = lines[date] {
                faults.add(line, "\(date)", "is given twice, first on line \(first)", allowed: "each date once")
                continue
            }
            guard lines.count < rowLimit else {
                faults.add(line, "the file", "has too many rows", allowed: "at most \(rowLimit)")
                break
            }
            lines[date] = line
            exceptions[date] = kind
        }
        if !headerSeen {
            faults.add(1, "the file", "is empty", allowed: "the header `\(header)` and a row for each exception")
        }
        return (exceptions, otherYears)
    }

    static func trimmed(_ bytes: Substring.UTF8View, first: Bool) -> String {
        var row = Substring(bytes)
        if first, row.unicodeScalars.first == "\u{FEFF}" { row.unicodeScalars.removeFirst() }
        if row.unicodeScalars.last == "\r" { row.unicodeScalars.removeLast() }
        return String(row)
    }

    private static func exception(
        _ row: String,
        _ line: Int,
        _ faults: FaultCollector
    ) -> (CivilDate, CalendarException)? {
        let fields = row.split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count == 2 else {
            faults.add(line, "`\(shown(row))`", "has \(fields.count) fields", allowed: "two: \(header)")
            return nil
        }
        let date = CivilDate(String(fields[0]))
        if date == nil {
            let name = shown(String(fields[0]))
            faults.add(line, "the date", "is `\(name)`", allowed: "a date such as 2026-10-01")
        }
        let kind = CalendarException(rawValue: String(fields[1]))
        if kind == nil {
            let kinds = CalendarException.allCases.map { $0.rawValue }.joined(separator: ", ")
            faults.add(line, "the kind", "is `\(shown(String(fields[1])))`", allowed: kinds)
        }
        guard let date, let kind else { return nil }
        let isWeekend = date.weekday > 5
        switch kind {
        case .holiday where isWeekend:
            faults.add(
                line, "\(date)", "is a Saturday or Sunday, which is free anyway",
                allowed: "holiday_weekday on Monday to Friday")
            return nil
        case .makeup where !isWeekend:
            faults.add(
                line, "\(date)", "is a day from Monday to Friday, which is worked anyway",
                allowed: "makeup_workday on Saturday or Sunday")
            return nil
        case .holiday, .makeup:
            return (date, kind)
        }
    }
}
