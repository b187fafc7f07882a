import Schema

/// Shows documents without personal data (domain rules §9.6): of a name the first character, of a phone number the
/// last two digits, of addresses and free text nothing; where the stages keep a token, nothing either.
package enum Masking {
    package static let hidden = "***"

    package static func name(_ text: String) -> String { text.first.map { "\($0)*" } ?? hidden }

    package static func phone(_ text: String) -> String {
        let digits = text.filter { $0.isASCII && $0.isNumber }
        return digits.count < 6 ? hidden : "*" + digits.suffix(2)
    }

    /// An event's document, masked by the shape of its type; nil if its type is not one of the contract, so that nobody
    /// can tell what in it is personal.
    package static func event(_ json: JSON) -> JSON? {
        guard case .object(let members) = json, let type = json["type"]?.string,
            let data = EventCatalogue.byWireName[type]
        else { return nil }
        let known = Set(Event.publishedEnvelope.map(\.name) + ["datacontenttype", "dataschema", "subject"])
        return .object(
            members.map { member in
                if member.name == "data" {
                    return JSON.Member(member.name, value(member.value, EventCatalogue.dataShape(of: data)))
                }
                return known.contains(member.name) ? member : JSON.Member(member.name, .string(hidden))
            })
    }

    /// What the shape does not know, or what has another kind than it says, is hidden: it could be anything.
    private static func value(_ json: JSON, _ shape: Shape) -> JSON {
        switch (shape, json) {
        case (.object(let fields), .object(let members)):
            return .object(
                members.map { member in
                    guard let field = fields.first(where: { $0.name == member.name }) else {
                        return JSON.Member(member.name, .string(hidden))
                    }
                    let shown = field.isPersonal ? personal(member) : value(member.value, field.shape)
                    return JSON.Member(member.name, shown)
                })
        case (.array(let element, _, _), .array(let elements)): return .array(elements.map { value($0, element) })
        case (.anyObject, .object): return json
        case (.object, _), (.array, _), (.anyObject, _), (_, .object), (_, .array): return .string(hidden)
        default: return json
        }
    }

    private static func personal(_ member: JSON.Member) -> JSON {
        guard let text = member.value.string, PersonalToken(text) == nil else { return .string(hidden) }
        switch member.name {
        case "name": return .string(name(text))
        case "phone": return .string(phone(text))
        default: return .string(hidden)
        }
    }

    /// Members that are personal wherever they stand in a stage's record, of which no shape is published.
    private static let hiddenMembers: Set<String> = [
        "address", "description", "comments", "note", "reason", "grounds", "solution", "facts", "serial",
    ]

    /// A stage's record, masked by the names of its members.
    package static func record(_ json: JSON) -> JSON {
        switch json {
        case .object(let members):
            .object(
                members.map { member in
                    switch member.name {
                    case "name", "phone": JSON.Member(member.name, personal(member))
                    case let name where hiddenMembers.contains(name) && member.value.string != nil:
                        JSON.Member(name, .string(hidden))
                    default: JSON.Member(member.name, record(member.value))
                    }
                })
        case .array(let elements): .array(elements.map(record))
        case .string(let text) where PersonalToken(text) != nil: .string(hidden)
        default: json
        }
    }
}
