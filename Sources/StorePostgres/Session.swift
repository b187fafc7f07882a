internal import Dispatch
import Schema
import Store
import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// One connection to the server with a serial queue of its own, never on the cooperative pool: it connects when it is
/// needed, and again after a loss.
///
/// Nothing is kept in the server's session: settings hold for a transaction (`set_config(…, true)`), statements have no
/// names, advisory locks end with the transaction. So PgBouncer in transaction mode may stand between.
///
/// `@unchecked Sendable`: everything that changes is only touched on the queue, but for the atomic counter.
final class Session: @unchecked Sendable {
    struct Options: Sendable {
        /// A commit is on the disk when it returns. If not, a crash of the server may undo the last commits.
        var isDurable = true
        /// A statement that each transaction that writes begins with: whether it still may.
        var check: String?
        /// Reads this machine's clock; nil where leases are of no concern.
        var wall: (@Sendable () -> Instant)?
    }

    /// What a transaction may do and see.
    enum Access {
        /// Reads and writes the newest committed state; what must not change is locked.
        case write
        /// One snapshot for all statements, without locks.
        case snapshot
    }

    private static let attempts = 5
    private static let clockSeconds = 60

    let place: String
    private let configuration: PostgresConfiguration
    private let options: Options
    private let queue: DispatchQueue
    private var connection: Connection?
    private var isClosed = false
    private var clock: (offset: Int64, measuredAt: Int)?
    private let roundTrips = Atomic(0)

    init(_ configuration: PostgresConfiguration, namespace: String, options: Options = Options()) {
        self.configuration = configuration
        self.options = options
        place = "\(namespace) in \(configuration)"
        queue = DispatchQueue(label: "recourse.postgres." + namespace)
    }

    /// How many round trips there have been; tests hold them.
    var exchanges: Int { roundTrips.load(ordering: .relaxed) }

    // MARK: On the queue

