import Policy
import Schema

extension Dossier {
    /// The open periods with their counts, and the violations of each (R11–R13).
    func standings(in wake: Wake, _ policy: PolicyBook) -> [(standing: PeriodStanding, groups: [Tally.Group])] {
        let calendar = EvaluationCalendar(policy)
        let tally = Tally(violations, at: wake.at, calendar)
        var found: [(standing: PeriodStanding, groups: [Tally.Group])] = []
        func add(_ ladder: PenaltyProposed.Ladder, _ period: String, _ groups: [Tally.Group]) {
            let others = counted?.count(ladder, period)?.total ?? 0
            let rejected = proposals.filter {
                $0.state == .rejected && $0.ladder == ladder && $0.period == period
            }
            found.append(
                (
                    PeriodStanding(
                        ladder: ladder, period: period, count: Tally.weight(groups) + others,
                        rejectedAt: rejected.map(\.count).max()),
                    groups
                ))
        }
        if policy.rules.isOn(.r13) {
            for year in Set(tally.groups.map(\.year) + (counted?.years ?? [])).sorted()
            where calendar.isOpen(Month(year: year, month: 12), in: wake) {
                add(.cumulative, Period.text(year: year), tally.count(year: year))
            }
        }
        if policy.rules.isOn(.r12) {
            let current = Month(of: wake.at.date)
            for month in Set(tally.groups.map(\.month) + (counted?.months ?? [])).sorted()
            where month <= current && calendar.isOpen(month, in: wake) {
                add(.monthly, month.description, tally.count(month: month))
            }
        }
        return found
    }

    /// The rungs that a new proposal must be worse than: of what the counts have proposed in open periods and nobody has
    /// rejected, of what is undecided outside the counts, and of what is in effect.
    func blockedRungs(in wake: Wake, _ calendar: EvaluationCalendar) -> [Rung] {
        let proposed = proposals.filter {
            $0.standsOutside || ($0.state != .rejected && $0.isInOpenPeriod(in: wake, calendar))
        }
        return proposed.map(\.rung) + effects.filter { !$0.isOver }.map(\.rung)
    }

    /// What an evaluation at `wake` proposes.
    func candidate(in wake: Wake, _ policy: PolicyBook) -> LadderCandidate? {
        guard !isClosed, !violations.isEmpty || counted != nil else { return nil }
        return LadderEvaluation.candidate(
            standings(in: wake, policy).map(\.standing),
            blocked: blockedRungs(in: wake, EvaluationCalendar(policy)), ladders: policy.penalty.ladders)
    }

    /// Carries out the planned evaluation. R11 switched off meanwhile: the week passes silently, the month sees it.
    mutating func evaluatePlanned(at timer: Wake, in turn: inout Turn) {
        guard let planned = nextEvaluation, planned.runs.wake <= timer, !isClosed else { return }
        let wake = planned.evaluation.wake
        guard wake.order != PenaltyOrder.weekly || turn.policy.rules.isOn(.r11) else { return }
        evaluate(at: wake, in: &turn)
    }

    /// Evaluates the outlet: at a month's close or at the end of a week (R11).
    private mutating func evaluate(at wake: Wake, in turn: inout Turn) {
        let policy = turn.policy
        if let candidate = candidate(in: wake, policy) {
            let standings = standings(in: wake, policy)
            let groups =
                standings
                .first { $0.standing.ladder == candidate.ladder && $0.standing.period == candidate.period }?.groups
                ?? []
            markCounted(groups, candidate)
            propose(
                ProposalDraft(
                    ladder: candidate.ladder, period: candidate.period, rung: candidate.rung, count: candidate.count,
                    threshold: candidate.threshold, violations: named(groups, candidate)),
                rule: candidate.ladder == .monthly ? "R12" : "R13",
                facts: [
                    "at": wake.order == PenaltyOrder.monthClose ? "month-close" : "week",
                    "evaluatedAt": .string(wake.at.description),
                    "adjustments": .int(Int64(groups.filter(\.isAdjustment).count)),
                    "periods": .array(standings.map { Self.described($0.standing) }),
                ],
                in: &turn)
        }
        lastEvaluation = Moment(wake)
        if let to = unseenTo, to <= wake.at { (unseenFrom, unseenTo) = (nil, nil) } else { unseenFrom = unseenTo }
        if wake.order == PenaltyOrder.monthClose { closeMonths(at: wake, EvaluationCalendar(policy)) }
    }

