internal import GRDB
import Schema
import Store

/// Dead letters in one SQLite file: `DIRECTORY/parking.sqlite`.
package final class SQLiteParking: DeadLetterStore {
    let file: SQLiteFile

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
        // Letters that a program before it parks or opens again are indexed when they are first asked for.
        SchemaStep(oldestProgram: 1, [indexing, auditLog]),
        // Programs before it see of a row that another has followed its state alone.
        SchemaStep(oldestProgram: 1, [operations, edits]),
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

    private static let indexing = """
        ALTER TABLE letters ADD COLUMN assignee TEXT;
        ALTER TABLE letters ADD COLUMN pointer TEXT NOT NULL DEFAULT '';
        ALTER TABLE letters ADD COLUMN rule TEXT NOT NULL DEFAULT '';
        -- The last_at of which fingerprint, pointer and rule were made.
        ALTER TABLE letters ADD COLUMN derived_for INTEGER NOT NULL DEFAULT -9223372036854775807;
        CREATE INDEX letters_unindexed ON letters (number) WHERE \(LetterTable.isUnindexed);
        CREATE INDEX letters_by_time ON letters (last_at);
        -- What groups are made of: the new columns lie behind the bodies, which else were read for them.
        CREATE INDEX letters_by_kind ON letters (
            fingerprint, queue, class, code, pointer, rule, state, first_at, last_at, source, type, number);
        CREATE INDEX letters_by_source ON letters (source, number) WHERE source IS NOT NULL;
        """

    package func upsert(_ letters: [DeadLetter], parkedAt: Instant) async throws -> Int {
        guard !letters.isEmpty else { return 0 }
        return try await file.write { db in
            try Self.insert(letters, parkedAt: parkedAt, db)
        }
    }

    static func insert(_ letters: [DeadLetter], parkedAt: Instant, _ db: Database) throws -> Int {
        let insert = try Query(db, LetterRow.insertion)
        var changed = 0
        for letter in letters {
            try LetterRow.bind(letter, parkedAt: parkedAt, to: insert)
            try insert.run()
            changed += db.changesCount
        }
        return changed
    }

    package func get(_ id: String) async throws -> ParkedLetter? {
        try await file.read { try Self.letter(id, $0) }
    }

    package func letters(_ ids: [String]) async throws -> [String: ParkedLetter] {
        try await file.read { db in
            var found: [String: ParkedLetter] = [:]
            for id in ids { found[id] = try Self.letter(id, db) }
            return found
        }
    }

    private static func letter(_ id: String, _ db: Database) throws -> ParkedLetter? {
        let query = try Query(db, "SELECT \(LetterTable.columns) FROM letters WHERE id = ?")
        try query.bind(1, id)
        return try query.first { try LetterTable.letter($0) }
    }

    package func mark(
        _ marks: [DeadLetterMark], logging acts: @escaping @Sendable ([ParkedLetter]) throws -> [AuditLogDraft]
    ) async throws -> LetterChange {
        guard !marks.isEmpty else { return LetterChange(rows: [], head: nil) }
        return try await file.write { db in
            let moved = try Self.mark(marks, db)
            let drafts = moved.isEmpty ? [] : try acts(moved)
            return LetterChange(rows: moved, head: drafts.isEmpty ? nil : try Self.log(drafts, db))
        }
    }

    /// Those that changed, as they are now.
    static func mark(_ marks: [DeadLetterMark], _ db: Database) throws -> [ParkedLetter] {
        let update = try Query(
            db,
            """
            UPDATE letters SET state = ?, replays = ?, version = ?, note = ?, assignee = ?, successor = ? WHERE number = ?
            """)
        var moved: [ParkedLetter] = []
        for mark in marks {
            guard let present = try letter(mark.id, db), let next = present.applying(mark) else { continue }
            try update.bind(1, next.state.rawValue)
            try update.bind(2, next.replays)
            try update.bind(3, next.version)
            try update.bind(4, next.note)
            try update.bind(5, next.assignee)
            try update.bind(6, next.successor)
            try update.bind(7, next.number)
            try update.run()
            moved.append(next)
        }
        return moved
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
            try Self.eraseLog(about: letters.map(\.id), db)
            try Self.eraseEdits(of: letters.map(\.id), db)
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

/// How a dead letter comes into its table.
private enum LetterRow {
    static let insertion = """
        INSERT INTO letters (id, state, replays, version, parked_at, queue, exchange, routing_key, source, event, type,
        case_id, class, code, message, fingerprint, pointer, rule, attempts, first_at, last_at, derived_for, headers,
        properties, body)
        VALUES (?1, 'open', 0, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?18, ?19, ?20,
        ?21)
        \(LetterTable.reopening(number: "(SELECT max(number) + 1 FROM letters)"))
        """

    static func bind(_ letter: DeadLetter, parkedAt: Instant, to query: Query) throws {
        try query.bind(1, letter.id)
        try query.bind(2, parkedAt.microseconds)
        let texts = [
            letter.queue, letter.exchange, letter.routingKey, letter.source, letter.eventId, letter.type,
            letter.caseId, letter.failureClass, letter.code, letter.message, letter.fingerprint, letter.pointer,
            letter.rule,
        ]
        for (index, text) in texts.enumerated() { try query.bind(Int32(index + 3), text) }
        try query.bind(16, letter.attempts)
        try query.bind(17, letter.firstAt.microseconds)
        try query.bind(18, letter.lastAt.microseconds)
        try query.bind(19, letter.headers)
        try query.bind(20, letter.properties)
        try query.bind(21, letter.body)
    }
}
