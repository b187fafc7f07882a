import ArgumentParser
import Foundation
import Operations
import Runtime
import Schema
import Stages
import Store

struct JournalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: "Reads the stages' journals.",
        subcommands: [
            Outputs.self,
            Replay.self,
        ])

    struct Outputs: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every outgoing event of all stages as NDJSON, exactly as published, stage by stage.",
            discussion: "Holds personal data, as the events do.")
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let settings = try common.configuration(requiring: [.database])
                let installation = Installation(settings)
                for stage in Pipeline.stages.map({ type(of: $0).name }) {
                    let store = try installation.store(stage)
                    var after: Int64 = 0
                    while true {
                        let position = after
                        let entries = try await JournalScan.published(
                            store, of: stage, after: position, limit: 500, keyring: settings.keyring)
                        guard let last = entries.last else { break }
                        after = last.number
                        var text: [UInt8] = []
                        for output in entries.flatMap(\.outputs) where output.exchange == ExchangeName.events {
                            text += output.body
                            text.append(UInt8(ascii: "\n"))
                        }
                        Output.bytes(Data(text))
                    }
                    await store.close()
                }
            }
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Runs the journals again through the pure steps and compares records and outputs, byte for byte.",
            discussion: """
                Each entry is decided by the policy that it names, from the files that the store has kept of it; holds
                all records of a stage in memory. Exit codes: 0 the same; 1 a difference, or entries of a policy whose
                files are not kept; 69 the database is away; 78 configuration, or a kept policy that this program refuses.
                """)
        @OptionGroup var common: CommonOptions
        @Option(help: "Only this stage") var stage: String?
        @Flag(help: "Print as JSON") var json = false

        func run() async throws {
            try await perform {
                let names = Pipeline.stages.map { type(of: $0).name.rawValue }
                try Choice.check("--stage", stage, of: names)
                let installation = Installation(try common.configuration(requiring: [.database]))
                var reports: [JournalReplayReport] = []
                for one in Pipeline.stages where stage == nil || stage == type(of: one).name.rawValue {
                    let store = try installation.store(type(of: one).name)
                    reports.append(try await JournalReplay(stage: one).run(store))
                    await store.close()
                }
                try show(JournalReplayReports(stages: reports), json: json)
            }
        }
    }
}
