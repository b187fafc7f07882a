import Schema

/// How the times of one column are read: by the forms that are told, or by all that can be taken for nothing else.
package struct TimeReading: Sendable, Hashable {
    package enum Form: Sendable, Hashable {
        case pattern(TimePattern)
        /// Days since 1899-12-30, with a fraction: what a spreadsheet keeps behind a date.
        case excel
        case unixSeconds, unixMilliseconds

        /// nil: no form.
        package init?(_ text: String) {
            switch text {
            case "excel": self = .excel
            case "unix": self = .unixSeconds
            case "unix-ms": self = .unixMilliseconds
            default:
                guard let pattern = TimePattern(text) else { return nil }
                self = .pattern(pattern)
            }
        }

        package var hasYear: Bool {
            guard case .pattern(let pattern) = self else { return true }
            return pattern.hasYear
        }
    }

    /// Forms that can be taken for nothing else: the year first, or with its sign.
    package static let plain: [Form] = {
        let days = ["yyyy-M-d", "yyyy/M/d", "yyyy.M.d", "yyyy年M月d日"]
        let texts =
            days.flatMap { day in
                [
                    day + "[ H:m[:s[.S]][ X]]", day + " H时[m分[s秒]]", day + " H点[m分[s秒]]", day + " a h:m[:s]",
                    day + " h:m[:s] a",
                ]
            } + ["yyyy-M-dTH:m[:s[.S]][X]", "yyyyMMdd[ HH:mm[:ss]]", "yyyyMMddHHmm[ss]"]
        return forms(texts)
    }()

    /// The same without a year, if one is told.
    package static let yearless = forms([
        "M月d日[ H:m[:s]]", "M月d日 H时[m分[s秒]]", "M月d日 H点[m分[s秒]]", "M月d日 a h:m[:s]",
    ])

    private static func forms(_ texts: [String]) -> [Form] { texts.compactMap { Form($0) } }

    /// In this order; the first one that fits counts.
    package let forms: [Form]
    /// Seconds since midnight, for a date without a time of day.
    package let timeOfDay: Int64
    /// The forms are `plain`: nobody has told any.
    private let isPlain: Bool

    /// - Parameters:
    ///   - forms: nil: those that can be taken for nothing else.
    ///   - knowsYear: the year is told, where a form has none.
    package init(forms: [Form]?, knowsYear: Bool, timeOfDay: Int64 = 0) {
        self.forms = forms ?? (Self.plain + (knowsYear ? Self.yearless : []))
        self.timeOfDay = timeOfDay
        isPlain = forms == nil
    }

    /// Years for which tables are looked after: before, and after, a digit is wrong.
    package static let years = 1900...2099

    /// - Parameter year: where the text has none.
    package func instant(_ text: String, year: Int?) throws(ValueFault) -> Instant {
        let narrow = CellText.narrow(text)
        let scalars = Array(narrow.unicodeScalars)
        for form in forms {
            switch form {
            case .pattern(let pattern):
                if let reading = pattern.read(scalars) { return try instant(reading, year: year) }
            case .excel: if let instant = try serial(narrow) { return instant }
            case .unixSeconds: if let instant = try unix(narrow, perSecond: 1) { return instant }
            case .unixMilliseconds: if let instant = try unix(narrow, perSecond: 1_000) { return instant }
            }
        }
        throw fault(of: scalars)
    }

    private func fault(of scalars: [Unicode.Scalar]) -> ValueFault {
        let isYearMissing =
            isPlain
            && Self.yearless.contains { form in
                if case .pattern(let pattern) = form { pattern.read(scalars) != nil } else { false }
            }
        if isYearMissing {
            return ValueFault("time", "a time with its year; `year` or `yearColumn` in the mapping tells it")
        }
        let told = forms.map { form in
            switch form {
            case .pattern(let pattern): pattern.text
            case .excel: "excel"
            case .unixSeconds: "unix"
            case .unixMilliseconds: "unix-ms"
            }
        }
        let expected =
            isPlain ? "as 2026-03-05 14:00, or a form told by `formats`" : "written " + told.joined(separator: " or ")
        return ValueFault("time", "a date and time, \(expected)")
    }

    private func instant(_ reading: TimePattern.Reading, year told: Int?) throws(ValueFault) -> Instant {
        guard let year = reading.year ?? told else {
            throw ValueFault("time", "a year: neither the cell nor the mapping has one")
        }
        guard Self.years.contains(year) else {
            throw ValueFault("time", "a year from \(Self.years.lowerBound) to \(Self.years.upperBound)")
        }
        guard let date = CivilDate(year: year, month: reading.month, day: reading.day) else {
            throw ValueFault("time", "a day that exists")
        }
        let second = try secondOfDay(reading)
        let offset = reading.offsetSeconds ?? BusinessZone.offsetSeconds
        let seconds = date.daysSinceEpoch * 86_400 + second - offset
        return Instant(microseconds: seconds * 1_000_000 + reading.microsecond)
    }

    private func secondOfDay(_ reading: TimePattern.Reading) throws(ValueFault) -> Int64 {
        guard var hour = reading.hour else { return timeOfDay }
        let fault = ValueFault("time", "a time of day that exists")
        guard reading.minute < 60, reading.second < 60 else { throw fault }
        if reading.isHalfDayHour {
            guard (1...12).contains(hour) else { throw fault }
            if let isAfternoon = reading.isAfternoon { hour = hour % 12 + (isAfternoon ? 12 : 0) }
        }
        // 24:00 is the end of that date.
        guard hour < 24 || (hour == 24 && reading.minute == 0 && reading.second == 0 && reading.microsecond == 0) else {
            throw fault
        }
        return Int64(hour * 3600 + reading.minute * 60 + reading.second)
    }

    /// Excel counts a 29 February 1900 that never was, so what lies before is not taken.
    private func serial(_ text: String) throws(ValueFault) -> Instant? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, (1...6).contains(first.utf8.count),
            parts.allSatisfy({ $0.utf8.allSatisfy(CellText.isDigit) }),
            let days = Int64(first), parts.count == 1 || !parts[1].isEmpty
        else { return nil }
        let date = CivilDate(year: 1899, month: 12, day: 30)?.adding(days: Int(days))
        guard let date, days > 60, Self.years.contains(date.year) else {
            throw ValueFault("time", "a day that a spreadsheet counts from 1900-03-01 to 2099")
        }
        guard parts.count > 1 else { return date.at(hour: 0).adding(seconds: timeOfDay) }
        // To the nearest second: a spreadsheet keeps 14:00 as 0.583333333333333.
        let digits = parts[1].utf8.prefix(12)
        let scale = (0..<digits.count).reduce(Int64(1)) { scale, _ in scale * 10 }
        let fraction = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        return date.at(hour: 0).adding(seconds: (fraction * 86_400 + scale / 2) / scale)
    }

    private func unix(_ text: String, perSecond: Int64) throws(ValueFault) -> Instant? {
        guard (1...(perSecond == 1 ? 11 : 14)).contains(text.utf8.count), text.utf8.allSatisfy(CellText.isDigit),
            let number = Int64(text)
        else {
            return nil
        }
        let instant = Instant(microseconds: number * (1_000_000 / perSecond))
        guard Self.years.contains(instant.date.year) else {
            throw ValueFault("time", "a number that counts from 1970 to 2099")
        }
        return instant
    }
}
