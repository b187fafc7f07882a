import Schema
import Store

extension PostgresParking {
    static func auditLog(_ schema: String) -> [String] {
        [
            """
            CREATE TABLE \(schema).audit_log (
                number bigint PRIMARY KEY,
                at bigint NOT NULL,
                operator text COLLATE "C" NOT NULL,
                system_user text COLLATE "C" NOT NULL,
                verb text COLLATE "C" NOT NULL,
                outcome text COLLATE "C" NOT NULL,
                digest bytea NOT NULL,          -- of the content
                head bytea NOT NULL
            )
            """,
            """
            CREATE TABLE \(schema).audit_log_contents (
                number bigint PRIMARY KEY,      -- no row: erased
                content bytea NOT NULL
            )
            """,
            """
            CREATE TABLE \(schema).audit_log_objects (
                object text COLLATE "C" NOT NULL, number bigint NOT NULL, PRIMARY KEY (object, number)
            )
            """,
            "CREATE INDEX audit_log_objects_by_number ON \(schema).audit_log_objects (number)",
            """
            CREATE TABLE \(schema).audit_log_traces (
                trace bigint NOT NULL, number bigint NOT NULL, PRIMARY KEY (trace, number)
            )
            """,
            "CREATE INDEX audit_log_traces_by_number ON \(schema).audit_log_traces (number)",
            """
            CREATE TABLE \(schema).audit_log_head (
                one boolean PRIMARY KEY DEFAULT true CHECK (one),
                number bigint NOT NULL,
                head bytea NOT NULL
            )
            """,
            "INSERT INTO \(schema).audit_log_head (number, head) VALUES (0, decode(repeat('00', 32), 'hex'))",
        ]
    }

    package func writeLog(_ drafts: [AuditLogDraft]) async throws -> AuditLogHead {
        try await writer.transaction(.write, "writing in") { [schema] in try Self.log(drafts, schema, $0) }
    }

