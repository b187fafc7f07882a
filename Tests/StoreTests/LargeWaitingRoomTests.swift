import GRDB
import Schema
import Store
import Testing

@testable import StorePostgres
@testable import StoreSQLite

/// A room in which very many events wait costs no more than a small one: nothing of what is done often reads all of it.
@Suite("A large waiting room", .timeLimit(.minutes(10)))
struct LargeWaitingRoomTests {
    private static let size = 20_000

    /// What workers do for an event, and every few seconds.
    private func everyday(_ transaction: any StoreTransaction) throws {
        let reference = key("one")
        _ = try transaction.load([reference])
        _ = try transaction.waiting(for: [reference])
        #expect(try transaction.waitingCount() == WaitingCount(events: Self.size, bytes: 3 * Self.size))
        let event = WaitingEvent(
            event: EventKey(source: "crm", id: "new"), type: "case.accepted", digest: [1], reference: reference,
            ruleTime: start, arrived: start, endsAt: start, size: 5)
        try transaction.hold(event, WaitingMessage(key: "", sealed: [1, 2, 3, 4, 5]), traces: [], noticeAt: start)
        #expect(try transaction.waitingCount() == WaitingCount(events: Self.size + 1, bytes: 3 * Self.size + 5))
        _ = try transaction.waiting(among: [event.event])
        try transaction.noteKnown([reference])
        #expect(try transaction.waitingForKnown(limit: 256) == [event])
        _ = try transaction.waiting(below: RecordKey(kind: "newer-release", id: "9"), limit: 256)
        _ = try transaction.isAnyWaiting(forKind: "case")
        _ = try transaction.nextWaitingEnd()
        #expect(try transaction.waitingEnded(now: start, limit: 256) == [event])
        #expect(try transaction.takeNotices(now: start, again: .limit, limit: 256) == [event])
        try transaction.endNotices([event.event])
        #expect(try transaction.takeOverDying(by: "w", now: start, limit: 256).isEmpty)
        #expect(try transaction.waitingMessage(toDecide: event.event) != nil)
        try transaction.releaseWaiting([event.event])
        #expect(try transaction.waitingCount().events == Self.size)
        #expect(try !transaction.letDie(DyingEvent(event: event, code: "x", cause: "y"), owner: "w"))
        try transaction.releaseDead([event.event], owner: "w")
    }

    @Test func `in SQLite no statement goes through the table`() async throws {
        let folder = try TestFolder()
        let store = try SQLiteStore(directory: folder.path, stage: .handling)
        await store.close()
        let queue = try DatabaseQueue(path: folder.path + "/handling.sqlite")
        try await queue.write { db in
            try db.execute(
                sql: """
                    WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < \(Self.size))
                    INSERT INTO waiting (source, event, type, digest, reference_kind, reference_id, rule_time, arrived,
                    ends_at, size, notice_at, key, message) SELECT 'crm', 'e' || n, 't', x'01', 'case', 'c' || n, n, n,
                    \(Int64.max), 3, \(Int64.max), '', x'010203' FROM n
                    """)
            try db.execute(sql: "UPDATE counts SET waiting = \(Self.size), waiting_bytes = \(3 * Self.size)")
        }
        let plans = try await queue.write { db -> [String] in
            var statements: Set<String> = []
            db.trace { event in
                if case .statement(let statement) = event { statements.insert(statement.sql) }
            }
            let transaction = SQLiteTransaction(db)
            try everyday(transaction)
            try transaction.finish()
            db.trace()
            return try statements.filter { $0.contains("waiting") }.sorted().flatMap { sql in
                let explained = try db.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
                explained.setUncheckedArguments(StatementArguments())
                return try Row.fetchAll(explained).map { "\($0["detail"] as String? ?? "") of \(sql)" }
            }
        }
        #expect(plans.count > 10)
        // The indices that leave out what waits as usual are as small as what they hold.
        let small = ["waiting_known", "waiting_by_owner", "waiting_by_end"]
        for plan in plans where plan.hasPrefix("SCAN waiting") {
            #expect(small.contains { plan.contains("INDEX \($0)") }, "\(plan)")
        }
    }

    @Test(.enabled(if: TestPostgres.isThere, TestPostgres.absence))
    func `in PostgreSQL no statement goes through the table`() async throws {
        let database = try TestPostgres()
        let store = try database.store()
        try await store.write { transaction in
            let transaction = try #require(transaction as? PostgresTransaction)
            let table = "\(transaction.schema).waiting"
            _ = try transaction.conversation.query(
                """
                INSERT INTO \(table) (claim, source, event, type, digest, reference_kind, reference_id, rule_time,
                arrived, ends_at, size, notice_at, key, message)
                SELECT sha256(('e' || n)::bytea), 'crm', 'e' || n, 't', '\\x01', 'case', 'c' || n, n, n,
                9223372036854775807, 3, 9223372036854775807, '', decode(repeat('ab', 900), 'hex')
                FROM generate_series(1, \(Self.size)) AS s(n)
                """)
            _ = try transaction.conversation.query(
                "UPDATE \(transaction.schema).counters SET waiting = $1, waiting_bytes = $2",
                [.int(Int64(Self.size)), .int(Int64(3 * Self.size))])
            _ = try transaction.conversation.query("ANALYZE \(table)")
        }
        let read = try await store.write { transaction -> Int64 in
            let transaction = try #require(transaction as? PostgresTransaction)
            func read() throws -> Int64 {
                try transaction.conversation.query(
                    """
                    SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
                    WHERE schemaname = $1 AND relname = 'waiting'
                    """, [.text(transaction.schema.filter { $0 != "\"" })]
                ).first?.int(0) ?? -1
            }
            try everyday(transaction)
            return try read()
        }
        #expect((0..<100).contains(read), "\(read) rows were read")
        await store.close()
    }
}
