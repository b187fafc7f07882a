import Policy
import Schema

/// Requests for an advance, and the decisions on them (R05, R06, R07).
extension HandlingStage {
    func take(_ data: CompensationRequested, in turn: inout Turn) throws -> Verdict {
        if let rejection = turn.rejection(of: data.by) { return .refused(rejection) }
        let fingerprint = data.fingerprint()
        if let known = turn.get(AdvanceRequest.self, data.requestId) {
            if known.fingerprint == fingerprint { return .applied }
            return .refused(Rejection("id-taken", ["requestId": .string(data.requestId)]))
        }
        let caseId = turn.openCase(of: data.caseId)
        guard let file = turn.get(CaseFile.self, caseId) else { return .unknownReference(CaseFile.key(caseId)) }
        let place = file.place(turn.policy)
        if let rejection = turn.policy.rejection(of: data.by, .requestAdvance, at: [place]) {
            return .refused(rejection)
        }
        // With R48 switched off the business division comes as far as this, and has no cap (R05).
        guard let tier = HandlerTier(rawValue: data.by.tier) else {
            return .refused(Rejection(wrongTierOf: data.by, .requestAdvance, needed: [.store, .region, .hq]))
        }
        let request = AdvanceRequest(
            data, caseId: caseId, complaintId: file.complaintId, fingerprint: fingerprint, at: turn.now)
        var advance = Advance(id: data.requestId, request: request, file: file, in: turn)
        if let rejection = Self.rejection(beyondLimits: advance) { return .refused(rejection) }
        open(&advance, by: tier, in: &turn)
        advance.file.closeIfReady(caseId, in: &turn)
        advance.save(in: &turn)
        return .applied
    }

    private func open(_ advance: inout Advance, by tier: HandlerTier, in turn: inout Turn) {
        let path = advance.request.path(turn.policy)
        if advance.file.isClosed {
            advance.refuse(
                .caseClosed,
                Reasons(rule: "R05", facts: ["closing": .int(Int64(advance.file.closings))]), in: &turn)
            return
        }
        if path != .r05, let resolution = advance.file.resolution {
            advance.refuse(
                .resolvedFirst,
                Reasons(rule: path.rawValue, facts: ["resolvedAt": .string(resolution.at.description)]), in: &turn)
            return
        }
        advance.commit()
        switch path {
        case .r06:
            if let contacted = advance.contactedAt {
                advance.wait(from: contacted, isTimer: false, in: &turn)
            } else {
                advance.request.lookDelaySeconds = turn.policy.handling.manufacturerContactRetrySeconds
            }
        case .r07:
            advance.wait(from: turn.now, isTimer: false, in: &turn)
        default:
            let amount = advance.request.requestedFen
            let (isGiven, because) = advance.authority(of: tier, for: amount, turn.policy)
            // An HQ person has no cap, but does not decide his own request.
            if isGiven, tier != .hq {
                advance.disburse(amount, because, in: &turn)
            } else {
                advance.refer(to: turn.policy.rules.isOn(.r05) ? tier.oneUp : .hq, because, in: &turn)
            }
        }
    }

    /// Amounts that could not be told on the wire any more, and files that would grow without end.
    private static func rejection(beyondLimits advance: Advance) -> Rejection? {
        let amount = advance.request.requestedFen
        if amount > Shape.integerLimit - advance.file.committedFen || !advance.fund.canDisburse(amount) {
            return Rejection(
                "amount-too-large",
                [
                    "amountFen": .int(amount), "committedFen": .int(advance.file.committedFen),
                    "limitFen": .int(Shape.integerLimit),
                ])
        }
        guard advance.file.openRequests.count < CaseFile.openRequestLimit else {
            return Rejection(
                "too-many-requests",
                [
                    "open": .int(Int64(advance.file.openRequests.count)),
                    "limit": .int(Int64(CaseFile.openRequestLimit)),
                ])
        }
        return nil
    }

