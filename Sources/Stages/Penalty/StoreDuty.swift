import Policy
import Schema

/// The weekly quality reports that a listed store owes (R09, R35).
struct StoreDuty: Record {
    static let kind = "store"

    let storeId: String
    /// The week whose report is asked for next.
    var week: ReportWeek
    /// When it is due; nil: not known for want of calendar data.
    var dueAt: Instant?
    /// Weeks from that one on whose reports have come already, ascending.
    var reported: [ReportWeek] = []
    var lookAgainAt: Instant?
    /// The years of which has been said that they are missing.
    var missingYears: [Int] = []

    var wake: Wake? {
        if let lookAgainAt { return Wake(at: lookAgainAt, order: PenaltyOrder.lookAgain) }
        return dueAt.map { Wake(at: $0, order: PenaltyOrder.obligation) }
    }

    /// The duties of a store begin with its first full week. Weeks of past years without calendar data are not asked
    /// for: nobody can say when their reports were due.
    init(_ store: Organisation.Store, _ policy: PolicyBook, now: Instant) {
        storeId = store.id
        week = ReportWeek(firstFullFrom: store.since)
        let calendar = EvaluationCalendar(policy)
        for _ in 0..<Self.skipLimit {
            do throws(CalendarGap) {
                dueAt = try calendar.reportDue(week)
                return
            } catch {
                guard error.year < now.date.year else { break }
                let lastOfYear = CivilDate(year: error.year, month: 12, day: 20).map(ReportWeek.init(of:))
                week = max(week.next, lastOfYear ?? week.next)
            }
        }
        lookAgainAt = now.date.adding(days: 1).at(hour: 0)
    }

    /// More than there are years before the calendar.
    private static let skipLimit = 10_000

    /// R09 is the duty, R35 its time: without either nothing is overdue.
    static func isOn(_ policy: PolicyBook) -> Bool { policy.rules.isOn(.r09) && policy.rules.isOn(.r35) }

    /// The report of a week has come; of a week that was asked for already it changes nothing.
    mutating func take(_ submitted: ReportWeek) {
        guard submitted >= week, !reported.contains(submitted) else { return }
        reported.append(submitted)
        reported.sort()
    }

    static func wake(_ storeId: String, at wake: Wake, in turn: inout Turn) {
        guard var duty = turn.get(StoreDuty.self, storeId) else { return }
        // After a long holiday the reports of two weeks are due at once.
        while wake.order == PenaltyOrder.obligation, let due = duty.dueAt, due <= wake.at {
            duty.ask(in: &turn)
            duty.week = duty.week.next
            duty.reported = duty.reported.filter { $0 >= duty.week }
            duty.plan(floor: nil, in: &turn)
        }
        if wake.order == PenaltyOrder.lookAgain { duty.plan(floor: wake.at, in: &turn) }
        turn.put(duty, storeId)
    }

    private func ask(in turn: inout Turn) {
        // A store that was taken off the list owes nothing any more.
        guard !reported.contains(week), turn.policy.organisation.store(storeId) != nil,
            StoreDuty.isOn(turn.policy)
        else { return }
        turn.emit(
            WeeklyReportOverdue(storeId: storeId, week: week.description), about: StoreDuty.key(storeId),
            rule: "R09,R35",
            parameters: ["weeklyReportDueHour": .int(Int64(turn.policy.penalty.weeklyReportDueHour))],
            facts: ["due": .string(turn.now.description)])
    }

    /// - Parameter floor: when a missing year is looked at again, what was due meanwhile is due now.
    private mutating func plan(floor: Instant?, in turn: inout Turn) {
        lookAgainAt = nil
        do throws(CalendarGap) {
            let due = try EvaluationCalendar(turn.policy).reportDue(week)
            dueAt = max(due, floor ?? due)
        } catch {
            dueAt = nil
            lookAgainAt = turn.now.date.adding(days: 1).at(hour: 0)
            guard !missingYears.contains(error.year) else { return }
            missingYears.append(error.year)
            turn.emit(
                CalendarMissing(year: error.year), about: StoreDuty.key(storeId), rule: "calendar",
                facts: ["storeId": .string(storeId), "week": .string(week.description)])
        }
    }
}

extension PenaltyStage {
    /// `weekly-report.submitted`: an early report counts, a nil report too (R09).
    func take(_ data: WeeklyReportSubmitted, in turn: inout Turn) -> Verdict {
        let place = turn.policy.place(storeId: data.storeId, regionId: nil)
        if let rejection = turn.rejection(of: data.by) ?? turn.policy.rejection(of: data.by, .reportWeek, at: [place]) {
            return .refused(rejection)
        }
        guard let week = ReportWeek(data.week) else {
            return .refused(Rejection("no-such-week", ["week": .string(data.week)]))
        }
        guard let store = turn.policy.organisation.store(data.storeId) else {
            return .refused(Rejection("unlisted-store", ["storeId": .string(data.storeId)]))
        }
        guard week.monday <= turn.now.date else {
            return .refused(
                Rejection("week-ahead", ["week": .string(data.week), "begins": .string(week.monday.description)]))
        }
        var duty = turn.get(StoreDuty.self, data.storeId) ?? StoreDuty(store, turn.policy, now: turn.now)
        duty.take(week)
        turn.put(duty, data.storeId)
        return .applied
    }
}
