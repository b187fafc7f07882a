import Policy
import Schema
import Testing

@testable import Stages

/// What the reports tell of complaints, of the chain's own failings, and of the fund by kinds (§8).
@Suite struct ReportsComplaintTests {
    typealias Fixture = ReportsFixture
    private static let noon = "2026-11-04T12:00:00+08:00"

    private func complaint(
        _ id: String, at time: String, _ type: ComplaintReceived.ComplaintType?, _ product: Product,
        store: String = "S1"
    ) throws -> ComplaintReceived {
        ComplaintReceived(
            complaintId: id, channel: "hotline", receivedAt: try instant(time), customer: Fixture.customer,
            storeId: store, product: product, description: "Too late.", remedy: "repair", complaintType: type)
    }

    private func opened(_ complaint: ComplaintReceived) -> CaseOpened {
        CaseOpened(
            caseId: "case-" + complaint.complaintId, complaintId: complaint.complaintId,
            openedAt: complaint.receivedAt, complaint: complaint, cluster: .init(phones: 1, major: false))
    }

    private func lines(_ report: Published?, _ dimension: String) -> [String]? {
        report?.body["by-" + dimension]?.elements?.map { line in
            let name = line["name"]?.string ?? line["type"]?.string ?? ""
            let figures = ["complaints", "before", "change"].map { line[$0]?.int.map(String.init) ?? "-" }
            return "\(name) " + figures.joined(separator: " ")
        }
    }

    @Test func `complaints are analysed by type, category, brand and model, against the month before`() throws {
        var harness = try Fixture.harness(stores: ["S1", "S2"])
        let washer = Product(category: "Washer", brand: "Midea", model: "W1", purchasedHere: true)
        let fridge = Product(category: "fridge", brand: "ＭＩＤＥＡ ", model: "", purchasedHere: true)
        let (october, november) = ("2026-10-10T12:00:00+08:00", Self.noon)
        let first = try complaint("A", at: october, .quality, washer)
        let linked = try complaint("D", at: november, .repair, washer)
        for (data, time) in [
            (opened(first) as any EventData, october),
            (opened(try complaint("B", at: october, .attitude, fridge)), october),
            (opened(try complaint("C", at: november, .quality, washer, store: "S2")), november),
            (
                CaseDuplicateLinked(caseId: "case-D", complaintId: "D", openCaseId: "case-A", complaint: linked),
                november
            ),
            (opened(try complaint("E", at: november, nil, washer)), november),
        ] { _ = try harness.send(data, at: time) }
        let out = try harness.advance(to: "2026-12-31T00:00:00+08:00")
        let report = out.report(.complaintAnalysis, "2026-11")
        #expect(report?.time.description.prefix(16) == "2026-12-07T18:30")
        #expect(lines(report, "type") == ["attitude 0 1 -1", "quality 1 1 0", "repair 1 0 1", "unstated 1 0 1"])
        #expect(lines(report, "category") == ["fridge 0 1 -1", "washer 3 1 2"])
        #expect(lines(report, "brand") == ["midea 3 2 1"], "however it is written")
        #expect(lines(report, "model") == ["midea w1 3 1 2"])
    }

    @Test func `the first month has none before it, and a month without complaints is shown as such`() throws {
        var harness = try Fixture.harness()
        _ = try harness.send(Fixture.opened("A", at: "2026-10-10T12:00:00+08:00"), at: "2026-10-10T12:00:00+08:00")
        _ = try harness.send(Fixture.service("V1", at: Self.noon), at: Self.noon)
        let october = try harness.advance(to: "2026-11-30T00:00:00+08:00").report(.complaintAnalysis, "2026-10")
        #expect(lines(october, "category") == ["washer 1 - -"])
        _ = try harness.send(Fixture.service("V2", at: "2026-12-04T12:00:00+08:00"), at: "2026-12-04T12:00:00+08:00")
        let out = try harness.advance(to: "2027-01-31T00:00:00+08:00")
        #expect(lines(out.report(.complaintAnalysis, "2026-11"), "category") == ["washer 0 1 -1"])
        #expect(lines(out.report(.complaintAnalysis, "2026-12"), "category") == [])
    }

    @Test func `of more names than are kept apart the rest count as others, and none is lost`() throws {
        var analysis = ComplaintAnalysis()
        for number in 0..<ComplaintAnalysis.nameLimit + 3 {
            analysis.add(
                try complaint(
                    "A\(number)", at: Self.noon, .other,
                    Product(category: "c", brand: "brand \(number)", purchasedHere: true)))
        }
        var all = ComplaintAnalysis()
        all.add(analysis)
        all.add(analysis)
        let date = try #require(CivilDate("2026-11-01"))
        var body = ReportBody(from: date, through: date)
        all.add(to: &body, before: nil)
        let named = body.json["by-brand"]?.elements ?? []
        #expect(named.count == ReportBody.placeLimit && named.allSatisfy { $0["complaints"] == 2 })
        #expect(body.json["by-brandOmitted"]?.int == Int64(ComplaintAnalysis.nameLimit - ReportBody.placeLimit))
        #expect(body.json["by-brandOthers"] == 6)
        #expect(named.first?["before"] == .null, "of a month before nothing is known")
    }

