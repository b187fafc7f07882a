internal import GRDB
import Schema
import Store

/// Writes a stage's file within one transaction. The file has one writer at a time, so what a transaction reads is
/// locked by itself.
final class SQLiteTransaction: SQLiteSnapshot, StoreTransaction {
    /// What is known of a record's row. `number` 0: there is none.
    private struct Row {
        var number: Int64
        var isWritten: Bool
    }

    private var rows: [RecordKey: Row] = [:]
    /// Events that were looked for and not found.
    private var unclaimed: Set<EventKey> = []
    private var change = StoreCounts()
    var waitingChange = WaitingCount()
    /// The waiting room holds something, or has done so during this transaction; nil: nobody has asked.
    var isRoomInUse: Bool?

    // MARK: Inbox

    func claims(_ events: [EventKey]) throws -> [EventKey: Claim] {
        var claims: [EventKey: Claim] = [:]
        for event in events {
            if let (_, claim) = try claim(of: event) { claims[event] = claim } else { unclaimed.insert(event) }
        }
        return claims
    }

    // MARK: Records

    func load(_ keys: [RecordKey]) throws -> [RecordKey: StoredRecord] {
        var found: [RecordKey: StoredRecord] = [:]
        found.reserveCapacity(keys.count)
        let query = try Query(
            db, "SELECT \(RecordRow.columns), number, body IS NULL FROM records WHERE kind = ? AND id = ?")
        for key in keys {
            try query.bind(1, key.kind)
            try query.bind(2, key.id)
            let row = try query.first { row -> (Row, StoredRecord) in
                (Row(number: row.int(10), isWritten: row.int(11) == 0), RecordRow.record(row))
            }
            rows[key] = row?.0 ?? Row(number: 0, isWritten: false)
            if let (row, record) = row, row.isWritten { found[key] = record }
        }
        return found
    }

    private func row(of key: RecordKey) throws -> Row {
        if let known = rows[key] { return known }
        let query = try Query(db, "SELECT number, body IS NOT NULL FROM records WHERE kind = ? AND id = ?")
        try query.bind(1, key.kind)
        try query.bind(2, key.id)
        let row =
            try query.first { Row(number: $0.int(0), isWritten: $0.int(1) != 0) }
            ?? Row(number: 0, isWritten: false)
        rows[key] = row
        return row
    }

    func save(_ records: [StoredRecord]) throws {
        let update = try Query(
            db,
            """
            UPDATE records SET version = ?3, wake_at = ?4, wake_order = ?5, fired_at = ?6, fired_outputs = ?7, body = ?8,
            by_word = ?9, settled_at = ?10 WHERE number = ?1
            """)
        for record in records {
            let row = try row(of: record.key)
            if row.number == 0 {
                try insert(record.key, record)
            } else {
                try update.bind(1, row.number)
                try bind(record, to: update)
                try update.run()
            }
            if !row.isWritten { change.records += 1 }
            rows[record.key]?.isWritten = true
        }
    }

    private func bind(_ record: StoredRecord, to query: Query) throws {
        try query.bind(3, record.version)
        try query.bind(4, record.wakeAt?.microseconds)
        try query.bind(5, Int64(record.wakeOrder))
        try query.bind(6, record.firedAt?.microseconds)
        try query.bind(7, Int64(record.firedOutputs))
        try query.bind(8, record.body)
        try query.bind(9, record.isMetByOthers ? 1 : nil as Int64?)
        try query.bind(10, record.settledAt?.microseconds)
    }

    /// Inserts a row, empty where the journal names a record that was not written.
    private func insert(_ key: RecordKey, _ record: StoredRecord?) throws {
        let insert = try Query(
            db,
            """
            INSERT INTO records (kind, id, version, wake_at, wake_order, fired_at, fired_outputs, body, by_word,
            settled_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            """)
        try insert.bind(1, key.kind)
        try insert.bind(2, key.id)
        if let record {
            try bind(record, to: insert)
        } else {
            for index: Int32 in [3, 5, 7] { try insert.bind(index, 0 as Int64) }
            for index: Int32 in [4, 6, 8, 9, 10] { try insert.bind(index, nil as Int64?) }
        }
        try insert.run()
        rows[key] = Row(number: db.lastInsertedRowID, isWritten: record != nil)
    }

