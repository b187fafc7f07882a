import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import StoreTestKit
import Testing

/// A customer and a neighbour, and notes about cases that the stages do not know yet.
private struct WaitingScene {
    static let phone = "13977771234"
    var pipeline: MemoryPipeline
    let letters = SealedDeadLetters(MemoryDeadLetterStore(), keyring: .none)

    init() async throws {
        pipeline = try await MemoryPipeline(deadLetters: letters, waiting: WaitingLimits())
    }

    static func caseId(_ id: String) -> String { Identifiers.caseId(source: "upstream", complaintId: id) }

    var office: PersonOffice {
        PersonOffice(stores: pipeline.anyStores, deadLetters: letters, keyring: .none)
    }

    /// - Parameter isKept: nobody but intake hears of it.
    mutating func complain(_ id: String, _ phone: String, isKept: Bool = false) async throws {
        pipeline.holdsBack = { _ in isKept }
        let time = "2026-11-02T11:00:00+08:00"
        try await pipeline.send(
            ComplaintReceived(
                complaintId: id, channel: "hotline", receivedAt: try instant(time),
                customer: Customer(name: "Customer \(id)", phone: phone), storeId: "S1", product: Scenario.product,
                description: "text of \(id)", remedy: "repair"),
            at: time)
        pipeline.holdsBack = { _ in false }
    }

    mutating func note(_ text: String, about id: String) async throws {
        try await pipeline.send(
            ContactRecorded(
                caseId: Self.caseId(id), with: .customer, by: Scenario.by, at: pipeline.now, note: text),
            at: "2026-11-02T11:00:00+08:00")
    }

    mutating func order(phone: String? = nil, complaintId: String? = nil) async throws {
        try await pipeline.send(
            CustomerErasureRequested(
                requestId: "R1", phone: phone, complaintId: complaintId, by: Person(id: "hq-one", tier: "hq")),
            at: "2026-11-02T12:00:00+08:00")
    }

    /// Everything that waits at a stage, as it lies there.
    func held(at stage: StageName) async throws -> [String] {
        let store = try #require(pipeline.stores[stage])
        return try await store.read { snapshot in
            try snapshot.waiting(after: nil, limit: 100).map { event in
                String(decoding: try snapshot.waitingMessage(of: event.event)?.sealed ?? [], as: UTF8.self)
            }
        }
    }

    /// Everything that is kept at a stage of those who are known.
    func texts(at stage: StageName) async throws -> [String] {
        let vault = PersonalVault(stage: stage)
        let store = try #require(pipeline.stores[stage])
        return try await store.read { snapshot in
            try snapshot.personalRows(after: 0, limit: 1_000).flatMap { try vault.values(of: $0) }
        }
    }
}

@Suite struct `Of what waits an erasure` {
    private let stages = [StageName.routing, .handling]

    @Test func `by a complaint takes what is about it, and it is applied without it in the end`() async throws {
        var scene = try await WaitingScene()
        try await scene.note("cross, rang twice", about: "P1")
        try await scene.note("calm, the neighbour", about: "P2")
        try await scene.order(complaintId: "P1")
        for stage in stages {
            let held = try await scene.held(at: stage)
            #expect(held.count == 2 && !held.contains { $0.contains("cross") }, "\(stage)")
            #expect(held.contains { $0.contains("erased") } && held.contains { $0.contains("the neighbour") })
        }
        // The same message once more is a duplicate, though what lies there is another.
        let note = try #require(scene.pipeline.published.first)
        try await scene.pipeline.deliver(note.body(), to: .routing)
        #expect(try await scene.held(at: .routing).count == 2)
        try await scene.complain("P1", WaitingScene.phone)
        try await scene.complain("P2", "13600000001")
        for stage in stages {
            #expect(try await scene.held(at: stage) == [])
            let texts = try await scene.texts(at: stage)
            #expect(texts.contains("erased") && texts.contains("calm, the neighbour"), "\(stage)")
            #expect(!texts.contains { $0.contains("cross") })
            let store = try #require(scene.pipeline.stores[stage])
            let claims = try await store.read { try $0.entry(taking: EventKey(source: "upstream", id: note.id)) }
            #expect(claims?.fate == .applied)
        }
        try await scene.pipeline.deliver(note.body(), to: .routing)
        #expect(try await scene.letters.counts().isEmpty)
        for stage in Pipeline.stages {
            let store = try #require(scene.pipeline.stores[type(of: stage).name])
            let report = try await JournalReplay(stage: stage).run(store)
            #expect(report.isEqual, "\(report.text)")
        }
    }

