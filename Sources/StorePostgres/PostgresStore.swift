import Schema
import Store

/// A stage's store in PostgreSQL, in a schema of its own: `recourse_intake` and so on. Any number of the stage's workers
/// may use it at once, on any machines.
///
/// A commit is on the server's disk when `write` returns (`synchronous_commit`). Each value holds at most two
/// connections, one that writes and one that reads.
package final class PostgresStore: Store {
    private let schema: String
    private let writer: Session
    private let reader: Session
    private let undisturbed: Undisturbed

    /// Connects, and creates what is missing in the database.
    ///
    /// - Parameters:
    ///   - steps: for tests of upgrades: the steps of a program of another version.
    ///   - solitude: how many transactions on end must have found nobody else at work before one counts on it.
    ///   - wall: reads this machine's clock, the one that leases are told in.
    /// - Throws: `StoreFailure`.
    package init(
        _ configuration: PostgresConfiguration, stage: StageName,
        steps: (_ namespace: String) -> SchemaSteps = StageSchema.steps, solitude: Int = 16,
        wall: @escaping @Sendable () -> Instant
    ) throws {
        schema = configuration.namespace + "_" + stage.rawValue
        undisturbed = Undisturbed(least: solitude)
        var options = Session.Options()
        options.wall = wall
        let history = SchemaHistory(namespace: schema, schema: steps(schema))
        options.check = history.check
        writer = Session(configuration.named(schema), namespace: schema, options: options)
        reader = Session(configuration.named(schema), namespace: schema)
        try history.bringUpToDate(reader)
    }

    /// How many round trips there have been; tests hold them.
    package var exchanges: Int { writer.exchanges + reader.exchanges }

    /// After a deadlock, or where others were in the way, `body` runs again, up to five times in all.
    package func write<T: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> T
    ) async throws -> T {
        try await writer.transaction(.write, "writing") { [schema, undisturbed] conversation in
            let transaction = PostgresTransaction(conversation, schema: schema, undisturbed: undisturbed)
            let result = try body(transaction)
            try transaction.finish()
            return result
        }
    }

    package func read<T: Sendable>(_ body: @escaping @Sendable (any StoreSnapshot) throws -> T) async throws -> T {
        try await reader.transaction(.snapshot, "reading") { [schema] in
            try body(PostgresSnapshot($0, schema: schema))
        }
    }

    /// Frees the rows that were deleted, so that what comes next overwrites them.
    package func scrub() async throws {
        for table in ["personal", "persons", "subjects", "waiting"] {
            try await writer.maintain("clearing", "VACUUM \(schema).\(table)")
        }
    }

    package func close() async {
        await writer.close()
        await reader.close()
    }
}
