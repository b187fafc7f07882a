/// What brands and product categories are compared by, everywhere (domain rules §3): the text after NFKC and full case
/// folding, runs of blanks made one, blanks at both ends removed.
package struct MatterKey: Hashable, Sendable {
    /// Decomposed, which makes the same texts equal as composing them would. The same on every machine, since all that it
    /// takes comes with this release; so ids may be made of it.
    package let text: String

    package init(_ text: String) {
        self.text = text.utf8.allSatisfy { $0 < 0x80 } ? Self.ofASCII(text.utf8) : Self.folded(text)
    }

    private static func ofASCII(_ text: String.UTF8View) -> String {
        String(unsafeUninitializedCapacity: text.count) { key in
            var end = 0
            var isOpen = false
            for byte in text {
                // Unicode's white space within ASCII.
                if byte == 0x20 || (0x09...0x0D).contains(byte) {
                    isOpen = end > 0
                    continue
                }
                if isOpen {
                    key[end] = 0x20
                    end += 1
                }
                isOpen = false
                key[end] = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
                end += 1
            }
            return end
        }
    }

    private static func folded(_ text: String) -> String {
        var key = String.UnicodeScalarView()
        var isOpen = false
        for scalar in Folding.fold(text) {
            if scalar.properties.isWhitespace {
                isOpen = !key.isEmpty
            } else {
                if isOpen { key.append(" ") }
                isOpen = false
                key.append(scalar)
            }
        }
        return String(key)
    }
}

extension Product {
    package var brandKey: MatterKey { MatterKey(brand) }
    package var categoryKey: MatterKey { MatterKey(category) }
}

/// Compatibility decomposition and full case folding, repeated until nothing changes (Unicode 3.13, D146, but NFKD).
private enum Folding {
    static func fold(_ text: String) -> [Unicode.Scalar] {
        var scalars: [Unicode.Scalar] = []
        for scalar in text.unicodeScalars { append(scalar, to: &scalars) }
        order(&scalars)
        // A mark up to here, so that it stood in its place among the other marks; folded it is a letter.
        return scalars.map { $0 == "\u{345}" ? "\u{3B9}" : $0 }
    }

    private static func append(_ scalar: Unicode.Scalar, to scalars: inout [Unicode.Scalar]) {
        let syllable = scalar.value &- 0xAC00
        if syllable < 11_172 {
            // Unicode 3.12: a syllable of Hangul is a leading consonant, a vowel and, perhaps, a trailing consonant.
            let parts = [0x1100 + syllable / 588, 0x1161 + syllable % 588 / 28, 0x11A7 + syllable % 28]
            scalars += parts.prefix(syllable.isMultiple(of: 28) ? 2 : 3).compactMap(Unicode.Scalar.init)
        } else if let folded = table[scalar] {
            scalars += folded
        } else {
            scalars.append(scalar)
        }
    }

    /// Marks in the order of their classes; of one class they stay as they are (Unicode 3.11, D109).
    private static func order(_ scalars: inout [Unicode.Scalar]) {
        var start = 0
        while start < scalars.count {
            guard rank(scalars[start]) != 0 else {
                start += 1
                continue
            }
            let end = scalars[start...].firstIndex { rank($0) == 0 } ?? scalars.endIndex
            let marks = scalars[start..<end].enumerated().sorted {
                (rank($0.element), $0.offset) < (rank($1.element), $1.offset)
            }
            scalars.replaceSubrange(start..<end, with: marks.map(\.element))
            start = end
        }
    }

    private static func rank(_ scalar: Unicode.Scalar) -> UInt8 {
        scalar.properties.canonicalCombiningClass.rawValue
    }

    private static let table: [Unicode.Scalar: ArraySlice<Unicode.Scalar>] = {
        var numbers = FoldingNumbers(FoldingTable.text)
        var entries: [(code: UInt32, targets: Range<Int>)] = []
        var pool: [Unicode.Scalar] = []
        var (code, first) = (UInt32(0), UInt32(0))
        while let distance = numbers.next(), let count = numbers.next() {
            code += distance
            var target = first + 1
            let start = pool.count
            for index in 0..<count {
                target = target &+ (numbers.next().map { $0 & 1 == 0 ? $0 >> 1 : 0 &- (($0 + 1) >> 1) } ?? 0)
                if index == 0 { first = target }
                if let scalar = Unicode.Scalar(target) { pool.append(scalar) }
            }
            entries.append((code, start..<pool.count))
        }
        return Dictionary(
            entries.compactMap { entry in Unicode.Scalar(entry.code).map { ($0, pool[entry.targets]) } }
        ) { first, _ in first }
    }()
}

/// The numbers of `FoldingTable.text`: five bits in each character, the lowest first; the sixth says that more follow.
private struct FoldingNumbers: IteratorProtocol {
    private var characters: String.UTF8View.Iterator

    init(_ text: String) {
        characters = text.utf8.makeIterator()
    }

    mutating func next() -> UInt32? {
        var (number, shift) = (UInt32(0), UInt32(0))
        while let character = characters.next() {
            let digit = Self.value(character)
            number |= (digit & 31) << shift
            if digit < 32 { return number }
            shift += 5
        }
        return nil
    }

    private static func value(_ character: UInt8) -> UInt32 {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        default: 63
        }
    }
}
