import Schema

/// The comparison as one HTML file: inline style, no script, nothing loaded from elsewhere, labels in Chinese and
/// English.
extension PolicyComparison {
    package var html: String {
        var page = HTMLPage()
        page.raw("<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n")
        page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        page.raw("<title>政策对比 Policy comparison</title>\n<style>\n\(PolicyComparison.style)</style>\n</head>\n<body>\n")
        page.heading(1, "政策对比 Policy comparison")
        page.table(["", "政策版本 Policy", "文件夹 Folder"]) { table in
            for side in [a, b] { table.row([side.name, side.policy, side.folder]) }
        }
        page.paragraph("截止业务时间 Business time until: \(until)")
        if !differs { page.paragraph("两套政策的决定相同。Both policies decide the same.") }
        page.heading(2, "合计 Totals")
        page.table(["", ">A", ">B", ">B−A"]) { table in
            for row in totalRows {
                table.row([
                    Labels.both(row.name), String(row.a), String(row.b), Self.signed(Int(row.b - row.a)),
                ])
            }
        }
        for side in [a, b] where side.unanswered > 0 {
            page.paragraph("\(side.name): 未能给出的答复 answers that could not be given: \(side.unanswered)")
        }
        if !events.isEmpty {
            page.heading(2, "数量不同的事件 Events that differ in number")
            page.table(["事件 Event", ">A", ">B", ">B−A"]) { table in
                for one in events { table.row([one.type, String(one.a), String(one.b), Self.signed(one.b - one.a)]) }
            }
        }
        page.heading(2, "处理不同的网点 Outlets judged otherwise: \(outlets.count) / \(outletsSeen)")
        for outlet in outlets { outlet.write(to: &page) }
        if caseCount > 0 {
            page.heading(2, "升级不同的案件 Cases that move up otherwise: \(caseCount)")
            page.table(["投诉 Complaint", "案件 Case", "A", "B"]) { table in
                for one in cases { table.row([one.complaintId, one.caseId, Self.told(one.a), Self.told(one.b)]) }
            }
            if caseCount > cases.count { page.paragraph("另有 and more: \(caseCount - cases.count)") }
        }
        page.raw("</body>\n</html>\n")
        return page.text
    }

    private static let style = """
        body { font: 15px/1.5 "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif; margin: 2em auto;
          max-width: 80em; padding: 0 1em; color: #1a1a1a; background: #fff; }
        h1, h2, h3 { line-height: 1.25; }
        table { border-collapse: collapse; margin: .5em 0 1em; display: block; overflow-x: auto; }
        th, td { border: 1px solid #767676; padding: .25em .6em; text-align: left; vertical-align: top; }
        th { background: #eee; }
        td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
        section { border-top: 2px solid #1a1a1a; margin-top: 1.5em; }

        """
}

extension OutletDifference {
    fileprivate func write(to page: inout HTMLPage) {
        page.raw("<section>\n")
        page.heading(3, "网点 Outlet \(outletId)")
        if !counts.isEmpty {
            page.table(["按发生时间的成立违规数 Upheld violations by occurrence", ">A", ">B"]) { table in
                for one in counts { table.row([one.period, String(one.a), String(one.b)]) }
            }
        }
        if !rungs.isEmpty {
            page.table([
                "处罚 Rung", "阶梯 Ladder", "期间 Period", "", ">次数 Count", ">起点 From", "违规 Violations",
                "建议 Proposed", "发函 Notice", "被取代 Superseded",
            ]) { table in
                for rung in rungs {
                    for (side, proposal) in [("A", rung.a), ("B", rung.b)] {
                        let place = [Labels.both(rung.rung), Labels.both(rung.ladder), rung.period, side]
                        table.row(place + OutletDifference.cells(proposal).map(Labels.cell))
                    }
                }
            }
        }
        page.table(["", "状态变化 Status changes"]) { table in
            table.row(["A", OutletDifference.told(statusesA)])
            table.row(["B", OutletDifference.told(statusesB)])
        }
        if !violations.isEmpty {
            page.table([
                "#", "", "违规 Violation", "类别 Category", "关于 About", "发生 Occurred", "核实 Verified", "结论 Verdict",
            ]) { table in
                for one in violations {
                    for (side, violation) in [(one.b == nil ? "A, B" : "A", one.a), ("B", one.b)] {
                        guard let violation else { continue }
                        table.row([String(one.number), side] + violation.cells.map(Labels.cell))
                    }
                }
            }
        }
        page.raw("</section>\n")
    }
}

/// Chinese beside the English words of a comparison.
private enum Labels {
    private static let chinese: [String: String] = [
        "warning": "警告", "rectification": "限期整改", "stop-dispatch": "停止派工", "withdrawal": "撤点",
        "monthly": "月度", "cumulative": "年度累计", "training": "培训", "outlets with a proposal": "有处罚建议的网点",
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

/// Writes HTML; everything that comes from outside is escaped.
struct HTMLPage {
    private(set) var text = ""

    struct Rows {
        fileprivate var text = ""
        fileprivate let isNumber: [Bool]

        mutating func row(_ cells: [String]) {
            text += "<tr>"
            for (index, cell) in cells.enumerated() {
                let mark = index < isNumber.count && isNumber[index] ? " class=\"number\"" : ""
                text += "<td\(mark)>\(HTMLPage.escaped(cell))</td>"
            }
            text += "</tr>\n"
        }
    }

    mutating func raw(_ html: String) { text += html }

    mutating func heading(_ level: Int, _ title: String) { text += "<h\(level)>\(Self.escaped(title))</h\(level)>\n" }

    mutating func paragraph(_ content: String) { text += "<p>\(Self.escaped(content))</p>\n" }

    /// - Parameter titles: a leading `>` marks a column of figures.
    mutating func table(_ titles: [String], _ fill: (inout Rows) -> Void) {
        var rows = Rows(isNumber: titles.map { $0.hasPrefix(">") })
        fill(&rows)
        text += "<table>\n<thead><tr>"
        for title in titles {
            let isNumber = title.hasPrefix(">")
            let shown = Self.escaped(isNumber ? String(title.dropFirst()) : title)
            text += "<th scope=\"col\"\(isNumber ? " class=\"number\"" : "")>\(shown)</th>"
        }
        text += "</tr></thead>\n<tbody>\n\(rows.text)</tbody>\n</table>\n"
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for character in TextTable.printable(text) {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
        return result
    }
}
