import Schema
import Testing

@testable import Policy
@testable import Stages

/// Violations with injury or fire, proposed for themselves (R46), and what proposals outside the counts stand in the way of.
struct PenaltyGraveTests {
    private static let reported = "2026-11-03T09:00:00+08:00"
    private static let verified = "2026-11-04T09:00:00+08:00"

    private func harness(
        off: Set<Rule> = [], rung: Rung = .stopDispatch, outlets: [String] = []
    ) throws -> StageHarness {
        var penalty = PenaltyPolicy()
        penalty.graveRung = rung
        return try PenaltyFixture.harness(off: off, outlets: outlets, penalty: penalty)
    }

    /// Reported and upheld at the given time.
    @discardableResult
    private func burn(
        _ id: String, _ harness: inout StageHarness, at time: String = verified, hazards: [String] = ["fire"],
        caseId: String? = nil, upheld: Bool = true
    ) throws -> HarnessOutcome {
        try harness.report(id, at: time, caseId: caseId ?? "case-\(id)", hazards: hazards)
        return try harness.verify(id, at: time, upheld: upheld)
    }

    /// A decision with what its instant brings: what has waited is proposed by a timer that is due at once.
    private func decide(
        _ proposalId: String, approved: Bool, _ harness: inout StageHarness, at time: String
    ) throws -> [OutgoingEvent] {
        try harness.decide(proposalId, approved: approved, at: time).outputs + harness.advance(to: time)
    }

    private static func id(_ violation: String, rung: String = "stop-dispatch", count: Int = 1) -> String {
        Identifiers.proposalId(outletId: "O1", ladder: "grave", period: violation, rung: rung, count: count)
    }

    @Test(arguments: [("injury", true), ("fire", true), ("media", false), ("authority-letter", false)])
    func `Upheld, it is proposed at its verification; other hazards are not grave`(hazard: String, isGrave: Bool) throws
    {
        var harness = try harness()
        #expect(try harness.report("V1", at: Self.reported, hazards: [hazard]).types == ["violation.recorded"])
        let outcome = try harness.verify("V1", at: Self.verified)
        #expect(outcome.types == ["violation.recorded"] + (isGrave ? ["penalty.proposed"] : []))
        guard isGrave, let proposal = outcome.all(PenaltyProposed.self).first else { return }
        #expect(proposal.ladder == .grave && proposal.period == "V1" && proposal.rung == "stop-dispatch")
        #expect(proposal.count == 1 && proposal.threshold == nil && proposal.violationIds == ["V1"])
        #expect(proposal.proposalId == Self.id("V1"))
        #expect(outcome.outputs.last?.because.rule == "R46")
        #expect(outcome.outputs.last?.because.parameters["graveRung"] == "stop-dispatch")
    }

    @Test func `Turned down it is nothing, nor with R46 switched off`() throws {
        var one = try harness()
        #expect(try burn("V1", &one, upheld: false).all(PenaltyProposed.self).isEmpty)
        var off = try harness(off: [.r46])
        #expect(try burn("V1", &off).all(PenaltyProposed.self).isEmpty)
        off.adopt(try PenaltyFixture.policy())
        #expect(try off.advance(to: "2026-11-20T00:00:00+08:00").all(PenaltyProposed.self).isEmpty)
    }

    @Test func `A closing that tells of a fire is proposed too, once it is verified`() throws {
        var harness = try harness(outlets: ["O1"])
        _ = try harness.send(
            PenaltyDerivedTests.closed(hazards: ["fire"], by: "somebody"), at: "2026-11-05T09:00:00+08:00")
        let proposals = try harness.verify("C1", at: "2026-11-05T10:00:00+08:00").all(PenaltyProposed.self)
        #expect(proposals.map(\.period) == ["C1"])
    }

