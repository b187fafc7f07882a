import ArgumentParser
import Foundation
import Operations
import Runtime
import Schema
import Store

struct AuditLogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit-log", abstract: "Who did what to dead letters and customers' data, and who looked at it.",
        discussion: """
            Operators name themselves by RECOURSE_OPERATOR; the system user is written down in any case. Each act stands in a
            chain of digests, so that every later change of the log shows, except to who may write anew all of it and every
            place where its head was told.
            """, subcommands: [List.self, Verify.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists entries, the newest first.")
        @Option(name: .customLong("operator"), help: "Only what this operator did") var operatorName: String?
        @Option(help: "Only this verb, such as \"dead-letters discard\", or its first word") var verb: String?
        @Option(help: "Only what was done to this: dead-letter:ID, case:ID") var object: String?
        @Option(help: "Only who looked at whoever has this phone; - reads it from standard input") var phone: String?
        @Option(help: "Most rows, up to 200") var limit = 50
        @Option(help: "The number with which the last page ended") var after: Int64?
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func validate() throws {
            if phone != nil, object != nil { throw ValidationError("give --object or --phone, not both") }
        }

        func run() async throws {
            try await perform {
                var filter = AuditLogFilter()
                (filter.operatorName, filter.verb, filter.object) = (operatorName, verb, object)
                let key = try phone.map { try PhoneOption.key($0) }
                try show(
                    try await common.office().listAuditLog(filter, phone: key, after: after, limit: limit), json: json)
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Walks the chain from its first entry.",
            discussion: """
                Exit codes: 0 it is what was written; 1 it is not: the first entry that is not is named. Give the heads that
                logs and the manifests of backups tell: without one, what was cut off at the end does not show.
                """)
        @Option(help: "A head that was told before, NUMBER:DIGEST; may come more than once") var head: [String] = []
        @Flag(help: "Print as JSON") var json = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await perform {
                let heads = try head.map { text in
                    guard let head = AuditLogHead(text) else {
                        throw Failure(
                            ExitStatus.usage,
                            "--head: expected the number of an entry, a colon and 64 hexadecimal digits, found \(text)")
                    }
                    return head
                }
                try show(try await common.office().verifyAuditLog(expecting: heads), json: json)
            }
        }
    }
}

/// A customer's phone as an option; `-` is standard input, so that no list of processes shows it.
enum PhoneOption {
    /// - Throws: `Failure` if it is no number by which people are told apart.
    static func key(_ text: String) throws -> PhoneKey {
        guard let key = PhoneKey(text == "-" ? readLine() ?? "" : text) else {
            throw Failure(ExitStatus.usage, "--phone: a number by which people are told apart has 5 to 15 digits")
        }
        return key
    }
}
