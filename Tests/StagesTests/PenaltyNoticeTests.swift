import Policy
import Schema
import Testing

@testable import Stages

/// Notices, what they do, and the gate of dispatch (R12, R14, R20).
struct PenaltyNoticeTests {
    /// `count` violations on 7 November 2026 and the approval of what they lead to, on Wednesday 11 November.
    private func punished(
        _ count: Int, hazards: [String]? = nil, outlets: [String] = []
    ) throws -> (StageHarness, HarnessOutcome) {
        var harness = try PenaltyFixture.harness(outlets: outlets)
        try harness.violate(count, at: "2026-11-07T09:00:00+08:00", prefix: "V", hazards: hazards)
        let proposals = try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self)
        let outcome = try harness.decide(
            try #require(proposals.first).proposalId, at: "2026-11-11T09:00:00+08:00")
        return (harness, outcome)
    }

    private func status(_ outcome: HarnessOutcome) throws -> OutletStatusChanged {
        try #require(outcome.all(OutletStatusChanged.self).first)
    }

    @Test func `An approval issues the notice; its id follows from the proposal`() throws {
        let (_, outcome) = try punished(2)
        #expect(outcome.types == ["notice.issued", "outlet.status-changed"])
        let notice = try #require(outcome.all(NoticeIssued.self).first)
        let proposalId = Identifiers.proposalId(
            outletId: "O1", ladder: "monthly", period: "2026-11", rung: "warning", count: 2)
        #expect(notice.noticeId == Identifiers.noticeId(proposalId: proposalId))
        #expect(notice.kind == .penalty && notice.addressee == "O1" && notice.rung == "warning")
    }

    @Test func `A rejection issues nothing`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.violate(2, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        let proposals = try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self)
        let outcome = try harness.decide(
            try #require(proposals.first).proposalId, approved: false, at: "2026-11-11T09:00:00+08:00")
        #expect(outcome.outputs.isEmpty && outcome.rejection == nil)
    }

    @Test func `A warning holds until its month ends, at least 30 days`() throws {
        var (harness, outcome) = try punished(2)
        let change = try status(outcome)
        #expect(change.from == .active && change.to == .warned && change.holds.isEmpty && change.dispatch == .allowed)
        #expect(change.running == .finish)
        #expect(try harness.advance(to: "2026-12-11T08:59:59+08:00").isEmpty)
        let end = try harness.advance(to: "2026-12-11T09:00:00+08:00").all(OutletStatusChanged.self)
        #expect(end.map(\.to) == [.active])
    }

    @Test func `A warning of the year holds until the year ends`() throws {
        var harness = try PenaltyFixture.harness(off: [.r12], clock: "2026-01-01T00:00:00+08:00")
        _ = try harness.advance(to: "2026-03-03T00:00:00+08:00")
        try harness.violate(4, at: "2026-03-03T09:00:00+08:00", prefix: "V")
        let proposals = try harness.advance(to: "2026-03-10T18:00:00+08:00").all(PenaltyProposed.self)
        try harness.decide(try #require(proposals.first).proposalId, at: "2026-03-11T09:00:00+08:00")
        #expect(try harness.advance(to: "2026-12-31T23:59:59+08:00").isEmpty)
        #expect(
            try harness.advance(to: "2027-01-01T00:00:00+08:00").all(OutletStatusChanged.self).map(\.to) == [.active])
    }

    @Test func `A stop of dispatch opens the hold of the ladder and blocks dispatch`() throws {
        let change = try status(try punished(5).1)
        #expect(change.to == .suspended && change.holds == [.ladder] && change.dispatch == .blocked)
        #expect(change.running == .finish)
    }

    @Test func `With a hazard among the violations the orders in hand are handed over`() throws {
        #expect(try status(try punished(5, hazards: ["media"]).1).running == .handOver)
    }

    @Test(arguments: [(true, OutletStatusChanged.Running.handOver), (false, .finish)])
    func `The hazard of a twin counts if the twin is upheld, though the proposal names another`(
        upheld: Bool, running: OutletStatusChanged.Running
    ) throws {
        var harness = try PenaltyFixture.harness()
        try harness.violate(5, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        try harness.report("T1", at: "2026-11-07T10:00:00+08:00", caseId: "V-case-1", hazards: ["media"])
        try harness.verify("T1", at: "2026-11-07T11:00:00+08:00", upheld: upheld)
        let proposals = try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self)
        let proposal = try #require(proposals.first)
        #expect(proposal.violationIds == ["V1", "V2", "V3", "V4", "V5"])
        let outcome = try harness.decide(proposal.proposalId, at: "2026-11-11T09:00:00+08:00")
        #expect(outcome.all(OutletStatusChanged.self).map(\.running) == [running])
    }

    @Test func `A withdrawal takes everything away`() throws {
        var (harness, outcome) = try punished(8)
        let change = try status(outcome)
        #expect(change.to == .withdrawn && change.holds == [.ladder] && change.running == .handOver)
        let reinstated = try harness.send(
            OutletReinstated(outletId: "O1", by: PenaltyFixture.director, reason: "r"),
            at: "2026-11-12T09:00:00+08:00")
        #expect(reinstated.rejection?.reason == "withdrawn")
    }

