import Foundation
import Policy
import Schema
import Synchronization
import Testing

@testable import Operations

/// A folder of its own, removed at the end.
private func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("import-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer {
        do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
    }
    return try body(folder)
}

private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

@Suite struct `Importing a file` {
    private static let mapping = """
        source: s
        key: [编号]
        events:
          - type: feedback-form.submitted
            data: {serviceId: {column: 编号}, by.id: {constant: p}, by.tier: {constant: hq}, at: {column: 时间}}
        """
    private static let table = "编号,时间\nS-1,2026-03-05\nS-2,2026/3/6\n"

    private func run(
        _ bytes: [UInt8], mapping: String = Self.mapping, _ options: ImportFile.Options = .init()
    ) throws -> (report: ImportReport, events: [[UInt8]]) {
        try withFolder { folder in
            let path = folder.appendingPathComponent("t.csv").path
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let rules = try ImportMapping.read(mapping, name: "m")
            var events: [[UInt8]] = []
            let report = try ImportFile(path: path, rules, mappingName: "m", options).run(
                form: { _ in }, progress: { _, _ in }, { events.append($0) })
            return (report, events)
        }
    }

    @Test func `gives the same events whatever the encoding and the separator`() throws {
        let wide: [UInt8] = Self.table.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let gb: [UInt8] = [0xB1, 0xE0, 0xBA, 0xC5, 0x2C, 0xCA, 0xB1, 0xBC, 0xE4] + Array(Self.table.utf8.dropFirst(13))
        let expected = try run(Array(Self.table.utf8)).events
        #expect(expected.count == 2)
        #expect(try run([0xEF, 0xBB, 0xBF] + Array(Self.table.utf8)).events == expected)
        #expect(try run([0xFF, 0xFE] + wide).events == expected)
        #expect(try run(wide).events == expected)
        let found = try run(gb)
        #expect(found.events == expected && found.report.encoding == .gb18030)
        for (separator, sign) in [(Separator.semicolon, ";"), (.tab, "\t"), (.bar, "|")] {
            let other = try run(Array(Self.table.replacing(",", with: sign).utf8))
            #expect(other.events == expected && other.report.separator == separator)
        }
        #expect(try run(Array(("sep=;\r\n" + Self.table.replacing(",", with: ";")).utf8)).events == expected)
    }

    @Test func `takes what is told instead of what the bytes say`() throws {
        var options = ImportFile.Options()
        options.encoding = .utf16
        let wide: [UInt8] = Self.table.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        #expect(try run(wide, options).report.encoding == .utf16BigEndian)
        options.encoding = .gbk
        // UTF-8 read as GBK has other names of columns.
        #expect(throws: PolicyFaults.self) { try run(Array(Self.table.utf8), options) }
    }

