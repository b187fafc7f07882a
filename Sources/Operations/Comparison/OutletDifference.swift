import Policy
import Schema
import Stages

/// An outlet that is judged otherwise on one side: enough to follow by hand how each rung was reached.
package struct OutletDifference: Sendable, Hashable, Codable {
    /// A violation with the number by which proposals name it.
    package struct Violation: Sendable, Hashable, Codable {
        package let number: Int
        package let a: ViolationCourse?
        /// nil where it is the same as `a`, unless `a` is nil.
        package let b: ViolationCourse?
    }

    /// What the matters that were upheld in a month or year come to, by when they occurred: each once, and as much as its
    /// category weighs on that side.
    package struct PeriodCount: Sendable, Hashable, Codable {
        package let period: String
        package let a: Int
        package let b: Int

        package init(period: String, a: Int, b: Int) {
            self.period = period
            self.a = a
            self.b = b
        }
    }

    /// A rung of a ladder in a period, as each side proposed it; the n-th time on one side beside the n-th on the other.
    package struct Rung: Sendable, Hashable, Codable {
        package let ladder: String
        package let period: String
        package let rung: String
        package let a: Proposal?
        package let b: Proposal?

        package init(ladder: String, period: String, rung: String, a: Proposal?, b: Proposal?) {
            self.ladder = ladder
            self.period = period
            self.rung = rung
            self.a = a
            self.b = b
        }
    }

    package struct Proposal: Sendable, Hashable, Codable {
        package let count: Int
        package let threshold: Int?
        /// Numbers of the violations it counts.
        package let violations: [Int]
        package let proposedAt: Instant
        package let noticeAt: Instant?
        package let supersededAt: Instant?

        package init(
            count: Int, threshold: Int?, violations: [Int], proposedAt: Instant, noticeAt: Instant?,
            supersededAt: Instant?
        ) {
            self.count = count
            self.threshold = threshold
            self.violations = violations
            self.proposedAt = proposedAt
            self.noticeAt = noticeAt
            self.supersededAt = supersededAt
        }
    }

    package let outletId: String
    /// Months, then years, ascending.
    package let counts: [PeriodCount]
    /// By the instant of the earlier proposal.
    package let rungs: [Rung]
    package let statusesA: [StatusChange]
    package let statusesB: [StatusChange]
    /// By occurrence, then id.
    package let violations: [Violation]
}

extension OutletDifference {
    init(_ id: String, _ a: OutletCourse, _ b: OutletCourse) {
        outletId = id
        let all = Set(a.violations.keys).union(b.violations.keys)
        let ordered = all.compactMap { a.violations[$0] ?? b.violations[$0] }
            .sorted { ($0.occurredAt, $0.violationId) < ($1.occurredAt, $1.violationId) }
        violations = ordered.enumerated().map { index, violation in
            let (one, other) = (a.violations[violation.violationId], b.violations[violation.violationId])
            return Violation(number: index + 1, a: one, b: one == other ? nil : other)
        }
        counts = Self.counts(a, b)
        rungs = Self.rungs(
            a, b,
            numbers: Dictionary(
                uniqueKeysWithValues: ordered.enumerated().map { ($0.element.violationId, $0.offset + 1) }))
        statusesA = a.statuses
        statusesB = b.statuses
    }

    private static func counts(_ a: OutletCourse, _ b: OutletCourse) -> [PeriodCount] {
        let (one, other) = (a.upheldMatters, b.upheldMatters)
        func rows(_ name: (Instant) -> String) -> [PeriodCount] {
            let (left, right) = (Self.tally(one, name), Self.tally(other, name))
            return Set(left.keys).union(right.keys).sorted()
                .map { PeriodCount(period: $0, a: left[$0] ?? 0, b: right[$0] ?? 0) }
        }
        return rows { Month(of: $0.date).description } + rows { String($0.date.year) }
    }

    private static func tally(
        _ matters: [(since: Instant, weight: Int)], _ name: (Instant) -> String
    ) -> [String: Int] {
        matters.reduce(into: [:]) { $0[name($1.since), default: 0] += $1.weight }
    }

    private static func rungs(_ a: OutletCourse, _ b: OutletCourse, numbers: [String: Int]) -> [Rung] {
        struct Place: Hashable {
            let ladder: String
            let period: String
            let rung: String
            let turn: Int
        }
        func placed(_ course: OutletCourse) -> [Place: Proposal] {
            var turns: [Place: Int] = [:]
            var placed: [Place: Proposal] = [:]
            for one in course.proposals {
                let first = Place(ladder: one.ladder, period: one.period, rung: one.rung, turn: 0)
                let turn = turns[first, default: 0]
                turns[first] = turn + 1
                placed[Place(ladder: one.ladder, period: one.period, rung: one.rung, turn: turn)] =
                    Proposal(one, numbers)
            }
            return placed
        }
        let (left, right) = (placed(a), placed(b))
        func start(_ place: Place) -> Instant {
            [left[place]?.proposedAt, right[place]?.proposedAt].compactMap { $0 }.min() ?? .limit
        }
        return Set(left.keys).union(right.keys)
            .sorted {
                (start($0), $0.ladder, $0.period, $0.rung, $0.turn)
                    < (start($1), $1.ladder, $1.period, $1.rung, $1.turn)
            }
            .map {
                Rung(ladder: $0.ladder, period: $0.period, rung: $0.rung, a: left[$0], b: right[$0])
            }
    }
}

extension OutletDifference.Proposal {
    init(_ course: ProposalCourse, _ numbers: [String: Int]) {
        count = course.count
        threshold = course.threshold
        violations = course.violationIds.compactMap { numbers[$0] }.sorted()
        proposedAt = course.proposedAt
        noticeAt = course.noticeAt
        supersededAt = course.supersededAt
    }
}

extension OutletCourse {
    /// When each matter (`Matters`) that was upheld occurred, and how much it weighs.
    ///
    /// By occurrence alone. What was upheld only after its month had closed counts in a later one; a proposal's own
    /// count and numbers tell.
    fileprivate var upheldMatters: [(since: Instant, weight: Int)] {
        Matters.groups(Array(violations.values)).compactMap { members in
            members.first { $0.upheld == true }.map { (members[0].occurredAt, $0.weight) }
        }
    }
}
