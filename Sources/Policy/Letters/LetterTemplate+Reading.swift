extension LetterTemplate {
    /// Reads a template; nil if it has a fault. Every fault is recorded with its line.
    static func read(_ text: String, of kind: LetterKind, _ faults: FaultCollector) -> LetterTemplate? {
        let before = faults.faults.count
        let lines = lines(of: text)
        let lastEnd = lines.lastIndex(of: "{end}").map { $0 + 1 }
        var reader = LetterReader(kind: kind, lastEnd: lastEnd ?? 0, faults: faults)
        for (index, line) in lines.enumerated() { reader.take(line, number: index + 1) }
        let template = reader.finish()
        return faults.faults.count == before ? template : nil
    }

    /// Without a byte-order mark, carriage returns, spaces at the ends of lines and blank lines at the end of the file.
    private static func lines(of text: String) -> [String] {
        var scalars = Substring(text).unicodeScalars
        if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
        var lines = scalars.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            var line = line
            while let last = line.last, last == " " || last == "\r" { line.removeLast() }
            return String(line)
        }
        while lines.last?.isEmpty ?? false { lines.removeLast() }
        return lines
    }
}

/// Reads a template line by line.
private struct LetterReader {
    let kind: LetterKind
    /// The last line that ends a list; 0 if none does.
    let lastEnd: Int
    let faults: FaultCollector
    private var before: [LetterTemplate.Line] = []
    private var row: LetterTemplate.Line?
    private var after: [LetterTemplate.Line] = []
    private var listBegins: Int?
    private var listEnds: Int?
    /// No {end} follows; the list was taken to end with its row, so that the lines after it are not blamed.
    private var isUnclosed = false
    /// The number of the first blank line, which ends the head.
    private var headEnds: Int?
    private var named: Set<LetterField> = []
    private var namedInRow: Set<LetterField> = []

    init(kind: LetterKind, lastEnd: Int, faults: FaultCollector) {
        self.kind = kind
        self.lastEnd = lastEnd
        self.faults = faults
    }

    private var isInList: Bool { listBegins != nil && listEnds == nil }

    mutating func take(_ line: String, number: Int) {
        if line.isEmpty, headEnds == nil { headEnds = number }
        switch line {
        case "{each}": beginList(number)
        case "{end}": endList(number)
        default: isInList ? takeRow(line, number) : takeLine(line, number)
        }
    }

    private mutating func beginList(_ number: Int) {
        if let listBegins {
            faults.add(number, "{each}", "follows the one on line \(listBegins)", allowed: "one list, up to its {end}")
        } else {
            listBegins = number
            if headEnds == nil {
                faults.add(number, "{each}", "stands in the head", allowed: "a list after the first blank line")
            }
        }
    }

    private mutating func endList(_ number: Int) {
        guard isInList else {
            return faults.add(number, "{end}", "ends no list", allowed: "{end} on a line after {each}")
        }
        listEnds = number
        if row == nil {
            faults.add(number, "{end}", "ends a list without a row", allowed: "one line between {each} and {end}")
        }
    }

    private mutating func takeRow(_ line: String, _ number: Int) {
        guard row == nil, !line.isEmpty else {
            faults.add(number, "the list", "has more than one line", allowed: "one line between {each} and {end}")
            return
        }
        let pieces = pieces(of: line, number, allowed: kind.row.required + kind.row.optional)
        for case .gap(let field) in pieces { namedInRow.insert(field) }
        row = pieces
        if lastEnd < number { (listEnds, isUnclosed) = (number, true) }
    }

    private mutating func takeLine(_ line: String, _ number: Int) {
        let pieces = pieces(of: line, number, allowed: kind.fields + kind.optionalFields)
        for case .gap(let field) in pieces { named.insert(field) }
        if listEnds == nil { before.append(pieces) } else { after.append(pieces) }
        if number > 1, headEnds == nil, !line.dropFirst().contains(where: { $0 == ":" || $0 == "\u{FF1A}" }) {
            faults.add(
                number, "the head", "has `\(shown(line))`", allowed: "`label: value` lines up to the first blank line")
        }
    }

    /// The line in pieces; what is faulty is left out.
    private func pieces(of line: String, _ number: Int, allowed: [LetterField]) -> LetterTemplate.Line {
        let names = allowed.map { "{\($0.rawValue)}" }.joined(separator: " ")
        var pieces: LetterTemplate.Line = []
        var rest = Substring(line)
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            add(rest[..<brace], to: &pieces, number)
            guard rest[brace] == "{", let end = rest[brace...].firstIndex(of: "}") else {
                faults.add(number, "`\(rest[brace])`", "has no partner on its line", allowed: "\(names), or no brace")
                return pieces
            }
            let name = String(rest[rest.index(after: brace)..<end])
            if let field = LetterField(rawValue: name), allowed.contains(field) {
                pieces.append(.gap(field))
            } else if name == "each" || name == "end" {
                faults.add(number, "{\(name)}", "has something beside it", allowed: "{\(name)} alone on its line")
            } else {
                faults.add(number, "{\(shown(name))}", "is unknown here", allowed: names)
            }
            rest = rest[rest.index(after: end)...]
        }
        add(rest, to: &pieces, number)
        return pieces
    }

    private func add(_ text: Substring, to pieces: inout LetterTemplate.Line, _ number: Int) {
        guard !text.isEmpty else { return }
        if !String(text).isPrintableLine {
            faults.add(number, "the line", "has an invisible character", allowed: "printable text, spaces, no tabs")
        }
        pieces.append(.text(String(text)))
    }

    func finish() -> LetterTemplate? {
        if before.first?.isEmpty ?? true {
            faults.add(1, "the letter", "lacks a title", allowed: "it on the first line")
        }
        if let listBegins, listEnds == nil || isUnclosed {
            faults.add(listBegins, "{each}", "has no {end}", allowed: "{end} on a line after the row")
        } else if listBegins == nil {
            faults.add(1, "the letter", "lacks its facts", allowed: "{each}, a row and {end}, each on its line")
        }
        for field in kind.fields where !named.contains(field) {
            faults.add(1, "the letter", "lacks {\(field.rawValue)}", allowed: "it on a line outside the list")
        }
        for field in kind.row.required where listBegins != nil && !namedInRow.contains(field) {
            faults.add(listBegins, "the row", "lacks {\(field.rawValue)}", allowed: "it between {each} and {end}")
        }
        guard let row else { return nil }
        let template = LetterTemplate(before: before, row: row, after: after)
        if template.maxLength > LetterTemplate.lengthLimit {
            faults.add(
                1, "the letter", "could have \(template.maxLength) characters",
                allowed: "at most \(LetterTemplate.lengthLimit) with \(LetterTemplate.rowLimit) rows")
        }
        return template
    }
}

extension String {
    /// One line that prints: no controls, line breaks, or characters that change the direction of others.
    var isPrintableLine: Bool {
        unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
            default: true
            }
        }
    }
}
