import Policy
import Schema

/// The reports on the whole chain. No event touches this record but a proposal of a penalty: stores and outlets hand on
/// their figures when a period is reported, and right after them the chain's report is made.
///
/// Of the places of a period it keeps those that its report names (`ReportBody.placeLimit`), of the others only how many
/// there are: so what a place hands on costs the same however many there are.
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

        static func weight(_ line: StoreWeek) -> [Int64] { [line.report == .missing ? 1 : 0, line.complaints] }
    }

    struct Week: Codable, Sendable {
        /// When it is summed up.
        let at: Instant
        var tallies = Tallies()
        var stores = SortedMap<StoreWeek>()
        /// By what became of their reports, the stores that are not named; nil: none.
        var unnamedStores: SortedMap<Int64>?
        /// By store, the violations that its reports list and penalty does not know as its own; nil: none.
        var unreconciled: SortedMap<[String]>?
        /// How many more of them there are than are named; nil: none.
        var unnamedUnreconciled: Int64?

        func count(_ status: WeeklyReportStatus) -> Int64 {
            stores.entries.reduce(unnamedStores?[status.rawValue] ?? 0) { $0 + ($1.value.report == status ? 1 : 0) }
        }

        mutating func add(unreconciled ids: [String], of store: String) {
            guard !ids.isEmpty else { return }
            var named = unreconciled ?? SortedMap()
            let room = max(0, ReportBody.placeLimit - named.values.reduce(0) { $0 + $1.count })
            if room > 0 { named[store] = Array(ids.prefix(room)) }
            unreconciled = named
            unnamedUnreconciled.add(ids.count - min(room, ids.count))
        }

        mutating func add(_ line: StoreWeek, of store: String) {
            stores[store] = line
            for line in stores.keepGreatest(ReportBody.placeLimit, by: StoreWeek.weight) {
                var unnamed = unnamedStores ?? SortedMap()
                unnamed[line.report.rawValue, 0] += 1
                unnamedStores = unnamed
            }
        }
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

        static func weight(_ line: Place) -> [Int64] { [line.complaints, line.tasks] }
    }

    struct MonthFigures: Codable, Sendable {
        let at: Instant
        var tallies = Tallies()
        var stores = SortedMap<Place>()
        var outlets = SortedMap<Place>()
        /// What the complaints are about; nil: there are none.
        var analysis: ComplaintAnalysis?
        /// How many are not named; nil: none.
        var unnamedStores: Int64?
        var unnamedOutlets: Int64?

        mutating func add(_ line: Place, ofStore store: String) {
            stores[store] = line
            unnamedStores.add(stores.keepGreatest(ReportBody.placeLimit, by: Place.weight).count)
        }

        mutating func add(_ line: Place, ofOutlet outlet: String) {
            outlets[outlet] = line
            unnamedOutlets.add(outlets.keepGreatest(ReportBody.placeLimit, by: Place.weight).count)
        }
    }

    struct Analysed: Codable, Sendable {
        let month: Month
        let analysis: ComplaintAnalysis
    }

    struct OutletYear: Codable, Sendable {
        let upheld: Int64
        let notices: Int64
        let status: OutletStatusChanged.Status?
        /// What penalty counts for the year (R13); nil: it has said nothing.
        let cumulative: Int64?

        static func weight(_ line: OutletYear) -> [Int64] { [line.upheld, line.notices] }
    }

    struct Year: Codable, Sendable {
        /// nil: not over.
        var at: Instant?
        var tallies = Tallies()
        var late: Int64 = 0
        var months = SortedMap<MonthLine>()
        var outlets = SortedMap<OutletYear>()
        var unnamedOutlets: Int64?
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

        static func precedes(_ a: Proposal, _ b: Proposal) -> Bool { (a.at, a.proposalId) < (b.at, b.proposalId) }
    }

    var weeks = SortedMap<Week>()
    var months = SortedMap<MonthFigures>()
    var years = SortedMap<Year>()
    /// Proposed since the last weekly summary, by id: the first ones.
    private(set) var proposals = SortedMap<Proposal>()
    /// How many more there were; nil: none.
    private var unnamedProposals: Int64?
    /// The last month whose complaints were analysed; nil: none was.
    private(set) var analysed: Analysed?
    private var closedWeek: ReportWeek?
    private var closedMonth: Month?
    private var closedYear: Int?

    var wake: Wake? {
        let times = weeks.values.map(\.at) + months.values.map(\.at) + years.values.compactMap(\.at)
        return times.min().map {
            Wake(at: $0, order: ReportsOrder.chain, waitsForRest: true)
        }
    }

    // MARK: What stores and outlets hand on

    mutating func take(_ proposal: Proposal) {
        proposals[proposal.proposalId] = proposal
        while proposals.count > ReportBody.placeLimit, let last = proposals.values.max(by: Proposal.precedes) {
            proposals[last.proposalId] = nil
            unnamedProposals.add(1)
        }
    }

    mutating func take(
        _ week: ReportWeek, at: Instant, store: String, _ period: OpenPeriod, report: WeeklyReportStatus,
        unreconciled: [String]
    ) {
        guard closedWeek.map({ week > $0 }) ?? true else { return }
        let tallies = period.tallies
        weeks[week.description, Week(at: at)].tallies.add(tallies)
        weeks[week.description, Week(at: at)].add(
            StoreWeek(
                report: report, submitted: period.submittedAt != nil, complaints: tallies.complaints,
                services: tallies.services, violations: tallies[.violations], upheld: tallies[.upheld]),
            of: store)
        weeks[week.description, Week(at: at)].add(unreconciled: unreconciled, of: store)
    }

    mutating func take(_ month: Month, at: Instant, store: String, _ period: OpenPeriod, _ policy: PolicyBook) {
        guard closedMonth.map({ month > $0 }) ?? true else { return }
        var figures = months[month.description] ?? MonthFigures(at: at)
        figures.tallies.add(period.tallies)
        figures.add(Place(period.tallies, policy), ofStore: store)
        if let analysis = period.analysis {
            var all = figures.analysis ?? ComplaintAnalysis()
            all.add(analysis)
            figures.analysis = all
        }
        months[month.description] = figures
    }

    mutating func take(_ month: Month, at: Instant, outlet: String, _ tallies: Tallies, _ policy: PolicyBook) {
        guard closedMonth.map({ month > $0 }) ?? true else { return }
        months[month.description, MonthFigures(at: at)].add(Place(tallies, policy), ofOutlet: outlet)
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
            figures.unnamedOutlets.add(
                figures.outlets.keepGreatest(ReportBody.placeLimit, by: OutletYear.weight).count)
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
            let isLast = key == dueWeeks.last?.key
            let named = isLast ? proposals.values.filter { $0.at <= turn.now } : []
            for proposal in named { proposals[proposal.proposalId] = nil }
            publish(week, figures, named, unnamed: isLast ? unnamedProposals ?? 0 : 0, in: &turn)
            if isLast { unnamedProposals = nil }
        }
        for (key, figures) in months.entries where figures.at <= turn.now {
            months[key] = nil
            guard let month = Month(key) else { continue }
            closedMonth = max(closedMonth ?? month, month)
            changeYear(month.year) { $0.months[key] = MonthLine(figures.tallies) }
            publish(month, figures, fund, in: &turn)
            publish(month, figures.analysis, in: &turn)
            analysed = Analysed(month: month, analysis: figures.analysis ?? ComplaintAnalysis())
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

extension Int64? {
    /// Counts on; nil as long as there is nothing to count.
    fileprivate mutating func add(_ count: Int) {
        guard count > 0 else { return }
        self = (self ?? 0) + Int64(count)
    }
}

extension SortedMap {
    /// Leaves the `limit` entries with the greatest figures; of equals the first by key stay.
    ///
    /// - Returns: the others.
    mutating func keepGreatest(_ limit: Int, by weight: (Value) -> [Int64]) -> [Value] {
        var left: [Value] = []
        while count > limit {
            let least = entries.map { (weight: weight($0.value), key: $0.key) }.min { a, b in
                a.weight == b.weight ? a.key > b.key : a.weight.lexicographicallyPrecedes(b.weight)
            }
            guard let least, let value = self[least.key] else { break }
            left.append(value)
            self[least.key] = nil
        }
        return left
    }
}
