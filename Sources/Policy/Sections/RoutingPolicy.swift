/// Section `routing` of the policy: what makes a case major, and how long each tier has.
package struct RoutingPolicy: Hashable, Sendable {
    package var majorClaimFen: Int64 = 500_000
    package var storeTermDays = 2
    package var regionTermDays = 3
    package var hqTermDays = 5
    package var crisisAcceptMinutes = 60
    package var replyWorkingDays = 3
    package var informWithinDates = 0

    package init() {}

    mutating func read(_ section: MappingReader) {
        section.read(
            &majorClaimFen, "majorClaimFen", Bounds.fen,
            "R04: a claim of at least this much makes a case major. Fen")
        section.read(
            &storeTermDays, "storeTermDays", Bounds.positiveDays,
            "R03, R23: days (of 24 h) from the assignment to a store until the case goes to its region")
        section.read(
            &regionTermDays, "regionTermDays", Bounds.positiveDays,
            "R03, R23: days (of 24 h) from the assignment to a region until the case goes to headquarters")
        section.read(
            &hqTermDays, "hqTermDays", Bounds.positiveDays,
            "R03, R23: days (of 24 h) from the assignment to headquarters until the case is overdue")
        section.read(
            &crisisAcceptMinutes, "crisisAcceptMinutes", 1...10_080,
            "R34: minutes from receipt within which a person of headquarters must accept a crisis")
        section.read(
            &replyWorkingDays, "replyWorkingDays", Bounds.workingDays,
            "R43: working days from receipt within which the customer must have had an answer")
        section.read(
            &informWithinDates, "informWithinDates", Bounds.days,
            "R24: dates after that of the resolution by whose end the customer must know of it; 0 is the same day")
        section.finish()
    }
}
