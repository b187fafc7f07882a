import Foundation
import Policy
import Schema
import Testing
import Yams

private let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
/// The Python that has `jsonschema`; Debian: python3-jsonschema.
private let interpreter = ProcessInfo.processInfo.environment["RECOURSE_TEST_PYTHON"]
private let isRequired = ProcessInfo.processInfo.environment["CI"] == "true"

@Suite(.serialized) struct `The schemas of the policy folder` {
    /// With RECOURSE_WRITE_SCHEMAS=1 the files are written instead.
    @Test func `are fresh: the committed files are those that the readers make`() throws {
        let folder = root.appending(path: "schemas")
        for file in PolicySchemas.all() {
            let url = folder.appending(path: file.path)
            if ProcessInfo.processInfo.environment["RECOURSE_WRITE_SCHEMAS"] == "1" {
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(file.text.utf8).write(to: url)
            }
            let committed = try? Data(contentsOf: url)
            #expect(
                committed == Data(file.text.utf8),
                "schemas/\(file.path) differs; run the tests with RECOURSE_WRITE_SCHEMAS=1 and look at the change")
        }
    }

    @Test func `are named by the shipped files`() throws {
        for name in ["policy", "organisation"] {
            let text = try shipped("\(name).yaml")
            #expect(text.hasPrefix("# yaml-language-server: $schema=../../schemas/policy/\(name).json\n"))
        }
    }

    /// Where the reader knows the rule of a number, the comment beside the number names it too.
    @Test func `agree with the comments of the shipped policy about the rule of every number`() throws {
        let lines = try shipped("policy.yaml").split(separator: "\n").map(String.init)
        var compared = 0
        for (key, about) in try rulesOfNumbers() {
            let line = try #require(lines.first { $0.hasPrefix("  \(key):") }, "\(key) is not in policy.yaml")
            let comment = line.split(separator: "#", maxSplits: 1).dropFirst().first.map(String.init) ?? ""
            for rule in rules(in: about) {
                #expect(comment.contains(rule), "\(key): \(rule) is missing in: \(line)")
                compared += 1
            }
        }
        #expect(compared > 40)
    }

    private func shipped(_ name: String) throws -> String {
        try String(contentsOf: root.appending(path: "deploy/policy/\(name)"), encoding: .utf8)
    }

    private func rules(in about: String) -> [String] {
        about.prefix { $0 != ":" }.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { $0.count == 3 && $0.hasPrefix("R") }
    }

    private func rulesOfNumbers() throws -> [(key: String, about: String)] {
        let text = try #require(PolicySchemas.all().first { $0.path == "policy/policy.json" }?.text)
        let sections = try JSON(parsing: Array(text.utf8))["properties"]?.members ?? []
        return sections.flatMap { section in
            (section.value["properties"]?.members ?? []).compactMap { member in
                guard member.value["type"] == "integer", let about = member.value["description"]?.string,
                    !about.hasPrefix("Another name")
                else { return nil }
                return (member.name, about)
            }
        }
    }
}

@Suite(
    .enabled(
        if: interpreter != nil || isRequired,
        "set RECOURSE_TEST_PYTHON to a Python with jsonschema to compare with an independent validator"),
    .timeLimit(.minutes(10)))
struct `An independent validator of the policy folder` {
    private struct Sample {
        let schema: String
        let text: String
        /// nil: by its schema good, though the checker refuses it for what a schema cannot say.
        let isGood: Bool?
    }

    private static let policies: [(String, Bool?)] = [
        ("version: 1", true), ("version: \"2026-11\"\nrules: {R04: off, R04-cluster: on, R10: false}", true),
        ("version: 1\nintake:\n  duplicateWindow: 3", true), ("version: 1\nintake:", true),
        ("version: 1\nladders: {monthly: [{rung: warning, from: 2}, {rung: withdrawal, from: 8}]}", true),
        (
            "version: 1\npenalty: {ladders: {cumulative: [{rung: warning, from: 1, to: 9}, {rung: withdrawal, from: 10}]}}",
            true
        ),
        ("{}", false), ("version: ''", false), ("version: [1]", false), ("version: 1\nrules: {R99: off}", false),
        ("version: 1\nrules: {R04: never}", false), ("version: 1\ntime: {workingDayEndHour: 25}", false),
        ("version: 1\ntime: {workingDayEndHour: 0}", false), ("version: 1\ntime: {workingDayEndHour: '18'}", false),
        ("version: 1\nrouting: {storeTermDays: 2.5}", false), ("version: 1\nrouting: {storeTermDay: 2}", false),
        ("version: 1\nrouting: [1]", false), ("version: 1\npenalty: {strictConsecutive: 1}", false),
        ("version: 1\nladders: {monthly: []}", false), ("version: 1\nladders: {monthly: [{from: 2}]}", false),
        ("version: 1\nladders: {monthly: [{rung: fine, from: 2}]}", false),
        ("version: 1\nladders: {monthly: [{rung: warning}]}", false), ("version: 1\nstranger: 1", false),
        ("version: 1\nhandling: {storeCapFen: 9, regionCapFen: 8}", nil),
        ("version: 1\nladders: {monthly: [{rung: warning, from: 2, to: 2}, {rung: withdrawal, from: 4}]}", nil),
        ("version: 1\nreports: {surveyWeights: {empathy: 99}}", nil),
    ]

