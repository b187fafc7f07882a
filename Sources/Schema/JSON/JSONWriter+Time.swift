extension JSONWriter {
    /// The string that `Instant.description` is, without building it: most events carry several times.
    mutating func time(_ instant: Instant) {
        let (year, month, day) = instant.date.components
        guard (0...9999).contains(year) else { return string(instant.description) }
        let second = Int(instant.secondOfDay)
        raw(UInt8(ascii: "\""))
        twoDigits(year / 100)
        twoDigits(year % 100)
        raw("-")
        twoDigits(month)
        raw("-")
        twoDigits(day)
        raw("T")
        twoDigits(second / 3600)
        raw(":")
        twoDigits(second / 60 % 60)
        raw(":")
        twoDigits(second % 60)
        fraction(Int(instant.microseconds - Instant.floorDivide(instant.microseconds, 1_000_000) * 1_000_000))
        raw("+08:00\"")
    }

    private mutating func twoDigits(_ value: Int) {
        raw(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 10))
        raw(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
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
