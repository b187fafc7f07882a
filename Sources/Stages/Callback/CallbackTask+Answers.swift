import Policy
import Schema

/// What the reports of the call centre do to a task.
extension CallbackTask {
    /// Records one report (R10, R27).
    ///
    /// - Returns: a refusal, with nothing changed, if the attempt or its date has been reported already.
    mutating func record(_ report: CallbackCompleted, _ id: String, in turn: inout Turn) -> Rejection? {
        let now = turn.now
        // While the window is unknown nothing shows that a call came before it: it counts.
        let isEarly = window.map { now < $0.start } ?? false
        if calls.count >= CallbackTask.reportLimit { return CallbackTask.full(calls.count) }
        if !isEarly, let known = reported(report.attempt, on: now.date) {
            return Rejection(
                "attempt-known",
                [
                    "attempt": .int(Int64(report.attempt)), "date": .string(now.date.description),
                    "knownAttempt": .int(Int64(known.attempt)), "knownDate": .string(known.at.date.description),
                ])
        }
        let place: Call.Place = isEarly ? .early : outcome == nil ? .attempt : .afterwards
        calls.append(call(report, place, in: turn))
        switch place {
        case .early:
            // No attempt, but a complaint made in it is one.
            if satisfaction(report, turn.policy) == false { sayDissatisfied(report, id, in: &turn) }
        case .attempt: conclude(report, id, in: &turn)
        case .afterwards: break
        }
        sayRemarks(report, id, in: &turn)
        return nil
    }

    /// What was said beside the answer goes to whom it concerns, whoever was reached and whenever (R54).
    private func sayRemarks(_ report: CallbackCompleted, _ id: String, in turn: inout Turn) {
        guard turn.policy.rules.isOn(.r54) else { return }
        for remark in report.remarks ?? [] {
            turn.emit(
                CustomerRemark(callbackId: id, class: remark.class, text: remark.text, storeId: storeId),
                about: CallbackTask.key(id), rule: "R54", facts: ["outcome": .string(report.outcome.rawValue)])
        }
    }

    static func full(_ count: Int) -> Rejection {
        Rejection("too-many-reports", ["reports": .int(Int64(count)), "limit": .int(Int64(reportLimit))])
    }

    private func reported(_ attempt: Int, on date: CivilDate) -> Call? {
        calls.first { $0.place != .early && ($0.attempt == attempt || $0.at.date == date) }
    }

    /// R27 switched off: only what counting needs is kept.
    private func call(_ report: CallbackCompleted, _ place: Call.Place, in turn: Turn) -> Call {
        var call = Call(attempt: report.attempt, at: turn.now, outcome: report.outcome, place: place)
        guard turn.policy.rules.isOn(.r27) else { return call }
        call.by = report.by.id
        call.satisfied = report.satisfied
        call.score = report.score
        call.comments = report.comments
        return call
    }

    private mutating func conclude(_ report: CallbackCompleted, _ id: String, in turn: inout Turn) {
        let policy = turn.policy.callback
        switch report.outcome {
        case .reached:
            finish(.reached, id, in: &turn)
            switch satisfaction(report, turn.policy) {
            case true: sayAnswer(report, id, satisfied: true, in: &turn)
            case false: sayDissatisfied(report, id, in: &turn)
            case nil: break
            }
            if callKind == .customerEvent { oweLetter(id, in: &turn) }
        case .refused:
            finish(.refused, id, in: &turn)
        case .wrongNumber:
            finish(.wrongNumber, id, in: &turn)
            if turn.policy.rules.isOn(.wrongNumber) {
                numberDue = turn.term(workingDays: policy.wrongNumberWorkingDays, after: turn.now, rule: "R10")
            }
        case .noAnswer:
            let attempts = attempts
            if attempts.count >= policy.maxAttempts {
                finish(.exhausted, id, in: &turn)
                sayExhausted(id, in: &turn)
            } else if attempts.allSatisfy({ $0.at <= turn.now }) {
                // A report that comes after that of a later call changes nothing: that one has planned what follows.
                planNext(after: turn.now.date, in: &turn)
            }
        }
        sayDone(id, survey: report.outcome == .reached ? report.survey : nil, in: &turn)
    }

    /// Says that the task has ended, and how. It names the window, so it waits until the calendar knows that; what
    /// the customer was asked is then no longer at hand.
    func sayDone(_ id: String, survey: [SurveyAnswer]? = nil, in turn: inout Turn) {
        guard isScheduled, let window, let ended = outcome.flatMap({ CallbackDone.Outcome(rawValue: $0.rawValue) })
        else { return }
        turn.emit(
            CallbackDone(
                callbackId: id, kind: callKind, outcome: ended, windowStart: window.start, windowEnd: window.end,
                about: about, storeId: storeId, outletId: outletId, inWarranty: inWarranty, survey: survey),
            about: CallbackTask.key(id), rule: "R10", facts: ["attempts": .int(Int64(attempts.count))])
    }

    private mutating func finish(_ outcome: Outcome, _ id: String, in turn: inout Turn) {
        if let window { missIfOver(id, at: window.end, in: &turn) }
        self.outcome = outcome
        due = nil
    }

    /// Waits, as everything that names the window, until the calendar knows it.
    func sayExhausted(_ id: String, in turn: inout Turn) {
        guard isScheduled, let window else { return }
        turn.emit(
            CallbackExhausted(
                callbackId: id, kind: callKind, windowStart: window.start, windowEnd: window.end, about: about),
            about: CallbackTask.key(id), rule: "R10",
            parameters: ["maxAttempts": .int(Int64(turn.policy.callback.maxAttempts))],
            facts: ["attempts": .int(Int64(attempts.count))])
    }

    // MARK: Letters

    /// The customer of a customer event knows of it by telephone: the letter is owed (R26). One that was sent already
    /// is not asked for.
    private mutating func oweLetter(_ id: String, in turn: inout Turn) {
        guard letters.isEmpty else { return }
        let dueAt = turn.now.adding(days: Int64(turn.policy.callback.letterDays))
        letterDue = dueAt
        turn.emit(
            LetterDue(callbackId: id, about: about, customer: customer, dueAt: dueAt, title: title),
            about: CallbackTask.key(id), rule: "R26",
            parameters: ["letterDays": .int(Int64(turn.policy.callback.letterDays))],
            facts: ["reachedAt": .string(turn.now.description)])
    }

    /// Records a letter (R27).
    mutating func record(_ letter: LetterSent, in turn: Turn) -> Rejection? {
        guard callKind == .customerEvent else {
            return Rejection("no-letter-owed", ["kind": .string(callKind.rawValue)])
        }
        if letters.count >= CallbackTask.reportLimit { return CallbackTask.full(letters.count) }
        letters.append(Letter(at: turn.now, by: turn.policy.rules.isOn(.r27) ? letter.by.id : nil))
        letterDue = nil
        return nil
    }
}
