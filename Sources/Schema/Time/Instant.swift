/// A point in time, in microseconds since 1970-01-01T00:00:00Z.
///
/// All arithmetic is in integers, so the same input gives the same output on every machine.
/// On the wire it is RFC 3339 with an offset; what Recourse writes carries the business offset `+08:00`.
package struct Instant: Hashable, Comparable, Sendable {
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    package init(seconds: Int64) {
        self.microseconds = seconds * 1_000_000
    }

    package static func < (a: Instant, b: Instant) -> Bool { a.microseconds < b.microseconds }

    package func adding(seconds: Int64) -> Instant { Instant(microseconds: microseconds + seconds * 1_000_000) }
    package func adding(minutes: Int64) -> Instant { adding(seconds: minutes * 60) }
    package func adding(hours: Int64) -> Instant { adding(seconds: hours * 3600) }
    /// N × 24 h: what the domain rules call "N days".
    package func adding(days: Int64) -> Instant { adding(seconds: days * 86_400) }

    /// Earlier than every time that an event can carry.
    package static let distantPast = Instant(seconds: -62_135_596_800)
    /// No clock goes beyond this: 2100-01-01T00:00:00Z.
    package static let limit = Instant(seconds: 4_102_444_800)
}

/// The business zone: Asia/Shanghai, which has kept UTC+8 without summer time since 1991.
package enum BusinessZone {
    package static let offsetSeconds: Int64 = 8 * 3600
}

extension Instant {
    /// The date in the business zone.
    package var date: CivilDate {
        CivilDate(
            daysSinceEpoch: Instant.floorDivide(
                microseconds / 1_000_000 + BusinessZone.offsetSeconds
                    - (microseconds % 1_000_000 < 0 ? 1 : 0), 86_400))
    }

    /// Whole seconds since 00:00 of `date`.
    package var secondOfDay: Int64 {
        let seconds = Instant.floorDivide(microseconds, 1_000_000) + BusinessZone.offsetSeconds
        return seconds - Instant.floorDivide(seconds, 86_400) * 86_400
    }

    package static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
        let quotient = a / b
        return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient
    }
}

extension Instant: CustomStringConvertible {
    /// RFC 3339 in the business zone, the fraction only where there is one: `2026-11-21T18:00:00+08:00`.
    package var description: String {
        let day = date
        let second = secondOfDay
        var text = day.description
        text += "T"
        text += twoDigits(second / 3600)
        text += ":"
        text += twoDigits(second / 60 % 60)
        text += ":"
        text += twoDigits(second % 60)
        let fraction = microseconds - Instant.floorDivide(microseconds, 1_000_000) * 1_000_000
        if fraction != 0 {
            var digits = String(fraction)
            digits = String(repeating: "0", count: 6 - digits.utf8.count) + digits
            while digits.utf8.last == UInt8(ascii: "0") { digits.removeLast() }
            text += "." + digits
        }
        return text + "+08:00"
    }

    /// Reads RFC 3339 with a mandatory offset (`Z` or `±hh:mm`); nil for anything else.
    ///
    /// Digits beyond microseconds are dropped. A leap second (`:60`) is refused, and so is a time whose year lies
    /// outside 0001–9999 as written or in the business zone: what is read can be written and read again.
    package init?(rfc3339 text: String) {
        var text = text
        guard let instant = text.withUTF8({ Instant(rfc3339: $0) }) else { return nil }
        self = instant
    }

    /// The same of the text's UTF-8.
    init?(rfc3339 text: UnsafeBufferPointer<UInt8>) {
        guard let parsed = parseRFC3339(text) else { return nil }
        self.init(microseconds: parsed)
        guard (1...9999).contains(date.year) else { return nil }
    }
}

func twoDigits(_ value: Int64) -> String {
    value < 10 ? "0\(value)" : "\(value)"
}

private func parseRFC3339(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
    func number(_ from: Int, _ count: Int) -> Int64? {
        guard from + count <= bytes.count else { return nil }
        var value: Int64 = 0
        for index in from..<from + count {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int64(digit)
        }
        return value
    }
    guard bytes.count >= 20,
        bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
        bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"),
        bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
        let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
        let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
        hour < 24, minute < 60, second < 60,
        let date = CivilDate(year: Int(year), month: Int(month), day: Int(day))
    else { return nil }
    var index = 19
    var fraction: Int64 = 0
    if bytes[index] == UInt8(ascii: ".") {
        index += 1
        var scale: Int64 = 100_000
        let start = index
        while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 {
            fraction += Int64(bytes[index] &- UInt8(ascii: "0")) * scale
            scale /= 10
            index += 1
        }
        guard index > start else { return nil }
    }
    guard index < bytes.count else { return nil }
    var offset: Int64 = 0
    if bytes[index] == UInt8(ascii: "Z") || bytes[index] == UInt8(ascii: "z") {
        guard index + 1 == bytes.count else { return nil }
    } else {
        guard bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-"),
            index + 6 == bytes.count, bytes[index + 3] == UInt8(ascii: ":"),
            let hours = number(index + 1, 2), let minutes = number(index + 4, 2), hours < 24, minutes < 60
        else { return nil }
        offset = (hours * 3600 + minutes * 60) * (bytes[index] == UInt8(ascii: "-") ? -1 : 1)
    }
    let seconds = date.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second - offset
    return seconds * 1_000_000 + fraction
}

extension Instant: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let instant = Instant(rfc3339: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an RFC 3339 time")
        }
        self = instant
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
