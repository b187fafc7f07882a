/// Section `time` of the policy: numbers that every stage shares.
package struct TimePolicy: Hashable, Sendable {
    package var futureToleranceMinutes = 5
    package var workingDayEndHour = 18
    package var timerPatienceSeconds = 900

    package init() {}

    mutating func read(_ section: MappingReader) {
        section.read(
            &futureToleranceMinutes, "futureToleranceMinutes", Bounds.minutes,
            "An event that is more than this ahead of the business clock is refused")
        section.read(
            &workingDayEndHour, "workingDayEndHour", Bounds.endHour,
            "`N working days from T` ends at this hour of the Nth working day after T's date")
        section.read(
            &timerPatienceSeconds, "timerPatienceSeconds", Bounds.patienceSeconds,
            "Where a stage's queue is never empty, timers act so many seconds of real time after their due time, counting only"
                + " time in which the stage was able to work")
        section.finish()
    }
}

/// The ranges in which a parameter may lie. They keep a slip of the pen out, not an unusual wish.
enum Bounds {
    static let minutes = 0...10_080
    static let hour = 0...23
    /// Less than a minute would let timers act before a stage that was away has taken what waited for it.
    static let patienceSeconds = 60...604_800
    /// 24 is the end of the date.
    static let endHour = 1...24
    static let days = 0...3660
    static let positiveDays = 1...3660
    /// The calendar rarely reaches further than a year ahead.
    static let workingDays = 1...250
    /// Every month has at least this many working days, the longest holidays included.
    static let workingDayOfMonth = 1...15
    static let percent = 0...100
    /// Up to ten thousand million yuan.
    static let fen: ClosedRange<Int64> = 0...1_000_000_000_000
    static let count = 1...1_000_000
}
