import Policy
import Schema
import Testing

@testable import Stages

/// When reports appear, and what comes too late for them.
@Suite struct ReportsPeriodTests {
    typealias Fixture = ReportsFixture

    @Test func `a week has its form on Monday at 10:00 and its summary on Tuesday at 18:00`() throws {
        var harness = try Fixture.harness()
        _ = try harness.send(Fixture.service("V1", at: "2026-11-04T10:00:00+08:00"), at: "2026-11-04T10:00:00+08:00")
        let out = try harness.advance(to: "2026-11-20T00:00:00+08:00")
        #expect(out.published == ["weekly-form 2026-W45 2026-11-09T10:00", "weekly-summary 2026-W45 2026-11-10T18:00"])
        #expect(out.report(.weeklyForm, "2026-W45")?.subject == "S1")
        #expect(out.report(.weeklyForm, "2026-W45")?.count("repair") == 1)
        #expect(out.allSatisfy { $0.event.sequence == 1 })
    }

    @Test func `after a holiday Monday both come a day later`() throws {
        var harness = try Fixture.harness()
        // Monday, 6 April 2026 is a holiday.
        _ = try harness.send(Fixture.service("V1", at: "2026-04-01T10:00:00+08:00"), at: "2026-04-01T10:00:00+08:00")
        let out = try harness.advance(to: "2026-04-20T00:00:00+08:00")
        #expect(out.published == ["weekly-form 2026-W14 2026-04-07T10:00", "weekly-summary 2026-W14 2026-04-08T18:00"])
    }

