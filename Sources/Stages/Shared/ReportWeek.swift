import Schema

/// A week from Monday to Sunday, named as in ISO 8601: `2026-W47`.
struct ReportWeek: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    let monday: CivilDate

    /// The week in which `date` lies.
    init(of date: CivilDate) {
        monday = date.adding(days: 1 - date.weekday)
    }

    /// The first week that lies wholly at or after `date`.
    init(firstFullFrom date: CivilDate) {
        monday = date.weekday == 1 ? date : date.adding(days: 8 - date.weekday)
    }

    /// Reads `2026-W47`; nil for another form, or where the year has no such week.
    init?(_ text: String) {
        guard PeriodText.isWeek(text), let year = Int(text.prefix(4)), let week = Int(text.suffix(2)),
            let inFirstWeek = CivilDate(year: year, month: 1, day: 4)
        else { return nil }
        self.init(of: inFirstWeek.adding(days: (week - 1) * 7))
        guard week >= 1, description == text else { return nil }
    }

    var next: ReportWeek { ReportWeek(of: monday.adding(days: 7)) }
    var previous: ReportWeek { ReportWeek(of: monday.adding(days: -7)) }

    static func < (a: ReportWeek, b: ReportWeek) -> Bool { a.monday < b.monday }

    var description: String {
        // A week belongs to the year of its Thursday.
        let thursday = monday.adding(days: 3)
        let year = thursday.year
        let first = CivilDate(year: year, month: 1, day: 1) ?? thursday
        let week = Int(thursday.daysSinceEpoch - first.daysSinceEpoch) / 7 + 1
        let digits = String(year)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits + "-W" + (week < 10 ? "0" : "")
            + String(week)
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let week = ReportWeek(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a week")
        }
        self = week
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
