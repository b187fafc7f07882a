import Policy
import Schema
import Testing

@testable import Stages

/// The settlement of services (R38).
struct PenaltySettlementTests {
    private func service(_ id: String, outlet: String? = "O1", at time: String) throws -> ServiceCompleted {
        ServiceCompleted(
            serviceId: id, kind: .repair, completedAt: try instant(time), customer: Customer(name: "n", phone: "1"),
            storeId: "S1", outletId: outlet, product: Product(category: "tv", brand: "b", purchasedHere: true),
            inWarranty: true)
    }

    private func form(_ id: String, at time: String) throws -> FeedbackFormSubmitted {
        FeedbackFormSubmitted(serviceId: id, by: PenaltyFixture.clerk, at: try instant(time))
    }

    @Test func `Without its form a service is blocked after 10 days, and released when it comes`() throws {
        var harness = try PenaltyFixture.harness()
        _ = try harness.send(try service("SV1", at: "2026-11-03T09:00:00+08:00"), at: "2026-11-03T09:00:00+08:00")
        #expect(try harness.advance(to: "2026-11-13T08:59:59+08:00").isEmpty)
        #expect(
            try harness.advance(to: "2026-11-13T09:00:00+08:00").all(SettlementBlocked.self)
                == [SettlementBlocked(serviceId: "SV1", outletId: "O1")])
        let released = try harness.send(
            try form("SV1", at: "2026-11-20T09:00:00+08:00"), at: "2026-11-20T09:00:00+08:00")
        #expect(released.types == ["settlement.released"])
        #expect(
            try harness.send(try form("SV1", at: "2026-11-21T09:00:00+08:00"), at: "2026-11-21T09:00:00+08:00")
                .outputs.isEmpty)
    }

    @Test func `A form at the last moment is in time`() throws {
        var harness = try PenaltyFixture.harness()
        _ = try harness.send(try service("SV1", at: "2026-11-03T09:00:00+08:00"), at: "2026-11-03T09:00:00+08:00")
        _ = try harness.advance(to: "2026-11-13T08:59:59+08:00")
        let outcome = try harness.send(
            try form("SV1", at: "2026-11-13T09:00:00+08:00"), at: "2026-11-13T09:00:00+08:00")
        #expect(outcome.outputs.isEmpty)
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
    }

    @Test func `A form taken before the timer that it is too late for blocks and releases`() throws {
        var harness = try PenaltyFixture.harness()
        _ = try harness.send(try service("SV1", at: "2026-11-03T09:00:00+08:00"), at: "2026-11-03T09:00:00+08:00")
        let outcome = try harness.send(
            try form("SV1", at: "2026-11-13T09:00:01+08:00"), at: "2026-11-13T09:00:01+08:00")
        #expect(outcome.before.types == ["settlement.blocked"] && outcome.types == ["settlement.released"])
        #expect(outcome.before.first?.event.time == (try instant("2026-11-13T09:00:00+08:00")))
    }

    @Test func `A service without an outlet owes no form; a form of an unknown service waits`() throws {
        var harness = try PenaltyFixture.harness()
        _ = try harness.send(
            try service("SV1", outlet: nil, at: "2026-11-03T09:00:00+08:00"), at: "2026-11-03T09:00:00+08:00")
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
        let outcome = try harness.send(
            try form("SV2", at: "2026-12-31T00:00:00+08:00"), at: "2026-12-31T00:00:00+08:00")
        guard case .unknownReference = outcome.verdict else {
            Issue.record("expected an unknown reference, found \(outcome.verdict)")
            return
        }
    }

    @Test func `Another service under a known id is refused, the same one is not`() throws {
        var harness = try PenaltyFixture.harness()
        let first = try service("SV1", at: "2026-11-03T09:00:00+08:00")
        _ = try harness.send(first, at: "2026-11-03T09:00:00+08:00")
        #expect(try harness.send(first, at: "2026-11-03T10:00:00+08:00").rejection == nil)
        let other = try service("SV1", outlet: "O2", at: "2026-11-03T09:00:00+08:00")
        #expect(try harness.send(other, at: "2026-11-03T09:00:00+08:00").rejection?.reason == "id-taken")
    }

    @Test func `Without R38 nothing is blocked`() throws {
        var harness = try PenaltyFixture.harness(off: [.r38])
        _ = try harness.send(try service("SV1", at: "2026-11-03T09:00:00+08:00"), at: "2026-11-03T09:00:00+08:00")
        #expect(try harness.advance(to: "2026-12-31T00:00:00+08:00").isEmpty)
    }
}
