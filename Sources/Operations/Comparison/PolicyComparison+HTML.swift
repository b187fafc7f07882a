import Schema
import Web

/// The comparison as one HTML file: inline style, no script, nothing loaded from elsewhere, labels in Chinese and
/// English.
extension PolicyComparison {
    package var html: HTML {
        let parts: [HTML] = [
            "<h1>政策对比 Policy comparison</h1>\n",
            table(["", "政策版本 Policy", "文件夹 Folder"], [a, b].map { [$0.name, $0.policy, $0.folder] }),
            paragraph("截止业务时间 Business time until: \(until)"),
            differs ? HTML() : paragraph("两套政策的决定相同。Both policies decide the same."),
            totals, eventCounts,
            "<h2>处理不同的网点 Outlets judged otherwise: \(outlets.count) / \(outletsSeen)</h2>\n",
            outlets.map(\.html).joined(), movedCases,
        ]
        return """
            <!DOCTYPE html>
            <html lang="zh-CN">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>政策对比 Policy comparison</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            \(parts)</body>
            </html>

            """
    }

    private var totals: HTML {
        let rows = totalRows.map { row in
            [Labels.both(row.name), String(row.a), String(row.b), Self.signed(Int(row.b - row.a))]
        }
        let unanswered = [a, b].filter { $0.unanswered > 0 }.map { side in
            paragraph("\(side.name): 未能给出的答复 answers that could not be given: \(side.unanswered)")
        }
        return "<h2>合计 Totals</h2>\n\(table(["", ">A", ">B", ">B−A"], rows))\(unanswered)"
    }

    private var eventCounts: HTML {
        if events.isEmpty { return HTML() }
        let rows = events.map { [$0.type, String($0.a), String($0.b), Self.signed($0.b - $0.a)] }
        return """
            <h2>数量不同的事件 Events that differ in number</h2>
            \(table(["事件 Event", ">A", ">B", ">B−A"], rows))
            """
    }

    private var movedCases: HTML {
        if caseCount == 0 { return HTML() }
        let rows = cases.map { [$0.complaintId, $0.caseId, Self.told($0.a), Self.told($0.b)] }
        let more = caseCount > cases.count ? paragraph("另有 and more: \(caseCount - cases.count)") : HTML()
        return """
            <h2>升级不同的案件 Cases that move up otherwise: \(caseCount)</h2>
            \(table(["投诉 Complaint", "案件 Case", "A", "B"], rows))\(more)
            """
    }

    /// Black on white on paper; tables go over pages row by row.
    private static let style: HTML = """
        :root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --line: #767676; --head: #eee; }
        @media screen and (prefers-color-scheme: dark) {
          :root { --ink: #e6eaf0; --paper: #12161c; --line: #6b7684; --head: #232a34; }
        }
        body { font: 15px/1.5 "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif; margin: 2em auto;
          max-width: 80em; padding: 0 1em; color: var(--ink); background: var(--paper); overflow-wrap: anywhere; }
        h1, h2, h3 { line-height: 1.25; break-after: avoid; }
        table { border-collapse: collapse; margin: .5em 0 1em; display: block; overflow-x: auto; }
        th, td { border: 1px solid var(--line); padding: .25em .6em; text-align: left; vertical-align: top;
          min-width: 3em; }
        th { background: var(--head); }
        thead { display: table-header-group; }
        tr { break-inside: avoid; }
        td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        section { border-top: 2px solid var(--ink); margin-top: 1.5em; }
        @page { size: A4; margin: 16mm 15mm; }
        @media print {
          body { margin: 0; max-width: none; padding: 0; font-size: 9.5pt; }
          table { display: table; width: 100%; }
          th, td { padding: .8mm 1.2mm; min-width: 0; }
        }
        @media screen and (max-width: 40em) { body { margin: 1em auto; } h1 { font-size: 1.4em; } }
        """
}

