import Schema

/// A mapping and the header of a table: turns rows into events.
package struct RowMapping: Sendable {
    /// An event that a row gives.
    package struct Made: Sendable, Hashable {
        package let id: String
        package let type: EventType
        /// CloudEvents structured JSON, valid by the contract.
        package let body: [UInt8]
    }

    /// A row: all its events, or all that is wrong with it.
    package enum Outcome: Sendable, Hashable {
        case events([Made])
        case faults([RowFault])
    }

    package let mapping: ImportMapping
    /// The header's, in their order.
    package let names: [String]
    /// By slot: the column.
    private let places: [Int]
    private let hasHeader: Bool
    private let limits: DocumentLimits

    /// Finds the columns that the mapping names.
    ///
    /// - Parameters:
    ///   - header: of the table; where it has none, its first row, of which only the number of cells counts.
    ///   - missing: is told each column that the table does not have, or has twice.
    package init(
        _ mapping: ImportMapping, header: TableReader.Row, limits: DocumentLimits,
        missing: (ImportMapping.Column, _ problem: String) -> Void
    ) {
        (self.mapping, self.limits) = (mapping, limits)
        hasHeader = mapping.table.headerLine > 0
        let names = hasHeader ? (0..<header.count).map { Self.name(header.text($0)) } : []
        self.names = names
        let folded = names.map { MatterKey($0) }
        places = mapping.columns.map { column in
            let key = MatterKey(column.name)
            let found = folded.indices.filter { folded[$0] == key }
            if found.count == 1 { return found[0] }
            if found.count > 1 {
                let numbers = found.map { String($0 + 1) }.joined(separator: " and ")
                missing(column, "is there more than once, as columns \(numbers); name it by its number")
            } else if let number = Int(column.name), (1...header.count).contains(number) {
                return number - 1
            } else {
                missing(column, "is no column of the table")
            }
            return 0
        }
    }

    /// The name of a column, in one line.
    package static func name(_ text: String) -> String {
        CellText.trimmed(text).split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// A pure function of the row.
    package func outcome(of row: TableReader.Row) -> Outcome {
        let faults = formFaults(of: row)
        guard faults.isEmpty else { return .faults(faults) }
        let texts = texts(of: row)
        guard mapping.conditions.allSatisfy({ $0.holds(for: texts[$0.column]) }) else { return .events([]) }
        let rules = mapping.events.filter { rule in
            rule.conditions.allSatisfy { $0.holds(for: texts[$0.column]) }
        }
        guard !rules.isEmpty else { return .events([]) }
        if !mapping.key.isEmpty, mapping.key.allSatisfy({ texts[$0].isEmpty }) {
            let fault = ValueFault("key", "something to know the row by; it is empty")
            return .faults([self.fault(fault, mapping.key, row, nil, nil)])
        }
        var events: [Made] = []
        var found: [RowFault] = []
        for rule in rules {
            switch made(rule, texts, row) {
            case .success(let event): events.append(event)
            case .failure(let faults): found += faults.faults
            }
        }
        return found.isEmpty ? .events(events) : .faults(found)
    }

    // MARK: The row

    private func formFaults(of row: TableReader.Row) -> [RowFault] {
        var faults = row.faults.map { fault in
            RowFault(
                line: row.line, columns: fault.problem == .tooLong ? [] : [column(fault.cell)], rule: "form",
                message: fault.problem.rawValue)
        }
        guard hasHeader, faults.isEmpty else { return faults }
        if row.count > names.count, (names.count..<row.count).contains(where: { !row[$0].isEmpty }) {
            let message = "\(row.count) cells, but the header has \(names.count); look for a separator in a text"
            faults.append(RowFault(line: row.line, columns: [], rule: "cells", message: message))
        } else if row.count < names.count, !mapping.table.allowsShortRows {
            let message =
                "\(row.count) cells, but the header has \(names.count); look for a line end in a text, "
                + "or say `shortRows: on`"
            faults.append(RowFault(line: row.line, columns: [], rule: "cells", message: message))
        }
        return faults
    }

    private func texts(of row: TableReader.Row) -> RowTexts {
        let texts = places.map { $0 < row.count ? CellText.cleaned(row[$0]) : "" }
        var content = mapping.key.map { texts[$0] }
        if mapping.key.isEmpty {
            content = (0..<row.count).map { CellText.cleaned(row[$0]) }
            // A program may leave out what is empty at the end of a row.
            while content.last?.isEmpty == true { content.removeLast() }
        }
        let text = String(decoding: JSON.array(content.map(JSON.string)).serialized, as: UTF8.self)
        return RowTexts(texts, id: Identifiers.uuid(["row", mapping.source, text]))
    }

    // MARK: An event

    private struct Faults: Error { let faults: [RowFault] }

    private func made(
        _ rule: ImportMapping.EventRule, _ texts: RowTexts, _ row: TableReader.Row
    ) -> Result<Made, Faults> {
        var faults: [RowFault] = []
        func value(_ value: ValueRule) -> JSON? {
            do throws(ValueFault) {
                if let found = try value.value(of: texts) { return found }
                if value.isNeeded {
                    faults.append(
                        fault(ValueFault("required", "a value; there is none"), value.columns, row, rule, value))
                }
            } catch {
                faults.append(fault(error, value.columns, row, rule, value))
            }
            return nil
        }
        let values = rule.values.map { value($0) }
        let id = rule.id.map { value($0) } ?? .string(eventId(rule, texts))
        let time = rule.time.map { value($0) } ?? rule.timeValue.flatMap { values[$0] }
        let document: JSON = [
            "specversion": "1.0", "id": id ?? .null, "source": .string(rule.source),
            "type": .string(rule.type.wireName), "time": time ?? .null, "datacontenttype": "application/json",
            "data": rule.tree.document(values) ?? .object([]),
        ]
        let body = document.serialized
        do throws(RefusedDocument) {
            let event = try Event.read(body, limits: limits)
            if faults.isEmpty { return .success(Made(id: event.id, type: event.type, body: body)) }
        } catch {
            for refusal in error.faults {
                // What is missing for a reason that is told already is not told again.
                let told = told(refusal, rule, values, row, texts)
                let isKnown = faults.contains { fault in
                    fault.member.map { $0 == told.member || $0.hasPrefix((told.member ?? "") + ".") } ?? false
                }
                guard !isKnown, !(told.member == "time" && !faults.isEmpty) else { continue }
                faults.append(told)
            }
        }
        return .failure(Faults(faults: faults))
    }

    /// The same row gives the same event, also where its place in the table is another.
    private func eventId(_ rule: ImportMapping.EventRule, _ texts: RowTexts) -> String {
        Identifiers.uuid(["import", rule.source, rule.type.rawValue, String(rule.ordinal), texts.id])
    }

    /// A fault of the contract's, with the member and the columns that it comes from.
    private func told(
        _ refusal: Fault, _ rule: ImportMapping.EventRule, _ values: [JSON?], _ row: TableReader.Row, _ texts: RowTexts
    ) -> RowFault {
        let steps = refusal.pointer.split(separator: "/").map(String.init)
        let isData = steps.first == "data"
        let path = isData ? steps.dropFirst() : steps[...]
        var cause: ValueRule?
        if isData {
            cause = rule.tree.rule(at: path, values).map { rule.values[$0] }
        } else if path.first == "id" {
            cause = rule.id
        } else if path.first == "time" {
            cause = rule.time
        }
        let slots = cause?.columns ?? []
        return RowFault(
            line: row.line, columns: slots.map { column(places[$0]) }, event: rule.type.rawValue,
            member: cause?.member ?? path.joined(separator: "."), rule: refusal.rule, message: refusal.message,
            value: shown(slots, texts))
    }

    // MARK: Faults

    private func column(_ index: Int) -> RowFault.Column {
        RowFault.Column(number: index + 1, name: index < names.count ? names[index] : nil)
    }

    private func fault(
        _ fault: ValueFault, _ slots: [Int], _ row: TableReader.Row, _ rule: ImportMapping.EventRule?,
        _ value: ValueRule?
    ) -> RowFault {
        RowFault(
            line: row.line, columns: slots.map { column(places[$0]) }, event: rule?.type.rawValue,
            member: value?.member,
            rule: fault.rule, message: fault.message, value: shown(slots, texts(of: row)))
    }

    private func shown(_ slots: [Int], _ texts: RowTexts) -> String? {
        guard !slots.isEmpty else { return nil }
        let text = slots.map { texts[$0] }.joined(separator: " | ")
        let clean = text.unicodeScalars.prefix(60).map { $0.value < 32 ? " " : Character($0) }
        return String(clean) + (text.unicodeScalars.count > 60 ? "…" : "")
    }
}

/// Why nothing is made of a row.
package struct RowFault: Sendable, Hashable, Codable {
    package struct Column: Sendable, Hashable, Codable {
        /// From 1.
        package let number: Int
        /// nil: the table has no header, or the column lies beyond it.
        package let name: String?
    }

    /// On which the row begins.
    package let line: Int
    /// What the member is made of; empty: the row as a whole, or nothing of it.
    package let columns: [Column]
    package var event: String?
    package var member: String?
    /// A short stable word.
    package let rule: String
    /// What was expected; never what was found.
    package let message: String
    /// What was found, which may be personal.
    package var value: String?

    /// One line for a person: `t.csv:17: column 5 (Time): complaint.received receivedAt: time: a day that exists`.
    package func line(of file: String, showsValue: Bool) -> String {
        var text = "\(file):\(line): "
        if !columns.isEmpty {
            let names = columns.map { column in "\(column.number)" + (column.name.map { " (\($0))" } ?? "") }
            text += (columns.count == 1 ? "column " : "columns ") + names.joined(separator: ", ") + ": "
        }
        if let event { text += event + " " }
        if let member { text += member + ": " } else if event != nil { text += ": " }
        text += "\(rule): \(message)"
        if showsValue, let value { text += "; found: \(value)" }
        return text
    }
}
