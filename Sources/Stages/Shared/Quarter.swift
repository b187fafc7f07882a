import Schema

/// A calendar quarter, `2026-Q4`.
struct Quarter: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    let year: Int
    /// 1 to 4.
    let number: Int

    init(of date: CivilDate) {
        let (year, month, _) = date.components
        self.year = year
        number = (month + 2) / 3
    }

    private init(year: Int, number: Int) {
        self.year = year
        self.number = number
    }

    /// The first quarter that lies wholly at or after `date`.
    init(firstFullFrom date: CivilDate) {
        let quarter = Quarter(of: date)
        self = quarter.firstMonth.firstDate == date ? quarter : quarter.next
    }

    /// Reads `2026-Q4`; nil for another form.
    init?(_ text: String) {
        guard PeriodText.isQuarter(text), let year = Int(text.prefix(4)), let number = Int(text.suffix(1)) else {
            return nil
        }
        self.init(year: year, number: number)
    }

    var next: Quarter { number == 4 ? Quarter(year: year + 1, number: 1) : Quarter(year: year, number: number + 1) }
    var firstMonth: Month { Month(year: year, month: number * 3 - 2) }
    /// 24:00 of its last date.
    var end: Instant { next.firstMonth.firstDate.at(hour: 0) }

    static func < (a: Quarter, b: Quarter) -> Bool { (a.year, a.number) < (b.year, b.number) }

    var description: String {
        let digits = String(year)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits + "-Q" + String(number)
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let quarter = Quarter(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a quarter")
        }
        self = quarter
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
