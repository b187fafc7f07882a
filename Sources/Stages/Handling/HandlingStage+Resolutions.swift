import Policy
import Schema

/// Resolutions, and what makes them void. Routing judges them; handling hears of them from routing alone, except of cases that a
/// release before 0.2 has assigned.
extension HandlingStage {
    /// Takes who holds the case. Escalated or reopened later than it was resolved, it must be resolved anew before it can
    /// close; and if it has closed on that resolution meanwhile, it goes on.
    func take(_ assigned: CaseAssigned, sequence: Int64?, in turn: inout Turn) -> Verdict {
        let id = assigned.caseId
        return change(id, in: &turn) { file, turn in
            if file.tier == nil { turn.makeKnown(Self.assignment(of: id)) }
            file.take(assigned, sequence: sequence)
            // Told of once more under a higher sequence; another one that came with it may not hold where the case is now.
            let isHeld = assigned.resolvedAt != nil && file.resolution?.at == assigned.resolvedAt
            let isVoid = file.makeVoid(before: sequence, by: assigned.reason) && !isHeld
            if isVoid, file.isClosed, let tier = file.tier {
                file.reopen(
                    id, at: tier, rule: "resolution-void",
                    facts: [
                        "reason": .string(assigned.reason?.rawValue ?? ""), "closing": .int(Int64(file.closings)),
                    ], in: &turn)
            } else if isVoid {
                file.resolution = nil
            }
            file.closeIfReady(id, in: &turn)
            return .applied
        }
    }

    /// What routing has accepted. Nothing comes of it if the case has closed already, or was escalated or reopened since; its
    /// documents are listed all the same while the case is open.
    ///
    /// One after the other, as routing has accepted them: on the first the case may close, and the next may be that of its
    /// reopening. Competing workers get them in any order. One that is dead holds up the others for as long as they wait.
    func take(_ accepted: CaseResolutionAccepted, sequence: Int64?, in turn: inout Turn) -> Verdict {
        change(accepted.caseId, in: &turn) { file, turn in
            if let number = accepted.number {
                let taken = file.resolutionsTaken ?? 0
                if number > taken + 1, !turn.isLast {
                    return .unknownReference(Self.resolution(number - 1, of: accepted.caseId))
                }
                file.resolutionsTaken = max(taken, number)
                turn.makeKnown(Self.resolution(number, of: accepted.caseId))
            }
            file.isJudged = true
            // Closed, or of the time before it was reopened.
            if file.isClosed || (file.closings > 0 && accepted.resolvedAt < file.since) { return .applied }
            // A list that is full has documents enough; the resolution counts all the same.
            _ = file.list(accepted.documents, at: turn.now)
            if file.isVoid(sequence) { return .applied }
            let resolution = CaseFile.Resolution(
                at: accepted.resolvedAt, liability: accepted.liability, liableParty: accepted.liableParty,
                by: accepted.by.id, sequence: sequence)
            resolve(accepted.caseId, resolution, &file, in: &turn)
            return .applied
        }
    }

    /// What a person reports: routing's matter, and of a case that routing has not assigned yet nobody knows whose.
    func take(_ resolved: CaseResolved, in turn: inout Turn) -> Verdict {
        change(resolved.caseId, by: resolved.by, in: &turn) { file, turn in
            let id = turn.openCase(of: resolved.caseId)
            if file.isJudged == true || id != resolved.caseId { return .applied }
            if file.tier == nil { return .unknownReference(Self.assignment(of: id)) }
            guard !file.isClosed else {
                return .refused(Rejection("case-closed", ["closing": .int(Int64(file.closings))]))
            }
            if let rejection = file.list(resolved.documents, at: turn.now) { return .refused(rejection) }
            let resolution = CaseFile.Resolution(
                at: turn.now, liability: resolved.liability, liableParty: resolved.liableParty)
            resolve(id, resolution, &file, in: &turn)
            return .applied
        }
    }

    private func resolve(
        _ id: String, _ resolution: CaseFile.Resolution, _ file: inout CaseFile, in turn: inout Turn
    ) {
        file.take(resolution)
        refuseWaiting(&file, in: &turn)
        file.closeIfReady(id, in: &turn)
    }

    /// What stands for the Nth resolution of a case that routing has accepted, for the one behind it.
    private static func resolution(_ number: Int, of caseId: String) -> RecordKey {
        RecordKey(kind: "resolution", id: "\(caseId):\(number)")
    }

    /// What stands for the first assignment of a case, for events that come before it.
    private static func assignment(of caseId: String) -> RecordKey { RecordKey(kind: "assignment", id: caseId) }
}

extension CaseFile {
    /// Of two resolutions the later one holds, whichever arrives first.
    fileprivate mutating func take(_ new: Resolution) {
        let newest = [resolution?.sequence, new.sequence].compactMap { $0 }.max()
        var new = new
        // Told of once more.
        if let known = resolution, (known.at, known.by) == (new.at, new.by) { new.isBlockSaid = known.isBlockSaid }
        if resolution.map({ $0.at <= new.at }) ?? true { resolution = new }
        resolution?.sequence = newest
    }

    /// Whether a resolution of that sequence is older than an escalation or reopening. One that routing has not judged is
    /// older than any.
    fileprivate func isVoid(_ sequence: Int64?) -> Bool {
        guard let voidBefore else { return false }
        return sequence.map { $0 < voidBefore } ?? true
    }

    /// Notes an escalation or reopening; true if it makes the present resolution void.
    fileprivate mutating func makeVoid(before sequence: Int64?, by reason: CaseAssigned.Reason?) -> Bool {
        guard reason == .escalated || reason == .reopened, let sequence else { return false }
        voidBefore = max(voidBefore ?? sequence, sequence)
        return resolution.map { isVoid($0.sequence) } ?? false
    }
}
