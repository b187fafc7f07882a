import Yams

/// Turns the text of a YAML file into a tree whose every node knows its line.
///
/// Scalars stay the text that was written: `010` is not eight and `off` is not yet false, the reader of a key
/// decides. A key that is given twice is a fault, and the rest of the file is still read, so that all faults are
/// reported at once. The parser itself stops at the first such key, therefore each one is renamed in place (which
/// moves no line) and the text parsed again.
package enum YAMLDocument {
    /// A character of the private use area: no key of ours contains it.
    private static let mark: Character = "\u{E000}"
    /// How many repeated keys are reported, and how many bytes may be parsed for their sake: each costs another parse.
    private static let repeatedKeyLimit = 20
    private static let repeatedKeyBytes = 1 << 20

    /// The mapping at the top of the file; nil if there is none, with the fault recorded. An empty file is an
    /// empty mapping.
    package static func read(_ text: String, _ faults: FaultCollector) -> MappingReader? {
        if let line = lineOfAlias(text) {
            faults.add(
                line, "the file", "uses an alias (`*name`)",
                allowed: "the value itself; a text that begins with * stands in quotation marks")
            return nil
        }
        var text = text
        let limit = max(1, min(repeatedKeyLimit, repeatedKeyBytes / max(1, text.utf8.count)))
        for attempt in 1...limit {
            do {
                guard let root = try compose(yaml: text, .basic, .default, .utf8) else {
                    return MappingReader(Node.Mapping([]), path: "", line: 1, faults)
                }
                guard case .mapping(let mapping) = root else {
                    if case .scalar(let scalar) = root, scalar.style == .plain, scalar.string.isEmpty {
                        return MappingReader(Node.Mapping([]), path: "", line: 1, faults)
                    }
                    faults.add(root.mark?.line, "the file", "is no mapping", allowed: "`key: value` lines")
                    return nil
                }
                return MappingReader(mapping, path: "", line: root.mark?.line ?? 1, faults)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                guard attempt < limit,
                    let renamed = rename(keyAt: context.mark, in: text, number: attempt)
                else {
                    let names = keys.map { "`\(shown($0))`" }.joined(separator: ", ")
                    faults.add(context.mark.line, names, "is given more than once", allowed: "each key once")
                    return nil
                }
                text = renamed
            } catch {
                report(error, faults)
                return nil
            }
        }
        return nil
    }

    /// The first line where a value or key is an alias. A few dozen of them can stand for more values than there is
    /// time to look at (the parser itself compares keys value by value), and no policy needs one.
    private static func lineOfAlias(_ text: String) -> Int? {
        var line = 1
        /// Only spaces and the marks of nesting since the last place where a value could begin.
        var mayBegin = true
        var previous: UInt8 = UInt8(ascii: "\n")
        for byte in text.utf8 {
            if previous == UInt8(ascii: "*"), mayBegin, byte > UInt8(ascii: " ") { return line }
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                if byte == UInt8(ascii: "\n") { line += 1 }
                mayBegin = true
            case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ","): mayBegin = true
            case UInt8(ascii: " "), UInt8(ascii: "\t"):
                if [UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "?")].contains(previous) { mayBegin = true }
            case UInt8(ascii: "*") where mayBegin && previous != UInt8(ascii: "*"): break
            default: mayBegin = false
            }
            previous = byte
        }
        return nil
    }

    /// The key as it was written, if the renaming above marked it as repeated.
    static func repeated(_ key: String) -> String? {
        guard key.first == mark, let end = key.dropFirst().firstIndex(of: mark) else { return nil }
        return String(key[key.index(after: end)...])
    }

    /// The text with the key at `position` renamed; nil if there is no plain or quoted key.
    private static func rename(keyAt position: Mark, in text: String, number: Int) -> String? {
        let scalars = text.unicodeScalars
        var index = scalars.startIndex
        var line = 1
        while line < position.line {
            guard let newline = scalars[index...].firstIndex(where: { $0 == "\n" }) else { return nil }
            index = scalars.index(after: newline)
            line += 1
        }
        guard position.column >= 1,
            var key = scalars.index(index, offsetBy: position.column - 1, limitedBy: scalars.endIndex),
            key < scalars.endIndex, !"&*!?[{|>%@`#".unicodeScalars.contains(scalars[key])
        else { return nil }
        if scalars[key] == "\"" || scalars[key] == "'" { key = scalars.index(after: key) }
        return String(text[..<key]) + "\(mark)\(number)\(mark)" + String(text[key...])
    }

    private static func report(_ error: any Error, _ faults: FaultCollector) {
        let allowed = "YAML; look for a missing space after a colon, a tab, or wrong indentation"
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let before = context.map { " (\($0.text), line \($0.mark.line))" } ?? ""
            faults.add(mark.line, "the file", "is not YAML: \(problem)\(before)", allowed: allowed)
        case YamlError.reader(let problem, _, _, _):
            faults.add(nil, "the file", "cannot be read: \(problem)", allowed: "printable UTF-8 text")
        default:
            faults.add(nil, "the file", "cannot be read as YAML", allowed: allowed)
        }
    }
}

/// A value as a message may show it: short, and without control characters.
func shown(_ text: String) -> String {
    let clean = String(String.UnicodeScalarView(text.unicodeScalars.prefix(40).map { $0.value < 32 ? "?" : $0 }))
    return text.unicodeScalars.count > 40 ? clean + "…" : clean
}
