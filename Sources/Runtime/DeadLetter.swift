import Broker
import Schema
import Store

/// Why a message becomes a dead letter. `schema`: the contract refuses it. `transient`: it waited too long for something.
/// `permanent`: a stage cannot decide. `bystander`: the broker gave up (delivery limit) though no failure was recorded.
/// `unroutable`: no queue took it.
package enum DeadLetterClass: String, Sendable, CaseIterable, Codable {
    case schema, transient, permanent, bystander, unroutable
}

/// Why one message became a dead letter.
package struct DeadLetterReason: Sendable {
    package let `class`: DeadLetterClass
    /// That of a `DeadLetterCode`, unless a program of another release has found the reason.
    package let code: String
    /// For people; names members and rules, never values.
    package let message: String
    package let faults: [Fault]

    package init(_ class: DeadLetterClass, code: DeadLetterCode, message: String, faults: [Fault] = []) {
        self.init(`class`, found: code.rawValue, message: message, faults: faults)
    }

    /// - Parameter code: as it was found earlier, and kept.
    package init(_ class: DeadLetterClass, found code: String, message: String, faults: [Fault] = []) {
        self.class = `class`
        self.code = code
        self.message = message
        self.faults = faults
    }
}

extension DeadLetterReason {
    static let idReused = DeadLetterReason(
        .schema, code: .idReused, message: "the same source and id came before with another body")

    /// What upstream is told.
    var told: [Fault] { faults.isEmpty ? [Fault(pointer: "", rule: code, message: message)] : faults }
}

/// The headers that travel with a dead letter or a delayed message. Every republish builds its headers anew:
/// `x-death`, `x-first-death-*`, `x-delivery-count`, CC and BCC are never copied (a message that keeps `x-death` of a
/// delivery-limit death is dropped without a trace when a delay queue expires it).
package enum FailureHeader {
    package static let `class` = "x-fail-class"
    package static let code = "x-fail-code"
    package static let message = "x-fail-message"
    package static let faults = "x-fail-faults"
    package static let fingerprint = "x-fail-fingerprint"
    package static let queue = "x-fail-queue"
    package static let exchange = "x-fail-exchange"
    package static let routingKey = "x-fail-routing-key"
    package static let attempts = "x-fail-attempts"
    /// Wall time of the first failure, RFC 3339.
    package static let firstAt = "x-fail-first-at"
    package static let lastAt = "x-fail-last-at"
    package static let worker = "x-fail-worker"
    /// Who published it first, where the message says so: the broker admits only the true user there.
    package static let user = "x-fail-user"
    package static let replays = "x-replay-count"

    /// What a copy tells of its own way.
    static let ofCopies = [queue, exchange, routingKey, attempts, firstAt, lastAt, worker, user, replays]
    /// What of all headers is kept besides these: tracing.
    static let kept = ["traceparent", "tracestate"]
    /// In bytes, for the text of one header. All headers of a message share one frame; what does not fit can never be
    /// published, and its delivery never be settled.
    static let textLimit = 8 * 1024
    /// In bytes, for what is copied from a message.
    static let copiedLimit = 512
    /// In bytes, for a property (AMQP 0-9-1 §4.2.5.3). What was not UTF-8 is longer once it is repaired.
    static let propertyLimit = 255
}

/// Where a message came from and what is known of its earlier failures; read from its headers.
///
/// Upstream may write any headers. They are believed where only our programs and the broker publish: the default
/// exchange, by which delay queues and replays lead, and that of the dead letters.
package struct FailureHistory: Sendable {
    package let exchange: String
    package let routingKey: String
    package let attempts: Int
    package let firstAt: String?
    /// The broker's user who published it; nil: its sender has not said.
    package let user: String?
    package let replays: Int64
    package static let mostReplays: Int64 = 1_000_000

    /// The key under which it was published first; nil: nobody knows, as it came straight into a queue.
    package var originalKey: String? { exchange.isEmpty ? nil : routingKey }

    /// It comes from a delay queue, or out of the dead letters: its headers are ours.
    static func isReturned(_ delivery: Delivery) -> Bool {
        delivery.exchange.isEmpty || delivery.exchange == ExchangeName.dead
    }

    package init(_ delivery: Delivery) {
        let properties = delivery.properties
        let isOurs = Self.isReturned(delivery)
        func text(_ name: String) -> String? {
            guard isOurs, case .string(let text)? = properties[header: name] else { return nil }
            return FailureMessages.clip(text, to: FailureHeader.copiedLimit)
        }
        func number(_ name: String) -> Int64 {
            guard case .int(let value)? = properties[header: name] else { return 0 }
            return min(max(value, 0), Self.mostReplays)
        }
        exchange =
            text(FailureHeader.exchange) ?? FailureMessages.clip(delivery.exchange, to: FailureHeader.copiedLimit)
        routingKey =
            text(FailureHeader.routingKey) ?? FailureMessages.clip(delivery.routingKey, to: FailureHeader.copiedLimit)
        attempts = isOurs ? Int(number(FailureHeader.attempts)) : 0
        firstAt = text(FailureHeader.firstAt).flatMap { Instant(rfc3339: $0) == nil ? nil : $0 }
        user =
            isOurs
            ? text(FailureHeader.user)
            : delivery.properties.userId.map { FailureMessages.clip($0, to: FailureHeader.copiedLimit) }
        // A replay of what no queue took comes by the exchange of upstream; a wrong number harms nobody else.
        replays = number(FailureHeader.replays)
    }
}