    @Test(arguments: ["139 7777 1234", "１３９７７７７１２３４", "+86-13977771234"])
    func `by a number takes what holds it, and all that is about the same`(written: String) async throws {
        var scene = try await WaitingScene()
        try await scene.note("cross, call \(written)", about: "P1")
        try await scene.note("still cross", about: "P1")
        try await scene.note("calm, call 13600000001", about: "P2")
        try await scene.order(phone: WaitingScene.phone)
        for stage in stages {
            let held = try await scene.held(at: stage)
            #expect(held.count == 3 && !held.contains { $0.contains("cross") }, "\(stage)")
            #expect(held.contains { $0.contains("call 13600000001") })
        }
    }

    @Test func `by the verb takes at each stage what another knows to be his`() async throws {
        var scene = try await WaitingScene()
        try await scene.complain("P1", WaitingScene.phone, isKept: true)
        try await scene.note("cross, rang twice", about: "P1")
        try await scene.note("calm, the neighbour", about: "P2")
        let shown = try await scene.office.show(.phone(WaitingScene.phone), unmask: true)
        #expect(shown.stages.map(\.stage) == [.intake, .routing, .handling, .reports])
        #expect(shown.stages.map(\.events) == [1, 0, 0, 1] && shown.stages.map(\.waiting) == [0, 1, 1, 0])
        #expect(shown.text.contains("cross, rang twice") && !shown.text.contains("neighbour"))
        #expect(try await !scene.office.show(.phone(WaitingScene.phone)).text.contains("cross"))
        let done = try await scene.office.erase(.phone(WaitingScene.phone))
        #expect(done.stages.map(\.waiting) == [0, 1, 1, 0])
        for stage in stages {
            let held = try await scene.held(at: stage)
            #expect(held.count == 2 && held.contains { $0.contains("neighbour") }, "\(stage)")
            #expect(!held.contains { $0.contains("cross") }, "\(stage)")
        }
        #expect(try await !scene.office.show(.phone(WaitingScene.phone)).isKnown)
    }

    @Test func `by the verb takes what a stage keeps about a matter of which it cannot tell whose it is`() async throws
    {
        var scene = try await WaitingScene()
        try await scene.complain("P1", WaitingScene.phone)
        // Reports take a note as it comes, of whatever case; penalty knows cases by name alone.
        try await scene.note("cross, call \(WaitingScene.phone)", about: "P3")
        try await scene.note("calm, the neighbour", about: "P2")
        for (number, id) in ["P1", "P2"].enumerated() {
            try await scene.pipeline.send(
                ViolationReported(
                    violationId: "W\(number)", outletId: "O1", occurredAt: scene.pipeline.now, category: "manners",
                    recordedBy: .hotline, by: Person(id: "hq-one", tier: "hq"), caseId: WaitingScene.caseId(id),
                    description: "rude to \(id)"),
                at: "2026-11-02T11:00:00+08:00")
        }
        _ = try await scene.office.erase(.phone(WaitingScene.phone))
        #expect(try await scene.texts(at: .penalty) == ["rude to P2"])
        #expect(try await scene.texts(at: .reports) == ["calm, the neighbour"])
        #expect(try await !scene.office.show(.phone(WaitingScene.phone)).isKnown)
    }

    @Test func `leaves alone what holds nothing of anybody`() async throws {
        var scene = try await WaitingScene()
        try await scene.pipeline.send(
            CaseAccepted(caseId: WaitingScene.caseId("P1"), by: Scenario.by), at: "2026-11-02T11:00:00+08:00")
        #expect(try await !scene.office.show(.complaint("P1", from: "upstream")).isKnown)
    }
}
