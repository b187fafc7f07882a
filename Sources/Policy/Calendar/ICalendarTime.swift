import Schema

extension ICalendar {
    /// A `DTSTART` or `DTEND` in the business zone.
    struct Moment: Hashable {
        /// Seconds since 1970 as a clock on the wall shows them.
        let seconds: Int64
        let isDate: Bool

        var date: CivilDate { CivilDate(daysSinceEpoch: Instant.floorDivide(seconds, 86_400)) }
        var secondOfDay: Int64 { seconds - date.daysSinceEpoch * 86_400 }
    }

    /// The offsets from UTC that the file gives for each of its time zones, in seconds; nil: one that cannot be read.
    typealias Zones = [String: Set<Int64?>]

    /// Why a value is no moment.
    enum Unreadable: Error, Hashable {
        case form
        case zone(String)
    }

    /// `20261001`, `20261001T090000` (local), `20261001T010000Z`, and local time with `TZID`.
    static func moment(_ property: Property, _ zones: Zones) throws(Unreadable) -> Moment {
        let (local, isDate, isUTC) = try civil(property)
        if isDate { return Moment(seconds: local, isDate: true) }
        var offset = BusinessZone.offsetSeconds
        if isUTC {
            offset = 0
        } else if let zone = property.parameter("TZID") {
            guard let known = self.offset(of: zone, zones) else { throw .zone(zone) }
            offset = known
        }
        return Moment(seconds: local - offset + BusinessZone.offsetSeconds, isDate: false)
    }

    /// The day as written, whatever the zone is; it may be one more or less in the business zone.
    static func writtenDay(_ property: Property) -> CivilDate? {
        guard let local = try? civil(property).local else { return nil }
        return CivilDate(daysSinceEpoch: Instant.floorDivide(local, 86_400))
    }

    private static func civil(
        _ property: Property
    ) throws(Unreadable) -> (local: Int64, isDate: Bool, isUTC: Bool) {
        let text = property.value.uppercased()
        let digits = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int? {
            guard range.upperBound <= digits.count, digits[range].allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
            return digits[range].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8),
            let date = CivilDate(year: year, month: month, day: day)
        else { throw .form }
        let midnight = date.daysSinceEpoch * 86_400
        if digits.count == 8 { return (midnight, true, false) }
        let isUTC = digits.last == UInt8(ascii: "Z")
        guard digits.count == (isUTC ? 16 : 15), digits[8] == UInt8(ascii: "T"), let hour = number(9..<11), hour < 24,
            let minute = number(11..<13), minute < 60, let second = number(13..<15), second <= 60
        else { throw .form }
        return (midnight + Int64(hour * 3600 + minute * 60 + min(second, 59)), false, isUTC)
    }

    // MARK: Zones

    /// In these it is as late as in the business zone; some programs write something before the name, and a slash.
    private static let chinese = [
        "Asia/Shanghai", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "Asia/Beijing", "Asia/Hong_Kong",
        "Asia/Macau", "Asia/Macao", "Asia/Taipei", "PRC", "China Standard Time",
    ]

    /// In seconds from UTC; nil: not known, or not the same all the year.
    private static func offset(of zone: String, _ zones: Zones) -> Int64? {
        if chinese.contains(where: { zone == $0 || zone.hasSuffix("/" + $0) }) { return BusinessZone.offsetSeconds }
        if ["UTC", "GMT", "Etc/UTC", "Etc/GMT"].contains(zone) { return 0 }
        guard let told = zones[zone], told.count == 1, let only = told.first else { return nil }
        return only
    }

    /// `+0800`
    static func offset(_ text: String) -> Int64? {
        let digits = text.utf8.dropFirst()
        guard let sign = text.first, sign == "+" || sign == "-", digits.count == 4 || digits.count == 6,
            digits.allSatisfy({ $0 &- 0x30 < 10 }), let number = Int64(String(digits) ?? "")
        else { return nil }
        let full = digits.count == 4 ? number * 100 : number
        let seconds = full / 10_000 * 3600 + full / 100 % 100 * 60 + full % 100
        return sign == "-" ? -seconds : seconds
    }

    /// `P3D`, `P1W`, `PT9H`, `P1DT12H`; in seconds.
    static func duration(_ text: String) -> Int64? {
        guard text.hasPrefix("P") || text.hasPrefix("+P") else { return nil }
        var (total, number, isTime, units) = (Int64(0), Int64?.none, false, 0)
        for character in text.drop(while: { $0 == "+" }).dropFirst() {
            if let digit = character.wholeNumberValue, character.isASCII {
                number = (number ?? 0) * 10 + Int64(digit)
                guard number ?? 0 <= 100_000_000 else { return nil }
                continue
            }
            if character == "T", number == nil, !isTime {
                isTime = true
                continue
            }
            let seconds: Int64? =
                switch (character, isTime) {
                case ("W", false): 604_800
                case ("D", false): 86_400
                case ("H", true): 3_600
                case ("M", true): 60
                case ("S", true): 1
                default: nil
                }
            guard let seconds, let count = number else { return nil }
            total += count * seconds
            guard total <= 1_000_000_000_000 else { return nil }
            (number, units) = (nil, units + 1)
        }
        return units > 0 && number == nil ? total : nil
    }
}

