import Store

/// The numbered steps that make the tables of one namespace, forward only. `schema_history` in the namespace records the
/// steps done and which programs can live with each; all that are missing run in one transaction, while an advisory lock
/// keeps other programs from the same. Statements have no names, so no program holds a plan that a step makes invalid.
struct SchemaHistory {
    /// SQLSTATE of a write that a newer program's schema forbids; the classes from I on are free for applications.
    static let tooNew = "RC001"
    /// Who waits for a table stands before all who come after, so a step waits only for so long, and tries again.
    private static let lockSeconds = 2
    private static let attempts = 5

    let namespace: String
    let schema: SchemaSteps

    private var history: String { "\(namespace).schema_history" }

    /// Raises `tooNew` if a newer program has changed the tables in a way that this one cannot live with. To be the first
    /// statement of each transaction that writes: it holds off such a change until the commit.
    var check: String {
        """
        DO $$BEGIN
            IF (SELECT max(version) FROM \(history)) > \(schema.version) THEN
                IF (SELECT max(coalesce(oldest_program, version)) FROM \(history)) > \(schema.version) THEN
                    RAISE EXCEPTION USING ERRCODE = '\(Self.tooNew)',
                        MESSAGE = 'a newer program has changed the tables; this program knows version \(schema.version)';
                END IF;
            END IF;
        END$$
        """
    }

    /// - Throws: `StoreFailure`: corrupt for a namespace that a later version has changed beyond what this program can live
    ///   with, or that is not Recourse's; transient if others stay in the way.
    func bringUpToDate(_ session: Session) throws {
        let operation = DatabaseOperation(verb: "opening", place: session.place)
        let tables = try session.statementNow(
            "opening",
            """
            SELECT count(*) FILTER (WHERE relname = 'schema_history'), count(*)
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '\(namespace)'
            """)
        if tables.first?.int(0) != 0 {
            let found = try state { try session.statementNow("opening", $0) }
            if try missing(from: found, operation).isEmpty { return }
        } else if tables.first?.int(1) != 0 {
            throw operation.failure(.corrupt, "the schema is another program's; choose another namespace in the URL")
        }
        for left in (0..<Self.attempts).reversed() {
            do {
                return try session.transactionNow(.write, "changing the tables of") { try migrate($0, operation) }
            } catch let failure as StoreFailure where failure.kind == .transient && left > 0 {
                continue
            }
        }
    }

    private func missing(
        from found: SchemaState, _ operation: DatabaseOperation
    ) throws(StoreFailure) -> ArraySlice<SchemaStep> {
        do {
            return try schema.missing(from: found)
        } catch {
            throw operation.failure(.corrupt, "\(error)")
        }
    }

    private func state(_ query: (String) throws -> Rows) throws -> SchemaState {
        let version = Int(try query("SELECT coalesce(max(version), 0) FROM \(history)").first?.int(0) ?? 0)
        // Only a schema that is ahead need say more, and what has put it ahead has added the column.
        guard version > schema.version else { return SchemaState(version: version, oldestProgram: version) }
        let oldest = try query("SELECT max(coalesce(oldest_program, version)) FROM \(history)").first?.int(0)
        return SchemaState(version: version, oldestProgram: oldest.map { Int($0) } ?? version)
    }

    private func migrate(_ conversation: Conversation, _ operation: DatabaseOperation) throws {
        try conversation.send("SELECT pg_advisory_xact_lock(hashtextextended('recourse schema \(namespace)', 0))")
        // A role without the right to create schemas can do without it where an administrator has made this one.
        // `to_regnamespace` would answer from the session's cache, which the wait for the lock does not bring up to date.
        let schemas = try conversation.query("SELECT count(*) FROM pg_namespace WHERE nspname = '\(namespace)'")
        if schemas.first?.int(0) == 0 { try conversation.send("CREATE SCHEMA \(namespace)") }
        try conversation.send("SELECT set_config('lock_timeout', '\(Self.lockSeconds)s', true)")
        try conversation.send(
            """
            CREATE TABLE IF NOT EXISTS \(history) (
                version integer PRIMARY KEY,
                applied_at timestamptz NOT NULL DEFAULT now()
            )
            """)
        let found = try state { try conversation.query($0) }
        let missing = try missing(from: found, operation)
        guard !missing.isEmpty else { return }
        // NULL: who can live with the step is not known, so only programs that know it.
        try conversation.send("ALTER TABLE \(history) ADD COLUMN IF NOT EXISTS oldest_program integer")
        if missing.contains(where: { $0.oldestProgram > found.version }) {
            // Older programs may be at work: waits for what they have begun, and what they begin later sees the change.
            try conversation.send("LOCK TABLE \(history) IN ACCESS EXCLUSIVE MODE")
        }
        for (number, step) in zip((found.version + 1)..., missing) {
            for statement in step.statements { try conversation.send(statement) }
            try conversation.send(
                "INSERT INTO \(history) (version, oldest_program) VALUES ($1, $2)",
                [.int(Int64(number)), .int(Int64(step.oldestProgram))])
        }
    }
}
