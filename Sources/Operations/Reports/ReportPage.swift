import Schema

/// A report laid out: sections of figures, rates and tables, without any form yet. Text, CSV and HTML are made from it.
package struct ReportPage: Sendable, Hashable {
    package enum Cell: Sendable, Hashable {
        case text(String)
        /// A name of the contract, which has a term.
        case name(String)
        case number(Int64)
        case money(fen: Int64)
        case thousandths(Int64)
        case share(basisPoints: Int64?)
        case none
    }

    package struct Rate: Sendable, Hashable {
        package struct Limit: Sendable, Hashable {
            package let rule: String
            package let bound: String
            package let percent: Int64
            package let verdict: String
        }

        package let name: String
        package let numerator: Int64
        package let denominator: Int64
        package let basisPoints: Int64?
        package let limits: [Limit]
    }

    package enum Content: Sendable, Hashable {
        case figures([Figure])
        case rates([Rate])
        /// `chart`: the columns that are drawn, for figures over months.
        case table(columns: [String], rows: [[Cell]], chart: [String])
    }

    package struct Figure: Sendable, Hashable {
        package let name: String
        package let cell: Cell
    }

    package struct Section: Sendable, Hashable {
        package let name: String
        package let content: Content
    }

    package let kind: String
    package let period: String
    package let subject: String?
    package let from: String
    package let through: String
    package let publishedAt: Instant
    package let sections: [Section]

    /// What a body of another version does not have is left out; what it has beyond is not shown.
    package init(_ report: ReportDocument) {
        kind = report.kind
        period = report.period
        subject = report.subject
        publishedAt = report.publishedAt
        let body = report.body
        from = body["from"]?.string ?? ""
        through = body["through"]?.string ?? ""
        sections = Self.sections.compactMap { section in
            section.content(body).map { Section(name: section.name, content: $0) }
        }
    }

    private struct Layout: Sendable {
        let name: String
        let content: @Sendable (JSON) -> Content?
    }

    /// In the order of the page.
    private static let sections: [Layout] = [
        figures("report", ["status", "submittedAt", "dueAt", "listedViolations"]),
        figures("reports", ["owed", "inTime", "late", "missing"]),
        figures("standing", ["status", "dispatch", "holds"]),
        Layout(name: "ladder", content: ladder),
        figures("penalties", ["proposals", "notices"]),
        Layout(name: "supervision", content: supervision),
        Layout(
            name: "settlements",
            content: { body in
                let columns = ["reason", "blocked", "released"]
                return rows(body["supervision"]?["settlements"], columns).map {
                    .table(columns: columns, rows: $0, chart: [])
                }
            }),
        table("incidents", ["kind", "incidents"]),
        figures("handled", ["upheld", "dismissed"]),
        figures("work", ["cases", "repairs"]),
        table("postFaults", ["kind", "count", "ids", "more"]),
        table("by-type", ["type", "complaints", "before", "change"]),
        table("by-category", ["name", "complaints", "before", "change"]),
        table("by-brand", ["name", "complaints", "before", "change"]),
        table("by-model", ["name", "complaints", "before", "change"]),
        Layout(name: "rates", content: rates),
        Layout(name: "counts", content: counts),
        Layout(name: "gap", content: gap),
        table("callbacks", ["kind", "tasks", "reached"]),
        table(
            "months",
            ["month", "complaints", "services", "satisfied", "dissatisfied", "disbursedFen", "recoveredFen"],
            chart: ["complaints", "satisfied", "dissatisfied"]),
        Layout(name: "fund", content: fund),
        ofFund("age", ["paidIn", "openFen", "advances"]),
        ofFund("byLiable", ["liable"] + movements), ofFund("bySeverity", ["severity"] + movements),
        table("unreconciled", ["storeId", "violationIds"]),
        table("proposals", ["outletId", "rung", "ladder", "period", "count", "proposalId"]),
        Layout(
            name: "omitted",
            content: { body in
                let found = omissions.filter { body[$0] != nil }
                return found.isEmpty ? nil : .figures(found.map { Figure(name: $0, cell: cell(body[$0], named: $0)) })
            }),
        table("stores", placeColumns + ["report", "services", "violations", "upheld"]),
        table("outlets", ["outletId"] + placeColumns.dropFirst() + ["upheld", "cumulative", "notices", "status"]),
    ]

    private static let omissions = [
        "storesOmitted", "outletsOmitted", "proposalsOmitted", "unreconciledOmitted", "by-categoryOmitted",
        "by-categoryOthers", "by-brandOmitted", "by-brandOthers", "by-modelOmitted", "by-modelOthers",
    ]

    private static let movements = ["payments", "disbursedFen", "recoveredFen", "writtenOffFen", "recoveryRate"]

    private static let placeColumns = [
        "storeId", "complaints", "tasks", "done", "reached", "satisfied", "dissatisfied", "gapThousandths",
    ]

    // MARK: - Sections

    private static func figures(_ name: String, _ names: [String]) -> Layout {
        Layout(name: name) { body in
            guard let members = body[name], members.members != nil else { return nil }
            return .figures(names.map { Figure(name: $0, cell: cell(members[$0], named: $0)) })
        }
    }

    /// A table with those of the columns that its rows have.
    private static func table(_ name: String, _ columns: [String], chart: [String] = []) -> Layout {
        Layout(name: name) { body in
            guard let first = body[name]?.elements?.first?.members else { return nil }
            let present = columns.filter { column in first.contains { $0.name == column } }
            return rows(body[name], present).map { .table(columns: present, rows: $0, chart: chart) }
        }
    }

    /// A table of the part of that name.
    private static func ofFund(_ name: String, _ columns: [String]) -> Layout {
        Layout(name: name) { body in
            rows(body["fund"]?[name], columns).map { .table(columns: columns, rows: $0, chart: []) }
        }
    }

    private static func rows(_ value: JSON?, _ columns: [String]) -> [[Cell]]? {
        guard let elements = value?.elements, !elements.isEmpty else { return nil }
        return elements.map { row in columns.map { cell(row[$0], named: $0) } }
    }

    @Sendable private static func counts(_ body: JSON) -> Content? {
        guard let members = body["counts"]?.members else { return nil }
        let late = body["lateFacts"].map { [Figure(name: "lateFacts", cell: cell($0, named: "lateFacts"))] } ?? []
        return .figures(members.map { Figure(name: $0.name, cell: cell($0.value, named: $0.name)) } + late)
    }

    @Sendable private static func rates(_ body: JSON) -> Content? {
        guard let elements = body["rates"]?.elements else { return nil }
        return .rates(
            elements.map { rate in
                Rate(
                    name: rate["name"]?.string ?? "", numerator: rate["numerator"]?.int ?? 0,
                    denominator: rate["denominator"]?.int ?? 0, basisPoints: rate["basisPoints"]?.int,
                    limits: (rate["limits"]?.elements ?? []).map { limit in
                        Rate.Limit(
                            rule: limit["rule"]?.string ?? "", bound: limit["is"]?.string ?? "",
                            percent: limit["percent"]?.int ?? 0, verdict: limit["verdict"]?.string ?? "")
                    })
            })
    }

    @Sendable private static func gap(_ body: JSON) -> Content? {
        guard let all = body["gap"]?["thousandths"]?.int, let lines = body["gap"]?["criteria"]?.elements else {
            return nil
        }
        let rows = lines.map { line -> [Cell] in
            [
                cell(line["criterion"], named: "criterion"), cell(line["weight"], named: "weight"),
                cell(line["answers"], named: "answers"), cell(line["thousandths"], named: "thousandths"),
            ]
        }
        let sum: [Cell] = [.text("Σ"), .none, .none, .thousandths(all)]
        return .table(columns: ["criterion", "weight", "answers", "thousandths"], rows: rows + [sum], chart: [])
    }

    @Sendable private static func ladder(_ body: JSON) -> Content? {
        guard let ladders = body["ladder"]?.members, !ladders.isEmpty else { return nil }
        let rows = ladders.map { ladder -> [Cell] in
            let next = ladder.value["next"]
            let from = next?.int == nil ? next?["from"] : next
            return [
                .name(ladder.name), cell(ladder.value["period"], named: "period"),
                cell(ladder.value["count"], named: "count"), cell(ladder.value["rung"], named: "rung"),
                cell(from, named: "nextFrom"),
            ]
        }
        return .table(columns: ["ladder", "period", "count", "rung", "nextFrom"], rows: rows, chart: [])
    }

    @Sendable private static func supervision(_ body: JSON) -> Content? {
        guard let all = body["supervision"], all.members != nil else { return nil }
        let paths = [
            ("assessments", ["assessments", "times"]), ("assessed", ["assessments", "assessed"]),
            ("passed", ["assessments", "passed"]), ("retests", ["retests", "times"]),
            ("siteChecksPassed", ["siteChecks", "passed"]), ("siteChecksFailed", ["siteChecks", "failed"]),
            ("evaluations", ["evaluations", "times"]), ("scoreSum", ["evaluations", "scoreSum"]),
            ("servicesWhileBlocked", ["servicesWhileBlocked"]),
        ]
        return .figures(
            paths.map { name, path in
                Figure(name: name, cell: cell(path.reduce(all) { $0[$1] ?? .null }, named: name))
            })
    }

    @Sendable private static func fund(_ body: JSON) -> Content? {
        guard let fund = body["fund"] else { return nil }
        let names = [
            "balanceFen", "openFen", "disbursedFen", "payments", "recoveredFen", "writtenOffFen", "recoveryRate",
        ]
        return .figures(names.map { Figure(name: $0, cell: cell(fund[$0], named: $0)) })
    }

    private static func cell(_ value: JSON?, named name: String) -> Cell {
        switch value {
        case .int(let number):
            if name.hasSuffix("Fen") { return .money(fen: number) }
            return name == "thousandths" || name == "gapThousandths" ? .thousandths(number) : .number(number)
        case .string(let text):
            // Ids and times are shown as they are, also where a word of the contract is spelt like one.
            return texts.contains(name) && text != "-" ? .text(text) : .name(text)
        case .array(let elements) where texts.contains(name):
            let ids = elements.compactMap(\.string)
            return ids.isEmpty ? .none : .text(ids.joined(separator: ", "))
        case .array(let elements):
            let names = elements.compactMap(\.string).map { ReportTerm.of($0) }
            return names.isEmpty ? .none : .text(names.map { "\($0.zh) \($0.en)" }.joined(separator: ", "))
        case .object where value?["basisPoints"] != nil: return .share(basisPoints: value?["basisPoints"]?.int)
        default: return .none
        }
    }

    private static let texts: Set<String> = [
        "storeId", "outletId", "proposalId", "period", "month", "paidIn", "submittedAt", "dueAt", "ids",
        "violationIds", "name", "severity",
    ]
}
