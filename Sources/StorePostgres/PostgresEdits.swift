import Schema
import Store

extension PostgresParking {
    static func edits(_ schema: String) -> [String] {
        [
            """
            CREATE TABLE \(schema).letter_edits (
                number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                id text COLLATE "C" NOT NULL UNIQUE,
                batch text COLLATE "C" NOT NULL,
                letter text COLLATE "C" NOT NULL,
                state text COLLATE "C" NOT NULL,
                author text COLLATE "C" NOT NULL,
                at bigint NOT NULL,
                decided_by text COLLATE "C",
                decided_at bigint,
                successor text COLLATE "C",
                content bytea                   -- NULL: decided, or erased
            )
            """,
            "CREATE INDEX letter_edits_by_letter ON \(schema).letter_edits (letter)",
            "CREATE INDEX letter_edits_by_batch ON \(schema).letter_edits (batch, number)",
            "CREATE INDEX letter_edits_proposed ON \(schema).letter_edits (number) WHERE state = 'proposed'",
            """
            CREATE TABLE \(schema).letter_edit_traces (
                trace bigint NOT NULL, edit text COLLATE "C" NOT NULL, PRIMARY KEY (trace, edit)
            )
            """,
            "CREATE INDEX letter_edit_traces_by_edit ON \(schema).letter_edit_traces (edit)",
        ]
    }

    package func propose(
        _ proposals: [EditProposal], logging acts: @escaping @Sendable () throws -> [AuditLogDraft]
    ) async throws -> AuditLogHead? {
        let edits = proposals.map(\.edit)
        let traces = proposals.flatMap { one in one.traces.map { (trace: $0.number, edit: one.edit.id) } }
        return try await writer.transaction(.write, "proposing in") { [schema] conversation in
            try conversation.send(
                """
                INSERT INTO \(schema).letter_edits (id, batch, letter, state, author, at, content)
                SELECT id, batch, letter, state, author, at, content
                FROM unnest($1, $2, $3, $4, $5, $6, $7) WITH ORDINALITY
                    AS n(id, batch, letter, state, author, at, content, rank) ORDER BY rank
                """,
                [
                    .texts(edits.map(\.id)), .texts(edits.map(\.batch)), .texts(edits.map(\.letter)),
                    .texts(edits.map(\.state.rawValue)), .texts(edits.map { LetterRow.storable($0.author) }),
                    .ints(edits.map(\.at.microseconds)), .blobs(edits.map(\.content)),
                ])
            try conversation.send(
                "INSERT INTO \(schema).letter_edit_traces (trace, edit) SELECT * FROM unnest($1, $2)",
                [.ints(traces.map(\.trace)), .texts(traces.map(\.edit))])
            let drafts = try acts()
            return drafts.isEmpty ? nil : try Self.log(drafts, schema, conversation)
        }
    }

    package func edit(_ id: String) async throws -> LetterEdit? {
        try await edits("WHERE id = $1", [.text(LetterRow.storable(id))]).first
    }

    package func edits(_ filter: EditFilter, after number: Int64, limit: Int) async throws -> [LetterEdit] {
        let (condition, arguments) = Self.condition(filter)
        return try await edits(
            "WHERE \(condition) AND number > $3 ORDER BY number LIMIT $4",
            arguments + [.int(number), .int(Int64(max(0, limit)))])
    }

    private func edits(_ end: String, _ arguments: [Argument]) async throws -> [LetterEdit] {
        try await reader.transaction(.snapshot, "reading") { [schema] conversation in
            try conversation.query("SELECT \(OperationTable.editColumns) FROM \(schema).letter_edits \(end)", arguments)
                .map { try OperationTable.edit($0) }
        }
    }

    package func editCount(_ filter: EditFilter) async throws -> Int {
        let (condition, arguments) = Self.condition(filter)
        return try await reader.transaction(.snapshot, "reading") { [schema] conversation in
            try conversation.query("SELECT count(*) FROM \(schema).letter_edits WHERE \(condition)", arguments).first
                .map { Int($0.int(0)) } ?? 0
        }
    }

    private static func condition(_ filter: EditFilter) -> (sql: String, arguments: [Argument]) {
        (
            "($1 IS NULL OR state = $1) AND ($2 IS NULL OR batch = $2)",
            [.text(filter.state?.rawValue), .text(filter.batch.map(LetterRow.storable))]
        )
    }

    package func decide(
        _ decisions: [EditDecision],
        logging acts: @escaping @Sendable ([LetterEdit]) throws -> [AuditLogDraft]
    ) async throws -> DecidedEdits {
        try await writer.transaction(.write, "deciding in") { [schema] conversation in
            let rows = try conversation.query(
                """
                SELECT \(OperationTable.editColumns) FROM \(schema).letter_edits WHERE id = ANY($1)
                ORDER BY number FOR UPDATE
                """, [.texts(decisions.map { LetterRow.storable($0.id) })]
            ).map { try OperationTable.edit($0) }
            var present = Dictionary(rows.map { ($0.id, $0) }) { first, _ in first }
            var decided: [LetterEdit] = []
            for decision in decisions {
                guard let edit = present[decision.id]?.decided(decision) else { continue }
                if let mark = decision.mark, try Self.mark([mark], schema, conversation).isEmpty { continue }
                if let letter = decision.replacement {
                    _ = try Self.insert([letter], parkedAt: decision.at, schema, conversation)
                }
                present[decision.id] = edit
                decided.append(edit)
            }
            try conversation.send(
                """
                UPDATE \(schema).letter_edits e SET state = n.state, decided_by = n.decided_by,
                    decided_at = n.decided_at, successor = n.successor, content = NULL
                FROM unnest($1, $2, $3, $4, $5) AS n(number, state, decided_by, decided_at, successor)
                WHERE e.number = n.number
                """,
                [
                    .ints(decided.map(\.number)), .texts(decided.map(\.state.rawValue)),
                    .texts(decided.map { $0.decidedBy.map(LetterRow.storable) }),
                    .ints(decided.map { $0.decidedAt?.microseconds }), .texts(decided.map(\.successor)),
                ])
            try conversation.send(
                "DELETE FROM \(schema).letter_edit_traces WHERE edit = ANY($1)", [.texts(decided.map(\.id))])
            let drafts = decided.isEmpty ? [] : try acts(decided)
            return DecidedEdits(
                edits: decided, head: drafts.isEmpty ? nil : try Self.log(drafts, schema, conversation))
        }
    }

    /// - Parameter found: a query for ids of edits.
    static func eraseEdits(
        _ found: String, _ arguments: [Argument], _ schema: String, _ conversation: Conversation
    ) throws {
        let ids = Argument.texts(try conversation.query(found, arguments).map { $0.text(0) })
        try conversation.send(
            "UPDATE \(schema).letter_edits SET \(OperationTable.erasure) WHERE id = ANY($1)", [ids])
        try conversation.send("DELETE FROM \(schema).letter_edit_traces WHERE edit = ANY($1)", [ids])
    }

    package func resealEdits(_ contents: [String: [UInt8]]) async throws {
        let all = Array(contents)
        _ = try await writer.transaction(.write, "writing in") { [schema] conversation in
            try conversation.query(
                """
                UPDATE \(schema).letter_edits e SET content = n.content FROM unnest($1, $2) AS n(id, content)
                WHERE e.id = n.id AND e.content IS NOT NULL
                """, [.texts(all.map(\.key)), .blobs(all.map(\.value))]
            ).count
        }
    }
}
