import Policy
import Schema

/// `outlet.standing`: where an outlet stands, told at the close of each month, so that nobody else need count (R12, R13).
extension Dossier {
    /// The next month of which there may be something to tell: the first one that has not closed. What there is in fact is
    /// looked at when it closes.
    mutating func chooseStandingMonth(at instant: Instant, _ calendar: EvaluationCalendar) {
        guard status != .active || !violations.isEmpty || counted != nil else {
            (standingMonth, standingAt) = (nil, nil)
            return
        }
        guard standingMonth == nil else { return }
        let month = Month(of: instant.date)
        let last = Month(of: month.firstDate.adding(days: -1))
        standingMonth = calendar.isOpen(last, at: instant) ? last : month
    }

    /// Tells of a month that closes now, if the outlet has a violation in its year or a status that is not active.
    mutating func tellStanding(at instant: Instant, in turn: inout Turn) {
        guard let due = standingAt, due <= instant, let month = standingMonth else { return }
        (standingMonth, standingAt) = (month.next, nil)
        let policy = turn.policy
        let tally = Tally(violations, at: instant, EvaluationCalendar(policy))
        let (inMonth, inYear) = (tally.count(month: month), tally.count(year: month.year))
        let hasViolation =
            !inYear.isEmpty || violations.contains { $0.occurredAt.date.year == month.year }
            || counted?.years.contains(month.year) ?? false
        guard hasViolation || status != .active else { return }
        let ladders = policy.penalty.ladders
        turn.emit(
            OutletStanding(
                outletId: outletId, period: month.description,
                monthly: Self.position(
                    Tally.weight(inMonth) + (counted?.count(month: month) ?? 0),
                    policy.rules.isOn(.r12) ? ladders.monthly : nil),
                cumulative: Self.position(
                    Tally.weight(inYear) + (counted?.count(year: month.year) ?? 0),
                    policy.rules.isOn(.r13) ? ladders.cumulative : nil),
                status: status, holds: holds),
            about: key, rule: "R12,R13", facts: ["unverified": .int(Int64(violations.count { $0.verifiedAt == nil }))])
    }

    /// - Parameter ladder: nil: it is switched off.
    private static func position(_ count: Int, _ ladder: Ladder?) -> OutletStanding.Position {
        OutletStanding.Position(
            count: count, rung: ladder?.rung(for: count)?.rung.rawValue, next: ladder?.next(after: count)?.from)
    }
}
