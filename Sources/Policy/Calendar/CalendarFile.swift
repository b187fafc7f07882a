import Schema

/// `calendar.csv` as a text that people keep, with their comments, and as what it says.
package struct CalendarFile: Sendable {
    package let text: String
    package let exceptions: [CivilDate: CalendarException]

    /// - Parameter name: by which faults call the file.
    /// - Throws: `PolicyFaults` with every fault.
    package init(_ text: String, name: String) throws(PolicyFaults) {
        let collector = FaultCollector(file: name)
        exceptions = WorkCalendar.exceptions(text, collector).exceptions
        guard collector.faults.isEmpty else { throw PolicyFaults(faults: collector.faults) }
        self.text = text
    }

    package var calendar: WorkCalendar { WorkCalendar(exceptions: exceptions) }

    package func exceptions(of year: Int) -> [CivilDate: CalendarException] {
        exceptions.filter { $0.key.year == year }
    }

    /// The text with exactly these rows for `year`, in order of date, before the rows of later years. All other lines
    /// stay as they are.
    package func setting(_ year: Int, to rows: [CivilDate: CalendarException]) -> String {
        var lines: [Substring] = []
        /// Behind the header, and behind every row of an earlier year.
        var place = 0
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let row = WorkCalendar.trimmed(line.utf8, first: index == 0)
            let date = row.split(separator: ",").first.flatMap { CivilDate(String($0)) }
            if let date, date.year == year { continue }
            lines.append(line)
            if row == WorkCalendar.header || date.map({ $0.year < year }) ?? false { place = lines.count }
        }
        let added = rows.sorted { $0.key < $1.key }.map { Substring("\($0.key),\($0.value.rawValue)") }
        lines.insert(contentsOf: added, at: place)
        if lines.last != "" { lines.append("") }
        return lines.joined(separator: "\n")
    }
}
