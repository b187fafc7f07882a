import Foundation
import Schema
import Store
import Synchronization
import Testing

@testable import StorePostgres

/// Connections and servers that end at the wrong moment.
@Suite(
    "Trouble with PostgreSQL", .timeLimit(.minutes(10)), .enabled(if: TestPostgres.isThere, TestPostgres.absence))
struct PostgresTroubleTests {
    /// What a worker does with a batch: the inbox is asked first, and nothing is taken twice.
    @Sendable private static func take(_ ids: [String], _ transaction: any StoreTransaction) throws -> Int {
        let known = try transaction.claims(ids.map { EventKey(source: "crm", id: $0) })
        let fresh = ids.filter { known[EventKey(source: "crm", id: $0)] == nil }
        guard !fresh.isEmpty else { return 0 }
        let version = try transaction.load([key("sum")])[key("sum")]?.version ?? 0
        try transaction.save([record("sum", version: version + 1)])
        return try transaction.append(fresh.map { entry(event($0), outputs: [output($0 + "-o")]) }, owner: "w").count
    }

    @Test(arguments: [true, false])
    func `a connection that is lost at the commit leaves the batch to be run again without harm`(
        isCommitted: Bool
    ) async throws {
        let port = try #require(TestPostgres.url.flatMap { URLComponents(string: $0)?.port })
        let proxy = try CuttingProxy(target: port, mark: Array("COMMIT\0".utf8))
        defer { proxy.stop() }
        let direct = try TestPostgres()
        let detour = try #require(
            TestPostgres.url?.replacing(":\(port)/", with: ":\(proxy.port)/"))
        let proxied = try PostgresConfiguration(url: detour + "?sslmode=disable&namespace=\(direct.namespace)")
        let store = try PostgresStore(proxied, stage: .handling, solitude: 0, wall: TestPostgres.wall)
        let other = try direct.store()
        #expect(try await store.write { try Self.take(["a"], $0) } == 1)

