/// Everything that the contract publishes, as files: a JSON Schema and two examples per event, `asyncapi.yaml`, and
/// test vectors for the ids that others may compute.
///
///     for file in try SchemaFiles.all() { print(file.path, file.text.utf8.count) }
package enum SchemaFiles {
    /// Relative paths with their texts; the same in every process.
    ///
    /// - Throws: `RefusedDocument` if an example does not fit its own schema, which is a fault of the catalogue.
    package static func all() throws -> [(path: String, text: String)] {
        var files: [(path: String, text: String)] = []
        for entry in EventCatalogue.entries {
            let name = entry.data.type.rawValue
            files.append(
                (JSONSchemaExport.fileName(of: entry.data.type), JSONSchemaExport.schema(of: entry).indented))
            files.append(("examples/\(name).json", try EventExample.text(of: entry, isFull: true)))
            files.append(("examples/\(name).minimal.json", try EventExample.text(of: entry, isFull: false)))
        }
        files.append((AsyncAPIExport.fileName, AsyncAPIExport.document.yaml))
        files.append(("ids.json", IdentifierVectors.document.indented))
        return files
    }
}
