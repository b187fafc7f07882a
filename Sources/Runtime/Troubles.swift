import Schema

/// A kind of trouble that may come with every message: its level and text, and what of its details are words of ours.
struct Trouble: Hashable, Sendable {
    struct Detail: Hashable, Sendable {
        let name: String
        let value: String
    }

    let level: LogLine.Level
    let message: String
    let details: [Detail]

    init(_ level: LogLine.Level, _ message: String, _ details: [(String, String)] = []) {
        self.level = level
        self.message = message
        self.details = details.map { Detail(name: $0.0, value: $0.1) }
    }

    func line(_ more: [(String, String)]) -> LogLine {
        LogLine(level, message, details.map { ($0.name, $0.value) } + more)
    }
}

/// One line for each kind of trouble and minute: the first is told in full, and when the minute ends, how many more came.
///
/// A thousand bad messages of one cause are two lines, and the causes that came with them stay in sight.
struct Troubles: Sendable {
    private struct Minute: Sendable {
        let ends: Instant
        var more = 0
    }

    /// More kinds than these are counted together.
    static let most = 32
    static let minute: Int64 = 60
    private static let others = Trouble(.warning, "troubles of other kinds")

    private var minutes: [Trouble: Minute] = [:]

    /// - Returns: whether this one is to be told in full.
    mutating func meet(_ trouble: Trouble, at wall: Instant) -> Bool {
        if minutes[trouble] != nil {
            minutes[trouble]?.more += 1
            return false
        }
        guard minutes.count < Self.most else {
            minutes[Self.others, default: Minute(ends: wall.adding(seconds: Self.minute))].more += 1
            return false
        }
        minutes[trouble] = Minute(ends: wall.adding(seconds: Self.minute))
        return true
    }

    /// What is to be told of minutes that have ended; of all, if there is no later.
    mutating func takeEnded(at wall: Instant, isLast: Bool = false) -> [LogLine] {
        guard !minutes.isEmpty else { return [] }
        let ended = minutes.filter { isLast || wall >= $0.value.ends }
        for trouble in ended.keys { minutes[trouble] = nil }
        return ended.filter { $0.value.more > 0 }
            .sorted { ($0.value.ends, $0.key.message) < ($1.value.ends, $1.key.message) }
            .map { trouble, minute in
                let seconds = isLast ? "less than \(Self.minute)" : "\(Self.minute)"
                return LogLine(
                    trouble.level, trouble.message + ": more of the same",
                    trouble.details.map { ($0.name, $0.value) } + [("count", "\(minute.more)"), ("seconds", seconds)])
            }
    }
}

/// The names of what logs tell of a message, for whoever reads them by a program (docs/OPERATING.md).
enum LogKey {
    static let eventId = "event_id"
    static let eventSource = "event_source"
    static let letter = "letter_id"
    static let pointer = "fault_pointer"
    static let rule = "fault_rule"
    static let trace = "trace_id"
}
