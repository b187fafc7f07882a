import Policy
import Schema
import Stages
import Testing

/// R08, R41: what is owed after a payment, and how the money comes back.
@Suite struct HandlingObligationTests {
    /// 40,000 fen were paid for an outlet's fault on Monday, 2 November 2026, at 10:00.
    private func paid(_ policy: PolicyBook? = nil, storeId: String? = "S1") throws -> FundFixtures {
        var fund = try FundFixtures(policy, storeId: storeId)
        try #require(try fund.request(40_000).types.last == "fund.disbursed")
        return fund
    }

    /// … and its liability was approved on Thursday.
    private func approved(_ policy: PolicyBook? = nil) throws -> FundFixtures {
        var fund = try paid(policy)
        for outcome in [try fund.report(), try fund.propose(), try fund.approve()] {
            try #require(outcome.rejection == nil)
        }
        return fund
    }

    private func overdue(_ outputs: [OutgoingEvent]) -> [ObligationOverdue.Obligation] {
        outputs.compactMap { ($0.event.data as? ObligationOverdue)?.obligation }
    }

    @Test func `each step has its term, and its delay is told once`() throws {
        var fund = try paid()
        #expect(try fund.advance(5, "17:59:59").isEmpty)
        let report = try fund.advance(6, "09:00:00")
        #expect(said(report) == ["obligation.overdue 2026-11-05T18:00"])
        #expect(overdue(report) == [.incidentReport])
        #expect(report.first?.because.facts["owedBy"] == "S1")
        #expect((report.first?.event.data as? ObligationOverdue)?.subject == "Q1")

        #expect(try fund.report(6).rejection == nil, "also when it is late")
        #expect(said(try fund.advance(15)) == ["obligation.overdue 2026-11-13T18:00"])
        #expect(try fund.propose(on: 16).rejection == nil)
        let approval = try fund.advance(24)
        #expect(said(approval) == ["obligation.overdue 2026-11-23T18:00"])
        #expect(overdue(approval) == [.liabilityApproval])
        #expect(try fund.approve(on: 24).rejection == nil)
        let recovery = try fund.harness.advance(to: "2026-12-24T10:00:00+08:00")
        #expect(said(recovery).first == "obligation.overdue 2026-12-24T10:00")
        #expect(overdue(recovery) == [.recovery])
    }

    @Test func `what is done in time is not overdue`() throws {
        var fund = try approved()
        #expect(try fund.recover(40_000).types == ["fund.recovered"])
        #expect(try fund.harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
    }

    @Test func `without a store its region reports`() throws {
        var fund = try FundFixtures(storeId: nil)
        _ = try fund.request(40_000, by: CaseFixtures.regional)
        #expect(try fund.advance(6).first?.because.facts["owedBy"] == "R1")
    }