    // MARK: The chain's own failings

    @Test func `a store's month names the failings of the chain's own people`() throws {
        var harness = try Fixture.harness()
        func call(_ id: String, _ fault: CallbackCompleted.AtFault) -> CallbackDissatisfied {
            CallbackDissatisfied(
                callbackId: id, about: .service(id), atFault: fault, customer: Fixture.customer, storeId: "S1")
        }
        for data in [
            try Fixture.closed("K1", at: Self.noon, liability: .ownPost),
            try Fixture.closed("K2", at: Self.noon, liability: .outlet),
            // Closed anew after a reopening: one case.
            try Fixture.closed("K1", at: Self.noon, liability: .ownPost),
            call("T2", .ownPost), call("T1", .ownPost), call("T3", .outlet),
        ] as [any EventData] { _ = try harness.send(data, at: Self.noon) }
        let report = try harness.advance(to: "2026-12-31T00:00:00+08:00").report(.storeMonth, "2026-11")
        #expect(
            report?.body["postFaults"] == [
                ["kind": "cases", "count": 1, "ids": ["case-K1"]],
                ["kind": "callbacks", "count": 2, "ids": ["T1", "T2"]],
            ])
    }

    @Test func `of more than a hundred the report says how many are not named`() throws {
        var harness = try Fixture.harness()
        for number in 1...103 {
            _ = try harness.send(
                Fixture.closed("K\(number)", at: Self.noon, liability: .ownPost), at: Self.noon)
        }
        let report = try harness.advance(to: "2026-12-31T00:00:00+08:00").report(.storeMonth, "2026-11")
        let cases = report?.body["postFaults"]?.elements?.first
        #expect(cases?["count"] == 103 && cases?["ids"]?.elements?.count == 100 && cases?["more"] == 3)
    }

    // MARK: What stores report

    @Test func `violations that a store lists and penalty does not know as its own are named in the summary`() throws {
        var harness = try Fixture.harness(stores: ["S1", "S2"])
        _ = try harness.send(Fixture.recorded("X1", at: Self.noon), at: Self.noon)
        _ = try harness.send(
            ViolationRecorded(
                violationId: "X2", outletId: "O1", verified: false, occurredAt: try instant(Self.noon), storeId: "S2"),
            at: Self.noon)
        _ = try harness.send(
            ViolationRecorded(violationId: "X3", outletId: "O1", verified: false, occurredAt: try instant(Self.noon)),
            at: Self.noon)
        let report = Fixture.weekly("2026-W45", ["X1", "X2", "X3", "X4", "X4", "X5"])
        _ = try harness.send(report, at: "2026-11-09T09:00:00+08:00")
        // Known by the time of the summary.
        _ = try harness.send(Fixture.recorded("X5", at: Self.noon), at: "2026-11-10T17:00:00+08:00")
        let out = try harness.advance(to: "2026-11-12T00:00:00+08:00")
        let body = out.report(.weeklySummary, "2026-W45")?.body
        #expect(body?["unreconciled"] == [["storeId": "S1", "violationIds": ["X2", "X4"]]])
        #expect(body?["unreconciledOmitted"] == nil)
    }

    @Test func `an id listed twice is one, and a week that has not begun is not reported`() throws {
        var harness = try Fixture.harness()
        _ = try harness.send(Fixture.service("V1", at: Self.noon), at: Self.noon)
        let times = ["2026-11-01T23:59:59+08:00", "2026-11-02T00:00:00+08:00"]
        for (index, time) in times.enumerated() {
            _ = try harness.send(Fixture.weekly("2026-W45", index == 0 ? ["X9"] : ["X1", "X1", "X2"]), at: time)
        }
        let form = try harness.advance(to: "2026-11-10T00:00:00+08:00").report(.weeklyForm, "2026-W45")
        #expect(form?.body["report"]?["listedViolations"] == 2)
    }

    @Test func `remarks of customers are counted by class`() throws {
        var harness = try Fixture.harness()
        for (id, kind) in [("T1", CustomerRemark.Class.suggestion), ("T2", .suggestion), ("T3", .complaint)] {
            _ = try harness.send(
                CustomerRemark(callbackId: id, class: kind, text: "Open earlier.", storeId: "S1"), at: Self.noon)
        }
        let report = try harness.advance(to: "2026-12-31T00:00:00+08:00").report(.storeMonth, "2026-11")
        #expect(report?.count("remark-suggestion") == 2)
        #expect(report?.count("remark-complaint") == 1)
        #expect(report?.count("remark-report") == 0)
    }

    @Test func `the contact in warranty is that of first calls alone`() throws {
        let ends = "2026-11-20T00:00:00+08:00"
        let end = try instant(ends)
        var harness = try Fixture.harness()
        let second = CallbackScheduled(
            callbackId: "T2", kind: .serviceSecond, windowStart: end.adding(days: -5), windowEnd: end,
            about: .service("T2"), storeId: "S1", inWarranty: true)
        for data in [
            try Fixture.task("T1", ends: ends), second, try Fixture.done("T1", .reached, ends: ends),
        ] as [any EventData] { _ = try harness.send(data, at: Self.noon) }
        let report = try harness.advance(to: "2026-12-31T00:00:00+08:00").report(.callbackAnalysis, "2026-11")
        #expect(report?.rate("contact-in-warranty") == "1/1")
        #expect(report?.rate("contact") == "1/2")
    }

    @Test func `the fund is shown by liable party and by severity`() throws {
        var harness = try Fixture.harness()
        for data in [
            FundDisbursed(requestId: "Q1", amountFen: 1000, balanceFen: 0, severity: 2),
            FundDisbursed(requestId: "Q2", amountFen: 500, balanceFen: 0),
            FundRecovered(requestId: "Q1", amountFen: 400, balanceFen: 0, severity: 2, liableKind: .outlet),
            FundWrittenOff(requestId: "Q1", amountFen: 600, balanceFen: 0, severity: 2, liableKind: .outlet),
            FundRecovered(requestId: "Q2", amountFen: 500, balanceFen: 0, liableKind: .manufacturer),
            Fixture.satisfied("T1"),
        ] as [any EventData] { _ = try harness.send(data, at: Self.noon) }
        let fund = try harness.advance(to: "2026-12-31T00:00:00+08:00").report(.callbackAnalysis, "2026-11")?
            .body["fund"]
        func line(_ name: String, _ of: JSON, _ moved: [Int64], _ rate: [Int64]) -> JSON {
            .object([
                .init(name, of), .init("disbursedFen", .int(moved[0])), .init("payments", .int(moved[1])),
                .init("recoveredFen", .int(moved[2])), .init("writtenOffFen", .int(moved[3])),
                .init(
                    "recoveryRate",
                    [
                        "numerator": .int(rate[0]), "denominator": .int(rate[1]), "basisPoints": .int(rate[2]),
                    ]),
            ])
        }
        #expect(
            fund?["byLiable"] == [
                line("liable", "manufacturer", [500, 1, 500, 0], [500, 500, 10_000]),
                line("liable", "outlet", [1000, 1, 400, 600], [400, 1000, 4_000]),
            ])
        #expect(fund?["bySeverity"] == [line("severity", "2", [1000, 1, 400, 600], [400, 1000, 4_000])])
    }

    @Test func `what was paid and has come back before the opinion belongs to its party, in whatever order it is told`()
        throws
    {
        let told: [any EventData] = [
            FundDisbursed(requestId: "Q1", amountFen: 1000, balanceFen: 0),
            FundRecovered(requestId: "Q1", amountFen: 100, balanceFen: 0),
            LiabilityDecided(requestId: "Q1", kind: .outlet),
            FundRecovered(requestId: "Q1", amountFen: 150, balanceFen: 0, liableKind: .outlet),
            // Of which nothing has come back.
            FundDisbursed(requestId: "Q2", amountFen: 400, balanceFen: 0),
            LiabilityDecided(requestId: "Q2", kind: .person),
            // Of which nobody knows yet who bears it.
            FundDisbursed(requestId: "Q3", amountFen: 50, balanceFen: 0),
        ]
        for order in [told, told.reversed()] {
            var harness = try Fixture.harness()
            for data in order + [Fixture.satisfied("T1")] { _ = try harness.send(data, at: Self.noon) }
            let out = try harness.advance(to: "2027-01-31T00:00:00+08:00")
            let lines = try #require(out.report(.callbackAnalysis, "2026-11")?.body["fund"]?["byLiable"]?.elements)
            #expect(lines.map { $0["liable"] } == ["outlet", "person"])
            #expect(lines.map { $0["disbursedFen"] } == [1000, 400] && lines.map { $0["recoveredFen"] } == [250, 0])
            #expect(lines.map { $0["recoveryRate"]?["basisPoints"] } == [2500, 0])
        }
    }
}
