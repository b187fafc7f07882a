import Schema

/// Lines of aligned columns.
///
/// What comes from outside cannot steer the terminal: control characters are shown as `·`.
package struct TextTable: Sendable {
    package enum Alignment: Sendable { case left, right }

    private let titles: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []
    private static let gap = "  "

    /// - Parameter columns: titles; a leading `>` aligns the column to the right (figures).
    package init(_ columns: String...) { self.init(titles: columns) }

    package init(titles columns: [String]) {
        alignments = columns.map { $0.hasPrefix(">") ? .right : .left }
        titles = columns.map { $0.hasPrefix(">") ? String($0.dropFirst()) : $0 }
    }

    package var isEmpty: Bool { rows.isEmpty }

    /// Missing cells are empty; cells beyond the last column are dropped.
    package mutating func add(_ cells: String...) { add(cells) }

    package mutating func add(_ cells: [String]) {
        var row = cells.prefix(titles.count).map(TextTable.printable)
        row += Array(repeating: "", count: titles.count - row.count)
        rows.append(row)
    }

    /// With the titles above, unless all of them are empty.
    package var lines: [String] {
        let all = titles.contains { !$0.isEmpty } ? [titles] + rows : rows
        let widths = titles.indices.map { column in all.map { TextTable.width($0[column]) }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - TextTable.width(cell))
                line += column == 0 ? "" : TextTable.gap
                line += alignments[column] == .right ? padding + cell : cell + padding
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    package var text: String { lines.joined(separator: "\n") }

    /// `text` without anything that a terminal would act on.
    package static func printable(_ text: String) -> String { text.withoutSteering }

    /// In cells of a terminal; East Asian wide characters take two.
    private static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { sum, scalar in
            switch scalar.value {
            case 0x0300...0x036F, 0x200B: sum
            case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
                0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
                sum + 2
            default: sum + 1
            }
        }
    }
}
