import Policy
import Schema

/// What is counted of an outlet, its violations and its standing.
struct OutletDesk: Record {
    static let kind = "outlet"

    /// The standing that `outlet.status-changed` told last.
    struct Standing: Codable, Sendable {
        let sequence: Int64
        let status: OutletStatusChanged.Status
        let holds: [OutletStatusChanged.Hold]
        let dispatch: OutletStatusChanged.Dispatch
    }

    /// Where a violation counted in a proposal, and so stays.
    struct Counted: Codable, Sendable {
        var month: Month?
        var year: Int?
    }

    let id: String
    var book = PeriodBook()
    var standing: Standing?
    /// Of the years that have not been reported.
    private var violations: [Violation] = []
    private var counted = SortedMap<Counted>()
    /// Groups that have left `violations` for want of room; nil: none has.
    private var left: CountedGroups?

    /// What leaves at a time, so that it is not looked for at each event.
    private static let roomPerStep = 16

    var wake: Wake? { book.wake }

    init(id: String) {
        self.id = id
    }

    mutating func take(_ change: OutletStatusChanged, sequence: Int64) {
        guard standing.map({ $0.sequence < sequence }) ?? true else { return }
        standing = Standing(sequence: sequence, status: change.to, holds: change.holds, dispatch: change.dispatch)
    }

    /// Report and verification of a violation, in either order.
    mutating func take(_ recorded: ViolationRecorded, at instant: Instant, _ policy: PolicyBook) {
        let index = violations.firstIndex { $0.id == recorded.violationId }
        let known = index.map { violations[$0] }
        let violation = Violation(
            id: recorded.violationId, category: recorded.category ?? known?.category ?? "",
            caseId: recorded.caseId, serviceId: recorded.serviceId,
            occurredAt: recorded.occurredAt ?? known?.occurredAt ?? instant,
            knownAt: recorded.knownAt ?? known?.knownAt ?? instant, reporter: nil, hazards: nil,
            verifiedAt: recorded.verified ? instant : known?.verifiedAt,
            upheld: recorded.verified ? recorded.upheld : known?.upheld,
            derived: recorded.derived ?? known?.derived)
        if let index {
            violations[index] = violation
        } else {
            makeRoom(policy)
            violations.append(violation)
        }
    }

    /// As penalty's dossier: of more violations than it holds, the groups known longest leave; those that count go on
    /// counting where they do now. A twin that is told of later counts anew here.
    private mutating func makeRoom(_ policy: PolicyBook) {
        guard violations.count >= Dossier.violationLimit else { return }
        let tally = tally(.limit, policy)
        var wanted = Self.roomPerStep
        var gone: Set<String> = []
        let groups = Matters.groups(violations)
            .map { twins in (since: twins.map(\.knownAt).max() ?? .distantPast, twins: twins) }
            .sorted { ($0.since, $0.twins[0].id) < ($1.since, $1.twins[0].id) }
        for (_, twins) in groups {
            guard wanted > 0 else { break }
            wanted -= twins.count
            let ids = Set(twins.map(\.id))
            gone.formUnion(ids)
            guard let group = tally.groups.first(where: { ids.contains($0.violation.id) }) else { continue }
            var groups = left ?? CountedGroups()
            groups.add(group)
            left = groups
        }
        violations.removeAll { gone.contains($0.id) }
        for id in gone { counted[id] = nil }
    }

    mutating func take(_ proposed: PenaltyProposed) {
        for id in proposed.violationIds {
            switch proposed.ladder {
            case .monthly: counted[id, Counted()].month = Month(proposed.period)
            case .cumulative: counted[id, Counted()].year = Int(proposed.period)
            default: break
            }
        }
        guard counted.count > Self.countedLimit else { return }
        let known = Set(violations.map(\.id))
        for id in counted.entries.map(\.key) where !known.contains(id) { counted[id] = nil }
    }

