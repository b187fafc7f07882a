import Policy
import Schema

/// The after-sales fund as the reports show it.
struct FundBook: Record {
    static let kind = "fund"
    static let id = "all"

    /// What moved, in a month or since the beginning. Fen, but for the number of payments.
    struct Flow: Codable, Sendable {
        var disbursed: Int64 = 0
        var payments: Int64 = 0
        var recovered: Int64 = 0
        var writtenOff: Int64 = 0
        /// By the kind of the party that bears it, as the approved opinion has it, all that has moved of an advance before that
        /// included; nil: nothing known.
        var byLiable: SortedMap<Flow>?
        /// By the severity that headquarters recorded (R06); nil: nothing known.
        var bySeverity: SortedMap<Flow>?

        mutating func add(_ other: Flow) {
            disbursed += other.disbursed
            payments += other.payments
            recovered += other.recovered
            writtenOff += other.writtenOff
            Self.add(other.byLiable, to: &byLiable)
            Self.add(other.bySeverity, to: &bySeverity)
        }

        private static func add(_ parts: SortedMap<Flow>?, to sums: inout SortedMap<Flow>?) {
            guard let parts else { return }
            var added = sums ?? SortedMap()
            for (name, part) in parts.entries { added[name, Flow()].add(part) }
            sums = added
        }

        fileprivate var recoveryRate: JSON { Rate.share(recovered, of: disbursed) }
    }

    /// What is still to come back of the advances paid in a month.
    struct Cohort: Codable, Sendable {
        var openFen: Int64 = 0
        var advances: Int64 = 0
    }

    /// Since the beginning.
    var total = Flow()
    /// By month, of the years that have not been reported.
    var flows = SortedMap<Flow>()
    /// By month of payment, those that are not balanced.
    var cohorts = SortedMap<Cohort>()
    private(set) var closedYear: Int?

    var wake: Wake? { nil }

    /// Books what moved at an instant. A year that was reported is not shown again; the totals are.
    mutating func book(_ flow: Flow, on date: CivilDate) {
        total.add(flow)
        guard closedYear.map({ date.year > $0 }) ?? true else { return }
        flows[Month(of: date).description, Flow()].add(flow)
    }

    /// Follows an advance from one state to the next.
    mutating func follow(from old: AdvanceFacts, to new: AdvanceFacts) {
        guard let month = new.paidIn?.description else { return }
        var cohort = cohorts[month] ?? Cohort()
        if old.paidIn != nil {
            cohort.openFen -= old.openFen
            cohort.advances -= old.openFen > 0 ? 1 : 0
        }
        cohort.openFen += new.openFen
        cohort.advances += new.openFen > 0 ? 1 : 0
        cohorts[month] = cohort.openFen == 0 && cohort.advances == 0 ? nil : cohort
    }

    func flow(of year: Int) -> Flow {
        flows.entries.filter { $0.key.hasPrefix(Period.text(year: year) + "-") }
            .reduce(into: Flow()) { $0.add($1.value) }
    }

    mutating func close(year: Int) {
        closedYear = max(closedYear ?? year, year)
        for key in flows.entries.map(\.key) where key < Period.text(year: year + 1) { flows[key] = nil }
    }
}

extension FundBook {
    /// Position as of the report, what moved in its period, and what is open by the month in which it was paid.
    func json(_ flow: Flow, at month: Month) -> JSON {
        let open = cohorts.values.reduce(0) { $0 + $1.openFen }
        return [
            "balanceFen": .int(total.recovered - total.disbursed), "openFen": .int(open),
            "disbursedFen": .int(flow.disbursed), "payments": .int(flow.payments),
            "recoveredFen": .int(flow.recovered), "writtenOffFen": .int(flow.writtenOff),
            "recoveryRate": total.recoveryRate,
            "byLiable": Self.json(flow.byLiable, of: total.byLiable, "liable"),
            "bySeverity": Self.json(flow.bySeverity, of: total.bySeverity, "severity"),
            "age": .array(
                cohorts.entries.compactMap { key, cohort -> JSON? in
                    guard let paidIn = Month(key) else { return nil }
                    let months = (month.year - paidIn.year) * 12 + month.month - paidIn.month
                    return [
                        "paidIn": .string(key), "months": .int(Int64(Swift.max(0, months))),
                        "openFen": .int(cohort.openFen), "advances": .int(cohort.advances),
                    ]
                }),
        ]
    }

    /// A line for each that anything has ever moved of: a rate of what is still out is told though nothing moves.
    private static func json(_ parts: SortedMap<Flow>?, of totals: SortedMap<Flow>?, _ name: String) -> JSON {
        .array(
            (totals?.entries ?? []).map { key, total in
                let part = parts?[key] ?? Flow()
                return .object([
                    .init(name, .string(key)), .init("disbursedFen", .int(part.disbursed)),
                    .init("payments", .int(part.payments)), .init("recoveredFen", .int(part.recovered)),
                    .init("writtenOffFen", .int(part.writtenOff)), .init("recoveryRate", total.recoveryRate),
                ])
            })
    }
}

extension SortedMap {
    /// Of one entry.
    init(_ key: String, _ value: Value) {
        self.init()
        self[key] = value
    }
}
