import Policy
import Schema

/// A dossier holds a bounded number of violations, so that an outlet of which much is reported costs no more for each
/// report than any other. No outlet is held to account for so many: it is withdrawn long before.
///
/// What leaves it goes in groups of twins, those that have been known longest first. A group that counts goes into
/// `counted`, for good: it counts where it does now. What is not verified goes into a record of its own, and counts when it
/// is upheld, unless its group has been counted.
extension Dossier {
    /// More violations than that are held only while an undecided proposal or an effect names them.
    static let violationLimit = 200
    /// Of a dossier that an older release has filled so many leave at a time.
    private static let roomPerStep = 16

    /// Twins, or one of a group that stays.
    private struct Departure {
        let violations: [Violation]
        let isWholeGroup: Bool
        var since: Instant { violations.map(\.knownAt).max() ?? .distantPast }
    }

    private var departures: [Departure] {
        var wanted = min(violations.count - Self.violationLimit + 1, Self.roomPerStep)
        guard wanted > 0 else { return [] }
        let named = Set(
            proposals.filter(\.isUndecided).flatMap(\.violationIds)
                + effects.filter { !$0.isOver }.flatMap(\.violationIds))
        var all: [Departure] = []
        for twins in Matters.groups(violations) {
            if twins.contains(where: { named.contains($0.id) }) {
                all += twins.filter { !named.contains($0.id) }
                    .map { Departure(violations: [$0], isWholeGroup: false) }
            } else {
                all.append(Departure(violations: twins, isWholeGroup: true))
            }
        }
        all.sort { ($0.since, $0.violations[0].id) < ($1.since, $1.violations[0].id) }
        return Array(
            all.prefix { departure in
                defer { wanted -= departure.violations.count }
                return wanted > 0
            })
    }

    /// The records that `take` may write for a violation; none as long as there is room and always was.
    func keysOfRoom(for violation: Violation) -> [RecordKey] {
        guard counted != nil || violations.count >= Self.violationLimit else { return [] }
        let leaving = departures
        let apart = [violation] + leaving.flatMap(\.violations).filter { $0.verifiedAt == nil }
        let matters = [violation] + leaving.filter(\.isWholeGroup).flatMap(\.violations)
        return apart.map { ViolationApart.key($0.id) }
            + CountedMatter.ids(matters, outletId: outletId).map { CountedMatter.key($0) }
    }

    /// Takes in a violation that was reported.
    mutating func take(_ violation: Violation, in turn: inout Turn) {
        makeRoom(in: &turn)
        if CountedMatter.isCounted(violation, outletId: outletId, in: turn) {
            // What it links to that matter counts no more either.
            let linked = matter(of: violation).filter { $0.isDerived || !violation.isDerived }
            let isGraveTaken =
                CountedMatter.isGraveTaken(violation, outletId: outletId, in: turn)
                || linked.contains { $0.isGraveTaken == true }
            CountedMatter.note(
                [violation], outletId: outletId, isDerived: violation.isDerived, isGraveTaken: isGraveTaken, in: &turn)
            turn.put(ViolationApart(violation: violation), violation.id)
            markCounted(linked)
            if isGraveTaken { markGraveTaken(linked) }
            return
        }
        // A twin may move what is counted already to the month of its own occurrence.
        if violations.contains(where: violation.mayJoin) { noteUnseen(at: effectiveTime(violation.knownAt)) }
        violations.append(violation)
    }

    private mutating func makeRoom(in turn: inout Turn) {
        let leaving = departures
        guard !leaving.isEmpty else { return }
        let tally = Tally(violations, at: .limit, EvaluationCalendar(turn.policy))
        var counted = counted ?? CountedGroups()
        for departure in leaving {
            for violation in departure.violations where violation.verifiedAt == nil {
                turn.put(ViolationApart(violation: violation), violation.id)
            }
            let isGraveTaken = departure.violations.contains { $0.isGraveTaken == true }
            // Those of its group that stay know it then.
            if isGraveTaken, !departure.isWholeGroup { markGraveTaken(matter(of: departure.violations[0])) }
            guard departure.isWholeGroup, departure.violations.contains(where: { $0.upheld == true }) else { continue }
            let ids = Set(departure.violations.map(\.id))
            if let group = tally.groups.first(where: { ids.contains($0.violation.id) }) { counted.add(group) }
            CountedMatter.note(
                departure.violations, outletId: outletId, isDerived: departure.violations[0].isDerived,
                isGraveTaken: isGraveTaken, in: &turn)
        }
        self.counted = counted
        let gone = Set(leaving.flatMap(\.violations).map(\.id))
        violations.removeAll { gone.contains($0.id) }
    }

    /// The violations that are one matter with this one, itself included, as the dossier knows them.
    func matter(of violation: Violation) -> [Violation] {
        // Most concern a case of their own.
        guard violations.contains(where: { $0.id != violation.id && $0.sharesSubject(with: violation) }) else {
            return [violation]
        }
        let all = violations.contains { $0.id == violation.id } ? violations : violations + [violation]
        return Matters.groups(all).first { $0.contains { $0.id == violation.id } } ?? [violation]
    }

    /// The violation by which its matter is known.
    func group(of violation: Violation) -> String { matter(of: violation)[0].id }

    /// A violation that had left the dossier was upheld: it counts, unless its group counts already.
    mutating func count(_ violation: Violation, in turn: inout Turn) {
        let group = matter(of: violation)
        guard !CountedMatter.isCounted(violation, outletId: outletId, in: turn),
            !group.contains(where: { $0.id != violation.id && ($0.upheld == true || $0.isCounted == true) }),
            let tallied = Tally(group, at: .limit, EvaluationCalendar(turn.policy)).groups.first
        else { return }
        var counted = counted ?? CountedGroups()
        counted.add(tallied)
        self.counted = counted
        CountedMatter.note(
            [violation], outletId: outletId, isDerived: group.allSatisfy(\.isDerived),
            isGraveTaken: group.contains { $0.isGraveTaken == true }, in: &turn)
        markCounted(group)
    }

    private mutating func markCounted(_ members: [Violation]) { mark(members) { $0.isCounted = true } }

    /// Each of them, as any may leave the dossier before the others.
    mutating func markGraveTaken(_ members: [Violation]) { mark(members) { $0.isGraveTaken = true } }

    private mutating func mark(_ members: [Violation], _ change: (inout Violation) -> Void) {
        let ids = Set(members.map(\.id))
        for index in violations.indices where ids.contains(violations[index].id) { change(&violations[index]) }
    }
}
