import Store

/// The numbered steps that make the tables of one namespace, forward only. `schema_history` in the namespace records the
/// steps done; all that are missing run in one transaction, while an advisory lock keeps other programs from the same.
struct SchemaHistory {
    let namespace: String
    /// Step 1 first, each a list of statements; never changed once released.
    let steps: [[String]]

    /// - Throws: `StoreFailure`, corrupt, for a namespace that a later version has written or that is not Recourse's.
    func bringUpToDate(_ session: Session) throws {
        let operation = DatabaseOperation(verb: "opening", place: session.place)
        let history = "\(namespace).schema_history"
        let tables = try session.statementNow(
            "opening",
            """
            SELECT count(*) FILTER (WHERE relname = 'schema_history'), count(*)
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '\(namespace)'
            """)
        if tables.first?.int(0) != 0 {
            let version = "SELECT coalesce(max(version), 0) FROM \(history)"
            let found = try session.statementNow("opening", version).first?.int(0) ?? 0
            if try isCurrent(found, operation) { return }
        } else if tables.first?.int(1) != 0 {
            throw operation.failure(.corrupt, "the schema is another program's; choose another namespace in the URL")
        }
        try session.transactionNow(.write, "creating tables for") { try migrate($0, history, operation) }
    }

    /// - Returns: false if steps are missing.
    private func isCurrent(_ found: Int64, _ operation: DatabaseOperation) throws -> Bool {
        guard found <= steps.count else {
            throw operation.failure(
                .corrupt,
                "its schema has version \(found), this program knows up to \(steps.count); use a newer program")
        }
        return found == steps.count
    }

    private func migrate(_ conversation: Conversation, _ history: String, _ operation: DatabaseOperation) throws {
        try conversation.send("SELECT pg_advisory_xact_lock(hashtextextended('recourse schema \(namespace)', 0))")
        // A role without the right to create schemas can do without it where an administrator has made this one.
        // `to_regnamespace` would answer from the session's cache, which the wait for the lock does not bring up to date.
        let schemas = try conversation.query("SELECT count(*) FROM pg_namespace WHERE nspname = '\(namespace)'")
        if schemas.first?.int(0) == 0 { try conversation.send("CREATE SCHEMA \(namespace)") }
        try conversation.send(
            """
            CREATE TABLE IF NOT EXISTS \(history) (
                version integer PRIMARY KEY,
                applied_at timestamptz NOT NULL DEFAULT now()
            )
            """)
        let found = try conversation.query("SELECT coalesce(max(version), 0) FROM \(history)").first?.int(0) ?? 0
        if try isCurrent(found, operation) { return }
        for statement in steps.dropFirst(Int(found)).joined() { try conversation.send(statement) }
        try conversation.send(
            "INSERT INTO \(history) (version) SELECT generate_series($1 + 1, $2)",
            [.int(found), .int(Int64(steps.count))])
    }
}
