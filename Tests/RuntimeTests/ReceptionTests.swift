import Broker
import Schema
import Store
import Testing

@testable import Runtime

@Suite struct ReceptionTests {
    private func delivery(
        exchange: String = ExchangeName.inbox, key: String = "case.accepted", headers: [HeaderField] = [],
        body: [UInt8]? = nil, change: (inout MessageProperties) -> Void = { _ in }
    ) throws -> Delivery {
        let known = try MachineHarness.delivery("a", tag: 1, headers: headers)
        var properties = known.properties
        change(&properties)
        return Delivery(
            tag: 1, channel: 1, redelivered: false, exchange: exchange, routingKey: key, properties: properties,
            body: body ?? known.body)
    }

    /// `event a`, `newer`, or the code and what is told.
    private func fate(_ delivery: Delivery) -> String {
        switch Reception(delivery, limits: DocumentLimits()) {
        case .event(let inbound): "event \(inbound.event.id)"
        case .newer: "newer"
        case .refused(let identity, let reason):
            "\(reason.class.rawValue) \(reason.code) of \(identity.id ?? "nobody"): "
                + reason.told.map(\.rule).joined(separator: ", ")
        }
    }

    @Test func `The properties are the sender's own: the body is the truth`() throws {
        let own = try delivery {
            $0.messageId = "6f1c7a52-90a3-4a6f-8a58-0d1f3a1f9f11"
            $0.type = "Acme.Complaints.CaseAccepted"
            $0.correlationId = "another case"
            $0.contentType = "text/plain"
            $0.appId = "crm"
        }
        #expect(fate(own) == "event a")
        let letter = FailureMessages(stage: .intake, worker: "w").deadLetter(
            own, DeadLetterReason(.permanent, code: .stageFault, message: "x"), ticket: 1,
            wall: Instant(seconds: 1_800_000_000))
        #expect(letter.properties.messageId == own.properties.messageId && letter.properties.appId == "crm")
        let parked = DeadLetter(
            parking: Delivery(
                tag: 1, channel: 1, redelivered: false, exchange: ExchangeName.dead, routingKey: QueueName.dead,
                properties: letter.properties, body: letter.body), at: Instant(seconds: 1_800_000_000))
        #expect(parked.eventId == "a" && parked.type == "case.accepted", "the body says what it is")
        let shown = try JSON(parsing: parked.properties)
        #expect(shown["messageId"] == "6f1c7a52-90a3-4a6f-8a58-0d1f3a1f9f11" && shown["appId"] == "crm")
        #expect(shown["type"] == "Acme.Complaints.CaseAccepted" && shown["correlationId"] == "another case")
    }

    @Test func `A large event dies with its body and who it was, and upstream is told what the stages take`() throws {
        let event = Event(
            id: "large", source: "crm", time: Instant(seconds: 1_800_000_000),
            data: ContactRecorded(
                caseId: "K1", with: .customer, by: Person(id: "someone", tier: "hq"),
                at: Instant(seconds: 1_800_000_000), note: "late"))
        // Between members anybody may write as much space as he likes.
        let body = event.body() + Array(repeating: UInt8(ascii: " "), count: 2 << 20)
        var limits = DocumentLimits()
        func unrouted(_ key: String) -> Delivery {
            Delivery(
                tag: 1, channel: 1, redelivered: false, exchange: ExchangeName.inbox, routingKey: key,
                properties: MessageProperties(), body: body)
        }
        let noon = Instant(seconds: 1_800_000_000)
        let refused = DeadLetter(parking: unrouted("contact.recorded"), at: noon, limits: limits)
        #expect(refused.failureClass == "schema" && refused.eventId == "large" && refused.caseId == "K1")
        #expect(refused.body == body)
        limits.bodyBytes = 16 << 20
        let taken = DeadLetter(parking: unrouted("contact.recorded"), at: noon, limits: limits)
        #expect(taken.failureClass == "unroutable" && taken.eventId == "large")
        #expect(UnroutedMessage(unrouted("contact.recorded"), limits: limits)?.identity.id == "large")
    }

    @Test func `They tell who sent a body that tells nothing`() throws {
        #expect(fate(try delivery(body: Array("{".utf8))) == "schema contract of a: syntax")
        let telling = Array(#"{"id":"b"}"#.utf8)
        #expect(fate(try delivery(body: telling)).hasPrefix("schema contract of b: required"))
    }

    @Test(arguments: ["gzip", "deflate", "br", "utf-8", "identity, gzip"])
    func `A body that is encoded is refused by that name`(encoding: String) throws {
        #expect(
            fate(try delivery { $0.contentEncoding = encoding })
                == "schema content-encoding of a: content-encoding")
        let compressed = try delivery(body: [0x1F, 0x8B, 8, 0]) { $0.contentEncoding = encoding }
        #expect(fate(compressed) == "schema content-encoding of a: content-encoding")
    }

    @Test(arguments: ["identity", "Identity", ""])
    func `A body that says it is not is taken`(encoding: String) throws {
        #expect(fate(try delivery { $0.contentEncoding = encoding }) == "event a")
    }

    @Test(arguments: ["case.accepted", "case.accepted.v1", "case.accepted.crm.north"])
    func `A routing key is the event's name, or goes on behind it`(key: String) throws {
        #expect(fate(try delivery(key: key)) == "event a")
    }

    @Test(arguments: ["case.resolved", "case.acceptedly", "case", "", "*", "Case.Accepted"])
    func `Under another's key it is refused at once`(key: String) throws {
        for exchange in [ExchangeName.inbox, ExchangeName.events] {
            #expect(fate(try delivery(exchange: exchange, key: key)) == "schema misrouted of a: misrouted")
        }
    }

    @Test func `Of what comes back from a delay or a replay the key counts under which it came first`() throws {
        func again(_ exchange: String?, _ key: String?) throws -> String {
            let told = [(FailureHeader.exchange, exchange), (FailureHeader.routingKey, key)]
            let headers = told.compactMap { name, text in text.map { HeaderField(name, .string($0)) } }
            return fate(try delivery(exchange: "", key: "recourse.intake", headers: headers))
        }
        #expect(try again(ExchangeName.inbox, "case.accepted") == "event a")
        #expect(try again(ExchangeName.inbox, "case.resolved") == "schema misrouted of a: misrouted")
        #expect(try again(nil, nil) == "event a", "straight into the queue, or sent again by an older release")
        #expect(try again("", "recourse.intake") == "event a", "the same, and then delayed")
    }

    @Test func `Headers of upstream do not stand in for its key`() throws {
        let headers = [
            HeaderField(FailureHeader.exchange, .string(ExchangeName.inbox)),
            HeaderField(FailureHeader.routingKey, .string("case.accepted")),
        ]
        #expect(fate(try delivery(key: "case.resolved", headers: headers)) == "schema misrouted of a: misrouted")
    }

    @Test func `A byte-order mark makes no other event of it`() throws {
        let plain = try delivery()
        let marked = try delivery(body: [0xEF, 0xBB, 0xBF] + plain.body)
        guard case .event(let one) = Reception(plain, limits: DocumentLimits()),
            case .event(let other) = Reception(marked, limits: DocumentLimits())
        else {
            Issue.record("one of them is refused")
            return
        }
        #expect(one.digest == other.digest && one.body == other.body)
    }
}
