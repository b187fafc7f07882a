import Broker
import Testing

extension ServerTests {
    /// A consumer asks about its queue on its own channel.
    @Suite struct QueueStateTests {
        @Test(arguments: Adapter.available)
        func `the answer comes behind the deliveries and tells what waits and who consumes`(
            _ adapter: Adapter
        ) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(queues: ["q"])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            let (consumer, events) = bench.consumer("q", prefetch: 4)
            let channel = try await events.subscribed()
            consumer.ask()
            #expect(try await events.told() == QueueState(ready: 0, consumers: 1))
            publisher.publish((1...6).map { bench.message($0, to: "q") })
            _ = try await outcomes.outcomes(6)
            consumer.ask()
            _ = try await events.told()
            // What the queue handed out by the first answer is here before the second.
            consumer.ask()
            _ = try await events.told()
            consumer.ask()
            #expect(try await events.told() == QueueState(ready: 2, consumers: 1))
            consumer.acknowledge(through: 4, channel: channel)
            #expect(try await events.deliveries(2).map(\.properties.messageId) == ["m-5", "m-6"])
            let (other, others) = bench.consumer("q")
            _ = try await others.subscribed()
            consumer.ask()
            #expect(try await events.told() == QueueState(ready: 0, consumers: 2))
            other.close()
            consumer.close()
            publisher.close()
            try await others.closed()
            try await events.closed()
            try await bench.clear(queues: ["q"])
        }

        @Test(arguments: Adapter.available)
        func `what was handed out before the first of two answers comes before the second`(
            _ adapter: Adapter
        ) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(queues: ["q"])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            let (consumer, events) = bench.consumer("q")
            _ = try await events.subscribed()
            publisher.publish((1...50).map { bench.message($0, to: "q") })
            _ = try await outcomes.outcomes(50)
            var come = 0
            for _ in 1...2 {
                consumer.ask()
                _ = try await events.told { if case .delivered(let some) = $0 { come += some.count } }
            }
            #expect(come == 50)
            consumer.close()
            publisher.close()
            try await events.closed()
            try await bench.clear(queues: ["q"])
        }

        @Test(arguments: Adapter.available)
        func `after a lost connection the question is forgotten, and can be asked again`(
            _ adapter: Adapter
        ) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(queues: ["q"])
            let (consumer, events) = bench.consumer("q")
            let first = try await events.subscribed()
            try await bench.cutConnections()
            consumer.ask()
            _ = try await events.lost()
            let second = try await events.subscribed()
            #expect(second > first)
            consumer.ask()
            let channel = try await events.first("answer") {
                if case .told(_, let channel) = $0 { channel } else { nil }
            }
            #expect(channel == second)
            consumer.close()
            try await events.closed()
            try await bench.clear(queues: ["q"])
        }
    }
}
