import Broker
import Logging
import Policy
import RabbitMQ
import Schema
import Stages
import Store
import StoreTestKit
import Testing

@testable import Runtime

/// The trap of a message that its delivery limit has killed: if it still bears the marks of that death when it expires in
/// a delay queue, the broker takes the way back for a cycle and drops it without a trace.
@Suite struct DeliveryLimitTests {
    /// How a dead letter comes back to the queue in which it died.
    enum Replay: CaseIterable {
        /// From the store, with new headers.
        case parked
        /// By a tool of the broker, which moves it with all its headers.
        case moved
    }

    private static let limit = 2
    private static let noon = Instant(seconds: 1_793_592_000)
    private static let wall: @Sendable () -> Instant = { noon }
    private static let observer = "observer"
    private static let queue = StageName.routing.queue
    private static let manager = Person(id: "s1-manager", tier: "store", storeId: "S1")

    @Test(
        .enabled(
            if: RealServer.isThere, "RECOURSE_TEST_AMQP_URL and RECOURSE_TEST_RABBITMQCTL are not set"),
        .timeLimit(.minutes(10)), arguments: Replay.allCases)
    func `What the delivery limit has killed is replayed, delayed for want of its case, and applied at last`(
        _ replay: Replay
    ) async throws {
        let server = try RealServer()
        try await server.inOwnVirtualHost { broker in
            let topology = Self.topology()
            try await broker.declare(topology)
            let upstream = ConfirmedPublisher(broker, wall: Self.wall)
            try await Self.publish(Self.request(), to: ExchangeName.inbox, upstream)
            await Self.exhaust(broker)
            switch replay {
            case .parked: try await Self.replay(Self.parked(broker), upstream)
            case .moved: try await Self.replay(Self.buried(broker), upstream)
            }
            try await Self.work(broker, upstream)
            await upstream.close()
        }
    }

    /// The topology with a small limit, a short delay, and a queue that sees what is delayed and what is announced.
    private static func topology() -> Topology {
        var topology = Topology.pipeline([IntakeStage(), RoutingStage()])
        let delay = QueueName.delay(.routing, .fiveSeconds)
        let short: [String: Int64] = ["delivery-limit": Int64(limit), "message-ttl": 300]
        topology.queues = topology.queues.map { queue in
            guard [Self.queue, delay].contains(queue.name) else { return queue }
            return Topology.Queue(
                name: queue.name, kind: queue.kind,
                arguments: queue.arguments.map { field in
                    HeaderField(field.name, short[field.name].map(HeaderValue.int) ?? field.value)
                })
        }
        // Nothing that keeps or returns messages depends on a policy.
        topology.policies = []
        topology.queues.append(Topology.Queue(name: observer, kind: .quorum))
        for exchange in [ExchangeName.events, ExchangeName.retry] {
            topology.bindings.append(Topology.Binding(exchange: exchange, queue: observer, routingKey: "#"))
        }
        return topology
    }

    private static func request() -> Event {
        Event(
            id: "u-1", source: "upstream", time: noon,
            data: CaseEscalationRequested(caseId: "C1", by: manager, reason: "too hard"))
    }

    private static func opened() -> Event {
        let complaint = ComplaintReceived(
            complaintId: "K1", channel: "hotline", receivedAt: noon, customer: Customer(name: "Li", phone: "1380"),
            storeId: "S1", product: Product(category: "washer", brand: "Acme", purchasedHere: true),
            description: "It leaks.", remedy: "repair")
        return Event(
            id: "i-1", source: StageName.intake.source, time: noon,
            data: CaseOpened(
                caseId: "C1", complaintId: "K1", openedAt: noon, complaint: complaint,
                cluster: .init(phones: 1, major: false)))
    }

    private static func publish(_ event: Event, to exchange: String, _ upstream: ConfirmedPublisher) async throws {
        let because = Because(rule: "R02", parameters: [:], facts: [:], policy: "test")
        let body = event.body(because: exchange == ExchangeName.events ? because : nil)
        let message = ConfirmedPublisher.Message(
            exchange: exchange, routingKey: event.type.rawValue, mandatory: true, properties: .of(event), body: body)
        #expect(try await upstream.publish([message], limitSeconds: 600) == [.confirmed])
    }

