import Foundation
import Schema
import Stages
import Testing
import Web

@testable import Operations

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Reports as text, CSV and HTML.
@Suite struct `A report, rendered,` {
    private static let nasty =
        "<b>\"O'Neill\" & Söhne</b>" + "\"\u{301}<\u{338}\u{202E}'\u{308}" + String(repeating: "长x", count: 200)

    /// A report of every kind of section, with a subject that means harm.
    private func report(_ kind: String = "callback-analysis", subject: String? = nasty) throws -> ReportDocument {
        let place: JSON = [
            "storeId": "S1", "complaints": 3, "tasks": 2, "done": 2, "reached": 1, "satisfied": 1, "dissatisfied": 0,
            "gapThousandths": -1250,
        ]
        let month: JSON = [
            "month": "2026-11", "complaints": 3, "services": 4, "satisfied": 1, "dissatisfied": 0,
            "disbursedFen": 123_456, "recoveredFen": 5,
        ]
        let rate: JSON = [
            "name": "satisfaction", "numerator": 48, "denominator": 50, "basisPoints": 9600,
            "limits": [
                ["rule": "R31", "is": "at-least", "percent": 98, "verdict": "missed"],
                ["rule": "R30", "is": "at-least", "percent": 93, "verdict": "met"],
            ],
        ]
        let body: JSON = [
            "from": "2026-11-01", "through": "2026-11-30", "lateFacts": 2,
            "report": ["status": "missing", "submittedAt": .null, "listedViolations": 0, "dueAt": .null],
            "standing": ["status": "suspended", "holds": ["ladder", "site-check"], "dispatch": "blocked"],
            "ladder": ["monthly": ["period": "2026-11", "count": 3, "rung": "rectification", "next": .null]],
            "counts": ["cases": 3, "wrong-number": 1], "rates": [rate],
            "gap": ["thousandths": 1500, "criteria": []], "months": [month], "stores": [place],
            "outlets": [["outletId": .string(Self.nasty), "upheld": 1, "notices": 0, "status": "withdrawn"]],
            "fund": [
                "balanceFen": -1001, "openFen": 7, "disbursedFen": 0, "payments": 0, "recoveredFen": 0,
                "writtenOffFen": 0, "recoveryRate": ["numerator": 0, "denominator": 0, "basisPoints": .null],
                "age": [["paidIn": "2026-09", "months": 2, "openFen": 7, "advances": 1]],
            ],
        ]
        var data: JSON = ["kind": .string(kind), "period": "2026-11"]
        if let subject { data = data.setting("subject", to: .string(subject)) }
        return try #require(
            ReportDocument([
                "id": "e1", "type": "report.published.v1", "time": "2026-12-07T18:00:00+08:00",
                "data": data.setting("body", to: body),
            ]))
    }

    @Test func `of a file is listed in the order and the pages of a store`() throws {
        var reports = ReportsOfFile(kind: "monthly-outlet", period: nil)
        for outlet in ["O2", nil, "O1", "O2"] { reports.take(try report("monthly-outlet", subject: outlet)) }
        reports.take(try report())
        let first = reports.list(after: "", limit: 2)
        #expect(first.reports.map(\.subject) == [nil, "O1"])
        #expect(first.next == "monthly-outlet/2026-11/O1")
        let rest = reports.list(after: first.next ?? "", limit: 2)
        #expect(rest.reports.map(\.subject) == ["O2"] && rest.next == nil)
        #expect(rest.reports.first?.publishedAt == "2026-12-07T18:00:00+08:00")
        var others = ReportsOfFile(kind: nil, period: "2026-10")
        others.take(try report())
        #expect(others.list(after: "", limit: 50).reports.isEmpty)
    }

    @Test func `as HTML is well formed and holds no script and nothing from elsewhere`() throws {
        let html = ReportHTML.html(try report()).text
        let parser = XMLParser(data: Data(html.utf8))
        #expect(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
        for harm in ["<script", "javascript:", "http://", "https://", "<b>", "onload"] { #expect(!html.contains(harm)) }
        #expect(html.contains("&lt;b&gt;&quot;O&#39;Neill&quot; &amp; Söhne&lt;/b&gt;"))
        #expect(html.contains("&lt;/b&gt;&quot;\u{301}&lt;\u{338}·&#39;\u{308}长x"), "bytes are escaped, not characters")
        #expect(html.contains("<svg") && html.contains("Noto Sans CJK SC"))
        #expect(html.contains("月度回访分析") && html.contains("Monthly callback analysis"))
        #expect(html.contains("overflow-wrap:anywhere"), "what is long wraps")
    }

    @Test func `holds no word inside a chart but the numbers of months`() throws {
        let html = ReportHTML.html(try report()).text
        let words = html.components(separatedBy: "<text").dropFirst().compactMap {
            $0.components(separatedBy: "</text>").first?.components(separatedBy: ">").last
        }
        #expect(words == ["11"])
    }

    @Test func `a chart stays inside its frame`() throws {
        let rows = (1...12).map { [ReportPage.Cell.text("2026-\($0)"), .number(Int64($0) * 1_000_000)] }
        let chart = ReportCharts.months(columns: ["month", "complaints"], rows: rows, drawn: ["complaints"]).text
        let heights = chart.components(separatedBy: "height=\"").dropFirst().compactMap {
            Int($0.prefix { $0 != "\"" })
        }
        #expect(heights.max() == 200)
        let xs = chart.components(separatedBy: "<rect class=\"s0\" x=\"").dropFirst().compactMap {
            Int($0.prefix { $0 != "\"" })
        }
        #expect(xs.count == 12 && xs.allSatisfy { (0...980).contains($0) })
        #expect(ReportCharts.months(columns: ["month"], rows: [], drawn: ["month"]).isEmpty)
        let full = ReportPage.Rate(name: "x", numerator: 3, denominator: 2, basisPoints: 15_000, limits: [])
        #expect(
            ReportCharts.bar(full).text.contains("<rect class=\"s0\" x=\"0\" y=\"1\" width=\"10000\" height=\"8\"/>"))
    }

    @Test func `as text has every section, money in yuan and the verdicts`() throws {
        let text = try report(subject: "O1").text
        for line in ["月度回访分析 Monthly callback analysis 2026-11 O1", "-10.01", "1234.56", "-1.250", "96.00 %"] {
            #expect(text.contains(line), "\(line)")
        }
        #expect(text.contains("≥ 98 % (R31) missed; ≥ 93 % (R30) met"))
    }

    @Test func `as CSV has a line for every figure, quoted where it must be`() throws {
        let csv = ReportCSV.csv(try report(subject: "a,\"b\""))
        let lines = csv.components(separatedBy: "\r\n")
        #expect(lines.first == "kind,period,subject,section,item,field,value")
        #expect(lines.contains("callback-analysis,2026-11,\"a,\"\"b\"\"\",rates,satisfaction,percent,96.00"))
        #expect(lines.contains("callback-analysis,2026-11,\"a,\"\"b\"\"\",stores,S1,gapThousandths,-1.250"))
        #expect(ReportCSV.csv(try report(subject: "=1+1")).contains(",'=1+1,"), "no formula")
    }

    @Test func `as JSON is what was published`() throws {
        let report = try report(subject: "O1")
        let json = try JSON(parsing: Array(report.json().utf8))
        #expect(json["body"] == report.body)
        #expect(json["subject"] == "O1")
    }

    @Test func `another event is no report`() {
        #expect(ReportDocument(["id": "e", "type": "case.opened.v1", "time": "2026-12-07T18:00:00+08:00"]) == nil)
    }

    @Test(arguments: [(0 as Int64, 2, "0.00"), (-5, 2, "-0.05"), (123, 2, "1.23"), (-1250, 3, "-1.250")])
    func `decimals are made of digits`(_ number: Int64, _ places: Int, _ text: String) {
        #expect(ReportPage.Cell.decimal(number, places: places) == text)
    }
}

