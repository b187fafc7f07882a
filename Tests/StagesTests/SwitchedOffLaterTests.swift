import Policy
import Schema
import Testing

@testable import Stages

/// A rule that is off when its timer comes decides nothing; the term passes silently, also for a time when it is on again.
struct SwitchedOffLaterTests {
    private func policy(_ scene: DeadlineScene, off name: String) throws -> PolicyBook {
        if let rule = Rule(rawValue: name) { return try scene.policy([rule], []) }
        return try scene.policy([], [try #require(RulePart(rawValue: name))])
    }

    @Test(arguments: DeadlineScene.all.flatMap { scene in scene.rules.map { (scene, $0) } })
    func `switched off while its term runs, a rule says nothing at its end, nor when it is on again`(
        scene: DeadlineScene, rule: String
    ) throws {
        var harness = try scene.harness()
        harness.adopt(try policy(scene, off: rule))
        let silent = try harness.advance(to: scene.lastMoment).types
        #expect(!silent.contains(where: scene.says.contains), "found \(silent)")
        harness.adopt(try scene.policy([], []))
        #expect(try harness.advance(to: scene.time).isEmpty)
    }

    @Test func `with R16 switched off the stop of work is over, and the next failure stops it anew`() throws {
        let scene = try #require(DeadlineScene.all.first { $0.name == "R16 the retest" })
        var harness = try scene.harness()
        #expect(harness.record(Dossier.self, "O1")?.holds == [.training, .siteCheck])
        harness.adopt(try policy(scene, off: "R16"))
        let out = try harness.advance(to: scene.time)
        #expect(out.all(OutletStatusChanged.self).map(\.holds) == [[.siteCheck]])
        harness.adopt(try scene.policy([], []))
        // The fourth quarter is judged on 8 January 2027.
        let failed = try harness.advance(to: "2027-01-08T18:00:00+08:00")
        #expect(failed.all(TrainingFailed.self).map(\.consecutive) == [4])
        #expect(failed.all(OutletStatusChanged.self).map(\.holds) == [[.training, .siteCheck]])
        let missed = try harness.advance(to: "2027-02-07T18:00:00+08:00").all(PenaltyProposed.self)
        #expect(missed.map(\.ladder) == [.training])
    }

    @Test func `with R11 switched off the planned week is not evaluated, the month is`() throws {
        var harness = try PenaltyFixture.harness()
        try harness.violate(2, at: "2026-11-07T09:00:00+08:00", prefix: "V")
        harness.adopt(try PenaltyFixture.policy(off: [.r11]))
        #expect(try harness.advance(to: "2026-12-07T17:59:59+08:00").isEmpty)
        let proposed = try harness.advance(to: "2026-12-07T18:00:00+08:00").all(PenaltyProposed.self)
        #expect(proposed.map(\.period) == ["2026-11"])
    }

    @Test func `what waits for others is handed on although its rule is off: nothing else would end it`() throws {
        var fixture = try FundFixtures()
        _ = try fixture.request(40_000, .ownPost)
        fixture.harness.adopt(try CaseFixtures.policy(off: [.r07]))
        #expect(try fixture.advance(4).types == ["compensation.referred"])
    }
}
