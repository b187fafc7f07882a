import Broker
import BrokerTestKit
import Foundation
import Logging
import Policy
import RabbitMQ
import Schema
import Stages
import Store
import StoreSQLite
import StoreTestKit
import Synchronization
import Testing

@testable import Runtime

/// The shell around the state machine: consume, decide, publish, drain.
@Suite struct WorkerTests {
    @Test func `A worker takes events in, publishes what it decides, and drains when it is stopped`() async throws {
        let broker = PumpedBroker()
        try await broker.memory.declare(WorkerScene.topology)
        try await WorkerScene.play(broker: broker, store: MemoryStore())
        broker.memory.deliverAll()
        // The repeated complaint may have been handed back.
        #expect((broker.memory.queueDepth("recourse.intake")?.ready ?? 2) <= 1)
        #expect(broker.memory.queueDepth(QueueName.dead)?.ready == 1)
        #expect(broker.memory.endpoints.isEmpty)
        broker.end()
    }

    @Test func `The same on disk: what was committed is there for the next worker`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "recourse-\(UUID().uuidString)")
        defer { removeFolder(folder) }
        let broker = PumpedBroker()
        try await broker.memory.declare(WorkerScene.topology)
        try await WorkerScene.play(
            broker: broker, store: try SQLiteStore(directory: folder.path, stage: .intake))
        let store = try SQLiteStore(directory: folder.path, stage: .intake)
        let counts = try await store.read { try $0.counts() }
        #expect(counts.applied == WorkerScene.complaints && counts.outbox == 0)
        await store.close()
        broker.end()
    }

    @Test(
        .enabled(
            if: RealServer.isThere, "RECOURSE_TEST_AMQP_URL and RECOURSE_TEST_RABBITMQCTL are not set"))
    func `The same over a real broker and a file`() async throws {
        let server = try RealServer()
        let folder = FileManager.default.temporaryDirectory.appending(path: "recourse-\(UUID().uuidString)")
        defer { removeFolder(folder) }
        try await server.inOwnVirtualHost { broker in
            try await broker.declare(WorkerScene.topology)
            try await WorkerScene.play(
                broker: broker, store: try SQLiteStore(directory: folder.path, stage: .intake))
        }
    }

    @Test func `A worker that is stopped before it runs ends, and takes nothing`() async throws {
        let broker = PumpedBroker()
        try await broker.memory.declare(WorkerScene.topology)
        let store = MemoryStore()
        let other = MemoryStore(sharing: store)
        let worker = WorkerScene.worker(broker, store)
        worker.stop()
        await worker.run()
        #expect(try other.readNow { try $0.counts() }.applied == 0)
        broker.end()
    }

    private func removeFolder(_ folder: URL) {
        do { try FileManager.default.removeItem(at: folder) } catch {
            Issue.record("remove \(folder.path): \(error)")
        }
    }
}

