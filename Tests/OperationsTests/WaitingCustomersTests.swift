import Foundation
import Runtime
import Schema
import Stages
import Store
import StoreSQLite
import StoreTestKit
import Testing

/// What waits is taken in one transaction with what makes its reference known; each keeps its own customer.
@Suite struct `Customers of what waits` {
    enum Kind: CaseIterable { case memory, sqlite }

    @Test(arguments: Kind.allCases)
    func `keep their names, and so do those of the same batch`(_ kind: Kind) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "recourse-\(UUID().uuidString)")
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let intake: any Store =
            kind == .memory ? MemoryStore() : try SQLiteStore(directory: folder.path, stage: .intake)
        let routing: any Store =
            kind == .memory ? MemoryStore() : try SQLiteStore(directory: folder.path, stage: .routing)
        let policy = try MemoryPipeline.policy()
        let time = "2026-11-02T11:00:00+08:00"
        let clock = try instant(time)
        func take(_ bodies: [[UInt8]], _ stage: any Stage, _ store: any Store) async throws -> [OutboxRow] {
            let name = type(of: stage).name
            let processor = BatchProcessor(
                runner: StageRunner(stage: stage, policy: policy), worker: "test", vault: PersonalVault(stage: name))
            let inputs = try bodies.map { body in
                let (event, document) = try Event.readDocument(body)
                return InboundEvent(event: event, body: body, document: document)
            }
            return try await store.write { try processor.process(inputs, confirmed: [], clock: clock, in: $0) }.rows
        }
        func complaint(_ id: String) throws -> [UInt8] {
            Event(
                id: id, source: "upstream", time: clock,
                data: ComplaintReceived(
                    complaintId: id, channel: "hotline", receivedAt: clock,
                    customer: Customer(name: "Customer \(id)", phone: "1380000000\(id.count)"), storeId: "S1",
                    product: Scenario.product, description: "text of \(id)", remedy: "repair")
            ).body()
        }
        let opened = try await take([complaint("A"), complaint("BB")], IntakeStage(), intake)
            .map(\.output.body).filter { String(decoding: $0, as: UTF8.self).contains("case.opened") }
        #expect(opened.count == 2)
        let note = Event(
            id: "note", source: "upstream", time: clock,
            data: ContactRecorded(
                caseId: Identifiers.caseId(source: "upstream", complaintId: "BB"), with: .customer, by: Scenario.by,
                at: clock, note: "a note about BB"))
        #expect(try await take([note.body()], RoutingStage(), routing).isEmpty)
        let rows = try await take(opened, RoutingStage(), routing)
        let desks = rows.map { String(decoding: $0.output.body, as: UTF8.self) }.filter { $0.contains("\"customer\"") }
        #expect(desks.count == 2 && desks.allSatisfy { !$0.contains("erased") }, "\(desks)")
        for id in ["A", "BB"] {
            #expect(desks.contains { $0.contains("Customer \(id)") && $0.contains("text of \(id)") })
        }
        #expect(try await routing.read { try $0.waitingCount().events } == 0)
        for store in [intake, routing] { await store.close() }
    }
}
