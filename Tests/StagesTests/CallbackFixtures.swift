import Policy
import Schema
import Stages
import Testing

/// The service `V1`, done on Monday, 2 November 2026, and what is reported about its calls.
enum CallbackFixtures {
    static let first = Identifiers.callbackId(kind: "service-first", serviceId: "V1")
    static let second = Identifiers.callbackId(kind: "service-second", serviceId: "V1")

    static func service(
        _ id: String = "V1", at time: String = "2026-11-02T15:00:00+08:00", outlet: String? = "O1",
        product: Product = CaseFixtures.product
    ) throws -> ServiceCompleted {
        ServiceCompleted(
            serviceId: id, kind: .repair, completedAt: try instant(time), customer: CaseFixtures.customer,
            storeId: "S1", outletId: outlet, product: product, inWarranty: true)
    }

    /// A call about the first task of the service.
    static func call(
        _ attempt: Int, at time: String, _ outcome: CallbackCompleted.Outcome, satisfied: Bool? = nil,
        score: Int? = nil, atFault: CallbackCompleted.AtFault? = nil, by: Person = CaseFixtures.officer
    ) throws -> CallbackCompleted {
        try call(first, attempt, at: time, outcome, satisfied: satisfied, score: score, atFault: atFault, by: by)
    }

    static func call(
        _ id: String, _ attempt: Int, at time: String, _ outcome: CallbackCompleted.Outcome,
        satisfied: Bool? = nil, score: Int? = nil, atFault: CallbackCompleted.AtFault? = nil,
        by: Person = CaseFixtures.officer
    ) throws -> CallbackCompleted {
        CallbackCompleted(
            callbackId: id, attempt: attempt, attemptAt: try instant(time), outcome: outcome, by: by,
            satisfied: satisfied, score: score, atFault: atFault, comments: "Too late.")
    }

    /// A closing on Thursday, 5 November 2026.
    static func closed(_ closing: Int = 1, at time: String = "2026-11-05T16:00:00+08:00") throws -> CaseClosed {
        CaseClosed(
            caseId: "C1", complaintId: "K1", closedAt: try instant(time), closing: closing,
            customer: CaseFixtures.customer, product: CaseFixtures.product, storeId: "S1", outletId: "O1",
            liability: .outlet, tier: .store)
    }

    static func closingId(_ closing: Int = 1) -> String {
        Identifiers.callbackId(kind: "case-closed", caseId: "C1", closing: closing)
    }

    static func harness(_ policy: PolicyBook? = nil) throws -> StageHarness {
        try StageHarness(
            CallbackStage(), policy: try policy ?? CaseFixtures.policy(),
            clock: try instant("2026-01-01T00:00:00+08:00"))
    }

    /// A stage that knows the service, at that time.
    static func served(_ policy: PolicyBook? = nil, now: String = "2026-11-02T15:00:00+08:00") throws -> StageHarness {
        var harness = try harness(policy)
        _ = try harness.send(service(), at: "2026-11-02T15:00:00+08:00")
        _ = try harness.advance(to: now)
        return harness
    }
}

extension StageHarness {
    /// Sends a report of a call, at the time of the call.
    mutating func send(_ call: CallbackCompleted) throws -> HarnessOutcome { try send(call, at: call.attemptAt) }
}

/// What came out: type and time, for short expectations.
func said(_ outputs: [OutgoingEvent]) -> [String] {
    outputs.map { "\($0.event.type) \($0.event.time.description.prefix(16))" }
}
