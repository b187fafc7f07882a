internal import GRDB
import Schema
import Store

extension SQLiteParking {
    package func keepIndex(_ indices: [String: LetterIndex]) async throws {
        guard !indices.isEmpty else { return }
        try await file.write { db in
            let mark = try Query(
                db,
                """
                UPDATE letters SET traced = 2, fingerprint = ?, pointer = ?, rule = ?, derived_for = last_at
                WHERE id = ? AND last_at = ? AND \(LetterTable.isUnindexed)
                """)
            let insert = try Query(db, "INSERT OR IGNORE INTO letter_traces (trace, id) VALUES (?, ?)")
            for (id, index) in indices {
                for (place, text) in [index.fingerprint, index.pointer, index.rule, id].enumerated() {
                    try mark.bind(Int32(place + 1), text)
                }
                try mark.bind(5, index.lastAt.microseconds)
                try mark.run()
                guard db.changesCount > 0 else { continue }
                for trace in index.traces {
                    try insert.bind(1, trace.number)
                    try insert.bind(2, id)
                    try insert.run()
                }
            }
        }
    }

    package func unindexedCount() async throws -> Int {
        try await file.read { db in
            try Query(db, "SELECT count(*) FROM letters WHERE \(LetterTable.isUnindexed)").first { Int($0.int(0)) } ?? 0
        }
    }

    package func unindexed(limit: Int, bytes: Int) async throws -> [ParkedLetter] {
        try await file.read { db in
            let page = LetterTable.unindexedPage(of: "letters", limit: "?1", bytes: "?2")
            let query = try Query(db, "SELECT \(LetterTable.columns) FROM letters \(page)")
            try query.bind(1, Int64(max(0, limit)))
            try query.bind(2, Int64(bytes))
            return try query.rows { try LetterTable.letter($0) }
        }
    }

    package func ids(of traces: Set<PersonalTrace>) async throws -> [String] {
        try await file.read { db in
            let query = try Query(db, "SELECT id FROM letter_traces WHERE trace = ?")
            var found: Set<String> = []
            for trace in traces {
                try query.bind(1, trace.number)
                found.formUnion(try query.rows { $0.text(0) })
            }
            return found.sorted()
        }
    }

    package func secret() async throws -> PersonalSecret? { try await file.read { try Self.secret($0) } }

    private static func secret(_ db: Database) throws -> PersonalSecret? {
        try Query(db, "SELECT key, sealed FROM secret").first { PersonalSecret(key: $0.text(0), sealed: $0.bytes(1)) }
    }

    package func keepSecret(_ secret: PersonalSecret) async throws -> PersonalSecret {
        try await file.write { db in
            if let kept = try Self.secret(db) { return kept }
            try Self.put(secret, db)
            return secret
        }
    }

    package func resealSecret(_ secret: PersonalSecret) async throws {
        try await file.write { try Self.put(secret, $0) }
    }

    private static func put(_ secret: PersonalSecret, _ db: Database) throws {
        let query = try Query(db, "INSERT OR REPLACE INTO secret (one, key, sealed) VALUES (1, ?, ?)")
        try query.bind(1, secret.key)
        try query.bind(2, secret.sealed)
        try query.run()
    }
}
