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

    /// Reads one document (RFC 8259) strictly: UTF-8, no doubled names, no U+0000, no lone surrogates, at most
    /// `depthLimit` levels, nothing behind it. A byte-order mark before it is passed over (§8.1).
    ///
    /// - Parameter valueLimit: how many values it may hold; for documents of others.
    package init(parsing bytes: [UInt8], valueLimit: Int = .max) throws(JSONSyntaxError) {
        let result: Result<JSON, JSONSyntaxError> = bytes.withUnsafeBufferPointer { buffer in
            var parser = Parser(bytes: buffer, valueLimit: valueLimit)
            do throws(JSONSyntaxError) {
                return .success(try parser.document())
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }
}

private struct Parser {
    let bytes: UnsafeBufferPointer<UInt8>
    let valueLimit: Int
    var index = 0
    var depth = 0
    var values = 0

    init(bytes: UnsafeBufferPointer<UInt8>, valueLimit: Int) {
        self.bytes = bytes
        self.valueLimit = valueLimit
    }

    mutating func document() throws(JSONSyntaxError) -> JSON {
        if bytes.starts(with: JSON.byteOrderMark) { index = JSON.byteOrderMark.count }
        skipSpace()
        let value = try self.value()
        skipSpace()
        guard index == bytes.count else { throw fault("syntax", "expected the end of the document") }
        return value
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

    mutating func value() throws(JSONSyntaxError) -> JSON {
        guard index < bytes.count else { throw fault("syntax", "expected a value, found the end") }
        values += 1
        guard values <= valueLimit else { throw fault("count", "more than \(valueLimit) values") }
        switch bytes[index] {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    mutating func word(_ text: StaticString, _ value: JSON) throws(JSONSyntaxError) -> JSON {
        let count = text.utf8CodeUnitCount
        guard index + count <= bytes.count else { throw fault("syntax", "expected a value") }
        for offset in 0..<count where bytes[index + offset] != text.utf8Start[offset] {
            throw fault("syntax", "expected a value")
        }
        index += count
        return value
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

    mutating func object() throws(JSONSyntaxError) -> JSON {
        try enter()
        var members: [JSON.Member] = []
        if index < bytes.count, bytes[index] == UInt8(ascii: "}") {
            index += 1
            depth -= 1
            return .object(members)
        }
        members.reserveCapacity(8)
        repeat {
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
                throw fault("syntax", "expected a name in quotation marks")
            }
            let name = try string()
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else {
                throw fault("syntax", "expected : after a name")
            }
            index += 1
            skipSpace()
            members.append(JSON.Member(name, try value()))
        } while try another(before: UInt8(ascii: "}"))
        depth -= 1
        try refuseDoubledNames(members)
        return .object(members)
    }

    /// Names are compared code point by code point (RFC 8259 §8.3), where Swift's `==` takes canonically equivalent
    /// ones as the same.
    func refuseDoubledNames(_ members: [JSON.Member]) throws(JSONSyntaxError) {
        if members.count <= 16 {
            for later in members.indices.dropFirst() {
                for earlier in 0..<later
                where members[earlier].hasName(members[later].name)
                    && members[earlier].name.utf8.elementsEqual(members[later].name.utf8)
                {
                    throw fault("duplicate-name", "an object names a member twice")
                }
            }
        } else {
            guard Set(members.lazy.map { Array($0.name.utf8) }).count == members.count else {
                throw fault("duplicate-name", "an object names a member twice")
            }
        }
    }

    mutating func array() throws(JSONSyntaxError) -> JSON {
        try enter()
        var elements: [JSON] = []
        if index < bytes.count, bytes[index] == UInt8(ascii: "]") {
            index += 1
            depth -= 1
            return .array(elements)
        }
        repeat {
            elements.append(try value())
        } while try another(before: UInt8(ascii: "]"))
        depth -= 1
        return .array(elements)
    }

    mutating func number() throws(JSONSyntaxError) -> JSON {
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
        if isWhole, let value = Int64(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { throw fault("number", "a number out of range") }
        if value == value.rounded(), abs(value) <= 9_007_199_254_740_992 { return .int(Int64(value)) }
        return .double(value)
    }

    mutating func string() throws(JSONSyntaxError) -> String {
        index += 1
        let start = index
        let (end, isASCII) = PlainText.end(in: bytes, from: start)
        index = end
        guard end < bytes.count else { throw fault("syntax", "a string without its end") }
        if bytes[end] == UInt8(ascii: "\\") { return try escapedString(from: start) }
        guard bytes[end] == UInt8(ascii: "\"") else { throw fault("syntax", "a control character in a string") }
        index += 1
        let content = UnsafeBufferPointer(rebasing: bytes[start..<end])
        if isASCII { return String(decoding: content, as: UTF8.self) }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw fault("utf-8", "a string is not valid UTF-8")
        }
        return text
    }

    /// The slow path: the string holds at least one escape.
    mutating func escapedString(from start: Int) throws(JSONSyntaxError) -> String {
        var unescaped = Array(bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: unescaped, as: UTF8.self) else {
                    throw fault("utf-8", "a string is not valid UTF-8")
                }
                return text
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