    @Test func `the steps come in their order`() throws {
        var fund = try paid()
        #expect(
            try fund.propose(on: 3).rejection
                == Rejection("out-of-order", ["step": "opinion", "owed": "report"]))
        #expect(try fund.approve(on: 3).rejection?.reason == "out-of-order")
        _ = try fund.report(3)
        #expect(try fund.report(3).rejection?.reason == "out-of-order")
        #expect(try fund.approve(on: 3).rejection?.reason == "out-of-order")
        _ = try fund.propose(on: 3)
        #expect(try fund.approve(on: 3).rejection == nil)
    }

    @Test func `an opinion that is refused is owed anew within five working days`() throws {
        var fund = try paid()
        _ = try fund.report(3)
        _ = try fund.propose(on: 4)
        _ = try fund.approve(false, on: 5)
        #expect(fund.record?.owed?.step == .opinion)
        let out = try fund.advance(30)
        #expect(said(out) == ["obligation.overdue 2026-11-12T18:00"])
        #expect(overdue(out) == [.liabilityOpinion])
    }

    @Test func `nobody approves his own opinion`() throws {
        var fund = try paid()
        _ = try fund.report(3)
        _ = try fund.propose(by: CaseFixtures.officer, on: 4)
        let own = try fund.approve(by: CaseFixtures.officer, on: 5)
        #expect(own.rejection == Rejection("own-decision", ["of": "opinion"]))
    }

    @Test(arguments: [
        (CompensationCause.manufacturer, LiabilityProposed.Liable.Kind.manufacturer), (.outlet, .outlet),
        (.ownPost, .person), (.product, .manufacturer), (.goodwill, .nobody),
    ])
    func `the opinion names the party of the cause, another one with a reason`(
        cause: CompensationCause, party: LiabilityProposed.Liable.Kind
    ) throws {
        for kind in LiabilityProposed.Liable.Kind.allCases {
            var fund = try FundFixtures(CaseFixtures.policy(off: [.r06, .r07]))
            _ = try fund.request(100, cause)
            _ = try fund.report(3)
            let reason = try fund.propose(kind, id: nil, on: 4).rejection?.reason
            #expect(reason == (kind == party ? nil : "party-not-of-cause"))
            guard kind != party else { continue }
            #expect(try fund.propose(kind, id: nil, reason: "The pipe was theirs.", on: 4).rejection == nil)
        }
    }

    @Test(arguments: [(CompensationCause.outlet, "O1", "outlet"), (.product, "M1", "manufacturer")])
    func `a named id is that of the party, or has a reason`(cause: CompensationCause, id: String, kind: String) throws {
        let party = try #require(LiabilityProposed.Liable.Kind(rawValue: kind))
        var fund = try FundFixtures()
        _ = try fund.request(100, cause)
        _ = try fund.report(3)
        #expect(
            try fund.propose(party, id: "X9", on: 4).rejection
                == Rejection(
                    "party-not-of-cause",
                    [
                        "cause": .string(cause.rawValue), "party": .string(kind), "named": .string(kind),
                        "partyId": .string(id), "namedId": "X9",
                    ]))
        #expect(try fund.propose(party, id: id, on: 4).rejection == nil)
    }

    @Test func `with R41 switched off any party may be named`() throws {
        var fund = try paid(CaseFixtures.policy(off: [.r41]))
        _ = try fund.report(3)
        #expect(try fund.propose(.customer, on: 4).rejection == nil)
    }

    // MARK: Money

    @Test func `money comes back in parts, never more than was paid`() throws {
        var fund = try paid()
        #expect(try fund.recover(39_999, 2).all(FundRecovered.self).map(\.balanceFen) == [-1])
        #expect(
            try fund.recover(2, 2).rejection
                == Rejection(
                    "exceeds-disbursed",
                    ["disbursedFen": 40_000, "recoveredFen": 39_999, "writtenOffFen": 0, "amountFen": 2]))
        #expect(try fund.recover(1, 2).all(FundRecovered.self).map(\.balanceFen) == [0])
        #expect(fund.record?.isBalanced == true)
    }

    @Test func `a request that is balanced owes nothing more`() throws {
        var fund = try paid()
        _ = try fund.recover(40_000, 2)
        #expect(try fund.harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
        #expect(try fund.report(30).rejection == Rejection("nothing-owed", ["step": "report", "owed": "none"]))
    }

    @Test func `nothing comes back for what was not paid`() throws {
        var fund = try FundFixtures()
        _ = try fund.request(60_000)
        #expect(try fund.recover(1).rejection == Rejection("not-disbursed", ["state": "referred"]))
        #expect(try fund.report().rejection?.reason == "nothing-owed")
    }

    private func propose(_ amountFen: Int64, by: Person = CaseFixtures.officer) -> WriteOffProposed {
        WriteOffProposed(requestId: "Q1", amountFen: amountFen, by: by, reason: "The outlet has gone.")
    }

    private func approve(_ approved: Bool = true, by: Person = CaseFixtures.treasurer) -> WriteOffApproved {
        WriteOffApproved(requestId: "Q1", by: by, approved: approved)
    }

    @Test func `an approved write-off balances the request and moves no money`() throws {
        var fund = try approved()
        _ = try fund.recover(30_000)
        #expect(try fund.send(propose(10_000), 6).outputs.isEmpty)
        #expect(
            try fund.send(approve(), 7).all(FundWrittenOff.self) == [
                FundWrittenOff(
                    requestId: "Q1", amountFen: 10_000, balanceFen: -10_000, caseId: "C1", complaintId: "K1",
                    liableKind: .outlet)
            ])
        #expect(try fund.harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
        #expect(try fund.send(propose(1), 30).rejection?.reason == "nothing-owed")
    }

    @Test func `a write-off is proposed after the liability approval, one at a time`() throws {
        var early = try paid()
        #expect(
            try early.send(propose(1), 3).rejection
                == Rejection("out-of-order", ["step": "write-off", "owed": "report"]))
        var fund = try approved()
        #expect(try fund.send(approve(), 6).rejection?.reason == "no-write-off")
        _ = try fund.send(propose(1), 6)
        #expect(try fund.send(propose(2), 6).rejection == Rejection("write-off-open", ["amountFen": 1]))
        _ = try fund.send(approve(false), 6)
        #expect(try fund.send(propose(2), 6).rejection == nil, "the one before has ended")
    }

    @Test func `the figures of a write-off are tested when it is approved`() throws {
        var fund = try approved()
        _ = try fund.send(propose(40_000), 6)
        _ = try fund.recover(1)
        #expect(
            try fund.send(approve(), 7).rejection
                == Rejection(
                    "exceeds-disbursed",
                    ["disbursedFen": 40_000, "recoveredFen": 1, "writtenOffFen": 0, "amountFen": 40_000]))
        #expect(try fund.send(approve(false), 7).rejection == nil)
        #expect(fund.record?.writeOff == nil)
    }

    @Test func `a write-off that can no longer be approved gives its place to another`() throws {
        var fund = try approved()
        _ = try fund.send(propose(40_000), 6)
        #expect(try fund.send(propose(39_999), 6).rejection?.reason == "write-off-open", "it can still be approved")
        _ = try fund.recover(1)
        #expect(try fund.send(propose(39_999), 7).rejection == nil)
        #expect(try fund.send(approve(), 8).all(FundWrittenOff.self).map(\.amountFen) == [39_999])
        #expect(fund.record?.isBalanced == true)
    }

    @Test func `nobody approves his own write-off`() throws {
        let both = AuthorityPolicy([.approveWriteOff: [.hq, .business]])
        var fund = try approved(CaseFixtures.policy(authority: both))
        _ = try fund.send(propose(1, by: CaseFixtures.officer), 6)
        #expect(
            try fund.send(approve(by: CaseFixtures.officer), 7).rejection
                == Rejection("own-decision", ["of": "write-off"]))
        #expect(try fund.send(approve(by: CaseFixtures.director), 7).types == ["fund.written-off"])
    }

    // MARK: Switched off

    @Test func `with R08 switched off nothing is owed, and money may still come back or be given up`() throws {
        var fund = try paid(CaseFixtures.policy(off: [.r08]))
        #expect(fund.record?.owed == nil)
        #expect(try fund.harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
        #expect(try fund.recover(10_000).types == ["fund.recovered"])
        #expect(try fund.send(propose(30_000), 6).rejection == nil)
        #expect(try fund.send(approve(), 7).types == ["fund.written-off"])
    }

    @Test func `a step that is switched off is passed over`() throws {
        var fund = try paid(CaseFixtures.policy(offParts: [.incidentReport, .liabilityApproval]))
        #expect(fund.record?.owed?.step == .opinion)
        #expect(try fund.report(3).rejection == nil, "recorded without effect")
        #expect(try fund.propose(on: 4).rejection == nil)
        #expect(fund.record?.owed?.step == .recovery)
        #expect(fund.record?.owed?.term.at == (try instant("2026-12-04T10:00:00+08:00")))
    }

    @Test func `a request is written and read back`() throws {
        var fund = try approved()
        _ = try fund.send(propose(7), 6)
        let request = try #require(fund.record)
        let json = try JSONEncoding.tree(of: request)
        #expect(try JSONDecoding.decode(AdvanceRequest.self, from: json) == request)
        let file = try #require(fund.file)
        #expect(try JSONDecoding.decode(CaseFile.self, from: JSONEncoding.tree(of: file)) == file)
    }
}
