import ArgumentParser
import Operations
import Policy
import Schema

struct NoticeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notice", abstract: "Shows the letters to outlets, manufacturers and persons as they were sent.",
        subcommands: [Show.self, List.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a letter again, byte for byte: as text, or as a page to print.",
            discussion: "Exit code 1 if there is no such notice.")
        @Argument(help: "Notice id") var id: String
        @Option(help: "zh or en") var language = LetterLanguage.zh.rawValue
        @Option(help: "text or html") var format = LetterFormat.text.rawValue
        @Flag(help: "Print as JSON, the letter as one of its members") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try Choice.check("--language", language, of: LetterLanguage.allCases.map(\.rawValue))
                try Choice.check("--format", format, of: LetterFormat.allCases.map(\.rawValue))
                try show(
                    try await common.office().showNotice(
                        id, language: LetterLanguage(rawValue: language) ?? .zh,
                        format: LetterFormat(rawValue: format) ?? .text),
                    json: json)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists notices, ascending by id.")
        @Option(help: "Id of an outlet, manufacturer or person") var addressee: String?
        @Option(help: "Most rows") var limit = 50
        @Option(help: "The notice id with which the last page ended") var after = ""
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                try show(
                    try await common.office().listNotices(addressee: addressee, after: after, limit: limit), json: json)
            }
        }
    }
}
