import Schema

/// What a cell says, without what spreadsheets and exports put around it.
package enum CellText {
    /// Without blanks at both ends, of any width, and without marks that are not seen; `="0571"` and `'0571`, by which
    /// spreadsheets are made to keep a number as text, are `0571`.
    package static func cleaned(_ cell: ArraySlice<UInt8>) -> String {
        let text = trimmed(String(decoding: cell, as: UTF8.self))
        if text.hasPrefix("=\""), text.hasSuffix("\""), text.utf8.count > 2 {
            return trimmed(String(text.dropFirst(2).dropLast()))
        }
        if text.hasPrefix("'"), text.utf8.count > 1, text.utf8.dropFirst().allSatisfy({ isDigit($0) }) {
            return String(text.dropFirst())
        }
        return text
    }

    package static func trimmed(_ text: String) -> String {
        let utf8 = text.utf8
        // Most cells have nothing to be removed, and no byte of a blank at their ends.
        if let first = utf8.first, let last = utf8.last, isPlain(first), isPlain(last) { return text }
        let scalars = text.unicodeScalars
        guard let start = scalars.firstIndex(where: { !isBlank($0) }),
            let end = scalars.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(scalars[start...end])
    }

    private static func isPlain(_ byte: UInt8) -> Bool { byte > UInt8(ascii: " ") && byte < 0x7F }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        // Zero-width blanks, joiners and the byte-order mark are no white space to Unicode.
        scalar.properties.isWhitespace || (0x200B...0x200D).contains(scalar.value) || scalar.value == 0x2060
            || scalar.value == 0xFEFF
    }

    /// Letters, digits and signs of full width as those of ASCII, for numbers and times.
    package static func narrow(_ text: String) -> String {
        guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.value {
                    case 0xFF01...0xFF5E: Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar
                    case 0x3000, 0xA0, 0x2009, 0x202F: " "
                    default: scalar
                    }
                }))
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    /// Has a spreadsheet written a long number in its short form, `1.38E+10`? Its digits are lost.
    static func isShortened(_ text: String) -> Bool {
        guard text.utf8.count >= 4, let mark = text.utf8.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) else {
            return false
        }
        let (number, power) = (text.utf8[..<mark], text.utf8[mark...].dropFirst())
        return power.count >= 2 && power.first == UInt8(ascii: "+") && power.dropFirst().allSatisfy(isDigit)
            && number.first.map(isDigit) == true
            && number.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ",") }
    }
}
