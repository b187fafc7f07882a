import Policy
import Schema

// MARK: Resolutions

extension CaseDesk {
    /// Judges a resolution: routing alone knows who held the case at its time. What it accepts it passes on; that stops the
    /// term (R03) and begins the day within which the customer has to know (R24).
    ///
    /// A resolution that is older than the last escalation is judged by the place of its own time and stops the present
    /// term. On a closed case it waits for the reopening; one that is older than the reopening has no case to resolve.
    mutating func resolve(_ resolved: CaseResolved, in turn: inout Turn) -> Verdict {
        // Handling judges it, until the case is assigned anew.
        if record.holdings == nil, resolved.caseId == caseId { return takeUnjudged(resolved, turn.policy) }
        let holder = place(of: record.holder(at: resolved.resolvedAt), turn.policy)
        if let rejection = Authority.standard.rejection(of: resolved.by, .resolve, at: holder) {
            return .refused(rejection)
        }
        if record.state == .closed {
            let figures: JSON = record.closedAt.map { ["closedAt": .string($0.description)] } ?? [:]
            return .waits(Self.reopening(of: caseId), orElse: Rejection("case-closed", figures))
        }
        if let reopenedAt = record.reopenedAt, resolved.resolvedAt < reopenedAt {
            return .refused(Rejection("case-closed", ["reopenedAt": .string(reopenedAt.description)]))
        }
        if record.state == .resolved { record.keep(resolved) }
        addInformDuty(resolvedAt: resolved.resolvedAt, turn.policy)
        pass(resolved, heldBy: holder.tier, in: &turn)
        return .applied
    }

    /// What was accepted before a closing and the reopening after it were known, and is of a later time than the reopening:
    /// it resolves the case anew, if whoever has resolved it may do so where the case is now.
    mutating func furtherResolutions(
        since reopenedAt: Instant, heldBy placement: Placement, _ policy: PolicyBook
    ) -> [CaseResolved] {
        record.forgetResolutions(before: reopenedAt)
        let holding = Holding(from: reopenedAt, tier: placement.tier, handlerId: placement.handlerId)
        let holder = place(of: holding, policy)
        return (record.furtherResolutions ?? []).filter { resolved in
            Authority.standard.rejection(of: resolved.by, .resolve, at: holder) == nil
        }
    }

    /// Passes on what is accepted; that stops the term.
    mutating func pass(_ resolved: CaseResolved, heldBy tier: HandlerTier, in turn: inout Turn) {
        record.state = .resolved
        record.termEnds = nil
        let number = (record.resolutionsPassed ?? 0) + 1
        record.resolutionsPassed = number
        turn.emit(
            CaseResolutionAccepted(
                caseId: caseId, complaintId: record.complaintId, by: resolved.by, resolvedAt: resolved.resolvedAt,
                solution: resolved.solution, liability: resolved.liability, liableParty: resolved.liableParty,
                documents: resolved.documents, number: number),
            about: key, time: resolved.resolvedAt, rule: "R48",
            facts: ["heldBy": .string(tier.rawValue), "by": .string(resolved.by.tier)])
    }

    /// As releases before 0.2 took it: of a case whose assignment they told handling of.
    private mutating func takeUnjudged(_ resolved: CaseResolved, _ policy: PolicyBook) -> Verdict {
        // Handling refuses it, as it judges this case.
        if let closedAt = record.closedAt, resolved.resolvedAt > closedAt { return .applied }
        if record.state == .open { record.state = .resolved }
        record.termEnds = nil
        addInformDuty(resolvedAt: resolved.resolvedAt, policy)
        return .applied
    }

    /// What stands for the reopening of a case, for events that come before it.
    static func reopening(of caseId: String) -> RecordKey { RecordKey(kind: "reopening", id: caseId) }

    private func place(of holding: Holding, _ policy: PolicyBook) -> Place {
        switch holding.tier {
        case .store:
            .store(holding.handlerId, region: policy.organisation.store(holding.handlerId)?.region ?? record.regionId)
        case .region: .region(holding.handlerId)
        case .hq: .hq
        }
    }
}
