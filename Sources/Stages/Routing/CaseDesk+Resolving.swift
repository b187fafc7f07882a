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
        // Handling judges it, until the case is assigned anew, or routing has passed on one that named a linked complaint.
        if record.holdings == nil, resolved.caseId == caseId { return takeUnjudged(resolved, turn.policy) }
        record.beginHoldings()
        let holder = place(of: record.holder(at: resolved.resolvedAt), turn.policy)
        if let rejection = turn.policy.rejection(of: resolved.by, .resolve, at: [holder]) {
            return .refused(rejection)
        }
        if record.state == .closed { return waitsForReopening }
        if let reopenedAt = record.reopenedAt, resolved.resolvedAt < reopenedAt {
            return .refused(Rejection("case-closed", ["reopenedAt": .string(reopenedAt.description)]))
        }
        addInformDuty(resolvedAt: resolved.resolvedAt, turn.policy)
        pass(resolved, heldBy: holder.tier, in: &turn)
        var kept = turn.get(KeptResolutions.self, caseId) ?? KeptResolutions()
        kept.keep(resolved)
        turn.put(kept, caseId)
        return .applied
    }

    /// What was accepted before an escalation, or a closing and the reopening after it, were known, and is not of an earlier
    /// time: it resolves the case anew, if whoever has resolved it may do so where the case is now. All else is forgotten: a
    /// case only moves up, and who may not resolve it now never may.
    func resolutions(since instant: Instant, heldBy placement: Placement, in turn: inout Turn) -> [CaseResolved] {
        guard let known = turn.get(KeptResolutions.self, caseId) else { return [] }
        let holding = Holding(from: instant, tier: placement.tier, handlerId: placement.handlerId)
        let holder = place(of: holding, turn.policy)
        var left = known
        left.keep { resolved in
            resolved.resolvedAt >= instant
                && turn.policy.rejection(of: resolved.by, .resolve, at: [holder]) == nil
        }
        if left != known { turn.put(left, caseId) }
        return left.kept
    }

    /// They are void: no reopening finds them.
    func forgetResolutions(in turn: inout Turn) {
        if turn.get(KeptResolutions.self, caseId) != nil { turn.put(KeptResolutions(), caseId) }
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
        // Handling may have reopened the case and taken it; what assigns the case anew makes that one void.
        if let closedAt = record.closedAt, resolved.resolvedAt > closedAt { return waitsForReopening }
        if record.state == .open { record.state = .resolved }
        record.termEnds = nil
        addInformDuty(resolvedAt: resolved.resolvedAt, policy)
        return .applied
    }

    private var waitsForReopening: Verdict {
        let figures: JSON = record.closedAt.map { ["closedAt": .string($0.description)] } ?? [:]
        return .waits(Self.reopening(of: caseId), orElse: Rejection("case-closed", figures))
    }

    /// What stands for the reopening of a case, for events that come before it.
    static func reopening(of caseId: String) -> RecordKey { RecordKey(kind: "reopening", id: caseId) }

    func place(of holding: Holding, _ policy: PolicyBook) -> Place {
        switch holding.tier {
        case .store: policy.place(storeId: holding.handlerId, regionId: record.regionId)
        case .region: .region(holding.handlerId)
        case .hq: .hq
        }
    }
}
