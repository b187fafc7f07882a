import Policy
import Schema

extension CallbackDissatisfied {
    /// The outlet on which the customer lays the fault, where it is known.
    var outletAtFault: String? { atFault == .outlet ? outletId : nil }

    /// Under this category a callback's complaint about an outlet is recorded.
    static let violationCategory = "callback-dissatisfied"
}

extension PenaltyStage {
    /// `violation.reported`: recorded, but it counts only once it is verified (R11).
    func report(_ data: ViolationReported, _ event: Event, in turn: inout Turn) throws -> Verdict {
        if let rejection = turn.rejection(of: data.by) { return .refused(rejection) }
        let fingerprint = try data.fingerprint()
        if let known = turn.get(ViolationIndex.self, data.violationId) {
            return known.fingerprint == fingerprint ? .applied : .refused(Self.taken(data.violationId))
        }
        let hazards = data.hazards ?? []
        let violation = Violation(
            id: data.violationId, category: data.category, caseId: data.caseId,
            complaintId: turn.policy.letters.namesComplaints ? data.complaintId : nil, serviceId: data.serviceId,
            occurredAt: data.occurredAt, knownAt: event.time, reporter: data.by.id,
            hazards: hazards.isEmpty ? nil : hazards)
        open(violation, outletId: data.outletId, fingerprint, data.recordedBy, storeId: data.storeId, in: &turn)
        return .applied
    }

    /// `callback.dissatisfied`: at fault outlet an unverified violation, at fault manufacturer an incident.
    func record(_ data: CallbackDissatisfied, _ event: Event, in turn: inout Turn) throws -> Verdict {
        guard let outletId = data.outletAtFault else {
            if let manufacturerId = data.manufacturerAtFault { recordIncident(data, manufacturerId, in: &turn) }
            return .applied
        }
        // The task counts once, whatever else a repeated event says.
        let fingerprint = Identifiers.uuid([CallbackDissatisfied.violationCategory, data.callbackId, outletId])
        if let known = turn.get(ViolationIndex.self, data.callbackId) {
            return known.fingerprint == fingerprint ? .applied : .refused(Self.taken(data.callbackId))
        }
        let violation = Violation(
            id: data.callbackId, category: CallbackDissatisfied.violationCategory, caseId: data.caseId,
            complaintId: turn.policy.letters.namesComplaints ? data.about.complaintId : nil,
            serviceId: data.serviceId, occurredAt: turn.now, knownAt: event.time, reporter: data.by, hazards: nil)
        open(violation, outletId: outletId, fingerprint, .callback, storeId: data.storeId, in: &turn)
        return .applied
    }

    private func open(
        _ violation: Violation, outletId: String, _ fingerprint: String, _ recordedBy: ViolationReported.Recorder,
        storeId: String?, in turn: inout Turn
    ) {
        var dossier = turn.dossier(outletId)
        // A twin may move what is counted already to the month of its own occurrence.
        if dossier.violations.contains(where: violation.isTwin) {
            dossier.noteUnseen(at: dossier.effectiveTime(violation.knownAt))
        }
        dossier.violations.append(violation)
        turn.put(ViolationIndex(outletId: outletId, fingerprint: fingerprint), violation.id)
        turn.emit(
            ViolationRecorded(
                violationId: violation.id, outletId: outletId, verified: false, category: violation.category,
                occurredAt: violation.occurredAt, knownAt: violation.knownAt, recordedBy: recordedBy, storeId: storeId,
                caseId: violation.caseId,
                serviceId: violation.serviceId),
            about: dossier.key, rule: "R11", facts: ["listed": .bool(dossier.listedSince != nil)])
        dossier.settle(knownAt: violation.knownAt, in: &turn)
    }

    /// `violation.verified`: another person than the reporter upholds it or turns it down (R11).
    func verify(_ data: ViolationVerified, in turn: inout Turn) -> Verdict {
        guard let index = turn.get(ViolationIndex.self, data.violationId) else {
            return .unknownReference("violation \(data.violationId)")
        }
        if let rejection = turn.rejection(of: data.by) { return .refused(rejection) }
        var dossier = turn.dossier(index.outletId)
        guard let position = dossier.violations.firstIndex(where: { $0.id == data.violationId }),
            dossier.violations[position].verifiedAt == nil
        else { return .refused(Rejection("already-verified", ["violationId": .string(data.violationId)])) }
        guard dossier.violations[position].reporter != data.by.id else {
            return .refused(Rejection("own-report", ["by": .string(data.by.id)]))
        }
        let time = dossier.effectiveTime(turn.now)
        dossier.violations[position].verifiedAt = time
        dossier.violations[position].upheld = data.upheld
        let violation = dossier.violations[position]
        turn.emit(
            ViolationRecorded(
                violationId: violation.id, outletId: index.outletId, verified: true, upheld: data.upheld,
                category: violation.category, occurredAt: violation.occurredAt, caseId: violation.caseId,
                serviceId: violation.serviceId),
            about: dossier.key, rule: "R11", facts: ["verifiedBy": .string(data.by.id)])
        if dossier.isClosed {
            dossier.violations.remove(at: position)
        } else if data.upheld {
            dossier.noteUnseen(at: time)
        }
        dossier.settle(in: &turn)
        return .applied
    }

    static func taken(_ id: String) -> Rejection { Rejection("id-taken", ["id": .string(id)]) }
}
