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
        if training?.isHeld ?? false { open.insert(.training) }
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
    /// - Parameter floor: nothing is planned earlier than this; set when deadlines are looked at again that had
    ///   fallen into a year without data, and may have passed meanwhile.
    mutating func settle(floor: Instant? = nil, in turn: inout Turn) {
        startDuties(turn.policy, now: turn.now)
        announceStanding(in: &turn)
        pruneEffects(now: turn.now)
        plan(floor: floor, in: &turn)
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
                "notices": .array(effects.filter(\.isInForce).map { .string($0.noticeId) }),
                "siteCheckPassed": .bool(site.isPassed),
            ])
    }

    private mutating func plan(floor: Instant?, in turn: inout Turn) {
        lookAgainAt = nil
        guard !isClosed else { return }
        var missing: [Int] = []
        let policy = turn.policy
        let now = turn.now
        func resolve(_ due: () throws(CalendarGap) -> Instant) -> Instant? {
            do throws(CalendarGap) {
                return max(try due(), now)
            } catch {
                missing.append(error.year)
                return nil
            }
        }
        // R11 off: nobody is reminded of a decision.
        for index in proposals.indices
        where proposals[index].owesDecision && proposals[index].decisionDue == nil && policy.rules.isOn(.r11) {
            let from = proposals[index].proposedAt
            proposals[index].decisionDue = resolve { () throws(CalendarGap) in
                try policy.calendar.deadline(workingDays: policy.penalty.decisionWorkingDays, after: from)
            }
        }
        for index in effects.indices
        where !effects[index].isOver && effects[index].appeal == nil && effects[index].appealUntil == nil {
            let from = effects[index].issuedAt
            effects[index].appealUntil = resolve { () throws(CalendarGap) in
                try policy.calendar.deadline(workingDays: policy.penalty.appealWorkingDays, after: from)
            }
        }
        if let quarter = training?.quarter, training?.judgeAt == nil {
            training?.judgeAt = resolve { () throws(CalendarGap) in try Training.judgement(of: quarter, policy) }
        }
        do throws(CalendarGap) {
            try planEvaluation(policy)
        } catch {
            missing.append(error.year)
        }
        if let floor, let planned = nextEvaluation, planned.at < floor {
            nextEvaluation = Moment(Wake(at: floor, order: planned.order))
        }
        guard !missing.isEmpty else { return }
        lookAgainAt = now.date.adding(days: 1).at(hour: 0)
        for year in missing where !missingYears.contains(year) {
            missingYears.append(year)
            turn.emit(
                CalendarMissing(year: year), about: key, rule: "calendar",
                facts: ["outletId": .string(outletId)])
        }
    }
}
