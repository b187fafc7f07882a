import Policy
import Schema

/// Leads from a violation's id to its outlet, tells a repeated report from a reused id, and knows by when the violation must
/// have been verified (R47), whether its dossier holds it or not.
struct ViolationIndex: Record {
    static let kind = "violation"
    let outletId: String
    /// Of the whole report.
    let fingerprint: String
    var caseId: String?
    /// When it was recorded; nil: no term runs, as it is verified, was said to be overdue, or a release before 0.3 recorded it.
    private var recordedAt: Instant?
    /// By when it must have been verified; nil: no term runs, or it ends in a year without data.
    private var dueAt: Instant?
    private var lookAgainAt: Instant?
    /// The year of which was said that it is missing.
    private var missingYear: Int?

    init(outletId: String, fingerprint: String, caseId: String?) {
        self.outletId = outletId
        self.fingerprint = fingerprint
        self.caseId = caseId
    }

    var wake: Wake? {
        if let lookAgainAt { return Wake(at: lookAgainAt, order: PenaltyOrder.lookAgain) }
        return dueAt.map { Wake(at: $0, order: PenaltyOrder.obligation) }
    }

    var owesVerification: Bool { recordedAt != nil }

    /// The term runs from the time at which it was recorded.
    mutating func begin(_ violation: Violation, in turn: inout Turn) {
        guard turn.policy.rules.isOn(.r47) else { return }
        recordedAt = violation.knownAt
        plan(violation.id, from: max(violation.knownAt, turn.now), in: &turn)
    }

    mutating func end() { (recordedAt, dueAt, lookAgainAt, missingYear) = (nil, nil, nil, nil) }

    /// - Parameter floor: what was due while its year was missing is due then.
    private mutating func plan(_ id: String, from floor: Instant, in turn: inout Turn) {
        lookAgainAt = nil
        guard let recordedAt else { return }
        do throws(CalendarGap) {
            let due = try turn.policy.calendar.deadline(
                workingDays: turn.policy.penalty.verificationWorkingDays, after: recordedAt)
            dueAt = max(due, floor)
        } catch {
            lookAgainAt = floor.date.adding(days: 1).at(hour: 0)
            guard missingYear != error.year else { return }
            missingYear = error.year
            turn.emit(
                CalendarMissing(year: error.year), about: ViolationIndex.key(id), rule: "calendar",
                facts: ["violationId": .string(id)])
        }
    }

    static func wake(_ id: String, at wake: Wake, in turn: inout Turn) {
        guard var index = turn.get(ViolationIndex.self, id) else { return }
        defer { turn.put(index, id) }
        if wake.order == PenaltyOrder.lookAgain {
            index.plan(id, from: wake.at, in: &turn)
            return
        }
        let recordedAt = index.recordedAt
        index.end()
        guard turn.policy.rules.isOn(.r47), let recordedAt else { return }
        turn.emit(
            ObligationOverdue(obligation: .verification, subject: id, caseId: index.caseId),
            about: ViolationIndex.key(id), rule: "R47",
            parameters: ["verificationWorkingDays": .int(Int64(turn.policy.penalty.verificationWorkingDays))],
            facts: ["outletId": .string(index.outletId), "recordedAt": .string(recordedAt.description)])
    }
}
