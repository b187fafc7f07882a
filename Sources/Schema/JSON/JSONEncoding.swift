/// Writes any `Encodable` as compact JSON, members in the order in which they are encoded (for synthesized
/// conformances: the order of declaration). So the same value gives the same bytes in every process.
///
/// Only what records and events need is supported: a type that asks for nested containers or a super encoder, or is a
/// `Dictionary` (which has no order), must be written differently.
package enum JSONEncoding {
    package static func bytes(of value: some Encodable) throws -> [UInt8] {
        let sink = Sink()
        try sink.encode(value)
        return sink.writer.bytes
    }

    /// The value as a tree, where single members must be looked at or replaced.
    package static func tree(of value: some Encodable) throws -> JSON {
        try JSON(parsing: bytes(of: value))
    }
}

/// The bytes written so far and, for each open value, what kind of container it turned out to be.
private final class Sink {
    enum Frame { case undecided, object, array, single }

    var writer = JSONWriter(reserving: 512)
    var frames: [Frame] = []
    var isFirst: [Bool] = []

    func encode(_ value: some Encodable) throws {
        if let json = value as? JSON {
            writer.value(json)
            return
        }
        frames.append(.undecided)
        isFirst.append(true)
        try value.encode(to: DirectEncoder(sink: self))
        isFirst.removeLast()
        switch frames.removeLast() {
        case .undecided: writer.raw("{}")
        case .object: writer.raw(UInt8(ascii: "}"))
        case .array: writer.raw(UInt8(ascii: "]"))
        case .single: break
        }
    }

    func open(_ frame: Frame) {
        guard case .undecided = frames[frames.count - 1] else { return }
        frames[frames.count - 1] = frame
        switch frame {
        case .object: writer.raw(UInt8(ascii: "{"))
        case .array: writer.raw(UInt8(ascii: "["))
        case .single, .undecided: break
        }
    }

    func separate() {
        if isFirst[isFirst.count - 1] {
            isFirst[isFirst.count - 1] = false
        } else {
            writer.raw(UInt8(ascii: ","))
        }
    }

    func name(_ key: some CodingKey) {
        separate()
        writer.string(key.stringValue)
        writer.raw(UInt8(ascii: ":"))
    }
}

private struct Unsupported: Error, CustomStringConvertible {
    let description: String
}

private struct DirectEncoder: Encoder {
    let sink: Sink
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        sink.open(.object)
        return KeyedEncodingContainer(Members<Key>(sink: sink))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        sink.open(.array)
        return Elements(sink: sink)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        sink.open(.single)
        return Single(sink: sink)
    }
}

/// Nested containers cannot know when they end, so they are refused when something is written into them.
private struct RefusingEncoder: Encoder {
    let sink: Sink
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(Members<Key>(sink: sink, refused: true))
    }
    func unkeyedContainer() -> any UnkeyedEncodingContainer { Elements(sink: sink, refused: true) }
    func singleValueContainer() -> any SingleValueEncodingContainer { Single(sink: sink, refused: true) }
}

private func refuse(_ refused: Bool) throws {
    if refused { throw Unsupported(description: "encode JSON: nested containers are not supported") }
}

private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let sink: Sink
    var refused = false
    var codingPath: [any CodingKey] { [] }

    private func write(_ key: Key, _ body: (inout JSONWriter) -> Void) throws {
        try refuse(refused)
        sink.name(key)
        body(&sink.writer)
    }

    func encodeNil(forKey key: Key) throws { try write(key) { $0.raw("null") } }
    func encode(_ value: Bool, forKey key: Key) throws { try write(key) { $0.raw(value ? "true" : "false") } }
    func encode(_ value: String, forKey key: Key) throws { try write(key) { $0.string(value) } }
    func encode(_ value: Double, forKey key: Key) throws { try write(key) { $0.double(value) } }
    func encode(_ value: Float, forKey key: Key) throws { try write(key) { $0.double(Double(value)) } }
    func encode(_ value: Int, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int8, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int16, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int32, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int64, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt8, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt16, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt32, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt64, forKey key: Key) throws { try integer(value, key) }
    private func integer(_ value: some BinaryInteger, _ key: Key) throws {
        guard let number = Int64(exactly: value) else {
            throw Unsupported(description: "encode JSON: an integer beyond 63 bits")
        }
        try write(key) { $0.int(number) }
    }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        try refuse(refused)
        sink.name(key)
        try sink.encode(value)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { RefusingEncoder(sink: sink).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        RefusingEncoder(sink: sink).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { RefusingEncoder(sink: sink) }
    func superEncoder(forKey key: Key) -> any Encoder { RefusingEncoder(sink: sink) }
}

private struct Elements: UnkeyedEncodingContainer {
    let sink: Sink
    var refused = false
    var count = 0
    var codingPath: [any CodingKey] { [] }

    init(sink: Sink, refused: Bool = false) {
        self.sink = sink
        self.refused = refused
    }

    mutating func encodeNil() throws { try encode(JSON.null) }
    mutating func encode<T: Encodable>(_ value: T) throws {
        try refuse(refused)
        sink.separate()
        count += 1
        try sink.encode(value)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        RefusingEncoder(sink: sink).container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { RefusingEncoder(sink: sink).unkeyedContainer() }
    func superEncoder() -> any Encoder { RefusingEncoder(sink: sink) }
}

private struct Single: SingleValueEncodingContainer {
    let sink: Sink
    var refused = false
    var codingPath: [any CodingKey] { [] }

    init(sink: Sink, refused: Bool = false) {
        self.sink = sink
        self.refused = refused
    }

    private func write(_ body: (inout JSONWriter) -> Void) throws {
        try refuse(refused)
        body(&sink.writer)
    }

    func encodeNil() throws { try write { $0.raw("null") } }
    func encode(_ value: Bool) throws { try write { $0.raw(value ? "true" : "false") } }
    func encode(_ value: String) throws { try write { $0.string(value) } }
    func encode(_ value: Double) throws { try write { $0.double(value) } }
    func encode(_ value: Float) throws { try write { $0.double(Double(value)) } }
    func encode(_ value: Int) throws { try integer(value) }
    func encode(_ value: Int8) throws { try integer(value) }
    func encode(_ value: Int16) throws { try integer(value) }
    func encode(_ value: Int32) throws { try integer(value) }
    func encode(_ value: Int64) throws { try integer(value) }
    func encode(_ value: UInt) throws { try integer(value) }
    func encode(_ value: UInt8) throws { try integer(value) }
    func encode(_ value: UInt16) throws { try integer(value) }
    func encode(_ value: UInt32) throws { try integer(value) }
    func encode(_ value: UInt64) throws { try integer(value) }
    private func integer(_ value: some BinaryInteger) throws {
        guard let number = Int64(exactly: value) else {
            throw Unsupported(description: "encode JSON: an integer beyond 63 bits")
        }
        try write { $0.int(number) }
    }
    func encode<T: Encodable>(_ value: T) throws {
        try refuse(refused)
        try sink.encode(value)
    }
}

extension JSON: Encodable {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self)
    }
}
