import Policy
import Schema
import Stages
import Store
import StoreTestKit
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
            try processor.processTimers(confirmed: [], marks: Marks(atRest: noon), wall: noon, limit: 10, in: $0)
        }
        #expect(first.timers == 1 && first.hasMoreTimers)
        let second = try store.writeNow {
            try processor.processTimers(confirmed: [], marks: Marks(atRest: noon), wall: noon, limit: 10, in: $0)
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
            try processor.processTimers(confirmed: [], marks: Marks(atRest: noon), wall: noon, limit: 10, in: $0)
        }
        #expect(result.timers == 1 && result.timerFaults.count == 1)
        #expect(try timers(store) == ["b 98"])
        #expect(try store.readNow { try $0.record(ProbeRecord.key("a")) }?.version == 1)
    }

    /// Records whose timers are due; those that are named broken cannot be read.
    private func store(due ids: [String], broken: Set<String> = []) throws -> MemoryStore {
        let store = MemoryStore()
        let (noon, whole) = (noon, try JSONEncoding.bytes(of: ProbeRecord(wakes: [moment(0)])))
        try store.writeNow {
            try $0.save(
                ids.map { id in
                    StoredRecord(
                        key: ProbeRecord.key(id), version: 1, wakeAt: noon, wakeOrder: 0, firedAt: nil, firedOutputs: 0,
                        body: broken.contains(id) ? Array("[".utf8) : whole)
                })
        }
        return store
    }

    private func runTimers(_ store: MemoryStore, wall: Instant, limit: Int = 10) throws -> BatchResult {
        let (processor, noon) = (processor([]), noon)
        return try store.writeNow {
            try processor.processTimers(confirmed: [], marks: Marks(atRest: noon), wall: wall, limit: limit, in: $0)
        }
    }

    @Test func `However many timers cannot act, the others do, and each of those is tried again in a minute`() throws {
        let broken = (1...25).map { "a\($0)" }
        let store = try store(due: broken + ["b", "c"], broken: Set(broken))
        var acted = 0
        for _ in 1...3 { acted += try runTimers(store, wall: noon).timers }
        #expect(acted == 2)
        #expect(try timers(store) == ["b 0", "c 0"])
        let aside = try store.readNow { try $0.timersAside(limit: 2) }
        #expect(aside.count == 25 && aside.first.map(\.until) == [noon.adding(seconds: 60), noon.adding(seconds: 60)])
        // They are still due, and the audit sees them so.
        #expect(try store.readNow { try $0.nextWake() } == noon)
        let noon = noon
        #expect(try store.readNow { try $0.nextWake(wall: noon.adding(seconds: 59)) } == nil)
        #expect(try runTimers(store, wall: noon.adding(seconds: 59), limit: 99).timerFaults.isEmpty)
        #expect(try runTimers(store, wall: noon.adding(seconds: 60), limit: 99).timerFaults.count == 25)
    }

    @Test func `A record that is mended acts when its timer is tried again`() throws {
        let store = try store(due: ["a"], broken: ["a"])
        #expect(try runTimers(store, wall: noon).timerFaults.count == 1)
        let (noon, whole) = (noon, try JSONEncoding.bytes(of: ProbeRecord(wakes: [moment(0)])))
        try store.writeNow { (store) throws in
            guard var record = try store.record(ProbeRecord.key("a")) else { return }
            record.body = whole
            try store.save([record])
        }
        #expect(try runTimers(store, wall: noon).timers == 0)
        #expect(try runTimers(store, wall: noon.adding(seconds: 60)).timers == 1)
        #expect(try store.readNow { try $0.timersAside(limit: 9) }.count == 0)
    }

    @Test func `A record whose wake has gone is not due for ever, one whose wake has moved is due then`() throws {
        let store = try store(due: ["gone", "later"])
        let (noon, later) = (noon, noon.adding(days: 1))
        let bodies = try [
            ProbeRecord(wakes: []), ProbeRecord(wakes: [ProbeRecord.Moment(at: later, order: 3)]),
        ].map { try JSONEncoding.bytes(of: $0) }
        try store.writeNow { (store) throws in
            for (id, body) in zip(["gone", "later"], bodies) {
                guard var record = try store.record(ProbeRecord.key(id)) else { continue }
                record.body = body
                try store.save([record])
            }
        }
        let result = try runTimers(store, wall: noon)
        #expect(result.timers == 0 && result.timerFaults.isEmpty)
        #expect(try store.readNow { try $0.nextWake() } == later)
        #expect(try store.readNow { try $0.record(ProbeRecord.key("gone")) }?.wakeAt == nil)
        #expect(try store.readNow { try $0.record(ProbeRecord.key("later")) }?.wakeOrder == 3)
    }

    @Test func `One timer at a time tells the next, and may be put aside by itself`() throws {
        let store = try store(due: ["a", "b"])
        let (processor, noon) = (processor([]), noon)
        func step(_ step: TimerStep) throws -> BatchResult {
            try store.writeNow {
                try processor.processTimer(step, confirmed: [], marks: Marks(atRest: noon), wall: noon, in: $0)
            }
        }
        let (a, b) = (ProbeRecord.key("a"), ProbeRecord.key("b"))
        #expect(try step(.look).nextTimer == a)
        let aside = try step(.putAside(a, cause: "the ledger does not allow it"))
        #expect(aside.nextTimer == b && aside.timerFaults.count == 1)
        let acted = try step(.run(b))
        #expect(acted.nextTimer == nil && acted.timers == 1)
        #expect(
            try store.readNow { try $0.timersAside(limit: 9).first.map(\.cause) } == ["the ledger does not allow it"])
    }

    @Test func `Within one batch the same event is taken once, and its id with another body is told`() throws {
        let processor = processor([])
        let store = MemoryStore()
        let noon = noon
        let inputs = ["x", "x", "y"].map { caseId in
            let event = Event(
                id: "1", source: "upstream", time: noon,
                data: CaseAccepted(caseId: caseId, by: Person(id: "someone", tier: "hq")))
            return InboundEvent(event: event, body: event.body())
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
        let input = InboundEvent(event: event, body: event.body())
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
        let inputs = ["x", "y"].map { caseId in
            let event = Event(
                id: "about-" + caseId, source: "upstream", time: noon,
                data: CaseAccepted(caseId: caseId, by: Person(id: "someone", tier: "hq")))
            return InboundEvent(event: event, body: event.body())
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

    @Test func `A timer of a record that a newer release has written is put aside for its own release alone`() throws {
        let processor = processor([("a", [moment(0)])])
        let (store, noon) = (MemoryStore(), noon)
        try store.writeNow { try processor.plant(clock: noon, in: $0) }
        var stored = try #require(try store.readNow { try $0.record(ProbeRecord.key("a")) })
        stored.body = Array(String(decoding: stored.body, as: UTF8.self).dropLast().utf8) + Array(#","more":1}"#.utf8)
        try store.writeNow { [stored] transaction in
            try transaction.save([stored])
            _ = try processor.processTimers(
                confirmed: [], marks: Marks(atRest: noon), wall: noon, limit: 10, in: transaction)
        }
        #expect(try store.readNow { try $0.timersAside(limit: 9).first }.map(\.release) == [Release.number])
    }

    @Test func `A mark is told in a transaction of its own, and a lease of a clock that was ahead goes`() throws {
        let processor = processor([("a", [moment(0)])])
        let (store, noon) = (MemoryStore(), noon)
        let mark = Mark(asked: noon.adding(seconds: 2), marks: Marks(atRest: noon.adding(seconds: 2)), consumers: 1)
        func perform(_ work: Work, at second: Int64) throws -> WorkResult {
            let now = noon.adding(seconds: second)
            return try store.writeNow {
                try processor.perform(work, reading: ClockReading(now: now), wall: now, limits: WorkerLimits(), in: $0)
            }
        }
        _ = try perform(.start(limit: 9), at: 0)
        try store.writeNow { try $0.renewLease(of: "ahead", until: noon.adding(days: 1)) }
        let standing = Standing(since: noon)
        _ = try perform(.sweep(confirmed: [], limit: 9, includingOwn: false, standing: standing), at: 1)
        #expect(try store.readNow { try $0.leases() }.map(\.worker) == ["one"])
        let told = try perform(.timers(confirmed: [], limit: 9, standing: Standing(since: noon, mark: mark)), at: 3)
        #expect(told.batch.timers == 0 && told.batch.hasMoreTimers)
        #expect(try perform(.timers(confirmed: [], limit: 9, standing: standing), at: 3).batch.timers == 1)
    }
}
