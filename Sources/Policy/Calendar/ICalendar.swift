import Schema

/// The part of iCalendar (RFC 5545) that calendars of holidays use.
///
/// Folded lines are joined as bytes, for a fold may divide a character. Components inside an event (alarms) say nothing.
enum ICalendar {
    /// What concerns holidays in a file.
    struct Content {
        /// Those that are not cancelled, in order of the file.
        var events: [Event] = []
        var zones: Zones = [:]
    }

    /// An event as written.
    struct Event {
        /// Of `BEGIN:VEVENT`.
        let line: Int
        fileprivate(set) var summary = ""
        /// Of the summary, or else of the event.
        fileprivate(set) var summaryLine: Int
        fileprivate(set) var categories = ""
        /// `X-APPLE-SPECIAL-DAY`
        fileprivate(set) var specialDay: String?
        fileprivate(set) var start: Property?
        fileprivate(set) var end: Property?
        fileprivate(set) var duration: Property?
        fileprivate(set) var recurrence: Property?
        fileprivate var isCancelled = false

        fileprivate init(line: Int) {
            (self.line, summaryLine) = (line, line)
        }
    }

    /// A content line: `NAME;PARAMETER=value:VALUE`.
    struct Property {
        let line: Int
        let name: String
        /// `;PARAMETER=value`, as written.
        let parameters: String
        let value: String

        /// Without its quotation marks.
        func parameter(_ name: String) -> String? {
            for one in parameters.split(separator: ";") {
                let parts = one.split(separator: "=", maxSplits: 1)
                guard parts.count == 2, parts[0].uppercased() == name else { continue }
                return String(parts[1].filter { $0 != "\"" })
            }
            return nil
        }
    }

    private static let eventLimit = 20_000

    static func read(_ bytes: [UInt8], _ faults: FaultCollector) -> Content {
        var content = Content()
        var components: [String] = []
        var event: Event?
        var zone: (name: String?, offsets: Set<Int64?>) = (nil, [])
        for property in properties(bytes, faults) {
            switch property.name {
            case "BEGIN":
                components.append(property.value.uppercased())
                if components == ["VCALENDAR", "VEVENT"] { event = Event(line: property.line) }
                if components == ["VCALENDAR", "VTIMEZONE"] { zone = (nil, []) }
            case "END":
                guard components.last == property.value.uppercased() else {
                    faults.add(property.line, "END", "ends what has not begun", allowed: "BEGIN and END in pairs")
                    return Content()
                }
                if components == ["VCALENDAR", "VTIMEZONE"], let name = zone.name {
                    content.zones[name] = zone.offsets
                }
                components.removeLast()
                guard components == ["VCALENDAR"], let ended = event else { continue }
                if !ended.isCancelled { content.events.append(ended) }
                event = nil
                guard content.events.count < eventLimit else {
                    faults.add(property.line, "the file", "has too many events", allowed: "at most \(eventLimit)")
                    return Content()
                }
            case "TZID" where components == ["VCALENDAR", "VTIMEZONE"]: zone.name = property.value
            case "TZOFFSETTO" where components.dropLast() == ["VCALENDAR", "VTIMEZONE"]:
                zone.offsets.insert(offset(property.value))
            default:
                if components == ["VCALENDAR", "VEVENT"] { event?.take(property) }
            }
        }
        if !components.isEmpty {
            faults.add(nil, "the file", "ends inside \(components.joined(separator: ", "))", allowed: "a whole file")
        }
        return content
    }

    // MARK: Lines

    private static func properties(_ bytes: [UInt8], _ faults: FaultCollector) -> [Property] {
        var lines: [(number: Int, bytes: [UInt8])] = []
        let physical = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, raw) in physical.enumerated() {
            var line = raw
            if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
            if let first = line.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t"), !lines.isEmpty {
                lines[lines.count - 1].bytes += line.dropFirst()
            } else if line.contains(where: { $0 > UInt8(ascii: " ") }) {
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
        let value = text[text.index(after: colon)...]
        return Property(
            line: line, name: name.uppercased(), parameters: String(text[name.endIndex..<colon]),
            // Blanks at the end are nobody's meaning.
            value: String(value.reversed().drop { $0 == " " || $0 == "\t" }.reversed()))
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
        case "SUMMARY": (summary, summaryLine) = (ICalendar.unescaped(property.value), property.line)
        case "CATEGORIES": categories += (categories.isEmpty ? "" : ",") + ICalendar.unescaped(property.value)
        case "X-APPLE-SPECIAL-DAY": specialDay = property.value.uppercased()
        case "DTSTART": start = property
        case "DTEND": end = property
        case "DURATION": duration = property
        case "RRULE", "RDATE": recurrence = property
        case "STATUS": isCancelled = property.value.uppercased() == "CANCELLED"
        default: break
        }
    }
}
