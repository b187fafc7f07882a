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
            // It is told of once more, under this sequence; another one that came with it may not hold where the case is now.
            if let resolvedAt = assigned.resolvedAt { file.raise(resolutionOf: resolvedAt, to: sequence) }
            let isVoid = file.makeVoid(before: sequence, by: assigned.reason)
            if isVoid, file.isClosed, let tier = file.tier {
                file.reopen(
                    id, at: tier, rule: "resolution-void",
                    facts: [
                        "reason": .string(assigned.reason?.rawValue ?? ""), "closing": .int(Int64(file.closings)),
                    ], in: &turn)
            } else if isVoid {
                file.dropVoid()
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
            if file.isVoid(sequence) {
                // What waited then has come to nothing, though the escalation was heard of first.
                refuseWaiting(&file, requestedBy: accepted.resolvedAt, in: &turn)
                file.closeIfReady(accepted.caseId, in: &turn)
                return .applied
            }
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
    /// Of two resolutions the later one holds, whichever arrives first. The other one is kept if routing has accepted it behind
    /// that one: an escalation between the two, of which competing workers hear in any order, makes void only the first.
    fileprivate mutating func take(_ new: Resolution) {
        guard let known = resolution else { return resolution = new }
        var new = new
        if (known.at, known.by) == (new.at, new.by) {
            // Told of once more.
            new.isBlockSaid = known.isBlockSaid
            new.sequence = [known.sequence, new.sequence].compactMap { $0 }.max()
            resolution = new
        } else if known.at <= new.at {
            resolution = new
            if known.isNewer(than: laterResolution) { laterResolution = known }
        } else if new.isNewer(than: laterResolution) {
            laterResolution = new
        }
        if let later = laterResolution, !later.isNewer(than: resolution) { laterResolution = nil }
    }

    /// The resolution of that time counts as told of under a higher sequence.
    fileprivate mutating func raise(resolutionOf time: Instant, to sequence: Int64?) {
        guard let known = resolution, known.at == time, let sequence else { return }
        resolution?.sequence = max(known.sequence ?? sequence, sequence)
    }

    /// What is left when the present resolution is void.
    fileprivate mutating func dropVoid() {
        resolution = laterResolution.flatMap { isVoid($0.sequence) ? nil : $0 }
        laterResolution = nil
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

extension CaseFile.Resolution {
    /// Whether routing has accepted it behind another one.
    fileprivate func isNewer(than other: CaseFile.Resolution?) -> Bool {
        guard let known = other?.sequence else { return sequence != nil || other == nil }
        return sequence.map { $0 > known } ?? false
    }
}
