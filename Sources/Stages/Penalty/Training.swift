import Policy
import Schema

/// How the staff of a listed outlet does in its quarterly assessments (R15, R16).
struct Training: Codable, Hashable, Sendable {
    static let daysAhead = 366

    /// What was assessed for a quarter; the last one received counts.
    struct Assessment: Codable, Hashable, Sendable {
        let quarter: Quarter
        let assessed: Int
        let passed: Int

        /// Whether at least `percent` of the assessed have passed, in integers; nobody assessed is no pass.
        func isPass(percent: Int) -> Bool { assessed > 0 && passed * 100 >= percent * assessed }
    }

    /// A quarter or a retest that was not passed.
    struct Failure: Codable, Hashable, Sendable {
        let quarter: Quarter
        let assessed: Int
        let passed: Int
        let isRetest: Bool
    }

    /// The quarter to be judged next.
    var quarter: Quarter
    /// When it is judged; nil: not known for want of calendar data.
    var judgeAt: Instant?
    /// Of that quarter and later ones; of none that lies further ahead than `daysAhead`.
    var assessments: [Assessment] = []
    /// Failures in a row: quarters, and while dispatch is stopped failed or missed retests too.
    var consecutive = 0
    /// How many of `consecutive` are retests; nil: as many as `failures` lists.
    private var failedRetests: Int?
    /// What `consecutive` counts, as far as a letter lists it.
    var failures: [Failure] = []
    /// The quarter whose failure stopped dispatch; nil: dispatch is not stopped.
    var heldSince: Quarter?
    /// By when the retest must have been passed; nil: none is owed.
    var retestDue: Instant?

    var isHeld: Bool { heldSince != nil }

    /// Failed quarters in a row (R15).
    var consecutiveQuarters: Int { consecutive - countOfRetests }

    private var countOfRetests: Int { failedRetests ?? failures.count { $0.isRetest } }

    /// The first quarter to be judged is the first full one. Quarters of past years without calendar data are left
    /// out: nobody can say when they were to be judged.
    init(since: CivilDate, _ policy: PolicyBook, now: Instant) {
        quarter = Quarter(firstFullFrom: since)
        for _ in 0..<Self.skipLimit {
            do throws(CalendarGap) {
                judgeAt = try Self.judgement(of: quarter, policy)
                return
            } catch {
                guard error.year < now.date.year else { return }
                quarter = max(quarter.next, Quarter(lastOf: error.year))
            }
        }
    }

    /// More than there are years before the calendar.
    private static let skipLimit = 10_000

    /// When a quarter is judged: on the 5th working day after it.
    static func judgement(of quarter: Quarter, _ policy: PolicyBook) throws(CalendarGap) -> Instant {
        try policy.calendar
            .workingDay(policy.penalty.trainingJudgeWorkingDay, ofMonth: quarter.next.firstMonth)
            .at(hour: policy.penalty.evaluationHour)
    }

    /// Counts a failure; nobody was assessed if there is no assessment.
    mutating func fail(_ quarter: Quarter, _ assessment: Assessment?, isRetest: Bool) {
        if isRetest { failedRetests = countOfRetests + 1 }
        consecutive += 1
        guard failures.count < LetterTemplate.rowLimit else { return }
        failures.append(
            Failure(
                quarter: quarter, assessed: assessment?.assessed ?? 0, passed: assessment?.passed ?? 0,
                isRetest: isRetest))
    }

    /// The row of failures is over.
    mutating func restart() {
        consecutive = 0
        failedRetests = nil
        failures = []
    }

    mutating func take(_ assessment: Assessment) {
        assessments.removeAll { $0.quarter == assessment.quarter }
        assessments.append(assessment)
    }
}