@Suite struct `Published reports` {
    @Test func `are listed page by page and shown as they were published`() async throws {
        var pipeline = try await MemoryPipeline()
        try await pipeline.send(
            WeeklyReportSubmitted(
                storeId: "S1", week: "2026-W45", violationIds: [],
                by: Person(id: "s1-clerk", tier: "store", storeId: "S1")),
            at: "2026-11-08T10:00:00+08:00")
        try await pipeline.advance(to: "2026-11-11T00:00:00+08:00")
        let reports = PublishedReports(store: try #require(pipeline.stores[.reports]))
        let all = try await reports.list(period: "2026-W45")
        #expect(all.reports.map(\.kind) == ["weekly-form", "weekly-summary"])
        #expect(all.reports.map(\.subject) == ["S1", nil])
        #expect(all.next == nil)
        let first = try await reports.list(kind: "weekly-form", limit: 1)
        #expect(first.reports.count == 1)
        let form = try #require(try await reports.show(.weeklyForm, "2026-W45", of: "S1"))
        #expect(form.publishedAt == (try instant("2026-11-09T10:00:00+08:00")))
        #expect(form.body["report"]?["status"] == "in-time")
        #expect(try await reports.show(.weeklySummary, "2026-W45", of: nil) != nil)
        #expect(try await reports.show(.weeklyForm, "2026-W45", of: "S2") == nil)
    }
}
