internal import GRDB
import Store

/// Which file an operation was on, for texts that people read.
struct FileOperation: Sendable {
    let verb: String
    let path: String

    /// Turns what SQLite or the system said into the store's words. Never quotes statements or values.
    func failure(_ error: DatabaseError) -> StoreFailure {
        let code = error.resultCode
        let said = "SQLite \(error.extendedResultCode.rawValue)" + (error.message.map { ": " + $0 } ?? "")
        switch code {
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL, .SQLITE_INTERRUPT, .SQLITE_SCHEMA, .SQLITE_ABORT:
            return failure(.transient, "another process uses the file (\(said))")
        case .SQLITE_FULL:
            return failure(.unavailable, "no space left (\(said)); free space on its volume")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            return failure(.unavailable, "the file may not be written (\(said)); check its owner and mode")
        case .SQLITE_CANTOPEN:
            return failure(.unavailable, "the file cannot be opened (\(said)); check folder, owner and mode")
        case .SQLITE_IOERR:
            return failure(.unavailable, "the volume does not read or write (\(said)); check the disk and its space")
        case .SQLITE_NOMEM:
            return failure(.unavailable, "out of memory (\(said))")
        case .SQLITE_MISUSE:
            return failure(.unavailable, "the store is closed")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT:
            return failure(.damaged, "the file is damaged or no database (\(said)); restore it from a copy")
        case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG:
            return failure(.corrupt, "the data are not what this version writes (\(said))")
        default:
            // Of the statements, which are ours, not of what they carry.
            return failure(
                .unavailable, "the tables are not those that this version needs (\(said)); restore them from a copy")
        }
    }

    func failure(_ kind: StoreFailure.Kind, _ cause: String) -> StoreFailure {
        StoreFailure(kind, operation: "\(verb) \(path)", cause: cause)
    }

    /// The system call `call` has failed with `errno` number `code`.
    func failure(call: String, code: Int32) -> StoreFailure {
        failure(.unavailable, "\(call) failed with system error \(code); check folder, owner, mode and space")
    }

    /// Runs `body`; what SQLite throws in it becomes a `StoreFailure`, everything else passes.
    func mapping<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw failure(error)
        }
    }
}