    func dueRecords(now: Instant, later: Instant, wall: Instant, limit: Int) throws -> [StoredRecord] {
        let query = try Query(
            db,
            """
            SELECT \(RecordRow.columns) FROM records WHERE \(RecordRow.isDue)
            ORDER BY wake_at, wake_order, kind, id LIMIT ?4
            """)
        try query.bind(1, wall.microseconds)
        try query.bind(2, now.microseconds)
        try query.bind(3, later.microseconds)
        try query.bind(4, atLeastZero(limit))
        return try query.rows { RecordRow.record($0) }
    }

    func putAside(_ timers: [TimerAside]) throws {
        let query = try Query(
            db,
            """
            INSERT INTO timers_aside (record, version, until, cause, release) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (record) DO UPDATE SET version = ?2, until = ?3, cause = ?4, release = ?5
            """)
        for timer in timers {
            try query.bind(1, try number(of: timer.key))
            try query.bind(2, timer.version)
            try query.bind(3, timer.until.microseconds)
            try query.bind(4, timer.cause)
            try query.bind(5, timer.release.map { Int64($0) })
            try query.run()
        }
    }

    // MARK: Journal

    func append(_ entries: [JournalEntry], owner: WorkerId) throws -> [Int64] {
        let last = try Query(db, "SELECT max(number) FROM journal").first { $0.int(0) } ?? 0
        let writer = try JournalWriter(db, owner: owner)
        var numbers: [Int64] = []
        numbers.reserveCapacity(entries.count)
        for (offset, entry) in entries.enumerated() {
            let number = last + 1 + Int64(offset)
            try claimEvent(of: entry)
            let records = try entry.records.map { try self.number(of: $0) }
            var timer: Int64?
            if case .timer(let key, _, _) = entry.input { timer = try self.number(of: key) }
            try writer.write(entry, number: number, records: records, timer: timer)
            count(entry)
            numbers.append(number)
        }
        return numbers
    }

    func post(_ postings: [FundPosting]) throws {
        let query = try Query(db, "INSERT INTO fund_postings (place, request, side, fen) VALUES (?, ?, ?, ?)")
        for posting in postings {
            try query.bind(1, Place(entry: posting.place.entry, index: posting.place.index).value)
            try query.bind(2, posting.movement.requestId)
            try query.bind(3, Int64(posting.movement.side.rawValue))
            try query.bind(4, posting.movement.amountFen)
            try query.run()
        }
    }

    private func number(of key: RecordKey) throws -> Int64 {
        let known = try row(of: key).number
        if known > 0 { return known }
        try insert(key, nil)
        return rows[key]?.number ?? 0
    }

    private func claimEvent(of entry: JournalEntry) throws {
        guard case .event(let source, let id, _, _, _) = entry.input else { return }
        let event = EventKey(source: source, id: id)
        if unclaimed.remove(event) != nil { return }
        guard try claim(of: event) == nil else { throw StoreFailure.claimed }
    }

    private func count(_ entry: JournalEntry) {
        switch entry.input {
        case .timer: change.timers += 1
        case .event: if entry.fate == .applied { change.applied += 1 } else { change.refused += 1 }
        }
        change.outputs += entry.outputs.count
        change.outbox += entry.outputs.count
    }

    // MARK: Outbox and leases

    func removeFromOutbox(_ keys: [OutboxKey]) throws {
        let query = try Query(db, "DELETE FROM outbox WHERE place = ?")
        for key in keys where (0..<Place.indexLimit).contains(key.index) {
            try query.bind(1, Place(entry: key.entry, index: key.index).value)
            try query.run()
            change.outbox -= db.changesCount
        }
    }

    func returnToOutbox(_ keys: [OutboxKey], owner: WorkerId) throws -> Int {
        let query = try Query(
            db,
            "INSERT OR IGNORE INTO outbox (place, owner) SELECT place, ? FROM outputs WHERE place = ?")
        var returned = 0
        for key in keys where (0..<Place.indexLimit).contains(key.index) {
            try query.bind(1, owner)
            try query.bind(2, Place(entry: key.entry, index: key.index).value)
            try query.run()
            returned += db.changesCount
        }
        change.outbox += returned
        return returned
    }

