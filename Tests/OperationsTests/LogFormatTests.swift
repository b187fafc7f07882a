import Logging
import Schema
import Testing

@testable import Bootstrap

@Suite struct `A line of the log` {
    private let noon = Instant(seconds: 1_800_000_000)
    private let details = [("code", "contract"), ("event_id", "a \"b\"\n\u{1B}[2J"), ("level", "no")]

    @Test func `is one JSON object with the stable keys first, whatever a detail is called or holds`() throws {
        let handler = LineLogHandler(label: "intake-1", level: .info, format: .json)
        let line = handler.line("dead letter", .warning, details, at: noon)
        #expect(!line.utf8.contains { $0 < 0x20 })
        let json = try JSON(parsing: Array(line.utf8))
        #expect(
            json.members?.map(\.name) == ["time", "level", "program", "release", "message", "code", "event_id"])
        #expect(json["time"]?.string == "\(noon)" && json["level"] == "warning" && json["program"] == "intake-1")
        #expect(json["event_id"]?.string == details[1].1)
    }

    @Test func `is text where nobody asks for JSON`() throws {
        let handler = LineLogHandler(label: "intake-1", level: .info)
        #expect(
            handler.line("consuming", .info, [("queue", "q")], at: noon) == "\(noon) INFO intake-1: consuming queue=q")
        #expect(try Configuration(environment: [:], requiring: []).logFormat == .text)
        #expect(try Configuration(environment: ["RECOURSE_LOG_FORMAT": "json"], requiring: []).logFormat == .json)
        #expect(throws: ConfigurationFaults.self) {
            try Configuration(environment: ["RECOURSE_LOG_FORMAT": "xml"], requiring: [])
        }
    }
}
