import Foundation
import Logging
import Synchronization

/// One line per event on standard error: time, level, program, message, details. Nothing else writes there.
package struct LineLogHandler: LogHandler {
    private static let output = Mutex(FileHandle.standardError)

    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let label: String

    package init(label: String, level: Logger.Level) {
        self.label = label
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line = "\(Wall.now()) \(event.level.rawValue.uppercased()) \(label): \(event.message)"
        let details = metadata.merging(event.metadata ?? [:]) { _, new in new }
        for (key, value) in details.sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(LineLogHandler.quoted("\(value)"))"
        }
        line += "\n"
        // A log that cannot be written must not end the work that it is about: the line is lost.
        Self.output.withLock { _ = try? $0.write(contentsOf: Data(line.utf8)) }
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

    package static func logger(_ label: String, level: String) -> Logger {
        Logger(label: label) { LineLogHandler(label: $0, level: Logger.Level(rawValue: level) ?? .info) }
    }
}