    @Test func `Once for its group, though a twin tells of it again, and whatever became of it`() throws {
        var harness = try harness()
        try burn("V1", &harness, caseId: "C1")
        #expect(try burn("V2", &harness, caseId: "C1").all(PenaltyProposed.self).isEmpty)
        try harness.decide(Self.id("V1"), approved: false, at: "2026-11-05T09:00:00+08:00")
        let third = try burn("V3", &harness, at: "2026-11-06T09:00:00+08:00", caseId: "C1")
        #expect(third.all(PenaltyProposed.self).isEmpty)
        #expect(
            try burn("V4", &harness, at: "2026-11-06T09:00:00+08:00").all(PenaltyProposed.self).map(\.period) == ["V4"])
    }

    @Test(arguments: [
        (Rung.warning, OutletStatusChanged.Status.warned, OutletStatusChanged.Running.finish),
        (.rectification, .rectifying, .finish), (.stopDispatch, .suspended, .handOver),
        (.withdrawal, .withdrawn, .handOver),
    ])
    func `Approved, it does what its rung does, with a letter of its own`(
        rung: Rung, status: OutletStatusChanged.Status, running: OutletStatusChanged.Running
    ) throws {
        var harness = try harness(rung: rung)
        try burn("V1", &harness)
        let outcome = try harness.decide(Self.id("V1", rung: rung.rawValue), at: "2026-11-05T09:00:00+08:00")
        #expect(outcome.all(OutletStatusChanged.self).map(\.to) == [status])
        #expect(outcome.all(OutletStatusChanged.self).map(\.running) == [running])
        let letter = try #require(outcome.all(NoticeIssued.self).first?.letter)
        #expect(letter.zh.contains("规则 R46") && letter.zh.contains("1. 2026-11-04，违规，案件 case-V1"))
        #expect(letter.en.contains("grave violation"))
    }

    @Test func `No appeal suspends its stop`() throws {
        var harness = try harness()
        try burn("V1", &harness)
        let notice = try #require(
            try harness.decide(Self.id("V1"), at: "2026-11-05T09:00:00+08:00").all(NoticeIssued.self).first)
        let lodged = try harness.send(
            AppealLodged(noticeId: notice.noticeId, by: PenaltyFixture.clerk, grounds: "g"),
            at: "2026-11-06T09:00:00+08:00")
        #expect(lodged.rejection == nil && lodged.all(OutletStatusChanged.self).isEmpty)
    }

    // MARK: What stands in the way

    @Test func `Beside one of the same rung it waits, and is proposed when that is rejected, one after the other`()
        throws
    {
        var harness = try harness()
        try burn("V1", &harness)
        for id in ["V2", "V3"] { #expect(try burn(id, &harness).all(PenaltyProposed.self).isEmpty) }
        let rejected = try decide(Self.id("V1"), approved: false, &harness, at: "2026-11-05T09:00:00+08:00")
        #expect(rejected.all(PenaltyProposed.self).map(\.period) == ["V2"])
        #expect(rejected.last?.event.time == (try instant("2026-11-05T09:00:00+08:00")))
        #expect(rejected.last?.because.facts["waited"] == true)
        let again = try decide(Self.id("V2"), approved: false, &harness, at: "2026-11-06T09:00:00+08:00")
        #expect(again.all(PenaltyProposed.self).map(\.period) == ["V3"])
        #expect(
            try decide(Self.id("V3"), approved: false, &harness, at: "2026-11-09T09:00:00+08:00").isEmpty)
    }

    @Test func `What took effect was the answer; lifted on appeal it was none`() throws {
        for isLifted in [false, true] {
            var harness = try harness()
            try burn("V1", &harness)
            let notice = try #require(
                try harness.decide(Self.id("V1"), at: "2026-11-05T09:00:00+08:00").all(NoticeIssued.self).first)
            #expect(try burn("V2", &harness, at: "2026-11-06T09:00:00+08:00").all(PenaltyProposed.self).isEmpty)
            let outcome: HarnessOutcome
            if isLifted {
                _ = try harness.send(
                    AppealLodged(noticeId: notice.noticeId, by: PenaltyFixture.clerk, grounds: "g"),
                    at: "2026-11-09T09:00:00+08:00")
                outcome = try harness.send(
                    AppealDecided(noticeId: notice.noticeId, penaltyStands: false, by: PenaltyFixture.director),
                    at: "2026-11-10T09:00:00+08:00")
            } else {
                outcome = try harness.send(
                    OutletReinstated(outletId: "O1", by: PenaltyFixture.director, reason: "r"),
                    at: "2026-11-10T09:00:00+08:00")
            }
            #expect(outcome.rejection == nil)
            let now = try harness.advance(to: "2026-11-10T09:00:00+08:00")
            #expect(now.all(PenaltyProposed.self).map(\.period) == (isLifted ? ["V2"] : []))
            let later = try harness.advance(to: "2026-11-30T00:00:00+08:00").all(PenaltyProposed.self)
            #expect(!later.contains { $0.ladder == .grave })
        }
    }

    @Test func `A counted rung of the same gravity stands in its way, a milder one is superseded by it`() throws {
        for count in [5, 2] {
            var harness = try harness()
            try harness.violate(count, at: "2026-11-04T09:00:00+08:00", prefix: "N")
            let counted = try #require(
                try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self).first)
            let outcome = try burn("V1", &harness, at: "2026-11-11T09:00:00+08:00")
            #expect(outcome.all(PenaltyProposed.self).map(\.ladder) == (count == 5 ? [] : [.grave]))
            #expect(
                outcome.all(PenaltySuperseded.self).map(\.proposalId) == (count == 5 ? [] : [counted.proposalId]))
            if count == 5 {
                let rejected = try decide(
                    counted.proposalId, approved: false, &harness, at: "2026-11-12T09:00:00+08:00")
                #expect(rejected.all(PenaltyProposed.self).map(\.ladder) == [.grave])
            }
        }
    }

    @Test func `Undecided it blocks counted rungs up to its own; it counts on the other ladders all the same`() throws {
        var harness = try harness()
        try harness.violate(4, at: "2026-11-03T09:00:00+08:00", prefix: "N")
        try burn("V1", &harness)
        #expect(try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self).isEmpty, "5: a stop")
        try harness.violate(3, at: "2026-11-11T09:00:00+08:00", prefix: "M")
        let outputs = try harness.advance(to: "2026-11-17T18:00:00+08:00")
        #expect(outputs.all(PenaltyProposed.self).map(\.count) == [8])
        #expect(outputs.all(PenaltyProposed.self).map(\.rung) == ["withdrawal"])
        #expect(outputs.all(PenaltySuperseded.self).map(\.proposalId) == [Self.id("V1")])
    }

    @Test
    func `Superseded, it waits like the others, and is proposed again when what superseded it is rejected or lifted`()
        throws
    {
        for isLifted in [false, true] {
            var harness = try harness()
            try burn("V1", &harness)
            try burn("V2", &harness)
            try harness.violate(8, at: "2026-11-05T09:00:00+08:00", prefix: "N")
            let outputs = try harness.advance(to: "2026-11-10T18:00:00+08:00")
            let worse = try #require(outputs.all(PenaltyProposed.self).first)
            #expect(outputs.all(PenaltySuperseded.self).map(\.proposalId) == [Self.id("V1")])
            var freed: [OutgoingEvent]
            if isLifted {
                let noticeId = Identifiers.noticeId(proposalId: worse.proposalId)
                let approved = try decide(
                    worse.proposalId, approved: true, &harness, at: "2026-11-11T09:00:00+08:00")
                #expect(approved.all(PenaltyProposed.self).isEmpty)
                _ = try harness.send(
                    AppealLodged(noticeId: noticeId, by: PenaltyFixture.clerk, grounds: "g"),
                    at: "2026-11-12T09:00:00+08:00")
                freed =
                    try harness.send(
                        AppealDecided(noticeId: noticeId, penaltyStands: false, by: PenaltyFixture.director),
                        at: "2026-11-13T09:00:00+08:00"
                    ).outputs + harness.advance(to: "2026-11-13T09:00:00+08:00")
            } else {
                freed = try decide(
                    worse.proposalId, approved: false, &harness, at: "2026-11-11T09:00:00+08:00")
            }
            let again = try #require(freed.all(PenaltyProposed.self).first)
            #expect(again.proposalId == Self.id("V1", count: 2) && again.count == 2 && again.period == "V1")
            let stale = try harness.decide(Self.id("V1"), at: "2026-11-13T10:00:00+08:00")
            #expect(stale.rejection?.reason == "already-decided", "the first is of the past, and no more on record")
            let next = try decide(again.proposalId, approved: false, &harness, at: "2026-11-13T11:00:00+08:00")
            #expect(next.all(PenaltyProposed.self).map(\.proposalId) == [Self.id("V2")])
            #expect(harness.record(Dossier.self, "O1")?.graveAttempts == nil)
        }
    }

    @Test func `What superseded it took effect: that was the answer`() throws {
        var harness = try harness(rung: .warning)
        try burn("V1", &harness)
        try harness.violate(4, at: "2026-11-05T09:00:00+08:00", prefix: "N")
        let worse = try #require(
            try harness.advance(to: "2026-11-10T18:00:00+08:00").all(PenaltyProposed.self).first)
        #expect(worse.rung == "stop-dispatch")
        try harness.decide(worse.proposalId, at: "2026-11-11T09:00:00+08:00")
        let ended = try harness.send(
            OutletReinstated(outletId: "O1", by: PenaltyFixture.director, reason: "r"),
            at: "2026-11-12T09:00:00+08:00")
        #expect(ended.rejection == nil)
        let later = try harness.advance(to: "2026-11-30T00:00:00+08:00").all(PenaltyProposed.self)
        #expect(!later.contains { $0.ladder == .grave })
        let dossier = harness.record(Dossier.self, "O1")
        #expect(dossier?.waitingGraves == nil && dossier?.graveAttempts == nil)
    }

    @Test func `Rejected, it blocks no more`() throws {
        var harness = try harness()
        try harness.violate(4, at: "2026-11-03T09:00:00+08:00", prefix: "N")
        try burn("V1", &harness)
        _ = try harness.advance(to: "2026-11-10T18:00:00+08:00")
        try harness.decide(Self.id("V1"), approved: false, at: "2026-11-11T09:00:00+08:00")
        let proposals = try harness.advance(to: "2026-11-17T18:00:00+08:00").all(PenaltyProposed.self)
        #expect(proposals.map(\.rung) == ["stop-dispatch"] && proposals.map(\.count) == [5])
    }

    @Test func `Of an outlet with more violations than its dossier holds it is proposed too`() throws {
        var harness = try harness()
        try harness.report("A1", at: Self.reported, hazards: ["injury"])
        for number in 1...210 { try harness.report("F\(number)", at: Self.reported, caseId: "F\(number)") }
        #expect(harness.record(Dossier.self, "O1")?.violations.contains { $0.id == "A1" } == false)
        #expect(try harness.verify("A1", at: Self.verified).all(PenaltyProposed.self).map(\.period) == ["A1"])
        let outcome = try harness.decide(Self.id("A1"), at: "2026-11-05T09:00:00+08:00")
        #expect(outcome.all(OutletStatusChanged.self).map(\.running) == [.handOver])
    }

    @Test(arguments: ["left upheld", "left unverified, twin after", "left unverified, twin before"])
    func `Proposed once, a matter is not proposed again by a twin, though it has left the dossier`(way: String) throws {
        var harness = try harness(outlets: ["O1"])
        func fill() throws {
            for number in 1...210 { try harness.report("F\(number)", at: Self.verified, caseId: "F\(number)") }
            #expect(harness.record(Dossier.self, "O1")?.violations.contains { $0.id == "V1" } == false)
        }
        try harness.report("V1", at: Self.reported, caseId: "C1", hazards: ["fire"])
        if way != "left upheld" { try fill() }
        if way.hasSuffix("before") { try harness.report("V2", at: Self.verified, caseId: "C1", hazards: ["fire"]) }
        #expect(try harness.verify("V1", at: Self.verified).all(PenaltyProposed.self).map(\.period) == ["V1"])
        try harness.decide(Self.id("V1"), approved: false, at: "2026-11-05T09:00:00+08:00")
        if way == "left upheld" { try fill() }
        let later = "2026-11-06T09:00:00+08:00"
        if !way.hasSuffix("before") { try harness.report("V2", at: later, caseId: "C1", hazards: ["fire"]) }
        #expect(try harness.verify("V2", at: later).all(PenaltyProposed.self).isEmpty)
        // What follows from its closing is that matter too.
        _ = try harness.send(PenaltyDerivedTests.closed(hazards: ["fire"], by: "somebody"), at: later)
        #expect(try harness.verify("C1", at: later).all(PenaltyProposed.self).isEmpty)
        #expect(try harness.advance(to: "2026-11-09T00:00:00+08:00").all(PenaltyProposed.self).isEmpty)
    }
}
