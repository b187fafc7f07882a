import Broker
import Schema
import Store
import Testing

@testable import Runtime

private let wall = Instant(seconds: 1_700_000_000)
private let messages = FailureMessages(stage: .intake, worker: "one")

private func text(_ publication: Publication, _ name: String) -> String? {
    if case .string(let text)? = publication.properties[header: name] { text } else { nil }
}

/// A publication as it would be delivered: from `recourse.dead`, or from a delay queue by the default exchange.
private func delivered(_ publication: Publication, headers: [HeaderField] = []) -> Delivery {
    var properties = publication.properties
    properties.headers += headers
    return Delivery(
        tag: 1, channel: 1, redelivered: false,
        exchange: publication.exchange == ExchangeName.dead ? ExchangeName.dead : "",
        routingKey: publication.routingKey, properties: properties, body: publication.body)
}

private func death(_ reason: String, queue: String, at seconds: UInt64? = nil) -> HeaderField {
    var fields = [
        HeaderField("reason", .string(reason)), HeaderField("queue", .string(queue)),
        HeaderField("exchange", .string(ExchangeName.inbox)),
        HeaderField("routing-keys", .array([.string("case.accepted")])),
    ]
    if let seconds { fields.append(HeaderField("time", .timestamp(seconds))) }
    return HeaderField("x-death", .array([.table(fields)]))
}

@Suite struct FailureMessagesTests {
    private let unknown = DeadLetterReason(.transient, code: .unknownReference, message: "refers to case 1")

    @Test func `Headers are built anew: of the old ones only tracing stays`() throws {
        let old = [
            HeaderField("x-death", .array([])), HeaderField("x-first-death-queue", .string("q")),
            HeaderField("x-delivery-count", .int(3)), HeaderField("CC", .array([])), HeaderField("BCC", .array([])),
            HeaderField("anything", .string("else")), HeaderField("traceparent", .string("00-aa-bb-01")),
        ]
        let delivery = try MachineHarness.delivery("a", tag: 1, headers: old)
        let retry = messages.retry(delivery, ticket: 1, wall: wall)
        let dead = messages.deadLetter(delivery, unknown, ticket: 2, wall: wall)
        for publication in [retry, dead] {
            let names = publication.properties.headers.map(\.name)
            #expect(names.filter { !$0.hasPrefix("x-fail-") } == ["traceparent"])
            #expect(Set(names).count == names.count)
            #expect(publication.mandatory && publication.body == delivery.body)
            #expect(publication.properties.messageId == "a" && publication.properties.type == "case.accepted.v1")
        }
    }

    @Test func `Where it came from and when it first failed survive every round`() throws {
        var publication = messages.retry(try MachineHarness.delivery("a", tag: 1), ticket: 1, wall: wall)
        #expect(publication.exchange == ExchangeName.retry && publication.routingKey == "recourse.intake.delay.5s")
        var queues: [String] = []
        for round in 1...15 {
            publication = messages.retry(
                delivered(publication), ticket: 1, wall: wall.adding(seconds: Int64(round)))
            queues.append(publication.routingKey)
        }
        #expect(text(publication, FailureHeader.exchange) == ExchangeName.inbox)
        #expect(text(publication, FailureHeader.routingKey) == "case.accepted")
        #expect(text(publication, FailureHeader.firstAt) == wall.description)
        #expect(text(publication, FailureHeader.lastAt) == wall.adding(seconds: 15).description)
        #expect(publication.properties[header: FailureHeader.attempts] == .int(16))
        #expect(
            queues.map { $0.split(separator: ".").last ?? "" }
                == ["5s", "5s"] + Array(repeating: "1m", count: 10) + Array(repeating: "10m", count: 3))
    }

    @Test func `Texts and lists of faults are bounded`() throws {
        let faults = (0..<5_000).map { Fault(pointer: "/data/\($0)", rule: "required", message: "missing") }
        let reason = DeadLetterReason(
            .schema, code: .contract, message: String(repeating: "投诉", count: 10_000), faults: faults)
        let dead = messages.deadLetter(try MachineHarness.delivery("a", tag: 1), reason, ticket: 1, wall: wall)
        let message = try #require(text(dead, FailureHeader.message))
        let list = try #require(text(dead, FailureHeader.faults))
        #expect(!message.isEmpty && message.utf8.count <= FailureHeader.textLimit)
        #expect(list.utf8.count <= FailureHeader.textLimit)
        guard case .array(let told) = try JSON(parsing: Array(list.utf8)) else {
            Issue.record("not an array: \(list.prefix(40))")
            return
        }
        #expect(told.first?["pointer"]?.string == "/data/0" && told.count > 50)
    }

    @Test func `event.rejected has one id, whichever stage and worker refuse the event`() throws {
        let identity = EventIdentity(source: "upstream", id: "a", type: "case.accepted.v1")
        let other = FailureMessages(stage: .routing, worker: "two")
        let faults = (0..<1_000).map { Fault(pointer: "/\($0)", rule: "required", message: "missing") }
        let all = try [messages, other].map {
            try $0.rejection(of: identity, body: [1], faults: faults, ticket: 1, clock: wall)
        }
        #expect(Set(all.map(\.properties.messageId)).count == 1)
        #expect(Set(all.map(\.routingKey)) == ["event.rejected." + Identifiers.uuid(["upstream"]).prefix(8)])
        let event = try Event.read(all[0].body)
        #expect((event.data as? EventRejected)?.errors.count == EventRejected.errorLimit)
        #expect(!all[0].mandatory)
    }

    @Test func `Without a source it goes to unknown, and its id follows from the body`() throws {
        let none = EventIdentity()
        let first = try messages.rejection(of: none, body: [1], faults: [], ticket: 1, clock: wall)
        let again = try messages.rejection(of: none, body: [1], faults: [], ticket: 1, clock: wall)
        let other = try messages.rejection(of: none, body: [2], faults: [], ticket: 1, clock: wall)
        #expect(first.routingKey == "event.rejected.unknown")
        #expect(first.properties.messageId == again.properties.messageId)
        #expect(first.properties.messageId != other.properties.messageId)
    }
}

