internal import GRDB
import Schema
import Store

/// Reads a stage's file within one transaction.
class SQLiteSnapshot: StoreSnapshot {
    let db: Database

    init(_ db: Database) {
        self.db = db
    }

    /// SQLite takes a negative limit for none.
    func atLeastZero(_ limit: Int) -> Int64 { Int64(max(0, limit)) }

    /// Whether the waiting room holds anything at all, those that are dying included. Mostly it does not.
    func isAnyWaiting() throws -> Bool {
        try Query(db, "SELECT 1 FROM waiting WHERE source >= '' LIMIT 1").first { _ in true } ?? false
    }

    // MARK: Journal

    func journal(after: Int64, limit: Int, withBodies: Bool) throws -> [JournalEntry] {
        let query = try Query(
            db,
            "SELECT \(JournalRow.columns(withBody: withBodies)) FROM journal WHERE number > ? ORDER BY number LIMIT ?")
        try query.bind(1, after)
        try query.bind(2, atLeastZero(limit))
        var reader = JournalReader(db, withBodies: withBodies)
        return try query.rows { JournalRow($0) }.map { try reader.entry($0) }
    }

    func inputs(after: Int64, limit: Int) throws -> [InputRow] {
        let query = try Query(
            db,
            "SELECT number, fate, outputs, source, event, type FROM journal WHERE number > ? ORDER BY number LIMIT ?")
        try query.bind(1, after)
        try query.bind(2, atLeastZero(limit))
        return try query.rows { row in
            InputRow(
                number: row.int(0), fate: JournalRow.fate(row.int(1)), outputs: Int(row.int(2)),
                event: row.isNull(3) ? nil : EventKey(source: row.text(3), id: row.text(4)), type: row.text(5))
        }
    }

    func emissions(after: OutboxKey?, limit: Int) throws -> [EmissionRow] {
        let query = try Query(
            db, "SELECT place, id, type, exchange FROM outputs WHERE place > ? ORDER BY place LIMIT ?")
        try query.bind(1, after.map { Place(entry: $0.entry, index: $0.index).value } ?? -1)
        try query.bind(2, atLeastZero(limit))
        return try query.rows { row in
            let place = Place(row.int(0))
            return EmissionRow(
                key: OutboxKey(entry: place.entry, index: place.index), id: row.text(1), type: row.text(2),
                exchange: row.text(3))
        }
    }

    func recordsOutOfStep(limit: Int) throws -> (count: Int, first: [RecordKey]) {
        let query = try Query(
            db,
            """
            SELECT count(*) OVER (), kind, id FROM records r WHERE body IS NOT NULL
            AND version <> (SELECT count(*) FROM changes c WHERE c.record = r.number) ORDER BY number LIMIT ?
            """)
        try query.bind(1, atLeastZero(limit))
        let found = try query.rows { (Int($0.int(0)), RecordKey(kind: $0.text(1), id: $0.text(2))) }
        return (found.first?.0 ?? 0, found.map(\.1))
    }

    func journal(of record: RecordKey, limit: Int) throws -> [JournalEntry] {
        let query = try Query(
            db,
            """
            SELECT \(JournalRow.columns(withBody: true)) FROM journal WHERE number IN (
                SELECT entry FROM changes WHERE record = (SELECT number FROM records WHERE kind = ? AND id = ?)
                ORDER BY entry LIMIT ?
            ) ORDER BY number
            """)
        try query.bind(1, record.kind)
        try query.bind(2, record.id)
        try query.bind(3, atLeastZero(limit))
        var reader = JournalReader(db, withBodies: true)
        return try query.rows { JournalRow($0) }.map { try reader.entry($0) }
    }

    func entry(emitting eventId: String) throws -> JournalEntry? {
        let last = try Query(db, "SELECT max(number) FROM journal").first { $0.int(0) } ?? 0
        let query = try Query(db, "SELECT place FROM emitted WHERE segment = ? AND hash = ? ORDER BY place")
        for segment in 0...Place.segment(of: last) {
            try query.bind(1, segment)
            try query.bind(2, NarrowHash.emitted(eventId))
            for place in try query.rows({ Place($0.int(0)) }) {
                let entry = try entry(number: place.entry)
                if place.index < entry.outputs.count, entry.outputs[place.index].id.hasSameBytes(as: eventId) {
                    return entry
                }
            }
        }
        for number in try entries(taking: eventId) {
            let entry = try entry(number: number)
            if case .event(_, let id, _, _, _) = entry.input, id.hasSameBytes(as: eventId) { return entry }
        }
        return nil
    }

    func entry(taking event: EventKey) throws -> JournalEntry? {
        try claim(of: event).map { try entry(number: $0.entry) }
    }