    /// Hands the one message back until the broker gives it up, as workers do that die of it.
    private static func exhaust(_ broker: RabbitMQBroker) async {
        let (events, said) = AsyncStream.makeStream(of: ConsumerEvent.self)
        let consumer = broker.consume(queue: queue, prefetch: 1) { said.yield($0) }
        var deliveries = 0
        for await event in events {
            guard case .delivered(let batch) = event else { continue }
            for delivery in batch { consumer.requeue([delivery.tag], channel: delivery.channel) }
            deliveries += batch.count
            if deliveries > limit { break }
        }
        consumer.close()
    }

    private static func parked(_ broker: RabbitMQBroker) async throws -> (MessageProperties, [UInt8]) {
        let letters = WatchedLetters()
        let parking = ParkingWorker(
            deadLetters: SealedDeadLetters(letters, keyring: .none), broker: broker, prefetch: 10, wall: wall,
            isAllowed: { _ in true },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        async let run: Void = parking.run()
        try await letters.log.wait(for: 1, "the dead letter")
        parking.stop()
        await run
        let rows = try await letters.list(DeadLetterFilter(), after: nil, limit: 10)
        #expect(rows.map(\.letter.failureClass) == [DeadLetterClass.bystander.rawValue])
        #expect(rows.map(\.letter.code) == ["delivery_limit"])
        return (.of(request()), try #require(rows.first).letter.body)
    }

    private static func buried(_ broker: RabbitMQBroker) async throws -> (MessageProperties, [UInt8]) {
        let (events, said) = AsyncStream.makeStream(of: ConsumerEvent.self)
        let consumer = broker.consume(queue: QueueName.dead, prefetch: 1) { said.yield($0) }
        defer { consumer.close() }
        for await event in events {
            guard case .delivered(let batch) = event, let letter = batch.first else { continue }
            #expect(letter.properties[header: "x-death"] != nil)
            consumer.acknowledge([letter.tag], channel: letter.channel)
            return (letter.properties, letter.body)
        }
        throw BrokerFailure(.timeout, operation: "take the dead letter", cause: "the consumer has ended")
    }

    private static func replay(_ letter: (MessageProperties, [UInt8]), _ upstream: ConfirmedPublisher) async throws {
        let message = ConfirmedPublisher.Message(
            exchange: "", routingKey: queue, mandatory: true, properties: letter.0, body: letter.1)
        #expect(try await upstream.publish([message], limitSeconds: 600) == [.confirmed])
    }

    /// A worker that does not know the case, and has no room for what waits, delays the request; then the case comes, and the request takes effect.
    private static func work(_ broker: RabbitMQBroker, _ upstream: ConfirmedPublisher) async throws {
        let files = PolicyFiles(
            policy: "version: test",
            organisation: """
                since: 2026-01-01
                hq: {duty: hq-duty}
                regions: [{id: R1, duty: r1-duty}]
                stores: [{id: S1, region: R1, manager: s1-manager}]
                """, calendar: "date,kind\n2026-01-01,holiday_weekday")
        let (delayed, escalated) = (ArrivalLog(), ArrivalLog())
        let observing = broker.consume(queue: observer, prefetch: 100) { event in
            guard case .delivered(let batch) = event else { return }
            let keys = batch.map(\.routingKey)
            delayed.note(keys.filter { $0.contains(".delay.") })
            escalated.note(keys.filter { $0 == CaseEscalated.type.rawValue })
        }
        var limits = WorkerLimits()
        limits.waiting.perReference = 0
        let worker = Worker(
            runner: StageRunner(stage: RoutingStage(), policy: try PolicyBook.load(files, currentYear: nil).get()),
            name: "routing-test", routes: Routes([IntakeStage(), RoutingStage()]), limits: limits,
            parts: Worker.Parts(
                store: MemoryStore(), broker: broker,
                clock: RunningClock(start: noon, factor: 1, wallStart: noon, wall: wall), wall: wall,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        async let run: Void = worker.run()
        try await delayed.wait(for: 1, "the delayed request")
        try await publish(opened(), to: ExchangeName.events, upstream)
        try await escalated.wait(for: 1, "the escalation")
        worker.stop()
        await run
        observing.close()
        #expect(escalated.all.count == 1)
    }
}
