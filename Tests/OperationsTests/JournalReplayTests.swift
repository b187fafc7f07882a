import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import StoreTestKit
import Testing

@Suite struct `The journal, run again,` {
    private func stage(_ name: StageName) throws -> any Stage {
        try #require(Pipeline.stages.first { type(of: $0).name == name })
    }

    private func replay(_ name: StageName, _ store: any Store) async throws -> JournalReplayReport {
        try await JournalReplay(stage: stage(name)).run(store)
    }

    /// The same content, but for what the closures change.
    private func copy(
        _ store: any Store, of name: StageName, entry: (JournalEntry) -> JournalEntry = { $0 },
        record: (StoredRecord) -> StoredRecord = { $0 }
    ) async throws -> MemoryStore {
        let kinds = try type(of: stage(name)).recordTypes.map { $0.kind } + [KeptPolicy.kind]
        let (entries, records) = try await store.read { snapshot in
            (
                try snapshot.journal(after: 0, limit: 100_000, withBodies: true),
                try kinds.flatMap { try snapshot.records(kind: $0, after: "", limit: 100_000) }
            )
        }
        let (changedEntries, changedRecords) = (entries.map(entry), records.map(record))
        let copy = MemoryStore()
        try await copy.write { transaction in
            _ = try transaction.append(changedEntries, owner: "test")
            try transaction.save(changedRecords)
        }
        return copy
    }

    private func entry(_ entry: JournalEntry, outputs: [JournalOutput]) -> JournalEntry {
        JournalEntry(
            input: entry.input, fate: entry.fate, now: entry.now, isLate: entry.isLate,
            policyVersion: entry.policyVersion, records: entry.records, outputs: outputs)
    }

    @Test(arguments: Pipeline.stages.map { type(of: $0).name })
    func `gives the same records and outputs`(_ name: StageName) async throws {
        let pipeline = try await Scenario.finished()
        let store = try #require(pipeline.stores[name])
        let report = try await replay(name, store)
        #expect(report.isEqual, "\(report.text)")
        let counts = try await store.read { try $0.counts() }
        #expect(report.entries == counts.applied + counts.refused + counts.timers)
        #expect(report.records == counts.records)
        #expect(report.entries > 0)
        #expect(report.exitCode == 0)
    }

    @Test func `shows where an output was changed`() async throws {
        let pipeline = try await Scenario.finished()
        let store = try await copy(
            #require(pipeline.stores[.intake]), of: .intake,
            entry: { entry in
                guard let output = entry.outputs.first, output.type == "case.opened" else { return entry }
                let body = String(decoding: output.body, as: UTF8.self).replacing("\"phones\":1", with: "\"phones\":2")
                let changed = JournalOutput(
                    id: output.id, type: output.type, exchange: output.exchange, routingKey: output.routingKey,
                    correlation: output.correlation, body: Array(body.utf8))
                return self.entry(entry, outputs: [changed])
            })
        let report = try await replay(.intake, store)
        #expect(report.differenceCount == 1)
        #expect(report.differences.first?.entry == 2)
        #expect(report.differences.first?.what == "output 0 (case.opened) differs: /data/cluster/phones")
        #expect(report.exitCode == 1)
    }

    @Test func `shows a record that does not follow from it`() async throws {
        let pipeline = try await Scenario.finished()
        let store = try await copy(
            #require(pipeline.stores[.handling]), of: .handling,
            record: { record in
                guard record.key.kind == "case" else { return record }
                var changed = record
                changed.version += 1
                let body = String(decoding: record.body, as: UTF8.self)
                changed.body = Array(body.replacing("\"closings\":1", with: "\"closings\":2").utf8)
                return changed
            })
        let report = try await replay(.handling, store)
        #expect(report.differences.map(\.what) == ["body differs: /closings", "version 6, from the journal 5"])
        #expect(report.differences.first?.record == "case/\(Scenario.caseId)")
    }

    @Test func `shows an entry that was removed`() async throws {
        let pipeline = try await Scenario.finished()
        let original = try #require(pipeline.stores[.handling])
        let store = MemoryStore()
        let entries = try await original.read { try $0.journal(after: 0, limit: 1_000, withBodies: true) }
        let records = try await original.read { snapshot in
            try ["case", KeptPolicy.kind].flatMap { try snapshot.records(kind: $0, after: "", limit: 1_000) }
        }
        try await store.write { transaction in
            // The policy stays; the first event goes.
            _ = try transaction.append([entries[0]] + entries.dropFirst(2), owner: "test")
            try transaction.save(records)
        }
        let report = try await replay(.handling, store)
        #expect(!report.isEqual)
        #expect(report.differences.first?.what.hasPrefix("refers to something unknown") == true)
    }