    func takeOverOutbox(by owner: WorkerId, now: Instant, limit: Int) throws -> [OutboxRow] {
        let orphans = try Query(
            db,
            """
            SELECT place FROM outbox LEFT JOIN leases ON worker = owner AND until > ?
            WHERE worker IS NULL ORDER BY place LIMIT ?
            """)
        try orphans.bind(1, now.microseconds)
        try orphans.bind(2, atLeastZero(limit))
        let places = try orphans.rows { Place($0.int(0)) }
        let take = try Query(db, "UPDATE outbox SET owner = ? WHERE place = ?")
        for place in places {
            try take.bind(1, owner)
            try take.bind(2, place.value)
            try take.run()
        }
        return try places.map {
            OutboxRow(
                key: OutboxKey(entry: $0.entry, index: $0.index), output: try JournalReader.output(db, at: $0))
        }
    }

    func renewLease(of worker: WorkerId, until: Instant, standing: Standing) throws {
        let query = try Query(
            db,
            """
            INSERT INTO leases (\(LeaseRow.columns))
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (worker) DO UPDATE SET until = excluded.until,
            consuming = excluded.consuming, since = excluded.since, asked = excluded.asked,
            mark_own = excluded.mark_own, mark_before = excluded.mark_before, consumers = excluded.consumers,
            mark_word = excluded.mark_word
            """)
        let mark = standing.mark
        try query.bind(1, worker)
        try query.bind(2, until.microseconds)
        try query.bind(3, standing.since == nil ? 0 : 1)
        try query.bind(4, standing.since?.microseconds)
        try query.bind(5, mark?.asked.microseconds)
        try query.bind(6, mark?.marks.own.microseconds)
        try query.bind(7, mark?.marks.before.microseconds)
        try query.bind(8, mark.map { Int64($0.consumers) })
        try query.bind(9, mark?.marks.word.microseconds)
        try query.run()
    }

    /// The file has one writer at a time.
    func lockStageTime() throws -> StageTime { try stageTime() }

    func saveStageTime(_ time: StageTime) throws {
        let query = try Query(
            db,
            "INSERT INTO stage_time (one, body) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET body = excluded.body")
        try query.bind(1, try time.encoded())
        try query.run()
    }

    func subscribe(_ types: [String: Instant]) throws {
        let query = try Query(db, "INSERT INTO subscriptions (type, since) VALUES (?, ?) ON CONFLICT (type) DO NOTHING")
        for (type, since) in types.sorted(by: { $0.key < $1.key }) {
            try query.bind(1, type)
            try query.bind(2, since.microseconds)
            try query.run()
        }
    }

    func endLease(of worker: WorkerId) throws {
        let query = try Query(db, "DELETE FROM leases WHERE worker = ?")
        try query.bind(1, worker)
        try query.run()
    }

    // MARK: Counting

    override func counts() throws -> StoreCounts {
        var counts = try super.counts()
        counts.applied += change.applied
        counts.refused += change.refused
        counts.timers += change.timers
        counts.outputs += change.outputs
        counts.records += change.records
        counts.outbox += change.outbox
        return counts
    }

    override func isAnyWaiting() throws -> Bool {
        if let isRoomInUse { return isRoomInUse }
        let isInUse = try super.isAnyWaiting()
        isRoomInUse = isInUse
        return isInUse
    }

    override func waitingCount() throws -> WaitingCount {
        let committed = try super.waitingCount()
        return WaitingCount(
            events: committed.events + waitingChange.events, bytes: committed.bytes + waitingChange.bytes)
    }

    /// Writes what is only written once for a transaction; before the commit.
    func finish() throws {
        guard change != StoreCounts() || waitingChange != WaitingCount() else { return }
        let query = try Query(
            db,
            """
            UPDATE counts SET applied = applied + ?, refused = refused + ?, timers = timers + ?,
            outputs = outputs + ?, records = records + ?, outbox = outbox + ?, waiting = waiting + ?,
            waiting_bytes = waiting_bytes + ?
            """)
        let values = [
            change.applied, change.refused, change.timers, change.outputs, change.records, change.outbox,
            waitingChange.events, waitingChange.bytes,
        ]
        for (index, value) in values.enumerated() { try query.bind(Int32(index + 1), Int64(value)) }
        try query.run()
        (change, waitingChange) = (StoreCounts(), WaitingCount())
    }
}
