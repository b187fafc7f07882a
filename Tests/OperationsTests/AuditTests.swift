import Broker
import Foundation
import Operations
import Runtime
import Schema
import Stages
import Store
import Synchronization
import Testing

private final class Counter: Sendable {
    private let value = Mutex(0)
    var count: Int { value.withLock { $0 } }
    func add() { value.withLock { $0 += 1 } }
}

@Suite struct `The audit` {
    private func audit(
        _ pipeline: MemoryPipeline, ledger: [Event]? = nil, waiting: [String: Int]? = [:]
    ) async throws -> AuditReport {
        let depth: (@Sendable (String) async -> Int?)? = waiting.map { known in
            { @Sendable queue in known[queue] ?? 0 }
        }
        let audit = Audit(
            .init(
                stores: pipeline.anyStores, deadLetters: pipeline.deadLetters, routes: pipeline.routes,
                queueDepth: depth))
        guard let ledger else { return try await audit.run() }
        let file = try LedgerFile(ledger)
        defer { file.remove() }
        return try await audit.run(published: LedgerReader(path: file.path))
    }

    @Test func `holds when every event has its one fate`() async throws {
        let pipeline = try await Scenario.finished()
        let report = try await audit(pipeline, ledger: pipeline.published)
        #expect(report.ok, "\(report.text)")
        #expect(report.exitCode == 0)
        let lost = try #require(report.check("nothing lost"))
        // The acceptance of an unknown case is dead at routing and at handling.
        #expect(lost["dead"] == 2)
        #expect(lost["missing"] == 0)
        let taken = lost["taken"] ?? 0
        #expect(taken > pipeline.published.count)
        #expect(lost["expected"] == taken + 2)
        let handling = try #require(report.stages.first { $0.stage == .handling })
        #expect(handling.deadOpen == 1)
        #expect(handling.expected == handling.taken + handling.dead)
        let intake = try #require(report.stages.first { $0.stage == .intake })
        #expect(intake.refused == 1)
        #expect(report.text.hasSuffix("Everything adds up."))
        #expect(try report.json().hasPrefix(#"{"ok":true,"atRest":true,"queuesSeen":true,"stages":[{"stage":"intake""#))
    }

    @Test func `names a timer that cannot act, whatever the clock`() async throws {
        let pipeline = try await Scenario.finished()
        let store = try #require(pipeline.stores[.handling])
        let until = pipeline.now.adding(minutes: 1)
        let key = try await store.write { transaction in
            var record = try #require(try transaction.records(kind: CaseFile.kind, after: "", limit: 1).first)
            record.version += 1
            record.wakeAt = until
            try transaction.save([record])
            let aside = TimerAside(
                key: record.key, version: record.version, until: until, cause: "it is damaged")
            try transaction.putAside([aside])
            return record.key
        }
        let report = try await audit(pipeline, ledger: pipeline.published)
        #expect(report.exitCode == 1 && report.check("timers able")?["unable"] == 1)
        #expect(report.check("timers able")?.examples == ["handling: \(key): it is damaged"])
    }

    @Test func `names the event that a stage never got`() async throws {
        var pipeline = try await MemoryPipeline()
        pipeline.loses = { stage, event in stage == .handling && event.type == ContactRecorded.type }
        try await Scenario.run(&pipeline)
        let report = try await audit(pipeline, ledger: pipeline.published)
        #expect(!report.ok)
        #expect(report.exitCode == 1)
        let lost = try #require(report.check("nothing lost"))
        #expect(lost["missing"] == 1)
        #expect(lost.examples == ["handling: contact.recorded upstream E3: not taken"])
        #expect(report.stages.map(\.missing) == [0, 0, 1, 0, 0, 0])
    }

    @Test func `finds a lost message between stages without a ledger`() async throws {
        var pipeline = try await MemoryPipeline()
        pipeline.loses = { stage, event in stage == .callback && event.type == CaseClosed.type }
        try await Scenario.run(&pipeline)
        let lost = try #require(try await audit(pipeline).check("nothing lost"))
        #expect(lost["missing"] == 1)
        #expect(lost.examples.first?.hasPrefix("callback: case.closed recourse/handling") == true)
    }

