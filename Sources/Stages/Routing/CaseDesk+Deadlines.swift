import Policy
import Schema

// MARK: What is due

extension CaseDesk {
    /// Does everything that is due at exactly `instant`: acceptance of a crisis, the term, replies, information.
    mutating func wake(at instant: Instant, in turn: inout Turn) {
        let due = record.duties.filter { $0.term.wake == instant }
        record.duties.removeAll { $0.term.wake == instant }
        for duty in due where duty.kind == .acceptance { fail(duty, in: &turn) }
        if record.termEnds == instant { endTerm(in: &turn) }
        for duty in due where duty.kind == .reply { judgeReply(duty, in: &turn) }
        for duty in due where duty.kind == .inform { fail(duty, in: &turn) }
    }

    /// What is due at exactly `instant` of a linked complaint's duties, which are still there though they may be met.
    ///
    /// - Returns: those that stay open.
    func judge(_ duties: [Duty], at instant: Instant, in turn: inout Turn) -> [Duty] {
        var left = duties.filter { $0.term.wake != instant }
        for var duty in duties where duty.term.wake == instant {
            if duty.kind == .reply { duty.term.look(rule: "R43", in: &turn) }
            if duty.isMet(by: record) { continue }
            if duty.term.isDue(at: turn.now) { fail(duty, in: &turn) } else { left.append(duty) }
        }
        return left
    }

    /// A reply is overdue, or its deadline is looked up again: where the year has come, that may be over by now, and
    /// the reply may have been given.
    private mutating func judgeReply(_ duty: Duty, in turn: inout Turn) {
        var duty = duty
        duty.term.look(rule: "R43", in: &turn)
        if duty.isMet(by: record) { return }
        if duty.term.isDue(at: turn.now) { fail(duty, in: &turn) } else { record.duties.append(duty) }
    }

    /// The term of the tier is over: the case moves up, or at headquarters it is overdue, once per assignment (R03).
    private mutating func endTerm(in turn: inout Turn) {
        record.termEnds = nil
        guard Self.termsRun(turn.policy) else { return }
        let term = Self.term(of: record.tier, turn.policy)
        let parameters = [JSON.Member(term.name, .int(term.days))]
        if let next = Tier(record.tier).next?.handler {
            moveUp(to: next, rule: "R03", parameters: parameters, facts: [], in: &turn)
        } else {
            turn.emit(
                CaseOverdue(caseId: caseId, complaintId: record.complaintId, rule: .R03), about: key, rule: "R03",
                parameters: .object(parameters), facts: ["assignedAt": .string(record.assignedAt.description)])
        }
    }

    /// Says that something is overdue. A rule that has been switched off meanwhile says nothing.
    private func fail(_ duty: Duty, in turn: inout Turn) {
        let routing = turn.policy.routing
        let rule: Rule
        let data: any EventData
        let parameter: JSON.Member
        switch duty.kind {
        case .acceptance:
            rule = .r34
            data = CaseOverdue(caseId: caseId, complaintId: duty.complaintId, rule: .R34)
            parameter = JSON.Member("crisisAcceptMinutes", .int(Int64(routing.crisisAcceptMinutes)))
        case .reply:
            rule = .r43
            data = CustomerReplyOverdue(caseId: caseId, complaintId: duty.complaintId, receivedAt: duty.from)
            parameter = JSON.Member("replyWorkingDays", .int(Int64(routing.replyWorkingDays)))
        case .inform:
            rule = .r24
            data = CustomerInformOverdue(caseId: caseId, complaintId: duty.complaintId)
            parameter = JSON.Member("informWithinDates", .int(Int64(routing.informWithinDates)))
        }
        guard turn.policy.rules.isOn(rule) else { return }
        turn.emit(
            data, about: key, rule: rule.rawValue, parameters: .object([parameter]),
            facts: ["from": .string(duty.from.description), "dueAt": .string((duty.term.at ?? turn.now).description)])
    }

    /// The customer has to know of the solution on its date (R24): one duty per date, however often it is resolved.
    mutating func addInformDuty(resolvedAt: Instant, _ policy: PolicyBook) {
        guard policy.rules.isOn(.r24) else { return }
        let dueAt = resolvedAt.date.adding(days: policy.routing.informWithinDates).at(hour: 24)
        guard !record.duties.contains(where: { $0.kind == .inform && $0.term.at == dueAt }) else { return }
        add(Duty(kind: .inform, complaintId: record.complaintId, from: resolvedAt, term: Term(at: dueAt)))
    }

    mutating func add(_ duty: Duty) {
        if !duty.isMet(by: record) { record.duties.append(duty) }
    }

    mutating func dropMetDuties() {
        let record = record
        self.record.duties.removeAll { $0.isMet(by: record) }
    }
}