/// Builds what a worker publishes beside its outputs.
package struct FailureMessages: Sendable {
    let stage: StageName
    let worker: String

    /// The properties of a republished message: those of its sender are kept, headers built anew.
    private func properties(of delivery: Delivery, history: FailureHistory, wall: Instant) -> MessageProperties {
        var properties = MessageProperties()
        properties.contentType = Self.short(delivery.properties.contentType)
        properties.contentEncoding = Self.short(delivery.properties.contentEncoding)
        properties.messageId = Self.short(delivery.properties.messageId)
        properties.type = Self.short(delivery.properties.type)
        properties.correlationId = Self.short(delivery.properties.correlationId)
        properties.appId = Self.short(delivery.properties.appId)
        properties.timestamp = delivery.properties.timestamp
        properties.headers = FailureHeader.kept.compactMap { name in
            guard case .string(let text)? = delivery.properties[header: name],
                text.utf8.count <= FailureHeader.copiedLimit
            else { return nil }
            return HeaderField(name, .string(text))
        }
        properties.headers += [
            HeaderField(FailureHeader.queue, .string(stage.queue)),
            HeaderField(FailureHeader.exchange, .string(history.exchange)),
            HeaderField(FailureHeader.routingKey, .string(history.routingKey)),
            HeaderField(FailureHeader.attempts, .int(Int64(history.attempts + 1))),
            HeaderField(FailureHeader.firstAt, .string(history.firstAt ?? wall.description)),
            HeaderField(FailureHeader.lastAt, .string(wall.description)),
            HeaderField(FailureHeader.worker, .string(worker)),
        ]
        if let size = delivery.oversized {
            properties.headers.append(HeaderField(MessageProperties.oversizedHeader, .int(size)))
        }
        if let user = history.user { properties.headers.append(HeaderField(FailureHeader.user, .string(user))) }
        if history.replays > 0 { properties.headers.append(HeaderField(FailureHeader.replays, .int(history.replays))) }
        return properties
    }

    /// What a copy tells that waits for what the event refers to, in a delay queue or in the store.
    func copy(of delivery: Delivery, wall: Instant) -> MessageProperties {
        properties(of: delivery, history: FailureHistory(delivery), wall: wall)
    }

    /// The copy that goes to `recourse.dead`.
    func deadLetter(_ delivery: Delivery, _ reason: DeadLetterReason, ticket: UInt64, wall: Instant) -> Publication {
        let history = FailureHistory(delivery)
        var properties = properties(of: delivery, history: history, wall: wall)
        let kind = FailureKind(
            queue: stage.queue, class: reason.class.rawValue, code: reason.code, fault: reason.faults.first)
        properties.headers += [
            HeaderField(FailureHeader.class, .string(reason.class.rawValue)),
            HeaderField(FailureHeader.code, .string(reason.code)),
            HeaderField(FailureHeader.message, .string(FailureMessages.clip(reason.message))),
            HeaderField(FailureHeader.fingerprint, .string(kind.fingerprint)),
        ]
        if !reason.faults.isEmpty {
            properties.headers.append(HeaderField(FailureHeader.faults, .string(FailureMessages.list(reason.faults))))
        }
        return Publication(
            ticket: ticket, exchange: ExchangeName.dead, routingKey: QueueName.dead, mandatory: true,
            properties: properties, body: delivery.body)
    }

    /// The copy that waits in one of the stage's retry queues.
    func retry(_ delivery: Delivery, ticket: UInt64, wall: Instant) -> Publication {
        let history = FailureHistory(delivery)
        return Publication(
            ticket: ticket, exchange: ExchangeName.retry,
            routingKey: QueueName.delay(stage, .after(attempts: history.attempts + 1)), mandatory: true,
            properties: copy(of: delivery, wall: wall), body: delivery.body)
    }

    /// `event.rejected`: tells upstream everything that was wrong with an event.
    ///
    /// Its id follows from the rejected event, so that two stages refusing the same event make one.
    func rejection(
        of identity: EventIdentity, body: [UInt8], faults: [Fault], ticket: UInt64, clock: Instant
    ) throws -> Publication {
        try FailureMessages.rejection(
            of: identity, body: body, faults: faults, queue: stage.queue, source: stage.source, ticket: ticket,
            clock: clock)
    }

    /// - Parameters:
    ///   - queue: where the event was refused.
    ///   - source: who says so.
    static func rejection(
        of identity: EventIdentity, body: [UInt8], faults: [Fault], queue: String, source: String, ticket: UInt64,
        clock: Instant
    ) throws -> Publication {
        let subject = identity.id ?? FailureMessages.hex(Identifiers.digest(body))
        let id = Identifiers.rejectionId(source: identity.source, subject: subject)
        let data = EventRejected(identity, queue: queue, faults: faults)
        let event = Event(id: id, source: source, time: clock, data: data)
        return answer(event, to: identity.source, ticket: ticket)
    }

    /// `event.waiting`: tells upstream that an event waits for what it refers to. Its id follows from that event, so that two
    /// make one.
    func notice(of waiting: WaitingEvent, ticket: UInt64, clock: Instant) -> Publication {
        let (source, id) = (waiting.event.source, waiting.event.id)
        let data = EventWaiting(
            source: source, eventId: id, queue: stage.queue,
            reference: FailureMessages.clip(waiting.reference.words, to: 128), until: waiting.endsAt)
        let event = Event(
            id: Identifiers.waitingId(source: source, eventId: id), source: stage.source, time: clock, data: data)
        return FailureMessages.answer(event, to: source, ticket: ticket)
    }

    /// What a worker tells upstream beside its journal, under a key of the source's own.
    private static func answer(_ event: Event, to source: String?, ticket: UInt64) -> Publication {
        let because = Because(rule: "contract", parameters: [:], facts: [:], policy: "contract")
        var properties = MessageProperties.of(event)
        properties.correlationId = nil
        let key = source.map { String(Identifiers.uuid5(of: $0).prefix(8)) } ?? "unknown"
        return Publication(
            ticket: ticket, exchange: ExchangeName.events, routingKey: "\(event.type.rawValue).\(key)",
            mandatory: false,
            properties: properties, body: event.body(because: because))
    }

    /// What a property may hold.
    static func short(_ text: String?) -> String? { text.map { clip($0, to: FailureHeader.propertyLimit) } }

    /// As many whole code points as fit into so many bytes.
    static func clip(_ text: String, to bytes: Int = FailureHeader.textLimit) -> String {
        guard text.utf8.count > bytes else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: bytes)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text.unicodeScalars[..<end])
    }

    /// The faults as JSON, as many as fit.
    static func list(_ faults: [Fault]) -> String {
        var writer = JSONWriter()
        writer.raw("[")
        for (index, fault) in faults.enumerated() {
            var one = JSONWriter()
            one.value([
                "pointer": .string(fault.pointer), "rule": .string(fault.rule), "message": .string(fault.message),
            ])
            guard writer.bytes.count + one.bytes.count < FailureHeader.textLimit else { break }
            if index > 0 { writer.raw(",") }
            writer.raw(one.bytes)
        }
        writer.raw("]")
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension MessageProperties {
    /// The properties of an event that Recourse publishes: what the body says, repeated for brokers and tools.
    package static func of(_ event: Event) -> MessageProperties {
        of(
            id: event.id, type: event.type.wireName, correlation: event.data.correlation, time: event.time,
            traceparent: event.traceparent)
    }

    package static func of(
        id: String, type: String, correlation: String?, time: Instant?, traceparent: String? = nil
    ) -> MessageProperties {
        var properties = MessageProperties()
        properties.contentType = "application/cloudevents+json"
        properties.messageId = id
        properties.type = type
        properties.correlationId = correlation
        properties.timestamp = time.map { UInt64(clamping: $0.microseconds / 1_000_000) }
        if let traceparent { properties.headers = [HeaderField("traceparent", .string(traceparent))] }
        return properties
    }
}
