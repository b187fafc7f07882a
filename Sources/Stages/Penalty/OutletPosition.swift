import Policy
import Schema

/// Where an outlet stands, as a person wants to know it: on both ladders, what one more violation would bring, and which
/// terms run. Read from its record by the rules that decide about it; nothing here decides.
package struct OutletPosition: Codable, Hashable, Sendable {
    /// One open period of a ladder.
    package struct Place: Codable, Hashable, Sendable {
        /// `monthly` or `cumulative`.
        package let ladder: String
        /// `2026-11` or `2026`.
        package let period: String
        /// What its upheld violations come to, each matter once and as much as its category weighs.
        package let count: Int
        /// The rung that they reach; nil: none.
        package let rung: Rung?
        package let nextRung: Rung?
        /// From how many on the next rung is reached.
        package let nextFrom: Int?
    }

    /// Something that time or a person ends.
    package struct Term: Codable, Hashable, Sendable {
        package enum What: String, Codable, Hashable, Sendable {
            case decision, warning, rectification, appeal, appealDecision, siteCheck, training, retest, evaluation
        }

        package let what: What
        /// nil: nobody has a term for it, or the calendar does not know its year yet.
        package let until: Instant?
        /// The proposal, the letter's number, or the quarter.
        package let about: String?
        package let rung: Rung?
        package let isOverdue: Bool
    }

    package struct Letter: Codable, Hashable, Sendable {
        package enum State: String, Codable, Hashable, Sendable { case inForce, underAppeal, suspendedByAppeal }
        package let number: String
        package let noticeId: String
        package let rung: Rung
        package let issuedAt: Instant
        package let state: State
    }

    package struct Prospect: Codable, Hashable, Sendable {
        package let rung: Rung
        package let ladder: String
        package let period: String
        package let count: Int
    }

    package let outletId: String
    package let name: String?
    package let region: String?
    package let at: Instant
    package let policy: String
    package let status: OutletStatusChanged.Status
    package let holds: [OutletStatusChanged.Hold]
    package let running: OutletStatusChanged.Running
    /// Its duties begin here; nil: the organisation file does not list it.
    package let listedSince: CivilDate?
    /// Its withdrawal is final.
    package let isClosed: Bool
    /// First of the month, then of the year, the latest period first.
    package let places: [Place]
    /// Reported and not verified yet: they count for nothing.
    package let unverified: Int
    /// What the next evaluation would propose if one more violation of now were upheld; nil: nothing new.
    package let oneMore: Prospect?
    /// What it would propose without one.
    package let pending: Prospect?
    /// By time; those without one last.
    package let terms: [Term]
    /// Those that are not over, the latest first.
    package let letters: [Letter]
}

extension OutletPosition {
    /// - Parameter record: the outlet's, as the penalty stage keeps it.
    /// - Throws: `UnreadMember` for a record that this release cannot read.
    package init(record: [UInt8], policy: PolicyBook, at now: Instant) throws {
        let dossier = try JSONDecoding.decode(Dossier.self, from: record)
        let wake = Wake(at: now, order: PenaltyOrder.weekly)
        let standings = Self.standings(of: dossier, in: wake, policy)
        let outlet = policy.organisation.outlet(dossier.outletId)
        outletId = dossier.outletId
        (name, region) = (outlet?.name, outlet?.region)
        (at, self.policy) = (now, policy.version)
        (status, holds, running) = (dossier.status, dossier.holds, dossier.running)
        (listedSince, isClosed) = (dossier.listedSince, dossier.isClosed)
        places = standings.map { Place($0, policy.penalty.ladders) }
        unverified = dossier.violations.count { $0.verifiedAt == nil }
        let blocked = dossier.blockedRungs(in: wake, EvaluationCalendar(policy))
        func prospect(_ standings: [PeriodStanding]) -> Prospect? {
            guard !dossier.isClosed else { return nil }
            return LadderEvaluation.candidate(standings, blocked: blocked, ladders: policy.penalty.ladders).map {
                Prospect(rung: $0.rung, ladder: $0.ladder.rawValue, period: $0.period, count: $0.count)
            }
        }
        let present = [Month(of: now.date).description, Period.text(year: now.date.year)]
        pending = prospect(standings.filter { $0.count > 0 })
        oneMore = prospect(
            standings.map { one in
                PeriodStanding(
                    ladder: one.ladder, period: one.period, count: one.count + (present.contains(one.period) ? 1 : 0),
                    rejectedAt: one.rejectedAt)
            })
        terms = dossier.isClosed ? [] : Self.terms(of: dossier, policy)
        letters = dossier.effects.filter { !$0.isOver }.sorted { $0.issuedAt > $1.issuedAt }.map { effect in
            Letter(
                number: effect.number, noticeId: effect.noticeId, rung: effect.rung, issuedAt: effect.issuedAt,
                state: effect.isSuspended ? .suspendedByAppeal : effect.isUnderAppeal ? .underAppeal : .inForce)
        }
    }

