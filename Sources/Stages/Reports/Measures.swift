import Policy
import Schema

/// A share of cases, with the limits by which it is judged (§8 of the domain rules). All in integers.
struct Rate {
    enum Bound: String {
        case atLeast = "at-least"
        case atMost = "at-most"
        case below
    }

    struct Limit {
        let rule: Rule
        let bound: Bound
        let percent: Int
    }

    let name: String
    let numerator: Int64
    let denominator: Int64
    var limits: [Limit] = []

    /// `met`, `missed`, or `too-few` below the least number of cases.
    func verdict(_ limit: Limit, minimum: Int) -> String {
        guard denominator >= Int64(minimum) else { return "too-few" }
        let (part, bound) = (numerator * 100, Int64(limit.percent) * denominator)
        let isMet =
            switch limit.bound {
            case .atLeast: part >= bound
            case .atMost: part <= bound
            case .below: part < bound
            }
        return isMet ? "met" : "missed"
    }

    /// Hundredths of a percent, halves up; nil without cases.
    static func basisPoints(_ numerator: Int64, of denominator: Int64) -> Int64? {
        guard denominator > 0 else { return nil }
        // Sums of money beyond some million million yuan: their last digits no longer count.
        let limit = Int64.max / 40_000
        guard numerator.magnitude <= limit, denominator <= limit else { return numerator / (denominator / 10_000) }
        return (numerator * 20_000 + denominator) / (denominator * 2)
    }

    static func share(_ numerator: Int64, of denominator: Int64) -> JSON {
        [
            "numerator": .int(numerator), "denominator": .int(denominator),
            "basisPoints": basisPoints(numerator, of: denominator).map { .int($0) } ?? .null,
        ]
    }

    func json(_ policy: PolicyBook) -> JSON {
        let judged = limits.filter { policy.rules.isOn($0.rule) }.map { limit -> JSON in
            [
                "rule": .string(limit.rule.rawValue), "is": .string(limit.bound.rawValue),
                "percent": .int(Int64(limit.percent)),
                "verdict": .string(verdict(limit, minimum: policy.reports.minimumCases)),
            ]
        }
        return JSON.object(
            [JSON.Member("name", .string(name))] + (Rate.share(numerator, of: denominator).members ?? [])
                + [JSON.Member("limits", .array(judged))])
    }

    /// Every rate of a period whose rule is on.
    ///
    /// - Parameter isSettled: false where the deadlines of the period's cases may still run, as in a week.
    static func all(_ counts: Tallies, _ policy: PolicyBook, isSettled: Bool) -> [Rate] {
        let reports = policy.reports
        let closedTasks = counts[.tasks(.caseClosed)]
        var rates = [
            Rate(
                name: "callback", numerator: counts.done, denominator: counts.tasks,
                limits: [Limit(rule: .r10, bound: .atLeast, percent: reports.callbackRatePercent)]),
            Rate(name: "contact", numerator: counts[.done(.reached)], denominator: counts.tasks),
            Rate(
                name: "contact-in-warranty", numerator: counts[.warrantyReached],
                denominator: counts[.warrantyTasks],
                limits: [Limit(rule: .r31, bound: .atLeast, percent: reports.warrantyContactPercent)]),
            Rate(
                name: "contact-case-closed", numerator: counts[.reached(.caseClosed)], denominator: closedTasks,
                limits: [Limit(rule: .r31, bound: .atLeast, percent: reports.caseClosedContactPercent)]),
            Rate(
                name: "satisfaction", numerator: counts[.satisfied], denominator: counts.answers,
                limits: [
                    Limit(rule: .r31, bound: .atLeast, percent: reports.satisfactionPercent),
                    Limit(rule: .r30, bound: .atLeast, percent: reports.csiPercent),
                ]),
            Rate(name: "first-visit", numerator: counts[.firstVisitDone], denominator: counts[.firstVisitKnown]),
            Rate(
                name: "repeat-repair", numerator: counts[.repeatRepairs], denominator: counts[.serialRepairs],
                limits: [
                    Limit(rule: .r39, bound: .atMost, percent: reports.repeatRepairLimitPercent),
                    Limit(rule: .r30, bound: .below, percent: reports.repeatRepairTargetPercent),
                ]),
            Rate(name: "on-time", numerator: counts[.onTime], denominator: counts[.onTimeKnown]),
        ]
        if isSettled, policy.rules.isOn(.r40) {
            rates.append(
                Rate(name: "response", numerator: counts[.respondedInTime], denominator: counts[.cases]))
        }
        if isSettled, policy.rules.isOn(.r43) {
            rates.append(
                Rate(
                    name: "reply", numerator: max(0, counts.complaints - counts[.replyOverdue]),
                    denominator: counts.complaints,
                    limits: [Limit(rule: .r43, bound: .atLeast, percent: reports.replyRatePercent)]))
        }
        if policy.rules.isOn(.r42) {
            rates.append(
                Rate(
                    name: "completeness", numerator: counts[.complete], denominator: counts[.closed],
                    limits: [Limit(rule: .r42, bound: .atLeast, percent: reports.completenessPercent)]))
        }
        return rates
    }
}

/// How far service stays behind what customers expect. Larger is worse.
///
/// Each criterion's mean difference is taken in millionths, the weighted sum over the criteria answered in thousandths;
/// both are rounded to the nearest, halves away from zero. The weights of the criteria answered are rescaled.
struct ServiceGap {
    struct Line {
        let criterion: SurveyAnswer.Criterion
        let weight: Int
        let answers: Int64
        let expected: Int64
        let perceived: Int64

        var millionths: Int64 { ServiceGap.rounded((expected - perceived) * 1_000_000, by: answers) }
    }

    /// Of the criteria that were answered.
    let lines: [Line]

    init(_ counts: Tallies, _ weights: SurveyWeights) {
        lines = SurveyAnswer.Criterion.allCases.compactMap { criterion in
            let answers = counts[.answers(criterion)]
            guard answers > 0 else { return nil }
            return Line(
                criterion: criterion, weight: weights[criterion], answers: answers,
                expected: counts[.expected(criterion)], perceived: counts[.perceived(criterion)])
        }
    }

    /// nil if no criterion that has a weight was answered.
    var thousandths: Int64? {
        let weight = lines.reduce(0) { $0 + Int64($1.weight) }
        guard weight > 0 else { return nil }
        return Self.rounded(lines.reduce(0) { $0 + Int64($1.weight) * $1.millionths }, by: weight * 1000)
    }

    /// To the nearest, halves away from zero; `divisor` is positive.
    static func rounded(_ value: Int64, by divisor: Int64) -> Int64 {
        let half = value < 0 ? -(divisor / 2) : divisor / 2
        return (value + half) / divisor
    }

    var json: JSON {
        [
            "thousandths": thousandths.map { .int($0) } ?? .null,
            "criteria": .array(
                lines.map { line in
                    [
                        "criterion": .string(line.criterion.rawValue), "weight": .int(Int64(line.weight)),
                        "answers": .int(line.answers), "expectedSum": .int(line.expected),
                        "perceivedSum": .int(line.perceived),
                        "thousandths": .int(Self.rounded(line.millionths, by: 1000)),
                    ]
                }),
        ]
    }
}
