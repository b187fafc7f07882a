internal import Foundation
internal import GRDB
internal import GRDBSQLite
import Store

/// Copies of all SQLite files of an installation as of one moment, made while its programs write.
///
/// Stages are separate files, and copies of different moments do not fit together: what one stage has taken another would
/// no longer know to have sent. So the writers' turns of all files are taken, in the order of names, and a snapshot is
/// begun in each before they are given back; the copying goes on beside the writers. All wait for as long as the
/// transactions in hand take, some milliseconds.
package struct SQLiteBackup {
    private static let turnLimitSeconds: Int64 = 30
    private let directory: String

    package init(directory: String) {
        self.directory = directory
    }

    /// The files of an installation, by name; empty if there is none.
    package static func files(in directory: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { $0.hasSuffix(".sqlite") }.sorted()
    }

    /// Copies every file into `target`, checks the copies, and returns when they are on the disk.
    ///
    /// - Returns: the names of the copies.
    /// - Throws: `StoreFailure`; copies may then be left behind.
    package func copy(to target: String) throws -> [String] {
        let operation = FileOperation(verb: "copying", path: directory)
        let names = Self.files(in: directory)
        guard !names.isEmpty else { throw operation.failure(.unavailable, "there are no files of Recourse in it") }
        try PrivateFiles.makeFolder(target, operation)
        let sources = try snapshots(of: names)
        for (name, source) in zip(names, sources) {
            try Self.copy(source, to: target + "/" + name, FileOperation(verb: "copying", path: directory + "/" + name))
        }
        try Self.sync(target, operation)
        return names
    }

    /// A connection to each file, with a transaction that sees the same moment as all others.
    private func snapshots(of names: [String]) throws -> [DatabaseQueue] {
        var turns: [WriterTurn] = []
        defer { for turn in turns { try? turn.release() } }
        var configuration = Configuration()
        // The snapshot stays open from one call to the next.
        configuration.allowsUnsafeTransactions = true
        let sources = try names.map { name in
            try FileOperation(verb: "opening", path: directory + "/" + name).mapping {
                try DatabaseQueue(path: directory + "/" + name, configuration: configuration)
            }
        }
        for name in names {
            let turn = try WriterTurn(path: directory + "/" + name.dropLast(".sqlite".count) + ".turn")
            try turn.take(limitSeconds: Self.turnLimitSeconds)
            turns.append(turn)
        }
        for (name, source) in zip(names, sources) {
            try FileOperation(verb: "reading", path: directory + "/" + name).mapping {
                try source.inDatabase { db in
                    try db.execute(sql: "BEGIN DEFERRED")
                    // A snapshot begins with the first look.
                    _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema")
                }
            }
        }
        return sources
    }

    private static func copy(_ source: DatabaseQueue, to path: String, _ operation: FileOperation) throws {
        try PrivateFiles.makeFile(path, operation)
        try operation.mapping {
            let copy = try DatabaseQueue(path: path)
            try source.inDatabase { from in
                try copy.inDatabase { into in
                    guard
                        let backup = sqlite3_backup_init(into.sqliteConnection, "main", from.sqliteConnection, "main")
                    else { throw DatabaseError(resultCode: into.lastErrorCode, message: into.lastErrorMessage) }
                    sqlite3_backup_step(backup, -1)
                    let code = sqlite3_backup_finish(backup)
                    guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
                }
                try from.execute(sql: "ROLLBACK")
            }
            try copy.inDatabase { db in
                // One file without companions; the store that opens it later changes that again.
                try db.execute(sql: "PRAGMA journal_mode = DELETE")
                let found = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)") ?? "nothing"
                guard found == "ok" else { throw operation.failure(.damaged, "the copy is damaged: \(found)") }
            }
            try copy.close()
            try source.close()
        }
        try sync(path, operation)
    }

    /// How far the audit log in a backup has come; nil: it has none.
    ///
    /// - Throws: `StoreFailure`.
    package static func auditLogHead(in folder: String) throws -> AuditLogHead? {
        let path = folder + "/parking.sqlite"
        guard files(in: folder).contains("parking.sqlite") else { return nil }
        return try FileOperation(verb: "reading", path: path).mapping {
            var configuration = Configuration()
            configuration.readonly = true
            let copy = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? copy.close() }
            return try copy.read { db in
                try db.tableExists("audit_log_head") ? try SQLiteParking.head(db) : nil
            }
        }
    }

    /// Returns when the file or folder is on the disk.
    package static func sync(_ path: String) throws {
        try sync(path, FileOperation(verb: "writing", path: path))
    }

    private static func sync(_ path: String, _ operation: FileOperation) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw operation.failure(call: "open", code: errno) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw operation.failure(call: "fsync", code: errno) }
    }
}
