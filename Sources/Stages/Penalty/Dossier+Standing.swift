import Policy
import Schema

extension Dossier {
    /// The dossier of an outlet that nothing has happened to yet.
    ///
    /// A listed outlet without a site check starts suspended, without an event (R19, R20).
    static func opened(_ outletId: String, _ policy: PolicyBook, now: Instant) -> Dossier {
        var dossier = Dossier(outletId: outletId)
        dossier.startDuties(policy, now: now)
        let standing = dossier.standing(policy)
        (dossier.status, dossier.holds) = (standing.status, standing.holds)
        dossier.chooseStandingMonth(at: now, EvaluationCalendar(policy))
        dossier.standingAt = dossier.standingMonth.flatMap { try? EvaluationCalendar(policy).close(of: $0) }
        if dossier.standingMonth != nil, dossier.standingAt == nil {
            dossier.lookAgainAt = now.date.adding(days: 1).at(hour: 0)
        }
        return dossier
    }

    /// The duties of an outlet begin once the organisation file lists it.
    mutating func startDuties(_ policy: PolicyBook, now: Instant) {
        if listedSince == nil, let outlet = policy.organisation.outlet(outletId) {
            listedSince = outlet.since
            training = Training(since: outlet.since, policy, now: now)
            // The deadline lies in a year without data: it is said when that is looked at again.
            if training?.judgeAt == nil { lookAgainAt = now.date.adding(days: 1).at(hour: 0) }
        }
        if let listedSince { site.startDuty(since: listedSince) }
    }

    /// What holds now (R20): the worst of the effects in force; any hold makes it at least `suspended`.
    func standing(
        _ policy: PolicyBook
    ) -> (
        status: OutletStatusChanged.Status, holds: [OutletStatusChanged.Hold], running: OutletStatusChanged.Running
    ) {
        let inForce = effects.filter(\.isInForce)
        var open = Set(inForce.compactMap(\.hold))
        if listedSince != nil, !site.isPassed, policy.rules.isOn(.r19) { open.insert(.siteCheck) }
        if training?.isHeld ?? false, policy.rules.isOn(.r16) { open.insert(.training) }
        let holds = OutletStatusChanged.Hold.allCases.filter(open.contains)
        let isWithdrawn = inForce.contains { $0.rung == .withdrawal }
        let status: OutletStatusChanged.Status =
            if isWithdrawn {
                .withdrawn
            } else if !holds.isEmpty {
                .suspended
            } else if isRectifying {
                .rectifying
            } else if inForce.contains(where: { $0.rung == .warning }) {
                .warned
            } else {
                .active
            }
        let handsOver = isWithdrawn || inForce.contains { $0.hold != nil && $0.hasHazard }
        return (status, holds, handsOver ? .handOver : .finish)
    }

    /// A rectification holds, or would hold but for a stop that an appeal suspends: what was before the notice.
    private var isRectifying: Bool {
        let suspended = effects.filter { !$0.isOver && $0.isSuspended && $0.ladder == .rectification }.map(\.period)
        return effects.contains {
            $0.rung == .rectification && ($0.isInForce || (!$0.isSuspended && suspended.contains($0.noticeId)))
        }
    }

    /// Ends a step on this dossier: announces a changed status, resolves deadlines, plans what time alone will do,
    /// and writes the record.
    ///
    /// - Parameters:
    ///   - after: the timer that acts. Deadlines that had fallen into a year without data may turn out to have passed
    ///     meanwhile: they are due right after it.
    ///   - knownAt: when the event came to be known, where it tells of an earlier time.
    mutating func settle(after: Wake? = nil, knownAt: Instant? = nil, in turn: inout Turn) {
        startDuties(turn.policy, now: turn.now)
        forgetWaitingGraves(turn.policy)
        announceStanding(in: &turn)
        pruneEffects(now: turn.now)
        plan(after: after, lookedAt: max(knownAt ?? turn.now, turn.now), in: &turn)
        turn.put(self, outletId)
    }

    private mutating func announceStanding(in turn: inout Turn) {
        let standing = standing(turn.policy)
        let from = status
        let hasChanged = standing.status != status || standing.holds != holds
        (status, holds, running) = standing
        // R20 off: there is no gate, so nothing is announced of it.
        guard hasChanged, turn.policy.rules.isOn(.r20) else { return }
        turn.emit(
            OutletStatusChanged(
                outletId: outletId, from: from, to: status, holds: holds, dispatch: holds.isEmpty ? .allowed : .blocked,
                running: running),
            about: key, rule: "R20",
            facts: [
                "notices": .array(effects.filter(\.isInForce).prefix(NamedIds.limit).map { .string($0.noticeId) }),
                "siteCheckPassed": .bool(site.isPassed),
            ])
    }

    private mutating func plan(after: Wake?, lookedAt: Instant, in turn: inout Turn) {
        let planned = lookAgainAt.flatMap { $0 > lookedAt ? $0 : nil }
        lookAgainAt = nil
        var missing: [Int] = []
        let policy = turn.policy
        let now = turn.now
        func resolve(_ order: Int, _ due: () throws(CalendarGap) -> Instant) -> Instant? {
            do throws(CalendarGap) {
                // A record wakes later than it did, if only by a microsecond.
                let isPast = after.map { $0 >= Wake(at: now, order: order) } ?? false
                return max(try due(), isPast ? Instant(microseconds: now.microseconds + 1) : now)
            } catch {
                missing.append(error.year)
                return nil
            }
        }
        chooseStandingMonth(at: lookedAt, EvaluationCalendar(policy))
        if let month = standingMonth, standingAt == nil {
            standingAt = resolve(PenaltyOrder.monthClose) { () throws(CalendarGap) in
                try EvaluationCalendar(policy).close(of: month)
            }
        }
        defer { say(missing, planned, lookedAt, in: &turn) }
        guard !isClosed else { return }
        for index in proposals.indices where proposals[index].owesDecision && proposals[index].decisionDue == nil {
            let from = proposals[index].proposedAt
            proposals[index].decisionDue = resolve(PenaltyOrder.obligation) { () throws(CalendarGap) in
                try policy.calendar.deadline(workingDays: policy.penalty.decisionWorkingDays, after: from)
            }
        }
        for index in effects.indices
        where !effects[index].isOver && effects[index].appeal == nil && effects[index].appealUntil == nil {
            let from = effects[index].issuedAt
            effects[index].appealUntil = resolve(PenaltyOrder.endOfTerm) { () throws(CalendarGap) in
                try policy.calendar.deadline(workingDays: policy.penalty.appealWorkingDays, after: from)
            }
        }
        if let quarter = training?.quarter, training?.judgeAt == nil {
            training?.judgeAt = resolve(PenaltyOrder.training) { () throws(CalendarGap) in
                try Training.judgement(of: quarter, policy)
            }
        }
        do throws(CalendarGap) {
            try planEvaluation(policy, after: after)
        } catch {
            missing.append(error.year)
        }
    }

    /// Years of which the calendar has no data: said once, and looked at again.
    private mutating func say(_ missing: [Int], _ planned: Instant?, _ lookedAt: Instant, in turn: inout Turn) {
        guard !missing.isEmpty else { return }
        lookAgainAt = planned ?? lookedAt.date.adding(days: 1).at(hour: 0)
        for year in missing where !missingYears.contains(year) {
            missingYears.append(year)
            turn.emit(
                CalendarMissing(year: year), about: key, rule: "calendar",
                facts: ["outletId": .string(outletId)])
        }
    }
}
