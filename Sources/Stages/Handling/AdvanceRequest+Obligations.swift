import Policy
import Schema

/// R08: what is owed after a payment, step by step, each with a term of its own.
extension AdvanceRequest.Step {
    var next: AdvanceRequest.Step? {
        switch self {
        case .report: .opinion
        case .opinion: .approval
        case .approval: .recovery
        case .recovery: nil
        }
    }

    /// Whether the step is asked for. Without opinions there is nothing to approve.
    func isOn(_ rules: RuleSwitches) -> Bool {
        switch self {
        case .report: rules.isOn(.incidentReport)
        case .opinion: rules.isOn(.liabilityOpinion)
        case .approval: rules.isOn(.liabilityApproval) && rules.isOn(.liabilityOpinion)
        case .recovery: rules.isOn(.recovery)
        }
    }

    var obligation: ObligationOverdue.Obligation {
        switch self {
        case .report: .incidentReport
        case .opinion: .liabilityOpinion
        case .approval: .liabilityApproval
        case .recovery: .recovery
        }
    }

    /// The number of the policy that makes the term.
    func parameter(_ policy: HandlingPolicy) -> (name: String, value: Int) {
        switch self {
        case .report: ("incidentReportWorkingDays", policy.incidentReportWorkingDays)
        case .opinion: ("liabilityOpinionWorkingDays", policy.liabilityOpinionWorkingDays)
        case .approval: ("liabilityApprovalWorkingDays", policy.liabilityApprovalWorkingDays)
        case .recovery: ("recoveryDays", policy.recoveryDays)
        }
    }
}

extension AdvanceRequest {
    /// Makes `step` the one that is owed, or the first after it that is not switched off.
    mutating func owe(_ step: Step, in turn: inout Turn) {
        var candidate: Step? = step
        while let skipped = candidate, !skipped.isOn(turn.policy.rules) {
            if skipped == .approval { isLiabilityApproved = true }
            candidate = skipped.next
        }
        guard let next = candidate, !isBalanced else {
            owed = nil
            return
        }
        let days = next.parameter(turn.policy.handling).value
        let term =
            next == .recovery
            ? Term(at: turn.now.adding(days: Int64(days))) : turn.term(workingDays: days, after: turn.now, rule: "R08")
        owed = Owed(step: next, term: term)
    }

    /// Whether `step` may be taken now.
    ///
    /// - Returns: nil if it is the one that is owed; else why not.
    func rejection(of step: Step) -> Rejection? {
        guard owed?.step != step else { return nil }
        return Rejection(
            owed == nil ? "nothing-owed" : "out-of-order",
            ["step": .string(step.rawValue), "owed": .string(owed?.step.rawValue ?? "none")])
    }

    /// The claim has become smaller; a request that is balanced owes nothing more.
    mutating func settleIfBalanced(_ id: String, in turn: inout Turn) {
        guard isBalanced else { return }
        owed = nil
        endRecovery(id, in: &turn)
    }

    /// Says, once for a term, that a step is overdue; of a step that is switched off the term passes silently.
    mutating func sayOverdueIfDue(_ id: String, at place: Place, in turn: inout Turn) {
        guard var owed, !owed.isOverdue else { return }
        owed.term.look(rule: "R08", in: &turn)
        if owed.term.isDue(at: turn.now) {
            owed.isOverdue = true
            self.owed = owed
            guard owed.step.isOn(turn.policy.rules) else { return }
            let parameter = owed.step.parameter(turn.policy.handling)
            var facts = JSON.object(figures)
            // The store reports what happened; without a store its region, without one headquarters.
            if owed.step == .report {
                let owedBy = place.storeId ?? place.regionId ?? HandlerTier.hq.rawValue
                facts = facts.setting("owedBy", to: .string(owedBy))
            }
            turn.emit(
                ObligationOverdue(
                    obligation: owed.step.obligation, subject: id, caseId: caseId, complaintId: complaintId),
                about: AdvanceRequest.key(id), rule: "R08",
                parameters: .object([.init(parameter.name, .int(Int64(parameter.value)))]), facts: facts)
        }
        self.owed = owed
    }
}
