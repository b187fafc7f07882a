import Schema
import Testing

@testable import Policy
@testable import Stages

/// Categories weigh on the ladders (R46).
struct PenaltyWeightTests {
    private func harness(_ weights: [String: Int]) throws -> StageHarness {
        var penalty = PenaltyPolicy()
        penalty.weights = CategoryWeights(weights)
        return try PenaltyFixture.harness(penalty: penalty)
    }

    private static let time = "2026-11-07T09:00:00+08:00"

    @Test(arguments: [(1, []), (2, ["warning"]), (3, ["rectification"]), (5, ["stop-dispatch"]), (9, ["withdrawal"])])
    func `One matter counts as much as its category weighs`(weight: Int, rungs: [String]) throws {
        var harness = try harness(["gas": weight])
        try harness.report("V1", at: Self.time, category: "gas", caseId: "C1")
        let verified = try harness.verify("V1", at: Self.time)
        #expect(verified.all(ViolationRecorded.self).map(\.weight) == [weight])
        let proposals = try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self)
        #expect(proposals.map(\.rung) == rungs)
        #expect(proposals.allSatisfy { $0.count == weight && $0.violationIds == ["V1"] && $0.more == nil })
    }

    @Test func `A group weighs what its earliest upheld member weighs, reported before derived`() throws {
        func weight(_ upheld: [String]) throws -> [Int] {
            var harness = try PenaltyFixture.harness(
                outlets: ["O1"],
                penalty: {
                    var penalty = PenaltyPolicy()
                    penalty.weights = CategoryWeights(["gas": 4, "complaint": 2])
                    return penalty
                }())
            _ = try harness.send(
                PenaltyDerivedTests.closed(received: "2026-11-02T09:00:00+08:00", by: nil),
                at: "2026-11-05T09:00:00+08:00")
            try harness.report("V1", at: "2026-11-03T09:00:00+08:00", known: Self.time, category: "gas", caseId: "C1")
            for id in upheld { try harness.verify(id, at: Self.time) }
            return try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self).map(\.count)
        }
        #expect(try weight(["V1"]) == [4])
        #expect(try weight(["C1"]) == [2])
        #expect(try weight(["C1", "V1"]) == [4])
    }

    @Test func `The letter says how much one counts, and lists each once`() throws {
        var harness = try harness(["gas": 2])
        try harness.report("V1", at: Self.time, category: "gas", caseId: "C1")
        try harness.report("V2", at: Self.time, caseId: "C2")
        for id in ["V1", "V2"] { try harness.verify(id, at: Self.time) }
        let proposal = try #require(
            try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self).first)
        #expect(proposal.count == 3 && proposal.violationIds == ["V1", "V2"] && proposal.more == nil)
        let outcome = try harness.decide(proposal.proposalId, at: "2026-11-11T09:00:00+08:00")
        let letter = try #require(outcome.all(NoticeIssued.self).first?.letter)
        #expect(letter.zh.contains("违规共 3 起") && letter.zh.contains("1. 2026-11-07，违规（计 2 起），案件 C1"))
        #expect(letter.zh.contains("2. 2026-11-07，违规，案件 C2") && !letter.zh.contains("另有"))
        #expect(letter.en.contains("violation (counts 2), case C1") && !letter.en.contains("more.\n"))
    }

    @Test func `What has left a full dossier goes on counting as much as it did`() throws {
        var harness = try harness(["gas": 3])
        for number in 1...250 {
            try harness.report("V\(number)", at: Self.time, category: "gas", caseId: "C\(number)")
            try harness.verify("V\(number)", at: Self.time)
        }
        let proposal = try #require(
            try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self).first)
        #expect(proposal.count == 750 && proposal.violationIds.count == 100 && proposal.more == 150)
    }
}
