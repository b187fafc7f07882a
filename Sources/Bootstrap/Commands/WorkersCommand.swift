import ArgumentParser
import Foundation
import Operations
import Runtime
import Schema
import Stages
import Store

struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers", abstract: "Which workers there are, and what they are to do.",
        discussion: """
            Workers tell of themselves in the store, and hear there what is asked of them: on every machine, under whatever
            started them.
            """,
        subcommands: [List.self, Pause.self, Resume.self, Drain.self, Scale.self])

    /// Which workers.
    struct Chosen: ParsableArguments {
        @Option(help: "All workers of this stage, or parking") var stage: String?
        @Flag(help: "All workers of all stages, and parking") var all = false
        @Argument(help: "Names of workers") var names: [String] = []

        func validate() throws {
            if names.isEmpty, stage == nil, !all {
                throw ValidationError("name workers, or give --stage or --all")
            }
            if all, !names.isEmpty || stage != nil { throw ValidationError("--all stands alone") }
        }

    }

    /// What is asked of workers, and how it is told.
    struct Asked: ParsableArguments {
        @OptionGroup var choice: Chosen
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        /// - Parameter body: is given the names, and the stage.
        func ask(
            _ body: (Foreman, [String], String?) async throws -> SteeringReport
        ) async throws -> SteeringReport {
            try Choice.check("--stage", choice.stage, of: WorkersCommand.roles)
            return try await common.foreman { try await body($0, choice.names, choice.stage) }
        }
    }

    static let roles = Pipeline.stages.map { type(of: $0).name.rawValue } + [InstallationName.parking]

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every worker and supervisor: how it is, its release, and what is asked of it.",
            discussion: "Exit codes: 0; 1 one is disconnected, stuck or lost; 69 the database is away.")
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let report = try await common.foreman { try $0.list() }
                try show(report, json: json)
                if !report.wrong.isEmpty { throw ExitCode(ExitStatus.wrong) }
            }
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Workers settle what they hold and take nothing more until they are resumed.",
            discussion: "Of a stage: also those that start later. No message is handed back; timers of the stage go on "
                + "at its other workers, and wait where there are none.")
        @OptionGroup var asked: Asked

        func run() async throws {
            try await perform {
                try await show(asked.ask { try await $0.ask(.pause, $1, role: $2, roles: roles) }, json: asked.json)
            }
        }
    }

    struct Drain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Workers settle what they hold and end; recourse run does not start them again before they are resumed.",
            discussion: "Those that start later are not meant. Other supervisors see them end with 0.")
        @OptionGroup var asked: Asked

        func run() async throws {
            try await perform {
                try await show(asked.ask { try await $0.ask(.drain, $1, role: $2, roles: roles) }, json: asked.json)
            }
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Paused workers go on; drained ones are started again by recourse run.")
        @OptionGroup var asked: Asked

        func run() async throws {
            try await perform {
                try await show(asked.ask { try await $0.resume($1, role: $2, roles: roles) }, json: asked.json)
            }
        }
    }

    struct Scale: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A running recourse run starts or drains workers until it has so many.",
            discussion: "It holds until that supervisor ends.")
        @Argument(help: "As for recourse run --workers: intake=2,routing=1") var counts: String
        @Option(help: "The machine whose supervisor is meant, where there are several") var host: String?
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                guard let counts = Supervisor.counts(counts, programs: roles), !counts.isEmpty else {
                    throw Failure(
                        ExitStatus.usage,
                        "workers scale: expected name=count separated by commas, counts up to 64, names: "
                            + roles.joined(separator: ", "))
                }
                try show(try await common.foreman { try await $0.scale(counts, host: host) }, json: json)
            }
        }
    }
}

extension CommonOptions {
    /// Runs `body` with what asks things of this installation's workers.
    ///
    /// - Throws: `ConfigurationFaults`, `StoreFailure`; `Failure` for what the foreman refuses.
    func foreman<T>(_ body: (Foreman) async throws -> T) async throws -> T {
        let installation = Installation(try configuration(requiring: [.database]))
        let store = try installation.workforce()
        defer { store.close() }
        let office = Office(installation)
        let foreman = Foreman(store, by: installation.configuration.who.name, wall: Wall.now()) {
            try await office.log($0)
        }
        do {
            return try await body(foreman)
        } catch let refusal as Foreman.Refusal {
            throw Failure(ExitStatus.wrong, "workers: \(refusal)")
        }
    }
}
