/// Reads any `Decodable` from a JSON tree. Unknown members are ignored.
///
/// Throws `DecodingError`; its descriptions name members and kinds, never values.
package enum JSONDecoding {
    package static func decode<T: Decodable>(_ type: T.Type, from json: JSON) throws -> T {
        try decode(type, from: json, nil)
    }

    fileprivate static func decode<T: Decodable>(_ type: T.Type, from json: JSON, _ count: MemberCount?) throws -> T {
        // Types are compared before a cast is tried: a cast that fails costs many times as much.
        if T.self == String.self, case .string(let text) = json, let same = text as? T { return same }
        if T.self == Instant.self, case .string(let text) = json, let instant = Instant(rfc3339: text),
            let same = instant as? T
        {
            return same
        }
        if T.self == JSON.self, let same = json as? T { return same }
        return try T(from: TreeDecoder(json: json, count: count))
    }

    package static func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
        try decode(type, from: JSON(parsing: bytes))
    }

    /// Reads what is to be written again, so nothing of it may be passed over.
    ///
    /// - Parameter retired: names of members that may be passed over, because no program writes them any more.
    /// - Throws: `UnreadMember` if the document has a member that `type` does not have.
    package static func decodeWhole<T: Codable>(
        _ type: T.Type, from bytes: [UInt8], retired: [String] = []
    ) throws -> T {
        let json = try JSON(parsing: bytes)
        let count = MemberCount()
        let value = try decode(type, from: json, count)
        // Counting costs next to nothing; only where it does not come out even is it worth looking closely.
        guard count.read != count.seen else { return value }
        if let name = json.firstMember(notIn: try JSON(parsing: JSONEncoding.bytes(of: value)), but: retired) {
            throw UnreadMember(name: name)
        }
        return value
    }
}

/// A document has a member that its reader does not know.
package struct UnreadMember: Error, Sendable, CustomStringConvertible {
    package let name: String

    package var description: String { "the member \(name) is not known" }
}

extension JSON {
    fileprivate func firstMember(notIn other: JSON, but retired: [String]) -> String? {
        switch (self, other) {
        case (.object(let own), .object(let others)):
            var places = TreeMembers(others)
            for member in own where member.value != .null && !retired.contains(member.name) {
                guard let value = places.find(member.name) else { return member.name }
                if let name = member.value.firstMember(notIn: value, but: retired) { return name }
            }
        case (.array(let own), .array(let others)):
            for (element, other) in zip(own, others) {
                if let name = element.firstMember(notIn: other, but: retired) { return name }
            }
        default: break
        }
        return nil
    }
}

/// How many members the objects of a document have, and how many of them were read.
private final class MemberCount {
    var seen = 0
    var read = 0
}

/// Finds the members of one object, which are asked for nearly in the order in which they were written: the one that was
/// found last and the one after it are looked at first.
private struct TreeMembers {
    let members: [JSON.Member]
    private var last = 0

    init(_ members: [JSON.Member]) {
        self.members = members
    }

    mutating func find(_ name: String) -> JSON? {
        for index in last..<min(last + 2, members.count) where members[index].hasName(name) {
            last = index
            return members[index].value
        }
        guard let index = members.firstIndex(where: { $0.hasName(name) }) else { return nil }
        last = index
        return members[index].value
    }
}

extension JSON {
    /// - Parameter expected: in the words of JSON Schema.
    fileprivate func mismatch(_ expected: String) -> DecodingError {
        .typeMismatch(
            JSON.self,
            DecodingError.Context(codingPath: [], debugDescription: "expected \(expected), found \(kindName)"))
    }

    fileprivate func text() throws -> String {
        guard case .string(let value) = self else { throw mismatch("string") }
        return value
    }

    fileprivate func truth() throws -> Bool {
        guard case .bool(let value) = self else { throw mismatch("boolean") }
        return value
    }

    fileprivate func integer<Number: FixedWidthInteger>() throws -> Number {
        guard case .int(let value) = self, let number = Number(exactly: value) else { throw mismatch("integer") }
        return number
    }
}

private struct TreeDecoder: Decoder {
    let json: JSON
    let count: MemberCount?
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = json else { throw json.mismatch("object") }
        if let count { count.seen += members.count }
        return KeyedDecodingContainer(MemberReader<Key>(members: members, count: count))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = json else { throw json.mismatch("array") }
        return ElementReader(elements: elements, count: count)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { SingleReader(json: json, count: count) }
}

