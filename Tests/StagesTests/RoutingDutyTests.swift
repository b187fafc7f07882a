import Policy
import Schema
import Stages
import Testing

/// What is owed to the customer (R24, R43) and to headquarters (R34). The terms of R03 are switched off here.
struct RoutingDutyTests {
    private func fixture(
        _ complaint: ComplaintReceived? = nil, off rules: Set<Rule> = [.r03]
    ) throws -> RoutingFixture {
        var fixture = try RoutingFixture(CaseFixture.policy(off: rules))
        try fixture.open(complaint ?? CaseFixture.complaint())
        return fixture
    }

    private let end = "2026-12-30T00:00:00+08:00"

    // MARK: Reply (R43)

    @Test func `no contact in three working days is told, once, at 18:00 of the third`() throws {
        var fixture = try fixture()
        let out = try fixture.routing.advance(to: end)
        #expect(out.announced == ["customer.reply-overdue"])
        #expect(out.first?.event.time == (try instant("2026-11-05T18:00:00+08:00")))
        #expect(out.announced(CustomerReplyOverdue.self).first?.complaintId == "C1")
        #expect(out.first?.because.rule == "R43")
        #expect(out.first?.because.parameters == ["replyWorkingDays": 3])
    }

    @Test func `holidays and make-up days count as the calendar says`() throws {
        var fixture = try fixture(CaseFixture.complaint(at: "2026-02-13T10:00:00+08:00"))
        #expect(try fixture.wait(until: end) == ["customer.reply-overdue at 2026-02-25T18:00:00+08:00"])
    }

    @Test(arguments: [
        ("2026-11-02T10:00:00+08:00", true), ("2026-11-05T18:00:00+08:00", true),
        ("2026-11-02T09:59:59+08:00", false),
    ])
    func `a contact from the receipt to the deadline is a reply`(time: String, isReply: Bool) throws {
        var fixture = try fixture()
        _ = try fixture.contact(at: time)
        #expect(try fixture.wait(until: end).isEmpty == isReply)
    }

