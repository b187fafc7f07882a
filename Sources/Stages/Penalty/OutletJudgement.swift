import Policy
import Schema

/// What those who supervise an outlet have said of it (R55). The journal keeps all of it; here are the latest
/// evaluations, for whoever looks at the dossier, and what numbers the next recommendation.
struct OutletJudgement: Codable, Sendable {
    struct Evaluation: Codable, Sendable {
        let quarter: Quarter
        /// 0 to 100.
        let score: Int
        let at: Instant
    }

    /// One for each quarter, the last that was given; of so many quarters, ascending.
    private(set) var evaluations: [Evaluation] = []
    /// How often the withdrawal was recommended, by quarter.
    private var recommendations = SortedMap<Int>()

    private static let quartersKept = 12

    mutating func take(_ evaluation: Evaluation) {
        if let known = evaluations.first(where: { $0.quarter == evaluation.quarter }), known.at > evaluation.at {
            return
        }
        evaluations.removeAll { $0.quarter == evaluation.quarter }
        evaluations.append(evaluation)
        evaluations.sort { $0.quarter < $1.quarter }
        evaluations = Array(evaluations.suffix(Self.quartersKept))
    }

    /// The number of the next recommendation in a quarter: 1, 2 …
    func nextNumber(in quarter: Quarter) -> Int { (recommendations[quarter.description] ?? 0) + 1 }

    mutating func recommend(in quarter: Quarter) { recommendations[quarter.description] = nextNumber(in: quarter) }
}

extension Dossier {
    /// What the next recommendation of a withdrawal proposes.
    func recommendationDraft(at instant: Instant) -> ProposalDraft {
        let quarter = Quarter(of: instant.date)
        return ProposalDraft(
            ladder: .recommendation, period: quarter.description, rung: .withdrawal,
            count: (judgement ?? OutletJudgement()).nextNumber(in: quarter), violations: NamedIds([]))
    }
}

extension PenaltyStage {
    /// Why somebody may say nothing of this outlet: whether it is listed comes before his place, which its region is.
    private func rejection(of by: Person, _ act: Act, about outletId: String, in turn: Turn) -> Rejection? {
        if let rejection = turn.rejection(of: by) { return rejection }
        guard turn.policy.organisation.outlet(outletId) != nil else {
            return Rejection("unlisted-outlet", ["outletId": .string(outletId)])
        }
        return turn.policy.rejection(of: by, act, at: turn.policy.places(ofOutlet: outletId))
    }

    /// `outlet.evaluated`: enters the dossier and decides nothing (R55).
    func take(_ data: OutletEvaluated, in turn: inout Turn) -> Verdict {
        if let rejection = rejection(of: data.by, .evaluateOutlet, about: data.outletId, in: turn) {
            return .refused(rejection)
        }
        guard let quarter = Quarter(data.quarter) else {
            return .refused(Rejection("no-such-quarter", ["quarter": .string(data.quarter)]))
        }
        guard quarter <= Quarter(of: turn.now.date.adding(days: Training.daysAhead)) else {
            return .refused(Rejection("quarter-too-far", ["quarter": .string(data.quarter)]))
        }
        guard turn.policy.rules.isOn(.r55) else { return .applied }
        var dossier = turn.dossier(data.outletId)
        var judgement = dossier.judgement ?? OutletJudgement()
        judgement.take(.init(quarter: quarter, score: data.score, at: turn.now))
        dossier.judgement = judgement
        dossier.settle(in: &turn)
        return .applied
    }

    /// `withdrawal.recommended`: the business division is asked, one recommendation at a time (R55).
    func take(_ data: WithdrawalRecommended, in turn: inout Turn) -> Verdict {
        if let rejection = rejection(of: data.by, .recommendWithdrawal, about: data.outletId, in: turn) {
            return .refused(rejection)
        }
        guard turn.policy.rules.isOn(.r55) else { return .applied }
        var dossier = turn.dossier(data.outletId)
        guard dossier.status != .withdrawn, !dossier.isClosed else {
            return .refused(Rejection("withdrawn", ["outletId": .string(data.outletId)]))
        }
        if let open = dossier.proposals.first(where: { $0.isUndecided && $0.ladder == .recommendation }) {
            return .refused(Rejection("recommendation-open", ["proposalId": .string(open.id)]))
        }
        let draft = dossier.recommendationDraft(at: turn.now)
        var judgement = dossier.judgement ?? OutletJudgement()
        judgement.recommend(in: Quarter(of: turn.now.date))
        dossier.judgement = judgement
        dossier.propose(draft, rule: "R55", facts: ["recommendedBy": .string(data.by.id)], in: &turn)
        dossier.settle(in: &turn)
        return .applied
    }
}
