internal import GRDB
import Store

/// The numbered steps that make a file's schema, forward only. SQLite's `user_version` is the number of the last step
/// done; all steps run in one transaction, in the writers' turn.
struct SchemaHistory {
    /// Step 1 first; never changed once released.
    let steps: [String]
    let operation: FileOperation

    /// - Throws: `StoreFailure`, corrupt, for a file that a later version has written or that is not Recourse's.
    func bringUpToDate(_ db: Database) throws {
        guard try version(db) != steps.count else { return }
        try db.inTransaction(.immediate) {
            let found = try version(db)
            guard found <= steps.count else {
                throw operation.failure(
                    .corrupt,
                    "its schema has version \(found), this program knows up to \(steps.count); use a newer program")
            }
            if found == 0, try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM sqlite_schema") != 0 {
                throw operation.failure(.corrupt, "it is another program's database; name another folder")
            }
            for step in steps.dropFirst(found) { try db.execute(sql: step) }
            try db.execute(sql: "PRAGMA user_version = \(steps.count)")
            return .commit
        }
    }

    private func version(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    }
}
