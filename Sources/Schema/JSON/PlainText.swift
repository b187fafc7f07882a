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
            let eight = memory.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard !holdsSpecial(eight) else { break }
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

    /// True if one of the eight bytes is below 0x20, a quotation mark or a backslash. A byte lies below n (≤ 0x80) if
    /// subtracting n borrows into its highest bit while that bit was clear; a byte equals c if it is zero after
    /// exclusive or with c, hence below 1.
    private static func holdsSpecial(_ eight: UInt64) -> Bool {
        let quote = eight ^ (ones &* 0x22)
        let backslash = eight ^ (ones &* 0x5C)
        let control = (eight &- ones &* 0x20) & ~eight
        return (control | (quote &- ones) & ~quote | (backslash &- ones) & ~backslash) & tops != 0
    }
}