extension OutletDifference {
    fileprivate var html: HTML {
        var parts: [HTML] = ["<section>\n<h3>网点 Outlet \(outletId)</h3>\n"]
        if !counts.isEmpty {
            parts.append(
                table(
                    ["按发生时间的成立违规数（加权） Upheld violations by occurrence, weighed", ">A", ">B"],
                    counts.map { [$0.period, String($0.a), String($0.b)] }))
        }
        if !rungs.isEmpty {
            parts.append(
                table(
                    [
                        "处罚 Rung", "阶梯 Ladder", "期间 Period", "", ">次数 Count", ">起点 From", "违规 Violations",
                        "建议 Proposed", "发函 Notice", "被取代 Superseded",
                    ], rungRows))
        }
        parts.append(
            table(
                ["", "状态变化 Status changes"],
                [["A", OutletDifference.told(statusesA)], ["B", OutletDifference.told(statusesB)]]))
        if !violations.isEmpty {
            parts.append(
                table(
                    ["#", "", "违规 Violation", "类别 Category", "关于 About", "发生 Occurred", "核实 Verified", "结论 Verdict"],
                    violationRows))
        }
        return "\(parts)</section>\n"
    }

    private var rungRows: [[String]] {
        rungs.flatMap { rung in
            [("A", rung.a), ("B", rung.b)].map { side, proposal in
                [Labels.both(rung.rung), Labels.both(rung.ladder), rung.period, side]
                    + OutletDifference.cells(proposal).map(Labels.cell)
            }
        }
    }

    private var violationRows: [[String]] {
        violations.flatMap { one in
            [(one.b == nil ? "A, B" : "A", one.a), ("B", one.b)].compactMap { side, violation in
                violation.map { [String(one.number), side] + $0.cells.map(Labels.cell) }
            }
        }
    }
}

/// Chinese beside the English words of a comparison.
private enum Labels {
    private static let chinese: [String: String] = [
        "warning": "警告", "rectification": "限期整改", "stop-dispatch": "停止派工", "withdrawal": "撤点",
        "monthly": "月度", "cumulative": "年度累计", "training": "培训", "grave": "严重违规",
        "recommendation": "淘汰建议", "outlets with a proposal": "有处罚建议的网点",
        "proposals": "处罚建议", "notices": "发函", "payments": "垫付笔数", "paid, fen": "垫付金额（分）",
        "recovered, fen": "追回金额（分）", "written off, fen": "核销金额（分）", "balance, fen": "基金余额（分）",
        "escalations to region": "升级至区部", "escalations to hq": "升级至服管处", "dead letters": "死信",
        "cases overdue R03": "超期案件 R03", "cases overdue R34": "超期案件 R34", "upheld": "成立", "not upheld": "不成立",
        "not verified": "未核实", "not proposed": "未建议",
    ]

    private static let kinds = [
        "service-first": "首次回访", "service-second": "二次回访", "case-closed": "结案回访", "customer-event": "客户活动",
    ]

    private static let outcomes = ["scheduled": "已安排", "due": "到期", "missed": "错过", "exhausted": "未能接通"]

    /// The word with its Chinese before it; words that have none stay as they are.
    static func both(_ word: String) -> String {
        let parts = word.split(separator: " ").map(String.init)
        if parts.count == 3, parts[0] == "callbacks", let kind = kinds[parts[1]], let outcome = outcomes[parts[2]] {
            return "\(kind)\(outcome) \(word)"
        }
        return chinese[word].map { "\($0) \(word)" } ?? word
    }

    /// A cell that may be a word; ids and times stay as they are.
    static func cell(_ text: String) -> String {
        ["upheld", "not upheld", "not verified", "not proposed"].contains(text) ? both(text) : text
    }
}

private func paragraph(_ content: String) -> HTML { "<p>\(content)</p>\n" }

/// - Parameter titles: a leading `>` marks a column of figures.
private func table(_ titles: [String], _ rows: [[String]]) -> HTML {
    let classes = titles.map { title -> HTML in title.hasPrefix(">") ? " class=\"number\"" : "" }
    let head = zip(titles, classes).map { title, style -> HTML in
        "<th scope=\"col\"\(style)>\(title.hasPrefix(">") ? String(title.dropFirst()) : title)</th>"
    }
    let body = rows.map { row -> HTML in
        let cells = zip(row, classes).map { cell, style -> HTML in "<td\(style)>\(cell)</td>" }
        return "<tr>\(cells)</tr>\n"
    }
    return "<table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n\(body)</tbody>\n</table>\n"
}
