import Policy
import Schema
import Testing

@testable import Stages

/// What each event counts as, seen in the reports of November 2026.
@Suite struct ReportsMeasureTests {
    typealias Fixture = ReportsFixture
    private static let noon = "2026-11-04T12:00:00+08:00"

    /// The chain's analysis of November after these events, each at its own time or at noon of 4 November.
    private func analysis(
        _ events: [any EventData], off: Set<Rule> = [], kind: ReportKind = .callbackAnalysis
    ) throws -> Published {
        var harness = try Fixture.harness(off: off)
        for data in events { _ = try harness.send(data, at: data.ruleTime ?? instant(Self.noon)) }
        return try #require(harness.advance(to: "2026-12-31T00:00:00+08:00").report(kind, "2026-11"))
    }

    @Test func `services count by kind, and only stated answers count in their rates`() throws {
        let report = try analysis([
            Fixture.service("V1", at: Self.noon, onTime: true, firstVisit: true),
            Fixture.service("V2", at: Self.noon, onTime: false, firstVisit: false),
            Fixture.service("V3", at: Self.noon),
            Fixture.service("V4", at: Self.noon, kind: .delivery, onTime: true, firstVisit: true),
        ])
        #expect(report.count("repair") == 3)
        #expect(report.count("delivery") == 1)
        #expect(report.rate("on-time") == "2/3")
        #expect(report.rate("first-visit") == "1/2", "a delivery repairs nothing")
    }

    @Test func `a service under a known id does not count again`() throws {
        let report = try analysis([
            Fixture.service("V1", at: Self.noon), Fixture.service("V1", at: Self.noon, onTime: true),
        ])
        #expect(report.count("repair") == 1)
    }

    @Test(arguments: [
        ("2026-11-03T12:00:00+08:00", "2026-11-10T12:00:00+08:00", "1/2"),
        ("2026-11-10T12:00:00+08:00", "2026-11-03T12:00:00+08:00", "1/2"),
    ])
    func `another repair of the same serial is a repeat, in whichever order they come`(
        _ first: String, _ second: String, _ rate: String
    ) throws {
        let report = try analysis([
            Fixture.service("V1", at: first, serial: "SN"), Fixture.service("V2", at: second, serial: "SN"),
            Fixture.service("V3", at: Self.noon),
        ])
        #expect(report.rate("repeat-repair") == rate, "a repair without a serial is in no ratio")
    }

    @Test(arguments: [("2026-10-05T12:00:00+08:00", "1/1"), ("2026-10-05T11:59:59+08:00", "0/1")])
    func `thirty days include their bound`(_ before: String, _ rate: String) throws {
        let report = try analysis([
            Fixture.service("V1", at: before, serial: "SN"), Fixture.service("V2", at: Self.noon, serial: "SN"),
        ])
        #expect(report.rate("repeat-repair") == rate)
    }

    @Test(arguments: [
        ("2026-11-05T12:00:00+08:00", "1/1"), ("2026-11-05T12:00:01+08:00", "0/1"),
        ("2026-11-04T12:00:00+08:00", "1/1"), ("2026-11-04T11:59:59+08:00", "0/1"),
    ])
    func `a response within 24 hours counts`(_ at: String, _ rate: String) throws {
        let report = try analysis([Fixture.opened("K1", at: Self.noon), Fixture.responded("K1", at: at)])
        #expect(report.rate("response") == rate)
    }

    @Test func `what was responded to before handling told of it counts when the case closes`() throws {
        let prompt = "2026-11-04T13:00:00+08:00"
        let report = try analysis([
            Fixture.opened("K1", at: Self.noon), Fixture.opened("K2", at: Self.noon),
            CaseAccepted(caseId: "case-K1", by: Fixture.clerk), CaseAccepted(caseId: "case-K2", by: Fixture.clerk),
            Fixture.closed("K2", at: "2026-11-05T12:00:00+08:00", responded: prompt),
            Fixture.responded("K2", at: prompt),
        ])
        #expect(report.rate("response") == "1/2", "once, and an acceptance alone says nothing")
    }

