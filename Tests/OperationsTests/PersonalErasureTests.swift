import Foundation
import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import StoreTestKit
import Testing

/// Customers with phones of every kind, one complaint each, and what an erasure leaves of them.
private struct ErasureScene {
    static let fullWidth = "１３８００００００００"
    static let phones = [fullWidth, "１３９１１１１２２２２", "看备注", "ask the neighbour", "13700000000"]
    static let officer = Person(id: "hq-one", tier: "hq")
    private(set) var pipeline: MemoryPipeline
    let letters: SealedDeadLetters

    init() async throws {
        letters = SealedDeadLetters(MemoryDeadLetterStore(), keyring: .none)
        pipeline = try await MemoryPipeline(deadLetters: letters)
        for (number, phone) in Self.phones.enumerated() {
            try await complain("P\(number)", phone)
            try await pipeline.send(
                ContactRecorded(
                    caseId: Self.caseId(number), with: .customer, by: Scenario.by, at: pipeline.now,
                    note: "note of \(number)"),
                at: "2026-11-02T11:00:00+08:00")
        }
    }

    static func caseId(_ number: Int) -> String {
        Identifiers.caseId(source: "upstream", complaintId: "P\(number)")
    }

    mutating func complain(_ id: String, _ phone: String) async throws {
        let time = "2026-11-02T11:00:00+08:00"
        try await pipeline.send(
            ComplaintReceived(
                complaintId: id, channel: "hotline", receivedAt: try instant(time),
                customer: Customer(name: "Customer \(id)", phone: phone), storeId: "S1", product: Scenario.product,
                description: "text of \(id)", remedy: "repair"),
            at: time)
    }

    mutating func order(
        phone: String? = nil, caseId: String? = nil, complaintId: String? = nil, by: Person = officer
    ) async throws {
        try await pipeline.send(
            CustomerErasureRequested(
                requestId: "R1", phone: phone, caseId: caseId, complaintId: complaintId, by: by),
            at: "2026-11-02T12:00:00+08:00")
    }

    var office: PersonOffice {
        PersonOffice(stores: pipeline.anyStores, deadLetters: letters, keyring: .none)
    }

    /// Everything that is still kept at one stage.
    func texts(at stage: StageName = .intake) async throws -> [String] {
        let vault = PersonalVault(stage: stage)
        return try await pipeline.stores[stage]?.read { snapshot in
            try snapshot.personalRows(after: 0, limit: 1_000).flatMap { try vault.values(of: $0) }
        } ?? []
    }

    /// Whose texts are left, by the numbers of their complaints.
    func left(at stage: StageName = .intake) async throws -> [Int] {
        let texts = try await texts(at: stage)
        return Self.phones.indices.filter { texts.contains("text of P\($0)") }
    }

    func rejections() async throws -> [String] {
        try await pipeline.stores[.intake]?.read { snapshot in
            try snapshot.journal(after: 0, limit: 1_000, withBodies: true).flatMap(\.outputs)
                .filter { $0.type == BusinessRejected.type.rawValue }
                .map { try JSON(parsing: $0.body)["data"]?["reason"]?.string ?? "" }
        } ?? []
    }
}

@Suite struct `An order to erase` {
    @Test func `by a number in full width erases one person and nobody else`() async throws {
        var scene = try await ErasureScene()
        #expect(try await scene.left() == [0, 1, 2, 3, 4])
        try await scene.order(phone: "138 0000 0000")
        for stage in [StageName.intake, .routing, .handling] {
            #expect(try await scene.left(at: stage) == [1, 2, 3, 4], "\(stage)")
        }
        #expect(try await scene.rejections() == [])
        scene = try await ErasureScene()
        try await scene.order(phone: ErasureScene.fullWidth)
        #expect(try await scene.left() == [1, 2, 3, 4])
    }

    @Test(arguments: ["看备注", "1234", "０", "12345678901234567"])
    func `that names no key is refused and erases nobody`(phone: String) async throws {
        var scene = try await ErasureScene()
        try await scene.order(phone: phone)
        #expect(try await scene.left() == [0, 1, 2, 3, 4])
        #expect(try await scene.rejections() == ["no-phone-key"])
    }

    @Test func `that names nobody, or several, or comes from a shop, is refused and erases nobody`() async throws {
        var scene = try await ErasureScene()
        try await scene.order()
        try await scene.order(phone: "13700000000", caseId: ErasureScene.caseId(4))
        try await scene.order(caseId: ErasureScene.caseId(4), by: Scenario.by)
        try await scene.order(phone: "13700000000", by: Person(id: "nobody", tier: "hq"))
        #expect(
            try await scene.rejections() == ["nobody-named", "several-named", "wrong-tier", "unknown-person"])
        #expect(try await scene.left() == [0, 1, 2, 3, 4])
    }

    @Test func `by a case or complaint reaches who has no number, with all that is about it`() async throws {
        var scene = try await ErasureScene()
        try await scene.order(caseId: ErasureScene.caseId(2))
        try await scene.order(complaintId: "P3", by: Person(id: "judge", tier: "business"))
        for stage in [StageName.intake, .routing, .handling] {
            #expect(try await scene.left(at: stage) == [0, 1, 4], "\(stage)")
            let texts = try await scene.texts(at: stage)
            #expect(!texts.contains { $0.contains("note of 2") || $0.contains("P2") || $0.contains("P3") }, "\(stage)")
        }
        #expect(try await scene.rejections() == [])
        // Whoever has a number is meant as a whole.
        try await scene.complain("P9", "13700000000")
        try await scene.order(caseId: ErasureScene.caseId(4))
        #expect(try await !scene.texts().contains("text of P9"))
        for stage in Pipeline.stages {
            let store = try #require(scene.pipeline.stores[type(of: stage).name])
            let report = try await JournalReplay(stage: stage).run(store)
            #expect(report.isEqual, "\(report.text)")
        }
    }

    @Test func `by a verb finds the same`() async throws {
        let scene = try await ErasureScene()
        let shown = try await scene.office.show(.phone("13800000000"), unmask: true)
        #expect(shown.text.contains("note of 0") && !shown.text.contains("note of 1"))
        let nobody = try await scene.office.show(.phone("看备注"))
        #expect(!nobody.isKnown)
        let byCase = try await scene.office.show(.cases([ErasureScene.caseId(2)]))
        #expect(byCase.stages.contains { $0.stage == .intake && $0.lastSeen == nil })
        _ = try await scene.office.erase(.complaint("P2", from: "upstream"))
        #expect(try await scene.left() == [0, 1, 3, 4])
    }

    @Test func `takes with it the number in a letter's columns`() async throws {
        let scene = try await ErasureScene()
        let time = try instant("2026-11-02T11:00:00+08:00")
        var letter = DeadLetter(
            id: "L", queue: "recourse.intake", failureClass: "schema", code: "contract", firstAt: time, lastAt: time,
            body: Array(#"{"data":{"customer":{"phone":"13700000000"}}}"#.utf8))
        (letter.source, letter.eventId, letter.caseId) = ("crm/137-0000-0000", "E-1", "C13700000000")
        letter.routingKey = "complaint.received.13700000000"
        _ = try await scene.letters.upsert([letter], parkedAt: time)
        #expect(try await scene.office.erase(.cases([ErasureScene.caseId(4)])).deadLetters == 1)
        let row = try #require(try await scene.letters.get("L"))
        #expect(row.isErased && row.letter.source == nil && row.letter.caseId == nil && row.letter.routingKey.isEmpty)
        #expect(row.letter.eventId == "E-1")
    }
}
