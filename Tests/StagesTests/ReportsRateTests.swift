import Policy
import Schema
import Testing

@testable import Stages

/// How rates are judged and rounded, and the service-quality gap.
@Suite struct ReportsRateTests {
    private func verdict(_ numerator: Int64, _ denominator: Int64, _ bound: Rate.Bound, _ percent: Int) -> String {
        Rate(name: "x", numerator: numerator, denominator: denominator)
            .verdict(.init(rule: .r31, bound: bound, percent: percent), minimum: ReportsPolicy().minimumCases)
    }

    @Test func `a rate is judged from 20 cases up`() {
        #expect(verdict(19, 19, .atLeast, 98) == "too-few")
        #expect(verdict(20, 20, .atLeast, 98) == "met")
        #expect(verdict(0, 19, .atLeast, 98) == "too-few")
        #expect(verdict(0, 20, .atLeast, 98) == "missed")
        #expect(verdict(0, 0, .atMost, 3) == "too-few")
    }

    @Test(arguments: [
        (49 as Int64, 50 as Int64, Rate.Bound.atLeast, 98, "met"), (4899, 5000, .atLeast, 98, "missed"),
        (93, 100, .atLeast, 93, "met"), (929, 1000, .atLeast, 93, "missed"),
        (100, 100, .atLeast, 100, "met"), (99, 100, .atLeast, 100, "missed"),
        (3, 100, .atMost, 3, "met"), (31, 1000, .atMost, 3, "missed"),
        (19, 1000, .below, 2, "met"), (2, 100, .below, 2, "missed"),
    ])
    func `both sides of each limit`(
        _ numerator: Int64, _ denominator: Int64, _ bound: Rate.Bound, _ percent: Int, _ expected: String
    ) {
        #expect(verdict(numerator, denominator, bound, percent) == expected)
    }

    @Test func `a share is shown in hundredths of a percent, halves up`() {
        #expect(Rate.basisPoints(1, of: 3) == 3333)
        #expect(Rate.basisPoints(2, of: 3) == 6667)
        #expect(Rate.basisPoints(1, of: 20_000) == 1, "half a hundredth")
        #expect(Rate.basisPoints(1, of: 20_001) == 0)
        #expect(Rate.basisPoints(7, of: 7) == 10_000)
        #expect(Rate.basisPoints(0, of: 0) == nil)
        #expect(Rate.basisPoints(Int64.max, of: Int64.max) == 10_000, "without overflow")
        #expect(Rate.basisPoints(0, of: Int64.max) == 0)
        #expect(Rate.basisPoints(Int64.max / 40_000, of: Int64.max / 40_000) == 10_000)
    }

    @Test func `answers in time and complete records are wanted of every case`() throws {
        let policy = try PenaltyFixture.policy()
        let rates = Rate.all(Tallies(), policy, isSettled: true).map { $0.json(policy) }
        for (name, rule) in [("reply", "R43"), ("completeness", "R42")] {
            let limit = try #require(rates.first { $0["name"]?.string == name }?["limits"]?.elements?.first)
            #expect(limit["rule"]?.string == rule && limit["is"] == "at-least" && limit["percent"] == 100)
        }
    }

    @Test func `a rate whose rule is off has no limit`() throws {
        let policy = try PenaltyFixture.policy(off: [.r30, .r40, .r42, .r43])
        let rates = Rate.all(Tallies(), policy, isSettled: true).map { $0.json(policy) }
        let satisfaction = try #require(rates.first { $0["name"] == "satisfaction" })
        #expect(satisfaction["limits"]?.elements?.compactMap { $0["rule"]?.string } == ["R31"])
        #expect(rates.allSatisfy { !["response", "reply", "completeness"].contains($0["name"]?.string) })
    }

    private func gap(_ answers: [(SurveyAnswer.Criterion, Int, Int)]) -> ServiceGap {
        var counts = Tallies()
        counts.add(answers.map { SurveyAnswer(criterion: $0.0, expected: $0.1, perceived: $0.2) })
        return ServiceGap(counts, SurveyWeights())
    }

    @Test func `the gap weighs the mean difference of each criterion`() {
        let all = SurveyAnswer.Criterion.allCases.map { ($0, 6, $0 == .reliability ? 3 : 6) }
        #expect(gap(all).thousandths == 600, "reliability weighs 20 of 100, and lies 3 below")
        #expect(gap(SurveyAnswer.Criterion.allCases.map { ($0, 4, 7) }).thousandths == -3000, "better than expected")
        #expect(gap([]).thousandths == nil)
    }

    @Test func `what only the first edition asked for weighs nothing`() {
        #expect(gap([(.empathy, 7, 1)]).thousandths == nil)
        #expect(gap([(.reputation, 7, 1), (.assurance, 1, 7)]).thousandths == 6000)
    }

    @Test func `the weights of the criteria answered are rescaled`() {
        // 20 and 10 become two thirds and one third.
        #expect(gap([(.reliability, 7, 4), (.reputation, 5, 5)]).thousandths == 2000)
        #expect(gap([(.reputation, 7, 1)]).thousandths == 6000)
    }

    @Test func `the gap is rounded to thousandths, halves away from zero`() {
        // (1 · 20 + 0 · 15) / 35 = 0.571428…
        #expect(gap([(.reliability, 5, 4), (.attitude, 4, 4)]).thousandths == 571)
        // Mean 2/3, in millionths 666667.
        let thirds: [(SurveyAnswer.Criterion, Int, Int)] = [(.recovery, 5, 4), (.recovery, 5, 4), (.recovery, 4, 4)]
        #expect(gap(thirds).thousandths == 667)
        #expect(gap(thirds.map { ($0.0, $0.2, $0.1) }).thousandths == -667)
        #expect(ServiceGap.rounded(5, by: 10) == 1)
        #expect(ServiceGap.rounded(-5, by: 10) == -1)
        #expect(ServiceGap.rounded(4, by: 10) == 0)
    }
}
