/// A JSON value (RFC 8259). Objects keep the order of their members; there are no doubled names.
///
/// A number that is whole and lies within ±2^53 is an `int`, however it was written (`1`, `1.0`, `1e0`),
/// as JSON Schema understands `integer`.
package enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSON])
    case object([Member])

    package struct Member: Hashable, Sendable {
        package let name: String
        package let value: JSON

        package init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// The member of that name, where this is an object that has it.
    package subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.value(of: name)
    }

    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var int: Int64? {
        if case .int(let value) = self { value } else { nil }
    }

    package var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    package var elements: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// What kind of value this is, in the words of JSON Schema; used in messages, never the value itself.
    package var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .int: "integer"
        case .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// The object with `name` set to `value`: replaced in place, or added at the end. Other values are returned as
    /// they are.
    package func setting(_ name: String, to value: JSON) -> JSON {
        guard case .object(var members) = self else { return self }
        if let index = members.firstIndex(where: { $0.hasName(name) }) {
            members[index] = Member(name, value)
        } else {
            members.append(Member(name, value))
        }
        return .object(members)
    }
}

extension [JSON.Member] {
    /// The value of the member with exactly that name.
    func value(of name: String) -> JSON? {
        for index in indices where self[index].hasName(name) { return self[index].value }
        return nil
    }
}

extension [UInt8] {
    /// Without the byte-order mark that some programs write before UTF-8.
    package var withoutByteOrderMark: [UInt8] {
        starts(with: JSON.byteOrderMark) ? Array(dropFirst(JSON.byteOrderMark.count)) : self
    }
}

extension JSON.Member {
    /// Exact for a name of the contract, which is ASCII: no other string of as many bytes is canonically equivalent to
    /// it, which is all that Swift's `==` asks for. The lengths come first, as they tell most names apart.
    func hasName(_ other: String) -> Bool { name.utf8.count == other.utf8.count && name == other }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}
