import Policy
import Schema
import Stages
import Testing

/// Calls whose dates fall into a year without calendar data.
@Suite struct CallbackCalendarTests {
    typealias Fixtures = CallbackFixtures

    /// A closing on 30 December 2026: its window ends in 2027.
    private func closed() throws -> StageHarness {
        var harness = try Fixtures.harness()
        let out = try harness.send(
            Fixtures.closed(at: "2026-12-30T16:00:00+08:00"), at: "2026-12-30T16:00:00+08:00")
        #expect(out.types == ["calendar.missing"], "the task exists; its window cannot be told")
        #expect(out.all(CalendarMissing.self).map(\.year) == [2027])
        return harness
    }

    @Test func `the task waits, looks again every day, and says nothing more`() throws {
        var harness = try closed()
        #expect(try harness.advance(to: "2027-01-20T12:00:00+08:00").isEmpty)
        let task = try #require(harness.record(CallbackTask.self, Fixtures.closingId()))
        #expect(task.wake?.at == (try instant("2027-01-21T00:00:00+08:00")))
        #expect(task.outcome == nil)
    }

    @Test func `a call counts although the window is not known yet`() throws {
        var harness = try closed()
        let out = try harness.send(
            Fixtures.call(Fixtures.closingId(), 1, at: "2026-12-31T10:00:00+08:00", .reached, satisfied: true))
        #expect(out.types == ["callback.satisfied"])
        #expect(harness.record(CallbackTask.self, Fixtures.closingId())?.outcome == .reached)
    }

    @Test func `once the year is entered, what is over is due and missed at the next look`() throws {
        var harness = try closed()
        _ = try harness.advance(to: "2027-01-20T12:00:00+08:00")
        try harness.adopt(CaseFixtures.policy(calendar: CaseFixtures.calendarWith2027()))
        let out = try harness.advance(to: "2027-02-20T12:00:00+08:00")
        #expect(
            said(out) == [
                "callback.scheduled 2027-01-21T00:00", "callback.due 2027-01-21T00:00",
                "callback.missed 2027-01-21T00:00",
            ])
        let window = try #require(out.first?.event.data as? CallbackScheduled)
        #expect(window.windowStart == (try instant("2026-12-31T00:00:00+08:00")))
        #expect(window.windowEnd == (try instant("2027-01-06T00:00:00+08:00")))
    }

    @Test func `exhausted before the window is known, that is said when it is`() throws {
        var harness = try closed()
        for (attempt, time) in ["2026-12-31T10:00:00+08:00", "2027-01-04T10:00:00+08:00", "2027-01-05T10:00:00+08:00"]
            .enumerated()
        {
            let call = try Fixtures.call(Fixtures.closingId(), attempt + 1, at: time, .noAnswer)
            // The next attempt may fall into the missing year too; nothing else can be said.
            #expect(try harness.send(call).types.allSatisfy { $0 == "calendar.missing" })
        }
        try harness.adopt(CaseFixtures.policy(calendar: CaseFixtures.calendarWith2027()))
        #expect(
            said(try harness.advance(to: "2027-02-20T12:00:00+08:00"))
                == [
                    "callback.scheduled 2027-01-06T00:00", "callback.exhausted 2027-01-06T00:00",
                    "callback.done 2027-01-06T00:00",
                ])
    }
}
