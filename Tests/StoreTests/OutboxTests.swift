import Schema
import Store
import Testing

@Suite("Outbox, leases and transactions", .timeLimit(.minutes(10)))
struct OutboxTests {
    @Test(arguments: Adapter.allCases)
    func `outputs wait in the outbox until they are removed`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let numbers = try await store.write { (store) throws in
                try store.append(
                    [
                        entry(event("a"), outputs: [output("o1"), output("o2")]), entry(event("b")),
                        entry(event("c"), outputs: [output("o3")]),
                    ], owner: "w")
            }
            #expect(try await store.read { try $0.outboxCount() } == 3)
            let gone = [OutboxKey(entry: numbers[0], index: 1), OutboxKey(entry: numbers[1], index: 0)]
            try await store.write { try $0.removeFromOutbox(gone + gone) }
            #expect(try await store.read { try $0.outboxCount() } == 2)
            let left = try await store.write { try $0.takeOverOutbox(by: "v", now: start, limit: 9) }
            #expect(left.map(\.key) == [numbers[0], numbers[2]].map { OutboxKey(entry: $0, index: 0) })
            #expect(left.map(\.output) == [output("o1"), output("o3")])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `rows are taken over when their owner's lease has ended, not before`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            let end = start.adding(seconds: 30)
            try await store.write { (store) throws in
                try store.renewLease(of: "w", until: start)
                try store.renewLease(of: "w", until: end)
                try store.renewLease(of: "v", until: end.adding(seconds: 30))
                _ = try store.append([entry(event("a"), outputs: (1...3).map { output("o\($0)") })], owner: "w")
            }
            func taken(_ now: Instant, _ limit: Int) async throws -> [Int] {
                try await other.write { try $0.takeOverOutbox(by: "v", now: now, limit: limit).map(\.key.index) }
            }
            #expect(try await taken(end.adding(seconds: -1), 9) == [])
            #expect(try await taken(end, 0) == [])
            #expect(try await taken(end, 2) == [0, 1], "oldest first, as many as wanted")
            #expect(try await taken(end, 9) == [2], "what is taken over belongs to the new owner")
            #expect(try await taken(end, 9) == [])
            #expect(try await taken(end.adding(seconds: 30), 9) == [0, 1, 2], "whose lease ends too")
        }
    }

    @Test(arguments: Adapter.allCases)
    func `an ended lease frees its rows at once, and so does one that never was`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            try await store.write { (store) throws in
                try store.renewLease(of: "w", until: start.adding(days: 1))
                try store.renewLease(of: "sweeper", until: start.adding(days: 1))
                _ = try store.append([entry(event("a"), outputs: [output("o1")])], owner: "w")
                _ = try store.append([entry(event("b"), outputs: [output("o2")])], owner: "unknown")
            }
            let first = try await other.write { try $0.takeOverOutbox(by: "sweeper", now: start, limit: 9) }
            #expect(first.map(\.output.id) == ["o2"])
            try await store.write { (store) throws in
                try store.endLease(of: "w")
                try store.endLease(of: "w")
            }
            let second = try await other.write { try $0.takeOverOutbox(by: "sweeper", now: start, limit: 9) }
            #expect(second.map(\.output.id) == ["o1"])
        }
    }

    @Test(arguments: Adapter.allCases)
    func `counts tell events by fate, timers, outputs, records and the outbox`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            try await store.write { (store) throws in
                try store.save([record("1"), record("2")])
                try store.save([record("2", version: 2), record("3")])
                let numbers = try store.append(
                    [
                        entry(event("a"), outputs: [output("o1"), output("o2")]), entry(event("b"), fate: .refused),
                        entry(event("c")), entry(.timer(key("1"), at: start, order: 0), outputs: [output("o3")]),
                    ], owner: "w")
                try store.removeFromOutbox([OutboxKey(entry: numbers[0], index: 0)])
            }
            var expected = StoreCounts()
            (expected.applied, expected.refused, expected.timers) = (2, 1, 1)
            (expected.outputs, expected.records, expected.outbox) = (3, 3, 2)
            #expect(try await other.read { try $0.counts() } == expected)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a transaction that throws leaves nothing behind`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            let kept = [entry(event("a"), records: [key("1")], outputs: [output("o1")])]
            try await store.write { (store) throws in
                try store.save([record("1", wake: start), record("2", wake: start.adding(days: 1))])
                _ = try store.append(kept, owner: "w")
                try store.renewLease(of: "w", until: start)
            }
            let counts = try await store.read { try $0.counts() }
            await #expect(throws: Interruption.self) {
                try await store.write { (store) throws in
                    _ = try store.dueRecords(now: start, limit: 9)
                    try store.save([record("1", version: 2, wake: start.adding(days: 9)), record("2"), record("0")])
                    try store.save([record("1", version: 3), record("new", wake: start.adding(days: -9))])
                    _ = try store.dueRecords(now: start, limit: 9)
                    let new = entry(event("b"), records: [key("1"), key("x")], outputs: [output("o2"), output("o1")])
                    _ = try store.append([new, entry(event("a", source: "shop"))], owner: "v")
                    try store.removeFromOutbox([OutboxKey(entry: 1, index: 0)])
                    try store.renewLease(of: "w", until: start.adding(days: 9))
                    try store.renewLease(of: "v", until: start.adding(days: 9))
                    throw Interruption()
                }
            }
            try await other.write { (store) throws in
                #expect(try store.counts() == counts)
                #expect(try store.journal(after: 0, limit: 9, withBodies: true) == kept.map { $0.numbered(1) })
                #expect(try store.journal(of: key("1"), limit: 9).count == 1)
                #expect(try store.entry(emitting: "o2") == nil)
                #expect(try store.entry(emitting: "b") == nil)
                #expect(try store.entry(emitting: "o1")?.number == 1)
                #expect(try store.claims([EventKey(source: "crm", id: "b")]).isEmpty)
                #expect(try store.record(key("1")) == record("1", wake: start))
                #expect(try store.records(kind: "case", after: "", limit: 9).map(\.key.id) == ["1", "2"])
                #expect(try store.nextWake() == start)
                #expect(try store.dueRecords(now: start.adding(days: 9), limit: 9).map(\.key.id) == ["1", "2"])
                #expect(try store.takeOverOutbox(by: "v", now: start, limit: 9).map(\.output.id) == ["o1"])
                #expect(try store.append([entry(event("b"))], owner: "w") == [2])
            }
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a closed store says so`(_ adapter: Adapter) async throws {
        let pair = try adapter.pair()
        try await pair.first.write { try $0.save([record("1")]) }
        await pair.first.close()
        await pair.first.close()
        #expect(await failureKind { try await pair.first.write { try $0.save([record("1")]) } } == .unavailable)
        #expect(await failureKind { _ = try await pair.first.read { try $0.counts() } } == .unavailable)
        #expect(try await pair.second.read { try $0.record(key("1")) } == record("1"), "the other goes on")
        await pair.second.close()
    }
}
