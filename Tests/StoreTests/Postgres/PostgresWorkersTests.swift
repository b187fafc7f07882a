import Schema
import Store
import Synchronization
import Testing

@testable import StorePostgres

/// Several workers of a stage at once.
@Suite(
    "Workers that compete in PostgreSQL", .timeLimit(.minutes(10)),
    .enabled(if: TestPostgres.isThere, TestPostgres.absence))
struct PostgresWorkersTests {
    /// Runs `first` up to its `hold`, lets `second` run into its locks, then lets `first` go on.
    private func collide<T: Sendable>(
        _ database: TestPostgres,
        first: @escaping @Sendable (any StoreTransaction, () -> Void) throws -> Void,
        second: @escaping @Sendable (any StoreTransaction) throws -> T
    ) async throws -> T {
        let (one, two) = (try database.store(), try database.store())
        let (holds, tell) = AsyncStream<Void>.makeStream()
        async let done: Void = one.write { transaction in
            defer { tell.finish() }
            try first(transaction) {
                tell.finish()
                // The second comes while the first holds.
                do { try database.awaitWaiting() } catch { Issue.record(error) }
            }
        }
        for await _ in holds {}
        let result: Result<T, any Error>
        do { result = .success(try await two.write(second)) } catch { result = .failure(error) }
        try await done
        await one.close()
        await two.close()
        return try result.get()
    }

    @Test func `who comes second to an absent record waits, and finds what the first has made`() async throws {
        let found = try await collide(try TestPostgres()) { transaction, hold in
            #expect(try transaction.load([key("new"), key("other")]).isEmpty)
            hold()
            try transaction.save([record("new")])
        } second: { transaction in
            let found = try transaction.load([key("new"), key("another")])
            try transaction.save([record("new", version: (found[key("new")]?.version ?? 0) + 1)])
            return found
        }
        #expect(found == [key("new"): record("new")])
    }

    @Test func `a record that was looked for and not made leaves nothing behind`() async throws {
        let database = try TestPostgres()
        let found = try await collide(database) { (transaction, hold) throws in
            #expect(try transaction.load([key("none")]).isEmpty)
            hold()
        } second: {
            try $0.load([key("none")]).count
        }
        #expect(found == 0)
        #expect(try database.run("SELECT count(*) FROM \(database.namespace)_handling.records") == 0)
    }

    @Test func `of two that take the same event at once one is told, and then finds the claim`() async throws {
        let database = try TestPostgres()
        let taken = [EventKey(source: "crm", id: "a")]
        let kind = await failureKind {
            _ = try await collide(database) { (transaction, hold) throws in
                #expect(try transaction.load([key("1")]).isEmpty)
                #expect(try transaction.claims(taken).isEmpty)
                _ = try transaction.append([entry(event("a"))], owner: "w")
                hold()
            } second: { transaction in
                // Who does not ask for claims first takes locks, and is not run again.
                #expect(try transaction.load([key("2")]).isEmpty)
                #expect(try transaction.claims(taken).isEmpty, "not committed yet")
                return try transaction.append([entry(event("b")), entry(event("a"))], owner: "v")
            }
        }
        #expect(kind == .transient)
        let store = try database.store()
        #expect(try await store.write { try $0.claims(taken) }.count == 1)
        #expect(try await store.read { try $0.counts().applied } == 1)
        await store.close()
    }

    @Test func `due records that one worker holds are passed over by another`() async throws {
        let database = try TestPostgres()
        let (one, two) = (try database.store(), try database.store())
        try await one.write { try $0.save((1...5).map { record("\($0)", wake: start) }) }
        let (holds, tell) = AsyncStream<Void>.makeStream()
        let looked = Gate()
        async let mine = one.write { transaction in
            defer { tell.finish() }
            let due = try transaction.dueRecords(now: start, limit: 2).map(\.key.id)
            tell.finish()
            #expect(looked.wait(seconds: 120), "the other worker was held up")
            return due
        }
        for await _ in holds {}
        let others = try await two.write { try $0.dueRecords(now: start, limit: 9).map(\.key.id) }
        looked.open()
        #expect(try await mine == ["1", "2"])
        #expect(others == ["3", "4", "5"])
        await one.close()
        await two.close()
    }