    private func entry(number: Int64) throws -> JournalEntry {
        let query = try Query(db, "SELECT \(JournalRow.columns(withBody: true)) FROM journal WHERE number = ?")
        try query.bind(1, number)
        guard let row = try query.first({ JournalRow($0) }) else { throw Self.corrupt("entry \(number) is missing") }
        var reader = JournalReader(db, withBodies: true)
        return try reader.entry(row)
    }

    static func corrupt(_ cause: String) -> StoreFailure {
        StoreFailure(.corrupt, operation: "reading the journal", cause: cause)
    }

    // MARK: Inbox

    /// The entries that took an event of that id, or of another with the same hash; ascending.
    private func entries(taking eventId: String) throws -> [Int64] {
        let query = try Query(db, "SELECT entry FROM taken WHERE hash = ? ORDER BY entry")
        try query.bind(1, NarrowHash.taken(eventId))
        return try query.rows { $0.int(0) }
    }

    func claim(of event: EventKey) throws -> (entry: Int64, claim: Claim)? {
        for entry in try entries(taking: event.id) {
            let query = try Query(db, "SELECT source, event, digest, fate FROM journal WHERE number = ?")
            try query.bind(1, entry)
            let found = try query.first { row -> Claim? in
                guard row.text(1).hasSameBytes(as: event.id), row.text(0).hasSameBytes(as: event.source)
                else { return nil }
                return Claim(digest: row.bytes(2), fate: JournalRow.fate(row.int(3)))
            }
            if let claim = found ?? nil { return (entry, claim) }
        }
        return nil
    }

    // MARK: Records

    func record(_ key: RecordKey) throws -> StoredRecord? {
        let query = try Query(
            db, "SELECT \(RecordRow.columns) FROM records WHERE kind = ? AND id = ? AND body IS NOT NULL")
        try query.bind(1, key.kind)
        try query.bind(2, key.id)
        return try query.first { RecordRow.record($0) }
    }

    func records(kind: String, after: String, limit: Int) throws -> [StoredRecord] {
        let query = try Query(
            db,
            """
            SELECT \(RecordRow.columns) FROM records WHERE kind = ? AND id > ? AND body IS NOT NULL
            ORDER BY id LIMIT ?
            """)
        try query.bind(1, kind)
        try query.bind(2, after)
        try query.bind(3, atLeastZero(limit))
        return try query.rows { RecordRow.record($0) }
    }

    func nextWake(wall: Instant) throws -> Instant? {
        let query = try Query(
            db,
            "SELECT wake_at FROM records WHERE wake_at IS NOT NULL AND \(RecordRow.isNotAside) ORDER BY wake_at LIMIT 1"
        )
        try query.bind(1, wall.microseconds)
        return try query.first { Instant(microseconds: $0.int(0)) }
    }

    func hasDue(now: Instant, later: Instant, wall: Instant) throws -> Bool {
        let query = try Query(db, "SELECT 1 FROM records WHERE \(RecordRow.isDue) LIMIT 1")
        try query.bind(1, wall.microseconds)
        try query.bind(2, now.microseconds)
        try query.bind(3, later.microseconds)
        return try query.first { _ in true } ?? false
    }

    func dueCount(now: Instant, wall: Instant, limit: Int) throws -> Int {
        let due =
            "SELECT 1 FROM records WHERE wake_at IS NOT NULL AND wake_at <= ?2 AND \(RecordRow.isNotAside) LIMIT ?3"
        let query = try Query(db, "SELECT count(*) FROM (\(due))")
        try query.bind(1, wall.microseconds)
        try query.bind(2, now.microseconds)
        try query.bind(3, atLeastZero(limit))
        return try query.first { Int($0.int(0)) } ?? 0
    }

    func timersAside(limit: Int) throws -> (count: Int, first: [TimerAside]) {
        let rows = """
            FROM timers_aside t JOIN records r ON r.number = t.record AND r.version = t.version
            WHERE r.wake_at IS NOT NULL
            """
        let count = try Query(db, "SELECT count(*) \(rows)").first { Int($0.int(0)) } ?? 0
        guard count > 0 else { return (0, []) }
        let query = try Query(db, "SELECT kind, id, t.version, until, cause, release \(rows) ORDER BY kind, id LIMIT ?")
        try query.bind(1, atLeastZero(limit))
        return (
            count,
            try query.rows { row in
                TimerAside(
                    key: RecordKey(kind: row.text(0), id: row.text(1)), version: row.int(2),
                    until: Instant(microseconds: row.int(3)), cause: row.text(4),
                    release: row.optionalInt(5).map { Int($0) })
            }
        )
    }

