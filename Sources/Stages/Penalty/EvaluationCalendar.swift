import Policy
import Schema

/// When outlets are judged: at weekly instants, and when a month closes (R11, R35).
struct EvaluationCalendar {
    let calendar: WorkCalendar
    let penalty: PenaltyPolicy
    /// R11 off: the week is not evaluated, months are.
    let isWeekly: Bool

    init(_ policy: PolicyBook) {
        calendar = policy.calendar
        penalty = policy.penalty
        isWeekly = policy.rules.isOn(.r11)
    }

    /// When the reports of a week are due: the Monday after it, or the next working day.
    func reportDue(_ week: ReportWeek) throws(CalendarGap) -> Instant {
        try reportDueDate(week).at(hour: penalty.weeklyReportDueHour)
    }

    private func reportDueDate(_ week: ReportWeek) throws(CalendarGap) -> CivilDate {
        try calendar.workingDay(1, after: week.monday.adding(days: 6))
    }

    /// When a week is evaluated: on the working day after the due date of its reports.
    func evaluation(of week: ReportWeek) throws(CalendarGap) -> Instant {
        try calendar.workingDay(penalty.evaluationWorkingDays, after: reportDueDate(week))
            .at(hour: penalty.evaluationHour)
    }

    /// When a month closes: on the 5th working day of the next one.
    func close(of month: Month) throws(CalendarGap) -> Instant {
        try calendar.workingDay(penalty.monthCloseWorkingDay, ofMonth: month.next).at(hour: penalty.evaluationHour)
    }

    /// Whether a month is open for what becomes known at `instant`, its close included.
    /// A close that falls into a year without data has not come.
    func isOpen(_ month: Month, at instant: Instant) -> Bool {
        guard let close = try? close(of: month) else { return true }
        return instant <= close
    }

    /// Whether a month is open in the evaluation at `wake`: the close of a month still sees it, the weekly evaluation
    /// of the same instant does not.
    func isOpen(_ month: Month, in wake: Wake) -> Bool {
        guard let close = try? close(of: month) else { return true }
        return wake <= Wake(at: close, order: PenaltyOrder.monthClose)
    }

    /// The first evaluation at or after `instant` that comes after `last`.
    ///
    /// - Throws: `CalendarGap` if it lies in a year without data.
    func next(from instant: Instant, after last: Wake?) throws(CalendarGap) -> Wake {
        func fits(_ wake: Wake) -> Bool { wake.at >= instant && last.map { $0 < wake } ?? true }
        var first: Wake?
        var gap: CalendarGap?
        do throws(CalendarGap) {
            var month = Month(of: Month(of: instant.date).firstDate.adding(days: -1))
            for _ in 0..<Self.lookahead {
                let wake = Wake(at: try close(of: month), order: PenaltyOrder.monthClose)
                if fits(wake) {
                    first = wake
                    break
                }
                month = month.next
            }
            var week = isWeekly ? weekBefore(instant) : nil
            for _ in 0..<Self.lookahead {
                guard let candidate = week else { break }
                let wake = Wake(at: try evaluation(of: candidate), order: PenaltyOrder.weekly)
                if fits(wake) { return min(wake, first ?? wake) }
                week = candidate.next
            }
        } catch {
            gap = error
        }
        // What lies before the gap holds all the same.
        if let first, gap.map({ first.at.date.year < $0.year }) ?? true { return first }
        throw gap ?? CalendarGap(year: instant.date.year)
    }

    /// How many weeks or months one looks ahead: more than any evaluation lies behind an event.
    private static let lookahead = 120

    /// A week from which to look forward: its evaluation lies before `instant`, or no data reach further back.
    private func weekBefore(_ instant: Instant) -> ReportWeek {
        var week = ReportWeek(of: instant.date)
        for _ in 0..<Self.lookahead {
            do throws(CalendarGap) {
                if try evaluation(of: week) < instant { return week }
            } catch {
                // What was to be judged in a year that is over and has no data is past.
                if error.year < instant.date.year { return week.next }
            }
            week = week.previous
        }
        return week
    }
}

/// Of the timers of one instant, the lower comes first (R11).
enum PenaltyOrder {
    /// Deadlines that fell into a year without data are looked at again before anything else of the instant.
    static let lookAgain = -1
    static let obligation = 0
    static let endOfTerm = 1
    static let training = 2
    static let monthClose = 3
    static let weekly = 4
}
