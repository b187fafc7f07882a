import Policy
import Schema

/// What is counted of an outlet, and its standing.
struct OutletDesk: Record {
    static let kind = "outlet"

    /// The standing that `outlet.status-changed` told last.
    struct Standing: Codable, Sendable {
        let sequence: Int64
        let status: OutletStatusChanged.Status
        let holds: [OutletStatusChanged.Hold]
        let dispatch: OutletStatusChanged.Dispatch
    }

    /// Where the outlet stood on both ladders when a month closed, as penalty says it (`outlet.standing`).
    struct Position: Codable, Sendable {
        struct Ladder: Codable, Sendable {
            let count: Int64
            let rung: String?
            let next: Int64?

            init(_ position: OutletStanding.Position) {
                (count, rung) = (Int64(position.count), position.rung)
                next = position.next.map { Int64($0) }
            }
        }

        let monthly: Ladder
        let cumulative: Ladder
    }

    /// A time in which no work might be given to the outlet, for another reason than that its site was never checked.
    struct Block: Codable, Sendable {
        let from: Instant
        /// nil: it goes on.
        var through: Instant?

        /// Whether work that was done at `instant` was done though dispatch had been blocked for a day.
        func forbids(workAt instant: Instant) -> Bool {
            instant >= from.adding(hours: 24) && (through.map { instant < $0 } ?? true)
        }
    }

    let id: String
    var book = PeriodBook()
    var standing: Standing?
    /// By month, of the years that have not been reported; nil: penalty has said nothing.
    private var positions: SortedMap<Position>?
    /// The last ones; nil: there were none.
    private var blocks: [Block]?
    /// Releases before 0.3 counted themselves what penalty counts, and read these two: they stay, and are emptied.
    private var violations: [Violation] = []
    private var counted = SortedMap<Counted>()

    private struct Counted: Codable, Sendable {
        var month: Month?
        var year: Int?
    }

    /// Groups that had left `violations`.
    static let retiredMembers = ["left"]

    /// Work that is reported later than so many changes ago is no longer held against the outlet.
    private static let blockLimit = 32
    /// Where no year is reported, as R29 is off.
    private static let positionLimit = 36

    var wake: Wake? { book.wake }

    init(id: String) {
        self.id = id
    }

    // MARK: What is told

    /// - Parameter instant: of the change.
    mutating func take(_ change: OutletStatusChanged, sequence: Int64, at instant: Instant) {
        guard standing.map({ $0.sequence < sequence }) ?? true else { return }
        standing = Standing(sequence: sequence, status: change.to, holds: change.holds, dispatch: change.dispatch)
        let isBlocked = change.dispatch == .blocked && change.holds.contains { $0 != .siteCheck }
        let isOpen = blocks?.last.map { $0.through == nil } ?? false
        if isBlocked, !isOpen {
            blocks = Array((blocks ?? []).suffix(Self.blockLimit - 1)) + [Block(from: instant)]
        } else if !isBlocked, isOpen, let last = blocks?.indices.last {
            blocks?[last].through = instant
        }
        if change.to != .active { book.changeMonth(Month(of: instant.date)) }
    }

    mutating func take(_ standing: OutletStanding) {
        guard Month(standing.period) != nil else { return }
        var known = positions ?? SortedMap()
        known[standing.period] = Position(
            monthly: Position.Ladder(standing.monthly), cumulative: Position.Ladder(standing.cumulative))
        while known.count > Self.positionLimit, let first = known.entries.first { known[first.key] = nil }
        positions = known
    }

    func forbids(workAt instant: Instant) -> Bool { blocks?.contains { $0.forbids(workAt: instant) } ?? false }

    // MARK: Timers