    /// Runs `body` in one transaction and returns after its commit.
    func transaction<T: Sendable>(
        _ access: Access, _ verb: String, _ body: @escaping @Sendable (Conversation) throws -> T
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.attempt(access, verb, body) }) }
        }
    }

    /// The same, while the caller's thread waits.
    func transactionNow<T>(_ access: Access, _ verb: String, _ body: (Conversation) throws -> T) throws -> T {
        try queue.sync { try attempt(access, verb, body) }
    }

    /// Runs one statement as a transaction of its own, in one round trip; the caller's thread waits. It must do no harm
    /// if it runs twice: a lost connection has it sent again.
    ///
    /// - Parameter isPolled: it reads a row or two and comes often, so it does without the transaction's settings; the
    ///   limit of the answer holds.
    func statementNow(
        _ verb: String, _ sql: String, _ arguments: [Argument] = [], isPolled: Bool = false
    ) throws -> Rows {
        try queue.sync { try statement(verb, sql, arguments, settings: isPolled ? [] : [settings]) }
    }

    /// Runs one statement that takes no transaction around it.
    func maintain(_ verb: String, _ sql: String) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            queue.async { continuation.resume(with: Result { _ = try self.statement(verb, sql, [], settings: []) }) }
        }
    }

    func close() async {
        await withCheckedContinuation { continuation in
            queue.async {
                self.end()
                continuation.resume()
            }
        }
    }

    func closeNow() { queue.sync { end() } }

    private func end() {
        isClosed = true
        connection = nil
    }

    // MARK: Attempts

    private func attempt<T>(_ access: Access, _ verb: String, _ body: (Conversation) throws -> T) throws -> T {
        let operation = DatabaseOperation(verb: verb, place: place)
        for left in (0..<Self.attempts).reversed() {
            let (connection, isNew) = try connected(operation)
            let before = connection.exchanges
            if access == .write { try measureClock(connection, operation) }
            let conversation = Conversation(
                connection, opening: opening(access), limit: configuration.answerMilliseconds, operation: operation,
                clockOffset: clock?.offset ?? 0)
            do {
                let result = try body(conversation)
                try conversation.commit()
                count(connection, before)
                return result
            } catch {
                conversation.rollBack()
                count(connection, before)
                if connection.isBroken { self.connection = nil }
                guard left > 0, let trouble = conversation.trouble, !conversation.isCommitOpen else { throw error }
                if trouble.isConflict {
                    Self.pause(after: Self.attempts - left)
                } else if !trouble.isLost || isNew || conversation.exchanges > 1 {
                    // Only a connection that was dead before the transaction began is worth an immediate second try;
                    // any other trouble is told, so that the caller waits.
                    throw error
                }
            }
        }
        throw operation.failure(.transient, "given up")
    }

    private func statement(
        _ verb: String, _ sql: String, _ arguments: [Argument], settings: [String]
    ) throws -> Rows {
        let operation = DatabaseOperation(verb: verb, place: place)
        var isSecond = false
        while true {
            let (connection, isNew) = try connected(operation)
            do throws(PostgresError) {
                // Up to the synchronisation that ends a pipeline, statements share one transaction.
                for statement in settings { try connection.send(statement, []) }
                try connection.send(sql, arguments)
                defer { roundTrips.add(1, ordering: .relaxed) }
                let answers = try connection.exchange(limitMilliseconds: configuration.answerMilliseconds)
                guard answers.count == settings.count + 1, let last = answers.last else {
                    throw PostgresError(kind: .lost, message: "an answer is missing")
                }
                return last
            } catch {
                if connection.isBroken || error.isLost { self.connection = nil }
                guard error.isLost, !isNew, !isSecond else { throw operation.failure(error) }
                isSecond = true
            }
        }
    }

    private func count(_ connection: Connection, _ before: Int) {
        roundTrips.add(connection.exchanges - before, ordering: .relaxed)
    }

    /// 10 to 20 ms after the first conflict, doubled with each.
    private static func pause(after attempt: Int) {
        let milliseconds = Int.random(in: 10...20) << (attempt - 1)
        var time = timespec(tv_sec: 0, tv_nsec: milliseconds * 1_000_000)
        nanosleep(&time, nil)
    }

    // MARK: Connection

    private func connected(_ operation: DatabaseOperation) throws -> (Connection, isNew: Bool) {
        guard !isClosed else { throw operation.failure(.unavailable, "the store is closed") }
        if let connection, !connection.isBroken { return (connection, false) }
        let opening = DatabaseOperation(verb: "connecting for", place: place)
        do throws(PostgresError) {
            let fresh = try Connection(
                configuration.parameters, limitMilliseconds: configuration.connectMilliseconds)
            guard fresh.serverVersion >= 150_000 else {
                throw PostgresError(kind: .refused("0A000"), message: "the server is older than PostgreSQL 15")
            }
            guard fresh.serverEncoding == "UTF8" else {
                throw PostgresError(
                    kind: .refused("0A000"), message: "the database's encoding is not UTF8; create it with it")
            }
            connection = fresh
            clock = nil
            return (fresh, true)
        } catch {
            guard case .refused = error.kind else {
                throw opening.failure(.unavailable, "\(error.message); is the server there, and does it let us in?")
            }
            throw opening.failure(.unavailable, error.message)
        }
    }

    /// Settings that hold for one transaction. Whoever vanishes with locks in hand must not stop the others for ever.
    private var settings: String {
        let durable =
            "CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' "
            + "ELSE current_setting('synchronous_commit') END"
        return """
            SELECT set_config('statement_timeout', '\(configuration.statementMilliseconds)', true), \
            set_config('lock_timeout', '\(configuration.lockMilliseconds)', true), \
            set_config('idle_in_transaction_session_timeout', '\(configuration.idleMilliseconds)', true), \
            set_config('jit', 'off', true), \
            set_config('synchronous_commit', \(options.isDurable ? durable : "'off'"), true)
            """
    }

    /// What a batch names is found by indices. While tables are small or newly grown the planner would rather read all of
    /// them, once for each batch.
    private static let plans = """
        SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), \
        set_config('enable_mergejoin', 'off', true)
        """

    private func opening(_ access: Access) -> [String] {
        switch access {
        case .write:
            ["BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", settings, Self.plans]
                + (options.check.map { [$0] } ?? [])
        case .snapshot: ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", settings]
        }
    }

    // MARK: The database's clock

    /// How far the database's clock is ahead of this machine's, looked up once a minute. In whole seconds: that is
    /// exact enough for leases, and on one machine it is nothing, whatever the round trip took.
    private func measureClock(_ connection: Connection, _ operation: DatabaseOperation) throws {
        guard let wall = options.wall else { return }
        let now = Monotonic.milliseconds
        if let clock, now - clock.measuredAt < Self.clockSeconds * 1_000 { return }
        do throws(PostgresError) {
            let before = wall().microseconds
            try connection.send("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", [])
            let answers = try connection.exchange(limitMilliseconds: configuration.answerMilliseconds)
            let after = wall().microseconds
            roundTrips.add(1, ordering: .relaxed)
            guard let there = answers.first?.first?.int(0) else { return }
            let ahead = Double(there - before - (after - before) / 2) / 1_000_000
            clock = (Int64(ahead.rounded()) * 1_000_000, now)
        } catch {
            // The transaction itself will tell whether the connection is lost; leases go by this machine meanwhile.
            clock = (clock?.offset ?? 0, now)
        }
    }
}
