import ArgumentParser
import Broker
import Foundation
import Operations
import Schema
import Store

/// `recourse`: the operators' command line. Exit codes: 0 done, 1 found something wrong, 64 usage, 69 something needed
/// is unavailable, 78 configuration.
package struct RecourseCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "recourse",
        abstract: "Runs and looks after a Recourse pipeline.",
        discussion: """
            Every option can also be given as a variable RECOURSE_…; the option wins. A secret may be given as …_FILE.
            Exit codes: 0 done, 1 found something wrong, 64 usage, 69 something needed is unavailable, 78 configuration.
            """,
        subcommands: [
            RunCommand.self, PublishCommand.self, ValidateCommand.self, SimulateCommand.self, AnswerCommand.self,
            ClockCommand.self, PolicyCommand.self, SchemaCommand.self,
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
        case let faults as AnswerFaults: self.init(ExitStatus.configuration, faults.description)
        case is BrokerFailure, is StoreFailure, is ClockAdvance.Stalled: self.init(ExitStatus.unavailable, "\(error)")
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
        } catch {
            let failure = Failure(error)
            FileHandle.standardError.write(Data((failure.text + "\n").utf8))
            throw ExitCode(failure.status)
        }
    }
}

/// Standard output and files, for the verbs.
enum Output {
    static func line(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    static func note(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// The lines of a file that are not blank, with their numbers; `-` is standard input.
    static func lines(of path: String) throws -> [(number: Int, bytes: [UInt8])] {
        let data: Data
        do {
            data = path == "-" ? FileHandle.standardInput.readDataToEndOfFile() : try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw Failure(ExitStatus.usage, "read \(path): \(error.localizedDescription)")
        }
        return data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            .compactMap { offset, line in
                line.contains { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 } ? (offset + 1, Array(line)) : nil
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