    @Test func `A withdrawal is final when the time for appeal is over; violations then propose nothing`() throws {
        var (harness, _) = try punished(8)
        #expect(try harness.advance(to: "2026-11-18T17:59:59+08:00").isEmpty)
        #expect(harness.record(Dossier.self, "O1")?.isClosed == false)
        #expect(try harness.advance(to: "2026-11-18T18:00:00+08:00").isEmpty)
        #expect(harness.record(Dossier.self, "O1")?.isClosed == true)
        let reported = try harness.report("W1", at: "2026-11-19T09:00:00+08:00")
        #expect(reported.types == ["violation.recorded"])
        #expect(try harness.verify("W1", at: "2026-11-19T10:00:00+08:00").types == ["violation.recorded"])
        #expect(try harness.advance(to: "2027-03-01T00:00:00+08:00").isEmpty)
    }

    @Test func `What is undecided when a withdrawal becomes final is superseded`() throws {
        var harness = try PenaltyFixture.harness()
        // The year's warning is approved; then November's withdrawal; a proposal of December cannot be worse, so one
        // of November from before is left undecided next to it.
        try harness.violate(3, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        let first = try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self)
        try harness.decide(try #require(first.first).proposalId, at: "2026-11-11T09:00:00+08:00")
        // Not reviewed: after 15 days a stop is proposed, and stays undecided.
        let stop = try #require(
            try harness.advance(to: "2026-11-26T09:00:00+08:00").all(PenaltyProposed.self).first)
        #expect(stop.rung == "stop-dispatch" && stop.ladder == .rectification)
        try harness.violate(5, at: "2026-11-26T10:00:00+08:00", prefix: "W")
        let outputs = try harness.advance(to: "2026-12-01T18:00:00+08:00")
        let withdrawal = try #require(outputs.all(PenaltyProposed.self).first)
        #expect(withdrawal.rung == "withdrawal")
        #expect(outputs.all(PenaltySuperseded.self).map(\.proposalId) == [stop.proposalId])
    }

    @Test func `Reinstated, the outlet works again; without a hold there is nothing to end`() throws {
        var (harness, _) = try punished(5)
        let reinstate = OutletReinstated(outletId: "O1", by: PenaltyFixture.director, reason: "r")
        let hq = OutletReinstated(outletId: "O1", by: PenaltyFixture.inspector, reason: "r")
        #expect(try harness.send(hq, at: "2026-11-12T08:00:00+08:00").rejection?.reason == "wrong-tier")
        let change = try status(try harness.send(reinstate, at: "2026-11-12T09:00:00+08:00"))
        #expect(change.from == .suspended && change.to == .active && change.dispatch == .allowed)
        #expect(try harness.send(reinstate, at: "2026-11-12T10:00:00+08:00").rejection?.reason == "no-hold")
    }

    @Test func `A listed outlet starts suspended without an event, until it passes a site check`() throws {
        var harness = try PenaltyFixture.harness(outlets: ["O1"])
        #expect(harness.record(Dossier.self, "O1")?.status == .suspended)
        #expect(harness.record(Dossier.self, "O1")?.holds == [.siteCheck])
        func check(_ passed: Bool, _ time: String) throws -> [OutletStatusChanged] {
            try harness.send(
                OutletSiteChecked(outletId: "O1", passed: passed, by: PenaltyFixture.inspector, at: try instant(time)),
                at: time
            ).all(OutletStatusChanged.self)
        }
        #expect(try check(false, "2026-11-02T09:00:00+08:00").isEmpty)
        #expect(try check(true, "2026-11-03T09:00:00+08:00").map(\.to) == [.active])
        #expect(try check(true, "2026-11-04T09:00:00+08:00").isEmpty)
        let failed = try check(false, "2026-11-05T09:00:00+08:00")
        #expect(failed.map(\.to) == [.suspended] && failed.map(\.holds) == [[.siteCheck]])
        #expect(try check(true, "2026-11-04T08:00:00+08:00").isEmpty, "an older check says nothing")
    }

    @Test func `An outlet known only from events has no site-check hold`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.report("V1", at: "2026-11-03T09:00:00+08:00")
        #expect(harness.record(Dossier.self, "O1")?.status == .active)
        let check = OutletSiteChecked(
            outletId: "O1", passed: false, by: PenaltyFixture.inspector, at: try instant("2026-11-05T09:00:00+08:00"))
        #expect(try harness.send(check, at: "2026-11-05T09:00:00+08:00").outputs.isEmpty)
    }

    @Test func `Holds add up, and the status is the worst`() throws {
        let (_, outcome) = try punished(5, outlets: ["O1"])
        let change = try status(outcome)
        #expect(change.from == .suspended && change.to == .suspended)
        #expect(change.holds == [.ladder, .siteCheck])
    }

    @Test func `Without R19 nothing is held for want of a site check, without R20 nothing is announced`() throws {
        let free = try PenaltyFixture.harness(off: [.r19], outlets: ["O1"])
        #expect(free.record(Dossier.self, "O1")?.status == .active)
        var silent = try PenaltyFixture.harness(off: [.r20], outlets: ["O1"])
        let check = OutletSiteChecked(
            outletId: "O1", passed: true, by: PenaltyFixture.inspector, at: try instant("2026-11-05T09:00:00+08:00"))
        #expect(try silent.send(check, at: "2026-11-05T09:00:00+08:00").outputs.isEmpty)
    }
}
