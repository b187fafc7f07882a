import Policy
import Schema

/// A proposal about to be made.
struct ProposalDraft {
    let ladder: PenaltyProposed.Ladder
    let period: String
    let rung: Rung
    let count: Int
    var threshold: Int?
    let violations: NamedIds

    func id(outletId: String) -> String {
        Identifiers.proposalId(
            outletId: outletId, ladder: ladder.rawValue, period: period, rung: rung.rawValue, count: count)
    }
}

extension Dossier {
    /// Makes a proposal; it supersedes the undecided milder ones of the outlet (R11).
    mutating func propose(
        _ draft: ProposalDraft, rule: String, parameters own: JSON = [:], facts: JSON, in turn: inout Turn
    ) {
        let id = draft.id(outletId: outletId)
        guard !proposals.contains(where: { $0.id == id }) else { return }
        var members: [JSON.Member] = facts.members ?? []
        members.append(JSON.Member("period", .string(draft.period)))
        members.append(JSON.Member("count", .int(Int64(draft.count))))
        members += draft.violations.members("violationIds")
        var parameters: [JSON.Member] = own.members ?? []
        if let threshold = draft.threshold {
            parameters.append(JSON.Member("\(draft.ladder.rawValue).\(draft.rung.rawValue)", .int(Int64(threshold))))
        }
        parameters.append(JSON.Member("decisionWorkingDays", .int(Int64(turn.policy.penalty.decisionWorkingDays))))
        turn.emit(
            PenaltyProposed(
                proposalId: id, outletId: outletId, rung: draft.rung.rawValue, ladder: draft.ladder,
                period: draft.period, count: draft.count, threshold: draft.threshold,
                violationIds: draft.violations.ids, more: draft.violations.more),
            about: key, rule: rule, parameters: .object(parameters), facts: .object(members))
        // Somebody's recommendation takes nobody's place before it is approved.
        if draft.ladder != .recommendation { supersedeMilder(than: draft.rung, by: id, in: &turn) }
        proposals.append(
            Proposal(
                id: id, ladder: draft.ladder, period: draft.period, rung: draft.rung, count: draft.count,
                threshold: draft.threshold, violationIds: draft.violations.ids, more: draft.violations.more,
                proposedAt: turn.now))
        turn.put(ProposalIndex(outletId: outletId), id)
    }

    private mutating func supersedeMilder(than rung: Rung, by id: String, in turn: inout Turn) {
        for index in proposals.indices where proposals[index].isUndecided && proposals[index].rung < rung {
            supersede(index, by: id, facts: ["worse": .string(rung.rawValue)], in: &turn)
        }
    }

    /// Ends an undecided proposal.
    ///
    /// - Parameters:
    ///   - id: the proposal that takes its place; where its notice was lifted, the one that led to that notice.
    ///   - facts: why.
    mutating func supersede(_ index: Int, by id: String, facts: JSON, in turn: inout Turn) {
        proposals[index].state = .superseded
        proposals[index].supersededBy = id
        awaitAgain(proposals[index])
        let rung = JSON.Member("rung", .string(proposals[index].rung.rawValue))
        turn.emit(
            PenaltySuperseded(proposalId: proposals[index].id, by: id, outletId: outletId), about: key, rule: "R11",
            facts: .object([rung] + (facts.members ?? [])))
    }

    /// Says once of each undecided proposal that its decision is overdue; it is never approved by itself (R11). With
    /// R11 switched off the term passes silently.
    mutating func remindOfDecisions(at instant: Instant, in turn: inout Turn) {
        for index in proposals.indices where proposals[index].owesDecision {
            guard let due = proposals[index].decisionDue, due <= instant else { continue }
            proposals[index].isOverdue = true
            guard turn.policy.rules.isOn(.r11) else { continue }
            turn.emit(
                ObligationOverdue(obligation: .penaltyDecision, subject: proposals[index].id), about: key, rule: "R11",
                parameters: ["decisionWorkingDays": .int(Int64(turn.policy.penalty.decisionWorkingDays))],
                facts: [
                    "outletId": .string(outletId), "proposedAt": .string(proposals[index].proposedAt.description),
                    "due": .string(due.description),
                ])
        }
    }

    /// Applies a decision of the business division; nil if all is well.
    mutating func decide(_ decision: PenaltyDecided, in turn: inout Turn) -> Rejection? {
        guard let index = proposals.firstIndex(where: { $0.id == decision.proposalId }) else {
            // Decided long ago, and its period has closed since.
            return Rejection("already-decided")
        }
        let proposal = proposals[index]
        switch proposal.state {
        case .undecided: break
        case .superseded:
            return Rejection("superseded", ["by": .string(proposal.supersededBy ?? "")])
        case .approved, .rejected:
            return Rejection("already-decided", ["state": .string(proposal.state.rawValue)])
        }
        if decision.approved {
            proposals[index].state = .approved
            if proposal.ladder == .recommendation {
                supersedeMilder(than: proposal.rung, by: proposal.id, in: &turn)
            }
            issueNotice(proposal, decidedBy: decision.by.id, in: &turn)
        } else {
            proposals[index].state = .rejected
            followRejection(of: proposal.id, ladder: proposal.ladder, in: &turn)
        }
        noteUnseen(at: effectiveTime(turn.now))
        return nil
    }

    /// A proposal was rejected, or its notice lifted: what had waited for it goes on.
    mutating func followRejection(
        of proposalId: String, ladder: PenaltyProposed.Ladder, in turn: inout Turn
    ) {
        renewRectifications(after: proposalId, in: &turn)
        if ladder == .training { renewRetest(in: &turn) }
        recallGraves(at: turn.now)
    }
}
