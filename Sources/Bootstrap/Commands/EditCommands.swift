import ArgumentParser
import Operations
import Runtime
import Schema
import Store

extension DeadLettersCommand {
    struct Edit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Proposes what letters are to be; somebody else has to approve it.",
            discussion: """
                Either one letter and its whole document (--file), or any letters and the members that change (--set). The edited
                document must keep the contract; it gets an id of its own, so that its sender may still send the event itself. Of
                a selection the open letters, up to \(DeadLetterOffice.editLimit). Exit code 1 if one was refused.
                """)
        @OptionGroup var selection: Selection
        @Argument(help: "Ids, or their beginnings; without them a selection is needed") var ids: [String] = []
        @Option(help: "The document; - reads it from standard input") var file: String?
        @Option(
            name: .customLong("set"),
            help: "A member by its JSON pointer, and its value: /data/storeId=S014; repeatable")
        var settings: [String] = []
        @Option(help: "Under which it is to come") var routingKey: String?
        @Option(help: "Why") var reason: String
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func validate() throws {
            if ids.isEmpty == selection.isEmpty {
                throw ValidationError("name ids, or select with --state, --class, --queue, --type, …; not both")
            }
            if file != nil, ids.count != 1 {
                throw ValidationError("--file is one letter's document: name that letter")
            }
            if file == nil, settings.isEmpty, routingKey == nil {
                throw ValidationError("nothing is to change: give --file, --set or --routing-key")
            }
            for text in settings where EditOrder.Setting(text) == nil {
                throw ValidationError("--set: expected a JSON pointer and a value, /data/storeId=S014, found \(text)")
            }
        }

        func run() async throws {
            try await perform {
                var order = EditOrder(reason: try Reason.check(reason))
                order.document = try file.map { try Output.bytes(of: $0 == "-" ? "/dev/stdin" : $0) }
                order.settings = settings.compactMap { EditOrder.Setting($0) }
                order.routingKey = routingKey
                let office = try common.deadLetterOffice()
                try show(try await office.propose(try selection.choice(ids), order), json: json)
            }
        }
    }

    struct Edits: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists edits, or tells what one of them changes, masked; that look is logged.")
        @Argument(help: "Id of an edit") var id: String?
        @Option(help: "Of this batch") var allOf: String?
        @Option(help: "proposed, approved or rejected") var state: String?
        @Option(help: "Most rows, up to 200") var limit = 50
        @Option(help: "The number with which the last page ended") var after: Int64 = 0
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try Choice.check("--state", state, of: LetterEdit.State.allCases.map(\.rawValue))
                let office = try common.deadLetterOffice()
                if let id { return try show(try await office.show(edit: id), json: json) }
                let filter = EditFilter(state: state.flatMap(LetterEdit.State.init(rawValue:)), batch: allOf)
                try show(try await office.edits(filter, after: after, limit: limit), json: json)
            }
        }
    }

    /// Which edits.
    struct ChosenEdits: ParsableArguments {
        @Argument(help: "Ids of edits") var ids: [String] = []
        @Option(help: "All of this batch that wait") var allOf: String?

        func validate() throws {
            if ids.isEmpty == (allOf == nil) { throw ValidationError("name edits, or a batch with --all-of; not both") }
        }

        var choice: DeadLetterOffice.EditChoice { allOf.map { .batch($0) } ?? .ids(ids) }
    }

    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts edited letters in the place of those they were made of.",
            discussion: """
                The old letter is closed, the edited one is open, and replay sends it. Nobody approves what they have proposed
                themselves (RECOURSE_OPERATOR, else the system user). Exit code 1 if one was not approved.
                """)
        @OptionGroup var chosen: ChosenEdits
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(try await common.deadLetterOffice().approve(chosen.choice), json: json)
            }
        }
    }

    struct Reject: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Leaves letters as they are; what was proposed is deleted.",
            discussion: "Also what one has proposed oneself. Exit code 1 if one was not rejected.")
        @OptionGroup var chosen: ChosenEdits
        @Option(help: "Why") var reason: String
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let reason = try Reason.check(reason)
                try show(try await common.deadLetterOffice().reject(chosen.choice, reason: reason), json: json)
            }
        }
    }
}
