import Policy
import Schema
import Stages
import Store
import StoreTestKit
import Testing

@testable import Runtime

@Suite struct `A policy in use` {
    private let noon = Instant(seconds: 1_793_592_000)

    private func policy(_ version: String, duty: String = "p-duty") throws -> PolicyBook {
        let files = PolicyFiles(
            policy: "version: \(version)", organisation: "hq: {duty: \(duty)}",
            calendar: "date,kind\n2026-01-01,holiday_weekday")
        return try PolicyBook.load(files, currentYear: nil).get()
    }

    private func processor(_ policy: PolicyBook, seeds: [String]) -> BatchProcessor {
        BatchProcessor(
            runner: StageRunner(stage: ProbeStage<FirstProbe>(records: seeds.map { ($0, []) }), policy: policy),
            worker: "one")
    }

    private func plant(_ processor: BatchProcessor, in store: MemoryStore, at instant: Instant) throws {
        try store.writeNow { try processor.plant(clock: instant, in: $0) }
    }

    @Test func `is kept with its files, once, and noted in the journal with what it brings`() throws {
        let store = MemoryStore()
        let first = try processor(policy("1"), seeds: ["a"])
        try plant(first, in: store, at: noon)
        try plant(first, in: store, at: noon.adding(hours: 1))
        let second = try processor(policy("2"), seeds: ["a", "b"])
        try plant(second, in: store, at: noon.adding(hours: 2))

        let entries = try store.readNow { try $0.journal(after: 0, limit: 10, withBodies: true) }
        #expect(entries.map(\.policyVersion) == ["1", "2"])
        #expect(
            entries.map(\.records) == [
                [KeptPolicy.key("1"), ProbeRecord.key("a")], [KeptPolicy.key("2"), ProbeRecord.key("b")],
            ])
        #expect(entries.map(\.now) == [noon, noon.adding(hours: 2)])
        let kept = try store.readNow { try KeptPolicy.all(in: $0) }
        #expect(kept.map(\.version) == ["1", "2"])
        #expect(try kept[0].policy.book(version: "1").organisation.hq.duty == "p-duty")
    }

    @Test func `stands for its files: the same version with others is refused and changes nothing`() throws {
        let store = MemoryStore()
        try plant(processor(policy("1"), seeds: []), in: store, at: noon)
        let other = try policy("1", duty: "p-other")
        #expect(throws: PolicyReuse(version: "1")) {
            try store.readNow { try KeptPolicy.isKept(other, in: $0) }
        }
        let processor = processor(other, seeds: ["a"])
        let failure = try #require(throws: StoreFailure.self) { try plant(processor, in: store, at: noon) }
        #expect(failure.kind == .unavailable)
        #expect(failure.cause.contains("policy version 1 has been in use with other files"))
        #expect(try store.readNow { try $0.record(ProbeRecord.key("a")) } == nil)
    }

    @Test func `is changed by a worker between two batches, or stays if the new one cannot be taken`() async throws {
        let broker = PumpedBroker()
        let store = MemoryStore()
        let worker = WorkerScene.worker(broker, MemoryStore(sharing: store))
        let (second, disguised) = (try policy("2"), try policy("2", duty: "p-other"))
        try await worker.use(second)
        #expect(worker.policyVersion == "2")
        await #expect(throws: PolicyReuse(version: "2")) { try await worker.use(disguised) }
        #expect(worker.policyVersion == "2")
        try await worker.use(policy("3"))
        let versions = try store.readNow { try $0.journal(after: 0, limit: 10, withBodies: false) }.map(\.policyVersion)
        #expect(versions == ["2", "3"])
        broker.end()
    }
}
