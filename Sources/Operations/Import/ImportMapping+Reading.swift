import Policy
import Schema

extension ImportMapping {
    /// Reads a mapping file.
    ///
    /// - Parameter name: by which faults call the file.
    /// - Throws: `PolicyFaults` with every fault, by line.
    package static func read(_ text: String, name: String) throws(PolicyFaults) -> ImportMapping {
        let collector = FaultCollector(file: name)
        let mapping = YAMLDocument.read(text, collector).map { read($0) }
        guard collector.faults.isEmpty, let mapping else { throw PolicyFaults(faults: collector.faults) }
        return mapping
    }

    /// What a mapping file may hold, for editors.
    package static func schemas() -> [(path: String, text: String)] {
        let outline = FileOutline()
        _ = read(MappingReader(describing: outline))
        let title = "A mapping of recourse import: how rows of a table become events"
        return [("import/mapping.json", PolicySchemas.document(title, outline.schema))]
    }

    private static func read(_ file: MappingReader) -> ImportMapping {
        var reading = MappingReading(file)
        return reading.mapping()
    }
}

/// Reads the top of a mapping file and its events; `ValueReadingRules` reads what stands under a member.
struct MappingReading {
    private let file: MappingReader
    private var columns = ColumnNames()
    private var lookups: [String: [(key: String, value: String, line: Int)]] = [:]
    private static let allowedSource =
        "1 to 256 characters that name the system the table comes from, such as urn:example:hotline"

    init(_ file: MappingReader) {
        self.file = file
    }

    mutating func mapping() -> ImportMapping {
        let source = source(of: file, isRequired: true, "The CloudEvents source of all events: never change it") ?? ""
        let (table, empty) = table()
        let key = file.texts("key", allowed: "names of columns", "The columns by which a row is known again") {
            !$0.isEmpty
        }
        let keySlots = (key ?? []).map { columns.slot($0.text, line: $0.line, subject: "key") }
        if let lookups = file.mapping("lookups", "Lookups with names, for several members") {
            for (name, reader) in lookups.mappings() { self.lookups[name] = reader.texts() }
        }
        let conditions = conditions(of: file)
        var events: [ImportMapping.EventRule] = []
        let readers = file.mappings("events", atLeast: 1, "What a row gives, each if its conditions hold")
        if (readers ?? []).isEmpty { file.fault("has no `events`", allowed: "events: a list with one event at least") }
        for reader in readers ?? [] {
            if let event = event(reader, source: source, empty: empty, after: events) { events.append(event) }
        }
        file.finish()
        return ImportMapping(
            source: source, table: table, key: keySlots, conditions: conditions, events: events, columns: columns.all)
    }

    private func source(of reader: MappingReader, isRequired: Bool, _ about: String) -> String? {
        guard let source = reader.text("source", required: isRequired, allowed: Self.allowedSource, about) else {
            return nil
        }
        if source.unicodeScalars.count > 256 {
            reader.fault("is too long", key: "source", allowed: Self.allowedSource)
        }
        return source
    }

    private func table() -> (ImportMapping.Table, empty: Set<String>) {
        var table = ImportMapping.Table()
        guard let reader = file.mapping("table", "The form of the table") else { return (table, []) }
        table.encoding = reader.choice("encoding", of: TextEncoding.self, "Told by the bytes unless given")
        table.separator = reader.choice("separator", of: Separator.self, "Told by the header unless given")
        reader.read(&table.headerLine, "headerLine", 0...1000, "The line on which the header begins; 0: there is none")
        reader.read(&table.allowsShortRows, "shortRows", "A row may have fewer cells than the header")
        let empty = reader.texts("empty", allowed: "a text", "Words that say that there is nothing") { !$0.isEmpty }
        reader.finish()
        return (table, ValueRule.folded((empty ?? []).map(\.text)))
    }

    private mutating func conditions(of reader: MappingReader) -> [ImportMapping.Condition] {
        let readers = reader.mappings("when", "All of these must hold") ?? []
        return readers.compactMap { condition in
            let name = condition.text("column", required: true, allowed: "the name of a column")
            let isIn = condition.texts("in", allowed: "a text", "It is one of these words") { !$0.isEmpty }
            let notIn = condition.texts("notIn", allowed: "a text", "It is none of these words") { !$0.isEmpty }
            var isFilled = true
            condition.read(&isFilled, "filled", "It says something, or nothing")
            condition.finish()
            let given = ["in", "notIn", "filled"].filter { condition.has($0) }
            if condition.outline == nil, given.count != 1 {
                condition.fault("has \(given.count) of `in`, `notIn`, `filled`", allowed: "one of them")
            }
            for (key, words) in [("in", isIn), ("notIn", notIn)] where condition.has(key) && words?.isEmpty ?? true {
                condition.fault("has no words", key: key, allowed: "a list with one word at least")
            }
            guard let name else { return nil }
            let slot = columns.slot(name, line: condition.line(of: "column"), subject: condition.subject("column"))
            if let isIn { return .init(column: slot, test: .isOneOf(ValueRule.folded(isIn.map(\.text)))) }
            if let notIn { return .init(column: slot, test: .isNoneOf(ValueRule.folded(notIn.map(\.text)))) }
            return .init(column: slot, test: .isFilled(isFilled))
        }
    }

