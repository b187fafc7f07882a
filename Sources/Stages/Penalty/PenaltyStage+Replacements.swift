import Policy
import Schema

/// Whether another service provider is demanded of a manufacturer: proposed, decided, said in a letter (R18).
extension PenaltyStage {
    static func keys(of data: ReplacementDecided, given records: RecordReader) -> [RecordKey] {
        let key = Replacement.key(data.proposalId)
        guard let proposal = records.get(Replacement.self, data.proposalId) else { return [key] }
        // The letter lists the incidents.
        return [key, ManufacturerDossier.key(proposal.manufacturerId), NoticeIndex.key(proposal.noticeId)]
            + proposal.incidentIds.prefix(LetterTemplate.rowLimit).map { Incident.key($0) }
    }

    func propose(_ proposal: Replacement, _ dossier: ManufacturerDossier, in turn: inout Turn) {
        let id = Replacement.id(proposal.manufacturerId, proposal.quarter)
        var proposal = proposal
        let days = turn.policy.penalty.decisionWorkingDays
        let named = proposal.incidents
        turn.emit(
            ManufacturerReplacementProposed(
                proposalId: id, manufacturerId: proposal.manufacturerId, quarter: proposal.quarter.description,
                incidentIds: named.ids, more: named.more),
            about: dossier.key, rule: "R18",
            parameters: .object(
                parameters(of: proposal, turn.policy) + [.init("decisionWorkingDays", .int(Int64(days)))]),
            facts: .object(facts(of: proposal)))
        proposal.term = turn.term(workingDays: days, after: turn.now, rule: "R18")
        turn.put(proposal, id)
    }

    private func parameters(of proposal: Replacement, _ policy: PolicyBook) -> [JSON.Member] {
        let kinds = policy.penalty.countedKinds.map { JSON.string($0.rawValue) }
        return [
            .init("replacementIncidents", .int(Int64(proposal.threshold))),
            .init("strictConsecutive", .bool(proposal.isInARow)), .init("countedKinds", .array(kinds)),
        ]
    }

    private func facts(of proposal: Replacement) -> [JSON.Member] {
        [
            .init("quarter", .string(proposal.quarter.description)), .init("count", .int(Int64(proposal.count))),
        ] + proposal.incidents.members("incidentIds")
    }

    /// `replacement.decided`: by the business division; approved, the letter goes out (R18).
    func decide(_ data: ReplacementDecided, in turn: inout Turn) -> Verdict {
        if let rejection = turn.rejection(of: data.by) { return .refused(rejection) }
        guard var proposal = turn.get(Replacement.self, data.proposalId) else {
            return .unknownReference(Replacement.key(data.proposalId))
        }
        if let rejection = turn.policy.rejection(of: data.by, .decideReplacement) { return .refused(rejection) }
        guard proposal.state == .undecided else {
            return .refused(Rejection("already-decided", ["state": .string(proposal.state.rawValue)]))
        }
        proposal.state = data.approved ? .approved : .rejected
        turn.put(proposal, data.proposalId)
        // R18 off: nothing is demanded.
        if data.approved, turn.policy.rules.isOn(.r18) { demand(proposal, data, in: &turn) }
        return .applied
    }

    private func demand(_ proposal: Replacement, _ data: ReplacementDecided, in turn: inout Turn) {
        var dossier =
            turn.get(ManufacturerDossier.self, proposal.manufacturerId)
            ?? ManufacturerDossier(manufacturerId: proposal.manufacturerId)
        let parameters = parameters(of: proposal, turn.policy)
        let facts = JSON.object(
            facts(of: proposal) + [
                .init("proposalId", .string(data.proposalId)), .init("decidedBy", .string(data.by.id)),
            ])
        turn.emit(
            ManufacturerReplacementDemanded(
                manufacturerId: proposal.manufacturerId, quarter: proposal.quarter.description,
                proposalId: data.proposalId),
            about: dossier.key, rule: "R18", parameters: .object(parameters), facts: facts)
        let letter = ManufacturerLetter(
            number: dossier.nextNumber(turn.now), manufacturerId: proposal.manufacturerId, date: turn.now.date,
            policy: turn.policy)
        let listed = proposal.incidentIds.prefix(LetterTemplate.rowLimit).compactMap { id in
            turn.get(Incident.self, id).map { (id: id, incident: $0) }
        }
        turn.emit(
            NoticeIssued(
                noticeId: proposal.noticeId, kind: .manufacturerReplacement, addressee: proposal.manufacturerId,
                proposalId: data.proposalId, number: letter.number,
                letter: letter.replacement(proposal, incidents: listed)),
            about: dossier.key, rule: "R18,R14",
            parameters: turn.policy.parameters(of: .manufacturerReplacement, parameters), facts: facts)
        turn.put(dossier, proposal.manufacturerId)
        turn.put(NoticeIndex(outletId: nil), proposal.noticeId)
    }

    /// `callback.satisfied`: with `strictConsecutive` the count of its manufacturer starts again (R18).
    func take(_ data: CallbackSatisfied, in turn: inout Turn) -> Verdict {
        guard turn.policy.penalty.strictConsecutive, let manufacturerId = data.manufacturerId else { return .applied }
        var dossier =
            turn.get(ManufacturerDossier.self, manufacturerId) ?? ManufacturerDossier(manufacturerId: manufacturerId)
        dossier.revise(Quarter(of: turn.now.date)) { $0.restart(at: turn.now) }
        turn.put(dossier, manufacturerId)
        return .applied
    }
}
