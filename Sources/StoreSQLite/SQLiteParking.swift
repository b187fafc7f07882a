internal import GRDB
import Schema
import Store

/// Dead letters in one SQLite file: `DIRECTORY/parking.sqlite`.
package final class SQLiteParking: DeadLetterStore {
    private let file: SQLiteFile

    /// Opens it, and creates what is missing.
    ///
    /// - Throws: `StoreFailure`.
    package init(directory: String) throws {
        var options = SQLiteFile.Options()
        options.writerCache = 4 * 1024
        file = try SQLiteFile(directory: directory, name: "parking", schema: Self.schema, options: options)
    }

    private static let schema = SchemaSteps([
        SchemaStep(oldestProgram: 1, [version1]),
        // Letters that a program before it parks are traced when they are first asked for.
        SchemaStep(oldestProgram: 1, [tracing]),
    ])

    private static let version1 = """
        CREATE TABLE letters (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            state TEXT NOT NULL,
            replays INTEGER NOT NULL,
            version INTEGER NOT NULL,
            parked_at INTEGER NOT NULL,
            note TEXT,
            queue TEXT NOT NULL,
            exchange TEXT NOT NULL,
            routing_key TEXT NOT NULL,
            source TEXT,
            event TEXT,
            type TEXT,
            case_id TEXT,
            class TEXT NOT NULL,
            code TEXT NOT NULL,
            message TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            first_at INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            headers BLOB NOT NULL,
            properties BLOB NOT NULL,
            body BLOB NOT NULL
        );
        CREATE INDEX letters_open ON letters (queue, class, number) WHERE state IN ('open', 'sent');
        CREATE INDEX letters_by_group ON letters (queue, class, state);
        CREATE INDEX letters_by_event ON letters (event, source) WHERE event IS NOT NULL;
        CREATE INDEX letters_by_case ON letters (case_id, number) WHERE case_id IS NOT NULL;
        CREATE INDEX letters_by_fingerprint ON letters (fingerprint, number);
        """

    private static let tracing = """
        ALTER TABLE letters ADD COLUMN traced INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX letters_untraced ON letters (number) WHERE \(LetterTable.isUntraced);
        CREATE TABLE letter_traces (
            trace INTEGER NOT NULL,
            id TEXT NOT NULL,
            PRIMARY KEY (trace, id)
        ) WITHOUT ROWID;
        CREATE INDEX letter_traces_by_id ON letter_traces (id);
        CREATE TABLE secret (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            key TEXT NOT NULL,              -- the id of the key that sealed it; empty: not sealed
            sealed BLOB NOT NULL
        );
        """

    package func upsert(_ letters: [DeadLetter], parkedAt: Instant) async throws -> Int {
        guard !letters.isEmpty else { return 0 }
        return try await file.write { db in
            let insert = try Query(db, LetterRow.insertion)
            var changed = 0
            for letter in letters {
                try LetterRow.bind(letter, parkedAt: parkedAt, to: insert)
                try insert.run()
                changed += db.changesCount
            }
            return changed
        }
    }

    package func list(_ filter: DeadLetterFilter, after: DeadLetterPlace?, limit: Int) async throws -> [ParkedLetter] {
        try await file.read { db in
            var terms = ["number < ?1"]
            var values: [String] = []
            for (column, wanted) in LetterTable.conditions(of: filter) {
                let places = wanted.indices.map { "?\(values.count + $0 + 3)" }
                values += wanted
                terms.append("\(column) IN (\(places.joined(separator: ", ")))")
            }
            if let text = filter.text {
                values.append(LetterTable.pattern(containing: text))
                let matches = LetterTable.searched.map { "\($0) LIKE ?\(values.count + 2) ESCAPE '\\'" }
                terms.append("(" + matches.joined(separator: " OR ") + ")")
            }
            let query = try Query(
                db,
                "SELECT \(LetterTable.columns) FROM letters WHERE \(terms.joined(separator: " AND ")) "
                    + "ORDER BY number DESC LIMIT ?2")
            try query.bind(1, after?.number ?? Int64.max)
            try query.bind(2, Int64(max(0, limit)))
            for (index, value) in values.enumerated() { try query.bind(Int32(index + 3), value) }
            return try query.rows { try LetterTable.letter($0) }
        }
    }

    package func get(_ id: String) async throws -> ParkedLetter? {
        try await file.read { try Self.letter(id, $0) }
    }

    private static func letter(_ id: String, _ db: Database) throws -> ParkedLetter? {
        let query = try Query(db, "SELECT \(LetterTable.columns) FROM letters WHERE id = ?")
        try query.bind(1, id)
        return try query.first { try LetterTable.letter($0) }
    }

    package func mark(_ marks: [DeadLetterMark]) async throws -> [ParkedLetter] {
        guard !marks.isEmpty else { return [] }
        return try await file.write { db in
            let update = try Query(
                db, "UPDATE letters SET state = ?, replays = ?, version = ?, note = ? WHERE number = ?")
            var moved: [ParkedLetter] = []
            for mark in marks {
                guard let present = try Self.letter(mark.id, db), let next = present.applying(mark) else { continue }
                try update.bind(1, next.state.rawValue)
                try update.bind(2, next.replays)
                try update.bind(3, next.version)
                try update.bind(4, next.note)
                try update.bind(5, next.number)
                try update.run()
                moved.append(next)
            }
            return moved
        }
    }

    package func erase(_ letters: [LetterErasure], note: String) async throws -> Int {
        try await file.write { db in
            let erasure = LetterTable.erasure(forgotten: "?2", empty: "x''")
            let update = try Query(db, "UPDATE letters SET note = ?1, \(erasure) WHERE id = ?3")
            let traces = try Query(db, "DELETE FROM letter_traces WHERE id = ?")
            var erased = 0
            for letter in letters {
                try update.bind(1, note)
                try update.bind(2, Int64(letter.columns.rawValue))
                try update.bind(3, letter.id)
                try update.run()
                erased += db.changesCount
                try traces.bind(1, letter.id)
                try traces.run()
            }
            return erased
        }
    }

    package func replace(_ rows: [ParkedLetter]) async throws {
        try await file.write { db in
            let update = try Query(
                db, "UPDATE letters SET headers = ?, properties = ?, body = ? WHERE id = ? AND version = ?")
            for row in rows {
                try update.bind(1, row.letter.headers)
                try update.bind(2, row.letter.properties)
                try update.bind(3, row.letter.body)
                try update.bind(4, row.letter.id)
                try update.bind(5, row.version)
                try update.run()
            }
        }
    }

    package func scrub() async throws { try await file.truncateLog() }

    package func counts() async throws -> [DeadLetterCount] {
        try await file.read { db in
            let query = try Query(
                db,
                "SELECT queue, class, state, count(*) FROM letters GROUP BY queue, class, state ORDER BY 1, 2, 3")
            return try query.rows { try LetterTable.count($0) }
        }
    }

    package func find(_ events: [EventKey]) async throws -> [EventKey: [ParkedLetter]] {
        try await file.read { db in
            let query = try Query(
                db, "SELECT \(LetterTable.columns) FROM letters WHERE event = ? AND source = ? ORDER BY number")
            var found: [EventKey: [ParkedLetter]] = [:]
            for event in events {
                try query.bind(1, event.id)
                try query.bind(2, event.source)
                let letters = try query.rows { try LetterTable.letter($0) }
                if !letters.isEmpty { found[event] = letters }
            }
            return found
        }
    }

    package func close() async { await file.close() }
}

