import Policy
import Schema
import Testing

@testable import Stages

/// What those who supervise an outlet say of it (R55).
struct PenaltyJudgementTests {
    private static let time = "2026-11-12T09:00:00+08:00"
    private static let region = Person(id: "r1", tier: "region", regionId: "R1")

    private func evaluated(
        _ score: Int, quarter: String = "2026-Q3", outlet: String = "O1", by: Person = PenaltyFixture.inspector
    ) -> OutletEvaluated {
        OutletEvaluated(outletId: outlet, quarter: quarter, score: score, by: by, remarks: "secret words")
    }

    private func recommended(_ outlet: String = "O1", by: Person = region) -> WithdrawalRecommended {
        WithdrawalRecommended(outletId: outlet, by: by, reason: "secret words")
    }

    private static func id(_ count: Int, quarter: String = "2026-Q4") -> String {
        Identifiers.proposalId(
            outletId: "O1", ladder: "recommendation", period: quarter, rung: "withdrawal", count: count)
    }

    @Test func `An evaluation enters the dossier and decides nothing; the last of a quarter stands`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        for (score, quarter, time) in [
            (60, "2026-Q3", "2026-11-12T09:00:00+08:00"), (80, "2026-Q3", "2026-11-13T09:00:00+08:00"),
            (70, "2026-Q3", "2026-11-12T10:00:00+08:00"), (0, "2026-Q2", "2026-11-13T10:00:00+08:00"),
        ] {
            let outcome = try harness.send(evaluated(score, quarter: quarter, by: Self.region), at: time)
            #expect(outcome.rejection == nil && outcome.outputs.isEmpty)
        }
        let dossier = try #require(harness.record(Dossier.self, "O1"))
        #expect(dossier.judgement?.evaluations.map(\.score) == [0, 80])
        let body = String(decoding: try JSONEncoding.bytes(of: dossier), as: UTF8.self)
        #expect(!body.contains("secret"))
    }

    @Test func `The last twelve quarters are kept`() throws {
        var judgement = OutletJudgement()
        for year in 2020...2024 {
            for number in 1...4 {
                let quarter = try #require(Quarter("\(year)-Q\(number)"))
                judgement.take(.init(quarter: quarter, score: number, at: try instant(Self.time)))
            }
        }
        #expect(judgement.evaluations.count == 12 && judgement.evaluations.first?.quarter == Quarter("2022-Q1"))
    }

    @Test(arguments: [("2026-Q5", "no-such-quarter"), ("2028-Q1", "quarter-too-far")])
    func `A quarter that does not exist or lies more than a year ahead is refused`(quarter: String, reason: String)
        throws
    {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        #expect(try harness.send(evaluated(50, quarter: quarter), at: Self.time).rejection?.reason == reason)
    }

    @Test func `Of an outlet that is not listed nobody says anything`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        #expect(try harness.send(evaluated(50, outlet: "O9"), at: Self.time).rejection?.reason == "unlisted-outlet")
        #expect(try harness.send(recommended("O9"), at: Self.time).rejection?.reason == "unlisted-outlet")
        let stranger = Person(id: "x", tier: "hq")
        #expect(try harness.send(recommended("O9", by: stranger), at: Self.time).rejection?.reason == "unknown-person")
    }

    @Test func `A recommendation asks the business division, one at a time, and is counted in its quarter`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        let outcome = try harness.send(recommended(), at: Self.time)
        let proposal = try #require(outcome.all(PenaltyProposed.self).first)
        #expect(outcome.types == ["penalty.proposed"] && proposal.proposalId == Self.id(1))
        #expect(proposal.ladder == .recommendation && proposal.rung == "withdrawal" && proposal.period == "2026-Q4")
        #expect(proposal.count == 1 && proposal.threshold == nil && proposal.violationIds.isEmpty)
        #expect(outcome.outputs.first?.because.rule == "R55")
        let second = try harness.send(recommended(), at: "2026-11-13T09:00:00+08:00")
        #expect(second.rejection == Rejection("recommendation-open", ["proposalId": .string(Self.id(1))]))
        try harness.decide(Self.id(1), approved: false, at: "2026-11-16T09:00:00+08:00")
        let third = try harness.send(recommended(), at: "2026-11-17T09:00:00+08:00")
        #expect(third.all(PenaltyProposed.self).map(\.proposalId) == [Self.id(2)])
        try harness.decide(Self.id(2), approved: false, at: "2026-11-18T09:00:00+08:00")
        let next = try harness.send(recommended(), at: "2027-01-04T09:00:00+08:00")
        #expect(next.all(PenaltyProposed.self).map(\.proposalId) == [Self.id(1, quarter: "2027-Q1")])
    }

    @Test func `Nobody decides in time: it is overdue like any other`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        _ = try harness.send(recommended(), at: Self.time)
        let outputs = try harness.advance(to: "2026-11-16T18:00:00+08:00")
        #expect(outputs.all(ObligationOverdue.self).map(\.subject) == [Self.id(1)])
    }

    @Test func `Approved, the outlet is withdrawn, with a letter that names no violation`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        _ = try harness.send(recommended(), at: Self.time)
        let outcome = try harness.decide(Self.id(1), at: "2026-11-13T09:00:00+08:00")
        #expect(outcome.all(OutletStatusChanged.self).map(\.to) == [.withdrawn])
        let letter = try #require(outcome.all(NoticeIssued.self).first?.letter)
        #expect(letter.zh.contains("规则 R55") && letter.zh.contains("1. 2026-11-12，经考察"))
        #expect(letter.en.contains("number 1 in the quarter 2026-Q4") && !letter.en.contains("secret"))
        let again = try harness.send(recommended(), at: "2026-11-14T09:00:00+08:00")
        #expect(again.rejection?.reason == "withdrawn")
        _ = try harness.advance(to: "2026-12-01T00:00:00+08:00")
        #expect(harness.record(Dossier.self, "O1")?.isClosed == true)
        #expect(try harness.send(recommended(), at: "2026-12-01T09:00:00+08:00").rejection?.reason == "withdrawn")
    }

    @Test func `Undecided it stands in nobody's way; approved it supersedes what is milder and blocks it`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        try harness.violate(2, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        _ = try harness.send(recommended(), at: "2026-11-09T09:00:00+08:00")
        let warning = try #require(
            try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self).first)
        #expect(warning.rung == "warning")
        try harness.report("F1", at: "2026-11-11T09:00:00+08:00", hazards: ["fire"])
        let grave = try harness.verify("F1", at: "2026-11-11T09:00:00+08:00")
        #expect(grave.all(PenaltyProposed.self).map(\.ladder) == [.grave])
        let stop = try #require(grave.all(PenaltyProposed.self).first)
        let approved = try harness.decide(Self.id(1), at: "2026-11-12T09:00:00+08:00")
        #expect(
            approved.all(PenaltySuperseded.self)
                == [PenaltySuperseded(proposalId: stop.proposalId, by: Self.id(1), outletId: "O1")])
        try harness.violate(8, at: "2026-11-13T09:00:00+08:00", prefix: "W")
        #expect(try harness.advance(to: "2026-11-17T18:00:00+08:00").all(PenaltyProposed.self).isEmpty)
    }

    @Test func `Switched off, nothing is kept and nothing is proposed`() throws {
        var harness = try PenaltyFixture.harness(off: [.r55], outlets: ["O1"])
        #expect(try harness.send(evaluated(50), at: Self.time).outputs.isEmpty)
        #expect(try harness.send(recommended(), at: Self.time).outputs.isEmpty)
        #expect(harness.record(Dossier.self, "O1")?.judgement == nil)
        #expect(
            try harness.send(recommended(by: PenaltyFixture.director), at: Self.time).rejection?.reason == "wrong-tier")
    }
}
