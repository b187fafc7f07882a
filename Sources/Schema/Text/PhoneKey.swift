/// Who a customer is by his telephone number: what two of them are compared by, everywhere (domain rules §3).
///
/// A text without a key tells nobody apart, so there is no value for it: whoever has none is linked to nobody, counts in no
/// cluster and is no known person. Never compare two optional keys: two customers without one are two customers.
package struct PhoneKey: Hashable, Sendable {
    /// 5 to 15 ASCII digits, the first of them not 0.
    package let digits: String

    /// Of a number that the world knows, and of the shortest within a house that still tells one line from others.
    private static let lengths = 5...15
    /// What an address of China begins with abroad; as part of a shorter number it is no prefix.
    private static let country = "86"
    private static let nationalLength = 10

    /// Of the first number in `text`: the decimal digits of any script, without leading zeros, then without a leading 86
    /// if at least 10 digits remain behind it, then without leading zeros again. Marks before the first digit are passed
    /// over.
    ///
    /// nil: these are fewer than 5 digits or more than 15.
    package init?(_ text: String) {
        var digits: [UInt8] = []
        digits.reserveCapacity(24)
        var hasBegun = false
        var last: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            if let digit = Self.decimal(scalar) {
                hasBegun = true
                if digit != 0 || !digits.isEmpty { digits.append(UInt8(ascii: "0") + digit) }
                // More cannot become a key: a phone has so many characters, all of them together.
                if digits.count > Customer.phoneLimit { return nil }
            } else if hasBegun, Self.ends(Self.narrow(scalar), after: last) {
                break
            }
            last = scalar
        }
        if digits.starts(with: Self.country.utf8), digits.count >= Self.nationalLength + Self.country.utf8.count {
            digits = Array(digits.dropFirst(Self.country.utf8.count).drop { $0 == UInt8(ascii: "0") })
        }
        guard Self.lengths.contains(digits.count) else { return nil }
        self.digits = String(decoding: digits, as: UTF8.self)
    }

    /// The value of a decimal digit, of whatever script and width; nil: none (² and ⑤ are no decimal digits).
    package static func decimal(_ scalar: Unicode.Scalar) -> UInt8? {
        if scalar.isASCII {
            let value = UInt8(truncatingIfNeeded: scalar.value) &- UInt8(ascii: "0")
            return value < 10 ? value : nil
        }
        // No script of East Asia has decimal digits of its own there, and to ask for a property is dear.
        if case 0x2E80...0xA61F = scalar.value { return nil }
        guard scalar.properties.numericType == .decimal, let value = scalar.properties.numericValue else { return nil }
        return UInt8(exactly: value)
    }

    /// Behind these an extension follows, or another number. `ext` contains the x; 转, 分机 and 内线 are also written with
    /// traditional characters, or some of them.
    private static func ends(_ scalar: Unicode.Scalar, after last: Unicode.Scalar?) -> Bool {
        switch scalar {
        case "#", "转", "轉", "x", "X", "/", ",", ";", "、": true
        case "机", "機": last == "分"
        case "线", "線", "綫": last == "内" || last == "內"
        default: false
        }
    }

    /// Without the forms that differ in width or size alone.
    private static func narrow(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0xFF01...0xFF5E: Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar
        case 0xFE10, 0xFE50: ","
        case 0xFE11, 0xFE51, 0xFF64: "、"
        case 0xFE14, 0xFE54: ";"
        case 0xFE5F: "#"
        default: scalar
        }
    }
}

/// What release 0.1 compared telephone numbers by: all ASCII digits of the text, without a leading 86 if more than 11 of
/// them are there. Its stores know persons under it still; numbers in other digits, and words, had all the same one.
package enum FirstEditionPhoneKey {
    package static func digits(of phone: String) -> String {
        var digits = phone.utf8.filter { $0 &- UInt8(ascii: "0") < 10 }
        if digits.count > 11, digits.starts(with: "86".utf8) { digits.removeFirst(2) }
        return String(decoding: digits, as: UTF8.self)
    }
}