@Suite struct ParkedDeadLetterTests {
    @Test func `A worker's letter tells why, where and when`() throws {
        let reason = DeadLetterReason(.transient, code: .unknownReference, message: "refers to case 1")
        let delivery = try MachineHarness.delivery("a", tag: 1)
        let letter = DeadLetter(
            parking: delivered(messages.deadLetter(delivery, reason, ticket: 1, wall: wall)),
            at: wall.adding(seconds: 60))
        #expect(letter.queue == "recourse.intake" && letter.failureClass == "transient")
        #expect(letter.code == "unknown-reference" && letter.message == "refers to case 1")
        #expect(letter.exchange == ExchangeName.inbox && letter.routingKey == "case.accepted")
        #expect(letter.firstAt == wall && letter.lastAt == wall && letter.attempts == 1)
        #expect(letter.source == "upstream" && letter.eventId == "a" && letter.type == "case.accepted")
        #expect(letter.caseId == "case-1" && letter.body == delivery.body)
    }

    @Test func `A message that two workers give up makes one row, one that dies after a replay another`() throws {
        let reason = DeadLetterReason(.permanent, code: .stageFault, message: "broken")
        func id(replays: Int64, at seconds: Int64) throws -> String {
            let headers = replays > 0 ? [HeaderField(FailureHeader.replays, .int(replays))] : []
            let delivery = try MachineHarness.delivery("a", tag: 1, headers: headers, exchange: "")
            let dead = messages.deadLetter(delivery, reason, ticket: 1, wall: wall.adding(seconds: seconds))
            return DeadLetter(parking: delivered(dead), at: wall.adding(seconds: 100 + seconds)).id
        }
        let first = try id(replays: 0, at: 0)
        #expect(try id(replays: 0, at: 5) == first, "the first was killed before it acknowledged")
        #expect(try id(replays: 1, at: 5) != first)
        #expect(try id(replays: 1, at: 5) == id(replays: 1, at: 9))
    }

    @Test func `What the broker gave up is a bystander`() throws {
        let delivery = try MachineHarness.delivery(
            "a", tag: 1, headers: [death("delivery_limit", queue: "recourse.intake", at: 1_700_000_000)], exchange: "")
        let letter = DeadLetter(parking: delivery, at: wall)
        #expect(letter.failureClass == "bystander" && letter.code == "delivery_limit")
        #expect(letter.queue == "recourse.intake" && letter.routingKey == "case.accepted")
        #expect(letter.eventId == "a")
        #expect(letter.lastAt == Instant(seconds: 1_700_000_000), "when the broker says, not when it was parked")
    }

    @Test func `What dies in the broker after a replay is another row, a redelivery is not`() throws {
        func id(_ headers: [HeaderField], at seconds: Int64) throws -> String {
            DeadLetter(
                parking: try MachineHarness.delivery("a", tag: 1, headers: headers, exchange: ""),
                at: wall.adding(seconds: seconds)
            ).id
        }
        let first = [death("delivery_limit", queue: "recourse.intake", at: 1_700_000_000)]
        let replayed = first + [HeaderField(FailureHeader.replays, .int(1))]
        #expect(try id(first, at: 1) == id(first, at: 2))
        #expect(try id(first, at: 1) != id(replayed, at: 1))
    }

    @Test func `What no queue took has the contract's faults if it breaks it, and unreadable bytes are no obstacle`() {
        var properties = MessageProperties()
        properties.messageId = "m"
        let letter = DeadLetter(
            parking: Delivery(
                tag: 1, channel: 1, redelivered: false, exchange: ExchangeName.inbox, routingKey: "nobody",
                properties: properties, body: [0xFF, 0x00]),
            at: wall)
        #expect(letter.failureClass == "schema" && letter.code == "contract")
        #expect(letter.exchange == ExchangeName.inbox && letter.routingKey == "nobody")
        #expect(letter.queue == QueueName.dead && letter.eventId == "m" && letter.source == nil)
    }
}
