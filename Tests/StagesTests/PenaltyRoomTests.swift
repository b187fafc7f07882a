import Schema
import Testing

@testable import Policy
@testable import Stages

/// Outlets of which more is reported than their dossier holds.
struct PenaltyRoomTests {
    private static let november = "2026-11-07T09:00:00+08:00"
    private static let evaluated = "2026-11-10T18:00:00+08:00"

    private func proposal(_ harness: inout StageHarness) throws -> PenaltyProposed {
        let proposals = try harness.advance(to: Self.evaluated).all(PenaltyProposed.self)
        return try #require(proposals.first)
    }

    @Test func `every upheld violation counts, a hundred are named, and the letter says how many more there were`()
        throws
    {
        var harness = try PenaltyFixture.harness()
        try harness.violate(250, at: Self.november, prefix: "V")
        #expect(harness.record(Dossier.self, "O1")?.violations.count == Dossier.violationLimit)
        let proposal = try proposal(&harness)
        #expect(proposal.count == 250)
        #expect(proposal.violationIds.count == 100 && proposal.more == 150)
        #expect(Set(proposal.violationIds).count == 100)
        let outcome = try harness.decide(proposal.proposalId, at: "2026-11-11T09:00:00+08:00")
        let letter = try #require(outcome.all(NoticeIssued.self).first?.letter)
        #expect(letter.en.contains("250") && letter.en.contains("190"), "60 in rows: \(letter.en)")
    }

    @Test func `what has left unverified counts once it is upheld, and can be verified once`() throws {
        var harness = try PenaltyFixture.harness()
        for number in 1...300 {
            try harness.report("V\(number)", at: Self.november, caseId: "case-\(number)")
        }
        #expect(harness.record(Dossier.self, "O1")?.violations.count == Dossier.violationLimit)
        for number in 1...300 {
            let verified = try harness.verify("V\(number)", at: "2026-11-08T09:00:00+08:00", upheld: number % 3 > 0)
            #expect(verified.types == ["violation.recorded"])
        }
        for number in [1, 3, 299, 300] {
            let again = try harness.verify("V\(number)", at: "2026-11-08T10:00:00+08:00")
            #expect(again.rejection?.reason == "already-verified")
        }
        let proposal = try proposal(&harness)
        #expect(proposal.count == 200)
        #expect(proposal.violationIds.count == 100 && proposal.more == 100)
    }

    @Test func `he who reported it does not verify it, though it has left`() throws {
        var harness = try PenaltyFixture.harness()
        for number in 1...201 { try harness.report("V\(number)", at: Self.november, by: PenaltyFixture.auditor) }
        let own = try harness.verify("V1", at: "2026-11-08T09:00:00+08:00", by: PenaltyFixture.auditor)
        #expect(own.rejection?.reason == "own-report")
    }

    @Test func `a twin of what has been counted and left does not count again`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.violate(250, at: Self.november, prefix: "V")
        // One twin of a violation that has left, one of a violation that is held.
        for (id, twin) in [("T1", 1), ("T2", 250)] {
            try harness.report(id, at: "2026-11-07T10:00:00+08:00", caseId: "V-case-\(twin)")
            #expect(try harness.verify(id, at: "2026-11-07T11:00:00+08:00").types == ["violation.recorded"])
        }
        #expect(try proposal(&harness).count == 250)
    }

    @Test func `two that have left unverified and are twins count once`() throws {
        var harness = try PenaltyFixture.harness()
        for number in 1...2 { try harness.report("T\(number)", at: Self.november, caseId: "same") }
        for number in 1...210 { try harness.report("V\(number)", at: "2026-11-07T10:00:00+08:00") }
        try harness.report("T3", at: "2026-11-07T10:30:00+08:00", caseId: "same")
        for number in 1...3 { try harness.verify("T\(number)", at: "2026-11-08T09:00:00+08:00") }
        try harness.verify("V1", at: "2026-11-08T09:00:00+08:00")
        let proposal = try proposal(&harness)
        #expect(proposal.count == 2)
        #expect(proposal.violationIds.sorted() == ["T1", "V1"] && proposal.more == nil)
    }

    @Test func `a hazard among those that are not named hands running orders over`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.violate(1, at: "2026-11-06T09:00:00+08:00", prefix: "H", hazards: ["media"])
        try harness.violate(250, at: Self.november, prefix: "V")
        let outcome = try harness.decide(try proposal(&harness).proposalId, at: "2026-11-11T09:00:00+08:00")
        #expect(outcome.all(OutletStatusChanged.self).map(\.running) == [.handOver])
    }

    @Test func `a hazard of what is named but has left hands running orders over, and no appeal suspends the stop`()
        throws
    {
        var harness = try PenaltyFixture.harness(off: [.r46])
        try harness.violate(1, at: "2026-11-06T09:00:00+08:00", prefix: "H", hazards: ["injury"])
        for number in 1...210 { try harness.report("V\(number)", at: Self.november) }
        for number in 2...5 { try harness.verify("V\(number)", at: "2026-11-08T09:00:00+08:00") }
        let proposal = try proposal(&harness)
        #expect(proposal.rung == "stop-dispatch" && proposal.more == nil)
        let held = harness.record(Dossier.self, "O1")?.violations.map(\.id) ?? []
        #expect(Set(proposal.violationIds).subtracting(held) == ["H1"])
        let outcome = try harness.decide(proposal.proposalId, at: "2026-11-11T09:00:00+08:00")
        #expect(outcome.all(OutletStatusChanged.self).map(\.running) == [.handOver])
        let effects = harness.record(Dossier.self, "O1")?.effects ?? []
        #expect(effects.map(\.hasGraveHazard) == [true])
    }

    @Test func `a dossier that an older release has filled shrinks with each report`() throws {
        var dossier = Dossier(outletId: "O1")
        let at = try instant(Self.november)
        func violation(_ id: String) -> Violation {
            Violation(
                id: id, category: "late-visit", caseId: id, serviceId: nil, occurredAt: at, knownAt: at, reporter: nil,
                hazards: nil, verifiedAt: at, upheld: true)
        }
        dossier.violations = (0..<1000).map { violation("V\($0)") }
        var turn = Turn(policy: try PenaltyFixture.policy(), now: at, isLate: false, records: RecordReader())
        for number in 0..<60 {
            let new = violation("W\(number)")
            let keys = Set(dossier.keysOfRoom(for: new))
            let before = Set(turn.changes.entries.map(\.key))
            dossier.take(new, in: &turn)
            #expect(Set(turn.changes.entries.map(\.key)).subtracting(before).isSubset(of: keys))
        }
        #expect(dossier.violations.count == Dossier.violationLimit)
        #expect(dossier.counted?.count(month: Month(year: 2026, month: 11)) == 1060 - Dossier.violationLimit)
    }
}
