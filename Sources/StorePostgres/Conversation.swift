import Store

/// One transaction's talk with the server. Statements are queued and go out together when an answer is needed; the
/// transaction begins with the first of them.
///
/// After a failure it is over: everything further throws what went wrong first.
final class Conversation {
    private let connection: Connection
    private let opening: [String]
    private let limit: Int
    private let operation: DatabaseOperation
    private let before: Int
    private(set) var isBegun = false
    private var isAnswered = false
    /// Told when the commit has taken place.
    var whenCommitted: (() -> Void)?
    /// Statements in the pipeline, the opening ones included.
    private var queued = 0
    private var readers: [(place: Int, read: (Rows) -> Void)] = []
    private(set) var trouble: PostgresError?
    /// The commit was asked for, and the answer did not come: it may or may not have taken place.
    private(set) var isCommitOpen = false
    /// To be added to this machine's wall clock.
    let clockOffset: Int64

    init(
        _ connection: Connection, opening: [String], limit: Int, operation: DatabaseOperation, clockOffset: Int64
    ) {
        self.connection = connection
        self.opening = opening
        self.limit = limit
        self.operation = operation
        self.clockOffset = clockOffset
        before = connection.exchanges
    }

    /// Round trips of this transaction so far.
    var exchanges: Int { connection.exchanges - before }

    /// Queues a statement. Returns its place among the answers of the next `flush`.
    ///
    /// - Parameter read: gets the answer when it comes, also with the commit.
    @discardableResult
    func send(_ sql: String, _ arguments: [Argument] = [], read: ((Rows) -> Void)? = nil) throws -> Int {
        let place = try mapping { () throws(PostgresError) in
            if !isBegun {
                isBegun = true
                for statement in opening {
                    try connection.send(statement, [])
                    queued += 1
                }
            }
            try connection.send(sql, arguments)
            queued += 1
            return queued - 1
        }
        if let read { readers.append((place, read)) }
        return place
    }

    /// Waits for the answers to all that is queued, one for each statement.
    func flush() throws -> [Rows] {
        try mapping { () throws(PostgresError) in
            let expected = queued
            queued = 0
            let answers = try connection.exchange(limitMilliseconds: limit)
            guard answers.count == expected else {
                throw PostgresError(kind: .lost, message: "an answer is missing")
            }
            isAnswered = true
            for (place, read) in readers { read(answers[place]) }
            readers = []
            return answers
        }
    }

    /// Queues a statement and waits for its answer.
    func query(_ sql: String, _ arguments: [Argument] = []) throws -> Rows {
        let place = try send(sql, arguments)
        return try flush()[place]
    }

    /// Lets the server begin with what is queued. Not before `BEGIN` is known to have succeeded: what comes behind a
    /// synchronisation would else be a transaction of its own.
    func push() throws {
        guard isAnswered else { return }
        try mapping { () throws(PostgresError) in try connection.push() }
    }

    /// The transaction cannot go on like this, and is to run again: what to throw.
    func conflict(_ cause: String) -> any Error {
        let conflict = PostgresError(kind: .refused("40001"), message: cause)
        trouble = conflict
        return operation.failure(conflict)
    }

    func commit() throws {
        if let trouble { throw operation.failure(trouble) }
        guard isBegun else { return }
        let place = try send("COMMIT")
        isCommitOpen = true
        do {
            let answers = try flush()
            isCommitOpen = false
            // A transaction in which something has failed answers COMMIT by rolling back.
            guard answers[place].command == "COMMIT" else {
                throw operation.failure(.transient, "the server has rolled back instead of committing")
            }
            isBegun = false
            whenCommitted?()
        } catch {
            guard let trouble, trouble.isLost else {
                isCommitOpen = false
                throw error
            }
            throw operation.failure(
                .transient,
                "the connection was lost while the commit ran, so it may or may not have taken place "
                    + "(\(trouble.message)); the inbox tells when the batch is run again")
        }
    }

    /// Leaves the connection ready for the next transaction, or broken.
    func rollBack() {
        guard isBegun, !connection.isBroken else { return }
        isBegun = false
        do throws(PostgresError) {
            try connection.send("ROLLBACK", [])
            _ = try connection.exchange(limitMilliseconds: limit)
        } catch {
            connection.giveUp()
        }
    }

    private func mapping<T>(_ body: () throws(PostgresError) -> T) throws -> T {
        if let trouble { throw operation.failure(trouble) }
        do throws(PostgresError) {
            return try body()
        } catch {
            trouble = error
            throw operation.failure(error)
        }
    }
}
