import Policy
import Schema

/// R49: an approved opinion is told, its party is asked for the money, and reminded step by step while it is out.
extension AdvanceRequest {
    /// What follows an approved opinion, until the money is back.
    package struct Recovery: Codable, Sendable, Equatable {
        package let kind: LiabilityProposed.Liable.Kind
        /// Who owes it; nil: nobody knows his id, so that he is asked by no letter.
        package let partyId: String?
        /// The end of the term in which it has to be back. From then on the ladder runs.
        package let dueAt: Instant
        /// When its next step begins, at first `dueAt`; nil: none is left, or nothing is owed any more.
        package var nextAt: Instant?
        /// The day with which the last step began; nil: none has.
        package var from: Int?
        /// The step that was told of last; nil: none was.
        package var step: String?
        /// The settlement of the outlet is held back.
        package var isBlocked: Bool?
    }

    /// Paid and neither back nor given up. Fen.
    package var outstandingFen: Int64 { disbursedFen - recoveredFen - writtenOffFen }

    /// Of the opinion that holds; nil: none does yet.
    package var liableKind: LiabilityProposed.Liable.Kind? { isLiabilityApproved ? opinion?.liable.kind : nil }
    /// The id of that party; nil: not known.
    package var liableId: String? { isLiabilityApproved ? opinion?.bearerId : nil }

    /// Whom a demand goes to if the opinion is approved, and its notice; nil: to nobody.
    func demand(_ id: String) -> (addressee: String, noticeId: String)? {
        guard let opinion, opinion.liable.kind.isAsked, let addressee = opinion.bearerId else {
            return nil
        }
        return (
            addressee,
            Identifiers.noticeId(
                kind: NoticeIssued.Kind.recoveryDemand.rawValue, addressee: addressee, period: id)
        )
    }

    /// The opinion was approved: that is told, and whom it names is asked for what is owed. What is balanced owes nothing.
    ///
    /// - Parameter approver: the id of who has approved it.
    mutating func tellLiability(_ id: String, approver: String, of file: CaseFile?, in turn: inout Turn) {
        guard turn.policy.rules.isOn(.r49), let opinion else { return }
        let named = opinion.liable
        let party = LiableParty(of: cause, file, turn.policy)
        let isOther = party.isOther(than: named)
        var facts = party.figures(of: cause, named)
        facts.append(.init("isOther", .bool(isOther)))
        if isOther { facts.append(.init("reasonGiven", .bool(opinion.reason != nil))) }
        facts += [.init("proposedBy", .string(opinion.by)), .init("approvedBy", .string(approver))]
        turn.emit(
            LiabilityDecided(
                requestId: id, kind: named.kind, id: opinion.bearerId, reason: opinion.reason,
                caseId: caseId, complaintId: complaintId),
            about: AdvanceRequest.key(id),
            // Whether another party is named is told also where R41 does not ask for a reason.
            rule: turn.policy.rules.isOn(.r41) ? "R49,R41" : "R49", facts: .object(facts))
        // Without the term of R08 nothing is due at any time; a customer and nobody are not asked.
        guard owed?.step == .recovery, let dueAt = owed?.term.at, named.kind.isAsked else { return }
        let demand = demand(id)
        let recovery = Recovery(kind: named.kind, partyId: demand?.addressee, dueAt: dueAt, nextAt: dueAt)
        self.recovery = recovery
        if let demand { send(recovery, demand, id, in: &turn) }
    }

