import Policy
import Schema
import Stages
import Testing

/// R10: a wrong number, and the right one that the store owes.
@Suite struct CallbackNumberTests {
    typealias Fixtures = CallbackFixtures
    static let found = "13900000009"

    private func corrected(
        _ phone: String = found, _ id: String = Fixtures.first, by: Person = CaseFixtures.clerk
    ) -> CustomerContactCorrected {
        CustomerContactCorrected(callbackId: id, phone: phone, by: by)
    }

    /// The first attempt of Thursday, 5 November, at 10:00 found the number wrong.
    private func wrong(_ policy: PolicyBook? = nil) throws -> StageHarness {
        var harness = try Fixtures.served(policy, now: "2026-11-05T09:00:00+08:00")
        let out = try harness.send(Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .wrongNumber))
        #expect(out.outputs.isEmpty)
        return harness
    }

    @Test func `a wrong number makes the task wait, and the store owes the number after three working days`() throws {
        var harness = try wrong()
        #expect(
            said(try harness.advance(to: "2026-11-10T17:59:59+08:00")) == ["callback.missed 2026-11-10T00:00"],
            "nobody is asked to call")
        let out = try harness.advance(to: "2026-12-31T00:00:00+08:00")
        #expect(said(out) == ["obligation.overdue 2026-11-10T18:00"])
        #expect(
            out.first?.event.data as? ObligationOverdue
                == ObligationOverdue(obligation: .customerNumber, subject: Fixtures.first))
        #expect(out.first?.because.facts["store"] == "S1")
        #expect(harness.record(CallbackTask.self, Fixtures.first)?.outcome == nil)
    }

    @Test(arguments: [("2026-11-10T18:00:00+08:00", true), ("2026-11-10T18:00:01+08:00", false)])
    func `the right number meets that, and the next attempt is due the next working day`(
        time: String, isInTime: Bool
    ) throws {
        var harness = try wrong()
        let out = try harness.send(corrected(), at: time)
        #expect(out.outputs.isEmpty && out.rejection == nil)
        #expect(out.before.types.contains("obligation.overdue") == !isInTime)
        let later = try harness.advance(to: "2026-12-31T00:00:00+08:00")
        #expect(said(later) == ["callback.due 2026-11-11T09:00"] || said(later).last == "callback.due 2026-11-11T09:00")
        let due = try #require(later.last?.event.data as? CallbackDue)
        #expect(due.attempt == 2)
        #expect(due.customer == Customer(name: "陈先生", phone: Self.found))
        #expect(due.corrected == true)
        #expect(later.last?.because.facts["corrected"] == true)
        #expect(!later.types.contains("obligation.overdue"))
    }

    /// As it was written, and as the stage sees it.
    @Test(arguments: [
        "无", "see remarks", "1234", PersonalToken(person: 7, row: 1, index: PersonalToken.keylessIndex).text,
    ])
    func `one that cannot be called is refused, and the right one is still owed`(phone: String) throws {
        var harness = try wrong()
        let out = try harness.send(corrected(phone), at: "2026-11-05T15:00:00+08:00")
        #expect(out.rejection?.reason == "no-phone-key")
        #expect(out.rejection?.figures["callbackId"]?.string == Fixtures.first)
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").types.contains("obligation.overdue"))
    }

    @Test func `one with a key is taken as the stage sees it`() throws {
        var harness = try wrong()
        let out = try harness.send(
            corrected(PersonalToken(person: 7, row: 1, index: 0).text), at: "2026-11-05T15:00:00+08:00")
        #expect(out.rejection == nil)
        #expect(!(try harness.advance(to: "2026-12-31T00:00:00+08:00").types.contains("obligation.overdue")))
    }

    @Test func `before a weekend the next attempt waits for Monday`() throws {
        var harness = try wrong()
        _ = try harness.send(corrected(), at: "2026-11-06T23:00:00+08:00")
        #expect(said(try harness.advance(to: "2026-11-09T12:00:00+08:00")) == ["callback.due 2026-11-09T09:00"])
    }

    @Test func `it is for calls alone: whatever else is told names the customer as he is known`() throws {
        var harness = try wrong()
        _ = try harness.send(corrected(), at: "2026-11-05T15:00:00+08:00")
        let out = try harness.send(Fixtures.call(2, at: "2026-11-06T10:00:00+08:00", .reached, satisfied: false))
        #expect(out.types == ["callback.dissatisfied", "callback.done", "callback.scheduled"])
        #expect(out.all(CallbackDissatisfied.self).map(\.customer) == [CaseFixtures.customer])
        let second = try harness.advance(to: "2026-11-13T09:00:00+08:00").all(CallbackDue.self)
        #expect(second.map(\.callbackId) == [Fixtures.second])
        #expect(second.map(\.customer.phone) == [Self.found], "the second call of the service goes there too")
    }

    @Test func `one that comes when the second call is planned is used by it, unless that has a later one`() throws {
        var harness = try wrong()
        // A visit has reached him all the same.
        _ = try harness.send(Fixtures.call(2, at: "2026-11-06T10:00:00+08:00", .reached))
        var other = harness
        let out = try harness.send(corrected(), at: "2026-11-09T10:00:00+08:00")
        #expect(out.outputs.isEmpty && out.rejection == nil)
        #expect(
            try harness.advance(to: "2026-11-13T09:00:00+08:00").all(CallbackDue.self).map(\.customer.phone) == [
                Self.found
            ])
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").types == ["callback.missed"], "met")

        _ = try other.send(Fixtures.call(Fixtures.second, 1, at: "2026-11-13T10:00:00+08:00", .wrongNumber))
        _ = try other.send(corrected("13700000007", Fixtures.second), at: "2026-11-13T15:00:00+08:00")
        _ = try other.send(corrected(), at: "2026-11-13T14:00:00+08:00")
        #expect(
            try other.advance(to: "2026-11-16T09:00:00+08:00").all(CallbackDue.self).map(\.customer.phone)
                == ["13700000007"])
    }

    @Test func `the third attempt exhausts the task, and the number is still owed`() throws {
        var harness = try wrong()
        _ = try harness.send(corrected(), at: "2026-11-05T15:00:00+08:00")
        _ = try harness.send(Fixtures.call(2, at: "2026-11-06T10:00:00+08:00", .noAnswer))
        let out = try harness.send(Fixtures.call(3, at: "2026-11-09T10:00:00+08:00", .wrongNumber))
        #expect(out.types == ["callback.exhausted", "callback.done"])
        #expect(out.all(CallbackDone.self).map(\.outcome) == [.exhausted])
        var met = harness
        #expect(
            said(try harness.advance(to: "2026-12-31T00:00:00+08:00")) == ["obligation.overdue 2026-11-12T18:00"])
        _ = try met.send(corrected(), at: "2026-11-12T18:00:00+08:00")
        #expect(try met.advance(to: "2026-12-31T00:00:00+08:00").isEmpty, "there is no fourth attempt")
    }

    @Test func `each wrong number after a right one is owed anew, one that is still owed is owed once`() throws {
        var harness = try wrong()
        _ = try harness.send(Fixtures.call(2, at: "2026-11-06T10:00:00+08:00", .wrongNumber))
        var again = harness
        let out = try harness.advance(to: "2026-12-31T00:00:00+08:00")
        #expect(
            said(out) == ["callback.missed 2026-11-10T00:00", "obligation.overdue 2026-11-10T18:00"],
            "of the first call, once")
        _ = try again.send(corrected(), at: "2026-11-09T10:00:00+08:00")
        _ = try again.send(Fixtures.call(3, at: "2026-11-10T10:00:00+08:00", .wrongNumber))
        #expect(
            said(try again.advance(to: "2026-12-31T00:00:00+08:00")) == ["obligation.overdue 2026-11-13T18:00"])
    }

    @Test func `an attempt that is made all the same decides what follows`() throws {
        var harness = try wrong()
        _ = try harness.send(Fixtures.call(2, at: "2026-11-06T10:00:00+08:00", .noAnswer))
        #expect(said(try harness.advance(to: "2026-11-09T09:00:00+08:00")) == ["callback.due 2026-11-09T09:00"])
        _ = try harness.send(corrected(), at: "2026-11-09T10:00:00+08:00")
        #expect(
            said(try harness.advance(to: "2026-12-31T00:00:00+08:00")) == ["callback.missed 2026-11-10T00:00"],
            "attempt 3 has been asked for and is not asked for again; nothing is owed")
    }

    @Test func `the report of an earlier attempt that comes behind a later one does not stop the task`() throws {
        var harness = try Fixtures.served(now: "2026-11-05T09:00:00+08:00")
        _ = try harness.send(Fixtures.call(2, at: "2026-11-06T10:00:00+08:00", .noAnswer))
        _ = try harness.send(Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .wrongNumber))
        #expect(
            said(try harness.advance(to: "2026-11-10T18:00:00+08:00")) == [
                "callback.due 2026-11-09T09:00", "callback.missed 2026-11-10T00:00",
                "obligation.overdue 2026-11-10T18:00",
            ])
    }

    // MARK: In vain

    @Test func `without a wrong number before it, it waits for one, and is refused in the end`() throws {
        var harness = try Fixtures.served(now: "2026-11-05T09:00:00+08:00")
        _ = try harness.send(Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .noAnswer))
        let before = harness.record(CallbackTask.self, Fixtures.first)
        let out = try harness.send(corrected(), at: "2026-11-05T15:00:00+08:00")
        guard case .waits(let what, orElse: let rejection) = out.verdict else {
            Issue.record("expected to wait, found \(out.verdict)")
            return
        }
        #expect(rejection == Rejection("no-wrong-number", ["kind": "service-first", "reports": 1]))
        #expect(harness.record(CallbackTask.self, Fixtures.first) == before)
        // A wrong number of a later time is none before it.
        let call = try harness.send(Fixtures.call(2, at: "2026-11-06T10:00:00+08:00", .wrongNumber))
        #expect(call.known.contains(what))
        #expect(try harness.send(corrected(), at: "2026-11-05T15:00:00+08:00").waitsFor == what)
        #expect(try harness.send(corrected(), at: "2026-11-06T10:00:00+08:00").waitsFor == nil)
    }

    @Test func `one that comes before its call's report, or before the task, waits for that`() throws {
        var harness = try Fixtures.harness()
        let early = try harness.send(corrected(), at: "2026-11-05T15:00:00+08:00")
        #expect(early.waitsFor == CallbackTask.key(Fixtures.first))
        harness = try Fixtures.served(now: "2026-11-05T16:00:00+08:00")
        let before = try harness.send(corrected(), at: "2026-11-05T15:00:00+08:00")
        let call = try harness.send(Fixtures.call(1, at: "2026-11-05T10:00:00+08:00", .wrongNumber))
        #expect(call.known == [try #require(before.waitsFor)])
        #expect(try harness.send(corrected(), at: "2026-11-05T15:00:00+08:00").waitsFor == nil)
        let due = try harness.advance(to: "2026-11-06T09:00:00+08:00").all(CallbackDue.self)
        #expect(due.map(\.customer.phone) == [Self.found])
        #expect(due.map(\.attempt) == [2])
    }

    @Test func `one of a time before a call that found it wrong changes nothing any more`() throws {
        var harness = try wrong()
        _ = try harness.send(corrected(), at: "2026-11-05T15:00:00+08:00")
        _ = try harness.send(Fixtures.call(2, at: "2026-11-06T10:00:00+08:00", .wrongNumber))
        let before = harness.record(CallbackTask.self, Fixtures.first)
        _ = try harness.send(corrected("13700000007"), at: "2026-11-05T16:00:00+08:00")
        #expect(harness.record(CallbackTask.self, Fixtures.first) == before)
    }

    @Test func `found before the window, the right number is used by the first attempt`() throws {
        var harness = try Fixtures.served()
        _ = try harness.send(Fixtures.call(1, at: "2026-11-04T10:00:00+08:00", .wrongNumber))
        _ = try harness.send(corrected(), at: "2026-11-04T15:00:00+08:00")
        let out = try harness.advance(to: "2026-11-05T12:00:00+08:00")
        #expect(said(out) == ["callback.due 2026-11-05T09:00"])
        #expect(out.all(CallbackDue.self).map(\.customer.phone) == [Self.found])
        var silent = try Fixtures.served()
        _ = try silent.send(Fixtures.call(1, at: "2026-11-04T10:00:00+08:00", .wrongNumber))
        #expect(
            said(try silent.advance(to: "2026-12-31T00:00:00+08:00"))
                == ["callback.due 2026-11-05T09:00", "callback.missed 2026-11-10T00:00"], "it was no attempt")
    }

    // MARK: Who may

    @Test(arguments: [
        (CaseFixtures.clerk, nil as String?), (CaseFixtures.regional, nil), (CaseFixtures.officer, nil),
        (Person(id: "x", tier: "store", storeId: "S2"), "wrong-place"),
        (Person(id: "clerk", tier: "store"), "wrong-place"),
        (Person(id: "x", tier: "region", regionId: "R2"), "wrong-place"), (CaseFixtures.treasurer, "wrong-tier"),
        (CaseFixtures.stranger, "unknown-person"),
    ])
    func `the store of the call may, its region, headquarters`(by: Person, reason: String?) throws {
        var harness = try wrong()
        let out = try harness.send(corrected(by: by), at: "2026-11-05T15:00:00+08:00")
        #expect(out.rejection?.reason == reason)
    }

    @Test(arguments: [CaseFixtures.treasurer, Person(id: "x", tier: "store", storeId: "S9")])
    func `where the call has no store, or R48 is off, anybody may`(by: Person) throws {
        var harness = try Fixtures.harness()
        var closed = try Fixtures.closed()
        closed.storeId = nil
        _ = try harness.send(closed, at: "2026-11-05T16:00:00+08:00")
        let id = Fixtures.closingId()
        _ = try harness.send(Fixtures.call(id, 1, at: "2026-11-06T10:00:00+08:00", .wrongNumber))
        let out = try harness.send(corrected(Self.found, id, by: by), at: "2026-11-06T15:00:00+08:00")
        #expect(out.rejection == nil && out.waitsFor == nil)
        harness = try wrong(CaseFixtures.policy(off: [.r48]))
        #expect(try harness.send(corrected(by: by), at: "2026-11-05T15:00:00+08:00").rejection == nil)
    }

    // MARK: Switched off, and before

    @Test func `with its part of R10 switched off nobody owes a number, and the next attempt is planned`() throws {
        var harness = try wrong(CaseFixtures.policy(offParts: [.wrongNumber]))
        #expect(
            said(try harness.advance(to: "2026-12-31T00:00:00+08:00"))
                == ["callback.due 2026-11-06T09:00", "callback.missed 2026-11-10T00:00"])
    }

    @Test func `a task that waits goes on with the right number although the part is off by then`() throws {
        var harness = try wrong()
        harness.adopt(try CaseFixtures.policy(offParts: [.wrongNumber]))
        _ = try harness.send(corrected(), at: "2026-11-05T15:00:00+08:00")
        #expect(said(try harness.advance(to: "2026-11-06T09:00:00+08:00")) == ["callback.due 2026-11-06T09:00"])
    }

    @Test func `a task that an old release has ended on a wrong number stays ended, and its number is met`() throws {
        var harness = try wrong()
        let key = CallbackTask.key(Fixtures.first)
        var old = try JSON(
            parsing: JSONEncoding.bytes(of: try #require(harness.record(CallbackTask.self, Fixtures.first))))
        old = .object((old.members ?? []).filter { $0.name != "isNumberOwed" }).setting("outcome", to: "wrong-number")
        harness.put(LiveRecord(value: try JSONDecoding.decode(CallbackTask.self, from: old), version: 2), key)
        _ = try harness.send(corrected(), at: "2026-11-06T15:00:00+08:00")
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
    }

    @Test func `what is not known is not written, and what is told is valid by the contract`() throws {
        var harness = try Fixtures.served(now: "2026-11-05T09:00:00+08:00")
        let fresh = try JSONEncoding.bytes(of: try #require(harness.record(CallbackTask.self, Fixtures.first)))
        let text = String(decoding: fresh, as: UTF8.self)
        #expect(!text.contains("corrected") && !text.contains("isNumberOwed"))
        harness = try wrong()
        _ = try harness.send(corrected(), at: "2026-11-05T15:00:00+08:00")
        let written = try JSONEncoding.bytes(of: try #require(harness.record(CallbackTask.self, Fixtures.first)))
        let read = try JSONDecoding.decode(CallbackTask.self, from: JSON(parsing: written))
        #expect(read == harness.record(CallbackTask.self, Fixtures.first))
        for output in try harness.advance(to: "2026-11-06T09:00:00+08:00") {
            #expect(try Event.read(output.body()).type == CallbackDue.type)
        }
    }
}
