import Schema

/// Groups of violations that the record of an outlet no longer holds: how many, in the month and the year in which they
/// counted when they left it.
struct CountedGroups: Codable, Sendable {
    struct Count: Codable, Sendable {
        var groups = 0
        var hasHazard = false
        var hasGraveHazard = false
        /// The violations by which the first of them were named, so that a proposal always names some.
        var named: [String] = []

        private static let namedLimit = 10

        fileprivate mutating func add(_ group: Tally.Group) {
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

    func count(month: Month) -> Int { byMonth[month.description]?.groups ?? 0 }
    func count(year: Int) -> Int { byYear[Period.text(year: year)]?.groups ?? 0 }

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

/// Says that the group of violations about one case or service, of one category and outlet, has been counted and has left
/// the dossier: what is told of it later counts no more.
struct CountedMatter: Record {
    static let kind = "counted-matter"

    var wake: Wake? { nil }

    /// Of everything that makes other violations twins of these.
    static func ids(_ violations: some Sequence<Violation>, outletId: String) -> [String] {
        var ids: [String] = []
        for violation in violations {
            for (kind, id) in [("case", violation.caseId), ("service", violation.serviceId)] {
                guard let id else { continue }
                let matter = Identifiers.uuid(["counted-matter", outletId, violation.category, kind, id])
                if !ids.contains(matter) { ids.append(matter) }
            }
        }
        return ids
    }

    /// Whether one of these matters has been counted.
    static func isCounted(_ ids: [String], in turn: Turn) -> Bool {
        ids.contains { turn.get(CountedMatter.self, $0) != nil }
    }

    static func note(_ ids: [String], in turn: inout Turn) {
        for id in ids where turn.get(CountedMatter.self, id) == nil { turn.put(CountedMatter(), id) }
    }
}
