import Policy
import Schema

extension Dossier {
    /// An approved proposal becomes a notice, and its effect begins with it (R11, R12).
    mutating func issueNotice(_ proposal: Proposal, decidedBy: String, in turn: inout Turn) {
        let noticeId = Identifiers.noticeId(proposalId: proposal.id)
        let penalty = turn.policy.penalty
        let named = proposal.violationIds.compactMap { id in violations.first { $0.id == id } }
        // A proposal names one violation of a failing; the hazard may have been told by a twin of it.
        let hazards = Tally.twins(of: proposal.violationIds, in: violations)
            .filter { $0.upheld == true }.flatMap { $0.hazards ?? [] }
        // Some of what it counts has left the dossier, or is not named.
        let isWhole = proposal.more == nil && named.count == proposal.violationIds.count
        let gone = isWhole ? nil : counted?.count(proposal.ladder, proposal.period)
        // Of a stop after a failed rectification its notice knows, which has asked for all this.
        let failed = proposal.ladder == .rectification ? effects.first { $0.noticeId == proposal.period } : nil
        lettersIssued += 1
        var effect = Effect(
            noticeId: noticeId, number: "\(outletId)-\(Period.text(year: turn.now.date.year))-\(lettersIssued)",
            proposalId: proposal.id, ladder: proposal.ladder, period: proposal.period,
            rung: proposal.rung, violationIds: proposal.violationIds, more: proposal.more,
            hasHazard: proposal.ladder == .grave || !hazards.isEmpty || gone?.hasHazard ?? false
                || failed?.hasHazard ?? false,
            hasGraveHazard: proposal.ladder == .grave || hazards.contains(where: Violation.graveHazards.contains)
                || gone?.hasGraveHazard ?? false || failed?.hasGraveHazard ?? false, issuedAt: turn.now)
        effect.appealUntil = try? turn.policy.calendar.deadline(
            workingDays: penalty.appealWorkingDays, after: turn.now)
        switch proposal.rung {
        case .warning:
            effect.endsAt = max(
                turn.now.adding(days: Int64(penalty.warningMinDays)), Self.end(of: proposal) ?? turn.now)
        case .rectification:
            effect.endsAt = turn.now.adding(days: Int64(penalty.rectificationDays))
        case .stopDispatch, .withdrawal:
            endRectification(stoppedBy: proposal)
        }
        let letter = PenaltyLetter(
            outletId: outletId, proposal: proposal, violations: named,
            failures: Array(training?.failures.prefix(proposal.count) ?? []), effect: effect,
            earlier: proposal.ladder == .rectification ? number(ofNotice: proposal.period) : nil, policy: turn.policy)
        turn.emit(
            NoticeIssued(
                noticeId: noticeId, kind: .penalty, addressee: outletId, proposalId: proposal.id,
                rung: proposal.rung.rawValue, number: effect.number, letter: letter.text),
            about: key, rule: "R12,R14", parameters: letter.parameters,
            facts: .object(
                [
                    .init("ladder", .string(proposal.ladder.rawValue)), .init("period", .string(proposal.period)),
                    .init("count", .int(Int64(proposal.count))), .init("decidedBy", .string(decidedBy)),
                ] + proposal.violations.members("violationIds")))
        effects.append(effect)
        turn.put(NoticeIndex(outletId: outletId), noticeId)
    }

    /// The number of a letter; its notice's id if the dossier no longer has it.
    private func number(ofNotice noticeId: String) -> String {
        effects.first { $0.noticeId == noticeId }?.number ?? noticeId
    }

    /// When the period of a ladder ends: 24:00 of its last date.
    static func end(of proposal: Proposal) -> Instant? {
        proposal.closingMonth.map { $0.next.firstDate.at(hour: 0) }
    }

    /// An approved stop ends the rectification whose failure led to it (R12).
    private mutating func endRectification(stoppedBy proposal: Proposal) {
        guard proposal.ladder == .rectification else { return }
        for index in effects.indices where effects[index].noticeId == proposal.period {
            effects[index].isOver = true
            effects[index].endsAt = nil
        }
    }

