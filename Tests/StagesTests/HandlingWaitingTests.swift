import Policy
import Schema
import Stages
import Testing

/// R06, R07: requests that wait for the manufacturer, or for the store to settle its own fault.
@Suite struct HandlingWaitingTests {
    /// The manufacturer's two people were first spoken with on Monday at 11:00 and at 15:00.
    private func contacted() throws -> FundFixtures {
        var fund = try FundFixtures()
        try fund.contact(.factorySalesman, 2, "11:00:00")
        try fund.contact(.brandRepresentative, 2, "15:00:00")
        try fund.contact(.factorySalesman, 3, "09:00:00")
        return fund
    }

    @Test func `the manufacturer has until the working day after the later of the first contacts`() throws {
        var fund = try contacted()
        let out = try fund.request(100, .manufacturer, on: 3)
        #expect(
            out.all(CompensationPending.self) == [
                CompensationPending(
                    requestId: "Q1", amountFen: 100, until: try instant("2026-11-03T18:00:00+08:00"), caseId: "C1",
                    complaintId: "K1")
            ])
        #expect(out.outputs.first?.because.rule == "R06")
        #expect(try fund.advance(3, "17:59:59").isEmpty)
        let referred = try fund.advance(30)
        #expect(said(referred) == ["compensation.referred 2026-11-03T18:00"])
        #expect((referred.first?.event.data as? CompensationReferred)?.to == .hq)
    }

    @Test func `once that time has passed the request is referred at once, without pending`() throws {
        var fund = try contacted()
        #expect(try fund.request(100, .manufacturer, on: 3, at: "18:00:01").types == ["compensation.referred"])
    }

    @Test func `HQ approves a manufacturer's cause only with its severity`() throws {
        var fund = try contacted()
        _ = try fund.request(100, .manufacturer, on: 4)
        #expect(
            try fund.decide(by: CaseFixtures.officer, on: 5).rejection
                == Rejection("severity-missing", ["cause": "manufacturer"]))
        #expect(try fund.decide(severity: 3, on: 5).types == ["compensation.authorised", "fund.disbursed"])
        #expect(fund.record?.severity == 3)
    }

    @Test func `HQ refuses a manufacturer's cause without a severity`() throws {
        var fund = try contacted()
        _ = try fund.request(100, .manufacturer, on: 4)
        #expect(try fund.decide(false, id: "Q1", on: 5).types == ["compensation.refused"])
    }

    @Test func `without both contacts it counts as pending, is looked at once more and refused`() throws {
        var fund = try FundFixtures()
        try fund.contact(.factorySalesman, 2, "09:30:00")
        let out = try fund.request(100, .manufacturer)
        #expect(out.outputs.isEmpty)
        #expect(fund.file?.openRequests == ["Q1"])
        #expect(fund.file?.committedFen == 100)
        #expect(fund.record?.wake?.waitsForRest == true)
        let refused = try fund.advance(2)
        #expect(said(refused) == ["compensation.refused 2026-11-02T10:00"])
        #expect((refused.first?.event.data as? CompensationRefused)?.reason == .manufacturerNotContacted)
        #expect(refused.first?.because.facts == ["factorySalesman": true, "brandRepresentative": false])
        #expect(fund.file?.committedFen == 0)
    }

    @Test(arguments: [
        ("18:00:00", ["compensation.pending"]), ("18:00:01", ["compensation.referred"]),
    ])
    func `at the end of the manufacturer's time a request is still pending, a second later it is referred`(
        time: String, types: [String]
    ) throws {
        var fund = try FundFixtures()
        try fund.contact(.factorySalesman, 2, "09:30:00")
        try fund.contact(.brandRepresentative, 2, "09:40:00")
        #expect(try fund.request(100, .manufacturer, on: 3, at: time).types == types)
        #expect(
            said(try fund.advance(30))
                == (types == ["compensation.pending"] ? ["compensation.referred 2026-11-03T18:00"] : []))
    }

    @Test func `a contact that arrives within the same instant counts`() throws {
        var fund = try FundFixtures()
        try fund.contact(.factorySalesman, 2, "09:30:00")
        _ = try fund.request(100, .manufacturer)
        try fund.contact(.brandRepresentative, 2, "10:00:00")
        #expect(said(try fund.advance(2)) == ["compensation.pending 2026-11-02T10:00"])
        #expect(fund.record?.until?.at == (try instant("2026-11-03T18:00:00+08:00")))
    }

    @Test(arguments: [false, true])
    func `a contact later than the request does not count, whichever of them is known first`(isKnownFirst: Bool) throws
    {
        var fund = try FundFixtures()
        try fund.contact(.factorySalesman, 2, "09:30:00")
        if isKnownFirst { try fund.contact(.brandRepresentative, 2, "10:00:01") }
        _ = try fund.request(100, .manufacturer)
        if !isKnownFirst { try fund.contact(.brandRepresentative, 2, "10:00:01") }
        let refused = try fund.advance(2, "12:00:00")
        #expect(said(refused) == ["compensation.refused 2026-11-02T10:00"])
        #expect(refused.first?.because.facts == ["factorySalesman": true, "brandRepresentative": false])
        #expect(try fund.request(100, .manufacturer, id: "Q2", at: "10:00:01").types == ["compensation.pending"])
    }

    @Test(arguments: [("09:59:59", CompensationRefused.Reason.resolvedFirst), ("10:00:01", .manufacturerNotContacted)])
    func `resolved before the request was looked at, it is refused for what had been at its time`(
        time: String, reason: CompensationRefused.Reason
    ) throws {
        var fund = try FundFixtures()
        _ = try fund.request(100, .manufacturer)
        let out = try fund.resolve(2, time)
        #expect(out.types == ["compensation.refused", "case.closed"])
        #expect(out.all(CompensationRefused.self).map(\.reason) == [reason])
        if reason == .manufacturerNotContacted {
            #expect(out.outputs.first?.event.time == (try instant("2026-11-02T10:00:00+08:00")))
        }
    }

    @Test func `resolved first, a waiting request is refused and the case closes`() throws {
        var fund = try contacted()
        _ = try fund.request(100, .manufacturer, on: 3)
        let out = try fund.resolve(3, "18:00:00")
        #expect(out.types == ["compensation.refused", "case.closed"])
        #expect(out.all(CompensationRefused.self).map(\.reason) == [.resolvedFirst])
        #expect(try fund.advance(30).isEmpty)
    }

    @Test(arguments: [CompensationCause.manufacturer, .ownPost])
    func `a request on a resolved case is refused at once`(cause: CompensationCause) throws {
        var fund = try contacted()
        _ = try fund.send(CaseFixtures.resolved(at: "2026-11-03T09:00:00+08:00"), 3, "09:00:00")
        let out = try fund.request(100, cause, on: 3)
        #expect(out.all(CompensationRefused.self).map(\.reason) == [.resolvedFirst])
        #expect(fund.file?.committedFen == 0)
    }

    @Test func `the store has one working day to settle its own fault`() throws {
        var fund = try FundFixtures()
        let out = try fund.request(100, .ownPost, on: 6)
        #expect(out.all(CompensationPending.self).map(\.until) == [try instant("2026-11-09T18:00:00+08:00")])
        #expect(out.outputs.first?.because.rule == "R07")
        #expect(said(try fund.advance(30)) == ["compensation.referred 2026-11-09T18:00"])
        let decided = try fund.decide(on: 30)
        #expect(decided.types == ["compensation.authorised", "fund.disbursed"], "no severity is asked for")
    }

    @Test func `pending amounts count against the cap`() throws {
        var fund = try FundFixtures()
        _ = try fund.request(30_000, .ownPost, id: "Q1")
        #expect(try fund.request(20_001, id: "Q2").types == ["compensation.referred"])
    }

    @Test func `a request that was referred stays so when the case is resolved`() throws {
        var fund = try FundFixtures()
        _ = try fund.request(100, .ownPost, on: 2)
        _ = try fund.advance(3, "18:00:00")
        #expect(try fund.resolve(4).types == ["case.close-blocked"])
    }

    @Test func `with R06 and R07 switched off their causes follow R05`() throws {
        var fund = try FundFixtures(CaseFixtures.policy(off: [.r06, .r07]))
        #expect(try fund.request(100, .manufacturer, id: "Q1").types == ["compensation.authorised", "fund.disbursed"])
        #expect(try fund.request(100, .ownPost, id: "Q2").types == ["compensation.authorised", "fund.disbursed"])
    }

    @Test func `a term in a year without data is told when the year is known`() throws {
        var fund = try FundFixtures()
        let requested = CompensationRequested(
            requestId: "Q1", caseId: "C1", amountFen: 100, cause: .ownPost, by: CaseFixtures.clerk)
        let out = try fund.harness.send(requested, at: "2026-12-31T10:00:00+08:00")
        #expect(out.types == ["calendar.missing"])
        #expect(try fund.harness.advance(to: "2027-01-01T00:00:00+08:00").isEmpty)
        try fund.harness.adopt(CaseFixtures.policy(calendar: CaseFixtures.calendarWith2027()))
        #expect(
            said(try fund.harness.advance(to: "2027-02-01T00:00:00+08:00"))
                == ["compensation.pending 2027-01-02T00:00", "compensation.referred 2027-01-04T18:00"])
    }
}
