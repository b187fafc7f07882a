import Policy
import Schema
import Stages
import Testing

/// What a linked complaint does to the case that it is linked to.
struct RoutingLinkedTests {
    var fixture: RoutingFixture

    init() throws {
        fixture = try RoutingFixture()
        try fixture.open(CaseFixture.complaint())
    }

    private func again(
        at time: String = "2026-11-03T10:00:00+08:00", channel: String = "hotline", claimFen: Int64? = nil,
        hazards: [String]? = nil
    ) throws -> ComplaintReceived {
        try CaseFixture.complaint("C2", at: time, channel: channel, claimFen: claimFen, hazards: hazards)
    }

    @Test mutating func `an ordinary one leaves the case where it is and wants its own reply`() throws {
        #expect(try fixture.link(again()).announced == [])
        let overdue = try fixture.routing.advance(to: "2026-11-06T18:00:00+08:00").announced(CustomerReplyOverdue.self)
        #expect(overdue.map { $0.complaintId } == ["C1", "C2"])
    }

    @Test(arguments: [false, true])
    mutating func `each of many has its reply, though the case's record holds a hundred of them`(isAnswered: Bool)
        throws
    {
        for number in 2...150 {
            _ = try fixture.link(
                CaseFixture.complaint("C\(number)", at: "2026-11-03T10:00:00+08:00", hazards: ["fire"]))
        }
        #expect(fixture.record?.duties.count == 100)
        if isAnswered {
            _ = try fixture.contact(at: "2026-11-03T10:30:00+08:00")
            _ = try fixture.accept(at: "2026-11-03T10:30:00+08:00")
        }
        let out = try fixture.routing.advance(to: "2026-11-07T00:00:00+08:00")
        let replies = out.announced(CustomerReplyOverdue.self)
        let crises = out.announced(CaseOverdue.self).filter { $0.rule == .R34 }
        let all = (2...150).map { "C\($0)" }.sorted()
        #expect(replies.map { $0.complaintId }.sorted() == (isAnswered ? [] : (["C1"] + all).sorted()))
        #expect(crises.map { $0.complaintId }.sorted() == (isAnswered ? [] : all))
        #expect(Set(out.map(\.event.id)).count == out.count)
        #expect(
            try fixture.routing.advance(to: "2027-01-31T00:00:00+08:00").announced(CustomerReplyOverdue.self).isEmpty)
    }

    @Test mutating func `one contact replies to every complaint before it, whichever arrives first`() throws {
        _ = try fixture.contact(at: "2026-11-03T11:00:00+08:00")
        _ = try fixture.link(again())
        #expect(fixture.record?.duties == [])
        _ = try fixture.link(
            CaseFixture.complaint("C3", at: "2026-11-03T12:00:00+08:00"))
        #expect(fixture.record?.duties.map { $0.complaintId } == ["C3"])
    }

    @Test mutating func `timers that late ones set to a time that has passed give ids that never came before`() throws {
        var out = try fixture.routing.advance(to: "2026-11-08T10:00:00+08:00")
        for number in 2...4 {
            out += try fixture.link(CaseFixture.complaint("C\(number)", at: "2026-11-02T12:00:00+08:00"))
        }
        out += try fixture.routing.advance(to: "2026-11-30T10:00:00+08:00")
        let overdue = out.filter { $0.event.data is CustomerReplyOverdue }.map(\.event)
        #expect(overdue.map(\.time) == Array(repeating: try instant("2026-11-05T18:00:00+08:00"), count: 4))
        #expect(Set(out.map(\.event.id)).count == out.count)
    }

    @Test mutating func `a hazard takes the open case to headquarters and alerts`() throws {
        let out = try fixture.link(again(hazards: ["fire"]))
        #expect(out.announced == ["case.escalated", "case.assigned", "crisis.alerted"])
        let escalated = try #require(out.announced(CaseEscalated.self).first)
        #expect(escalated.caseId == CaseFixture.caseId("C1"))
        #expect(escalated.from == .store)
        #expect(escalated.to == .hq)
        #expect(out.first?.because.rule == "R04")
        #expect(out.first?.because.facts["linkedComplaint"] == "C2")
        #expect(out.announced(CaseAssigned.self).first?.major == true)
        #expect(out.announced(CaseAssigned.self).first?.dueAt == (try instant("2026-11-08T10:00:00+08:00")))
        let alert = try #require(out.announced(CrisisAlerted.self).first)
        #expect(alert.caseId == CaseFixture.caseId("C1"))
        #expect(alert.complaintId == "C2")
    }

    @Test(arguments: [("authority", nil as Int64?), ("hotline", 500_000)])
    func `the channel authority and the claim do so without an alert`(channel: String, claimFen: Int64?) throws {
        var fixture = fixture
        let out = try fixture.link(again(channel: channel, claimFen: claimFen))
        #expect(out.announced == ["case.escalated", "case.assigned"])
        #expect(out.assignment == "hq hq hq-duty")
    }

    @Test mutating func `at headquarters already the case stays, and each crisis wants its own acceptance`() throws {
        _ = try fixture.link(again(hazards: ["fire"]))
        _ = try fixture.accept(at: "2026-11-03T10:30:00+08:00")
        let next = try CaseFixture.complaint("C3", at: "2026-11-03T10:45:00+08:00", hazards: ["injury"])
        #expect(try fixture.link(next).announced == ["crisis.alerted"])
        let out = try fixture.routing.advance(to: "2026-11-03T12:00:00+08:00")
        #expect(out.announced(CaseOverdue.self).map { $0.complaintId } == ["C3"])
        #expect(out.first?.event.time == (try instant("2026-11-03T11:45:00+08:00")))
    }

    @Test mutating func `a major one on a case resolved but not closed escalates it with a running term`() throws {
        _ = try fixture.contact(at: "2026-11-02T12:00:00+08:00")
        _ = try fixture.resolve(at: "2026-11-02T12:00:00+08:00")
        #expect(
            try fixture.link(again(hazards: ["authority-letter"])).announced == ["case.escalated", "case.assigned"])
        #expect(fixture.record?.state == .open)
        _ = try fixture.contact(at: "2026-11-03T12:00:00+08:00")
        #expect(
            try fixture.wait(until: "2026-12-31T00:00:00+08:00") == ["case.overdue at 2026-11-08T10:00:00+08:00"])
    }

    @Test mutating func `an ordinary one on a resolved case starts no term`() throws {
        _ = try fixture.resolve(at: "2026-11-02T12:00:00+08:00")
        _ = try fixture.link(again())
        #expect(fixture.record?.state == .resolved)
        #expect(fixture.record?.termEnds == nil)
    }

    @Test mutating func `on a closed case a major one alerts; the reopened case goes to headquarters`() throws {
        try fixture.close(at: "2026-11-02T12:00:00+08:00")
        #expect(try fixture.link(again(hazards: ["fire"])).announced == ["crisis.alerted"])
        let out = try fixture.reopen(tier: .store, at: "2026-11-03T10:00:00+08:00")
        #expect(out.announced == ["case.escalated", "case.assigned"])
        #expect(out.announced(CaseEscalated.self).first?.from == .store)
        #expect(out.assignment == "hq hq hq-duty")
        #expect(out.announced(CaseAssigned.self).first?.major == true)
        #expect(out.desks == ["case.reopened to hq", "case.escalated to hq", "case.assigned to hq"])
    }

    @Test mutating func `on a closed case an ordinary one leaves it to the reopening, at the last tier`() throws {
        try fixture.close(at: "2026-11-02T12:00:00+08:00")
        #expect(try fixture.link(again()).announced == [])
        let out = try fixture.reopen(tier: .store, at: "2026-11-03T10:00:00+08:00")
        #expect(out.assignment == "store S1 s1-supervisor")
    }

    @Test mutating func `the order of link and reopening does not matter to where the case ends`() throws {
        try fixture.close(at: "2026-11-02T12:00:00+08:00")
        _ = try fixture.reopen(tier: .store, at: "2026-11-03T10:00:00+08:00")
        #expect(try fixture.link(again(hazards: ["fire"])).assignment == "hq hq hq-duty")
    }

    @Test mutating func `a link to a case that routing does not know waits`() throws {
        let complaint = try again()
        let out = try fixture.routing.send(CaseFixture.linked(complaint, to: "C9"), at: complaint.receivedAt)
        guard case .unknownReference = out.verdict else {
            Issue.record("expected an unknown reference, found \(out.verdict)")
            return
        }
    }

    @Test mutating func `the same case opened again is opened once`() throws {
        #expect(try fixture.open(CaseFixture.complaint()).isEmpty)
    }

    @Test mutating func `the record is written and read back without loss`() throws {
        _ = try fixture.link(again(hazards: ["fire"]))
        _ = try fixture.contact(at: "2026-11-03T11:00:00+08:00")
        let record = try #require(fixture.record)
        let bytes = try JSONEncoding.bytes(of: record)
        let read = try JSONDecoding.decode(RoutedCase.self, from: JSON(parsing: bytes))
        #expect(try JSONEncoding.bytes(of: read) == bytes)
        #expect(read.wake == record.wake)
    }
}
