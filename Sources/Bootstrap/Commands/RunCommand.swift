import ArgumentParser
import Foundation
import Operations
import Policy
import Runtime
import Schema
import Stages

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs all workers of this machine under one supervisor.",
        discussion: """
            What dies is started again with backoff; SIGTERM is forwarded and waited for. One log, on standard error.
            Exit code 1 if a worker had to be killed at the end.
            """)
    @OptionGroup var common: CommonOptions
    @Option(help: "How many of each, e.g. intake=2,routing=1; who is not named gets one") var workers: String?

    func run() async throws {
        try await perform {
            let settings = try common.configuration(requiring: [.amqp, .database, .policy])
            let installation = Installation(settings)
            // Faults are told once, here, not by every worker in turn.
            _ = try installation.policy(clock: try installation.clock())
            let programs = Pipeline.stages.map { type(of: $0).name.rawValue } + ["parking"]
            guard let slots = Supervisor.lineup(workers, programs: programs) else {
                throw Failure(
                    ExitStatus.usage,
                    "--workers: expected name=count separated by commas, names: \(programs.joined(separator: ", "))")
            }
            var environment = ProcessInfo.processInfo.environment
            for (name, value) in common.flags { environment["RECOURSE_" + name] = value }
            if case .scaled(let start, let factor, nil) = settings.clock {
                // `now` is this moment for all workers, and stays it when one of them is started again.
                environment["RECOURSE_CLOCK"] = "scaled \(start) \(factor) \(Wall.now().microseconds / 1_000_000)"
            }
            let supervisor = Supervisor(
                directory: Bundle.main.executableURL?.deletingLastPathComponent().path ?? ".", slots: slots,
                environment: environment, drainSeconds: settings.drainSeconds,
                logger: LineLogHandler.logger("supervisor", level: settings.logLevel))
            var status: Int32 = 0
            await WorkerProgram.untilStopped(stop: supervisor.stop) { status = await supervisor.run() }
            if status != 0 { throw ExitCode(status) }
        }
    }
}

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Looks at a policy folder.", subcommands: [Check.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks policy.yaml, organisation.yaml, calendar.csv and the templates in letters.",
            discussion: "Prints every fault with file, line, what is wrong and what is allowed; exit code 78.")
        @Argument(help: "The folder") var directory: String

        func run() async throws {
            try await perform {
                let book = try PolicyLoading.load(directory: directory, currentYear: nil)
                for warning in book.warnings { Output.note("warning: \(warning)") }
                Output.line("policy \(book.version): no faults")
            }
        }
    }
}

struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "The published contract.", subcommands: [Export.self])

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes JSON Schemas, AsyncAPI, examples and id vectors into a folder.")
        @Argument(help: "The folder") var directory: String

        func run() async throws {
            try await perform {
                let root = URL(fileURLWithPath: directory, isDirectory: true)
                for (path, text) in try SchemaFiles.all() {
                    let file = root.appendingPathComponent(path)
                    try FileManager.default.createDirectory(
                        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                    try Data(text.utf8).write(to: file)
                }
            }
        }
    }
}
