import Policy
import Schema
import Stages
import Testing

/// R49: an approved opinion is told, demanded and followed up until the money is back; R41: why another party bears it.
@Suite struct HandlingRecoveryTests {
    private typealias Kind = LiabilityProposed.Liable.Kind

    /// 40,000 fen were paid on Monday, 2 November 2026; the opinion was given on Wednesday and is approved on Thursday, at
    /// 10:00, so that the money is due on 5 December.
    private func proposed(
        _ kind: Kind = .outlet, id: String? = "O1", cause: CompensationCause = .outlet, reason: String? = nil,
        policy: PolicyBook? = nil
    ) throws -> FundFixtures {
        var fund = try FundFixtures(try policy ?? CaseFixtures.policy(off: [.r06, .r07]))
        try #require(try fund.request(40_000, cause).types.last == "fund.disbursed")
        _ = try fund.report()
        try #require(try fund.propose(kind, id: id, reason: reason).rejection == nil)
        return fund
    }

    private func approved(
        _ kind: Kind = .outlet, id: String? = "O1", policy: PolicyBook? = nil
    ) throws -> FundFixtures {
        var fund = try proposed(kind, id: id, reason: "r", policy: policy)
        try #require(try fund.approve().rejection == nil)
        return fund
    }

    private func steps(_ outputs: [OutgoingEvent]) -> [String] {
        outputs.compactMap { output in
            (output.event.data as? RecoveryStepDue).map { "\($0.step) \($0.overdueDays) \($0.owedFen)" }
        }
    }

    private let never = "2027-12-31T00:00:00+08:00"

    // MARK: What is told

