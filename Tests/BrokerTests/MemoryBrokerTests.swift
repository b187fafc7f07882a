import Broker
import BrokerTestKit
import Testing

@Suite struct `Memory broker` {
    let bench: Bench
    let memory: MemoryBroker

    init() throws {
        bench = try Bench(.memory)
        memory = try #require(bench.broker as? MemoryBroker)
    }

    /// Sinks that write down what they hear, without driving anything.
    private func consumer(_ queue: String, prefetch: Int = 10) -> (any Consumer, EventLog<ConsumerEvent>) {
        let log = EventLog<ConsumerEvent>()
        return (memory.consume(queue: bench.name(queue), prefetch: prefetch) { log.record($0) }, log)
    }

    private func publisher() -> (any Publisher, EventLog<PublisherEvent>) {
        let log = EventLog<PublisherEvent>()
        return (memory.publisher { log.record($0) }, log)
    }

    @Test func `nothing happens unless it is pumped`() async throws {
        try await bench.declare(queues: ["q"])
        let (publisher, outcomes) = publisher()
        let endpoint = try #require(memory.endpoints.first)
        publisher.publish([bench.message(1, to: "q"), bench.message(2, to: "q")])
        #expect(memory.queueDepth(bench.name("q"))?.ready == 0)
        #expect(memory.pump(endpoint))
        try await outcomes.ready()
        #expect(memory.pump(endpoint, limit: 1))
        #expect(memory.queueDepth(bench.name("q"))?.ready == 1)
        #expect(memory.pump(endpoint))
        #expect(memory.queueDepth(bench.name("q"))?.ready == 2)
        #expect(memory.pump(endpoint))
        #expect(try await outcomes.outcomes(2) == [1: .confirmed, 2: .confirmed])
        #expect(!memory.pump(endpoint))
        #expect(memory.ready.isEmpty)
    }

    @Test func `a confirm can be lost after the message has arrived`() async throws {
        try await bench.declare(queues: ["q"])
        let (publisher, outcomes) = publisher()
        memory.deliverAll()
        let endpoint = try #require(memory.endpoints.first)
        publisher.publish([bench.message(1, to: "q")])
        memory.pump(endpoint)
        memory.drop(endpoint)
        memory.deliverAll()
        guard case .unknown? = try await outcomes.outcomes(1)[1] else {
            Issue.record("the confirm was lost")
            return
        }
        #expect(memory.contents(of: bench.name("q")).map(\.properties.messageId) == ["m-1"])
    }

    @Test func `while down, publications are unknown and consumers silent`() async throws {
        try await bench.declare(queues: ["q"])
        let (publisher, outcomes) = publisher()
        let (_, events) = consumer("q")
        memory.deliverAll()
        for endpoint in memory.endpoints { memory.drop(endpoint, reconnects: false) }
        publisher.publish([bench.message(1, to: "q")])
        memory.deliverAll()
        _ = try await outcomes.lost()
        guard case .unknown? = try await outcomes.outcomes(1)[1] else {
            Issue.record("nothing can be confirmed while down")
            return
        }
        _ = try await events.lost()
        for endpoint in memory.endpoints { memory.reconnect(endpoint) }
        publisher.publish([bench.message(2, to: "q")])
        memory.deliverAll()
        try await outcomes.ready()
        #expect(try await events.deliveries(1).first?.properties.messageId == "m-2")
    }

