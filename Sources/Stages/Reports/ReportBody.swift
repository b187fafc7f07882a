import Policy
import Schema

/// Which report; the raw value is the `kind` on the wire.
package enum ReportKind: String, Codable, Hashable, Sendable, CaseIterable {
    case weeklyForm = "weekly-form"
    case weeklySummary = "weekly-summary"
    case storeMonth = "monthly-store"
    case outletMonth = "monthly-outlet"
    case makerMonth = "monthly-manufacturer"
    case callbackAnalysis = "callback-analysis"
    case complaintAnalysis = "complaint-analysis"
    case yearlySummary = "yearly-summary"
}

/// A report's body under construction. Figures, ids and names of the policy; nothing personal.
struct ReportBody {
    private(set) var members: [JSON.Member]

    init(from first: CivilDate, through last: CivilDate) {
        members = [
            JSON.Member("from", .string(first.description)), JSON.Member("through", .string(last.description)),
        ]
    }

    var json: JSON { .object(members) }

    mutating func add(_ name: String, _ value: JSON) { members.append(JSON.Member(name, value)) }

    /// Adds what every report has: counts, rates, the gap.
    mutating func addMeasures(_ counts: Tallies, _ policy: PolicyBook, isSettled: Bool) {
        add("counts", Self.counts(counts))
        add("rates", .array(Rate.all(counts, policy, isSettled: isSettled).map { $0.json(policy) }))
        add("gap", ServiceGap(counts, policy.reports.surveyWeights).json)
    }

    func withMeasures(_ counts: Tallies, _ policy: PolicyBook, isSettled: Bool) -> ReportBody {
        var body = self
        body.addMeasures(counts, policy, isSettled: isSettled)
        return body
    }

    private static func counts(_ counts: Tallies) -> JSON {
        let services = ServiceCompleted.Kind.allCases.map { ($0.rawValue, counts[.services($0)]) }
        let ends = CallbackDone.Outcome.allCases.map { ($0.rawValue, counts[.done($0)]) }
        let all: [(String, Int64)] =
            [("cases", counts[.cases]), ("linkedComplaints", counts[.linked]), ("closings", counts[.closed])]
            + services + [("callbackTasks", counts.tasks)] + ends + [
                ("satisfied", counts[.satisfied]), ("dissatisfied", counts[.dissatisfied]),
                ("violations", counts[.violations]), ("upheld", counts[.upheld]),
                ("turnedDown", counts[.turnedDown]),
            ] + CustomerRemark.Class.allCases.map { ("remark-" + $0.rawValue, counts[.remarks($0)]) }
        return .object(all.map { JSON.Member($0.0, .int($0.1)) })
    }
}

extension Turn {
    /// Publishes a report, once: a record of its own says that it was.
    mutating func publish(_ kind: ReportKind, _ period: String, subject: String?, rule: String, body: JSON) {
        let id = PublishedReport.id(kind, period, subject)
        guard get(PublishedReport.self, id) == nil else { return }
        put(PublishedReport(publishedAt: now), id)
        let data: any EventData =
            kind == .weeklySummary
            ? WeeklySummaryPublished(kind: kind.rawValue, period: period, subject: subject, body: body)
            : ReportPublished(kind: kind.rawValue, period: period, subject: subject, body: body)
        emit(
            data, about: PublishedReport.key(id), rule: rule,
            parameters: [
                "minimumCases": .int(Int64(policy.reports.minimumCases)),
                "responseHours": .int(Int64(policy.reports.responseHours)),
                "repeatRepairDays": .int(Int64(policy.reports.repeatRepairDays)),
            ],
            facts: ["from": body["from"] ?? .null, "through": body["through"] ?? .null])
    }
}
