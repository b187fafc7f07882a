import GRDB
import Schema
import Store
import Testing

@testable import StorePostgres
@testable import StoreSQLite

@Suite("The fund's ledger in the database", .timeLimit(.minutes(10)))
struct FundLedgerTests {
    typealias Row = (side: FundMovement.Side, request: String, fen: Int64)

    /// Appends an entry that announces each row, and posts them.
    private func post(_ rows: [Row], as id: String, to store: any Store) async throws {
        try await store.write { (store) throws in
            let outputs = rows.indices.map { output("\(id)-\($0)") }
            let number = try store.append([entry(event(id), outputs: outputs)], owner: "w")[0]
            try store.post(
                rows.enumerated().map { index, row in
                    FundPosting(
                        place: OutboxKey(entry: number, index: index),
                        movement: FundMovement(row.side, requestId: row.request, amountFen: row.fen))
                })
        }
    }

    private func totals(_ store: any Store) async throws -> [Int64] {
        let totals = try await store.read { try $0.fundTotals() }
        return [totals.disbursedFen, totals.recoveredFen, totals.writtenOffFen]
    }

    @Test(arguments: Adapter.allCases)
    func `what is posted is summed, up to the last fen that was paid`(_ adapter: Adapter) async throws {
        try await withStores(adapter) { store, other in
            #expect(try await totals(store) == [0, 0, 0])
            try await post([(.disbursed, "r1", 500), (.recovered, "r1", 200)], as: "a", to: store)
            try await post([(.disbursed, "r2", 1)], as: "b", to: other)
            try await post([(.recovered, "r1", 200), (.writtenOff, "r1", 100)], as: "c", to: other)
            #expect(try await totals(store) == [501, 400, 100])
        }
    }

    @Test(
        arguments: Adapter.allCases,
        [
            [(.disbursed, "r2", 0)], [(.disbursed, "r2", -5)],  // nothing, and less
            [(.disbursed, "r1", 10)],  // paid again
            [(.recovered, "r1", 101)], [(.writtenOff, "r1", 101)],  // more than is open
            [(.recovered, "r1", 60), (.writtenOff, "r1", 41)],
            [(.recovered, "r2", 1)],  // of what was never paid
            [(.disbursed, "r2", 7), (.recovered, "r1", 101)],  // the good beside the bad
        ] as [[Row]])
    func `what must not be is refused by the database, with all of its transaction`(
        _ adapter: Adapter, _ rows: [Row]
    ) async throws {
        try await withStores(adapter) { store, _ in
            try await post([(.disbursed, "r1", 500), (.recovered, "r1", 400)], as: "a", to: store)
            let failure = await #expect(throws: StoreFailure.self) { try await post(rows, as: "b", to: store) }
            #expect(failure?.kind == .corrupt)
            #expect(try await totals(store) == [500, 400, 0])
            #expect(try await store.read { try $0.counts().applied } == 1)
            try await post([(.writtenOff, "r1", 100)], as: "b", to: store)
            #expect(try await totals(store) == [500, 400, 100])
        }
    }

    private static let announced = """
        INSERT INTO %s VALUES
        %1'r1-paid', 'fund.disbursed', 'recourse.events', 'fund.disbursed', NULL,
        '{"data":{"requestId":"r1","amountFen":500,"balanceFen":-500}}'),
        %2'r1-back', 'fund.recovered', 'recourse.events', 'fund.recovered', NULL,
        '{"data":{"requestId":"r1","amountFen":120,"balanceFen":-380}}'),
        %3'other', 'case.opened', 'recourse.events', 'case.opened', NULL, '{"data":{}}')
        """

    @Test func `SQLite keeps postings from being changed, and fills them from an older journal`() async throws {
        let folder = try TestFolder()
        let path = folder.path + "/handling.sqlite"
        let queue = try DatabaseQueue(path: path)
        try await queue.write { db in
            for statement in StoreSQLite.StageSchema.steps.steps[0].statements { try db.execute(sql: statement) }
            try db.execute(sql: "PRAGMA user_version = 1")
            try db.execute(
                sql: Self.announced.replacing("%s", with: "outputs").replacing("%1", with: "(65536, ")
                    .replacing("%2", with: "(65537, ").replacing("%3", with: "(65538, "))
        }
        let store = try SQLiteStore(directory: folder.path, stage: .handling)
        #expect(try await totals(store) == [500, 120, 0])
        for statement in [
            "UPDATE fund_postings SET fen = fen - 1", "DELETE FROM fund_postings",
            "UPDATE fund_requests SET recovered = 501",
        ] {
            await #expect(throws: DatabaseError.self) {
                try await queue.write { try $0.execute(sql: statement) }
            }
        }
        #expect(try await totals(store) == [500, 120, 0])
        try queue.close()
        await store.close()
    }

    @Test(.enabled(if: TestPostgres.isThere, TestPostgres.absence))
    func `PostgreSQL keeps postings from being changed, and fills them from an older journal`() async throws {
        let database = try TestPostgres()
        let schema = "\(database.namespace)_handling"
        try database.run("CREATE SCHEMA \(schema)")
        for statement in StorePostgres.StageSchema.steps(schema).steps[0].statements { try database.run(statement) }
        try database.run("CREATE TABLE \(schema).schema_history (version integer PRIMARY KEY, applied_at timestamptz)")
        try database.run("INSERT INTO \(schema).schema_history VALUES (1, now())")
        try database.run(
            Self.announced.replacing("%s", with: "\(schema).outputs").replacing("%1", with: "(1, 0, 7, ")
                .replacing("%2", with: "(1, 1, 8, ").replacing("%3", with: "(1, 2, 9, "))
        let store = try database.store()
        #expect(try await totals(store) == [500, 120, 0])
        for statement in [
            "UPDATE \(schema).fund_postings SET fen = fen - 1", "DELETE FROM \(schema).fund_postings",
            "TRUNCATE \(schema).fund_postings", "UPDATE \(schema).fund_requests SET recovered = 501",
        ] {
            #expect(throws: StoreFailure.self) { try database.run(statement) }
        }
        #expect(try await totals(store) == [500, 120, 0])
        await store.close()
    }
}
