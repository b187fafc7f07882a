import Policy
import Schema
import Stages
import Testing

/// R26: customers are told of an event by telephone two weeks before, and then by letter.
@Suite struct CallbackCustomerEventTests {
    typealias Fixtures = CallbackFixtures
    let first = Identifiers.callbackId(kind: "customer-event", eventId: "E1", customer: 0)
    let second = Identifiers.callbackId(kind: "customer-event", eventId: "E1", customer: 1)

    private func event(on date: String = "2026-11-28", customers: Int = 1) throws -> CustomerEventAnnounced {
        CustomerEventAnnounced(
            eventId: "E1", on: try #require(CivilDate(date)), title: "Open day",
            customers: [CaseFixtures.customer]
                + (1..<max(1, customers)).map { Customer(name: "王女士", phone: "1390000000\($0)") })
    }

    /// A call that reached the first customer; nil: nobody has spoken of a letter.
    private func call(letter: Bool? = true, at time: String = "2026-11-16T10:00:00+08:00") throws -> CallbackCompleted {
        var call = try Fixtures.call(first, 1, at: time, .reached)
        call.letter = letter
        return call
    }

    private func letter(at time: String, _ id: String? = nil) throws -> LetterSent {
        LetterSent(callbackId: id ?? first, by: CaseFixtures.clerk, at: try instant(time))
    }

    /// An event on 28 November, announced in time, whose first customer was reached on the 16th at 10:00.
    private func reached() throws -> StageHarness {
        var harness = try Fixtures.harness()
        _ = try harness.send(event(), at: "2026-11-02T10:00:00+08:00")
        _ = try harness.advance(to: "2026-11-14T09:00:00+08:00")
        let out = try harness.send(call())
        let due = try #require(out.all(LetterDue.self).first)
        try #require(out.types == ["letter.due", "callback.done"])
        #expect(due.dueAt == (try instant("2026-11-18T10:00:00+08:00")))
        #expect(due.customer == CaseFixtures.customer)
        #expect(due.title == "Open day")
        return harness
    }

