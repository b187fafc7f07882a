import Policy
import Schema

/// A penalty that the business division is asked to approve (R11).
struct Proposal: Codable, Hashable, Sendable {
    enum State: String, Codable, Sendable {
        case undecided, approved, rejected, superseded
    }

    let id: String
    let ladder: PenaltyProposed.Ladder
    /// The month or year; ladder rectification: the noticeId; training: the quarter of the third failure; grave: the
    /// violationId; recommendation: the quarter.
    let period: String
    let rung: Rung
    /// Outside the counts: which proposal of its ladder and period it is; of training, the failures in a row.
    let count: Int
    let threshold: Int?
    /// By occurrence, then id.
    let violationIds: [String]
    /// How many more the count has; nil: all are named.
    let more: Int?
    let proposedAt: Instant
    /// nil: it falls into a year without data.
    var decisionDue: Instant?
    var isOverdue = false
    var state = State.undecided
    /// The proposal that has taken its place.
    var supersededBy: String?

    var violations: NamedIds { NamedIds(violationIds, of: violationIds.count + (more ?? 0)) }
    var isUndecided: Bool { state == .undecided }
    /// Undecided and outside the counts: it stands in the way of what is not worse. A recommendation does not, before it is
    /// approved: then its effect does.
    var standsOutside: Bool { isUndecided && !isByCount && ladder != .recommendation }
    var owesDecision: Bool { isUndecided && !isOverdue }
    /// It belongs to a ladder of counts, whose periods open and close.
    var isByCount: Bool { ladder == .monthly || ladder == .cumulative }

    /// The month whose close ends the period; nil for ladders without periods.
    var closingMonth: Month? {
        switch ladder {
        case .monthly: Month(period)
        case .cumulative: Int(period).map { Month(year: $0, month: 12) }
        case .rectification, .training, .grave, .recommendation: nil
        }
    }

    func isInOpenPeriod(in wake: Wake, _ calendar: EvaluationCalendar) -> Bool {
        closingMonth.map { calendar.isOpen($0, in: wake) } ?? false
    }
}
