import Glibc
import Schema

/// Turns the bytes of a table into UTF-8, piece by piece, by the C library's `iconv` (decision 20).
///
/// A byte-order mark is no part of the text. What is no character becomes U+FFFD, which the cell that holds it is
/// refused for; so one bad byte costs a row and not the table. UTF-8 is handed on as it is: whoever makes texts of it
/// puts U+FFFD into them in the same way.
package final class TextDecoder {
    /// nil: the bytes are UTF-8 already.
    private let handle: iconv_t?
    /// Of a character in the encoding, at least.
    private let unit: Int
    /// The beginning of a character whose end is still to come.
    private var rest: [UInt8] = []
    private var isAtStart = true
    private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    /// - Throws: `MissingConverter` if the C library of this machine does not know the encoding.
    package init(_ encoding: TextEncoding) throws(MissingConverter) {
        let form = encoding.form
        unit = form == .gb18030 ? 1 : 2
        guard form != .utf8 else {
            handle = nil
            return
        }
        guard let opened = iconv_open("UTF-8", form.rawValue.uppercased()), Int(bitPattern: opened) != -1 else {
            throw MissingConverter(encoding: form)
        }
        handle = opened
    }

    deinit {
        if let handle { iconv_close(handle) }
    }

    /// The next piece as UTF-8.
    ///
    /// - Parameter isLast: nothing follows, so a character that is cut off is none.
    package func decode(_ piece: [UInt8], isLast: Bool) -> [UInt8] {
        var text: [UInt8]
        if let handle {
            text = convert(rest + piece, handle)
            if isLast, !rest.isEmpty {
                text += Self.replacement
                rest = []
            }
        } else {
            text = piece
        }
        guard isAtStart else { return text }
        // A mark of three bytes may come in pieces.
        if handle == nil {
            text = rest + text
            rest = []
            if text.count < 3, !isLast, [0xEF, 0xBB, 0xBF].starts(with: text) {
                rest = text
                return []
            }
        }
        if text.isEmpty { return text }
        isAtStart = false
        return text.withoutByteOrderMark
    }

    private func convert(_ input: [UInt8], _ handle: iconv_t) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(input.count * 2)
        var start = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while start < input.count {
            let (taken, made, error) = step(input, from: start, into: &buffer, handle)
            output += buffer[..<made]
            start += taken
            switch error {
            case 0, E2BIG: continue
            case EINVAL:
                rest = Array(input[start...])
                return output
            default:
                output += Self.replacement
                start += min(unit, input.count - start)
            }
        }
        rest = []
        return output
    }

    /// One call of `iconv`: how many bytes it took and made, and why it stopped before the end; 0: it did not.
    private func step(
        _ input: [UInt8], from start: Int, into buffer: inout [UInt8], _ handle: iconv_t
    ) -> (taken: Int, made: Int, error: Int32) {
        input.withUnsafeBytes { source in
            buffer.withUnsafeMutableBytes { target in
                // `iconv` does not write to what it reads, though its declaration does not say so.
                var from = source.baseAddress.map {
                    UnsafeMutablePointer(mutating: ($0 + start).assumingMemoryBound(to: CChar.self))
                }
                var to = target.baseAddress?.assumingMemoryBound(to: CChar.self)
                var (left, space) = (source.count - start, target.count)
                let result = iconv(handle, &from, &left, &to, &space)
                return (source.count - start - left, target.count - space, result == -1 ? errno : 0)
            }
        }
    }
}

/// The C library of this machine has no converter for an encoding.
package struct MissingConverter: Error, Sendable, Hashable, CustomStringConvertible {
    package let encoding: TextEncoding

    package var description: String {
        "read \(encoding.rawValue): the C library of this machine has no converter for it (a package named like "
            + "glibc-gconv-extra or gconv-modules-extra has it); or save the table as UTF-8 first"
    }
}
