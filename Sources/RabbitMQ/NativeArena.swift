import Broker
internal import CRabbitMQ

/// Memory for what one outgoing frame points to: the library's structures hold pointers, Swift's strings do not stay.
///
/// Used by one thread; `reset` gives everything back at once.
struct NativeArena: ~Copyable {
    /// Deeper tables are not written: a caller that builds one has a fault, and the broker would pay for it.
    static let maximumDepth = 64

    private let pool: UnsafeMutablePointer<amqp_pool_t>

    init() {
        pool = .allocate(capacity: 1)
        init_amqp_pool(pool, 16 * 1024)
    }

    deinit {
        empty_amqp_pool(pool)
        pool.deallocate()
    }

    func reset() { recycle_amqp_pool(pool) }

    func bytes(_ source: some Collection<UInt8>) throws(BrokerFailure) -> amqp_bytes_t {
        let count = source.count
        if count == 0 { return amqp_empty_bytes }
        guard let target = amqp_pool_alloc(pool, count) else { throw Self.noMemory }
        UnsafeMutableRawBufferPointer(start: target, count: count).copyBytes(from: source)
        return amqp_bytes_t(len: count, bytes: target)
    }

    func bytes(_ text: String) throws(BrokerFailure) -> amqp_bytes_t { try bytes(text.utf8) }

    /// A short string (AMQP 0-9-1 §4.2.5.3). The library writes the length modulo 256 and all the bytes, which would
    /// break the stream, so length is checked here.
    func short(_ text: String, _ what: String) throws(BrokerFailure) -> amqp_bytes_t {
        guard text.utf8.count <= 255 else {
            throw BrokerFailure(
                .protocol, operation: "encode \(what)", cause: "\(text.utf8.count) bytes; AMQP allows 255")
        }
        return try bytes(text)
    }

    func table(_ fields: [HeaderField], depth: Int = 1) throws(BrokerFailure) -> amqp_table_t {
        if fields.isEmpty { return amqp_empty_table }
        let entries = try allocate(amqp_table_entry_t.self, fields.count)
        for (index, field) in fields.enumerated() {
            let entry = amqp_table_entry_t(
                key: try short(field.name, "header name"), value: try value(field.value, depth: depth))
            (entries + index).initialize(to: entry)
        }
        return amqp_table_t(num_entries: Int32(fields.count), entries: entries)
    }

    private func value(_ value: HeaderValue, depth: Int) throws(BrokerFailure) -> amqp_field_value_t {
        guard depth <= Self.maximumDepth else {
            throw BrokerFailure(
                .protocol, operation: "encode headers", cause: "nested deeper than \(Self.maximumDepth)")
        }
        var native = amqp_field_value_t()
        func set(_ kind: Unicode.Scalar) { native.kind = UInt8(ascii: kind) }
        switch value {
        case .void: set("V")
        case .bool(let flag):
            set("t")
            native.value.boolean = flag ? 1 : 0
        case .int(let number):
            set("l")
            native.value.i64 = number
        case .unsigned(let number):
            set("L")
            native.value.u64 = number
        case .double(let number):
            set("d")
            native.value.f64 = number
        case .decimal(let scale, let number):
            set("D")
            native.value.decimal = amqp_decimal_t(decimals: scale, value: number)
        case .string(let text):
            set("S")
            native.value.bytes = try bytes(text)
        case .bytes(let raw):
            set("x")
            native.value.bytes = try bytes(raw)
        case .timestamp(let seconds):
            set("T")
            native.value.u64 = seconds
        case .array(let items):
            set("A")
            native.value.array = try array(items, depth: depth + 1)
        case .table(let fields):
            set("F")
            native.value.table = try table(fields, depth: depth + 1)
        }
        return native
    }

    private func array(_ items: [HeaderValue], depth: Int) throws(BrokerFailure) -> amqp_array_t {
        if items.isEmpty { return amqp_empty_array }
        let entries = try allocate(amqp_field_value_t.self, items.count)
        for (index, item) in items.enumerated() { (entries + index).initialize(to: try value(item, depth: depth)) }
        return amqp_array_t(num_entries: Int32(items.count), entries: entries)
    }

    private func allocate<T>(_ type: T.Type, _ count: Int) throws(BrokerFailure) -> UnsafeMutablePointer<T> {
        guard let raw = amqp_pool_alloc(pool, count * MemoryLayout<T>.stride) else { throw Self.noMemory }
        return raw.bindMemory(to: type, capacity: count)
    }

    private static let noMemory = BrokerFailure(.protocol, operation: "encode a frame", cause: "out of memory")

    /// The properties of a message; it is always written persistent (delivery mode 2).
    func properties(_ source: MessageProperties) throws(BrokerFailure) -> amqp_basic_properties_t {
        var native = amqp_basic_properties_t()
        native._flags = PropertyFlag.deliveryMode
        native.delivery_mode = 2
        func text(_ value: String?, _ flag: UInt32, _ what: String) throws(BrokerFailure) -> amqp_bytes_t {
            guard let value else { return amqp_empty_bytes }
            native._flags |= flag
            return try short(value, what)
        }
        native.content_type = try text(source.contentType, PropertyFlag.contentType, "content type")
        native.content_encoding = try text(
            source.contentEncoding, PropertyFlag.contentEncoding, "content encoding")
        native.message_id = try text(source.messageId, PropertyFlag.messageId, "message id")
        native.type = try text(source.type, PropertyFlag.type, "type")
        native.correlation_id = try text(source.correlationId, PropertyFlag.correlationId, "correlation id")
        native.app_id = try text(source.appId, PropertyFlag.appId, "app id")
        native.user_id = try text(source.userId, PropertyFlag.userId, "user id")
        if let timestamp = source.timestamp {
            native._flags |= PropertyFlag.timestamp
            native.timestamp = timestamp
        }
        if !source.headers.isEmpty {
            native._flags |= PropertyFlag.headers
            native.headers = try table(source.headers)
        }
        return native
    }
}
