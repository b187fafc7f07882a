import ArgumentParser
import Foundation
import Operations
import Schema
import Store

struct PersonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "person", abstract: "What is kept of a customer, its erasure, and the keys it is sealed with.",
        discussion: "A phone given as - is read from standard input, so that no list of processes shows it.",
        subcommands: [Show.self, Erase.self, Rekey.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "How much each stage keeps of a person, and since when.",
            discussion: "Exit code 1 if nobody with this phone is known.")
        @OptionGroup var common: CommonOptions
        @Option(help: "The person's phone, or - for standard input") var phone: String
        @Flag(help: "Also the texts themselves") var unmask = false
        @Flag(help: "Print as JSON") var json = false

        func run() async throws {
            try await perform {
                let report = try await common.persons().show(phone: try Phone.given(phone), unmask: unmask)
                try self.show(report, json: json)
            }
        }
    }

    struct Erase: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Erases what is personal of a customer from every store and dead letter.",
            discussion: """
                Records and journals stay: they hold tokens, which lead nowhere then. Without --yes it only says what is \
                there. What is still in the broker comes in as if from a new customer; order the erasure again then.
                """)
        @OptionGroup var common: CommonOptions
        @Option(help: "The person's phone, or - for standard input") var phone: String
        @Flag(help: "Do it") var yes = false
        @Flag(help: "Print as JSON") var json = false

        func run() async throws {
            try await perform {
                let office = try common.persons()
                let phone = try Phone.given(self.phone)
                if yes { return try self.show(try await office.erase(phone: phone), json: json) }
                try self.show(try await office.show(phone: phone), json: json)
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
        @OptionGroup var common: CommonOptions
        @Flag(help: "Print as JSON") var json = false

        func run() async throws {
            try await perform { try self.show(try await common.persons().rekey(), json: json) }
        }
    }
}

private enum Phone {
    /// - Throws: `Failure` if it has no digits: such a phone is nobody's.
    static func given(_ text: String) throws -> String {
        let phone = text == "-" ? readLine() ?? "" : text
        guard !Customer.phoneKey(of: phone).isEmpty else {
            throw Failure(ExitStatus.usage, "--phone: a telephone number has digits")
        }
        return phone
    }
}

extension CommonOptions {
    fileprivate func persons() throws -> PersonOffice {
        let settings = try configuration(requiring: [.database])
        let installation = Installation(settings)
        return PersonOffice(
            stores: try installation.stores(), deadLetters: try installation.deadLetters(), keyring: settings.keyring)
    }
}