    @Test func `calls what waits in an outbox in flight`() async throws {
        var pipeline = try await MemoryPipeline()
        pipeline.holdsBack = { $0.type == CaseClosed.type.rawValue }
        try await Scenario.run(&pipeline)
        let report = try await audit(pipeline, ledger: pipeline.published)
        #expect(!report.ok)
        #expect(!report.atRest)
        let takers = pipeline.routes.takers(fromEvents: CaseClosed.type).count
        #expect(report.check("nothing lost")?["inFlight"] == takers)
        #expect(report.check("nothing lost")?["missing"] == 0)
        #expect(report.check("at rest")?.examples == ["outbox of handling: 1 outputs not yet confirmed"])
        #expect(report.text.hasSuffix("Not at rest: try again when it is."))
        #expect(report.answer == .notAtRest && report.exitCode == 75)
    }

    @Test func `is not at rest while a queue holds messages`() async throws {
        let pipeline = try await Scenario.finished()
        let report = try await audit(pipeline, waiting: ["recourse.routing.delay.5s": 1])
        #expect(!report.ok)
        #expect(report.check("at rest")?.examples == ["queues of routing: 1 messages wait"])
    }

    @Test func `says when the queues could not be seen`() async throws {
        let report = try await audit(try await Scenario.finished(), waiting: nil)
        #expect(!report.ok && !report.queuesSeen)
        #expect(report.answer == .unseen && report.exitCode == 69)
        #expect(report.text.contains("RECOURSE_AMQP_URL is not given"))
        #expect(report.stages.allSatisfy { $0.waiting == nil })
    }

    @Test func `asks a dead broker once, and says that it could not see`() async throws {
        let pipeline = try await Scenario.finished()
        let asked = Counter()
        let audit = Audit(
            .init(
                stores: pipeline.anyStores, deadLetters: pipeline.deadLetters, routes: pipeline.routes,
                queueDepth: { _ in
                    asked.add()
                    throw BrokerFailure(.connection, operation: "connect to localhost:5672", cause: "refused")
                }))
        let report = try await audit.run()
        // Before it reads the journals, and after.
        #expect(asked.count == 2)
        #expect(report.answer == .unseen && report.exitCode == 69)
        #expect(report.unseen == ["what waits in the broker: connect to localhost:5672: refused"])
    }

    @Test func `what is missing may lie in a queue that could not be seen; what is wrong is wrong`() async throws {
        var pipeline = try await MemoryPipeline()
        pipeline.loses = { stage, event in stage == .handling && event.type == ContactRecorded.type }
        try await Scenario.run(&pipeline)
        let report = try await audit(pipeline, ledger: pipeline.published, waiting: nil)
        #expect(report.answer == .unseen)
        #expect(report.check("nothing lost")?["inFlight"] == 1)
    }

