import Broker
import Schema

/// Header tables and properties as JSON, for the parking store.
package enum HeaderJSON {
    package static func encode(_ value: HeaderValue) -> JSON {
        switch value {
        case .void: .null
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .unsigned(let value): .string(String(value))
        case .double(let value): value.isFinite ? .double(value) : .string("\(value)")
        case .decimal(let scale, let value): ["scale": .int(Int64(scale)), "value": .int(Int64(value))]
        case .string(let text): .string(readable(text))
        case .bytes(let bytes): ["bytes": .int(Int64(bytes.count))]
        case .timestamp(let seconds): .int(Int64(clamping: seconds))
        case .array(let elements): .array(elements.map(encode))
        case .table(let fields): .object(members(fields))
        }
    }

    /// A table may name a field twice, which our JSON may not: the first is the one that a look-up finds.
    private static func members(_ fields: [HeaderField]) -> [JSON.Member] {
        var names: Set<[UInt8]> = []
        return fields.compactMap { field in
            let name = readable(field.name)
            return names.insert(Array(name.utf8)).inserted ? JSON.Member(name, encode(field.value)) : nil
        }
    }

    /// Our JSON holds no U+0000.
    private static func readable(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }))
    }

    package static func encode(_ properties: MessageProperties) -> JSON {
        let members: [(String, JSON?)] = [
            ("contentType", properties.contentType.map { .string(readable($0)) }),
            ("contentEncoding", properties.contentEncoding.map { .string(readable($0)) }),
            ("messageId", properties.messageId.map { .string(readable($0)) }),
            ("type", properties.type.map { .string(readable($0)) }),
            ("correlationId", properties.correlationId.map { .string(readable($0)) }),
            ("appId", properties.appId.map { .string(readable($0)) }),
            ("userId", properties.userId.map { .string(readable($0)) }),
            ("timestamp", properties.timestamp.map { .int(Int64(clamping: $0)) }),
        ]
        return .object(members.compactMap { name, value in value.map { JSON.Member(name, $0) } })
    }
}
