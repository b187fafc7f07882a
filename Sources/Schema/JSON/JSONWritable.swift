/// What writes itself as JSON: the bytes that `JSONEncoding` gives, without the detours of `Codable`.
package protocol JSONWritable {
    func write(to writer: inout JSONWriter)
}

extension JSONWriter {
    package mutating func begin() { raw(UInt8(ascii: "{")) }
    package mutating func end() { raw(UInt8(ascii: "}")) }

    /// A member of the object that was begun last. The name needs no escapes.
    package mutating func member(_ name: StaticString, _ value: some JSONWritable) {
        self.name(name)
        value.write(to: &self)
    }

    /// Nothing if it is absent.
    package mutating func member(_ name: StaticString, _ value: (some JSONWritable)?) {
        if let value { member(name, value) }
    }
}

extension JSONWritable where Self: RawRepresentable, RawValue == String {
    package func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension String: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.string(self) }
}

extension Bool: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.raw(self ? "true" : "false") }
}

extension Int: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.int(Int64(self)) }
}

extension Int64: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.int(self) }
}

extension Instant: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.time(self) }
}

extension CivilDate: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.string(description) }
}

extension JSON: JSONWritable {
    package func write(to writer: inout JSONWriter) { writer.value(self) }
}

extension Array: JSONWritable where Element: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.raw(UInt8(ascii: "["))
        for (index, element) in enumerated() {
            if index > 0 { writer.raw(UInt8(ascii: ",")) }
            element.write(to: &writer)
        }
        writer.raw(UInt8(ascii: "]"))
    }
}

extension Fault: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("pointer", pointer)
        writer.member("rule", rule)
        writer.member("message", message)
        writer.end()
    }
}
