import Policy
import Schema

/// What an outlet's violations amount to at an instant: twins once, each group in its month and its year.
///
/// Twins concern the same case or the same service, in the same category. A group counts once it has a member that was
/// upheld, from the earliest occurrence of all its members. If the month of that occurrence had closed before the group
/// was known and upheld, it counts in the month of the verification as an adjustment; likewise its year.
struct Tally {
    struct Group: Hashable {
        /// The upheld member that proposals name.
        let violation: Violation
        let month: Month
        let year: Int
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
        groups = Self.twins(violations).compactMap { Self.group($0, at: instant, calendar) }
            .sorted { Violation.precedes($0.violation, $1.violation) }
    }

    func count(month: Month) -> [Group] { groups.filter { $0.month == month } }
    func count(year: Int) -> [Group] { groups.filter { $0.year == year } }

    /// The violations of these ids with all their twins, upheld or not.
    static func twins(of ids: [String], in violations: [Violation]) -> [Violation] {
        let ids = Set(ids)
        return twins(violations).filter { group in group.contains { ids.contains($0.id) } }.flatMap { $0 }
    }

    private struct TwinKey: Hashable {
        let category: String
        let caseId: String?
        let serviceId: String?
    }

    /// The violations in groups of twins, each group by occurrence. Twins of twins are one group.
    static func twins(_ violations: [Violation]) -> [[Violation]] {
        var root = Array(violations.indices)
        func find(_ index: Int) -> Int {
            var index = index
            while root[index] != index { index = root[index] }
            return index
        }
        var holder: [TwinKey: Int] = [:]
        for (index, violation) in violations.enumerated() {
            var keys: [TwinKey] = []
            if let caseId = violation.caseId {
                keys.append(TwinKey(category: violation.category, caseId: caseId, serviceId: nil))
            }
            if let serviceId = violation.serviceId {
                keys.append(TwinKey(category: violation.category, caseId: nil, serviceId: serviceId))
            }
            for key in keys {
                guard let other = holder[key] else {
                    holder[key] = index
                    continue
                }
                let (a, b) = (find(index), find(other))
                root[max(a, b)] = min(a, b)
            }
        }
        var members: [[Violation]] = Array(repeating: [], count: violations.count)
        for (index, violation) in violations.enumerated() { members[find(index)].append(violation) }
        return members.filter { !$0.isEmpty }.map { $0.sorted(by: Violation.precedes) }
    }

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
            violation: named, month: month, year: year,
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
