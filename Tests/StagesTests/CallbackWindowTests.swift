import Policy
import Schema
import Stages
import Testing

/// When calls are due and when they are missed (R10, R22, R25, R26).
@Suite struct CallbackWindowTests {
    @Test func `a service gets a task with the window D+3 to D+7, due on its first working day`() throws {
        var harness = try CallbackFixtures.harness()
        let out = try harness.send(CallbackFixtures.service(), at: "2026-11-02T15:00:00+08:00")
        let task = try #require(out.all(CallbackScheduled.self).first)
        #expect(out.types == ["callback.scheduled"])
        #expect(task.callbackId == CallbackFixtures.first)
        #expect(task.windowStart == (try instant("2026-11-05T00:00:00+08:00")))
        #expect(task.windowEnd == (try instant("2026-11-10T00:00:00+08:00")))
        #expect(task.about == .service("V1"))
        #expect(try harness.advance(to: "2026-11-05T08:59:59+08:00").isEmpty)
        let due = try harness.advance(to: "2026-11-05T09:00:00+08:00")
        #expect(said(due) == ["callback.due 2026-11-05T09:00"])
        let data = try #require(due.first?.event.data as? CallbackDue)
        #expect(data.attempt == 1)
        #expect(data.customer == CaseFixtures.customer)
        #expect(due.first?.because.rule == "R22")
    }

    @Test func `a call that is not made is missed at the end of the window, once, and not asked for again`() throws {
        var harness = try CallbackFixtures.served()
        let out = try harness.advance(to: "2026-12-31T00:00:00+08:00")
        #expect(said(out) == ["callback.due 2026-11-05T09:00", "callback.missed 2026-11-10T00:00"])
        #expect(harness.record(CallbackTask.self, CallbackFixtures.first)?.outcome == nil, "the task stays open")
    }

    @Test(arguments: [
        // D+3 is a Saturday: the Monday after it.
        ("2026-11-04T10:00:00+08:00", "callback.due 2026-11-09T09:00"),
        // D+3 to D+7 is 1 to 5 October: no working day, so D+3 itself.
        ("2026-09-28T10:00:00+08:00", "callback.due 2026-10-01T09:00"),
        // D+3 to D+7 is 4 to 8 October: the 8th is the first one.
        ("2026-10-01T10:00:00+08:00", "callback.due 2026-10-08T09:00"),
        // D+3 is Saturday, 10 October, a make-up working day.
        ("2026-10-07T10:00:00+08:00", "callback.due 2026-10-10T09:00"),
    ])
    func `the first call is due on the first working day of the window`(served: String, due: String) throws {
        var harness = try CallbackFixtures.harness()
        _ = try harness.send(CallbackFixtures.service(at: served), at: served)
        #expect(said(try harness.advance(to: "2026-12-01T00:00:00+08:00")).first == due)
    }

    @Test func `a service that becomes known late is due and missed at once, at the times that have passed`() throws {
        var harness = try CallbackFixtures.harness()
        let out = try harness.send(CallbackFixtures.service(), at: "2026-11-20T10:00:00+08:00")
        #expect(
            said(out.outputs) == [
                "callback.scheduled 2026-11-02T15:00", "callback.due 2026-11-05T09:00",
                "callback.missed 2026-11-10T00:00",
            ])
    }

    @Test func `the call after a closing is due the next working day, its window ends with the third`() throws {
        var harness = try CallbackFixtures.harness()
        let out = try harness.send(CallbackFixtures.closed(), at: "2026-11-05T16:00:00+08:00")
        let task = try #require(out.all(CallbackScheduled.self).first)
        #expect(task.windowStart == (try instant("2026-11-06T00:00:00+08:00")))
        #expect(task.windowEnd == (try instant("2026-11-11T00:00:00+08:00")), "Friday, Monday, Tuesday")
        #expect(task.about == .closing(1, caseId: "C1", complaintId: "K1"))
        #expect(
            said(try harness.advance(to: "2026-12-01T00:00:00+08:00"))
                == ["callback.due 2026-11-06T09:00", "callback.missed 2026-11-11T00:00"])
    }

    @Test func `a closing before the National Day holidays is called about after them`() throws {
        var harness = try CallbackFixtures.harness()
        let out = try harness.send(
            CallbackFixtures.closed(at: "2026-09-30T16:00:00+08:00"), at: "2026-09-30T16:00:00+08:00")
        let task = try #require(out.all(CallbackScheduled.self).first)
        #expect(task.windowStart == (try instant("2026-10-08T00:00:00+08:00")))
        #expect(task.windowEnd == (try instant("2026-10-11T00:00:00+08:00")), "the 8th, the 9th and the make-up 10th")
    }

    @Test func `each closing has a task of its own, and the call about a reopened case goes on`() throws {
        var harness = try CallbackFixtures.harness()
        _ = try harness.send(CallbackFixtures.closed(), at: "2026-11-05T16:00:00+08:00")
        let reopened = CaseReopened(caseId: "C1", complaintId: "K1", tier: .region, closing: 1)
        #expect(try harness.send(reopened, at: "2026-11-05T18:00:00+08:00").outputs.isEmpty)
        let due = try harness.advance(to: "2026-11-06T09:00:00+08:00")
        #expect(said(due) == ["callback.due 2026-11-06T09:00"])
        #expect(due.first?.because.facts["caseReopened"] == true)
        let again = try harness.send(
            CallbackFixtures.closed(2, at: "2026-11-06T10:00:00+08:00"), at: "2026-11-06T10:00:00+08:00")
        #expect(again.all(CallbackScheduled.self).map(\.callbackId) == [CallbackFixtures.closingId(2)])
        #expect(
            said(try harness.advance(to: "2026-12-01T00:00:00+08:00")) == [
                "callback.due 2026-11-09T09:00", "callback.missed 2026-11-11T00:00",
                "callback.missed 2026-11-12T00:00",
            ])
    }

    @Test func `the reopening of a case whose closing is not known yet is waited for`() throws {
        var harness = try CallbackFixtures.harness()
        let out = try harness.send(
            CaseReopened(caseId: "C1", complaintId: "K1", tier: .region, closing: 1), at: "2026-11-05T18:00:00+08:00")
        guard case .unknownReference = out.verdict else {
            Issue.record("expected an unknown reference")
            return
        }
    }

    @Test func `the same service once more changes nothing, another one under its id is refused`() throws {
        var harness = try CallbackFixtures.served()
        let same = try harness.send(CallbackFixtures.service(), at: "2026-11-02T16:00:00+08:00", source: "other")
        #expect(same.outputs.isEmpty)
        let other = try harness.send(CallbackFixtures.service(outlet: "O2"), at: "2026-11-02T16:00:00+08:00")
        #expect(other.rejection == Rejection("id-taken", ["serviceId": "V1"]))
    }

    @Test(arguments: [Rule.r10, .r22])
    func `with R10 or R22 switched off no service is called about`(rule: Rule) throws {
        var harness = try CallbackFixtures.harness(CaseFixtures.policy(off: [rule]))
        #expect(try harness.send(CallbackFixtures.service(), at: "2026-11-02T15:00:00+08:00").outputs.isEmpty)
        let closed = try harness.send(CallbackFixtures.closed(), at: "2026-11-05T16:00:00+08:00")
        #expect(closed.types == (rule == .r10 ? [] : ["callback.scheduled"]))
    }
}
