import Schema
import Store
import Testing

@Suite("Records and timers", .timeLimit(.minutes(10)))
struct RecordTests {
    @Test(arguments: Adapter.allCases)
    func `a record comes back as it was saved last; absent keys are absent`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            var changed = record("1", version: 2, wake: start, order: 4, body: [0, 255, 1])
            changed.firedAt = start.adding(days: -1)
            changed.firedOutputs = 7
            let kept = changed
            try await store.write { try $0.save([record("1", wake: start.adding(days: 1)), record("2")]) }
            try await other.write { try $0.save([kept]) }
            try await store.write { (store) throws in
                let found = try store.load([key("0"), key("1"), key("2"), key("1", kind: "task")])
                #expect(found == [key("1"): kept, key("2"): record("2")])
                #expect(try store.record(key("1")) == kept)
                #expect(try store.record(key("0")) == nil)
                #expect(try store.counts().records == 2)
            }
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a transaction sees its own changes`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            try await store.write { (store) throws in
                #expect(try store.load([key("1")]).isEmpty)
                _ = try store.append([entry(event("a"), records: [key("1")], outputs: [output("o")])], owner: "w")
                try store.save([record("1", wake: start)])
                #expect(try store.load([key("1")]) == [key("1"): record("1", wake: start)])
                #expect(try store.nextWake() == start)
                #expect(try store.outboxCount() == 1)
                try store.save([record("1", version: 2)])
                #expect(try store.record(key("1"))?.version == 2)
                #expect(try store.nextWake() == nil)
                #expect(try store.counts().records == 1)
                #expect(try store.entry(emitting: "o")?.number == 1)
            }
        }
    }

    @Test(arguments: Adapter.allCases)
    func `records of a kind are listed by id in pages`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let ids = ["b", "a:1", "B", "a-1", "a_1", "a", "c"]
            try await store.write { (store) throws in
                try store.save(ids.map { record($0) } + [record("b2", kind: "task")])
            }
            let sorted = ids.sorted()
            try await store.read { (store) throws in
                #expect(try store.records(kind: "case", after: "", limit: 100).map(\.key.id) == sorted)
                let page = try store.records(kind: "case", after: sorted[2], limit: 2)
                #expect(page.map(\.key.id) == Array(sorted[3...4]))
                #expect(try store.records(kind: "case", after: "a0", limit: 1).map(\.key.id) == ["a:1"])
                #expect(try store.records(kind: "task", after: "", limit: 9).map(\.key.id) == ["b2"])
                #expect(try store.records(kind: "case", after: "c", limit: 9).isEmpty)
                #expect(try store.records(kind: "case", after: "", limit: -1).isEmpty)
            }
            try await store.write { try $0.save([record("aa")]) }
            let after = try await store.read { try $0.records(kind: "case", after: "a", limit: 2).map(\.key.id) }
            #expect(after == Array((ids + ["aa"]).sorted().drop { $0 <= "a" }.prefix(2)))
        }
    }

    @Test(arguments: Adapter.allCases)
    func `due records come by time, order, kind and id, and as many as wanted`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let later = start.adding(seconds: 1)
            let expected = [
                record("z", wake: start), record("a", wake: start, order: 1), record("b", wake: start, order: 1),
                record("a", kind: "task", wake: start, order: 1), record("c", wake: start, order: 2),
                record("d", wake: later),
            ]
            try await store.write { (store) throws in
                try store.save(expected.reversed() + [record("e", wake: later.adding(seconds: 1)), record("f")])
            }
            try await store.write { (store) throws in
                #expect(try store.dueRecords(now: later, limit: 100) == expected)
                #expect(try store.dueRecords(now: later, limit: 100) == expected, "asking changes nothing")
                #expect(try store.dueRecords(now: start, limit: 2) == Array(expected.prefix(2)))
                #expect(try store.dueRecords(now: start.adding(seconds: -1), limit: 9).isEmpty)
                #expect(try store.dueRecords(now: later, limit: 0).isEmpty)
                #expect(try store.dueRecords(now: later, limit: -1).isEmpty)
                #expect(try store.dueCount(now: later, wall: later, limit: 100) == expected.count)
                #expect(try store.dueCount(now: later, wall: later, limit: 2) == 2)
                #expect(try store.dueCount(now: start.adding(seconds: -1), wall: later, limit: 9) == 0)
                #expect(try store.dueCount(now: later, wall: later, limit: -1) == 0)
            }
            #expect(try await store.read { try $0.nextWake() } == start)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `timers put aside are passed over until their time, or until their record changes`(
        _ adapter: Adapter
    ) async throws {
        try await withStores(adapter) { store, other in
            let records = ["1", "2", "3"].map { record($0, wake: start) }
            let until = start.adding(seconds: 60)
            let aside = ["1", "2"].map { TimerAside(key: key($0), version: 1, until: until, cause: "broken") }
            try await store.write { try $0.save(records) }
            await #expect(throws: Interruption.self) {
                try await store.write { (store) throws in
                    try store.putAside(aside)
                    throw Interruption()
                }
            }
            #expect(try await other.read { try $0.timersAside(limit: 9).count } == 0)
            try await store.write { (store) throws in
                _ = try store.dueRecords(now: start, limit: 2)
                try store.putAside(aside)
                #expect(try store.dueRecords(now: start, later: start, wall: start, limit: 9).map(\.key.id) == ["3"])
                #expect(try store.dueCount(now: start, wall: start, limit: 9) == 1)
            }
            try await other.write { (store) throws in
                #expect(
                    try store.dueRecords(now: start, later: start, wall: until.adding(seconds: -1), limit: 9) == [
                        records[2]
                    ])
                #expect(
                    try store.dueRecords(now: start, later: start, wall: until, limit: 2) == Array(records.prefix(2)))
                #expect(try store.dueRecords(now: start, limit: 9) == records)
            }
            let first = try await other.read { try $0.timersAside(limit: 1) }
            #expect(first.count == 2 && first.first == [aside[0]])
            try await store.write { (store) throws in
                _ = try store.load(records.map(\.key))
                try store.save([record("1", version: 2, wake: start), record("3")])
            }
            #expect(try await store.read { try $0.nextWake(wall: start) } == start)
            #expect(try await other.read { try $0.timersAside(limit: 9).first } == [aside[1]])
            try await store.write { (store) throws in
                #expect(try store.dueRecords(now: start, later: start, wall: start, limit: 9).map(\.key.id) == ["1"])
                try store.putAside([TimerAside(key: key("1"), version: 2, until: until, cause: "again")])
                try store.putAside([TimerAside(key: key("1"), version: 2, until: until, cause: "once more")])
                #expect(try store.nextWake(wall: start) == nil)
                // What a newer release has written is put aside for those that cannot read it.
                for (release, isAside) in [(Release.number - 1, false), (Release.number, true)] {
                    let newer = TimerAside(key: key("1"), version: 2, until: until, cause: "newer", release: release)
                    try store.putAside([newer])
                    #expect(try (store.nextWake(wall: start) == nil) == isAside)
                    #expect(try store.timersAside(limit: 9).first.contains(newer))
                }
            }
            #expect(try await store.read { try $0.nextWake() } == start)
        }
    }

    @Test(arguments: Adapter.allCases)
    func `a moved or removed wake counts no more, a repeated one once`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, _ in
            let later = start.adding(days: 1)
            try await store.write { try $0.save([record("1", wake: start), record("2", wake: start)]) }
            try await store.write { try $0.save([record("1", wake: later), record("2")]) }
            try await store.write { (store) throws in
                #expect(try store.nextWake() == later)
                #expect(try store.dueRecords(now: start, limit: 9).isEmpty)
                for wake in [start, later, start, later, start] { try store.save([record("1", wake: wake)]) }
                #expect(try store.dueRecords(now: later, limit: 9) == [record("1", wake: start)])
            }
        }
    }

    @Test(arguments: Adapter.allCases)
    func `two workers that change the same records lose no change, whatever the order of keys`(
        _ adapter: Adapter
    ) async throws {
        try await withStores(adapter) { store, other in
            let ids = (0..<20).map { "r\($0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (worker, keys) in [(store, ids), (other, ids.reversed()), (store, ids.reversed()), (other, ids)] {
                    group.addTask {
                        for _ in 0..<25 {
                            try await worker.write { (store) throws in
                                let found = try store.load(keys.map { key($0) })
                                try store.save(keys.map { record($0, version: (found[key($0)]?.version ?? 0) + 1) })
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let versions = try await store.read { try $0.records(kind: "case", after: "", limit: 99).map(\.version) }
            #expect(versions == Array(repeating: 100, count: 20))
        }
    }
}
