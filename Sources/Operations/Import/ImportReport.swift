import Schema

/// The result of `recourse import`.
package struct ImportReport: OperationReport, Codable, Hashable {
    /// How often a member could not be made, whatever the line.
    package struct Kind: Sendable, Hashable, Codable {
        package let event: String?
        package let member: String?
        package let rule: String
        package internal(set) var faults: Int
    }

    package let file: String
    package let encoding: TextEncoding
    /// By what it is known: `told`, or what gave it away.
    package let encodingReason: String
    package let separator: Separator
    package let separatorReason: String
    /// Without the header and blank ones.
    package internal(set) var rows = 0
    package internal(set) var blankRows = 0
    /// Whose conditions do not hold.
    package internal(set) var rowsWithoutEvent = 0
    /// Of which nothing is made.
    package internal(set) var failedRows = 0
    /// By type, without its version.
    package internal(set) var events: [Figure] = []
    /// Events of rows that are there more than once, each made once.
    package internal(set) var repeated = 0
    /// The first faults, by line.
    package internal(set) var findings: [RowFault] = []
    /// How many faults there are more.
    package internal(set) var unlisted = 0
    package internal(set) var kinds: [Kind] = []
    /// The first events, which are personal; of a dry run alone.
    package internal(set) var examples: [String] = []
    package let isDryRun: Bool
    /// Rows that fail are left out, and the others taken.
    package let takesOthers: Bool

    package init(
        file: String, encoding: TextEncoding.Guess, separator: Separator.Guess, isDryRun: Bool, takesOthers: Bool
    ) {
        self.file = file
        (self.encoding, encodingReason) = (encoding.encoding, encoding.reason)
        (self.separator, separatorReason) = (separator.separator, separator.reason)
        (self.isDryRun, self.takesOthers) = (isDryRun, takesOthers)
    }

    mutating func count(_ type: EventType) {
        if let index = events.firstIndex(where: { $0.name == type.rawValue }) {
            events[index] = Figure(type.rawValue, events[index].value + 1)
        } else {
            events.append(Figure(type.rawValue, 1))
        }
    }

    mutating func count(_ fault: RowFault) {
        let index = kinds.firstIndex { $0.event == fault.event && $0.member == fault.member && $0.rule == fault.rule }
        if let index {
            kinds[index].faults += 1
        } else {
            kinds.append(Kind(event: fault.event, member: fault.member, rule: fault.rule, faults: 1))
        }
    }

    /// Events are written, or would be.
    package var isTaken: Bool { failedRows == 0 || takesOthers }

    package var exitCode: Int32 { failedRows == 0 || (takesOthers && !isDryRun) ? 0 : 1 }

    /// The form of the table, for a line of its own.
    package var form: String {
        "encoding \(encoding.rawValue) (\(encodingReason)), separator \(separator.rawValue) (\(separatorReason))"
    }

    package var total: Int { events.reduce(0) { $0 + $1.value } }

    package var text: String {
        let made = events.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        var lines = ["rows \(rows), events \(total)" + (made.isEmpty ? "" : ": " + made)]
        if repeated > 0 { lines.append("events of rows that are there again, made once: \(repeated) left out") }
        if rowsWithoutEvent > 0 { lines.append("rows whose conditions do not hold: \(rowsWithoutEvent)") }
        if blankRows > 0 { lines.append("blank rows: \(blankRows)") }
        guard failedRows > 0 else {
            if isDryRun { lines.append("dry run: nothing was written, and all rows can be mapped") }
            return lines.joined(separator: "\n")
        }
        for kind in kinds.sorted(by: { ($1.faults, $0.name) < ($0.faults, $1.name) }).prefix(20) {
            lines.append("  \(kind.faults) × \(kind.name)")
        }
        let end =
            isDryRun
            ? "dry run: nothing was written"
            : takesOthers ? "left out, the others are written" : "nothing was written; --anyway leaves them out"
        lines.append("rows that fail: \(failedRows) of \(rows); \(end)")
        return lines.joined(separator: "\n")
    }

    /// A line for each fault that is listed.
    ///
    /// - Parameter showsValues: with what was found, which may be personal.
    package func findingLines(showsValues: Bool) -> [String] {
        var lines = findings.map { $0.line(of: file, showsValue: showsValues) }
        if unlisted > 0 { lines.append("\(file): \(unlisted) more faults") }
        return lines
    }

    /// Without what was found in cells.
    package var withoutValues: ImportReport {
        var report = self
        for index in report.findings.indices { report.findings[index].value = nil }
        return report
    }
}

extension ImportReport.Kind {
    var name: String { [event, member, rule].compactMap { $0 }.joined(separator: " ") }
}