    @Test func `of what is no text, a folder or nothing says so`() throws {
        #expect(throws: FileFault.self) { try run([0x41, 0xFF, 0xFF, 0x0A]) }
        #expect(throws: FileFault.self) { try run([]) }
        // A spreadsheet's own file, and a program.
        #expect(throws: FileFault.self) { try run([0x50, 0x4B, 0x03, 0x04, 0x14, 0x00]) }
        #expect(throws: FileFault.self) { try run([0x7F, 0x45, 0x4C, 0x46, 0xC0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xC0]) }
        let rules = try ImportMapping.read(Self.mapping, name: "m")
        for path in ["/", "/nowhere/t.csv"] {
            #expect(throws: FileFault.self) {
                try ImportFile(path: path, rules, mappingName: "m", .init()).run(
                    form: { _ in }, progress: { _, _ in }, { _ in })
            }
        }
    }

    @Test func `names the columns that there are where the mapping names others`() throws {
        do {
            _ = try run(Array("No,时间\n1,2026-03-05\n".utf8))
            Issue.record("the table fits")
        } catch let faults as PolicyFaults {
            #expect(faults.description.contains("m:2: key names `编号`, which is no column of the table"))
            #expect(faults.description.contains("the header has 2 names: No, 时间"))
        }
        do {
            _ = try run(Array("No,At\n1,2026-03-05\n".utf8))
            Issue.record("the table fits")
        } catch let faults as PolicyFaults {
            let told = "the header has none of the 2 names that m asks for, but: No, At"
            #expect(faults.faults.count == 1 && faults.description.contains(told))
        }
    }

    /// Rows are made while they are read: what is held is a piece, a row and 16 bytes for each id.
    @Test(arguments: [
        (rows: 100_000, isMapped: false), (rows: 10_000, isMapped: true),
    ]) func `of any number of rows holds one`(rows: Int, isMapped: Bool) throws {
        let mapping = try ImportMapping.read(Self.mapping, name: "m")
        let report = ImportReport(
            file: "t", encoding: .init(encoding: .utf8, reason: "told"),
            separator: .init(separator: .comma, reason: "told"), isDryRun: true, takesOthers: false)
        var run = ImportRun(mapping, mappingName: "m", limits: DocumentLimits(), report: report)
        var reader = TableReader(separator: Separator.comma.byte)
        var (read, made, held) = (0, 0, 0)
        func feed(_ text: String) throws {
            try reader.read(text.utf8) { row throws(any Error) in
                read += 1
                if isMapped { try run.take(row) { _ in made += 1 } }
            }
            held = max(held, reader.heldBytes)
        }
        try feed("编号,时间\n")
        for first in stride(from: 0, to: rows, by: 1_000) {
            try feed((first..<first + 1_000).map { "S-\($0),2026-03-05 14:00\n" }.joined())
            try feed("S-\(first),2026-03-05")
            try feed(" 14:00\n")
        }
        #expect(read == 1 + rows + rows / 1_000 && held < 64)
        guard isMapped else { return }
        try run.finish()
        #expect(made == rows && run.report.repeated == rows / 1_000)
        #expect(run.report.examples.count == 3 && run.report.findings.isEmpty)
        #expect(run.heldBytes <= rows * 48)
    }

    @Test func `knows every id again, and no other`() {
        var seen = SeenEvents()
        for number in 0..<20_000 {
            #expect(seen.answer(id: "e-\(number)", body: [1]) == .isNew)
            seen.note(id: "e-\(number)", body: [1], line: number + 2)
        }
        for number in stride(from: 0, to: 20_000, by: 7) {
            #expect(seen.answer(id: "e-\(number)", body: [1]) == .same(line: number + 2))
            #expect(seen.answer(id: "e-\(number)", body: [2]) == .other(line: number + 2))
        }
        #expect(seen.count == 20_000 && seen.size <= 20_000 * 48)
    }

    // MARK: Where events wait

    @Test func `shows a file whole or not at all`() throws {
        try withFolder { folder in
            let path = folder.appendingPathComponent("events.ndjson").path
            try Data("old\n".utf8).write(to: URL(fileURLWithPath: path))
            do {
                let spool = try EventSpool(for: path)
                try spool.append(Array("new".utf8))
            }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "old\n")
            let spool = try EventSpool(for: path)
            try spool.append(Array("a".utf8))
            try spool.append(Array("b".utf8))
            try spool.release { _ in Issue.record("not for standard output") }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "a\nb\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["events.ndjson"])
        }
    }

    @Test func `hands over to standard output at the end`() throws {
        let spool = try EventSpool(for: nil)
        try spool.append(Array("a".utf8))
        var output = Data()
        try spool.release { output += $0 }
        #expect(output == Data("a\n".utf8))
        #expect(throws: FileFault.self) { try EventSpool(for: "/nowhere/events.ndjson") }
    }

    // MARK: The examples

    @Test(arguments: ["deploy/import-example/mapping.yaml", "deploy/cfpb/complaints.yaml"])
    func `has examples without faults`(path: String) throws {
        let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
        _ = try ImportMapping.read(text, name: path)
        #expect(text.hasPrefix("# yaml-language-server: $schema=../../schemas/import/mapping.json\n"))
    }

    @Test(arguments: [
        (
            "deploy/import-example/mapping.yaml", "deploy/import-example/hotline.csv",
            "complaint.received 4, violation.reported 2"
        ),
        ("deploy/cfpb/complaints.yaml", "deploy/cfpb/sample.csv", "complaint.received 398"),
    ])
    func `maps the example tables`(mapping: String, table: String, expected: String) throws {
        let text = try String(contentsOf: root.appending(path: mapping), encoding: .utf8)
        var events = 0
        let report = try ImportFile(
            path: root.appending(path: table).path, try ImportMapping.read(text, name: mapping), mappingName: mapping,
            .init()
        ).run(form: { _ in }, progress: { _, _ in }) { body in
            _ = try Event.read(body)
            events += 1
        }
        #expect(report.findingLines(showsValues: true) == [])
        #expect(report.text.contains(expected))
        #expect(report.total == events)
    }
}