    // MARK: Events

    private mutating func event(
        _ reader: MappingReader, source: String, empty: Set<String>, after events: [ImportMapping.EventRule]
    ) -> ImportMapping.EventRule? {
        let names = EventCatalogue.entries.filter { !$0.isOutgoing }.map { $0.data.type.rawValue }
        let allowed = "an event that upstream sends, such as complaint.received"
        let name = reader.text("type", required: true, allowed: allowed, of: .choice(names), "The event's name")
        let own = self.source(of: reader, isRequired: false, "The source, where it is not that of the whole mapping")
        let conditions = conditions(of: reader)
        let kind = name.flatMap { name in
            EventCatalogue.entries.first { $0.data.type.rawValue == name && !$0.isOutgoing }
        }
        if let name, kind == nil {
            reader.fault("is `\(name)`", key: "type", allowed: names.joined(separator: ", "))
        }
        let fields = kind?.data.shape ?? []
        var values = ValueRulesReading(columns: columns, lookups: lookups, empty: empty)
        let id = reader.mapping("id", "The event's id; unless given it is made of the row's key").map {
            values.rule($0, member: "id", place: .init(shape: .id, isNeeded: true, isPersonal: false))
        }
        let time = reader.mapping("time", "The event's time; unless given the one that its data must have").map {
            values.rule($0, member: "time", place: .init(shape: .time, isNeeded: true, isPersonal: false))
        }
        var rules: [ValueRule] = []
        var tree = MemberTree.object([])
        if let data = reader.mapping("data", required: true, "Members, with dots: `customer.name`, `remarks.1.text`") {
            for (member, value) in data.mappings() {
                guard let place = MemberPlace.find(member, in: fields, value, isKnown: kind != nil) else { continue }
                guard let rule = values.rule(value, member: member, place: place) else { continue }
                tree.insert(rules.count, at: member.split(separator: ".").map(String.init)[...])
                rules.append(rule)
            }
            if let kind { lack(of: kind, rules, data) }
        } else if reader.outline == nil, !reader.has("data") {
            reader.fault("lacks `data`", allowed: "data: the members of the event")
        }
        reader.finish()
        columns = values.columns
        guard let kind else { return nil }
        let times = fields.filter { $0.isRequired && $0.shape == .time }.map(\.name)
        let timeValue = times.count == 1 ? rules.firstIndex { $0.member == times[0] } : nil
        if !reader.has("time"), times.count != 1 {
            reader.fault(
                "lacks `time`", allowed: "time: when it happened, as \(kind.data.type) has no time in its data")
        }
        return ImportMapping.EventRule(
            type: kind.data.type, source: own ?? source, ordinal: events.count { $0.type == kind.data.type },
            conditions: conditions, id: id ?? nil, time: time ?? nil, values: rules, timeValue: timeValue,
            tree: tree.withLists)
    }

    /// Members without which no event of this kind can be valid.
    private func lack(of kind: EventCatalogue.Entry, _ rules: [ValueRule], _ data: MappingReader) {
        for (member, shape) in MemberPlace.needed(in: kind.data.shape)
        where !rules.contains(where: { $0.member == member }) {
            // A list of objects has rules for its elements only.
            if rules.contains(where: { $0.member.hasPrefix(member + ".") }) { continue }
            data.fault(
                "lacks `\(member)`",
                allowed: "\(member), which \(kind.data.type) must have: \(MemberPlace.words(for: shape))")
        }
    }
}

/// The columns that a mapping names, in the order in which it does so.
struct ColumnNames {
    private(set) var all: [ImportMapping.Column] = []

    mutating func slot(_ name: String, line: Int, subject: String) -> Int {
        if let slot = all.firstIndex(where: { $0.name == name }) { return slot }
        all.append(ImportMapping.Column(name: name, line: line, subject: subject))
        return all.count - 1
    }
}
