import ArgumentParser
import Broker
import Foundation
import Operations
import Policy
import Runtime
import Schema
import Store

/// `recourse`: the operators' command line. Exit codes: 0 done, 1 found something wrong, 64 usage, 69 something needed
/// is unavailable, 75 not at rest, 78 configuration.
package struct RecourseCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "recourse",
        abstract: "Runs and looks after a Recourse pipeline.",
        discussion: """
            Every option can also be given as a variable RECOURSE_…; the option wins. A secret may be given as …_FILE.
            Exit codes: 0 done, 1 found something wrong, 64 usage, 69 something needed is unavailable, 75 not at rest, so try
            again (audit, summary), 78 configuration.
            """,
        version: "recourse \(Release.version)",
        groupedSubcommands: [
            CommandGroup(
                name: "Desk",
                subcommands: [
                    CaseCommand.self, OutletCommand.self, FundCommand.self, NoticeCommand.self, ReportCommand.self,
                    ExplainCommand.self, CustomerCommand.self, RegisterCommand.self, PersonCommand.self,
                ]),
            CommandGroup(
                name: "On-call",
                subcommands: [
                    StatusCommand.self, DoctorCommand.self, DeadLettersCommand.self, OperationsCommand.self,
                    AuditLogCommand.self,
                    SummaryCommand.self, AuditCommand.self,
                    JournalCommand.self,
                ]),
            CommandGroup(
                name: "Operator",
                subcommands: [
                    RunCommand.self, WorkersCommand.self, TopologyCommand.self, StoreCommand.self, WaitingCommand.self,
                    BackupCommand.self,
                    RestoreCommand.self, ClockCommand.self,
                ]),
            CommandGroup(
                name: "Business division",
                subcommands: [PolicyCommand.self, CalendarCommand.self, SimulateCommand.self]),
            CommandGroup(
                name: "Integration",
                subcommands: [
                    SchemaCommand.self, ValidateCommand.self, ImportCommand.self, PublishCommand.self,
                    AnswerCommand.self,
                ]),
            CommandGroup(name: "Development", subcommands: [MetricsCommand.self]),
        ]
    )

    package init() {}

    /// The `main` of the program.
    package static func start() async {
        signal(SIGPIPE, SIG_IGN)
        await RecourseCommand.main()
    }
}

/// A verb's end that is not success; the text goes to standard error.
struct Failure: Error {
    let status: Int32
    let text: String

    /// What a person is told of an error, and the exit code that belongs to it.
    init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let faults as ConfigurationFaults: self.init(ExitStatus.configuration, faults.description)
        case let faults as PolicyFaults: self.init(ExitStatus.configuration, faults.description)
        case let reuse as PolicyReuse: self.init(ExitStatus.configuration, "policy: \(reuse)")
        case let faults as AnswerFaults: self.init(ExitStatus.configuration, faults.description)
        case let failure as OfficeFailure: self.init(ExitStatus.wrong, failure.description)
        case let oversized as OversizedAct: self.init(ExitStatus.usage, oversized.description)
        case let fault as FileFault: self.init(ExitStatus.usage, fault.description)
        case is BrokerFailure, is StoreFailure, is ClockAdvance.Stalled, is ManagementFailure, is MissingConverter:
            self.init(ExitStatus.unavailable, "\(error)")
        default: self.init(ExitStatus.wrong, "\(error)")
        }
    }

    init(_ status: Int32, _ text: String) {
        self.status = status
        self.text = text
    }
}

extension AsyncParsableCommand {
    /// Runs a verb's body, turning errors into text and exit code.
    func perform(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let code as ExitCode {
            throw code
        } catch is StoppedWhileWaiting {
            return
        } catch {
            let failure = Failure(error)
            Output.note(failure.text)
            throw ExitCode(failure.status)
        }
    }
}

/// Standard output and files, for the verbs.
enum Output {
    static func line(_ text: String) { bytes(Data((text + "\n").utf8)) }

    /// Ends the program where nobody reads any longer (`… | head`) or the disk is full.
    static func bytes(_ data: Data) {
        do {
            try FileHandle.standardOutput.write(contentsOf: data)
        } catch {
            Foundation.exit(ExitStatus.wrong)
        }
    }

    /// To standard error; what cannot be said there cannot be said at all.
    static func note(_ text: String) { progress(text + "\n") }

    static func progress(_ text: String) { _ = try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

    /// Hands over the lines of a file that are not blank, with their numbers; `-` is standard input. A byte-order mark
    /// before the first is no part of it.
    static func lines(of path: String, _ body: (_ number: Int, _ bytes: [UInt8]) throws -> Void) throws {
        var reader =
            path == "-"
            ? LineReader(FileHandle.standardInput, name: "standard input", longest: longestLine)
            : try LineReader(path: path, longest: longestLine)
        while let line = try reader.next() {
            guard let bytes = line.bytes else {
                throw FileFault("read \(path): line \(line.number) is longer than \(longestLine) bytes")
            }
            try body(line.number, bytes)
        }
    }

    /// In bytes; no document of ours is nearly as long.
    private static let longestLine = 64 << 20

    /// Writes a whole file, or nothing: the name shows the old content until the new one is complete.
    static func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw Failure(ExitStatus.usage, "write \(path): \(error.localizedDescription)")
        }
    }

    static func bytes(of path: String) throws -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw Failure(ExitStatus.usage, "read \(path): \(error.localizedDescription)")
        }
    }
}

/// Options that take one of a few words.
enum Choice {
    static func check(_ option: String, _ value: String?, of allowed: [String]) throws {
        guard let value, !allowed.contains(value) else { return }
        throw Failure(ExitStatus.usage, "\(option): expected one of \(allowed.joined(separator: ", ")), found \(value)")
    }
}