    /// The row of the head is locked until the transaction ends, so that the next entry stands behind these.
    static func log(
        _ drafts: [AuditLogDraft], _ schema: String, _ conversation: Conversation
    ) throws -> AuditLogHead {
        let row = try conversation.query("SELECT number, head FROM \(schema).audit_log_head FOR UPDATE").first
        let before = row.map { AuditLogHead(number: $0.int(0), hash: $0.bytes(1)) } ?? .origin
        let entries = before.followed(by: drafts)
        guard let last = entries.last?.entry else { return before }
        let frames = entries.map(\.entry.frame)
        try conversation.send(
            """
            INSERT INTO \(schema).audit_log (number, at, operator, system_user, verb, outcome, digest, head)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                .ints(entries.map(\.entry.number)), .ints(frames.map(\.at.microseconds)),
                .texts(frames.map(\.operatorName)), .texts(frames.map(\.systemUser)), .texts(frames.map(\.verb)),
                .texts(frames.map(\.outcome)), .blobs(entries.map(\.entry.digest)), .blobs(entries.map(\.entry.head)),
            ])
        try conversation.send(
            "INSERT INTO \(schema).audit_log_contents (number, content) SELECT * FROM unnest($1, $2)",
            [.ints(entries.map(\.entry.number)), .blobs(entries.map(\.draft.content))])
        let objects = entries.flatMap { entry, draft in draft.objects.map { (object: $0, number: entry.number) } }
        try conversation.send(
            """
            INSERT INTO \(schema).audit_log_objects (object, number) SELECT * FROM unnest($1, $2) ON CONFLICT DO NOTHING
            """,
            [.texts(objects.map { LetterRow.storable($0.object) }), .ints(objects.map(\.number))])
        let traces = entries.flatMap { entry, draft in draft.traces.map { (trace: $0.number, number: entry.number) } }
        try conversation.send(
            "INSERT INTO \(schema).audit_log_traces (trace, number) SELECT * FROM unnest($1, $2)",
            [.ints(traces.map(\.trace)), .ints(traces.map(\.number))])
        try conversation.send(
            "UPDATE \(schema).audit_log_head SET number = $1, head = $2", [.int(last.number), .bytes(last.head)])
        return AuditLogHead(number: last.number, hash: last.head)
    }

    package func logHead() async throws -> AuditLogHead {
        try await reader.transaction(.snapshot, "reading") { [schema] conversation in
            try conversation.query("SELECT number, head FROM \(schema).audit_log_head").first.map {
                AuditLogHead(number: $0.int(0), hash: $0.bytes(1))
            } ?? .origin
        }
    }

    package func logEntries(
        _ filter: AuditLogFilter, _ page: AuditLogPage, limit: Int
    ) async throws -> [AuditLogEntry] {
        let order = page.isAscending ? ("l.number > $1", "ASC") : ("l.number < $1", "DESC")
        let (terms, values) = terms(of: filter, [order.0], from: 3)
        let arguments = [.int(page.bound), .int(Int64(max(0, limit)))] + values
        return try await reader.transaction(.snapshot, "reading") { [schema] conversation in
            try conversation.query(
                """
                SELECT \(AuditLogTable.columns) FROM \(schema).audit_log l
                LEFT JOIN \(schema).audit_log_contents c ON c.number = l.number
                WHERE \(terms) ORDER BY l.number \(order.1) LIMIT $2
                """, arguments
            ).map { AuditLogTable.entry($0) }
        }
    }

    package func logCount(_ filter: AuditLogFilter) async throws -> Int {
        let (terms, values) = terms(of: filter, ["true"], from: 1)
        return try await reader.transaction(.snapshot, "reading") { [schema] conversation in
            try conversation.query("SELECT count(*) FROM \(schema).audit_log l WHERE \(terms)", values).first.map {
                Int($0.int(0))
            } ?? 0
        }
    }

    private func terms(
        of filter: AuditLogFilter, _ first: [String], from place: Int
    ) -> (terms: String, values: [Argument]) {
        var terms = first
        var values: [Argument] = []
        for (condition, value) in AuditLogTable.conditions(of: filter, objects: "\(schema).audit_log_objects") {
            terms.append(
                condition.split(separator: "?", omittingEmptySubsequences: false)
                    .joined(separator: "$\(place + values.count)::text"))
            values.append(.text(LetterRow.storable(value)))
        }
        return (terms.joined(separator: " AND "), values)
    }

    package func eraseLog(of traces: Set<PersonalTrace>) async throws -> Int {
        let wanted = Argument.ints(traces.map(\.number))
        return try await writer.transaction(.write, "erasing in") { [schema] conversation in
            try Self.eraseEdits(
                "SELECT edit FROM \(schema).letter_edit_traces WHERE trace = ANY($1)", [wanted], schema, conversation)
            let found = "SELECT number FROM \(schema).audit_log_traces WHERE trace = ANY($1)"
            return try Self.eraseLog(found, [wanted], schema, conversation)
        }
    }

    /// What is told of letters alone goes with them.
    static func eraseLog(about letters: [String], _ schema: String, _ conversation: Conversation) throws {
        let found = """
            SELECT number FROM \(schema).audit_log_objects AS o
            WHERE object = ANY($1) AND \(AuditLogTable.isAlone(in: "\(schema).audit_log_objects"))
            """
        let objects = Argument.texts(letters.map { LetterRow.storable(AuditLogObject.letter($0)) })
        _ = try eraseLog(found, [objects], schema, conversation)
    }

    private static func eraseLog(
        _ found: String, _ arguments: [Argument], _ schema: String, _ conversation: Conversation
    ) throws -> Int {
        let numbers = Argument.ints(try conversation.query(found, arguments).map { $0.int(0) })
        let erased = try conversation.query(
            "DELETE FROM \(schema).audit_log_contents WHERE number = ANY($1) RETURNING number", [numbers])
        for table in ["audit_log_traces", "audit_log_objects"] {
            try conversation.send("DELETE FROM \(schema).\(table) WHERE number = ANY($1)", [numbers])
        }
        return erased.count
    }

    package func resealLog(_ contents: [Int64: [UInt8]]) async throws {
        let all = Array(contents)
        _ = try await writer.transaction(.write, "writing in") { [schema] conversation in
            try conversation.query(
                """
                UPDATE \(schema).audit_log_contents c SET content = n.content
                FROM unnest($1, $2) AS n(number, content) WHERE c.number = n.number
                """, [.ints(all.map(\.key)), .blobs(all.map(\.value))]
            ).count
        }
    }
}
