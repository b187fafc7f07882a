import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import StoreTestKit
import Testing

/// A customer with a wrong number, the right one that the store finds, and a neighbour who has that very number.
private struct NumberScene {
    static let known = "13977771234"
    static let found = "13612345678"
    static let callback = Identifiers.callbackId(kind: "service-first", serviceId: "SV1")
    var pipeline: MemoryPipeline
    let letters = SealedDeadLetters(MemoryDeadLetterStore(), keyring: .none)

    init() async throws {
        pipeline = try await MemoryPipeline(deadLetters: letters, waiting: WaitingLimits())
    }

    var office: PersonOffice {
        PersonOffice(stores: pipeline.anyStores, deadLetters: letters, keyring: .none)
    }

    mutating func serve(_ id: String = "SV1", _ name: String = "Customer A", _ phone: String = known) async throws {
        let time = "2026-11-02T10:00:00+08:00"
        try await pipeline.send(
            ServiceCompleted(
                serviceId: id, kind: .repair, completedAt: instant(time),
                customer: Customer(name: name, phone: phone), storeId: "S1", product: Scenario.product,
                inWarranty: true),
            at: time)
    }

    mutating func call(
        _ attempt: Int = 1, _ outcome: CallbackCompleted.Outcome = .wrongNumber, at time: String,
        comments: String = "a stranger"
    ) async throws {
        try await pipeline.send(
            CallbackCompleted(
                callbackId: Self.callback, attempt: attempt, attemptAt: instant(time), outcome: outcome,
                by: Scenario.by, comments: comments),
            at: time)
    }

    mutating func correct(
        to phone: String = found, at time: String = "2026-11-05T15:00:00+08:00"
    ) async throws {
        try await pipeline.send(
            CustomerContactCorrected(callbackId: Self.callback, phone: phone, by: Scenario.by), at: time)
    }

    /// The number is found wrong, put right, and asked for.
    mutating func run() async throws {
        try await serve()
        try await call(at: "2026-11-05T10:00:00+08:00")
        try await correct()
        try await pipeline.advance(to: "2026-11-06T12:00:00+08:00")
    }

    var store: any Store {
        get throws { try #require(pipeline.stores[.callback]) }
    }

    /// The numbers that callback asks to be called, as they are published, or would now be.
    func asked() async throws -> [String?] {
        try await JournalScan.published(store, of: .callback, after: 0, limit: 1_000, keyring: .none)
            .flatMap(\.outputs).filter { $0.type == CallbackDue.type.rawValue }
            .map { try JSON(parsing: $0.body)["data"]?["customer"]?["phone"]?.string }
    }

    /// What callback keeps of persons.
    func texts() async throws -> [String] {
        let vault = PersonalVault(stage: .callback)
        return try await store.read { snapshot in
            try snapshot.personalRows(after: 0, limit: 1_000).flatMap { try vault.values(of: $0) }
        }
    }

    func persons() async throws -> Int {
        try await store.read { Set(try $0.personalRows(after: 0, limit: 1_000).map(\.person)).count }
    }

    func held() async throws -> [String] {
        try await store.read { snapshot in
            try snapshot.waiting(after: nil, limit: 100).map { event in
                String(decoding: try snapshot.waitingMessage(of: event.event)?.sealed ?? [], as: UTF8.self)
            }
        }
    }

    func differences() async throws -> [String] {
        let report = try await JournalReplay(stage: CallbackStage()).run(store)
        return report.isEqual ? [] : [report.text]
    }
}

@Suite struct `A number that was put right` {
    @Test func `is called, and is the customer's who is known by the other one`() async throws {
        var scene = try await NumberScene()
        try await scene.run()
        #expect(try await scene.asked() == [NumberScene.known, NumberScene.found])
        #expect(try await scene.persons() == 1)
        #expect(try await !scene.office.show(.phone(NumberScene.found)).isKnown)
        let shown = try await scene.office.show(.phone(NumberScene.known), unmask: true)
        #expect(shown.text.contains(NumberScene.found))
        #expect(try await scene.differences() == [])
    }

