import Policy
import Schema

extension CallbackDissatisfied {
    /// The outlet on which the customer lays the fault, where it is known.
    var outletAtFault: String? { atFault == .outlet ? outletId : nil }

    /// Under this category a callback's complaint about an outlet is recorded.
    static let violationCategory = "callback-dissatisfied"

    /// The case that the answer is about; of an answer about a service, the one that intake makes of it.
    var caseOfAnswer: String? {
        if let caseId { return caseId }
        guard (serviceId ?? about.serviceId) != nil else { return nil }
        return Identifiers.caseId(source: StageName.callback.source, complaintId: callbackId)
    }
}

extension PenaltyStage {
    /// `violation.reported`: recorded, but it counts only once it is verified (R11).
    func report(_ data: ViolationReported, _ event: Event, in turn: inout Turn) -> Verdict {
        if let rejection = turn.rejection(of: data.by) ?? turn.policy.rejection(of: data.by, .reportViolation) {
            return .refused(rejection)
        }
        let fingerprint = data.fingerprint()
        if let known = turn.get(ViolationIndex.self, data.violationId) {
            return known.fingerprint == fingerprint ? .applied : .refused(Self.taken(data.violationId))
        }
        open(
            Violation(data, knownAt: event.time, turn.policy), outletId: data.outletId, fingerprint, data.recordedBy,
            storeId: data.storeId, in: &turn)
        return .applied
    }

    /// `callback.dissatisfied`: at fault outlet an unverified violation, at fault manufacturer an incident.
    func record(_ data: CallbackDissatisfied, _ event: Event, in turn: inout Turn) -> Verdict {
        guard let outletId = data.outletAtFault else {
            return recordIncident(of: data, in: &turn)
        }
        // The task counts once, whatever else a repeated event says.
        let fingerprint = Identifiers.uuid([CallbackDissatisfied.violationCategory, data.callbackId, outletId])
        if let known = turn.get(ViolationIndex.self, data.callbackId) {
            return known.fingerprint == fingerprint ? .applied : .refused(Self.taken(data.callbackId))
        }
        open(
            Violation(data, occurredAt: turn.now, knownAt: event.time, turn.policy), outletId: outletId, fingerprint,
            .callback, storeId: data.storeId, in: &turn)
        return .applied
    }

    /// `case.closed`: with liability outlet a derived violation of it, at the first such closing (R45).
    func record(_ data: CaseClosed, _ event: Event, in turn: inout Turn) -> Verdict {
        guard turn.policy.rules.isOn(.r45), let outletId = data.outletLiable(turn.policy) else { return .applied }
        // Whatever a later closing says.
        let fingerprint = Identifiers.uuid([CaseClosed.violationCategory, data.caseId])
        if let known = turn.get(ViolationIndex.self, data.caseId) {
            return known.fingerprint == fingerprint ? .applied : .refused(Self.taken(data.caseId))
        }
        open(
            Violation(data, knownAt: event.time, turn.policy), outletId: outletId, fingerprint, nil,
            storeId: data.storeId, in: &turn)
        return .applied
    }

    /// - Parameter recordedBy: nil: nobody, it follows from the closing of a case.
    private func open(
        _ violation: Violation, outletId: String, _ fingerprint: String, _ recordedBy: ViolationReported.Recorder?,
        storeId: String?, in turn: inout Turn
    ) {
        var dossier = turn.dossier(outletId)
        dossier.take(violation, in: &turn)
        var index = ViolationIndex(outletId: outletId, fingerprint: fingerprint, caseId: violation.caseId)
        index.begin(violation, in: &turn)
        turn.put(index, violation.id)
        turn.emit(
            ViolationRecorded(
                violationId: violation.id, outletId: outletId, verified: false, category: violation.category,
                occurredAt: violation.occurredAt, knownAt: violation.knownAt, recordedBy: recordedBy, storeId: storeId,
                caseId: violation.caseId, serviceId: violation.serviceId, derived: violation.derived,
                group: dossier.group(of: violation),
                weight: turn.policy.penalty.weights[violation.category]),
            about: dossier.key, rule: recordedBy == nil ? "R45" : "R11",
            facts: ["listed": .bool(dossier.listedSince != nil)])
        dossier.settle(knownAt: violation.knownAt, in: &turn)
    }

