import ArgumentParser
import Foundation
import Runtime
import Schema
import Stages
import Store

struct JournalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: "Reads the stages' journals.", subcommands: [Outputs.self])

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
                        let entries = try await store.read {
                            try $0.journal(after: position, limit: 500, withBodies: true)
                        }
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
}
