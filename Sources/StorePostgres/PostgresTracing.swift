import Schema
import Store

extension PostgresParking {
    package func keepIndex(_ indices: [String: LetterIndex]) async throws {
        guard !indices.isEmpty else { return }
        let all = indices.sorted { $0.key < $1.key }
        let pairs = all.flatMap { id, index in index.traces.map { (id: LetterRow.storable(id), trace: $0.number) } }
        _ = try await writer.transaction(.write, "writing in") { [schema] conversation in
            try conversation.query(
                """
                WITH marked AS (
                    UPDATE \(schema).letters l SET traced = 2, fingerprint = n.fingerprint, pointer = n.pointer,
                        rule = n.rule, derived_for = l.last_at
                    FROM unnest($1, $4, $5, $6, $7) AS n(key, fingerprint, pointer, rule, at)
                    WHERE l.id = n.key AND l.last_at = n.at AND \(LetterTable.isUnindexed) RETURNING l.id
                )
                INSERT INTO \(schema).letter_traces (trace, id)
                SELECT t.trace, t.id FROM unnest($2, $3) AS t(trace, id) JOIN marked ON marked.id = t.id
                ON CONFLICT DO NOTHING RETURNING 1
                """,
                [
                    .texts(all.map { LetterRow.storable($0.key) }), .ints(pairs.map(\.trace)), .texts(pairs.map(\.id)),
                    .texts(all.map(\.value.fingerprint)), .texts(all.map(\.value.pointer)),
                    .texts(all.map(\.value.rule)), .ints(all.map(\.value.lastAt.microseconds)),
                ]
            ).count
        }
    }

    package func unindexedCount() async throws -> Int {
        try await reader.transaction(.snapshot, "reading") { [schema] conversation in
            let count = "SELECT count(*) FROM \(schema).letters WHERE \(LetterTable.isUnindexed)"
            return try conversation.query(count).first.map { Int($0.int(0)) } ?? 0
        }
    }

    package func unindexed(limit: Int, bytes: Int) async throws -> [ParkedLetter] {
        try await letters(
            LetterTable.unindexedPage(of: "\(schema).letters", limit: "$1", bytes: "$2"),
            [.int(Int64(max(0, limit))), .int(Int64(bytes))])
    }

    package func ids(of traces: Set<PersonalTrace>) async throws -> [String] {
        let wanted = Argument.ints(traces.map(\.number))
        return try await reader.transaction(.snapshot, "reading") { [schema] conversation in
            try conversation.query(
                "SELECT DISTINCT id FROM \(schema).letter_traces WHERE trace = ANY($1) ORDER BY id", [wanted]
            ).map { $0.text(0) }
        }
    }

    package func secret() async throws -> PersonalSecret? {
        try await reader.transaction(.snapshot, "reading") { [schema] in try Self.secret($0, schema) }
    }

    private static func secret(_ conversation: Conversation, _ schema: String) throws -> PersonalSecret? {
        try conversation.query("SELECT key, sealed FROM \(schema).secret").first.map {
            PersonalSecret(key: $0.text(0), sealed: $0.bytes(1))
        }
    }

    package func keepSecret(_ secret: PersonalSecret) async throws -> PersonalSecret {
        try await writer.transaction(.write, "writing in") { [schema] conversation in
            try conversation.send(
                "INSERT INTO \(schema).secret (key, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                [.text(secret.key), .bytes(secret.sealed)])
            return try Self.secret(conversation, schema) ?? secret
        }
    }

    package func resealSecret(_ secret: PersonalSecret) async throws {
        _ = try await writer.transaction(.write, "writing in") { [schema] conversation in
            try conversation.send(
                "UPDATE \(schema).secret SET key = $1, sealed = $2", [.text(secret.key), .bytes(secret.sealed)])
        }
    }
}