    /// A proposal may come before the violations that it names: so much is kept of ids that are not known.
    private static let countedLimit = 2 * Dossier.violationLimit

    // MARK: Timers

    /// As a store's.
    mutating func pass(_ chain: inout ChainDesk, in turn: inout Turn) {
        var left = PeriodBook.passLimit
        while left > 0, let wake = book.wake, wake.at <= turn.now {
            left -= 1
            for month in book.dueMonths(in: &turn) {
                guard let period = book.close(month) else { continue }
                chain.take(month, at: turn.now, outlet: id, period.tallies, turn.policy)
                publish(month, period.tallies, in: &turn)
            }
            for year in book.dueYears(in: &turn) {
                guard let period = book.close(year: year) else { continue }
                let position =
                    tally(turn.now, turn.policy).count(year: year).count + (self.left?.count(year: year) ?? 0)
                chain.take(
                    year: year, at: turn.now, outlet: id,
                    ChainDesk.OutletYear(
                        upheld: Int64(position), notices: period.tallies[.notices], status: standing?.status))
                forget(before: year)
            }
        }
    }

    private func publish(_ month: Month, _ tallies: Tallies, in turn: inout Turn) {
        var body = ReportBody(from: month.firstDate, through: month.next.firstDate.adding(days: -1))
        body.add("standing", standingJSON)
        body.add("ladder", ladder(month, turn))
        body.add("penalties", ["proposals": .int(tallies[.proposals]), "notices": .int(tallies[.notices])])
        turn.publish(
            .outletMonth, month.description, subject: id, rule: "R12,R13",
            body: body.withMeasures(tallies, turn.policy, isSettled: true).json)
    }

    private var standingJSON: JSON {
        guard let standing else { return .null }
        return [
            "status": .string(standing.status.rawValue),
            "holds": .array(standing.holds.map { .string($0.rawValue) }),
            "dispatch": .string(standing.dispatch.rawValue),
        ]
    }

    /// Where the outlet stands on the ladders, counted as penalty counts: twins once, where a proposal counted them.
    private func ladder(_ month: Month, _ turn: Turn) -> JSON {
        let tally = tally(turn.now, turn.policy)
        let ladders = turn.policy.penalty.ladders
        var members: [JSON.Member] = []
        if turn.policy.rules.isOn(.r12) {
            let count = tally.count(month: month).count + (left?.count(month: month) ?? 0)
            members.append(.init("monthly", Self.position(count, month.description, ladders.monthly)))
        }
        if turn.policy.rules.isOn(.r13) {
            let count = tally.count(year: month.year).count + (left?.count(year: month.year) ?? 0)
            members.append(.init("cumulative", Self.position(count, Period.text(year: month.year), ladders.cumulative)))
        }
        return .object(members)
    }

    private static func position(_ count: Int, _ period: String, _ ladder: Ladder) -> JSON {
        let next = ladder.steps.filter { $0.from > count }.min { $0.from < $1.from }
        return [
            "period": .string(period), "count": .int(Int64(count)),
            "rung": ladder.rung(for: count).map { .string($0.rung.rawValue) } ?? .null,
            "next": next.map { ["rung": .string($0.rung.rawValue), "from": .int(Int64($0.from))] } ?? .null,
        ]
    }

    private func tally(_ instant: Instant, _ policy: PolicyBook) -> Tally {
        let marked = violations.map { violation in
            var violation = violation
            violation.countedMonth = counted[violation.id]?.month
            violation.countedYear = counted[violation.id]?.year
            return violation
        }
        return Tally(marked, at: instant, EvaluationCalendar(policy))
    }

    /// Twins of last year's violations may still turn up; older ones no longer count anywhere.
    private mutating func forget(before year: Int) {
        for violation in violations where violation.occurredAt.date.year < year { counted[violation.id] = nil }
        violations.removeAll { $0.occurredAt.date.year < year }
        left?.forget(before: year)
    }
}
