import ArgumentParser
import Foundation
import Operations
import Runtime
import Schema
import Web

struct CustomerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "customer", abstract: "What is known of a customer, over all stages.", subcommands: [Show.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cases, callback tasks, calls with who, when and what came of them, and letters.",
            discussion: """
                Give one of --phone, --case, and --complaint with --source. A phone given as - is read from standard input, \
                so that no list of processes shows it. Looks through all callback tasks, which takes some seconds for each \
                hundred thousand. Exit code 1 if nobody is known by that.
                """)
        @OptionGroup var person: PersonOptions
        @Flag(help: "Also what was said and sent") var unmask = false
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(try await common.office().showCustomer(try person.sought(), unmask: unmask), json: json)
            }
        }
    }
}

struct RegisterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register", abstract: "The register of a month's calls or letters, to be printed or kept (R27).",
        discussion:
            "Looks through all callback tasks. Exit codes: 0 done; 64 usage; 69 the database is away; 78 configuration."
    )

    @Argument(help: "calls or letters") var kind: String
    @Option(help: "2026-11") var month: String
    @Option(help: "text, csv, html or json") var format = "text"
    @Flag(help: "Also what was said or sent: personal data of customers") var unmask = false
    @Flag(help: "Short for --format json") var json = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await perform {
            try Choice.check("register", kind, of: Register.Kind.allCases.map(\.rawValue))
            try Choice.check("--format", format, of: ["text", "csv", "html", "json"])
            guard let month = Month(month) else {
                throw Failure(ExitStatus.usage, "--month: expected a month like 2026-11, found \(month)")
            }
            let register = try await common.office()
                .register(Register.Kind(rawValue: kind) ?? .calls, month, unmask: unmask)
            switch json ? "json" : format {
            case "json": Output.line(try register.json())
            case "csv": Output.bytes(Data(register.csv.utf8))
            case "html": Output.bytes(Data(register.html.bytes))
            default: Output.line(register.text)
            }
        }
    }
}
