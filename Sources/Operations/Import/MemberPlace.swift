import Policy
import Schema

/// A member of an event's data: what the contract says of it.
struct MemberPlace {
    let shape: Shape
    /// It, and all that it stands in, must be there.
    let isNeeded: Bool
    let isPersonal: Bool

    /// Follows the dots; a number stands for an element of a list. A member that is not in the contract is a fault.
    ///
    /// - Parameter isKnown: the kind of the event is; without it all that can be done is to read what is there.
    static func find(
        _ member: String, in fields: [Shape.Field], _ reader: MappingReader, isKnown: Bool
    ) -> MemberPlace? {
        guard isKnown else { return MemberPlace(shape: .text(min: 0, max: .max), isNeeded: false, isPersonal: true) }
        var place = MemberPlace(shape: .object(fields), isNeeded: true, isPersonal: false)
        for step in member.split(separator: ".", omittingEmptySubsequences: false).map(String.init) {
            switch place.shape {
            case .object(let fields):
                guard let field = fields.first(where: { $0.name == step }) else {
                    reader.fault("is no member", allowed: fields.map(\.name).joined(separator: ", "))
                    return nil
                }
                place = MemberPlace(
                    shape: field.shape, isNeeded: place.isNeeded && field.isRequired, isPersonal: field.isPersonal)
            case .array(let element, _, let most):
                guard let number = Int(step), (1...min(most, 100)).contains(number) else {
                    reader.fault("is no element", allowed: "a number from 1, as in remarks.1.text")
                    return nil
                }
                place = MemberPlace(shape: element, isNeeded: false, isPersonal: place.isPersonal)
            default:
                reader.fault("has no members", allowed: "no dot behind it")
                return nil
            }
        }
        switch place.shape {
        case .object(let fields):
            reader.fault("is an object", allowed: fields.map { "\(member).\($0.name)" }.joined(separator: ", "))
            return nil
        case .array(.object(let fields), _, _):
            reader.fault(
                "is a list of objects", allowed: fields.map { "\(member).1.\($0.name)" }.joined(separator: ", "))
            return nil
        default: return place
        }
    }

    /// All members that must be there, with dots.
    static func needed(in fields: [Shape.Field], below prefix: String = "") -> [(member: String, shape: Shape)] {
        fields.filter(\.isRequired).flatMap { field -> [(member: String, shape: Shape)] in
            if case .object(let inner) = field.shape { return needed(in: inner, below: prefix + field.name + ".") }
            return [(prefix + field.name, field.shape)]
        }
    }

    /// What a value of a shape is.
    static func words(for shape: Shape) -> String {
        switch shape {
        case .id: "an id"
        case .text: "a text"
        case .integer, .sequence: "a whole number"
        case .boolean: "yes or no"
        case .time: "a time"
        case .date: "a date"
        case .week: "a week, as 2026-W47"
        case .quarter: "a quarter, as 2026-Q4"
        case .oneOf(let words): "one of " + words.joined(separator: ", ")
        case .array(let element, _, _): "a list, each " + Self.words(for: element)
        case .object, .anyObject: "an object"
        }
    }
}
