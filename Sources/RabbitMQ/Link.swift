import Broker
internal import CRabbitMQ
import Glibc

/// One AMQP connection with one channel: the only owner of the library's handles.
///
/// Used by the thread that opened it and by no other. Nothing here waits once the connection is open: what cannot be
/// written stays in `output` (plain TCP) or with the caller (`canTake`), and reading takes what is there.
///
/// The library's own heartbeats are switched off after the login and the connection's thread keeps them instead, for
/// three reasons: the library sends one whenever a read finds it due, which would cut a frame of `output` in two when
/// only its first half had left; librabbitmq 0.11 waits without limit in `amqp_basic_publish` once its receive
/// deadline has passed (its issue 780, fixed in 0.14); and it services heartbeats only inside its calls.
final class Link {
    static let channel: UInt16 = 1
    static let frameMaximum = 131_072
    /// Above this much unsent output nothing more is taken in.
    private static let outputLimit = 256 * 1024
    /// Body fragment of the TLS path: less than what a socket that polls as writable has room for.
    private static let encryptedFragment = 16 * 1024

    let endpoint: String
    /// Seconds, as agreed with the broker; 0 is off.
    private(set) var heartbeatSeconds = 0
    private(set) var lastReceived = Uptime.milliseconds
    private(set) var lastSent = Uptime.milliseconds

    let state: amqp_connection_state_t
    let isEncrypted: Bool
    private let arena = NativeArena()
    private var output = OutputBuffer()
    private var frameSize = Link.frameMaximum
    private var body: [UInt8] = []
    private var bodyOffset = 0

    /// Takes over a connection that has logged in; the heartbeat is the agreed one.
    init(state: amqp_connection_state_t, endpoint: String, isEncrypted: Bool) {
        self.state = state
        self.endpoint = endpoint
        self.isEncrypted = isEncrypted
        heartbeatSeconds = Int(amqp_get_heartbeat(state))
        frameSize = Int(amqp_get_frame_max(state))
    }

    deinit {
        // Sends nothing; frees the pools and closes the socket.
        amqp_destroy_connection(state)
    }

    /// -1 once the library has closed the socket.
    var socket: Int32 { amqp_get_sockfd(state) }

    func notedReadable() { lastReceived = Uptime.milliseconds }

    // MARK: Reading

    /// The next frame that has arrived, nil when there is none. Heartbeats are swallowed.
    func nextFrame() throws(BrokerFailure) -> InboundFrame? {
        var frame = amqp_frame_t()
        var poll = timeval(tv_sec: 0, tv_usec: 0)
        while true {
            // Frees what the previous frame pointed to. Not `amqp_release_buffers`: that aborts the process when a
            // frame is only half read.
            amqp_maybe_release_buffers(state)
            let status = amqp_simple_wait_frame_noblock(state, &frame, &poll)
            if status == AMQP_STATUS_TIMEOUT.rawValue { return nil }
            guard status == AMQP_STATUS_OK.rawValue else {
                throw Failures.library(status, "read from \(endpoint)")
            }
            switch frame.frame_type {
            case UInt8(AMQP_FRAME_METHOD): return .method(InboundMethod(frame.payload.method))
            case UInt8(AMQP_FRAME_HEADER):
                let header = frame.payload.properties
                guard header.class_id == UInt16(AMQP_BASIC_CLASS), let decoded = header.decoded else { continue }
                let native = decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee
                return .header(MessageHeader(bodySize: header.body_size, properties: MessageProperties(native)))
            case UInt8(AMQP_FRAME_BODY):
                let fragment = frame.payload.body_fragment
                return .body(UnsafeRawBufferPointer(start: fragment.bytes, count: fragment.len))
            default: continue
            }
        }
    }

    // MARK: Writing

    /// Whether another frame or message may be handed over now.
    var canTake: Bool {
        guard body.isEmpty else { return false }
        return isEncrypted ? Sockets.isWritable(socket) : output.count < Self.outputLimit
    }

    /// Something waits for the socket to become writable.
    var hasPendingOutput: Bool { !body.isEmpty || output.count > 0 }

    /// Writes a method; the caller has asked `canTake`, besides for answers to the broker, which are short.
    func send<Method>(_ id: UInt32, channel: UInt16 = Link.channel, _ method: Method) throws(BrokerFailure) {
        defer { arena.reset() }
        try encode(id, channel, method)
        if !isEncrypted { try flush() }
    }

    /// Like `send`, but leaves the frame in the buffer until `flush`, so that many leave at once.
    func queue<Method>(_ id: UInt32, _ method: Method) throws(BrokerFailure) {
        defer { arena.reset() }
        try encode(id, Link.channel, method)
    }

    /// Builds a method whose texts live in the arena until it has been sent.
    func send<Method>(
        _ id: UInt32, _ make: (borrowing NativeArena) throws(BrokerFailure) -> Method
    ) throws(BrokerFailure) {
        let method = try make(arena)
        try send(id, method)
    }

    private func encode<Method>(_ id: UInt32, _ channel: UInt16, _ method: Method) throws(BrokerFailure) {
        var method = method
        if isEncrypted {
            var frame = amqp_frame_t()
            frame.frame_type = UInt8(AMQP_FRAME_METHOD)
            frame.channel = channel
            frame.payload.method.id = id
            try withUnsafeMutablePointer(to: &method) { pointer throws(BrokerFailure) in
                frame.payload.method.decoded = UnsafeMutableRawPointer(pointer)
                try transmit(&frame)
            }
        } else {
            try output.append(id, &method, channel: channel, frameMaximum: frameSize)
        }
        lastSent = Uptime.milliseconds
    }

