import Schema

/// The part of iCalendar (RFC 5545) that calendars of holidays use: all-day events.
///
/// Folded lines are joined as bytes, for a fold may divide a character. Components inside an event (alarms) say nothing.
enum ICalendar {
    /// An all-day event as written.
    struct Event {
        /// Of `BEGIN:VEVENT`.
        let line: Int
        var summary = ""
        /// `X-APPLE-SPECIAL-DAY`
        var specialDay: String?
        fileprivate var start: Property?
        fileprivate var end: Property?
        fileprivate var duration: Property?
        fileprivate var recurrence: Property?
        fileprivate var isCancelled = false
    }

    /// A content line: `NAME;PARAMETER=value:VALUE`.
    fileprivate struct Property {
        let line: Int
        let name: String
        let value: String
    }

    /// No holiday is longer; a longer event is something else.
    private static let dayLimit = 366
    private static let eventLimit = 20_000

    static func isOne(_ bytes: [UInt8]) -> Bool {
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        return String(decoding: start.prefix(15), as: UTF8.self).uppercased() == "BEGIN:VCALENDAR"
    }

    /// The events that are not cancelled, in order of the file.
    static func events(_ bytes: [UInt8], _ faults: FaultCollector) -> [Event] {
        var events: [Event] = []
        var components: [String] = []
        var event: Event?
        for property in properties(bytes, faults) {
            switch property.name {
            case "BEGIN":
                components.append(property.value.uppercased())
                if components == ["VCALENDAR", "VEVENT"] { event = Event(line: property.line) }
            case "END":
                guard components.popLast() == property.value.uppercased() else {
                    faults.add(property.line, "END", "ends what has not begun", allowed: "BEGIN and END in pairs")
                    return []
                }
                if components == ["VCALENDAR"], let ended = event {
                    if !ended.isCancelled { events.append(ended) }
                    event = nil
                    guard events.count < eventLimit else {
                        faults.add(property.line, "the file", "has too many events", allowed: "at most \(eventLimit)")
                        return []
                    }
                }
            default:
                if components == ["VCALENDAR", "VEVENT"] { event?.take(property) }
            }
        }
        if !components.isEmpty {
            faults.add(nil, "the file", "ends inside \(components.joined(separator: ", "))", allowed: "a whole file")
        }
        return events
    }

    // MARK: Lines

    private static func properties(_ bytes: [UInt8], _ faults: FaultCollector) -> [Property] {
        var lines: [(number: Int, bytes: [UInt8])] = []
        let physical = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, raw) in physical.enumerated() {
            var line = raw
            if index == 0, line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
            if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
            if let first = line.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t"), !lines.isEmpty {
                lines[lines.count - 1].bytes += line.dropFirst()
            } else if !line.isEmpty {
                lines.append((index + 1, Array(line)))
            }
        }
        return lines.compactMap { line in
            guard let text = String(validating: line.bytes, as: UTF8.self) else {
                faults.add(line.number, "the line", "is not UTF-8", allowed: "UTF-8")
                return nil
            }
            guard let property = property(text, line.number) else {
                faults.add(line.number, "`\(shown(text))`", "is no content line", allowed: "NAME:VALUE")
                return nil
            }
            return property
        }
    }

    /// The name ends at the first `;`, the parameters at the first `:` outside quotes.
    private static func property(_ text: String, _ line: Int) -> Property? {
        var isQuoted = false
        guard
            let colon = text.firstIndex(where: { character in
                if character == "\"" { isQuoted.toggle() }
                return character == ":" && !isQuoted
            })
        else { return nil }
        let name = text[..<colon].prefix { $0 != ";" }
        guard !name.isEmpty else { return nil }
        return Property(
            line: line, name: name.uppercased(), value: String(text[text.index(after: colon)...]))
    }

    // MARK: Values

    /// `20261001`
    fileprivate static func date(_ text: String) -> CivilDate? {
        guard text.utf8.count == 8, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let digits = Array(text)
        return CivilDate("\(String(digits[0..<4]))-\(String(digits[4..<6]))-\(String(digits[6..<8]))")
    }

    /// `P1D`, `P2W`
    fileprivate static func days(ofDuration text: String) -> Int? {
        guard text.hasPrefix("P"), let unit = text.last, let number = Int(text.dropFirst().dropLast()),
            (1...dayLimit).contains(number)
        else { return nil }
        switch unit {
        case "D": return number
        case "W": return number * 7
        default: return nil
        }
    }

    /// `\,` and its like.
    fileprivate static func unescaped(_ text: String) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if isEscaped {
                result.append(character == "n" || character == "N" ? " " : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }
}

extension ICalendar.Event {
    fileprivate mutating func take(_ property: ICalendar.Property) {
        switch property.name {
        case "SUMMARY": summary = ICalendar.unescaped(property.value)
        case "X-APPLE-SPECIAL-DAY": specialDay = property.value.uppercased()
        case "DTSTART": start = property
        case "DTEND": end = property
        case "DURATION": duration = property
        case "RRULE", "RDATE": recurrence = property
        case "STATUS": isCancelled = property.value.uppercased() == "CANCELLED"
        default: break
        }
    }

    /// Its first day and how many there are: `DTEND` is the day after the last (RFC 5545, 3.6.1); without it and without
    /// a duration there is one. nil with a fault recorded.
    func days(_ faults: FaultCollector) -> (first: CivilDate, count: Int)? {
        let allowed = "an all-day event, such as DTSTART;VALUE=DATE:20261001"
        if let recurrence {
            faults.add(recurrence.line, recurrence.name, "makes the event recur", allowed: "an event for each holiday")
            return nil
        }
        guard let start else {
            faults.add(line, "the event", "lacks DTSTART", allowed: allowed)
            return nil
        }
        guard let first = ICalendar.date(start.value) else {
            faults.add(start.line, "DTSTART", "is `\(shown(start.value))`", allowed: allowed)
            return nil
        }
        if let end {
            guard let after = ICalendar.date(end.value) else {
                faults.add(end.line, "DTEND", "is `\(shown(end.value))`", allowed: allowed)
                return nil
            }
            let count = after.daysSinceEpoch - first.daysSinceEpoch
            guard (1...366).contains(count) else {
                faults.add(end.line, "DTEND", "is \(after), \(count) days after DTSTART", allowed: "1 to 366 days")
                return nil
            }
            return (first, Int(count))
        }
        guard let duration else { return (first, 1) }
        guard let count = ICalendar.days(ofDuration: duration.value) else {
            faults.add(
                duration.line, "DURATION", "is `\(shown(duration.value))`", allowed: "days or weeks, such as P3D")
            return nil
        }
        return (first, count)
    }
}
