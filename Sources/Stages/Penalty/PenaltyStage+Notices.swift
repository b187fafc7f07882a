import Policy
import Schema

extension PenaltyStage {
    /// Where an event about a notice leads: the dossier and the effect in it.
    private func find(
        _ noticeId: String, by: Person, _ act: Act, in turn: inout Turn
    ) -> Result<(dossier: Dossier, index: Int?), NoticeFault> {
        if let rejection = turn.rejection(of: by) { return .failure(.refused(rejection)) }
        guard let notice = turn.get(NoticeIndex.self, noticeId) else { return .failure(.unknown) }
        let places = notice.outletId.map { turn.policy.places(ofOutlet: $0) } ?? []
        if let rejection = turn.policy.rejection(of: by, act, at: places) { return .failure(.refused(rejection)) }
        guard let outletId = notice.outletId else {
            return .failure(.refused(Rejection("not-a-penalty", ["noticeId": .string(noticeId)])))
        }
        let dossier = turn.dossier(outletId)
        return .success((dossier, dossier.effects.firstIndex { $0.noticeId == noticeId }))
    }

    private enum NoticeFault: Error {
        case unknown
        case refused(Rejection)
    }

    private func verdict(_ fault: NoticeFault, _ noticeId: String) -> Verdict {
        switch fault {
        case .unknown: .unknownReference(NoticeIndex.key(noticeId))
        case .refused(let rejection): .refused(rejection)
        }
    }

    /// `notice.issued` of handling: whoever appeals against a demand is told at once that there is no appeal (R49).
    func note(_ data: NoticeIssued, in turn: inout Turn) -> Verdict {
        if data.isDemand { turn.put(NoticeIndex(outletId: nil), data.noticeId) }
        return .applied
    }

    /// `rectification.reviewed`: accepted, it and all warnings end; else it has failed (R12).
    func review(_ data: RectificationReviewed, in turn: inout Turn) -> Verdict {
        var dossier: Dossier
        let found: Int?
        switch find(data.noticeId, by: data.by, .reviewRectification, in: &turn) {
        case .failure(let fault): return verdict(fault, data.noticeId)
        case .success(let result): (dossier, found) = result
        }
        func refuse(_ reason: String) -> Verdict {
            .refused(Rejection(reason, ["noticeId": .string(data.noticeId)]))
        }
        guard let index = found else { return refuse("review-closed") }
        let effect = dossier.effects[index]
        guard effect.rung == .rectification else { return refuse("not-a-rectification") }
        guard !effect.isUnderAppeal else { return refuse("under-appeal") }
        guard !effect.isOver, let end = effect.endsAt, turn.now <= end else { return refuse("review-closed") }
        if data.accepted {
            for other in dossier.effects.indices where other == index || dossier.effects[other].rung == .warning {
                dossier.effects[other].isOver = true
                dossier.effects[other].endsAt = nil
            }
            dossier.noteUnseen(at: dossier.effectiveTime(turn.now))
        } else {
            dossier.failRectification(index, reason: "not-accepted", in: &turn)
        }
        dossier.settle(in: &turn)
        return .applied
    }

    /// `appeal.lodged`: what held before the notice holds again, and its terms stand still, until it is decided.
    func lodge(_ data: AppealLodged, in turn: inout Turn) -> Verdict {
        var dossier: Dossier
        let found: Int?
        switch find(data.noticeId, by: data.by, .lodgeAppeal, in: &turn) {
        case .failure(let fault): return verdict(fault, data.noticeId)
        case .success(let result): (dossier, found) = result
        }
        // A withdrawal that has become final stays final, however early the appeal was written.
        guard let index = found, !dossier.isClosed else {
            return .refused(Rejection("appeal-too-late", ["noticeId": .string(data.noticeId)]))
        }
        let effect = dossier.effects[index]
        guard effect.appeal == nil else {
            return .refused(Rejection("appeal-known", ["noticeId": .string(data.noticeId)]))
        }
        if let until = effect.appealUntil, until < turn.now {
            return .refused(
                Rejection(
                    "appeal-too-late",
                    ["noticeId": .string(data.noticeId), "until": .string(until.description)]))
        }
        dossier.effects[index].appeal = Effect.Appeal(lodgedBy: data.by.id)
        if let end = effect.endsAt, dossier.effects[index].isSuspended {
            dossier.effects[index].remaining = max(0, end.microseconds - turn.now.microseconds)
            dossier.effects[index].endsAt = nil
        }
        dossier.settle(in: &turn)
        return .applied
    }

    /// `appeal.decided`: by another person than the one who lodged it.
    func decide(_ data: AppealDecided, in turn: inout Turn) -> Verdict {
        var dossier: Dossier
        let found: Int?
        switch find(data.noticeId, by: data.by, .decideAppeal, in: &turn) {
        case .failure(let fault): return verdict(fault, data.noticeId)
        case .success(let result): (dossier, found) = result
        }
        let lodged = found.flatMap { dossier.effects[$0].appeal }
        if lodged?.lodgedBy == data.by.id { return .refused(Rejection("own-appeal", ["by": .string(data.by.id)])) }
        guard let index = found, let appeal = lodged, appeal.isPending else {
            return .refused(Rejection("no-appeal", ["noticeId": .string(data.noticeId)]))
        }
        dossier.effects[index].appeal?.isPending = false
        let left = dossier.effects[index].remaining
        dossier.effects[index].remaining = nil
        if !data.penaltyStands {
            dossier.lift(index, in: &turn)
        } else {
            if let left, !dossier.effects[index].isOver {
                dossier.effects[index].endsAt = Instant(microseconds: turn.now.microseconds + left)
            }
            let effect = dossier.effects[index]
            if effect.rung == .withdrawal, !effect.isOver { dossier.makeFinal(effect, in: &turn) }
        }
        dossier.noteUnseen(at: dossier.effectiveTime(turn.now))
        dossier.settle(in: &turn)
        return .applied
    }
}

extension Dossier {
    /// The notice is void: its rung counts as rejected, its violations still count.
    mutating func lift(_ index: Int, in turn: inout Turn) {
        effects[index].isOver = true
        effects[index].endsAt = nil
        let proposalId = effects[index].proposalId
        // A void rectification comes back no more, and nobody has failed it.
        if let stop = proposals.firstIndex(where: { $0.id == effects[index].stopProposalId && $0.isUndecided }) {
            supersede(
                stop, by: proposalId,
                facts: ["reason": "notice-lifted", "noticeId": .string(effects[index].noticeId)], in: &turn)
        }
        effects[index].stopProposalId = nil
        for position in proposals.indices where proposals[position].id == proposalId {
            proposals[position].state = .rejected
        }
        followRejection(of: proposalId, ladder: effects[index].ladder, in: &turn)
    }
}

extension NoticeIssued {
    /// A letter of handling, which penalty has not written itself.
    var isDemand: Bool { kind == .recoveryDemand }
}
