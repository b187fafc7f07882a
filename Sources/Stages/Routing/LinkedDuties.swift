import Schema

/// What is owed to one complaint that was linked to a case which owes as much already as its own record holds.
///
/// Under the case id that the complaint would have by itself. Whether a duty is met is asked of the case when it is due.
struct LinkedDuties: Record {
    static let kind = "linked-duties"

    /// The open case.
    let caseId: String
    var duties: [Duty]

    var wake: Wake? { duties.compactMap { $0.term.wake }.min().map { Wake(at: $0, isMetByOthers: true) } }

    /// Does everything that is due at exactly `instant`.
    static func wake(_ id: String, at instant: Instant, in turn: inout Turn) {
        guard var linked = turn.get(LinkedDuties.self, id),
            let record = turn.get(RoutedCase.self, linked.caseId)
        else { return }
        linked.duties = CaseDesk(caseId: linked.caseId, record: record).judge(linked.duties, at: instant, in: &turn)
        turn.put(linked, id)
    }
}
