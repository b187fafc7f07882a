import Policy
import Schema

extension PenaltyStage {
    /// `penalty.decided`: only a person of the business division decides (R11).
    func decide(_ data: PenaltyDecided, in turn: inout Turn) -> Verdict {
        if let rejection = turn.rejection(of: data.by) { return .refused(rejection) }
        guard let index = turn.get(ProposalIndex.self, data.proposalId) else {
            return .unknownReference(ProposalIndex.key(data.proposalId))
        }
        if let rejection = turn.policy.rejection(of: data.by, .decidePenalty) { return .refused(rejection) }
        var dossier = turn.dossier(index.outletId)
        if let rejection = dossier.decide(data, in: &turn) { return .refused(rejection) }
        dossier.settle(in: &turn)
        return .applied
    }

    /// `outlet.reinstated`: ends all ladder and rectification holds (R20).
    func reinstate(_ data: OutletReinstated, in turn: inout Turn) -> Verdict {
        if let rejection = turn.rejection(of: data.by) ?? turn.policy.rejection(of: data.by, .reinstateOutlet) {
            return .refused(rejection)
        }
        // Nothing is known of an outlet that was never heard of: it has no hold either.
        var dossier = turn.dossier(data.outletId)
        let status: JSON = ["outletId": .string(data.outletId), "status": .string(dossier.status.rawValue)]
        guard dossier.status != .withdrawn else { return .refused(Rejection("withdrawn", status)) }
        let ended = dossier.effects.indices.filter {
            dossier.effects[$0].isInForce && (dossier.effects[$0].hold.map { $0 != .training } ?? false)
        }
        guard !ended.isEmpty else { return .refused(Rejection("no-hold", status)) }
        for index in ended {
            dossier.effects[index].isOver = true
            // Its rectification does not come back, even if an appeal against the stop is won.
            let stopped = dossier.effects[index].proposalId
            for other in dossier.effects.indices where dossier.effects[other].stopProposalId == stopped {
                dossier.effects[other].stopProposalId = nil
            }
        }
        dossier.noteUnseen(at: dossier.effectiveTime(turn.now))
        dossier.settle(in: &turn)
        return .applied
    }

    /// `outlet.site-checked`: a passed check ends the hold `site-check`, a failed one opens it again (R19).
    func take(_ data: OutletSiteChecked, in turn: inout Turn) -> Verdict {
        let places = turn.policy.places(ofOutlet: data.outletId)
        if let rejection = turn.rejection(of: data.by) ?? turn.policy.rejection(of: data.by, .checkSite, at: places) {
            return .refused(rejection)
        }
        var dossier = turn.dossier(data.outletId)
        // Withdrawn for good: its duties have ended.
        guard !dossier.isClosed else { return .applied }
        dossier.site.take(passed: data.passed, at: data.at)
        dossier.settle(in: &turn)
        return .applied
    }
}
