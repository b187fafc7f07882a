import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import StoreTestKit
import Testing

@Suite struct `The after-sales fund` {
    /// One request is paid by the store, one is too much for it.
    private func pipeline() async throws -> MemoryPipeline {
        var pipeline = try await MemoryPipeline()
        try await pipeline.send(
            Scenario.complaint("C1", at: "2026-11-02T10:00:00+08:00"), at: "2026-11-02T10:00:00+08:00")
        for (id, amount) in [("Q1", Int64(30_000)), ("Q2", 90_000)] {
            try await pipeline.send(
                CompensationRequested(
                    requestId: id, caseId: Scenario.caseId, amountFen: amount, cause: .goodwill, by: Scenario.by),
                at: "2026-11-02T11:00:00+08:00")
        }
        try await pipeline.send(
            RecoveryBooked(requestId: "Q1", amountFen: 10_000, by: Scenario.cashier), at: "2026-11-02T12:00:00+08:00")
        return pipeline
    }

    @Test func `is shown with its balance, and each request with what is owed and why`() async throws {
        let pipeline = try await pipeline()
        let store = try #require(pipeline.stores[.handling])
        let report = try #require(try await FundView(handling: store).show())
        #expect(report.balanceFen == -20_000)
        #expect(report.requests.map(\.requestId) == ["Q1", "Q2"])
        let paid = report.requests[0]
        #expect(paid.outstandingFen == 20_000)
        #expect(paid.owed == "report")
        #expect(paid.owedBy == (try instant("2026-11-05T18:00:00+08:00")))
        let events = ["compensation.authorised", "fund.disbursed", "fund.recovered"]
        #expect(paid.decisions.map(\.event) == events)
        let decision = paid.decisions[1]
        #expect(decision.rule == "R05")
        #expect(decision.policy == "test")
        #expect(decision.parameters?["storeCapFen"] == 50_000)
        #expect(decision.facts?["committedFen"] == 30_000)
        #expect(paid.liableKind == nil && paid.recoveryStep == nil)
        #expect(report.requests[1].state == "referred")
        #expect(report.requests[1].referredTo == "region")
    }

    @Test func `is told in words and tables; of one request everything, and the record only where it is asked for`()
        async throws
    {
        let pipeline = try await pipeline()
        let view = FundView(handling: try #require(pipeline.stores[.handling]))
        let all = try #require(try await view.show())
        let lines = all.text.split(separator: "\n").map(String.init)
        #expect(lines[0] == "After-sales fund: balance CNY -200.00")
        #expect(lines[1] == "Paid 300.00, recovered 100.00, written off 0.00; outstanding 200.00.")
        #expect(lines.contains("OPEN REQUESTS"))
        #expect(
            lines.contains {
                $0.hasPrefix("Q1       C1") && $0.contains("300.00       200.00  the incident report")
                    && $0.hasSuffix("2026-11-05T18:00:00+08:00")
            }, "\(all.text)")
        #expect(!all.text.contains("because"))
        let one = try #require(try await view.show(request: "Q1"))
        #expect(one.text.contains("because R05 of policy test  with storeCapFen 50000"))
        #expect(one.requests[0].record == nil && !one.text.contains("fingerprint"))
        let raw = try #require(try await view.show(request: "Q1", withRecord: true))
        #expect(raw.requests[0].record?["complaintId"] == "C1" && raw.text.contains("fingerprint"))
    }

    @Test func `of every payment it is said who asked, and who decided`() async throws {
        var pipeline = try await pipeline()
        try await pipeline.send(
            CompensationDecided(requestId: "Q2", approved: true, by: Scenario.cashier),
            at: "2026-11-02T13:00:00+08:00")
        let view = FundView(handling: try #require(pipeline.stores[.handling]))
        let report = try #require(try await view.show())
        func decider(_ request: Int, _ event: String) throws -> String? {
            let decision = try #require(report.requests[request].decisions.first { $0.event == event })
            return decision.by?.id
        }
        #expect(report.requests.map(\.requestedBy) == ["s1-supervisor", "s1-supervisor"])
        #expect(try decider(0, "fund.disbursed") == nil, "the rules alone")
        #expect(try decider(0, "fund.recovered") == "hq-one")
        #expect(try decider(1, "fund.disbursed") == "hq-one")
        let one = try #require(try await view.show(request: "Q2")).text
        #expect(one.contains("asked by s1-supervisor") && one.contains("by hq-one (hq)"), "\(one)")
        let paid = try #require(report.requests[1].decisions.first { $0.event == "fund.disbursed" })
        let explained = try #require(try await CaseView(stores: pipeline.anyStores).explain(paid.eventId)).text
        #expect(
            explained.contains("by hq-one (hq)") && explained.contains("by s1-supervisor (store)"), "\(explained)")
        let dossier = try #require(try await CaseView(stores: pipeline.anyStores).showCase(Scenario.caseId)).text
        #expect(dossier.contains("by s1-supervisor (store)"), "\(dossier)")
    }

