import Web

/// Charts as inline SVG, drawn in integers and coloured by the page's style. They hold no words: those stand beside
/// them, where they can wrap.
package enum ReportCharts {
    /// As many as the style has.
    private static let colours = 4

    /// A rate from 0 to 100 percent, with a mark at each of its limits; empty without cases.
    package static func bar(_ rate: ReportPage.Rate) -> HTML {
        guard let basisPoints = rate.basisPoints else { return HTML() }
        let width = min(max(basisPoints, 0), 10_000)
        let isMissed = rate.limits.contains { $0.verdict == "missed" }
        let marks = rate.limits.map { limit -> HTML in
            let x = min(max(limit.percent, 0), 100) * 100
            return "<rect class=\"mark\" x=\"\(max(0, x - 30))\" y=\"0\" width=\"60\" height=\"10\"/>"
        }
        return """
            <svg viewBox="0 0 10000 10" preserveAspectRatio="none" role="img" aria-hidden="true">\
            <rect class="track" x="0" y="1" width="10000" height="8"/>\
            <rect class="s\(isMissed ? 2 : 0)" x="0" y="1" width="\(width)" height="8"/>\
            \(marks)</svg>
            """
    }

    /// Columns side by side for each row, the first column of which names a month; empty if nothing is drawn.
    package static func months(columns: [String], rows: [[ReportPage.Cell]], drawn: [String]) -> HTML {
        let series = drawn.compactMap { name in columns.firstIndex(of: name) }
        guard !series.isEmpty, !rows.isEmpty, rows.count <= 12 else { return HTML() }
        let values = rows.map { row in series.map { value(row[$0]) } }
        let top = max(1, values.flatMap { $0 }.max() ?? 1)
        let slot = 960 / rows.count
        let width = min(60, max(4, (slot - 16) / series.count))
        let margin = (slot - series.count * width) / 2
        var shapes = HTML()
        for (month, group) in values.enumerated() {
            for (index, number) in group.enumerated() {
                let height = Int(number * 200 / top)
                let x = 20 + month * slot + margin + index * width
                shapes += """
                    <rect class="s\(index % colours)" x="\(x)" y="\(210 - height)" width="\(width - 2)" height="\(height)"/>
                    """
            }
            let name = rows[month].first?.plain.suffix(2) ?? ""
            shapes += """
                <text x="\(20 + month * slot + slot / 2)" y="232" font-size="18" text-anchor="middle">\(name)</text>
                """
        }
        let keys = series.enumerated().map { index, column -> HTML in
            """
            <span><span class="key s\(index % colours)"></span>\(ReportHTML.label(ReportTerm.of(columns[column])))</span>
            """
        }
        return """
            <figure><svg viewBox="0 0 1000 240" role="img" aria-hidden="true">\
            <line class="axis" x1="10" y1="210" x2="990" y2="210" stroke-width="2"/>\(shapes)</svg>\
            <figcaption>\(keys)</figcaption></figure>
            """
    }

    private static func value(_ cell: ReportPage.Cell) -> Int64 {
        if case .number(let number) = cell { max(0, number) } else { 0 }
    }
}
