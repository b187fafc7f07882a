/// The JSON Schema (2020-12) of each event: envelope and data.
package enum JSONSchemaExport {
    /// What no JSON Schema can say, but `Event.read` asks for as well.
    private static let remark: JSON = .string(
        "Besides: at most 1 MiB of UTF-8 (a byte-order mark is passed over), no name twice in one object, at most "
            + "\(JSON.depthLimit) levels, no string anywhere with U+0000 or a lone surrogate.")

    /// The schema of one event type, named as `fileName(of:)` says.
    package static func schema(of entry: EventCatalogue.Entry) -> JSON {
        let type = entry.data.type
        var fields: [Shape.Field] = Event.publishedEnvelope.map { field in
            field.name == "type"
                ? .required("type", .oneOf([type.wireName]), says: "What has happened, and the version of its form.")
                : field
        }
        fields.append(.required("data", EventCatalogue.dataShape(of: entry.data)))
        var schema: JSON = [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": .string("urn:recourse:schema:" + type.wireName),
            "title": .string(type.wireName),
            "description": .string(entry.summary),
            "$comment": remark,
        ]
        var used: Set<String> = []
        let members = Shape.objectSchema(fields) { reference(to: $0, &used) }.members ?? []
        for member in members { schema = schema.setting(member.name, to: member.value) }
        var definitions: [JSON.Member] = []
        for (name, shape) in named where used.contains(name) {
            let schema = shape.jsonSchema { $0 == shape ? nil : reference(to: $0, &used) }
            definitions.append(JSON.Member(name, schema))
        }
        return schema.setting("$defs", to: .object(definitions))
    }

    /// Shapes that come often, defined once per file; those that others contain come behind them.
    private static let named: [(name: String, shape: Shape)] = [
        ("because", .object(Because.shape)), ("person", Person.shape), ("customer", Customer.shape),
        ("product", Product.shape), ("id", .id), ("time", .time), ("date", .date), ("week", .week),
        ("quarter", .quarter),
    ]

    private static func reference(to shape: Shape, _ used: inout Set<String>) -> String? {
        guard let name = named.first(where: { $0.shape == shape })?.name else { return nil }
        used.insert(name)
        return "#/$defs/" + name
    }

    package static func fileName(of type: EventType) -> String { type.rawValue + ".json" }
}