@Suite struct ParkingWorkerTests {
    private func worker(_ broker: PumpedBroker, _ letters: any DeadLetterStore) -> ParkingWorker {
        ParkingWorker(
            deadLetters: SealedDeadLetters(letters, keyring: .none), broker: broker, prefetch: 10,
            wall: { WorkerScene.noon },
            isAllowed: { ProbePolicy.book.rejection(of: $0) == nil },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func bury(_ bodies: [String], in broker: PumpedBroker) {
        broker.publisher { _ in }.publish(
            bodies.enumerated().map { offset, body in
                Publication(
                    ticket: UInt64(offset), exchange: "", routingKey: QueueName.dead, mandatory: true,
                    properties: MessageProperties(), body: Array(body.utf8))
            })
    }

    private func orderErasure(in broker: PumpedBroker) throws {
        let order = Event(
            id: "o-1", source: "shop", time: WorkerScene.noon,
            data: CustomerErasureRequested(
                requestId: "R1", phone: "13800138000", by: Person(id: "someone", tier: "hq")))
        broker.publisher { _ in }.publish([
            Publication(
                ticket: 9, exchange: ExchangeName.inbox, routingKey: order.type.rawValue, mandatory: true,
                properties: .of(order), body: order.body())
        ])
    }

    @Test func `What was parked is acknowledged, and a letter that comes twice makes one row`() async throws {
        let broker = PumpedBroker()
        try await broker.memory.declare(WorkerScene.topology)
        bury(["a", "b", "a"], in: broker)
        let letters = WatchedLetters()
        let parking = worker(broker, letters)
        async let run: Void = parking.run()
        try await letters.log.wait(for: 3, "three letters")
        parking.stop()
        await run
        #expect(letters.rows == 2)
        #expect(broker.memory.queueDepth(QueueName.dead)?.ready == 0)
        broker.end()
    }

    @Test func `An order to erase a customer empties his letters and leaves others alone`() async throws {
        let broker = PumpedBroker()
        try await broker.memory.declare(Topology.pipeline([IntakeStage()]))
        bury([#"{"phone":"+86 138 0013 8000"}"#, "call 138-0013-8000", #"{"phone":"13900139000"}"#], in: broker)
        try orderErasure(in: broker)
        let letters = WatchedLetters()
        let parking = worker(broker, letters)
        async let run: Void = parking.run()
        try await letters.erasures.wait(for: 2, "two letters to be erased")
        parking.stop()
        await run
        let rows = try await letters.list(DeadLetterFilter(), after: nil, limit: 9)
        #expect(rows.count == 3, "the order is no letter")
        #expect(rows.filter(\.isErased).count == 2)
        let left = rows.filter { !$0.isErased }.map { String(decoding: $0.letter.body, as: UTF8.self) }
        #expect(left == [#"{"phone":"13900139000"}"#])
        #expect(rows.filter(\.isErased).allSatisfy { $0.note == "erased by order R1" })
        broker.end()
    }

    @Test func `Stopped while it looks for a customer's letters, it leaves the order in the queue`() async throws {
        let broker = PumpedBroker()
        try await broker.memory.declare(Topology.pipeline([IntakeStage()]))
        try orderErasure(in: broker)
        let parking = Mutex<ParkingWorker?>(nil)
        let pages = Atomic(0)
        let letters = WatchedLetters(onPage: {
            pages.add(1, ordering: .relaxed)
            parking.withLock { $0?.stop() }
        })
        let many = (0..<200).map { number in
            DeadLetter(
                id: "letter-\(number)", queue: "q", failureClass: "c", code: "c", firstAt: WorkerScene.noon,
                lastAt: WorkerScene.noon, body: Array("call 138-0013-8000".utf8))
        }
        _ = try await letters.upsert(many, parkedAt: WorkerScene.noon)
        let stopped = worker(broker, letters)
        parking.withLock { $0 = stopped }
        await stopped.run()
        #expect(pages.load(ordering: .relaxed) == 1)
        broker.memory.deliverAll()
        #expect(broker.memory.queueDepth(QueueName.dead)?.ready == 1)
        broker.end()
    }

    @Test func `What no queue took is parked with its faults, and upstream is told`() async throws {
        let broker = PumpedBroker()
        var topology = Topology.pipeline([IntakeStage()])
        topology.queues.append(Topology.Queue(name: "upstream", kind: .quorum))
        topology.bindings.append(
            Topology.Binding(exchange: ExchangeName.events, queue: "upstream", routingKey: "event.rejected.#"))
        try await broker.memory.declare(topology)
        let body: JSON = [
            "specversion": "1.0", "id": "u-1", "source": "shop", "type": "nothing.known.v1",
            "time": "2026-01-01T00:00:00Z", "data": [:],
        ]
        broker.publisher { _ in }.publish([
            Publication(
                ticket: 1, exchange: ExchangeName.inbox, routingKey: "nothing.known", mandatory: true,
                properties: MessageProperties(), body: body.serialized)
        ])
        let parking = worker(broker, MemoryDeadLetterStore())
        let told = ArrivalLog()
        let upstream = broker.consume(queue: "upstream", prefetch: 10) { event in
            if case .delivered(let deliveries) = event {
                told.note(deliveries.map { String(decoding: $0.body, as: UTF8.self) })
            }
        }
        async let run: Void = parking.run()
        try await told.wait(for: 1, "event.rejected")
        parking.stop()
        await run
        upstream.close()
        let answer = try JSON(parsing: Array(try #require(told.all.first).utf8))
        #expect(answer["type"]?.string == "event.rejected.v1")
        #expect(answer["data"]?["eventId"]?.string == "u-1")
        #expect(answer["data"]?["errors"]?.elements?.first?["rule"]?.string == "unknown-type")
        #expect(broker.memory.queueDepth(QueueName.dead)?.ready == 0)
        broker.end()
    }

    @Test func `What could not be parked goes back to the queue, unacknowledged, when the worker stops`() async throws {
        let broker = PumpedBroker()
        try await broker.memory.declare(WorkerScene.topology)
        bury(["a"], in: broker)
        let letters = WatchedLetters(isAway: true)
        let parking = worker(broker, letters)
        async let run: Void = parking.run()
        try await letters.log.wait(for: 1, "an attempt")
        parking.stop()
        await run
        broker.memory.deliverAll()
        #expect(broker.memory.queueDepth(QueueName.dead)?.ready == 1)
        broker.end()
    }

    @Test func `A letter that the store refuses is kept bare, and harms no neighbour`() async throws {
        let broker = PumpedBroker()
        try await broker.memory.declare(WorkerScene.topology)
        bury(["a", "bad", "c"], in: broker)
        let letters = WatchedLetters(refusing: { $0.body == Array("bad".utf8) && $0.code != "unstorable" })
        let parking = worker(broker, letters)
        async let run: Void = parking.run()
        try await letters.parked.wait(for: 3, "three letters")
        parking.stop()
        await run
        let rows = try await letters.list(DeadLetterFilter(), after: nil, limit: 9)
        #expect(rows.map { String(decoding: $0.letter.body, as: UTF8.self) }.sorted() == ["a", "bad", "c"])
        #expect(rows.filter { $0.letter.code == "unstorable" }.count == 1)
        #expect(broker.memory.queueDepth(QueueName.dead)?.ready == 0)
        broker.end()
    }

    @Test func `A parking worker that is stopped before it runs ends`() async throws {
        let broker = PumpedBroker()
        try await broker.memory.declare(WorkerScene.topology)
        let parking = worker(broker, MemoryDeadLetterStore())
        parking.stop()
        await parking.run()
        broker.end()
    }
}

/// A short life of an intake worker.
enum WorkerScene {
    static let complaints = 40
    static let noon = Instant(seconds: 1_793_592_000)
    static let observer = "observer"

    static var topology: Topology {
        var topology = Topology.pipeline([IntakeStage()])
        topology.policies = []
        topology.queues.append(Topology.Queue(name: observer, kind: .quorum))
        topology.bindings.append(Topology.Binding(exchange: ExchangeName.events, queue: observer, routingKey: "#"))
        return topology
    }

    static func worker(
        _ broker: any Broker, _ store: any Store, drainSeconds: Int64 = 30,
        control: (@Sendable () throws -> any ControlStore)? = nil, vitals: Vitals? = nil,
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) -> Worker {
        var limits = WorkerLimits()
        limits.leaseSeconds = control == nil ? limits.leaseSeconds : 1
        limits.batch = 8
        limits.prefetch = 16
        var parts = Worker.Parts(
            store: store, broker: broker,
            clock: RunningClock(start: noon, factor: 1, wallStart: noon) { noon }, wall: monotonicWall, logger: logger)
        parts.drainSeconds = drainSeconds
        parts.control = control
        parts.vitals = vitals
        parts.lookSeconds = vitals == nil ? nil : 1
        return Worker(
            runner: StageRunner(stage: IntakeStage(), policy: ProbePolicy.book), name: "intake-test",
            routes: Routes([IntakeStage()]), limits: limits, parts: parts)
    }

    private static let began = ContinuousClock.now

    static let monotonicWall: @Sendable () -> Instant = {
        let passed = (ContinuousClock.now - began).components
        return Instant(
            microseconds: 1_700_000_000_000_000 + passed.seconds * 1_000_000
                + passed.attoseconds / 1_000_000_000_000)
    }

    /// Complaints, one of them twice, and a document that the contract refuses; then stop.
    static func play(
        broker: any Broker, store: any Store, as own: (any Broker)? = nil, vitals: Vitals? = nil
    ) async throws {
        let seen = ArrivalLog()
        let observing = broker.consume(queue: observer, prefetch: 100) { event in
            if case .delivered(let deliveries) = event { seen.note(deliveries.map(\.routingKey)) }
        }
        let upstream = ConfirmedPublisher(broker, wall: monotonicWall)
        let worker = worker(own ?? broker, store, vitals: vitals)
        async let run: Void = worker.run()
        let outcomes = try await upstream.publish(try messages(), limitSeconds: 600)
        #expect(outcomes.allSatisfy { $0 == .confirmed })
        // One case for each complaint, and one event.rejected.
        try await seen.wait(for: complaints + 1, "what the worker publishes")
        worker.stop()
        await run
        let keys = seen.all
        #expect(keys.filter { $0 == CaseOpened.type.rawValue }.count == complaints)
        #expect(keys.filter { $0.hasPrefix("event.rejected.") }.count == 1)
        observing.close()
        await upstream.close()
    }

    static func messages() throws -> [ConfirmedPublisher.Message] {
        var bodies: [[UInt8]] = []
        for number in 0..<complaints {
            let complaint = ComplaintReceived(
                complaintId: "C\(number)", channel: "hotline", receivedAt: noon,
                customer: Customer(name: "Li", phone: "1380000\(1000 + number)"), storeId: "S1",
                product: Product(category: "washer", brand: "Brand \(number)", purchasedHere: true),
                description: "It leaks.", remedy: "repair")
            bodies.append(Event(id: "u-\(number)", source: "upstream", time: noon, data: complaint).body())
        }
        bodies.append(Array(#"{"specversion":"1.0","id":"bad","source":"upstream"}"#.utf8))
        bodies.append(bodies[0])
        return bodies.map { body in
            ConfirmedPublisher.Message(
                exchange: ExchangeName.inbox, routingKey: ComplaintReceived.type.rawValue, mandatory: true,
                properties: MessageProperties(), body: body)
        }
    }
}
