import Schema

/// What stands between two cells of a row.
package enum Separator: String, Sendable, Hashable, CaseIterable, Codable {
    case comma, semicolon, tab, bar

    package var byte: UInt8 {
        switch self {
        case .comma: UInt8(ascii: ",")
        case .semicolon: UInt8(ascii: ";")
        case .tab: UInt8(ascii: "\t")
        case .bar: UInt8(ascii: "|")
        }
    }

    /// What the beginning of a table seems to have between its cells, and by what that is told.
    package struct Guess: Sendable, Hashable {
        package let separator: Separator
        package let reason: String
    }

    /// Tells the separator: by a first line `sep=;`, as Excel writes and reads it; else by which one the header has
    /// most of the names that the mapping asks for; else by which one gives most cells.
    ///
    /// - Parameter sample: the beginning of the table, as UTF-8.
    package static func guess(_ sample: [UInt8], headerLine: Int, names: [String]) -> Guess {
        if let told = told(by: sample) { return Guess(separator: told, reason: "first line") }
        let wanted = Set(names.map { MatterKey($0) })
        var best = (separator: Separator.comma, found: 0, cells: 1)
        for separator in Separator.allCases {
            guard let row = header(sample, separator, line: headerLine) else { continue }
            let cells = Set((0..<row.count).map { MatterKey(CellText.trimmed(row.text($0))) })
            let found = cells.intersection(wanted).count
            if (found, row.count) > (best.found, best.cells) { best = (separator, found, row.count) }
        }
        return Guess(separator: best.separator, reason: best.found > 0 ? "names of the header" : "number of cells")
    }

    private static func told(by sample: [UInt8]) -> Separator? {
        let mark = Array("sep=".utf8)
        guard sample.count > mark.count + 1, sample.prefix(mark.count).map({ $0 | 0x20 }) == mark.map({ $0 | 0x20 }),
            [UInt8(ascii: "\r"), UInt8(ascii: "\n")].contains(sample[mark.count + 1])
        else { return nil }
        return allCases.first { $0.byte == sample[mark.count] }
    }

    private static func header(_ sample: [UInt8], _ separator: Separator, line: Int) -> TableReader.Row? {
        var reader = TableReader(separator: separator.byte)
        var header: TableReader.Row?
        func take(_ row: TableReader.Row) { if header == nil, row.line >= line, !row.isBlank { header = row } }
        reader.read(sample, take)
        reader.finish(take)
        return header
    }

    /// Does a row say nothing but which separator the table has?
    package static func isTold(by row: TableReader.Row) -> Bool {
        guard row.line == 1 else { return false }
        let cells = (0..<row.count).map { row.text($0).lowercased() }
        if cells.count == 2 { return cells == ["sep=", ""] }
        return cells.count == 1 && allCases.contains { cells[0] == "sep=" + String(UnicodeScalar($0.byte)) }
    }
}
