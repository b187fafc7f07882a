/// Reads any `Decodable` from a JSON tree. Unknown members are ignored.
///
/// Throws `DecodingError`; its descriptions name members and kinds, never values.
package enum JSONDecoding {
    package static func decode<T: Decodable>(_ type: T.Type, from json: JSON) throws -> T {
        // Types are compared before a cast is tried: a cast that fails costs many times as much.
        if T.self == String.self, case .string(let text) = json, let same = text as? T { return same }
        if T.self == Instant.self, case .string(let text) = json, let instant = Instant(rfc3339: text),
            let same = instant as? T
        {
            return same
        }
        if T.self == JSON.self, let same = json as? T { return same }
        return try T(from: TreeDecoder(json: json))
    }

    package static func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
        try decode(type, from: JSON(parsing: bytes))
    }
}

private func mismatch(_ expected: String, _ json: JSON) -> DecodingError {
    .typeMismatch(
        JSON.self,
        DecodingError.Context(codingPath: [], debugDescription: "expected \(expected), found \(json.kindName)")
    )
}

private struct TreeDecoder: Decoder {
    let json: JSON
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = json else { throw mismatch("object", json) }
        return KeyedDecodingContainer(MemberReader<Key>(members: members))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = json else { throw mismatch("array", json) }
        return ElementReader(elements: elements)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { SingleReader(json: json) }
}

private func integer<T: FixedWidthInteger>(_ json: JSON) throws -> T {
    guard case .int(let value) = json, let number = T(exactly: value) else { throw mismatch("integer", json) }
    return number
}

private func number(_ json: JSON) throws -> Double {
    switch json {
    case .int(let value): return Double(value)
    case .double(let value): return value
    default: throw mismatch("number", json)
    }
}

private func text(_ json: JSON) throws -> String {
    guard case .string(let value) = json else { throw mismatch("string", json) }
    return value
}

private func truth(_ json: JSON) throws -> Bool {
    guard case .bool(let value) = json else { throw mismatch("boolean", json) }
    return value
}

private struct MemberReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [JSON.Member]
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { members.compactMap { Key(stringValue: $0.name) } }

    private func find(_ key: Key) -> JSON? { members.value(of: key.stringValue) }

    /// The member, unless it is missing or null.
    private func present(_ key: Key) -> JSON? {
        guard let value = find(key) else { return nil }
        if case .null = value { return nil }
        return value
    }

    private func get(_ key: Key) throws -> JSON {
        guard let value = find(key) else {
            throw DecodingError.keyNotFound(
                key, DecodingError.Context(codingPath: [], debugDescription: "no member \(key.stringValue)"))
        }
        return value
    }

    func contains(_ key: Key) -> Bool { find(key) != nil }
    func decodeNil(forKey key: Key) throws -> Bool {
        if case .null = try get(key) { true } else { false }
    }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try truth(get(key)) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try text(get(key)) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try number(get(key)) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { Float(try number(get(key))) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try integer(get(key)) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try integer(get(key)) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try integer(get(key)) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try integer(get(key)) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try integer(get(key)) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try integer(get(key)) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try integer(get(key)) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try integer(get(key)) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try integer(get(key)) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try integer(get(key)) }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try JSONDecoding.decode(type, from: get(key))
    }

    // The kinds that optional members have: looked up once, where the default looks up three times.
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try present(key).map(text) }
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try present(key).map(truth) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try present(key).map(integer) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try present(key).map(integer) }
    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        try present(key).map { try JSONDecoding.decode(type, from: $0) }
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try TreeDecoder(json: get(key)).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try TreeDecoder(json: get(key)).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder { TreeDecoder(json: .object(members)) }
    func superDecoder(forKey key: Key) throws -> any Decoder { TreeDecoder(json: try get(key)) }
}

private struct ElementReader: UnkeyedDecodingContainer {
    let elements: [JSON]
    var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    init(elements: [JSON]) {
        self.elements = elements
    }

    private mutating func next() throws -> JSON {
        guard !isAtEnd else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "no further element"))
        }
        defer { currentIndex += 1 }
        return elements[currentIndex]
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, case .null = elements[currentIndex] else { return false }
        currentIndex += 1
        return true
    }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try JSONDecoding.decode(type, from: next()) }
    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try TreeDecoder(json: next()).container(keyedBy: type) }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try TreeDecoder(json: next()).unkeyedContainer()
    }
    mutating func superDecoder() throws -> any Decoder { TreeDecoder(json: try next()) }
}

private struct SingleReader: SingleValueDecodingContainer {
    let json: JSON
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool {
        if case .null = json { true } else { false }
    }
    func decode(_ type: Bool.Type) throws -> Bool { try truth(json) }
    func decode(_ type: String.Type) throws -> String { try text(json) }
    func decode(_ type: Double.Type) throws -> Double { try number(json) }
    func decode(_ type: Float.Type) throws -> Float { Float(try number(json)) }
    func decode(_ type: Int.Type) throws -> Int { try integer(json) }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer(json) }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer(json) }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer(json) }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer(json) }
    func decode(_ type: UInt.Type) throws -> UInt { try integer(json) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(json) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(json) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(json) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(json) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try JSONDecoding.decode(type, from: json) }
}

extension JSON: Decodable {
    package init(from decoder: any Decoder) throws {
        self = try decoder.singleValueContainer().decode(JSON.self)
    }
}
