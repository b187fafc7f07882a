import Store

/// The installation of a database, in the schema `recourse_installation`.
package struct PostgresInstallation: InstallationStore {
    private let configuration: PostgresConfiguration
    private let schema: String

    package init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
        schema = configuration.namespace + "_" + InstallationName.store
    }

    private static func version1(_ schema: String) -> [String] {
        [
            """
            CREATE TABLE \(schema).installation (
                one boolean PRIMARY KEY DEFAULT true CHECK (one),
                id text NOT NULL
            )
            """,
            "CREATE TABLE \(schema).stores (name text COLLATE \"C\" PRIMARY KEY)",
        ]
    }

    private func use<T>(_ body: (Session) throws -> T) throws -> T {
        let session = Session(configuration.named(schema), namespace: schema)
        defer { session.closeNow() }
        return try body(session)
    }

    /// Catalogues are open to every role.
    private func schemas(_ session: Session) throws -> Set<String> {
        let prefix = configuration.namespace + "_"
        let names = try session.statementNow(
            "looking for the stores of",
            """
            SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = 'schema_history' AND left(n.nspname, \(prefix.count)) = '\(prefix)'
            """
        ).map { $0.text(0) }
        return Set(names.map { String($0.dropFirst(prefix.count)) })
    }

    package func present() throws -> Set<String> {
        try use { try schemas($0).intersection(InstallationName.stores) }
    }

    package func reading() throws -> InstallationReading {
        try use { session in
            guard try schemas(session).contains(InstallationName.store) else { return .none }
            let may = try session.statementNow(
                "reading", "SELECT has_schema_privilege('\(schema)', 'USAGE')")
            guard may.first?.int(0) == 1 else { return .hidden }
            return try record { try session.statementNow("reading", $0) }.map { .record($0) } ?? .none
        }
    }

    private func record(_ query: (String) throws -> Rows) throws -> InstallationRecord? {
        guard let id = try query("SELECT id FROM \(schema).installation").map({ $0.text(0) }).first else { return nil }
        let stores = try query("SELECT name FROM \(schema).stores").map { $0.text(0) }
        return InstallationRecord(id: id, stores: Set(stores))
    }

    package func enter(_ id: String, stores: Set<String>) throws -> InstallationRecord? {
        try use { session in
            // Who may make the schema, or has been given it.
            let may = try session.statementNow(
                "looking at the rights in",
                """
                SELECT (has_database_privilege(current_database(), 'CREATE') OR EXISTS (
                    SELECT FROM pg_namespace WHERE nspname = '\(schema)' AND has_schema_privilege(oid, 'CREATE')
                ))
                """)
            guard may.first?.int(0) == 1 else { return nil }
            let steps = SchemaSteps([SchemaStep(oldestProgram: 1, Self.version1(schema))])
            try SchemaHistory(namespace: schema, schema: steps).bringUpToDate(session)
            return try session.transactionNow(.write, "writing") { conversation in
                try conversation.send(
                    "INSERT INTO \(schema).installation (id) VALUES ($1) ON CONFLICT (one) DO NOTHING", [.text(id)])
                try conversation.send(
                    "INSERT INTO \(schema).stores SELECT unnest($1) ON CONFLICT (name) DO NOTHING",
                    [.texts(stores.sorted())])
                return try record { try conversation.query($0) }
            }
        }
    }
}
