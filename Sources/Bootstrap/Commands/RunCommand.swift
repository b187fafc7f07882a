import ArgumentParser
import Foundation
import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import Synchronization

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs all workers of this machine under one supervisor.",
        discussion: """
            What dies is started again with backoff; SIGTERM is forwarded and waited for. SIGHUP reads the policy folder
            again: with a fault all workers keep the old policy and every fault is logged. One log, on standard error.
            `recourse workers scale` asks for other counts while it runs; what was drained is not started again before it
            is resumed.
            Exit codes: 0 stopped; 1 a worker had to be killed at the end; 64 usage; 69 the database is away at the start;
            78 configuration.
            """)
    @Option(help: "How many of each, e.g. intake=2,routing=1; who is not named gets one") var workers: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await perform {
            let settings = try common.configuration(requiring: [.amqp, .database, .policy])
            let hangups = HangupSignals()
            let installation = Installation(settings)
            let logger = LineLogHandler.logger("supervisor", settings)
            let signals = StopSignals()
            defer { withExtendedLifetime(signals) {} }
            let programs = Pipeline.stages.map { type(of: $0).name.rawValue } + ["parking"]
            guard let lineup = Supervisor.lineup(workers, programs: programs) else {
                throw Failure(
                    ExitStatus.usage,
                    "--workers: expected name=count separated by commas, names: \(programs.joined(separator: ", "))")
            }
            let slots = try Supervisor.place(lineup, from: settings.http)
            try await installation.admitAll(Patience(logger: logger, sign: signals.sign))
            let clock = try installation.clock()
            let stages = Pipeline.stages.map { type(of: $0).name }
            // Faults are told once, here, not by every worker in turn.
            let policy = try installation.policy(clock: clock)
            try await installation.requireUnused(policy, of: stages)
            var environment = ProcessInfo.processInfo.environment
            for (name, value) in common.flags { environment["RECOURSE_" + name] = value }
            if case .scaled(let start, let factor, nil) = settings.clock {
                // `now` is this moment for all workers, and stays it when one of them is started again.
                environment["RECOURSE_CLOCK"] = "scaled \(start) \(factor) \(Wall.now().microseconds / 1_000_000)"
            }
            let supervisor = Supervisor(
                directory: Bundle.main.executableURL?.deletingLastPathComponent().path ?? ".", slots: slots,
                environment: environment, drainSeconds: settings.drainSeconds, logger: logger,
                steering: installation.steering(
                    ProcessInfo.processInfo.hostName, role: WorkerSign.supervisor, logger))
            let watch = CalendarWatch(policy, clock: clock, logger: logger)
            let reload = PolicyReload(installation: installation, clock: clock, logger: logger, watch: watch)
            let present = Mutex(policy.version)
            var status: Int32 = 0
            let broker = BrokerWatch(installation: installation, logger: logger)
            let telling = ServiceNotice(environment).map { notice in
                Task { await notice.follow { supervisor.told } }
            }
            await signals.sign.calling(supervisor.stop) {
                await hangups.calling(
                    {
                        guard let version = await reload.check(present: present.withLock { $0 }, stages) else { return }
                        present.withLock { $0 = version }
                        supervisor.reload()
                    }, during: { await watch.during { await broker.during { status = await supervisor.run() } } })
            }
            telling?.cancel()
            await telling?.value
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
        @Argument(help: "The folder (RECOURSE_POLICY)")
        var directory: String = ProcessInfo.processInfo.environment["RECOURSE_POLICY"] ?? ""
        @Option(help: "Business time at which it is to begin; duties before it are warned of (now)") var at: String?
        @Flag(help: "Print as JSON: version, faults, warnings") var json = false

        func validate() throws {
            if directory.isEmpty { throw ValidationError("name the folder, or give RECOURSE_POLICY") }
        }

        func run() async throws {
            try await perform {
                guard let start = at.map({ Instant(rfc3339: $0) }) ?? Wall.now() else {
                    throw Failure(
                        ExitStatus.usage, "--at: expected a time with offset, such as 2027-01-01T00:00:00+08:00")
                }
                do throws(ConfigurationFaults) {
                    let book = try PolicyLoading.load(directory: directory, currentYear: nil)
                    let past = book.organisation.pastDuties(today: start.date, file: directory + "/organisation.yaml")
                    let warnings =
                        (book.warnings + past).map(\.description)
                        + book.calendar.warnings(at: start).map(\.description)
                    if json { return tell(book.version, faults: [], warnings: warnings) }
                    for warning in warnings { Output.note("warning: \(warning)") }
                    Output.line("policy \(book.version): no faults")
                } catch {
                    guard json else { throw error }
                    tell(nil, faults: error.faults, warnings: [])
                    throw ExitCode(ExitStatus.configuration)
                }
            }
        }

        private func tell(_ version: String?, faults: [String], warnings: [String]) {
            let line: JSON = [
                "version": version.map { .string($0) } ?? .null, "faults": .array(faults.map(JSON.string)),
                "warnings": .array(warnings.map(JSON.string)),
            ]
            Output.line(String(decoding: line.serialized, as: UTF8.self))
        }
    }
}

struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "The published contract.", subcommands: [Export.self])

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes JSON Schemas, AsyncAPI, examples and id vectors into a folder.",
            discussion: """
                Its folder policy gets the schemas of policy.yaml, organisation.yaml and calendar.csv's rows; that of
                mappings for recourse import goes into its folder import.
                """
        )
        @Argument(help: "The folder") var directory: String
        @Flag(help: "Print the files written as JSON") var json = false

        func run() async throws {
            try await perform {
                let root = URL(fileURLWithPath: directory, isDirectory: true)
                let files = try SchemaFiles.all() + PolicySchemas.all() + ImportMapping.schemas()
                for (path, text) in files {
                    let file = root.appendingPathComponent(path)
                    try FileManager.default.createDirectory(
                        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                    try Data(text.utf8).write(to: file)
                }
                guard json else { return }
                let line: JSON = ["files": .array(files.map { .string($0.path) })]
                Output.line(String(decoding: line.serialized, as: UTF8.self))
            }
        }
    }
}
