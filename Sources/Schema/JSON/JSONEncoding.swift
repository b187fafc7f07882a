/// Writes any `Encodable` as compact JSON, members in the order in which they are encoded (for synthesized
/// conformances: the order of declaration). So the same value gives the same bytes in every process.
///
/// Only what records and events need is supported: a type that asks for nested containers or a super encoder, or is a
/// `Dictionary` (which has no order), must be written differently.
package enum JSONEncoding {
    package static func bytes(of value: some Encodable) throws -> [UInt8] {
        let sink = Sink()
        try sink.encode(value)
        return sink.bytes
    }

    /// The value as a tree, where single members must be looked at or replaced.
    package static func tree(of value: some Encodable) throws -> JSON {
        try JSON(parsing: bytes(of: value))
    }
}

/// The bytes written so far and, for each open value, what kind of container it turned out to be.
private final class Sink {
    enum Kind { case undecided, object, array, single }

    struct Frame {
        var kind = Kind.undecided
        var isEmpty = true
    }

    private struct State {
        var writer = JSONWriter(reserving: 512)
        var frames: [Frame] = []
    }

    /// Behind a pointer, as each access to a stored property of a class is checked for overlap at run time, which
    /// took a quarter of the time of writing an event. All access is in this class, none of it overlaps.
    private let state: UnsafeMutablePointer<State>

    init() {
        state = .allocate(capacity: 1)
        state.initialize(to: State())
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    var bytes: [UInt8] { state.pointee.writer.bytes }

    func encode<T: Encodable>(_ value: T) throws {
        // Types are compared before a cast is tried: a cast that fails costs many times as much.
        if T.self == String.self, let text = value as? String { return state.pointee.writer.string(text) }
        if T.self == Instant.self, let instant = value as? Instant { return state.pointee.writer.time(instant) }
        if T.self == JSON.self, let json = value as? JSON { return state.pointee.writer.value(json) }
        // As it is when its members are encoded one by one; the largest that any record holds.
        if T.self == SortedMap<Instant>.self, let map = value as? SortedMap<Instant> {
            return state.pointee.writer.value(map)
        }
        state.pointee.frames.append(Frame())
        try value.encode(to: DirectEncoder(sink: self))
        switch state.pointee.frames.removeLast().kind {
        case .undecided: state.pointee.writer.raw("{}")
        case .object: state.pointee.writer.raw(UInt8(ascii: "}"))
        case .array: state.pointee.writer.raw(UInt8(ascii: "]"))
        case .single: break
        }
    }

    func open(_ kind: Kind) {
        let top = state.pointee.frames.count - 1
        guard case .undecided = state.pointee.frames[top].kind else { return }
        state.pointee.frames[top].kind = kind
        switch kind {
        case .object: state.pointee.writer.raw(UInt8(ascii: "{"))
        case .array: state.pointee.writer.raw(UInt8(ascii: "["))
        case .single, .undecided: break
        }
    }

    func separate() {
        let top = state.pointee.frames.count - 1
        if state.pointee.frames[top].isEmpty {
            state.pointee.frames[top].isEmpty = false
        } else {
            state.pointee.writer.raw(UInt8(ascii: ","))
        }
    }

    func name(_ key: some CodingKey) {
        separate()
        state.pointee.writer.string(key.stringValue)
        state.pointee.writer.raw(UInt8(ascii: ":"))
    }

    func null() { state.pointee.writer.raw("null") }
    func bool(_ value: Bool) { state.pointee.writer.raw(value ? "true" : "false") }
    func string(_ value: String) { state.pointee.writer.string(value) }
    func double(_ value: Double) { state.pointee.writer.double(value) }

    func integer(_ value: some BinaryInteger) throws {
        guard let number = Int64(exactly: value) else {
            throw Unsupported(description: "encode JSON: an integer beyond 63 bits")
        }
        state.pointee.writer.int(number)
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

    private func name(_ key: Key) throws {
        try refuse(refused)
        sink.name(key)
    }

    func encodeNil(forKey key: Key) throws {
        try name(key)
        sink.null()
    }
    func encode(_ value: Bool, forKey key: Key) throws {
        try name(key)
        sink.bool(value)
    }
    func encode(_ value: String, forKey key: Key) throws {
        try name(key)
        sink.string(value)
    }
    func encode(_ value: Double, forKey key: Key) throws {
        try name(key)
        sink.double(value)
    }
    func encode(_ value: Float, forKey key: Key) throws { try encode(Double(value), forKey: key) }
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
        try name(key)
        try sink.integer(value)
    }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        try name(key)
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

    func encodeNil() throws {
        try refuse(refused)
        sink.null()
    }
    func encode(_ value: Bool) throws {
        try refuse(refused)
        sink.bool(value)
    }
    func encode(_ value: String) throws {
        try refuse(refused)
        sink.string(value)
    }
    func encode(_ value: Double) throws {
        try refuse(refused)
        sink.double(value)
    }
    func encode(_ value: Float) throws { try encode(Double(value)) }
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
        try refuse(refused)
        try sink.integer(value)
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
