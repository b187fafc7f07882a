import ArgumentParser
import Foundation
import Operations
import Policy
import Schema

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Turns a table (CSV) into events for recourse publish, by a mapping file.",
        discussion: """
            docs/IMPORTING.md tells how a mapping is written. The table is UTF-8, UTF-16 or GB18030, its cells are separated
            by commas, semicolons, tabs or bars; what nobody tells is found out and said on standard error. Every row that
            cannot be mapped is named with line and column, and then nothing is written, unless --anyway leaves such rows
            out. The same row always gives the same event ids, so importing twice opens nothing twice. Events go to
            standard output, what is said about them to standard error; with --output or --dry-run that goes to standard
            output. Exit codes: 0 done; 1 rows fail (and no --anyway); 64 a file that cannot be read or written; 69 this
            machine cannot read the encoding; 78 faults in the mapping, or it does not fit the table.
            """)

    @Argument(help: "The table; - for standard input") var file: String
    @Option(help: "The mapping file (docs/IMPORTING.md)") var mapping: String
    @Flag(help: "Write nothing; print the first three events and every row that fails") var dryRun = false
    @Flag(help: "Leave out rows that fail, and write the others") var anyway = false
    @Option(help: "Write the events into this file, whole or not at all") var output: String?
    @Option(help: "utf-8, utf-16, utf-16le, utf-16be or gb18030, instead of what the mapping says") var encoding:
        String?
    @Option(help: "comma, semicolon, tab or bar, instead of what the mapping says") var separator: String?
    @Flag(help: "Also show what stands in cells that fail; it may be personal") var values = false
    @Flag(help: "Print the result as JSON") var json = false

    func run() async throws {
        try await perform {
            try Choice.check("--encoding", encoding, of: TextEncoding.allCases.map(\.rawValue))
            try Choice.check("--separator", separator, of: Separator.allCases.map(\.rawValue))
            let text = String(decoding: try Output.bytes(of: mapping).withoutByteOrderMark, as: UTF8.self)
            let rules = try ImportMapping.read(text, name: mapping)
            var options = ImportFile.Options()
            options.encoding = encoding.flatMap(TextEncoding.init(rawValue:))
            options.separator = separator.flatMap(Separator.init(rawValue:))
            (options.isDryRun, options.takesOthers) = (dryRun, anyway)
            options.limits = try Configuration.documentLimits()
            let spool = dryRun ? nil : try EventSpool(for: output)
            let size = Self.size(of: file)
            let isTerminal = isatty(STDERR_FILENO) == 1
            let report = try ImportFile(path: file, rules, mappingName: mapping, options).run(
                form: { Output.note("import: \($0.file): \($0.form)") },
                progress: { if isTerminal { Output.progress("\r" + Self.progress($0, $1, of: size)) } },
                { try spool?.append($0) })
            if isTerminal, report.rows >= 10_000 { Output.note("") }
            if report.isTaken { try spool?.release { Output.bytes($0) } }
            try tell(report)
            if report.exitCode != 0 { throw ExitCode(report.exitCode) }
        }
    }

    /// To standard output, unless the events go there.
    private func tell(_ report: ImportReport) throws {
        let say: (String) -> Void = dryRun || output != nil ? { Output.line($0) } : { Output.note($0) }
        let shown = values ? report : report.withoutValues
        if json { return say(try shown.json()) }
        if dryRun { for event in shown.examples { say(event) } }
        for line in shown.findingLines(showsValues: values) { say(line) }
        say(shown.text)
    }

    private static func progress(_ rows: Int, _ bytes: Int64, of size: Int64?) -> String {
        guard let size, size > 0 else { return "\(rows) rows" }
        return "\(rows) rows, \(bytes * 100 / size) %"
    }

    /// nil: nobody knows, as of standard input.
    private static func size(of path: String) -> Int64? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.int64Value
    }
}
