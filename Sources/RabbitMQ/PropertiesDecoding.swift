import Broker
internal import CRabbitMQ

extension MessageProperties {

    init(_ native: amqp_basic_properties_t) {
        self.init()
        func text(_ flag: UInt32, _ bytes: amqp_bytes_t) -> String? {
            native._flags & flag != 0 ? String(bytes) : nil
        }
        contentType = text(PropertyFlag.contentType, native.content_type)
        contentEncoding = text(PropertyFlag.contentEncoding, native.content_encoding)
        messageId = text(PropertyFlag.messageId, native.message_id)
        type = text(PropertyFlag.type, native.type)
        correlationId = text(PropertyFlag.correlationId, native.correlation_id)
        appId = text(PropertyFlag.appId, native.app_id)
        userId = text(PropertyFlag.userId, native.user_id)
        timestamp = native._flags & PropertyFlag.timestamp != 0 ? native.timestamp : nil
        persistent = native._flags & PropertyFlag.deliveryMode != 0 && native.delivery_mode == 2
        if native._flags & PropertyFlag.headers != 0 {
            var decoding = HeaderDecoding()
            headers = decoding.table(native.headers, depth: 1)
            if decoding.isTruncated { headers.append(HeaderField(Self.truncatedHeader, .bool(true))) }
        }
    }
}

/// The flag bits of AMQP 0-9-1 §4.2.6.1 for the class basic; the C macros carry a cast that Swift does not import.
enum PropertyFlag {
    static let contentType: UInt32 = 1 << 15
    static let contentEncoding: UInt32 = 1 << 14
    static let headers: UInt32 = 1 << 13
    static let deliveryMode: UInt32 = 1 << 12
    static let correlationId: UInt32 = 1 << 10
    static let messageId: UInt32 = 1 << 7
    static let timestamp: UInt32 = 1 << 6
    static let type: UInt32 = 1 << 5
    static let userId: UInt32 = 1 << 4
    static let appId: UInt32 = 1 << 3
}

/// Copies a header table out of the library's memory, within bounds.
///
/// A sender may nest tables some 26,000 levels deep within one frame. The library decodes them by recursion (0.11 sets
/// no limit), which is why the connection's thread has a large stack; from here on nobody should have to care. Values
/// below `maximumDepth` become `.void`, values after `maximumValues` are left out, and the table is marked.
struct HeaderDecoding {
    static let maximumDepth = 32
    static let maximumValues = 4096

    private(set) var isTruncated = false
    private var values = 0

    mutating func table(_ native: amqp_table_t, depth: Int) -> [HeaderField] {
        var fields: [HeaderField] = []
        for entry in UnsafeBufferPointer(start: native.entries, count: Int(max(0, native.num_entries))) {
            guard takeOne() else { break }
            fields.append(HeaderField(String(entry.key), value(entry.value, depth: depth)))
        }
        return fields
    }

    private mutating func takeOne() -> Bool {
        values += 1
        if values > Self.maximumValues { isTruncated = true }
        return values <= Self.maximumValues
    }

    private mutating func value(_ native: amqp_field_value_t, depth: Int) -> HeaderValue {
        switch native.kind {
        case UInt8(ascii: "t"): return .bool(native.value.boolean != 0)
        case UInt8(ascii: "b"): return .int(Int64(native.value.i8))
        case UInt8(ascii: "B"): return .int(Int64(native.value.u8))
        case UInt8(ascii: "s"): return .int(Int64(native.value.i16))
        case UInt8(ascii: "u"): return .int(Int64(native.value.u16))
        case UInt8(ascii: "I"): return .int(Int64(native.value.i32))
        case UInt8(ascii: "i"): return .int(Int64(native.value.u32))
        case UInt8(ascii: "l"): return .int(native.value.i64)
        case UInt8(ascii: "L"): return Int64(exactly: native.value.u64).map { .int($0) } ?? .unsigned(native.value.u64)
        case UInt8(ascii: "f"): return .double(Double(native.value.f32))
        case UInt8(ascii: "d"): return .double(native.value.f64)
        case UInt8(ascii: "D"):
            return .decimal(scale: native.value.decimal.decimals, value: native.value.decimal.value)
        case UInt8(ascii: "S"):
            let bytes = UnsafeRawBufferPointer(start: native.value.bytes.bytes, count: native.value.bytes.len)
            return String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .bytes(Array(bytes))
        case UInt8(ascii: "x"):
            return .bytes(Array(UnsafeRawBufferPointer(start: native.value.bytes.bytes, count: native.value.bytes.len)))
        case UInt8(ascii: "T"): return .timestamp(native.value.u64)
        case UInt8(ascii: "A"), UInt8(ascii: "F"):
            guard depth < Self.maximumDepth else {
                isTruncated = true
                return .void
            }
            if native.kind == UInt8(ascii: "F") { return .table(table(native.value.table, depth: depth + 1)) }
            return .array(array(native.value.array, depth: depth + 1))
        default: return .void
        }
    }

    private mutating func array(_ native: amqp_array_t, depth: Int) -> [HeaderValue] {
        var items: [HeaderValue] = []
        for entry in UnsafeBufferPointer(start: native.entries, count: Int(max(0, native.num_entries))) {
            guard takeOne() else { break }
            items.append(value(entry, depth: depth))
        }
        return items
    }
}
