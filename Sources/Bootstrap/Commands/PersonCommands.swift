import ArgumentParser
import Foundation
import Operations
import Runtime
import Schema
import Store

struct PersonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "person", abstract: "What is kept of a customer, its erasure, and the keys it is sealed with.",
        discussion: "A phone given as - is read from standard input, so that no list of processes shows it.",
        subcommands: [Show.self, Erase.self, Rekey.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "How much each stage keeps of a person, how much waits there, and since when.",
            discussion: "Exit code 1 if nobody is known by that.")
        @OptionGroup var person: PersonOptions
        @Flag(help: "Also the texts themselves") var unmask = false
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(try await common.office().showPerson(try person.sought(), unmask: unmask), json: json)
            }
        }
    }

    struct Erase: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Erases what is personal of a customer from every store and dead letter.",
            discussion: """
                Records and journals stay: they hold tokens, which lead nowhere then. So do events that wait for what they \
                refer to, without their texts. Without --yes it only says what is there. What is still in the broker comes in as if from a new customer; order the erasure again then.
                """)
        @OptionGroup var person: PersonOptions
        @Flag(help: "Do it") var yes = false
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let office = try common.office()
                let person = try self.person.sought()
                if yes { return try show(try await office.erasePerson(person), json: json) }
                try show(try await office.showPerson(person, unmask: false), json: json)
                Output.note("Nothing was erased; give --yes to do it.")
            }
        }
    }

    struct Rekey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Seals everything with the first key of the key file.",
            discussion: """
                Put the new key first and leave the old one behind it, restart the workers, run this; then the old line can \
                go. Workers may run meanwhile.
                """)
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform { try show(try await common.office().rekey(), json: json) }
        }
    }
}

/// Who is meant: exactly one of these.
struct PersonOptions: ParsableArguments {
    @Option(help: "The person's phone, or - for standard input") var phone: String?
    @Option(name: .customLong("case"), help: "A case of the person") var caseId: String?
    @Option(help: "A complaint of the person; with --source") var complaint: String?
    @Option(help: "The source of the complaint's event") var source: String?

    /// - Throws: `Failure` unless exactly one is named, or if the phone has no key: it is nobody's.
    func sought() throws -> PersonSought {
        guard [phone, caseId, complaint].compactMap({ $0 }).count == 1, (complaint == nil) == (source == nil) else {
            throw Failure(ExitStatus.usage, "give one of --phone, --case, and --complaint with --source")
        }
        if let caseId { return .cases([caseId]) }
        if let complaint, let source { return .complaint(complaint, from: source) }
        let given = phone == "-" ? readLine() ?? "" : phone ?? ""
        guard PhoneKey(given) != nil else {
            throw Failure(
                ExitStatus.usage,
                "--phone: a number by which people are told apart has 5 to 15 digits; find this person by --case")
        }
        return .phone(given)
    }
}
