/// How the bytes of a table are text.
package enum TextEncoding: String, Sendable, Hashable, CaseIterable, Codable {
    case utf8 = "utf-8"
    /// Low byte first if there is no byte-order mark.
    case utf16 = "utf-16"
    case utf16LittleEndian = "utf-16le"
    case utf16BigEndian = "utf-16be"
    /// Holds all that GBK and GB2312 hold, under the same bytes.
    case gb18030 = "gb18030"
    case gbk
    case gb2312

    /// What the bytes are read as: the names of one and the same encoding are one.
    var form: TextEncoding {
        switch self {
        case .gbk, .gb2312: .gb18030
        case .utf16: .utf16LittleEndian
        default: self
        }
    }

    /// What bytes seem to be, and by what that is told.
    package struct Guess: Sendable, Hashable {
        package let encoding: TextEncoding
        package let reason: String
    }

    /// Tells the encoding by the beginning of a table; nil: it is none of these.
    ///
    /// - Parameter isWhole: nothing follows, so a character that is cut off is a fault.
    package static func guess(_ sample: [UInt8], isWhole: Bool) -> Guess? {
        if sample.starts(with: [0xEF, 0xBB, 0xBF]) { return Guess(encoding: .utf8, reason: "byte-order mark") }
        if sample.starts(with: [0xFF, 0xFE]) {
            return Guess(encoding: .utf16LittleEndian, reason: "byte-order mark")
        }
        if sample.starts(with: [0xFE, 0xFF]) { return Guess(encoding: .utf16BigEndian, reason: "byte-order mark") }
        if let encoding = wide(sample) { return Guess(encoding: encoding, reason: "zero bytes") }
        if isUTF8(sample, isWhole: isWhole) {
            let isASCII = sample.allSatisfy { $0 < 0x80 }
            return Guess(encoding: .utf8, reason: isASCII ? "nothing but ASCII" : "valid throughout")
        }
        guard isGB18030(sample, isWhole: isWhole) else { return nil }
        return Guess(encoding: .gb18030, reason: "no UTF-8, and valid throughout")
    }

    /// A table has line ends, separators and digits, of which UTF-16 makes a zero byte each; no other text has any.
    private static func wide(_ sample: [UInt8]) -> TextEncoding? {
        var zeros = (even: 0, odd: 0)
        for index in sample.indices where sample[index] == 0 {
            if index.isMultiple(of: 2) { zeros.even += 1 } else { zeros.odd += 1 }
        }
        let (most, least) = (max(zeros.even, zeros.odd), min(zeros.even, zeros.odd))
        // A program or a picture has zero bytes at any place; 一 is one that text has at the other.
        guard most * 50 > sample.count, least * 4 <= most else { return nil }
        return zeros.odd > zeros.even ? .utf16LittleEndian : .utf16BigEndian
    }

    private static func isUTF8(_ sample: [UInt8], isWhole: Bool) -> Bool {
        if String(validating: sample, as: UTF8.self) != nil { return true }
        guard !isWhole else { return false }
        // The last character may be cut off: three bytes of it at most are there.
        return (1...3).contains { cut in
            sample.count > cut && sample[sample.count - cut] >= 0xC0
                && String(validating: sample.dropLast(cut), as: UTF8.self) != nil
        }
    }

    private static func isGB18030(_ sample: [UInt8], isWhole: Bool) -> Bool {
        var index = 0
        while index < sample.count {
            let lead = sample[index]
            if lead < 0x80 {
                index += 1
                continue
            }
            guard (0x81...0xFE).contains(lead) else { return false }
            guard index + 1 < sample.count else { return !isWhole }
            let second = sample[index + 1]
            if (0x30...0x39).contains(second) {
                guard index + 3 < sample.count else { return !isWhole }
                guard (0x81...0xFE).contains(sample[index + 2]), (0x30...0x39).contains(sample[index + 3]) else {
                    return false
                }
                index += 4
            } else {
                guard (0x40...0xFE).contains(second), second != 0x7F else { return false }
                index += 2
            }
        }
        return true
    }
}
