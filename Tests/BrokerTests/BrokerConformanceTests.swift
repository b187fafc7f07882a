import Broker
import Testing

extension ServerTests {
    /// What every adapter of the messaging port does.
    @Suite struct Conformance {
        @Test(arguments: Adapter.available)
        func `what is published is confirmed and arrives as it was`(_ adapter: Adapter) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(exchanges: [("x", .topic)], queues: ["q"], bindings: [("x", "q", "case.*")])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            var properties = MessageProperties()
            properties.contentType = "application/cloudevents+json"
            properties.contentEncoding = "identity"
            properties.messageId = "id-1"
            properties.type = "case.opened"
            properties.correlationId = "case-1"
            properties.appId = "recourse/intake"
            properties.timestamp = 1_800_000_000
            properties.headers = Self.headers
            let body = Array("{\"名\":1}".utf8)
            publisher.publish([
                Publication(
                    ticket: 7, exchange: bench.name("x"), routingKey: "case.opened", mandatory: true,
                    properties: properties, body: body)
            ])
            #expect(try await outcomes.outcomes(1) == [7: .confirmed])
            let (consumer, events) = bench.consumer("q")
            let channel = try await events.subscribed()
            let delivery = try #require(try await events.deliveries(1).first)
            #expect(delivery.properties == properties)
            #expect(delivery.body == body)
            #expect(delivery.exchange == bench.name("x"))
            #expect(delivery.routingKey == "case.opened")
            #expect(delivery.redelivered == false)
            #expect(delivery.channel == channel)
            #expect(delivery.tag == 1)
            consumer.close()
            publisher.close()
            try await events.closed()
            try await bench.clear(queues: ["q"], exchanges: ["x"])
        }

        private static let headers: [HeaderField] = [
            HeaderField("void", .void), HeaderField("bool", .bool(true)), HeaderField("int", .int(-5)),
            HeaderField("large", .int(.max)), HeaderField("double", .double(-0.25)),
            HeaderField("decimal", .decimal(scale: 2, value: 12_345)), HeaderField("string", .string("Grüße 好")),
            HeaderField("empty", .string("")), HeaderField("bytes", .bytes([0, 255, 128])),
            HeaderField("time", .timestamp(1_700_000_000)),
            HeaderField("array", .array([.int(1), .string("two"), .array([])])),
            HeaderField("table", .table([HeaderField("inner", .table([HeaderField("deep", .bool(false))]))])),
        ]