    /// Queues a message; its body follows as the socket takes it. The caller has asked `canTake`.
    ///
    /// Throws a failure of kind `.protocol` when the message cannot be encoded; nothing of it has then been written.
    func publish(_ publication: Publication) throws(BrokerFailure) {
        defer { arena.reset() }
        var method = amqp_basic_publish_t()
        method.exchange = try arena.short(publication.exchange, "exchange")
        method.routing_key = try arena.short(publication.routingKey, "routing key")
        method.mandatory = publication.mandatory ? 1 : 0
        var properties = try arena.properties(publication.properties)
        if isEncrypted {
            // The header first into the buffer, as a trial: after the method has left, a header that does not fit would
            // leave the channel in the middle of a message.
            try output.appendHeader(&properties, bodySize: 0, channel: Link.channel, frameMaximum: frameSize)
            output.clear()
            try encode(AMQP_BASIC_PUBLISH_METHOD, Link.channel, method)
            try transmitHeader(&properties, bodySize: publication.body.count)
        } else {
            let mark = output.mark
            do {
                try output.append(
                    AMQP_BASIC_PUBLISH_METHOD, &method, channel: Link.channel, frameMaximum: frameSize)
                try output.appendHeader(
                    &properties, bodySize: publication.body.count, channel: Link.channel, frameMaximum: frameSize)
            } catch {
                output.cut(to: mark)
                throw error
            }
        }
        lastSent = Uptime.milliseconds
        body = publication.body
        bodyOffset = 0
        try moveBody()
    }

    /// Answers a `channel.close`. The rest of a message that was under way must not follow into the next channel.
    func acceptChannelClose() throws(BrokerFailure) {
        body = []
        bodyOffset = 0
        try send(AMQP_CHANNEL_CLOSE_OK_METHOD, amqp_channel_close_ok_t())
    }

    /// Says goodbye; the broker answers when it has worked through all that was sent before.
    func sendConnectionClose() throws(BrokerFailure) {
        var method = amqp_connection_close_t()
        method.reply_code = UInt16(AMQP_REPLY_SUCCESS)
        try send(AMQP_CONNECTION_CLOSE_METHOD, channel: 0, method)
    }

    /// Hands over what waits, as far as the socket takes it.
    func flush() throws(BrokerFailure) {
        repeat {
            try moveBody()
            if output.count == 0 { return }
            if try !output.send(to: socket, operation: "write to \(endpoint)") { return }
        } while !body.isEmpty
    }

    /// The broker reads a heartbeat as a sign of life; whatever waits in the buffer is one, too.
    func sendHeartbeat() throws(BrokerFailure) {
        lastSent = Uptime.milliseconds
        if isEncrypted {
            guard Sockets.isWritable(socket) else { return }
            var frame = amqp_frame_t()
            frame.frame_type = UInt8(AMQP_FRAME_HEARTBEAT)
            frame.channel = 0
            try transmit(&frame)
        } else {
            if output.count == 0 { output.appendHeartbeat() }
            try flush()
        }
    }

    private func moveBody() throws(BrokerFailure) {
        let body = body
        while bodyOffset < body.count {
            if isEncrypted ? !Sockets.isWritable(socket) : output.count >= Self.outputLimit { return }
            // Sent without MSG_MORE: the library's own publish leaves the last fragment corked for 200 ms when the body
            // is an exact multiple of the frame size.
            let size = min(body.count - bodyOffset, isEncrypted ? Self.encryptedFragment : frameSize - 8)
            try body.span.bytes.withUnsafeBytes { bytes throws(BrokerFailure) in
                let fragment = UnsafeRawBufferPointer(rebasing: bytes[bodyOffset..<bodyOffset + size])
                if isEncrypted {
                    try transmitBody(fragment)
                } else {
                    output.appendBody(fragment, channel: Link.channel)
                }
            }
            bodyOffset += size
            lastSent = Uptime.milliseconds
        }
        self.body = []
        bodyOffset = 0
    }

    // MARK: The TLS path: only the library can write to its TLS session

    private func transmit(_ frame: inout amqp_frame_t) throws(BrokerFailure) {
        let status = amqp_send_frame(state, &frame)
        guard status == AMQP_STATUS_OK.rawValue else { throw Failures.library(status, "write to \(endpoint)") }
    }

    private func transmitHeader(_ properties: inout amqp_basic_properties_t, bodySize: Int) throws(BrokerFailure) {
        try withUnsafeMutablePointer(to: &properties) { pointer throws(BrokerFailure) in
            var frame = amqp_frame_t()
            frame.frame_type = UInt8(AMQP_FRAME_HEADER)
            frame.channel = Link.channel
            frame.payload.properties.class_id = UInt16(AMQP_BASIC_CLASS)
            frame.payload.properties.body_size = UInt64(bodySize)
            frame.payload.properties.decoded = UnsafeMutableRawPointer(pointer)
            try transmit(&frame)
        }
    }

    private func transmitBody(_ fragment: UnsafeRawBufferPointer) throws(BrokerFailure) {
        var frame = amqp_frame_t()
        frame.frame_type = UInt8(AMQP_FRAME_BODY)
        frame.channel = Link.channel
        frame.payload.body_fragment = amqp_bytes_t(
            len: fragment.count, bytes: UnsafeMutableRawPointer(mutating: fragment.baseAddress))
        try transmit(&frame)
    }
}
