import Schema
import Store

extension PostgresParking {
    static func operations(_ schema: String) -> [String] {
        [
            "ALTER TABLE \(schema).letters ADD COLUMN successor text COLLATE \"C\"",
            """
            CREATE TABLE \(schema).operations (
                number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                id text COLLATE "C" NOT NULL UNIQUE,
                verb text COLLATE "C" NOT NULL,
                state text COLLATE "C" NOT NULL,
                operator text COLLATE "C" NOT NULL,
                at bigint NOT NULL,
                rate bigint NOT NULL,
                step bigint NOT NULL,
                total bigint NOT NULL,
                cause text NOT NULL,
                runner text COLLATE "C" NOT NULL,           -- empty: nobody runs it
                runs_until bigint NOT NULL,
                version bigint NOT NULL
            )
            """,
            """
            CREATE TABLE \(schema).operation_items (
                operation text COLLATE "C" NOT NULL,
                position bigint NOT NULL,
                letter text COLLATE "C" NOT NULL,
                state text COLLATE "C" NOT NULL,
                verdict text COLLATE "C" NOT NULL,
                detail text COLLATE "C" NOT NULL,
                fingerprint text COLLATE "C" NOT NULL,
                PRIMARY KEY (operation, position)
            )
            """,
            "CREATE INDEX operation_items_by_state ON \(schema).operation_items (operation, state, position)",
        ]
    }

    package func begin(
        _ operation: LetterOperation, on letters: OperationLetters,
        logging acts: @escaping @Sendable (LetterOperation) throws -> [AuditLogDraft]
    ) async throws -> BegunOperation? {
        let (frozen, arguments) = freezing(letters, for: operation.id)
        return try await writer.transaction(.write, "beginning an operation in") { [schema] conversation in
            let number = try conversation.query(
                """
                INSERT INTO \(schema).operations (id, verb, state, operator, at, rate, step, total, cause, runner,
                    runs_until, version)
                VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING RETURNING number
                """,
                [
                    .text(operation.id), .text(operation.verb), .text(operation.state.rawValue),
                    .text(LetterRow.storable(operation.operatorName)), .int(operation.at.microseconds),
                    .int(operation.rate), .int(operation.step), .text(operation.cause), .text(operation.runner),
                    .int(operation.runsUntil.microseconds), .int(operation.version),
                ]
            ).first?.int(0)
            guard let number else { return nil }
            try conversation.send(frozen, arguments)
            let total = try conversation.query(
                """
                UPDATE \(schema).operations SET total = (
                    SELECT count(*) FROM \(schema).operation_items WHERE operation = $1
                ) WHERE id = $1 RETURNING total
                """, [.text(operation.id)]
            ).first?.int(0)
            var begun = operation
            (begun.number, begun.total) = (number, total ?? 0)
            let drafts = try acts(begun)
            return BegunOperation(
                operation: begun, head: drafts.isEmpty ? nil : try Self.log(drafts, schema, conversation))
        }
    }

    /// What keeps the letters of an operation.
    private func freezing(
        _ letters: OperationLetters, for operation: String
    ) -> (sql: String, arguments: [Argument]) {
        let into = "INSERT INTO \(schema).operation_items (operation, \(OperationTable.itemColumns))"
        switch letters {
        case .matching(let filter):
            let (terms, arguments) = terms(filter, "true", [.text(operation)])
            let select = "SELECT $1, row_number() OVER (ORDER BY number), id, 'waiting', '', '', ''"
            return ("\(into) \(select) FROM \(schema).letters WHERE \(terms)", arguments)
        case .named(let ids):
            let sql = """
                \(into) SELECT $1, row_number() OVER (ORDER BY rank), id, 'waiting', '', '', ''
                FROM (SELECT n.id, min(n.rank) AS rank FROM unnest($2) WITH ORDINALITY AS n(id, rank)
                    JOIN \(schema).letters l ON l.id = n.id GROUP BY n.id) AS named
                """
            return (sql, [.text(operation), .texts(ids.map(LetterRow.storable))])
        }
    }

    package func operation(_ id: String) async throws -> LetterOperation? {
        try await reader.transaction(.snapshot, "reading") { [schema] in
            try Self.operation(id, "", schema, $0)
        }
    }