    @Test func `decides each entry by the policy that it names`() async throws {
        var pipeline = try await MemoryPipeline()
        try await pipeline.send(
            Scenario.complaint("C1", at: "2026-11-02T10:00:00+08:00"), at: "2026-11-02T10:00:00+08:00")
        // Another term for stores, and a store and an outlet that are new.
        try await pipeline.use(MemoryPipeline.policy(version: "next", storeTermDays: 1, isGrown: true))
        try await pipeline.send(
            Scenario.complaint("C2", at: "2026-11-02T11:00:00+08:00"), at: "2026-11-02T11:00:00+08:00")
        try await pipeline.advance(to: "2026-11-20T00:00:00+08:00")
        for name in Pipeline.stages.map({ type(of: $0).name }) {
            let store = try #require(pipeline.stores[name])
            let report = try await replay(name, store)
            #expect(report.isEqual, "\(report.text)")
            #expect(report.policies == 2)
            #expect(report.records == (try await store.read { try $0.counts() }.records))
        }
        let routing = try await #require(pipeline.stores[.routing]).read {
            try $0.journal(after: 0, limit: 100, withBodies: true)
        }
        #expect(Set(routing.map(\.policyVersion)) == ["test", "next"])
        let terms = routing.flatMap(\.outputs).filter { $0.type == "case.escalated" }.count
        #expect(terms >= 2)
    }

    @Test func `is not replayable where the store keeps no files of a policy`() async throws {
        let pipeline = try await Scenario.finished()
        let original = try #require(pipeline.stores[.routing])
        let store = MemoryStore()
        let entries = try await original.read { try $0.journal(after: 0, limit: 1_000, withBodies: true) }
        try await store.write { _ = try $0.append(entries, owner: "test") }
        let report = try await replay(.routing, store)
        #expect(
            report.notReplayable == "entry 1 was decided under policy test, of which the store keeps no files")
        #expect(report.exitCode == 1)
        #expect(report.differenceCount == 0)
    }

    @Test func `takes the clock of a refusal from the refusal`() async throws {
        var pipeline = try await MemoryPipeline()
        let ahead = try Scenario.complaint("C1", at: "2026-11-05T10:00:00+08:00")
        try await pipeline.send(ahead, at: "2026-11-02T10:00:00+08:00")
        let store = try #require(pipeline.stores[.intake])
        #expect(try await store.read { try $0.counts() }.refused == 1)
        // The refusal is told at the clock's time: at that of the event it would itself lie ahead, and be refused on.
        let journal = try await store.read { try $0.journal(after: 0, limit: 10, withBodies: true) }
        let entry = try #require(journal.first { $0.fate == .refused })
        let noon = try instant("2026-11-02T10:00:00+08:00")
        #expect(entry.now == noon)
        #expect(try Event.read(try #require(entry.outputs.first).body).time == noon)
        let report = try await replay(.intake, store)
        #expect(report.isEqual, "\(report.text)")
    }

    @Test func `is the same where an older release has held a timer back`() async throws {
        let policy = try MemoryPipeline.policy()
        let processor = BatchProcessor(
            runner: StageRunner(stage: try stage(.handling), policy: policy), worker: "test")
        let time = "2026-11-02T10:00:00+08:00"
        let at = try instant(time)
        let opened = Event(
            id: "1", source: "recourse/intake", time: at,
            data: CaseOpened(
                caseId: Scenario.caseId, complaintId: "C1", openedAt: at,
                complaint: try Scenario.complaint("C1", at: time), cluster: .init(phones: 1, major: false)))
        let because = Because(rule: "R02", parameters: [:], facts: [:], policy: "test")
        let requested = Event(
            id: "2", source: "upstream", time: at,
            data: CompensationRequested(
                requestId: "Q1", caseId: Scenario.caseId, amountFen: 100, cause: .manufacturer, by: Scenario.by))
        let inputs = [
            InboundEvent(event: opened, body: opened.body(because: because)),
            InboundEvent(event: requested, body: requested.body()),
        ]
        let store = MemoryStore()
        let clock = at.adding(minutes: 1)
        try await store.write { try processor.plant(clock: at, in: $0) }
        try await store.write { _ = try processor.process(inputs, confirmed: [], clock: clock, in: $0) }
        let key = AdvanceRequest.key("Q1")
        try await store.write { (store) throws in
            guard var held = try store.load([key])[key] else { return }
            held.wakeAt = clock.adding(seconds: 5)
            try store.save([held])
        }
        #expect(try await store.read { try $0.nextWake() } == clock.adding(seconds: 5))
        let report = try await replay(.handling, store)
        #expect(report.isEqual, "\(report.text)")
        #expect(report.inputs == 2)
    }
}
