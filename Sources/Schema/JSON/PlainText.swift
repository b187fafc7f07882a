/// Finds what a JSON string cannot hold as it is, eight bytes at a time: most strings hold nothing of the kind.
enum PlainText {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// The first index from `start` on of a quotation mark, a backslash or a control character, else the end; and
    /// whether all before it is ASCII.
    static func end(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> (index: Int, isASCII: Bool) {
        guard let base = bytes.baseAddress else { return (start, true) }
        let memory = UnsafeRawPointer(base)
        let count = bytes.count
        var index = start
        var seen: UInt64 = 0
        while index + 8 <= count {
            let eight = UInt64(littleEndian: memory.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let found = special(in: eight)
            guard found == 0 else {
                let before = found.trailingZeroBitCount & ~7
                return (index + before / 8, (seen | eight & ((1 << UInt64(before)) - 1)) & tops == 0)
            }
            seen |= eight
            index += 8
        }
        while index < count {
            let byte = base[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            seen |= UInt64(byte)
            index += 1
        }
        return (index, seen & tops == 0)
    }

    /// The first index from `start` on of that byte, else the end.
    static func index(of byte: UInt8, in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        guard let base = bytes.baseAddress else { return start }
        let memory = UnsafeRawPointer(base)
        let wanted = ones &* UInt64(byte)
        var index = start
        while index + 8 <= bytes.count {
            let difference = UInt64(littleEndian: memory.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ wanted
            let found = (difference &- ones) & ~difference & tops
            if found != 0 { return index + found.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < bytes.count, base[index] != byte { index += 1 }
        return index
    }

    /// The highest bit of the first of eight bytes that is below 0x20, a quotation mark or a backslash; of those behind it
    /// anything. A byte lies below n (≤ 0x80) if subtracting n borrows into its highest bit while that bit was clear; a
    /// byte equals c if it is zero after exclusive or with c, hence below 1.
    private static func special(in eight: UInt64) -> UInt64 {
        let quote = eight ^ (ones &* 0x22)
        let backslash = eight ^ (ones &* 0x5C)
        let control = (eight &- ones &* 0x20) & ~eight
        return (control | (quote &- ones) & ~quote | (backslash &- ones) & ~backslash) & tops
    }
}

/// Numbers in digits, without a `String` for each.
enum DecimalText {
    static func count(_ value: UInt64) -> Int {
        var count = 1
        var rest = value / 10
        while rest > 0 {
            count += 1
            rest /= 10
        }
        return count
    }

    /// - Returns: the index behind the last digit.
    static func write(_ value: UInt64, to text: UnsafeMutableBufferPointer<UInt8>, at start: Int) -> Int {
        let end = start + count(value)
        var rest = value
        for index in (start..<end).reversed() {
            text[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        return end
    }
}
