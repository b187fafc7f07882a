import Policy
import Schema
import Testing

@testable import Stages

/// What holidays do to each term: those in working days pass over them, those in days and minutes do not.
///
/// National Day 2026 is from 1 to 7 October; Saturday 10 October is a working day in return. The Spring Festival is from
/// 16 to 23 February.
struct HolidayTests {
    private func times(_ outputs: [OutgoingEvent]) -> [String] { said(outputs.filter { $0.destination == .events }) }

    // MARK: Routing

    @Test func `the terms of R03 run through the Spring Festival`() throws {
        var fixture = try RoutingFixture(CaseFixture.policy(off: [.r43]))
        try fixture.open(CaseFixture.complaint(at: "2026-02-16T10:00:00+08:00"))
        #expect(
            try fixture.wait(until: "2026-03-30T00:00:00+08:00").filter { !$0.hasPrefix("case.assigned") } == [
                "case.escalated at 2026-02-18T10:00:00+08:00", "case.escalated at 2026-02-21T10:00:00+08:00",
                "case.overdue at 2026-02-26T10:00:00+08:00",
            ])
    }

    @Test func `the hour of R34 runs in the night of a holiday, the date of R24 is that of the holiday`() throws {
        var fixture = try RoutingFixture(CaseFixture.policy(off: [.r03, .r43]))
        try fixture.open(CaseFixture.complaint(at: "2026-02-17T02:00:00+08:00", hazards: ["fire"]))
        _ = try fixture.resolve(by: RoutingFixture.hqPerson, at: "2026-02-17T02:30:00+08:00")
        #expect(
            try fixture.wait(until: "2026-03-30T00:00:00+08:00") == [
                "case.overdue at 2026-02-17T03:00:00+08:00", "customer.inform-overdue at 2026-02-18T00:00:00+08:00",
            ])
    }

    // MARK: Handling

    /// A case of Tuesday, 29 September, with 40,000 fen requested at 10:00 for `cause`.
    private func requested(_ cause: CompensationCause, contacted: String? = nil) throws -> (StageHarness, [String]) {
        var harness = try StageHarness(HandlingStage(), policy: CaseFixtures.policy())
        let start = "2026-09-29T09:00:00+08:00"
        _ = try harness.send(CaseFixtures.opened(at: start), at: start)
        _ = try harness.send(CaseFixtures.assigned(.store), at: start)
        for party in contacted == nil ? [] : [ContactRecorded.Party.factorySalesman, .brandRepresentative] {
            let at = try instant(contacted ?? start)
            _ = try harness.send(ContactRecorded(caseId: "C1", with: party, by: CaseFixtures.clerk, at: at), at: at)
        }
        let request = CompensationRequested(
            requestId: "Q1", caseId: "C1", amountFen: 40_000, cause: cause, by: CaseFixtures.clerk)
        let out = try harness.send(request, at: contacted ?? "2026-09-29T10:00:00+08:00")
        return (harness, out.types)
    }

    @Test func `the steps of R08 pass over the holidays, its thirty days do not`() throws {
        let steps: [(any EventData, due: String)] = [
            (IncidentReportSubmitted(requestId: "Q1", by: CaseFixtures.clerk, facts: "f"), "2026-10-09T18:00"),
            (
                LiabilityProposed(requestId: "Q1", by: CaseFixtures.officer, liable: .init(kind: .outlet, id: "O1")),
                "2026-10-13T18:00"
            ),
            (LiabilityApproved(requestId: "Q1", by: CaseFixtures.director, approved: true), "2026-10-13T18:00"),
            (RecoveryBooked(requestId: "Q1", amountFen: 40_000, by: CaseFixtures.officer), "2026-10-30T11:00"),
        ]
        var (harness, _) = try requested(.outlet)
        for (event, due) in steps {
            var copy = harness
            let overdue = try copy.advance(to: "2026-12-01T00:00:00+08:00").filter {
                $0.event.type == ObligationOverdue.type
            }
            #expect(times(overdue) == ["obligation.overdue \(due)"])
            _ = try harness.send(event, at: "2026-09-30T11:00:00+08:00")
        }
        #expect(try harness.advance(to: "2026-12-01T00:00:00+08:00").isEmpty)
    }

    @Test func `the working day of R06 and R07 lies behind the holidays`() throws {
        var (own, _) = try requested(.ownPost, contacted: "2026-09-30T10:00:00+08:00")
        #expect(times(try own.advance(to: "2026-12-01T00:00:00+08:00")) == ["compensation.referred 2026-10-08T18:00"])
        var (maker, types) = try requested(.manufacturer, contacted: "2026-09-30T10:00:00+08:00")
        #expect(types == ["compensation.pending"])
        #expect(times(try maker.advance(to: "2026-12-01T00:00:00+08:00")) == ["compensation.referred 2026-10-08T18:00"])
    }

    // MARK: Callback

    private func served() throws -> StageHarness {
        var harness = try CallbackFixtures.harness()
        let at = "2026-09-26T15:00:00+08:00"
        _ = try harness.send(CallbackFixtures.service(at: at), at: at)
        return harness
    }

    @Test func `the next attempt and the right number wait for the end of the holidays`() throws {
        var harness = try served()
        var (other, holder) = (harness, harness)
        _ = try harness.send(CallbackFixtures.call(1, at: "2026-09-30T10:00:00+08:00", .noAnswer))
        #expect(
            times(try harness.advance(to: "2026-12-01T00:00:00+08:00")) == [
                "callback.missed 2026-10-04T00:00", "callback.due 2026-10-08T09:00",
            ])
        _ = try other.send(CallbackFixtures.call(1, at: "2026-09-29T10:00:00+08:00", .wrongNumber))
        #expect(
            times(try other.advance(to: "2026-12-01T00:00:00+08:00")) == [
                "callback.missed 2026-10-04T00:00", "obligation.overdue 2026-10-09T18:00",
            ])
        let found = CustomerContactCorrected(
            callbackId: CallbackFixtures.first, phone: "13900000009", by: CaseFixtures.clerk)
        _ = try holder.send(CallbackFixtures.call(1, at: "2026-09-29T10:00:00+08:00", .wrongNumber))
        _ = try holder.send(found, at: "2026-09-30T10:00:00+08:00")
        #expect(
            times(try holder.advance(to: "2026-12-01T00:00:00+08:00")) == [
                "callback.missed 2026-10-04T00:00", "callback.due 2026-10-08T09:00",
            ])
    }

    @Test func `the second call is due on the first working day of its window, or at 09:00 of its first date`() throws {
        var harness = try served()
        _ = try harness.send(CallbackFixtures.call(1, at: "2026-09-29T10:00:00+08:00", .reached))
        #expect(
            times(try harness.advance(to: "2026-12-01T00:00:00+08:00")) == [
                "callback.due 2026-10-08T09:00", "callback.missed 2026-10-14T00:00",
            ])
    }

    @Test func `customers are called two weeks before, holiday or not; the letter's two days run through`() throws {
        var harness = try CallbackFixtures.harness()
        let announced = CustomerEventAnnounced(
            eventId: "E1", on: try #require(CivilDate("2026-10-16")), title: "Fair", customers: [CaseFixtures.customer])
        _ = try harness.send(announced, at: "2026-09-01T10:00:00+08:00")
        #expect(times(try harness.advance(to: "2026-10-02T10:00:00+08:00")) == ["callback.due 2026-10-02T09:00"])
        let id = Identifiers.callbackId(kind: "customer-event", eventId: "E1", customer: 0)
        var call = try CallbackFixtures.call(id, 1, at: "2026-10-02T11:00:00+08:00", .reached)
        call.letter = true
        _ = try harness.send(call)
        #expect(
            times(try harness.advance(to: "2026-12-01T00:00:00+08:00")) == ["obligation.overdue 2026-10-04T11:00"])
    }

    @Test(arguments: [
        (CallbackFixtures.first, "2026-09-28T23:59:59+08:00", false),
        (CallbackFixtures.first, "2026-09-29T00:00:00+08:00", true),
    ])
    func `a call before the first moment of the window is no attempt`(id: String, time: String, counts: Bool) throws {
        var harness = try served()
        _ = try harness.send(CallbackFixtures.call(id, 1, at: time, .reached))
        #expect((harness.record(CallbackTask.self, id)?.outcome == .reached) == counts)
    }

    // MARK: Penalty

    /// `count` violations of Thursday, 24 September, proposed on Tuesday, 29 September, at 18:00.
    private func proposed(_ count: Int) throws -> (StageHarness, String) {
        var harness = try PenaltyFixture.harness(clock: "2026-09-20T00:00:00+08:00")
        try harness.violate(count, at: "2026-09-24T09:00:00+08:00", prefix: "V")
        let proposals = try harness.advance(to: "2026-09-29T18:00:00+08:00").all(PenaltyProposed.self)
        return (harness, try #require(proposals.first).proposalId)
    }

    @Test func `the decision is owed on the second working day, behind the holidays`() throws {
        var (harness, _) = try proposed(2)
        #expect(
            times(try harness.advance(to: "2026-11-01T00:00:00+08:00")).first == "obligation.overdue 2026-10-08T18:00")
    }

    @Test(arguments: [("2026-10-13T18:00:00+08:00", true), ("2026-10-13T18:00:01+08:00", false)])
    func `the five working days for an appeal pass over the holidays`(time: String, inTime: Bool) throws {
        var (harness, proposal) = try proposed(3)
        let notice = try #require(
            try harness.decide(proposal, at: "2026-09-30T09:00:00+08:00").all(NoticeIssued.self).first)
        _ = try harness.advance(to: "2026-10-13T17:00:00+08:00")
        let appeal = AppealLodged(noticeId: notice.noticeId, by: PenaltyFixture.clerk, grounds: "g")
        #expect((try harness.send(appeal, at: time).rejection == nil) == inTime)
    }

    @Test func `a rectification's fifteen days run through the holidays`() throws {
        var (harness, proposal) = try proposed(3)
        try harness.decide(proposal, at: "2026-09-30T09:00:00+08:00")
        #expect(times(try harness.advance(to: "2026-10-15T09:00:00+08:00")) == ["penalty.proposed 2026-10-15T09:00"])
    }

    @Test func `the decision on a replacement passes over the holidays`() throws {
        var harness = try ManufacturerFixture.harness()
        _ = try harness.uphold("A", at: ["28", "29", "30"].map { "2026-09-\($0)T09:00:00+08:00" })
        #expect(times(try harness.advance(to: "2026-12-01T00:00:00+08:00")) == ["obligation.overdue 2026-10-09T18:00"])
    }

    @Test func `an incident is owed in working days, a feedback form in days`() throws {
        var harness = try PenaltyFixture.harness(clock: "2026-09-20T00:00:00+08:00")
        let complaint = CallbackDissatisfied(
            callbackId: "CB1", about: .service("SV1"), serviceId: "SV1", atFault: .manufacturer, manufacturerId: "M1",
            customer: CaseFixtures.customer)
        let at = "2026-09-29T09:00:00+08:00"
        _ = try harness.send(complaint, at: at, source: "recourse/callback")
        _ = try harness.send(CallbackFixtures.service(at: at), at: at)
        #expect(
            times(try harness.advance(to: "2026-12-01T00:00:00+08:00")) == [
                "settlement.blocked 2026-10-09T09:00", "obligation.overdue 2026-10-09T18:00",
            ])
    }
}