        proxy.set(isCommitted ? .after : .before)
        let failure = await #expect(throws: StoreFailure.self) {
            try await store.write { try Self.take(["b", "c"], $0) }
        }
        #expect(failure?.kind == .transient)
        #expect(failure?.cause.contains("may or may not have taken place") == true)
        #expect(proxy.count == 1, "no second try of its own: that is the inbox's to decide")
        proxy.set(nil)

        // Whichever happened, another worker's look and the repeat agree on it.
        #expect(try await other.write { try Self.take(["b", "c"], $0) } == (isCommitted ? 0 : 2))
        #expect(try await store.write { try Self.take(["b", "c"], $0) } == 0)
        let entries = try await other.read { try $0.journal(after: 0, limit: 99, withBodies: true) }
        #expect(entries.flatMap(\.ids) == ["a", "b", "c"] && entries.map(\.number) == [1, 2, 3])
        #expect(try await other.read { try $0.record(key("sum"))?.version } == 2)
        #expect(try await other.read { try $0.counts().outbox } == 3)

        // The same where the commit goes out with the first statement.
        proxy.set(isCommitted ? .after : .before)
        let kind = await failureKind {
            try await store.write { try $0.removeFromOutbox([OutboxKey(entry: 1, index: 0)]) }
        }
        #expect(kind == .transient && proxy.count == 2)
        proxy.set(nil)
        #expect(try await other.read { try $0.counts().outbox } == (isCommitted ? 2 : 3))
        await store.close()
        await other.close()
    }

    @Test func `a session that is ended within a transaction takes it back, and the next one connects anew`()
        async throws
    {
        let database = try TestPostgres()
        let store = try database.store()
        let kind = await failureKind {
            _ = try await store.write { transaction in
                let taken = try Self.take(["a"], transaction)
                #expect(try database.endSessions() > 0)
                return taken
            }
        }
        #expect(kind == .transient)
        #expect(try await store.write { try Self.take(["a"], $0) } == 1)
        #expect(try await store.read { try $0.counts().applied } == 1)
        await store.close()
    }

    @Test func `a session that was ended while idle is nobody's trouble`() async throws {
        let database = try TestPostgres()
        let store = try database.store()
        _ = try await store.write { try Self.take(["a"], $0) }
        for _ in 1...2 {
            #expect(try database.endSessions() == 2)
            #expect(try await store.read { try $0.counts().applied } == 1)
            #expect(try await store.write { try Self.take(["a"], $0) } == 0)
        }
        await store.close()
    }

    @Test func `a transaction that stands still is ended by the server, and its locks with it`() async throws {
        let database = try TestPostgres()
        var impatient = database.configuration
        impatient.idleMilliseconds = 100
        let store = try PostgresStore(impatient, stage: .handling, wall: TestPostgres.wall)
        let other = try database.store()
        let kind = await failureKind {
            try await store.write { transaction in
                _ = try transaction.load([key("1")])
                let gate = Gate()
                Task {
                    _ = try await other.write { try $0.load([key("1")]) }
                    gate.open()
                }
                #expect(gate.wait(seconds: 120), "the lock was not given up")
                try transaction.save([record("1")])
            }
        }
        #expect(kind == .transient)
        await store.close()
        await other.close()
    }

    @Test func `a statement that takes too long is given up`() async throws {
        let database = try TestPostgres()
        var impatient = database.configuration
        impatient.statementMilliseconds = 50
        let (holder, session) = (database.administrator(), Session(impatient, namespace: "tests"))
        let lock = "SELECT pg_advisory_lock(hashtextextended('\(database.namespace)', 0))"
        _ = try holder.statementNow("holding", lock)
        let failure = #expect(throws: StoreFailure.self) { try session.statementNow("waiting", lock) }
        #expect(failure?.kind == .transient)
        session.closeNow()
        holder.closeNow()
    }

    @Test func `a server that stops and comes back loses nothing`() async throws {
        let server = try PrivateServer()
        let result: Result<Void, any Error>
        do { result = .success(try await survive(server)) } catch { result = .failure(error) }
        try await server.remove()
        try result.get()
    }

    private func survive(_ server: PrivateServer) async throws {
        try await server.start()
        let database = try TestPostgres(namespace: "recourse", url: try server.url())
        let store = try database.store()
        _ = try await store.write { try Self.take(["a"], $0) }
        try await server.stop()
        #expect(await failureKind { _ = try await store.write { try Self.take(["b"], $0) } } == .unavailable)
        #expect(await failureKind { _ = try await store.read { try $0.counts() } } == .unavailable)
        #expect(await failureKind { _ = try database.store() } == .unavailable)
        try await server.start()
        #expect(try await store.write { try Self.take(["a", "b"], $0) } == 1)
        #expect(try await store.read { try $0.counts().applied } == 2)
        await store.close()
    }
}

/// A server of one test's own, made and run by the same script as the tests' server.
private struct PrivateServer: Sendable {
    private let folder: String
    private let port: Int

    init() throws {
        folder = (TestPostgres.variable("TMPDIR") ?? "/tmp") + "/recourse-server-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o711])
        port = Int.random(in: 20_000...29_000)
    }

    func url() throws -> String {
        let text = try String(contentsOfFile: folder + "/env", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.contains("RECOURSE_TEST_POSTGRES_URL=") })
        return String(line.drop { $0 != "=" }.dropFirst())
    }

    func start() async throws { try await run("postgres_start '\(folder)' \(port)") }
    func stop() async throws { try await run("postgres_stop '\(folder)'") }

    func remove() async throws {
        try await stop()
        try FileManager.default.removeItem(atPath: folder)
    }

    /// On a thread of its own, and not by `Process`, which takes a server that it leaves behind for the command.
    private func run(_ command: String) async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "deploy/lib/postgres.sh").path
        let line = "/bin/bash -euo pipefail -c \". '\(script)'; \(command)\""
        let status = await withCheckedContinuation { continuation in
            Thread { continuation.resume(returning: system(line)) }.start()
        }
        try #require(status == 0, "\(command)")
    }
}