    /// Which violations a proposal names: of more than fit, those with a hazard and then the earliest.
    private func named(_ groups: [Tally.Group], _ candidate: LadderCandidate) -> NamedIds {
        let all = groups.count
        var groups = groups
        if groups.count > NamedIds.limit {
            let hazardous = groups.filter(\.hasHazard) + groups.filter { !$0.hasHazard }
            groups = hazardous.prefix(NamedIds.limit).sorted { Matters.precedes($0.violation, $1.violation) }
        }
        let others = counted?.count(candidate.ladder, candidate.period)
        // The count may weigh more than there are violations.
        return NamedIds(
            groups.map(\.violation.id) + (others?.named ?? []), of: all + (others?.groups ?? 0))
    }

    private static func described(_ standing: PeriodStanding) -> JSON {
        [
            "ladder": .string(standing.ladder.rawValue), "period": .string(standing.period),
            "count": .int(Int64(standing.count)), "standsAside": .bool(standing.standsAside),
        ]
    }

    /// A violation that has counted in a proposal stays where it counted, whatever twins of it turn up.
    private mutating func markCounted(_ groups: [Tally.Group], _ candidate: LadderCandidate) {
        for group in groups {
            guard let index = violations.firstIndex(where: { $0.id == group.violation.id }) else { continue }
            if candidate.ladder == .monthly {
                violations[index].countedMonth = group.month
            } else {
                violations[index].countedYear = group.year
            }
        }
    }

    /// After a close: proposals of closed periods no longer stand in the way, and what no decision needs is dropped.
    private mutating func closeMonths(at wake: Wake, _ calendar: EvaluationCalendar) {
        lastMonthClose = wake.at
        let after = Wake(at: wake.at, order: wake.order + 1)
        let freed = proposals.contains { proposal in
            proposal.isInOpenPeriod(in: wake, calendar) && !proposal.isInOpenPeriod(in: after, calendar)
        }
        if freed { noteUnseen(at: wake.at) }
        proposals = proposals.filter {
            $0.isUndecided || !$0.isByCount || $0.isInOpenPeriod(in: after, calendar) || isReferredTo($0)
        }
        pruneViolations(at: wake.at, calendar)
    }

    /// A rejection or an appeal may still ask for it.
    private func isReferredTo(_ proposal: Proposal) -> Bool {
        proposals.contains { $0.supersededBy == proposal.id && !$0.isByCount }
            || effects.contains { !$0.isOver && $0.proposalId == proposal.id }
    }

    /// Drops verified violations of years before the last one, unless something undecided or in effect names them.
    /// The last year stays: twins of its violations may still turn up.
    private mutating func pruneViolations(at instant: Instant, _ calendar: EvaluationCalendar) {
        let current = instant.date.year
        counted?.forget(before: current - 1)
        let oldest = violations.map(\.occurredAt.date.year).min() ?? current
        guard oldest < current - 1 else { return }
        let named = Set(
            proposals.filter(\.isUndecided).flatMap(\.violationIds)
                + effects.filter { !$0.isOver }.flatMap(\.violationIds))
        let counted = Set(
            Tally(violations, at: instant, calendar).groups
                .filter { $0.year >= current - 1 || $0.month.year >= current - 1 }.map(\.violation.id))
        violations.removeAll {
            $0.verifiedAt != nil && $0.occurredAt.date.year < current - 1 && !named.contains($0.id)
                && !counted.contains($0.id)
        }
    }

    /// Plans the next evaluation: where something is unseen, the next one of all; else the close of the first period
    /// in which a proposal stands in the way of others. In between an evaluation would find what the last one found.
    ///
    /// - Parameter after: the timer that acts; an evaluation that should have been before runs right after it.
    mutating func planEvaluation(_ policy: PolicyBook, after: Wake?) throws(CalendarGap) {
        nextEvaluation = nil
        guard !isClosed else { return }
        let calendar = EvaluationCalendar(policy)
        let last = lastEvaluation?.wake
        var gap: CalendarGap?
        var next: Wake?
        do throws(CalendarGap) {
            if let unseenFrom { next = try calendar.next(from: unseenFrom, after: last) }
        } catch {
            gap = error
        }
        for proposal in proposals where proposal.state != .rejected {
            guard let month = proposal.closingMonth else { continue }
            do throws(CalendarGap) {
                let close = Wake(at: try calendar.close(of: month), order: PenaltyOrder.monthClose)
                if last.map({ $0 < close }) ?? true { next = min(close, next ?? close) }
            } catch {
                gap = gap ?? error
            }
        }
        nextEvaluation = next.map { evaluation in
            var runs = evaluation
            if let after, evaluation <= after {
                runs = Wake(at: after.at, order: max(evaluation.order, after.order + 1))
            }
            return PlannedEvaluation(evaluation: Moment(evaluation), runs: Moment(runs))
        }
        if let gap { throw gap }
    }
}

/// The names of periods.
enum Period {
    /// `2026`
    static func text(year: Int) -> String {
        let digits = String(year)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}
