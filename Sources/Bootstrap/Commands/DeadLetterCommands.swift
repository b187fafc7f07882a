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
            List.self, Groups.self, Show.self, Unmask.self, Export.self, Note.self, Assign.self, Replay.self,
            Edit.self, Edits.self, Approve.self, Reject.self, Discard.self, Restore.self, Refresh.self,
        ])

    struct Selection: ParsableArguments {
        @Option(help: "open, sent, resolved, died-again, discarded or superseded") var state: String?
        @Option(name: .customLong("class"), help: "schema, transient, permanent, bystander or unroutable")
        var failureClass: String?
        @Option(help: "The queue it died in") var queue: String?
        @Option(help: "Event name") var type: String?
        @Option(help: "Event id") var event: String?
        @Option(help: "Who sent it: the event's source") var source: String?
        @Option(name: [.customLong("case"), .customLong("case-id")], help: "A case that it names or makes")
        var caseId: String?
        @Option(help: "A complaint that it names") var complaint: String?
        @Option(help: "A store that it names") var store: String?
        @Option(help: "An outlet that it names") var outlet: String?
        @Option(help: "A customer's phone that stands in it; - reads it from standard input") var phone: String?
        @Option(help: "Failures of one kind have the same") var fingerprint: String?
        @Option(help: "Who sees to it") var assignee: String?
        @Option(help: "Last failure at this time or later, 2026-11-30T08:00:00+08:00") var from: String?
        @Option(help: "Last failure before this time") var until: String?
        @Option(help: "Contained in id, source, event, type, case, code, message, or the fault's place or rule")
        var text: String?

        init() {}

        var isEmpty: Bool {
            [
                state, failureClass, queue, type, event, source, caseId, complaint, store, outlet, phone, fingerprint,
                assignee, from, until, text,
            ].allSatisfy { $0 == nil }
        }

        /// The letters named, or those that match: open ones, unless another state is named.
        func choice(_ ids: [String]) throws -> DeadLetterOffice.Choice {
            ids.isEmpty ? .search(try search(unlessSaid: .open)) : .ids(ids)
        }

        /// - Parameter state: where none is named; nil: all.
        func search(unlessSaid state: DeadLetterState? = nil) throws -> LetterSearch {
            var search = LetterSearch()
            try Choice.check("--state", self.state, of: LetterStanding.allCases.map(\.rawValue))
            if let standing = self.state.flatMap(LetterStanding.init(rawValue:)) {
                (search.filter.state, search.filter.isSucceeded) = standing.meaning
            } else {
                search.filter.state = state
            }
            try Choice.check("--class", failureClass, of: DeadLetterClass.allCases.map(\.rawValue))
            (search.filter.failureClass, search.filter.queue, search.filter.type) = (failureClass, queue, type)
            (search.filter.eventId, search.filter.source, search.filter.assignee) = (event, source, assignee)
            (search.filter.fingerprint, search.filter.text) = (fingerprint, text)
            search.filter.from = try from.map { try Self.time("--from", $0) }
            search.filter.until = try until.map { try Self.time("--until", $0) }
            let named: [(LetterTerm.Kind, String?)] = [
                (.case, caseId), (.complaint, complaint), (.store, store), (.outlet, outlet),
            ]
            search.terms = named.compactMap { kind, value in value.map { LetterTerm(kind, $0) } }
            search.phone = try phone.map { try PhoneOption.key($0) }
            return search
        }

        private static func time(_ option: String, _ text: String) throws -> Instant {
            guard let time = Instant(rfc3339: text) else {
                throw Failure(
                    ExitStatus.usage, "\(option): expected a time like 2026-11-30T08:00:00+08:00, found \(text)")
            }
            return time
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists dead letters, the newest first.")
        @OptionGroup var selection: Selection
        @Option(help: "Most rows, up to 200") var limit = 50
        @Option(help: "The number with which the last page ended") var after: Int64?
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let office = try common.deadLetterOffice()
                try show(try await office.list(try selection.search(), after: after, limit: limit), json: json)
            }
        }
    }

    struct Groups: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Counts dead letters by kind of failure, with the cause and what to do.",
            discussion: """
                Of each group some open letters are judged as replay would judge them, the newest; the largest 200 groups are
                shown, and the last line says how many there are.
                """)
        @OptionGroup var selection: Selection
        @Option(help: "How many open letters of a group are judged, up to 100; 0: none") var sample = 10
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let office = try common.deadLetterOffice()
                try show(try await office.groups(try selection.search(), sample: sample), json: json)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Everything about one dead letter, and whether a replay is safe.",
            discussion: "Exit code 1 if there is none.")
        @Argument(help: "Id of the dead letter, or its beginning") var id: String
        @Flag(help: "Also the body, what is personal masked; the look is logged") var body = false
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

    struct Unmask: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows a letter as it is, personal data and all; who looked, and why, is logged before.",
            discussion: "Exit code 1 if there is none.")
        @Argument(help: "Id of the dead letter, or its beginning") var id: String
        @Option(help: "Why") var reason: String
        @Flag(help: "Print as JSON, the body also in base64") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let reason = try Reason.check(reason)
                try show(try await common.deadLetterOffice().unmask(id, reason: reason), json: json)
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes every letter that matches as a line of JSON, the oldest first.",
            discussion: "Masked; with --unmasked and a --reason as they are. Either is logged.")
        @OptionGroup var selection: Selection
        @Flag(help: "With everything personal") var unmasked = false
        @Option(help: "Why; needed with --unmasked") var reason: String?
        @OptionGroup var common: CommonOptions

        func validate() throws {
            if unmasked != (reason != nil) { throw ValidationError("--unmasked and --reason go together") }
        }

        func run() async throws {
            try await perform {
                let reason = try reason.map { try Reason.check($0) }
                let office = try common.deadLetterOffice()
                let count = try await office.export(try selection.search(), unmaskedBecause: reason) { line in
                    Output.bytes(Data(line + [UInt8(ascii: "\n")]))
                }
                Output.note("\(count) letters")
            }
        }
    }

    struct Note: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keeps a word in a letter's history.", discussion: "Exit code 1 if it could not be kept.")
        @Argument(help: "Id of the dead letter, or its beginning") var id: String
        @Argument(help: "What to keep") var text: String
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(try await common.deadLetterOffice().note(id, try Reason.check(text)), json: json)
            }
        }
    }

    struct Assign: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says who sees to a letter; an empty name: nobody.",
            discussion: "Exit code 1 if it could not be kept.")
        @Argument(help: "Id of the dead letter, or its beginning") var id: String
        @Argument(help: "An operator's name") var name: String
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                guard name.isEmpty || Operator.isName(name) else {
                    throw Failure(
                        ExitStatus.usage, "dead-letters assign: a name has 1 to 64 characters that can be printed")
                }
                try show(try await common.deadLetterOffice().assign(id, to: name), json: json)
            }
        }
    }

    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Marks letters as not needed; they stay readable.", discussion: DecisionOptions.discussion)
        @OptionGroup var options: DecisionOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform { try await options.carryOut(.discard, unlessSaid: .open, self, common) }
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Opens discarded letters again, and sent ones that did not arrive.",
            discussion: DecisionOptions.discussion)
        @OptionGroup var options: DecisionOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform { try await options.carryOut(.restore, unlessSaid: .discarded, self, common) }
        }
    }

    struct DecisionOptions: ParsableArguments {
        static let discussion = """
            Letters that are named are changed at once. A selection, of any number, only with --execute; without it the verb
            says how many there are. Exit code 1 if a letter was not changed that should be.
            """
        @OptionGroup var selection: Selection
        @Argument(help: "Ids, or their beginnings; without them a selection is needed") var ids: [String] = []
        @Option(help: "Why") var reason: String
        @Flag(help: "Change all that match") var execute = false
        @Flag(help: "Print as JSON") var json = false

        func validate() throws {
            if ids.isEmpty == selection.isEmpty {
                throw ValidationError("name ids, or select with --state, --class, --queue, --type, …; not both")
            }
        }

        /// - Parameter state: of the letters that are meant where none is named.
        func carryOut(
            _ decision: DeadLetterOffice.Decision, unlessSaid state: DeadLetterState, _ verb: some AsyncParsableCommand,
            _ common: CommonOptions
        ) async throws {
            let office = try common.deadLetterOffice()
            let reason = try Reason.check(reason)
            guard ids.isEmpty else {
                let report =
                    decision == .discard
                    ? try await office.discard(ids, reason: reason) : try await office.restore(ids, reason: reason)
                return try verb.show(report, json: json)
            }
            let search = try selection.search(unlessSaid: state)
            try verb.show(
                try await office.decide(decision, search, reason: reason, execute: execute), json: json)
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

/// Why somebody does something: one sentence or two.
enum Reason {
    /// - Throws: `Failure` if it says nothing, or too much.
    static func check(_ text: String) throws -> String {
        guard text.contains(where: { !$0.isWhitespace }), text.count <= OperatorAct.reasonLimit else {
            throw Failure(
                ExitStatus.usage, "expected a text of 1 to \(OperatorAct.reasonLimit) characters, found \(text.count)")
        }
        return text
    }
}

extension CommonOptions {
    /// Less than an operation's lease, so that it does not run out meanwhile.
    private static let publishSeconds: Int64 = 10

    /// - Parameter publisher: for sending letters again.
    func deadLetterOffice(_ publisher: ConfirmedPublisher? = nil) throws -> DeadLetterOffice {
        let settings = try configuration(requiring: [.database])
        let installation = Installation(settings)
        var parts = try Office(installation).deadLetterParts(limits: settings.limits.document)
        if settings.managementURL != nil, settings.amqpURL != nil {
            let bindings = BindingsSeen { try await installation.bindingsInBroker() }
            parts.isBound = { try await bindings.contain($0) }
        }
        if let publisher {
            parts.publish = { messages in try await publisher.publish(messages, limitSeconds: Self.publishSeconds) }
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
