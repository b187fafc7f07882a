import Policy
import Schema
import Testing

@testable import Stages

/// Proposals: who decides them, until when, and what supersedes them (R11).
struct PenaltyProposalTests {
    /// Two violations of 7 November 2026, proposed on Tuesday 10 November.
    private func warned() throws -> (StageHarness, PenaltyProposed) {
        var harness = try PenaltyFixture.harness()
        try harness.violate(2, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        let outputs = try harness.advance(to: "2026-11-10T18:00:00+08:00")
        return (harness, try #require(outputs.all(PenaltyProposed.self).first))
    }

    @Test func `Without a decision in 2 working days it is overdue, once, and never approved by itself`() throws {
        var (harness, proposal) = try warned()
        #expect(try harness.advance(to: "2026-11-12T17:59:59+08:00").isEmpty)
        let outputs = try harness.advance(to: "2026-11-12T18:00:00+08:00")
        #expect(
            outputs.all(ObligationOverdue.self)
                == [ObligationOverdue(obligation: .penaltyDecision, subject: proposal.proposalId)])
        #expect(try harness.advance(to: "2027-03-01T00:00:00+08:00").isEmpty)
        #expect(try harness.decide(proposal.proposalId, at: "2027-03-01T09:00:00+08:00").types.first == "notice.issued")
    }

    @Test func `Decided at the deadline it is not overdue`() throws {
        var (harness, proposal) = try warned()
        _ = try harness.advance(to: "2026-11-12T17:59:59+08:00")
        try harness.decide(proposal.proposalId, at: "2026-11-12T18:00:00+08:00")
        #expect(try harness.advance(to: "2026-11-20T00:00:00+08:00").all(ObligationOverdue.self).isEmpty)
    }

    @Test(arguments: ["store", "region", "hq"])
    func `Only the business division decides`(tier: String) throws {
        var (harness, proposal) = try warned()
        let outcome = try harness.decide(
            proposal.proposalId, at: "2026-11-11T09:00:00+08:00", by: Person(id: "inspector", tier: tier))
        #expect(outcome.rejection?.reason == "wrong-tier")
    }

    @Test func `A person whom the business division does not know decides nothing`() throws {
        var (harness, proposal) = try warned()
        let outcome = try harness.decide(
            proposal.proposalId, at: "2026-11-11T09:00:00+08:00", by: PenaltyFixture.stranger)
        #expect(outcome.rejection?.reason == "unknown-person")
    }

    @Test func `A proposal is decided once; an unknown one waits`() throws {
        var (harness, proposal) = try warned()
        try harness.decide(proposal.proposalId, approved: false, at: "2026-11-11T09:00:00+08:00")
        let again = try harness.decide(proposal.proposalId, at: "2026-11-11T10:00:00+08:00")
        #expect(again.rejection?.reason == "already-decided")
        let unknown = try harness.decide("P0", at: "2026-11-11T10:00:00+08:00")
        guard case .unknownReference = unknown.verdict else {
            Issue.record("expected an unknown reference, found \(unknown.verdict)")
            return
        }
    }

    @Test func `A worse proposal supersedes an undecided one, which can no longer be decided`() throws {
        var (harness, proposal) = try warned()
        try harness.violate(1, at: "2026-11-11T09:00:00+08:00", prefix: "W")
        let outputs = try harness.advance(to: "2026-11-17T18:00:00+08:00")
        let worse = try #require(outputs.all(PenaltyProposed.self).first)
        #expect(worse.rung == "rectification" && worse.count == 3)
        #expect(
            outputs.all(PenaltySuperseded.self)
                == [PenaltySuperseded(proposalId: proposal.proposalId, by: worse.proposalId, outletId: "O1")])
        let late = try harness.decide(proposal.proposalId, at: "2026-11-18T09:00:00+08:00")
        #expect(late.rejection?.reason == "superseded")
        #expect(try harness.decide(worse.proposalId, at: "2026-11-18T10:00:00+08:00").types.first == "notice.issued")
    }

    @Test func `Lower rungs are passed by a worse one`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.violate(5, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        let outputs = try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self)
        #expect(outputs.map(\.rung) == ["stop-dispatch"])
        #expect(try harness.advance(to: "2026-12-01T18:00:00+08:00").all(PenaltyProposed.self).isEmpty)
    }

    @Test func `Rejected, the rung comes back only when the count has grown`() throws {
        var (harness, proposal) = try warned()
        try harness.decide(proposal.proposalId, approved: false, at: "2026-11-11T09:00:00+08:00")
        #expect(try harness.advance(to: "2026-11-17T18:00:00+08:00").isEmpty)
        try harness.violate(1, at: "2026-11-18T09:00:00+08:00", prefix: "W")
        let again = try harness.advance(to: "2026-11-24T18:00:00+08:00").all(PenaltyProposed.self)
        #expect(again.map(\.rung) == ["rectification"])
        #expect(again.first?.count == 3)
    }

    @Test func `Rejected at a rung that spans counts, it returns with one more under another id`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.violate(5, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        let first = try #require(
            try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self).first)
        try harness.decide(first.proposalId, approved: false, at: "2026-11-11T09:00:00+08:00")
        // November stands aside, so the year is judged: 5 reach a warning.
        let year = try harness.advance(to: "2026-11-17T18:00:00+08:00").all(PenaltyProposed.self)
        #expect(year.map(\.ladder) == [.cumulative] && year.map(\.rung) == ["warning"])
        try harness.violate(1, at: "2026-11-18T09:00:00+08:00", prefix: "W")
        let again = try #require(
            try harness.advance(to: "2026-11-24T18:00:00+08:00").all(PenaltyProposed.self).first)
        #expect(again.rung == "stop-dispatch" && again.count == 6)
        #expect(again.proposalId != first.proposalId)
    }

    @Test func `An approved rung blocks itself and lower ones while its period is open`() throws {
        var (harness, proposal) = try warned()
        try harness.decide(proposal.proposalId, at: "2026-11-11T09:00:00+08:00")
        try harness.violate(1, at: "2026-11-12T09:00:00+08:00", prefix: "W")
        #expect(
            try harness.advance(to: "2026-11-17T18:00:00+08:00").all(PenaltyProposed.self).map(\.rung)
                == ["rectification"])
    }

    @Test func `Each outlet is judged for itself`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.violate(1, outlet: "O1", at: "2026-11-07T09:00:00+08:00", prefix: "V")
        try harness.violate(1, outlet: "O2", at: "2026-11-07T09:00:00+08:00", prefix: "W")
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
    }

    @Test func `Switched off, R11 reminds of no decision`() throws {
        var harness = try PenaltyFixture.harness(off: [.r11])
        try harness.violate(2, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        // Without R11 no week is evaluated; the month's close (R12) remains.
        let outputs = try harness.advance(to: "2026-12-31T00:00:00+08:00")
        #expect(outputs.types == ["penalty.proposed"])
        #expect(outputs.first?.event.time == (try instant("2026-12-07T18:00:00+08:00")))
    }
}
