/// Charts as inline SVG, drawn in integers. They hold no words: those stand beside them, where they can wrap.
package enum ReportCharts {
    private static let colours = ["#2f6fb5", "#1b7f4b", "#b3261e", "#8a5a00"]

    /// A rate from 0 to 100 percent, with a mark at each of its limits; empty without cases.
    package static func bar(_ rate: ReportPage.Rate) -> String {
        guard let basisPoints = rate.basisPoints else { return "" }
        let width = min(max(basisPoints, 0), 10_000)
        let isMissed = rate.limits.contains { $0.verdict == "missed" }
        let marks = rate.limits.map { limit in
            let x = min(max(limit.percent, 0), 100) * 100
            return "<rect x=\"\(max(0, x - 30))\" y=\"0\" width=\"60\" height=\"10\" fill=\"#1c2430\"/>"
        }
        return """
            <svg viewBox="0 0 10000 10" preserveAspectRatio="none" role="img" aria-hidden="true">\
            <rect x="0" y="1" width="10000" height="8" fill="#e8ecf1"/>\
            <rect x="0" y="1" width="\(width)" height="8" fill="\(isMissed ? colours[2] : colours[0])"/>\
            \(marks.joined())</svg>
            """
    }

    /// Columns side by side for each row, the first column of which names a month; empty if nothing is drawn.
    package static func months(columns: [String], rows: [[ReportPage.Cell]], drawn: [String]) -> String {
        let series = drawn.compactMap { name in columns.firstIndex(of: name) }
        guard !series.isEmpty, !rows.isEmpty, rows.count <= 12 else { return "" }
        let values = rows.map { row in series.map { value(row[$0]) } }
        let top = max(1, values.flatMap { $0 }.max() ?? 1)
        let slot = 960 / rows.count
        let width = min(60, max(4, (slot - 16) / series.count))
        let margin = (slot - series.count * width) / 2
        var shapes = ""
        for (month, group) in values.enumerated() {
            for (index, number) in group.enumerated() {
                let height = Int(number * 200 / top)
                let x = 20 + month * slot + margin + index * width
                shapes +=
                    "<rect x=\"\(x)\" y=\"\(210 - height)\" width=\"\(width - 2)\" height=\"\(height)\" "
                    + "fill=\"\(colours[index % colours.count])\"/>"
            }
            let name = ReportHTML.escaped(String(rows[month].first?.plain.suffix(2) ?? ""))
            shapes +=
                "<text x=\"\(20 + month * slot + slot / 2)\" y=\"232\" font-size=\"18\" "
                + "text-anchor=\"middle\" fill=\"#5b6675\">\(name)</text>"
        }
        let keys = series.enumerated().map { index, column -> String in
            let term = ReportTerm.of(columns[column])
            return "<span><span class=\"key\" style=\"background:\(colours[index % colours.count])\"></span>"
                + "\(ReportHTML.escaped(term.zh)) <span class=\"en\" lang=\"en\">\(ReportHTML.escaped(term.en))"
                + "</span></span>"
        }
        return """
            <figure><svg viewBox="0 0 1000 240" role="img" aria-hidden="true">\
            <line x1="10" y1="210" x2="990" y2="210" stroke="#d9dee5" stroke-width="2"/>\(shapes)</svg>\
            <figcaption>\(keys.joined())</figcaption></figure>
            """
    }

    private static func value(_ cell: ReportPage.Cell) -> Int64 {
        if case .number(let number) = cell { max(0, number) } else { 0 }
    }
}
