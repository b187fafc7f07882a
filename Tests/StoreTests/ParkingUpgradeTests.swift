import GRDB
import Schema
import Store
import StoreSQLite
import Testing

/// The statements of the release before, which knows two steps, on the tables of this one.
@Suite("Dead letters beside the release before")
struct ParkingUpgradeTests {
    /// As release 0.2 parks a letter, or opens it again.
    private static func park(_ id: String, lastAt: Int64, at path: String) async throws {
        let queue = try DatabaseQueue(path: path)
        try await queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO letters (id, state, replays, version, parked_at, queue, exchange, routing_key, source,
                    event, type, case_id, class, code, message, fingerprint, attempts, first_at, last_at, headers,
                    properties, body)
                    VALUES (?, 'open', 0, 1, 5, 'recourse.intake', '', '', 'crm', 'E', NULL, NULL, 'schema', 'contract',
                    '', 'former', 1, 1, ?, x'7b7d', x'7b7d', x'7b7d')
                    ON CONFLICT (id) DO UPDATE SET number = (SELECT max(number) + 1 FROM letters), state = 'open',
                    version = letters.version + 1, fingerprint = excluded.fingerprint, last_at = excluded.last_at
                    WHERE letters.state <> 'open' AND excluded.last_at <> letters.last_at
                    """, arguments: [id, lastAt])
        }
        try queue.close()
    }

    @Test func `what it parks, or opens again, is indexed by whoever of this release asks next`() async throws {
        let folder = try TestFolder()
        let parking = try SQLiteParking(directory: folder.path)
        let path = folder.path + "/parking.sqlite"
        try await Self.park("1", lastAt: 10, at: path)
        #expect(try await parking.unindexedCount() == 1)
        func index() async throws {
            var letter = try #require(try await parking.get("1")).letter
            (letter.fingerprint, letter.pointer, letter.rule) = ("present", "/data", "type")
            try await parking.keepIndex(["1": LetterIndex(of: letter, traces: [PersonalTrace(number: 7)])])
        }
        try await index()
        #expect(try await parking.unindexedCount() == 0)
        #expect(try await parking.get("1")?.letter.fingerprint == "present")
        #expect(try await parking.mark([DeadLetterMark(id: "1", version: 1, state: .discarded)]).count == 1)
        try await Self.park("1", lastAt: 20, at: path)
        #expect(try await parking.get("1")?.letter.fingerprint == "former")
        #expect(try await parking.unindexedCount() == 1, "it has died again, and nobody of this release was there")
        try await index()
        #expect(try await parking.get("1")?.letter.fingerprint == "present")
        #expect(try await parking.ids(of: [PersonalTrace(number: 7)]) == ["1"])
        await parking.close()
    }
}
