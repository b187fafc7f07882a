import Schema
import Store
import StorePostgres
import StoreSQLite
import Testing

/// Leases with marks, the stage's time and when entries were written, over every adapter.
@Suite("Leases with marks, and the stage's time", .timeLimit(.minutes(10)))
struct StageTimeStoreTests {
    private let standing = Standing(
        since: start,
        mark: Mark(
            asked: start.adding(seconds: 2),
            marks: Marks(own: start.adding(days: 3), before: start.adding(days: 2), word: start.adding(days: 1)),
            consumers: 2))

    @Test(arguments: Adapter.allCases)
    func `leases are listed with how their workers stand, and go when they end`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            let end = start.adding(seconds: 10)
            try await store.write { [standing] (store) throws in
                try store.renewLease(of: "b", until: start)
                try store.renewLease(of: "b", until: end, standing: standing)
                try store.renewLease(of: "a", until: end, standing: Standing(since: nil))
            }
            #expect(
                try await other.read { try $0.leases() } == [
                    Lease(worker: "a", until: end, standing: Standing()),
                    Lease(worker: "b", until: end, standing: standing),
                ])
            try await other.write { (store) throws in
                try store.renewLease(of: "b", until: end, standing: Standing(since: start))
                try store.endLease(of: "a")
            }
            #expect(
                try await store.read { try $0.leases() } == [
                    Lease(worker: "b", until: end, standing: Standing(since: start))
                ])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `the stage's time is kept with the transaction that changes it`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            #expect(try await store.read { try $0.stageTime() } == StageTime())
            let beat = StageTime.Beat(
                worker: "a", standing: standing, wall: start.adding(seconds: 3), business: start.adding(days: 3),
                leaseSeconds: 10, patienceSeconds: 900)
            let kept = try await store.write { (store) throws -> StageTime in
                var time = try store.lockStageTime()
                _ = time.take(beat, leases: [])
                try store.saveStageTime(time)
                return time
            }
            #expect(try await other.read { try $0.stageTime() } == kept)
            await #expect(throws: Interruption.self) {
                try await other.write { (store) throws in
                    var time = try store.lockStageTime()
                    time.actedByPatience = 7
                    try store.saveStageTime(time)
                    throw Interruption()
                }
            }
            #expect(try await store.read { try $0.stageTime() } == kept)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `workers that beat at once lose nothing of each other`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in [store, other] {
                    group.addTask {
                        for _ in 0..<20 {
                            try await worker.write { (store) throws in
                                var time = try store.lockStageTime()
                                time.actedByPatience += 1
                                try store.saveStageTime(time)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.read { try $0.stageTime().actedByPatience } == 40)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `timers that others meet may be due later than the rest`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            let later = start.adding(seconds: 2)
            try await store.write { (store) throws in
                try store.save(
                    (1...4).flatMap { second in
                        ["case", "request"].map { kind in
                            var one = record("\(second)", kind: kind, wake: start.adding(seconds: Int64(second)))
                            one.isMetByOthers = kind == "request"
                            one.settledAt = second == 4 ? later : nil
                            return one
                        }
                    })
            }
            let kept = try await other.read { try $0.record(key("4", kind: "request")) }
            #expect(kept?.isMetByOthers == true && kept?.settledAt == later)
            let due = try await store.write {
                try $0.dueRecords(now: start.adding(seconds: 3), later: later, wall: .distantPast, limit: 99).map(
                    \.key.description)
            }
            #expect(due == ["case/1", "request/1", "case/2", "request/2", "case/3"])
            let first = try await store.write {
                try $0.dueRecords(now: start.adding(seconds: 3), later: start, wall: .distantPast, limit: 2).map(
                    \.key.description)
            }
            #expect(first == ["case/1", "case/2"], "those that are held count for no limit")
            try await store.write { (store) throws in try store.save((1...4).map { record("\($0)") }) }
            for (now, later, isDue) in [(3, 2, true), (3, 0, false), (0, 3, false)] as [(Int64, Int64, Bool)] {
                let found = try await other.read {
                    try $0.hasDue(
                        now: start.adding(seconds: now), later: start.adding(seconds: later), wall: .distantPast)
                }
                #expect(found == isDue)
            }
        }
    }

    @Test(.enabled(if: TestPostgres.isThere, TestPostgres.absence))
    func `who only reads it waits for no one, and holds up no one`() async throws {
        try await withStores(.postgres) { store, other in
            let (read, written) = (AsyncStream<Void>.makeStream(), Gate())
            async let reading = store.write { (store) throws in
                _ = try store.stageTime()
                read.continuation.finish()
                return written.wait(seconds: 60)
            }
            for await _ in read.stream {}
            try await other.write { try $0.saveStageTime(try $0.lockStageTime()) }
            written.open()
            #expect(try await reading)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `an entry tells when it was written, with and without bodies`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            var noted = entry(event("a"))
            noted.writtenAt = Instant(microseconds: start.microseconds + 7)
            let unnoted = entry(.timer(key("1"), at: start, order: 0))
            try await store.write { [noted] in _ = try $0.append([noted, unnoted], owner: "w") }
            for withBodies in [true, false] {
                let read = try await store.read { try $0.journal(after: 0, limit: 9, withBodies: withBodies) }
                #expect(read.map(\.writtenAt) == [noted.writtenAt, nil])
            }
        }
    }

    @Test(arguments: Adapter.allCases)
    func `the outbox tells its first entry, and the journal its last`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            let empty = try await store.read { try $0.outboxSpan() }
            #expect(empty.first == nil && empty.lastEntry == 0)
            let numbers = try await store.write {
                try $0.append(
                    [
                        entry(event("a"), outputs: [output("o1")]), entry(event("b"), outputs: [output("o2")]),
                        entry(event("c")),
                    ],
                    owner: "w")
            }
            try await store.write { try $0.removeFromOutbox([OutboxKey(entry: numbers[0], index: 0)]) }
            let span = try await other.read { try $0.outboxSpan() }
            #expect(span.first == numbers[1] && span.lastEntry == numbers[2])
        }
    }
}
