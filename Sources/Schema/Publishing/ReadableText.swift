extension JSON {
    /// Indented by two spaces, for files that people read and compare; ends with a line feed.
    package var indented: String {
        var text = ""
        write(to: &text, indent: "")
        return text + "\n"
    }

    private var compact: String { String(decoding: serialized, as: UTF8.self) }

    private func write(to text: inout String, indent: String) {
        let inner = indent + "  "
        switch self {
        case .object(let members) where !members.isEmpty:
            text += "{\n"
            for (index, member) in members.enumerated() {
                text += inner + JSON.string(member.name).compact + ": "
                member.value.write(to: &text, indent: inner)
                text += index + 1 < members.count ? ",\n" : "\n"
            }
            text += indent + "}"
        case .array(let elements) where elements.contains { $0.isContainer }:
            text += "[\n"
            for (index, element) in elements.enumerated() {
                text += inner
                element.write(to: &text, indent: inner)
                text += index + 1 < elements.count ? ",\n" : "\n"
            }
            text += indent + "]"
        case .array(let elements): text += "[" + elements.map(\.compact).joined(separator: ", ") + "]"
        default: text += compact
        }
    }

    private var isContainer: Bool {
        switch self {
        case .object, .array: true
        default: false
        }
    }

    /// As YAML 1.2 in block style; ends with a line feed. Strings that could be taken for something else are quoted.
    var yaml: String {
        var text = ""
        writeYAML(to: &text, indent: "")
        return text
    }

    private func writeYAML(to text: inout String, indent: String) {
        switch self {
        case .object(let members):
            for member in members {
                text += indent + JSON.plain(member.name) + ":"
                member.value.writeYAMLValue(to: &text, indent: indent)
            }
        case .array(let elements):
            for element in elements {
                var item = ""
                element.writeYAML(to: &item, indent: indent + "  ")
                text += indent + "- " + item.dropFirst(indent.utf8.count + 2)
            }
        default: text += indent + scalarYAML + "\n"
        }
    }

    private func writeYAMLValue(to text: inout String, indent: String) {
        if isContainerWithContent {
            text += "\n"
            writeYAML(to: &text, indent: indent + "  ")
        } else {
            text += " " + scalarYAML + "\n"
        }
    }

    private var isContainerWithContent: Bool {
        switch self {
        case .object(let members): !members.isEmpty
        case .array(let elements): !elements.isEmpty
        default: false
        }
    }

    private var scalarYAML: String {
        if case .string(let text) = self { JSON.plain(text) } else { compact }
    }

    /// Without quotation marks where that cannot be misread.
    private static func plain(_ text: String) -> String {
        let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        let isPlain =
            text.utf8.first.map { ($0 | 0x20) &- UInt8(ascii: "a") < 26 } ?? false
            && text.utf8.last != UInt8(ascii: " ")
            && text.utf8.allSatisfy { byte in
                (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10
                    || " _./-".utf8.contains(byte)
            }
        return isPlain && !reserved.contains(text.lowercased()) ? text : JSON.string(text).compact
    }
}