private func number(_ json: JSON) throws -> Double {
    switch json {
    case .int(let value): return Double(value)
    case .double(let value): return value
    default: throw json.mismatch("number")
    }
}

/// A class: its reading functions do not mutate, and it remembers how far it has come.
private final class MemberReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private var places: TreeMembers
    private let count: MemberCount?

    init(members: [JSON.Member], count: MemberCount?) {
        places = TreeMembers(members)
        self.count = count
    }

    private var members: [JSON.Member] { places.members }
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { members.compactMap { Key(stringValue: $0.name) } }

    private func find(_ key: Key) -> JSON? { places.find(key.stringValue) }

    /// The member, unless it is missing or null.
    private func present(_ key: Key) -> JSON? {
        guard let value = find(key) else { return nil }
        if let count { count.read += 1 }
        if case .null = value { return nil }
        return value
    }

    private func get(_ key: Key) throws -> JSON {
        guard let value = find(key) else {
            throw DecodingError.keyNotFound(
                key, DecodingError.Context(codingPath: [], debugDescription: "no member \(key.stringValue)"))
        }
        if let count { count.read += 1 }
        return value
    }

    func contains(_ key: Key) -> Bool { find(key) != nil }
    func decodeNil(forKey key: Key) throws -> Bool {
        if case .null? = find(key) { true } else { false }
    }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try get(key).truth() }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try get(key).text() }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try number(get(key)) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { Float(try number(get(key))) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try get(key).integer() }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try get(key).integer() }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try get(key).integer() }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try get(key).integer() }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try get(key).integer() }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try get(key).integer() }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try get(key).integer() }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try get(key).integer() }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try get(key).integer() }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try get(key).integer() }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try JSONDecoding.decode(type, from: get(key), count)
    }

    // The kinds that optional members have: looked up once, where the default looks up three times.
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        try present(key).map { try $0.text() }
    }
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try present(key).map { try $0.truth() } }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try present(key).map { try $0.integer() } }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
        try present(key).map { try $0.integer() }
    }
    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        try present(key).map { try JSONDecoding.decode(type, from: $0, count) }
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try TreeDecoder(json: get(key), count: count).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try TreeDecoder(json: get(key), count: count).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder { TreeDecoder(json: .object(members), count: count) }
    func superDecoder(forKey key: Key) throws -> any Decoder { TreeDecoder(json: try get(key), count: count) }
}

private struct ElementReader: UnkeyedDecodingContainer {
    let elements: [JSON]
    let countOfMembers: MemberCount?
    var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    init(elements: [JSON], count: MemberCount?) {
        self.elements = elements
        countOfMembers = count
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
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        try JSONDecoding.decode(type, from: next(), countOfMembers)
    }
    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try TreeDecoder(json: next(), count: countOfMembers).container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try TreeDecoder(json: next(), count: countOfMembers).unkeyedContainer()
    }
    mutating func superDecoder() throws -> any Decoder { TreeDecoder(json: try next(), count: countOfMembers) }
}

private struct SingleReader: SingleValueDecodingContainer {
    let json: JSON
    let count: MemberCount?
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool {
        if case .null = json { true } else { false }
    }
    func decode(_ type: Bool.Type) throws -> Bool { try json.truth() }
    func decode(_ type: String.Type) throws -> String { try json.text() }
    func decode(_ type: Double.Type) throws -> Double { try number(json) }
    func decode(_ type: Float.Type) throws -> Float { Float(try number(json)) }
    func decode(_ type: Int.Type) throws -> Int { try json.integer() }
    func decode(_ type: Int8.Type) throws -> Int8 { try json.integer() }
    func decode(_ type: Int16.Type) throws -> Int16 { try json.integer() }
    func decode(_ type: Int32.Type) throws -> Int32 { try json.integer() }
    func decode(_ type: Int64.Type) throws -> Int64 { try json.integer() }
    func decode(_ type: UInt.Type) throws -> UInt { try json.integer() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try json.integer() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try json.integer() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try json.integer() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try json.integer() }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try JSONDecoding.decode(type, from: json, count) }
}

extension JSON: Decodable {
    package init(from decoder: any Decoder) throws {
        self = try decoder.singleValueContainer().decode(JSON.self)
    }
}