    @Test func `every complaint is owed a reply, and linked ones count where their case does`() throws {
        let report = try analysis([
            CustomerReplyOverdue(caseId: "case-K1", complaintId: "K2", receivedAt: try instant(Self.noon)),
            Fixture.linked("K2", to: "K1", at: Self.noon), Fixture.opened("K1", at: Self.noon),
            Fixture.opened("K3", at: Self.noon, store: nil),
        ])
        #expect(report.rate("reply") == "2/3")
        #expect(report.count("linkedComplaints") == 1)
        #expect(report.body["stores"]?.elements?.map { $0["complaints"]?.int } == [1, 2], "without a store: -")
    }

    /// K1's own reply, and that for a crisis that was declared later or at once, in any order.
    @Test(arguments: [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1]])
    func `a crisis that is declared makes no complaint count twice`(_ order: [Int]) throws {
        func overdue(_ caseId: String, _ complaintId: String, _ time: String) throws -> CustomerReplyOverdue {
            CustomerReplyOverdue(caseId: caseId, complaintId: complaintId, receivedAt: try instant(time))
        }
        let told: [any EventData] = [
            try Fixture.opened("K1", at: Self.noon), try overdue("case-K1", "K1", Self.noon),
            try overdue("case-K1", "K1", "2026-11-05T09:00:00+08:00"), try overdue("case-K1", "K1", Self.noon),
        ]
        let report = try analysis(
            order.map { told[$0] } + [
                Fixture.opened("K2", at: Self.noon), Fixture.opened("K3", at: Self.noon),
                // It was answered itself; the crisis was not.
                try overdue("case-K2", "K2", "2026-11-05T09:00:00+08:00"),
            ])
        #expect(report.rate("reply") == "2/3")
    }

    @Test func `a record is complete with a contact and documents`() throws {
        let report = try analysis([
            Fixture.closed("K1", at: Self.noon), Fixture.closed("K2", at: Self.noon, contacted: false),
            Fixture.closed("K3", at: Self.noon, documents: 0),
        ])
        #expect(report.rate("completeness") == "1/3")
    }

    @Test func `tasks count where their window ends, done however they ended`() throws {
        let (inside, outside) = ("2026-12-01T00:00:00+08:00", "2026-12-02T00:00:00+08:00")
        let report = try analysis([
            Fixture.task("T1", ends: inside), Fixture.task("T2", ends: inside), Fixture.task("T3", ends: inside),
            Fixture.task("T4", ends: outside), Fixture.task("T5", ends: inside, kind: .caseClosed),
            Fixture.done("T1", .reached, ends: inside), Fixture.done("T2", .refused, ends: inside),
            Fixture.done("T5", .reached, ends: inside, kind: .caseClosed), Fixture.done("T4", .reached, ends: outside),
        ])
        #expect(report.rate("callback") == "3/4")
        #expect(report.rate("contact") == "2/4")
        #expect(report.rate("contact-in-warranty") == "1/3")
        #expect(report.rate("contact-case-closed") == "1/1")
    }

    @Test func `satisfaction is of the answers known, and surveys make the gap of store and outlet`() throws {
        let survey = [SurveyAnswer(criterion: .reliability, expected: 6, perceived: 3)]
        let ends = "2026-11-20T00:00:00+08:00"
        let report = try analysis([
            Fixture.satisfied("T1"), Fixture.satisfied("T2"), Fixture.dissatisfied("T3"),
            Fixture.done("T1", .reached, ends: ends, survey: survey),
        ])
        #expect(report.rate("satisfaction") == "2/3")
        #expect(report.body["gap"]?["thousandths"]?.int == 3000)
        for places in ["stores", "outlets"] {
            #expect(report.body[places]?.elements?.first?["gapThousandths"]?.int == 3000)
        }
    }

    @Test func `violations count once verified, and the outlet stands where penalty says it does`() throws {
        var events: [any EventData] = []
        events.append(
            OutletStanding(
                outletId: "O1", period: "2026-11", monthly: .init(count: 2, rung: "warning", next: 3),
                cumulative: .init(count: 2, rung: nil, next: 4), status: .active, holds: []))
        for id in ["X1", "X2", "X3"] { events.append(try Fixture.recorded(id, at: Self.noon, caseId: "case-" + id)) }
        // Verified before its report has come, and a twin of X1.
        events.append(try Fixture.recorded("X4", at: Self.noon, upheld: true, caseId: "case-X1"))
        events.append(try Fixture.recorded("X4", at: Self.noon, caseId: "case-X1"))
        events.append(try Fixture.recorded("X1", at: Self.noon, upheld: true, caseId: "case-X1"))
        events.append(try Fixture.recorded("X2", at: Self.noon, upheld: true, caseId: "case-X2"))
        events.append(try Fixture.recorded("X3", at: Self.noon, upheld: false, caseId: "case-X3"))
        let report = try analysis(events, kind: .outletMonth)
        #expect(report.count("violations") == 4)
        #expect(report.count("upheld") == 3)
        #expect(report.count("turnedDown") == 1)
        let monthly = report.body["ladder"]?["monthly"]
        #expect(monthly?["count"]?.int == 2, "as it is told, not as the events would have it")
        #expect(monthly?["rung"] == "warning")
        #expect(monthly?["next"]?.int == 3)
        #expect(report.body["ladder"]?["cumulative"]?["rung"] == .null)
    }

    @Test func `proposals, notices and the standing of an outlet`() throws {
        let report = try analysis(
            [
                PenaltyProposed(
                    proposalId: "P1", outletId: "O1", rung: "warning", ladder: .monthly, period: "2026-11", count: 2,
                    threshold: 2, violationIds: []),
                NoticeIssued(
                    noticeId: "N1", kind: .penalty, addressee: "O1", letter: .init(zh: "函", en: "Letter")),
                NoticeIssued(
                    noticeId: "N2", kind: .manufacturerPenalty, addressee: "M1", letter: .init(zh: "函", en: "L")),
                OutletStatusChanged(
                    outletId: "O1", from: .active, to: .warned, holds: [], dispatch: .allowed, running: .finish),
            ], kind: .outletMonth)
        #expect(report.body["penalties"] == ["proposals": 1, "notices": 1])
        #expect(report.body["standing"]?["status"] == "warned")
    }

    @Test func `the fund shows its position, what moved, and the age of what is open`() throws {
        func disbursed(_ id: String, _ fen: Int64) -> FundDisbursed {
            FundDisbursed(requestId: id, amountFen: fen, balanceFen: 0)
        }
        var harness = try Fixture.harness()
        _ = try harness.send(disbursed("Q1", 1000), at: "2026-09-10T12:00:00+08:00")
        // Recovered before the payment is known.
        _ = try harness.send(FundRecovered(requestId: "Q2", amountFen: 500, balanceFen: 0), at: Self.noon)
        _ = try harness.send(disbursed("Q2", 500), at: Self.noon)
        _ = try harness.send(FundWrittenOff(requestId: "Q1", amountFen: 400, balanceFen: 0), at: Self.noon)
        _ = try harness.send(Fixture.satisfied("T1"), at: Self.noon)
        let fund = try #require(
            harness.advance(to: "2026-12-31T00:00:00+08:00").report(.callbackAnalysis, "2026-11")?.body["fund"])
        #expect(fund["balanceFen"]?.int == -1000)
        #expect(fund["openFen"]?.int == 600)
        #expect(fund["disbursedFen"]?.int == 500)
        #expect(fund["writtenOffFen"]?.int == 400)
        #expect(fund["recoveryRate"] == ["numerator": 500, "denominator": 1500, "basisPoints": 3333])
        #expect(
            fund["age"] == [["paidIn": "2026-09", "months": 2, "openFen": 600, "advances": 1]],
            "what is balanced has no age")
    }
}
