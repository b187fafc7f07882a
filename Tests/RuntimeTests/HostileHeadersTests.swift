import Broker
import Schema
import Store
import Testing

@testable import Runtime

private let wall = Instant(seconds: 1_700_000_000)
private let messages = FailureMessages(stage: .intake, worker: "one")

/// What a sender who may publish to `recourse.inbox` puts into properties and headers.
@Suite struct `Hostile properties and headers` {
    private let reason = DeadLetterReason(.schema, code: .contract, message: "refused")

    /// The bytes that AMQP needs for texts; the rest of a header frame is small.
    private func size(_ publication: Publication) -> Int {
        publication.properties.headers.reduce(0) { sum, field in
            if case .string(let text) = field.value { sum + field.name.utf8.count + text.utf8.count } else { sum + 16 }
        }
    }

    private func text(_ publication: Publication, _ name: String) -> String? {
        if case .string(let text)? = publication.properties[header: name] { text } else { nil }
    }

    @Test(arguments: [ExchangeName.inbox, ExchangeName.events, "", ExchangeName.dead])
    func `whatever they hold, the copy of a message fits into a frame`(exchange: String) throws {
        let long = String(repeating: "长", count: 10_000)
        let names = ["x-fail-exchange", "x-fail-routing-key", "x-fail-first-at", "traceparent", "tracestate"]
        var properties = MessageProperties()
        // 255 bytes that are not UTF-8 are three times as many once they are repaired.
        let repaired = String(repeating: "\u{FFFD}", count: 255)
        properties.messageId = repaired
        properties.type = repaired
        properties.correlationId = repaired
        properties.contentType = repaired
        properties.headers = names.map { HeaderField($0, .string(long)) }
        let delivery = Delivery(
            tag: 1, channel: 1, redelivered: false, exchange: exchange, routingKey: repaired, properties: properties,
            body: [1])
        for copy in [
            messages.deadLetter(delivery, reason, ticket: 1, wall: wall),
            messages.retry(delivery, ticket: 1, wall: wall),
        ] {
            #expect(size(copy) < 8_192, "the smallest frame that brokers take")
            for text in [
                copy.properties.messageId, copy.properties.type, copy.properties.correlationId,
                copy.properties.contentType,
            ] { #expect(try #require(text).utf8.count <= 255) }
            #expect(copy.properties[header: "traceparent"] == nil)
            #expect(text(copy, FailureHeader.firstAt) == wall.description)
        }
    }

    @Test func `what only workers know is not taken from upstream`() throws {
        let forged = [
            HeaderField(FailureHeader.attempts, .int(.max)),
            HeaderField(FailureHeader.queue, .string("recourse.penalty")),
            HeaderField(FailureHeader.firstAt, .string("2001-01-01T00:00:00Z")),
            HeaderField(FailureHeader.routingKey, .string("other")), HeaderField(FailureHeader.replays, .int(.max)),
        ]
        let history = FailureHistory(try MachineHarness.delivery("a", tag: 1, headers: forged))
        #expect(history.attempts == 0 && history.firstAt == nil)
        #expect(history.exchange == ExchangeName.inbox && history.routingKey == "case.accepted")
        #expect(history.replays == 1_000_000)
    }

    @Test func `a letter of upstream does not name the queue into which it is replayed`() throws {
        var properties = MessageProperties()
        properties.headers = [
            HeaderField(FailureHeader.class, .string("permanent")),
            HeaderField(FailureHeader.code, .string("stage-fault")),
            HeaderField(FailureHeader.queue, .string("recourse.penalty")),
            HeaderField(
                "x-death",
                .array([
                    .table([HeaderField("queue", .string("recourse.penalty")), HeaderField("reason", .string("x"))])
                ])),
        ]
        let delivery = Delivery(
            tag: 1, channel: 1, redelivered: false, exchange: ExchangeName.inbox, routingKey: "nobody",
            properties: properties, body: try MachineHarness.delivery("a", tag: 1).body)
        let letter = DeadLetter(parking: delivery, at: wall)
        #expect(letter.queue == QueueName.dead && letter.failureClass == "unroutable" && letter.code == "unroutable")
        #expect(UnroutedMessage(delivery)?.identity.id == "a", "upstream is told nevertheless")
    }

    @Test func `headers with doubled names and U+0000 stay readable`() throws {
        var properties = MessageProperties()
        properties.messageId = "m\0"
        properties.headers = [
            HeaderField("a\0", .string("b\0")), HeaderField("twice", .int(1)), HeaderField("twice", .int(2)),
            HeaderField("in", .table([HeaderField("x", .void), HeaderField("x", .array([.string("\0")]))])),
        ]
        let delivery = Delivery(
            tag: 1, channel: 1, redelivered: false, exchange: ExchangeName.inbox, routingKey: "nobody",
            properties: properties, body: [])
        let letter = DeadLetter(parking: delivery, at: wall)
        let headers = try JSON(parsing: letter.headers)
        #expect(headers["a\u{FFFD}"] == "b\u{FFFD}" && headers["twice"] == 1 && headers["in"]?["x"] == .null)
        #expect(headers[FailureHeader.faults]?.string?.isEmpty == false)
        #expect(try JSON(parsing: letter.properties)["messageId"] == "m\u{FFFD}")
    }

    @Test func `an id of the properties is told only if it has the form of one`() throws {
        #expect(EventIdentity(named: "\u{1B}[2J", type: String(repeating: "x", count: 200)) == EventIdentity())
        #expect(EventIdentity(named: "a-1", type: "t") == EventIdentity(id: "a-1", type: "t"))
    }
}
