import Policy
import Schema
import Testing

@testable import Stages

/// Under a running clock an event may be found before the timer whose deadline it has missed. Nothing depends on that.
struct DeadlineRaceTests {
    private func bytes(_ outputs: [OutgoingEvent]) -> [String] {
        outputs.map { String(decoding: $0.body(), as: UTF8.self) }
    }

    private func records(_ harness: StageHarness) throws -> [String] {
        try harness.set.records.sorted { $0.key < $1.key }.map { key, record in
            let body = String(decoding: try JSONEncoding.bytes(of: record.value), as: UTF8.self)
            return "\(key) \(record.version) \(String(describing: record.firedAt)) \(record.firedOutputs) \(body)"
        }
    }

    @Test(arguments: DeadlineScene.all)
    func `an event after a deadline says and leaves the same, whether or not the timer was polled before`(
        scene: DeadlineScene
    ) throws {
        var polled = try scene.harness()
        var unpolled = polled
        let event = try scene.event(polled, instant(scene.time))
        let timers = try polled.advance(to: scene.lastMoment, standings: true)
        let first = try polled.send(event, at: scene.time, id: "late")
        let second = try unpolled.send(event, at: scene.time, id: "late")
        #expect(timers.types.filter { $0 != OutletStanding.type.rawValue } == scene.says)
        #expect(first.before.isEmpty)
        #expect(bytes(timers + first.outputs) == bytes(second.before + second.outputs))
        #expect(try records(polled) == records(unpolled))
        #expect(!second.isLate)
    }

    @Test(arguments: DeadlineScene.all.filter { $0.inTime != nil })
    func `an event at the last moment is in time`(scene: DeadlineScene) throws {
        var harness = try scene.harness()
        let time = try instant(scene.time).adding(seconds: -(scene.inTime ?? 0))
        _ = try harness.advance(to: Instant(microseconds: time.microseconds - 1).description)
        let outcome = try harness.send(try scene.event(harness, time), at: time)
        #expect(outcome.rejection == nil && outcome.before.isEmpty)
        let later = try harness.advance(to: scene.time).types
        #expect(!(outcome.types + later).contains(try #require(scene.says.last)))
    }

    @Test func `a deadline that lies ahead of the clock is not over, whatever time an event bears`() throws {
        var fixture = try RoutingFixture(CaseFixture.policy(off: [.r43]))
        try fixture.open(CaseFixture.complaint())
        let record = try #require(fixture.routing.set[RoutedCase.key(CaseFixture.caseId())])
        let event = Event(
            id: "1", source: "upstream", time: try instant("2026-11-04T10:02:00+08:00"),
            data: CaseAccepted(caseId: CaseFixture.caseId(), by: RoutingFixture.storeClerk))
        let clock = try instant("2026-11-04T09:59:00+08:00")
        #expect(record.value.wake?.at == (try instant("2026-11-04T10:00:00+08:00")))
        #expect(fixture.routing.runner.overdue(before: event, in: fixture.routing.set, clock: clock) == nil)
        let later = try instant("2026-11-04T10:01:00+08:00")
        #expect(fixture.routing.runner.overdue(before: event, in: fixture.routing.set, clock: later) != nil)
    }

    // MARK: Late

    @Test func `an event about a request is late by the request's timers`() throws {
        var fixture = try FundFixtures()
        _ = try fixture.request(40_000)
        _ = try fixture.advance(6)
        let report = try fixture.report(5)
        #expect(report.isLate)
        #expect(fixture.record?.owed?.step == .opinion)
    }

    @Test func `a resolution before the end of a term whose timer has acted is late and does not undo it`() throws {
        var fixture = try FundFixtures()
        _ = try fixture.request(40_000, .ownPost)
        _ = try fixture.advance(4)
        let resolved = try fixture.resolve(3)
        #expect(resolved.isLate)
        #expect(fixture.record?.state == .referred)
        #expect(resolved.types == ["case.close-blocked"])
        #expect(bytes(resolved.outputs).allSatisfy { $0.contains(#""late":true"#) })
        #expect(try fixture.send(CaseAccepted(caseId: "C1", by: CaseFixtures.clerk), 3).isLate == false)
    }
}
