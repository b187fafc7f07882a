import Broker
import BrokerTestKit
import Foundation
import RabbitMQ
import Testing

/// The adapters that must behave alike.
enum Adapter: String, CustomTestStringConvertible, CaseIterable {
    case memory, rabbitmq

    var testDescription: String { rawValue }

    /// Without a server RabbitMQ is left out; a test of its own says so where that is not allowed.
    static var available: [Adapter] { TestServer.isControllable ? allCases : [.memory] }
}

/// One adapter with names of its own, and the hands of an operator.
final class Bench: Sendable {
    let broker: any Broker & TopologyDeclarer
    let prefix: String
    private let memory: MemoryBroker?
    private let administration: RabbitMQAdministration?
    private let server: TestServer?

    init(_ adapter: Adapter) throws {
        prefix = "test-" + UUID().uuidString.prefix(8).lowercased() + "."
        switch adapter {
        case .memory:
            let memory = MemoryBroker()
            self.memory = memory
            broker = memory
            administration = nil
            server = nil
        case .rabbitmq:
            let server = try #require(TestServer.shared)
            let real = RabbitMQBroker(try server.configuration())
            broker = real
            administration = real.administration()
            memory = nil
            self.server = server
        }
    }

    deinit { administration?.close() }

    func name(_ short: String) -> String { prefix + short }

    func log<Event>(_ type: Event.Type) -> EventLog<Event> {
        let memory = memory
        return EventLog { memory?.deliverAll() }
    }

    func consumer(_ queue: String, prefetch: Int = 100) -> (consumer: any Consumer, log: EventLog<ConsumerEvent>) {
        let log = log(ConsumerEvent.self)
        return (broker.consume(queue: name(queue), prefetch: prefetch) { log.record($0) }, log)
    }

    func publisher() -> (publisher: any Publisher, log: EventLog<PublisherEvent>) {
        let log = log(PublisherEvent.self)
        return (broker.publisher { log.record($0) }, log)
    }

    /// Declares queues, exchanges and bindings (`exchange`, `queue`, key) under this bench's names.
    func declare(
        exchanges: [(String, Topology.Exchange.Kind)] = [], queues: [String] = [],
        bindings: [(String, String, String)] = [], withdrawn: [(String, String, String)] = [],
        kind: Topology.Queue.Kind = .quorum
    ) async throws {
        func bound(_ bindings: [(String, String, String)]) -> [Topology.Binding] {
            bindings.map { .init(exchange: name($0.0), queue: name($0.1), routingKey: $0.2) }
        }
        try await broker.declare(
            Topology(
                exchanges: exchanges.map { .init(name: name($0.0), kind: $0.1) },
                queues: queues.map { .init(name: name($0), kind: kind) },
                bindings: bound(bindings), policies: [], withdrawn: bound(withdrawn)))
    }

    func setPolicy(
        _ target: Topology.Policy.Target, on short: String, _ definition: [HeaderField]
    ) async throws {
        let pattern = "^" + name(short).replacingOccurrences(of: ".", with: "\\.") + "$"
        let policy = Topology.Policy(
            name: name(short), pattern: pattern, target: target, priority: 1, definition: definition)
        if let memory {
            try memory.declareNow(Topology(exchanges: [], queues: [], bindings: [], policies: [policy]))
        } else {
            let json = definition.map { field in
                switch field.value {
                case .int(let number): "\"\(field.name)\":\(number)"
                case .string(let text): "\"\(field.name)\":\"\(text)\""
                default: ""
                }
            }
            try await server?.control(
                "set_policy", policy.name, pattern, "{" + json.joined(separator: ",") + "}", "--apply-to",
                target.rawValue)
        }
    }

    func depth(_ queue: String) async throws -> (ready: Int, consumers: Int)? {
        if let memory { return memory.queueDepth(name(queue)) }
        return try await administration?.queueDepth(name(queue))
    }

    /// How many messages are ready in the queue: asked until it is `expected`, for five seconds at most, then what it is.
    ///
    /// A queue takes back or drops what a channel held once it learns that the channel is gone; the broker has said by
    /// then that the connection is closed.
    func ready(_ queue: String, becoming expected: Int) async throws -> Int? {
        let deadline = ContinuousClock.now + .seconds(5)
        var found = try await depth(queue)?.ready
        while found != expected, ContinuousClock.now < deadline { found = try await depth(queue)?.ready }
        return found
    }

    func deleteQueue(_ queue: String) async throws {
        memory?.deleteQueue(name(queue))
        try await administration?.deleteQueue(name(queue))
    }

    /// Cuts every connection; the memory broker's come back at once, RabbitMQ's by themselves.
    func cutConnections() async throws {
        if let memory {
            for endpoint in memory.endpoints { memory.drop(endpoint) }
        }
        try await server?.control("close_all_connections", "cut by a test")
    }

    /// Time passes until what waits in delay queues has expired; RabbitMQ's own clock does that by itself.
    func passTime(milliseconds: Int) {
        if let memory { memory.advance(to: memory.now + milliseconds) }
    }

    /// Leaves nothing behind on a server.
    func clear(queues: [String] = [], exchanges: [String] = []) async throws {
        for queue in queues { try await administration?.deleteQueue(name(queue)) }
        for exchange in exchanges { try await administration?.deleteExchange(name(exchange)) }
    }

    func message(
        _ ticket: UInt64, to queue: String, body: [UInt8] = Array("{}".utf8), mandatory: Bool = true
    ) -> Publication {
        message(ticket, exchange: "", key: name(queue), body: body, mandatory: mandatory)
    }

    func message(
        _ ticket: UInt64, exchange: String, key: String, body: [UInt8] = Array("{}".utf8), mandatory: Bool = true
    ) -> Publication {
        var properties = MessageProperties()
        properties.messageId = "m-\(ticket)"
        properties.contentType = "application/cloudevents+json"
        return Publication(
            ticket: ticket, exchange: exchange, routingKey: key, mandatory: mandatory, properties: properties,
            body: body)
    }
}
