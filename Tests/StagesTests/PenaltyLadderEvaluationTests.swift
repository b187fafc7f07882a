import Policy
import Schema
import Testing

@testable import Stages

/// The pure evaluation: counts in, a candidate out.
struct PenaltyLadderEvaluationTests {
    private func month(_ count: Int, _ period: String = "2026-11", rejectedAt: Int? = nil) -> PeriodStanding {
        PeriodStanding(ladder: .monthly, period: period, count: count, rejectedAt: rejectedAt)
    }

    private func year(_ count: Int, _ period: String = "2026", rejectedAt: Int? = nil) -> PeriodStanding {
        PeriodStanding(ladder: .cumulative, period: period, count: count, rejectedAt: rejectedAt)
    }

    private func candidate(_ standings: [PeriodStanding], blocked: [Rung] = []) -> LadderCandidate? {
        LadderEvaluation.candidate(standings, blocked: blocked, ladders: Ladders())
    }

    @Test(arguments: [
        (1, nil), (2, Rung.warning), (3, .rectification), (4, .rectification), (5, .stopDispatch), (7, .stopDispatch),
        (8, .withdrawal), (30, .withdrawal),
    ] as [(Int, Rung?)])
    func `The monthly ladder begins at 2, 3, 5 and 8, each included`(count: Int, rung: Rung?) {
        #expect(candidate([month(count)])?.rung == rung)
    }

    @Test(arguments: [
        (3, nil), (4, Rung.warning), (7, .warning), (8, .rectification), (11, .rectification), (12, .stopDispatch),
        (15, .stopDispatch), (16, .withdrawal),
    ] as [(Int, Rung?)])
    func `The cumulative ladder begins at 4, 8, 12 and 16, each included`(count: Int, rung: Rung?) {
        #expect(candidate([year(count)])?.rung == rung)
    }

    @Test func `A candidate names its ladder, period, count and threshold`() {
        #expect(
            candidate([month(4), year(5)])
                == LadderCandidate(ladder: .monthly, period: "2026-11", rung: .rectification, count: 4, threshold: 3))
    }

    @Test func `The worst rung of all open periods is proposed, wherever it stands`() {
        #expect(candidate([month(2, "2026-10"), month(5, "2026-11"), year(7)])?.period == "2026-11")
        #expect(candidate([month(5, "2026-10"), month(2, "2026-11"), year(7)])?.period == "2026-10")
        #expect(candidate([month(3), year(12)])?.ladder == .cumulative)
    }

    @Test func `Of two periods with the same rung the cumulative goes first, then the earlier`() {
        #expect(candidate([month(2), year(4)])?.ladder == .cumulative)
        #expect(candidate([year(4), month(2)])?.ladder == .cumulative)
        #expect(candidate([month(4, "2026-11"), month(3, "2026-10")])?.period == "2026-10")
        #expect(candidate([year(4, "2027"), year(5, "2026")])?.period == "2026")
    }

    @Test(arguments: Rung.allCases, Rung.allCases)
    func `A proposal must be worse than every rung proposed or in effect`(reached: Rung, blocking: Rung) {
        let counts: [Rung: Int] = [.warning: 2, .rectification: 3, .stopDispatch: 5, .withdrawal: 8]
        let found = candidate([month(counts[reached] ?? 0)], blocked: [blocking])
        #expect((found != nil) == (reached > blocking))
    }

    @Test func `The worst of the rungs in the way decides, in whatever order they stand`() {
        #expect(candidate([month(3)], blocked: [.warning, .rectification]) == nil)
        #expect(candidate([month(3)], blocked: [.rectification, .warning]) == nil)
        #expect(candidate([month(5)], blocked: [.rectification, .warning])?.rung == .stopDispatch)
    }

    @Test func `A blocked worst rung is not replaced by a milder one`() {
        #expect(candidate([month(3), year(4)], blocked: [.rectification]) == nil)
    }

    @Test(arguments: [(3, false), (4, true), (5, true)])
    func `A period whose rung was rejected returns when its count exceeds the rejected one`(count: Int, returns: Bool) {
        #expect((candidate([month(count, rejectedAt: 3)]) != nil) == returns)
    }

    @Test func `A count that has fallen below the rejected one stands aside too`() {
        #expect(candidate([month(2, rejectedAt: 3)]) == nil)
    }

    @Test func `While one period stands aside another may be proposed, even a milder rung`() {
        let found = candidate([month(5, rejectedAt: 5), year(5)])
        #expect(found?.ladder == .cumulative)
        #expect(found?.rung == .warning)
    }

    @Test func `With nothing counted nothing is proposed`() {
        #expect(candidate([]) == nil)
        #expect(candidate([month(0), year(0)]) == nil)
    }
}
