import Schema
import Store
import Synchronization
import Testing

@testable import StorePostgres

/// Runs `body` to its end, from within a transaction, whose thread waits.
func wait(_ body: @escaping @Sendable () async throws -> Void) throws {
    let done = Gate()
    let failure = Mutex<(any Error)?>(nil)
    Task {
        do { try await body() } catch { failure.withLock { $0 = error } }
        done.open()
    }
    #expect(done.wait(seconds: 120), "the other worker was held up")
    if let failure = failure.withLock({ $0 }) { throw failure }
}

/// Transactions that lock nothing that is absent, as long as nobody writes beside them.
@Suite(
    "Transactions that count on being undisturbed", .timeLimit(.minutes(10)),
    .enabled(if: TestPostgres.isThere, TestPostgres.absence))
struct PostgresUndisturbedTests {
    /// A store that has written last.
    private func store(_ database: TestPostgres) async throws -> PostgresStore {
        let store = try database.store()
        _ = try await store.write { try $0.append([entry(event("before"))], owner: "w") }
        return store
    }

    @Sendable private static func name(_ id: String) -> EventKey { EventKey(source: "crm", id: id) }

    /// Takes an event that changes the record `id` of as many as `looked` for.
    @Sendable @discardableResult
    private static func take(
        _ name: String, changing id: String, looked: [String] = [], in transaction: any StoreTransaction,
        between: () throws -> Void = {}
    ) throws -> (numbers: [Int64], found: [RecordKey: StoredRecord]) {
        #expect(try transaction.claims([Self.name(name)]).isEmpty)
        let found = try transaction.load([key(id)] + looked.map { key($0) })
        try between()
        try transaction.save([record(id, version: (found[key(id)]?.version ?? 0) + 1)])
        let taken = entry(event(name), records: [key(id)], outputs: [output(name + "-o")])
        return (try transaction.append([taken], owner: "w"), found)
    }

    /// What another worker may do meanwhile.
    enum Beside: CaseIterable {
        case makesTheSameRecord
        case makesAnotherThatWasLookedFor
        case appendsAlone
        case letsAnEventWait
    }

    @Test(arguments: Beside.allCases)
    func `runs again, with locks, if another worker has written meanwhile`(_ beside: Beside) async throws {
        let database = try TestPostgres()
        let (store, other) = (try await store(database), try database.store())
        let runs = Atomic(0)
        let (numbers, found) = try await store.write { transaction in
            try Self.take("a", changing: "1", looked: ["2"], in: transaction) {
                guard runs.add(1, ordering: .relaxed).newValue == 1 else { return }
                try wait {
                    _ = try await other.write { transaction in
                        switch beside {
                        case .makesTheSameRecord: try Self.take("b", changing: "1", in: transaction)
                        case .makesAnotherThatWasLookedFor: try Self.take("b", changing: "2", in: transaction)
                        case .appendsAlone: _ = try transaction.append([entry(event("b"))], owner: "v")
                        case .letsAnEventWait: try Self.hold("b", in: transaction)
                        }
                    }
                }
            }
        }
        #expect(runs.load(ordering: .relaxed) == 2)
        #expect(numbers == [beside == .letsAnEventWait ? 2 : 3])
        switch beside {
        case .makesTheSameRecord: #expect(found == [key("1"): record("1")])
        case .makesAnotherThatWasLookedFor: #expect(found == [key("2"): record("2")])
        case .appendsAlone, .letsAnEventWait: #expect(found.isEmpty)
        }
        let entries = try await other.read { try $0.journal(after: 1, limit: 9, withBodies: true) }
        #expect(entries.flatMap(\.ids) == (beside == .letsAnEventWait ? ["a"] : ["b", "a"]))
        #expect(try await other.read { try $0.recordsOutOfStep(limit: 9).count } == 0)
        await store.close()
        await other.close()
    }

    @Test func `finds an event claimed that another worker has taken meanwhile`() async throws {
        let database = try TestPostgres()
        let (store, other) = (try await store(database), try database.store())
        let runs = Atomic(0)
        let claims = try await store.write { transaction in
            let claims = try transaction.claims([Self.name("a")])
            guard runs.add(1, ordering: .relaxed).newValue == 1 else { return claims }
            #expect(claims.isEmpty)
            try wait { _ = try await other.write { try Self.take("a", changing: "1", in: $0) } }
            _ = try transaction.append([entry(event("a"))], owner: "w")
            return claims
        }
        #expect(runs.load(ordering: .relaxed) == 2)
        #expect(claims.keys.map(\.id) == ["a"])
        let entries = try await other.read { try $0.journal(after: 1, limit: 9, withBodies: true) }
        #expect(entries.flatMap(\.ids) == ["a"])
        await store.close()
        await other.close()
    }

