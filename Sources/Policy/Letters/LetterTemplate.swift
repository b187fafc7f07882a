/// The text of a letter with gaps for the facts; checked when it is read, so that filling it cannot fail.
///
/// The first line is the title; up to the first blank line follow `label: value` lines; then blocks, apart by blank
/// lines. In a block of several lines the first is its heading. `{field}` is a gap. The line between `{each}` and
/// `{end}` is written once for each fact. A line with a gap for which there is no value (`{more}`, `{amount}`) is
/// left out.
package struct LetterTemplate: Hashable, Sendable {
    enum Piece: Hashable, Sendable {
        case text(String)
        case gap(LetterField)
    }

    typealias Line = [Piece]

    /// So many facts are listed one by one; the number of the rest is `{more}`.
    package static let rowLimit = 60
    /// Characters; the same bound as the letter of `notice.issued`.
    package static let lengthLimit = 20_000

    let before: [Line]
    let row: Line
    let after: [Line]

    /// The letter, one line feed at its end.
    package func fill(_ facts: LetterFacts) -> String {
        let listed = facts.rows.prefix(Self.rowLimit)
        let unlisted = facts.rows.count - listed.count + facts.unlistedRows
        var fields = facts.fields
        if unlisted > 0 { fields[.more] = String(unlisted) }
        var lines = before.compactMap { Self.fill($0, fields) }
        for (index, row) in listed.enumerated() {
            let numbered = row.merging([.n: String(index + 1)]) { _, number in number }
            if let line = Self.fill(self.row, numbered) { lines.append(line) }
        }
        lines += after.compactMap { Self.fill($0, fields) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func fill(_ line: Line, _ fields: [LetterField: String]) -> String? {
        var text = ""
        for piece in line {
            switch piece {
            case .text(let literal): text += literal
            case .gap(let field):
                guard let value = fields[field] else { return nil }
                text += value
            }
        }
        return text
    }

    /// The characters of the longest letter that can come of it.
    var maxLength: Int {
        func length(_ line: Line) -> Int {
            line.reduce(1) { sum, piece in
                switch piece {
                case .text(let text): sum + text.unicodeScalars.count
                case .gap(let field): sum + field.maxLength
                }
            }
        }
        return (before + after).reduce(Self.rowLimit * length(row)) { $0 + length($1) }
    }
}

/// What fills a template. Values have one line each; nothing in them is free text of upstream.
package struct LetterFacts: Hashable, Sendable {
    package var fields: [LetterField: String]
    /// In the order in which the letter lists them.
    package var rows: [[LetterField: String]]
    /// Facts of which no row is known any more.
    package var unlistedRows: Int

    package init(fields: [LetterField: String], rows: [[LetterField: String]], unlistedRows: Int = 0) {
        self.fields = fields
        self.rows = rows
        self.unlistedRows = unlistedRows
    }
}