extension ICalendar.Event {
    /// Where the days of an event lie.
    enum Reach: Hashable {
        case span(DaySpan)
        /// In other years, so that nothing that is wrong with it matters.
        case otherYears(days: Int)
        /// It was told.
        case faulty
    }

    /// No holiday is longer; a longer event is something else.
    private static let dayLimit = 366

    /// The day of the start, as far as it can be told.
    var firstDay: CivilDate? { start.flatMap { ICalendar.writtenDay($0) } }

    /// Its days, where one of them lies in `year`; else faults do not matter.
    ///
    /// An all-day event ends before the day of `DTEND` (RFC 5545, 3.6.1), and is one day where that is the day of
    /// `DTSTART`. A timed event is of every day that it touches.
    func reach(_ year: Int, _ zones: ICalendar.Zones, _ faults: FaultCollector) -> Reach {
        guard let start else {
            faults.add(line, "the event", "lacks DTSTART", allowed: Self.allowed)
            return .faulty
        }
        if let day = firstDay, (-1...1).allSatisfy({ day.adding(days: $0).year > year }) {
            return .otherYears(days: 1)
        }
        // No day that there is, or not as a feed writes one, but evidently of another year.
        if firstDay == nil, let written = Int(start.value.prefix(4)), (1_900...2_200).contains(written), written != year
        {
            return .otherYears(days: 1)
        }
        if let recurrence { return recurs(recurrence, year, faults) }
        guard let begin = read(start, isOf: year, zones, faults) else { return .faulty(unless: firstDay, year) }
        guard let end = end(after: begin, zones, isOf: year, faults) else { return .faulty(unless: begin.date, year) }
        let last = end.seconds > begin.seconds ? ICalendar.Moment(seconds: end.seconds - 1, isDate: false) : begin
        let count = Int(last.date.daysSinceEpoch - begin.date.daysSinceEpoch) + 1
        guard begin.date.year <= year, last.date.year >= year else { return .otherYears(days: count) }
        guard count <= Self.dayLimit else {
            faults.add(line, "the event", "is \(count) days long", allowed: "1 to \(Self.dayLimit) days")
            return .faulty
        }
        if !end.isDate, last.date > begin.date, (1..<43_200).contains(end.secondOfDay) {
            faults.add(
                line, "the event",
                "ends in the morning of \(last.date): it is not clear whether that is one of its days",
                allowed: "an end at midnight or in the afternoon, or an all-day event")
            return .faulty
        }
        return .span(DaySpan(first: begin.date, count: count))
    }

    private static let allowed = "a date or a time, such as DTSTART;VALUE=DATE:20261001"

    /// nil with a fault recorded, where the event is of that year as far as can be told.
    private func read(
        _ property: ICalendar.Property, isOf year: Int, _ zones: ICalendar.Zones, _ faults: FaultCollector
    ) -> ICalendar.Moment? {
        do throws(ICalendar.Unreadable) {
            return try ICalendar.moment(property, zones)
        } catch {
            guard isIn(year) else { return nil }
            switch error {
            case .form:
                faults.add(property.line, property.name, "is `\(shown(property.value))`", allowed: Self.allowed)
            case .zone(let zone):
                faults.add(
                    property.line, property.name, "is in the time zone `\(shown(zone))`, whose offset is not known",
                    allowed: "Asia/Shanghai, UTC, local time, or a VTIMEZONE with one offset all the year")
            }
            return nil
        }
    }

    /// As far as the start can be read.
    private func isIn(_ year: Int) -> Bool { firstDay.map { $0.year == year } ?? true }

    private func end(
        after begin: ICalendar.Moment, _ zones: ICalendar.Zones, isOf year: Int, _ faults: FaultCollector
    ) -> ICalendar.Moment? {
        if let end {
            guard let moment = read(end, isOf: year, zones, faults) else { return nil }
            if moment.seconds >= begin.seconds { return moment }
            if isIn(year) { faults.add(end.line, "DTEND", "lies before DTSTART", allowed: "a later time, or the same") }
            return nil
        }
        guard let duration else { return begin }
        if let seconds = ICalendar.duration(duration.value.uppercased()) {
            return ICalendar.Moment(seconds: begin.seconds + seconds, isDate: begin.isDate)
        }
        if isIn(year) {
            faults.add(
                duration.line, "DURATION", "is `\(shown(duration.value))`", allowed: "a length such as P3D, P1W or PT9H"
            )
        }
        return nil
    }

    /// A rule may reach every later year, unless it says until when.
    private func recurs(_ rule: ICalendar.Property, _ year: Int, _ faults: FaultCollector) -> Reach {
        let until = rule.value.uppercased().split(separator: ";").first { $0.hasPrefix("UNTIL=") }?.dropFirst(6)
        let last = until.flatMap { value in
            ICalendar.writtenDay(
                ICalendar.Property(line: rule.line, name: rule.name, parameters: "", value: String(value)))
        }
        if let last, last.adding(days: 1).year < year { return .otherYears(days: 1) }
        faults.add(rule.line, rule.name, "makes the event recur", allowed: "an event for each holiday")
        return .faulty
    }
}

extension ICalendar.Event.Reach {
    /// What is wrong in an event that begins in another year was not told.
    fileprivate static func faulty(unless day: CivilDate?, _ year: Int) -> Self {
        day.map { $0.year == year } ?? true ? .faulty : .otherYears(days: 1)
    }
}
