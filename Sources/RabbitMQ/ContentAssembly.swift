import Broker

/// A message from the broker, put together from its frames.
struct InboundMessage {
    /// `.deliver` or `.returned`.
    let method: InboundMethod
    let properties: MessageProperties
    let body: [UInt8]
    let size: Int
}

/// Puts messages together from method, header and body frames (AMQP 0-9-1 §4.2.6).
///
/// The library's `amqp_consume_message` waits for header and body without limit, so the frames are taken one by one.
/// A body above `bodyLimit` is read past, not kept: the message comes with an empty body and with the header field
/// `x-recourse-oversized` holding its size in bytes, so that the receiver can dead-letter it.
struct ContentAssembly {
    private enum Phase {
        case idle
        case header(InboundMethod)
        case body(InboundMethod, MessageProperties, size: Int)
    }

    let bodyLimit: Int
    private var phase = Phase.idle
    private var body: [UInt8] = []
    private var received = 0

    init(bodyLimit: Int) { self.bodyLimit = bodyLimit }

    mutating func begin(_ method: InboundMethod) throws(BrokerFailure) {
        guard case .idle = phase else { throw Self.outOfOrder("a message inside a message") }
        phase = .header(method)
    }

    /// The message, if it has no body.
    mutating func take(_ header: MessageHeader) throws(BrokerFailure) -> InboundMessage? {
        guard case .header(let method) = phase else { throw Self.outOfOrder("a header without a message") }
        guard let size = Int(exactly: header.bodySize) else { throw Self.outOfOrder("an impossible body size") }
        var properties = header.properties
        if size > bodyLimit {
            properties.headers.append(HeaderField(MessageProperties.oversizedHeader, .int(Int64(size))))
        } else {
            body.reserveCapacity(size)
        }
        received = 0
        phase = .body(method, properties, size: size)
        return size == 0 ? finish() : nil
    }

    /// The message, if this was the last of its body.
    mutating func take(_ fragment: UnsafeRawBufferPointer) throws(BrokerFailure) -> InboundMessage? {
        guard case .body(_, _, let size) = phase, received + fragment.count <= size else {
            throw Self.outOfOrder("a body that was not announced")
        }
        received += fragment.count
        if size <= bodyLimit { body.append(contentsOf: fragment) }
        return received == size ? finish() : nil
    }

    private mutating func finish() -> InboundMessage? {
        guard case .body(let method, let properties, let size) = phase else { return nil }
        defer {
            phase = .idle
            body = []
        }
        return InboundMessage(method: method, properties: properties, body: body, size: size)
    }

    private static func outOfOrder(_ what: String) -> BrokerFailure {
        BrokerFailure(.protocol, operation: "read a message", cause: "the broker sent \(what)")
    }
}
