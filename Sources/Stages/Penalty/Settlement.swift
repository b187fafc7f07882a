import Policy
import Schema

/// A service whose feedback form is awaited before it is settled (R38).
struct Settlement: Record {
    static let kind = "service"

    /// nil: no outlet did the service, so no form is owed.
    let outletId: String?
    /// Of the whole report.
    let fingerprint: String
    /// By when the form is due; nil: none is owed, or it is there.
    var dueAt: Instant?
    var isReceived = false
    var isBlocked = false

    var wake: Wake? { dueAt.map { Wake(at: $0, order: PenaltyOrder.obligation) } }

    static func wake(_ id: String, at wake: Wake, in turn: inout Turn) {
        guard var service = turn.get(Settlement.self, id) else { return }
        service.block(id, in: &turn)
        turn.put(service, id)
    }

    /// The form has not come in time.
    private mutating func block(_ id: String, in turn: inout Turn) {
        dueAt = nil
        guard turn.policy.rules.isOn(.r38) else { return }
        isBlocked = true
        turn.emit(
            SettlementBlocked(serviceId: id, outletId: outletId), about: Settlement.key(id), rule: "R38",
            parameters: ["feedbackFormDays": .int(Int64(turn.policy.penalty.feedbackFormDays))],
            facts: ["due": .string(turn.now.description)])
    }
}

extension PenaltyStage {
    /// `service.completed`: with an outlet, its feedback form is due in 10 days (R38).
    func take(_ data: ServiceCompleted, in turn: inout Turn) throws -> Verdict {
        let fingerprint = data.fingerprint()
        if let known = turn.get(Settlement.self, data.serviceId) {
            return known.fingerprint == fingerprint ? .applied : .refused(Self.taken(data.serviceId))
        }
        var service = Settlement(outletId: data.outletId, fingerprint: fingerprint)
        if data.outletId != nil, turn.policy.rules.isOn(.r38) {
            service.dueAt = turn.now.adding(days: Int64(turn.policy.penalty.feedbackFormDays))
        }
        turn.put(service, data.serviceId)
        return .applied
    }

    /// `feedback-form.submitted`: a blocked settlement is released; a second form changes nothing (R38).
    func take(_ data: FeedbackFormSubmitted, in turn: inout Turn) -> Verdict {
        if let rejection = turn.rejection(of: data.by) { return .refused(rejection) }
        guard var service = turn.get(Settlement.self, data.serviceId) else {
            return .unknownReference(Settlement.key(data.serviceId))
        }
        if let rejection = turn.policy.rejection(of: data.by, .submitForm) { return .refused(rejection) }
        guard !service.isReceived else { return .applied }
        service.isReceived = true
        service.dueAt = nil
        if service.isBlocked {
            service.isBlocked = false
            turn.emit(
                SettlementReleased(serviceId: data.serviceId, outletId: service.outletId),
                about: Settlement.key(data.serviceId), rule: "R38", facts: ["at": .string(data.at.description)])
        }
        turn.put(service, data.serviceId)
        return .applied
    }
}
