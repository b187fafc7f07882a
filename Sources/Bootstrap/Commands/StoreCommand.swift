import ArgumentParser
import Foundation
import Operations
import Schema
import Store

struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "To which installation store and broker belong.",
        subcommands: [Show.self, Init.self])

    struct Init: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init",
            abstract: "Makes the stores of a new installation, or those of stages that are new in this release.",
            discussion: """
                Gives the store an id, which also stands in the broker. Doing it again changes nothing. A store that was made and
                is gone is not made again. Exit codes: 0 done; 69 database or broker are away, or refuse the user; 78 store and
                broker belong to different installations, or a store was lost.
                """)
        @Option(help: "The id that the broker names, for a store that has none, such as one of an old backup")
        var installation: String?
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let settings = try common.configuration(requiring: [.amqp, .database])
                if let installation, installation.wholeMatch(of: /[A-Za-z0-9-]{1,64}/) == nil {
                    throw Failure(ExitStatus.usage, "--installation: expected an id as recourse store show prints it")
                }
                let place = Installation(settings)
                try await place.admit(adopting: installation)
                let id = try place.identity().reading().record?.id
                if let installation, id != installation {
                    throw Failure(
                        ExitStatus.configuration,
                        "store init: the store is that of installation \(id ?? "?"), not of \(installation)")
                }
                let line: JSON = [
                    "installation": id.map { .string($0) } ?? .null, "place": .string(try place.place()),
                ]
                Output.line(
                    json
                        ? String(decoding: line.serialized, as: UTF8.self)
                        : "installation \(id ?? "?") in \(try place.place())")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The installation that the store names, and those that the broker names.",
            discussion: """
                Makes nothing. Exit codes: 0 both name the same, and no store is missing; 1 otherwise; 69 there is no store, or
                the broker could not be asked.
                """)
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let settings = try common.configuration(requiring: [.amqp, .database])
                let installation = Installation(settings)
                let identity = try installation.identity()
                let present = try identity.present()
                guard !present.isEmpty else {
                    throw Failure(
                        ExitStatus.unavailable,
                        "store show: there is no store of Recourse in \(try installation.place())")
                }
                let record = try identity.reading().record
                let report = InstallationReport(
                    store: record?.id, stores: present.sorted(),
                    missing: (record?.stores ?? []).subtracting(present).sorted(),
                    broker: try await installation.idsInBroker())
                try show(report, json: json)
            }
        }
    }
}

struct InstallationReport: OperationReport, Codable {
    /// nil: the store has no id yet, or this role may not see it.
    let store: String?
    let stores: [String]
    /// Those that were made once and are gone.
    let missing: [String]
    let broker: [String]

    var exitCode: Int32 { missing.isEmpty && store.map { [$0] } == broker ? 0 : 1 }

    var text: String {
        var lines = [
            "store: \(store ?? "without an installation's id") (\(stores.joined(separator: ", ")))",
            "broker: \(broker.isEmpty ? "names no installation" : broker.joined(separator: ", "))",
        ]
        if !missing.isEmpty { lines.append("lost: \(missing.joined(separator: ", ")) (docs/OPERATING.md, Restore)") }
        return lines.joined(separator: "\n")
    }
}
