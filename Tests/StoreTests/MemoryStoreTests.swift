import Schema
import Store
import StoreTestKit
import Testing

@Suite("The store in memory")
struct MemoryStoreTests {
    @Test func `a crash loses nothing that was committed and ends the store`() throws {
        let store = MemoryStore()
        let other = MemoryStore(sharing: store)
        _ = try store.writeNow { try $0.append([entry(event("a"), outputs: [output("o")])], owner: "w") }
        store.crash()
        #expect(throws: StoreFailure.self) { try store.writeNow { try $0.save([record("1")]) } }
        #expect(throws: StoreFailure.self) { try store.readNow { try $0.counts() } }
        #expect(try other.readNow { try $0.outboxCount() } == 1)
        #expect(try MemoryStore(sharing: store).readNow { try $0.counts().applied } == 1)
    }

    @Test func `a crash within a transaction takes it back`() throws {
        let store = MemoryStore()
        let other = MemoryStore(sharing: store)
        #expect(throws: StoreFailure.self) {
            try store.writeNow { transaction in
                try transaction.save([record("1", wake: start)])
                store.crash()
            }
        }
        #expect(try other.readNow { try $0.counts() } == StoreCounts())
        #expect(try other.readNow { try $0.nextWake() } == nil)
    }

    @Test func `a fault before the commit leaves nothing, one after it everything`() throws {
        let store = MemoryStore()
        for (point, saved) in [(MemoryStore.FaultPoint.beforeCommit, 0), (.afterCommit, 1)] {
            store.inject { if $0 == point { throw Interruption() } }
            #expect(throws: Interruption.self) { try store.writeNow { try $0.save([record("1")]) } }
            store.inject(nil)
            #expect(try store.readNow { try $0.counts().records } == saved)
        }
    }

    @Test func `wakes stay exact over many changes, takings-back and readings`() throws {
        let store = MemoryStore()
        var wakes: [String: Instant] = [:]
        var seed: UInt64 = 42
        func next(_ bound: UInt64) -> Int64 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64((seed >> 33) % bound)
        }
        for step in 0..<5_000 {
            let changes = (0...next(3)).map { _ in
                ("r\(next(20))", next(4) == 0 ? nil : start.adding(seconds: next(50)))
            }
            let now = start.adding(seconds: next(50))
            let fails = next(3) == 0
            do {
                try store.writeNow { (store) throws in
                    for (id, wake) in changes {
                        try store.save([record(id, wake: wake)])
                        if step % 2 == 0 { _ = try store.dueRecords(now: now, limit: 3) }
                    }
                    if fails { throw Interruption() }
                }
                for (id, wake) in changes { wakes[id] = wake }
            } catch is Interruption {
                #expect(fails)
            }
            let due = wakes.filter { $0.value <= now }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
            #expect(try store.writeNow { try $0.dueRecords(now: now, limit: 99).map(\.key.id) } == due)
            #expect(try store.readNow { try $0.nextWake() } == wakes.values.min())
        }
    }
}
