internal import GRDB
import Schema
import Store

/// A stage's store in one SQLite file, `DIRECTORY/<stage>.sqlite`.
///
/// Several processes of the stage may open it; their writers take turns (`WriterTurn`), their readers hinder nobody.
/// A commit is on the disk when `write` returns (`synchronous=FULL`). Statements run one key at a time: without a
/// network between them, a prepared statement for each key is as fast as one for all.
package final class SQLiteStore: Store {
    private let file: SQLiteFile

    /// Opens the store, and creates folder (mode 0700), file (0600) and schema where they are missing.
    ///
    /// - Throws: `StoreFailure`.
    package convenience init(directory: String, stage: StageName) throws {
        try self.init(directory: directory, stage: stage, schema: StageSchema.steps)
    }

    /// - Parameters:
    ///   - schema: for tests of upgrades: the steps of a program of another version.
    ///   - sizeLimitPages: the file grows to so many pages and is then full, like a disk.
    package init(
        directory: String, stage: StageName, schema: SchemaSteps = StageSchema.steps, sizeLimitPages: Int? = nil
    ) throws {
        var options = SQLiteFile.Options()
        options.sizeLimitPages = sizeLimitPages
        file = try SQLiteFile(
            directory: directory, name: stage.rawValue, schema: schema, options: options)
    }

    package var path: String { file.path }

    package func write<T: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> T
    ) async throws -> T {
        try await file.write { try Self.transaction($0, body) }
    }

    /// The same on the caller's thread.
    package func writeNow<T>(_ body: (any StoreTransaction) throws -> T) throws -> T {
        try file.writeNow { try Self.transaction($0, body) }
    }

    private static func transaction<T>(_ db: Database, _ body: (any StoreTransaction) throws -> T) throws -> T {
        let transaction = SQLiteTransaction(db)
        let result = try body(transaction)
        try transaction.finish()
        return result
    }

    package func read<T: Sendable>(_ body: @escaping @Sendable (any StoreSnapshot) throws -> T) async throws -> T {
        try await file.read { try body(SQLiteSnapshot($0)) }
    }

    package func scrub() async throws { try await file.truncateLog() }

    package func close() async { await file.close() }
}
