import Broker
import BrokerTestKit
import Synchronization
import Testing

/// A random run of the memory broker: one publisher that insists, two consumers that acknowledge, and every fault.
final class MemoryRun: Sendable {
    struct Progress {
        var history: [String] = []
        var confirmed: Set<UInt64> = []
        var received: Set<String> = []
        /// Not confirmed, to be published again.
        var again: [UInt64] = []
        var toAcknowledge: [(consumer: Int, tag: UInt64, channel: UInt64)] = []
    }

    private static let messages: UInt64 = 40
    private let seed: UInt64
    private let progress = Mutex(Progress())
    private let broker = MemoryBroker()

    init(seed: UInt64) { self.seed = seed }

    func history() async throws -> [String] {
        try broker.declareNow(
            Topology(exchanges: [], queues: [.init(name: "q", kind: .quorum)], bindings: [], policies: []))
        let publisher = broker.publisher { [self] in hear($0) }
        let consumers = (0..<2).map { number in
            broker.consume(queue: "q", prefetch: 3) { [self] in hear($0, number) }
        }
        var random = Seeded(state: seed)
        publish(publisher, Array(1...Self.messages))
        for step in 0..<2000 {
            // In the end no more faults: everything must come to rest.
            act(publisher, consumers, &random, isDisturbed: step < 1000)
        }
        let final = progress.withLock { $0 }
        #expect(final.confirmed.count == Int(Self.messages), "seed \(seed)")
        #expect(final.received.count == Int(Self.messages), "seed \(seed): confirmed and never delivered")
        #expect(broker.queueDepth("q")?.ready == 0, "seed \(seed)")
        return final.history
    }

    private func act(
        _ publisher: any Publisher, _ consumers: [any Consumer], _ random: inout Seeded, isDisturbed: Bool
    ) {
        switch Int.random(in: 0..<12, using: &random) {
        case 0 where isDisturbed:
            if let endpoint = broker.endpoints.randomElement(using: &random) { broker.drop(endpoint) }
        case 1 where isDisturbed: broker.duplicate(queue: "q", at: Int.random(in: 0..<3, using: &random))
        case 2 where isDisturbed:
            broker.move(
                queue: "q", from: Int.random(in: 0..<5, using: &random), to: Int.random(in: 0..<5, using: &random))
        case 3: broker.setRefusing(isDisturbed && Bool.random(using: &random), queue: "q")
        case 4:
            if isDisturbed && Bool.random(using: &random) { broker.block(reason: "alarm") } else { broker.unblock() }
        case 5:
            publish(
                publisher,
                progress.withLock { progress in
                    defer { progress.again = [] }
                    return progress.again
                })
        case 6, 7:
            let next = progress.withLock { $0.toAcknowledge.isEmpty ? nil : $0.toAcknowledge.removeFirst() }
            if let next { consumers[next.consumer].acknowledge([next.tag], channel: next.channel) }
        default:
            if let endpoint = broker.ready.randomElement(using: &random) {
                broker.pump(endpoint, limit: Int.random(in: 1...4, using: &random))
            }
        }
    }

    private func publish(_ publisher: any Publisher, _ tickets: [UInt64]) {
        publisher.publish(
            tickets.map { ticket in
                var properties = MessageProperties()
                properties.messageId = "m-\(ticket)"
                return Publication(
                    ticket: ticket, exchange: "", routingKey: "q", mandatory: true, properties: properties, body: [])
            })
    }

    private func hear(_ event: PublisherEvent) {
        progress.withLock { progress in
            progress.history.append("publisher \(event)")
            guard case .resolved(let outcomes) = event else { return }
            for (ticket, outcome) in outcomes {
                if outcome == .confirmed { progress.confirmed.insert(ticket) } else { progress.again.append(ticket) }
            }
        }
    }

    private func hear(_ event: ConsumerEvent, _ number: Int) {
        progress.withLock { progress in
            progress.history.append("consumer \(number) \(event)")
            guard case .delivered(let deliveries) = event else { return }
            for delivery in deliveries {
                progress.received.insert(delivery.properties.messageId ?? "")
                progress.toAcknowledge.append((number, delivery.tag, delivery.channel))
            }
        }
    }
}