    @Test func `finds an event that its stage never emitted`() async throws {
        var pipeline = try await Scenario.finished()
        let forged = Event(
            id: "forged-1", source: "recourse/handling", time: pipeline.now,
            data: CaseReopened(caseId: Scenario.caseId, complaintId: "C1", tier: .store))
        let because = Because(rule: "R36", parameters: [:], facts: [:], policy: "test")
        try await pipeline.deliver(forged.body(because: because), to: .intake)
        let report = try await audit(pipeline)
        #expect(!report.ok)
        #expect(report.check("known origin")?["unknown"] == 1)
        #expect(
            report.check("known origin")?.examples
                == ["intake: case.reopened forged-1: recourse/handling has not emitted it"])
    }

    @Test func `wants what no stage takes among the dead letters`() async throws {
        var pipeline = try await Scenario.finished()
        let stray = Event(id: "stray-1", source: "upstream", time: pipeline.now, data: CalendarMissing(year: 2030))
        let without = try await audit(pipeline, ledger: pipeline.published + [stray])
        #expect(without.check("nothing lost")?["missing"] == 1)
        try await pipeline.park(
            stray, body: stray.body(), queue: QueueName.dead, class: "unroutable", code: "unroutable")
        let with = try await audit(pipeline, ledger: pipeline.published + [stray])
        #expect(with.ok, "\(with.text)")
        #expect(with.check("nothing lost")?["dead"] == 3)
    }

    @Test func `counts a discarded letter as dead, and one of another queue not at all`() async throws {
        var pipeline = try await MemoryPipeline()
        pipeline.loses = { _, event in event.type == ContactRecorded.type }
        try await Scenario.run(&pipeline)
        let contact = pipeline.published[2]
        let row = try await pipeline.park(contact, body: contact.body(), queue: "recourse.routing", code: "stage-fault")
        _ = try await pipeline.deadLetters.mark([DeadLetterMark(id: row, version: 1, state: .discarded, note: "test")])
        try await pipeline.park(contact, body: contact.body(), queue: "recourse.penalty", code: "stage-fault")
        let lost = try #require(try await audit(pipeline, ledger: pipeline.published).check("nothing lost"))
        #expect(lost["discarded"] == 1)
        #expect(lost.examples == ["handling", "reports"].map { "\($0): contact.recorded upstream E3: not taken" })
    }

    @Test func `reads a ledger as publish writes it`() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("ledger-\(UUID().uuidString)").path
        let lines = """
            {"source":"a","id":"1","type":"complaint.received.v1","confirmed":true}

            {"source":"a","id":"2","type":"case.accepted","confirmed":false}
            {"source":null,"id":null,"type":null,"confirmed":true}
            """
        try lines.write(toFile: path, atomically: true, encoding: .utf8)
        defer { LedgerFile.remove(path) }
        var reader = try LedgerReader(path: path)
        let read = try reader.next(limit: 2) + reader.next(limit: 2)
        #expect(read.map(\.event) == [EventKey(source: "a", id: "1"), EventKey(source: "a", id: "2"), nil])
        #expect(read.map(\.type) == ["complaint.received", "case.accepted", ""])
        #expect(read.map(\.isConfirmed) == [true, false, true])
        try "{}\n{broken".write(toFile: path, atomically: true, encoding: .utf8)
        var broken = try LedgerReader(path: path)
        #expect { try broken.next(limit: 10) } throws: { "\($0)".contains("line 2") }
    }

    @Test func `sums up what has happened`() async throws {
        let pipeline = try await Scenario.finished()
        let file = try LedgerFile(pipeline.published)
        defer { file.remove() }
        let summary = try await Summary.make(
            stores: pipeline.anyStores, deadLetters: pipeline.deadLetters,
            published: LedgerReader(path: file.path), audit: audit(pipeline))
        #expect(summary["published", "confirmed"] == pipeline.published.count)
        #expect(summary["complaints", "received"] == 1)
        #expect(summary["complaints", "cases opened"] == 1)
        #expect(summary["cases", "first assigned to store"] == 1)
        #expect(summary["cases", "first assigned to hq"] == 0)
        #expect(summary["cases", "closed"] == 1)
        #expect(summary["callbacks", "satisfied"] == 1)
        #expect(summary["rejected by a rule", "id-taken"] == 1)
        #expect(summary["dead letters", "open"] == 2)
        #expect(summary.auditOk == true)
        #expect(summary.audit == .addsUp && summary.text.contains("adds up"))
    }
}

/// A ledger of these events in a file of its own.
struct LedgerFile {
    let path: String

    init(_ events: [Event]) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("ledger-\(UUID().uuidString)").path
        let lines = events.map { event in
            #"{"source":"\#(event.source)","id":"\#(event.id)","type":"\#(event.type.wireName)","confirmed":true}"#
        }
        try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }

    func remove() { LedgerFile.remove(path) }

    static func remove(_ path: String) {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record("remove \(path): \(error)")
        }
    }
}
