import Policy
import Schema

// MARK: Who has the case

extension CaseDesk {
    /// The case moves up to `tier`, or beyond it if there is no such place. Its term runs anew, even if resolved: whoever
    /// resolved it did not know what moves it up, whatever the time of that.
    mutating func moveUp(
        to tier: HandlerTier, termFrom: Instant? = nil, rule: String, parameters: [JSON.Member] = [],
        facts: [JSON.Member],
        in turn: inout Turn
    ) {
        let placement = Places(record, at: turn.now, turn.policy).placement(from: tier)
        // At headquarters nothing is above: a resolution is void, and the term runs anew.
        if placement.tier != record.tier {
            announceEscalation(from: record.tier, to: placement, rule: rule, parameters, facts, in: &turn)
        }
        if record.state == .resolved { forgetResolutions(in: &turn) }
        record.state = .open
        assign(placement, .escalated, termFrom: termFrom ?? turn.now, rule: rule, in: &turn)
    }

    /// `case.escalated`, to everyone and, with the customer, to the desk that gets the case.
    func announceEscalation(
        from: HandlerTier, to placement: Placement, rule: String, _ parameters: [JSON.Member] = [],
        _ facts: [JSON.Member] = [], in turn: inout Turn
    ) {
        var escalated = CaseEscalated(
            caseId: caseId, complaintId: record.complaintId, from: from, to: placement.tier)
        let facts = [JSON.Member("assignedAt", .string(record.assignedAt.description))] + facts
        turn.emit(escalated, about: key, rule: rule, parameters: .object(parameters), facts: .object(facts))
        escalated.customer = record.customer
        escalated.product = record.product
        escalated.description = record.description
        turn.emit(
            escalated, about: key, to: .handlers(Placement.deskKey(placement.tier, placement.handlerId)), rule: rule,
            parameters: .object(parameters), facts: .object(facts))
    }

    /// Gives the case to a desk: `case.assigned`, to everyone and, with the customer, to that desk.
    ///
    /// - Parameters:
    ///   - reason: escalated and reopened make a resolution void: who hears of it judges by the sequence.
    ///   - resolvedAt: of a resolution that this does not make void.
    ///   - termFrom: where the term of the tier begins (R03). With R03 or R23, the two sources of that rule,
    ///     switched off `dueAt` is still told, but nothing happens then.
    mutating func assign(
        _ placement: Placement, _ reason: CaseAssigned.Reason, resolvedAt: Instant? = nil, termFrom start: Instant,
        rule: String,
        parameters: [JSON.Member] = [],
        facts: [JSON.Member] = [], in turn: inout Turn
    ) {
        let term = Self.term(of: placement.tier, turn.policy)
        let dueAt = start.adding(days: term.days)
        if reason != .opened { record.beginHoldings() }
        record.tier = placement.tier
        record.handlerId = placement.handlerId
        record.owner = placement.owner
        record.assignedAt = start
        record.termEnds = Self.termsRun(turn.policy) ? dueAt : nil
        record.noteHolding(from: start)
        let assigned = CaseAssigned(
            caseId: caseId, complaintId: record.complaintId, tier: placement.tier, handlerId: placement.handlerId,
            owner: placement.owner, major: record.isMajor, dueAt: dueAt, reason: reason,
            resolvedAt: resolvedAt)
        announce(
            assigned, rule: ([rule] + placement.rules.map { $0.rawValue }).joined(separator: ","),
            parameters: .object(parameters + [JSON.Member(term.name, .int(term.days))]),
            facts: .object(facts + placement.facts), in: &turn)
    }

    /// `case.assigned`, to everyone and, with the customer, to the desk that has the case.
    func announce(
        _ assigned: CaseAssigned, rule: String, parameters: JSON = [:], facts: JSON, in turn: inout Turn
    ) {
        turn.emit(assigned, about: key, rule: rule, parameters: parameters, facts: facts)
        var assigned = assigned
        assigned.customer = record.customer
        assigned.product = record.product
        assigned.description = record.description
        turn.emit(
            assigned, about: key, to: .handlers(Placement.deskKey(assigned.tier, assigned.handlerId)), rule: rule,
            parameters: parameters, facts: facts)
    }

    static func term(of tier: HandlerTier, _ policy: PolicyBook) -> (name: String, days: Int64) {
        switch tier {
        case .store: ("storeTermDays", Int64(policy.routing.storeTermDays))
        case .region: ("regionTermDays", Int64(policy.routing.regionTermDays))
        case .hq: ("hqTermDays", Int64(policy.routing.hqTermDays))
        }
    }

    static func termsRun(_ policy: PolicyBook) -> Bool { policy.rules.isOn(.r03) && policy.rules.isOn(.r23) }
}
