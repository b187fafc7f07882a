import ArgumentParser
import Foundation
import Operations
import Schema
import Stages
import Web

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Lists and shows published reports.", subcommands: [Show.self, List.self])

    private static let kinds = ReportKind.allCases.map(\.rawValue).joined(separator: ", ")

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A report as it was published.",
            discussion: """
                Kinds: \(ReportCommand.kinds). HTML stands alone: styles and charts inside, no script.
                Exit code 1 if there is no such report.
                """)
        @Argument(help: "Which report") var kind: String
        @Argument(help: "2026-W47, 2026-11 or 2026") var period: String
        @Option(help: "The store or outlet that it is about") var of: String?
        @Option(help: "json, csv, html or text") var format = "text"
        @Option(help: "Read it from this file of outgoing events (simulate, journal outputs), not from the store")
        var file: String?
        @Flag(help: "Short for --format json") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try Choice.check("--format", format, of: ["json", "csv", "html", "text"])
                let kind = try ReportCommand.kind(kind)
                let report = try await find(kind)
                switch json ? "json" : format {
                case "json": Output.line(try report.json())
                case "csv": Output.bytes(Data(ReportCSV.csv(report).utf8))
                case "html": Output.bytes(Data(ReportHTML.html(report).bytes))
                default: Output.line(report.text)
                }
            }
        }

        private func find(_ kind: ReportKind) async throws -> ReportDocument {
            guard let file else { return try await common.office().showReport(kind, period, of: of) }
            var found: ReportDocument?
            try ReportCommand.reports(in: file) { report in
                guard found == nil else { return }
                if (report.kind, report.period) == (kind.rawValue, period), report.subject == of { found = report }
            }
            guard let found else {
                throw Failure(
                    ExitStatus.wrong,
                    "report show \(kind.rawValue) \(period): \(file) has no such report"
                        + (of.map { " of \($0)" } ?? " of the whole chain; one about a place or manufacturer needs --of")
                )
            }
            return found
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists published reports.")
        @Option(help: "Only this kind") var kind: String?
        @Option(help: "Only this period") var period: String?
        @Option(help: "Most rows") var limit = 50
        @Option(help: "Where the last page ended") var after = ""
        @Option(help: "Read them from this file of outgoing events (simulate, journal outputs), not from the store")
        var file: String?
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let kind = try kind.map { try ReportCommand.kind($0) }
                if let file {
                    var reports = ReportsOfFile(kind: kind?.rawValue, period: period)
                    try ReportCommand.reports(in: file) { reports.take($0) }
                    return try show(reports.list(after: after, limit: limit), json: json)
                }
                try show(
                    try await common.office().listReports(kind: kind, period: period, after: after, limit: limit),
                    json: json)
            }
        }
    }

    /// Hands over the reports among the events of a file.
    private static func reports(in file: String, _ body: (ReportDocument) -> Void) throws {
        try Output.lines(of: file) { number, bytes in
            do throws(JSONSyntaxError) {
                if let report = ReportDocument(try JSON(parsing: bytes)) { body(report) }
            } catch {
                throw Failure(ExitStatus.wrong, "\(file):\(number): not JSON: \(error)")
            }
        }
    }

    private static func kind(_ text: String) throws -> ReportKind {
        guard let kind = ReportKind(rawValue: text) else {
            throw Failure(ExitStatus.usage, "report: expected a kind of \(kinds), found \(text)")
        }
        return kind
    }
}
