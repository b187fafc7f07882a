import Schema

/// A year that will soon be needed and has no data yet.
package struct CalendarWarning: Hashable, Sendable, CustomStringConvertible {
    package let year: Int

    package var description: String {
        "the calendar has no data for \(year) yet: add its rows before the year begins, or deadlines that fall into "
            + "it stay open"
    }
}

extension WorkCalendar {
    /// From this month on the next year is expected to be present: the government announces its holidays then.
    private static let nextYearFromMonth = 11

    /// The years that should be present at `instant` and are not: its own, and from 1 November the next one.
    package func missingYears(at instant: Instant) -> [Int] {
        let (year, month, _) = instant.date.components
        let needed = month >= Self.nextYearFromMonth ? [year, year + 1] : [year]
        return needed.filter { !has(year: $0) }
    }

    /// What health shows at `instant`: the next year, from 1 November, as long as it has no data.
    package func warnings(at instant: Instant) -> [CalendarWarning] {
        let year = instant.date.year
        return missingYears(at: instant).filter { $0 > year }.map { CalendarWarning(year: $0) }
    }

    /// Years without data between the first and the last that have some.
    package var gaps: [Int] {
        guard let first = presentYears.first, let last = presentYears.last else { return [] }
        return (first...last).filter { !has(year: $0) }
    }
}
