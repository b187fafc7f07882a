/// A JSON document (RFC 8259) as a flat list of its values in the order of the text, texts as places in its bytes.
///
/// A tree takes several allocations for each object; this takes one for all of them, and a text becomes a `String` only
/// where somebody wants it. Numbers that are whole and lie within ±2^53 are integers, however they are written.
package struct JSONTape: ~Copyable, Sendable {
    /// What a value is. A member's name is a string that stands before the member's value.
    enum Kind: UInt8 {
        case null, `false`, `true`, int, double, string, array, object
    }

    struct Node {
        let kind: Kind
        /// Of a text.
        let isASCII: Bool
        /// Of a text: where it begins. Of a number: its bits. Of an array or object: how many elements or members it has.
        var value: Int
        /// Of a text: how many bytes. Of an array or object: where the first value behind it stands.
        var extent: Int
    }

    /// The text's bytes, and behind them the texts that held escapes, without these.
    private let bytes: [UInt8]
    private let nodes: [Node]

    init(bytes: [UInt8], nodes: [Node]) {
        (self.bytes, self.nodes) = (bytes, nodes)
    }

    /// Where the document itself stands.
    package static let root = 0

    func kind(_ place: Int) -> Kind { nodes[place].kind }
    /// Of elements or members.
    func count(_ place: Int) -> Int { nodes[place].value }
    /// Of the first element, or the first member's name.
    func first(_ place: Int) -> Int { place + 1 }

    /// Where the next element or name stands.
    func next(_ place: Int) -> Int {
        switch nodes[place].kind {
        case .array, .object: nodes[place].extent
        default: place + 1
        }
    }

    // MARK: Values

    func isNull(_ place: Int) -> Bool { nodes[place].kind == .null }
    func isObject(_ place: Int) -> Bool { nodes[place].kind == .object }
    func int(_ place: Int) -> Int64? { nodes[place].kind == .int ? Int64(nodes[place].value) : nil }

    func bool(_ place: Int) -> Bool? {
        switch nodes[place].kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    func double(_ place: Int) -> Double? {
        nodes[place].kind == .double ? Double(bitPattern: UInt64(bitPattern: Int64(nodes[place].value))) : nil
    }

    func isText(_ place: Int) -> Bool { nodes[place].kind == .string }

    /// The text's bytes, which are UTF-8; of what is none, none.
    func withText<Result>(_ place: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let node = nodes[place]
        let range = node.kind == .string ? node.value..<node.value + node.extent : 0..<0
        return bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    func string(_ place: Int) -> String? {
        let node = nodes[place]
        guard node.kind == .string else { return nil }
        let span = bytes.span.extracting(node.value..<node.value + node.extent)
        // The parser has validated it.
        return String(copying: unsafe UTF8Span(unchecked: span, isKnownASCII: node.isASCII))
    }

    // MARK: Members

    /// The value of the member with exactly that name.
    func member(_ name: StaticString, of place: Int) -> Int? {
        guard isObject(place) else { return nil }
        let wanted = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        var position = first(place)
        for _ in 0..<count(place) {
            if hasName(position, wanted) { return position + 1 }
            position = next(position + 1)
        }
        return nil
    }

    package func string(_ name: StaticString, of place: Int) -> String? {
        guard let value = member(name, of: place) else { return nil }
        return string(value)
    }

    package func int(_ name: StaticString, of place: Int) -> Int64? {
        guard let value = member(name, of: place) else { return nil }
        return int(value)
    }

    /// Is that the name at `place`?
    @inline(__always)
    func hasName(_ place: Int, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        let node = nodes[place]
        guard node.extent == name.count else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            UnsafeBufferPointer(rebasing: bytes[node.value..<node.value + node.extent]).isSame(as: name)
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Of two that are equally long: do they hold the same?
    func isSame(as other: UnsafeBufferPointer<UInt8>) -> Bool {
        let (own, others) = (UnsafeRawBufferPointer(self), UnsafeRawBufferPointer(other))
        var index = 0
        while index + 8 <= count {
            if own.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                != others.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            {
                return false
            }
            index += 8
        }
        while index < count {
            if self[index] != other[index] { return false }
            index += 1
        }
        return true
    }
}

extension JSON: JSONReadable {
    /// The tree of one value.
    package init(reading place: Int, in tape: borrowing JSONTape) {
        switch tape.kind(place) {
        case .null: self = .null
        case .false: self = .bool(false)
        case .true: self = .bool(true)
        case .int: self = .int(tape.int(place) ?? 0)
        case .double: self = .double(tape.double(place) ?? 0)
        case .string: self = .string(tape.string(place) ?? "")
        case .array:
            var elements: [JSON] = []
            elements.reserveCapacity(tape.count(place))
            var position = tape.first(place)
            for _ in 0..<tape.count(place) {
                elements.append(JSON(reading: position, in: tape))
                position = tape.next(position)
            }
            self = .array(elements)
        case .object:
            var members: [Member] = []
            members.reserveCapacity(tape.count(place))
            var position = tape.first(place)
            for _ in 0..<tape.count(place) {
                members.append(Member(tape.string(position) ?? "", JSON(reading: position + 1, in: tape)))
                position = tape.next(position + 1)
            }
            self = .object(members)
        }
    }
}

extension JSONTape {
    /// In the words of JSON Schema; used in messages, never the value itself.
    func kindName(_ place: Int) -> String {
        switch kind(place) {
        case .null: "null"
        case .false, .true: "boolean"
        case .int: "integer"
        case .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
