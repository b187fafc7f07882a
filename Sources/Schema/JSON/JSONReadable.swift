/// What reads itself from a JSON tree that was checked against its shape, without the detours of `Codable`.
///
/// Throws `DecodingError`, as `JSONDecoding` does.
package protocol JSONReadable {
    init(reading json: JSON) throws
}

/// Finds the members of one object. They are asked for in the order in which they were written, or nearly: the one that
/// was found last and the one after it are looked at first, so that all of them are found in one pass.
struct MemberPlaces {
    let members: [JSON.Member]
    private var last = 0

    init(_ members: [JSON.Member]) {
        self.members = members
    }

    mutating func find(_ name: String) -> JSON? {
        for index in last..<min(last + 2, members.count) where members[index].hasName(name) {
            last = index
            return members[index].value
        }
        guard let index = members.firstIndex(where: { $0.hasName(name) }) else { return nil }
        last = index
        return members[index].value
    }
}

extension JSON {
    /// - Parameter expected: in the words of JSON Schema.
    func mismatch(_ expected: String) -> DecodingError {
        .typeMismatch(
            JSON.self,
            DecodingError.Context(codingPath: [], debugDescription: "expected \(expected), found \(kindName)"))
    }

    func text() throws -> String {
        guard case .string(let value) = self else { throw mismatch("string") }
        return value
    }

    func truth() throws -> Bool {
        guard case .bool(let value) = self else { throw mismatch("boolean") }
        return value
    }

    func integer<Number: FixedWidthInteger>() throws -> Number {
        guard case .int(let value) = self, let number = Number(exactly: value) else { throw mismatch("integer") }
        return number
    }
}

extension MemberPlaces {
    /// The members of an object.
    init(of json: JSON) throws {
        guard case .object(let members) = json else { throw json.mismatch("object") }
        self.init(members)
    }

    mutating func required<Value: JSONReadable>(_ name: String) throws -> Value {
        guard let json = find(name) else { throw JSON.null.mismatch("the member \(name)") }
        return try Value(reading: json)
    }

    /// nil: it is absent, or null, which is the same.
    mutating func optional<Value: JSONReadable>(_ name: String) throws -> Value? {
        guard let json = find(name) else { return nil }
        if case .null = json { return nil }
        return try Value(reading: json)
    }
}

extension JSONReadable where Self: RawRepresentable, RawValue == String {
    package init(reading json: JSON) throws {
        guard let value = Self(rawValue: try json.text()) else { throw json.mismatch("a known word") }
        self = value
    }
}

extension String: JSONReadable {
    package init(reading json: JSON) throws { self = try json.text() }
}

extension Bool: JSONReadable {
    package init(reading json: JSON) throws { self = try json.truth() }
}

extension Int: JSONReadable {
    package init(reading json: JSON) throws { self = try json.integer() }
}

extension Int64: JSONReadable {
    package init(reading json: JSON) throws { self = try json.integer() }
}

extension Instant: JSONReadable {
    package init(reading json: JSON) throws {
        guard let instant = Instant(rfc3339: try json.text()) else { throw json.mismatch("a time") }
        self = instant
    }
}

extension CivilDate: JSONReadable {
    package init(reading json: JSON) throws {
        guard let date = CivilDate(try json.text()) else { throw json.mismatch("a date") }
        self = date
    }
}

extension JSON: JSONReadable {
    package init(reading json: JSON) { self = json }
}

extension Array: JSONReadable where Element: JSONReadable {
    package init(reading json: JSON) throws {
        guard case .array(let elements) = json else { throw json.mismatch("array") }
        self = try elements.map { try Element(reading: $0) }
    }
}

extension Fault: JSONReadable {
    package init(reading json: JSON) throws {
        var members = try MemberPlaces(of: json)
        self.init(
            pointer: try members.required("pointer"), rule: try members.required("rule"),
            message: try members.required("message"))
    }
}
