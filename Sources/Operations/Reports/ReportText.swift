import Schema

/// How cells read in every form.
extension ReportPage.Cell {
    /// In numbers and English words, for text and CSV.
    package var plain: String {
        switch self {
        case .text(let text): text
        case .name(let name): ReportTerm.of(name).en
        case .number(let number): String(number)
        case .money(let fen): Self.decimal(fen, places: 2)
        case .thousandths(let number): Self.decimal(number, places: 3)
        case .share(let basisPoints): basisPoints.map { Self.decimal($0, places: 2) + " %" } ?? ""
        case .none: ""
        }
    }

    package var isNumber: Bool {
        switch self {
        case .text, .name, .none: false
        case .number, .money, .thousandths, .share: true
        }
    }

    /// 12345 with two places: `123.45`.
    package static func decimal(_ number: Int64, places: Int) -> String {
        let digits = String(number.magnitude)
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        return (number < 0 ? "-" : "") + padded.dropLast(places) + "." + padded.suffix(places)
    }
}

extension ReportPage.Rate {
    /// `≥ 98 % (R31) met`
    package func words(_ limit: Limit) -> String {
        let sign = ["at-least": "≥", "at-most": "≤", "below": "<"][limit.bound] ?? limit.bound
        return "\(sign) \(limit.percent) % (\(limit.rule)) \(ReportTerm.of(limit.verdict).en)"
    }
}

/// A report for a terminal.
package enum ReportText {
    package static func text(_ report: ReportDocument) -> String {
        let page = ReportPage(report)
        let title = ReportTerm.of(page.kind)
        var lines = [
            "\(title.zh) \(title.en) \(page.period)" + (page.subject.map { " \($0)" } ?? ""),
            "\(page.from) – \(page.through), published \(page.publishedAt)",
        ]
        for section in page.sections {
            lines += ["", "\(ReportTerm.of(section.name).zh) \(ReportTerm.of(section.name).en)"]
            lines += body(section.content).map { "  " + $0 }
        }
        return lines.map(TextTable.printable).joined(separator: "\n")
    }

    private static func body(_ content: ReportPage.Content) -> [String] {
        switch content {
        case .figures(let figures):
            var table = TextTable("", ">")
            for figure in figures { table.add(ReportTerm.of(figure.name).en, figure.cell.plain) }
            return table.lines
        case .rates(let rates):
            var table = TextTable("RATE", ">CASES", ">OF", ">PERCENT", "LIMITS")
            for rate in rates {
                table.add(
                    ReportTerm.of(rate.name).en, String(rate.numerator), String(rate.denominator),
                    ReportPage.Cell.share(basisPoints: rate.basisPoints).plain,
                    rate.limits.map(rate.words).joined(separator: "; "))
            }
            return table.lines
        case .table(let columns, let rows, _):
            let isNumber = columns.indices.map { column in rows.contains { $0[column].isNumber } }
            var table = TextTable(
                titles: zip(columns, isNumber).map { ($1 ? ">" : "") + ReportTerm.of($0).en.uppercased() })
            for row in rows { table.add(row.map(\.plain)) }
            return table.lines
        }
    }
}

/// A report as one long table, for spreadsheets: a line for every figure.
package enum ReportCSV {
    /// Lines end with CR LF (RFC 4180); values are numbers without unit, and words of the contract.
    package static func csv(_ report: ReportDocument) -> String {
        let page = ReportPage(report)
        var text = CSVText.line(["kind", "period", "subject", "section", "item", "field", "value"])
        func add(_ section: String, _ item: String, _ field: String, _ value: String) {
            text += CSVText.line([page.kind, page.period, page.subject ?? "", section, item, field, value])
        }
        for section in page.sections {
            switch section.content {
            case .figures(let figures):
                for figure in figures { add(section.name, "", figure.name, value(figure.cell)) }
            case .rates(let rates):
                for rate in rates {
                    add(section.name, rate.name, "numerator", String(rate.numerator))
                    add(section.name, rate.name, "denominator", String(rate.denominator))
                    add(section.name, rate.name, "percent", value(.share(basisPoints: rate.basisPoints)))
                    for limit in rate.limits {
                        add(section.name, rate.name, "\(limit.rule) \(limit.bound) \(limit.percent)", limit.verdict)
                    }
                }
            case .table(let columns, let rows, _):
                for row in rows {
                    for (column, cell) in zip(columns, row).dropFirst() {
                        add(section.name, row.first.map(value) ?? "", column, value(cell))
                    }
                }
            }
        }
        return text
    }

    private static func value(_ cell: ReportPage.Cell) -> String {
        switch cell {
        case .name(let name): name
        case .share(let basisPoints): basisPoints.map { ReportPage.Cell.decimal($0, places: 2) } ?? ""
        default: cell.plain
        }
    }
}
