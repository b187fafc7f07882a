import Policy
import Schema

/// What the decisions about a manufacturer need: its incidents of the last quarters (R17, R18).
struct ManufacturerDossier: Record {
    static let kind = "manufacturer"

    struct QuarterCount: Codable, Hashable, Sendable {
        let quarter: Quarter
        /// Incidents that count towards a demand, by the time of their callbacks.
        var count = 0
        /// The first of those incidents, in the order in which they came.
        var incidentIds: [String] = []
        var isDemanded = false
    }

    let manufacturerId: String
    /// Ascending.
    var quarters: [QuarterCount] = []
    var lettersIssued = 0

    var wake: Wake? { nil }
    var key: RecordKey { ManufacturerDossier.key(manufacturerId) }

    /// Callbacks that come later than this many quarters are counted on their own.
    private static let kept = 8

    init(manufacturerId: String) {
        self.manufacturerId = manufacturerId
    }

    /// Counts an incident; true if it is the one upon which a new service provider is demanded.
    mutating func count(_ incidentId: String, in quarter: Quarter, demandAt limit: Int) -> Bool {
        let index: Int
        if let known = quarters.firstIndex(where: { $0.quarter == quarter }) {
            index = known
        } else {
            quarters.append(QuarterCount(quarter: quarter))
            quarters.sort { $0.quarter < $1.quarter }
            if quarters.count > Self.kept { quarters.removeFirst(quarters.count - Self.kept) }
            guard let place = quarters.firstIndex(where: { $0.quarter == quarter }) else { return false }
            index = place
        }
        quarters[index].count += 1
        if !quarters[index].isDemanded, quarters[index].incidentIds.count < NamedIds.limit {
            quarters[index].incidentIds.append(incidentId)
        }
        guard quarters[index].count >= limit, !quarters[index].isDemanded else { return false }
        quarters[index].isDemanded = true
        return true
    }

    /// A satisfied customer in between starts the count again, where the policy says so.
    mutating func restart(_ quarter: Quarter) -> Bool {
        guard let index = quarters.firstIndex(where: { $0.quarter == quarter }), quarters[index].count > 0,
            !quarters[index].isDemanded
        else { return false }
        quarters[index].count = 0
        quarters[index].incidentIds = []
        return true
    }
}

/// One customer's dissatisfaction with a manufacturer, which headquarters owes an answer (R17).
struct Incident: Record {
    static let kind = "incident"

    let manufacturerId: String
    let caseId: String?
    /// Of the case; nil: not known, or letters do not name it.
    var complaintId: String?
    let serviceId: String?
    let occurredAt: Instant
    /// Who made the call that it comes from: he may not handle it. nil: a release before 0.2 told of the call.
    var caller: String?
    /// By when headquarters must have handled it; nil: it falls into a year without data, or R17 is off.
    var dueAt: Instant?
    var isHandled = false
    var isOverdue = false
    var lookAgainAt: Instant?
    var missingYears: [Int] = []

    var wake: Wake? {
        if isHandled || isOverdue { return nil }
        if let lookAgainAt { return Wake(at: lookAgainAt, order: PenaltyOrder.lookAgain) }
        return dueAt.map { Wake(at: $0, order: PenaltyOrder.obligation) }
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
