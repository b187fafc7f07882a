import Policy
import Schema
import Testing

@testable import Stages

/// `outlet.standing` at each month's close.
struct PenaltyStandingTests {
    private func standings(_ outputs: [OutgoingEvent]) -> [OutletStanding] { outputs.all(OutletStanding.self) }

    @Test func `At each close it says count, rung and next threshold of the month and of its year`() throws {
        var harness = try PenaltyFixture.harness(clock: "2026-09-01T00:00:00+08:00")
        // After the close of August, which would be told too.
        try harness.violate(3, at: "2026-09-08T09:00:00+08:00", prefix: "V")
        let september = try harness.advance(to: "2026-10-13T18:00:00+08:00", standings: true)
        #expect(
            standings(september) == [
                OutletStanding(
                    outletId: "O1", period: "2026-09", monthly: .init(count: 3, rung: "rectification", next: 5),
                    cumulative: .init(count: 3, rung: nil, next: 4), status: .active, holds: [])
            ])
        #expect(september.last?.event.time == (try instant("2026-10-13T18:00:00+08:00")))
        try harness.violate(13, at: "2026-10-14T09:00:00+08:00", prefix: "W")
        let october = try harness.advance(to: "2026-11-06T18:00:00+08:00", standings: true)
        #expect(standings(october).map(\.monthly) == [.init(count: 13, rung: "withdrawal", next: nil)])
        #expect(standings(october).map(\.cumulative) == [.init(count: 16, rung: "withdrawal", next: nil)])
        let rest = standings(try harness.advance(to: "2027-04-01T00:00:00+08:00", standings: true))
        #expect(rest.map(\.period) == ["2026-11", "2026-12"], "the year is over, and nothing holds")
        #expect(rest.map(\.monthly.count) == [0, 0] && rest.map(\.cumulative.count) == [16, 16])
    }

    @Test func `Weights count, and so does what the close itself has found`() throws {
        var penalty = PenaltyPolicy()
        penalty.weights = CategoryWeights(["late-visit": 4])
        var harness = try PenaltyFixture.harness(penalty: penalty)
        _ = try harness.advance(to: "2026-12-01T18:00:00+08:00")
        try harness.report("V1", at: "2026-11-28T09:00:00+08:00", known: "2026-12-02T09:00:00+08:00")
        try harness.verify("V1", at: "2026-12-02T10:00:00+08:00")
        let outputs = try harness.advance(to: "2026-12-07T18:00:00+08:00", standings: true)
        #expect(outputs.types == ["penalty.proposed", "outlet.standing"])
        #expect(standings(outputs).map(\.monthly) == [.init(count: 4, rung: "rectification", next: 5)])
    }

    @Test func `An outlet without violations is told of while its status is not active`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1", "O2"])
        let check = OutletSiteChecked(
            outletId: "O2", passed: true, by: PenaltyFixture.inspector, at: try instant("2026-11-05T09:00:00+08:00"))
        _ = try harness.send(check, at: "2026-11-05T09:00:00+08:00")
        let told = standings(try harness.advance(to: "2026-12-07T18:00:00+08:00", standings: true))
        #expect(told.map(\.outletId) == ["O1", "O1"] && told.map(\.period) == ["2026-10", "2026-11"])
        #expect(told.allSatisfy { $0.status == .suspended && $0.holds == [.siteCheck] })
    }

    @Test func `A violation that nobody has verified is one of the year, and counts nothing`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.report("V1", at: "2026-11-09T09:00:00+08:00")
        let told = standings(try harness.advance(to: "2026-12-07T18:00:00+08:00", standings: true))
        #expect(told.map(\.period) == ["2026-11"] && told.map(\.monthly) == [.init(count: 0, rung: nil, next: 2)])
    }

    @Test func `A withdrawal that is final is told of ever after`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.violate(8, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        let proposal = try #require(
            try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self).first)
        try harness.decide(proposal.proposalId, at: "2026-11-11T09:00:00+08:00")
        let told = standings(try harness.advance(to: "2027-02-28T00:00:00+08:00", standings: true))
        #expect(told.map(\.period) == ["2026-11", "2026-12", "2027-01"] && told.allSatisfy { $0.status == .withdrawn })
    }

    @Test func `A ladder that is switched off has no rungs`() throws {
        var harness = try PenaltyFixture.harness(off: [.r12])
        try harness.violate(5, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        let told = standings(try harness.advance(to: "2026-12-07T18:00:00+08:00", standings: true))
        #expect(told.map(\.monthly) == [.init(count: 5, rung: nil, next: nil)])
        #expect(told.map(\.cumulative) == [.init(count: 5, rung: "warning", next: 8)])
    }

    @Test func `A close in a year without data is told once the year is there`() throws {
        var harness = try PenaltyFixture.harness(years: [2025])
        try harness.report("V1", at: "2026-12-08T09:00:00+08:00")
        #expect(standings(try harness.advance(to: "2027-01-20T00:00:00+08:00", standings: true)).isEmpty)
        harness.adopt(try PenaltyFixture.policy())
        let told = standings(try harness.advance(to: "2027-01-21T00:00:01+08:00", standings: true))
        #expect(told.map(\.period) == ["2026-12"])
    }
}
