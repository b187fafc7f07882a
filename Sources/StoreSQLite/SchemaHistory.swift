internal import GRDB
import Store

/// The numbered steps that make a file's schema, forward only. SQLite's `user_version` is the number of the last step
/// done, and `schema_history` tells which programs can live with each; all steps run in one transaction, in the writers'
/// turn. Programs that have the file open see the change with their next statement: SQLite prepares it anew.
struct SchemaHistory {
    let schema: SchemaSteps
    let operation: FileOperation

    /// - Returns: how far the schema has come; further than this program knows if a newer one lets it go on.
    /// - Throws: `StoreFailure`, corrupt, for a file that a later version has changed beyond what this program can live
    ///   with, or that is not Recourse's.
    func bringUpToDate(_ db: Database) throws -> SchemaState {
        let found = try state(db)
        if try missing(from: found).isEmpty { return found }
        try db.inTransaction(.immediate) {
            let found = try state(db)
            if found.version == 0, try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM sqlite_schema") != 0 {
                throw operation.failure(.corrupt, "it is another program's database; name another folder")
            }
            try run(missing(from: found), after: found.version, db)
            return .commit
        }
        return try state(db)
    }

    /// To be asked within each transaction that writes: a newer program may have come since the file was opened.
    ///
    /// - Parameter known: what was found before.
    /// - Throws: `StoreFailure`, unavailable, if this program can no longer work on the file. Nothing may then be written.
    func check(_ db: Database, since known: SchemaState) throws -> SchemaState {
        guard try version(db) != known.version else { return known }
        let found = try state(db)
        _ = try missing(from: found, otherwise: .unavailable)
        return found
    }

    private func missing(
        from found: SchemaState, otherwise kind: StoreFailure.Kind = .corrupt
    ) throws(StoreFailure) -> ArraySlice<SchemaStep> {
        do {
            return try schema.missing(from: found)
        } catch {
            throw operation.failure(kind, "\(error)")
        }
    }

    private func run(_ steps: ArraySlice<SchemaStep>, after version: Int, _ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS schema_history (
                    version INTEGER PRIMARY KEY,
                    oldest_program INTEGER NOT NULL
                )
                """)
        for (number, step) in zip((version + 1)..., steps) {
            for statement in step.statements { try db.execute(sql: statement) }
            try db.execute(
                sql: "INSERT INTO schema_history (version, oldest_program) VALUES (?, ?)",
                arguments: [number, step.oldestProgram])
        }
        try db.execute(sql: "PRAGMA user_version = \(schema.version)")
    }

    private func version(_ db: Database) throws -> Int {
        try Query(db, "PRAGMA user_version").first { Int($0.int(0)) } ?? 0
    }

    private func state(_ db: Database) throws -> SchemaState {
        let version = try version(db)
        // Where the history does not reach up to the version, what made the file is what it takes.
        let oldest =
            try db.tableExists("schema_history")
            ? Int.fetchOne(
                db,
                sql: "SELECT max(oldest_program) FROM schema_history HAVING max(version) = ?", arguments: [version])
            : nil
        return SchemaState(version: version, oldestProgram: oldest ?? version)
    }
}
