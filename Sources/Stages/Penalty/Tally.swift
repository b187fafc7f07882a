import Policy
import Schema

/// What an outlet's violations amount to at an instant: each matter (`Matters`) once, in its month and its year.
///
/// A group counts once it has a member that was upheld, from the earliest occurrence of all its reported members, or of all
/// if none was reported. If the month of that occurrence had closed before the group was known and upheld, it counts in the
/// month of the verification as an adjustment; likewise its year.
struct Tally {
    struct Group: Hashable {
        /// The upheld member that proposals name.
        let violation: Violation
        let month: Month
        let year: Int
        /// How much it counts: what the category of the earliest upheld member weighs.
        let weight: Int
        /// It counts in the month of its verification.
        let isAdjustment: Bool
        /// Of an upheld member.
        let hasHazard: Bool
        /// Injury or fire.
        let hasGraveHazard: Bool
    }

    /// In the order of their named violations.
    let groups: [Group]

    init(_ violations: [Violation], at instant: Instant, _ calendar: EvaluationCalendar) {
        groups = Matters.groups(violations).compactMap { Self.group($0, at: instant, calendar) }
            .sorted { Matters.precedes($0.violation, $1.violation) }
    }

    func count(month: Month) -> [Group] { groups.filter { $0.month == month } }
    func count(year: Int) -> [Group] { groups.filter { $0.year == year } }

    /// What they come to on a ladder.
    static func weight(_ groups: [Group]) -> Int { groups.reduce(0) { $0 + $1.weight } }

    /// The violations of these ids with all their twins, upheld or not.
    static func twins(of ids: [String], in violations: [Violation]) -> [Violation] {
        let ids = Set(ids)
        return Matters.groups(violations).filter { group in group.contains { ids.contains($0.id) } }.flatMap { $0 }
    }

    /// - Parameter members: as `Matters` orders them: what a person has reported says when the matter was, before what is
    ///   derived.
    private static func group(
        _ members: [Violation], at instant: Instant, _ calendar: EvaluationCalendar
    ) -> Group? {
        let upheld = members.filter { $0.isUpheld(by: instant) }
        guard let upheldAt = upheld.compactMap(\.verifiedAt).min(),
            let named = upheld.first(where: { $0.countedMonth != nil || $0.countedYear != nil }) ?? upheld.first,
            members[0].occurredAt <= instant, !members.contains(where: { $0.isCounted == true })
        else { return nil }
        let month =
            members.compactMap(\.countedMonth).min()
            ?? members.first { isInTime($0, upheldAt, Month(of: $0.occurredAt.date), calendar) }
            .map { Month(of: $0.occurredAt.date) }
            ?? Month(of: upheldAt.date)
        let year =
            members.compactMap(\.countedYear).min()
            ?? members.first {
                isInTime($0, upheldAt, Month(year: $0.occurredAt.date.year, month: 12), calendar)
            }.map { $0.occurredAt.date.year }
            ?? upheldAt.date.year
        let hazards = upheld.flatMap { $0.hazards ?? [] }
        return Group(
            violation: named, month: month, year: year, weight: calendar.penalty.weights[upheld[0].category],
            isAdjustment: month != Month(of: members[0].occurredAt.date), hasHazard: !hazards.isEmpty,
            hasGraveHazard: hazards.contains(where: Violation.graveHazards.contains))
    }

    /// Whether the group was upheld, and this member of it known, before the period closed.
    private static func isInTime(
        _ member: Violation, _ upheldAt: Instant, _ closing: Month, _ calendar: EvaluationCalendar
    ) -> Bool {
        calendar.isOpen(closing, at: max(upheldAt, member.knownAt))
    }
}
