import Policy
import Schema

/// A request with its case and the fund, for the time of one step: what moves a request moves all three.
struct Advance {
    let id: String
    var request: AdvanceRequest
    var file: CaseFile
    var fund: FundLedger

    init(id: String, request: AdvanceRequest, file: CaseFile, in turn: Turn) {
        self.id = id
        self.request = request
        self.file = file
        fund = turn.get(FundLedger.self, FundLedger.id) ?? FundLedger()
    }

    /// Writes what has changed.
    func save(in turn: inout Turn) {
        if turn.get(AdvanceRequest.self, id) != request { turn.put(request, id) }
        if turn.get(CaseFile.self, request.caseId) != file { turn.put(file, request.caseId) }
        if turn.get(FundLedger.self, FundLedger.id) ?? FundLedger() != fund { turn.put(fund, FundLedger.id) }
    }
}

// MARK: The ways of a request

extension Advance {
    /// Counts the request on its case from now on.
    mutating func commit() {
        file.openRequests.append(id)
        file.committedFen += request.requestedFen
    }

    /// Whether a tier may pay `amountFen` by itself, and the reasons (R05).
    ///
    /// Tested is the sum on the case with this request at `amountFen`. Headquarters has no cap. R05 switched off: no
    /// store or region has an authority of its own.
    func authority(
        of tier: HandlerTier, for amountFen: Int64, _ policy: PolicyBook
    ) -> (isGiven: Bool, because: Reasons) {
        let sum = file.committedFen - request.requestedFen + amountFen
        var reasons = Reasons(rule: "R05", facts: ["tier": .string(tier.rawValue), "committedFen": .int(sum)])
        let cap: (name: String, fen: Int64)?
        switch tier {
        case .store: cap = ("storeCapFen", policy.handling.storeCapFen)
        case .region: cap = ("regionCapFen", policy.handling.regionCapFen)
        case .hq: cap = nil
        }
        guard let cap else { return (true, reasons) }
        reasons.parameters = .object([.init(cap.name, .int(cap.fen))])
        return (policy.rules.isOn(.r05) && sum <= cap.fen, reasons)
    }

    /// Pays; from then on the steps of R08 are owed.
    mutating func disburse(_ amountFen: Int64, _ because: Reasons, in turn: inout Turn) {
        request.state = .disbursed
        request.referredTo = nil
        request.disbursedFen = amountFen
        fund.disburse(amountFen)
        settle(committing: amountFen, at: turn.now)
        emit(
            CompensationAuthorised(
                requestId: id, amountFen: amountFen, caseId: request.caseId, complaintId: request.complaintId,
                cause: request.cause, brand: file.product.brand, severity: request.severity),
            because, in: &turn)
        emit(
            FundDisbursed(
                requestId: id, amountFen: amountFen, balanceFen: fund.balanceFen, caseId: request.caseId,
                complaintId: request.complaintId, severity: request.severity),
            because, in: &turn)
        request.owe(.report, in: &turn)
    }

    mutating func refer(to tier: HandlerTier, _ because: Reasons, in turn: inout Turn) {
        request.state = .referred
        request.referredTo = tier
        request.until = nil
        emit(
            CompensationReferred(
                requestId: id, amountFen: request.requestedFen, to: tier, caseId: request.caseId,
                complaintId: request.complaintId),
            because, in: &turn)
    }

    /// - Parameter time: nil: now.
    mutating func refuse(
        _ reason: CompensationRefused.Reason, _ because: Reasons, time: Instant? = nil, in turn: inout Turn
    ) {
        request.state = .refused
        request.referredTo = nil
        request.until = nil
        settle(committing: 0, at: turn.now)
        emit(
            CompensationRefused(
                requestId: id, amountFen: request.requestedFen, reason: reason, caseId: request.caseId,
                complaintId: request.complaintId),
            because, time: time, in: &turn)
    }

    /// Takes the request off the case's open ones; only `amountFen` of it stays committed.
    private mutating func settle(committing amountFen: Int64, at instant: Instant) {
        guard let index = file.openRequests.firstIndex(of: id) else { return }
        file.openRequests.remove(at: index)
        file.committedFen += amountFen - request.requestedFen
        file.settledAt = max(file.settledAt ?? instant, instant)
    }

