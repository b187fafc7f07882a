import Policy
import Schema

extension CallbackDissatisfied {
    /// The manufacturer on which the customer lays the fault, where it is known.
    var manufacturerAtFault: String? { atFault == .manufacturer ? manufacturerId : nil }
}

extension PenaltyStage {
    /// What an incident may write.
    static func keys(
        ofIncident data: CallbackDissatisfied, _ manufacturerId: String, at time: Instant, given records: RecordReader
    ) -> [RecordKey] {
        let quarter = Quarter(of: time.date)
        let noticeId = replacementNoticeId(manufacturerId, quarter)
        // The letter lists the incidents before this one.
        let others = records.get(ManufacturerDossier.self, manufacturerId)?.quarters.first { $0.quarter == quarter }
        return [
            ManufacturerDossier.key(manufacturerId), Incident.key(Identifiers.incidentId(callbackId: data.callbackId)),
            NoticeIndex.key(noticeId),
        ] + (others?.incidentIds ?? []).prefix(LetterTemplate.rowLimit).map { Incident.key($0) }
    }

    private static func replacementNoticeId(_ manufacturerId: String, _ quarter: Quarter) -> String {
        Identifiers.noticeId(
            kind: NoticeIssued.Kind.manufacturerReplacement.rawValue, addressee: manufacturerId,
            period: quarter.description)
    }

    /// The letter that follows upon an incident.
    static func penaltyNoticeId(_ manufacturerId: String, incidentId: String) -> String {
        Identifiers.noticeId(
            kind: NoticeIssued.Kind.manufacturerPenalty.rawValue, addressee: manufacturerId, period: incidentId)
    }

    /// `callback.dissatisfied` at fault manufacturer: an incident; the 3rd of a quarter demands a new provider (R18).
    func recordIncident(_ data: CallbackDissatisfied, _ manufacturerId: String, in turn: inout Turn) {
        let id = Identifiers.incidentId(callbackId: data.callbackId)
        // A task counts once.
        guard turn.get(Incident.self, id) == nil else { return }
        var dossier =
            turn.get(ManufacturerDossier.self, manufacturerId) ?? ManufacturerDossier(manufacturerId: manufacturerId)
        let penalty = turn.policy.penalty
        let quarter = Quarter(of: turn.now.date)
        var incident = Incident(
            manufacturerId: manufacturerId, caseId: data.caseId,
            complaintId: turn.policy.letters.namesComplaints ? data.about.complaintId : nil,
            serviceId: data.serviceId, occurredAt: turn.now, caller: data.by)
        turn.emit(
            ManufacturerIncidentRecorded(
                incidentId: id, manufacturerId: manufacturerId, callbackId: data.callbackId, caseId: data.caseId,
                serviceId: data.serviceId),
            about: dossier.key, rule: "R17", facts: ["quarter": .string(quarter.description)])
        incident.plan(id, in: &turn)
        let isDemanded =
            turn.policy.rules.isOn(.r18)
            && dossier.count(id, in: quarter, demandAt: penalty.replacementIncidents)
        turn.put(incident, id)
        if isDemanded { demandReplacement(&dossier, quarter, in: &turn) }
        turn.put(dossier, manufacturerId)
    }

