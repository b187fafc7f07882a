import Policy
import Schema
import Testing

@testable import Stages

/// What the reports show of outlets and manufacturers beside the measures that all have (§8).
@Suite struct ReportsSupervisionTests {
    typealias Fixture = ReportsFixture
    private static let inspector = Person(id: "inspector", tier: "hq")
    private static let noon = "2026-11-04T12:00:00+08:00"

    private func outletMonth(
        _ events: [(any EventData, String)], listed: Bool = true, off: Set<Rule> = []
    ) throws -> Published {
        var harness = try Fixture.harness(off: off, outlets: listed ? ["O1"] : [])
        for (data, time) in events { _ = try harness.send(data, at: time) }
        return try #require(harness.advance(to: "2026-12-31T00:00:00+08:00").report(.outletMonth, "2026-11"))
    }

    // MARK: Which outlets have a report

    @Test func `a listed outlet has a report of every month, though nothing happens there`() throws {
        var harness = try Fixture.harness(stores: [], outlets: ["O1"])
        let out = try harness.advance(to: "2026-04-01T00:00:00+08:00")
        #expect(
            out.published.filter { $0.hasPrefix("monthly-outlet") } == [
                "monthly-outlet 2026-01 2026-02-06T18:30", "monthly-outlet 2026-02 2026-03-06T18:30",
            ])
        #expect(out.report(.outletMonth, "2026-01")?.body["ladder"] == .null, "penalty has said nothing")
    }

    @Test func `an outlet that joins the list later has its reports from then on`() throws {
        var harness = try Fixture.harness(stores: [])
        _ = try harness.send(Fixture.service("V1", at: "2026-01-10T10:00:00+08:00"), at: "2026-01-10T10:00:00+08:00")
        let before = try harness.advance(to: "2026-04-01T00:00:00+08:00")
        #expect(
            before.published.filter { $0.hasPrefix("monthly-outlet") } == ["monthly-outlet 2026-01 2026-02-06T18:30"])
        try harness.adopt(Fixture.harness(stores: [], outlets: ["O1"]).runner.policy)
        let after = try harness.advance(to: "2026-06-01T00:00:00+08:00")
        #expect(
            after.published.filter { $0.hasPrefix("monthly-outlet") } == ["monthly-outlet 2026-04 2026-05-11T18:30"])
    }

    @Test(arguments: [("2026-03-01", ["2026-03"]), ("2026-02-28", ["2026-02", "2026-03"])])
    func `a listed outlet has no report of months that were over before it joined`(
        _ since: String, _ months: [String]
    ) throws {
        var harness = try Fixture.harness(stores: [], outlets: ["O1"], outletsSince: since)
        let out = try harness.advance(to: "2026-04-20T00:00:00+08:00")
        #expect(out.reports.filter { $0.kind == "monthly-outlet" }.map(\.period) == months)
    }

    @Test func `one that is not listed has reports as long as its status is not active`() throws {
        var harness = try Fixture.harness(stores: [])
        func change(_ from: OutletStatusChanged.Status, _ to: OutletStatusChanged.Status) -> OutletStatusChanged {
            OutletStatusChanged(
                outletId: "O1", from: from, to: to, holds: [], dispatch: .allowed, running: .finish)
        }
        _ = try harness.send(change(.active, .warned), at: "2026-01-10T10:00:00+08:00", sequence: 1)
        var out = try harness.advance(to: "2026-03-10T00:00:00+08:00")
        _ = try harness.send(change(.warned, .active), at: "2026-03-10T10:00:00+08:00", sequence: 2)
        out += try harness.advance(to: "2026-07-01T00:00:00+08:00")
        #expect(
            out.reports.filter { $0.kind == "monthly-outlet" }.map(\.period) == ["2026-01", "2026-02", "2026-03"])
    }

    // MARK: What they show

    @Test func `assessments, retests, checks and evaluations are counted, and what penalty refuses is not`() throws {
        func assessed(_ passed: Int, retest: Bool? = nil, by: Person? = Self.inspector) -> TrainingAssessed {
            TrainingAssessed(outletId: "O1", quarter: "2026-Q4", assessed: 10, passed: passed, retest: retest, by: by)
        }
        let stranger = Fixture.stranger
        let events: [(any EventData, String)] = [
            (assessed(8), Self.noon), (assessed(9), Self.noon), (assessed(10, retest: true), Self.noon),
            (
                OutletSiteChecked(outletId: "O1", passed: true, by: Self.inspector, at: try instant(Self.noon)),
                Self.noon
            ),
            (
                OutletSiteChecked(outletId: "O1", passed: false, by: Self.inspector, at: try instant(Self.noon)),
                Self.noon
            ),
            (
                OutletSiteChecked(outletId: "O1", passed: false, by: Fixture.clerk, at: try instant(Self.noon)),
                Self.noon
            ),
            (OutletEvaluated(outletId: "O1", quarter: "2026-Q4", score: 70, by: Self.inspector), Self.noon),
            (OutletEvaluated(outletId: "O1", quarter: "2026-Q4", score: 80, by: Self.inspector), Self.noon),
            (OutletEvaluated(outletId: "O1", quarter: "2026-Q4", score: 90, by: stranger), Self.noon),
            (OutletEvaluated(outletId: "O1", quarter: "2031-Q4", score: 90, by: Self.inspector), Self.noon),
        ]
        let supervision = try outletMonth(events).body["supervision"]
        #expect(supervision?["assessments"] == ["times": 2, "assessed": 20, "passed": 17])
        #expect(supervision?["retests"] == ["times": 1, "assessed": 10, "passed": 10])
        #expect(supervision?["siteChecks"] == ["passed": 1, "failed": 1])
        #expect(supervision?["evaluations"] == ["times": 2, "scoreSum": 150])
    }

    @Test(arguments: [false, true])
    func `an assessment that penalty refuses does not count, whichever of the two is told first`(_ isToldFirst: Bool)
        throws
    {
        func refused(_ id: String, by stage: StageName = .penalty, _ type: EventType = TrainingAssessed.type) -> (
            BusinessRejected, StageName
        ) {
            (
                BusinessRejected(
                    event: .init(source: "upstream", id: id, type: type.wireName), reason: "quarter-judged",
                    figures: [:]),
                stage
            )
        }
        var harness = try Fixture.harness(outlets: ["O1"])
        func assess() throws {
            for (index, retest) in [nil, nil, true, true].enumerated() {
                _ = try harness.send(
                    TrainingAssessed(
                        outletId: "O1", quarter: "2026-Q4", assessed: 10, passed: 6 + index, retest: retest,
                        by: Self.inspector), at: Self.noon, id: "A\(index)")
            }
        }
        func refuse() throws {
            for (data, stage) in [
                refused("A0"), refused("A0"), refused("A3"), refused("A1", by: .routing),
                refused("A1", OutletEvaluated.type),
            ] { _ = try harness.send(data, at: Self.noon, source: stage.source) }
        }
        if isToldFirst { try refuse() }
        try assess()
        if !isToldFirst { try refuse() }
        let report = try harness.advance(to: "2026-12-31T00:00:00+08:00").report(.outletMonth, "2026-11")
        let supervision = report?.body["supervision"]
        #expect(supervision?["assessments"] == ["times": 1, "assessed": 10, "passed": 7])
        #expect(supervision?["retests"] == ["times": 1, "assessed": 10, "passed": 8])
    }

    @Test func `settlements are counted by what holds them back`() throws {
        let supervision = try outletMonth([
            (SettlementBlocked(serviceId: "V1", outletId: "O1"), Self.noon),
            (SettlementBlocked(outletId: "O1", requestId: "Q1", reason: .recovery), Self.noon),
            (SettlementReleased(outletId: "O1", requestId: "Q1", reason: .recovery), Self.noon),
        ]).body["supervision"]
        #expect(
            supervision?["settlements"] == [
                ["reason": "feedback-form", "blocked": 1, "released": 0],
                ["reason": "recovery", "blocked": 1, "released": 1],
            ])
    }

    /// Dispatch is blocked at noon of 4 November and free again at noon of the 10th.
    @Test(arguments: [
        ([OutletStatusChanged.Hold.ladder], "2026-11-05T11:59:59+08:00", 0),
        ([.ladder], "2026-11-05T12:00:00+08:00", 1), ([.ladder], "2026-11-10T11:59:59+08:00", 1),
        ([.ladder], "2026-11-10T12:00:00+08:00", 0), ([.siteCheck], "2026-11-07T12:00:00+08:00", 0),
        ([.siteCheck, .training], "2026-11-07T12:00:00+08:00", 1),
    ])
    func `work is held against who has it given while dispatch had been blocked for a day`(
        _ holds: [OutletStatusChanged.Hold], _ done: String, _ count: Int
    ) throws {
        func change(_ holds: [OutletStatusChanged.Hold]) -> OutletStatusChanged {
            OutletStatusChanged(
                outletId: "O1", from: .active, to: holds.isEmpty ? .active : .suspended, holds: holds,
                dispatch: holds.isEmpty ? .allowed : .blocked, running: .finish)
        }
        var harness = try Fixture.harness(outlets: ["O1"])
        _ = try harness.send(change(holds), at: Self.noon, sequence: 1)
        _ = try harness.send(change([]), at: "2026-11-10T12:00:00+08:00", sequence: 2)
        // Told late: what counts is when it was done.
        _ = try harness.send(Fixture.service("V1", at: done), at: "2026-11-11T12:00:00+08:00")
        let report = try harness.advance(to: "2026-12-31T00:00:00+08:00").report(.outletMonth, "2026-11")
        #expect(report?.body["supervision"]?["servicesWhileBlocked"]?.int == Int64(count))
    }

    @Test func `the year shows what penalty counts for it`() throws {
        var harness = try Fixture.harness(outlets: ["O1"])
        _ = try harness.send(Fixture.service("V1", at: Self.noon), at: Self.noon)
        _ = try harness.send(
            OutletStanding(
                outletId: "O1", period: "2026-12", monthly: .init(count: 0),
                cumulative: .init(count: 7, rung: "warning"),
                status: .active, holds: []), at: "2027-01-08T18:00:00+08:00")
        let year = try harness.advance(to: "2027-01-31T00:00:00+08:00").report(.yearlySummary, "2026")
        #expect(year?.body["outlets"]?.elements?.first?["cumulative"]?.int == 7)
    }

    @Test func `a standing of another month than the one reported is not shown`() throws {
        let report = try outletMonth([
            (
                OutletStanding(
                    outletId: "O1", period: "2026-10", monthly: .init(count: 5), cumulative: .init(count: 5),
                    status: .active, holds: []), "2026-11-06T18:00:00+08:00"
            )
        ])
        #expect(report.body["ladder"] == .null)
    }

    @Test(arguments: [(Rule.r12, "monthly"), (.r13, "cumulative")])
    func `the ladder of a rule that is off is not shown`(_ rule: Rule, _ ladder: String) throws {
        let report = try outletMonth(
            [
                (
                    OutletStanding(
                        outletId: "O1", period: "2026-11", monthly: .init(count: 5), cumulative: .init(count: 5),
                        status: .active, holds: []), "2026-12-07T18:00:00+08:00"
                )
            ], off: [rule])
        #expect(report.body["ladder"]?.members?.count == 1)
        #expect(report.body["ladder"]?[ladder] == nil)
    }

    // MARK: Manufacturers

    @Test func `a manufacturer has its incidents by kind, what became of them, its cases and repairs`() throws {
        var harness = try Fixture.harness(brandsOfM1: ["b"])
        func incident(_ id: String, _ kind: ManufacturerIncidentRecorded.Kind?, upheld: Bool? = nil) -> any EventData {
            ManufacturerIncidentRecorded(
                incidentId: id, manufacturerId: "M1", kind: kind, handled: upheld != nil, upheld: upheld)
        }
        for data in [
            incident("I1", nil), incident("I2", .quality), incident("I3", .nonCooperation),
            incident("I1", nil, upheld: true), incident("I2", .quality, upheld: false),
            try Fixture.service("V1", at: Self.noon), try Fixture.service("V2", at: Self.noon, kind: .delivery),
            try Fixture.closed("K1", at: Self.noon, liability: .manufacturer),
            try Fixture.closed("K2", at: Self.noon, liability: .manufacturer, party: "M1"),
            try Fixture.closed("K3", at: Self.noon, liability: .outlet, party: "M1"),
        ] { _ = try harness.send(data, at: Self.noon) }
        let out = try harness.advance(to: "2026-12-31T00:00:00+08:00")
        let report = try #require(out.report(.makerMonth, "2026-11"))
        #expect(report.subject == "M1" && report.time.description.prefix(16) == "2026-12-07T18:30")
        #expect(
            report.body["incidents"] == [
                ["kind": "dissatisfied", "incidents": 1], ["kind": "quality", "incidents": 1],
                ["kind": "non-cooperation", "incidents": 1],
            ])
        #expect(report.body["handled"] == ["upheld": 1, "dismissed": 1])
        #expect(report.body["work"] == ["cases": 2, "repairs": 1])
    }
}

