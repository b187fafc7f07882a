/// Writes JSON compactly; the same values in the same order give the same bytes.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(reserving capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    package mutating func raw(_ byte: UInt8) { bytes.append(byte) }

    package mutating func raw(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func raw(_ json: [UInt8]) { bytes.append(contentsOf: json) }
    mutating func raw(_ json: ArraySlice<UInt8>) { bytes.append(contentsOf: json) }

    package mutating func int(_ value: Int64) {
        if value < 0 { raw(UInt8(ascii: "-")) }
        digits(value.magnitude)
    }

    private mutating func digits(_ value: UInt64) {
        let count = DecimalText.count(value)
        put(count) { _ = DecimalText.write(value, to: UnsafeMutableBufferPointer(start: $0, count: count), at: 0) }
    }

    /// Adds `count` bytes, all of which `fill` writes.
    @inline(__always)
    mutating func put(_ count: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void) {
        bytes.append(addingCapacity: count) { space in
            space.withUnsafeMutableBufferPointer { buffer, written in
                guard let start = buffer.baseAddress else { return }
                fill(start)
                written = count
            }
        }
    }

    package mutating func double(_ value: Double) {
        if value == value.rounded(), abs(value) <= 9_007_199_254_740_992 {
            int(Int64(value))
        } else {
            bytes.append(contentsOf: value.description.utf8)
        }
    }

    package mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            guard PlainText.end(in: utf8, from: 0).index == utf8.count else {
                raw(UInt8(ascii: "\""))
                content(utf8)
                return raw(UInt8(ascii: "\""))
            }
            put(utf8.count + 2) { place in
                place[0] = UInt8(ascii: "\"")
                if let start = utf8.baseAddress { (place + 1).update(from: start, count: utf8.count) }
                place[utf8.count + 1] = UInt8(ascii: "\"")
            }
        }
    }

    /// `text` and `suffix` as one string.
    mutating func string(_ text: String, suffix: StaticString) {
        raw(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { content($0) }
        raw(suffix)
        raw(UInt8(ascii: "\""))
    }

    private mutating func content(_ utf8: UnsafeBufferPointer<UInt8>) {
        var start = 0
        while start < utf8.count {
            let end = PlainText.end(in: utf8, from: start).index
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start..<end]))
            if end < utf8.count { escape(utf8[end]) }
            start = end + 1
        }
    }

    package mutating func strings(_ texts: [String]) { texts.write(to: &self) }

    /// The name of a member of the object that was begun last. It needs no escapes.
    mutating func name(_ name: StaticString) {
        let isFirst = bytes.last == UInt8(ascii: "{")
        let count = name.utf8CodeUnitCount
        put(count + (isFirst ? 3 : 4)) { place in
            var place = place
            if !isFirst {
                place[0] = UInt8(ascii: ",")
                place += 1
            }
            place[0] = UInt8(ascii: "\"")
            (place + 1).update(from: name.utf8Start, count: count)
            place[count + 1] = UInt8(ascii: "\"")
            place[count + 2] = UInt8(ascii: ":")
        }
    }

    /// Takes back the `}` of an object just written, so that members can be added.
    mutating func reopenObject() {
        guard bytes.last == UInt8(ascii: "}") else { return }
        bytes.removeLast()
        if bytes.last != UInt8(ascii: "{") { raw(UInt8(ascii: ",")) }
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): raw(#"\""#)
        case UInt8(ascii: "\\"): raw(#"\\"#)
        case 0x0A: raw(#"\n"#)
        case 0x0D: raw(#"\r"#)
        case 0x09: raw(#"\t"#)
        default:
            raw(#"\u00"#)
            for digit in [byte >> 4, byte & 15] {
                raw(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }

    package mutating func value(_ json: JSON) {
        switch json {
        case .null: raw("null")
        case .bool(let value): raw(value ? "true" : "false")
        case .int(let value): int(value)
        case .double(let value): double(value)
        case .string(let text): string(text)
        case .array(let elements):
            raw(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { raw(UInt8(ascii: ",")) }
                value(element)
            }
            raw(UInt8(ascii: "]"))
        case .object(let members):
            raw(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { raw(UInt8(ascii: ",")) }
                string(member.name)
                raw(UInt8(ascii: ":"))
                value(member.value)
            }
            raw(UInt8(ascii: "}"))
        }
    }
}

extension JSON {
    /// The compact text of this value.
    package var serialized: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }
}