    /// Terms that end now (R12): warnings are over; a rectification that nobody reviewed in time has failed; a
    /// withdrawal that nobody appealed against is final.
    mutating func endTerms(at instant: Instant, in turn: inout Turn) {
        for index in effects.indices {
            guard let end = effects[index].termEnd, end <= instant else { continue }
            switch effects[index].rung {
            case .warning:
                effects[index].isOver = true
                noteUnseen(at: instant)
            case .rectification:
                failRectification(index, reason: "not-reviewed", in: &turn)
            case .stopDispatch:
                break
            case .withdrawal:
                makeFinal(effects[index], in: &turn)
                return
            }
        }
    }

    /// The rectification has failed: at once a stop of dispatch is proposed, outside the ladders of counts.
    mutating func failRectification(_ index: Int, reason: String, in turn: inout Turn) {
        effects[index].failures += 1
        effects[index].endsAt = nil
        let effect = effects[index]
        let draft = Self.stopDraft(effect, failures: effect.failures)
        effects[index].stopProposalId = draft.id(outletId: outletId)
        turn.put(NoticeIndex(outletId: outletId, failures: effect.failures), effect.noticeId)
        propose(
            draft, rule: "R12", facts: ["reason": .string(reason), "noticeId": .string(effect.noticeId)], in: &turn)
    }

    static func stopDraft(_ effect: Effect, failures: Int) -> ProposalDraft {
        ProposalDraft(
            ladder: .rectification, period: effect.noticeId, rung: .stopDispatch, count: failures,
            violations: effect.violations)
    }

    /// The stop that a failed rectification led to was rejected or lifted, or it was superseded by one that was:
    /// the outlet gets a new term.
    mutating func renewRectifications(after proposalId: String, in turn: inout Turn) {
        let end = turn.now.adding(days: Int64(turn.policy.penalty.rectificationDays))
        for index in effects.indices where effects[index].rung == .rectification {
            guard let stop = effects[index].stopProposalId else { continue }
            let superseding = proposals.first { $0.id == stop }?.supersededBy
            guard stop == proposalId || superseding == proposalId else { continue }
            effects[index].stopProposalId = nil
            effects[index].isOver = false
            if effects[index].isUnderAppeal {
                effects[index].remaining = end.microseconds - turn.now.microseconds
            } else {
                effects[index].endsAt = end
            }
        }
    }

    /// The time for appeal is over or the appeal lost: a withdrawal cannot be undone; duties end and what was
    /// undecided is superseded.
    mutating func makeFinal(_ withdrawal: Effect, in turn: inout Turn) {
        for index in proposals.indices where proposals[index].isUndecided {
            supersede(
                index, by: withdrawal.proposalId, facts: ["worse": .string(Rung.withdrawal.rawValue)], in: &turn)
        }
        effects.removeAll { $0.rung < .stopDispatch }
        proposals.removeAll { $0.state != .superseded }
        // What is not verified yet may still be: it is recorded, without effect.
        violations.removeAll { $0.verifiedAt != nil }
        isClosed = true
    }

    /// Drops effects that are over and can neither be appealed against nor revived.
    mutating func pruneEffects(now: Instant) {
        let live = effects.filter { !$0.isOver }
        effects.removeAll { effect in
            guard effect.isOver, !effect.isUnderAppeal else { return false }
            if let until = effect.appealUntil, until < now {
                return !live.contains { $0.ladder == .rectification && $0.period == effect.noticeId }
            }
            return effect.appeal != nil
                && !live.contains { $0.ladder == .rectification && $0.period == effect.noticeId }
        }
        proposals.removeAll { proposal in
            !isClosed && !proposal.isByCount && !proposal.isUndecided
                && !effects.contains { $0.stopProposalId == proposal.id || $0.proposalId == proposal.id }
        }
    }
}
