import Policy
import Schema

/// A point in time that depends on the working-day calendar and may not be known yet.
///
/// A year without calendar data is never "no holidays": a deadline that falls into one stays open, `calendar.missing`
/// names the year once, and the record looks again at 00:00 of the following days until somebody has entered the year.
/// A deadline that becomes known only when it is over is due at once.
package struct Term: Codable, Hashable, Sendable {
    /// When; nil while a year of the calendar is missing.
    package private(set) var at: Instant?
    /// What is still to be found out; nil once `at` is known.
    private var open: Open?

    private struct Open: Codable, Hashable, Sendable {
        let question: Question
        /// The year without data at the last look.
        let year: Int
        let lookAt: Instant
    }

    /// What is asked of the calendar.
    fileprivate struct Question: Codable, Hashable, Sendable {
        /// The working day of that number after `date`; nil: the first one from `date` through `last`, else `date`.
        var number: Int?
        let date: CivilDate
        var last: CivilDate?
        let hour: Int
        /// After that hour; nil: none.
        var minute: Int?

        func answer(_ calendar: WorkCalendar) throws(CalendarGap) -> Instant {
            try day(calendar).at(hour: hour).adding(minutes: Int64(minute ?? 0))
        }

        private func day(_ calendar: WorkCalendar) throws(CalendarGap) -> CivilDate {
            if let number { return try calendar.workingDay(number, after: date) }
            return try calendar.firstWorkingDay(from: date, through: last ?? date) ?? date
        }
    }

    /// A time that needs no calendar.
    package init(at: Instant) {
        self.at = at
    }

    /// When a record that has this term open must be woken for it.
    package var wake: Instant? { at ?? open?.lookAt }

    /// When to look at the calendar again; nil once the term is known.
    package var lookAt: Instant? { open?.lookAt }

    /// Whether the term is known and has come.
    package func isDue(at now: Instant) -> Bool { at.map { $0 <= now } ?? false }

    fileprivate init(_ question: Question, _ rule: String, in turn: inout Turn) {
        answer(question, rule, in: &turn)
    }

    /// Asks the calendar again if it is time to.
    package mutating func look(rule: String, in turn: inout Turn) {
        guard let open, open.lookAt <= turn.now else { return }
        answer(open.question, rule, in: &turn)
    }

    private mutating func answer(_ question: Question, _ rule: String, in turn: inout Turn) {
        do {
            at = try question.answer(turn.policy.calendar)
            open = nil
        } catch {
            if open?.year != error.year { turn.announceMissing(error.year, rule, from: question.date) }
            open = Open(
                question: question, year: error.year, lookAt: Term.nextLook(after: turn.now, since: question.date))
        }
    }

    /// 00:00 of the next date. The older the question, the longer the pause (a 64th of its age), so that an event of a
    /// year long past cannot wake its record thousands of times.
    private static func nextLook(after now: Instant, since date: CivilDate) -> Instant {
        let age = now.date.daysSinceEpoch - date.daysSinceEpoch
        return now.date.adding(days: Int(max(1, age / 64))).at(hour: 0)
    }
}

extension Turn {
    /// "N working days from T": the end of the Nth working day after T's date.
    ///
    /// - Parameter rule: whose deadline it is, for `calendar.missing`.
    package mutating func term(workingDays n: Int, after instant: Instant, rule: String) -> Term {
        term(workingDay: n, after: instant.date, hour: policy.calendar.workingDayEndHour, rule: rule)
    }

    /// That hour (0–24) of the nth working day after `date`, and so many minutes more.
    package mutating func term(
        workingDay n: Int, after date: CivilDate, hour: Int, minute: Int = 0, rule: String
    ) -> Term {
        Term(Term.Question(number: n, date: date, hour: hour, minute: minute == 0 ? nil : minute), rule, in: &self)
    }

    /// That hour of the first working day from `first` through `last`; of `first` if there is none.
    package mutating func term(
        firstWorkingDayFrom first: CivilDate, through last: CivilDate, hour: Int, rule: String
    ) -> Term {
        Term(Term.Question(date: first, last: last, hour: hour), rule, in: &self)
    }

    /// One `calendar.missing` a year is enough for all the terms of one step.
    fileprivate mutating func announceMissing(_ year: Int, _ rule: String, from date: CivilDate) {
        guard !emissions.contains(where: { ($0.data as? CalendarMissing)?.year == year }) else { return }
        emit(CalendarMissing(year: year), about: nil, rule: rule, facts: ["from": .string(date.description)])
    }
}
