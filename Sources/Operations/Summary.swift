import Runtime
import Schema
import Store

/// What has happened in an installation, counted from the journals; the table at the end of the demo.
package struct Summary: OperationReport, Codable, Hashable {
    package struct Section: Sendable, Hashable, Codable {
        package let name: String
        package let figures: [Figure]

        package init(_ name: String, _ figures: [Figure]) {
            self.name = name
            self.figures = figures
        }
    }

    package let sections: [Section]
    /// nil: no audit was made.
    package let auditOk: Bool?
    package let audit: AuditAnswer?

    package var exitCode: Int32 { audit?.exitCode ?? 0 }

    package subscript(_ section: String, _ figure: String) -> Int? {
        sections.first { $0.name == section }?.figures.first { $0.name == figure }?.value
    }

    package var text: String {
        var table = TextTable("", "", ">")
        for section in sections {
            for (index, figure) in section.figures.enumerated() {
                table.add(index == 0 ? section.name : "", figure.name, String(figure.value))
            }
        }
        if let audit { table.add("audit", audit.rawValue) }
        return table.text
    }
}

extension Summary {
    /// Reads all journals.
    ///
    /// - Parameters:
    ///   - ledger: what was published, if it is known.
    ///   - audit: an audit's result, to be shown beside the figures.
    /// - Throws: `StoreFailure`, `FileFault`.
    package static func make(
        stores: [StageName: any Store], deadLetters: any DeadLetterStore, published ledger: LedgerReader? = nil,
        audit: AuditReport? = nil
    ) async throws -> Summary {
        var sections: [Section] = []
        if var ledger {
            var lines = 0
            var confirmed = 0
            while true {
                let page = try ledger.next(limit: JournalScan.pageSize)
                if page.isEmpty { break }
                lines += page.count
                confirmed += page.count { $0.isConfirmed }
            }
            sections.append(Section("published", [Figure("events", lines), Figure("confirmed", confirmed)]))
        }
        var count = OutputCount()
        for stage in StageName.allCases {
            guard let store = stores[stage] else { continue }
            try await count.read(store)
        }
        sections += count.sections
        var dead = Dictionary(uniqueKeysWithValues: DeadLetterState.allCases.map { ($0, 0) })
        for row in try await deadLetters.counts() { dead[row.state, default: 0] += row.count }
        sections.append(Section("dead letters", DeadLetterState.allCases.map { Figure($0.rawValue, dead[$0] ?? 0) }))
        return Summary(sections: sections, auditOk: audit?.ok, audit: audit?.answer)
    }
}

/// Outputs by type and, for some, by what their data say.
private struct OutputCount {
    private var types: [String: Int] = [:]
    /// By `type` and value.
    private var values: [String: [String: Int]] = [:]
    private var inputs: [String: Int] = [:]
    private var assigned: Set<String> = []

    /// The member of `data` that tells outputs of a type apart.
    private static let members = [
        "case.assigned": "tier", "case.escalated": "to", "penalty.proposed": "rung", "notice.issued": "kind",
        "outlet.status-changed": "to", "business.rejected": "reason", "violation.recorded": "upheld",
        "report.published": "kind", "manufacturer.incident-recorded": "upheld",
    ]

    private static let rungs = ["warning", "rectification", "stop-dispatch", "withdrawal"]

    mutating func read(_ store: any Store) async throws {
        var position: Int64 = 0
        while true {
            let start = position
            let page = try await store.read { snapshot in
                let page = try snapshot.journal(after: start, limit: JournalScan.pageSize, withBodies: false)
                let isTold = page.contains { $0.outputs.contains { OutputCount.members[$0.type] != nil } }
                return isTold ? try snapshot.journal(after: start, limit: page.count, withBodies: true) : page
            }
            guard let end = page.last?.number else { return }
            for entry in page { try take(entry) }
            position = end
        }
    }

    private mutating func take(_ entry: JournalEntry) throws {
        if case .event(_, _, let type, _, _) = entry.input, entry.fate == .applied { inputs[type, default: 0] += 1 }
        for output in entry.outputs where output.exchange == ExchangeName.events {
            types[output.type, default: 0] += 1
            guard let member = OutputCount.members[output.type] else { continue }
            // Only the first assignment of a case tells where complaints go; the later ones are escalations.
            if output.type == "case.assigned", !assigned.insert(output.correlation ?? output.id).inserted { continue }
            let value = try JSON(parsing: output.body)["data"]?[member]
            let name: String? =
                switch value {
                case .string(let text): text
                case .bool(let flag): flag ? "upheld" : "not upheld"
                default: nil
                }
            if let name { values[output.type, default: [:]][name, default: 0] += 1 }
        }
    }

    private func figure(_ name: String, _ type: String) -> Figure { Figure(name, types[type] ?? 0) }

    private func figures(_ type: String, _ names: [String], prefix: String = "") -> [Figure] {
        let counted = values[type] ?? [:]
        let others = counted.keys.filter { !names.contains($0) }.sorted()
        return (names + others).map { Figure(prefix + $0, counted[$0] ?? 0) }
    }

    /// An incident is told again when it is handled.
    private var manufacturers: [Figure] {
        let told = "manufacturer.incident-recorded"
        let handled = figures(told, ["upheld", "not upheld"])
        let recorded = (types[told] ?? 0) - handled.reduce(0) { $0 + $1.value }
        return [Figure("incidents", recorded)] + handled + [
            figure("replacements proposed", "manufacturer.replacement-proposed"),
            figure("replacements demanded", "manufacturer.replacement-demanded"),
        ]
    }

    var sections: [Summary.Section] {
        let tiers = HandlerTier.allCases.map(\.rawValue)
        let statuses = OutletStatusChanged.Status.allCases.map(\.rawValue)
        return [
            .init(
                "complaints",
                [
                    Figure("received", inputs["complaint.received"] ?? 0), figure("cases opened", "case.opened"),
                    figure("linked to an open case", "case.duplicate-linked"),
                ]),
            .init(
                "cases",
                figures("case.assigned", tiers, prefix: "first assigned to ")
                    + figures("case.escalated", Array(tiers.dropFirst()), prefix: "escalated to ")
                    + [
                        figure("overdue", "case.overdue"), figure("closing blocked", "case.close-blocked"),
                        figure("closed", "case.closed"), figure("reopened", "case.reopened"),
                    ]),
            .init(
                "callbacks",
                ["scheduled", "due", "satisfied", "dissatisfied", "missed", "exhausted"].map {
                    figure($0, "callback." + $0)
                }),
            .init(
                "violations",
                [figure("recorded", "violation.recorded")] + figures("violation.recorded", ["upheld", "not upheld"])),
            .init(
                "penalties",
                figures("penalty.proposed", OutputCount.rungs, prefix: "proposed: ")
                    + [figure("superseded", "penalty.superseded")]),
            .init("manufacturers", manufacturers),
            .init("notices", figures("notice.issued", NoticeIssued.Kind.allCases.map(\.rawValue))),
            .init("outlets", figures("outlet.status-changed", statuses, prefix: "now ")),
            .init(
                "reports",
                figures("report.published", []) + [figure("weekly-summary", "weekly-summary.published")]),
            .init(
                "rejected by a rule",
                [figure("all", "business.rejected")] + figures("business.rejected", [])),
        ]
    }
}
