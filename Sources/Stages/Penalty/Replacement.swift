import Policy
import Schema

/// A proposal to demand another service provider of a manufacturer, which the business division decides (R18).
struct Replacement: Record {
    static let kind = "replacement"

    enum State: String, Codable, Sendable {
        case undecided, approved, rejected
    }

    let manufacturerId: String
    let quarter: Quarter
    /// By time; those that an earlier release has counted before them.
    let incidentIds: [String]
    let count: Int
    /// The number of the policy that was reached.
    let threshold: Int
    /// They were counted in a row (`strictConsecutive`).
    let isInARow: Bool
    let proposedAt: Instant
    /// By when it must be decided; nil: nobody is reminded.
    var term: Term?
    var isOverdue = false
    var state = State.undecided

    static func id(_ manufacturerId: String, _ quarter: Quarter) -> String {
        Identifiers.proposalId(replacementOf: manufacturerId, quarter: quarter.description)
    }

    /// Of the letter that follows; a release before 0.3, which sent it unasked, has given it the same.
    var noticeId: String {
        Identifiers.noticeId(
            kind: NoticeIssued.Kind.manufacturerReplacement.rawValue, addressee: manufacturerId,
            period: quarter.description)
    }

    var incidents: NamedIds { NamedIds(incidentIds, of: count) }

    var wake: Wake? {
        guard state == .undecided, !isOverdue, let term else { return nil }
        return term.wake.map {
            Wake(at: $0, order: term.lookAt == nil ? PenaltyOrder.obligation : PenaltyOrder.lookAgain)
        }
    }

    /// The term has run out, or the calendar knows it now. With R18 switched off it passes silently.
    static func wake(_ id: String, in turn: inout Turn) {
        guard var proposal = turn.get(Replacement.self, id) else { return }
        proposal.term?.look(rule: "R18", in: &turn)
        if let term = proposal.term, term.isDue(at: turn.now) {
            proposal.isOverdue = true
            if turn.policy.rules.isOn(.r18) { proposal.sayOverdue(id, due: term.at, in: &turn) }
        }
        turn.put(proposal, id)
    }

    private func sayOverdue(_ id: String, due: Instant?, in turn: inout Turn) {
        turn.emit(
            ObligationOverdue(obligation: .replacementDecision, subject: id), about: Self.key(id), rule: "R18",
            parameters: ["decisionWorkingDays": .int(Int64(turn.policy.penalty.decisionWorkingDays))],
            facts: [
                "manufacturerId": .string(manufacturerId), "quarter": .string(quarter.description),
                "proposedAt": .string(proposedAt.description), "due": .string((due ?? turn.now).description),
            ])
    }
}
