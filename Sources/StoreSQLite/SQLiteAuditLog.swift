internal import GRDB
import Schema
import Store

extension SQLiteParking {
    static let auditLog = """
        CREATE TABLE audit_log (
            number INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            operator TEXT NOT NULL,
            system_user TEXT NOT NULL,
            verb TEXT NOT NULL,
            outcome TEXT NOT NULL,
            digest BLOB NOT NULL,           -- of the content
            head BLOB NOT NULL
        );
        CREATE TABLE audit_log_contents (
            number INTEGER PRIMARY KEY,     -- no row: erased
            content BLOB NOT NULL
        );
        CREATE TABLE audit_log_objects (
            object TEXT NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (object, number)
        ) WITHOUT ROWID;
        CREATE INDEX audit_log_objects_by_number ON audit_log_objects (number);
        CREATE TABLE audit_log_traces (
            trace INTEGER NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (trace, number)
        ) WITHOUT ROWID;
        CREATE INDEX audit_log_traces_by_number ON audit_log_traces (number);
        CREATE TABLE audit_log_head (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            number INTEGER NOT NULL,
            head BLOB NOT NULL
        );
        INSERT INTO audit_log_head (one, number, head) VALUES (1, 0, zeroblob(32));
        """

    package func writeLog(_ drafts: [AuditLogDraft]) async throws -> AuditLogHead {
        try await file.write { try Self.log(drafts, $0) }
    }

    /// Within a transaction that writes: there is one at a time.
    static func log(_ drafts: [AuditLogDraft], _ db: Database) throws -> AuditLogHead {
        let before = try head(db)
        let entries = before.followed(by: drafts)
        guard let last = entries.last?.entry else { return before }
        for (entry, draft) in entries { try insert(entry, draft, db) }
        let head = AuditLogHead(number: last.number, hash: last.head)
        let update = try Query(db, "UPDATE audit_log_head SET number = ?, head = ?")
        try update.bind(1, head.number)
        try update.bind(2, head.hash)
        try update.run()
        return head
    }

    private static func insert(_ entry: AuditLogEntry, _ draft: AuditLogDraft, _ db: Database) throws {
        let frame = entry.frame
        let insert = try Query(
            db,
            """
            INSERT INTO audit_log (number, at, operator, system_user, verb, outcome, digest, head)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """)
        try insert.bind(1, entry.number)
        try insert.bind(2, frame.at.microseconds)
        for (index, text) in [frame.operatorName, frame.systemUser, frame.verb, frame.outcome].enumerated() {
            try insert.bind(Int32(index + 3), text)
        }
        try insert.bind(7, entry.digest)
        try insert.bind(8, entry.head)
        try insert.run()
        let content = try Query(db, "INSERT INTO audit_log_contents (number, content) VALUES (?, ?)")
        try content.bind(1, entry.number)
        try content.bind(2, draft.content)
        try content.run()
        let object = try Query(db, "INSERT INTO audit_log_objects (object, number) VALUES (?, ?)")
        for one in draft.objects {
            try object.bind(1, one)
            try object.bind(2, entry.number)
            try object.run()
        }
        let trace = try Query(db, "INSERT INTO audit_log_traces (trace, number) VALUES (?, ?)")
        for one in draft.traces {
            try trace.bind(1, one.number)
            try trace.bind(2, entry.number)
            try trace.run()
        }
    }

    package func logHead() async throws -> AuditLogHead { try await file.read { try Self.head($0) } }

    static func head(_ db: Database) throws -> AuditLogHead {
        let query = try Query(db, "SELECT number, head FROM audit_log_head")
        return try query.first { AuditLogHead(number: $0.int(0), hash: $0.bytes(1)) } ?? .origin
    }

    package func logEntries(
        _ filter: AuditLogFilter, _ page: AuditLogPage, limit: Int
    ) async throws -> [AuditLogEntry] {
        try await file.read { db in
            let order = page.isAscending ? ("l.number > ?1", "ASC") : ("l.number < ?1", "DESC")
            let (terms, values) = Self.terms(of: filter, [order.0], from: 3)
            let query = try Query(
                db,
                """
                SELECT \(AuditLogTable.columns) FROM audit_log l LEFT JOIN audit_log_contents c ON c.number = l.number
                WHERE \(terms) ORDER BY l.number \(order.1) LIMIT ?2
                """)
            try query.bind(1, page.bound)
            try query.bind(2, Int64(max(0, limit)))
            for (index, value) in values.enumerated() { try query.bind(Int32(index + 3), value) }
            return try query.rows { AuditLogTable.entry($0) }
        }
    }

    package func logCount(_ filter: AuditLogFilter) async throws -> Int {
        try await file.read { db in
            let (terms, values) = Self.terms(of: filter, ["1"], from: 1)
            let query = try Query(db, "SELECT count(*) FROM audit_log l WHERE \(terms)")
            for (index, value) in values.enumerated() { try query.bind(Int32(index + 1), value) }
            return try query.first { Int($0.int(0)) } ?? 0
        }
    }

    private static func terms(
        of filter: AuditLogFilter, _ first: [String], from place: Int
    ) -> (terms: String, values: [String]) {
        var terms = first
        var values: [String] = []
        for (condition, value) in AuditLogTable.conditions(of: filter, objects: "audit_log_objects") {
            terms.append(
                condition.split(separator: "?", omittingEmptySubsequences: false)
                    .joined(separator: "?\(place + values.count)"))
            values.append(value)
        }
        return (terms.joined(separator: " AND "), values)
    }

    package func eraseLog(of traces: Set<PersonalTrace>) async throws -> Int {
        try await file.write { db in
            let find = try Query(db, "SELECT number FROM audit_log_traces WHERE trace = ?")
            var numbers: Set<Int64> = []
            for trace in traces {
                try find.bind(1, trace.number)
                numbers.formUnion(try find.rows { $0.int(0) })
            }
            try Self.eraseEdits(tracedBy: traces, db)
            return try Self.eraseLog(numbers, db)
        }
    }

    /// What is told of letters alone goes with them.
    static func eraseLog(about letters: [String], _ db: Database) throws {
        let find = try Query(
            db,
            "SELECT number FROM audit_log_objects AS o WHERE object = ? AND "
                + AuditLogTable.isAlone(in: "audit_log_objects"))
        var numbers: Set<Int64> = []
        for id in letters {
            try find.bind(1, AuditLogObject.letter(id))
            numbers.formUnion(try find.rows { $0.int(0) })
        }
        _ = try eraseLog(numbers, db)
    }

    private static func eraseLog(_ numbers: Set<Int64>, _ db: Database) throws -> Int {
        var erased = 0
        for table in ["audit_log_contents", "audit_log_traces", "audit_log_objects"] {
            let delete = try Query(db, "DELETE FROM \(table) WHERE number = ?")
            for number in numbers {
                try delete.bind(1, number)
                try delete.run()
                if table == "audit_log_contents" { erased += db.changesCount }
            }
        }
        return erased
    }

    package func resealLog(_ contents: [Int64: [UInt8]]) async throws {
        try await file.write { db in
            let update = try Query(db, "UPDATE audit_log_contents SET content = ? WHERE number = ?")
            for (number, content) in contents {
                try update.bind(1, content)
                try update.bind(2, number)
                try update.run()
            }
        }
    }
}
