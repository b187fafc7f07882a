import Runtime
import Schema
import Stages
import Store
import Web

/// `recourse register`: every call or letter of a month, in the order of its time (R27).
package struct Register: OperationReport, Codable, Hashable {
    package enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        case calls, letters
    }

    /// One call or letter.
    package struct Entry: Codable, Hashable, Sendable {
        package let at: Instant
        package let callbackId: String
        /// `service-first`, `service-second`, `case-closed`, `customer-event`.
        package let task: String
        package let about: String
        package let storeId: String?
        /// Who called or sent; nil where R27 was switched off.
        package let by: String?
        /// Of a call: `phone`, `sms`, `visit`, where it is told.
        package let medium: String?
        package let attempt: Int?
        package let outcome: String?
        /// Of a reached call, as far as it was asked.
        package let satisfied: Bool?
        package let score: Int?
        /// What was said or sent; nil: nothing, or not asked for.
        package let text: String?
    }

    package let kind: Kind
    /// `2026-11`
    package let month: String
    package let entries: [Entry]

    /// - Parameter keyring: opens what was said or sent; nil: it is not told.
    /// - Throws: `StoreFailure`, `StageFault` for a record that cannot be read.
    static func read(
        _ kind: Kind, _ month: Month, from callback: any Store, unmask keyring: Keyring?
    ) async throws -> Register {
        let (start, end) = (month.firstDate.at(hour: 0), month.next.firstDate.at(hour: 0))
        var entries: [Entry] = []
        try await CallbackRecords.each(in: callback, unmask: keyring, where: { _ in true }) { id, task in
            let found =
                kind == .calls
                ? task.calls.map { Entry(id, task, $0, isUnmasked: keyring != nil) }
                : task.letters.map { Entry(id, task, $0, isUnmasked: keyring != nil) }
            entries += found.filter { start <= $0.at && $0.at < end }
        }
        entries.sort { ($0.at, $0.callbackId) < ($1.at, $1.callbackId) }
        return Register(kind: kind, month: month.description, entries: entries)
    }
}

extension Register.Entry {
    init(_ id: String, _ task: CallbackTask, _ call: CallbackTask.Call, isUnmasked: Bool) {
        self.init(
            at: call.at, callbackId: id, task: task.callKind.rawValue, about: task.subjectText, storeId: task.storeId,
            by: call.by, medium: call.medium?.rawValue, attempt: call.place == .early ? nil : call.attempt,
            outcome: call.outcome.rawValue, satisfied: call.satisfied, score: call.score,
            text: isUnmasked ? call.comments : nil)
    }

    init(_ id: String, _ task: CallbackTask, _ letter: CallbackTask.Letter, isUnmasked: Bool) {
        self.init(
            at: letter.at, callbackId: id, task: task.callKind.rawValue, about: task.subjectText,
            storeId: task.storeId, by: letter.by, medium: nil, attempt: nil, outcome: nil, satisfied: nil, score: nil,
            text: isUnmasked ? letter.subject : nil)
    }

    fileprivate var answer: String? {
        satisfied.map { $0 ? "satisfied" : "dissatisfied" } ?? score.map { "score \($0)" }
    }
}

// MARK: - Renderers

extension Register {
    private struct Column: Sendable {
        let name: String
        let term: ReportTerm
        let value: @Sendable (Entry) -> String?
    }

    private var columns: [Column] {
        var columns = [
            Column(name: "at", term: ReportTerm("时间", "At")) { $0.at.description },
            Column(name: "task", term: ReportTerm("类别", "Task")) { $0.task },
            Column(name: "about", term: ReportTerm("事由", "About")) { $0.about },
            Column(name: "storeId", term: ReportTerm("门店", "Store")) { $0.storeId },
            Column(name: "by", term: ReportTerm("经办人", "By")) { $0.by },
        ]
        if kind == .calls {
            columns += [
                Column(name: "medium", term: ReportTerm("方式", "Medium")) { $0.medium },
                Column(name: "attempt", term: ReportTerm("第几次", "Attempt")) { $0.attempt.map(String.init) },
                Column(name: "outcome", term: ReportTerm("结果", "Outcome")) { $0.outcome },
                Column(name: "answer", term: ReportTerm("答复", "Answer")) { $0.answer },
            ]
        }
        if entries.contains(where: { $0.text != nil }) {
            columns.append(
                Column(name: "text", term: kind == .calls ? ReportTerm("内容", "Said") : ReportTerm("信函", "Sent")) {
                    $0.text
                })
        }
        return columns + [Column(name: "callbackId", term: ReportTerm("回访编号", "Callback")) { $0.callbackId }]
    }

    private var title: ReportTerm {
        kind == .calls ? ReportTerm("回访登记簿", "Register of calls") : ReportTerm("信函登记簿", "Register of letters")
    }

    package var text: String {
        var table = TextTable(titles: columns.map { $0.term.en.uppercased() })
        for entry in entries { table.add(columns.map { TextTable.printable($0.value(entry) ?? "-") }) }
        let head = "\(title.zh) \(title.en) \(month): \(entries.count)"
        return table.isEmpty ? head : head + "\n" + table.text
    }

    /// RFC 4180, with a line of names.
    package var csv: String {
        let columns = columns
        let lines =
            [columns.map(\.name)] + entries.map { entry in columns.map { $0.value(entry) ?? "" } }
        return lines.map { CSVText.line($0) }.joined()
    }

    /// A page to print.
    package var html: HTML {
        let columns = columns
        let titles = columns.map { column -> HTML in "<th scope=\"col\">\(ReportHTML.label(column.term))</th>" }
        let rows = entries.map { entry -> HTML in
            let cells = columns.map { column -> HTML in "<td>\(column.value(entry) ?? "–")</td>" }
            return "<tr>\(cells)</tr>"
        }
        return ReportHTML.page(
            title: title, of: month, note: "\(entries.count)",
            "<div class=\"wide\"><table><thead><tr>\(titles)</tr></thead><tbody>\(rows)</tbody></table></div>")
    }
}
