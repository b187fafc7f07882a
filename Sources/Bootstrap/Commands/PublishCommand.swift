import ArgumentParser
import Foundation
import Operations
import Schema

struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Hands the events of a file (one JSON document a line) to the pipeline, with confirms.",
        discussion: "Exit code 1 if a line was taken by no queue; 69 if the broker was away for five minutes."
    )

    @OptionGroup var common: CommonOptions
    @Argument(help: "NDJSON file; - for standard input") var file: String
    @Option(help: "Events per second") var rate: Int?
    @Flag(help: "By the events' time against the business clock") var paced = false
    @Option(help: "Lists source, id, type of every confirmed event") var ledger: String?
    @Flag(help: "Print the result as JSON") var json = false

    func validate() throws {
        if paced, rate != nil { throw ValidationError("--rate and --paced exclude each other") }
        if let rate, rate < 1 { throw ValidationError("--rate must be at least 1") }
    }

    func run() async throws {
        try await perform {
            let settings = try common.configuration(requiring: paced ? [.amqp, .database] : [.amqp])
            let installation = Installation(settings)
            let lines = try Output.lines(of: file).map { PublishFile.Line($0.bytes) }
            let parts = PublishFile.Parts(
                broker: try installation.broker(connectionName: "recourse publish"),
                clock: try installation.clock(),
                control: settings.clock == .stepped && settings.database != nil ? try installation.control() : nil,
                wall: Wall.now, sleep: { try await Task.sleep(for: .microseconds($0)) })
            let book = try ledger.map { try LedgerFile(path: $0) }
            let pace: PublishFile.Pace = paced ? .paced : rate.map { .rate($0) } ?? .asFastAsPossible
            let isTerminal = isatty(STDERR_FILENO) == 1
            let result = try await PublishFile(parts).run(
                lines, pace: pace, confirmed: { try book?.append($0) },
                progress: { state in
                    if isTerminal { Output.progress("\r\(state.published)/\(state.total)") }
                })
            if isTerminal { Output.note("") }
            if json {
                Output.line(
                    "{\"published\":\(result.published),\"total\":\(result.total),\"returned\":\(result.returned)}")
            } else {
                Output.line("published \(result.published) of \(result.total)")
            }
            if result.returned > 0 {
                throw Failure(
                    ExitStatus.wrong,
                    "publish: \(result.returned) events were taken by no queue; run recourse topology apply")
            }
        }
    }
}

/// What has been confirmed, one JSON object a line; written as it happens, so that it is true whenever the program ends.
private struct LedgerFile {
    private let handle: FileHandle

    init(path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw Failure(ExitStatus.usage, "write \(path): the file cannot be created") }
        self.handle = handle
    }

    func append(_ lines: [PublishFile.Line]) throws {
        var writer = JSONWriter()
        for line in lines {
            let identity = line.identity
            writer.value([
                "source": identity.source.map { .string($0) } ?? .null, "id": identity.id.map { .string($0) } ?? .null,
                "type": identity.type.map { .string($0) } ?? .null, "confirmed": true,
            ])
            writer.raw("\n")
        }
        try handle.write(contentsOf: Data(writer.bytes))
    }
}
