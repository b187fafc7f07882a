import ArgumentParser
import Foundation
import Operations
import Policy
import Runtime
import Schema

struct CalendarCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calendar", abstract: "Looks after calendar.csv of the policy folder.",
        subcommands: [
            Check.self,
            Import.self,
        ])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Which years have data, and which should have.",
            discussion: """
                By the business clock: the current year must be there, and from 1 November on the next one. Exit codes: 0
                complete; 1 a year is missing; 69 the clock cannot be read; 78 configuration, faults in the file.
                """)
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let settings = try common.configuration(requiring: [.policy])
                let file = try CalendarCommand.file(of: settings).content
                let now = try Installation(settings).clock().read().now
                try show(CalendarReport(file, at: now > .distantPast ? now : nil), json: json)
            }
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes one year's holidays and make-up working days from an iCalendar or CSV file.",
            discussion: """
                iCalendar: events of whole days or of hours. The summary tells a make-up working day (补班, 班, working day,
                workday, make-up) from a holiday (休, 假, 放假, holiday, day off); what it says of another day counts for nothing,
                and one that is not clear is refused. Others are listed and left out. CSV: as calendar.csv. Only events of
                that year are looked at. The calendar is replaced as a whole or not at all. Exit codes: 0 done, or nothing to do; 1
                the year is there already and would change; 64 usage, a file that cannot be read or written; 78 faults in
                a file.
                """)
        @Argument(help: "iCalendar (.ics) or CSV file") var file: String
        @Option(help: "Only days of this year are taken") var year: Int
        @Flag(help: "Allow a year that is there already to change") var replace = false
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                guard (1...9999).contains(year) else { throw Failure(ExitStatus.usage, "--year: expected 1 to 9999") }
                let calendar = try CalendarCommand.file(of: common.configuration(requiring: [.policy]))
                let feed = try HolidayFeed.read(try Output.bytes(of: file), year: year, name: file)
                let report = CalendarImport(feed, year: year, into: calendar.content, replaces: replace)
                if let text = report.newText {
                    // What is written must be readable before it takes the place of what is.
                    _ = try CalendarFile(text, name: calendar.path)
                    try Output.write(text, to: calendar.path)
                }
                try show(report, json: json)
            }
        }
    }

    private static func file(of settings: Configuration) throws -> (content: CalendarFile, path: String) {
        let path = (settings.policyDirectory ?? "") + "/calendar.csv"
        guard let text = String(validating: try Output.bytes(of: path), as: UTF8.self) else {
            throw Failure(ExitStatus.configuration, "read \(path): not UTF-8")
        }
        return (try CalendarFile(text, name: path), path)
    }
}
