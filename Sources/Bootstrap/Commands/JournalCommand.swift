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
            Republish.self,
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

    struct Republish: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "After a restore: sends again what a stage has emitted and another has not taken.",
            discussion: """
                Puts it back into the outboxes, from where the workers publish it; while they are still stopped, or not.
                Doing it twice does no harm: who has an event knows it by its id. docs/OPERATING.md, Restore.
                """)
        @Option(help: "Also everything emitted since this business time, for desks and others whose queues are lost")
        var since: String?
        @Flag(help: "Change nothing, only count") var dryRun = false
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let from = since.map { Instant(rfc3339: $0) }
                if case .some(.none) = from {
                    throw Failure(ExitStatus.usage, "--since: expected a time such as 2026-11-21T18:00:00+08:00")
                }
                let installation = Installation(try common.configuration(requiring: [.database]))
                let stores = try installation.stores()
                let republish = Operations.Republish(
                    stores: stores, deadLetters: try installation.unopenedDeadLetters(),
                    routes: Routes(Pipeline.stages))
                let report = try await republish.run(since: from ?? nil, isDry: dryRun)
                for store in stores.values { await store.close() }
                try show(report, json: json)
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
        @Option(help: "Only this stage") var stage: String?
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

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