    @Test(arguments: [true, false])
    func `waits for whoever is writing, and finds what that has written`(isSameRecord: Bool) async throws {
        let database = try TestPostgres()
        let (one, two) = (try database.store(), try await store(database))
        let (holds, tell) = AsyncStream<Void>.makeStream()
        async let made: Void = one.write { transaction in
            defer { tell.finish() }
            let made = key(isSameRecord ? "new" : "other")
            #expect(try transaction.load([made]).isEmpty)
            try transaction.save([record(made.id)])
            _ = try transaction.append([entry(event("b"), records: [made])], owner: "v")
            tell.finish()
            try database.awaitWaiting()
        }
        for await _ in holds {}
        let (numbers, found) = try await two.write { try Self.take("a", changing: "new", in: $0) }
        try await made
        #expect(numbers == [3] && found == (isSameRecord ? [key("new"): record("new")] : [:]))
        #expect(try await one.read { try $0.record(key("new"))?.version } == (isSameRecord ? 2 : 1))
        #expect(
            try await one.read { try $0.journal(after: 0, limit: 9, withBodies: false) }.map(\.number) == [1, 2, 3])
        await one.close()
        await two.close()
    }

    @Sendable private static func hold(_ id: String, in transaction: any StoreTransaction) throws {
        try transaction.hold(
            WaitingEvent(
                event: name(id), type: "case.accepted", digest: [1], reference: key("1"), ruleTime: start,
                arrived: start, endsAt: start.adding(seconds: 60), size: 3),
            WaitingMessage(key: "", sealed: [1, 2, 3]), traces: [], noticeAt: nil)
    }

    @Test func `locks what an event is to wait for, and what may be waited for`() async throws {
        let database = try TestPostgres()
        let (store, other) = (try await store(database), try database.store())
        let runs = Atomic(0)
        try await store.write { transaction in
            runs.add(1, ordering: .relaxed)
            _ = try transaction.claims([Self.name("early")])
            #expect(try transaction.load([key("1")]).isEmpty)
            try Self.hold("early", in: transaction)
        }
        #expect(runs.load(ordering: .relaxed) == 2)
        let waiting = try await other.write { transaction in
            runs.add(1, ordering: .relaxed)
            try Self.take("a", changing: "1", in: transaction)
            return try transaction.waiting(for: [key("1")]).map(\.event.id)
        }
        #expect(waiting == ["early"] && runs.load(ordering: .relaxed) == 3)
        await store.close()
        await other.close()
    }

    @Test func `numbers and counts what one transaction appends in several steps`() async throws {
        let store = try await store(try TestPostgres())
        let numbers = try await store.write { transaction in
            #expect(try transaction.claims([Self.name("a"), Self.name("b")]).isEmpty)
            _ = try transaction.load([key("1"), key("2")])
            try transaction.save([record("1")])
            // A record that an entry names, and nobody writes.
            var numbers = try transaction.append([entry(event("a"), records: [key("1"), key("2")])], owner: "w")
            #expect(try transaction.counts().applied == 2)
            #expect(try transaction.load([key("1"), key("3")]) == [key("1"): record("1")])
            try transaction.save([record("1", version: 2), record("3")])
            numbers += try transaction.append(
                [entry(event("b"), records: [key("3"), key("1")]), entry(event("c"), records: [key("1")])], owner: "w")
            return numbers
        }
        #expect(numbers == [2, 3, 4])
        let (entries, counts) = try await store.read {
            (try $0.journal(after: 1, limit: 9, withBodies: true), try $0.counts())
        }
        #expect(entries.map(\.number) == numbers)
        #expect(entries.map(\.records) == [[key("1"), key("2")], [key("3"), key("1")], [key("1")]])
        #expect(counts.applied == 4 && counts.records == 2)
        #expect(try await store.read { try $0.journal(of: key("1"), limit: 9) }.map(\.number) == numbers)
        await store.close()
    }

    @Test func `is tried when the store was left as it was for a while, and after each vain try later`() {
        let undisturbed = Undisturbed(least: 16)
        #expect(!undisturbed.mayTry(behind: 7))
        undisturbed.committed(8)
        undisturbed.committed(nil)
        func pause() -> Int {
            var taken = 0
            while !undisturbed.mayTry(behind: 8) { taken += 1 }
            return taken
        }
        #expect([pause(), pause(), pause()] == [16, 32, 64])
        #expect(!undisturbed.mayTry(behind: 9))
        #expect(pause() == 128, "counted anew after another's transaction")
        for _ in 0..<9 { _ = pause() }
        #expect(pause() == 4_096)
        for _ in 0..<10 {
            undisturbed.committed(8)
            #expect(pause() == 0)
        }
        #expect(pause() == 32)
    }
}