    private static func operation(
        _ id: String, _ end: String, _ schema: String, _ conversation: Conversation
    ) throws -> LetterOperation? {
        try conversation.query(
            "SELECT \(OperationTable.columns) FROM \(schema).operations WHERE id = $1 \(end)",
            [.text(LetterRow.storable(id))]
        ).first.map { try OperationTable.operation($0) }
    }

    package func operations(below number: Int64, limit: Int) async throws -> [LetterOperation] {
        try await reader.transaction(.snapshot, "reading") { [schema] conversation in
            try conversation.query(
                """
                SELECT \(OperationTable.columns) FROM \(schema).operations WHERE number < $1
                ORDER BY number DESC LIMIT $2
                """, [.int(number), .int(Int64(max(0, limit)))]
            ).map { try OperationTable.operation($0) }
        }
    }

    package func operationCounts(_ id: String) async throws -> [OperationCount] {
        try await reader.transaction(.snapshot, "reading") { [schema] conversation in
            try conversation.query(
                """
                SELECT state, verdict, detail, count(*) FROM \(schema).operation_items WHERE operation = $1
                GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
                """, [.text(LetterRow.storable(id))]
            ).map { try OperationTable.count($0) }
        }
    }

    package func operationItems(
        _ id: String, in states: Set<OperationItem.State>, after position: Int64, limit: Int
    ) async throws -> [OperationItem] {
        let arguments: [Argument] = [
            .text(LetterRow.storable(id)), .int(position), .int(Int64(max(0, limit))),
        ]
        return try await reader.transaction(.snapshot, "reading") { [schema] conversation in
            // One state after the other, each in the order of the index.
            let found = try states.sorted { $0.rawValue < $1.rawValue }.flatMap { state in
                try conversation.query(
                    """
                    SELECT \(OperationTable.itemColumns) FROM \(schema).operation_items
                    WHERE operation = $1 AND position > $2 AND state = $4 ORDER BY position LIMIT $3
                    """, arguments + [.text(state.rawValue)]
                ).map { try OperationTable.item($0) }
            }
            return Array(found.sorted { $0.position < $1.position }.prefix(max(0, limit)))
        }
    }

    package func change(
        _ change: OperationChange,
        logging acts: @escaping @Sendable ([ParkedLetter]) throws -> [AuditLogDraft]
    ) async throws -> ChangedOperation? {
        try await writer.transaction(.write, "changing an operation in") { [schema] conversation in
            let present = try Self.operation(change.operation.id, "FOR UPDATE", schema, conversation)
            guard let next = present?.applying(change) else { return nil }
            try conversation.send(
                """
                UPDATE \(schema).operations SET state = $2, step = $3, cause = $4, runner = $5, runs_until = $6,
                    version = $7 WHERE number = $1
                """,
                [
                    .int(next.number), .text(next.state.rawValue), .int(next.step),
                    .text(LetterRow.storable(next.cause)), .text(LetterRow.storable(next.runner)),
                    .int(next.runsUntil.microseconds), .int(next.version),
                ])
            let letters = try Self.mark(change.marks, schema, conversation)
            let items = change.items(marked: letters)
            if !items.isEmpty {
                try conversation.send(
                    """
                    UPDATE \(schema).operation_items i SET state = n.state, verdict = n.verdict, detail = n.detail,
                        fingerprint = n.fingerprint
                    FROM unnest($2, $3, $4, $5, $6) AS n(position, state, verdict, detail, fingerprint)
                    WHERE i.operation = $1 AND i.position = n.position
                    """,
                    [
                        .text(next.id), .ints(items.map(\.position)), .texts(items.map(\.state.rawValue)),
                        .texts(items.map(\.verdict)), .texts(items.map { LetterRow.storable($0.detail) }),
                        .texts(items.map { LetterRow.storable($0.fingerprint) }),
                    ])
            }
            let drafts = try acts(letters)
            return ChangedOperation(
                operation: next, items: items, letters: letters,
                head: drafts.isEmpty ? nil : try Self.log(drafts, schema, conversation))
        }
    }
}
