import ArgumentParser
import Foundation
import Operations
import Runtime
import Schema
import Stages
import Store

struct CaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "case", abstract: "Shows cases with every decision and its reason.",
        subcommands: [Show.self, List.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A case's state at every stage, and its timeline.", discussion: "Exit code 1 if there is none.")
        @OptionGroup var common: CommonOptions
        @Argument(help: "Case id, or the complaint's id") var id: String
        @Flag(help: "Print as JSON") var json = false

        func run() async throws {
            try await perform {
                guard let dossier = try await common.caseView().showCase(id) else {
                    var text = "case show \(id): no case and no complaint has this id"
                    var filter = WaitingList.Filter()
                    filter.referenceId = id
                    let stores = try Installation(try common.configuration(requiring: [.database])).stores()
                    let waiting = try await WaitingList.read(stores, filter).total
                    for store in stores.values { await store.close() }
                    if waiting > 0 { text += "; \(waiting) events wait for it: recourse waiting list --for \(id)" }
                    throw Failure(ExitStatus.wrong, text)
                }
                try show(dossier, json: json)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists cases.")
        @OptionGroup var common: CommonOptions
        @Option(help: "open, resolved or closed") var state: String?
        @Option(help: "store, region or hq") var tier: String?
        @Option(help: "Store id") var store: String?
        @Option(help: "Region id") var region: String?
        @Option(help: "Most rows") var limit = 50
        @Option(help: "The case id with which the last page ended") var after = ""
        @Flag(help: "Print as JSON") var json = false

        func run() async throws {
            try await perform {
                try Choice.check("--state", state, of: ["open", "resolved", "closed"])
                try Choice.check("--tier", tier, of: ["store", "region", "hq"])
                var filter = CaseFilter()
                (filter.state, filter.tier, filter.storeId, filter.regionId) = (state, tier, store, region)
                try show(
                    try await common.caseView().listCases(filter, after: after, limit: limit), json: json)
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
        @OptionGroup var common: CommonOptions
        @Argument(help: "Outlet id") var id: String
        @Flag(help: "Also the record as the penalty stage keeps it, masked") var record = false
        @Flag(help: "Print as JSON") var json = false

        func run() async throws {
            try await perform {
                let installation = Installation(try common.configuration(requiring: [.database]))
                let view = CaseView(stores: try installation.stores())
                let now = try installation.clock().read().now
                guard let dossier = try await view.showOutlet(id, at: now, withRecord: record) else {
                    throw Failure(ExitStatus.wrong, "outlet show \(id): nothing is known of an outlet of this id")
                }
                try show(dossier, json: json)
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
        @OptionGroup var common: CommonOptions
        @Argument(help: "Only this request") var request: String?
        @Flag(help: "Also each request as the handling stage keeps it, masked, and all decisions") var record = false
        @Flag(help: "Only requests with something outstanding or undecided") var open = false
        @Option(help: "Most requests") var limit = 50
        @Option(help: "The request id with which the last page ended") var after = ""
        @Flag(help: "Print as JSON") var json = false

        func run() async throws {
            try await perform {
                let store = try Installation(try common.configuration(requiring: [.database])).store(.handling)
                let report = try await FundView(handling: store)
                    .show(request: request, isOpen: open, after: after, limit: limit, withRecord: record)
                await store.close()
                guard let report else {
                    throw Failure(ExitStatus.wrong, "fund show \(request ?? ""): there is no request of this id")
                }
                try show(report, json: json)
            }
        }
    }
}

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Tells why an event was emitted, back to the inbound events.",
        discussion: "Exit code 1 if no stage knows the event.")
    @OptionGroup var common: CommonOptions
    @Argument(help: "Id of an outgoing or inbound event") var event: String
    @Flag(help: "Print as JSON") var json = false

    func run() async throws {
        try await perform {
            guard let explanation = try await common.caseView().explain(event) else {
                throw Failure(ExitStatus.wrong, "explain \(event): no stage has taken or emitted an event of this id")
            }
            try show(explanation, json: json)
        }
    }
}

extension CommonOptions {
    fileprivate func caseView() throws -> CaseView {
        CaseView(stores: try Installation(try configuration(requiring: [.database])).stores())
    }
}