    /// As a store's.
    mutating func pass(_ chain: inout ChainDesk, in turn: inout Turn) {
        (violations, counted) = ([], SortedMap())
        var left = PeriodBook.passLimit
        while left > 0, let wake = book.wake, wake.at <= turn.now {
            left -= 1
            for month in book.dueMonths(in: &turn) {
                guard let period = book.close(month) else { continue }
                chain.take(month, at: turn.now, outlet: id, period.tallies, turn.policy)
                publish(month, period.tallies, in: &turn)
                // Whose status is not active has a report though nothing happens.
                if let status = standing?.status, status != .active { book.changeMonth(month.next) }
            }
            for year in book.dueYears(in: &turn) {
                guard let period = book.close(year: year) else { continue }
                let december = positions?[Month(year: year, month: 12).description]
                chain.take(
                    year: year, at: turn.now, outlet: id,
                    ChainDesk.OutletYear(
                        upheld: period.tallies[.upheld], notices: period.tallies[.notices],
                        status: standing?.status, cumulative: december?.cumulative.count))
                forget(through: year)
            }
        }
    }

    private mutating func forget(through year: Int) {
        let next = Period.text(year: year + 1)
        for key in (positions?.entries ?? []).map(\.key) where key < next { positions?[key] = nil }
    }

    private func publish(_ month: Month, _ tallies: Tallies, in turn: inout Turn) {
        var body = ReportBody(from: month.firstDate, through: month.next.firstDate.adding(days: -1))
        body.add("standing", standingJSON)
        body.add("ladder", ladder(month, turn.policy))
        body.add("penalties", ["proposals": .int(tallies[.proposals]), "notices": .int(tallies[.notices])])
        body.add("supervision", Self.supervision(tallies))
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

    /// Where the outlet stands on the ladders, as penalty says it; null where penalty has said nothing of the month.
    private func ladder(_ month: Month, _ policy: PolicyBook) -> JSON {
        guard let position = positions?[month.description] else { return .null }
        var members: [JSON.Member] = []
        if policy.rules.isOn(.r12) {
            members.append(.init("monthly", Self.json(position.monthly, month.description)))
        }
        if policy.rules.isOn(.r13) {
            members.append(.init("cumulative", Self.json(position.cumulative, Period.text(year: month.year))))
        }
        return .object(members)
    }

    private static func json(_ position: Position.Ladder, _ period: String) -> JSON {
        [
            "period": .string(period), "count": .int(position.count),
            "rung": position.rung.map { .string($0) } ?? .null, "next": position.next.map { .int($0) } ?? .null,
        ]
    }

    /// What was looked into (R15, R16, R19, R55), what is not paid (R38, R49), and work that should not have been given (R20).
    private static func supervision(_ tallies: Tallies) -> JSON {
        func training(_ retest: Bool) -> JSON {
            [
                "times": .int(tallies[.training(.times, retest: retest)]),
                "assessed": .int(tallies[.training(.assessed, retest: retest)]),
                "passed": .int(tallies[.training(.passed, retest: retest)]),
            ]
        }
        func settlements(_ reason: SettlementReason) -> JSON {
            [
                "reason": .string(reason.rawValue), "blocked": .int(tallies[.settlementsBlocked(reason)]),
                "released": .int(tallies[.settlementsReleased(reason)]),
            ]
        }
        return [
            "assessments": training(false), "retests": training(true),
            "siteChecks": ["passed": .int(tallies[.siteChecksPassed]), "failed": .int(tallies[.siteChecksFailed])],
            "evaluations": ["times": .int(tallies[.evaluations]), "scoreSum": .int(tallies[.evaluationScores])],
            "settlements": .array(SettlementReason.allCases.map(settlements)),
            "servicesWhileBlocked": .int(tallies[.servicesWhileBlocked]),
        ]
    }
}

/// Sees to it that a listed outlet has a report of every month, though nothing happens there (§8).
struct OutletMonths: Record {
    static let kind = "outlet-months"

    /// The month that is going on.
    private(set) var month: Month

    /// Before the desk itself looks at the month that ends then.
    var wake: Wake? { Wake(at: month.next.firstDate.at(hour: 0), order: ReportsOrder.opening, waitsForRest: true) }

    init(now: Instant) {
        month = Month(of: now.date)
    }

    /// The months that have ended.
    mutating func pass(now: Instant) -> [Month] {
        var ended: [Month] = []
        while month.next.firstDate.at(hour: 0) <= now {
            ended.append(month)
            month = month.next
        }
        return ended
    }
}