    private func demandReplacement(_ dossier: inout ManufacturerDossier, _ quarter: Quarter, in turn: inout Turn) {
        let counted = dossier.quarters.first { $0.quarter == quarter }
        let incidents = counted?.incidentIds ?? []
        let count = counted?.count ?? 0
        let parameters: JSON = [
            "replacementIncidents": .int(Int64(turn.policy.penalty.replacementIncidents)),
            "strictConsecutive": .bool(turn.policy.penalty.strictConsecutive),
        ]
        let facts = JSON.object(
            [.init("quarter", .string(quarter.description)), .init("count", .int(Int64(count)))]
                + NamedIds(incidents, of: count).members("incidentIds"))
        turn.emit(
            ManufacturerReplacementDemanded(manufacturerId: dossier.manufacturerId, quarter: quarter.description),
            about: dossier.key, rule: "R18", parameters: parameters, facts: facts)
        let noticeId = Self.replacementNoticeId(dossier.manufacturerId, quarter)
        let letter = ManufacturerLetter(
            number: dossier.nextNumber(turn.now), manufacturerId: dossier.manufacturerId, date: turn.now.date,
            policy: turn.policy)
        let listed = incidents.prefix(LetterTemplate.rowLimit).compactMap { id in
            turn.get(Incident.self, id).map { (id: id, incident: $0) }
        }
        turn.emit(
            NoticeIssued(
                noticeId: noticeId, kind: .manufacturerReplacement, addressee: dossier.manufacturerId,
                number: letter.number,
                letter: letter.replacement(quarter, count: count, incidents: listed)),
            about: dossier.key, rule: "R18,R14",
            parameters: turn.policy.parameters(of: .manufacturerReplacement, parameters.members ?? []), facts: facts)
        turn.put(NoticeIndex(outletId: nil), noticeId)
    }

    /// `manufacturer-incident.handled`: by headquarters; the penalty letter goes out upon it (R17).
    func handle(_ data: ManufacturerIncidentHandled, in turn: inout Turn) -> Verdict {
        if let rejection = turn.rejection(of: data.by) { return .refused(rejection) }
        guard var incident = turn.get(Incident.self, data.incidentId) else {
            return .unknownReference(Incident.key(data.incidentId))
        }
        if let rejection = turn.policy.rejection(of: data.by, .handleIncident) { return .refused(rejection) }
        if incident.caller == data.by.id {
            return .refused(Rejection("own-decision", ["of": "call", "by": .string(data.by.id)]))
        }
        guard !incident.isHandled else {
            return .refused(Rejection("already-handled", ["incidentId": .string(data.incidentId)]))
        }
        incident.isHandled = true
        turn.put(incident, data.incidentId)
        // R17 off: no letter follows.
        guard turn.policy.rules.isOn(.r17) else { return .applied }
        var dossier =
            turn.get(ManufacturerDossier.self, incident.manufacturerId)
            ?? ManufacturerDossier(manufacturerId: incident.manufacturerId)
        let noticeId = Self.penaltyNoticeId(incident.manufacturerId, incidentId: data.incidentId)
        let letter = ManufacturerLetter(
            number: dossier.nextNumber(turn.now), manufacturerId: incident.manufacturerId, date: turn.now.date,
            policy: turn.policy)
        turn.emit(
            NoticeIssued(
                noticeId: noticeId, kind: .manufacturerPenalty, addressee: incident.manufacturerId,
                incidentId: data.incidentId, number: letter.number,
                letter: letter.penalty(incident, data.incidentId, amountFen: data.amountFen)),
            about: dossier.key, rule: "R17,R14", parameters: turn.policy.parameters(of: .manufacturerPenalty),
            facts: ["incidentId": .string(data.incidentId), "handledBy": .string(data.by.id)])
        turn.put(dossier, incident.manufacturerId)
        turn.put(NoticeIndex(outletId: nil), noticeId)
        return .applied
    }

    /// `callback.satisfied`: with `strictConsecutive` it starts the count of its manufacturer again (R18).
    func take(_ data: CallbackSatisfied, in turn: inout Turn) -> Verdict {
        guard turn.policy.penalty.strictConsecutive, let manufacturerId = data.manufacturerId,
            var dossier = turn.get(ManufacturerDossier.self, manufacturerId),
            dossier.restart(Quarter(of: turn.now.date))
        else { return .applied }
        turn.put(dossier, manufacturerId)
        return .applied
    }
}

extension ManufacturerDossier {
    /// Gives out the number of the next letter.
    mutating func nextNumber(_ now: Instant) -> String {
        lettersIssued += 1
        return "\(manufacturerId)-\(Period.text(year: now.date.year))-\(lettersIssued)"
    }
}
