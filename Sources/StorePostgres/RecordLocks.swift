import Schema
import Store

/// What a transaction knows of a record's row.
struct LockedRow {
    enum Standing {
        /// It is there and locked.
        case kept
        /// It is ours alone until the commit; it goes again if nothing comes to need it.
        case placeholder
        /// Nobody has made it, and it gets its row when something needs it; see `Undisturbed`.
        case absent
    }

    let number: Int64
    var isWritten: Bool
    var standing: Standing
}

/// What an undisturbed transaction rests on: the counters, as they were before it read anything else.
struct UndisturbedBase {
    /// The transaction that has written the row.
    let writer: Int64
    /// The last entry, those included that this transaction appends.
    var last: Int64
}

extension PostgresTransaction {
    /// Finds what an undisturbed transaction rests on. Nothing if events wait: who makes a record looks for those that wait
    /// for it, and whoever lets one wait has to hold the record that is not there.
    var countersAlone: String { "SELECT xmin::text::bigint, last FROM \(schema).counters WHERE waiting = 0" }

    /// Locks these keys in their order, and finds what is there.
    func lock(_ keys: [RecordKey]) throws -> [StoredRecord] {
        let wanted = Array(Set(keys))
        guard !wanted.isEmpty else { return [] }
        return base == nil ? try lockAll(wanted) : try lockPresent(wanted)
    }

    private var locking: String {
        """
        SELECT \(RecordRow.columns) FROM unnest($1, $2) AS k(kind, id)
        JOIN \(schema).records r ON r.kind = k.kind AND r.id = k.id ORDER BY r.kind, r.id FOR UPDATE OF r
        """
    }

    /// Those that are absent get an empty row first: who comes later waits for it, and finds what has become of it.
    private func lockAll(_ wanted: [RecordKey]) throws -> [StoredRecord] {
        let arguments = Self.references(wanted)
        let inserted = try conversation.send(
            """
            INSERT INTO \(schema).records AS r (kind, id, version, wake_order, fired_outputs)
            SELECT k.kind, k.id, 0, 0, 0 FROM unnest($1, $2) AS k(kind, id)
            WHERE NOT EXISTS (SELECT FROM \(schema).records o WHERE o.kind = k.kind AND o.id = k.id)
            ORDER BY k.kind COLLATE "C", k.id COLLATE "C" ON CONFLICT (kind, id) DO NOTHING RETURNING r.number
            """, arguments)
        let locked = try conversation.send(locking, arguments)
        // A statement of its own, behind the locks: what was held before them is seen.
        let waiting = try conversation.send(waitingFor, arguments)
        let answers = try conversation.flush()
        for key in wanted { waitingForLoaded[key] = [] }
        for event in answers[waiting].map({ WaitingEvent($0) }) {
            waitingForLoaded[event.reference, default: []].append(event)
        }
        let placeholders = Set(answers[inserted].map { $0.int(0) })
        let found = answers[locked].map { ($0, RecordRow.record($0)) }
        for (row, record) in found {
            let isOurs = placeholders.contains(RecordRow.number(row)) || rows[record.key]?.standing == .placeholder
            note(row, record, isOurs ? .placeholder : .kept)
        }
        guard found.count == wanted.count else {
            throw Self.corrupt("\(wanted.count) records were to be locked, \(found.count) are there")
        }
        return found.map(\.1)
    }

    private func note(_ row: Rows.Row, _ record: StoredRecord, _ standing: LockedRow.Standing) {
        rows[record.key] = LockedRow(
            number: RecordRow.number(row), isWritten: RecordRow.isWritten(row), standing: standing)
    }

    /// Those that are absent only get numbers.
    private func lockPresent(_ wanted: [RecordKey]) throws -> [StoredRecord] {
        let answer = try conversation.query(
            """
            WITH found AS MATERIALIZED (\(locking)) SELECT * FROM found UNION ALL
            SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, nextval('\(schema).records_number_seq'), NULL, NULL, NULL
            FROM generate_series(1, $3 - (SELECT count(*) FROM found))
            """, Self.references(wanted) + [.int(Int64(wanted.count))])
        var (found, numbers): ([StoredRecord], [Int64]) = ([], [])
        for row in answer.map({ $0 }) {
            guard !RecordRow.isNumber(row) else {
                numbers.append(RecordRow.number(row))
                continue
            }
            let record = RecordRow.record(row)
            note(row, record, .kept)
            found.append(record)
        }
        let present = Set(found.map(\.key))
        for key in wanted {
            // As many as when the counters were read, or this transaction runs again.
            waitingForLoaded[key] = []
            guard !present.contains(key), rows[key] == nil else { continue }
            guard let number = numbers.popLast() else { throw Self.corrupt("the store gave too few numbers") }
            rows[key] = LockedRow(number: number, isWritten: false, standing: .absent)
        }
        return found
    }

    /// Gives those of these records a row that have none yet.
    ///
    /// - Parameter content: of a record; nil: the journal names it, and it is not written.
    func insertAbsent(_ keys: some Sequence<RecordKey>, _ content: (RecordKey) -> StoredRecord?) throws {
        let absent = Set(keys).filter { rows[$0]?.standing == .absent }.map { ($0, content($0)) }
        for part in absent.chunks(bytes: Self.chunkBytes, { $0.1?.body.count ?? 0 }) {
            let records = part.map(\.1)
            // Waits for whoever has an empty row of that key.
            try conversation.send(
                """
                INSERT INTO \(schema).records (kind, id, number, version, wake_at, wake_order, fired_at, fired_outputs, body,
                by_word, settled_at) OVERRIDING SYSTEM VALUE
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AS s(kind, id)
                ORDER BY kind COLLATE "C", id COLLATE "C"
                """,
                Self.references(part.map(\.0)) + [.ints(try part.map { try number(of: $0.0) })]
                    + Self.columns(records))
        }
        for (key, _) in absent { rows[key]?.standing = .kept }
    }

    /// What is written of records, in the order of `contents`.
    static func columns(_ records: some Collection<StoredRecord?>) -> [Argument] {
        [
            .ints(records.map { $0?.version ?? 0 }), .ints(records.map { $0?.wakeAt?.microseconds }),
            .ints(records.map { Int64($0?.wakeOrder ?? 0) }), .ints(records.map { $0?.firedAt?.microseconds }),
            .ints(records.map { Int64($0?.firedOutputs ?? 0) }), .blobs(records.map { $0?.body }),
            .ints(records.map { $0?.isMetByOthers == true ? 1 : nil }),
            .ints(records.map { $0?.settledAt?.microseconds }),
        ]
    }
}