    private func emit(_ data: any EventData, _ because: Reasons, time: Instant? = nil, in turn: inout Turn) {
        turn.emit(
            data, about: AdvanceRequest.key(id), time: time, rule: because.rule, parameters: because.parameters,
            facts: because.facts)
    }
}

/// The rule, parameters and facts of a decision on a request.
struct Reasons {
    var rule: String
    var parameters: JSON = [:]
    var facts: JSON = [:]
}

// MARK: Waiting for others

extension Advance {
    /// The later of the first contacts with the manufacturer's two people; nil unless both had been spoken with when the
    /// advance was requested (R06), whenever that has become known.
    var contactedAt: Instant? {
        guard let salesman = file.salesmanContactAt, let representative = file.representativeContactAt else {
            return nil
        }
        let both = max(salesman, representative)
        return isInTime(both) ? both : nil
    }

    /// R06: they had not both been spoken with. Of the time of the request, whatever makes it known.
    mutating func refuseNotContacted(in turn: inout Turn) {
        let seconds = JSON.int(Int64(turn.policy.handling.manufacturerContactRetrySeconds))
        refuse(
            .manufacturerNotContacted,
            Reasons(
                rule: "R06", parameters: ["manufacturerContactRetrySeconds": seconds],
                facts: [
                    "factorySalesman": .bool(isInTime(file.salesmanContactAt)),
                    "brandRepresentative": .bool(isInTime(file.representativeContactAt)),
                ]), time: request.requestedAt, in: &turn)
    }

    /// Whether a contact is not later than the request.
    func isInTime(_ contact: Instant?) -> Bool { contact.map { $0 <= request.requestedAt } ?? false }

    /// R06, R07: others have until the end of a working day to settle the matter; then HQ decides.
    ///
    /// - Parameter start: what the term counts from.
    /// - Parameter isTimer: the instant's events are over, so that a term which ends now has passed.
    mutating func wait(from start: Instant, isTimer: Bool, in turn: inout Turn) {
        request.state = .pending
        request.lookDelaySeconds = nil
        let until = turn.term(workingDays: waitDays(turn.policy), after: start, rule: waitReasons(turn.policy).rule)
        request.until = until
        if let at = until.at, at < turn.now || (isTimer && at == turn.now) {
            refer(to: .hq, waitReasons(turn.policy), in: &turn)
        } else {
            sayPendingIfKnown(in: &turn)
        }
    }

    /// The term has run out, or the calendar knows it now.
    mutating func passWait(in turn: inout Turn) {
        let because = waitReasons(turn.policy)
        request.until?.look(rule: because.rule, in: &turn)
        if request.until?.isDue(at: turn.now) ?? false {
            refer(to: .hq, because, in: &turn)
        } else {
            sayPendingIfKnown(in: &turn)
        }
    }

    private mutating func sayPendingIfKnown(in turn: inout Turn) {
        guard !request.isPendingSaid, let until = request.until?.at else { return }
        request.isPendingSaid = true
        emit(
            CompensationPending(
                requestId: id, amountFen: request.requestedFen, until: until, caseId: request.caseId,
                complaintId: request.complaintId),
            waitReasons(turn.policy), in: &turn)
    }

    private func waitDays(_ policy: PolicyBook) -> Int {
        request.cause == .ownPost
            ? policy.handling.ownPostWaitWorkingDays : policy.handling.manufacturerWaitWorkingDays
    }

    func waitReasons(_ policy: PolicyBook) -> Reasons {
        let days = JSON.int(Int64(waitDays(policy)))
        var reasons =
            request.cause == .ownPost
            ? Reasons(rule: "R07", parameters: ["ownPostWaitWorkingDays": days])
            : Reasons(rule: "R06", parameters: ["manufacturerWaitWorkingDays": days])
        if let contacted = contactedAt, request.cause == .manufacturer {
            reasons.facts = ["contactedAt": .string(contacted.description)]
        }
        return reasons
    }
}
