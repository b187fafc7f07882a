import ArgumentParser
import Foundation
import Monitoring

struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "The table of metrics.", shouldDisplay: false, subcommands: [Export.self])

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Writes the page of metrics, alert rules with their tests, and the dashboard into the source tree.")
        @Argument(help: "The tree's root") var directory: String

        func run() async throws {
            try await perform {
                for (path, text) in MonitoringFiles.all {
                    let file = URL(fileURLWithPath: directory, isDirectory: true).appendingPathComponent(path)
                    try FileManager.default.createDirectory(
                        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                    try Output.write(text, to: file.path)
                }
            }
        }
    }
}
