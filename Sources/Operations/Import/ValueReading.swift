import Schema

/// Why a text is no value of a member: a short stable word and what was expected, never the text itself.
package struct ValueFault: Error, Sendable, Hashable {
    package let rule: String
    package let message: String

    package init(_ rule: String, _ message: String) {
        (self.rule, self.message) = (rule, message)
    }
}

/// What a number in a table counts.
package enum MoneyUnit: String, Sendable, Hashable, CaseIterable {
    case fen, yuan
    case tenThousandYuan = "wan-yuan"

    /// How many digits behind its decimal point make whole fen.
    var decimals: Int {
        switch self {
        case .fen: 0
        case .yuan: 2
        case .tenThousandYuan: 6
        }
    }
}

/// Numbers and yes or no as people write them into tables.
package enum ValueReading {
    package static let yes = ["是", "有", "真", "对", "已", "√", "✓", "y", "yes", "true", "1"]
    package static let no = ["否", "无", "没有", "假", "不", "未", "×", "✗", "n", "no", "false", "0"]

    /// A number times 10 to the power of `decimals`, exactly: `1,234.50`, `¥ 20`, `300元`.
    package static func number(_ text: String, decimals: Int) throws(ValueFault) -> Int64 {
        if CellText.isShortened(text) { throw shortened }
        var digits = Array(stripped(CellText.narrow(text)).utf8)
        let expected = decimals == 0 ? "a whole number" : "an amount with at most \(decimals) digits behind the point"
        let fault = ValueFault("number", digits.contains(UInt8(ascii: ",")) ? expected + decimalComma : expected)
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits.removeFirst() }
        let parts = digits.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first.flatMap({ ungrouped($0) }), !whole.isEmpty else { throw fault }
        var fraction = parts.count > 1 ? Array(parts[1]) : []
        guard parts.count == 1 || !fraction.isEmpty, fraction.allSatisfy(CellText.isDigit) else { throw fault }
        // 3.000 is three thousand where a point groups the digits: nobody guesses about money.
        guard fraction.count != 3 || decimals >= 3 else { throw fault }
        while fraction.count > decimals, fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        guard fraction.count <= decimals else { throw fault }
        fraction += Array(repeating: UInt8(ascii: "0"), count: decimals - fraction.count)
        var value: Int64 = 0
        for digit in whole + fraction {
            guard value <= Shape.integerLimit else { break }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        guard value <= Shape.integerLimit else { throw ValueFault("number", "a number of at most 2^53") }
        return isNegative ? -value : value
    }

    /// What looks like 12,50 could as well be a 1250 whose comma has slipped: nobody guesses about money.
    private static let decimalComma =
        "; a comma stands before every three digits only, as in 1,234.50: write a decimal comma as a point, 12.50"

    /// A long number whose digits a spreadsheet has dropped.
    static let shortened = ValueFault(
        "shortened",
        "a spreadsheet wrote a long number as 1.38E+10, and its digits are lost: make the column text there")

    private static func stripped(_ text: String) -> String {
        var text = CellText.trimmed(text)
        for sign in ["¥", "￥", "RMB", "CNY"] where text.uppercased().hasPrefix(sign) {
            text = CellText.trimmed(String(text.dropFirst(sign.count)))
        }
        if text.hasSuffix("元") { text = CellText.trimmed(String(text.dropLast())) }
        return text
    }

    /// Digits, or digits with a comma before every three; nil: neither.
    private static func ungrouped(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
        let groups = digits.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard groups.allSatisfy({ $0.allSatisfy(CellText.isDigit) }) else { return nil }
        if groups.count > 1 {
            guard let first = groups.first, (1...3).contains(first.count),
                groups.dropFirst().allSatisfy({ $0.count == 3 })
            else { return nil }
        }
        return Array(groups.joined())
    }
}