    private func send(
        _ recovery: Recovery, _ demand: (addressee: String, noticeId: String), _ id: String, in turn: inout Turn
    ) {
        var debtor = turn.get(Debtor.self, demand.addressee) ?? Debtor()
        debtor.lettersIssued += 1
        turn.put(debtor, demand.addressee)
        let date = turn.now.date
        let letter = RecoveryDemand(
            number: RecoveryDemand.number(demand.addressee, debtor.lettersIssued, on: date),
            addressee: demand.addressee, requestId: id, request: self, recovery: recovery, date: date,
            policy: turn.policy)
        turn.emit(
            NoticeIssued(
                noticeId: demand.noticeId, kind: .recoveryDemand, addressee: demand.addressee, requestId: id,
                number: letter.number, letter: letter.letter),
            about: AdvanceRequest.key(id), rule: "R49,R14", parameters: letter.parameters,
            facts: .object(figures + [.init("due", .string(recovery.dueAt.description))]))
        turn.put(DemandIndex(requestId: id), demand.noticeId)
    }

    /// A step of the ladder begins, the first one with the block of an outlet. Switched off, it begins silently.
    mutating func passRecovery(_ id: String, in turn: inout Turn) {
        guard var recovery, let at = recovery.nextAt, at <= turn.now else { return }
        let isOn = turn.policy.rules.isOn(.r49)
        let ladder = turn.policy.handling.recoveryLadder
        let day = recovery.day(at: at)
        if isOn, at == recovery.dueAt { block(id, &recovery, in: &turn) }
        if let step = ladder.step(on: day), step.from > recovery.from ?? 0 {
            recovery.from = step.from
            if isOn {
                recovery.step = step.name
                turn.emit(
                    RecoveryStepDue(
                        requestId: id, step: step.name, overdueDays: day, owedFen: outstandingFen, caseId: caseId,
                        complaintId: complaintId),
                    about: AdvanceRequest.key(id), rule: "R49", parameters: ["from": .int(Int64(step.from))],
                    facts: .object(figures + [.init("due", .string(recovery.dueAt.description))]))
            }
        }
        recovery.nextAt = ladder.next(after: day).map { recovery.begin(of: $0.from) }
        self.recovery = recovery
    }

    /// An outlet that has not paid is not settled with.
    private func block(_ id: String, _ recovery: inout Recovery, in turn: inout Turn) {
        guard recovery.kind == .outlet, let outletId = recovery.partyId else { return }
        recovery.isBlocked = true
        turn.emit(
            SettlementBlocked(outletId: outletId, requestId: id, reason: .recovery), about: AdvanceRequest.key(id),
            rule: "R49", parameters: ["recoveryDays": .int(Int64(turn.policy.handling.recoveryDays))],
            facts: .object(figures + [.init("due", .string(recovery.dueAt.description))]))
    }

    /// Nothing is owed any more: no further step begins, and a block ends, though R49 may be switched off by now.
    mutating func endRecovery(_ id: String, in turn: inout Turn) {
        guard var recovery else { return }
        recovery.nextAt = nil
        if recovery.isBlocked == true {
            recovery.isBlocked = nil
            turn.emit(
                SettlementReleased(outletId: recovery.partyId, requestId: id, reason: .recovery),
                about: AdvanceRequest.key(id), rule: "R49", facts: .object(figures))
        }
        self.recovery = recovery
    }

    /// What was paid, and what of it has come back or was given up.
    var figures: [JSON.Member] {
        [
            .init("disbursedFen", .int(disbursedFen)), .init("recoveredFen", .int(recoveredFen)),
            .init("writtenOffFen", .int(writtenOffFen)),
        ]
    }
}

extension AdvanceRequest.Recovery {
    /// Whole days (of 24 h) since the money was due, plus 1.
    fileprivate func day(at instant: Instant) -> Int {
        Int((instant.microseconds - dueAt.microseconds) / 86_400_000_000) + 1
    }

    /// When that day begins.
    fileprivate func begin(of day: Int) -> Instant { dueAt.adding(days: Int64(day - 1)) }
}

extension LiabilityProposed.Liable.Kind {
    /// Whether such a party is asked for the money.
    var isAsked: Bool {
        switch self {
        case .manufacturer, .outlet, .person: true
        case .customer, .nobody: false
        }
    }
}
