import Policy
import Schema

/// What is counted of a store: of every fact that has one, once. A fact without a store counts at `unknown`.
struct StoreDesk: Record {
    static let kind = "store"
    /// No store has this id.
    static let unknown = "-"

    let id: String
    var book = PeriodBook()

    var wake: Wake? { book.wake }

    /// As many as one report may list.
    private static let listedLimit = 1000

    /// `weekly-report.submitted`, of a listed store and a week that has begun; an id that is listed twice is one.
    mutating func submit(_ week: ReportWeek, violationIds: [String], at instant: Instant) {
        book.changeWeek(week) { period in
            period.submittedAt = min(period.submittedAt ?? instant, instant)
            var known = Set(period.listedIds ?? [])
            let new = violationIds.filter { known.insert($0).inserted }
            guard !new.isEmpty else { return }
            let all = ((period.listedIds ?? []) + new).prefix(Self.listedLimit)
            period.listedIds = Array(all)
            period.listed = max(period.listed, Int64(all.count))
        }
    }

    /// `weekly-report.overdue`: the week has a form, though nothing else happened in it.
    mutating func miss(_ week: ReportWeek) { book.changeWeek(week) { _ in } }

    // MARK: Timers

    /// Does everything that is due: asks the calendar when a period is over, publishes, hands on to the chain.
    mutating func pass(_ chain: inout ChainDesk, in turn: inout Turn) {
        var left = PeriodBook.passLimit
        while left > 0, let wake = book.wake, wake.at <= turn.now {
            left -= 1
            passWeeks(&chain, in: &turn)
            passMonths(&chain, in: &turn)
            passYears(&chain, in: &turn)
        }
    }

    private mutating func passWeeks(_ chain: inout ChainDesk, in turn: inout Turn) {
        for (key, known) in book.weeks.entries where known.wake <= turn.now {
            guard let week = ReportWeek(key) else { continue }
            var period = known
            if period.due == nil {
                period.due = turn.formTerm(week)
            } else if let due = period.takeDue(rule: period.formDue == nil ? "R35" : "R11", in: &turn) {
                if period.formDue == nil {
                    period.formDue = due
                    publishForm(week, period, in: &turn)
                    period.due = turn.summaryTerm(week)
                } else {
                    _ = book.close(week)
                    if turn.policy.rules.isOn(.r11) {
                        chain.take(
                            week, at: turn.now, store: id, period, report: report(week, period, turn.policy),
                            unreconciled: unreconciled(period, in: turn))
                    }
                    continue
                }
            }
            book.weeks[key] = period
        }
    }

    private mutating func passMonths(_ chain: inout ChainDesk, in turn: inout Turn) {
        for month in book.dueMonths(in: &turn) {
            guard let period = book.close(month) else { continue }
            chain.take(month, at: turn.now, store: id, period, turn.policy)
            guard id != StoreDesk.unknown, turn.policy.rules.isOn(.r33) else { continue }
            var body = ReportBody(from: month.firstDate, through: month.next.firstDate.adding(days: -1))
            body.add("postFaults", PostFaults.json(period.postFaults, period.tallies))
            turn.publish(
                .storeMonth, month.description, subject: id, rule: "R33",
                body: body.withMeasures(period.tallies, turn.policy, isSettled: true).json)
        }
    }

    /// Which of the violations that the store's reports list penalty does not know, or knows of another store.
    private func unreconciled(_ period: OpenPeriod, in turn: Turn) -> [String] {
        (period.listedIds ?? []).filter { violation in
            guard let place = turn.get(ViolationFacts.self, violation)?.place else { return true }
            return place != id && place != Self.unknown
        }
    }

    private mutating func passYears(_ chain: inout ChainDesk, in turn: inout Turn) {
        for year in book.dueYears(in: &turn) {
            guard let period = book.close(year: year) else { continue }
            chain.take(year: year, at: turn.now, period)
        }
    }

    // MARK: The weekly form

    /// R09: the form of a listed store, also if it has not reported.
    private func publishForm(_ week: ReportWeek, _ period: OpenPeriod, in turn: inout Turn) {
        guard turn.policy.rules.isOn(.r09), turn.policy.organisation.store(id) != nil else { return }
        var body = ReportBody(from: week.monday, through: week.sunday)
        body.add(
            "report",
            [
                "status": .string(report(week, period, turn.policy).rawValue),
                "submittedAt": period.submittedAt.map { .string($0.description) } ?? .null,
                "listedViolations": .int(period.listed),
                "dueAt": period.formDue.map { .string($0.description) } ?? .null,
            ])
        turn.publish(
            .weeklyForm, week.description, subject: id, rule: "R09",
            body: body.withMeasures(period.tallies, turn.policy, isSettled: false).json)
    }

    /// What became of the report that the store owes for the week.
    private func report(_ week: ReportWeek, _ period: OpenPeriod, _ policy: PolicyBook) -> WeeklyReportStatus {
        guard let due = period.formDue, let submitted = period.submittedAt else {
            guard let store = policy.organisation.store(id), StoreDuty.isOn(policy) else { return .notOwed }
            return week >= ReportWeek(firstFullFrom: store.since) ? .missing : .notOwed
        }
        return submitted <= due ? .inTime : .late
    }
}

/// What became of a store's weekly report (R09, R35).
enum WeeklyReportStatus: String, Codable, Sendable, CaseIterable {
    case inTime = "in-time"
    case late, missing
    case notOwed = "not-owed"
}

extension OpenPeriod {
    /// Asks the calendar again if it is time to.
    ///
    /// - Returns: when it was due, if it is; what comes next is then to be set.
    mutating func takeDue(rule: String, in turn: inout Turn) -> Instant? {
        due?.look(rule: rule, in: &turn)
        guard let due, due.isDue(at: turn.now) else { return nil }
        return due.at
    }
}

extension PeriodBook {
    /// More periods are never due at once.
    static let passLimit = 10_000

    /// The months to publish now, ascending; asks the calendar for those that have just ended.
    mutating func dueMonths(in turn: inout Turn) -> [Month] {
        var found: [Month] = []
        for (key, known) in months.entries where known.wake <= turn.now {
            guard let month = Month(key) else { continue }
            var period = known
            if period.due == nil { period.due = turn.monthTerm(month) }
            if period.takeDue(rule: "R33", in: &turn) != nil { found.append(month) }
            months[key] = period
        }
        return found
    }

    mutating func dueYears(in turn: inout Turn) -> [Int] {
        var found: [Int] = []
        for (key, known) in years.entries where known.wake <= turn.now {
            guard let year = Int(key) else { continue }
            var period = known
            if period.due == nil { period.due = turn.monthTerm(Month(year: year, month: 12)) }
            if period.takeDue(rule: "R29", in: &turn) != nil { found.append(year) }
            years[key] = period
        }
        return found
    }
}
