import Foundation
import Schema
import Testing

/// The Python that has `jsonschema`; Debian: python3-jsonschema and python3-rfc3339-validator.
private let interpreter = ProcessInfo.processInfo.environment["RECOURSE_TEST_PYTHON"]
private let isRequired = ProcessInfo.processInfo.environment["CI"] == "true"

@Suite(
    .enabled(
        if: interpreter != nil || isRequired,
        "set RECOURSE_TEST_PYTHON to a Python with jsonschema to compare with an independent validator"),
    .timeLimit(.minutes(5)))
struct `An independent validator` {
    @Test func `accepts an event by the published schemas exactly when Recourse does`() throws {
        let python = try #require(interpreter, "CI must set RECOURSE_TEST_PYTHON to a Python with jsonschema")
        let seed = ProcessInfo.processInfo.environment["RECOURSE_TEST_SEED"].flatMap(UInt64.init) ?? 20_261_121
        let documents = Self.documents(seed: seed)
        let verdicts = try Self.ask(python, about: documents)
        #expect(documents.count >= 3_000)
        try #require(verdicts.count == documents.count)

        var accepted = 0
        for (document, verdict) in zip(documents, verdicts) {
            let own = Self.ownVerdict(on: document.text)
            if own.isEmpty { accepted += 1 }
            #expect(
                own.isEmpty == (verdict == "valid"),
                "seed \(seed): the validator says \(verdict), Recourse \(own): \(document.text)")
        }
        // A comparison of documents that are all good, or all bad, would show little.
        #expect(accepted > documents.count / 5)
        #expect(accepted < documents.count * 4 / 5)
    }

    private struct Document {
        let type: String
        let text: String
    }

    private static func documents(seed: UInt64) -> [Document] {
        var generators = [nil, 200, 40, 12].enumerated().map { index, rate in
            DocumentGenerator(random: SeededRandom(seed: seed &+ UInt64(index)), nearMissOnceIn: rate)
        }
        var documents: [Document] = []
        for round in 0..<48 {
            for entry in EventCatalogue.entries {
                let text = generators[round % generators.count].document(of: entry)
                documents.append(Document(type: entry.data.type.wireName, text: text))
            }
        }
        return documents
    }

    private static func ownVerdict(on text: String) -> [Fault] {
        do {
            _ = try Event.read(Array(text.utf8))
            return []
        } catch {
            return error.faults
        }
    }

    /// One verdict per document, by one process that reads all of them.
    private static func ask(_ python: String, about documents: [Document]) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "recourse-parity-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for entry in EventCatalogue.entries {
            let file = folder.appending(path: JSONSchemaExport.fileName(of: entry.data.type))
            try Data(JSONSchemaExport.schema(of: entry).serialized).write(to: file)
        }
        let input = folder.appending(path: "documents.ndjson")
        let output = folder.appending(path: "verdicts")
        let lines = documents.map { #"{"type":"\#($0.type)","document":\#($0.text)}"# + "\n" }
        try Data(lines.joined().utf8).write(to: input)
        try Data().write(to: output)

        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "validate.py")
        process.arguments = [script.path, folder.path]
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: try Data(contentsOf: output), as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }
}