    @Test func `a killed consumer says nothing and its messages go to another`() async throws {
        try await bench.declare(queues: ["q"])
        let (publisher, _) = publisher()
        let (_, first) = consumer("q", prefetch: 2)
        publisher.publish((1...3).map { bench.message($0, to: "q") })
        memory.deliverAll()
        _ = try await first.deliveries(2)
        memory.kill(try #require(memory.endpoints.last))
        let (_, second) = consumer("q")
        memory.deliverAll()
        let found = try await second.deliveries(3)
        #expect(found.map(\.properties.messageId) == ["m-1", "m-2", "m-3"])
        #expect(found.map(\.redelivered) == [true, true, false])
        #expect(await first.isSilent(for: .milliseconds(1)))
    }

    @Test func `messages can be duplicated, moved, refused and blocked`() async throws {
        try await bench.declare(queues: ["q"])
        let queue = bench.name("q")
        let (publisher, outcomes) = publisher()
        publisher.publish((1...3).map { bench.message($0, to: "q") })
        memory.deliverAll()
        _ = try await outcomes.outcomes(3)
        memory.duplicate(queue: queue, at: 0)
        memory.move(queue: queue, from: 3, to: 0)
        memory.move(queue: queue, from: 9, to: 0)
        memory.move(queue: queue, from: 0, to: 9)
        #expect(memory.contents(of: queue).map(\.properties.messageId) == ["m-3", "m-1", "m-1", "m-2"])
        memory.setRefusing(true, queue: queue)
        publisher.publish([bench.message(4, to: "q")])
        memory.deliverAll()
        #expect(try await outcomes.outcomes(1) == [4: .nacked])
        memory.setRefusing(false, queue: queue)
        memory.block(reason: "low on memory")
        publisher.publish([bench.message(5, to: "q")])
        memory.deliverAll()
        #expect(memory.queueDepth(queue)?.ready == 4)
        memory.unblock()
        memory.deliverAll()
        #expect(try await outcomes.outcomes(1) == [5: .confirmed])
    }

    @Test func `what comes back too often is dead-lettered, and comes round only once`() async throws {
        try await bench.declare(queues: ["q", "dead"])
        try await bench.setPolicy(
            .queues, on: "q",
            [
                HeaderField("delivery-limit", .int(2)), HeaderField("dead-letter-exchange", .string("")),
                HeaderField("dead-letter-routing-key", .string(bench.name("dead"))),
            ])
        try await bench.setPolicy(
            .queues, on: "dead",
            [
                HeaderField("message-ttl", .int(1000)), HeaderField("dead-letter-exchange", .string("")),
                HeaderField("dead-letter-routing-key", .string(bench.name("q"))),
            ])
        let (publisher, _) = publisher()
        let (consumer, events) = consumer("q")
        publisher.publish([bench.message(1, to: "q")])
        memory.deliverAll()
        for round: UInt64 in 1...3 {
            let delivery = try #require(try await events.deliveries(1).first)
            let count: HeaderValue? = round == 1 ? nil : .int(Int64(round - 1))
            #expect(delivery.properties[header: "x-delivery-count"] == count)
            consumer.requeue([delivery.tag], channel: delivery.channel)
            memory.deliverAll()
        }
        #expect(memory.queueDepth(bench.name("dead"))?.ready == 1)
        #expect(memory.nextExpiry == memory.now + 1000)
        // A broker drops what would circle without having been rejected.
        memory.advance(to: memory.now + 1000)
        memory.deliverAll()
        #expect(memory.queueDepth(bench.name("dead"))?.ready == 0)
        #expect(memory.queueDepth(bench.name("q"))?.ready == 0)
        #expect(await events.isSilent(for: .milliseconds(1)))
    }

    @Test(arguments: [
        ("a.b", "a.b", true), ("a.*", "a.b", true), ("a.*", "a", false), ("a.*", "a.b.c", false), ("#", "", true),
        ("#", "a.b.c", true), ("a.#", "a", true), ("a.#", "a.b.c", true), ("#.c", "a.b.c", true), ("#.c", "c", true),
        ("a.#.d", "a.d", true), ("a.#.d", "a.b.c.d", true), ("a.#.d", "a.b.c", false), ("*.*", "a.b", true),
        ("*", "a.b", false), ("a", "a.b", false), ("#.b.#", "a.b.c", true), ("*.#.*", "a", false),
    ])
    func `topic patterns match as in AMQP`(_ pattern: String, _ key: String, _ matches: Bool) async throws {
        try await bench.declare(exchanges: [("x", .topic)], queues: ["q"], bindings: [("x", "q", pattern)])
        let (publisher, _) = publisher()
        publisher.publish([bench.message(1, exchange: bench.name("x"), key: key)])
        memory.deliverAll()
        #expect(memory.queueDepth(bench.name("q"))?.ready == (matches ? 1 : 0))
    }

    /// Two runs with the same seed, with every fault there is, give the same history.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `the same seed gives the same run and nothing confirmed is lost`(_ seed: UInt64) async throws {
        let first = try await MemoryRun(seed: seed).history()
        let second = try await MemoryRun(seed: seed).history()
        #expect(first == second)
        #expect(first.count > 20)
    }
}
