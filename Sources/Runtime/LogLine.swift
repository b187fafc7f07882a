import Logging

/// One line of the worker's log. No payloads and no personal data.
package struct LogLine: Sendable {
    package enum Level: Sendable { case debug, info, warning, error }
    package let level: Level
    package let message: String
    package let details: [(String, String)]

    package init(_ level: Level, _ message: String, _ details: [(String, String)] = []) {
        self.level = level
        self.message = message
        self.details = details
    }
}

extension Logger {
    func log(_ line: LogLine) {
        var metadata = Logger.Metadata()
        for (name, value) in line.details { metadata[name] = "\(value)" }
        let level: Logger.Level =
            switch line.level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        log(level: level, "\(line.message)", metadata: metadata)
    }
}
