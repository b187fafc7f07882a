import Policy
import Schema

/// The reports on the whole chain. No event touches this record but a proposal of a penalty: stores and outlets hand on
/// their figures when a period is reported, and right after them the chain's report is made.
struct ChainDesk: Record {
    static let kind = "chain"
    static let id = "all"

    struct StoreWeek: Codable, Sendable {
        let report: WeeklyReportStatus
        let submitted: Bool
        let complaints: Int64
        let services: Int64
        let violations: Int64
        let upheld: Int64
    }

    struct Week: Codable, Sendable {
        /// When it is summed up.
        let at: Instant
        var tallies = Tallies()
        var stores = SortedMap<StoreWeek>()
    }

    /// What the analysis shows of one store or outlet.
    struct Place: Codable, Sendable {
        let tasks: Int64
        let done: Int64
        let reached: Int64
        let satisfied: Int64
        let dissatisfied: Int64
        let complaints: Int64
        /// The service-quality gap in thousandths; nil without answers.
        let gap: Int64?

        init(_ tallies: Tallies, _ policy: PolicyBook) {
            tasks = tallies.tasks
            done = tallies.done
            reached = tallies[.done(.reached)]
            satisfied = tallies[.satisfied]
            dissatisfied = tallies[.dissatisfied]
            complaints = tallies.complaints
            gap = ServiceGap(tallies, policy.reports.surveyWeights).thousandths
        }
    }

    struct MonthFigures: Codable, Sendable {
        let at: Instant
        var tallies = Tallies()
        var stores = SortedMap<Place>()
        var outlets = SortedMap<Place>()
    }

    struct OutletYear: Codable, Sendable {
        let upheld: Int64
        let notices: Int64
        let status: OutletStatusChanged.Status?
    }

    struct Year: Codable, Sendable {
        /// nil: not over.
        var at: Instant?
        var tallies = Tallies()
        var late: Int64 = 0
        var months = SortedMap<MonthLine>()
        var outlets = SortedMap<OutletYear>()
    }

    struct MonthLine: Codable, Sendable {
        let complaints: Int64
        let services: Int64
        let satisfied: Int64
        let dissatisfied: Int64
    }

    struct Proposal: Codable, Sendable {
        let at: Instant
        let proposalId: String
        let outletId: String
        let ladder: PenaltyProposed.Ladder
        let period: String
        let rung: String
        let count: Int64
    }

    var weeks = SortedMap<Week>()
    var months = SortedMap<MonthFigures>()
    var years = SortedMap<Year>()
    /// Proposed since the last weekly summary, by id.
    var proposals = SortedMap<Proposal>()
    private var closedWeek: ReportWeek?
    private var closedMonth: Month?
    private var closedYear: Int?

    var wake: Wake? {
        let times = weeks.values.map(\.at) + months.values.map(\.at) + years.values.compactMap(\.at)
        return times.min().map {
            Wake(at: $0, order: ReportsOrder.chain, realDelaySeconds: ReportsOrder.settleSeconds)
        }
    }

    // MARK: What stores and outlets hand on

    mutating func take(
        _ week: ReportWeek, at: Instant, store: String, _ period: OpenPeriod, report: WeeklyReportStatus
    ) {
        guard closedWeek.map({ week > $0 }) ?? true else { return }
        let tallies = period.tallies
        weeks[week.description, Week(at: at)].tallies.add(tallies)
        weeks[week.description, Week(at: at)].stores[store] = StoreWeek(
            report: report, submitted: period.submittedAt != nil, complaints: tallies.complaints,
            services: tallies.services, violations: tallies[.violations], upheld: tallies[.upheld])
    }

    mutating func take(_ month: Month, at: Instant, store: String, _ tallies: Tallies, _ policy: PolicyBook) {
        guard closedMonth.map({ month > $0 }) ?? true else { return }
        months[month.description, MonthFigures(at: at)].tallies.add(tallies)
        months[month.description, MonthFigures(at: at)].stores[store] = Place(tallies, policy)
    }

    mutating func take(_ month: Month, at: Instant, outlet: String, _ tallies: Tallies, _ policy: PolicyBook) {
        guard closedMonth.map({ month > $0 }) ?? true else { return }
        months[month.description, MonthFigures(at: at)].outlets[outlet] = Place(tallies, policy)
    }

    mutating func take(year: Int, at: Instant, _ period: OpenPeriod) {
        changeYear(year) { figures in
            figures.at = figures.at ?? at
            figures.tallies.add(period.tallies)
            figures.late += period.late
        }
    }

    mutating func take(year: Int, at: Instant, outlet: String, _ line: OutletYear) {
        changeYear(year) { figures in
            figures.at = figures.at ?? at
            figures.outlets[outlet] = line
        }
    }

    private mutating func changeYear(_ year: Int, _ change: (inout Year) -> Void) {
        guard closedYear.map({ year > $0 }) ?? true else { return }
        change(&years[Period.text(year: year), Year()])
    }

    // MARK: Timers

    mutating func pass(_ fund: inout FundBook, in turn: inout Turn) {
        let dueWeeks = weeks.entries.filter { $0.value.at <= turn.now }
        for (key, figures) in dueWeeks {
            weeks[key] = nil
            guard let week = ReportWeek(key) else { continue }
            closedWeek = max(closedWeek ?? week, week)
            // Of two weeks after a long holiday, the last one names the proposals.
            let named = key == dueWeeks.last?.key ? proposals.values.filter { $0.at <= turn.now } : []
            for proposal in named { proposals[proposal.proposalId] = nil }
            publish(week, figures, named, in: &turn)
        }
        for (key, figures) in months.entries where figures.at <= turn.now {
            months[key] = nil
            guard let month = Month(key) else { continue }
            closedMonth = max(closedMonth ?? month, month)
            changeYear(month.year) { $0.months[key] = MonthLine(figures.tallies) }
            publish(month, figures, fund, in: &turn)
        }
        for (key, figures) in years.entries where figures.at.map({ $0 <= turn.now }) ?? false {
            years[key] = nil
            guard let year = Int(key) else { continue }
            closedYear = max(closedYear ?? year, year)
            publish(year, figures, fund, in: &turn)
            fund.close(year: year)
        }
    }
}

extension ChainDesk.MonthLine {
    init(_ tallies: Tallies) {
        complaints = tallies.complaints
        services = tallies.services
        satisfied = tallies[.satisfied]
        dissatisfied = tallies[.dissatisfied]
    }
}
