/// Why bytes are not a JSON document that Recourse takes.
package struct JSONSyntaxError: Error, Hashable, Sendable {
    /// In bytes from the beginning.
    package let offset: Int
    /// A short stable word: `syntax`, `utf-8`, `depth`, `count`, `duplicate-name`, `nul`, `surrogate`,
    /// `number`.
    package let rule: String
    /// What was expected; never a piece of the document.
    package let message: String
}

extension JSONSyntaxError: CustomStringConvertible {
    package var description: String { "no JSON at byte \(offset): \(message)" }
}

extension JSON {
    /// How deep arrays and objects may nest.
    package static let depthLimit = 64
    /// U+FEFF in UTF-8.
    package static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Reads one document as `JSONTape(parsing:)` does, into a tree.
    package init(parsing bytes: [UInt8], valueLimit: Int = .max) throws(JSONSyntaxError) {
        self.init(reading: JSONTape.root, in: try JSONTape(parsing: bytes, valueLimit: valueLimit))
    }
}

extension JSONTape {
    /// Reads one document (RFC 8259) strictly: UTF-8, no doubled names, no U+0000, no lone surrogates, at most
    /// `JSON.depthLimit` levels, nothing behind it. A byte-order mark before it is passed over (§8.1).
    ///
    /// - Parameter valueLimit: how many values it may hold; for documents of others.
    package init(parsing bytes: [UInt8], valueLimit: Int = .max) throws(JSONSyntaxError) {
        let result: Result<Parser.Parsed, JSONSyntaxError> = bytes.withUnsafeBufferPointer { buffer in
            var parser = Parser(bytes: buffer, valueLimit: valueLimit)
            do throws(JSONSyntaxError) {
                return .success(try parser.document())
            } catch {
                return .failure(error)
            }
        }
        let parsed = try result.get()
        self.init(bytes: parsed.unescaped.isEmpty ? bytes : bytes + parsed.unescaped, nodes: parsed.nodes)
    }
}

private struct Parser {
    typealias Parsed = (nodes: [JSONTape.Node], unescaped: [UInt8])

    let bytes: UnsafeBufferPointer<UInt8>
    let valueLimit: Int
    var index = 0
    var depth = 0
    var values = 0
    var nodes: [JSONTape.Node] = []
    /// The texts that held escapes; their places are counted on from the end of `bytes`.
    var unescaped: [UInt8] = []
    /// A guess that is right for events, and small for what is large.
    private static let mostReserved = 4_096

    init(bytes: UnsafeBufferPointer<UInt8>, valueLimit: Int) {
        self.bytes = bytes
        self.valueLimit = valueLimit
        nodes.reserveCapacity(min(8 + bytes.count / 8, Self.mostReserved))
    }

    mutating func document() throws(JSONSyntaxError) -> Parsed {
        if bytes.starts(with: JSON.byteOrderMark) { index = JSON.byteOrderMark.count }
        skipSpace()
        try value()
        skipSpace()
        guard index == bytes.count else { throw fault("syntax", "expected the end of the document") }
        return (nodes, unescaped)
    }

    func fault(_ rule: String, _ message: String) -> JSONSyntaxError {
        JSONSyntaxError(offset: index, rule: rule, message: message)
    }

    mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x0A, 0x0D, 0x09: index += 1
            default: return
            }
        }
    }

    mutating func append(_ kind: JSONTape.Kind, isASCII: Bool = false, _ value: Int = 0, _ extent: Int = 0) {
        nodes.append(JSONTape.Node(kind: kind, isASCII: isASCII, value: value, extent: extent))
    }

    mutating func value() throws(JSONSyntaxError) {
        guard index < bytes.count else { throw fault("syntax", "expected a value, found the end") }
        values += 1
        guard values <= valueLimit else { throw fault("count", "more than \(valueLimit) values") }
        switch bytes[index] {
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "{"): try object()
        case UInt8(ascii: "["): try array()
        case UInt8(ascii: "t"): try word("true", .true)
        case UInt8(ascii: "f"): try word("false", .false)
        case UInt8(ascii: "n"): try word("null", .null)
        default: try number()
        }
    }

    mutating func word(_ text: StaticString, _ kind: JSONTape.Kind) throws(JSONSyntaxError) {
        let count = text.utf8CodeUnitCount
        guard index + count <= bytes.count else { throw fault("syntax", "expected a value") }
        for offset in 0..<count where bytes[index + offset] != text.utf8Start[offset] {
            throw fault("syntax", "expected a value")
        }
        index += count
        append(kind)
    }

    mutating func enter() throws(JSONSyntaxError) {
        depth += 1
        guard depth <= JSON.depthLimit else {
            throw fault("depth", "nested deeper than \(JSON.depthLimit) levels")
        }
        index += 1
        skipSpace()
    }

    /// After a member or element: true if another follows, false at `close`.
    mutating func another(before close: UInt8) throws(JSONSyntaxError) -> Bool {
        skipSpace()
        guard index < bytes.count else { throw fault("syntax", "expected , or a closing bracket, found the end") }
        let byte = bytes[index]
        guard byte == UInt8(ascii: ",") || byte == close else {
            throw fault("syntax", "expected , or a closing bracket")
        }
        index += 1
        skipSpace()
        return byte != close
    }

    mutating func object() throws(JSONSyntaxError) {
        try enter()
        let place = nodes.count
        append(.object)
        if index < bytes.count, bytes[index] == UInt8(ascii: "}") {
            index += 1
            depth -= 1
            nodes[place].extent = nodes.count
            return
        }
        var count = 0
        var names = SeenNames()
        repeat {
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
                throw fault("syntax", "expected a name in quotation marks")
            }
            let name = nodes.count
            try string()
            if names.maybeDoubled(firstByte(of: name), count: nodes[name].extent), count < SeenNames.few {
                names.isDoubled = names.isDoubled || isDoubled(name, in: place)
            }
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else {
                throw fault("syntax", "expected : after a name")
            }
            index += 1
            skipSpace()
            try value()
            count += 1
        } while try another(before: UInt8(ascii: "}"))
        depth -= 1
        nodes[place].value = count
        nodes[place].extent = nodes.count
        guard !names.isDoubled, count <= SeenNames.few || allDiffer(count, in: place) else {
            throw fault("duplicate-name", "an object names a member twice")
        }
    }

    // Names are compared code point by code point (RFC 8259 §8.3), where Swift's `==` takes canonically equivalent ones as
    // the same.

    /// Has an earlier member of the object at `place` the name at `name`?
    private func isDoubled(_ name: Int, in place: Int) -> Bool {
        var position = place + 1
        while position < name {
            if nodes[position].extent == nodes[name].extent,
                withText(position, { text in withText(name) { text.isSame(as: $0) } })
            {
                return true
            }
            let value = nodes[position + 1]
            position = value.kind == .array || value.kind == .object ? value.extent : position + 2
        }
        return false
    }

    /// Among many, each is compared with all others at once.
    private func allDiffer(_ count: Int, in place: Int) -> Bool {
        var names: Set<[UInt8]> = []
        names.reserveCapacity(count)
        var position = place + 1
        for _ in 0..<count {
            names.insert(withText(position) { Array($0) })
            let value = nodes[position + 1]
            position = value.kind == .array || value.kind == .object ? value.extent : position + 2
        }
        return names.count == count
    }

    private func firstByte(of name: Int) -> UInt8 {
        let start = nodes[name].value
        guard nodes[name].extent > 0 else { return 0 }
        return start < bytes.count ? bytes[start] : unescaped[start - bytes.count]
    }

    private func withText<Result>(_ place: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let node = nodes[place]
        let range = node.value..<node.value + node.extent
        if range.upperBound <= bytes.count { return body(UnsafeBufferPointer(rebasing: bytes[range])) }
        return unescaped.withUnsafeBufferPointer { unescaped in
            let range = range.lowerBound - bytes.count..<range.upperBound - bytes.count
            return body(UnsafeBufferPointer(rebasing: unescaped[range]))
        }
    }

    mutating func array() throws(JSONSyntaxError) {
        try enter()
        let place = nodes.count
        append(.array)
        if index < bytes.count, bytes[index] == UInt8(ascii: "]") {
            index += 1
            depth -= 1
            nodes[place].extent = nodes.count
            return
        }
        var count = 0
        repeat {
            try value()
            count += 1
        } while try another(before: UInt8(ascii: "]"))
        depth -= 1
        nodes[place].value = count
        nodes[place].extent = nodes.count
    }

    mutating func number() throws(JSONSyntaxError) {
        let start = index
        func isDigit(_ at: Int) -> Bool { at < bytes.count && bytes[at] &- UInt8(ascii: "0") < 10 }
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        guard isDigit(index) else { throw fault("syntax", "expected a value") }
        if bytes[index] == UInt8(ascii: "0"), isDigit(index + 1) {
            throw fault("syntax", "a number does not begin with 0")
        }
        while isDigit(index) { index += 1 }
        var isWhole = true
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            isWhole = false
            index += 1
            guard isDigit(index) else { throw fault("syntax", "expected a digit after the point") }
            while isDigit(index) { index += 1 }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            guard isDigit(index) else { throw fault("syntax", "expected a digit in the exponent") }
            while isDigit(index) { index += 1 }
        }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<index]), as: UTF8.self)
        if isWhole, let value = Int64(text) { return append(.int, Int(value)) }
        guard let value = Double(text), value.isFinite else { throw fault("number", "a number out of range") }
        if value == value.rounded(), abs(value) <= 9_007_199_254_740_992 { return append(.int, Int(value)) }
        append(.double, Int(Int64(bitPattern: value.bitPattern)))
    }

    mutating func string() throws(JSONSyntaxError) {
        index += 1
        let start = index
        let (end, isASCII) = PlainText.end(in: bytes, from: start)
        index = end
        guard end < bytes.count else { throw fault("syntax", "a string without its end") }
        if bytes[end] == UInt8(ascii: "\\") { return try escapedString(from: start) }
        guard bytes[end] == UInt8(ascii: "\"") else { throw fault("syntax", "a control character in a string") }
        index += 1
        if !isASCII { try validate(bytes[start..<end]) }
        append(.string, isASCII: isASCII, start, end - start)
    }

    private func validate(_ text: Slice<UnsafeBufferPointer<UInt8>>) throws(JSONSyntaxError) {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: UnsafeBufferPointer(rebasing: text).span)
        } catch {
            throw fault("utf-8", "a string is not valid UTF-8")
        }
    }

    /// The slow path: the string holds at least one escape.
    mutating func escapedString(from start: Int) throws(JSONSyntaxError) {
        let first = unescaped.count
        unescaped += bytes[start..<index]
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard String(validating: unescaped[first...], as: UTF8.self) != nil else {
                    throw fault("utf-8", "a string is not valid UTF-8")
                }
                return append(.string, bytes.count + first, unescaped.count - first)
            case UInt8(ascii: "\\"):
                unescaped.append(contentsOf: String(try escape()).utf8)
            case 0..<0x20:
                throw fault("syntax", "a control character in a string")
            default:
                unescaped.append(byte)
            }
        }
        throw fault("syntax", "a string without its end")
    }

    mutating func escape() throws(JSONSyntaxError) -> Unicode.Scalar {
        guard index < bytes.count else { throw fault("syntax", "a string without its end") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw fault("syntax", "an unknown escape in a string")
        }
    }

    mutating func unicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let first = try fourHexDigits()
        if first == 0 { throw fault("nul", "a string holds U+0000") }
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, index + 1 < bytes.count,
            bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
        else { throw fault("surrogate", "a string holds a lone surrogate") }
        index += 2
        let second = try fourHexDigits()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
        else { throw fault("surrogate", "a string holds a lone surrogate") }
        return scalar
    }

    mutating func fourHexDigits() throws(JSONSyntaxError) -> UInt16 {
        guard index + 4 <= bytes.count else { throw fault("syntax", "expected four hexadecimal digits") }
        var value: UInt16 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch bytes[index] {
            case let byte where byte &- UInt8(ascii: "0") < 10: digit = byte - UInt8(ascii: "0")
            case let byte where (byte | 0x20) &- UInt8(ascii: "a") < 6: digit = (byte | 0x20) - UInt8(ascii: "a") + 10
            default: throw fault("syntax", "expected four hexadecimal digits")
            }
            value = value << 4 | UInt16(digit)
            index += 1
        }
        return value
    }
}

/// Tells in a few steps, for most names of an object, that they have not come before.
private struct SeenNames {
    /// Up to so many names are compared one by one.
    static let few = 16
    private var marks: UInt64 = 0
    var isDoubled = false

    /// False: no name that was asked about before is the same.
    mutating func maybeDoubled(_ first: UInt8, count: Int) -> Bool {
        let mark: UInt64 = 1 << ((UInt64(first) &* 5 &+ UInt64(truncatingIfNeeded: count)) & 63)
        defer { marks |= mark }
        return marks & mark != 0
    }
}
