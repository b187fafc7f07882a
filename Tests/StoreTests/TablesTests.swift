import Foundation
import GRDB
import Schema
import Store
import StoreSQLite
import Testing

@testable import StorePostgres

/// `docs/TABLES.md` has an answer for every table that there is, and for no other.
@Suite("Every table has its answers")
struct TablesTests {
    private static let page = "docs/TABLES.md"
    private static let questions = 9
    private static let stages: [StageName] = [.intake, .handling]

    private struct Row {
        let table: String
        let answers: [String]
    }

    private static func rows() throws -> [Row] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: page), encoding: .utf8)
        return text.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard let name = cells.first, name.hasPrefix("`"), name.hasSuffix("`") else { return nil }
            return Row(table: String(name.dropFirst().dropLast()), answers: Array(cells.dropFirst()))
        }
    }

    private func tablesOfSQLite() async throws -> Set<String> {
        let folder = try TestFolder()
        for stage in Self.stages { await (try SQLiteStore(directory: folder.path, stage: stage)).close() }
        await (try SQLiteParking(directory: folder.path)).close()
        (try SQLiteControl(directory: folder.path)).close()
        _ = try SQLiteInstallation(directory: folder.path).enter("a", stores: [])
        var tables: Set<String> = []
        for file in folder.entries() where file.hasSuffix(".sqlite") {
            let queue = try DatabaseQueue(path: folder.path + "/" + file)
            tables.formUnion(
                try await queue.read {
                    try String.fetchAll(
                        $0, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
                })
            try queue.close()
        }
        return tables
    }

    @Test func `with SQLite every table has a row, with nine answers`() async throws {
        let rows = try Self.rows()
        let names = rows.map(\.table)
        #expect(Set(names).count == names.count, "a table has two rows")
        for row in rows {
            #expect(row.answers.count == Self.questions - 1 && row.answers.allSatisfy { !$0.isEmpty }, "\(row.table)")
        }
        let tables = try await tablesOfSQLite()
        #expect(tables.subtracting(names) == [], "tables without a row in \(Self.page)")
        let gone = Set(names).subtracting(tables)
        #expect(gone == ["counters"], "rows of \(Self.page) without a table; PostgreSQL alone has counters")
    }

    @Test(.enabled(if: TestPostgres.isThere, TestPostgres.absence))
    func `with PostgreSQL every table has a row`() async throws {
        let database = try TestPostgres()
        for stage in Self.stages { await (try database.store(stage)).close() }
        await (try PostgresParking(database.configuration)).close()
        (try PostgresControl(database.configuration)).close()
        _ = try PostgresInstallation(database.configuration).enter("a", stores: [])
        let session = database.administrator()
        defer { session.closeNow() }
        let tables = try session.statementNow(
            "looking",
            """
            SELECT DISTINCT relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND starts_with(n.nspname, $1)
            """, [.text(database.namespace + "_")]
        ).map { $0.text(0) }
        let names = Set(try Self.rows().map(\.table))
        #expect(Set(tables).subtracting(names) == [], "tables without a row in \(Self.page)")
        let gone = names.subtracting(tables)
        #expect(
            gone == ["taken", "emitted", "counts", "personal_segments"],
            "rows of \(Self.page) without a table; SQLite alone has these")
    }
}
