import Schema
import Web

/// A report as one HTML document: Chinese and English, inline SVG, no script, nothing loaded from elsewhere.
///
/// Whatever is long wraps: words stand in table cells and grid boxes, and charts hold no text but the months' numbers.
package enum ReportHTML {
    package static func html(_ report: ReportDocument) -> HTML {
        let page = ReportPage(report)
        return self.page(
            title: ReportTerm.of(page.kind),
            of: [page.period, page.subject].compactMap { $0 }.joined(separator: " · "),
            note: """
                \(page.from) – \(page.through) · 发布 <span lang="en">published</span> \(page.publishedAt.description)
                """,
            page.sections.map(section).joined(separator: "\n"))
    }

    /// A whole document.
    ///
    /// - Parameters:
    ///   - subject: what it is about, below the title.
    ///   - note: in small, below that.
    static func page(title: ReportTerm, of subject: String, note: HTML, _ content: HTML) -> HTML {
        """
        <!DOCTYPE html>
        <html lang="zh-Hans">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
        <title>\(title.zh) \(subject)</title>
        <style>\(style)</style>
        </head>
        <body>
        <header>
        <h1>\(label(title))</h1>
        <p class="of">\(subject)</p>
        <p class="when">\(note)</p>
        </header>
        <main>
        \(content)
        </main>
        </body>
        </html>

        """
    }

    private static func section(_ section: ReportPage.Section) -> HTML {
        let content: HTML =
            switch section.content {
            case .figures(let figures): self.figures(figures)
            case .rates(let rates): self.rates(rates)
            case .table(let columns, let rows, let chart):
                ReportCharts.months(columns: columns, rows: rows, drawn: chart) + table(columns, rows)
            }
        return "<section><h2>\(label(ReportTerm.of(section.name)))</h2>\(content)</section>"
    }

    private static func figures(_ figures: [ReportPage.Figure]) -> HTML {
        let boxes = figures.map { figure -> HTML in
            "<div><dt>\(label(ReportTerm.of(figure.name)))</dt><dd>\(html(figure.cell))</dd></div>"
        }
        return "<dl>\(boxes)</dl>"
    }

    private static func rates(_ rates: [ReportPage.Rate]) -> HTML {
        let rows = rates.map { rate -> HTML in
            let limits = rate.limits.map { limit -> HTML in
                "<span class=\"verdict \(limit.verdict)\">\(ReportTerm.of(limit.verdict).zh) \(rate.words(limit))</span>"
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
        ].map { zh, en, style -> HTML in "<th scope=\"col\" class=\"\(style)\">\(label(ReportTerm(zh, en)))</th>" }
        return """
            <div class="wide"><table class="rates"><thead><tr>\(titles)</tr></thead><tbody>\(rows)</tbody></table></div>
            """
    }

    private static func table(_ columns: [String], _ rows: [[ReportPage.Cell]]) -> HTML {
        let classes = columns.indices.map { index -> HTML in
            rows.contains { $0[index].isNumber } ? " class=\"n\"" : ""
        }
        let titles = zip(columns, classes).map { column, style -> HTML in
            "<th scope=\"col\"\(style)>\(label(ReportTerm.of(column)))</th>"
        }
        let lines = rows.map { row -> HTML in
            let cells = zip(row, classes).map { cell, style -> HTML in "<td\(style)>\(html(cell))</td>" }
            return "<tr>\(cells)</tr>"
        }
        return "<div class=\"wide\"><table><thead><tr>\(titles)</tr></thead><tbody>\(lines)</tbody></table></div>"
    }

    private static func html(_ cell: ReportPage.Cell) -> HTML {
        switch cell {
        case .name(let name): label(ReportTerm.of(name))
        case .money: "¥&#160;\(cell.plain)"
        case .none: "–"
        case .share(nil): "–"
        default: HTML(text: cell.plain)
        }
    }

    /// Chinese and English, where they differ.
    static func label(_ term: ReportTerm) -> HTML {
        guard term.zh != term.en, !term.en.isEmpty else { return HTML(text: term.zh) }
        return "\(term.zh) <span class=\"en\" lang=\"en\">\(term.en)</span>"
    }

    /// On paper always black on white; tables go over pages row by row, and their titles are repeated.
    private static let style: HTML = """
        :root{color-scheme:light dark;--ink:#1c2430;--paper:#fff;--soft:#566070;--line:#d3d9e1;--track:#e8ecf1;
        --met:#17703f;--missed:#b3261e;--s0:#2f6fb5;--s1:#1b7f4b;--s2:#b3261e;--s3:#8a5a00}
        @media screen and (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--paper:#12161c;--soft:#a3adbb;--line:#39424f;
        --track:#2a323d;--met:#63c58e;--missed:#ff8f85;--s0:#6aa9ec;--s1:#4fb583;--s2:#f0766b;--s3:#d9a441}}
        *{box-sizing:border-box}
        body{margin:0 auto;max-width:70rem;padding:1.5rem;color:var(--ink);background:var(--paper);
        font:15px/1.45 "Noto Sans CJK SC","Noto Sans SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",
        "WenQuanYi Zen Hei",system-ui,sans-serif;overflow-wrap:anywhere}
        h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:1.8rem 0 .6rem;break-after:avoid}
        .of{font-size:1.2rem;margin:.2rem 0 0}.when,.en{color:var(--soft)}.when{margin:.2rem 0 0}
        .en{font-size:.86em;font-weight:400}
        dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.5rem;margin:0}
        dl div{border:1px solid var(--line);border-radius:.4rem;padding:.5rem .7rem;min-width:0;break-inside:avoid}
        dt{color:var(--soft);font-size:.9em}dd{margin:.1rem 0 0;font-size:1.15em;font-variant-numeric:tabular-nums}
        .wide{overflow-x:auto}
        table{border-collapse:collapse;width:100%}
        thead{display:table-header-group}tr{break-inside:avoid}
        th,td{border-bottom:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top;
        min-width:7rem}
        thead th{color:var(--soft);font-weight:500;border-bottom-width:2px}tbody th{font-weight:400}
        th.n,td.n{text-align:right;min-width:4.6rem;font-variant-numeric:tabular-nums}td.n{white-space:nowrap}
        .bar{width:22%}.bar svg{display:block;width:100%;height:1.1rem}
        .track{fill:var(--track)}.mark{fill:var(--ink)}.axis{stroke:var(--line)}text{fill:var(--soft)}
        .s0{fill:var(--s0);background:var(--s0)}.s1{fill:var(--s1);background:var(--s1)}
        .s2{fill:var(--s2);background:var(--s2)}.s3{fill:var(--s3);background:var(--s3)}
        .verdict{font-size:.92em}.met{color:var(--met)}.missed{color:var(--missed)}.too-few{color:var(--soft)}
        figure{margin:0 0 .8rem;break-inside:avoid}figure svg{width:100%;height:auto;max-height:18rem}
        figcaption{display:flex;flex-wrap:wrap;gap:1rem}
        .key{display:inline-block;width:.8em;height:.8em;margin-right:.35em;border-radius:2px}
        @media screen and (max-width:40rem){body{padding:1rem}h1{font-size:1.35rem}
        dl{grid-template-columns:repeat(auto-fill,minmax(8rem,1fr))}
        th,td{padding:.35rem .4rem}thead th{overflow-wrap:normal}svg text{font-size:30px}
        th:first-child,td:first-child{min-width:6rem;position:sticky;left:0;background:var(--paper)}
        .rates thead{display:none}.rates tr{display:grid;grid-template-columns:1fr auto auto;padding:.5rem 0;
        border-bottom:1px solid var(--line)}
        .rates th,.rates td{border:0;padding:.1rem .3rem;min-width:0}
        .rates th:first-child{position:static}
        .rates .bar,.rates td:last-child{grid-column:1/-1;width:auto}}
        @page{size:A4;margin:16mm 15mm}
        @media print{body{max-width:none;padding:0;font-size:9.5pt}h1{font-size:15pt}.of{font-size:12pt}
        h2{font-size:11.5pt;margin:5mm 0 2mm}.wide{overflow:visible}
        th,td,th.n,td.n{min-width:0;padding:.8mm 1.2mm}th:first-child,td:first-child{min-width:26mm}figure svg{max-height:45mm}
        dl{grid-template-columns:repeat(5,1fr);gap:1.5mm}dl div{padding:1mm 2mm}
        *{print-color-adjust:exact}}
        """
}
