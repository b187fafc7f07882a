import ArgumentParser
import Operations
import Runtime
import Schema
import Stages
import Store

struct WaitingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "waiting", abstract: "Events that wait in the stores for what they refer to.",
        subcommands: [List.self, Groups.self, Show.self, Return.self])

    /// Which of them.
    struct Selection: ParsableArguments {
        @Option(help: "Only at this stage") var stage: String?
        @Option(help: "Only the event of this id") var event: String?
        @Option(name: .customLong("for"), help: "Only what waits for this case, request, …: its id") var reference:
            String?

        func filter() throws -> WaitingList.Filter {
            try Choice.check("--stage", stage, of: Pipeline.stages.map { type(of: $0).name.rawValue })
            var filter = WaitingList.Filter()
            filter.stage = stage.flatMap(StageName.init(rawValue:))
            (filter.eventId, filter.referenceId) = (event, reference)
            return filter
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Which events wait, for what, and until when.",
            discussion: "The first \(WaitingList.limit); the last line says how many there are.")
        @OptionGroup var selection: Selection
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(try await common.office().listWaiting(try selection.filter()), json: json)
            }
        }
    }

    struct Groups: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What is waited for, by how many events of whom, and for how long; the longest first.",
            discussion:
                "AGE is of business time. The first \(WaitingList.limit); the last line says how many there are.")
        @OptionGroup var selection: Selection
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(try await common.office().groupWaiting(try selection.filter()), json: json)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Everything about the events of these ids, and those that wait for what has one of them.",
            discussion:
                "Who sent it, for what it waits, since when and until when, and what will become of it. Of more than "
                + "\(WaitingDetail.limit) events the first, and how many there are. Exit code 1 if nothing waits under one of the ids."
        )
        @Argument(help: "Ids of events, or of the case, request, … that is waited for") var ids: [String]
        @Flag(help: "Also the bodies, what is personal masked; the look is logged") var body = false
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(try await common.office().showWaiting(ids, withBody: body), json: json)
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
