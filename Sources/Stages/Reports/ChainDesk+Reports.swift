import Policy
import Schema

/// The texts of the chain's reports.
extension ChainDesk {
    /// R11: the weekly summary, with the penalties that are proposed to the business division.
    ///
    /// - Parameter unnamed: how many more were proposed.
    func publish(
        _ week: ReportWeek, _ figures: Week, _ proposals: [Proposal], unnamed: Int64, in turn: inout Turn
    ) {
        var body = ReportBody(from: week.monday, through: week.sunday)
        let owed = [WeeklyReportStatus.inTime, .late, .missing]
        body.add(
            "reports",
            [
                "owed": .int(owed.reduce(0) { $0 + figures.count($1) }), "inTime": .int(figures.count(.inTime)),
                "late": .int(figures.count(.late)), "missing": .int(figures.count(.missing)),
            ])
        body.addMeasures(figures.tallies, turn.policy, isSettled: false)
        let unnamedStores = (figures.unnamedStores?.values ?? []).reduce(0, +)
        body.add("stores", figures.stores, unnamed: unnamedStores, by: StoreWeek.weight) { id, line in
            [
                "storeId": .string(id), "report": .string(line.report.rawValue),
                "complaints": .int(line.complaints), "services": .int(line.services),
                "violations": .int(line.violations), "upheld": .int(line.upheld),
            ]
        }
        body.add(
            "unreconciled",
            .array(
                (figures.unreconciled?.entries ?? []).map { store, ids in
                    ["storeId": .string(store), "violationIds": .array(ids.map { .string($0) })]
                }))
        body.addOmitted("unreconciled", figures.unnamedUnreconciled ?? 0)
        body.add(
            "proposals",
            .array(
                proposals.map { proposal in
                    [
                        "proposalId": .string(proposal.proposalId), "outletId": .string(proposal.outletId),
                        "ladder": .string(proposal.ladder.rawValue), "period": .string(proposal.period),
                        "rung": .string(proposal.rung), "count": .int(proposal.count),
                    ]
                }))
        body.addOmitted("proposals", unnamed)
        turn.publish(.weeklySummary, week.description, subject: nil, rule: "R11", body: body.json)
    }

    /// R33: the analysis of a month's callbacks, with the other measures and the fund.
    func publish(_ month: Month, _ figures: MonthFigures, _ fund: FundBook, in turn: inout Turn) {
        guard turn.policy.rules.isOn(.r33) else { return }
        var body = ReportBody(from: month.firstDate, through: month.next.firstDate.adding(days: -1))
        body.addMeasures(figures.tallies, turn.policy, isSettled: true)
        body.add(
            "callbacks",
            .array(
                CallbackKind.allCases.map { kind in
                    [
                        "kind": .string(kind.rawValue), "tasks": .int(figures.tallies[.tasks(kind)]),
                        "reached": .int(figures.tallies[.reached(kind)]),
                    ]
                }))
        body.add("stores", figures.stores, unnamed: figures.unnamedStores ?? 0, by: Place.weight) {
            $1.json("storeId", $0)
        }
        body.add("outlets", figures.outlets, unnamed: figures.unnamedOutlets ?? 0, by: Place.weight) {
            $1.json("outletId", $0)
        }
        body.add("fund", fund.json(fund.flows[month.description] ?? FundBook.Flow(), at: month))
        turn.publish(.callbackAnalysis, month.description, subject: nil, rule: "R33", body: body.json)
    }

    /// R33: what the month's complaints are about, against the month before.
    func publish(_ month: Month, _ analysis: ComplaintAnalysis?, in turn: inout Turn) {
        guard turn.policy.rules.isOn(.r33) else { return }
        var body = ReportBody(from: month.firstDate, through: month.next.firstDate.adding(days: -1))
        let before = analysed.flatMap { $0.month.next == month ? $0.analysis : nil }
        (analysis ?? ComplaintAnalysis()).add(to: &body, before: before)
        turn.publish(.complaintAnalysis, month.description, subject: nil, rule: "R33", body: body.json)
    }

    /// R29: the year, with what came too late for the months' reports.
    func publish(_ year: Int, _ figures: Year, _ fund: FundBook, in turn: inout Turn) {
        guard turn.policy.rules.isOn(.r29) else { return }
        let first = Month(year: year, month: 1)
        let last = Month(year: year, month: 12)
        var body = ReportBody(from: first.firstDate, through: last.next.firstDate.adding(days: -1))
        body.add("lateFacts", .int(figures.late))
        body.addMeasures(figures.tallies, turn.policy, isSettled: true)
        body.add(
            "months",
            .array(
                figures.months.entries.map { key, line in
                    let flow = fund.flows[key] ?? FundBook.Flow()
                    return [
                        "month": .string(key), "complaints": .int(line.complaints), "services": .int(line.services),
                        "satisfied": .int(line.satisfied), "dissatisfied": .int(line.dissatisfied),
                        "disbursedFen": .int(flow.disbursed), "recoveredFen": .int(flow.recovered),
                    ]
                }))
        body.add(
            "outlets", figures.outlets, unnamed: figures.unnamedOutlets ?? 0, by: OutletYear.weight
        ) { id, line in
            [
                "outletId": .string(id), "upheld": .int(line.upheld),
                "cumulative": line.cumulative.map { .int($0) } ?? .null, "notices": .int(line.notices),
                "status": line.status.map { .string($0.rawValue) } ?? .null,
            ]
        }
        body.add("fund", fund.json(fund.flow(of: year), at: last))
        turn.publish(.yearlySummary, Period.text(year: year), subject: nil, rule: "R29", body: body.json)
    }
}

extension ChainDesk.Place {
    fileprivate func json(_ name: String, _ id: String) -> JSON {
        .object([
            .init(name, .string(id)), .init("complaints", .int(complaints)), .init("tasks", .int(tasks)),
            .init("done", .int(done)), .init("reached", .int(reached)), .init("satisfied", .int(satisfied)),
            .init("dissatisfied", .int(dissatisfied)), .init("gapThousandths", gap.map { .int($0) } ?? .null),
        ])
    }
}

extension ReportBody {
    /// A list in an outgoing event names no more.
    static let placeLimit = 100

    /// Adds a line for each place, by id. Of more than `placeLimit` only those with the greatest figures are named, and
    /// `…Omitted` says how many are not; their own reports are published all the same.
    ///
    /// - Parameter unnamed: how many there are besides `places`.
    mutating func add<Line: Sendable>(
        _ name: String, _ places: SortedMap<Line>, unnamed: Int64 = 0, by weight: (Line) -> [Int64],
        _ json: (String, Line) -> JSON
    ) {
        // What a release before 0.2.0 has gathered may be more.
        var places = places
        let others = Int64(places.keepGreatest(Self.placeLimit, by: weight).count)
        addOmitted(name, unnamed + others)
        add(name, .array(places.entries.map { json($0.key, $0.value) }))
    }

    mutating func addOmitted(_ name: String, _ count: Int64) {
        if count > 0 { add(name + "Omitted", .int(count)) }
    }
}