/// What earlier releases have left of an outlet.
@Suite struct ReportsEarlierOutletTests {
    @Test func `a record of 0_3 with violations and counts is read, and goes on without them`() throws {
        let body = """
            {"id":"O1","book":{"weeks":{},"months":{},"years":{}},"violations":[{"id":"V1","category":"late-visit",\
            "occurredAt":"2026-11-02T10:00:00.000000+08:00","knownAt":"2026-11-02T10:00:00.000000+08:00"}],\
            "counted":{"V1":{"month":"2026-11"}},"left":{"byMonth":{},"byYear":{}}}
            """
        let desk = try JSONDecoding.decodeWhole(
            OutletDesk.self, from: Array(body.utf8), retired: OutletDesk.retiredMembers)
        var harness = try ReportsFixture.harness(outlets: ["O1"])
        harness.put(LiveRecord(value: desk, version: 3), OutletDesk.key("O1"))
        let out = try harness.advance(to: "2026-02-28T00:00:00+08:00")
        #expect(out.report(.outletMonth, "2026-01") != nil)
        let left = String(
            decoding: try JSONEncoding.bytes(of: #require(harness.record(OutletDesk.self, "O1"))), as: UTF8.self)
        #expect(left.contains("\"violations\":[]") && left.contains("\"counted\":{}"), "older releases read them still")
    }
}
