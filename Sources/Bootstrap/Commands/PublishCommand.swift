import ArgumentParser
import Foundation
import Operations
import Runtime
import Schema
import Stages
import Synchronization

struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Hands the events of a file (one JSON document a line) to the pipeline, with confirms.",
        discussion: """
            Every line is checked first. Lines that the contract refuses, or that no stage takes, are named with their
            faults, and nothing is sent, unless --anyway says so. Members that the contract ignores and whose names look
            like slips are warned of on standard error. Standard input is therefore read to its end first. Exit codes: 0 all were sent and confirmed; 1 lines are
            faulty and nothing was sent, or a line could not be sent or was taken by no queue; 64 a file that cannot be
            read or written; 69 the broker was away for five minutes.
            """
    )

    @Argument(help: "NDJSON file; - for standard input") var file: String
    @Option(help: "Events per second") var rate: Int?
    @Flag(help: "By the events' time against the business clock") var paced = false
    @Flag(help: "Send faulty lines too: they become dead letters") var anyway = false
    @Option(help: "Lists source, id, type of every confirmed event") var ledger: String?
    @Flag(help: "Print the result as JSON") var json = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if paced, rate != nil { throw ValidationError("--rate and --paced exclude each other") }
        if let rate, rate < 1 { throw ValidationError("--rate must be at least 1") }
    }

    func run() async throws {
        try await perform {
            let settings = try common.configuration(requiring: paced ? [.amqp, .database] : [.amqp])
            let installation = Installation(settings)
            let isTerminal = isatty(STDERR_FILENO) == 1
            if file == "-" {
                Output.note("publish: reading standard input to its end; it is sent when all of it is checked")
            }
            let source = try RereadableFile(path: file)
            let routes = Routes(Pipeline.stages)
            var check = PublishCheck(routes, limits: settings.limits.document, isPaced: paced)
            try check.read(source) { if isTerminal { Output.progress("\rchecked \($0)") } }
            let found = PublishReport(check, isHeldBack: !check.isClean && !anyway)
            if !json {
                for line in found.warningLines(of: source.name) { Output.note(line) }
                for line in found.findingLines(of: source.name) { Output.line(line) }
            }
            guard !found.isHeldBack else { return try show(found, json: json) }
            let usesStore = settings.clock == .stepped && settings.database != nil
            if usesStore { try await installation.admitPresent() }
            var parts = PublishFile.Parts(
                broker: try installation.broker(connectionName: "recourse publish"), routes: routes,
                clock: try installation.clock(),
                control: usesStore ? try installation.control() : nil,
                wall: Wall.now, sleep: { try await Task.sleep(for: .microseconds($0)) })
            let said = SaidOnce()
            parts.lost = { failure in
                if said.isNew("\(failure)") { Output.note("publish: \(failure); trying for five minutes") }
            }
            let book = try ledger.map { try LedgerFile(path: $0) }
            let pace: PublishFile.Pace = paced ? .paced : rate.map { .rate($0) } ?? .asFastAsPossible
            let report = try await PublishFile(parts).run(
                source, check, pace: pace, confirmed: { try book?.append($0) },
                progress: { state in
                    if isTerminal { Output.progress("\r\(state.published)/\(state.total)") }
                })
            if isTerminal { Output.note("") }
            try show(report, json: json)
        }
    }
}

/// Lets each cause through once.
private final class SaidOnce: Sendable {
    private let said = Mutex<Set<String>>([])
    func isNew(_ text: String) -> Bool { said.withLock { $0.insert(text).inserted } }
}

/// What has been confirmed, one JSON object a line; written as it happens, so that it is true whenever the program ends.
private struct LedgerFile {
    private let handle: FileHandle
    private let path: String

    init(path: String) throws {
        self.path = path
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
        do {
            try handle.write(contentsOf: Data(writer.bytes))
        } catch {
            throw Failure(
                ExitStatus.usage,
                "write the ledger \(path): \(error.localizedDescription); what it does not list may have been sent, and may be "
                    + "sent again")
        }
    }
}