    // MARK: Counting

    func fundTotals() throws -> FundTotals {
        let query = try Query(db, "SELECT side, sum(fen) FROM fund_postings GROUP BY side")
        var totals = FundTotals()
        for (side, fen) in try query.rows({ ($0.int(0), $0.int(1)) }) {
            guard let side = FundMovement.Side(rawValue: Int(side)) else { throw Self.corrupt("a posting has no side") }
            totals[side] = fen
        }
        return totals
    }

    func outboxCount() throws -> Int { try counts().outbox }

    func outboxSpan() throws -> (first: Int64?, lastEntry: Int64) {
        let first = try Query(db, "SELECT min(place) FROM outbox").first { $0.optionalInt(0) } ?? nil
        let last = try Query(db, "SELECT max(number) FROM journal").first { $0.int(0) } ?? 0
        return (first.map { Place($0).entry }, last)
    }

    func leases() throws -> [Lease] {
        try Query(db, "SELECT \(LeaseRow.columns) FROM leases ORDER BY worker").rows { LeaseRow.lease($0) }
    }

    func subscriptions() throws -> [String: Instant] {
        let rows = try Query(db, "SELECT type, since FROM subscriptions").rows {
            ($0.text(0), Instant(microseconds: $0.int(1)))
        }
        return Dictionary(rows) { $1 }
    }

    func stageTime() throws -> StageTime {
        guard let body = try Query(db, "SELECT body FROM stage_time").first({ $0.bytes(0) }) else { return StageTime() }
        return try StageTime(encoded: body)
    }

    func waitingCount() throws -> WaitingCount {
        try Query(db, "SELECT waiting, waiting_bytes FROM counts").first {
            WaitingCount(events: Int($0.int(0)), bytes: Int($0.int(1)))
        } ?? WaitingCount()
    }

    func counts() throws -> StoreCounts {
        let query = try Query(db, "SELECT applied, refused, timers, outputs, records, outbox FROM counts")
        return try query.first { row in
            var counts = StoreCounts()
            counts.applied = Int(row.int(0))
            counts.refused = Int(row.int(1))
            counts.timers = Int(row.int(2))
            counts.outputs = Int(row.int(3))
            counts.records = Int(row.int(4))
            counts.outbox = Int(row.int(5))
            return counts
        } ?? StoreCounts()
    }
}

/// How a lease lies in its table.
enum LeaseRow {
    static let columns = "worker, until, consuming, since, asked, mark_own, mark_before, consumers, mark_word"

    static func lease(_ row: Query.Row) -> Lease {
        Lease(
            worker: row.text(0), until: Instant(microseconds: row.int(1)),
            standing: row.isNull(2) ? nil : Standing(since: instant(row, 3), mark: mark(row)))
    }

    private static func mark(_ row: Query.Row) -> Mark? {
        guard let asked = instant(row, 4), let own = instant(row, 5), let before = instant(row, 6) else { return nil }
        let marks = Marks(own: own, before: before, word: instant(row, 8))
        return Mark(asked: asked, marks: marks, consumers: Int(row.int(7)))
    }

    private static func instant(_ row: Query.Row, _ column: Int32) -> Instant? {
        row.optionalInt(column).map { Instant(microseconds: $0) }
    }
}

/// How a record lies in its table.
enum RecordRow {
    static let columns =
        "kind, id, version, wake_at, wake_order, fired_at, fired_outputs, body, by_word, settled_at"
    /// Of a row of `records`; the first parameter is the wall clock.
    static let isNotAside = """
        NOT EXISTS (SELECT 1 FROM timers_aside t WHERE t.record = records.number AND t.version = records.version
        AND t.until > ?1 AND (t.release IS NULL OR t.release >= \(Release.number)))
        """
    /// The second parameter is the time up to which timers act, the third up to when those that others meet.
    static let isDue = """
        wake_at IS NOT NULL AND wake_at <= ?2 AND (wake_at <= ?3 OR by_word IS NOT 1) AND \(isNotAside)
        """

    static func record(_ row: Query.Row) -> StoredRecord {
        StoredRecord(
            key: RecordKey(kind: row.text(0), id: row.text(1)), version: row.int(2),
            wakeAt: row.optionalInt(3).map { Instant(microseconds: $0) }, wakeOrder: Int(row.int(4)),
            firedAt: row.optionalInt(5).map { Instant(microseconds: $0) }, firedOutputs: Int(row.int(6)),
            body: row.bytes(7), isMetByOthers: row.optionalInt(8) == 1,
            settledAt: row.optionalInt(9).map { Instant(microseconds: $0) })
    }
}