extension SQLiteParking {
    package func keepTraces(_ traces: [String: Set<PersonalTrace>]) async throws {
        guard !traces.isEmpty else { return }
        try await file.write { db in
            let mark = try Query(db, "UPDATE letters SET traced = 1 WHERE id = ? AND \(LetterTable.isUntraced)")
            let insert = try Query(db, "INSERT OR IGNORE INTO letter_traces (trace, id) VALUES (?, ?)")
            for (id, traces) in traces {
                try mark.bind(1, id)
                try mark.run()
                guard db.changesCount > 0 else { continue }
                for trace in traces {
                    try insert.bind(1, trace.number)
                    try insert.bind(2, id)
                    try insert.run()
                }
            }
        }
    }

    package func untraced(limit: Int, bytes: Int) async throws -> [ParkedLetter] {
        try await file.read { db in
            let page = LetterTable.untracedPage(of: "letters", limit: "?1", bytes: "?2")
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

/// How a dead letter comes into its table.
private enum LetterRow {
    static let insertion = """
        INSERT INTO letters (id, state, replays, version, parked_at, queue, exchange, routing_key, source, event, type,
        case_id, class, code, message, fingerprint, attempts, first_at, last_at, headers, properties, body)
        VALUES (?, 'open', 0, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        \(LetterTable.reopening(number: "(SELECT max(number) + 1 FROM letters)"))
        """

    static func bind(_ letter: DeadLetter, parkedAt: Instant, to query: Query) throws {
        try query.bind(1, letter.id)
        try query.bind(2, parkedAt.microseconds)
        let texts = [
            letter.queue, letter.exchange, letter.routingKey, letter.source, letter.eventId, letter.type,
            letter.caseId, letter.failureClass, letter.code, letter.message, letter.fingerprint,
        ]
        for (index, text) in texts.enumerated() { try query.bind(Int32(index + 3), text) }
        try query.bind(14, letter.attempts)
        try query.bind(15, letter.firstAt.microseconds)
        try query.bind(16, letter.lastAt.microseconds)
        try query.bind(17, letter.headers)
        try query.bind(18, letter.properties)
        try query.bind(19, letter.body)
    }
}
