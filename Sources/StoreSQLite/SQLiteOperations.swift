internal import GRDB
import Schema
import Store

extension SQLiteParking {
    static let operations = """
        ALTER TABLE letters ADD COLUMN successor TEXT;
        CREATE TABLE operations (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            verb TEXT NOT NULL,
            state TEXT NOT NULL,
            operator TEXT NOT NULL,
            at INTEGER NOT NULL,
            rate INTEGER NOT NULL,
            step INTEGER NOT NULL,
            total INTEGER NOT NULL,
            cause TEXT NOT NULL,
            runner TEXT NOT NULL,           -- empty: nobody runs it
            runs_until INTEGER NOT NULL,
            version INTEGER NOT NULL
        );
        CREATE TABLE operation_items (
            operation TEXT NOT NULL,
            position INTEGER NOT NULL,
            letter TEXT NOT NULL,
            state TEXT NOT NULL,
            verdict TEXT NOT NULL,
            detail TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            PRIMARY KEY (operation, position)
        ) WITHOUT ROWID;
        CREATE INDEX operation_items_by_state ON operation_items (operation, state, position);
        """

    package func begin(
        _ operation: LetterOperation, on letters: OperationLetters,
        logging acts: @escaping @Sendable (LetterOperation) throws -> [AuditLogDraft]
    ) async throws -> BegunOperation? {
        try await file.write { db in
            guard try Self.operation(operation.id, db) == nil else { return nil }
            var begun = operation
            begun.total = Int64(try Self.freeze(letters, for: operation.id, db))
            begun.number = try Query(db, "SELECT coalesce(max(number), 0) + 1 FROM operations").first { $0.int(0) } ?? 1
            let insert = try Query(
                db,
                "INSERT INTO operations (\(OperationTable.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            try insert.bind(1, begun.number)
            for (index, text) in [begun.id, begun.verb, begun.state.rawValue, begun.operatorName].enumerated() {
                try insert.bind(Int32(index + 2), text)
            }
            for (index, number) in [begun.at.microseconds, begun.rate, begun.step, begun.total].enumerated() {
                try insert.bind(Int32(index + 6), number)
            }
            try insert.bind(10, begun.cause)
            try insert.bind(11, begun.runner)
            try insert.bind(12, begun.runsUntil.microseconds)
            try insert.bind(13, begun.version)
            try insert.run()
            let drafts = try acts(begun)
            return BegunOperation(operation: begun, head: drafts.isEmpty ? nil : try Self.log(drafts, db))
        }
    }

    /// Returns how many there are.
    private static func freeze(_ letters: OperationLetters, for operation: String, _ db: Database) throws -> Int {
        let into = "INSERT INTO operation_items (operation, \(OperationTable.itemColumns))"
        switch letters {
        case .matching(let filter):
            let terms = Terms(filter, behind: 1)
            let insert = try Query(
                db,
                """
                \(into) SELECT ?1, row_number() OVER (ORDER BY number), id, 'waiting', '', '', ''
                FROM letters WHERE \(terms.sql)
                """)
            try insert.bind(1, operation)
            try terms.bind(to: insert)
            try insert.run()
            return db.changesCount
        case .named(let ids):
            let known = try Query(db, "SELECT 1 FROM letters WHERE id = ?")
            let insert = try Query(db, "\(into) VALUES (?, ?, ?, 'waiting', '', '', '')")
            var seen: Set<String> = []
            for id in ids where seen.insert(id).inserted {
                try known.bind(1, id)
                guard try known.first({ _ in true }) != nil else {
                    seen.remove(id)
                    continue
                }
                try insert.bind(1, operation)
                try insert.bind(2, Int64(seen.count))
                try insert.bind(3, id)
                try insert.run()
            }
            return seen.count
        }
    }

    package func operation(_ id: String) async throws -> LetterOperation? {
        try await file.read { try Self.operation(id, $0) }
    }

    private static func operation(_ id: String, _ db: Database) throws -> LetterOperation? {
        let query = try Query(db, "SELECT \(OperationTable.columns) FROM operations WHERE id = ?")
        try query.bind(1, id)
        return try query.first { try OperationTable.operation($0) }
    }

    package func operations(below number: Int64, limit: Int) async throws -> [LetterOperation] {
        try await file.read { db in
            let query = try Query(
                db, "SELECT \(OperationTable.columns) FROM operations WHERE number < ? ORDER BY number DESC LIMIT ?")
            try query.bind(1, number)
            try query.bind(2, Int64(max(0, limit)))
            return try query.rows { try OperationTable.operation($0) }
        }
    }

    package func operationCounts(_ id: String) async throws -> [OperationCount] {
        try await file.read { db in
            let query = try Query(
                db,
                """
                SELECT state, verdict, detail, count(*) FROM operation_items WHERE operation = ?
                GROUP BY state, verdict, detail ORDER BY 1, 2, 3
                """)
            try query.bind(1, id)
            return try query.rows { try OperationTable.count($0) }
        }
    }

    package func operationItems(
        _ id: String, in states: Set<OperationItem.State>, after position: Int64, limit: Int
    ) async throws -> [OperationItem] {
        try await file.read { db in
            let query = try Query(
                db,
                """
                SELECT \(OperationTable.itemColumns) FROM operation_items
                WHERE operation = ? AND state = ? AND position > ? ORDER BY position LIMIT ?
                """)
            var found: [OperationItem] = []
            for state in states {
                try query.bind(1, id)
                try query.bind(2, state.rawValue)
                try query.bind(3, position)
                try query.bind(4, Int64(max(0, limit)))
                found += try query.rows { try OperationTable.item($0) }
            }
            return Array(found.sorted { $0.position < $1.position }.prefix(max(0, limit)))
        }
    }

    package func change(
        _ change: OperationChange,
        logging acts: @escaping @Sendable ([ParkedLetter]) throws -> [AuditLogDraft]
    ) async throws -> ChangedOperation? {
        try await file.write { db in
            let operation = change.operation
            guard let next = try Self.operation(operation.id, db)?.applying(change) else { return nil }
            let update = try Query(
                db,
                """
                UPDATE operations SET state = ?, step = ?, cause = ?, runner = ?, runs_until = ?, version = ?
                WHERE number = ?
                """)
            try update.bind(1, next.state.rawValue)
            try update.bind(2, next.step)
            try update.bind(3, next.cause)
            try update.bind(4, next.runner)
            try update.bind(5, next.runsUntil.microseconds)
            try update.bind(6, next.version)
            try update.bind(7, next.number)
            try update.run()
            let letters = try Self.mark(change.marks, db)
            let items = change.items(marked: letters)
            try Self.keep(items, of: operation.id, db)
            let drafts = try acts(letters)
            return ChangedOperation(
                operation: next, items: items, letters: letters,
                head: drafts.isEmpty ? nil : try Self.log(drafts, db))
        }
    }

    private static func keep(_ items: [OperationItem], of operation: String, _ db: Database) throws {
        let update = try Query(
            db,
            """
            UPDATE operation_items SET state = ?, verdict = ?, detail = ?, fingerprint = ?
            WHERE operation = ? AND position = ?
            """)
        for item in items {
            for (index, text) in [item.state.rawValue, item.verdict, item.detail, item.fingerprint].enumerated() {
                try update.bind(Int32(index + 1), text)
            }
            try update.bind(5, operation)
            try update.bind(6, item.position)
            try update.run()
        }
    }
}
