import Foundation
import Logging
import Schema
import Synchronization

/// How a line of the log is written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// For people: time, level, program, message, details.
    case text
    /// For programs: one JSON object, its keys in docs/OPERATING.md.
    case json
}

/// One line per event on standard error. Nothing else writes there.
package struct LineLogHandler: LogHandler {
    private static let output = Mutex(FileHandle.standardError)

    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let label: String
    private let format: LogFormat

    package init(label: String, level: Logger.Level, format: LogFormat = .text) {
        self.label = label
        self.format = format
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let details = metadata.merging(event.metadata ?? [:]) { _, new in new }.map { ($0.key, "\($0.value)") }
            .sorted { $0.0 < $1.0 }
        let line = line("\(event.message)", event.level, details, at: Wall.now())
        // A log that cannot be written must not end the work that it is about: the line is lost.
        Self.output.withLock { _ = try? $0.write(contentsOf: Data((line + "\n").utf8)) }
    }

    func line(_ message: String, _ level: Logger.Level, _ details: [(String, String)], at time: Instant) -> String {
        switch format {
        case .text:
            details.reduce("\(time) \(level.rawValue.uppercased()) \(label): \(message)") { line, detail in
                line + " \(detail.0)=\(LineLogHandler.quoted(detail.1))"
            }
        case .json: json(message, level, details, at: time)
        }
    }

    private func json(
        _ message: String, _ level: Logger.Level, _ details: [(String, String)], at time: Instant
    ) -> String {
        let always = [
            ("time", "\(time)"), ("level", level.rawValue), ("program", label), ("release", Release.version),
            ("message", message),
        ]
        let names = Set(always.map(\.0))
        let members = (always + details.filter { !names.contains($0.0) }).map { JSON.Member($0.0, .string($0.1)) }
        return String(decoding: JSON.object(members).serialized, as: UTF8.self)
    }

    static func quoted(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { $0 > " " && $0 != "\"" && !isControl($0) }
        guard !isPlain || text.isEmpty else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\", "\"": escaped += "\\\(scalar)"
            case "\n": escaped += "\\n"
            // Neither a line of one's own nor the terminal's colours are to be had by what others have written.
            case _ where isControl(scalar): escaped += "\\u{\(String(scalar.value, radix: 16))}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return "\"\(escaped)\""
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    package static func logger(_ label: String, _ configuration: Configuration) -> Logger {
        let level = Logger.Level(rawValue: configuration.logLevel) ?? .info
        return Logger(label: label) {
            LineLogHandler(label: $0, level: level, format: configuration.logFormat)
        }
    }
}
