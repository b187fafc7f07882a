internal import GRDB
import Schema
import Store

extension SQLiteParking {
    static let edits = """
        CREATE TABLE letter_edits (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            batch TEXT NOT NULL,
            letter TEXT NOT NULL,
            state TEXT NOT NULL,
            author TEXT NOT NULL,
            at INTEGER NOT NULL,
            decided_by TEXT,
            decided_at INTEGER,
            successor TEXT,
            content BLOB                    -- NULL: decided, or erased
        );
        CREATE INDEX letter_edits_by_letter ON letter_edits (letter);
        CREATE INDEX letter_edits_by_batch ON letter_edits (batch, number);
        CREATE INDEX letter_edits_proposed ON letter_edits (number) WHERE state = 'proposed';
        CREATE TABLE letter_edit_traces (
            trace INTEGER NOT NULL,
            edit TEXT NOT NULL,
            PRIMARY KEY (trace, edit)
        ) WITHOUT ROWID;
        CREATE INDEX letter_edit_traces_by_edit ON letter_edit_traces (edit);
        """

    package func propose(
        _ proposals: [EditProposal], logging acts: @escaping @Sendable () throws -> [AuditLogDraft]
    ) async throws -> AuditLogHead? {
        try await file.write { db in
            let insert = try Query(
                db,
                """
                INSERT INTO letter_edits (id, batch, letter, state, author, at, content) VALUES (?, ?, ?, ?, ?, ?, ?)
                """)
            let trace = try Query(db, "INSERT INTO letter_edit_traces (trace, edit) VALUES (?, ?)")
            for proposal in proposals {
                let edit = proposal.edit
                let texts = [edit.id, edit.batch, edit.letter, edit.state.rawValue, edit.author]
                for (index, text) in texts.enumerated() { try insert.bind(Int32(index + 1), text) }
                try insert.bind(6, edit.at.microseconds)
                try insert.bind(7, edit.content)
                try insert.run()
                for one in proposal.traces {
                    try trace.bind(1, one.number)
                    try trace.bind(2, edit.id)
                    try trace.run()
                }
            }
            let drafts = try acts()
            return drafts.isEmpty ? nil : try Self.log(drafts, db)
        }
    }

    package func edit(_ id: String) async throws -> LetterEdit? { try await file.read { try Self.edit(id, $0) } }

    private static func edit(_ id: String, _ db: Database) throws -> LetterEdit? {
        let query = try Query(db, "SELECT \(OperationTable.editColumns) FROM letter_edits WHERE id = ?")
        try query.bind(1, id)
        return try query.first { try OperationTable.edit($0) }
    }

    package func edits(_ filter: EditFilter, after number: Int64, limit: Int) async throws -> [LetterEdit] {
        try await file.read { db in
            let query = try Query(
                db,
                """
                SELECT \(OperationTable.editColumns) FROM letter_edits WHERE \(Self.condition)
                AND number > ?3 ORDER BY number LIMIT ?4
                """)
            try Self.bind(filter, to: query)
            try query.bind(3, number)
            try query.bind(4, Int64(max(0, limit)))
            return try query.rows { try OperationTable.edit($0) }
        }
    }

    package func editCount(_ filter: EditFilter) async throws -> Int {
        try await file.read { db in
            let query = try Query(db, "SELECT count(*) FROM letter_edits WHERE \(Self.condition)")
            try Self.bind(filter, to: query)
            return try query.first { Int($0.int(0)) } ?? 0
        }
    }

    private static let condition = "(?1 IS NULL OR state = ?1) AND (?2 IS NULL OR batch = ?2)"

    private static func bind(_ filter: EditFilter, to query: Query) throws {
        try query.bind(1, filter.state?.rawValue)
        try query.bind(2, filter.batch)
    }

    package func decide(
        _ decisions: [EditDecision],
        logging acts: @escaping @Sendable ([LetterEdit]) throws -> [AuditLogDraft]
    ) async throws -> DecidedEdits {
        try await file.write { db in
            let update = try Query(
                db,
                """
                UPDATE letter_edits SET state = ?, decided_by = ?, decided_at = ?, successor = ?, content = NULL
                WHERE number = ?
                """)
            var decided: [LetterEdit] = []
            for decision in decisions {
                guard let edit = try Self.edit(decision.id, db)?.decided(decision) else { continue }
                if let mark = decision.mark, try Self.mark([mark], db).isEmpty { continue }
                if let letter = decision.replacement { _ = try Self.insert([letter], parkedAt: decision.at, db) }
                try update.bind(1, edit.state.rawValue)
                try update.bind(2, edit.decidedBy)
                try update.bind(3, edit.decidedAt?.microseconds)
                try update.bind(4, edit.successor)
                try update.bind(5, edit.number)
                try update.run()
                decided.append(edit)
            }
            try Self.forgetTraces(of: decided.map(\.id), db)
            let drafts = decided.isEmpty ? [] : try acts(decided)
            return DecidedEdits(edits: decided, head: drafts.isEmpty ? nil : try Self.log(drafts, db))
        }
    }

    private static func forgetTraces(of edits: [String], _ db: Database) throws {
        let delete = try Query(db, "DELETE FROM letter_edit_traces WHERE edit = ?")
        for id in edits {
            try delete.bind(1, id)
            try delete.run()
        }
    }

    /// What is proposed of letters goes with them.
    static func eraseEdits(of letters: [String], _ db: Database) throws {
        let find = try Query(db, "SELECT id FROM letter_edits WHERE letter = ? AND content IS NOT NULL")
        var found: [String] = []
        for id in letters {
            try find.bind(1, id)
            found += try find.rows { $0.text(0) }
        }
        try eraseEdits(found, db)
    }

    static func eraseEdits(tracedBy traces: Set<PersonalTrace>, _ db: Database) throws {
        let find = try Query(db, "SELECT edit FROM letter_edit_traces WHERE trace = ?")
        var found: Set<String> = []
        for trace in traces {
            try find.bind(1, trace.number)
            found.formUnion(try find.rows { $0.text(0) })
        }
        try eraseEdits(found.sorted(), db)
    }

    private static func eraseEdits(_ ids: [String], _ db: Database) throws {
        let update = try Query(db, "UPDATE letter_edits SET \(OperationTable.erasure) WHERE id = ?")
        for id in ids {
            try update.bind(1, id)
            try update.run()
        }
        try forgetTraces(of: ids, db)
    }

    package func resealEdits(_ contents: [String: [UInt8]]) async throws {
        try await file.write { db in
            let update = try Query(db, "UPDATE letter_edits SET content = ? WHERE id = ? AND content IS NOT NULL")
            for (id, content) in contents {
                try update.bind(1, content)
                try update.bind(2, id)
                try update.run()
            }
        }
    }
}
