import Broker
import BrokerTestKit
import Foundation
import Runtime
import Schema
import Stages
import Store
import StoreTestKit
import Synchronization
import Testing

@testable import Operations

/// A file of its own, removed at the end.
private func withFile<Result>(_ bytes: [UInt8], _ body: (String) async throws -> Result) async throws -> Result {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("lines-\(UUID().uuidString)").path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    defer { LedgerFile.remove(path) }
    return try await body(path)
}

@Suite struct `Reading lines` {
    private func read(_ text: String, longest: Int = 100) async throws -> [LineReader.Line] {
        try await withFile(Array(text.utf8)) { path in
            var reader = try LineReader(path: path, longest: longest)
            var lines: [LineReader.Line] = []
            while let line = try reader.next() { lines.append(line) }
            return lines
        }
    }

    private func shown(_ lines: [LineReader.Line]) -> [String] {
        lines.map { "\($0.number) \($0.bytes.map { String(decoding: $0, as: UTF8.self) } ?? "long")" }
    }

    @Test func `passes over blank ones, counts them, and needs no line feed at the end`() async throws {
        #expect(shown(try await read("a\n\n \t\r\nb\r\nc")) == ["1 a", "4 b\r", "5 c"])
        #expect(try await read("").isEmpty)
        #expect(try await read("\n\n").isEmpty)
    }

    @Test func `takes a byte-order mark for no part of the first line`() async throws {
        #expect(shown(try await read("\u{FEFF}a\nb")) == ["1 a", "2 b"])
        #expect(shown(try await read("\u{FEFF}\nb")) == ["2 b"])
        #expect(shown(try await read("a\n\u{FEFF}b")) == ["1 a", "2 \u{FEFF}b"])
    }

    @Test func `keeps no line that is too long, and reads on behind it`() async throws {
        let long = String(repeating: "x", count: 1_000_000)
        let lines = try await read("a\n\(long)\nb\n\(long)", longest: 100)
        #expect(shown(lines) == ["1 a", "2 long", "3 b", "4 long"])
        #expect(lines.map(\.length) == [1, 1_000_000, 1, 1_000_000])
        #expect(lines.map(\.offset) == [0, 2, 1_000_003, 1_000_005])
    }

    @Test func `tells where each line lies, across the pieces that are read`() async throws {
        let texts = (0..<20_000).map { "line \($0) " + String(repeating: "é", count: $0 % 90) }
        try await withFile(Array(("\u{FEFF}" + texts.joined(separator: "\n")).utf8)) { path in
            let file = try RereadableFile(path: path)
            var reader = try file.lines(longest: 1_000)
            var lines: [LineReader.Line] = []
            while let line = try reader.next() { lines.append(line) }
            #expect(lines.map { String(decoding: $0.bytes ?? [], as: UTF8.self) } == texts)
            for line in [lines[0], lines[9_999], lines[19_999]] {
                #expect(try file.bytes(at: line.offset, count: line.length) == line.bytes)
            }
        }
    }

    @Test func `reads what comes through a pipe twice`() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("pipe-\(UUID().uuidString)").path
        try #require(mkfifo(path, 0o600) == 0)
        defer { LedgerFile.remove(path) }
        let writing = Task.detached {
            try FileHandle(forWritingAtPath: path)?.write(contentsOf: Data("a\nb\n".utf8))
        }
        let file = try RereadableFile(path: path)
        try await writing.value
        for _ in 1...2 {
            var reader = try file.lines(longest: 10)
            #expect(try reader.next()?.bytes == Array("a".utf8))
            #expect(try reader.next()?.number == 2)
            #expect(try reader.next() == nil)
        }
    }

    @Test func `refuses a file that has changed since it was read first`() async throws {
        try await withFile(Array("a\n".utf8)) { path in
            let file = try RereadableFile(path: path)
            _ = try file.lines(longest: 10)
            let more = try #require(FileHandle(forWritingAtPath: path))
            try more.seekToEnd()
            try more.write(contentsOf: Data("b\n".utf8))
            let fault = #expect(throws: FileFault.self) { try file.lines(longest: 10) }
            #expect(fault?.description.contains("has changed since it was checked") == true)
            try more.truncate(atOffset: 1)
            #expect(throws: FileFault.self) { try file.bytes(at: 1, count: 1) }
        }
        #expect(throws: FileFault.self) { try RereadableFile(path: "/nowhere/at/all") }
    }
}

