/// The JSON Schema (2020-12) of each event: envelope and data.
package enum JSONSchemaExport {
    /// What no JSON Schema can say, but `Event.read` asks for as well.
    private static let remark: JSON = .string(
        "Besides: at most 1 MiB of UTF-8 without a byte-order mark, no name twice in one object, at most "
            + "\(JSON.depthLimit) levels, no string anywhere with U+0000 or a lone surrogate.")

    /// The schema of one event type, named as `fileName(of:)` says.
    package static func schema(of entry: EventCatalogue.Entry) -> JSON {
        let type = entry.data.type
        var fields: [Shape.Field] = Event.publishedEnvelope.map { field in
            field.name == "type" ? .required("type", .oneOf([type.wireName])) : field
        }
        fields.append(.required("data", EventCatalogue.dataShape(of: entry.data)))
        var schema: JSON = [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": .string("urn:recourse:schema:" + type.wireName),
            "title": .string(type.wireName),
            "description": .string(EventCatalogue.summary(of: type)),
            "$comment": remark,
        ]
        for member in Shape.objectSchema(fields).members ?? [] {
            schema = schema.setting(member.name, to: member.value)
        }
        return schema
    }

    package static func fileName(of type: EventType) -> String { type.rawValue + ".json" }
}
