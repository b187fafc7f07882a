internal import Dispatch
internal import GRDB
import Store
import Synchronization

/// One SQLite file in WAL mode: a connection that writes, in turn with other processes, and a few that read snapshots
/// beside it. Everything runs on the connections' own queues, never on the cooperative pool.
///
/// `@unchecked Sendable`: the pool is thread-safe by its own locks, and turn and schema are only used on the writer's
/// queue.
final class SQLiteFile: @unchecked Sendable {
    struct Options {
        /// A commit is on the disk when it returns. If not, a loss of power may undo the last commits.
        var isDurable = true
        /// In KiB, of the writing connection.
        var writerCache = 16 * 1024
        /// In KiB, of each reading connection.
        var readerCache = 2 * 1024
        var readers = 3
        /// The longest wait for other writers.
        var turnLimitSeconds: Int64 = 30
        /// The longest wait for what the turn does not order: a shell, a copy being made, the end of a process.
        var busyLimitSeconds: Double = 5
        /// Pages of the write-ahead log after which it is brought into the file: those that were written several times
        /// meanwhile go there once. What is not brought in yet is read again when a killed worker starts.
        var checkpointPages = 16_000
        /// In pages; nil: none. For tests of a full disk.
        var sizeLimitPages: Int?
    }

    let path: String
    private let pool: DatabasePool
    private let turn: WriterTurn
    private let options: Options
    private let history: SchemaHistory
    /// Only used in the writers' turn.
    private var schema: SchemaState
    private let isClosed = Atomic(false)

    /// Opens or creates `DIRECTORY/NAME.sqlite` and brings its schema up to date.
    ///
    /// - Throws: `StoreFailure`.
    init(directory: String, name: String, schema: SchemaSteps, options: Options = Options()) throws {
        let path = directory + "/" + name + ".sqlite"
        let opening = FileOperation(verb: "opening", path: path)
        try PrivateFiles.makeFolder(directory, opening)
        try PrivateFiles.makeFile(path, opening)
        let history = SchemaHistory(schema: schema, operation: opening)
        let turn = try WriterTurn(path: directory + "/" + name + ".turn")
        try turn.take(limitSeconds: options.turnLimitSeconds)
        do {
            (pool, self.schema) = try opening.mapping {
                let pool = try DatabasePool(path: path, configuration: Self.configuration(options))
                let state = try pool.writeWithoutTransaction { db in
                    // The pool has set NORMAL, with which a commit may be lost.
                    try db.execute(sql: "PRAGMA synchronous = \(options.isDurable ? "FULL" : "NORMAL")")
                    return try history.bringUpToDate(db)
                }
                return (pool, state)
            }
            try turn.release()
        } catch {
            try turn.release()
            throw error
        }
        self.path = path
        self.history = history
        self.turn = turn
        self.options = options
    }

    private static func configuration(_ options: Options) -> Configuration {
        var configuration = Configuration()
        configuration.maximumReaderCount = options.readers
        configuration.busyMode = .timeout(options.busyLimitSeconds)
        configuration.prepareDatabase { db in
            let isReader = db.configuration.readonly
            try db.execute(sql: "PRAGMA cache_size = -\(isReader ? options.readerCache : options.writerCache)")
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
            guard !isReader else { return }
            // What is deleted is overwritten: an erased person must not be left in the free parts of the file.
            try db.execute(sql: "PRAGMA secure_delete = ON")
            try db.execute(sql: "PRAGMA wal_autocheckpoint = \(options.checkpointPages)")
            try db.execute(sql: "PRAGMA journal_size_limit = \(2 * options.checkpointPages * 4096)")
            if let limit = options.sizeLimitPages { try db.execute(sql: "PRAGMA max_page_count = \(limit)") }
        }
        return configuration
    }

    private func operation(_ verb: String) -> FileOperation { FileOperation(verb: verb, path: path) }

    // MARK: Writing

    /// Runs `body` in one transaction when it is our turn, and returns after the commit.
    func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try requireOpen()
        return try await withCheckedThrowingContinuation { continuation in
            pool.asyncWriteWithoutTransaction { db in
                continuation.resume(with: Result { try self.transaction(db, body) })
            }
        }
    }

    /// The same on the caller's thread.
    func writeNow<T>(_ body: (Database) throws -> T) throws -> T {
        try requireOpen()
        return try pool.writeWithoutTransaction { try transaction($0, body) }
    }

    private func transaction<T>(_ db: Database, _ body: (Database) throws -> T) throws -> T {
        try requireOpen()
        try turn.take(limitSeconds: options.turnLimitSeconds)
        do {
            let result: T = try operation("writing").mapping {
                try db.beginTransaction(.immediate)
                do {
                    schema = try history.check(db, since: schema)
                    let result = try body(db)
                    try db.commit()
                    return result
                } catch {
                    // A full disk makes SQLite roll back by itself.
                    if db.isInsideTransaction { try db.rollback() }
                    if let code = (error as? DatabaseError)?.resultCode, [.SQLITE_FULL, .SQLITE_IOERR].contains(code) {
                        makeRoom(db)
                    }
                    throw error
                }
            }
            try turn.release()
            return result
        } catch {
            try turn.release()
            throw error
        }
    }

    /// The write-ahead log itself may be what fills a small volume: what is in it goes into the file, mostly over pages that
    /// are there, and the log is emptied.
    private func makeRoom(_ db: Database) {
        do {
            _ = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        } catch {
            // There is no room for that either. Whoever writes tries again, and so does this.
            return
        }
    }

    // MARK: Reading

    /// Runs `body` on a snapshot beside writers.
    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try requireOpen()
        return try await withCheckedThrowingContinuation { continuation in
            pool.asyncRead { db in
                continuation.resume(with: Result { try self.operation("reading").mapping { try body(try db.get()) } })
            }
        }
    }

    /// Runs one statement's worth of reading on the writing connection, on the caller's thread: the cheapest way.
    func readNow<T>(_ body: (Database) throws -> T) throws -> T {
        try requireOpen()
        return try operation("reading").mapping { try pool.writeWithoutTransaction(body) }
    }

    // MARK: Scrubbing

    /// Brings the write-ahead log into the file and empties it, so that no former state of a page is left in it.
    ///
    /// - Throws: `StoreFailure`, transient, if a reader needs the log for longer than the limit for being busy.
    func truncateLog() async throws {
        try requireOpen()
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            pool.asyncWriteWithoutTransaction { db in
                continuation.resume(
                    with: Result {
                        try self.operation("emptying the log of").mapping {
                            let isBusy = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")?[0] as Int? ?? 1
                            guard isBusy == 0 else {
                                throw self.operation("emptying the log of").failure(
                                    .transient, "a reader needs it; it is emptied when it is next brought in")
                            }
                        }
                    })
            }
        }
    }

    // MARK: Closing

    private func requireOpen() throws {
        guard !isClosed.load(ordering: .acquiring) else {
            throw operation("using").failure(.unavailable, "the store is closed")
        }
    }

    func close() async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                self.closeNow()
                continuation.resume()
            }
        }
    }

    /// Waits for what is in hand. If SQLite cannot close, the file is released with the last reference; nothing
    /// committed is lost either way.
    func closeNow() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        _ = try? pool.close()
    }
}
