import Foundation
import Schema
import Testing

@testable import Monitoring

/// Everything that Prometheus' own tool and the files in the tree say of the table.
@Suite struct `The table of metrics` {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Full of values, so that every sample is there.
    private static func figures(_ stage: String) -> Figures {
        var figures = Figures(stage: stage)
        figures.policy = #"2026 "B" \ 1"#
        figures.look = StoreLook(at: 1)
        figures.wait[.stages].add(70_000_000)
        figures.lastLoop = Moment(wall: 1_800_000_000_000_000, uptime: 0)
        return figures
    }

    private static func exposition(_ stage: String) -> String {
        figures(stage).exposition(process: ProcessFigures(), release: "0.3.0")
    }

    @Test func `keeps to Prometheus' names: our prefix, base units, _total for counters alone`() {
        for metric in Metric.all {
            let bare = metric.kind == .counter ? String(metric.name.dropLast("_total".count)) : metric.name
            #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
            #expect(metric.name.hasPrefix("recourse_") || metric.name.hasPrefix("process_"))
            if let unit = metric.unit { #expect(bare.hasSuffix("_" + unit.rawValue), "\(metric.name)") }
            #expect(!metric.help.contains("\n") && !metric.help.contains("|") && !metric.help.hasSuffix("."))
            #expect((metric.scale != nil) == (metric.kind == .histogram))
        }
        #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
    }

    @Test(arguments: StageName.allCases.map(\.rawValue) + [Figures.parking])
    func `is what a worker tells, whole and once`(stage: String) {
        let teller: Metric.Teller = stage == Figures.parking ? .parking : .stages
        let expected = Metric.all.filter { [teller, .everyWorker].contains($0.teller) }.map(\.name)
        let told = Self.exposition(stage).split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
            .map { String($0.split(separator: " ")[2]) }
        #expect(told == expected)
    }

    @Test func `has only labels with a closed set of values, or one value at a time`() throws {
        for line in Self.exposition("intake").split(separator: "\n") where !line.hasPrefix("#") {
            let name = String(line.prefix { $0 != "{" })
            let metric = Metric.all.first {
                [$0.name, $0.name + "_bucket", $0.name + "_sum", $0.name + "_count"].contains(name)
            }
            let labels = try #require(metric, "\(line)").labels
            let pairs = line.drop { $0 != "{" }.dropFirst().prefix { $0 != "}" }.split(separator: ",")
            for pair in pairs {
                let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
                if ["stage", "le"].contains(parts[0]) { continue }
                let label = try #require(labels.first { $0.name == parts[0] }, "\(line)")
                #expect(label.values.isEmpty || label.values.map { "\"\($0)\"" }.contains(parts[1]), "\(line)")
            }
        }
    }

    @Test func `escapes what a policy's version may hold`() {
        #expect(
            Self.exposition("intake").contains(#"recourse_policy_info{stage="intake",version="2026 \"B\" \\ 1"} 1"#))
        #expect(Exposition.escaped("a\nb\u{0}c\u{7F}王") == "a\\nbc王")
    }

    @Test func `counts a histogram's buckets cumulatively, with the sum in seconds`() {
        var histogram = Histogram(.waits)
        for value: Int64 in [1_000, 5_000, 5_001, 20_000_000_000] { histogram.add(value) }
        #expect(histogram.buckets.prefix(2).map(\.count) == [2, 3])
        #expect(histogram.buckets.last?.count == 3, "what is above the last bound is in none")
        #expect(histogram.count == 4 && histogram.sum == 20_000.011001)
    }

    @Test func `has a use for each metric, and each word of ours in a rule or a panel is in it`() throws {
        for metric in Metric.all { #expect(!metric.alerts.isEmpty || !metric.rows.isEmpty, "\(metric.name)") }
        let known = Set(Metric.all.flatMap { [$0.name, $0.name + "_bucket", $0.name + "_sum", $0.name + "_count"] })
        for expression in Alert.all.map(\.expression) + Panel.all.flatMap(\.queries).map(\.expression) {
            for word in expression.matches(of: /\b(recourse|process)_[a-z_]+/) {
                #expect(known.contains(String(word.output.0)), "\(expression)")
            }
        }
        #expect(Set(Alert.all.map(\.name)).count == Alert.all.count)
    }

    @Test func `has codes for the dead letters of stages, parking and broker; all others are one`() {
        for code in ["contract", "content-encoding", "id-reused", "unknown-reference", "delivery_limit", "store-fault"]
        {
            #expect(DeathCode(code: code).text == code)
        }
        #expect(DeathCode(code: "13800138000") == .other && DeathCode(code: "") == .other)
    }

    @Test func `is fresh: the committed page, rules and dashboard are those that it makes`() throws {
        for (path, text) in MonitoringFiles.all {
            let committed = try? String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
            #expect(committed == text, "\(path) differs: .build/debug/recourse metrics export .")
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: promtool), "promtool is not installed"))
    func `passes promtool check metrics, for each kind of worker`() throws {
        for stage in ["intake", Figures.parking] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: promtool)
            process.arguments = ["check", "metrics"]
            let (input, output) = (Pipe(), Pipe())
            process.standardInput = input
            process.standardOutput = output
            process.standardError = output
            try process.run()
            try input.fileHandleForWriting.write(contentsOf: Data(Self.exposition(stage).utf8))
            try input.fileHandleForWriting.close()
            let said = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0 && said.isEmpty, "\(said)")
        }
    }
}

private let promtool = "/usr/bin/promtool"