    @Test(arguments: ["无", "see remarks", "1234"])
    func `is no number if nobody can be called under it`(text: String) async throws {
        var scene = try await NumberScene()
        try await scene.serve()
        try await scene.call(at: "2026-11-05T10:00:00+08:00")
        try await scene.correct(to: text)
        try await scene.pipeline.advance(to: "2026-11-06T12:00:00+08:00")
        #expect(try await scene.asked() == [NumberScene.known], "the task waits for the right one")
        try await scene.correct(at: "2026-11-06T15:00:00+08:00")
        try await scene.pipeline.advance(to: "2026-11-09T12:00:00+08:00")
        #expect(try await scene.asked() == [NumberScene.known, NumberScene.found])
        #expect(try await scene.differences() == [])
    }

    @Test func `leads to nobody who has it, and nobody who has it to the customer`() async throws {
        var scene = try await NumberScene()
        try await scene.serve("SV2", "Neighbour B", NumberScene.found)
        try await scene.run()
        #expect(try await scene.persons() == 2)
        let shown = try await scene.office.show(.phone(NumberScene.found), unmask: true)
        #expect(shown.text.contains("Neighbour B") && !shown.text.contains("stranger"))
        _ = try await scene.office.erase(.phone(NumberScene.found))
        let left = try await scene.texts()
        #expect(!left.contains("Neighbour B"))
        #expect(left.contains("Customer A") && left.contains(NumberScene.found) && left.contains("a stranger"))
    }

    @Test(arguments: [false, true])
    func `is erased with the customer`(byOrder: Bool) async throws {
        var scene = try await NumberScene()
        try await scene.run()
        if byOrder {
            try await scene.pipeline.send(
                CustomerErasureRequested(
                    requestId: "R1", phone: NumberScene.known, by: Person(id: "hq-one", tier: "hq")),
                at: "2026-11-06T13:00:00+08:00")
        } else {
            _ = try await scene.office.erase(.phone("+86 139 7777 1234"))
        }
        #expect(try await scene.texts() == [])
        #expect(try await scene.asked() == ["erased", "erased"])
        #expect(try await scene.differences() == [])
    }

    @Test func `waits for its call, and is the customer's all the same`() async throws {
        var scene = try await NumberScene()
        try await scene.correct(at: "2026-11-02T09:00:00+08:00")
        #expect(try await scene.held().count == 1)
        try await scene.serve()
        #expect(try await scene.held().count == 1, "now it waits for a wrong number")
        try await scene.call(at: "2026-11-02T08:30:00+08:00")
        try await scene.pipeline.advance(to: "2026-11-05T12:00:00+08:00")
        #expect(try await scene.held() == [])
        #expect(try await scene.asked() == [NumberScene.found], "by the call before the window")
        #expect(try await scene.persons() == 1)
        #expect(try await !scene.office.show(.phone(NumberScene.found)).isKnown)
        #expect(try await scene.differences() == [])
    }

    @Test func `while it waits, goes with the customer, and by its own digits takes nothing else along`() async throws {
        var scene = try await NumberScene()
        try await scene.serve()
        try await scene.correct(at: "2026-11-02T15:00:00+08:00")
        var other = try await NumberScene()
        try await other.correct(at: "2026-11-02T09:00:00+08:00")
        try await other.call(at: "2026-11-02T09:30:00+08:00", comments: "sounded cross")

        _ = try await scene.office.erase(.phone(NumberScene.known))
        let held = try await scene.held()
        #expect(held.count == 1 && !held.contains { $0.contains(NumberScene.found) })

        // Whoever has the number may have it erased where it lies about, but the call is another's.
        _ = try await other.office.erase(.phone(NumberScene.found))
        let left = try await other.held()
        #expect(left.count == 2 && !left.contains { $0.contains(NumberScene.found) })
        #expect(left.contains { $0.contains("sounded cross") })
    }
}
