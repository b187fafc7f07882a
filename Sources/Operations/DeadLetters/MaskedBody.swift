import Runtime
import Schema
import Store

/// The body of a dead letter as it may be shown: masked, each fault below the line that it is about.
struct MaskedBody {
    /// nil: it was not asked for, or is no JSON.
    let json: JSON?
    let note: String?
    let lines: [String]

    init(_ letter: DeadLetter, isWanted: Bool) {
        guard isWanted else {
            (json, note, lines) = (nil, nil, [])
            return
        }
        guard let body = DeadLetterDetail.json(letter.body.withoutByteOrderMark) else {
            json = nil
            note =
                letter.body.isEmpty
                ? "there is none: it was too large to be kept, or was erased"
                : "not shown: it is no JSON, so what is personal in it cannot be told; recourse dead-letters unmask shows it"
            lines = letter.faults.map(PointedJSON.mark)
            return
        }
        let event = Masking.event(body)
        let shown = event ?? Masking.structure(body)
        json = shown
        note =
            event == nil
            ? "it is no event of a known type: its structure alone; recourse dead-letters unmask shows it as it is"
            : "names, phone numbers, addresses, free text and unknown members are masked"
        lines = PointedJSON(shown, of: body, faults: letter.faults).lines
    }
}

/// JSON in lines, with marks below those that faults are about.
struct PointedJSON {
    private(set) var lines: [String] = []
    /// Those that no line is about yet, in their order.
    private var left: [Fault]

    /// - Parameters:
    ///   - shown: of the same build as `original`, whose names the faults tell.
    init(_ shown: JSON, of original: JSON, faults: [Fault]) {
        left = faults
        write(shown, original, at: "", indent: "", before: "", after: "")
        // About what is not there at all, or is another thing than they take it for.
        lines += left.map(Self.mark)
    }

    static func mark(_ fault: Fault) -> String {
        "^ \(fault.pointer.isEmpty ? "/" : fault.pointer) \(fault.rule): \(fault.message)"
    }

    private mutating func write(
        _ shown: JSON, _ original: JSON, at pointer: String, indent: String, before: String, after: String
    ) {
        switch (shown, original) {
        case (.object(let members), .object(let names)) where !members.isEmpty:
            lines.append(indent + before + "{")
            mark(pointer, indent)
            for (index, (member, name)) in zip(members, names).enumerated() {
                write(
                    member.value, name.value, at: pointer + "/" + Self.token(name.name), indent: indent + "  ",
                    before: Self.text(.string(member.name)) + ": ", after: index == members.count - 1 ? "" : ",")
            }
            markMissing(pointer, names, indent + "  ")
            lines.append(indent + "}" + after)
        case (.array(let elements), .array(let originals)) where !elements.isEmpty:
            lines.append(indent + before + "[")
            mark(pointer, indent)
            for (index, (element, original)) in zip(elements, originals).enumerated() {
                write(
                    element, original, at: pointer + "/\(index)", indent: indent + "  ", before: "",
                    after: index == elements.count - 1 ? "" : ",")
            }
            lines.append(indent + "]" + after)
        default:
            lines.append(indent + before + Self.text(shown) + after)
            mark(pointer, indent)
        }
    }

    private mutating func mark(_ pointer: String, _ indent: String) {
        take(indent) { $0.pointer == pointer }
    }

    /// What should be in this object and is not.
    private mutating func markMissing(_ pointer: String, _ members: [JSON.Member], _ indent: String) {
        let present = Set(members.map { pointer + "/" + Self.token($0.name) })
        take(indent) { fault in
            guard let end = fault.pointer.lastIndex(of: "/") else { return false }
            return fault.pointer[..<end] == pointer && !present.contains(fault.pointer)
        }
    }

    private mutating func take(_ indent: String, _ isHere: (Fault) -> Bool) {
        guard left.contains(where: isHere) else { return }
        lines += left.filter(isHere).map { indent + Self.mark($0) }
        left.removeAll(where: isHere)
    }

    private static func text(_ json: JSON) -> String { String(decoding: json.serialized, as: UTF8.self) }

    /// A name in a JSON pointer (RFC 6901).
    private static func token(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return name }
        return name.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}
