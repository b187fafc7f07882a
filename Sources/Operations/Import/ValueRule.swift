import Schema

/// How one value of an event is made of a row.
package struct ValueRule: Sendable {
    package enum Source: Sendable {
        case column(Int)
        case constant(JSON)
        case text(ImportMapping.Template)
        /// An id that others may compute too: uuid5 over the parts, in Recourse's namespace.
        case uuid([ImportMapping.Template])
    }

    /// What becomes of a word that the lookup does not have.
    package enum Unlisted: Sendable {
        case refuse, keep, leaveOut
        case value(JSON)
    }

    /// The member, with dots: `data` is left out, `id` and `time` are the event's own.
    package let member: String
    package let shape: Shape
    /// Without it no event can be valid.
    package let isNeeded: Bool
    package let isPersonal: Bool
    package var source: Source
    /// By the folded word; nil: words are values.
    var lookup: [String: JSON]?
    /// Its words as the mapping writes them, in that order.
    var lookupWords: [String] = []
    /// So many of them a fault names.
    private static let wordsTold = 10
    var unlisted = Unlisted.refuse
    /// What stands in where the cell is empty.
    var fallback: JSON?
    /// Folded words that say that there is nothing.
    var empty: Set<String> = []
    var separators: Set<Unicode.Scalar> = ValueRule.separators
    var times = TimeReading(forms: nil, knowsYear: false)
    var year: Int?
    /// A column whose first four digits in a row are the year.
    var yearColumn: Int?
    var decimals = 0
    /// Folded words.
    var yes = ValueRule.folded(ValueReading.yes)
    var no = ValueRule.folded(ValueReading.no)

    /// Between the elements of a list, unless others are told.
    package static let separators: Set<Unicode.Scalar> = ["、", ",", "，", ";", "；", "|", "\n"]

    init(member: String, shape: Shape, isNeeded: Bool, isPersonal: Bool, source: Source) {
        (self.member, self.shape, self.isNeeded, self.isPersonal) = (member, shape, isNeeded, isPersonal)
        self.source = source
    }

    static func folded(_ words: some Sequence<String>) -> Set<String> { Set(words.map { MatterKey($0).text }) }

    /// The columns that it reads.
    package var columns: [Int] {
        switch source {
        case .column(let slot): [slot]
        case .constant: []
        case .text(let template): template.columns
        case .uuid(let parts): parts.flatMap(\.columns)
        }
    }

    /// - Returns: nil: the row says nothing, and nothing stands in.
    /// - Throws: `ValueFault`.
    package func value(of row: RowTexts) throws(ValueFault) -> JSON? {
        let text: String
        switch source {
        case .constant(let value): return value
        case .column(let slot): text = row[slot]
        case .text(let template): text = row.text(of: template)
        case .uuid(let parts):
            // An id over something that is missing would be the same for all rows that miss it.
            guard parts.allSatisfy({ $0.columns.allSatisfy { !row[$0].isEmpty } }) else { return fallback }
            return .string(Identifiers.uuid(parts.map { row.text(of: $0) }))
        }
        if columns.contains(where: { row.isBroken($0) }) {
            throw ValueFault("encoding", "text: bytes that are no characters, or marks that stand for such")
        }
        guard !text.isEmpty, empty.isEmpty || !empty.contains(MatterKey(text).text) else { return fallback ?? nothing }
        let year = year ?? yearColumn.flatMap { Self.year(in: row[$0]) }
        guard case .array(let element, _, _) = shape else {
            return try word(text, element: shape, year: year) ?? fallback
        }
        let pieces = text.unicodeScalars.split { separators.contains($0) }.map { CellText.trimmed(String($0)) }
        var values: [JSON] = []
        for piece in pieces where !piece.isEmpty {
            if let value = try word(piece, element: element, year: year) { values.append(value) }
        }
        return values.isEmpty ? fallback ?? nothing : .array(values)
    }

    /// A list that must be there may have no element.
    private var nothing: JSON? {
        guard isNeeded, case .array(_, let minimum, _) = shape, minimum == 0 else { return nil }
        return .array([])
    }

    private func word(_ text: String, element: Shape, year: Int?) throws(ValueFault) -> JSON? {
        guard let lookup else { return try converted(text, to: element, year: year) }
        if let value = lookup[MatterKey(text).text] { return value }
        switch unlisted {
        case .refuse: throw ValueFault("lookup", expectedWords)
        case .keep: return try converted(text, to: element, year: year)
        case .leaveOut: return nil
        case .value(let value): return value
        }
    }

    private var expectedWords: String {
        let told = lookupWords.prefix(Self.wordsTold).joined(separator: ", ")
        let more = lookupWords.count - Self.wordsTold
        return "a word of the lookup, which has \(told.isEmpty ? "none" : told)\(more > 0 ? " and \(more) more" : ""); "
            + "add the one that is missing, or say what becomes of such words by `otherwise` or `unlisted`"
    }

    /// A text as a value of a shape. What only the contract can tell, such as the length of a text, it tells later.
    func converted(_ text: String, to shape: Shape, year: Int?) throws(ValueFault) -> JSON {
        switch shape {
        case .integer, .sequence: return .int(try ValueReading.number(text, decimals: decimals))
        case .boolean:
            let word = MatterKey(text).text
            if yes.contains(word) { return true }
            if no.contains(word) { return false }
            throw ValueFault("boolean", "a word for yes or no")
        case .time: return .string(try times.instant(text, year: year).description)
        case .date: return .string(try times.instant(text, year: year).date.description)
        case .oneOf(let words):
            guard words.contains(text) else {
                throw ValueFault(
                    "enum", "one of \(words.joined(separator: ", ")); a lookup turns other words into these")
            }
            return .string(text)
        case .id, .text:
            if CellText.isShortened(text) { throw ValueReading.shortened }
            if text.unicodeScalars.contains("\0") { throw ValueFault("nul", "a text without zero characters") }
            return .string(text)
        case .week, .quarter: return .string(text)
        case .array, .object, .anyObject: throw ValueFault("type", "a value that a cell can hold")
        }
    }

    private static func year(in text: String) -> Int? {
        let digits = CellText.narrow(text).utf8.split { !CellText.isDigit($0) }.first { $0.count >= 4 }
        return digits.flatMap { Int(String(decoding: $0.prefix(4), as: UTF8.self)) }
    }
}

/// The texts of one row, by slot.
package struct RowTexts: Sendable {
    private let texts: [String]
    /// Of the row: the same for the same content.
    package let id: String
    private static let broken: Unicode.Scalar = "\u{FFFD}"

    package init(_ texts: [String], id: String) {
        (self.texts, self.id) = (texts, id)
    }

    package subscript(_ slot: Int) -> String { texts[slot] }

    /// Holds what is no text.
    package func isBroken(_ slot: Int) -> Bool {
        !texts[slot].utf8.allSatisfy { $0 < 0x80 } && texts[slot].unicodeScalars.contains(Self.broken)
    }

    /// Without blanks at its ends, which empty columns leave; nothing if all of its columns are empty.
    package func text(of template: ImportMapping.Template) -> String {
        let columns = template.columns
        if !columns.isEmpty, columns.allSatisfy({ texts[$0].isEmpty }) { return "" }
        let text = template.pieces.map { piece in
            switch piece {
            case .literal(let text): text
            case .column(let slot): texts[slot]
            case .row: id
            }
        }
        return CellText.trimmed(text.joined())
    }
}
