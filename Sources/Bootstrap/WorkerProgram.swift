import ArgumentParser
import Broker
import Foundation
import Logging
import Policy
import Runtime
import Schema
import Stages
import Store

/// The options that every program understands; each is also a variable `RECOURSE_…`.
package struct CommonOptions: ParsableArguments {
    @Option(help: "Broker, amqp[s]://user:password@host:port/vhost (RECOURSE_AMQP_URL, or …_FILE)")
    package var amqpUrl: String?
    @Option(help: "RabbitMQ's HTTP API (RECOURSE_MANAGEMENT_URL, or …_FILE)")
    package var managementUrl: String?
    @Option(help: "sqlite:DIRECTORY or postgres://user:password@host/database (RECOURSE_DATABASE_URL, or …_FILE)")
    package var databaseUrl: String?
    @Option(help: "Folder with policy.yaml, organisation.yaml, calendar.csv (RECOURSE_POLICY)")
    package var policy: String?
    @Option(help: "wall | stepped | \"scaled START FACTOR WALL\" (RECOURSE_CLOCK)")
    package var clock: String?
    @Option(help: "Most unacknowledged messages (RECOURSE_PREFETCH)")
    package var prefetch: String?
    @Option(help: "Most messages in one transaction (RECOURSE_BATCH)")
    package var batch: String?
    @Option(help: "debug | info | warning | error (RECOURSE_LOG)")
    package var log: String?
    @Option(help: "Keys that seal personal data: lines ID BASE64, the first seals (RECOURSE_PERSONAL_KEY_FILE)")
    package var personalKeyFile: String?
    @Option(help: "How long a stop may take (RECOURSE_DRAIN_SECONDS)")
    package var drainSeconds: String?

    package init() {}

    package var flags: [String: String] {
        let pairs: [(String, String?)] = [
            ("AMQP_URL", amqpUrl), ("MANAGEMENT_URL", managementUrl), ("DATABASE_URL", databaseUrl),
            ("POLICY", policy), ("CLOCK", clock), ("PREFETCH", prefetch), ("BATCH", batch), ("LOG", log),
            ("PERSONAL_KEY_FILE", personalKeyFile), ("DRAIN_SECONDS", drainSeconds),
        ]
        return Dictionary(uniqueKeysWithValues: pairs.compactMap { name, value in value.map { (name, $0) } })
    }

    package func configuration(requiring parts: Set<Configuration.Part>) throws(ConfigurationFaults) -> Configuration {
        let environment = ProcessInfo.processInfo.environment
        let configuration = try Configuration.checked(environment: environment, flags: flags, requiring: parts)
        // A supervisor has said it once for all of its workers.
        if environment["RECOURSE_SUPERVISED"] == nil {
            for warning in configuration.warnings { Output.note("warning: " + warning) }
        }
        return configuration
    }
}

/// What a worker understands: the common options, `--help` and `--version`.
struct WorkerOptions: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: name, abstract: "A worker of Recourse; runs until SIGTERM or SIGINT.",
            discussion: "Exit codes: 0 stopped, 64 usage, 78 configuration, every fault at once on standard error.",
            version: "\(name) \(Release.version)")
    }

    /// The program's own.
    private static var name: String {
        CommandLine.arguments.first.map { URL(fileURLWithPath: $0).lastPathComponent } ?? "recourse"
    }

    @OptionGroup var common: CommonOptions
}

/// Exit codes of every program.
package enum ExitStatus {
    package static let wrong: Int32 = 1
    package static let usage: Int32 = 64
    package static let unavailable: Int32 = 69
    package static let configuration: Int32 = 78
}