    /// Those of the dossier, and the present month and year where nothing has happened in them yet.
    private static func standings(of dossier: Dossier, in wake: Wake, _ policy: PolicyBook) -> [PeriodStanding] {
        var found = dossier.standings(in: wake, policy).map(\.standing)
        let present: [(PenaltyProposed.Ladder, Rule, String)] = [
            (.monthly, .r12, Month(of: wake.at.date).description),
            (.cumulative, .r13, Period.text(year: wake.at.date.year)),
        ]
        for (ladder, rule, period) in present where policy.rules.isOn(rule) {
            if !found.contains(where: { $0.ladder == ladder && $0.period == period }) {
                found.append(PeriodStanding(ladder: ladder, period: period, count: 0))
            }
        }
        return found.sorted { a, b in
            a.ladder == b.ladder ? a.period > b.period : a.ladder == .monthly
        }
    }

    private static func terms(of dossier: Dossier, _ policy: PolicyBook) -> [Term] {
        var terms: [Term] = []
        func add(_ what: Term.What, _ until: Instant?, _ about: String?, _ rung: Rung? = nil, isOverdue: Bool = false) {
            terms.append(Term(what: what, until: until, about: about, rung: rung, isOverdue: isOverdue))
        }
        for proposal in dossier.proposals where proposal.isUndecided {
            add(.decision, proposal.decisionDue, proposal.id, proposal.rung, isOverdue: proposal.isOverdue)
        }
        for effect in dossier.effects where !effect.isOver {
            switch effect.rung {
            case .warning where effect.endsAt != nil: add(.warning, effect.endsAt, effect.number, effect.rung)
            case .rectification where effect.endsAt != nil:
                add(.rectification, effect.endsAt, effect.number, effect.rung)
            default: break
            }
            if effect.isUnderAppeal {
                add(.appealDecision, nil, effect.number, effect.rung)
            } else if effect.appeal == nil {
                add(.appeal, effect.appealUntil, effect.number, effect.rung)
            }
        }
        if dossier.listedSince != nil, policy.rules.isOn(.r19) {
            if !dossier.site.isPassed { add(.siteCheck, nil, nil) }
            if let quarter = dossier.site.owedIn { add(.siteCheck, dossier.site.dueAt, quarter.description) }
        }
        if let training = dossier.training {
            if let due = training.retestDue { add(.retest, due, training.heldSince?.description) }
            add(.training, training.judgeAt, training.quarter.description)
        }
        if let next = dossier.nextEvaluation { add(.evaluation, next.runs.at, nil) }
        return terms.enumerated().sorted { a, b in
            let (first, second) = (a.element.until ?? .limit, b.element.until ?? .limit)
            return (first, a.offset) < (second, b.offset)
        }.map(\.element)
    }
}

extension OutletPosition.Place {
    fileprivate init(_ standing: PeriodStanding, _ ladders: Ladders) {
        let ladder = standing.ladder == .monthly ? ladders.monthly : ladders.cumulative
        let next = ladder.next(after: standing.count)
        self.init(
            ladder: standing.ladder.rawValue, period: standing.period, count: standing.count,
            rung: ladder.rung(for: standing.count)?.rung, nextRung: next?.rung, nextFrom: next?.from)
    }
}
