import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import Testing

/// One matter through all stages: an outlet's installer has caused a fire; the customer is paid, the outlet asked for the
/// money and stopped, until it has paid (R04, R05, R08, R45, R46, R49).
@Suite struct `A fire that an outlet has caused` {
    private static let caseId = Identifiers.caseId(source: "upstream", complaintId: "FIRE-1")
    private static let clerk = Person(id: "s1-clerk", tier: "store", storeId: "S1")
    private static let duty = Person(id: "hq-duty", tier: "hq")
    private static let other = Person(id: "hq-one", tier: "hq")
    private static let regional = Person(id: "r1-one", tier: "region", regionId: "R1")
    private static let judge = Person(id: "judge", tier: "business")
    private static let proposal = Identifiers.proposalId(
        outletId: "O1", ladder: "grave", period: caseId, rung: "stop-dispatch", count: 1)
    private static let notice = Identifiers.noticeId(proposalId: proposal)

    /// What people tell, each at its time.
    private func told() throws -> [(time: String, data: any EventData)] {
        let opened = "2026-11-02T10:00:00+08:00"
        let complaint = ComplaintReceived(
            complaintId: "FIRE-1", channel: "hotline", receivedAt: try instant(opened), customer: Scenario.customer,
            storeId: "S1", product: Scenario.product, outletId: "O1", description: "The installer set it on fire.",
            remedy: "compensation", hazards: ["fire"])
        return [
            (opened, complaint),
            ("2026-11-02T10:20:00+08:00", CaseAccepted(caseId: Self.caseId, by: Self.duty)),
            (
                "2026-11-02T11:00:00+08:00",
                CompensationRequested(
                    requestId: "Q1", caseId: Self.caseId, amountFen: 300_000, cause: .outlet, by: Self.duty)
            ),
            ("2026-11-02T12:00:00+08:00", CompensationDecided(requestId: "Q1", approved: true, by: Self.other)),
            (
                "2026-11-03T09:00:00+08:00",
                IncidentReportSubmitted(requestId: "Q1", by: Self.clerk, facts: "A loose wire.")
            ),
            (
                "2026-11-03T10:00:00+08:00",
                LiabilityProposed(requestId: "Q1", by: Self.other, liable: .init(kind: .outlet, id: "O1"))
            ),
            ("2026-11-03T11:00:00+08:00", LiabilityApproved(requestId: "Q1", by: Self.judge, approved: true)),
            (
                "2026-11-04T09:00:00+08:00",
                CaseResolved(
                    caseId: Self.caseId, by: Self.duty, resolvedAt: try instant("2026-11-04T09:00:00+08:00"),
                    solution: "Paid.", liability: .outlet, documents: ["D1"])
            ),
            ("2026-11-05T09:00:00+08:00", ViolationVerified(violationId: Self.caseId, upheld: true, by: Self.other)),
            ("2026-11-05T10:00:00+08:00", PenaltyDecided(proposalId: Self.proposal, approved: true, by: Self.judge)),
            (
                "2026-11-06T09:00:00+08:00",
                AppealLodged(noticeId: Self.notice, by: Self.regional, grounds: "It was the socket.")
            ),
            ("2026-11-09T09:00:00+08:00", AppealDecided(noticeId: Self.notice, penaltyStands: true, by: Self.judge)),
            ("2026-12-20T09:00:00+08:00", RecoveryBooked(requestId: "Q1", amountFen: 300_000, by: Self.other)),
        ]
    }

    /// Every event that the stages have emitted, in the order of its time, then stage and journal.
    private func emitted(_ pipeline: MemoryPipeline) async throws -> [(stage: StageName, event: Event)] {
        var all: [(stage: StageName, event: Event)] = []
        for stage in StageName.allCases {
            guard let store = pipeline.stores[stage] else { continue }
            let entries = try await JournalScan.published(store, of: stage, after: 0, limit: 10_000, keyring: .none)
            for output in entries.flatMap(\.outputs) where output.exchange == ExchangeName.events {
                all.append((stage, try Event.read(output.body)))
            }
        }
        return all.enumerated().sorted { ($0.element.event.time, $0.offset) < ($1.element.event.time, $1.offset) }
            .map(\.element)
    }

    private func finished() async throws -> MemoryPipeline {
        var pipeline = try await MemoryPipeline()
        for (time, data) in try told() { try await pipeline.send(data, at: time) }
        return pipeline
    }

    @Test func `goes from the complaint to the money that has come back`() async throws {
        let events = try await emitted(try await finished())
        let refused = events.compactMap { ($0.event.data as? BusinessRejected)?.reason }
        #expect(refused == [])
        let wanted = [
            "case.opened", "crisis.alerted", "case.responded", "compensation.referred", "compensation.authorised",
            "fund.disbursed", "liability.decided", "notice.issued", "case.closed", "violation.recorded",
            "penalty.proposed", "outlet.status-changed", "settlement.blocked", "recovery.step-due", "fund.recovered",
            "settlement.released",
        ]
        var left = wanted[...]
        for (_, event) in events where event.type.rawValue == left.first { left.removeFirst() }
        #expect(left.isEmpty, "not found in this order: \(left)")
    }

    @Test func `asks the outlet for the money, and stops it for the fire`() async throws {
        let events = try await emitted(try await finished())
        let letters = events.compactMap { $0.event.data as? NoticeIssued }
        #expect(letters.map(\.kind) == [.recoveryDemand, .penalty])
        #expect(letters.map(\.addressee) == ["O1", "O1"])
        let violation = events.compactMap { $0.event.data as? ViolationRecorded }
        #expect(violation.map(\.violationId) == [Self.caseId, Self.caseId] && violation.last?.upheld == true)
        let proposed = events.compactMap { $0.event.data as? PenaltyProposed }
        // The outlet has been trained by nobody, which is another matter.
        let grave = proposed.filter { $0.ladder != .training }
        #expect(grave.map(\.ladder) == [.grave] && grave.first?.violationIds == [Self.caseId])
        let changes = events.compactMap { $0.event.data as? OutletStatusChanged }
        #expect(changes.last?.dispatch == .blocked && changes.last?.running == .handOver)
        let blocked = events.compactMap { $0.event.data as? SettlementBlocked }.filter { $0.requestId == "Q1" }
        #expect(blocked.map(\.reason) == [.recovery])
    }

    @Test func `is explained back to the complaint, act by act`() async throws {
        let pipeline = try await finished()
        let events = try await emitted(pipeline)
        let office = Office(MemoryPremises(pipeline))
        for type in [
            "crisis.alerted", "case.closed", "violation.recorded", "settlement.blocked", "outlet.status-changed",
        ] {
            let event = try #require(events.last { $0.event.type.rawValue == type }).event
            let explanation = try await office.explain(event.id)
            #expect(explanation.origin.hasPrefix("It begins with complaint.received"), "\(explanation.text)")
        }
        let released = try #require(events.last { $0.event.type.rawValue == "settlement.released" }).event
        let acts = try await office.explain(released.id).chain.filter { $0.concerns != nil }
        #expect(acts.map(\.input) == ["recovery.booked", "compensation.requested"])
        #expect(acts.map { $0.concerns?.id } == ["Q1", Self.caseId])
    }
}
