import Schema
import Yams

/// Reads one mapping of a YAML file key by key and records what is wrong with it.
///
/// Each reading method names a key; the named keys are the ones allowed, so `finish` can refuse all others. A fault
/// never stops the reading: the default stands in, and the collector decides in the end.
package final class MappingReader {
    private struct Entry {
        let line: Int
        let value: Node
    }

    /// Where the mapping stands: `handling`, `stores[3]`; empty at the top.
    package let path: String
    package let line: Int
    package let faults: FaultCollector
    private var entries: [String: Entry] = [:]
    private var order: [String] = []
    private var known: [String] = []
    /// Set while the reader only tells what it would read.
    package let outline: FileOutline?

    /// A reader of nothing that notes every key it is asked for.
    package init(describing outline: FileOutline, path: String = "") {
        self.path = path
        line = 0
        faults = FaultCollector(file: "")
        self.outline = outline
    }

    init(_ mapping: Node.Mapping, path: String, line: Int, _ faults: FaultCollector) {
        self.path = path
        self.line = line
        self.faults = faults
        outline = nil
        for (key, value) in mapping {
            let keyLine = key.mark?.line ?? line
            guard case .scalar(let scalar) = key else {
                faults.add(keyLine, subject(nil), "has a key that is no text", allowed: "texts as keys")
                continue
            }
            if YAMLDocument.repeated(scalar.string) == nil {
                entries[scalar.string] = Entry(line: keyLine, value: value)
                order.append(scalar.string)
            }
        }
        for (key, _) in mapping {
            guard case .scalar(let scalar) = key, let name = YAMLDocument.repeated(scalar.string) else { continue }
            let first = key.mark?.line ?? line
            let problem = "is given twice, first on line \(first)"
            faults.add(entries[name]?.line ?? first, subject(name), problem, allowed: "each key once")
        }
    }

    // MARK: Faults

    /// The full name of a key, or of the mapping itself.
    package func subject(_ key: String?) -> String {
        guard let key else { return path.isEmpty ? "the file" : path }
        return path.isEmpty ? shown(key) : "\(path).\(shown(key))"
    }

    package func has(_ key: String) -> Bool { entries[key] != nil }

    package func line(of key: String) -> Int { entries[key]?.line ?? line }

    /// A fault of the mapping as a whole, or of one of its keys.
    package func fault(_ problem: String, key: String? = nil, allowed: String) {
        faults.add(key.map { line(of: $0) } ?? line, subject(key), problem, allowed: allowed)
    }

    /// Refuses every key that no method has asked for.
    package func finish(allowed: String? = nil) {
        let names = Set(known)
        for key in order where !names.contains(key) {
            fault("is not a known key", key: key, allowed: allowed ?? known.joined(separator: ", "))
        }
    }

    /// Two values of which the first may not be greater than the second.
    func ordered<Number: FixedWidthInteger>(
        _ low: String,
        _ lowValue: Number,
        atMost high: String,
        _ highValue: Number
    ) {
        guard lowValue > highValue else { return }
        let key = entries[low] == nil ? high : low
        faults.add(
            line(of: key), subject(key), "makes \(low) \(lowValue) greater than \(high) \(highValue)",
            allowed: "\(low) not above \(high)")
    }

    // MARK: Values

    private func take(_ key: String) -> Entry? {
        known.append(key)
        return entries[key]
    }

    /// All keys with their values as texts, in the order of the file: for mappings whose keys are data.
    package func texts(of kind: FileOutline.Kind = .text) -> [(key: String, value: String, line: Int)] {
        outline?.noteOthers(kind)
        return order.compactMap { key in text(key).map { (key, $0, line(of: key)) } }
    }

    /// All keys with their values as whole numbers within `range`, in the order of the file: for mappings whose keys are data.
    func integers(_ range: ClosedRange<Int>) -> [(key: String, value: Int)] {
        outline?.noteOthers(
            .integer(minimum: Int64(range.lowerBound), maximum: Int64(range.upperBound), standard: nil))
        return order.map { key in
            var value = range.lowerBound
            read(&value, key, range)
            return (key, value)
        }
    }

    /// A whole number within `range`; absent, `value` keeps its default, or it is a fault. `other` is a second name of
    /// the key, `about` what the number means, with its rule.
    package func read<Number: FixedWidthInteger>(
        _ value: inout Number,
        _ key: String,
        _ range: ClosedRange<Number>,
        or other: String? = nil,
        required: Bool = false,
        _ about: String? = nil
    ) {
        if let outline {
            let standard = range.contains(value) && !required ? Int64(clamping: value) : nil
            let kind = FileOutline.Kind.integer(
                minimum: Int64(clamping: range.lowerBound), maximum: Int64(clamping: range.upperBound),
                standard: standard)
            outline.note(key, kind, isRequired: required, about)
            if let other { outline.note(other, kind, "Another name of \(key)") }
        }
        if required, !has(key) { fault("lacks `\(key)`", allowed: "\(key): \(about ?? "a whole number")") }
        var name = key
        if let other, entries[other] != nil {
            if entries[key] == nil {
                name = other
            } else {
                fault("is another name of \(key), which is given too", key: other, allowed: "one of them")
                _ = take(other)
            }
        }
        guard let entry = take(name) else { return }
        let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard case .scalar(let scalar) = entry.value, scalar.style == .plain,
            let number = Number(scalar.string), String(number) == scalar.string
        else {
            fault("is \(Self.kind(of: entry.value))", key: name, allowed: allowed)
            return
        }
        if range.contains(number) {
            value = number
        } else {
            fault("is \(number)", key: name, allowed: allowed)
        }
    }

    /// A switch: on or off, true or false.
    package func read(_ value: inout Bool, _ key: String, _ about: String? = nil) {
        outline?.note(key, .flag(standard: value), about)
        guard let entry = take(key) else { return }
        if case .scalar(let scalar) = entry.value, scalar.style == .plain {
            switch scalar.string {
            case "on", "true":
                value = true
                return
            case "off", "false":
                value = false
                return
            default: break
            }
        }
        fault("is \(Self.kind(of: entry.value))", key: key, allowed: "on or off")
    }

    /// A text that is not empty, plain or quoted; nil if absent or faulty.
    package func text(
        _ key: String, required: Bool = false, allowed: String = "a text", of kind: FileOutline.Kind = .text,
        _ about: String? = nil
    ) -> String? {
        outline?.note(key, kind, isRequired: required, about)
        guard let entry = take(key) else {
            if required { fault("lacks `\(key)`", allowed: "\(key): \(allowed)") }
            return nil
        }
        guard case .scalar(let scalar) = entry.value, !Self.isNull(entry.value), !scalar.string.isEmpty else {
            fault("is \(Self.kind(of: entry.value))", key: key, allowed: allowed)
            return nil
        }
        return scalar.string
    }

    /// The text of a key as it stands, for a second look at what another method has checked.
    func plainText(_ key: String) -> String? {
        guard case .scalar(let scalar)? = entries[key]?.value else { return nil }
        return scalar.string
    }

    /// One of a few words; nil if absent or faulty.
    package func choice<Word: RawRepresentable & CaseIterable>(
        _ key: String, of words: Word.Type, required: Bool = false, _ about: String? = nil
    ) -> Word? where Word.RawValue == String {
        let names = Word.allCases.map { $0.rawValue }
        let allowed = names.joined(separator: ", ")
        guard let text = text(key, required: required, allowed: allowed, of: .choice(names), about) else { return nil }
        if let word = Word(rawValue: text) { return word }
        fault("is `\(shown(text))`", key: key, allowed: allowed)
        return nil
    }

    package func identifier(_ key: String, required: Bool = false, _ about: String? = nil) -> String? {
        guard let text = text(key, required: required, allowed: Identifier.rule, of: .identifier, about) else {
            return nil
        }
        guard Identifier.isValid(text) else {
            fault("is `\(shown(text))`", key: key, allowed: Identifier.rule)
            return nil
        }
        return text
    }

    func date(_ key: String, _ about: String? = nil) -> CivilDate? {
        let allowed = "a date such as 2026-11-21"
        guard let text = text(key, allowed: allowed, of: .date, about) else { return nil }
        guard let date = CivilDate(text) else {
            fault("is `\(shown(text))`", key: key, allowed: allowed)
            return nil
        }
        return date
    }

    func instant(_ key: String, _ about: String? = nil) -> Instant? {
        let allowed = "a time with its offset, such as 2026-11-21T09:00:00+08:00"
        guard let text = text(key, required: true, allowed: allowed, of: .instant, about) else { return nil }
        guard let instant = Instant(rfc3339: text) else {
            fault("is `\(shown(text))`", key: key, allowed: allowed)
            return nil
        }
        return instant
    }

    /// The mapping under a key; nil if it is absent or has nothing under it.
    package func mapping(_ key: String, required: Bool = false, _ about: String? = nil) -> MappingReader? {
        if let outline {
            let inner = FileOutline()
            outline.note(key, .mapping(inner), isRequired: required, about)
            return MappingReader(describing: inner, path: subject(key))
        }
        guard let entry = take(key), !Self.isNull(entry.value) else { return nil }
        guard case .mapping(let mapping) = entry.value else {
            fault("is \(Self.kind(of: entry.value))", key: key, allowed: "`key: value` lines, indented")
            return nil
        }
        return MappingReader(mapping, path: subject(key), line: entry.line, faults)
    }

    /// All keys with their mappings, in the order of the file: for mappings whose keys are data.
    package func mappings() -> [(key: String, value: MappingReader)] {
        if let outline {
            let inner = FileOutline()
            outline.noteOthers(.mapping(inner))
            return [("…", MappingReader(describing: inner, path: path))]
        }
        return order.compactMap { key in mapping(key).map { (key, $0) } }
    }

    /// The mappings listed under a key; nil if the key is absent or has nothing under it.
    package func mappings(_ key: String, atLeast count: Int = 0, _ about: String? = nil) -> [MappingReader]? {
        if let outline {
            let inner = FileOutline()
            outline.note(key, .mappings(inner, atLeast: count), about)
            return [MappingReader(describing: inner, path: subject(key))]
        }
        guard let nodes = nodes(key, of: "mappings: `- key: value`") else { return nil }
        return nodes.enumerated().compactMap { index, node in
            let place = "\(subject(key))[\(index + 1)]"
            let line = node.mark?.line ?? line(of: key)
            guard case .mapping(let mapping) = node else {
                faults.add(line, place, "is \(Self.kind(of: node))", allowed: "a mapping: `- key: value`")
                return nil
            }
            return MappingReader(mapping, path: place, line: line, faults)
        }
    }

    /// The different texts listed under a key, with their lines; nil if the key is absent or has nothing under it.
    package func texts(
        _ key: String, allowed: String, of kind: FileOutline.Kind = .text, _ about: String? = nil,
        where accept: (String) -> Bool
    ) -> [(text: String, line: Int)]? {
        outline?.note(key, .texts(kind), about)
        guard let nodes = nodes(key, of: "texts") else { return nil }
        var seen: Set<String> = []
        return nodes.enumerated().compactMap { index, node in
            let place = "\(subject(key))[\(index + 1)]"
            let line = node.mark?.line ?? line(of: key)
            guard case .scalar(let scalar) = node, !Self.isNull(node), accept(scalar.string) else {
                faults.add(line, place, "is \(Self.kind(of: node))", allowed: allowed)
                return nil
            }
            guard seen.insert(scalar.string).inserted else {
                faults.add(line, place, "repeats `\(shown(scalar.string))`", allowed: "each once")
                return nil
            }
            return (scalar.string, line)
        }
    }

    private func nodes(_ key: String, of what: String) -> [Node]? {
        guard let entry = take(key), !Self.isNull(entry.value) else { return nil }
        guard case .sequence(let sequence) = entry.value else {
            fault("is \(Self.kind(of: entry.value))", key: key, allowed: "a list of \(what)")
            return nil
        }
        return Array(sequence)
    }

    private static func isNull(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
        return ["", "~", "null"].contains(scalar.string)
    }

    /// What a value is, for a message.
    private static func kind(of node: Node) -> String {
        switch node {
        case .scalar(let scalar):
            if isNull(node) { return "empty" }
            return scalar.style == .plain ? "`\(shown(scalar.string))`" : "the quoted text \"\(shown(scalar.string))\""
        case .sequence: return "a list"
        case .mapping: return "a mapping"
        case .alias: return "an alias"
        }
    }
}

extension Identifier {
    /// What an id looks like, here as on the wire.
    static let rule = "an id: 1 to 64 of A–Z a–z 0–9 _ : -, beginning with a letter or digit"
}
