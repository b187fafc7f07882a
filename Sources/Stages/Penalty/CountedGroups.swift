import Schema

/// Groups of violations that the record of an outlet no longer holds: how many, in the month and the year in which they
/// counted when they left it.
struct CountedGroups: Codable, Sendable {
    struct Count: Codable, Sendable {
        var groups = 0
        /// How much they count; nil: each 1.
        private var weight: Int?
        var hasHazard = false
        var hasGraveHazard = false
        /// The violations by which the first of them were named, so that a proposal always names some.
        var named: [String] = []

        private static let namedLimit = 10

        var total: Int { weight ?? groups }

        fileprivate mutating func add(_ group: Tally.Group) {
            if weight != nil || group.weight != 1 { weight = total + group.weight }
            groups += 1
            if named.count < Self.namedLimit { named.append(group.violation.id) }
            hasHazard = hasHazard || group.hasHazard
            hasGraveHazard = hasGraveHazard || group.hasGraveHazard
        }
    }

    private var byMonth = SortedMap<Count>()
    private var byYear = SortedMap<Count>()

    mutating func add(_ group: Tally.Group) {
        byMonth[group.month.description, Count()].add(group)
        byYear[Period.text(year: group.year), Count()].add(group)
    }

    /// What they come to on a ladder.
    func count(month: Month) -> Int { byMonth[month.description]?.total ?? 0 }
    func count(year: Int) -> Int { byYear[Period.text(year: year)]?.total ?? 0 }

    /// Of a ladder's period.
    func count(_ ladder: PenaltyProposed.Ladder, _ period: String) -> Count? {
        switch ladder {
        case .monthly: byMonth[period]
        case .cumulative: byYear[period]
        default: nil
        }
    }

    var months: [Month] { byMonth.entries.compactMap { Month($0.key) } }
    var years: [Int] { byYear.entries.compactMap { Int($0.key) } }

    /// Drops what counted in earlier years.
    mutating func forget(before year: Int) {
        for month in months where month.year < year { byMonth[month.description] = nil }
        for one in years where one < year { byYear[Period.text(year: one)] = nil }
    }
}

/// A violation that its outlet's dossier no longer holds and that may still be verified.
struct ViolationApart: Record {
    static let kind = "violation-apart"

    var violation: Violation

    var wake: Wake? { nil }
}

/// Says that what has been told of a case or a service has been counted and has left the dossier: what is told of it later
/// counts no more.
///
/// One record says it of a category, for reported twins; one of the case or service whatever the category, for derived
/// violations, which join any group that a person has reported.
struct CountedMatter: Record, Equatable {
    static let kind = "counted-matter"

    /// Of a case or service whatever the category: derived violations alone were counted. The first one that is reported
    /// later is that matter.
    var isDerived: Bool?
    /// It has been proposed as a grave one, or waits to be (R46).
    var isGraveTaken: Bool?

    var wake: Wake? { nil }

    /// Of all that may be asked for, or noted, about these.
    static func ids(_ violations: some Sequence<Violation>, outletId: String) -> [String] {
        var ids: [String] = []
        for violation in violations {
            for id in own([violation], outletId) + shared([violation], outletId) where !ids.contains(id) {
                ids.append(id)
            }
        }
        return ids
    }

    /// Of the category; those that are derived have none of their own.
    private static func own(_ violations: some Sequence<Violation>, _ outletId: String) -> [String] {
        violations.filter { !$0.isDerived }.flatMap { violation in
            subjects(of: violation).map { (kind, id) in
                Identifiers.uuid(["counted-matter", outletId, violation.category, kind, id])
            }
        }
    }

    /// Of any category.
    private static func shared(_ violations: some Sequence<Violation>, _ outletId: String) -> [String] {
        violations.flatMap { violation in
            subjects(of: violation).map { (kind, id) in Identifiers.uuid(["counted-matter", outletId, kind, id]) }
        }
    }

    private static func subjects(of violation: Violation) -> [(kind: String, id: String)] {
        [("case", violation.caseId), ("service", violation.serviceId)].compactMap { kind, id in id.map { (kind, $0) } }
    }

    /// Whether the matter of this violation has been counted.
    static func isCounted(_ violation: Violation, outletId: String, in turn: Turn) -> Bool {
        !matters(of: violation, outletId, in: turn).isEmpty
    }

    /// Whether it has been counted, and proposed as a grave one.
    static func isGraveTaken(_ violation: Violation, outletId: String, in turn: Turn) -> Bool {
        matters(of: violation, outletId, in: turn).contains { $0.isGraveTaken == true }
    }

    /// What says that the matter of this violation has been counted.
    private static func matters(of violation: Violation, _ outletId: String, in turn: Turn) -> [CountedMatter] {
        let shared = shared([violation], outletId).compactMap { turn.get(CountedMatter.self, $0) }
        if violation.isDerived { return shared }
        return shared.filter { $0.isDerived == true }
            + own([violation], outletId).compactMap { turn.get(CountedMatter.self, $0) }
    }

    /// - Parameter isDerived: nobody has reported anything of their group.
    static func note(
        _ violations: some Sequence<Violation>, outletId: String, isDerived: Bool, isGraveTaken: Bool,
        in turn: inout Turn
    ) {
        func note(_ id: String, isDerived: Bool) {
            let known = turn.get(CountedMatter.self, id)
            var matter = known ?? CountedMatter(isDerived: isDerived ? true : nil)
            if !isDerived { matter.isDerived = nil }
            if isGraveTaken { matter.isGraveTaken = true }
            if matter != known { turn.put(matter, id) }
        }
        for id in own(violations, outletId) { note(id, isDerived: false) }
        for id in shared(violations, outletId) { note(id, isDerived: isDerived) }
    }

    /// A violation that had left its dossier is proposed as a grave one: of what has been counted its twins will find it.
    static func takeGrave(_ violation: Violation, outletId: String, in turn: inout Turn) {
        for id in own([violation], outletId) + shared([violation], outletId) {
            guard var matter = turn.get(CountedMatter.self, id), matter.isGraveTaken != true else { continue }
            matter.isGraveTaken = true
            turn.put(matter, id)
        }
    }
}
