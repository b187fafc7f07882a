import Policy
import Schema

/// R46: one violation with injury or fire is proposed at once, outside the counts.
extension Dossier {
    /// More groups than that do not wait: each of them would be proposed only after the one before it was rejected.
    static let waitingGravesLimit = 50

    /// Of a violation of the dossier, or one that has left it, which has just been upheld: it is proposed once for its
    /// group, or waits until what stands in the way has ended without effect.
    mutating func judgeGrave(_ violation: Violation, in turn: inout Turn) {
        guard turn.policy.rules.isOn(.r46), violation.isGrave else { return }
        let matter = matter(of: violation)
        let isHeld = violations.contains { $0.id == violation.id }
        guard !matter.contains(where: { $0.isGraveTaken == true }),
            isHeld || !CountedMatter.isGraveTaken(violation, outletId: outletId, in: turn)
        else { return }
        markGraveTaken(matter)
        if !isHeld { CountedMatter.takeGrave(violation, outletId: outletId, in: &turn) }
        guard !standsInWay(of: turn.policy.penalty.graveRung) else {
            if waitingGraves?.count ?? 0 < Self.waitingGravesLimit {
                waitingGraves = (waitingGraves ?? []) + [violation.id]
            }
            return
        }
        proposeGrave(
            violation.id, attempt: 1, facts: ["hazards": .array((violation.hazards ?? []).map { .string($0) })],
            in: &turn)
    }

    /// A proposal outside or inside the counts that is undecided, or a notice in effect, under appeal included, of this or
    /// a worse rung.
    private func standsInWay(of rung: Rung) -> Bool {
        proposals.contains { $0.isUndecided && $0.ladder != .recommendation && $0.rung >= rung }
            || effects.contains { !$0.isOver && $0.rung >= rung }
    }

    /// - Parameter attempt: how often the violation is proposed with this: a proposal that was superseded keeps its id.
    private mutating func proposeGrave(_ violationId: String, attempt: Int, facts: JSON, in turn: inout Turn) {
        let rung = turn.policy.penalty.graveRung
        propose(
            Self.graveDraft(violationId, rung, attempt: attempt), rule: "R46",
            parameters: ["graveRung": .string(rung.rawValue)], facts: facts, in: &turn)
    }

    private static func graveDraft(_ violationId: String, _ rung: Rung, attempt: Int) -> ProposalDraft {
        ProposalDraft(
            ladder: .grave, period: violationId, rung: rung, count: attempt, violations: NamedIds([violationId]))
    }

    /// A worse proposal has taken the place of one for a grave violation: nobody has answered that, so it waits like one
    /// that could never be made, and before those that have waited for it.
    mutating func awaitAgain(_ superseded: Proposal) {
        guard superseded.ladder == .grave else { return }
        let waiting = [superseded.period] + (waitingGraves ?? [])
        waitingGraves = Array(waiting.prefix(Self.waitingGravesLimit))
        var attempts = graveAttempts ?? SortedMap()
        attempts[superseded.period] = superseded.count
        for dropped in waiting.dropFirst(Self.waitingGravesLimit) { attempts[dropped] = nil }
        graveAttempts = attempts
    }

    private func nextAttempt(_ violationId: String) -> Int { (graveAttempts?[violationId] ?? 0) + 1 }

    /// Something has ended without effect: a proposal was rejected, or a notice lifted. Its timer, which is due at once,
    /// looks whether anything else stands in the way: only the dossier tells which proposal that would be.
    mutating func recallGraves(at instant: Instant) {
        if waitingGraves != nil { gravesDueAt = instant }
    }

    /// What has waited longest is proposed, if nothing stands in the way any more; the rest waits for that one.
    mutating func proposeWaitingGrave(at instant: Instant, in turn: inout Turn) {
        guard let due = gravesDueAt, due <= instant else { return }
        gravesDueAt = nil
        // R46 switched off meanwhile: nothing is proposed, and nothing waits for it.
        guard turn.policy.rules.isOn(.r46), let waiting = waitingGraves, let first = waiting.first else {
            (waitingGraves, graveAttempts) = (nil, nil)
            return
        }
        guard !standsInWay(of: turn.policy.penalty.graveRung) else { return }
        let attempt = nextAttempt(first)
        waitingGraves = waiting.count > 1 ? Array(waiting.dropFirst()) : nil
        graveAttempts?[first] = nil
        if graveAttempts?.isEmpty ?? false { graveAttempts = nil }
        proposeGrave(first, attempt: attempt, facts: ["waited": true], in: &turn)
    }

    /// What stood in the way has ended, and not without effect: that was the answer. Likewise where nothing can be proposed
    /// any more.
    mutating func forgetWaitingGraves(_ policy: PolicyBook) {
        guard waitingGraves != nil, isClosed || (gravesDueAt == nil && !standsInWay(of: policy.penalty.graveRung))
        else { return }
        (waitingGraves, graveAttempts, gravesDueAt) = (nil, nil, nil)
    }

    /// What the timer may write that looks at them.
    func keysOfWaitingGrave(_ policy: PolicyBook) -> [RecordKey] {
        guard let first = waitingGraves?.first else { return [] }
        return [Self.keyOfGrave(first, attempt: nextAttempt(first), policy, outletId: outletId)]
    }

    /// What the verification of a violation may write: it is proposed for the first time then.
    static func keyOfGrave(
        _ violationId: String, attempt: Int = 1, _ policy: PolicyBook, outletId: String
    ) -> RecordKey {
        let draft = graveDraft(violationId, policy.penalty.graveRung, attempt: attempt)
        return ProposalIndex.key(draft.id(outletId: outletId))
    }
}
