import Policy
import Schema

/// A week, month or year whose facts are being counted.
struct OpenPeriod: Codable, Sendable {
    /// 24:00 of its last date.
    let end: Instant
    var tallies = Tallies()
    /// Of a year: the facts whose month had been reported when they came.
    var late: Int64 = 0
    /// What comes next; nil until the period is over, as only then the calendar is asked.
    var due: Term?
    /// Of a store's week: when the form was due that has been published.
    var formDue: Instant?
    /// Of a store's week: when its report came, the first one, and the most violations that one of them listed.
    var submittedAt: Instant?
    var listed: Int64 = 0
    /// Of a store's week: the violations that its reports list; nil: none.
    var listedIds: [String]?
    /// Of a store's month: the failings of its own people; nil: none.
    var postFaults: PostFaults?
    /// Of a store's month: what its complaints are about; nil: there are none.
    var analysis: ComplaintAnalysis?

    init(end: Instant) {
        self.end = end
    }

    var wake: Instant { due.map { $0.wake ?? end } ?? end }
}

/// The periods of a store or outlet that have not been reported yet.
///
/// A fact counts in the week and the month of its own date. If that month has been reported already, it counts in the
/// year alone, as late; nothing that was published is written again.
struct PeriodBook: Codable, Sendable {
    var weeks = SortedMap<OpenPeriod>()
    var months = SortedMap<OpenPeriod>()
    var years = SortedMap<OpenPeriod>()
    private(set) var closedWeek: ReportWeek?
    private(set) var closedMonth: Month?
    private(set) var closedYear: Int?

    /// Counts one fact.
    ///
    /// - Parameter isWeekly: whether the week is counted too.
    mutating func count(on date: CivilDate, isWeekly: Bool, _ change: (inout Tallies) -> Void) {
        if isWeekly { changeWeek(ReportWeek(of: date)) { change(&$0.tallies) } }
        let month = Month(of: date)
        if isOpen(month) {
            changeMonth(month) { change(&$0.tallies) }
        } else {
            changeYear(month.year) { year in
                change(&year.tallies)
                year.late += 1
            }
        }
    }

    private func isOpen(_ month: Month) -> Bool { closedMonth.map { month > $0 } ?? true }

    /// Changes a month that has not been reported yet; with no change it has a report at least.
    mutating func changeMonth(_ month: Month, _ change: (inout OpenPeriod) -> Void = { _ in }) {
        guard isOpen(month) else { return }
        change(&months[month.description, OpenPeriod(end: month.next.firstDate.at(hour: 0))])
    }

    /// Changes a week that has not been summed up yet.
    mutating func changeWeek(_ week: ReportWeek, _ change: (inout OpenPeriod) -> Void) {
        guard closedWeek.map({ week > $0 }) ?? true else { return }
        change(&weeks[week.description, OpenPeriod(end: week.next.monday.at(hour: 0))])
    }

    private mutating func changeYear(_ year: Int, _ change: (inout OpenPeriod) -> Void) {
        guard closedYear.map({ year > $0 }) ?? true else { return }
        change(&years[Period.text(year: year), OpenPeriod(end: Month(year: year + 1, month: 1).firstDate.at(hour: 0))])
    }

    /// Takes a week off the book.
    mutating func close(_ week: ReportWeek) -> OpenPeriod? {
        defer { weeks[week.description] = nil }
        closedWeek = max(closedWeek ?? week, week)
        return weeks[week.description]
    }

    /// Takes a month off the book; its counts go into its year.
    mutating func close(_ month: Month) -> OpenPeriod? {
        guard let period = months[month.description] else { return nil }
        months[month.description] = nil
        closedMonth = max(closedMonth ?? month, month)
        changeYear(month.year) { $0.tallies.add(period.tallies) }
        return period
    }

    /// Takes a year off the book.
    mutating func close(year: Int) -> OpenPeriod? {
        let text = Period.text(year: year)
        defer { years[text] = nil }
        closedYear = max(closedYear ?? year, year)
        return years[text]
    }

    /// The earliest of what is to be done with a period. What became due in the past is not done at once, but when the
    /// events of the instant are through: their order must not show.
    var wake: Wake? {
        var first: Instant?
        for periods in [weeks, months, years] {
            for (_, period) in periods.entries { first = min(first ?? period.wake, period.wake) }
        }
        return first.map { Wake(at: $0, order: ReportsOrder.places, waitsForRest: true) }
    }
}

extension SortedMap {
    /// The value of `key`, put there first if it is not.
    subscript(key: String, initial: @autoclosure () -> Value) -> Value {
        get { self[key] ?? initial() }
        set { self[key] = newValue }
    }
}

/// Of the timers of one instant, the lower comes first.
enum ReportsOrder {
    /// Listed outlets open the month that has ended,
    static let opening = 0
    /// stores, outlets and manufacturers hand on their figures,
    static let places = 1
    /// then the reports on all of them are made.
    static let chain = 2
}

extension Turn {
    /// When a store's form of the week is due (R35).
    mutating func formTerm(_ week: ReportWeek) -> Term {
        term(workingDay: 1, after: week.sunday, hour: policy.penalty.weeklyReportDueHour, rule: "R35")
    }

    /// When the week is summed up (R11).
    mutating func summaryTerm(_ week: ReportWeek) -> Term {
        term(
            workingDay: 1 + policy.penalty.evaluationWorkingDays, after: week.sunday,
            hour: policy.penalty.evaluationHour, rule: "R11")
    }

    /// When the month is reported (R33); the year is with its December (R29).
    mutating func monthTerm(_ month: Month) -> Term {
        term(
            workingDay: policy.reports.monthlyWorkingDay, after: month.next.firstDate.adding(days: -1),
            hour: policy.reports.reportHour, minute: policy.reports.reportMinute, rule: "R33")
    }
}

extension ReportWeek {
    var sunday: CivilDate { monday.adding(days: 6) }
}
