import Policy
import Schema

/// What a task does by time alone.
extension CallbackTask {
    /// Handles everything that is due: looks at the calendar, then the window, the attempt, the end of the window, and
    /// what others owe. What belongs to a rule that is switched off passes silently.
    mutating func pass(_ id: String, in turn: inout Turn) {
        let rule = rule
        opens.look(rule: rule, in: &turn)
        ends.look(rule: rule, in: &turn)
        due?.look(rule: rule, in: &turn)
        numberDue?.look(rule: "R10", in: &turn)
        scheduleIfKnown(id, in: &turn)
        if isScheduled, let due, due.isDue(at: turn.now) { ask(id, in: &turn) }
        missIfOver(id, at: turn.now, in: &turn)
        if let numberDue, numberDue.isDue(at: turn.now) {
            self.numberDue = nil
            if turn.policy.rules.isOn(.wrongNumber) {
                sayOverdue(
                    .customerNumber, id, rule: "R10",
                    parameters: ["wrongNumberWorkingDays": .int(Int64(turn.policy.callback.wrongNumberWorkingDays))],
                    facts: ["store": .string(storeId ?? "unknown")], in: &turn)
            }
        }
        if let letterDue, letterDue <= turn.now {
            self.letterDue = nil
            if isOn(turn.policy.rules) {
                sayOverdue(
                    .customerLetter, id, rule: "R26",
                    parameters: ["letterDays": .int(Int64(turn.policy.callback.letterDays))],
                    facts: ["dueAt": .string(letterDue.description)], in: &turn)
            }
        }
    }

    /// Whether the rules that make tasks of this kind are on. One switched off while a task is open asks for no call
    /// and misses none; the call centre may still report one.
    private func isOn(_ rules: RuleSwitches) -> Bool {
        switch callKind {
        case .serviceFirst: rules.isOn(.r10) && rules.isOn(.r22)
        case .serviceSecond: rules.isOn(.r10) && rules.isOn(.r25)
        case .caseClosed: rules.isOn(.r10)
        case .customerEvent: rules.isOn(.r26)
        }
    }

    /// Says `callback.scheduled` as soon as the window is known, and what had to wait for that.
    mutating func scheduleIfKnown(_ id: String, in turn: inout Turn) {
        guard !isScheduled, let window else { return }
        isScheduled = true
        turn.emit(
            CallbackScheduled(
                callbackId: id, kind: callKind, windowStart: window.start, windowEnd: window.end, about: about,
                storeId: storeId, outletId: outletId, inWarranty: inWarranty),
            about: CallbackTask.key(id), rule: callKind == .caseClosed ? rule : "R10," + rule,
            parameters: windowParameters(turn.policy), facts: ["base": .string(base.description)])
        if outcome == .exhausted { sayExhausted(id, in: &turn) }
        sayDone(id, in: &turn)
    }

    private mutating func ask(_ id: String, in turn: inout Turn) {
        guard let window else { return }
        due = nil
        guard isOn(turn.policy.rules) else { return }
        let attempt = nextAttempt
        asked = attempt
        var facts: JSON = ["base": .string(base.description), "attempt": .int(Int64(attempt))]
        if isCaseReopened { facts = facts.setting("caseReopened", to: true) }
        if correctedPhone != nil { facts = facts.setting("corrected", to: true) }
        turn.emit(
            CallbackDue(
                callbackId: id, kind: callKind, windowStart: window.start, windowEnd: window.end, about: about,
                attempt: attempt, customer: callee, corrected: correctedPhone == nil ? nil : true, product: product,
                title: title),
            about: CallbackTask.key(id), rule: attempts.isEmpty ? rule : "R10",
            parameters: attempts.isEmpty ? windowParameters(turn.policy) : attemptParameters(turn.policy),
            facts: facts)
    }

    /// Says `callback.missed`, once, if the task is open and its window over. 24:00 belongs to the next date: a call
    /// at that moment comes too late, though its report comes before the timer of the instant.
    mutating func missIfOver(_ id: String, at time: Instant, in turn: inout Turn) {
        guard outcome == nil, !isMissed, isScheduled, let window, window.end <= turn.now else { return }
        isMissed = true
        guard isOn(turn.policy.rules) else { return }
        turn.emit(
            CallbackMissed(
                callbackId: id, kind: callKind, windowStart: window.start, windowEnd: window.end, about: about),
            about: CallbackTask.key(id), time: time, rule: rule, parameters: windowParameters(turn.policy),
            facts: [
                "base": .string(base.description),
                "attempts": .int(Int64(attempts.filter { $0.at < window.end }.count)),
            ])
    }

    private func sayOverdue(
        _ obligation: ObligationOverdue.Obligation, _ id: String, rule: String, parameters: JSON, facts: JSON,
        in turn: inout Turn
    ) {
        turn.emit(
            ObligationOverdue(
                obligation: obligation, subject: id, caseId: about.caseId, complaintId: about.complaintId),
            about: CallbackTask.key(id), rule: rule, parameters: parameters, facts: facts)
    }

    /// Plans the attempt after one without an answer: that hour of the next working day, also past the window.
    mutating func planNext(after date: CivilDate, in turn: inout Turn) {
        let policy = turn.policy.callback
        due = turn.term(workingDay: policy.nextAttemptWorkingDays, after: date, hour: policy.dueHour, rule: "R10")
    }

    private func windowParameters(_ policy: PolicyBook) -> JSON {
        let callback = policy.callback
        func days(_ from: Int, _ to: Int, _ unit: String) -> JSON {
            .object([
                .init("from" + unit, .int(Int64(from))), .init("to" + unit, .int(Int64(to))),
                .init("dueHour", .int(Int64(callback.dueHour))),
            ])
        }
        return switch callKind {
        case .serviceFirst: days(callback.serviceFirstFromDays, callback.serviceFirstToDays, "Days")
        case .serviceSecond: days(callback.serviceSecondFromDays, callback.serviceSecondToDays, "Days")
        case .caseClosed:
            days(callback.caseClosedFromWorkingDays, callback.caseClosedToWorkingDays, "WorkingDays")
        case .customerEvent:
            [
                "customerEventNoticeDays": .int(Int64(callback.customerEventNoticeDays)),
                "dueHour": .int(Int64(callback.dueHour)),
            ]
        }
    }

    private func attemptParameters(_ policy: PolicyBook) -> JSON {
        [
            "maxAttempts": .int(Int64(policy.callback.maxAttempts)),
            "nextAttemptWorkingDays": .int(Int64(policy.callback.nextAttemptWorkingDays)),
            "dueHour": .int(Int64(policy.callback.dueHour)),
        ]
    }
}