/// The `main` of the workers.
package enum WorkerProgram {
    /// Runs the worker of `stage` until SIGTERM or SIGINT, then ends the process.
    package static func main(_ stage: any Stage) async -> Never {
        let name = type(of: stage).name
        await program(name.rawValue) { configuration, label, logger in
            let hangups = HangupSignals()
            let installation = Installation(configuration)
            let broker = try installation.broker(connectionName: "recourse-\(label)")
            try await installation.admit(name.rawValue, logger)
            let clock = try await patiently(logger) { try installation.clock() }
            let policy = try installation.policy(clock: clock)
            for warning in policy.warnings { logger.warning("policy", metadata: ["what": "\(warning)"]) }
            try await patiently(logger) { try await installation.requireUnused(policy, of: [name]) }
            let store = try await patiently(logger) { try installation.store(name) }
            try await patiently(logger) { try await installation.requireKeys(of: store, name) }
            installation.sayWhetherSealed(logger)
            var parts = Worker.Parts(store: store, broker: broker, clock: clock, wall: Wall.now, logger: logger)
            parts.drainSeconds = configuration.drainSeconds
            if configuration.clock != .stepped { parts.control = { try installation.control() } }
            parts.keyring = configuration.keyring
            let worker = Worker(
                runner: StageRunner(stage: stage, policy: policy), name: label, routes: Routes(Pipeline.stages),
                limits: configuration.limits, parts: parts)
            logger.info("starting", metadata: ["policy": "\(policy.version)", "pid": "\(getpid())"])
            let watch = CalendarWatch(policy, clock: clock, logger: logger)
            let reload = PolicyReload(installation: installation, clock: clock, logger: logger, watch: watch)
            await untilStopped(stop: worker.stop) {
                await hangups.calling(
                    { await reload.apply(to: worker) }, during: { await watch.during { await worker.run() } })
            }
        }
    }

    /// Runs `recourse-parking` until SIGTERM or SIGINT, then ends the process.
    package static func mainOfParking() async -> Never {
        await program("parking") { configuration, label, logger in
            let installation = Installation(configuration)
            let broker = try installation.parkingBroker(connectionName: "recourse-\(label)")
            try await installation.admit(InstallationName.parking, logger)
            let deadLetters = try await patiently(logger) { try installation.deadLetters() }
            try await patiently(logger) { try await installation.requireKeys(of: deadLetters) }
            installation.sayWhetherSealed(logger)
            let hangups = HangupSignals()
            let policy = PolicyInForce(try installation.organisationPolicy())
            let worker = ParkingWorker(
                deadLetters: deadLetters, broker: broker, prefetch: configuration.limits.parkingPrefetch,
                limits: configuration.limits.document, drainSeconds: configuration.drainSeconds, wall: Wall.now,
                isAllowed: { policy.book.rejection(of: $0) == nil }, logger: logger)
            logger.info("starting", metadata: ["policy": "\(policy.book.version)", "pid": "\(getpid())"])
            await untilStopped(stop: worker.stop) {
                await hangups.calling(
                    { policy.replace(with: installation.organisationPolicy, logger) }, during: { await worker.run() })
            }
        }
    }

    /// Ends the process with the exit status of `run`.
    private static func program(
        _ role: String, _ body: (Configuration, String, Logger) async throws -> Void
    ) async -> Never {
        exit(await run(role, body))
    }

    /// Reads the configuration, runs `body`, turns its errors into exit statuses.
    private static func run(
        _ role: String, _ body: (Configuration, String, Logger) async throws -> Void
    ) async -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        // Who has no use for it lets it pass.
        signal(SIGHUP, SIG_IGN)
        do {
            let options = try WorkerOptions.parse(Array(CommandLine.arguments.dropFirst()))
            let configuration = try options.common.configuration(requiring: [.amqp, .database, .policy])
            let label = configuration.workerName ?? "\(role)-\(ProcessInfo.processInfo.hostName)-\(getpid())"
            try await body(configuration, label, LineLogHandler.logger(label, level: configuration.logLevel))
            return 0
        } catch let faults as ConfigurationFaults {
            Output.note(faults.description)
            return ExitStatus.configuration
        } catch {
            let (text, status) = (WorkerOptions.fullMessage(for: error), WorkerOptions.exitCode(for: error))
            // What was asked for, the help or the version, is no error.
            if status.isSuccess { Output.line(text) } else { Output.note(text) }
            return status.rawValue
        }
    }

    /// Of causes for which database or broker cannot be used, each is said once, and so many at most.
    private static let mostSaid = 10

    /// Tries what needs the database or the broker until they are there. A configuration fault is final.
    static func patiently<T>(_ logger: Logger, _ body: () async throws -> T) async throws -> T {
        var said: Set<String> = []
        var tries = 0
        while true {
            let (what, failure): (String, any Error)
            do {
                return try await body()
            } catch let error as StoreFailure where error.kind == .transient || error.kind == .unavailable {
                (what, failure) = ("database", error)
            } catch let error as BrokerFailure where error.isRetriable || error.kind == .access {
                (what, failure) = ("broker", error)
            }
            if said.insert("\(what) \(failure)").inserted, said.count <= mostSaid {
                logger.error("the \(what) cannot be used; trying again", metadata: ["cause": "\(failure)"])
            }
            tries += 1
            try await Task.sleep(for: .milliseconds(min(100 << min(tries, 6), 5_000)))
        }
    }

    /// Runs `body`; SIGTERM, SIGINT, or the end of a supervisor's pipe call `stop`.
    static func untilStopped(
        stop: @escaping @Sendable () -> Void, _ body: () async throws -> Void
    ) async rethrows {
        let queue = DispatchQueue(label: "recourse.signals")
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler(handler: stop)
            source.resume()
            return source
        }
        var input: (any DispatchSourceRead)?
        if ProcessInfo.processInfo.environment["RECOURSE_SUPERVISED"] == "1" {
            // The supervisor holds the other end of standard input: its end, however it comes, ends the worker too.
            let source = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: queue)
            source.setEventHandler {
                var byte: UInt8 = 0
                if read(STDIN_FILENO, &byte, 1) <= 0 {
                    source.cancel()
                    stop()
                }
            }
            source.resume()
            input = source
        }
        defer {
            for source in sources { source.cancel() }
            input?.cancel()
        }
        try await body()
    }
}
