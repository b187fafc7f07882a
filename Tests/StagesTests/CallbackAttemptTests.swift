import Policy
import Schema
import Stages
import Testing

/// Attempts, their numbers and their ends (R10, R22, R25, R27).
@Suite struct CallbackAttemptTests {
    typealias Fixtures = CallbackFixtures

    @Test func `three attempts without an answer exhaust the task`() throws {
        var harness = try Fixtures.served(now: "2026-11-05T09:00:00+08:00")
        let first = try harness.send(Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .noAnswer))
        #expect(first.outputs.isEmpty)
        #expect(said(try harness.advance(to: "2026-11-06T12:00:00+08:00")) == ["callback.due 2026-11-06T09:00"])
        _ = try harness.send(Fixtures.call(2, at: "2026-11-06T15:00:00+08:00", .noAnswer))
        let due = try harness.advance(to: "2026-11-09T12:00:00+08:00")
        #expect(said(due) == ["callback.due 2026-11-09T09:00"], "Friday's next working day is Monday")
        #expect((due.first?.event.data as? CallbackDue)?.attempt == 3)
        #expect(due.first?.because.rule == "R10")
        let last = try harness.send(Fixtures.call(3, at: "2026-11-09T15:00:00+08:00", .noAnswer))
        #expect(last.types == ["callback.exhausted", "callback.done"])
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty, "a task that is done is not missed")
    }

    @Test func `the next attempt is asked for past the window too, and that one may reach`() throws {
        var harness = try Fixtures.served(now: "2026-11-05T09:00:00+08:00")
        _ = try harness.send(Fixtures.call(1, at: "2026-11-09T10:00:00+08:00", .noAnswer))
        #expect(
            said(try harness.advance(to: "2026-11-10T12:00:00+08:00"))
                == ["callback.missed 2026-11-10T00:00", "callback.due 2026-11-10T09:00"])
        let out = try harness.send(Fixtures.call(2, at: "2026-11-11T10:00:00+08:00", .reached, satisfied: true))
        #expect(out.types == ["callback.satisfied", "callback.done", "callback.scheduled"])
    }

    @Test func `a second report for an attempt, or on the date of one, is refused`() throws {
        var harness = try Fixtures.served(now: "2026-11-05T09:00:00+08:00")
        _ = try harness.send(Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .noAnswer))
        let sameNumber = try harness.send(Fixtures.call(1, at: "2026-11-06T10:00:00+08:00", .reached))
        #expect(
            sameNumber.rejection
                == Rejection(
                    "attempt-known",
                    ["attempt": 1, "date": "2026-11-06", "knownAttempt": 1, "knownDate": "2026-11-05"]))
        let sameDate = try harness.send(Fixtures.call(2, at: "2026-11-05T23:59:59+08:00", .reached))
        #expect(sameDate.rejection?.reason == "attempt-known")
        #expect(try harness.send(Fixtures.call(2, at: "2026-11-06T00:00:00+08:00", .reached)).rejection == nil)
        let afterwards = try harness.send(Fixtures.call(2, at: "2026-11-08T10:00:00+08:00", .reached))
        #expect(afterwards.rejection?.reason == "attempt-known", "also when the task is done")
    }

    @Test func `a call before the window is recorded and is no attempt`() throws {
        var harness = try Fixtures.served()
        let early = try harness.send(Fixtures.call(1, at: "2026-11-04T23:59:59+08:00", .reached, satisfied: true))
        #expect(early.outputs.isEmpty)
        #expect(harness.record(CallbackTask.self, Fixtures.first)?.calls.map(\.place) == [.early])
        #expect(said(try harness.advance(to: "2026-11-05T09:00:00+08:00")) == ["callback.due 2026-11-05T09:00"])
        #expect(try harness.send(Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .reached)).rejection == nil)
        #expect(harness.record(CallbackTask.self, Fixtures.first)?.outcome == .reached)
    }

    @Test func `a complaint in a call before the window counts, once for the task`() throws {
        var harness = try Fixtures.served()
        let early = try harness.send(Fixtures.call(1, at: "2026-11-03T10:00:00+08:00", .reached, satisfied: false))
        #expect(early.types == ["callback.dissatisfied"])
        let again = try harness.send(Fixtures.call(1, at: "2026-11-05T00:00:00+08:00", .reached, satisfied: false))
        #expect(
            again.types == ["callback.done", "callback.scheduled"], "the first call is done, the second one planned")
    }

    @Test func `a call in the window before it is due is the attempt, which is not asked for any more`() throws {
        var harness = try Fixtures.served()
        _ = try harness.send(Fixtures.call(1, at: "2026-11-05T08:00:00+08:00", .noAnswer))
        let due = try harness.advance(to: "2026-11-06T09:00:00+08:00")
        #expect(said(due) == ["callback.due 2026-11-06T09:00"])
        #expect((due.first?.event.data as? CallbackDue)?.attempt == 2)
    }

    @Test func `a call after the task is done is recorded without effect`() throws {
        var harness = try Fixtures.served(now: "2026-11-05T09:00:00+08:00")
        _ = try harness.send(Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .refused))
        let out = try harness.send(Fixtures.call(2, at: "2026-11-06T10:00:00+08:00", .reached, satisfied: false))
        #expect(out.outputs.isEmpty)
        let task = try #require(harness.record(CallbackTask.self, Fixtures.first))
        #expect(task.outcome == .refused)
        #expect(task.calls.map(\.place) == [.attempt, .afterwards])
    }

    @Test func `a refusal ends the task without a second call`() throws {
        var harness = try Fixtures.served(now: "2026-11-05T09:00:00+08:00")
        let out = try harness.send(Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .refused))
        #expect(out.all(CallbackDone.self).map(\.outcome) == [.refused])
        #expect(out.types == ["callback.done"])
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
        #expect(harness.record(CallbackTask.self, Fixtures.second) == nil)
    }

    @Test func `a text message alone never reaches the customer`() throws {
        var harness = try Fixtures.served(now: "2026-11-05T09:00:00+08:00")
        var message = try Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .reached, satisfied: false)
        message.medium = .sms
        message.remarks = [.init(class: .consultation, text: "When?")]
        #expect(try harness.send(message).types == ["customer.remark"], "told, and no answer")
        let task = try #require(harness.record(CallbackTask.self, Fixtures.first))
        #expect(task.outcome == nil)
        #expect(task.calls.map(\.medium) == [.sms] && task.calls.map(\.outcome) == [.noAnswer])
        #expect(said(try harness.advance(to: "2026-11-06T09:00:00+08:00")) == ["callback.due 2026-11-06T09:00"])
        var visit = try Fixtures.call(2, at: "2026-11-06T10:00:00+08:00", .reached, satisfied: true)
        visit.medium = .visit
        #expect(try harness.send(visit).types == ["callback.satisfied", "callback.done", "callback.scheduled"])
    }

    @Test func `three of them exhaust the task, and before the window one is no complaint`() throws {
        var harness = try Fixtures.served()
        func message(_ attempt: Int, _ time: String) throws -> [String] {
            var message = try Fixtures.call(attempt, at: time, .reached, satisfied: false)
            message.medium = .sms
            return try harness.send(message).types
        }
        #expect(try message(1, "2026-11-04T10:00:00+08:00") == [])
        #expect(try message(1, "2026-11-05T10:00:00+08:00") == [])
        #expect(try message(2, "2026-11-06T10:00:00+08:00") == [])
        #expect(try message(3, "2026-11-09T10:00:00+08:00") == ["callback.exhausted", "callback.done"])
    }

    @Test func `with R27 switched off nobody asks by what he was reached`() throws {
        var harness = try Fixtures.served(CaseFixtures.policy(off: [.r27]), now: "2026-11-05T09:00:00+08:00")
        var message = try Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .reached)
        message.medium = .sms
        #expect(try harness.send(message).types == ["callback.done", "callback.scheduled"])
    }

    @Test func `24:00 belongs to the next date, so a call at that moment misses the window`() throws {
        var inTime = try Fixtures.served(now: "2026-11-09T23:59:59+08:00")
        let last = try inTime.send(Fixtures.call(1, at: "2026-11-09T23:59:59+08:00", .refused))
        #expect(last.types == ["callback.done"])
        #expect(try inTime.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)

        var tooLate = try Fixtures.served(now: "2026-11-09T23:59:59+08:00")
        let out = try tooLate.send(Fixtures.call(1, at: "2026-11-10T00:00:00+08:00", .refused))
        #expect(said(out.outputs) == ["callback.missed 2026-11-10T00:00", "callback.done 2026-11-10T00:00"])
        #expect(try tooLate.advance(to: "2026-12-31T00:00:00+08:00").isEmpty, "missed once")
    }

    @Test func `a report that comes after the timer is late and does not undo it`() throws {
        var harness = try Fixtures.served(now: "2026-11-10T00:00:00+08:00")
        let call = try Fixtures.call(1, at: "2026-11-09T10:00:00+08:00", .reached, satisfied: true)
        let out = try harness.send(call, at: "2026-11-10T08:00:00+08:00")
        #expect(out.isLate)
        #expect(out.types == ["callback.satisfied", "callback.done", "callback.scheduled"])
        #expect(harness.record(CallbackTask.self, Fixtures.first)?.isMissed == true)
    }

    @Test func `the report of an earlier attempt that comes behind a later one plans nothing`() throws {
        var harness = try Fixtures.served(now: "2026-11-05T09:00:00+08:00")
        _ = try harness.send(Fixtures.call(2, at: "2026-11-06T10:00:00+08:00", .noAnswer))
        _ = try harness.send(Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .noAnswer))
        let due = try harness.advance(to: "2026-11-09T23:00:00+08:00")
        #expect(said(due) == ["callback.due 2026-11-09T09:00"])
        #expect((due.first?.event.data as? CallbackDue)?.attempt == 3)
    }

    @Test func `reached, a service is called about a second time between C1+7 and C1+14`() throws {
        var harness = try Fixtures.served(now: "2026-11-05T09:00:00+08:00")
        let out = try harness.send(Fixtures.call(1, at: "2026-11-06T10:00:00+08:00", .reached))
        let task = try #require(out.all(CallbackScheduled.self).first)
        #expect(out.types == ["callback.done", "callback.scheduled"], "neither satisfied nor a score: unknown")
        #expect(task.callbackId == Fixtures.second)
        #expect(task.windowStart == (try instant("2026-11-13T00:00:00+08:00")))
        #expect(task.windowEnd == (try instant("2026-11-21T00:00:00+08:00")))
        #expect(said(try harness.advance(to: "2026-11-13T09:00:00+08:00")) == ["callback.due 2026-11-13T09:00"])
        let second = try harness.send(
            Fixtures.call(Fixtures.second, 1, at: "2026-11-13T10:00:00+08:00", .reached, satisfied: true))
        #expect(second.types == ["callback.satisfied", "callback.done"], "there is no third call")
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
    }

    @Test func `with R25 switched off there is no second call`() throws {
        var harness = try Fixtures.served(CaseFixtures.policy(off: [.r25]), now: "2026-11-05T09:00:00+08:00")
        #expect(
            try harness.send(Fixtures.call(1, at: "2026-11-06T10:00:00+08:00", .reached)).types == ["callback.done"])
    }

    @Test func `a call leaves a record of who, when and what was said`() throws {
        var harness = try Fixtures.served(now: "2026-11-05T09:00:00+08:00")
        _ = try harness.send(Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .reached, score: 4))
        let call = try #require(harness.record(CallbackTask.self, Fixtures.first)?.calls.first)
        #expect(call.by == "officer")
        #expect(call.at == (try instant("2026-11-05T10:00:00+08:00")))
        #expect(call.comments == "Too late.")
        #expect(call.score == 4)
    }

    @Test func `who is unknown may not report, and a task that is unknown is waited for`() throws {
        var harness = try Fixtures.served()
        let stranger = try Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .reached, by: CaseFixtures.stranger)
        #expect(try harness.send(stranger).rejection?.reason == "unknown-person")
        let out = try harness.send(Fixtures.call("B9", 1, at: "2026-11-05T10:00:00+08:00", .reached))
        guard case .unknownReference(let what) = out.verdict else {
            Issue.record("expected an unknown reference")
            return
        }
        #expect(what == CallbackTask.key("B9"))
    }

    @Test func `a task takes no more than two hundred reports`() throws {
        var harness = try Fixtures.served()
        for _ in 0..<200 {
            let early = try Fixtures.call(1, at: "2026-11-03T10:00:00+08:00", .noAnswer)
            #expect(try harness.send(early).rejection == nil)
        }
        let more = try harness.send(Fixtures.call(1, at: "2026-11-03T10:00:00+08:00", .noAnswer))
        #expect(more.rejection == Rejection("too-many-reports", ["reports": 200, "limit": 200]))
    }
}
