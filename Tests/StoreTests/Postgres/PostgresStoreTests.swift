import Schema
import Store
import Synchronization
import Testing

@testable import StorePostgres

#if canImport(Glibc)
    import Glibc
#endif

@Suite(
    "The store in PostgreSQL", .timeLimit(.minutes(10)), .enabled(if: TestPostgres.isThere, TestPostgres.absence))
struct PostgresStoreTests {
    // MARK: Cost

    /// What a worker's transaction asks of the store for `size` events.
    @Sendable private static func batch(_ name: String, _ size: Int, _ transaction: any StoreTransaction) throws {
        let ids = (0..<size).map { "\(name)-\($0)" }
        try transaction.removeFromOutbox(ids.indices.map { OutboxKey(entry: Int64($0), index: 0) })
        _ = try transaction.claims(ids.map { EventKey(source: "crm", id: $0) })
        _ = try transaction.load(ids.map { key($0) })
        _ = try transaction.load(ids.map { key($0, kind: "second") })
        try transaction.save(ids.map { record($0, wake: start) })
        _ = try transaction.append(
            ids.map { entry(event($0), records: [key($0)], outputs: [output($0), output($0 + "'")]) }, owner: "w")
    }

    @Test(arguments: [1, 256, 2_000])
    func `a batch costs four round trips, whatever its size, and five where others write`(size: Int) async throws {
        let database = try TestPostgres()
        let store = try database.store()
        try await store.write { try Self.batch("first", size, $0) }
        let before = store.exchanges
        try await store.write { try Self.batch("second", size, $0) }
        // Claims, two rounds of records, all that is written with the commit.
        #expect(store.exchanges - before == 4)
        let other = try database.store()
        let runs = Atomic(0)
        try await store.write { transaction in
            _ = try transaction.claims([EventKey(source: "crm", id: "third-0")])
            if runs.add(1, ordering: .relaxed).newValue == 1 {
                try wait { _ = try await other.write { try $0.append([entry(event("beside"))], owner: "v") } }
            }
            try Self.batch("third", size, transaction)
        }
        #expect(runs.load(ordering: .relaxed) == 2)
        let between = store.exchanges
        try await store.write { try Self.batch("fourth", size, $0) }
        // The numbers of the journal come before the commit.
        #expect(store.exchanges - between == 5)
        await other.close()
        await store.close()
    }

    @Test func `reading costs two round trips, and nothing costs nothing`() async throws {
        let store = try TestPostgres().store()
        try await store.write { try Self.batch("a", 50, $0) }
        let before = store.exchanges
        _ = try await store.read { try $0.nextWake() }
        #expect(store.exchanges - before == 2)
        try await store.write { _ in }
        #expect(store.exchanges - before == 2)
        await store.close()
    }

    // MARK: Opening

