import Broker
import Foundation
import Glibc
import Testing

@testable import RabbitMQ

extension ServerTests {
    /// What RabbitMQ and librabbitmq are known to do when things go wrong.
    @Suite(.enabled(if: TestServer.isThere, "RECOURSE_TEST_AMQP_URL is not set")) struct Traps {
        let server: TestServer
        let bench: Bench

        init() throws {
            server = try #require(TestServer.shared)
            bench = try Bench(.rabbitmq)
        }

        private func filled(_ queue: String, _ count: UInt64, body: [UInt8] = Array("{}".utf8)) async throws {
            try await bench.declare(queues: [queue])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            publisher.publish((1...count).map { bench.message($0, to: queue, body: body) })
            _ = try await outcomes.outcomes(Int(count))
            publisher.close()
            try await outcomes.closed()
        }

        private func start(
            _ queue: String, prefetch: Int = 100, _ configuration: RabbitMQConfiguration
        ) -> (consumer: any Consumer, log: EventLog<ConsumerEvent>) {
            let log = EventLog<ConsumerEvent>()
            let broker = RabbitMQBroker(configuration)
            return (broker.consume(queue: bench.name(queue), prefetch: prefetch) { log.record($0) }, log)
        }

        private func publish(
            _ configuration: RabbitMQConfiguration
        ) -> (publisher: any Publisher, log: EventLog<PublisherEvent>) {
            let log = EventLog<PublisherEvent>()
            return (RabbitMQBroker(configuration).publisher { log.record($0) }, log)
        }

        @Test func `a connection cut without a word is noticed, said once and restored`() async throws {
            try await filled("q", 2)
            let proxy = try CuttableProxy(to: try server.configuration().port)
            proxy.start()
            defer { proxy.close() }
            let configuration = try server.configuration { $0.port = proxy.port }
            let (consumer, events) = start("q", configuration)
            let (publisher, outcomes) = publish(configuration)
            let old = try await events.subscribed()
            _ = try await events.deliveries(2)
            try await outcomes.ready()
            proxy.cut()
            #expect(try await events.lost().kind == .connection)
            #expect(try await outcomes.lost().kind == .connection)
            #expect(try await events.subscribed() > old)
            #expect(try await events.deliveries(2).allSatisfy(\.redelivered))
            try await outcomes.ready()
            publisher.publish([bench.message(9, to: "q")])
            #expect(try await outcomes.outcomes(1) == [9: .confirmed])
            consumer.close()
            publisher.close()
            try await events.closed()
            try await outcomes.closed()
            try await bench.clear(queues: ["q"])
        }

        private static let mebibyte = [UInt8](repeating: 1, count: 1 << 20)

        @Test func `no more is read than may be unsettled, and it goes on when something is settled`() async throws {
            let (count, held) = (12, 3)
            try await filled("q", UInt64(count), body: Self.mebibyte)
            let (consumer, events) = start("q", try server.configuration { $0.unsettledLimitBytes = held << 20 })
            let channel = try await events.subscribed()
            // They come in bursts of up to 4 MiB.
            var open = try await events.deliveries(held)
            var settled = 0
            while settled < count {
                #expect(open.count <= held)
                consumer.acknowledge([open.removeFirst().tag], channel: channel)
                settled += 1
                if settled + open.count < count { open += try await events.deliveries(1) }
            }
            consumer.close()
            try await events.closed()
            try await bench.clear(queues: ["q"])
        }

        @Test func `a cancellation is answered though no more may be unsettled, and the rest is handed back`()
            async throws
        {
            try await filled("q", 12, body: Self.mebibyte)
            let (consumer, events) = start("q", try server.configuration { $0.unsettledLimitBytes = 3 << 20 })
            let channel = try await events.subscribed()
            let held = try await events.deliveries(3)
            consumer.cancel()
            try await events.first("the cancellation") { if case .cancelled = $0 { () } else { nil } }
            consumer.acknowledge(held.map(\.tag), channel: channel)
            consumer.close()
            try await events.closed()
            let (other, later) = start("q", try server.configuration())
            let rest = try await later.deliveries(9)
            #expect(rest.count == 9 && rest.allSatisfy { $0.body.count == 1 << 20 })
            other.close()
            try await later.closed()
            try await bench.clear(queues: ["q"])
        }

        @Test func `a memory alarm blocks publishing and what waited is sent afterwards`() async throws {
            try await bench.declare(queues: ["q"])
            // Publishers must connect before: in an alarm the broker reads new publishing connections no more.
            let (publisher, outcomes) = publish(try server.configuration { $0.heartbeatSeconds = 2 })
            try await outcomes.ready()
            try await server.control("set_vm_memory_high_watermark", "absolute", "1MB")
            let body = [UInt8](repeating: 1, count: 100_000)
            // The alarm is announced when the connection publishes.
            publisher.publish([bench.message(1, to: "q", body: body)])
            let reason = try await outcomes.first("blocking") {
                if case .blocked(let reason) = $0 { reason } else { nil }
            }
            #expect(reason.contains("memory"))
            // Far more than the socket's buffers hold; the thread must neither send nor stick.
            publisher.publish((2...200).map { bench.message($0, to: "q", body: body) })
            #expect(await outcomes.isSilent(for: .seconds(5)), "longer than the heartbeat limit of 4 s")
            try await server.control("set_vm_memory_high_watermark", "absolute", "1GB")
            try await outcomes.first("unblocking") { if case .unblocked = $0 { () } else { nil } }
            let found = try await outcomes.outcomes(200)
            #expect(found.values.allSatisfy { $0 == .confirmed })
            publisher.close()
            try await outcomes.closed()
            #expect(try await bench.ready("q", becoming: 200) == 200)
            try await bench.clear(queues: ["q"])
        }

        @Test func `a blocked publisher closes within the drain limit`() async throws {
            try await bench.declare(queues: ["q"])
            let (publisher, outcomes) = publish(try server.configuration { $0.drainMilliseconds = 1000 })
            try await outcomes.ready()
            try await server.control("set_vm_memory_high_watermark", "absolute", "1MB")
            publisher.publish([bench.message(1, to: "q")])
            try await outcomes.first("blocking") { if case .blocked = $0 { () } else { nil } }
            publisher.publish([bench.message(2, to: "q")])
            publisher.close()
            let found = try await outcomes.outcomes(2, within: .seconds(5))
            guard case .unknown(let failure)? = found[2] else {
                Issue.record("the second ticket cannot have been confirmed")
                return
            }
            #expect(failure.kind == .timeout)
            try await outcomes.closed()
            try await server.control("set_vm_memory_high_watermark", "absolute", "1GB")
            try await bench.clear(queues: ["q"])
        }

        @Test(
            .enabled(if: TestServer.isStoppable, "RECOURSE_TEST_RABBITMQ_PID is not set"),
            arguments: TestServer.isEncrypted ? [false, true] : [false])
        func `a frozen broker is noticed by its missing heartbeats, also while publishing`(
            _ isEncrypted: Bool
        ) async throws {
            try await bench.declare(queues: ["q"])
            var configuration = isEncrypted ? try server.encryptedConfiguration() : try server.configuration()
            configuration.heartbeatSeconds = 2
            configuration.connectMilliseconds = 1000
            let (consumer, events) = start("q", configuration)
            let (publisher, outcomes) = publish(configuration)
            _ = try await events.subscribed()
            try await outcomes.ready()
            let process = try #require(server.process)
            kill(process, SIGSTOP)
            defer { kill(process, SIGCONT) }
            // librabbitmq's own publish hangs for ever in this state (0.11, issue 780): more than the socket takes.
            let body = [UInt8](repeating: 1, count: 500_000)
            publisher.publish((1...40).map { bench.message($0, to: "q", body: body) })
            let began = ContinuousClock.now
            let failure = try await events.lost(within: .seconds(10))
            #expect(failure.cause.contains("heartbeat"))
            #expect(try await outcomes.lost(within: .seconds(10)).cause.contains("heartbeat"))
            #expect(ContinuousClock.now - began < .seconds(8))
            let found = try await outcomes.outcomes(40)
            #expect(found.values.allSatisfy { if case .unknown = $0 { true } else { false } })
            // While nothing can be reached, tickets are resolved all the same.
            publisher.publish([bench.message(41, to: "q")])
            guard case .unknown? = try await outcomes.outcomes(1)[41] else {
                Issue.record("a ticket handed over while down must be unknown")
                return
            }
            kill(process, SIGCONT)
            _ = try await events.subscribed(within: .seconds(40))
            try await outcomes.ready(within: .seconds(40))
            consumer.close()
            publisher.close()
            try await events.closed()
            try await outcomes.closed()
            try await bench.clear(queues: ["q"])
        }

        @Test func `heartbeats keep an idle connection`() async throws {
            try await bench.declare(queues: ["q"])
            let (consumer, events) = start("q", try server.configuration { $0.heartbeatSeconds = 1 })
            _ = try await events.subscribed()
            // RabbitMQ closes after two to three intervals without a sign of life.
            #expect(await events.isSilent(for: .seconds(5)))
            consumer.close()
            try await events.closed()
            try await bench.clear(queues: ["q"])
        }

        @Test func `messages of many frames arrive whole`() async throws {
            try await bench.declare(queues: ["q"])
            let whole = Link.frameMaximum - 8
            // Exact multiples of the frame are what librabbitmq's own publish stalls on.
            let sizes = [0, 1, whole - 1, whole, whole + 1, 2 * whole, 3 * whole + 17, 5_000_001]
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            publisher.publish(
                sizes.enumerated().map { bench.message(UInt64($0), to: "q", body: Self.pattern($1)) })
            #expect(try await outcomes.outcomes(sizes.count).values.allSatisfy { $0 == .confirmed })
            let (consumer, events) = bench.consumer("q")
            let deliveries = try await events.deliveries(sizes.count)
            #expect(deliveries.map(\.body.count) == sizes)
            #expect(deliveries.allSatisfy { $0.body == Self.pattern($0.body.count) })
            consumer.close()
            try await events.closed()
            try await bench.clear(queues: ["q"])
        }

        static func pattern(_ size: Int) -> [UInt8] {
            (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        }

        @Test func `a body above the limit comes empty and is marked with its size`() async throws {
            try await bench.declare(queues: ["q"])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            publisher.publish([
                bench.message(1, to: "q", body: Self.pattern(300_001)),
                bench.message(2, to: "q", body: Self.pattern(300_000)),
            ])
            _ = try await outcomes.outcomes(2)
            let (consumer, events) = start("q", try server.configuration { $0.bodyLimitBytes = 300_000 })
            let deliveries = try await events.deliveries(2)
            #expect(deliveries[0].body.isEmpty)
            #expect(deliveries[0].properties[header: "x-recourse-oversized"] == .int(300_001))
            #expect(deliveries[1].body.count == 300_000)
            #expect(deliveries[1].properties[header: "x-recourse-oversized"] == nil)
            consumer.close()
            try await events.closed()
            try await bench.clear(queues: ["q"])
        }

        @Test func `a header nested thousands deep is cut off and harms nobody`() async throws {
            try await bench.declare(queues: ["q"])
            try RawPublishing.publish(
                headers: RawPublishing.nestedTable(depth: 18_000), queue: bench.name("q"),
                configuration: try server.configuration())
            let (consumer, events) = bench.consumer("q")
            let delivery = try #require(try await events.deliveries(1).first)
            #expect(delivery.properties[header: "x-recourse-headers-truncated"] == .bool(true))
            var depth = 0
            var fields = delivery.properties.headers
            while case .table(let inner)? = fields.first?.value {
                fields = inner
                depth += 1
            }
            #expect(depth == HeaderDecoding.maximumDepth - 1)
            #expect(fields.first?.value == .void)
            consumer.close()
            try await events.closed()
            try await bench.clear(queues: ["q"])
        }

        @Test func `every kind of number in a header is read`() async throws {
            try await bench.declare(queues: ["q"])
            func field(_ name: String, _ kind: Unicode.Scalar, _ bytes: [UInt8]) -> [UInt8] {
                [UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(ascii: kind)] + bytes
            }
            let fields: [[UInt8]] = [
                field("b", "b", [0xFF]), field("B", "B", [0xFF]), field("s", "s", [0xFF, 0xFE]),
                field("u", "u", [0xFF, 0xFE]), field("I", "I", [0xFF, 0xFF, 0xFF, 0xFD]),
                field("i", "i", [0xFF, 0xFF, 0xFF, 0xFD]), field("f", "f", [0x3F, 0x80, 0, 0]),
                field("S", "S", [0, 0, 0, 2, 0xFF, 0xFE]),
            ]
            try RawPublishing.publish(
                headers: Array(fields.joined()), queue: bench.name("q"), configuration: try server.configuration())
            let (consumer, events) = bench.consumer("q")
            let properties = try #require(try await events.deliveries(1).first).properties
            #expect(properties[header: "b"] == .int(-1))
            #expect(properties[header: "B"] == .int(255))
            #expect(properties[header: "s"] == .int(-2))
            #expect(properties[header: "u"] == .int(65_534))
            #expect(properties[header: "I"] == .int(-3))
            #expect(properties[header: "i"] == .int(4_294_967_293))
            #expect(properties[header: "f"] == .double(1))
            #expect(properties[header: "S"] == .bytes([0xFF, 0xFE]))
            consumer.close()
            try await events.closed()
            try await bench.clear(queues: ["q"])
        }

        @Test func `what cannot be encoded is refused alone`() async throws {
            try await bench.declare(queues: ["q"])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            var large = MessageProperties()
            large.headers = [HeaderField("large", .bytes([UInt8](repeating: 0, count: 200_000)))]
            publisher.publish([
                bench.message(1, to: "q"),
                bench.message(2, exchange: "", key: String(repeating: "k", count: 256)),
                Publication(
                    ticket: 3, exchange: "", routingKey: bench.name("q"), mandatory: true, properties: large, body: []),
                bench.message(4, to: "q"),
            ])
            let found = try await outcomes.outcomes(4)
            #expect(found[1] == .confirmed)
            #expect(found[4] == .confirmed)
            for ticket: UInt64 in [2, 3] {
                guard case .unknown(let failure)? = found[ticket] else {
                    Issue.record("ticket \(ticket) cannot be encoded")
                    continue
                }
                #expect(failure.kind == .protocol)
                #expect(!failure.isRetriable)
            }
            publisher.close()
            try await outcomes.closed()
            try await bench.clear(queues: ["q"])
        }
    }
}