    @Test func `a contact with somebody else is no reply, nor is one after the deadline`() throws {
        var fixture = try fixture()
        _ = try fixture.contact(.factorySalesman, at: "2026-11-02T11:00:00+08:00")
        _ = try fixture.contact(.supervisor, at: "2026-11-02T11:00:00+08:00")
        #expect(
            try fixture.wait(until: "2026-11-05T18:00:00+08:00")
                == ["customer.reply-overdue at 2026-11-05T18:00:00+08:00"])
        #expect(try fixture.contact(at: "2026-11-05T18:00:01+08:00").types == [])
    }

    @Test func `a contact that becomes known after the timer is applied late and undoes nothing`() throws {
        var fixture = try fixture()
        _ = try fixture.wait(until: "2026-11-06T10:00:00+08:00")
        let out = try fixture.contact(at: "2026-11-03T10:00:00+08:00")
        #expect(out.isLate)
        #expect(out.types == [])
    }

    @Test func `a complaint that becomes known after its deadline is overdue at once`() throws {
        var fixture = try RoutingFixture(CaseFixture.policy(off: [.r03]))
        _ = try fixture.wait(until: "2026-11-20T10:00:00+08:00")
        #expect(try fixture.open(CaseFixture.complaint()).announced == ["case.assigned", "customer.reply-overdue"])
    }

    private func nextYear() throws -> PolicyBook {
        let new = try #require(CivilDate("2027-01-01"))
        let old = try #require(CivilDate("2026-02-16"))
        return PolicyBook(
            version: "next year", rules: RuleSwitches(off: [.r03]), organisation: try CaseFixture.organisation(),
            calendar: WorkCalendar(exceptions: [old: .holiday, new: .holiday]))
    }

    @Test func `a deadline in a year without calendar data stays open, and says so once`() throws {
        var fixture = try RoutingFixture(CaseFixture.policy(off: [.r03]))
        let out = try fixture.open(CaseFixture.complaint(at: "2026-12-30T10:00:00+08:00"))
        #expect(out.announced == ["case.assigned", "calendar.missing"])
        #expect(out.announced(CalendarMissing.self).first?.year == 2027)
        #expect(try fixture.wait(until: "2027-02-01T00:00:00+08:00") == [])
        #expect(fixture.record?.wake?.at == (try instant("2027-02-02T00:00:00+08:00")))
    }

    @Test func `when the year has been entered the deadline holds`() throws {
        var fixture = try fixture(CaseFixture.complaint(at: "2026-12-30T10:00:00+08:00"))
        _ = try fixture.wait(until: "2027-01-02T12:00:00+08:00")
        try fixture.routing.adopt(nextYear())
        // 1 January is a holiday, so the third working day is the 5th.
        #expect(
            try fixture.wait(until: "2027-02-01T00:00:00+08:00")
                == ["customer.reply-overdue at 2027-01-05T18:00:00+08:00"])
    }

    @Test func `entered after the deadline, it is missed at once`() throws {
        var fixture = try fixture(CaseFixture.complaint(at: "2026-12-30T10:00:00+08:00"))
        _ = try fixture.wait(until: "2027-01-20T12:00:00+08:00")
        try fixture.routing.adopt(nextYear())
        #expect(
            try fixture.wait(until: "2027-02-01T00:00:00+08:00")
                == ["customer.reply-overdue at 2027-01-21T00:00:00+08:00"])
    }

    @Test(arguments: [("2027-01-05T18:00:00+08:00", true), ("2027-01-05T18:00:01+08:00", false)])
    func `a contact before the year was entered counts if it was in time`(contact: String, inTime: Bool) throws {
        var fixture = try fixture(CaseFixture.complaint(at: "2026-12-30T10:00:00+08:00"))
        _ = try fixture.wait(until: "2027-01-05T18:00:00+08:00")
        _ = try fixture.contact(at: contact)
        _ = try fixture.wait(until: "2027-01-20T12:00:00+08:00")
        try fixture.routing.adopt(nextYear())
        #expect(try fixture.wait(until: "2027-02-01T00:00:00+08:00").isEmpty == inTime)
        #expect(fixture.record?.wake == nil)
    }

    @Test func `switched off there is no deadline for a reply`() throws {
        var fixture = try fixture(off: [.r03, .r43])
        #expect(try fixture.wait(until: end) == [])
    }

    // MARK: Inform (R24)

    @Test(arguments: [
        ("2026-11-03T00:00:00+08:00", true), ("2026-11-03T23:59:59+08:00", true),
        ("2026-11-02T23:59:59+08:00", false),
    ])
    func `a contact on the date of the resolution, before or after, informs the customer`(
        contact: String, informed: Bool
    ) throws {
        var before = try fixture(off: [.r03, .r43])
        _ = try before.contact(at: contact)
        _ = try before.resolve(at: "2026-11-03T15:00:00+08:00")
        #expect(try before.wait(until: end).isEmpty == informed)
        var after = try fixture(off: [.r03, .r43])
        _ = try after.resolve(at: "2026-11-03T15:00:00+08:00")
        _ = try after.contact(at: contact)
        #expect(try after.wait(until: end).isEmpty == informed)
    }

    @Test func `24:00 belongs to the next date already`() throws {
        var fixture = try fixture(off: [.r03, .r43])
        _ = try fixture.resolve(at: "2026-11-03T15:00:00+08:00")
        _ = try fixture.contact(at: "2026-11-04T00:00:00+08:00")
        let out = try fixture.routing.advance(to: end)
        #expect(out.announced == ["customer.inform-overdue"])
        #expect(out.first?.event.time == (try instant("2026-11-04T00:00:00+08:00")))
        #expect(out.first?.because.rule == "R24")
    }

    @Test func `the case closing in between changes nothing`() throws {
        var fixture = try fixture(off: [.r03, .r43])
        _ = try fixture.resolve(at: "2026-11-03T15:00:00+08:00")
        try fixture.close(at: "2026-11-03T15:00:00+08:00")
        #expect(try fixture.wait(until: end) == ["customer.inform-overdue at 2026-11-04T00:00:00+08:00"])
    }

    @Test func `resolved twice on a date, the customer is asked about once; switched off, never`() throws {
        var fixture = try fixture(off: [.r03, .r43])
        _ = try fixture.resolve(at: "2026-11-03T15:00:00+08:00")
        _ = try fixture.resolve(at: "2026-11-03T16:00:00+08:00")
        #expect(try fixture.wait(until: end).count == 1)
        var off = try self.fixture(off: [.r03, .r43, .r24])
        _ = try off.resolve(at: "2026-11-03T15:00:00+08:00")
        #expect(try off.wait(until: end) == [])
    }

    // MARK: Crisis (R34)

    private func crisis() throws -> RoutingFixture {
        try fixture(CaseFixture.complaint(hazards: ["injury"]), off: [.r03, .r43])
    }

    @Test(arguments: ["injury", "fire", "media"]) func `injury, fire and media alert at once`(hazard: String) throws {
        var fixture = try RoutingFixture()
        let out = try fixture.open(CaseFixture.complaint(hazards: [hazard]))
        #expect(out.announced == ["case.assigned", "crisis.alerted"])
        #expect(out.announced(CrisisAlerted.self).first?.hazards == [hazard])
        #expect(out.last?.because.rule == "R34")
    }

    @Test func `a letter of an authority is major but no crisis`() throws {
        var fixture = try RoutingFixture()
        let out = try fixture.open(CaseFixture.complaint(hazards: ["authority-letter"]))
        #expect(out.announced == ["case.assigned"])
        #expect(out.assignment == "hq hq hq-duty")
    }

    @Test func `not accepted by headquarters within the hour, the crisis is overdue`() throws {
        var fixture = try crisis()
        let out = try fixture.routing.advance(to: end)
        #expect(out.announced(CaseOverdue.self).map { $0.rule } == [.R34])
        #expect(out.first?.event.time == (try instant("2026-11-02T11:00:00+08:00")))
    }

    @Test(arguments: [
        ("2026-11-02T10:00:01+08:00", true), ("2026-11-02T11:00:00+08:00", true),
        ("2026-11-02T10:00:00+08:00", false), ("2026-11-02T09:59:00+08:00", false),
    ])
    func `only an acceptance after the receipt and within the hour counts`(time: String, inTime: Bool) throws {
        var fixture = try crisis()
        #expect(try fixture.accept(at: time).types == [])
        #expect(try fixture.wait(until: end).isEmpty == inTime)
    }

    @Test func `the acceptance of another tier does not count`() throws {
        var fixture = try crisis()
        _ = try fixture.accept(by: RoutingFixture.regionPerson, at: "2026-11-02T10:30:00+08:00")
        #expect(try fixture.wait(until: end) == ["case.overdue at 2026-11-02T11:00:00+08:00"])
    }

    @Test func `switched off nothing is alerted; with R04 off the alert stays`() throws {
        var off = try RoutingFixture(CaseFixture.policy(off: [.r03, .r34, .r43]))
        #expect(try off.open(CaseFixture.complaint(hazards: ["fire"])).announced == ["case.assigned"])
        #expect(try off.wait(until: end) == [])
        var minor = try RoutingFixture(CaseFixture.policy(off: [.r04]))
        let out = try minor.open(CaseFixture.complaint(hazards: ["fire"]))
        #expect(out.announced == ["case.assigned", "crisis.alerted"])
        #expect(out.assignment == "store S1 s1-supervisor")
    }

    @Test func `a case keeps a bounded number of contacts`() throws {
        var fixture = try fixture(off: [.r03])
        let start = try instant("2026-11-02T11:00:00+08:00")
        for minute in 0..<120 {
            _ = try fixture.contact(at: start.adding(minutes: Int64(minute)).description)
        }
        #expect(fixture.record?.contacts.count == 100)
        #expect(fixture.record?.contacts.last == start.adding(minutes: 119))
    }
}
