import ArgumentParser
import Operations
import Runtime
import Schema
import Stages
import Store

struct WaitingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "waiting", abstract: "Events that wait in the stores for what they refer to.",
        subcommands: [List.self, Return.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Which events wait, for what, and until when.",
            discussion: "The first \(WaitingList.limit); the last line says how many there are.")
        @Option(help: "Only at this stage") var stage: String?
        @Option(help: "Only the event of this id") var event: String?
        @Option(name: .customLong("for"), help: "Only what waits for this case, request, …: its id") var reference:
            String?
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try Choice.check("--stage", stage, of: Pipeline.stages.map { type(of: $0).name.rawValue })
                var filter = WaitingList.Filter()
                filter.stage = stage.flatMap(StageName.init(rawValue:))
                (filter.eventId, filter.referenceId) = (event, reference)
                try show(try await common.office().listWaiting(filter), json: json)
            }
        }
    }

    struct Return: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Gives them back to the queues of their stages, the first step of the way back to an older release.",
            discussion: """
                End all workers first. Doing it again changes nothing more. Exit codes: 0 nothing waits any longer; 1
                something still does, for a reason that is told; 69 database or broker are away.
                """)
        @Flag(help: "Only count what waits") var dryRun = false
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let installation = Installation(
                    try common.configuration(requiring: dryRun ? [.database] : [.amqp, .database]))
                if !dryRun { try await installation.admitPresent() }
                let stores = try installation.stores()
                let giving = WaitingReturn(
                    stores: stores, keyring: installation.configuration.keyring, wall: Wall.now)
                let report: WaitingReturnReport
                if dryRun {
                    report = try await giving.run(nil)
                } else {
                    let publisher = ConfirmedPublisher(
                        try installation.broker(connectionName: "recourse waiting"), wall: Wall.now)
                    do {
                        report = try await giving.run { try await publisher.publish($0, limitSeconds: 60) }
                    } catch {
                        await publisher.close()
                        throw error
                    }
                    await publisher.close()
                }
                for store in stores.values { await store.close() }
                try show(report, json: json)
            }
        }
    }
}
