import Policy
import Schema

/// The letter of a penalty notice: which one it is, and what it states.
struct PenaltyLetter {
    let outletId: String
    let proposal: Proposal
    /// Those that the proposal names and the dossier still has.
    let violations: [Violation]
    /// Of the trainings that the proposal counts.
    let failures: [Training.Failure]
    let effect: Effect
    /// The number of the letter whose rectification has failed; nil: no rectification did.
    let earlier: String?
    let policy: PolicyBook

    var text: NoticeIssued.Letter { policy.letter(kind, facts) }

    /// The numbers of the policy that the letter states.
    var parameters: JSON {
        let penalty = policy.penalty
        var members: [JSON.Member] = []
        if let threshold = proposal.threshold { members.append(JSON.Member("threshold", .int(Int64(threshold)))) }
        switch proposal.rung {
        case .warning: members.append(JSON.Member("warningMinDays", .int(Int64(penalty.warningMinDays))))
        case .rectification: members.append(JSON.Member("rectificationDays", .int(Int64(penalty.rectificationDays))))
        case .stopDispatch, .withdrawal: break
        }
        if proposal.ladder == .training {
            members.append(JSON.Member("trainingFailuresInRow", .int(Int64(penalty.trainingFailuresInRow))))
        }
        members.append(JSON.Member("appealWorkingDays", .int(Int64(penalty.appealWorkingDays))))
        return policy.parameters(of: kind, members)
    }

    private var kind: LetterKind {
        let isGrave = proposal.ladder == .grave
        return switch proposal.rung {
        case .warning: isGrave ? .warningGrave : .warning
        case .rectification: isGrave ? .rectificationGrave : .rectification
        case .stopDispatch:
            isGrave ? .stopGrave : proposal.ladder == .rectification ? .stopAfterRectification : .stopDispatch
        case .withdrawal:
            switch proposal.ladder {
            case .training: .withdrawalAfterTraining
            case .grave: .withdrawalGrave
            case .recommendation: .withdrawalRecommended
            case .monthly, .cumulative, .rectification: .withdrawal
            }
        }
    }

    private var rule: Rule {
        switch proposal.ladder {
        case .monthly, .rectification: .r12
        case .cumulative: .r13
        case .training: .r16
        case .grave: .r46
        case .recommendation: .r55
        }
    }

    private func facts(_ words: LetterWords) -> LetterFacts {
        var fields: [LetterField: String] = [
            .number: effect.number, .date: effect.issuedAt.date.description,
            .addressee: words.addressee(outletId, name: policy.organisation.outlet(outletId)?.name),
            .rule: rule.rawValue, .period: proposal.period, .count: String(proposal.count),
            .orders: words.orders(effect.hasHazard ? .handOver : .finish),
            .appealUntil: words.appeal(until: effect.appealUntil),
        ]
        fields[.threshold] = proposal.threshold.map { String($0) }
        fields[.deadline] = effect.endsAt.map(words.time)
        fields[.earlier] = earlier
        if proposal.ladder == .training {
            fields[.threshold] = String(policy.penalty.trainingFailuresInRow)
            return LetterFacts(
                fields: fields, rows: failures.map(words.failure), unlistedRows: proposal.count - failures.count)
        }
        if proposal.ladder == .recommendation {
            return LetterFacts(fields: fields, rows: [[.date: proposal.proposedAt.date.description]])
        }
        return LetterFacts(
            fields: fields, rows: violations.map { words.violation($0, isWeighed: proposal.isByCount) },
            unlistedRows: proposal.violationIds.count + (proposal.more ?? 0) - violations.count)
    }
}