extension Dossier {
    /// Judges the quarters that are due (R15); the third failure in a row stops dispatch (R16).
    mutating func judgeTraining(at instant: Instant, in turn: inout Turn) {
        let penalty = turn.policy.penalty
        while var state = training, let due = state.judgeAt, due <= instant {
            let quarter = state.quarter
            let assessment = state.assessments.first { $0.quarter == quarter }
            state.quarter = quarter.next
            state.judgeAt = try? Training.judgement(of: state.quarter, turn.policy)
            state.assessments.removeAll { $0.quarter == quarter }
            defer { training = state }
            guard turn.policy.rules.isOn(.r15), isListed(turn.policy) else { continue }
            if assessment?.isPass(percent: penalty.trainingPassPercent) ?? false {
                // A passed quarter does not lift the hold, and so does not start its count again.
                if !state.isHeld { state.restart() }
                continue
            }
            state.fail(quarter, assessment, isRetest: false)
            turn.emit(
                TrainingFailed(
                    outletId: outletId, quarter: quarter.description, consecutive: state.consecutiveQuarters),
                about: key, rule: "R15", parameters: ["trainingPassPercent": .int(Int64(penalty.trainingPassPercent))],
                facts: [
                    "assessed": .int(Int64(assessment?.assessed ?? 0)),
                    "passed": .int(Int64(assessment?.passed ?? 0)),
                ])
            if state.consecutive >= penalty.trainingFailuresInRow, !state.isHeld, turn.policy.rules.isOn(.r16) {
                state.heldSince = quarter
                state.retestDue = instant.adding(days: Int64(penalty.retestDays))
            }
        }
    }

    /// A retest that was not passed in time has failed (R16). With R16 switched off its term passes silently, and the
    /// stop of work, which only a retest could lift, is over; the failures in a row stay counted.
    mutating func missRetest(at instant: Instant, in turn: inout Turn) {
        guard let due = training?.retestDue, due <= instant else { return }
        guard turn.policy.rules.isOn(.r16) else {
            training?.heldSince = nil
            training?.retestDue = nil
            return
        }
        failRetest(nil, reason: "missed", in: &turn)
    }

    /// The outlet has failed again after its training: its withdrawal is proposed.
    mutating func failRetest(_ assessment: Training.Assessment?, reason: String, in turn: inout Turn) {
        guard let draft = withdrawalDraft(), let heldSince = training?.heldSince else { return }
        training?.fail(assessment?.quarter ?? heldSince, assessment, isRetest: true)
        training?.retestDue = nil
        propose(draft, rule: "R16", facts: ["retest": .string(reason)], in: &turn)
    }

    /// What the next failure of a retest would propose.
    func withdrawalDraft() -> ProposalDraft? {
        guard let training, let heldSince = training.heldSince else { return nil }
        return ProposalDraft(
            ladder: .training, period: heldSince.description, rung: .withdrawal, count: training.consecutive + 1,
            violations: NamedIds([]))
    }

    /// The withdrawal was rejected or lifted: a new retest.
    mutating func renewRetest(in turn: inout Turn) {
        guard training?.isHeld ?? false else { return }
        training?.retestDue = turn.now.adding(days: Int64(turn.policy.penalty.retestDays))
    }
}

extension PenaltyStage {
    /// `training.assessed`: an assessment of a quarter, or a retest while dispatch is stopped (R15, R16).
    func take(_ data: TrainingAssessed, in turn: inout Turn) -> Verdict {
        if let rejection = turn.policy.rejection(of: data) { return .refused(rejection) }
        guard let quarter = Quarter(data.quarter) else {
            return .refused(Rejection("no-such-quarter", ["quarter": .string(data.quarter)]))
        }
        guard data.passed <= data.assessed else {
            return .refused(
                Rejection(
                    "passed-exceeds-assessed",
                    ["assessed": .int(Int64(data.assessed)), "passed": .int(Int64(data.passed))]))
        }
        guard quarter <= Quarter(of: turn.now.date.adding(days: Training.daysAhead)) else {
            return .refused(Rejection("quarter-too-far", ["quarter": .string(data.quarter)]))
        }
        var dossier = turn.dossier(data.outletId)
        dossier.startDuties(turn.policy, now: turn.now)
        // Who is not listed, or withdrawn for good, has no duties.
        guard let training = dossier.training, !dossier.isClosed else { return .applied }
        let assessment = Training.Assessment(quarter: quarter, assessed: data.assessed, passed: data.passed)
        if data.retest ?? false {
            guard let due = training.retestDue, turn.now <= due else {
                return .refused(Rejection("no-retest-due", ["quarter": .string(data.quarter)]))
            }
            if assessment.isPass(percent: turn.policy.penalty.trainingPassPercent) {
                dossier.training?.heldSince = nil
                dossier.training?.retestDue = nil
                dossier.training?.restart()
            } else {
                dossier.failRetest(assessment, reason: "failed", in: &turn)
            }
        } else {
            guard
                quarter > training.quarter
                    || (quarter == training.quarter && training.judgeAt.map { turn.now <= $0 } ?? true)
            else { return .refused(Rejection("quarter-judged", ["quarter": .string(data.quarter)])) }
            dossier.training?.take(assessment)
        }
        dossier.settle(in: &turn)
        return .applied
    }
}
