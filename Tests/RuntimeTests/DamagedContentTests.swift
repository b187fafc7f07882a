import Broker
import Schema
import Stages
import Store
import StoreTestKit
import Testing

@testable import Runtime

/// What somebody has damaged in a store fails for itself, and hinders nobody else.
@Suite struct `What is damaged in a store` {
    private let noon = Instant(seconds: 1_793_592_000)
    private static let keys = "k1 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

    private func inbound(_ id: String, _ caseId: String) throws -> InboundEvent {
        let event = Event(
            id: id, source: "upstream", time: noon,
            data: CaseAccepted(caseId: caseId, by: Person(id: "someone", tier: "hq")))
        return InboundEvent(event: event, body: event.body())
    }

    private func processor(_ keyring: Keyring) -> BatchProcessor {
        BatchProcessor(
            runner: StageRunner(stage: ProbeStage<FirstProbe>(), policy: ProbePolicy.book), worker: "one",
            vault: PersonalVault(stage: .intake, keyring: keyring))
    }

    private func process(_ inputs: [InboundEvent], _ processor: BatchProcessor, _ store: MemoryStore) throws
        -> BatchResult
    {
        let noon = noon
        return try store.writeNow { try processor.process(inputs, confirmed: [], clock: noon, in: $0) }
    }

    /// Two wait, and one of the messages is no longer what it was.
    private func store(_ processor: BatchProcessor, sealed: [UInt8], key: String) throws -> MemoryStore {
        let store = MemoryStore()
        let waiting = try process([inbound("1", "needs-x"), inbound("2", "needs-x")], processor, store)
        #expect(waiting.fates == [.waiting, .waiting])
        let damaged = EventKey(source: "upstream", id: "1")
        try store.writeNow { try $0.resealWaiting(damaged, WaitingMessage(key: key, sealed: sealed)) }
        return store
    }

    /// What dies when the reference comes.
    private func death(sealed: [UInt8], keyring: Keyring) throws -> DyingMessage {
        let processor = processor(keyring)
        let store = try store(processor, sealed: sealed, key: keyring.currentId)
        let result = try process([inbound("3", "makes-x")], processor, store)
        #expect(result.fates == [.applied])
        #expect(result.rows.count == 2, "what made it known, and the other that waited")
        #expect(try store.readNow { try $0.nextWaitingEnd() } == nil, "nothing takes it any more")
        #expect(result.dying.map(\.event.id) == ["1"] && result.dying.map(\.reason.code) == ["stage-fault"])
        return try #require(result.dying.first)
    }

    @Test(arguments: [[], [1, 2, 3]] as [[UInt8]])
    func `a message that waits dies alone, and its letter names who it was`(sealed: [UInt8]) throws {
        for keyring in [Keyring.none, try Keyring(parsing: Self.keys)] {
            let json = try JSON(parsing: death(sealed: sealed, keyring: keyring).delivery.body)
            #expect(json["id"] == "1" && json["source"] == "upstream" && json["type"] == "case.accepted.v1")
        }
    }

    @Test func `a message that is no event any more dies with what is left of it`() throws {
        #expect(try death(sealed: Array("{}\nhalf".utf8), keyring: .none).delivery.body == Array("half".utf8))
    }

    @Test func `a message whose key is missing waits for the key, with the stage`() throws {
        let processor = processor(.none)
        let store = try store(processor, sealed: [1, 2, 3], key: "k9")
        let failure = #expect(throws: StoreFailure.self) { try process([inbound("3", "makes-x")], processor, store) }
        #expect(failure?.kind == .unavailable)
    }

    @Test func `is left under its key when the rest gets another, and makes no key wrong`() throws {
        let old = try Keyring(parsing: Self.keys)
        let both = try Keyring(parsing: "k2 AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n" + Self.keys)
        let store = try store(processor(old), sealed: [1, 2, 3], key: "k1")
        let vault = PersonalVault(stage: .intake, keyring: both)
        try store.writeNow { transaction in
            let waiting = try vault.resealWaiting(after: nil, limit: 9, in: transaction)
            #expect(waiting.resealed == 1 && waiting.damaged == 1)
            let rows = try ([1, 2] as [Int64]).map { number in
                let (key, sealed) = try PersonalVault(stage: .intake, keyring: old)
                    .seal(["Li"], number: number, person: 0)
                return PersonalRow(
                    number: number, person: 0, subject: nil, content: number, at: noon, key: key,
                    sealed: number == 1 ? [] : sealed)
            }
            try transaction.keepPersonal(rows, subjects: [:])
            #expect(try vault.fault(in: transaction) == nil)
            let texts = try vault.reseal(after: 0, limit: 9, in: transaction)
            #expect(texts.resealed == 1 && texts.damaged == 1)
        }
    }

    @Test func `texts of a person can be erased all the same`() throws {
        let keyring = try Keyring(parsing: Self.keys)
        let processor = BatchProcessor(
            runner: StageRunner(stage: IntakeStage(), policy: try SimulationPolicy.book()), worker: "one",
            vault: PersonalVault(stage: .intake, keyring: keyring))
        func complaint(_ id: String, _ phone: String) throws -> InboundEvent {
            let event = Event(
                id: id, source: "upstream", time: noon,
                data: ComplaintReceived(
                    complaintId: id, channel: "hotline", receivedAt: noon, customer: Customer(name: "Li", phone: phone),
                    product: Product(category: "washer", brand: "Acme", purchasedHere: true), description: "It leaks.",
                    remedy: "repair"))
            return InboundEvent(event: event, body: event.body())
        }
        let store = MemoryStore()
        _ = try process([complaint("K1", "13800000001"), complaint("K2", "13800000002")], processor, store)
        let vault = processor.vault
        try store.writeNow { transaction in
            var first = try #require(try transaction.personalRows(after: 0, limit: 1).first)
            first.sealed[5] ^= 1
            try transaction.resealPersonal([first])
            let damaged = first
            let failure = #expect(throws: StoreFailure.self) { try vault.values(of: damaged) }
            #expect(failure?.kind == .corrupt, "it is the row's fault, not the database's")
        }
        let order = Event(
            id: "order", source: "upstream", time: noon,
            data: CustomerErasureRequested(requestId: "R1", phone: "13800000001", by: Person(id: "boss", tier: "hq")))
        let result = try process([InboundEvent(event: order, body: order.body())], processor, store)
        #expect(result.fates == [.applied] && result.erased == 1)
        #expect(try store.readNow { try $0.personalRows(after: 0, limit: 9) }.count == 1)
    }
}