        @Test(arguments: Adapter.available)
        func `a mandatory message without a queue is returned, another is confirmed`(_ adapter: Adapter) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(exchanges: [("x", .topic)], queues: ["q"], bindings: [("x", "q", "known.#")])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            let exchange = bench.name("x")
            publisher.publish([
                bench.message(1, exchange: exchange, key: "known"),
                bench.message(2, exchange: exchange, key: "unknown"),
                bench.message(3, exchange: exchange, key: "known.too", mandatory: false),
                bench.message(4, exchange: exchange, key: "unknown", mandatory: false),
                bench.message(5, exchange: exchange, key: "unknown"),
                bench.message(6, exchange: "", key: bench.name("nowhere")),
            ])
            let found = try await outcomes.outcomes(6)
            #expect(found[1] == .confirmed)
            #expect(found[2] == .returned(code: 312, text: "NO_ROUTE"))
            #expect(found[3] == .confirmed)
            #expect(found[4] == .confirmed)
            #expect(found[5] == .returned(code: 312, text: "NO_ROUTE"))
            #expect(found[6] == .returned(code: 312, text: "NO_ROUTE"))
            publisher.close()
            try await outcomes.closed()
            try await bench.clear(queues: ["q"], exchanges: ["x"])
        }

        @Test(arguments: Adapter.available)
        func `unacknowledged deliveries never exceed the prefetch count`(_ adapter: Adapter) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(queues: ["q"])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            publisher.publish((1...10).map { bench.message($0, to: "q") })
            _ = try await outcomes.outcomes(10)
            let (consumer, events) = bench.consumer("q", prefetch: 4)
            let channel = try await events.subscribed()
            #expect(try await events.deliveries(4).map(\.properties.messageId) == ["m-1", "m-2", "m-3", "m-4"])
            #expect(await events.isSilent(for: .milliseconds(200)))
            consumer.acknowledge(through: 3, channel: channel)
            #expect(try await events.deliveries(3).map(\.tag) == [5, 6, 7])
            consumer.acknowledge([7, 5], channel: channel)
            // Said twice, and never delivered: both without effect.
            consumer.acknowledge([7, 99], channel: channel)
            #expect(try await events.deliveries(2).map(\.tag) == [8, 9])
            consumer.acknowledge(through: 9, channel: channel)
            let last = try await events.deliveries(1)
            #expect(last.map(\.properties.messageId) == ["m-10"])
            consumer.acknowledge(through: 10, channel: channel)
            consumer.close()
            try await events.closed()
            #expect(try await bench.ready("q", becoming: 0) == 0)
            try await bench.clear(queues: ["q"])
        }

        @Test(arguments: Adapter.available)
        func `what is handed back comes again and is marked`(_ adapter: Adapter) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(queues: ["q"])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            publisher.publish((1...3).map { bench.message($0, to: "q") })
            _ = try await outcomes.outcomes(3)
            let (consumer, events) = bench.consumer("q")
            let channel = try await events.subscribed()
            _ = try await events.deliveries(3)
            consumer.requeue([2], channel: channel)
            consumer.acknowledge(through: 3, channel: channel)
            let again = try #require(try await events.deliveries(1).first)
            #expect(again.properties.messageId == "m-2")
            #expect(again.redelivered)
            #expect(again.properties[header: "x-delivery-count"] == .int(1))
            consumer.acknowledge([again.tag], channel: channel)
            consumer.close()
            try await events.closed()
            #expect(try await bench.ready("q", becoming: 0) == 0)
            try await bench.clear(queues: ["q"])
        }

        @Test(arguments: Adapter.available)
        func `after cancelling nothing comes and acknowledgements still count`(_ adapter: Adapter) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(queues: ["q"])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            publisher.publish((1...5).map { bench.message($0, to: "q") })
            _ = try await outcomes.outcomes(5)
            let (consumer, events) = bench.consumer("q", prefetch: 2)
            let channel = try await events.subscribed()
            _ = try await events.deliveries(2)
            consumer.cancel()
            try await events.cancelled()
            consumer.acknowledge([1], channel: channel)
            #expect(await events.isSilent(for: .milliseconds(200)))
            consumer.close()
            try await events.closed()
            // Three were never delivered, one was delivered and comes back.
            #expect(try await bench.ready("q", becoming: 4) == 4)
            try await bench.clear(queues: ["q"])
        }

        @Test(arguments: Adapter.available)
        func `once all is settled, a consumer that was cancelled consumes anew with another count`(
            _ adapter: Adapter
        ) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(queues: ["q"])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            publisher.publish((1...9).map { bench.message($0, to: "q") })
            _ = try await outcomes.outcomes(9)
            let (consumer, events) = bench.consumer("q", prefetch: 2)
            for prefetch in [3, 1] {
                let channel = try await events.subscribed()
                let deliveries = try await events.deliveries(prefetch == 3 ? 2 : 3)
                #expect(await events.isSilent(for: .milliseconds(100)), "no more than the count")
                consumer.cancel()
                try await events.cancelled()
                consumer.acknowledge(through: try #require(deliveries.last).tag, channel: channel)
                consumer.consume(prefetch: prefetch)
            }
            let channel = try await events.subscribed()
            for _ in 1...4 {
                let delivery = try #require(try await events.deliveries(1).first)
                #expect(!delivery.redelivered, "nothing was handed back for it")
                consumer.acknowledge([delivery.tag], channel: channel)
            }
            consumer.close()
            try await events.closed()
            #expect(try await bench.ready("q", becoming: 0) == 0)
            try await bench.clear(queues: ["q"])
        }

        @Test(arguments: Adapter.available)
        func `a missing exchange loses the channel and the publisher recovers`(_ adapter: Adapter) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(queues: ["q"])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            publisher.publish([bench.message(1, exchange: bench.name("missing"), key: "a")])
            #expect(try await outcomes.lost().code == 404)
            guard case .unknown(let failure)? = try await outcomes.outcomes(1)[1] else {
                Issue.record("the ticket must be unknown")
                return
            }
            #expect(failure.kind == .channel)
            #expect(failure.cause.contains(bench.name("missing")))
            #expect(!failure.isRetriable)
            try await outcomes.ready()
            publisher.publish([bench.message(2, to: "q")])
            #expect(try await outcomes.outcomes(1) == [2: .confirmed])
            publisher.close()
            try await outcomes.closed()
            try await bench.clear(queues: ["q"])
        }

        @Test(arguments: Adapter.available)
        func `closing a publisher resolves every ticket once`(_ adapter: Adapter) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(queues: ["q"])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            publisher.publish((1...500).map { bench.message($0, to: "q") })
            publisher.close()
            let found = try await outcomes.outcomes(500)
            #expect(found.values.allSatisfy { $0 == .confirmed })
            try await outcomes.closed()
            #expect(try await bench.ready("q", becoming: 500) == 500)
            try await bench.clear(queues: ["q"])
        }

        @Test(arguments: Adapter.available)
        func `a deleted queue is said once and consumed again when it is back`(_ adapter: Adapter) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(queues: ["q"])
            let (consumer, events) = bench.consumer("q")
            _ = try await events.subscribed()
            try await bench.deleteQueue("q")
            #expect(try await events.lost().operation.contains(bench.name("q")))
            #expect(try await bench.depth("q") == nil)
            // Several attempts fail meanwhile, without a word.
            #expect(await events.isSilent(for: .seconds(1)))
            try await bench.declare(queues: ["q"])
            let channel = try await events.subscribed()
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            publisher.publish([bench.message(1, to: "q")])
            let delivery = try #require(try await events.deliveries(1).first)
            consumer.acknowledge([delivery.tag], channel: channel)
            consumer.close()
            try await events.closed()
            try await bench.clear(queues: ["q"])
        }

        @Test(arguments: Adapter.available)
        func `after a lost connection everything comes again and old tags are void`(_ adapter: Adapter) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(queues: ["q"])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            publisher.publish((1...3).map { bench.message($0, to: "q") })
            _ = try await outcomes.outcomes(3)
            let (consumer, events) = bench.consumer("q")
            let old = try await events.subscribed()
            _ = try await events.deliveries(3)
            try await bench.cutConnections()
            let failure = try await events.lost()
            #expect(failure.isRetriable)
            let new = try await events.subscribed()
            #expect(new > old)
            // Tag 1 of the new channel is another delivery than tag 1 of the old one.
            consumer.acknowledge(through: 3, channel: old)
            let again = try await events.deliveries(3)
            #expect(again.map(\.properties.messageId) == ["m-1", "m-2", "m-3"])
            #expect(again.allSatisfy { $0.redelivered && $0.channel == new })
            consumer.close()
            try await events.closed()
            #expect(try await bench.ready("q", becoming: 3) == 3)
            #expect(try await outcomes.lost().isRetriable)
            try await outcomes.ready()
            publisher.publish([bench.message(4, to: "q")])
            #expect(try await outcomes.outcomes(1) == [4: .confirmed])
            publisher.close()
            try await bench.clear(queues: ["q"])
        }

        @Test(arguments: Adapter.available)
        func `a full queue that rejects is a refusal`(_ adapter: Adapter) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(queues: ["q"])
            try await bench.setPolicy(
                .queues, on: "q",
                [HeaderField("max-length", .int(2)), HeaderField("overflow", .string("reject-publish"))])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            var accepted = 0
            // RabbitMQ accepts a few more than its limit before it refuses.
            for ticket in 1...20 {
                publisher.publish([bench.message(UInt64(ticket), to: "q")])
                let outcome = try await outcomes.outcomes(1)[UInt64(ticket)]
                if outcome == .nacked { break }
                #expect(outcome == .confirmed)
                accepted += 1
            }
            #expect((2...5).contains(accepted))
            publisher.close()
            try await outcomes.closed()
            try await bench.clear(queues: ["q"])
        }

        @Test(arguments: Adapter.available)
        func `what no binding takes goes to the alternate exchange`(_ adapter: Adapter) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(
                exchanges: [("x", .topic), ("rest", .fanout)], queues: ["q", "dead"],
                bindings: [("x", "q", "a.*"), ("rest", "dead", "")])
            try await bench.setPolicy(
                .exchanges, on: "x", [HeaderField("alternate-exchange", .string(bench.name("rest")))])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            publisher.publish([
                bench.message(1, exchange: bench.name("x"), key: "a.b"),
                bench.message(2, exchange: bench.name("x"), key: "b"),
            ])
            #expect(try await outcomes.outcomes(2) == [1: .confirmed, 2: .confirmed])
            let (consumer, events) = bench.consumer("dead")
            let delivery = try #require(try await events.deliveries(1).first)
            #expect(delivery.properties.messageId == "m-2")
            consumer.close()
            try await events.closed()
            #expect(try await bench.ready("q", becoming: 1) == 1)
            try await bench.clear(queues: ["q", "dead"], exchanges: ["x", "rest"])
        }

        @Test(arguments: Adapter.available)
        func `a delay queue brings a message back to its stage`(_ adapter: Adapter) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(queues: ["q", "retry"])
            try await bench.setPolicy(
                .queues, on: "retry",
                [
                    HeaderField("message-ttl", .int(300)), HeaderField("dead-letter-exchange", .string("")),
                    HeaderField("dead-letter-routing-key", .string(bench.name("q"))),
                ])
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            publisher.publish([bench.message(1, to: "retry")])
            #expect(try await outcomes.outcomes(1) == [1: .confirmed])
            let (consumer, events) = bench.consumer("q")
            _ = try await events.subscribed()
            bench.passTime(milliseconds: 300)
            let delivery = try #require(try await events.deliveries(1).first)
            #expect(delivery.properties.messageId == "m-1")
            #expect(delivery.routingKey == bench.name("q"))
            guard case .array(let deaths)? = delivery.properties[header: "x-death"],
                case .table(let death)? = deaths.first
            else {
                Issue.record("the broker writes x-death")
                return
            }
            #expect(death.contains(HeaderField("reason", .string("expired"))))
            #expect(death.contains(HeaderField("queue", .string(bench.name("retry")))))
            #expect(death.contains(HeaderField("count", .int(1))))
            consumer.close()
            try await events.closed()
            try await bench.clear(queues: ["q", "retry"])
        }

        @Test(arguments: Adapter.available)
        func `a binding that is withdrawn is removed, whether it is there or not`(_ adapter: Adapter) async throws {
            let bench = try Bench(adapter)
            let bindings = [("x", "q", "old"), ("x", "q", "kept")]
            try await bench.declare(exchanges: [("x", .topic)], queues: ["q"], bindings: bindings)
            for _ in 0..<2 {
                try await bench.declare(
                    exchanges: [("x", .topic)], queues: ["q"], bindings: [bindings[1]], withdrawn: [bindings[0]])
            }
            let (publisher, outcomes) = bench.publisher()
            try await outcomes.ready()
            publisher.publish([
                bench.message(1, exchange: bench.name("x"), key: "old"),
                bench.message(2, exchange: bench.name("x"), key: "kept"),
            ])
            let found = try await outcomes.outcomes(2)
            guard case .returned? = found[1] else {
                Issue.record("no queue takes it any more, found \(String(describing: found[1]))")
                return
            }
            #expect(found[2] == .confirmed)
            try await bench.clear(queues: ["q"], exchanges: ["x"])
        }

        @Test(arguments: Adapter.available)
        func `declaring twice changes nothing, declaring differently is refused by name`(
            _ adapter: Adapter
        ) async throws {
            let bench = try Bench(adapter)
            try await bench.declare(exchanges: [("x", .topic)], queues: ["q"], bindings: [("x", "q", "a")])
            try await bench.declare(exchanges: [("x", .topic)], queues: ["q"], bindings: [("x", "q", "a")])
            let queue = await #expect(throws: BrokerFailure.self) {
                try await bench.declare(queues: ["q"], kind: .classic)
            }
            #expect(queue?.code == 406)
            #expect(queue?.operation == "declare queue \(bench.name("q"))")
            let exchange = await #expect(throws: BrokerFailure.self) {
                try await bench.declare(exchanges: [("x", .fanout)])
            }
            #expect(exchange?.code == 406)
            #expect(exchange?.operation == "declare exchange \(bench.name("x"))")
            let binding = await #expect(throws: BrokerFailure.self) {
                try await bench.declare(bindings: [("x", "missing", "a")])
            }
            #expect(binding?.code == 404)
            #expect(binding?.operation.contains(bench.name("missing")) == true)
            try await bench.clear(queues: ["q"], exchanges: ["x"])
        }
    }
}
