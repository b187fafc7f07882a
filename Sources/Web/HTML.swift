import Schema

/// HTML that escapes by default: what is written in the source is markup, whatever is put into it is text.
///
///     let row: HTML = "<td title=\"\(name)\">\(name)</td>"
///
/// A text that comes from outside can only get in through an interpolation, and is escaped there for content and for
/// attribute values in quotation marks; it must not be put into a script, a style, or an attribute without quotation
/// marks. There is no way to make markup of a text that is not written in the source.
///
/// Escaping works on bytes of UTF-8, not on characters: `"` with a combining mark behind it is one `Character` that
/// equals no quotation mark, but a browser reads the quotation mark all the same. Control characters, which HTML does
/// not allow, and marks that turn the direction of writing are shown as `·`.
package struct HTML: Sendable, Hashable {
    /// UTF-8.
    package private(set) var bytes: [UInt8] = []

    /// Nothing.
    package init() {}

    /// A text as text.
    package init(text: some StringProtocol) { append(text: text) }

    package var text: String { String(decoding: bytes, as: UTF8.self) }
    package var isEmpty: Bool { bytes.isEmpty }

    package static func + (left: HTML, right: HTML) -> HTML {
        var sum = left
        sum += right
        return sum
    }

    package static func += (left: inout HTML, right: HTML) { left.bytes += right.bytes }

    fileprivate mutating func append(text: some StringProtocol) {
        var shown = text.withoutSteering
        shown.withUTF8 { utf8 in
            bytes.reserveCapacity(bytes.count + utf8.count)
            for byte in utf8 {
                switch byte {
                case UInt8(ascii: "&"): bytes += "&amp;".utf8
                case UInt8(ascii: "<"): bytes += "&lt;".utf8
                case UInt8(ascii: ">"): bytes += "&gt;".utf8
                case UInt8(ascii: "\""): bytes += "&quot;".utf8
                case UInt8(ascii: "'"): bytes += "&#39;".utf8
                default: bytes.append(byte)
                }
            }
        }
    }
}

extension HTML: ExpressibleByStringInterpolation {
    package init(stringLiteral value: StaticString) {
        value.withUTF8Buffer { bytes = Array($0) }
    }

    package init(stringInterpolation parts: Interpolation) { self = parts.html }

    package struct Interpolation: StringInterpolationProtocol {
        fileprivate var html = HTML()

        package init(literalCapacity: Int, interpolationCount: Int) {
            html.bytes.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        /// Only the compiler calls this, with what stands in the source.
        package mutating func appendLiteral(_ literal: StaticString) {
            literal.withUTF8Buffer { html.bytes += $0 }
        }

        package mutating func appendInterpolation(_ text: some StringProtocol) { html.append(text: text) }
        package mutating func appendInterpolation(_ number: some BinaryInteger) { html.append(text: String(number)) }
        package mutating func appendInterpolation(_ part: HTML) { html += part }
        /// One after the other.
        package mutating func appendInterpolation(_ parts: [HTML]) { html += parts.joined() }
    }
}

extension Sequence<HTML> {
    package func joined(separator: HTML = HTML()) -> HTML {
        var sum = HTML()
        var isFirst = true
        for part in self {
            if !isFirst { sum += separator }
            sum += part
            isFirst = false
        }
        return sum
    }
}