    @Test func `names the steps that are overdue, and since when`() async throws {
        var pipeline = try await pipeline()
        try await pipeline.advance(to: "2026-11-06T09:00:00+08:00")
        let store = try #require(pipeline.stores[.handling])
        let report = try #require(try await FundView(handling: store).show())
        let lines = report.text.split(separator: "\n").map(String.init)
        let start = try #require(lines.firstIndex(of: "OVERDUE STEPS"))
        #expect(lines[start + 2].hasPrefix("Q1       C1") && lines[start + 2].hasSuffix("200.00"), "\(report.text)")
    }

    @Test func `names who is liable, and the step of the ladder that was told of last`() async throws {
        var pipeline = try await pipeline()
        let told: [any EventData] = [
            IncidentReportSubmitted(requestId: "Q1", by: Scenario.by, facts: "f"),
            LiabilityProposed(
                requestId: "Q1", by: Scenario.cashier, liable: .init(kind: .outlet, id: "O1"), reason: "r"),
            LiabilityApproved(requestId: "Q1", by: Person(id: "judge", tier: "business"), approved: true),
        ]
        for (index, data) in told.enumerated() {
            try await pipeline.send(data, at: "2026-11-03T1\(index):00:00+08:00")
        }
        try await pipeline.advance(to: "2026-12-13T12:00:00+08:00")
        let view = FundView(handling: try #require(pipeline.stores[.handling]))
        let report = try #require(try await view.show(request: "Q1"))
        #expect(report.text.contains("  liable is outlet O1; recovery is at the step visit\n"), "\(report.text)")
        #expect(report.requests.first?.liableKind == "outlet" && report.requests.first?.recoveryStep == "visit")
        let events = report.requests.first?.decisions.map(\.event).suffix(6)
        #expect(
            events == [
                "liability.decided", "notice.issued", "obligation.overdue", "settlement.blocked", "recovery.step-due",
                "recovery.step-due",
            ])
    }

    @Test func `is shown page by page, or one request of it`() async throws {
        let pipeline = try await pipeline()
        let store = try #require(pipeline.stores[.handling])
        let view = FundView(handling: store)
        let first = try #require(try await view.show(limit: 1))
        #expect(first.requests.map(\.requestId) == ["Q1"])
        let next = try #require(first.next)
        let second = try #require(try await view.show(after: next, limit: 1))
        #expect(second.requests.map(\.requestId) == ["Q2"])
        #expect(try await view.show(request: "Q2")?.requests.count == 1)
        #expect(try await view.show(request: "Q9") == nil)
    }

    @Test func `lists a request whose record is damaged as that, and the others as ever`() async throws {
        let pipeline = try await pipeline()
        let store = try #require(pipeline.stores[.handling])
        try await store.write { transaction in
            var request = try #require(try transaction.record(RecordKey(kind: "request", id: "Q1")))
            request.body = Array("{".utf8)
            try transaction.save([request])
        }
        let report = try #require(try await FundView(handling: store).show())
        #expect(report.requests.map(\.requestId) == ["Q1", "Q2"])
        #expect(report.requests.first?.state == "unreadable" && report.requests.last?.state != "unreadable")
        #expect(report.text.contains("unreadable"))
    }

    @Test func `adds up for the audit, until somebody changes a sum`() async throws {
        let pipeline = try await pipeline()
        let good = try await MoneyProbe().check(pipeline.anyStores)
        #expect(good.ok, "\(good.examples)")
        #expect(good["disbursedFen"] == 30_000)
        #expect(good["recoveredFen"] == 10_000)
        let store = try #require(pipeline.stores[.handling])
        try await store.write { transaction in
            var request = try #require(try transaction.record(RecordKey(kind: "request", id: "Q1")))
            let body = String(decoding: request.body, as: UTF8.self)
            request.body = Array(body.replacing("\"recoveredFen\":10000", with: "\"recoveredFen\":30000").utf8)
            try transaction.save([request])
        }
        let bad = try await MoneyProbe().check(pipeline.anyStores)
        #expect(bad.examples == ["request Q1: its sums differ from what was announced"])
        #expect(!bad.ok)
    }
}

@Suite struct `The audit of tasks` {
    @Test func `finds a task for everyone who was served`() async throws {
        let pipeline = try await Scenario.finished()
        let check = try await TaskProbe().check(pipeline.anyStores)
        #expect(check.ok, "\(check.examples)")
        // One service, one closing.
        #expect(check["expected"] == 2)
        #expect((check["asked"] ?? 0) > 0)
    }

    @Test func `tells a served customer without a task`() async throws {
        let pipeline = try await Scenario.finished()
        let original = try #require(pipeline.stores[.callback])
        let entries = try await original.read { try $0.journal(after: 0, limit: 1_000, withBodies: true) }
        let store = MemoryStore()
        try await store.write { _ = try $0.append(entries, owner: "test") }
        let check = try await TaskProbe().check([.callback: store])
        #expect(!check.ok)
        #expect(check["wrong"] == 2)
    }
}
