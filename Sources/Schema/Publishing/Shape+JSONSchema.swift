extension Shape {
    /// The JSON Schema (2020-12) that accepts exactly what `check` accepts.
    ///
    /// Times and dates carry an exact `pattern` besides their `format`, as a validator may take a format for a remark.
    /// Patterns are those of ECMA-262: `$` matches at the very end only.
    package var jsonSchema: JSON { jsonSchema { _ in nil } }

    /// - Parameter reference: for a shape that is defined elsewhere in the document, where that is.
    func jsonSchema(_ reference: (Shape) -> String?) -> JSON {
        if let place = reference(self) { return ["$ref": .string(place)] }
        switch self {
        case .id: return ["type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_:-]{0,63}$"]
        case .text(let min, let max):
            return [
                "type": "string", "minLength": .int(Int64(min)), "maxLength": .int(Int64(max)),
                "pattern": #"^[^\u0000]*$"#,
            ]
        case .integer(let min, let max): return ["type": "integer", "minimum": .int(min), "maximum": .int(max)]
        case .boolean: return ["type": "boolean"]
        case .time: return ["type": "string", "format": "date-time", "pattern": .string(TimePatterns.time)]
        case .date: return ["type": "string", "format": "date", "pattern": .string(TimePatterns.date)]
        case .week: return ["type": "string", "pattern": "^[0-9]{4}-W[0-9]{2}$"]
        case .quarter: return ["type": "string", "pattern": "^[0-9]{4}-Q[1-4]$"]
        case .sequence:
            return [
                "oneOf": [
                    ["type": "integer", "minimum": 0, "maximum": .int(Shape.integerLimit)],
                    ["type": "string", "pattern": .string("^[0-9]{1,\(SequenceText.digitLimit)}$")],
                ]
            ]
        case .oneOf(let allowed):
            return allowed.count == 1
                ? ["const": .string(allowed[0])] : ["type": "string", "enum": .array(allowed.map(JSON.string))]
        case .array(let element, let min, let max):
            return [
                "type": "array", "minItems": .int(Int64(min)), "maxItems": .int(Int64(max)),
                "items": element.jsonSchema(reference),
            ]
        case .object(let fields): return Shape.objectSchema(fields, reference)
        case .anyObject: return ["type": "object"]
        }
    }

    /// Members that the schema does not name are allowed, and ignored.
    static func objectSchema(_ fields: [Field], _ reference: (Shape) -> String?) -> JSON {
        let properties = fields.map { field in
            let own = field.shape.jsonSchema(reference)
            var schema = field.isRequired ? own : orNull(own)
            if let meaning = field.meaning { schema = schema.setting("description", to: .string(meaning)) }
            return JSON.Member(field.name, field.isPersonal ? schema.setting("x-personal", to: true) : schema)
        }
        let required = fields.filter(\.isRequired).map { JSON.string($0.name) }
        var schema: JSON = ["type": "object", "properties": .object(properties)]
        if !required.isEmpty { schema = schema.setting("required", to: .array(required)) }
        return schema
    }

    /// An optional member that is null counts as absent.
    private static func orNull(_ schema: JSON) -> JSON {
        guard let type = schema["type"] else { return ["anyOf": [schema, ["type": "null"]]] }
        let widened = schema.setting("type", to: [type, "null"])
        guard let allowed = schema["enum"]?.elements else { return widened }
        return widened.setting("enum", to: .array(allowed + [.null]))
    }
}

/// Which texts are times and dates, leap years included.
private enum TimePatterns {
    private static let longMonths = "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    private static let shortMonths = "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    private static let february = "02-(?:0[1-9]|1[0-9]|2[0-8])"
    /// Two digits divisible by four, without 00.
    private static let fourth = "(?:0[48]|[2468][048]|[13579][26])"
    private static let leapDay = "(?:[0-9]{2}" + fourth + "|" + fourth + "00)-02-29"
    private static let day = "(?:[0-9]{4}-(?:" + longMonths + "|" + shortMonths + "|" + february + ")|" + leapDay + ")"
    private static let clock = #"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"#
    private static let offset = "(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"

    static let date = "^(?!0000)" + day + "$"
    /// The first and the last year are left out, so that the year exists in every zone.
    static let time = "^(?!000[01]|9999)" + day + "[Tt]" + clock + offset + "$"
}
