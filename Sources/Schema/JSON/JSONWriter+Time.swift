extension JSONWriter {
    /// The string that `Instant.description` is, without building it: most events carry several times.
    mutating func time(_ instant: Instant) {
        let (year, month, day) = instant.date.components
        guard (0...9999).contains(year) else { return string(instant.description) }
        let second = Int(instant.secondOfDay)
        put(20) { place in
            place.update(from: Self.timeForm.utf8Start, count: 20)
            Self.twoDigits(year / 100, place + 1)
            Self.twoDigits(year % 100, place + 3)
            Self.twoDigits(month, place + 6)
            Self.twoDigits(day, place + 9)
            Self.twoDigits(second / 3600, place + 12)
            Self.twoDigits(second / 60 % 60, place + 15)
            Self.twoDigits(second % 60, place + 18)
        }
        fraction(Int(instant.microseconds - Instant.floorDivide(instant.microseconds, 1_000_000) * 1_000_000))
        raw("+08:00\"")
    }

    private static let timeForm: StaticString = #""yyyy-mm-ddThh:mm:ss"#

    private static func twoDigits(_ value: Int, _ place: UnsafeMutablePointer<UInt8>) {
        place[0] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 10)
        place[1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
    }

    /// Six digits without the zeros at their end.
    private mutating func fraction(_ microseconds: Int) {
        guard microseconds != 0 else { return }
        raw(".")
        var rest = microseconds
        var scale = 100_000
        while rest > 0 {
            raw(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / scale))
            rest %= scale
            scale /= 10
        }
    }
}
