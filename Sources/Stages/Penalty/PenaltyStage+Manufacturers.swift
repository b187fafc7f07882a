import Policy
import Schema

/// Incidents of manufacturers: recorded, handled by headquarters, counted (R17, R18).
extension PenaltyStage {
    /// What an incident may write.
    static func keys(of report: IncidentReport) -> [RecordKey] {
        [ManufacturerDossier.key(report.manufacturerId), Incident.key(report.incidentId)]
    }

    static func keys(of data: ManufacturerIncidentHandled, given records: RecordReader) -> [RecordKey] {
        let key = Incident.key(data.incidentId)
        guard let incident = records.get(Incident.self, data.incidentId) else { return [key] }
        let manufacturerId = incident.manufacturerId
        return [
            key, ManufacturerDossier.key(manufacturerId),
            NoticeIndex.key(penaltyNoticeId(manufacturerId, incidentId: data.incidentId)),
            Replacement.key(Replacement.id(manufacturerId, Quarter(of: incident.occurredAt.date))),
        ]
    }

    /// The letter that follows upon an incident.
    private static func penaltyNoticeId(_ manufacturerId: String, incidentId: String) -> String {
        Identifiers.noticeId(
            kind: NoticeIssued.Kind.manufacturerPenalty.rawValue, addressee: manufacturerId, period: incidentId)
    }

    /// `manufacturer-problem.reported`: an incident, if it is known whose it is (R17).
    func report(_ data: ManufacturerProblemReported, in turn: inout Turn) -> Verdict {
        if let rejection = turn.rejection(of: data.by) ?? turn.policy.rejection(of: data.by, .reportProblem) {
            return .refused(rejection)
        }
        return recordIncident(of: data, in: &turn)
    }

    /// What tells of a failing of a manufacturer is an incident; nothing, where nobody knows of which one.
    func recordIncident(of data: any EventData, in turn: inout Turn) -> Verdict {
        guard let report = IncidentReport(data, turn.policy) else { return .applied }
        let id = report.incidentId
        if let known = turn.get(Incident.self, id) {
            // A task, a report and an advance count once; another source may not have the same id.
            let isSame = known.origin.map { $0 == report.origin } ?? (report.origin.source == .call)
            return isSame ? .applied : .refused(Self.taken(report.origin.id))
        }
        var dossier =
            turn.get(ManufacturerDossier.self, report.manufacturerId)
            ?? ManufacturerDossier(manufacturerId: report.manufacturerId)
        let quarter = Quarter(of: turn.now.date)
        var incident = Incident(
            manufacturerId: report.manufacturerId, caseId: report.caseId,
            complaintId: turn.policy.letters.namesComplaints ? report.complaintId : nil, serviceId: report.serviceId,
            occurredAt: turn.now, caller: report.caller, origin: report.origin, kind: report.kind)
        turn.emit(
            incident.announcement(id), about: dossier.key, rule: "R17",
            facts: ["quarter": .string(quarter.description), "manufacturerBy": .string(report.foundBy.rawValue)])
        incident.plan(id, in: &turn)
        turn.put(incident, id)
        if turn.policy.penalty.strictConsecutive {
            dossier.revise(quarter) { $0.note(incidentAt: incident.occurredAt) }
        }
        turn.put(dossier, report.manufacturerId)
        return .applied
    }

    /// `manufacturer-incident.handled`: by headquarters; unless it is dismissed, the penalty letter goes out upon it, and
    /// it counts (R17).
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
        let isUpheld = data.upheld ?? true
        incident.isHandled = true
        if !isUpheld { incident.upheld = false }
        turn.put(incident, data.incidentId)
        var dossier =
            turn.get(ManufacturerDossier.self, incident.manufacturerId)
            ?? ManufacturerDossier(manufacturerId: incident.manufacturerId)
        turn.emit(
            incident.announcement(data.incidentId, upheld: isUpheld), about: dossier.key, rule: "R17",
            facts: ["handledBy": .string(data.by.id)])
        if isUpheld {
            penalise(incident, data, &dossier, in: &turn)
            count(incident, data.incidentId, &dossier, in: &turn)
        } else {
            dossier.revise(Quarter(of: incident.occurredAt.date)) { $0.dismiss(data.incidentId) }
        }
        turn.put(dossier, incident.manufacturerId)
        return .applied
    }

    /// The penalty letter of an incident; with R17 off none follows.
    private func penalise(
        _ incident: Incident, _ data: ManufacturerIncidentHandled, _ dossier: inout ManufacturerDossier,
        in turn: inout Turn
    ) {
        guard turn.policy.rules.isOn(.r17) else { return }
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
        turn.put(NoticeIndex(outletId: nil), noticeId)
    }

    /// Counts an upheld incident in its own quarter; the third leads to a proposal, once a quarter (R18).
    private func count(
        _ incident: Incident, _ id: String, _ dossier: inout ManufacturerDossier, in turn: inout Turn
    ) {
        let penalty = turn.policy.penalty
        let quarter = Quarter(of: incident.occurredAt.date)
        guard penalty.countedKinds.contains(incident.kind ?? .dissatisfied) else {
            dossier.revise(quarter) { $0.dismiss(id) }
            return
        }
        // With R18 off it counts all the same, for a time when the rule is on again.
        guard let known = dossier.revise(quarter, { $0.uphold(incident.countable(id)) }), !known.isDemanded,
            turn.policy.rules.isOn(.r18)
        else { return }
        let (ids, count) = known.counted(with: incident.occurredAt, isStrict: penalty.strictConsecutive)
        guard count >= penalty.replacementIncidents else { return }
        dossier.revise(quarter) { $0.close() }
        propose(
            Replacement(
                manufacturerId: dossier.manufacturerId, quarter: quarter, incidentIds: NamedIds(ids).ids, count: count,
                threshold: penalty.replacementIncidents, isInARow: penalty.strictConsecutive, proposedAt: turn.now),
            dossier, in: &turn)
    }
}
