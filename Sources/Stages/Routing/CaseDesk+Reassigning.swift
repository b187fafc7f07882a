import Policy
import Schema

// MARK: To another person

extension CaseDesk {
    /// Gives the case to another person of the place that holds it (R51). Deadline and resolution stay, as the place has
    /// them and not its owner.
    ///
    /// The place is that of now, however late the order comes: who has lost the case meanwhile gives it to nobody.
    mutating func reassign(_ order: CaseReassigned, in turn: inout Turn) -> Verdict {
        let policy = turn.policy
        guard policy.rules.isOn(.r51) else { return .applied }
        if let rejection = rejection(of: order.by, at: turn.now, policy) { return .refused(rejection) }
        if order.to == record.owner { return .applied }
        if record.state == .closed {
            return .refused(Rejection("case-closed", ["heldBy": .string(record.handlerId)]))
        }
        if let rejection = rejection(ofOwner: order.to, at: turn.now, policy) { return .refused(rejection) }
        let from = record.owner
        // From now on handling hears of resolutions from here alone, as after every assignment that says why.
        record.beginHoldings()
        record.owner = order.to
        let term = Self.term(of: record.tier, policy)
        announce(
            CaseAssigned(
                caseId: caseId, complaintId: record.complaintId, tier: record.tier, handlerId: record.handlerId,
                owner: order.to, major: record.isMajor,
                dueAt: record.termEnds ?? record.assignedAt.adding(days: term.days), reason: .reassigned),
            rule: "R51", facts: ["from": .string(from), "by": .string(order.by.id), "tier": .string(order.by.tier)],
            in: &turn)
        return .applied
    }

    /// Of the place itself its supervisors, manager and duty owner may, or who stands in for them; of a place above anybody.
    private func rejection(of by: Person, at instant: Instant, _ policy: PolicyBook) -> Rejection? {
        let heads = policy.organisation.heads(
            of: Tier(record.tier), record.handlerId, at: instant, observingAbsences: policy.rules.isOn(.r28))
        let isHead = heads.contains(by.id)
        // Who stands in may be of another place, and acts for this one all the same.
        let places = [place(of: record.holding, policy)] + (isHead ? [by.place].compactMap(\.self) : [])
        if let rejection = policy.rejection(of: by, .reassignCase, at: places) { return rejection }
        guard by.tier == record.tier.rawValue, !isHead else { return nil }
        return Rejection(
            "wrong-place",
            .object(
                [
                    JSON.Member("act", .string(Act.reassignCase.rawValue)), JSON.Member("tier", .string(by.tier)),
                    JSON.Member("person", .string(by.id)), JSON.Member("heldBy", .string(record.handlerId)),
                ] + NamedIds(heads).members("needed")))
    }

    /// Why somebody cannot have the case: he is of another place, or not there.
    private func rejection(ofOwner to: String, at instant: Instant, _ policy: PolicyBook) -> Rejection? {
        let tier = Tier(record.tier)
        let figures: JSON = [
            "to": .string(to), "tier": .string(tier.rawValue), "heldBy": .string(record.handlerId),
        ]
        let isOfPlace = policy.organisation.knows(
            to, tier: tier, storeId: tier == .store ? record.handlerId : nil,
            regionId: tier == .region ? record.handlerId : nil)
        if !isOfPlace { return Rejection("wrong-place", figures) }
        guard policy.rules.isOn(.r28), let absence = policy.organisation.absence(of: to, at: instant) else {
            return nil
        }
        return Rejection("absent", figures.setting("until", to: .string(absence.to.description)))
    }
}

extension Person {
    /// The place that he names; nil: none that can hold a case.
    fileprivate var place: Place? {
        switch Tier(rawValue: tier) {
        case .store: storeId.map { .store($0, region: nil) }
        case .region: regionId.map { .region($0) }
        case .hq: .hq
        case .business, nil: nil
        }
    }
}
