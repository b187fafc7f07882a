import Policy
import Schema

/// What a notice does to an outlet, from its issue until it is over (R12, R20).
struct Effect: Codable, Hashable, Sendable {
    let noticeId: String
    /// Of its letter.
    let number: String
    let proposalId: String
    let ladder: PenaltyProposed.Ladder
    let period: String
    let rung: Rung
    let violationIds: [String]
    /// How many more the proposal had; nil: all are named.
    var more: Int?
    /// Among the violations is one with a hazard: orders in hand go to somebody else.
    let hasHazard: Bool
    /// Injury or fire: an appeal does not suspend a stop or a withdrawal.
    let hasGraveHazard: Bool
    let issuedAt: Instant
    /// Until when the outlet may appeal; nil: it falls into a year without data.
    var appealUntil: Instant?
    /// When the warning ends, or by when the rectification must have been accepted; nil: no term runs.
    var endsAt: Instant?
    /// What was left of the term when the appeal stopped it, in microseconds.
    var remaining: Int64?
    /// How often the rectification was not accepted, or not reviewed in time.
    var failures = 0
    /// The undecided (or superseded) stop-dispatch proposal that the last failure led to.
    var stopProposalId: String?
    var isOver = false
    var appeal: Appeal?

    struct Appeal: Codable, Hashable, Sendable {
        let lodgedBy: String
        var isPending = true
    }

    var violations: NamedIds { NamedIds(violationIds, of: violationIds.count + (more ?? 0)) }
    var isUnderAppeal: Bool { appeal?.isPending ?? false }

    /// An appeal brings back what held before the notice, but for a stop or withdrawal with injury or fire.
    var isSuspended: Bool { isUnderAppeal && !(rung >= .stopDispatch && hasGraveHazard) }
    var isInForce: Bool { !isOver && !isSuspended }

    /// The hold that a stop or a withdrawal opens, named after what led to it.
    var hold: OutletStatusChanged.Hold? {
        guard rung >= .stopDispatch else { return nil }
        switch ladder {
        case .monthly, .cumulative, .grave, .recommendation: return .ladder
        case .rectification: return .rectification
        case .training: return .training
        }
    }

    /// When time alone ends something: the warning, the rectification, or the time to appeal against a withdrawal.
    var termEnd: Instant? {
        if isOver { return nil }
        if rung == .withdrawal { return appeal == nil ? appealUntil : nil }
        return endsAt
    }
}
