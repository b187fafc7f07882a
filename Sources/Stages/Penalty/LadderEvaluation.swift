import Policy
import Schema

/// What one open period of an outlet says: how many violations it has, and what became of its proposals.
struct PeriodStanding: Hashable, Sendable {
    /// `monthly` or `cumulative`.
    let ladder: PenaltyProposed.Ladder
    /// `2026-11` or `2026`.
    let period: String
    let count: Int
    /// The greatest count that a rejected proposal of this period named.
    var rejectedAt: Int?

    /// A period whose rung was rejected waits until its count exceeds the one that was rejected.
    var standsAside: Bool { rejectedAt.map { count <= $0 } ?? false }
}

/// What an evaluation proposes.
struct LadderCandidate: Hashable, Sendable {
    let ladder: PenaltyProposed.Ladder
    let period: String
    let rung: Rung
    let count: Int
    let threshold: Int

    func id(outletId: String) -> String {
        Identifiers.proposalId(
            outletId: outletId, ladder: ladder.rawValue, period: period, rung: rung.rawValue, count: count)
    }
}

/// The evaluation of an outlet: a pure function over counts (R11–R13).
enum LadderEvaluation {
    /// The worst rung that any open period reaches, if it is worse than all that is proposed or in effect.
    ///
    /// - Parameters:
    ///   - standings: the open periods; those of a ladder that is switched off are left out.
    ///   - blocked: the rungs proposed and not rejected in any open period, and those still in effect.
    /// - Returns: of two periods with the same rung the cumulative before the monthly one, then the earlier one.
    static func candidate(
        _ standings: [PeriodStanding], blocked: [Rung], ladders: Ladders
    ) -> LadderCandidate? {
        var worst: LadderCandidate?
        for standing in standings where !standing.standsAside {
            let ladder = standing.ladder == .monthly ? ladders.monthly : ladders.cumulative
            guard let (rung, threshold) = ladder.rung(for: standing.count) else { continue }
            let candidate = LadderCandidate(
                ladder: standing.ladder, period: standing.period, rung: rung, count: standing.count,
                threshold: threshold)
            if let known = worst, !isBefore(candidate, known) { continue }
            worst = candidate
        }
        guard let worst, blocked.allSatisfy({ $0 < worst.rung }) else { return nil }
        return worst
    }

    private static func isBefore(_ a: LadderCandidate, _ b: LadderCandidate) -> Bool {
        if a.rung != b.rung { return a.rung > b.rung }
        if a.ladder != b.ladder { return a.ladder == .cumulative }
        return a.period < b.period
    }
}
