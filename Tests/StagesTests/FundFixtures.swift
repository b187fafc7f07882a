import Policy
import Schema
import Stages
import Testing

/// A case with a store's handler, and what people report about its advances.
struct FundFixtures {
    var harness: StageHarness

    /// The case `C1`, opened and assigned to a store on Monday, 2 November 2026, at 09:00.
    init(_ policy: PolicyBook? = nil, storeId: String? = "S1", outletId: String? = "O1") throws {
        harness = try StageHarness(HandlingStage(), policy: try policy ?? CaseFixtures.policy())
        var opened = try CaseFixtures.opened(at: "2026-11-02T09:00:00+08:00")
        opened.complaint.storeId = storeId
        opened.complaint.outletId = outletId
        if storeId == nil { opened.complaint.regionId = "R1" }
        _ = try harness.send(opened, at: "2026-11-02T09:00:00+08:00")
        _ = try harness.send(
            CaseFixtures.assigned(storeId == nil ? .region : .store), at: "2026-11-02T09:00:00+08:00")
    }

    /// 2026-11-dd at that time.
    static func november(_ day: Int, _ time: String = "10:00:00") -> String {
        "2026-11-\(day < 10 ? "0" : "")\(day)T\(time)+08:00"
    }

    mutating func send(_ data: any EventData, _ day: Int, _ time: String = "10:00:00") throws -> HarnessOutcome {
        try harness.send(data, at: Self.november(day, time))
    }

    mutating func request(
        _ amountFen: Int64, _ cause: CompensationCause = .outlet, id: String = "Q1",
        by: Person = CaseFixtures.clerk, on day: Int = 2, at time: String = "10:00:00"
    ) throws -> HarnessOutcome {
        try send(
            CompensationRequested(requestId: id, caseId: "C1", amountFen: amountFen, cause: cause, by: by), day, time)
    }

    mutating func decide(
        _ approved: Bool = true, id: String = "Q1", by: Person = CaseFixtures.officer, amountFen: Int64? = nil,
        severity: Int? = nil, on day: Int = 3
    ) throws -> HarnessOutcome {
        try send(
            CompensationDecided(
                requestId: id, approved: approved, by: by, amountFen: amountFen, severity: severity), day)
    }

    mutating func contact(_ with: ContactRecorded.Party, _ day: Int, _ time: String) throws {
        let at = try instant(Self.november(day, time))
        _ = try harness.send(
            ContactRecorded(caseId: "C1", with: with, by: CaseFixtures.clerk, at: at), at: at)
    }

    mutating func resolve(_ day: Int, _ time: String = "10:00:00") throws -> HarnessOutcome {
        try send(CaseFixtures.resolved(at: Self.november(day, time), documents: ["D1"]), day, time)
    }

    mutating func report(_ day: Int = 3) throws -> HarnessOutcome {
        try send(IncidentReportSubmitted(requestId: "Q1", by: CaseFixtures.clerk, facts: "It burst."), day)
    }

    mutating func propose(
        _ kind: LiabilityProposed.Liable.Kind = .outlet, id: String? = "O1", by: Person = CaseFixtures.officer,
        reason: String? = nil, on day: Int = 4
    ) throws -> HarnessOutcome {
        try send(LiabilityProposed(requestId: "Q1", by: by, liable: .init(kind: kind, id: id), reason: reason), day)
    }

    mutating func approve(
        _ approved: Bool = true, by: Person = CaseFixtures.director, on day: Int = 5
    ) throws -> HarnessOutcome {
        try send(LiabilityApproved(requestId: "Q1", by: by, approved: approved), day)
    }

    mutating func recover(_ amountFen: Int64, _ day: Int = 6) throws -> HarnessOutcome {
        try send(RecoveryBooked(requestId: "Q1", amountFen: amountFen, by: CaseFixtures.officer), day)
    }

    mutating func advance(_ day: Int, _ time: String = "10:00:00") throws -> [OutgoingEvent] {
        try harness.advance(to: Self.november(day, time))
    }

    var record: AdvanceRequest? { harness.record(AdvanceRequest.self, "Q1") }
    var file: CaseFile? { harness.record(CaseFile.self, "C1") }
    var balanceFen: Int64 { harness.record(FundLedger.self, FundLedger.id)?.balanceFen ?? 0 }
}