    @Test func `each customer is called at 09:00 of E-14, also on a Saturday`() throws {
        var harness = try Fixtures.harness()
        let out = try harness.send(event(customers: 2), at: "2026-11-02T10:00:00+08:00")
        #expect(out.all(CallbackScheduled.self).map(\.callbackId) == [first, second])
        let task = try #require(out.all(CallbackScheduled.self).first)
        #expect(task.windowStart == (try instant("2026-11-14T00:00:00+08:00")))
        #expect(task.windowEnd == (try instant("2026-11-29T00:00:00+08:00")))
        #expect(task.about == .event("E1"))
        let later = try harness.advance(to: "2026-12-31T00:00:00+08:00")
        #expect(
            said(later) == [
                "callback.due 2026-11-14T09:00", "callback.due 2026-11-14T09:00",
                "callback.missed 2026-11-29T00:00", "callback.missed 2026-11-29T00:00",
            ])
        #expect((later.first?.event.data as? CallbackDue)?.title == "Open day")
    }

    @Test(arguments: [
        ("2026-11-14T09:00:00+08:00", "2026-11-14T00:00", "callback.due 2026-11-14T09:00"),
        ("2026-11-14T09:00:01+08:00", "2026-11-16T00:00", "callback.due 2026-11-16T09:00"),
        ("2026-11-20T08:00:00+08:00", "2026-11-23T00:00", "callback.due 2026-11-23T09:00"),
        // The next working day lies behind the event: the window is its date alone.
        ("2026-11-28T10:00:00+08:00", "2026-11-28T00:00", "callback.missed 2026-11-29T00:00"),
    ])
    func `announced later, they are called the next working day`(
        announced: String, windowStart: String, first: String
    ) throws {
        var harness = try Fixtures.harness()
        let out = try harness.send(event(), at: announced)
        #expect(out.all(CallbackScheduled.self).map { String($0.windowStart.description.prefix(16)) } == [windowStart])
        #expect(said(try harness.advance(to: "2026-12-31T00:00:00+08:00")).first == first)
    }

    @Test func `announced when it is over, the call is due and missed at once`() throws {
        var harness = try Fixtures.harness()
        let out = try harness.send(event(), at: "2026-11-30T10:00:00+08:00")
        let later = try harness.advance(to: "2026-11-30T10:00:00+08:00")
        #expect(
            Set(said(out.outputs + later)) == [
                "callback.scheduled 2026-11-30T10:00", "callback.missed 2026-11-29T00:00",
                "callback.due 2026-11-30T10:00",
            ])
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
    }

    @Test func `a letter two days after the call is in time`() throws {
        var harness = try reached()
        let out = try harness.send(letter(at: "2026-11-18T10:00:00+08:00"), at: "2026-11-18T10:00:00+08:00")
        #expect(out.outputs.isEmpty)
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
        #expect(harness.record(CallbackTask.self, first)?.letters.map(\.by) == ["clerk"])
    }

    @Test func `without a letter two days after the call it is overdue, once`() throws {
        var harness = try reached()
        let out = try harness.advance(to: "2026-12-31T00:00:00+08:00")
        #expect(said(out) == ["obligation.overdue 2026-11-18T10:00"])
        #expect(
            out.first?.event.data as? ObligationOverdue
                == ObligationOverdue(obligation: .customerLetter, subject: first))
        let late = try harness.send(letter(at: "2026-12-31T10:00:00+08:00"), at: "2026-12-31T10:00:00+08:00")
        #expect(late.outputs.isEmpty)
    }

    @Test func `a letter that was sent before the call is not asked for again`() throws {
        var harness = try Fixtures.harness()
        _ = try harness.send(event(), at: "2026-11-02T10:00:00+08:00")
        _ = try harness.send(letter(at: "2026-11-10T10:00:00+08:00"), at: "2026-11-10T10:00:00+08:00")
        #expect(try harness.send(call()).types == ["callback.done"])
    }

    @Test(arguments: [
        (CallbackPolicy.Letters.asked, true as Bool?, true), (.asked, false, false), (.asked, nil, false),
        (.always, false, true), (.always, nil, true),
    ])
    func `a letter is owed to whom the call says so, or by the policy to everyone`(
        letters: CallbackPolicy.Letters, letter: Bool?, isOwed: Bool
    ) throws {
        var settings = CallbackPolicy()
        settings.customerEventLetters = letters
        var harness = try Fixtures.harness(
            PolicyBook(
                version: "test", callback: settings, organisation: CaseFixtures.organisation(),
                calendar: CaseFixtures.calendar()))
        _ = try harness.send(event(), at: "2026-11-02T10:00:00+08:00")
        let out = try harness.send(call(letter: letter))
        #expect(out.types == (isOwed ? ["letter.due", "callback.done"] : ["callback.done"]))
        let later = try harness.advance(to: "2026-12-31T00:00:00+08:00")
        #expect(said(later) == (isOwed ? ["obligation.overdue 2026-11-18T10:00"] : []))
    }

    @Test func `only the call that reached speaks of a letter`() throws {
        var harness = try Fixtures.harness()
        _ = try harness.send(event(), at: "2026-11-02T10:00:00+08:00")
        #expect(try harness.send(call(at: "2026-11-13T23:59:59+08:00")).types == [], "before the window")
        var silent = try call(letter: nil)
        silent.outcome = .noAnswer
        silent.letter = true
        #expect(try harness.send(silent).types == [])
        var second = try Fixtures.call(first, 2, at: "2026-11-17T10:00:00+08:00", .reached)
        #expect(try harness.send(second).types == ["callback.done"])
        second = try Fixtures.call(first, 3, at: "2026-11-18T10:00:00+08:00", .reached)
        second.letter = true
        #expect(try harness.send(second).types == [], "after the end")
    }

    @Test func `one number is called once, however often the list has it, and those without a key each`() throws {
        var harness = try Fixtures.harness()
        var announced = try event()
        announced.customers = [
            Customer(name: "陈先生", phone: "13800000001"), Customer(name: "陈", phone: "+86 138-0000-0001"),
            Customer(name: "Wang", phone: "ask the neighbour"), Customer(name: "Li", phone: "ask the neighbour"),
            Customer(name: "Zhao", phone: "13800000002"), Customer(name: "Chen", phone: "１３８００００００01"),
        ]
        let out = try harness.send(announced, at: "2026-11-02T10:00:00+08:00")
        let ids = [0, 2, 3, 4].map {
            Identifiers.callbackId(kind: "customer-event", eventId: "E1", customer: $0)
        }
        #expect(out.all(CallbackScheduled.self).map(\.callbackId) == ids)
    }

    @Test func `a letter leaves a record of what was sent`() throws {
        var harness = try reached()
        var sent = try letter(at: "2026-11-17T10:00:00+08:00")
        sent.subject = "Invitation"
        _ = try harness.send(sent, at: "2026-11-17T10:00:00+08:00")
        #expect(harness.record(CallbackTask.self, first)?.letters.map(\.subject) == ["Invitation"])
    }

    @Test func `a service owes no letter`() throws {
        var harness = try Fixtures.served()
        let out = try harness.send(
            letter(at: "2026-11-10T10:00:00+08:00", Fixtures.first), at: "2026-11-10T10:00:00+08:00")
        #expect(out.rejection?.reason == "no-letter-owed")
    }

    @Test func `a dissatisfied answer about an event names neither case nor service`() throws {
        var harness = try Fixtures.harness()
        _ = try harness.send(event(), at: "2026-11-02T10:00:00+08:00")
        var call = try call()
        call.satisfied = false
        let out = try harness.send(call)
        let data = try #require(out.all(CallbackDissatisfied.self).first)
        #expect(data.caseId == nil)
        #expect(data.serviceId == nil)
        #expect(data.product == nil)
        #expect(out.types == ["callback.dissatisfied", "letter.due", "callback.done"])
    }

    @Test func `the same event once more changes nothing, another one under its id is refused`() throws {
        var harness = try Fixtures.harness()
        _ = try harness.send(event(), at: "2026-11-02T10:00:00+08:00")
        #expect(try harness.send(event(), at: "2026-11-03T10:00:00+08:00").outputs.isEmpty)
        let other = try harness.send(event(on: "2026-11-29"), at: "2026-11-03T10:00:00+08:00")
        #expect(other.rejection == Rejection("id-taken", ["eventId": "E1"]))
    }

    @Test func `an event beyond the last clock is refused`() throws {
        var harness = try Fixtures.harness()
        let out = try harness.send(event(on: "9999-12-31"), at: "2026-11-02T10:00:00+08:00")
        #expect(out.rejection?.reason == "date-too-far")
    }

    @Test func `with R26 switched off nobody is called about events`() throws {
        var harness = try Fixtures.harness(CaseFixtures.policy(off: [.r26]))
        #expect(try harness.send(event(), at: "2026-11-02T10:00:00+08:00").outputs.isEmpty)
    }
}
