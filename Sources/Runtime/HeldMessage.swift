import Broker
import Schema
import Store

/// The message of an event that waits in the store, as its delayed copy would be: what the delivery told, and the body.
///
/// Its bytes are the properties as one line of JSON, then the body.
struct HeldMessage: Sendable {
    let properties: MessageProperties
    let body: [UInt8]
    /// Only who it was could be told.
    private(set) var isDamaged = false

    init(properties: MessageProperties, body: [UInt8]) {
        self.properties = properties
        self.body = body
    }

    /// Who it was, and nothing of what it said.
    init(remainingOf waiting: WaitingEvent) {
        let members: [(String, String)] = [
            ("specversion", "1.0"), ("id", waiting.event.id), ("source", waiting.event.source),
            ("type", EventType(waiting.type).wireName),
        ]
        self.init(
            properties: MessageProperties(),
            body: JSON.object(members.map { JSON.Member($0.0, .string($0.1)) }).serialized)
        isDamaged = true
    }

    /// - Throws: `StoreFailure`, corrupt, if these are not the bytes of a message.
    init(bytes: [UInt8]) throws {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { throw Self.unreadable("it has no properties") }
        do throws(JSONSyntaxError) {
            let json = try JSON(parsing: Array(bytes[..<end]))
            properties = Self.properties(json)
        } catch {
            throw Self.unreadable("its properties are no JSON: byte \(error.offset)")
        }
        body = Array(bytes[(end + 1)...])
    }

    var bytes: [UInt8] { head + [UInt8(ascii: "\n")] + body }

    /// The properties, as they are kept.
    var head: [UInt8] {
        var json = HeaderJSON.encode(properties)
        if case .object(let members) = json {
            json = .object(members + [JSON.Member("headers", HeaderJSON.encode(.table(properties.headers)))])
        }
        return json.serialized
    }

    /// As it would come out of a delay queue, where what the headers tell is believed.
    func delivery(to queue: String) -> Delivery {
        Delivery(
            tag: 0, channel: 0, redelivered: false, exchange: "", routingKey: queue, properties: properties, body: body)
    }

    /// Copies carry texts and numbers alone.
    private static func properties(_ json: JSON) -> MessageProperties {
        var properties = MessageProperties()
        properties.contentType = json["contentType"]?.string
        properties.contentEncoding = json["contentEncoding"]?.string
        properties.messageId = json["messageId"]?.string
        properties.type = json["type"]?.string
        properties.correlationId = json["correlationId"]?.string
        properties.appId = json["appId"]?.string
        properties.timestamp = json["timestamp"]?.int.map { UInt64(clamping: $0) }
        if case .object(let fields)? = json["headers"] {
            properties.headers = fields.compactMap { field in
                if let text = field.value.string { return HeaderField(field.name, .string(text)) }
                return field.value.int.map { HeaderField(field.name, .int($0)) }
            }
        }
        return properties
    }

    private static func unreadable(_ cause: String) -> StoreFailure {
        StoreFailure(.corrupt, operation: "reading a waiting message", cause: cause)
    }
}

extension PersonalVault {
    private func context(of event: EventKey) -> [UInt8] {
        Array("recourse/\(stage.rawValue)/waiting/\(event.source)\n\(event.id)".utf8)
    }

    func seal(_ message: HeldMessage, of event: EventKey) throws -> WaitingMessage {
        let (key, sealed) = try keyring.seal(message.bytes, context: context(of: event))
        return WaitingMessage(key: key, sealed: sealed)
    }

    /// - Throws: `StoreFailure`: unavailable if the key that sealed it is not there, corrupt if it is damaged.
    func open(_ message: WaitingMessage, of event: EventKey) throws -> HeldMessage {
        let bytes: [UInt8]
        do throws(SealFailure) {
            bytes = try keyring.open(message.sealed, key: message.key, context: context(of: event))
        } catch {
            throw StoreFailure(error.ofOne, operation: "opening a waiting message", cause: error.description)
        }
        return try HeldMessage(bytes: bytes)
    }

    /// Of a message that is damaged only what its row tells is left, which the contract refuses.
    ///
    /// - Throws: `StoreFailure`, unavailable if the key that sealed it is not there.
    func openOrRemains(_ message: WaitingMessage, of waiting: WaitingEvent) throws -> HeldMessage {
        do {
            return try open(message, of: waiting.event)
        } catch let failure as StoreFailure where failure.kind == .corrupt {
            return HeldMessage(remainingOf: waiting)
        }
    }

    /// The message of a waiting event, as it would come out of a delay queue of its stage; nil: it does not wait.
    ///
    /// - Throws: `StoreFailure`, unavailable if the key that sealed it is not there.
    package func waitingDelivery(_ waiting: WaitingEvent, in snapshot: any StoreSnapshot) throws -> Delivery? {
        try snapshot.waitingMessage(of: waiting.event).map {
            try openOrRemains($0, of: waiting).delivery(to: stage.queue)
        }
    }

    /// Seals up to `limit` waiting messages behind `after` with the current key, where another has sealed them. What is
    /// damaged stays as it is.
    ///
    /// - Returns: the last event looked at, nil at the end; how many were sealed again; and how many are damaged and still
    ///   lie under another key.
    package func resealWaiting(
        after: EventKey?, limit: Int, in transaction: any StoreTransaction
    ) throws -> (last: EventKey?, resealed: Int, damaged: Int) {
        var (resealed, damaged) = (0, 0)
        let page = try transaction.waiting(after: after, limit: limit)
        for event in page.map(\.event) {
            guard let message = try transaction.waitingMessage(of: event), message.key != keyring.currentId else {
                continue
            }
            do {
                try transaction.resealWaiting(event, try seal(try open(message, of: event), of: event))
                resealed += 1
            } catch let failure as StoreFailure where failure.kind == .corrupt {
                damaged += 1
            }
        }
        return (page.last?.event, resealed, damaged)
    }
}
