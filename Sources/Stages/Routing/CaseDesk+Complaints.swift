import Policy
import Schema

// MARK: What intake tells

extension CaseDesk {
    /// Gives a new case to its first handler (R01, R04).
    static func open(_ opened: CaseOpened, in turn: inout Turn) -> CaseDesk {
        let severity = Severity(opened.complaint, cluster: opened.cluster, turn.policy)
        let placement = Places(opened.complaint, at: turn.now, turn.policy)
            .placement(from: severity.isMajor ? .hq : .store)
        let record = RoutedCase(
            opened: opened, placement: placement, isMajor: severity.isMajor, at: opened.complaint.receivedAt)
        var desk = CaseDesk(caseId: opened.caseId, record: record)
        _ = desk.record.note(majorBy: severity.matters)
        desk.assign(
            placement, .opened, termFrom: opened.complaint.receivedAt,
            // Without R04 nothing is major; a case still begins at the lowest place that its complaint names.
            rule: turn.policy.rules.isOn(.r04) ? "R04" : "lowest-place", parameters: severity.parameters,
            facts: severity.facts, in: &turn)
        desk.beginDuties(of: opened.complaint, in: &turn)
        return desk
    }

    /// A linked complaint is judged as a first one is; what makes it major takes the open case to headquarters. Where that has
    /// it already, what is new to the case makes a resolution void, if there is one; without one the term goes on.
    ///
    /// On a closed case it only leaves its mark: handling reopens the case, and `reopen` finds it major.
    mutating func link(_ linked: CaseDuplicateLinked, in turn: inout Turn) -> Verdict {
        let severity = Severity(linked.complaint, cluster: nil, turn.policy)
        let before = record.duties.count
        if severity.isMajor {
            record.isMajor = true
            let isNew = record.note(majorBy: severity.matters)
            if record.state == .open ? record.tier != .hq : record.state == .resolved && (record.tier != .hq || isNew) {
                let facts = severity.facts + [JSON.Member("linkedComplaint", .string(linked.complaintId))]
                moveUp(to: .hq, rule: "R04", parameters: severity.parameters, facts: facts, in: &turn)
            }
        }
        beginDuties(of: linked.complaint, in: &turn)
        spilled = Array(record.duties.dropFirst(max(before, RoutedCase.dutyLimit)))
        record.duties.removeLast(spilled.count)
        turn.link(linked, RoutedCase.key(linked.caseId))
        record.share(with: linked, in: &turn)
        return .applied
    }

    /// Every complaint wants an answer (R43), every crisis the attention of headquarters at once (R34).
    private mutating func beginDuties(of complaint: ComplaintReceived, in turn: inout Turn) {
        if turn.policy.rules.isOn(.r34), Severity.isCrisis(complaint) {
            let minutes = Int64(turn.policy.routing.crisisAcceptMinutes)
            turn.emit(
                CrisisAlerted(
                    caseId: caseId, complaintId: complaint.complaintId, hazards: complaint.hazards ?? []),
                about: key, rule: "R34", parameters: ["crisisAcceptMinutes": .int(minutes)],
                facts: ["receivedAt": .string(complaint.receivedAt.description)])
            add(
                Duty(
                    kind: .acceptance, complaintId: complaint.complaintId, from: complaint.receivedAt,
                    term: Term(at: complaint.receivedAt.adding(minutes: minutes))))
        }
        guard turn.policy.rules.isOn(.r43) else { return }
        let term = turn.term(
            workingDays: turn.policy.routing.replyWorkingDays, after: complaint.receivedAt, rule: "R43")
        add(Duty(kind: .reply, complaintId: complaint.complaintId, from: complaint.receivedAt, term: term))
    }
}
