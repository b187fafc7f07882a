import Policy
import Schema

/// One failing of a manufacturer, which headquarters owes an answer (R17).
struct Incident: Record {
    static let kind = "incident"

    /// What an incident follows from.
    struct Origin: Codable, Hashable, Sendable {
        enum Source: String, Codable, Sendable {
            /// A dissatisfied call at fault of the manufacturer.
            case call
            /// A report of a store.
            case problem
            /// An advance that the manufacturer had not settled (R06).
            case advance
        }

        let source: Source
        /// The callbackId, problemId or requestId.
        let id: String
        /// Of the report of a store, to tell it from another one under its id.
        var fingerprint: String?
    }

    let manufacturerId: String
    /// Of a call about a service the case that intake makes of its answer.
    let caseId: String?
    /// Of the case; nil: not known, or letters do not name it.
    var complaintId: String?
    let serviceId: String?
    let occurredAt: Instant
    /// Who made the call that it comes from: he may not handle it. nil: no call, or a release before 0.2 told of it.
    var caller: String?
    /// By when headquarters must have handled it; nil: it falls into a year without data, or R17 is off.
    var dueAt: Instant?
    var isHandled = false
    var isOverdue = false
    var lookAgainAt: Instant?
    var missingYears: [Int] = []
    /// Always written, so that workers of releases before 0.3, which dismiss nothing, leave it to newer ones.
    /// nil: one of them has recorded it, from a call.
    var origin: Origin?
    /// nil: of a call.
    var kind: ManufacturerIncidentRecorded.Kind?
    /// False: it was dismissed. nil: it is not handled, or was upheld.
    var upheld: Bool?

    var wake: Wake? {
        if isHandled || isOverdue { return nil }
        if let lookAgainAt { return Wake(at: lookAgainAt, order: PenaltyOrder.lookAgain) }
        return dueAt.map { Wake(at: $0, order: PenaltyOrder.obligation) }
    }

    /// How it counts once it is upheld (R18).
    func countable(_ id: String) -> QuarterCount.Upheld {
        QuarterCount.Upheld(incidentId: id, caseId: caseId, at: occurredAt)
    }

    /// Says that it is recorded, or that it has been handled.
    func announcement(_ id: String, upheld: Bool? = nil) -> ManufacturerIncidentRecorded {
        func origin(_ source: Origin.Source) -> String? {
            self.origin.flatMap { $0.source == source ? $0.id : nil }
        }
        return ManufacturerIncidentRecorded(
            incidentId: id, manufacturerId: manufacturerId, callbackId: origin(.call), caseId: caseId,
            serviceId: serviceId, kind: kind ?? .dissatisfied, problemId: origin(.problem),
            requestId: origin(.advance), occurredAt: occurredAt, handled: upheld != nil, upheld: upheld)
    }

    /// Sets the deadline; where the calendar has no data for it, it is looked at again every day.
    mutating func plan(_ id: String, in turn: inout Turn) {
        lookAgainAt = nil
        guard turn.policy.rules.isOn(.r17) else { return }
        do throws(CalendarGap) {
            let due = try turn.policy.calendar.deadline(
                workingDays: turn.policy.penalty.manufacturerIncidentWorkingDays, after: occurredAt)
            dueAt = max(due, turn.now)
        } catch {
            lookAgainAt = turn.now.date.adding(days: 1).at(hour: 0)
            guard !missingYears.contains(error.year) else { return }
            missingYears.append(error.year)
            turn.emit(
                CalendarMissing(year: error.year), about: Incident.key(id), rule: "calendar",
                facts: ["incidentId": .string(id)])
        }
    }

    static func wake(_ id: String, at wake: Wake, in turn: inout Turn) {
        guard var incident = turn.get(Incident.self, id) else { return }
        if wake.order == PenaltyOrder.lookAgain {
            incident.plan(id, in: &turn)
        } else if !turn.policy.rules.isOn(.r17) {
            incident.dueAt = nil
        } else {
            incident.isOverdue = true
            turn.emit(
                ObligationOverdue(obligation: .manufacturerIncident, subject: id, caseId: incident.caseId),
                about: Incident.key(id), rule: "R17",
                parameters: [
                    "manufacturerIncidentWorkingDays": .int(
                        Int64(turn.policy.penalty.manufacturerIncidentWorkingDays))
                ],
                facts: [
                    "manufacturerId": .string(incident.manufacturerId),
                    "occurredAt": .string(incident.occurredAt.description),
                ])
        }
        turn.put(incident, id)
    }
}
