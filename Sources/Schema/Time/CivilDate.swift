/// A date of the proleptic Gregorian calendar in the business zone.
package struct CivilDate: Hashable, Comparable, Sendable {
    /// Days since 1970-01-01.
    package let daysSinceEpoch: Int64

    package init(daysSinceEpoch: Int64) {
        self.daysSinceEpoch = daysSinceEpoch
    }

    /// nil if there is no such date, or the year lies outside 1–9999.
    package init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
            day <= CivilDate.daysInMonth(year: year, month: month)
        else { return nil }
        self.daysSinceEpoch = CivilDate.days(year: year, month: month, day: day)
    }

    /// Days since 1970-01-01 of a date that exists. Years begin in March here, so that the leap day comes last.
    fileprivate static func days(year: Int, month: Int, day: Int) -> Int64 {
        let shifted = Int64(month <= 2 ? year - 1 : year)
        let era = Instant.floorDivide(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = Int64((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1)
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    package static func < (a: CivilDate, b: CivilDate) -> Bool { a.daysSinceEpoch < b.daysSinceEpoch }

    package func adding(days: Int) -> CivilDate { CivilDate(daysSinceEpoch: daysSinceEpoch + Int64(days)) }

    package static func daysInMonth(year: Int, month: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    package var components: (year: Int, month: Int, day: Int) {
        let shifted = daysSinceEpoch + 719_468
        let era = Instant.floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = Int(dayOfYear - (153 * monthIndex + 2) / 5 + 1)
        let month = Int(monthIndex < 10 ? monthIndex + 3 : monthIndex - 9)
        return (Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0), month, day)
    }

    package var year: Int { components.year }

    /// 1 = Monday … 7 = Sunday (ISO 8601).
    package var weekday: Int {
        let fromMonday = (daysSinceEpoch + 3) % 7
        return Int(fromMonday < 0 ? fromMonday + 7 : fromMonday) + 1
    }

    /// The instant `hour:00` of this date in the business zone; `hour` 24 is 00:00 of the next date.
    package func at(hour: Int) -> Instant {
        Instant(seconds: daysSinceEpoch * 86_400 + Int64(hour) * 3600 - BusinessZone.offsetSeconds)
    }
}

extension CivilDate: CustomStringConvertible {
    /// ISO 8601: `2026-11-21`.
    package var description: String {
        let (year, month, day) = components
        let digits = String(year)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
            + "-" + twoDigits(Int64(month)) + "-" + twoDigits(Int64(day))
    }

    /// Reads `YYYY-MM-DD`; nil for anything else.
    package init?(_ text: String) {
        var text = text
        guard let date = text.withUTF8({ CivilDate($0) }) else { return nil }
        self = date
    }

    /// The same of the text's UTF-8.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        guard text.count == 10 else { return nil }
        var numbers = (year: 0, month: 0, day: 0)
        for (index, byte) in text.enumerated() {
            if index == 4 || index == 7 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit = Int(byte &- UInt8(ascii: "0"))
            guard digit < 10 else { return nil }
            switch index {
            case 0..<4: numbers.year = numbers.year * 10 + digit
            case 5..<7: numbers.month = numbers.month * 10 + digit
            default: numbers.day = numbers.day * 10 + digit
            }
        }
        self.init(year: numbers.year, month: numbers.month, day: numbers.day)
    }
}

extension CivilDate: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let date = CivilDate(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a date")
        }
        self = date
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A calendar month, `2026-11`: the period of the monthly ladder.
package struct Month: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let year: Int
    package let month: Int

    package init(of date: CivilDate) {
        (year, month, _) = date.components
    }

    /// - Precondition: `month` is 1 to 12; text from outside is read by `init?(_:)`.
    package init(year: Int, month: Int) {
        precondition((1...12).contains(month), "month \(month) is not 1 to 12")
        self.year = year
        self.month = month
    }

    package static func < (a: Month, b: Month) -> Bool { (a.year, a.month) < (b.year, b.month) }

    package var next: Month { month == 12 ? Month(year: year + 1, month: 1) : Month(year: year, month: month + 1) }

    package var firstDate: CivilDate {
        CivilDate(daysSinceEpoch: CivilDate.days(year: year, month: month, day: 1))
    }

    package var description: String {
        String(repeating: "0", count: max(0, 4 - String(year).utf8.count)) + "\(year)-" + twoDigits(Int64(month))
    }

    /// Reads `YYYY-MM`; nil for anything else.
    package init?(_ text: String) {
        guard text.utf8.count == 7, let date = CivilDate(text + "-01") else { return nil }
        self.init(of: date)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let month = Month(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a month")
        }
        self = month
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
