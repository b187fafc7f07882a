import Policy
import Schema

/// Reads what stands under a member of a mapping file, and checks what can be checked without a table: words that are
/// written there are turned into values once and for all.
struct ValueRulesReading {
    var columns: ColumnNames
    let lookups: [String: [(key: String, value: String, line: Int)]]
    let empty: Set<String>

    private enum UnlistedWord: String, CaseIterable {
        case refuse, keep
        case leaveOut = "leave-out"
    }

    /// - Returns: nil: the member has no source.
    mutating func rule(_ reader: MappingReader, member: String, place: MemberPlace) -> ValueRule? {
        let source = source(reader)
        var rule = ValueRule(
            member: member, shape: place.shape, isNeeded: place.isNeeded, isPersonal: place.isPersonal,
            source: source ?? .constant(.null))
        readForm(reader, &rule)
        readWords(reader, &rule)
        readLookup(reader, &rule)
        if let text = reader.text("default", allowed: "a text", "Stands in where the cell is empty") {
            rule.fallback = value(text, reader, key: "default", rule, isWhole: true)
        }
        if let text = reader.text("constant", allowed: "a text", "The same in every row") {
            rule.source = .constant(value(text, reader, key: "constant", rule, isWhole: true) ?? .null)
            let senseless = ["lookup", "lookupNamed", "default", "empty", "split"].filter { reader.has($0) }
            for key in senseless { reader.fault("stands beside a constant", key: key, allowed: "leave it out") }
        }
        reader.finish()
        guard reader.outline == nil else { return nil }
        checkUse(reader, rule)
        return source == nil && !reader.has("constant") ? nil : rule
    }

    // MARK: Where it comes from

    /// nil: a constant, or nothing.
    private mutating func source(_ reader: MappingReader) -> ValueRule.Source? {
        let kinds = ["column", "constant", "text", "uuid"]
        let column = reader.text("column", allowed: "the name of a column, or its number", "The column it stands in")
        let text = reader.text(
            "text", allowed: "a text with {columns}", "Made of several: `{date} {time}`; {:row} is the id of the row")
        let parts = reader.texts(
            "uuid", allowed: "a text with {columns}",
            "An id over these parts, as docs/IMPORTING.md says: `[case, SOURCE, \"{no}\"]`"
        ) { !$0.isEmpty }
        guard reader.outline == nil else { return nil }
        let given = kinds.filter { reader.has($0) }
        if given.count != 1 {
            let found = given.isEmpty ? "has none of" : "has \(given.joined(separator: " and ")) of"
            reader.fault("\(found) `column`, `constant`, `text`, `uuid`", allowed: "one of them")
        }
        if let column {
            return .column(columns.slot(column, line: reader.line(of: "column"), subject: reader.subject("column")))
        }
        if let text { return template(text, reader, "text", line: reader.line(of: "text")).map { .text($0) } }
        guard let parts, !parts.isEmpty else {
            if reader.has("uuid") {
                reader.fault("has no parts", key: "uuid", allowed: "a list of texts with {columns}")
            }
            return nil
        }
        let templates = parts.compactMap { template($0.text, reader, "uuid", line: $0.line) }
        return templates.count == parts.count ? .uuid(templates) : nil
    }

