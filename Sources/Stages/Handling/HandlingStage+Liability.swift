import Policy
import Schema

/// What follows a payment: report, opinion, approval, and the money coming back or being given up (R08, R41).
extension HandlingStage {
    /// Changes a request that must be known, by a person that the organisation must know and who may do that.
    private func change(
        _ id: String, by person: Person, _ act: Act, in turn: inout Turn,
        _ body: (inout AdvanceRequest, inout Turn) -> Rejection?
    ) -> Verdict {
        if let rejection = turn.rejection(of: person) { return .refused(rejection) }
        guard let known = turn.get(AdvanceRequest.self, id) else { return .unknownReference(AdvanceRequest.key(id)) }
        let place = turn.get(CaseFile.self, known.caseId)?.place(turn.policy)
        if let rejection = turn.policy.rejection(of: person, act, at: place.map { [$0] } ?? []) {
            return .refused(rejection)
        }
        var request = known
        if let rejection = body(&request, &turn) { return .refused(rejection) }
        if request != known { turn.put(request, id) }
        return .applied
    }

    /// A step that is switched off is recorded without effect.
    private func isOff(_ step: AdvanceRequest.Step, _ turn: Turn) -> Bool { !step.isOn(turn.policy.rules) }

    func take(_ data: IncidentReportSubmitted, in turn: inout Turn) -> Verdict {
        change(data.requestId, by: data.by, .reportIncident, in: &turn) { request, turn in
            if isOff(.report, turn) { return nil }
            if let rejection = request.rejection(of: .report) { return rejection }
            request.owe(.opinion, in: &turn)
            return nil
        }
    }

    func take(_ data: LiabilityProposed, in turn: inout Turn) -> Verdict {
        change(data.requestId, by: data.by, .proposeLiability, in: &turn) { request, turn in
            if isOff(.opinion, turn) { return nil }
            if let rejection = request.rejection(of: .opinion) { return rejection }
            let file = turn.get(CaseFile.self, request.caseId)
            let party = LiableParty(of: request.cause, file, turn.policy)
            if let rejection = Self.rejection(of: data, request.cause, party, turn.policy) { return rejection }
            request.opinion = AdvanceRequest.Opinion(
                liable: data.liable, by: data.by.id, partyId: LiableParty(data.liable, file, turn.policy).id,
                reason: data.reason)
            request.owe(.approval, in: &turn)
            return nil
        }
    }

    /// R41: another party than that of the cause needs a reason.
    private static func rejection(
        of data: LiabilityProposed, _ cause: CompensationCause, _ party: LiableParty, _ policy: PolicyBook
    ) -> Rejection? {
        guard policy.rules.isOn(.r41), data.reason == nil, party.isOther(than: data.liable) else { return nil }
        return Rejection("party-not-of-cause", .object(party.figures(of: cause, data.liable)))
    }

    func take(_ data: LiabilityApproved, in turn: inout Turn) -> Verdict {
        change(data.requestId, by: data.by, .approveLiability, in: &turn) { request, turn in
            if isOff(.approval, turn) { return nil }
            if data.by.id == request.opinion?.by { return Rejection("own-decision", ["of": "opinion"]) }
            if let rejection = request.rejection(of: .approval) { return rejection }
            if data.approved {
                request.isLiabilityApproved = true
                request.owe(.recovery, in: &turn)
                let file = turn.get(CaseFile.self, request.caseId)
                request.tellLiability(data.requestId, approver: data.by.id, of: file, in: &turn)
            } else {
                request.opinion = nil
                request.owe(.opinion, in: &turn)
            }
            return nil
        }
    }

    // MARK: Money

    /// At all times `recovered + writtenOff <= disbursed`.
    private static func rejection(ofAmount amountFen: Int64, _ request: AdvanceRequest) -> Rejection? {
        guard request.state == .disbursed else {
            return Rejection("not-disbursed", ["state": .string(request.state.rawValue)])
        }
        guard request.recoveredFen + request.writtenOffFen + amountFen > request.disbursedFen else { return nil }
        return Rejection(
            "exceeds-disbursed",
            .object(request.figures + [.init("amountFen", .int(amountFen))]))
    }

    /// Money may come back at any time after the payment.
    func take(_ data: RecoveryBooked, in turn: inout Turn) -> Verdict {
        change(data.requestId, by: data.by, .bookRecovery, in: &turn) { request, turn in
            if let rejection = Self.rejection(ofAmount: data.amountFen, request) { return rejection }
            var fund = turn.get(FundLedger.self, FundLedger.id) ?? FundLedger()
            request.recoveredFen += data.amountFen
            fund.recover(data.amountFen)
            turn.put(fund, FundLedger.id)
            turn.emit(
                FundRecovered(
                    requestId: data.requestId, amountFen: data.amountFen, balanceFen: fund.balanceFen,
                    caseId: request.caseId, complaintId: request.complaintId, severity: request.severity,
                    liableKind: request.liableKind),
                about: AdvanceRequest.key(data.requestId), rule: "R08", facts: .object(request.figures))
            request.settleIfBalanced(data.requestId, in: &turn)
            return nil
        }
    }

    /// Proposed after the liability approval, one at a time; its figures are tested when it is approved.
    func take(_ data: WriteOffProposed, in turn: inout Turn) -> Verdict {
        change(data.requestId, by: data.by, .proposeWriteOff, in: &turn) { request, _ in
            guard request.state == .disbursed else {
                return Rejection("not-disbursed", ["state": .string(request.state.rawValue)])
            }
            if request.isBalanced { return Rejection("nothing-owed", .object(request.figures)) }
            guard request.isLiabilityApproved else {
                return Rejection(
                    "out-of-order", ["step": "write-off", "owed": .string(request.owed?.step.rawValue ?? "none")])
            }
            // One that no longer fits has no place to keep: nobody can approve it.
            if let open = request.writeOff, Self.rejection(ofAmount: open.amountFen, request) == nil {
                return Rejection("write-off-open", ["amountFen": .int(open.amountFen)])
            }
            request.writeOff = AdvanceRequest.WriteOff(amountFen: data.amountFen, by: data.by.id)
            return nil
        }
    }

    /// A proposal that is not approved has ended. One whose figures do not fit can still be refused, or another proposed in
    /// its place.
    func take(_ data: WriteOffApproved, in turn: inout Turn) -> Verdict {
        change(data.requestId, by: data.by, .approveWriteOff, in: &turn) { request, turn in
            guard let proposal = request.writeOff else {
                return Rejection("no-write-off", ["state": .string(request.state.rawValue)])
            }
            if data.by.id == proposal.by { return Rejection("own-decision", ["of": "write-off"]) }
            guard data.approved else {
                request.writeOff = nil
                return nil
            }
            if let rejection = Self.rejection(ofAmount: proposal.amountFen, request) { return rejection }
            var fund = turn.get(FundLedger.self, FundLedger.id) ?? FundLedger()
            request.writeOff = nil
            request.writtenOffFen += proposal.amountFen
            fund.writeOff(proposal.amountFen)
            turn.put(fund, FundLedger.id)
            turn.emit(
                FundWrittenOff(
                    requestId: data.requestId, amountFen: proposal.amountFen, balanceFen: fund.balanceFen,
                    caseId: request.caseId, complaintId: request.complaintId, severity: request.severity,
                    liableKind: request.liableKind),
                about: AdvanceRequest.key(data.requestId), rule: "R08", facts: .object(request.figures))
            request.settleIfBalanced(data.requestId, in: &turn)
            return nil
        }
    }
}
