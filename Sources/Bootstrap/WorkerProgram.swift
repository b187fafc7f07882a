import ArgumentParser
import Broker
import Foundation
import Logging
import Monitoring
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
    @Option(help: "Largest body of a message, in bytes (RECOURSE_BODY_LIMIT)")
    package var bodyLimit: String?
    @Option(help: "Bytes of bodies from which on fewer messages are held (RECOURSE_MEMORY_LIMIT)")
    package var memoryLimit: String?
    @Option(help: "After how many seconds without a sign a worker's outbox is taken over (RECOURSE_LEASE_SECONDS)")
    package var leaseSeconds: String?
    @Option(help: "A worker's name, unique in its stage (RECOURSE_WORKER)")
    package var worker: String?
    @Option(help: "debug | info | warning | error (RECOURSE_LOG)")
    package var log: String?
    @Option(help: "text | json (RECOURSE_LOG_FORMAT)")
    package var logFormat: String?
    @Option(help: "Health and metrics of workers at 127.0.0.1:PORT; run gives each the next port (RECOURSE_HTTP)")
    package var http: String?
    @Option(help: "Keys that seal personal data: lines ID BASE64, the first seals (RECOURSE_PERSONAL_KEY_FILE)")
    package var personalKeyFile: String?
    @Option(help: "Who acts, for the audit log; else the system user (RECOURSE_OPERATOR)")
    package var actingAs: String?
    @Option(help: "How long a stop may take (RECOURSE_DRAIN_SECONDS)")
    package var drainSeconds: String?

    package init() {}

    package var flags: [String: String] {
        let pairs: [(String, String?)] = [
            ("AMQP_URL", amqpUrl), ("MANAGEMENT_URL", managementUrl), ("DATABASE_URL", databaseUrl),
            ("POLICY", policy), ("CLOCK", clock), ("PREFETCH", prefetch), ("BATCH", batch), ("LOG", log),
            ("PERSONAL_KEY_FILE", personalKeyFile), ("DRAIN_SECONDS", drainSeconds), ("BODY_LIMIT", bodyLimit),
            ("MEMORY_LIMIT", memoryLimit), ("LEASE_SECONDS", leaseSeconds), ("WORKER", worker),
            ("LOG_FORMAT", logFormat), ("HTTP", http), ("OPERATOR", actingAs),
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
        await program(name.rawValue) { program in
            let (configuration, logger, vitals) = (program.configuration, program.logger, program.vitals)
            let hangups = HangupSignals()
            let patiently = program.patience
            let installation = Installation(configuration)
            _ = try installation.broker(connectionName: "recourse-\(program.label)")
            let shift = WorkerShift(
                steering: installation.steering(program.label, role: name.rawValue, logger), sign: program.sign,
                logger: logger, vitals: vitals)
            // One for all turns: `now` of a scaled clock is the moment of the start.
            var clock: (any BusinessClock)?
            try await shift.run {
                try await installation.admit(name.rawValue, patiently)
                installation.sayWhetherSealed(logger)
                clock = try await patiently { try installation.clock() }
            } begin: {
                guard let clock else { throw StoppedWhileWaiting() }
                let policy = try installation.policy(clock: clock)
                for warning in policy.warnings { logger.warning("policy", metadata: ["what": "\(warning)"]) }
                try await patiently { try await installation.requireUnused(policy, of: [name]) }
                let store = try await patiently { try installation.store(name) }
                try await patiently { try await installation.requireKeys(of: store, name) }
                let broker = try installation.broker(connectionName: "recourse-\(program.label)")
                var parts = Worker.Parts(store: store, broker: broker, clock: clock, wall: Wall.now, logger: logger)
                parts.drainSeconds = configuration.drainSeconds
                if configuration.clock != .stepped { parts.control = { try installation.control() } }
                parts.keyring = configuration.keyring
                parts.vitals = vitals
                if configuration.http != nil { parts.lookSeconds = WorkerListener.lookSeconds }
                let worker = Worker(
                    runner: StageRunner(stage: stage, policy: policy), name: program.label,
                    routes: Routes(Pipeline.stages), limits: configuration.limits, parts: parts)
                logger.info("starting", metadata: ["policy": "\(policy.version)", "pid": "\(getpid())"])
                let watch = CalendarWatch(policy, clock: clock, logger: logger)
                let reload = PolicyReload(installation: installation, clock: clock, logger: logger, watch: watch)
                return WorkerShift.Turn(drain: worker.drain, stop: worker.stop) {
                    var isFinished = true
                    await hangups.calling(
                        { await reload.apply(to: worker) },
                        during: { await watch.during { isFinished = await worker.turn() } })
                    return isFinished
                }
            }
        }
    }

    /// Runs `recourse-parking` until SIGTERM or SIGINT, then ends the process.
    package static func mainOfParking() async -> Never {
        await program(Figures.parking) { program in
            let (configuration, logger, vitals) = (program.configuration, program.logger, program.vitals)
            let patiently = program.patience
            let installation = Installation(configuration)
            _ = try installation.parkingBroker(connectionName: "recourse-\(program.label)")
            let hangups = HangupSignals()
            let shift = WorkerShift(
                steering: installation.steering(program.label, role: InstallationName.parking, logger),
                sign: program.sign,
                logger: logger, vitals: vitals)
            try await shift.run {
                try await installation.admit(InstallationName.parking, patiently)
                installation.sayWhetherSealed(logger)
            } begin: {
                let deadLetters = try await patiently { try installation.deadLetters() }
                try await patiently { try await installation.requireKeys(of: deadLetters) }
                let broker = try installation.parkingBroker(connectionName: "recourse-\(program.label)")
                let policy = PolicyInForce(try installation.organisationPolicy(), vitals)
                let worker = ParkingWorker(
                    deadLetters: deadLetters, broker: broker, prefetch: configuration.limits.parkingPrefetch,
                    limits: configuration.limits.document, drainSeconds: configuration.drainSeconds, wall: Wall.now,
                    isAllowed: { policy.book.rejection(of: $0) == nil }, logger: logger, vitals: vitals)
                logger.info("starting", metadata: ["policy": "\(policy.book.version)", "pid": "\(getpid())"])
                return WorkerShift.Turn(drain: worker.stop, stop: worker.stop) {
                    var isFinished = true
                    await hangups.calling(
                        { policy.replace(with: installation.organisationPolicy, logger) },
                        during: { isFinished = await worker.turn() })
                    return isFinished
                }
            }
        }
    }

    /// What every worker's program has.
    private struct Program {
        let configuration: Configuration
        let label: String
        let logger: Logger
        let sign: StopSign
        let vitals: Vitals

        var patience: Patience { Patience(logger: logger, sign: sign) }
    }

    /// Ends the process with the exit status of `run`.
    private static func program(_ role: String, _ body: (Program) async throws -> Void) async -> Never {
        exit(await run(role, body))
    }

    /// Reads the configuration, runs `body`, turns its errors into exit statuses.
    private static func run(_ role: String, _ body: (Program) async throws -> Void) async -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        // Who has no use for it lets it pass.
        signal(SIGHUP, SIG_IGN)
        do {
            let options = try WorkerOptions.parse(Array(CommandLine.arguments.dropFirst()))
            let configuration = try options.common.configuration(requiring: [.amqp, .database, .policy])
            let label = configuration.workerName ?? "\(role)-\(ProcessInfo.processInfo.hostName)-\(getpid())"
            let signals = StopSignals()
            defer { withExtendedLifetime(signals) {} }
            let program = Program(
                configuration: configuration, label: label, logger: LineLogHandler.logger(label, configuration),
                sign: signals.sign, vitals: Vitals(stage: role))
            try await watched(program, body)
            return 0
        } catch is StoppedWhileWaiting {
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

    /// Runs `body` while others may ask how the program is: from its first moment on, for it may wait long for its database.
    private static func watched(_ program: Program, _ body: (Program) async throws -> Void) async throws {
        let environment = ProcessInfo.processInfo.environment
        let listener = try program.configuration.http.map { address throws(ConfigurationFaults) in
            try WorkerListener(
                address, vitals: program.vitals, isSupervised: environment["RECOURSE_SUPERVISED"] != nil,
                logger: program.logger)
        }
        defer { listener?.stop() }
        let telling = ServiceNotice(environment).map { notice in
            Task { [vitals = program.vitals] in await notice.follow(vitals) }
        }
        do {
            try await body(program)
        } catch {
            telling?.cancel()
            await telling?.value
            throw error
        }
        telling?.cancel()
        await telling?.value
    }
}