    @Test func `two that lock the same records in opposite orders both come through`() async throws {
        let database = try TestPostgres()
        let (one, two) = (try database.store(), try database.store())
        let work = OppositeOrders()
        async let first: Void = one.write { try work.run($0, place: 0) }
        async let second: Void = two.write { try work.run($0, place: 1) }
        _ = try await (first, second)
        #expect(try await one.read { try $0.records(kind: "case", after: "", limit: 9).map(\.version) } == [2, 2])
        #expect(work.runs.load(ordering: .relaxed) == 3, "the one that the server chose ran again")
        await one.close()
        await two.close()
    }

    @Test func `who waits too long for a lock may try again later`() async throws {
        let database = try TestPostgres()
        let one = try database.store()
        var hasty = database.configuration
        hasty.lockMilliseconds = 50
        let two = try PostgresStore(hasty, stage: .handling, wall: TestPostgres.wall)
        let kind = try await one.write { [two] transaction in
            _ = try transaction.load([key("1")])
            let tried = Gate()
            let told = Mutex<StoreFailure.Kind?>(nil)
            Task {
                let kind = await failureKind { _ = try await two.write { try $0.load([key("1")]) } }
                told.withLock { $0 = kind }
                tried.open()
            }
            #expect(tried.wait(seconds: 120))
            return told.withLock { $0 }
        }
        #expect(kind == .transient)
        _ = try await two.write { try $0.load([key("1")]) }
        await one.close()
        await two.close()
    }

    @Test func `a reader that follows the journal misses no entry, however commits overlap`() async throws {
        let database = try TestPostgres()
        let stores = try (0..<3).map { _ in try database.store() }
        let reader = try database.store()
        let total = 3 * 40
        async let seen = {
            var (numbers, ids): ([Int64], [String]) = ([], [])
            let clock = ContinuousClock()
            let deadline = clock.now + .seconds(40)
            while numbers.count < total, clock.now < deadline {
                let after = numbers.last ?? 0
                let page = try await reader.read { try $0.journal(after: after, limit: 7, withBodies: false) }
                numbers += page.map(\.number)
                ids += page.flatMap(\.ids)
            }
            return (numbers, ids)
        }()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (worker, store) in stores.enumerated() {
                group.addTask {
                    for batch in 0..<20 {
                        let entries = (0..<2).map { entry(event("\(worker)-\(batch)-\($0)")) }
                        _ = try await store.write { try $0.append(entries, owner: "w\(worker)") }
                    }
                }
            }
            try await group.waitForAll()
        }
        let (numbers, ids) = try await seen
        #expect(numbers == (1...Int64(total)).map { $0 })
        #expect(Set(ids).count == total)
        for store in stores + [reader] { await store.close() }
    }

    @Test func `leases go by the database's clock, whatever the workers' clocks say`() async throws {
        let database = try TestPostgres()
        let ahead: @Sendable () -> Instant = { TestPostgres.wall().adding(seconds: 7) }
        let one = try database.store()
        let two = try PostgresStore(database.configuration, stage: .handling, wall: ahead)
        let now = TestPostgres.wall()
        try await one.write { transaction in
            try transaction.renewLease(of: "w", until: now.adding(seconds: 10))
            _ = try transaction.append([entry(event("a"), outputs: [output("o")])], owner: "w")
        }
        func taken(after seconds: Int64) async throws -> Int {
            let reading = now.adding(seconds: 7 + seconds)
            return try await two.write { try $0.takeOverOutbox(by: "v", now: reading, limit: 9).count }
        }
        #expect(try await taken(after: 8) == 0, "by its own clock the lease has long ended")
        #expect(try await taken(after: 12) == 1)
        await one.close()
        await two.close()
    }
}

/// Two transactions of which each holds its first record before either asks for its second.
private final class OppositeOrders: Sendable {
    let runs = Atomic(0)
    private let gates = [Gate(), Gate()]

    func run(_ transaction: any StoreTransaction, place: Int) throws {
        runs.add(1, ordering: .relaxed)
        var found = try transaction.load([key("\(place)")])
        gates[place].open()
        #expect(gates[1 - place].wait(seconds: 120))
        gates[1 - place].open()
        found.merge(try transaction.load([key("\(1 - place)")])) { $1 }
        try transaction.save(["0", "1"].map { record($0, version: (found[key($0)]?.version ?? 0) + 1) })
    }
}
