import Policy
import Schema

/// Whether a customer is satisfied, and who hears of it.
extension CallbackTask {
    /// `satisfied` if it was said, else no if he complains of something (R54), else by the score; nil: unknown, or the
    /// customer was not reached.
    func satisfaction(_ report: CallbackCompleted, _ policy: PolicyBook) -> Bool? {
        guard Self.outcome(of: report, policy) == .reached else { return nil }
        if let satisfied = report.satisfied { return satisfied }
        if Self.complains(report, policy) { return false }
        return report.score.map { $0 > policy.callback.dissatisfiedMaxScore }
    }

    private static func complains(_ report: CallbackCompleted, _ policy: PolicyBook) -> Bool {
        policy.rules.isOn(.r54) && report.remarks?.contains { $0.class == .complaint } ?? false
    }

    /// Once for a task, however often he says so.
    mutating func sayDissatisfied(_ report: CallbackCompleted, _ id: String, in turn: inout Turn) {
        guard !isDissatisfied else { return }
        isDissatisfied = true
        sayAnswer(report, id, satisfied: false, in: &turn)
    }

    /// The outlet is the one reported, else the one that did the service or had the case. The manufacturer is the one
    /// reported, else the owner of the brand in the organisation file. Where neither is known, `because` says so.
    func sayAnswer(_ report: CallbackCompleted, _ id: String, satisfied: Bool, in turn: inout Turn) {
        let outlet = report.outletId ?? outletId
        let owner = product.flatMap { turn.policy.organisation.manufacturer(ofBrand: $0.brand)?.id }
        let manufacturer = report.manufacturerId ?? owner
        let by = report.satisfied != nil ? "answer" : Self.complains(report, turn.policy) ? "remark" : "score"
        let data: any EventData =
            satisfied
            ? CallbackSatisfied(
                callbackId: id, about: about, caseId: about.caseId, serviceId: about.serviceId,
                atFault: report.atFault, outletId: outlet, manufacturerId: manufacturer, customer: customer,
                product: product, storeId: storeId, comments: report.comments, kind: callKind, score: report.score,
                survey: report.survey, by: report.by.id)
            : CallbackDissatisfied(
                callbackId: id, about: about, caseId: about.caseId, serviceId: about.serviceId,
                atFault: report.atFault, outletId: outlet, manufacturerId: manufacturer, customer: customer,
                product: product, storeId: storeId, comments: report.comments, kind: callKind, score: report.score,
                survey: report.survey, by: report.by.id)
        turn.emit(
            data, about: CallbackTask.key(id),
            rule: "R10" + (report.atFault == .manufacturer ? ",R17" : "") + (by == "remark" ? ",R54" : ""),
            parameters: ["dissatisfiedMaxScore": .int(Int64(turn.policy.callback.dissatisfiedMaxScore))],
            facts: [
                "by": .string(by),
                "atFault": .string(report.atFault?.rawValue ?? "unknown"),
                "outlet": .string(outlet ?? "unknown"),
                "manufacturer": .string(manufacturer ?? "unknown"),
                "manufacturerBy": report.manufacturerId != nil ? "report" : owner != nil ? "brand" : "unknown",
            ])
    }
}
