import Schema

/// What of a violation tells to which matter it belongs. All of one grouping concern the same outlet.
package protocol MatterMember: Sendable {
    var violationId: String { get }
    var category: String { get }
    var caseId: String? { get }
    var serviceId: String? { get }
    var occurredAt: Instant { get }
    /// It follows from a closed case or from a call, and stands behind what a person has reported (R45).
    var isDerived: Bool { get }
}

/// Which violations of an outlet are one matter, and so count once (R09, R45): a pure function over all of them, whatever
/// the order in which they came.
///
/// - Reported ones are twins if they concern the same case or the same service in the same category; twins of twins too.
/// - Derived ones are together if they concern the same case or service, whatever their category. Together they join the
///   group of the earliest reported violation of any of their cases and services; without one they are a group of their
///   own. They join no two groups to one.
package enum Matters {
    /// The reported ones of each group stand before the derived ones, both by occurrence, then id; so do the groups by
    /// their first members.
    package static func groups<V: MatterMember>(_ violations: [V]) -> [[V]] {
        let ordered = violations.sorted(by: precedes)
        let reported = ordered.filter { !$0.isDerived }
        var groups = components(reported, byCategory: true)
        let derived = components(ordered.filter { $0.isDerived }, byCategory: false)
        guard !derived.isEmpty else { return groups }
        var earliest: [Subject: (member: V, group: Int)] = [:]
        for (index, group) in groups.enumerated() {
            for member in group {
                for subject in subjects(of: member, byCategory: false) {
                    if let known = earliest[subject], precedes(known.member, member) { continue }
                    earliest[subject] = (member, index)
                }
            }
        }
        var alone: [[V]] = []
        for members in derived {
            let joined = members.flatMap { subjects(of: $0, byCategory: false) }.compactMap { earliest[$0] }
                .min { precedes($0.member, $1.member) }
            if let joined { groups[joined.group] += members } else { alone.append(members) }
        }
        for index in groups.indices {
            let joined = groups[index].filter(\.isDerived).sorted(by: precedes)
            groups[index].removeAll { $0.isDerived }
            groups[index] += joined
        }
        return (groups + alone).sorted { precedes($0[0], $1[0]) }
    }

    /// By occurrence, then id.
    package static func precedes<V: MatterMember>(_ a: V, _ b: V) -> Bool {
        (a.occurredAt, a.violationId) < (b.occurredAt, b.violationId)
    }

    private struct Subject: Hashable {
        /// nil: of any category.
        let category: String?
        let caseId: String?
        let serviceId: String?
    }

    private static func subjects(of member: some MatterMember, byCategory: Bool) -> [Subject] {
        let category = byCategory ? member.category : nil
        return [
            member.caseId.map { Subject(category: category, caseId: $0, serviceId: nil) },
            member.serviceId.map { Subject(category: category, caseId: nil, serviceId: $0) },
        ].compactMap { $0 }
    }

    /// Those that share a subject, and those that share one with them; in the order that they have.
    private static func components<V: MatterMember>(_ members: [V], byCategory: Bool) -> [[V]] {
        var root = Array(members.indices)
        func find(_ index: Int) -> Int {
            var index = index
            while root[index] != index { index = root[index] }
            return index
        }
        var holder: [Subject: Int] = [:]
        for (index, member) in members.enumerated() {
            for subject in subjects(of: member, byCategory: byCategory) {
                guard let other = holder[subject] else {
                    holder[subject] = index
                    continue
                }
                let (a, b) = (find(index), find(other))
                root[max(a, b)] = min(a, b)
            }
        }
        var found: [[V]] = Array(repeating: [], count: members.count)
        for (index, member) in members.enumerated() { found[find(index)].append(member) }
        return found.filter { !$0.isEmpty }
    }
}
