import Policy
import Schema

extension Dossier {
    /// The records that a timer may create beside the dossier: the proposals that it makes.
    func keysOfTimer(_ wake: Wake, _ policy: PolicyBook) -> [RecordKey] {
        switch wake.order {
        case PenaltyOrder.endOfTerm:
            effects.filter { $0.rung == .rectification && ($0.termEnd.map { $0 <= wake.at } ?? false) }
                .flatMap { Self.keysOfFailure($0.noticeId, failures: $0.failures + 1, outletId: outletId) }
                + (withdrawalDraft().map { [ProposalIndex.key($0.id(outletId: outletId))] } ?? [])
                + keysOfWaitingGrave(policy)
        case PenaltyOrder.monthClose...:
            nextEvaluation.flatMap { candidate(in: $0.evaluation.wake, policy) }
                .map { [ProposalIndex.key($0.id(outletId: outletId))] } ?? []
        default: []
        }
    }

    /// What a failed rectification writes beside the dossier.
    static func keysOfFailure(_ noticeId: String, failures: Int, outletId: String) -> [RecordKey] {
        let proposalId = Identifiers.proposalId(
            outletId: outletId, ladder: PenaltyProposed.Ladder.rectification.rawValue, period: noticeId,
            rung: Rung.stopDispatch.rawValue, count: failures)
        return [NoticeIndex.key(noticeId), ProposalIndex.key(proposalId)]
    }

    /// Does everything that is due at exactly this instant and order.
    static func wake(_ outletId: String, at wake: Wake, in turn: inout Turn) {
        guard var dossier = turn.get(Dossier.self, outletId) else { return }
        switch wake.order {
        case PenaltyOrder.lookAgain: break
        case PenaltyOrder.obligation:
            dossier.remindOfDecisions(at: wake.at, in: &turn)
            dossier.remindOfSiteChecks(at: wake.at, in: &turn)
        case PenaltyOrder.endOfTerm:
            dossier.missRetest(at: wake.at, in: &turn)
            dossier.endTerms(at: wake.at, in: &turn)
            dossier.proposeWaitingGrave(at: wake.at, in: &turn)
        case PenaltyOrder.training: dossier.judgeTraining(at: wake.at, in: &turn)
        default:
            dossier.evaluatePlanned(at: wake, in: &turn)
            // What the close itself has decided is told with it.
            dossier.tellStanding(at: wake.at, in: &turn)
        }
        dossier.settle(after: wake, in: &turn)
    }
}
