import Schema

/// A value of an AMQP header table (AMQP 0-9-1 §4.2.1, with RabbitMQ's extensions).
///
/// Every integer kind is read as `int`; what Recourse writes is `long-long-int`.
package indirect enum HeaderValue: Hashable, Sendable {
    case void
    case bool(Bool)
    case int(Int64)
    /// An unsigned 64-bit value above `Int64.max`.
    case unsigned(UInt64)
    case double(Double)
    case decimal(scale: UInt8, value: UInt32)
    case string(String)
    /// A byte array, or a string that is not UTF-8.
    case bytes([UInt8])
    /// Seconds since 1970.
    case timestamp(UInt64)
    case array([HeaderValue])
    case table([HeaderField])
}

/// One named field of a header table; a table keeps its order.
package struct HeaderField: Hashable, Sendable {
    package var name: String
    package var value: HeaderValue

    package init(_ name: String, _ value: HeaderValue) {
        self.name = name
        self.value = value
    }
}

/// The properties of an AMQP message that Recourse reads or writes. Messages are always persistent.
package struct MessageProperties: Hashable, Sendable {
    package var contentType: String?
    package var contentEncoding: String?
    package var messageId: String?
    package var type: String?
    package var correlationId: String?
    package var appId: String?
    package var userId: String?
    /// Seconds since 1970.
    package var timestamp: UInt64?
    /// Set when the message is written persistent (delivery mode 2); what is published always is.
    package var persistent = true
    package var headers: [HeaderField] = []

    package init() {}

    package subscript(header name: String) -> HeaderValue? {
        headers.first { $0.name == name }?.value
    }
}

extension MessageProperties {
    /// Written by our programs when they publish: microseconds since 1970, on the sender's clock. AMQP's own timestamp has
    /// whole seconds, and ours carries the event's time.
    package static let sentAtHeader = "x-recourse-sent-at"

    /// nil: the sender does not say, as most of upstream do not, or it says no time.
    package var sentAt: Instant? {
        guard case .int(let microseconds)? = self[header: MessageProperties.sentAtHeader],
            (0...Instant.limit.microseconds).contains(microseconds)
        else { return nil }
        return Instant(microseconds: microseconds)
    }

    /// Says when it was sent, in place of what it said before.
    package mutating func stamp(sentAt: Instant) {
        headers.removeAll { $0.name == MessageProperties.sentAtHeader }
        headers.append(HeaderField(MessageProperties.sentAtHeader, .int(sentAt.microseconds)))
    }
}

/// A message as a queue hands it over.
///
/// A class, as it goes through many hands and never changes: to copy a dozen texts each time costs more than to look at it.
package final class Delivery: Sendable {
    /// Counts from 1 within one channel.
    package let tag: UInt64
    /// Which channel the tag belongs to: an acknowledgement for an earlier channel is dropped by the adapter,
    /// because the broker has already taken the message back.
    package let channel: UInt64
    package let redelivered: Bool
    package let exchange: String
    package let routingKey: String
    package let properties: MessageProperties
    package let body: [UInt8]

    package init(
        tag: UInt64, channel: UInt64, redelivered: Bool, exchange: String, routingKey: String,
        properties: MessageProperties, body: [UInt8]
    ) {
        self.tag = tag
        self.channel = channel
        self.redelivered = redelivered
        self.exchange = exchange
        self.routingKey = routingKey
        self.properties = properties
        self.body = body
    }

    /// In bytes, of a body that was too large to be kept and is empty here; nil: this is the body. Upstream may write the
    /// header too.
    package var oversized: Int64? {
        guard body.isEmpty, case .int(let size)? = properties[header: MessageProperties.oversizedHeader] else {
            return nil
        }
        return size
    }
}

/// A message to publish.
package struct Publication: Sendable {
    /// Chosen by the caller, unique per publisher; it comes back with the outcome.
    package let ticket: UInt64
    /// Empty: the default exchange, `routingKey` then names the queue.
    package let exchange: String
    package let routingKey: String
    /// True where the topology promises a queue: no queue there is then reported as `.returned`.
    package let mandatory: Bool
    package let properties: MessageProperties
    package let body: [UInt8]

    package init(
        ticket: UInt64, exchange: String, routingKey: String, mandatory: Bool, properties: MessageProperties,
        body: [UInt8]
    ) {
        self.ticket = ticket
        self.exchange = exchange
        self.routingKey = routingKey
        self.mandatory = mandatory
        self.properties = properties
        self.body = body
    }
}

extension MessageProperties {
    /// Set (to true) when the header table was deeper or larger than is copied, see `HeaderDecoding`.
    package static let truncatedHeader = "x-recourse-headers-truncated"
    /// Set to the size in bytes when the body was larger than the configured limit; the body is then empty.
    package static let oversizedHeader = "x-recourse-oversized"
}
