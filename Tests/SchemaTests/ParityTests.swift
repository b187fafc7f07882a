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
    .timeLimit(.minutes(10)))
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

    /// Valid ones, some with many faults, most with one value at the border of what its shape allows, so that no
    /// other fault hides what is made of it; and every odd text in every event that has such a member.
    private static func documents(seed: UInt64) -> [Document] {
        var documents: [Document] = []
        func add(_ entry: EventCatalogue.Entry, _ generator: inout DocumentGenerator) {
            documents.append(Document(type: entry.data.type.wireName, text: generator.document(of: entry)))
        }
        for (number, entry) in EventCatalogue.entries.enumerated() {
            for round in 0..<45 {
                let random = SeededRandom(seed: seed &+ UInt64(number * 1000 + round))
                var generator = DocumentGenerator(random: random, nearMissOnceIn: round < 6 ? 15 : nil)
                add(entry, &generator)
                guard round >= 12 else { continue }
                var chance = SeededRandom(seed: seed &+ UInt64(round))
                generator = DocumentGenerator(random: random)
                generator.missingAt = Int.random(in: 0..<generator.countOfValues(of: entry), using: &chance)
                documents.removeLast()
                add(entry, &generator)
            }
        }
        let holders: [EventType] = [
            CaseOpened.type, CustomerEventAnnounced.type, WeeklyReportSubmitted.type, TrainingAssessed.type,
        ]
        for entry in EventCatalogue.entries where holders.contains(entry.data.type) {
            for (shape, texts) in DocumentGenerator.oddTexts {
                for text in texts {
                    var generator = DocumentGenerator(random: SeededRandom(seed: seed))
                    generator.forced = (shape, text)
                    add(entry, &generator)
                }
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
