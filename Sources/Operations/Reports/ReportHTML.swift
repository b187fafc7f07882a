import Schema

/// A report as one HTML document: Chinese and English, inline SVG, no script, nothing loaded from elsewhere.
///
/// Whatever is long wraps: words stand in table cells and grid boxes, and charts hold no text but the months' numbers.
package enum ReportHTML {
    package static func html(_ report: ReportDocument) -> String {
        let page = ReportPage(report)
        let title = ReportTerm.of(page.kind)
        let heading = [page.period, page.subject].compactMap { $0 }.joined(separator: " · ")
        return """
            <!DOCTYPE html>
            <html lang="zh-Hans">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
            <title>\(escaped("\(title.zh) \(heading)"))</title>
            <style>\(style)</style>
            </head>
            <body>
            <header>
            <h1>\(label(title))</h1>
            <p class="of">\(escaped(heading))</p>
            <p class="when">\(escaped("\(page.from) – \(page.through)")) · 发布 <span lang="en">published</span> \
            \(escaped(page.publishedAt.description))</p>
            </header>
            <main>
            \(page.sections.map(section).joined(separator: "\n"))
            </main>
            </body>
            </html>

            """
    }

    private static func section(_ section: ReportPage.Section) -> String {
        let content =
            switch section.content {
            case .figures(let figures): self.figures(figures)
            case .rates(let rates): self.rates(rates)
            case .table(let columns, let rows, let chart):
                ReportCharts.months(columns: columns, rows: rows, drawn: chart) + table(columns, rows)
            }
        return "<section><h2>\(label(ReportTerm.of(section.name)))</h2>\(content)</section>"
    }

    private static func figures(_ figures: [ReportPage.Figure]) -> String {
        let boxes = figures.map { figure in
            "<div><dt>\(label(ReportTerm.of(figure.name)))</dt><dd>\(html(figure.cell))</dd></div>"
        }
        return "<dl>\(boxes.joined())</dl>"
    }

    private static func rates(_ rates: [ReportPage.Rate]) -> String {
        let rows = rates.map { rate in
            let limits = rate.limits.map { limit in
                "<span class=\"verdict \(escaped(limit.verdict))\">\(escaped(ReportTerm.of(limit.verdict).zh)) "
                    + "\(escaped(rate.words(limit)))</span>"
            }
            return """
                <tr><th scope="row">\(label(ReportTerm.of(rate.name)))</th>\
                <td class="n">\(rate.numerator) / \(rate.denominator)</td>\
                <td class="n">\(html(.share(basisPoints: rate.basisPoints)))</td>\
                <td class="bar">\(ReportCharts.bar(rate))</td><td>\(limits.joined(separator: "<br/>"))</td></tr>
                """
        }
        let titles = [
            ("指标", "Rate", ""), ("数量", "Cases", "n"), ("比率", "Share", "n"), ("0–100 %", "", "bar"),
            ("判定", "Judgement", ""),
        ].map { "<th scope=\"col\" class=\"\($0.2)\">\(label(ReportTerm($0.0, $0.1)))</th>" }
        return scrollable("<thead><tr>\(titles.joined())</tr></thead><tbody>\(rows.joined())</tbody>")
    }

    private static func table(_ columns: [String], _ rows: [[ReportPage.Cell]]) -> String {
        let classes = columns.indices.map { index in
            rows.contains { $0[index].isNumber } ? " class=\"n\"" : ""
        }
        let titles = zip(columns, classes).map { column, style in
            "<th scope=\"col\"\(style)>\(label(ReportTerm.of(column)))</th>"
        }
        let lines = rows.map { row in
            let cells = zip(row, classes).map { cell, style in "<td\(style)>\(html(cell))</td>" }
            return "<tr>\(cells.joined())</tr>"
        }
        return scrollable("<thead><tr>\(titles.joined())</tr></thead><tbody>\(lines.joined())</tbody>")
    }

    private static func scrollable(_ table: String) -> String { "<div class=\"wide\"><table>\(table)</table></div>" }

    private static func html(_ cell: ReportPage.Cell) -> String {
        switch cell {
        case .name(let name): label(ReportTerm.of(name))
        case .money: "¥&#160;" + escaped(cell.plain)
        case .none: "–"
        case .share(nil): "–"
        default: escaped(cell.plain)
        }
    }

    private static func label(_ term: ReportTerm) -> String {
        guard term.zh != term.en, !term.en.isEmpty else { return escaped(term.zh) }
        return "\(escaped(term.zh)) <span class=\"en\" lang=\"en\">\(escaped(term.en))</span>"
    }

    /// Safe in text and in attributes; control characters, which HTML does not allow, become `·`.
    package static func escaped(_ text: String) -> String {
        var clean = ""
        for character in TextTable.printable(text) {
            switch character {
            case "&": clean += "&amp;"
            case "<": clean += "&lt;"
            case ">": clean += "&gt;"
            case "\"": clean += "&quot;"
            case "'": clean += "&#39;"
            default: clean.append(character)
            }
        }
        return clean
    }

    private static let style = """
        :root{color-scheme:light;--ink:#1c2430;--soft:#5b6675;--line:#d9dee5;--met:#1b7f4b;--missed:#b3261e;--bar:#2f6fb5}
        *{box-sizing:border-box}
        body{margin:0 auto;max-width:70rem;padding:1.5rem;color:var(--ink);background:#fff;line-height:1.45;
        font:15px/1.45 "Noto Sans CJK SC","Noto Sans SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",
        "WenQuanYi Zen Hei",system-ui,sans-serif;overflow-wrap:anywhere}
        h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:1.8rem 0 .6rem}
        .of{font-size:1.2rem;margin:.2rem 0 0}.when,.en{color:var(--soft)}.when{margin:.2rem 0 0}
        .en{font-size:.86em;font-weight:400}
        dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.5rem;margin:0}
        dl div{border:1px solid var(--line);border-radius:.4rem;padding:.5rem .7rem;min-width:0}
        dt{color:var(--soft);font-size:.9em}dd{margin:.1rem 0 0;font-size:1.15em;font-variant-numeric:tabular-nums}
        .wide{overflow-x:auto}
        table{border-collapse:collapse;width:100%}
        th,td{border-bottom:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top;
        min-width:9rem}
        thead th{color:var(--soft);font-weight:500;border-bottom-width:2px}tbody th{font-weight:400}
        th.n,td.n{text-align:right;min-width:5rem;font-variant-numeric:tabular-nums}td.n{white-space:nowrap}
        .bar{width:22%}.bar svg{display:block;width:100%;height:1.1rem}
        .verdict{font-size:.92em}.met{color:var(--met)}.missed{color:var(--missed)}.too-few{color:var(--soft)}
        figure{margin:0 0 .8rem}figure svg{width:100%;height:auto;max-height:18rem}
        figcaption{display:flex;flex-wrap:wrap;gap:1rem}
        .key{display:inline-block;width:.8em;height:.8em;margin-right:.35em;border-radius:2px}
        @media print{body{max-width:none;padding:0}section{break-inside:avoid-page}.wide{overflow:visible}}
        """
}