    private static let organisations: [(String, Bool?)] = [
        ("hq: {duty: a}", true), ("hq: {duty: 17, people: [a, 18]}", true),
        (
            "since: 2026-01-01\nhq: {duty: a}\nregions: [{id: R, duty: b}]\nstores: [{id: S, region: R, manager: m}]",
            true
        ),
        ("hq: {duty: a}\nbusiness:\nregions:\nmanufacturers: [{id: M, brands: [A B, 美的]}]", true),
        ("hq: {duty: a}\nabsences: [{person: a, from: 2026-01-01T00:00:00+08:00, to: 2026-01-02T00:00:00Z}]", true),
        (
            "hq: {duty: a}\nregions: [{id: R, duty: b}]\nstores: [{id: S, region: R, since: 2026-01-01, "
                + "categorySupervisors: {air con: p}}]", true
        ),
        ("{}", false), ("hq: {people: [a]}", false), ("hq: {duty: a b}", false), ("hq: {duty: -1}", false),
        ("hq: {duty: a, people: [a, a]}", false), ("hq: {duty: a, people: a}", false),
        ("hq: {duty: a}\nsince: 2026-13-01", false), ("hq: {duty: a}\nregions: [{duty: b}]", false),
        ("hq: {duty: a}\nregions: [{id: R, duty: b, chief: c}]", false), ("hq: {duty: a}\nregions: {R: b}", false),
        ("hq: {duty: a}\nabsences: [{person: a, from: 2026-01-01, to: 2026-01-02T00:00:00Z}]", false),
        ("hq: {duty: a}\nstores: [{id: S, region: R, since: 2026-01-01}]", nil),
        ("hq: {duty: a}\nsince: 2026-02-30", nil),
        ("hq: {duty: a}\nregions: [{id: R, duty: b}, {id: R, duty: c}]", nil),
    ]

    @Test func `accepts by the schemas what the checker accepts, and refuses what it refuses key by key`() throws {
        let python = try #require(interpreter, "CI must set RECOURSE_TEST_PYTHON to a Python with jsonschema")
        var samples = Self.policies.map { Sample(schema: "policy/policy.json", text: $0.0, isGood: $0.1) }
        samples += Self.organisations.map { Sample(schema: "policy/organisation.json", text: $0.0, isGood: $0.1) }
        for name in ["policy", "organisation"] {
            let text = try String(contentsOf: root.appending(path: "deploy/policy/\(name).yaml"), encoding: .utf8)
            samples.append(Sample(schema: "policy/\(name).json", text: text, isGood: true))
        }
        let verdicts = try ask(python, about: samples)
        try #require(verdicts.count == samples.count)
        for (sample, verdict) in zip(samples, verdicts) {
            let own = check(sample)
            #expect(own.isEmpty == (sample.isGood == true), "\(sample.text): \(own)")
            #expect((verdict == "valid") == (sample.isGood ?? true), "\(sample.text): \(verdict)")
        }
    }

    private func check(_ sample: Sample) -> [PolicyFault] {
        let isPolicy = sample.schema == "policy/policy.json"
        let files = PolicyFiles(
            policy: isPolicy ? sample.text : "version: 1", organisation: isPolicy ? "hq: {duty: a}" : sample.text,
            calendar: "date,kind")
        switch PolicyBook.load(files, currentYear: nil) {
        case .success: return []
        case .failure(let found): return found.faults
        }
    }

    /// One verdict per sample, by one process that reads all of them.
    private func ask(_ python: String, about samples: [Sample]) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "recourse-policy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let lines = try samples.map { sample -> String in
            let node = try #require(try compose(yaml: sample.text, .basic))
            let line: JSON = [
                "schema": .string(root.appending(path: "schemas/\(sample.schema)").path), "document": json(node),
            ]
            return String(decoding: line.serialized, as: UTF8.self) + "\n"
        }
        let (input, output) = (folder.appending(path: "in"), folder.appending(path: "out"))
        try Data(lines.joined().utf8).write(to: input)
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["-c", Self.script]
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: try Data(contentsOf: output), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static let script = """
        import json, sys
        from jsonschema import Draft202012Validator
        for line in sys.stdin:
            request = json.loads(line)
            schema = json.load(open(request["schema"], encoding="utf-8"))
            Draft202012Validator.check_schema(schema)
            error = next(Draft202012Validator(schema).iter_errors(request["document"]), None)
            print("valid" if error is None else f"{error.validator} at {error.json_path}")
        """

    /// As an editor that goes by YAML 1.2 sees it: `off` is a text there, `true` is not.
    private func json(_ node: Node) -> JSON {
        switch node {
        case .mapping(let mapping):
            return .object(mapping.map { JSON.Member($0.key.string ?? "", json($0.value)) })
        case .sequence(let sequence): return .array(sequence.map(json))
        case .scalar(let scalar):
            guard scalar.style == .plain else { return .string(scalar.string) }
            switch scalar.string {
            case "", "~", "null": return .null
            case "true": return true
            case "false": return false
            default: break
            }
            if let number = Int64(scalar.string) { return .int(number) }
            if let number = Double(scalar.string) { return .double(number) }
            return .string(scalar.string)
        case .alias: return .null
        }
    }
}
