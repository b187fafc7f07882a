import ArgumentParser
import Broker
import Foundation
import Operations
import Runtime
import Schema
import Stages
import Store

struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters", abstract: "What failed, why, and whether it is safe to send it again.",
        discussion: "Reading has no side effects: recourse-parking has taken the letters out of the broker.",
        subcommands: [
            List.self, Groups.self, Show.self, Replay.self, Discard.self, Restore.self, Refresh.self,
        ])

    struct Selection: ParsableArguments {
        @Option(help: "open, sent, resolved or discarded") var state: String?
        @Option(name: .customLong("class"), help: "schema, transient, permanent, bystander or unroutable")
        var failureClass: String?
        @Option(help: "The queue it died in") var queue: String?
        @Option(help: "Event name") var type: String?
        @Option(help: "Case id") var caseId: String?
        @Option(help: "Failures of one kind have the same") var fingerprint: String?
        @Option(help: "Contained in id, source, type, code or message") var text: String?

        init() {}

        var isEmpty: Bool {
            [state, failureClass, queue, type, caseId, fingerprint, text].allSatisfy { $0 == nil }
        }

        /// The letters named, or those that match: open ones, unless another state is named.
        func choose(
            _ ids: [String], after: Int64, _ office: DeadLetterOffice
        ) async throws -> DeadLetterOffice.Selection {
            guard ids.isEmpty else { return DeadLetterOffice.Selection(ids: ids, total: ids.count) }
            var filter = try filter()
            if filter.state == nil { filter.state = .open }
            return try await office.select(filter, after: after)
        }

        func filter() throws -> DeadLetterFilter {
            var filter = DeadLetterFilter()
            try Choice.check("--state", state, of: DeadLetterState.allCases.map(\.rawValue))
            filter.state = state.flatMap(DeadLetterState.init(rawValue:))
            try Choice.check("--class", failureClass, of: DeadLetterClass.allCases.map(\.rawValue))
            (filter.failureClass, filter.queue, filter.type) = (failureClass, queue, type)
            (filter.caseId, filter.fingerprint, filter.text) = (caseId, fingerprint, text)
            return filter
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists dead letters, the newest first.")
        @OptionGroup var selection: Selection
        @Option(help: "Most rows") var limit = 50
        @Option(help: "The number with which the last page ended") var after: Int64?
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let office = try common.deadLetterOffice()
                try show(try await office.list(try selection.filter(), after: after, limit: limit), json: json)
            }
        }
    }

    struct Groups: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Counts dead letters by kind of failure.")
        @OptionGroup var selection: Selection
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(try await common.deadLetterOffice().groups(try selection.filter()), json: json)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Everything about one dead letter, and whether a replay is safe.",
            discussion: "Exit code 1 if there is none.")
        @Argument(help: "Id of the dead letter") var id: String
        @Flag(help: "Also the body, personal members masked") var body = false
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                guard let detail = try await common.deadLetterOffice().show(id, withBody: body) else {
                    throw Failure(ExitStatus.wrong, "dead-letters show \(id): no such dead letter")
                }
                try show(detail, json: json)
            }
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says what a replay would do; with --execute sends the letters to their queues again.",
            discussion: """
                Of a selection the open letters, the oldest \(DeadLetterOffice.selectionLimit) of them; where there are more it says
                how to go on behind these. Exit code 1 if a letter could not be sent.
                """)
        @OptionGroup var selection: Selection
        @Option(help: "The number with which the call before ended") var after: Int64 = 0
        @Argument(help: "Ids; without them a selection is needed") var ids: [String] = []
        @Flag(help: "Do it") var execute = false
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func validate() throws {
            if ids.isEmpty, selection.isEmpty {
                throw ValidationError("name ids, or select with --state, --class, --queue, --type, … ")
            }
        }

        func run() async throws {
            try await perform {
                guard execute else {
                    let office = try common.deadLetterOffice()
                    let chosen = try await selection.choose(ids, after: after, office)
                    return try show(try await office.replay(chosen, execute: false), json: json)
                }
                let installation = Installation(try common.configuration(requiring: [.amqp, .database]))
                try await installation.admitPresent()
                let publisher = ConfirmedPublisher(
                    try installation.broker(connectionName: "recourse dead-letters"), wall: Wall.now)
                let report: DeadLetterActions
                do {
                    let office = try common.deadLetterOffice(publisher)
                    let chosen = try await selection.choose(ids, after: after, office)
                    report = try await office.replay(chosen, execute: true)
                } catch {
                    await publisher.close()
                    throw error
                }
                await publisher.close()
                try show(report, json: json)
            }
        }
    }

    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Marks letters as not needed; they stay readable.")
        @Argument(help: "Ids") var ids: [String]
        @Option(help: "Why") var reason: String
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(try await common.deadLetterOffice().discard(ids, reason: reason), json: json)
            }
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Opens discarded letters again.")
        @Argument(help: "Ids") var ids: [String]
        @Option(help: "Why") var reason: String
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(try await common.deadLetterOffice().restore(ids, reason: reason), json: json)
            }
        }
    }

    struct Refresh: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Marks sent letters as resolved whose event has been taken by its stage.")
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform { try show(try await common.deadLetterOffice().refresh(), json: json) }
        }
    }
}

extension CommonOptions {
    /// - Parameter publisher: for sending letters again.
    fileprivate func deadLetterOffice(_ publisher: ConfirmedPublisher? = nil) throws -> DeadLetterOffice {
        let settings = try configuration(requiring: [.database])
        let installation = Installation(settings)
        var parts = try Office(installation).deadLetterParts(limits: settings.limits.document)
        if settings.managementURL != nil, settings.amqpURL != nil {
            let bindings = BindingsSeen { try await installation.bindingsInBroker() }
            parts.isBound = { try await bindings.contain($0) }
        }
        if let publisher {
            parts.publish = { messages in try await publisher.publish(messages, limitSeconds: 30) }
        }
        return DeadLetterOffice(parts)
    }
}

/// The broker's bindings, asked for when the first letter needs them.
private actor BindingsSeen {
    private let ask: @Sendable () async throws -> Set<BrokerState.Binding>
    private var bindings: Set<BrokerState.Binding>?

    init(_ ask: @escaping @Sendable () async throws -> Set<BrokerState.Binding>) {
        self.ask = ask
    }

    func contain(_ binding: Topology.Binding) async throws -> Bool {
        let seen: Set<BrokerState.Binding>
        if let bindings { seen = bindings } else { seen = try await ask() }
        bindings = seen
        return seen.contains(BrokerState.Binding(binding))
    }
}
