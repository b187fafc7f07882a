import ArgumentParser
import Operations

struct CaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "case", abstract: "Shows cases with every decision and its reason.",
        subcommands: [Show.self, List.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A case's state at every stage, and its timeline.", discussion: "Exit code 1 if there is none.")
        @Argument(help: "Case id, or the complaint's id") var id: String
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(try await common.office().showCase(id), json: json)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists cases.")
        @Option(help: "open, resolved or closed") var state: String?
        @Option(help: "store, region or hq") var tier: String?
        @Option(help: "Store id") var store: String?
        @Option(help: "Region id") var region: String?
        @Option(help: "Most rows") var limit = 50
        @Option(help: "The case id with which the last page ended") var after = ""
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try Choice.check("--state", state, of: ["open", "resolved", "closed"])
                try Choice.check("--tier", tier, of: ["store", "region", "hq"])
                var filter = CaseFilter()
                (filter.state, filter.tier, filter.storeId, filter.regionId) = (state, tier, store, region)
                try show(try await common.office().listCases(filter, after: after, limit: limit), json: json)
            }
        }
    }
}

struct OutletCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outlet", abstract: "Shows an outlet's standing.", subcommands: [Show.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Where an outlet stands on both ladders, what one more violation brings, its terms and timeline.",
            discussion: "Exit code 1 if nothing is known of it.")
        @Argument(help: "Outlet id") var id: String
        @Flag(help: "Also the record as the penalty stage keeps it, masked") var record = false
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(try await common.office().showOutlet(id, withRecord: record), json: json)
            }
        }
    }
}

struct FundCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fund", abstract: "Shows the after-sales fund.", subcommands: [Show.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "The balance, what is open, and which steps are overdue; of one request also why it was decided so.",
            discussion: "Exit codes: 0 done; 1 there is no such request; 69 the database is away; 78 configuration.")
        @Argument(help: "Only this request") var request: String?
        @Flag(help: "Also each request as the handling stage keeps it, masked, and all decisions") var record = false
        @Flag(help: "Only requests with something outstanding or undecided") var open = false
        @Option(help: "Most requests") var limit = 50
        @Option(help: "The request id with which the last page ended") var after = ""
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(
                    try await common.office().showFund(
                        request: request, isOpen: open, after: after, limit: limit, withRecord: record),
                    json: json)
            }
        }
    }
}

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Tells why an event was emitted, back to the inbound events.",
        discussion: "Exit code 1 if no stage knows the event.")
    @Argument(help: "Id of an outgoing or inbound event") var event: String
    @Flag(help: "Print as JSON") var json = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await perform {
            try show(try await common.office().explain(event), json: json)
        }
    }
}