    /// R05: a person of the named tier or a higher one decides a request that was referred.
    func take(_ data: CompensationDecided, in turn: inout Turn) -> Verdict {
        if let rejection = turn.rejection(of: data.by) { return .refused(rejection) }
        guard var advance = advance(data.requestId, in: turn) else {
            return .unknownReference(AdvanceRequest.key(data.requestId))
        }
        if let rejection = rejection(of: data, advance, turn.policy) { return .refused(rejection) }
        guard let tier = HandlerTier(rawValue: data.by.tier) else {
            return .refused(Rejection(wrongTierOf: data.by, .decideAdvance, needed: [.region, .hq]))
        }
        let amount = data.amountFen ?? advance.request.requestedFen
        let (isGiven, because) = advance.authority(of: tier, for: amount, turn.policy)
        if !data.approved {
            advance.refuse(.notApproved, Reasons(rule: "R05", facts: ["tier": .string(tier.rawValue)]), in: &turn)
        } else if isGiven {
            advance.request.severity = data.severity
            advance.disburse(amount, because, in: &turn)
        } else {
            advance.refer(to: tier.oneUp, because, in: &turn)
        }
        advance.file.closeIfReady(advance.request.caseId, in: &turn)
        advance.save(in: &turn)
        return .applied
    }

    private func rejection(of data: CompensationDecided, _ advance: Advance, _ policy: PolicyBook) -> Rejection? {
        let request = advance.request
        let needed = request.state == .referred ? request.referredTo : nil
        if let needed, HandlerTier(rawValue: data.by.tier).map({ $0.rank < needed.rank }) ?? true {
            let tiers = policy.authority.tiers(of: .decideAdvance).filter { $0 >= Tier(needed) }
            return Rejection(wrongTierOf: data.by, .decideAdvance, needed: tiers)
        }
        let place = advance.file.place(policy)
        if let rejection = policy.rejection(of: data.by, .decideAdvance, at: [place]) { return rejection }
        if data.by.id == request.requestedBy { return Rejection("own-decision", ["of": "request"]) }
        guard needed != nil else { return Rejection("not-referred", ["state": .string(request.state.rawValue)]) }
        guard data.approved else { return nil }
        let amount = data.amountFen ?? request.requestedFen
        guard (1...request.requestedFen).contains(amount) else {
            return Rejection(
                "amount-out-of-range", ["amountFen": .int(amount), "requestedFen": .int(request.requestedFen)])
        }
        if request.path(policy) == .r06, data.severity == nil {
            return Rejection("severity-missing", ["cause": .string(request.cause.rawValue)])
        }
        if !advance.fund.canDisburse(amount) {
            return Rejection(
                "amount-too-large", ["amountFen": .int(amount), "disbursedFen": .int(advance.fund.disbursedFen)])
        }
        return nil
    }

    /// A request that is known, with its case.
    func advance(_ id: String, in turn: Turn) -> Advance? {
        guard let request = turn.get(AdvanceRequest.self, id),
            let file = turn.get(CaseFile.self, request.caseId)
        else { return nil }
        return Advance(id: id, request: request, file: file, in: turn)
    }

    /// The case is resolved: what still waits for others has come to nothing (R06, R07).
    ///
    /// - Parameter latest: what was requested later stays.
    func refuseWaiting(_ file: inout CaseFile, requestedBy latest: Instant = .limit, in turn: inout Turn) {
        for id in file.openRequests {
            guard let request = turn.get(AdvanceRequest.self, id), request.requestedAt <= latest else { continue }
            switch request.state {
            case .awaitingContacts, .pending: break
            case .referred, .refused, .disbursed: continue
            }
            var advance = Advance(id: id, request: request, file: file, in: turn)
            if request.state == .awaitingContacts, request.requestedAt < turn.now, advance.contactedAt == nil {
                // Its own timer, which waits for a stage at rest, was due before.
                advance.refuseNotContacted(in: &turn)
            } else {
                advance.refuse(
                    .resolvedFirst,
                    Reasons(
                        rule: request.path(turn.policy).rawValue,
                        facts: ["resolvedAt": .string(turn.now.description)]), in: &turn)
            }
            file = advance.file
            turn.put(advance.request, id)
        }
    }

    /// The time of a request has come.
    func pass(_ id: String, in turn: inout Turn) throws {
        guard var advance = advance(id, in: turn) else {
            throw StageFault(description: "handling: request \(id) wakes and is not known, or its case is not")
        }
        switch advance.request.state {
        case .awaitingContacts:
            if let contacted = advance.contactedAt {
                advance.wait(from: contacted, isTimer: true, in: &turn)
            } else {
                advance.refuseNotContacted(in: &turn)
                advance.file.closeIfReady(advance.request.caseId, in: &turn)
            }
        case .pending:
            advance.passWait(in: &turn)
        case .disbursed:
            advance.request.sayOverdueIfDue(id, at: advance.file.place(turn.policy), in: &turn)
            advance.request.passRecovery(id, in: &turn)
        case .referred, .refused:
            throw StageFault(description: "handling: request \(id) wakes and waits for nothing")
        }
        advance.save(in: &turn)
    }
}