/// The memory broker, in which everybody acts at once.
private final class EagerBroker: Broker {
    let memory = MemoryBroker()

    private struct Eager: Publisher {
        let memory: MemoryBroker
        let publisher: any Publisher

        func publish(_ publications: [Publication]) {
            publisher.publish(publications)
            memory.deliverAll()
        }

        func close() {
            publisher.close()
            memory.deliverAll()
        }
    }

    func consume(queue: String, prefetch: Int, sink: @escaping @Sendable (ConsumerEvent) -> Void) -> any Consumer {
        memory.consume(queue: queue, prefetch: prefetch, sink: sink)
    }

    func publisher(sink: @escaping @Sendable (PublisherEvent) -> Void) -> any Publisher {
        defer { memory.deliverAll() }
        return Eager(memory: memory, publisher: memory.publisher(sink: sink))
    }
}

@Suite struct `Publishing a file` {
    private let routes = Routes(Pipeline.stages)
    private let broker = EagerBroker()
    private let control = MemoryControl()
    private let wall = Instant(seconds: 1_800_000_000)
    private struct Stopped: Error {}

    init() throws { try broker.memory.declareNow(Topology.pipeline(Pipeline.stages)) }

    private func line(_ id: String, at time: String = "2026-11-16T12:05:20+08:00") throws -> String {
        let event = Event(
            id: id, source: "t/up", time: try instant(time), data: try Scenario.complaint(id, at: time))
        return String(decoding: event.body(), as: UTF8.self)
    }

    private func check(_ path: String, paced: Bool = false) throws -> (RereadableFile, PublishCheck) {
        let file = try RereadableFile(path: path)
        var check = PublishCheck(routes, isPaced: paced)
        try check.read(file)
        return (file, check)
    }

    private func publish(
        _ path: String, pace: PublishFile.Pace = .asFastAsPossible, clockAt: Instant? = nil,
        confirmed: ([PublishFile.Line]) throws -> Void = { _ in }
    ) async throws -> PublishReport {
        let isPaced = if case .paced = pace { true } else { false }
        let (file, check) = try check(path, paced: isPaced)
        let wall = wall
        if let clockAt { try control.setClock(ControlReading(now: clockAt, phase: .events)) }
        let parts = PublishFile.Parts(
            broker: broker, routes: routes, clock: SteppedClock(control: control), control: control, wall: { wall },
            sleep: { _ in throw Stopped() })
        return try await PublishFile(parts).run(file, check, pace: pace, confirmed: confirmed, progress: { _ in })
    }

    private func ids(_ queue: String) -> [String] {
        broker.memory.contents(of: queue).map { PublishFile.Line($0.body).identity.id ?? "-" }
    }

