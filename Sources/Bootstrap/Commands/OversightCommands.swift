import ArgumentParser
import Broker
import Foundation
import Operations
import RabbitMQ
import Runtime
import Schema
import Stages
import Store

extension AsyncParsableCommand {
    /// Prints a report as text or JSON and ends with its exit code.
    func show(_ report: some OperationReport, json: Bool) throws {
        Output.line(json ? try report.json() : report.text)
        if report.exitCode != 0 { throw ExitCode(report.exitCode) }
    }
}

struct TopologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology",
        abstract: "Declares exchanges, queues, bindings and policies, compares them with the broker's, or prints them.",
        subcommands: [Apply.self, Plan.self, Verify.self, Permissions.self, Export.self])

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Declares what is missing; doing it again changes nothing.",
            discussion: """
                Removes only the queues of older releases that are empty and written to no longer. With a database URL it also
                lets the broker name the installation, and changes nothing at a broker that names another (78). Exit code 1 if
                the broker still differs, 69 without a management URL: policies cannot be set then.
                """)
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let installation = Installation(try common.configuration(requiring: [.amqp]))
                // Only of a store that there is; and before anything of a broker is changed that may be another's.
                if installation.configuration.database != nil, try installation.identity().reading() != .none {
                    try await installation.admit()
                }
                try show(try await TopologyCommand.operations(common, needsBroker: true).apply(), json: json)
            }
        }
    }

    struct Plan: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows what apply would do.")
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(try await TopologyCommand.operations(common, needsBroker: false).plan(), json: json)
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Exit code 1 if the broker differs, 69 if something of it could not be seen.")
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(try await TopologyCommand.operations(common, needsBroker: false).verify(), json: json)
            }
        }
    }

    struct Permissions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints the least permissions of a RabbitMQ user for each program; changes nothing.",
            discussion:
                "As rabbitmqctl commands, or with --json as a document for rabbitmqctl import_definitions. The users must exist, and get no tags by it."
        )
        @Option(help: "The virtual host.") var virtualHost = "/"
        @Flag(help: "Print as JSON") var json = false

        func run() async throws {
            try await perform {
                let users = BrokerUser.users(of: Pipeline.stages)
                if json {
                    Output.line(
                        String(
                            decoding: BrokerUser.definitions(users, virtualHost: virtualHost).serialized, as: UTF8.self)
                    )
                } else {
                    for command in BrokerUser.commands(users, virtualHost: virtualHost) { Output.line(command) }
                }
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints the topology as RabbitMQ definitions; needs no broker.",
            discussion: """
                A JSON document for rabbitmqctl import_definitions, or for load_definitions in rabbitmq.conf. Users and their
                permissions are not in it: see recourse topology permissions --json. An import adds and changes policies,
                exchanges, queues and bindings, and removes nothing.
                """)
        @Option(help: "The virtual host.") var virtualHost = "/"

        func run() async throws {
            try await perform {
                let definitions = Topology.pipeline(Pipeline.stages).definitions(virtualHost: virtualHost)
                Output.bytes(Data(definitions.indented.utf8))
            }
        }
    }

    private static func operations(_ common: CommonOptions, needsBroker: Bool) throws -> TopologyOperations {
        let settings = try common.configuration(requiring: [.amqp])
        let broker = try Installation(settings).broker(connectionName: "recourse topology")
        let api = try settings.managementURL.map {
            try ManagementAPI(url: $0, virtualHost: broker.configuration.virtualHost)
        }
        return TopologyOperations(
            .pipeline(Pipeline.stages), declarer: needsBroker ? broker : nil, api: api)
    }
}

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Checks that every event has one fate at each stage it reached, and nothing is missing.",
        discussion: """
            Also that the fund's payments, returns and write-offs add up, and that nobody who was served lacks a callback
            task. With a ledger of recourse publish also that nothing published is missing. Exit codes: 0 it adds up; 1 it
            does not; 75 the pipeline is not at rest, so try again; 69 something could not be seen, which is named.
            """
    )
    @Option(help: "Ledger written by recourse publish") var published: String?
    @Flag(help: "Print as JSON") var json = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await perform {
            try show(try await common.office().audit(published: published), json: json)
        }
    }
}

struct SummaryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "What has happened, as a table.",
        discussion: "Exit codes as those of recourse audit: 0, 1, 75, 69.")
    @Option(help: "Ledger written by recourse publish") var published: String?
    @Flag(help: "Print as JSON") var json = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await perform {
            let (summary, audit) = try await common.office().summary(published: published)
            for part in audit.unseen { Output.note("could not be seen: " + part) }
            try show(summary, json: json)
        }
    }
}
