import Policy
import Schema

/// What is known of an outlet's site checks (R19).
struct SiteSupervision: Codable, Hashable, Sendable {
    /// Whether the last check was passed.
    var isPassed = false
    /// Of the last check.
    var checkedAt: Instant?
    /// The quarter in which the next check is owed; nil until the first check is passed.
    var owedIn: Quarter?

    /// By when the next check must have been; nil: none is owed.
    var dueAt: Instant? { owedIn?.end }

    /// Takes a check; one that is older than what is known says nothing.
    mutating func take(passed: Bool, at instant: Instant) {
        if let checkedAt, instant < checkedAt { return }
        checkedAt = instant
        isPassed = passed
        skipChecked()
    }

    /// After the first passed check of a listed outlet one is owed in every later quarter, its first full one at the
    /// earliest.
    mutating func startDuty(since: CivilDate) {
        guard owedIn == nil, isPassed, let checkedAt else { return }
        owedIn = max(Quarter(of: checkedAt.date).next, Quarter(firstFullFrom: since))
    }

    private mutating func skipChecked() {
        if let checkedAt, owedIn == Quarter(of: checkedAt.date) { owedIn = owedIn?.next }
    }

    /// A quarter has ended without a check.
    mutating func miss() {
        owedIn = owedIn?.next
        skipChecked()
    }
}

extension Dossier {
    /// Says of each quarter that ended without a site check that it is overdue (R19).
    mutating func remindOfSiteChecks(at instant: Instant, in turn: inout Turn) {
        while let due = site.dueAt, let quarter = site.owedIn, due <= instant {
            site.miss()
            guard turn.policy.rules.isOn(.r19) else { continue }
            turn.emit(
                ObligationOverdue(obligation: .siteCheck, subject: outletId), about: key, rule: "R19",
                facts: ["quarter": .string(quarter.description), "due": .string(due.description)])
        }
    }
}