    /// `{column}` in a text; `{{` and `}}` are braces.
    private mutating func template(
        _ text: String, _ reader: MappingReader, _ key: String, line: Int
    ) -> ImportMapping.Template? {
        var pieces: [ImportMapping.Template.Piece] = []
        var literal = ""
        var rest = Substring(text)
        while let character = rest.popFirst() {
            if (character == "{" || character == "}") && rest.first == character {
                literal.append(character)
                rest.removeFirst()
            } else if character == "{" {
                guard let end = rest.firstIndex(of: "}"), end > rest.startIndex else {
                    reader.fault(
                        "has a `{` without a name and `}` behind it", key: key, allowed: "{column}; {{ is a brace")
                    return nil
                }
                let name = String(rest[..<end])
                rest = rest[rest.index(after: end)...]
                if !literal.isEmpty { pieces.append(.literal(literal)) }
                literal = ""
                let slot = name == ":row" ? nil : columns.slot(name, line: line, subject: reader.subject(key))
                pieces.append(slot.map { .column($0) } ?? .row)
            } else if character == "}" {
                reader.fault("has a `}` without a `{` before it", key: key, allowed: "{column}; }} is a brace")
                return nil
            } else {
                literal.append(character)
            }
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        return ImportMapping.Template(pieces: pieces)
    }

    // MARK: How it is read

    private mutating func readForm(_ reader: MappingReader, _ rule: inout ValueRule) {
        let allowed = "a form such as yyyy/M/d H:mm, excel, unix or unix-ms (docs/IMPORTING.md)"
        let forms = reader.texts("formats", allowed: allowed, "How times are written; the first that fits counts") {
            text in
            TimeReading.Form(text) != nil
        }?.compactMap { TimeReading.Form($0.text) }
        var year = 0
        reader.read(&year, "year", TimeReading.years, "The year, where the times have none")
        rule.year = reader.has("year") && year > 0 ? year : nil
        if let name = reader.text(
            "yearColumn", allowed: "the name of a column", "The column whose first four digits are the year")
        {
            rule.yearColumn = columns.slot(
                name, line: reader.line(of: "yearColumn"), subject: reader.subject("yearColumn"))
        }
        let knowsYear = reader.has("year") || reader.has("yearColumn")
        if let forms, !knowsYear, forms.contains(where: { !$0.hasYear }) {
            reader.fault(
                "has a form without a year", key: "formats", allowed: "yyyy in it, or `year` or `yearColumn` beside it")
        }
        rule.times = TimeReading(forms: forms, knowsYear: knowsYear, timeOfDay: timeOfDay(reader))
        let unit = reader.choice("unit", of: MoneyUnit.self, "What the numbers count; for members in fen")
        rule.decimals = unit?.decimals ?? 0
    }

    private func timeOfDay(_ reader: MappingReader) -> Int64 {
        let allowed = "a time of day such as 09:00"
        guard let text = reader.text("at", allowed: allowed, "The time of day, where a cell has a date alone") else {
            return 0
        }
        let parts = text.split(separator: ":").compactMap { $0.utf8.count == 2 ? Int64($0) : nil }
        guard parts.count == 2, (0..<24).contains(parts[0]), (0..<60).contains(parts[1]), text.utf8.count == 5 else {
            reader.fault("is `\(text)`", key: "at", allowed: allowed)
            return 0
        }
        return parts[0] * 3600 + parts[1] * 60
    }

    private func readWords(_ reader: MappingReader, _ rule: inout ValueRule) {
        func words(_ key: String, _ about: String) -> Set<String>? {
            let texts = reader.texts(key, allowed: "a text", about) { !$0.isEmpty }
            return texts.map { ValueRule.folded($0.map(\.text)) }
        }
        rule.empty = words("empty", "Words that say that there is nothing, instead of the table's") ?? empty
        if let yes = words("yes", "Words for yes, instead of the usual ones") { rule.yes = yes }
        if let no = words("no", "Words for no, instead of the usual ones") { rule.no = no }
        if !rule.yes.isDisjoint(with: rule.no) {
            reader.fault("has a word for yes and no", allowed: "each for one of them")
        }
        let split = reader.texts("split", allowed: "one character", "What stands between the elements of a list") {
            $0.unicodeScalars.count == 1
        }
        if let split { rule.separators = Set(split.flatMap { $0.text.unicodeScalars }) }
    }

    private func readLookup(_ reader: MappingReader, _ rule: inout ValueRule) {
        let inline = reader.mapping("lookup", "What the words of the table are in the contract")
        var entries = inline?.texts()
        let keys = lookups.keys.sorted()
        if let name = reader.text("lookupNamed", allowed: "a name under `lookups`", "One of the lookups with names") {
            if entries != nil { reader.fault("stands beside `lookup`", key: "lookupNamed", allowed: "one of them") }
            entries = lookups[name] ?? []
            if lookups[name] == nil {
                reader.fault(
                    "is `\(name)`", key: "lookupNamed",
                    allowed: keys.isEmpty ? "lookups: at the top" : keys.joined(separator: ", "))
            }
        }
        let word = reader.choice(
            "unlisted", of: UnlistedWord.self, "What becomes of a word that the lookup does not have")
        switch word {
        case .keep: rule.unlisted = .keep
        case .leaveOut: rule.unlisted = .leaveOut
        case .refuse, nil: break
        }
        if let text = reader.text("otherwise", allowed: "a text", "The value for words that the lookup does not have") {
            if word != nil { reader.fault("stands beside `unlisted`", key: "otherwise", allowed: "one of them") }
            rule.unlisted = value(text, reader, key: "otherwise", rule, isWhole: false).map { .value($0) } ?? .refuse
        }
        for key in ["unlisted", "otherwise"] where entries == nil && reader.has(key) && reader.outline == nil {
            reader.fault("has no lookup beside it", key: key, allowed: "lookup or lookupNamed")
        }
        guard let entries else { return }
        var lookup: [String: JSON] = [:]
        for entry in entries {
            let key = MatterKey(entry.key).text
            if lookup[key] != nil {
                let problem = "has the word `\(entry.key)` more than once, by width or case"
                reader.faults.add(entry.line, reader.subject("lookup"), problem, allowed: "each word once")
            }
            lookup[key] = value(entry.value, reader, key: "lookup", line: entry.line, rule, isWhole: false) ?? .null
        }
        rule.lookup = lookup
        rule.lookupWords = entries.map(\.key)
    }

    /// A text of the mapping file as a value.
    ///
    /// - Parameter isWhole: of the member; else of an element, where it is a list.
    private func value(
        _ text: String, _ reader: MappingReader, key: String, line: Int? = nil, _ rule: ValueRule, isWhole: Bool
    ) -> JSON? {
        var shape = rule.shape
        var texts = [text]
        var isList = false
        if case .array(let element, _, _) = shape {
            shape = element
            isList = isWhole
            if isWhole {
                texts = text.unicodeScalars.split { rule.separators.contains($0) }.map { CellText.trimmed(String($0)) }
            }
        }
        do throws(ValueFault) {
            var values: [JSON] = []
            for text in texts {
                if case .id = shape, !Identifier.isValid(text) {
                    throw ValueFault("id", "an id: 1 to 64 of letters, digits, _ : -, the first a letter or digit")
                }
                values.append(try rule.converted(text, to: shape, year: rule.year))
            }
            return isList ? .array(values) : values.first
        } catch {
            reader.faults.add(line ?? reader.line(of: key), reader.subject(key), "is `\(text)`", allowed: error.message)
            return nil
        }
    }

    // MARK: What fits the member

    /// What has no meaning for a member is a fault, so that nobody waits for what it would do.
    private func checkUse(_ reader: MappingReader, _ rule: ValueRule) {
        var element = rule.shape
        var isList = false
        if case .array(let inner, _, _) = rule.shape { (element, isList) = (inner, true) }
        let isTime = element == .time || element == .date
        let isMoney = rule.member.hasSuffix("Fen")
        let uses: [(keys: [String], fits: Bool)] = [
            (["formats", "year", "yearColumn"], isTime), (["at"], element == .time), (["unit"], isMoney),
            (["yes", "no"], element == .boolean), (["split"], isList),
        ]
        for (keys, fits) in uses where !fits {
            for key in keys where reader.has(key) {
                reader.fault(
                    "has no meaning here", key: key, allowed: "\(rule.member) is \(MemberPlace.words(for: rule.shape))")
            }
        }
        if isMoney, !reader.has("unit") {
            reader.fault(
                "lacks `unit`", allowed: "unit: fen, yuan or wan-yuan, as a hundredfold claim is worse than none")
        }
        if case .uuid = rule.source, element != .id, !isText(element) {
            reader.fault("is no id", key: "uuid", allowed: "\(rule.member) is \(MemberPlace.words(for: rule.shape))")
        }
    }

    private func isText(_ shape: Shape) -> Bool { if case .text = shape { true } else { false } }
}