    @Test func `after a long holiday two weeks are summed up at once, and the last one names the proposals`() throws {
        var harness = try Fixture.harness()
        for day in ["2026-02-11", "2026-02-21"] {
            _ = try harness.send(Fixture.service(day, at: "\(day)T10:00:00+08:00"), at: "\(day)T10:00:00+08:00")
        }
        _ = try harness.send(
            PenaltyProposed(
                proposalId: "P1", outletId: "O1", rung: "warning", ladder: .monthly, period: "2026-02", count: 2,
                threshold: 2, violationIds: ["X1", "X2"]), at: "2026-02-25T18:00:00+08:00")
        let out = try harness.advance(to: "2026-02-28T00:00:00+08:00")
        #expect(
            out.published == [
                "weekly-form 2026-W07 2026-02-24T10:00", "weekly-form 2026-W08 2026-02-24T10:00",
                "weekly-summary 2026-W07 2026-02-25T18:00", "weekly-summary 2026-W08 2026-02-25T18:00",
            ])
        #expect(out.report(.weeklySummary, "2026-W07")?.body["proposals"] == [])
        let named = out.report(.weeklySummary, "2026-W08")?.body["proposals"]?.elements
        #expect(named?.map { $0["proposalId"]?.string } == ["P1"])
    }

    @Test(arguments: [
        ("2026-11-09T10:00:00+08:00", "in-time"), ("2026-11-09T10:00:00.000001+08:00", "late"),
        ("2026-11-03T08:00:00+08:00", "in-time"), (nil, "missing"),
    ])
    func `a report at 10:00 is in time, after it late, without it missing`(_ at: String?, _ expected: String) throws {
        var harness = try Fixture.harness()
        _ = try harness.send(Fixture.service("V1", at: "2026-11-02T10:00:00+08:00"), at: "2026-11-02T10:00:00+08:00")
        if let at { _ = try harness.send(Fixture.weekly("2026-W45", ["X1"]), at: at) }
        let out = try harness.advance(to: "2026-11-12T00:00:00+08:00")
        let line = try #require(out.report(.weeklySummary, "2026-W45")?.body["stores"]?.elements?.first)
        #expect(line["report"]?.string == expected)
        let reports = out.report(.weeklySummary, "2026-W45")?.body["reports"]
        #expect(reports?["owed"]?.int == 1)
        #expect(reports?["missing"]?.int == (at == nil ? 1 : 0))
    }

    @Test func `what other stages refuse is no report`() throws {
        var harness = try Fixture.harness()
        let noon = "2026-11-09T09:00:00+08:00"
        _ = try harness.send(Fixture.weekly("2026-W45", by: Fixture.stranger), at: noon)
        _ = try harness.send(Fixture.weekly("2026-W60"), at: noon)
        _ = try harness.send(Fixture.weekly("2026-W45", store: "S9"), at: noon)
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").reports.isEmpty)
    }

    @Test func `a week in which nothing happened has a form because its report is overdue`() throws {
        var harness = try Fixture.harness()
        _ = try harness.send(WeeklyReportOverdue(storeId: "S1", week: "2026-W45"), at: "2026-11-09T10:00:00+08:00")
        let out = try harness.advance(to: "2026-11-09T10:00:00+08:00")
        #expect(out.published == ["weekly-form 2026-W45 2026-11-09T10:00"])
        #expect(out.reports.first?.body["report"]?["status"] == "missing")
    }

    @Test(arguments: [
        ("2026-09-10", "2026-09", "2026-10-13T18:30"), ("2026-04-10", "2026-04", "2026-05-11T18:30"),
    ])
    func `a month is reported on the fifth working day of the next, holidays left out`(
        _ day: String, _ month: String, _ time: String
    ) throws {
        var harness = try Fixture.harness()
        _ = try harness.send(Fixture.service("V1", at: "\(day)T10:00:00+08:00"), at: "\(day)T10:00:00+08:00")
        let out = try harness.advance(to: "2026-10-31T00:00:00+08:00").filter { $0.event.time.description > "\(time)" }
        #expect(
            out.published == [
                "monthly-outlet \(month) \(time)", "monthly-store \(month) \(time)",
                "callback-analysis \(month) \(time)", "complaint-analysis \(month) \(time)",
            ])
    }

    @Test func `the year comes with its December, with what came too late for the months`() throws {
        var harness = try Fixture.harness()
        for (id, day) in [("V1", "2026-11-30"), ("V2", "2026-12-31")] {
            _ = try harness.send(Fixture.service(id, at: "\(day)T23:59:59+08:00"), at: "\(day)T23:59:59+08:00")
        }
        let before = try harness.advance(to: "2027-01-01T00:00:00+08:00")
        #expect(before.report(.callbackAnalysis, "2026-11")?.count("repair") == 1)
        _ = try harness.send(Fixture.service("V3", at: "2026-11-15T10:00:00+08:00"), at: "2027-01-02T10:00:00+08:00")
        _ = try harness.send(Fixture.service("V4", at: "2027-01-01T00:00:00+08:00"), at: "2027-01-02T10:00:00+08:00")
        let out = try harness.advance(to: "2027-01-31T00:00:00+08:00")
        let year = try #require(out.report(.yearlySummary, "2026"))
        #expect(year.time.description.prefix(16) == "2027-01-08T18:30")
        #expect(year.count("repair") == 3)
        #expect(year.body["lateFacts"]?.int == 1)
        #expect(year.body["months"]?.elements?.map { $0["services"]?.int } == [1, 1])
        #expect(out.report(.callbackAnalysis, "2026-11") == nil, "nothing is published twice")
        #expect(out.report(.callbackAnalysis, "2026-12")?.count("repair") == 1)
    }

    @Test func `a month is not closed without calendar data, and comes when they are there`() throws {
        var harness = try Fixture.harness(years: [2025])
        _ = try harness.send(Fixture.service("V1", at: "2026-12-05T10:00:00+08:00"), at: "2026-12-05T10:00:00+08:00")
        let out = try harness.advance(to: "2027-02-01T12:00:00+08:00")
        #expect(out.report(.callbackAnalysis, "2026-12") == nil)
        #expect(out.all(CalendarMissing.self).allSatisfy { $0.year == 2027 })
        #expect(out.contains { $0.event.data is CalendarMissing })
        try harness.adopt(PenaltyFixture.policy(since: "2026-01-01", stores: ["S1"], outlets: ["O1"]))
        let later = try harness.advance(to: "2027-02-20T00:00:00+08:00")
        #expect(later.report(.callbackAnalysis, "2026-12")?.count("repair") == 1)
        #expect(later.report(.yearlySummary, "2026")?.count("repair") == 1)
    }

    @Test(arguments: [
        (Rule.r09, [ReportKind.weeklyForm]), (.r11, [.weeklySummary]), (.r29, [.yearlySummary]),
        (.r33, [.storeMonth, .callbackAnalysis, .complaintAnalysis]), (.r17, [.makerMonth]),
    ])
    func `without its rule a report does not appear`(_ rule: Rule, _ missing: [ReportKind]) throws {
        var harness = try Fixture.harness(off: [rule])
        _ = try harness.send(Fixture.service("V1", at: "2026-11-04T10:00:00+08:00"), at: "2026-11-04T10:00:00+08:00")
        _ = try harness.send(
            ManufacturerIncidentRecorded(incidentId: "I1", manufacturerId: "M1"), at: "2026-11-05T10:00:00+08:00")
        let kinds = Set(try harness.advance(to: "2027-01-31T00:00:00+08:00").reports.map(\.kind))
        #expect(kinds == Set(ReportKind.allCases.map(\.rawValue)).subtracting(missing.map(\.rawValue)))
    }

    @Test func `a report on the chain names a hundred places, those with the greatest figures`() throws {
        var places = SortedMap<Int64>()
        for number in 0..<ReportBody.placeLimit + 2 { places["S\(number)"] = number == 99 ? 2 : 1 }
        let date = try #require(CivilDate("2026-11-01"))
        var body = ReportBody(from: date, through: date)
        body.add("stores", places, by: { [$0] }) { id, _ in .string(id) }
        let named = body.json["stores"]?.elements?.compactMap(\.string) ?? []
        #expect(named.count == ReportBody.placeLimit)
        #expect(body.json["storesOmitted"]?.int == 2)
        #expect(named == named.sorted() && named.contains("S99"))
        #expect(!named.contains("S97") && !named.contains("S98"), "of equals the last by id are left out")
    }

    @Test func `of more stores than it names the weekly summary still counts every report`() throws {
        let stores = (1...120).map { "S\($0)" }
        var harness = try Fixture.harness(stores: stores)
        for store in stores {
            _ = try harness.send(
                Fixture.service("F-" + store, at: "2026-11-04T10:00:00+08:00", store: store),
                at: "2026-11-04T10:00:00+08:00")
        }
        for store in stores.prefix(70) {
            _ = try harness.send(
                Fixture.weekly("2026-W45", store: store, by: Person(id: "x", tier: "store", storeId: store)),
                at: "2026-11-09T09:00:00+08:00")
        }
        for number in 1...130 {
            _ = try harness.send(
                PenaltyProposed(
                    proposalId: "P\(number)", outletId: "O1", rung: "warning", ladder: .monthly, period: "2026-11",
                    count: 2, violationIds: []), at: "2026-11-05T10:00:00+08:00")
        }
        let out = try harness.advance(to: "2026-11-12T00:00:00+08:00")
        let body = try #require(out.report(.weeklySummary, "2026-W45")?.body)
        #expect(body["reports"] == ["owed": 120, "inTime": 70, "late": 0, "missing": 50])
        #expect(body["counts"]?["repair"] == 120)
        #expect(body["stores"]?.elements?.count == 100 && body["storesOmitted"] == 20)
        #expect(body["stores"]?.elements?.filter { $0["report"] == "missing" }.count == 50, "they come first")
        #expect(body["proposals"]?.elements?.count == 100 && body["proposalsOmitted"] == 30)
        let next = try harness.advance(to: "2026-11-19T00:00:00+08:00").report(.weeklySummary, "2026-W46")?.body
        #expect(next?["proposalsOmitted"] == nil)
    }

    @Test func `of a case that never comes a hundred facts are kept, and what follows waits for it`() throws {
        var harness = try Fixture.harness()
        for number in 1...100 {
            _ = try harness.send(
                Fixture.linked("L\(number)", to: "K1", at: "2026-11-04T10:00:00+08:00"),
                at: "2026-11-04T10:00:00+08:00")
        }
        let more = try Fixture.linked("L101", to: "K1", at: "2026-11-04T10:00:00+08:00")
        let outcome = try harness.send(more, at: "2026-11-04T10:00:00+08:00")
        guard case .waits(ReportsStage.opening(of: "case-K1"), let rejection) = outcome.verdict else {
            Issue.record("expected it to wait, not \(outcome.verdict)")
            return
        }
        #expect(rejection.reason == "case-unknown")
        let opened = try harness.send(
            Fixture.opened("K1", at: "2026-11-04T10:00:00+08:00"), at: "2026-11-04T10:00:00+08:00")
        #expect(opened.known.contains(ReportsStage.opening(of: "case-K1")))
        _ = try harness.send(more, at: "2026-11-04T10:00:00+08:00")
        let out = try harness.advance(to: "2026-11-12T00:00:00+08:00")
        #expect(out.report(.weeklySummary, "2026-W45")?.count("linkedComplaints") == 101)
    }

    @Test func `a report names nobody`() throws {
        var harness = try Fixture.harness()
        _ = try harness.send(Fixture.opened("K1", at: "2026-11-04T10:00:00+08:00"), at: "2026-11-04T10:00:00+08:00")
        _ = try harness.send(Fixture.dissatisfied("T1"), at: "2026-11-04T11:00:00+08:00")
        for output in try harness.advance(to: "2027-01-31T00:00:00+08:00") {
            let text = String(decoding: output.body(), as: UTF8.self)
            for secret in ["王芳", "13800000000", "Too late", "clerk"] { #expect(!text.contains(secret)) }
        }
    }
}
