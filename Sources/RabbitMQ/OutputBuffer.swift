import Broker
internal import CRabbitMQ

/// Encoded frames on their way to a plain TCP socket.
///
/// The library sends each frame of a message by itself (three calls per message) and waits without limit when the
/// socket is full. Frames gathered here leave many at a time, and a full socket is a reason to poll, not to wait.
struct OutputBuffer: ~Copyable {
    private static let initialCapacity = 256 * 1024
    private static let frameOverhead = 8  // type, channel, size before; the end octet after

    private var storage: UnsafeMutableRawPointer
    private var capacity: Int
    private var head = 0
    private var tail = 0

    init() {
        capacity = Self.initialCapacity
        storage = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { storage.deallocate() }

    var count: Int { tail - head }

    /// A place to return to with `cut` when the rest of a message cannot be encoded.
    var mark: Int { count }
    mutating func cut(to mark: Int) { tail = head + mark }
    mutating func clear() { cut(to: 0) }

    /// A method frame; `method` is the library's structure for `id`.
    mutating func append<Method>(
        _ id: UInt32, _ method: inout Method, channel: UInt16, frameMaximum: Int
    ) throws(BrokerFailure) {
        try frame(1, channel, frameMaximum, prefix: 4) { payload, fields in
            payload.storeBytes(of: id.bigEndian, as: UInt32.self)
            return withUnsafeMutablePointer(to: &method) { amqp_encode_method(id, $0, fields) }
        }
    }

    mutating func appendHeader(
        _ properties: inout amqp_basic_properties_t, bodySize: Int, channel: UInt16, frameMaximum: Int
    ) throws(BrokerFailure) {
        try frame(2, channel, frameMaximum, prefix: 12) { payload, fields in
            payload.storeBytes(of: UInt16(AMQP_BASIC_CLASS).bigEndian, as: UInt16.self)
            payload.storeBytes(of: 0, toByteOffset: 2, as: UInt16.self)
            payload.storeBytes(of: UInt64(bodySize).bigEndian, toByteOffset: 4, as: UInt64.self)
            return withUnsafeMutablePointer(to: &properties) {
                amqp_encode_properties(UInt16(AMQP_BASIC_CLASS), $0, fields)
            }
        }
    }

    mutating func appendBody(_ fragment: UnsafeRawBufferPointer, channel: UInt16) {
        reserve(fragment.count + Self.frameOverhead)
        if let source = fragment.baseAddress {
            (storage + tail + 7).copyMemory(from: source, byteCount: fragment.count)
        }
        finish(3, channel, fragment.count)
    }

    mutating func appendHeartbeat() {
        reserve(Self.frameOverhead)
        finish(8, 0, 0)
    }

    /// Encodes into a small room first and, if that is too small, into the largest a frame may have.
    private mutating func frame(
        _ type: UInt8, _ channel: UInt16, _ frameMaximum: Int, prefix: Int,
        encode: (UnsafeMutableRawPointer, amqp_bytes_t) -> Int32
    ) throws(BrokerFailure) {
        var status: Int32 = 0
        for room in [min(2048, frameMaximum), frameMaximum] {
            reserve(room)
            let payload = storage + tail + 7
            let fields = amqp_bytes_t(len: room - Self.frameOverhead - prefix, bytes: payload + prefix)
            status = encode(payload, fields)
            if status >= 0 {
                finish(type, channel, prefix + Int(status))
                return
            }
        }
        throw BrokerFailure(
            .protocol, operation: "encode a frame", cause: "does not fit into one frame of \(frameMaximum) bytes")
    }

    private mutating func finish(_ type: UInt8, _ channel: UInt16, _ size: Int) {
        let start = storage + tail
        start.storeBytes(of: type, as: UInt8.self)
        start.storeBytes(of: channel.bigEndian, toByteOffset: 1, as: UInt16.self)
        start.storeBytes(of: UInt32(size).bigEndian, toByteOffset: 3, as: UInt32.self)
        start.storeBytes(of: 0xCE, toByteOffset: 7 + size, as: UInt8.self)
        tail += size + Self.frameOverhead
    }

    private mutating func reserve(_ room: Int) {
        if tail + room <= capacity { return }
        let pending = count
        if pending + room <= capacity {
            storage.copyMemory(from: storage + head, byteCount: pending)
        } else {
            var wanted = capacity
            while wanted < pending + room { wanted *= 2 }
            let larger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
            larger.copyMemory(from: storage + head, byteCount: pending)
            storage.deallocate()
            storage = larger
            capacity = wanted
        }
        head = 0
        tail = pending
    }

    /// Hands over as much as the socket takes; false when its buffer is full.
    mutating func send(to socket: Int32, operation: String) throws(BrokerFailure) -> Bool {
        while head < tail {
            let sent = Sockets.send(socket, storage + head, tail - head)
            if sent > 0 {
                head += sent
            } else if Sockets.wouldBlock {
                return false
            } else if !Sockets.wasInterrupted {
                throw BrokerFailure(.connection, operation: operation, cause: Sockets.errorText)
            }
        }
        head = 0
        tail = 0
        return true
    }
}
