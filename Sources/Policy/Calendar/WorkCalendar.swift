import Schema

/// A year for which the calendar has no data, met on the way to an answer.
///
/// A year without data is never "no holidays": whoever needs it keeps his deadline open until the year is there.
package struct CalendarGap: Error, Hashable, Sendable, CustomStringConvertible {
    package let year: Int

    package init(year: Int) {
        self.year = year
    }

    package var description: String { "the calendar has no data for \(year); add its rows to the calendar file" }
}

/// What a row of the calendar says of a date.
package enum CalendarException: String, Hashable, Sendable, CaseIterable {
    /// A public holiday from Monday to Friday.
    case holiday = "holiday_weekday"
    /// A Saturday or Sunday on which people work instead.
    case makeup = "makeup_workday"
}

/// Working days of the business zone: Monday to Friday, less public holidays, plus make-up working days.
///
/// Holds, for each year with data, how many working days lie before each of its dates, so that an answer costs the
/// same however far it reaches.
///
///     let calendar = WorkCalendar(exceptions: [holiday: .holiday], workingDayEndHour: 18)
///     try calendar.workingDay(1, after: dayBefore)        // the working day that follows the holiday
package struct WorkCalendar: Sendable {
    private struct Year: Sendable {
        let first: Int64
        /// Entry i: the working days before the date i days after the first; one entry more than the year has dates.
        let before: [UInt16]
        /// Entry k: how many days after the first the working day k+1 of the year lies.
        let days: [UInt16]
    }

    /// The year of the first entry of `years`.
    private let firstYear: Int
    private let years: [Year?]
    /// "N working days from T" ends at this hour of the Nth working day.
    package let workingDayEndHour: Int

    /// A year counts as present if there is any exception in it. Dates outside the years 1–9999 are ignored.
    package init(exceptions: [CivilDate: CalendarException], workingDayEndHour: Int = TimePolicy().workingDayEndHour) {
        self.workingDayEndHour = workingDayEndHour
        let present = Set(exceptions.keys.map { $0.year }).filter { (1...9999).contains($0) }
        let first = present.min() ?? 0
        let last = present.max() ?? -1
        firstYear = first
        years = first > last ? [] : (first...last).map { present.contains($0) ? Self.table($0, exceptions) : nil }
    }

    private static func table(_ year: Int, _ exceptions: [CivilDate: CalendarException]) -> Year? {
        guard let first = CivilDate(year: year, month: 1, day: 1) else { return nil }
        let length = 337 + CivilDate.daysInMonth(year: year, month: 2)
        var before: [UInt16] = [0]
        var days: [UInt16] = []
        for offset in 0..<length {
            let date = first.adding(days: offset)
            let isWorking =
                switch exceptions[date] {
                case .holiday: false
                case .makeup: true
                case nil: date.weekday <= 5
                }
            if isWorking { days.append(UInt16(offset)) }
            before.append(UInt16(days.count))
        }
        return Year(first: first.daysSinceEpoch, before: before, days: days)
    }

    private func table(_ year: Int) throws(CalendarGap) -> Year {
        let index = year - firstYear
        guard years.indices.contains(index), let table = years[index] else { throw CalendarGap(year: year) }
        return table
    }

    // MARK: Questions

    package func has(year: Int) -> Bool {
        let index = year - firstYear
        return years.indices.contains(index) && years[index] != nil
    }

    /// Ascending.
    package var presentYears: [Int] { years.indices.filter { years[$0] != nil }.map { firstYear + $0 } }

    package func isWorkingDay(_ date: CivilDate) throws(CalendarGap) -> Bool {
        let year = try table(date.year)
        let offset = Int(date.daysSinceEpoch - year.first)
        return year.before[offset] < year.before[offset + 1]
    }

    /// The nth working day after `date`, which itself does not count; `date` if n is 0 or less.
    package func workingDay(_ n: Int, after date: CivilDate) throws(CalendarGap) -> CivilDate {
        n <= 0 ? date : try workingDay(n, from: date.adding(days: 1))
    }

    /// The first working day after `date`.
    package func nextWorkingDay(after date: CivilDate) throws(CalendarGap) -> CivilDate {
        try workingDay(1, after: date)
    }

    /// The nth working day of the month, counted from 1; it lies beyond the month if that has fewer.
    package func workingDay(_ n: Int, ofMonth month: Month) throws(CalendarGap) -> CivilDate {
        try workingDay(max(n, 1), from: month.firstDate)
    }

    /// "N working days from T": the end of the Nth working day after T's date.
    package func deadline(workingDays n: Int, after instant: Instant) throws(CalendarGap) -> Instant {
        try workingDay(n, after: instant.date).at(hour: workingDayEndHour)
    }

    /// The first working day of a window, both ends included; nil if it has none.
    package func firstWorkingDay(
        from first: CivilDate,
        through last: CivilDate
    ) throws(CalendarGap) -> CivilDate? {
        var start = first
        while start <= last {
            let year = try table(start.year)
            let index = Int(year.before[Int(start.daysSinceEpoch - year.first)])
            if index < year.days.count {
                let found = CivilDate(daysSinceEpoch: year.first + Int64(year.days[index]))
                return found <= last ? found : nil
            }
            start = CivilDate(daysSinceEpoch: year.first + Int64(year.before.count - 1))
        }
        return nil
    }

    /// The nth working day counted from `date` on, `date` included; n is at least 1.
    private func workingDay(_ n: Int, from date: CivilDate) throws(CalendarGap) -> CivilDate {
        var number = date.year
        var year = try table(number)
        var left = n + Int(year.before[Int(date.daysSinceEpoch - year.first)])
        while left > year.days.count {
            left -= year.days.count
            number += 1
            year = try table(number)
        }
        return CivilDate(daysSinceEpoch: year.first + Int64(year.days[left - 1]))
    }
}
