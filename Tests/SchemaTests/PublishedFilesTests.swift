import Foundation
import Schema
import Testing

private let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "schemas")

@Suite(.serialized) struct `The published contract` {
    /// With RECOURSE_WRITE_SCHEMAS=1 the files are written instead, and those that are no longer made removed.
    @Test func `is fresh: the committed files are those that the catalogue makes`() throws {
        let files = try SchemaFiles.all()
        if ProcessInfo.processInfo.environment["RECOURSE_WRITE_SCHEMAS"] == "1" { try write(files) }
        for file in files {
            let committed = try? Data(contentsOf: folder.appending(path: file.path))
            #expect(
                committed == Data(file.text.utf8),
                "schemas/\(file.path) differs; run the tests with RECOURSE_WRITE_SCHEMAS=1 and look at the change")
        }
        #expect(try committedPaths() == files.map(\.path).sorted())
    }

    @Test func `has an example of each event that reads and writes byte for byte`() throws {
        for entry in EventCatalogue.entries {
            for suffix in ["", ".minimal"] {
                let path = "examples/\(entry.data.type)\(suffix).json"
                let bytes = [UInt8](try Data(contentsOf: folder.appending(path: path)))
                let event = try Event.read(bytes)
                #expect(event.type == entry.data.type)
                let because = try JSON(parsing: bytes)["data"]?["because"].map {
                    try JSONDecoding.decode(Because.self, from: $0)
                }
                #expect((because != nil) == entry.isOutgoing)
                let isLate = try JSON(parsing: bytes)["data"]?["late"] == true
                #expect(event.body(because: because, isLate: isLate) == bytes, "\(path)")
            }
        }
    }

    /// Where a rule asks for a member that the contract leaves open, or for one of several, the examples keep to that.
    private static let members: [String: (full: [String], minimal: [String])] = [
        "customer.erasure-requested": (["requestId", "phone", "by"], ["requestId", "caseId", "by"]),
        "training.assessed": (
            ["outletId", "quarter", "assessed", "passed", "retest", "by"],
            ["outletId", "quarter", "assessed", "passed", "by"]
        ),
        "manufacturer-problem.reported": (
            ["problemId", "kind", "manufacturerId", "brand", "by", "at", "caseId", "description"],
            ["problemId", "kind", "brand", "by", "at"]
        ),
    ]

    @Test func `has a full example with every member and a minimal one with the required members alone`() throws {
        for entry in EventCatalogue.entries {
            guard case .object(let fields) = EventCatalogue.dataShape(of: entry.data) else {
                Issue.record("\(entry.data.type) has no object as data")
                continue
            }
            func names(_ suffix: String) throws -> [String] {
                let file = folder.appending(path: "examples/\(entry.data.type)\(suffix).json")
                let json = try JSON(parsing: [UInt8](try Data(contentsOf: file)))
                return (json["data"]?.members ?? []).map(\.name)
            }
            let own = Self.members[entry.data.type.rawValue]
            #expect(try names("") == own?.full ?? fields.map(\.name), "\(entry.data.type)")
            #expect(
                try names(".minimal") == own?.minimal ?? fields.filter(\.isRequired).map(\.name), "\(entry.data.type)")
        }
    }

    @Test func `says of every member of upstream's events what it means`() throws {
        func undescribed(_ fields: [Shape.Field], _ path: String) -> [String] {
            fields.flatMap { field -> [String] in
                let place = path + "/" + field.name
                let isTold = field.meaning?.isEmpty == false
                return (isTold ? [] : [place]) + undescribed(in: field.shape, place)
            }
        }
        func undescribed(in shape: Shape, _ path: String) -> [String] {
            switch shape {
            case .object(let fields): undescribed(fields, path)
            case .array(let element, _, _): undescribed(in: element, path)
            default: []
            }
        }
        for entry in EventCatalogue.entries where entry.origin == .upstream {
            let shape = EventCatalogue.dataShape(of: entry.data)
            #expect(undescribed(in: shape, entry.data.type.rawValue) == [])
            let party = JSONSchemaExport.schema(of: entry)["properties"]?["data"]?["properties"]?["by"]
            if let party { #expect(party["description"]?.string?.isEmpty == false, "\(entry.data.type)") }
        }
    }

    @Test func `says of each event what it is`() throws {
        for entry in EventCatalogue.entries {
            let schema = JSONSchemaExport.schema(of: entry)
            #expect(schema["description"]?.string?.hasSuffix(".") == true, "\(entry.data.type)")
            #expect(schema["title"]?.string == entry.data.type.wireName)
        }
    }

    @Test func `names every event as a message of AsyncAPI`() throws {
        let text = try #require(try SchemaFiles.all().first { $0.path == "asyncapi.yaml" }?.text)
        #expect(text.hasPrefix("asyncapi: \"3.0.0\"\n"))
        for entry in EventCatalogue.entries {
            #expect(text.contains("\"./\(entry.data.type).json\"\n"), "\(entry.data.type)")
        }
    }

    private func write(_ files: [(path: String, text: String)]) throws {
        try FileManager.default.createDirectory(
            at: folder.appending(path: "examples"), withIntermediateDirectories: true)
        for path in try committedPaths() where !files.contains(where: { $0.path == path }) {
            try FileManager.default.removeItem(at: folder.appending(path: path))
        }
        for file in files { try Data(file.text.utf8).write(to: folder.appending(path: file.path)) }
    }

    private func committedPaths() throws -> [String] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        // The schemas of the policy folder and of import mappings have tests of their own.
        return names.filter { $0.hasSuffix(".json") || $0.hasSuffix(".yaml") }.filter { name in
            !["policy/", "import/"].contains { name.hasPrefix($0) }
        }
        .sorted()
    }
}