    /// `violation.verified`: another person than the reporter upholds it or turns it down (R11).
    func verify(_ data: ViolationVerified, in turn: inout Turn) -> Verdict {
        if let rejection = turn.rejection(of: data.by) { return .refused(rejection) }
        guard var index = turn.get(ViolationIndex.self, data.violationId) else {
            return .unknownReference(ViolationIndex.key(data.violationId))
        }
        if let rejection = turn.policy.rejection(of: data.by, .verifyViolation) { return .refused(rejection) }
        var dossier = turn.dossier(index.outletId)
        let position = dossier.violations.firstIndex { $0.id == data.violationId }
        let apart = turn.get(ViolationApart.self, data.violationId)
        let known = position.map { dossier.violations[$0] } ?? apart?.violation
        if known?.reporter == data.by.id { return .refused(Rejection("own-report", ["by": .string(data.by.id)])) }
        guard var violation = known, violation.verifiedAt == nil else {
            return .refused(Rejection("already-verified", ["violationId": .string(data.violationId)]))
        }
        if index.owesVerification {
            index.end()
            turn.put(index, data.violationId)
        }
        let time = dossier.effectiveTime(turn.now)
        violation.verifiedAt = time
        violation.upheld = data.upheld
        turn.emit(
            ViolationRecorded(
                violationId: violation.id, outletId: index.outletId, verified: true, upheld: data.upheld,
                category: violation.category, occurredAt: violation.occurredAt, caseId: violation.caseId,
                serviceId: violation.serviceId, derived: violation.derived, group: dossier.group(of: violation),
                weight: turn.policy.penalty.weights[violation.category]),
            about: dossier.key, rule: "R11", facts: ["verifiedBy": .string(data.by.id)])
        if let position {
            dossier.violations[position] = violation
            if dossier.isClosed { dossier.violations.remove(at: position) }
        } else {
            turn.put(ViolationApart(violation: violation), violation.id)
            if data.upheld, !dossier.isClosed { dossier.count(violation, in: &turn) }
        }
        if data.upheld, !dossier.isClosed {
            dossier.noteUnseen(at: time)
            dossier.judgeGrave(violation, in: &turn)
        }
        dossier.settle(in: &turn)
        return .applied
    }

    static func taken(_ id: String) -> Rejection { Rejection("id-taken", ["id": .string(id)]) }
}

extension Violation {
    init(_ data: ViolationReported, knownAt: Instant, _ policy: PolicyBook) {
        self.init(
            id: data.violationId, category: data.category, caseId: data.caseId,
            complaintId: policy.letters.namesComplaints ? data.complaintId : nil, serviceId: data.serviceId,
            occurredAt: data.occurredAt, knownAt: knownAt, reporter: data.by.id, hazards: Self.some(data.hazards))
    }

    /// Of a dissatisfied answer. With R45 it is derived, and one matter with the case that comes of the answer.
    init(_ data: CallbackDissatisfied, occurredAt: Instant, knownAt: Instant, _ policy: PolicyBook) {
        let isDerived = policy.rules.isOn(.r45)
        self.init(
            id: data.callbackId, category: CallbackDissatisfied.violationCategory,
            caseId: isDerived ? data.caseOfAnswer : data.caseId,
            complaintId: policy.letters.namesComplaints ? data.about.complaintId : nil,
            serviceId: data.serviceId, occurredAt: occurredAt, knownAt: knownAt, reporter: data.by, hazards: nil,
            derived: isDerived ? true : nil)
    }

    /// Of a closing; when the first complaint was received, or, where an older release tells of it, when the case closed.
    init(_ data: CaseClosed, knownAt: Instant, _ policy: PolicyBook) {
        self.init(
            id: data.caseId, category: CaseClosed.violationCategory, caseId: data.caseId,
            complaintId: policy.letters.namesComplaints ? data.complaintId : nil, serviceId: nil,
            occurredAt: data.receivedAt ?? data.closedAt, knownAt: knownAt, reporter: data.by,
            hazards: Self.some(data.hazards), derived: true)
    }

    private static func some(_ hazards: [String]?) -> [String]? { hazards?.isEmpty ?? true ? nil : hazards }
}
