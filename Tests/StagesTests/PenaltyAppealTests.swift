import Policy
import Schema
import Testing

@testable import Stages

/// Rectifications and appeals (R12, R20).
struct PenaltyAppealTests {
    static let lodger = Person(id: "lodger", tier: "store", storeId: "S1")

    /// `count` violations on 7 November 2026, and the notice that follows, issued on Wednesday 11 November at 9.
    private func punished(_ count: Int, hazards: [String]? = nil) throws -> (StageHarness, String) {
        // Grave ones are proposed for themselves otherwise.
        var harness = try PenaltyFixture.harness(off: [.r46])
        try harness.violate(count, at: "2026-11-07T09:00:00+08:00", prefix: "V", hazards: hazards)
        let proposals = try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self)
        let outcome = try harness.decide(try #require(proposals.first).proposalId, at: "2026-11-11T09:00:00+08:00")
        return (harness, try #require(outcome.all(NoticeIssued.self).first).noticeId)
    }

    private func review(_ noticeId: String, _ accepted: Bool) -> RectificationReviewed {
        RectificationReviewed(noticeId: noticeId, accepted: accepted, by: PenaltyFixture.inspector)
    }

    private func lodge(_ noticeId: String) -> AppealLodged {
        AppealLodged(noticeId: noticeId, by: Self.lodger, grounds: "g")
    }

    private func answer(_ noticeId: String, stands: Bool) -> AppealDecided {
        AppealDecided(noticeId: noticeId, penaltyStands: stands, by: PenaltyFixture.director)
    }

    private func changes(_ outputs: [OutgoingEvent]) -> [OutletStatusChanged.Status] {
        outputs.all(OutletStatusChanged.self).map(\.to)
    }

    // MARK: Rectification

    @Test func `Accepted, a rectification and all warnings end`() throws {
        var (harness, warning) = try punished(2)
        try harness.violate(1, at: "2026-11-12T09:00:00+08:00", prefix: "W")
        let worse = try #require(
            try harness.advance(to: "2026-11-17T18:00:00+08:00").all(PenaltyProposed.self).first)
        let notice = try #require(
            try harness.decide(worse.proposalId, at: "2026-11-18T09:00:00+08:00").all(NoticeIssued.self).first)
        #expect(harness.record(Dossier.self, "O1")?.status == .rectifying)
        #expect(
            try harness.send(review(warning, true), at: "2026-11-19T09:00:00+08:00").rejection?.reason
                == "not-a-rectification")
        let accepted = try harness.send(review(notice.noticeId, true), at: "2026-11-20T09:00:00+08:00")
        #expect(changes(accepted.outputs) == [.active])
        #expect(try harness.advance(to: "2027-02-01T00:00:00+08:00").isEmpty)
    }

    @Test func `Not accepted, a stop is proposed at once, and the outlet stays rectifying until it is decided`() throws
    {
        var (harness, notice) = try punished(3)
        let failed = try harness.send(review(notice, false), at: "2026-11-13T09:00:00+08:00")
        let stop = try #require(failed.all(PenaltyProposed.self).first)
        #expect(failed.types == ["penalty.proposed"])
        #expect(stop.ladder == .rectification && stop.period == notice && stop.count == 1 && stop.threshold == nil)
        #expect(stop.rung == "stop-dispatch" && stop.violationIds == ["V1", "V2", "V3"])
        #expect(harness.record(Dossier.self, "O1")?.status == .rectifying)
        let approved = try harness.decide(stop.proposalId, at: "2026-11-14T09:00:00+08:00")
        let change = try #require(approved.all(OutletStatusChanged.self).first)
        #expect(change.to == .suspended && change.holds == [.rectification])
    }

    @Test func `Not reviewed within 15 days it has failed; reviewed at the last moment it has not`() throws {
        var (harness, notice) = try punished(3)
        var other = harness
        #expect(try harness.advance(to: "2026-11-26T08:59:59+08:00").all(PenaltyProposed.self).isEmpty)
        #expect(
            try harness.advance(to: "2026-11-26T09:00:00+08:00").all(PenaltyProposed.self).map(\.ladder)
                == [.rectification])
        #expect(
            try harness.send(review(notice, true), at: "2026-11-26T10:00:00+08:00").rejection?.reason
                == "review-closed")
        _ = try other.advance(to: "2026-11-26T08:59:59+08:00")
        #expect(try other.send(review(notice, true), at: "2026-11-26T09:00:00+08:00").rejection == nil)
    }

    @Test func `The stop rejected, 15 new days; the next failure is counted as the second`() throws {
        var (harness, notice) = try punished(3)
        let first = try #require(
            try harness.send(review(notice, false), at: "2026-11-13T09:00:00+08:00").all(PenaltyProposed.self).first)
        try harness.decide(first.proposalId, approved: false, at: "2026-11-16T09:00:00+08:00")
        #expect(try harness.advance(to: "2026-12-01T08:59:59+08:00").all(PenaltyProposed.self).isEmpty)
        let second = try #require(
            try harness.advance(to: "2026-12-01T09:00:00+08:00").all(PenaltyProposed.self).first)
        #expect(second.count == 2 && second.period == notice && second.proposalId != first.proposalId)
    }

    @Test func `A rectification that is lifted takes the stop that its failure led to with it`() throws {
        var (harness, notice) = try punished(3)
        let stop = try #require(
            try harness.send(review(notice, false), at: "2026-11-13T09:00:00+08:00").all(PenaltyProposed.self).first)
        _ = try harness.send(lodge(notice), at: "2026-11-13T10:00:00+08:00")
        let lifted = try harness.send(answer(notice, stands: false), at: "2026-11-13T11:00:00+08:00")
        #expect(lifted.all(PenaltySuperseded.self).map(\.proposalId) == [stop.proposalId])
        #expect(lifted.outputs.first?.because.facts["reason"] == "notice-lifted")
        let decided = try harness.decide(stop.proposalId, at: "2026-11-13T12:00:00+08:00")
        #expect(decided.rejection?.reason == "already-decided")
        #expect(harness.record(Dossier.self, "O1")?.status == .active)
        #expect(try harness.advance(to: "2026-11-30T00:00:00+08:00").all(ObligationOverdue.self).isEmpty)
    }

    @Test func `The stop superseded by a withdrawal that is rejected, 15 new days`() throws {
        var (harness, notice) = try punished(3)
        let stop = try #require(
            try harness.send(review(notice, false), at: "2026-11-13T09:00:00+08:00").all(PenaltyProposed.self).first)
        try harness.violate(5, at: "2026-11-13T10:00:00+08:00", prefix: "W")
        let outputs = try harness.advance(to: "2026-11-17T18:00:00+08:00")
        #expect(outputs.all(PenaltySuperseded.self).map(\.proposalId) == [stop.proposalId])
        let withdrawal = try #require(outputs.all(PenaltyProposed.self).first)
        try harness.decide(withdrawal.proposalId, approved: false, at: "2026-11-18T09:00:00+08:00")
        let again = try harness.advance(to: "2026-12-03T09:00:00+08:00").all(PenaltyProposed.self)
        #expect(again.last?.ladder == .rectification && again.last?.count == 2)
    }

    // MARK: Appeals

    @Test func `An appeal is lodged within 5 working days, once`() throws {
        var (harness, notice) = try punished(2)
        var late = harness
        _ = try harness.advance(to: "2026-11-18T17:00:00+08:00")
        #expect(try harness.send(lodge(notice), at: "2026-11-18T18:00:00+08:00").rejection == nil)
        #expect(try harness.send(lodge(notice), at: "2026-11-18T18:00:00+08:00").rejection?.reason == "appeal-known")
        _ = try late.advance(to: "2026-11-18T17:00:00+08:00")
        #expect(try late.send(lodge(notice), at: "2026-11-18T18:00:01+08:00").rejection?.reason == "appeal-too-late")
    }

    @Test func `While it is pending the status before the notice holds and terms stand still`() throws {
        var (harness, notice) = try punished(3)
        #expect(changes(try harness.send(lodge(notice), at: "2026-11-13T09:00:00+08:00").outputs) == [.active])
        #expect(
            try harness.send(review(notice, true), at: "2026-11-14T09:00:00+08:00").rejection?.reason
                == "under-appeal")
        #expect(try harness.advance(to: "2026-12-03T09:00:00+08:00").all(PenaltyProposed.self).isEmpty)
        let stands = try harness.send(answer(notice, stands: true), at: "2026-12-03T09:00:00+08:00")
        #expect(changes(stands.outputs) == [.rectifying])
        // 2 of the 15 days had passed when it was lodged.
        #expect(
            try harness.advance(to: "2026-12-16T08:59:59+08:00").all(PenaltyProposed.self)
                .allSatisfy { $0.ladder != .rectification })
        #expect(
            try harness.advance(to: "2026-12-16T09:00:00+08:00").all(PenaltyProposed.self).map(\.ladder)
                == [.rectification])
    }

    @Test func `Nobody decides the appeal that he lodged, and none is decided twice`() throws {
        var (harness, notice) = try punished(2)
        #expect(
            try harness.send(answer(notice, stands: true), at: "2026-11-12T09:00:00+08:00").rejection?.reason
                == "no-appeal")
        let deputy = Person(id: "deputy", tier: "business")
        _ = try harness.send(
            AppealLodged(noticeId: notice, by: deputy, grounds: "g"), at: "2026-11-13T09:00:00+08:00")
        let own = AppealDecided(noticeId: notice, penaltyStands: false, by: deputy)
        #expect(try harness.send(own, at: "2026-11-14T09:00:00+08:00").rejection?.reason == "own-appeal")
        _ = try harness.send(answer(notice, stands: false), at: "2026-11-14T10:00:00+08:00")
        #expect(
            try harness.send(answer(notice, stands: true), at: "2026-11-14T11:00:00+08:00").rejection?.reason
                == "no-appeal")
    }

    @Test func `Lifted, the rung counts as rejected, and its violations still count`() throws {
        var (harness, notice) = try punished(2)
        _ = try harness.send(lodge(notice), at: "2026-11-13T09:00:00+08:00")
        _ = try harness.send(answer(notice, stands: false), at: "2026-11-14T09:00:00+08:00")
        #expect(harness.record(Dossier.self, "O1")?.status == .active)
        #expect(try harness.advance(to: "2026-11-24T18:00:00+08:00").all(PenaltyProposed.self).isEmpty)
        try harness.violate(1, at: "2026-11-25T09:00:00+08:00", prefix: "W")
        let again = try harness.advance(to: "2026-12-01T18:00:00+08:00").all(PenaltyProposed.self)
        #expect(again.map(\.count) == [3])
    }

    @Test func `Under appeal a rung is still in effect: it blocks itself`() throws {
        var (harness, notice) = try punished(2)
        _ = try harness.send(lodge(notice), at: "2026-11-13T09:00:00+08:00")
        _ = try harness.advance(to: "2026-12-08T18:00:00+08:00")
        try harness.violate(2, at: "2026-12-09T09:00:00+08:00", prefix: "W")
        // November has closed; December and the year reach a warning, which the pending one blocks.
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").all(PenaltyProposed.self).isEmpty)
    }

    @Test(arguments: [("injury", true), ("fire", true), ("media", false), ("authority-letter", false)])
    func `A stop with injury or fire is not suspended by an appeal`(hazard: String, stays: Bool) throws {
        var (harness, notice) = try punished(5, hazards: [hazard])
        let lodged = try harness.send(lodge(notice), at: "2026-11-13T09:00:00+08:00")
        #expect(changes(lodged.outputs) == (stays ? [] : [.active]))
        let lifted = try harness.send(answer(notice, stands: false), at: "2026-11-16T09:00:00+08:00")
        #expect(changes(lifted.outputs) == (stays ? [.active] : []))
    }

    @Test func `A rectification with injury is suspended all the same`() throws {
        var (harness, notice) = try punished(3, hazards: ["injury"])
        #expect(changes(try harness.send(lodge(notice), at: "2026-11-13T09:00:00+08:00").outputs) == [.active])
    }

    @Test
    func `While a stop after a rectification is under appeal the outlet is rectifying again; lifted, 15 new days`()
        throws
    {
        var (harness, notice) = try punished(3)
        let stop = try #require(
            try harness.send(review(notice, false), at: "2026-11-13T09:00:00+08:00").all(PenaltyProposed.self).first)
        let issued = try harness.decide(stop.proposalId, at: "2026-11-16T09:00:00+08:00")
        let stopNotice = try #require(issued.all(NoticeIssued.self).first).noticeId
        #expect(changes(try harness.send(lodge(stopNotice), at: "2026-11-17T09:00:00+08:00").outputs) == [.rectifying])
        let lifted = try harness.send(answer(stopNotice, stands: false), at: "2026-11-24T09:00:00+08:00")
        #expect(changes(lifted.outputs) == [])
        #expect(harness.record(Dossier.self, "O1")?.status == .rectifying)
        let again = try harness.advance(to: "2026-12-09T09:00:00+08:00").all(PenaltyProposed.self)
        #expect(again.last?.ladder == .rectification && again.last?.count == 2)
    }

    @Test func `A withdrawal under appeal is not final before the appeal is lost`() throws {
        var (harness, notice) = try punished(8)
        #expect(changes(try harness.send(lodge(notice), at: "2026-11-13T09:00:00+08:00").outputs) == [.active])
        _ = try harness.advance(to: "2026-12-20T00:00:00+08:00")
        #expect(harness.record(Dossier.self, "O1")?.isClosed == false)
        let lost = try harness.send(answer(notice, stands: true), at: "2026-12-20T09:00:00+08:00")
        #expect(changes(lost.outputs) == [.withdrawn])
        #expect(harness.record(Dossier.self, "O1")?.isClosed == true)
    }

    @Test func `What is undecided when a withdrawal becomes final is superseded by it`() throws {
        var (harness, notice) = try punished(3)
        try harness.violate(5, at: "2026-11-12T09:00:00+08:00", prefix: "W")
        let withdrawal = try #require(
            try harness.advance(to: "2026-11-17T18:00:00+08:00").all(PenaltyProposed.self).first)
        try harness.decide(withdrawal.proposalId, at: "2026-11-18T09:00:00+08:00")
        // The rectification fails meanwhile; its stop stands undecided beside the withdrawal.
        let stop = try #require(
            try harness.send(review(notice, false), at: "2026-11-19T09:00:00+08:00").all(PenaltyProposed.self).first)
        let outputs = try harness.advance(to: "2026-11-25T18:00:00+08:00")
        #expect(
            outputs.all(PenaltySuperseded.self)
                == [PenaltySuperseded(proposalId: stop.proposalId, by: withdrawal.proposalId, outletId: "O1")])
        #expect(try harness.decide(stop.proposalId, at: "2026-11-26T09:00:00+08:00").rejection?.reason == "superseded")
    }
}
