import Policy
import Schema

// MARK: What is said about a case

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
        _ = desk.record.note(hazards: opened.complaint.hazards ?? [])
        desk.assign(
            placement, .opened, termFrom: opened.complaint.receivedAt,
            // Without R04 nothing is major; a case still begins at the lowest place that its complaint names.
            rule: turn.policy.rules.isOn(.r04) ? "R04" : "lowest-place", parameters: severity.parameters,
            facts: severity.facts, in: &turn)
        desk.beginDuties(Word(opened.complaint), in: &turn)
        return desk
    }

    /// A linked complaint is judged as a first one is.
    mutating func link(_ linked: CaseDuplicateLinked, in turn: inout Turn) -> Verdict {
        let before = record.duties.count
        hear(
            Word(linked.complaint), Severity(linked.complaint, cluster: nil, turn.policy), rule: "R04",
            facts: [JSON.Member("linkedComplaint", .string(linked.complaintId))], in: &turn)
        spilled = Array(record.duties.dropFirst(max(before, RoutedCase.dutyLimit)))
        record.duties.removeLast(spilled.count)
        turn.link(linked, RoutedCase.key(linked.caseId))
        record.share(with: linked, in: &turn)
        return .applied
    }

    /// Hazards of which somebody has learned are judged as a linked complaint is that tells of them (R50); those that the case
    /// has already say nothing new. There are so few that their duties need no record of their own.
    mutating func declare(_ declared: CrisisDeclared, in turn: inout Turn) -> Verdict {
        if let rejection = turn.policy.rejection(of: declared.by, .declareCrisis) { return .refused(rejection) }
        guard turn.policy.rules.isOn(.r50) else { return .applied }
        let new = record.note(hazards: declared.hazards)
        guard !new.isEmpty else { return .applied }
        // Before there was a case nobody could accept it: who has heard of a fire first, or whose clock is behind, must be heard
        // at once, and headquarters have their hour.
        let word = Word(
            complaintId: record.complaintId, at: record.sinceReceipt(declared.at), hazards: new, rule: .r50)
        hear(
            word, Severity(declared: new, turn.policy), rule: "R04,R50",
            facts: [JSON.Member("declared", .array(new.map { .string($0) }))], in: &turn)
        return .applied
    }

    /// What makes a case major that is open takes it to headquarters. Where that has it already, what is new to the case makes
    /// a resolution void, if there is one; without one the term goes on.
    ///
    /// On a closed case it only leaves its mark: handling reopens the case, and `reopen` finds it major, and no resolution of
    /// those who did not know what is new to the case.
    private mutating func hear(
        _ word: Word, _ severity: Severity, rule: String, facts: [JSON.Member], in turn: inout Turn
    ) {
        _ = record.note(hazards: word.hazards)
        if severity.isMajor {
            record.isMajor = true
            let isNew = record.note(majorBy: severity.matters)
            if record.state == .open ? record.tier != .hq : record.state == .resolved && (record.tier != .hq || isNew) {
                moveUp(
                    to: .hq, termFrom: max(word.at, turn.now), rule: rule, parameters: severity.parameters,
                    facts: severity.facts + facts, in: &turn)
            } else if record.state == .closed, isNew {
                forgetResolutions(in: &turn)
            }
        }
        beginDuties(word, in: &turn)
    }

    /// Every complaint wants an answer (R43), every crisis the attention of headquarters at once (R34).
    private mutating func beginDuties(_ word: Word, in turn: inout Turn) {
        if turn.policy.rules.isOn(.r34), Severity.isCrisis(word.hazards) {
            let minutes = Int64(turn.policy.routing.crisisAcceptMinutes)
            turn.emit(
                CrisisAlerted(caseId: caseId, complaintId: word.complaintId, hazards: word.hazards),
                about: key, rule: (["R34"] + (word.rule.map { [$0.rawValue] } ?? [])).joined(separator: ","),
                parameters: ["crisisAcceptMinutes": .int(minutes)],
                facts: ["receivedAt": .string(word.at.description)])
            add(
                Duty(
                    kind: .acceptance, complaintId: word.complaintId, from: word.at,
                    term: Term(at: word.at.adding(minutes: minutes))))
        }
        guard turn.policy.rules.isOn(.r43) else { return }
        let term = turn.term(workingDays: turn.policy.routing.replyWorkingDays, after: word.at, rule: "R43")
        add(Duty(kind: .reply, complaintId: word.complaintId, from: word.at, term: term))
    }
}

/// A complaint about a case, or hazards that somebody has declared: what of it begins duties.
private struct Word {
    /// Of hazards that were declared that of the case.
    let complaintId: String
    /// When it was received.
    let at: Instant
    let hazards: [String]
    /// The rule by which it came, if it is no complaint.
    var rule: Rule?
}

extension Word {
    init(_ complaint: ComplaintReceived) {
        self.init(complaintId: complaint.complaintId, at: complaint.receivedAt, hazards: complaint.hazards ?? [])
    }
}
