import Schema

/// The fund in words and tables; money in yuan.
extension FundReport {
    package var text: String {
        var lines = [
            "After-sales fund: balance CNY \(Self.yuan(balanceFen))",
            "Paid \(Self.yuan(disbursedFen)), recovered \(Self.yuan(recoveredFen)), written off "
                + "\(Self.yuan(writtenOffFen)); outstanding \(Self.yuan(disbursedFen - recoveredFen - writtenOffFen)).",
        ]
        let (open, settled) = (requests.filter(\.isOpen), requests.filter { !$0.isOpen })
        if requests.isEmpty { lines += ["", "No requests match."] }
        lines += Self.block("OVERDUE STEPS", overdue(open)) + Self.block("OPEN REQUESTS", Self.table(open))
        lines += Self.block("SETTLED REQUESTS", Self.table(settled))
        if isDetailed { for request in requests { lines += [""] + request.lines } }
        if let next { lines += ["", "More: --after \(next)"] }
        return lines.map(TextTable.printable).joined(separator: "\n")
    }

    private static func block(_ title: String, _ table: TextTable) -> [String] {
        table.isEmpty ? [] : ["", title] + table.lines
    }

    private func overdue(_ requests: [Request]) -> TextTable {
        var table = TextTable("REQUEST", "COMPLAINT", "OWES", "SINCE", ">OUTSTANDING")
        for one in requests where one.isOverdue {
            table.add(
                one.requestId, one.complaintId, one.step, one.owedBy?.description ?? "-", Self.yuan(one.outstandingFen))
        }
        return table
    }

    private static func table(_ requests: [Request]) -> TextTable {
        var table = TextTable(
            "REQUEST", "COMPLAINT", "CAUSE", "STATE", ">ASKED", ">PAID", ">OUTSTANDING", "OWES", "UNTIL")
        for one in requests {
            table.add(
                one.requestId, one.complaintId, one.cause, one.stateWords, yuan(one.requestedFen),
                yuan(one.disbursedFen), yuan(one.outstandingFen), one.owed == nil ? "-" : one.step,
                one.owed == nil ? "-" : (one.owedBy?.description ?? "not known yet"))
        }
        return table
    }

    static func yuan(_ fen: Int64) -> String { ReportPage.Cell.decimal(fen, places: 2) }
}

extension FundReport.Request {
    fileprivate var stateWords: String { state + (referredTo.map { " to \($0)" } ?? "") }

    fileprivate var step: String {
        switch owed {
        case "report": "the incident report"
        case "opinion": "an opinion on liability"
        case "approval": "its approval"
        case "recovery": "the money"
        default: owed ?? "nothing"
        }
    }

    /// Everything about one request: what is owed, every decision and its reason, the record if it was asked for.
    fileprivate var lines: [String] {
        var lines = [
            "Request \(requestId) of complaint \(complaintId), case \(caseId): \(cause), \(stateWords)",
            "  asked by \(requestedBy.isEmpty ? "a person not known" : requestedBy)",
            "  asked for \(FundReport.yuan(requestedFen)), paid \(FundReport.yuan(disbursedFen)), recovered "
                + "\(FundReport.yuan(recoveredFen)), written off \(FundReport.yuan(writtenOffFen)), outstanding "
                + FundReport.yuan(outstandingFen),
        ]
        if owed != nil {
            let until = owedBy?.description ?? "a time that the calendar does not know yet"
            lines.append("  owed is \(step), by \(until)" + (isOverdue ? ": overdue" : ""))
        }
        if let liableKind {
            let step = recoveryStep.map { "; recovery is at the step \($0)" } ?? ""
            lines.append("  liable is \(liableKind)" + (liableId.map { " \($0)" } ?? "") + step)
        }
        for one in decisions {
            var line = "  \(one.at)  \(one.event)"
            if let reason = one.reason { line += "  \(reason)" }
            if let amount = one.amountFen { line += "  \(FundReport.yuan(amount))" }
            if let balance = one.balanceFen { line += ", balance \(FundReport.yuan(balance))" }
            line += one.by.map { "  by \($0.text)" } ?? "  by the rules"
            lines.append(line)
            let why = [("with", one.parameters), ("as", one.facts)].compactMap { word, json -> String? in
                guard let json, json.members?.isEmpty == false else { return nil }
                return "  \(word) \(TimelineEntry.short(json))"
            }
            if let rule = one.rule {
                lines.append("      because \(rule) of policy \(one.policy ?? "?")" + why.joined())
            }
        }
        if let record { lines.append("  record  " + String(decoding: record.serialized, as: UTF8.self)) }
        return lines
    }
}