    /// No JSON, a complaint, a type that nobody knows, an array, a complaint.
    private func broken() throws -> String {
        try ["{not json", line("a"), #"{"type":"no.such.v1"}"#, "[]", line("b"), ""].joined(separator: "\n")
    }

    @Test func `names every faulty line and holds everything back`() async throws {
        try await withFile(Array(broken().utf8)) { path in
            let (_, check) = try check(path)
            #expect(check.lines == 5 && !check.isClean)
            #expect(check.findings.map(\.line) == [1, 3, 4])
            let report = PublishReport(check, isHeldBack: true)
            #expect(report.exitCode == 1)
            #expect(report.text == "published nothing: 3 of 5 lines are faulty; --anyway sends them all the same")
            let lines = report.findingLines(of: "f")
            #expect(lines.first?.hasPrefix("f:1: syntax: at byte 1") == true)
            #expect(lines.contains("f:3: /type unknown-type: not an event type of this contract"))
            #expect(lines.last == "f:4: type: expected object, found array")
        }
    }

    @Test func `sends faulty lines where it is told to, and counts apart what no stage takes`() async throws {
        try await withFile(Array(broken().utf8)) { path in
            let report = try await publish(path)
            #expect((report.published, report.total, report.unrouted, report.returned) == (5, 5, 3, 0))
            #expect(report.text == "published 5 of 5; the 3 faulty ones become dead letters")
            #expect(report.exitCode == 0)
            #expect(ids("recourse.intake") == ["a", "b"])
            #expect(broker.memory.contents(of: "recourse.dead").count == 3)
        }
    }

    @Test func `finds a valid event that no stage takes from upstream`() async throws {
        let event = Event(id: "x", source: "t/up", time: wall, data: CalendarMissing(year: 2027))
        let because = Because(rule: "R35", parameters: [:], facts: [:], policy: "p")
        try await withFile(event.body(because: because)) { path in
            let (_, check) = try check(path)
            #expect((check.refused, check.unrouted) == (0, 1))
            #expect(check.findings.first?.faults.map(\.rule) == ["unroutable"])
        }
    }

    @Test func `warns of members that look like slips, and sends all the same`() async throws {
        let slip = try line("a").replacing(#""storeId""#, with: #""storeID""#)
        try await withFile(Array((slip + "\n" + line("b")).utf8)) { path in
            let (_, check) = try check(path)
            #expect(check.isClean && check.warned == 1)
            let report = try await publish(path)
            #expect(report.published == 2 && report.exitCode == 0)
            #expect(
                report.warningLines(of: "f") == [
                    "f:1: warning: /data/storeID unknown-member: the contract knows no such member and ignores it; did you "
                        + "mean storeId?"
                ])
        }
    }

    @Test func `takes a file with a byte-order mark, and sends none`() async throws {
        let text = try "\u{FEFF}" + [line("a"), line("b")].joined(separator: "\r\n")
        try await withFile(Array(text.utf8)) { path in
            let (_, check) = try check(path)
            #expect(check.isClean && check.lines == 2)
            _ = try await publish(path)
            #expect(ids("recourse.intake") == ["a", "b"])
            let first = try Array((line("a") + "\r").utf8)
            #expect(broker.memory.contents(of: "recourse.intake").first?.body == first)
        }
    }

    @Test func `lists a hundred faulty lines at most, and says how many there are more`() async throws {
        try await withFile(Array(String(repeating: "{\n", count: 250).utf8)) { path in
            let (_, check) = try check(path)
            #expect(check.findings.count == 100)
            let lines = PublishReport(check, isHeldBack: true).findingLines(of: "f")
            #expect(lines.last == "f: 150 more faulty lines")
        }
    }

    @Test func `cannot send a line that no broker takes, and says so`() async throws {
        let long = #"{"id":""# + String(repeating: "x", count: PublishCheck.longest) + #""}"#
        try await withFile(Array((try line("a") + "\n" + long + "\n" + line("b")).utf8)) { path in
            let (_, check) = try check(path)
            #expect(check.findings.map(\.line) == [2] && check.findings.first?.faults.map(\.rule) == ["size"])
            let report = try await publish(path)
            #expect(report.published == 2 && report.exitCode == 1)
            #expect(ids("recourse.intake") == ["a", "b"])
        }
    }

    @Test func `sends by time what is paced, and says that it is done when it is`() async throws {
        let text = try [
            line("late", at: "2026-11-16T12:00:00+08:00"), line("early", at: "2026-11-16T09:00:00+08:00"),
            line("early too", at: "2026-11-16T09:00:00+08:00").replacing("early too", with: "early-2"),
        ].joined(separator: "\n")
        try await withFile(Array(text.utf8)) { path in
            let report = try await publish(path, pace: .paced, clockAt: instant("2026-11-16T12:00:00+08:00"))
            #expect(report.published == 3)
            #expect(ids("recourse.intake") == ["early", "early-2", "late"])
            #expect(try control.participants().map(\.isDone) == [true])
        }
    }

    @Test func `that is paced and fails is not done, and says what it still has`() async throws {
        let next = "2026-11-16T12:00:00+08:00"
        let text = try [line("a", at: "2026-11-16T09:00:00+08:00"), line("b", at: next)].joined(separator: "\n")
        try await withFile(Array(text.utf8)) { path in
            let taken = Mutex<[String]>([])
            await #expect(throws: Stopped.self) {
                _ = try await publish(path, pace: .paced, clockAt: instant("2026-11-16T10:00:00+08:00")) { lines in
                    taken.withLock { $0 += lines.compactMap(\.identity.id) }
                }
            }
            #expect(taken.withLock { $0 } == ["a"])
            let participant = try #require(try control.participants().first)
            #expect(!participant.isDone)
            let due = try instant(next)
            #expect(participant.next == due)
        }
    }
}
