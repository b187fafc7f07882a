import Schema
import Stages
import Store
import Testing

/// A resolution names the liable party in a text that stages see as a token; an outlet's id they have to read (R45).
@Suite struct LiableOutletTests {
    private let clerk = Person(id: "s1-clerk", tier: "store", storeId: "S1")

    private func close(liable party: String) async throws -> MemoryPipeline {
        var pipeline = try await MemoryPipeline(policy: MemoryPipeline.policy(isGrown: true))
        let complaint = ComplaintReceived(
            complaintId: "K1", channel: "hotline", receivedAt: try instant("2026-11-02T09:00:00+08:00"),
            customer: Customer(name: "Li", phone: "13800000001"), storeId: "S1",
            product: Product(category: "washer", brand: "Acme", purchasedHere: true), outletId: "O1",
            description: "It leaks.", remedy: "repair")
        try await pipeline.send(complaint, at: "2026-11-02T09:00:00+08:00")
        let resolved = CaseResolved(
            caseId: Identifiers.caseId(source: "upstream", complaintId: "K1"), by: clerk,
            resolvedAt: try instant("2026-11-03T09:00:00+08:00"), solution: "New pump.", liability: .outlet,
            liableParty: party, documents: ["D1"])
        try await pipeline.send(resolved, at: "2026-11-03T09:00:00+08:00")
        return pipeline
    }

    /// The outlets that penalty knows a violation of, and whether any of its inputs tells the words of `party`.
    private func found(_ party: String) async throws -> (outlets: [String], isTold: Bool) {
        let pipeline = try await close(liable: party)
        let store = try #require(pipeline.stores[.penalty])
        var (outlets, isTold): ([String], Bool) = ([], false)
        for entry in try await store.read({ try $0.journal(after: 0, limit: 10_000, withBodies: true) }) {
            if case .event(_, _, _, _, let body) = entry.input {
                isTold = isTold || String(decoding: body, as: UTF8.self).contains(party)
            }
            for output in entry.outputs {
                guard let recorded = try Event.read(output.body).data as? ViolationRecorded else { continue }
                outlets.append(recorded.outletId)
            }
        }
        return (outlets, isTold)
    }

    @Test func `a listed outlet that is named is liable, though another one did the work`() async throws {
        let found = try await found("O2")
        #expect(found.outlets == ["O2"])
        #expect(found.isTold)
    }

    @Test func `anything else stays hidden, and the outlet of the complaint is liable`() async throws {
        let found = try await found("Zhang Wei of O2")
        #expect(found.outlets == ["O1"])
        #expect(!found.isTold)
    }
}
