/// What reads itself from a document that was checked against its shape, without the detours of `Codable`.
///
/// Throws `DecodingError`, as `JSONDecoding` does.
package protocol JSONReadable {
    /// - Parameter place: of the value in `tape`.
    init(reading place: Int, in tape: borrowing JSONTape) throws
}

/// Finds the members of one object. They are asked for in the order in which they were written, or nearly: the search goes
/// on behind the one that was found last, so that all of them are found in one pass.
struct MemberPlaces {
    private let first: Int
    /// Behind the last member.
    private let end: Int
    private var position: Int

    /// The members of an object.
    init(of place: Int, in tape: borrowing JSONTape) throws {
        guard tape.isObject(place) else { throw tape.mismatch("object", place) }
        self.init(ofObject: place, in: tape)
    }

    init(ofObject place: Int, in tape: borrowing JSONTape) {
        first = tape.first(place)
        end = tape.next(place)
        position = first
    }

    /// The place of the value, unless the member is missing or null, which is the same, as in CloudEvents.
    mutating func find(_ name: UnsafeBufferPointer<UInt8>, in tape: borrowing JSONTape) -> Int? {
        let start = position
        var value = search(name, before: end, in: tape)
        if value == nil {
            position = first
            value = search(name, before: start, in: tape)
        }
        guard let value, !tape.isNull(value) else { return nil }
        return value
    }

    private mutating func search(
        _ name: UnsafeBufferPointer<UInt8>, before bound: Int, in tape: borrowing JSONTape
    ) -> Int? {
        while position < bound {
            let place = position
            position = tape.next(place + 1)
            if tape.hasName(place, name) { return place + 1 }
        }
        return nil
    }

    private mutating func find(_ name: StaticString, in tape: borrowing JSONTape) -> Int? {
        find(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), in: tape)
    }

    mutating func required<Value: JSONReadable>(_ name: StaticString, in tape: borrowing JSONTape) throws -> Value {
        guard let place = find(name, in: tape) else { throw tape.missing(name) }
        return try Value(reading: place, in: tape)
    }

    mutating func optional<Value: JSONReadable>(_ name: StaticString, in tape: borrowing JSONTape) throws -> Value? {
        guard let place = find(name, in: tape) else { return nil }
        return try Value(reading: place, in: tape)
    }
}

extension JSONTape {
    func missing(_ name: StaticString) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: [], debugDescription: "no member \(name)"))
    }

    /// - Parameter expected: in the words of JSON Schema.
    func mismatch(_ expected: String, _ place: Int) -> DecodingError {
        .typeMismatch(
            JSON.self,
            DecodingError.Context(codingPath: [], debugDescription: "expected \(expected), found \(kindName(place))"))
    }
}

extension JSONReadable where Self: RawRepresentable, RawValue == String {
    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        guard let value = tape.string(place).flatMap(Self.init(rawValue:)) else {
            throw tape.mismatch("a known word", place)
        }
        self = value
    }
}

extension String: JSONReadable {
    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        guard let text = tape.string(place) else { throw tape.mismatch("string", place) }
        self = text
    }
}

extension Bool: JSONReadable {
    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        guard let value = tape.bool(place) else { throw tape.mismatch("boolean", place) }
        self = value
    }
}

extension Int: JSONReadable {
    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        guard let number = tape.int(place) else { throw tape.mismatch("integer", place) }
        self = Int(number)
    }
}

extension Int64: JSONReadable {
    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        guard let number = tape.int(place) else { throw tape.mismatch("integer", place) }
        self = number
    }
}

extension Instant: JSONReadable {
    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        guard let instant = tape.withText(place, { Instant(rfc3339: $0) }) else { throw tape.mismatch("a time", place) }
        self = instant
    }
}

extension CivilDate: JSONReadable {
    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        guard let date = tape.withText(place, { CivilDate($0) }) else { throw tape.mismatch("a date", place) }
        self = date
    }
}

extension Array: JSONReadable where Element: JSONReadable {
    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        guard tape.kind(place) == .array else { throw tape.mismatch("array", place) }
        self = []
        reserveCapacity(tape.count(place))
        var position = tape.first(place)
        for _ in 0..<tape.count(place) {
            append(try Element(reading: position, in: tape))
            position = tape.next(position)
        }
    }
}

extension Fault: JSONReadable {
    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        self.init(
            pointer: try members.required("pointer", in: tape), rule: try members.required("rule", in: tape),
            message: try members.required("message", in: tape))
    }
}