    @Test func `many programs that open an empty database at once make its tables once`() async throws {
        let database = try TestPostgres()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<6 {
                group.addTask {
                    let store = try database.store()
                    _ = try await store.write { try $0.append([entry(event("\(worker)"))], owner: "w") }
                    await store.close()
                }
            }
            try await group.waitForAll()
        }
        let store = try database.store()
        #expect(try await store.read { try $0.counts().applied } == 6)
        #expect(
            try database.run("SELECT count(*) FROM \(database.namespace)_handling.schema_history")
                == Int64(StageSchema.steps("any").version))
        await store.close()
    }

    @Test func `a newer schema and another program's are refused in plain words`() async throws {
        let database = try TestPostgres()
        let first = try database.store()
        await first.close()
        func refusal() -> StoreFailure? {
            do {
                _ = try database.store()
                return nil
            } catch {
                return error as? StoreFailure
            }
        }
        let schema = "\(database.namespace)_handling"
        try database.run("INSERT INTO \(schema).schema_history (version) VALUES (999)")
        let newer = try #require(refusal())
        #expect(newer.kind == .corrupt)
        #expect(newer.description.contains("version 999") && newer.description.contains("use a newer program"))
        try database.run("DROP TABLE \(schema).schema_history")
        #expect(refusal()?.cause.contains("another program's") == true)
    }

    @Test func `a role without rights is told so, and no password is`() async throws {
        let database = try TestPostgres()
        let role = database.namespace
        try database.run("CREATE ROLE \(role) LOGIN PASSWORD 'geheim'")
        let url = try #require(TestPostgres.url)
        let host = try #require(url.split(separator: "@").last)
        func failure(_ password: String) -> StoreFailure? {
            do {
                _ = try TestPostgres(url: "postgres://\(role):\(password)@\(host)").store()
                return nil
            } catch {
                return error as? StoreFailure
            }
        }
        let wrong = try #require(failure("falsch"))
        #expect(wrong.kind == .unavailable && wrong.cause.contains("authentication failed"))
        #expect(!wrong.description.contains("falsch"))
        let powerless = try #require(failure("geheim"))
        #expect(powerless.kind == .unavailable && powerless.cause.contains("grant"))
        #expect(!powerless.description.contains("geheim"))
        // With a schema of its own it needs no right to make one.
        let other = try TestPostgres(url: "postgres://\(role):geheim@\(host)")
        try database.run("CREATE SCHEMA \(other.namespace)_handling AUTHORIZATION \(role)")
        let store = try other.store()
        #expect(try await store.read { try $0.counts() } == StoreCounts())
        await store.close()
    }

    @Test func `another stage's store is another schema`() async throws {
        let database = try TestPostgres()
        let (handling, intake) = (try database.store(.handling), try database.store(.intake))
        _ = try await handling.write { try $0.append([entry(event("a"))], owner: "w") }
        #expect(try await intake.read { try $0.counts() } == StoreCounts())
        await handling.close()
        await intake.close()
    }

    @Test(.enabled(if: TestPostgres.variable("RECOURSE_TEST_PGBOUNCER_URL") != nil, "there is no PgBouncer"))
    func `a pooler in transaction mode may stand between`() async throws {
        let database = try TestPostgres(url: TestPostgres.variable("RECOURSE_TEST_PGBOUNCER_URL"))
        let control = try PostgresControl(database.configuration)
        // More workers than the pooler has connections, each with a reader beside its writer.
        let stores = try (0..<5).map { _ in try database.store() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (worker, store) in stores.enumerated() {
                group.addTask {
                    for batch in 0..<10 {
                        try await store.write { try Self.batch("\(worker)-\(batch)", 4, $0) }
                        _ = try await store.read { try $0.nextWake() }
                        try control.setWatermark(participant: "p", stage: .intake, number: Int64(batch))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await stores[0].read { try $0.counts().applied } == 5 * 10 * 4)
        #expect(try control.watermarks().map(\.number) == [9])
        for store in stores { await store.close() }
        control.close()
    }

    // MARK: Encryption

    private func url(host: String, _ query: String) throws -> String {
        let url = try #require(TestPostgres.url)
        let bare = try #require(url.split(separator: "?").first)
        return bare.replacing("@127.0.0.1:", with: "@\(host):") + "?namespace=recourse&" + query
    }

    @Test(.enabled(if: TestPostgres.variable("RECOURSE_TEST_POSTGRES_CA") != nil, "the server has no certificate"))
    func `a server proves its name by an authority that is trusted, or is refused`() throws {
        let authority = try #require(TestPostgres.variable("RECOURSE_TEST_POSTGRES_CA"))
        let stranger = try #require(TestPostgres.variable("RECOURSE_TEST_POSTGRES_OTHER_CA"))
        func attempt(_ host: String, _ query: String) throws -> Int64? {
            let session = Session(
                try PostgresConfiguration(url: try url(host: host, query)), namespace: "tests")
            defer { session.closeNow() }
            return try session.statementNow(
                "asking", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            ).first?.int(0)
        }
        #expect(try attempt("localhost", "sslmode=verify-full&sslrootcert=\(authority)") == 1)
        let wrongAuthority = #expect(throws: StoreFailure.self) {
            try attempt("localhost", "sslmode=verify-full&sslrootcert=\(stranger)")
        }
        #expect(wrongAuthority?.kind == .unavailable)
        #expect(wrongAuthority?.cause.contains("certificate verify failed") == true)
        let wrongName = #expect(throws: StoreFailure.self) {
            try attempt("127.0.0.1", "sslmode=verify-full&sslrootcert=\(authority)")
        }
        #expect(wrongName?.cause.contains("does not match host name") == true)
    }

    // MARK: Killed processes

    /// Writes `batches`, then ends in the middle of one more, with locks in hand.
    static func writeAndDie(namespace: String, name: String, batches: Int) async throws {
        let store = try TestPostgres(namespace: namespace).store(.intake)
        try await KilledProcessTests.write(store, name, batches: batches)
        _ = try await store.write { transaction in
            try transaction.save([record("\(name)-lost"), record("shared")])
            _ = try transaction.append(KilledProcessTests.batch(name, batches), owner: name)
            kill(getpid(), SIGKILL)
        }
    }

    @Test func `killed writers leave whole batches, no locks, and outputs for the living`() async throws {
        let database = try TestPostgres()
        let namespace = database.namespace
        async let first = #expect(processExitsWith: .signal(SIGKILL)) { [namespace = namespace as String] in
            try await PostgresStoreTests.writeAndDie(namespace: namespace, name: "one", batches: 5)
        }
        async let second = #expect(processExitsWith: .signal(SIGKILL)) { [namespace = namespace as String] in
            try await PostgresStoreTests.writeAndDie(namespace: namespace, name: "two", batches: 20)
        }
        let store = try database.store(.intake)
        try await KilledProcessTests.write(store, "survivor", batches: 50)
        _ = await (first, second)
        let size = KilledProcessTests.batch("", 0).count
        let entries = try await store.read { try $0.journal(after: 0, limit: 10_000, withBodies: true) }
        let written = Dictionary(grouping: entries.flatMap(\.ids)) { $0.prefix { $0 != "-" } }.mapValues(\.count)
        #expect(written == ["one": 5 * size, "two": 20 * size, "survivor": 50 * size])
        let now = TestPostgres.wall()
        let orphans = try await store.write { transaction in
            #expect(try transaction.load([key("shared"), key("one-lost")]).isEmpty)
            try transaction.renewLease(of: "survivor", until: now.adding(seconds: 60))
            return try transaction.takeOverOutbox(by: "survivor", now: now, limit: 10_000)
        }
        #expect(orphans.count == 25 * size)
        #expect(orphans.map(\.key) == orphans.map(\.key).sorted())
        await store.close()
    }
}