    @Test func `an approved opinion is told with what was expected, and demanded from whom it names`() throws {
        var fund = try proposed()
        let outcome = try fund.approve()
        #expect(outcome.types == ["liability.decided", "notice.issued"])
        #expect(
            outcome.all(LiabilityDecided.self) == [
                LiabilityDecided(requestId: "Q1", kind: .outlet, id: "O1", caseId: "C1", complaintId: "K1")
            ])
        let told = try #require(outcome.outputs.first?.because)
        #expect(told.rule == "R49,R41")
        #expect(
            told.facts == [
                "cause": "outlet", "party": "outlet", "named": "outlet", "partyId": "O1", "namedId": "O1",
                "isOther": false, "proposedBy": "officer", "approvedBy": "director",
            ])
        let notice = try #require(outcome.all(NoticeIssued.self).first)
        #expect(notice.kind == .recoveryDemand && notice.addressee == "O1" && notice.requestId == "Q1")
        #expect(notice.number == "O1-2026-R1")
        #expect(
            notice.noticeId == Identifiers.noticeId(kind: "recovery-demand", addressee: "O1", period: "Q1"))
        #expect(notice.letter.zh.contains("请于 2026-12-05 10:00 前将尚欠的人民币 400.00 元归还"))
        #expect(notice.letter.zh.contains("不适用申诉程序"))
        #expect(notice.letter.en.contains("To: Liable party O1\n"))
        #expect(
            notice.letter.en.contains("Pay the CNY 400.00 still owed back to the after-sales fund by 2026-12-05 10:00"))
        #expect(notice.letter.en.contains("there is no appeal against it"))
        #expect(notice.letter.en.contains("1. 2026-11-02, case C1, request Q1, CNY 400.00 paid in advance\n"))
        #expect(!notice.letter.en.contains("Of this"))
        let because = try #require(outcome.outputs.last?.because)
        #expect(because.rule == "R49,R14" && because.parameters["recoveryDays"] == 30)
        #expect(because.parameters["templates"] == .string(LetterBook().digest(of: .recoveryDemand)))
        for name in ["陈先生", "13800000001", "It leaks", "It burst"] {
            #expect(!notice.letter.zh.contains(name) && !notice.letter.en.contains(name))
        }
    }

    @Test func `another party than that of the cause is told with the reason that was given`() throws {
        var fund = try proposed(.manufacturer, id: "M9", reason: "The pipe was theirs.")
        let outcome = try fund.approve()
        #expect(outcome.all(LiabilityDecided.self).map(\.reason) == ["The pipe was theirs."])
        let facts = try #require(outcome.outputs.first?.because.facts)
        #expect(facts["party"] == "outlet" && facts["partyId"] == "O1")
        #expect(facts["named"] == "manufacturer" && facts["namedId"] == "M9")
        #expect(facts["isOther"] == true && facts["reasonGiven"] == true)
        let text = String(decoding: facts.serialized, as: UTF8.self)
        #expect(!text.contains("pipe"), "what people write stands in no facts")
    }

    @Test func `with R41 switched off another party needs no reason, and is told as one without`() throws {
        var fund = try proposed(.person, id: "P1", policy: CaseFixtures.policy(off: [.r41]))
        let because = try fund.approve().outputs.first?.because
        #expect(because?.facts["isOther"] == true && because?.facts["reasonGiven"] == false)
        #expect(because?.rule == "R49", "what is off has decided nothing")
    }

    @Test func `an opinion that names no id goes to the party of its kind to which the case leads`() throws {
        var outlet = try proposed(.outlet, id: nil)
        #expect(try outlet.approve().all(LiabilityDecided.self).map(\.id) == ["O1"])
        var maker = try proposed(.manufacturer, id: nil, cause: .product)
        let outcome = try maker.approve()
        #expect(outcome.all(LiabilityDecided.self).map(\.id) == ["M1"])
        #expect(outcome.all(NoticeIssued.self).map(\.addressee) == ["M1"])
    }

    @Test func `what has come back before is no part of the demand`() throws {
        var fund = try proposed()
        _ = try fund.recover(15_050, 4)
        let letter = try #require(try fund.approve().all(NoticeIssued.self).first).letter
        #expect(letter.en.contains("Pay the CNY 249.50 still owed"))
        #expect(letter.en.contains("Of this, CNY 150.50 have come back or were given up.\n"))
        #expect(letter.zh.contains("其中人民币 150.50 元已归还或核销。\n"))
    }

    @Test func `each letter to an addressee has a number of its own`() throws {
        var fund = try approved()
        _ = try fund.request(1_000, id: "Q2", on: 6)
        let later: [any EventData] = [
            IncidentReportSubmitted(requestId: "Q2", by: CaseFixtures.clerk, facts: "It burst again."),
            LiabilityProposed(requestId: "Q2", by: CaseFixtures.officer, liable: .init(kind: .outlet, id: "O1")),
            LiabilityApproved(requestId: "Q2", by: CaseFixtures.director, approved: true),
        ]
        let letters = try later.flatMap { try fund.send($0, 9).all(NoticeIssued.self) }
        #expect(letters.map(\.number) == ["O1-2026-R2"])
    }

    @Test func `an opinion that is refused is told to nobody, the one after it is`() throws {
        var fund = try proposed()
        #expect(try fund.approve(false).outputs.isEmpty)
        _ = try fund.propose(.person, id: "P1", reason: "It was our own man.", on: 6)
        let outcome = try fund.approve(on: 7)
        #expect(outcome.all(NoticeIssued.self).map(\.addressee) == ["P1"])
        #expect(outcome.all(NoticeIssued.self).first?.letter.en.contains("To: Liable party P1\n") == true)
    }

    @Test func `a request that is balanced has nothing to approve and is demanded from nobody`() throws {
        var fund = try proposed()
        _ = try fund.recover(40_000, 4)
        let outcome = try fund.approve()
        #expect(outcome.rejection?.reason == "nothing-owed")
        #expect(outcome.types == ["business.rejected"])
        #expect(try fund.harness.advance(to: never).isEmpty)
    }

    @Test(arguments: [Kind.customer, .nobody])
    private func `of a customer or nobody nothing is demanded, and no ladder runs`(kind: Kind) throws {
        var fund = try proposed(kind, id: nil, reason: "r")
        #expect(try fund.approve().types == ["liability.decided"])
        #expect(try fund.harness.advance(to: never).types == ["obligation.overdue"])
    }

    @Test func `of a person whom nobody names there is no demand and no block, but the ladder runs`() throws {
        var fund = try proposed(.person, id: nil, cause: .ownPost)
        #expect(try fund.approve().types == ["liability.decided"])
        let out = try fund.harness.advance(to: never)
        #expect(out.types == ["obligation.overdue"] + Array(repeating: "recovery.step-due", count: 4))
    }

    @Test func `an outlet that nobody knows is not blocked either`() throws {
        var fund = try FundFixtures(outletId: nil)
        _ = try fund.request(40_000)
        _ = try fund.report()
        _ = try fund.propose(.outlet, id: nil)
        #expect(try fund.approve().types == ["liability.decided"])
        let out = try fund.harness.advance(to: never)
        #expect(out.types == ["obligation.overdue"] + Array(repeating: "recovery.step-due", count: 4))
    }

    // MARK: The ladder

    @Test func `from the due time on each step is told once, when its first day begins`() throws {
        var fund = try approved()
        #expect(try fund.harness.advance(to: "2026-12-05T09:59:59+08:00").isEmpty)
        let due = try fund.harness.advance(to: "2026-12-05T10:00:00+08:00")
        #expect(due.types == ["obligation.overdue", "settlement.blocked", "recovery.step-due"])
        #expect(steps(due) == ["call 1 40000"])
        #expect(
            due.all(SettlementBlocked.self) == [
                SettlementBlocked(outletId: "O1", requestId: "Q1", reason: .recovery)
            ])
        #expect(due.last?.because.parameters["from"] == 1)
        #expect(try fund.harness.advance(to: "2026-12-15T09:59:59+08:00").isEmpty)
        let visit = try fund.harness.advance(to: "2026-12-15T10:00:00+08:00")
        #expect(said(visit) == ["recovery.step-due 2026-12-15T10:00"] && steps(visit) == ["visit 11 40000"])
        #expect(fund.record?.recovery?.step == "visit")
        let rest = try fund.harness.advance(to: never)
        #expect(said(rest) == ["recovery.step-due 2027-01-04T10:00", "recovery.step-due 2027-02-03T10:00"])
        #expect(steps(rest) == ["letter 31 40000", "legal 61 40000"])
    }

    @Test func `paid at the due time nothing is overdue, a moment later it is`() throws {
        let due = "2026-12-05T10:00:00+08:00"
        let paid = RecoveryBooked(requestId: "Q1", amountFen: 40_000, by: CaseFixtures.officer)
        var inTime = try approved()
        #expect(try inTime.harness.send(paid, at: due).types == ["fund.recovered"])
        #expect(try inTime.harness.advance(to: never).isEmpty)
        var late = try approved()
        let outcome = try late.harness.send(paid, at: "2026-12-05T10:00:01+08:00")
        #expect(outcome.before.types == ["obligation.overdue", "settlement.blocked", "recovery.step-due"])
        #expect(outcome.types == ["fund.recovered", "settlement.released"])
    }

    @Test func `a part that comes back shortens what the next step says, the rest ends ladder and block`() throws {
        var fund = try approved()
        _ = try fund.harness.advance(to: "2026-12-06T00:00:00+08:00")
        let part = RecoveryBooked(requestId: "Q1", amountFen: 39_999, by: CaseFixtures.officer)
        #expect(try fund.harness.send(part, at: "2026-12-07T10:00:00+08:00").types == ["fund.recovered"])
        #expect(steps(try fund.harness.advance(to: "2026-12-15T10:00:00+08:00")) == ["visit 11 1"])
        let at = "2026-12-16T10:00:00+08:00"
        _ = try fund.harness.send(
            WriteOffProposed(requestId: "Q1", amountFen: 1, by: CaseFixtures.officer, reason: "r"), at: at)
        let end = try fund.harness.send(
            WriteOffApproved(requestId: "Q1", by: CaseFixtures.treasurer, approved: true), at: at)
        #expect(end.types == ["fund.written-off", "settlement.released"])
        #expect(
            end.all(SettlementReleased.self) == [
                SettlementReleased(outletId: "O1", requestId: "Q1", reason: .recovery)
            ])
        #expect(try fund.harness.advance(to: never).isEmpty)
    }

    @Test(arguments: [Kind.manufacturer, .person])
    private func `nobody but an outlet is blocked`(kind: Kind) throws {
        var fund = try approved(kind, id: "X1")
        let due = try fund.harness.advance(to: "2026-12-05T10:00:00+08:00")
        #expect(due.types == ["obligation.overdue", "recovery.step-due"])
    }

    @Test func `the policy names the steps and their days`() throws {
        var handling = HandlingPolicy()
        handling.recoveryDays = 10
        handling.recoveryLadder = RecoveryLadder([.init("sms", from: 3, to: 3), .init("court", from: 4)])
        var fund = try approved(policy: CaseFixtures.policy(handling: handling))
        let out = try fund.harness.advance(to: never)
        #expect(
            said(out) == [
                "obligation.overdue 2026-11-15T10:00", "settlement.blocked 2026-11-15T10:00",
                "recovery.step-due 2026-11-17T10:00", "recovery.step-due 2026-11-18T10:00",
            ])
        #expect(steps(out) == ["sms 3 40000", "court 4 40000"])
    }

    @Test func `another ladder, taken while it runs, begins no step twice`() throws {
        var fund = try approved()
        _ = try fund.harness.advance(to: "2026-12-06T00:00:00+08:00")
        var handling = HandlingPolicy()
        handling.recoveryLadder = RecoveryLadder([.init("call", from: 1, to: 20), .init("court", from: 21)])
        fund.harness.adopt(try CaseFixtures.policy(handling: handling))
        #expect(steps(try fund.harness.advance(to: never)) == ["court 21 40000"])
    }

    // MARK: Figures of the fund

    @Test func `money is told with the severity and, once the opinion is approved, with who is liable`() throws {
        var fund = try FundFixtures()
        try fund.contact(.factorySalesman, 2, "09:30:00")
        try fund.contact(.brandRepresentative, 2, "09:40:00")
        _ = try fund.request(30_000, .manufacturer)
        _ = try fund.advance(4)
        let paid = try fund.decide(severity: 3, on: 4)
        let authorised = try #require(paid.all(CompensationAuthorised.self).first)
        #expect(authorised.cause == .manufacturer && authorised.brand == "Polar" && authorised.severity == 3)
        #expect(paid.all(FundDisbursed.self).map(\.severity) == [3])
        #expect(paid.all(FundDisbursed.self).map(\.liableKind) == [nil])
        _ = try fund.report(5)
        _ = try fund.propose(.manufacturer, id: "M1", on: 5)
        let before = try fund.recover(1, 5).all(FundRecovered.self)
        #expect(before.map(\.severity) == [3] && before.map(\.liableKind) == [nil])
        _ = try fund.approve(on: 6)
        let after = try fund.recover(1, 6).all(FundRecovered.self)
        #expect(after.map(\.severity) == [3] && after.map(\.liableKind) == [.manufacturer])
    }

    // MARK: Switched off

    @Test func `with R49 switched off nothing is told, and no ladder runs when it is on again`() throws {
        let off = try CaseFixtures.policy(off: [.r49])
        var fund = try proposed(policy: off)
        #expect(try fund.approve().outputs.isEmpty)
        fund.harness.adopt(try CaseFixtures.policy())
        #expect(try fund.harness.advance(to: never).types == ["obligation.overdue"])
        #expect(try fund.recover(1, 6).all(FundRecovered.self).map(\.liableKind) == [.outlet])
    }

    @Test func `switched off when it is due, no block and no step is told; a later step, on again, is`() throws {
        var fund = try approved()
        fund.harness.adopt(try CaseFixtures.policy(off: [.r49]))
        #expect(try fund.harness.advance(to: "2026-12-06T00:00:00+08:00").types == ["obligation.overdue"])
        fund.harness.adopt(try CaseFixtures.policy())
        #expect(steps(try fund.harness.advance(to: "2026-12-15T10:00:00+08:00")) == ["visit 11 40000"])
        let paid = RecoveryBooked(requestId: "Q1", amountFen: 40_000, by: CaseFixtures.officer)
        #expect(try fund.harness.send(paid, at: "2026-12-16T10:00:00+08:00").types == ["fund.recovered"])
    }

    @Test func `switched off while an outlet is blocked, the block ends all the same`() throws {
        var fund = try approved()
        _ = try fund.harness.advance(to: "2026-12-06T00:00:00+08:00")
        fund.harness.adopt(try CaseFixtures.policy(off: [.r49]))
        let paid = RecoveryBooked(requestId: "Q1", amountFen: 40_000, by: CaseFixtures.officer)
        #expect(
            try fund.harness.send(paid, at: "2026-12-07T10:00:00+08:00").types
                == ["fund.recovered", "settlement.released"])
    }

    @Test func `without the term of recovery the opinion is told and nothing is due`() throws {
        var fund = try proposed(policy: CaseFixtures.policy(offParts: [.recovery]))
        #expect(try fund.approve().types == ["liability.decided"])
        #expect(try fund.harness.advance(to: never).isEmpty)
    }

    @Test func `without approvals nobody is told: an opinion that nobody has approved demands nothing`() throws {
        var fund = try proposed(policy: CaseFixtures.policy(offParts: [.liabilityApproval]))
        #expect(try fund.approve().outputs.isEmpty)
        #expect(try fund.harness.advance(to: never).types == ["obligation.overdue"])
    }
}
