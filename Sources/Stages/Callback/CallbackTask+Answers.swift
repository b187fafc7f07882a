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
        if report.outcome == .wrongNumber { turn.makeKnown(Self.wrongNumber(of: id)) }
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
        // As it counts; of a text message alone `medium` tells why that is no-answer.
        var call = Call(
            attempt: report.attempt, at: turn.now, outcome: Self.outcome(of: report, turn.policy), place: place)
        guard turn.policy.rules.isOn(.r27) else { return call }
        call.by = report.by.id
        call.satisfied = report.satisfied
        call.score = report.score
        call.comments = report.comments
        call.medium = report.medium
        return call
    }

    private mutating func conclude(_ report: CallbackCompleted, _ id: String, in turn: inout Turn) {
        switch Self.outcome(of: report, turn.policy) {
        case .reached:
            finish(.reached, id, in: &turn)
            switch satisfaction(report, turn.policy) {
            case true: sayAnswer(report, id, satisfied: true, in: &turn)
            case false: sayDissatisfied(report, id, in: &turn)
            case nil: break
            }
            if callKind == .customerEvent, report.letter == true || turn.policy.callback.customerEventLetters == .always
            {
                oweLetter(id, in: &turn)
            }
        case .refused:
            finish(.refused, id, in: &turn)
        case .wrongNumber:
            oweNumber(in: &turn)
            goOn(id, in: &turn)
        case .noAnswer: goOn(id, in: &turn)
        }
        sayDone(id, survey: outcome == .reached ? report.survey : nil, in: &turn)
    }

    /// A text message alone reaches nobody (R27).
    static func outcome(of report: CallbackCompleted, _ policy: PolicyBook) -> CallbackCompleted.Outcome {
        report.outcome == .reached && report.medium == .sms && policy.rules.isOn(.r27) ? .noAnswer : report.outcome
    }

    /// What follows an attempt that has not reached the customer: nothing after the last one, the next one, or, after a wrong
    /// number, the wait for the right one.
    ///
    /// A report that comes after that of a later call changes nothing: that one has planned what follows.
    private mutating func goOn(_ id: String, in turn: inout Turn) {
        let attempts = attempts
        if attempts.count >= turn.policy.callback.maxAttempts {
            finish(.exhausted, id, in: &turn)
            sayExhausted(id, in: &turn)
        } else if attempts.allSatisfy({ $0.at <= turn.now }) {
            if awaitsNumber { due = nil } else { planNext(after: turn.now.date, in: &turn) }
        }
    }

    // MARK: Numbers

    /// What stands for a wrong number on a task, for a right one that comes before it.
    static func wrongNumber(of id: String) -> RecordKey { RecordKey(kind: "wrong-number", id: id) }

    var noWrongNumber: Rejection {
        Rejection(
            "no-wrong-number",
            ["kind": .string(callKind.rawValue), "reports": .int(Int64(calls.count))])
    }

    /// Why a person may not do something about the task; nil: he may (R48). A task without a store is everybody's.
    func rejection(of by: Person, _ act: Act, _ policy: PolicyBook) -> Rejection? {
        guard act.row.fit != .any else { return policy.rejection(of: by, act) }
        return storeId.flatMap { policy.rejection(of: by, act, at: [policy.place(storeId: $0, regionId: nil)]) }
    }

    /// The latest attempt was made in vain under a number that somebody has yet to put right.
    private var awaitsNumber: Bool {
        isNumberOwed == true && attempts.max { $0.at < $1.at }?.outcome == .wrongNumber
    }

    /// The store owes the right number, once, until it is there.
    private mutating func oweNumber(in turn: inout Turn) {
        guard turn.policy.rules.isOn(.wrongNumber), isNumberOwed != true else { return }
        isNumberOwed = true
        numberDue = turn.term(
            workingDays: turn.policy.callback.wrongNumberWorkingDays, after: turn.now, rule: "R10")
    }

    /// The right number is there: nothing is owed any more, and a task that has waited for it goes on. Where an attempt is
    /// planned or asked for already, it is made under that number.
    ///
    /// - Returns: false, with nothing changed, if nobody has found the number wrong by then.
    mutating func correct(_ phone: String, in turn: inout Turn) -> Bool {
        let wrong = calls.filter { $0.outcome == .wrongNumber }.map(\.at)
        guard let first = wrong.min(), let last = wrong.max(), first <= turn.now else { return false }
        // A call of a later time has found this one wrong, too.
        guard last <= turn.now else { return true }
        let awaited = outcome == nil && awaitsNumber
        use(phone, since: turn.now)
        isNumberOwed = nil
        numberDue = nil
        if awaited { planNext(after: turn.now.date, in: &turn) }
        return true
    }

    /// Calls go to that number, unless a later one is known.
    mutating func use(_ phone: String, since instant: Instant) {
        guard correctedAt.map({ $0 <= instant }) ?? true else { return }
        correctedPhone = phone
        correctedAt = instant
    }

    // MARK: Ends

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

    /// The customer of a customer event knows of it by telephone: a letter is owed if he wants one (R26). One that was sent already
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
        letters.append(
            turn.policy.rules.isOn(.r27)
                ? Letter(at: turn.now, by: letter.by.id, subject: letter.subject) : Letter(at: turn.now))
        letterDue = nil
        return nil
    }
}
