import Schema
import Store

/// Dead letters in PostgreSQL, in the schema `recourse_parking`.
package final class PostgresParking: DeadLetterStore {
    let schema: String
    let writer: Session
    let reader: Session

    /// Connects, and creates what is missing in the database.
    ///
    /// - Throws: `StoreFailure`.
    package init(_ configuration: PostgresConfiguration) throws {
        schema = configuration.namespace + "_parking"
        let history = SchemaHistory(
            namespace: schema,
            schema: SchemaSteps([
                SchemaStep(oldestProgram: 1, Self.version1(schema)),
                // Letters that a program before it parks are traced when they are first asked for.
                SchemaStep(oldestProgram: 1, Self.tracing(schema)),
                // Letters that a program before it parks or opens again are indexed when they are first asked for.
                SchemaStep(oldestProgram: 1, Self.indexing(schema) + Self.auditLog(schema)),
                // Programs before it see of a row that another has followed its state alone.
                SchemaStep(oldestProgram: 1, Self.operations(schema) + Self.edits(schema)),
            ]))
        var options = Session.Options()
        options.check = history.check
        writer = Session(configuration.named(schema), namespace: schema, options: options)
        reader = Session(configuration.named(schema), namespace: schema)
        try history.bringUpToDate(reader)
    }

    private static func version1(_ schema: String) -> [String] {
        [
            """
            CREATE TABLE \(schema).letters (
                number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                id text COLLATE "C" NOT NULL UNIQUE,
                state text COLLATE "C" NOT NULL DEFAULT 'open',
                replays bigint NOT NULL DEFAULT 0,
                version bigint NOT NULL DEFAULT 1,
                parked_at bigint NOT NULL,
                note text,
                queue text COLLATE "C" NOT NULL,
                exchange text NOT NULL,
                routing_key text NOT NULL,
                source text COLLATE "C",
                event text COLLATE "C",
                type text COLLATE "C",
                case_id text COLLATE "C",
                class text COLLATE "C" NOT NULL,
                code text COLLATE "C" NOT NULL,
                message text COLLATE "C" NOT NULL,
                fingerprint text NOT NULL,
                attempts bigint NOT NULL,
                first_at bigint NOT NULL,
                last_at bigint NOT NULL,
                headers bytea NOT NULL,
                properties bytea NOT NULL,
                body bytea NOT NULL
            )
            """,
            "CREATE INDEX letters_open ON \(schema).letters (queue, class, number) WHERE state IN ('open', 'sent')",
            "CREATE INDEX letters_by_group ON \(schema).letters (queue, class, state)",
            // What a document says of itself may be of any length; hash indices take that.
            "CREATE INDEX letters_by_event ON \(schema).letters USING hash (event)",
            "CREATE INDEX letters_by_case ON \(schema).letters USING hash (case_id)",
            "CREATE INDEX letters_by_fingerprint ON \(schema).letters USING hash (fingerprint)",
        ]
    }

    private static func tracing(_ schema: String) -> [String] {
        [
            "ALTER TABLE \(schema).letters ADD COLUMN traced smallint NOT NULL DEFAULT 0",
            "CREATE INDEX letters_untraced ON \(schema).letters (number) WHERE \(LetterTable.isUntraced)",
            """
            CREATE TABLE \(schema).letter_traces (
                trace bigint NOT NULL, id text COLLATE "C" NOT NULL, PRIMARY KEY (trace, id)
            )
            """,
            "CREATE INDEX letter_traces_by_id ON \(schema).letter_traces (id)",
            """
            CREATE TABLE \(schema).secret (
                one boolean PRIMARY KEY DEFAULT true CHECK (one),
                key text NOT NULL,              -- the id of the key that sealed it; empty: not sealed
                sealed bytea NOT NULL
            )
            """,
        ]
    }

    private static func indexing(_ schema: String) -> [String] {
        [
            """
            ALTER TABLE \(schema).letters ADD COLUMN assignee text,
                ADD COLUMN pointer text COLLATE "C" NOT NULL DEFAULT '', ADD COLUMN rule text COLLATE "C" NOT NULL DEFAULT '',
                -- The last_at of which fingerprint, pointer and rule were made.
                ADD COLUMN derived_for bigint NOT NULL DEFAULT -9223372036854775807
            """,
            "CREATE INDEX letters_unindexed ON \(schema).letters (number) WHERE \(LetterTable.isUnindexed)",
            // None on the source: it has few values, and a scan of all letters takes less than keeping it would.
            "CREATE INDEX letters_by_time ON \(schema).letters (last_at)",
        ]
    }

    package func upsert(_ letters: [DeadLetter], parkedAt: Instant) async throws -> Int {
        var changed = 0
        var rest = letters
        while !rest.isEmpty {
            // One statement cannot meet a row twice.
            var seen: Set<String> = []
            let (first, again) = rest.partitioned { seen.insert($0.id).inserted }
            rest = again
            changed += try await upsert(different: first, parkedAt: parkedAt)
        }
        return changed
    }

    private func upsert(different letters: [DeadLetter], parkedAt: Instant) async throws -> Int {
        var changed = 0
        for part in letters.chunks(bytes: 32 << 20, { $0.body.count + $0.headers.count + $0.properties.count }) {
            let letters = Array(part)
            changed += try await writer.transaction(.write, "parking in") { [schema] conversation in
                try Self.insert(letters, parkedAt: parkedAt, schema, conversation)
            }
        }
        return changed
    }

    /// - Parameter letters: no two of one id.
    static func insert(
        _ letters: [DeadLetter], parkedAt: Instant, _ schema: String, _ conversation: Conversation
    ) throws -> Int {
        try conversation.query(LetterRow.insertion(schema), LetterRow.arguments(letters, parkedAt: parkedAt)).count
    }

    package func get(_ id: String) async throws -> ParkedLetter? {
        try await letters("WHERE id = $1", [.text(LetterRow.storable(id))]).first
    }

    package func letters(_ ids: [String]) async throws -> [String: ParkedLetter] {
        let found = try await letters("WHERE id = ANY($1)", [.texts(ids.map(LetterRow.storable))])
        return Dictionary(found.map { ($0.letter.id, $0) }) { first, _ in first }
    }

    func letters(_ condition: String, _ arguments: [Argument]) async throws -> [ParkedLetter] {
        try await reader.transaction(.snapshot, "reading") { [schema] conversation in
            try conversation.query("SELECT \(LetterTable.columns) FROM \(schema).letters \(condition)", arguments)
                .map { try LetterTable.letter($0) }
        }
    }

    package func mark(
        _ marks: [DeadLetterMark], logging acts: @escaping @Sendable ([ParkedLetter]) throws -> [AuditLogDraft]
    ) async throws -> LetterChange {
        guard !marks.isEmpty else { return LetterChange(rows: [], head: nil) }
        return try await writer.transaction(.write, "marking in") { [schema] conversation in
            let moved = try Self.mark(marks, schema, conversation)
            let drafts = moved.isEmpty ? [] : try acts(moved)
            return LetterChange(
                rows: moved, head: drafts.isEmpty ? nil : try Self.log(drafts, schema, conversation))
        }
    }

    /// Those that changed, as they are now.
    static func mark(
        _ marks: [DeadLetterMark], _ schema: String, _ conversation: Conversation
    ) throws -> [ParkedLetter] {
        if marks.isEmpty { return [] }
        let rows = try conversation.query(
            "SELECT \(LetterTable.columns) FROM \(schema).letters WHERE id = ANY($1) ORDER BY number FOR UPDATE",
            [.texts(marks.map { LetterRow.storable($0.id) })])
        var present: [String: ParkedLetter] = [:]
        for letter in try rows.map({ try LetterTable.letter($0) }) { present[letter.letter.id] = letter }
        var moved: [ParkedLetter] = []
        for mark in marks {
            let id = LetterRow.storable(mark.id)
            guard let next = present[id]?.applying(mark) else { continue }
            present[id] = next
            moved.append(next)
        }
        // One row may have moved more than once: its last state is written.
        let last = Dictionary(moved.map { ($0.number, $0) }) { $1 }.values.sorted { $0.number < $1.number }
        guard !last.isEmpty else { return [] }
        try conversation.send(
            """
            UPDATE \(schema).letters l SET state = m.state, replays = m.replays, version = m.version, note = m.note,
                assignee = m.assignee, successor = m.successor
            FROM unnest($1, $2, $3, $4, $5, $6, $7) AS m(number, state, replays, version, note, assignee, successor)
            WHERE l.number = m.number
            """,
            [
                .ints(last.map(\.number)), .texts(last.map(\.state.rawValue)), .ints(last.map(\.replays)),
                .ints(last.map(\.version)), .texts(last.map { $0.note.map(LetterRow.storable) }),
                .texts(last.map { $0.assignee.map(LetterRow.storable) }), .texts(last.map(\.successor)),
            ])
        return moved
    }

    package func erase(_ letters: [LetterErasure], note: String) async throws -> Int {
        try await writer.transaction(.write, "erasing in") { [schema] conversation in
            let ids = Argument.texts(letters.map { LetterRow.storable($0.id) })
            let erased = try conversation.query(
                """
                UPDATE \(schema).letters AS letters
                SET note = $1, \(LetterTable.erasure(forgotten: "e.forgotten", empty: "''"))
                FROM unnest($2, $3) AS e(id, forgotten) WHERE letters.id = e.id RETURNING number
                """,
                [.text(LetterRow.storable(note)), ids, .ints(letters.map { Int64($0.columns.rawValue) })]
            ).count
            try conversation.send("DELETE FROM \(schema).letter_traces WHERE id = ANY($1)", [ids])
            try Self.eraseLog(about: letters.map(\.id), schema, conversation)
            try Self.eraseEdits(
                "SELECT id FROM \(schema).letter_edits WHERE letter = ANY($1) AND content IS NOT NULL", [ids], schema,
                conversation)
            return erased
        }
    }

    package func replace(_ rows: [ParkedLetter]) async throws {
        _ = try await writer.transaction(.write, "writing in") { [schema] conversation in
            try conversation.query(
                """
                UPDATE \(schema).letters l SET headers = n.headers, properties = n.properties, body = n.body
                FROM unnest($1, $2, $3, $4, $5) AS n(id, version, headers, properties, body)
                WHERE l.id = n.id AND l.version = n.version
                """,
                [
                    .texts(rows.map(\.letter.id)), .ints(rows.map(\.version)), .blobs(rows.map(\.letter.headers)),
                    .blobs(rows.map(\.letter.properties)), .blobs(rows.map(\.letter.body)),
                ]
            ).count
        }
    }

    /// Frees the former states of rows, so that what comes next overwrites them.
    package func scrub() async throws {
        let tables = [
            "letters", "audit_log_contents", "audit_log_objects", "audit_log_traces", "letter_edits",
            "letter_edit_traces",
        ].map { schema + "." + $0 }
        try await writer.maintain("clearing", "VACUUM " + tables.joined(separator: ", "))
    }

    package func counts() async throws -> [DeadLetterCount] {
        try await reader.transaction(.snapshot, "reading") { [schema] conversation in
            try conversation.query(
                "SELECT queue, class, state, count(*) FROM \(schema).letters GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
            ).map { try LetterTable.count($0) }
        }
    }

    package func find(_ events: [EventKey]) async throws -> [EventKey: [ParkedLetter]] {
        guard !events.isEmpty else { return [:] }
        let wanted = Dictionary(events.map { (LetterRow.storable($0), $0) }) { first, _ in first }
        let letters = try await letters(
            "WHERE event = ANY($1) ORDER BY number", [.texts(wanted.keys.map(\.id))])
        var found: [EventKey: [ParkedLetter]] = [:]
        for letter in letters {
            guard let event = letter.letter.event.flatMap({ wanted[$0] }) else { continue }
            found[event, default: []].append(letter)
        }
        return found
    }

    package func close() async {
        await writer.close()
        await reader.close()
    }
}

extension Array {
    /// Those that match, and the others.
    fileprivate func partitioned(_ matches: (Element) -> Bool) -> ([Element], [Element]) {
        reduce(into: ([], [])) { parts, one in
            if matches(one) { parts.0.append(one) } else { parts.1.append(one) }
        }
    }
}
