import Policy
import Schema
import Stages
import Store
import Testing

@testable import Runtime

@Suite struct BatchProcessorTests {
    private let noon = Instant(seconds: 1_793_592_000)

    private func processor(_ records: [(id: String, wakes: [ProbeRecord.Moment])]) -> BatchProcessor {
        BatchProcessor(
            runner: StageRunner(stage: ProbeStage<FirstProbe>(records: records), policy: ProbePolicy.book),
            worker: "one")
    }

    private func moment(_ order: Int) -> ProbeRecord.Moment { ProbeRecord.Moment(at: noon, order: order) }

    private func timers(_ store: MemoryStore) throws -> [String] {
        try store.readNow { try $0.journal(after: 0, limit: 100, withBodies: false) }.compactMap { entry in
            guard case .timer(let key, _, let order) = entry.input else { return "event" }
            return key.kind == KeptPolicy.kind ? nil : "\(key.id) \(order)"
        }
    }

    @Test func `A lower order comes first, whatever the record, also if a timer of the batch has set it`() throws {
        let processor = processor([("a", [moment(0), moment(1)]), ("b", [moment(2)])])
        let store = MemoryStore()
        let noon = noon
        try store.writeNow { try processor.plant(clock: noon, in: $0) }
        let first = try store.writeNow {
            try processor.processTimers(confirmed: [], clock: noon, limit: 10, in: $0)
        }
        #expect(first.timers == 1 && first.hasMoreTimers)
        let second = try store.writeNow {
            try processor.processTimers(confirmed: [], clock: noon, limit: 10, in: $0)
        }
        #expect(second.timers == 2 && !second.hasMoreTimers)
        #expect(try timers(store) == ["a 0", "a 1", "b 2"])
    }

    @Test func `A timer at fault changes nothing, stays due, and harms no neighbour`() throws {
        let processor = processor([("a", [moment(99)]), ("b", [moment(99 - 1)])])
        let store = MemoryStore()
        let noon = noon
        try store.writeNow { try processor.plant(clock: noon, in: $0) }
        let result = try store.writeNow {
            try processor.processTimers(confirmed: [], clock: noon, limit: 10, in: $0)
        }
        #expect(result.timers == 1 && result.timerFaults.count == 1)
        #expect(try timers(store) == ["b 98"])
        #expect(try store.readNow { try $0.record(ProbeRecord.key("a")) }?.version == 1)
    }

    @Test func `Within one batch the same event is taken once, and its id with another body is told`() throws {
        let processor = processor([])
        let store = MemoryStore()
        let noon = noon
        let inputs = try ["x", "x", "y"].map { caseId in
            let event = Event(
                id: "1", source: "upstream", time: noon,
                data: CaseAccepted(caseId: caseId, by: Person(id: "someone", tier: "hq")))
            return InboundEvent(event: event, body: try event.body())
        }
        let result = try store.writeNow {
            try processor.process(inputs, confirmed: [], clock: noon, in: $0)
        }
        #expect(result.fates == [.applied, .duplicate, .idReused])
        #expect(result.rows.map(\.key) == [OutboxKey(entry: 1, index: 0)])
    }

    @Test func `An event that refers to something unknown waits, and holds its id`() throws {
        let processor = processor([])
        let store = MemoryStore()
        let noon = noon
        let event = Event(
            id: "1", source: "upstream", time: noon,
            data: CaseAccepted(caseId: "needs-x", by: Person(id: "someone", tier: "hq")))
        let input = InboundEvent(event: event, body: try event.body())
        let result = try store.writeNow {
            try processor.process([input, input], confirmed: [], clock: noon, in: $0)
        }
        #expect(result.fates == [.waiting, .duplicate])
        #expect(try timers(store) == [])
        #expect(try store.readNow { try $0.waitingCount().events } == 1)
    }

    @Test func `A record that cannot be read fails the inputs that need it, and no other`() throws {
        let processor = processor([])
        let store = MemoryStore()
        let noon = noon
        try store.writeNow {
            try $0.save([
                StoredRecord(
                    key: ProbeRecord.key("x"), version: 1, wakeAt: nil, wakeOrder: 0, firedAt: nil, firedOutputs: 0,
                    body: Array("[".utf8))
            ])
        }
        let inputs = try ["x", "y"].map { caseId in
            let event = Event(
                id: "about-" + caseId, source: "upstream", time: noon,
                data: CaseAccepted(caseId: caseId, by: Person(id: "someone", tier: "hq")))
            return InboundEvent(event: event, body: try event.body())
        }
        let fates = try store.writeNow {
            try processor.process(inputs, confirmed: [], clock: noon, in: $0)
        }.fates
        guard case .failed = fates.first else {
            Issue.record("expected a failure, found \(fates)")
            return
        }
        #expect(fates.last == .applied)
    }
}
