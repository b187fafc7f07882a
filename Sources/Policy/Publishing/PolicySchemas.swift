import Schema

/// JSON Schemas of the policy folder's files, for editors: what the readers themselves say that they read.
///
/// A schema knows keys, kinds, ranges and defaults. What needs two keys or another file (a cap below another, a ladder
/// without holes, an id listed once) only `recourse policy check` tells.
///
///     for file in PolicySchemas.all() { print(file.path, file.text.utf8.count) }
package enum PolicySchemas {
    /// Relative paths with their texts; the same in every process.
    package static func all() -> [(path: String, text: String)] {
        let policy = FileOutline()
        _ = PolicySettings.read(MappingReader(describing: policy))
        let organisation = FileOutline()
        let places = MappingReader(describing: organisation)
        _ = Organisation.read(places, places.faults)
        return [
            ("policy/policy.json", document("policy.yaml: the switches and numbers of the rules", policy.schema)),
            ("policy/organisation.json", document("organisation.yaml: who works where", organisation.schema)),
            ("policy/calendar-row.json", document("A row of calendar.csv, by its header", calendarRow)),
        ]
    }

    /// A whole schema file.
    package static func document(_ title: String, _ schema: JSON) -> String {
        var members: [JSON.Member] = [
            .init("$schema", "https://json-schema.org/draft/2020-12/schema"), .init("title", .string(title)),
        ]
        members += schema.members ?? []
        return JSON.object(members).indented
    }

    private static var calendarRow: JSON {
        [
            "type": "object",
            "properties": [
                "date": ["type": "string", "pattern": .string(FileOutline.datePattern)],
                "kind": ["enum": .array(CalendarException.allCases.map { .string($0.rawValue) })],
            ],
            "required": ["date", "kind"], "additionalProperties": false,
        ]
    }
}

extension FileOutline {
    /// The shape of a date; that the day exists is for the checker to say.
    static let datePattern = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
    fileprivate static let instantPattern =
        #"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"#

    /// Every key that is not named is refused, unless keys are data.
    package var schema: JSON {
        var schema: JSON = ["type": "object"]
        if !fields.isEmpty {
            schema = schema.setting(
                "properties",
                to: .object(
                    fields.map { field in
                        let inner = field.kind.schema
                        return JSON.Member(
                            field.name, field.about.map { inner.setting("description", to: .string($0)) } ?? inner)
                    }))
        }
        let required = fields.filter(\.isRequired).map { JSON.string($0.name) }
        if !required.isEmpty { schema = schema.setting("required", to: .array(required)) }
        return schema.setting("additionalProperties", to: others?.schema ?? false)
    }
}

extension FileOutline.Kind {
    /// As YAML 1.2 reads the file. A plain number or switch where a text belongs is taken as the text that was written.
    fileprivate var schema: JSON {
        switch self {
        case .integer(let minimum, let maximum, let standard):
            let schema: JSON = ["type": "integer", "minimum": .int(minimum), "maximum": .int(maximum)]
            return standard.map { schema.setting("default", to: .int($0)) } ?? schema
        case .flag(let standard): return ["enum": [true, false, "on", "off"], "default": .bool(standard)]
        case .text: return ["type": ["string", "number", "boolean"], "minLength": 1]
        case .identifier:
            return [
                "type": ["string", "integer", "boolean"], "minimum": 0,
                "pattern": "^[A-Za-z0-9][A-Za-z0-9_:-]{0,63}$",
            ]
        case .date: return ["type": "string", "pattern": .string(FileOutline.datePattern)]
        case .instant: return ["type": "string", "pattern": .string(FileOutline.instantPattern)]
        case .choice(let words): return ["enum": .array(words.map(JSON.string))]
        case .mapping(let outline): return outline.schema.setting("type", to: ["object", "null"])
        case .mappings(let outline, let count):
            let schema: JSON = ["type": ["array", "null"], "items": outline.schema]
            return count > 0 ? schema.setting("minItems", to: .int(Int64(count))) : schema
        case .texts(let kind): return ["type": ["array", "null"], "items": kind.schema, "uniqueItems": true]
        }
    }
}
