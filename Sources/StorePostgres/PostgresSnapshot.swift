import Schema
import Store

/// Reads a stage's schema within one transaction.
class PostgresSnapshot: StoreSnapshot {
    let conversation: Conversation
    /// The stage's schema, for the texts of statements.
    let schema: String

    init(_ conversation: Conversation, schema: String) {
        self.conversation = conversation
        self.schema = schema
    }

    func atLeastZero(_ limit: Int) -> Int64 { Int64(max(0, limit)) }

    static func corrupt(_ cause: String) -> StoreFailure {
        StoreFailure(.corrupt, operation: "reading the journal", cause: cause)
    }

    static func damaged(_ cause: String) -> StoreFailure {
        StoreFailure(.damaged, operation: "counting", cause: cause + "; restore the tables from a copy")
    }

    // MARK: Journal

    func journal(after: Int64, limit: Int, withBodies: Bool) throws -> [JournalEntry] {
        try JournalPage(schema: schema, withBodies: withBodies).read(
            "SELECT number FROM \(schema).journal WHERE number > $1 ORDER BY number LIMIT $2",
            [.int(after), .int(atLeastZero(limit))], conversation)
    }

    func inputs(after: Int64, limit: Int) throws -> [InputRow] {
        try conversation.query(
            """
            SELECT number, fate, outputs, source IS NULL, source, event, type FROM \(schema).journal WHERE number > $1
            ORDER BY number LIMIT $2
            """, [.int(after), .int(atLeastZero(limit))]
        ).map { row in
            InputRow(
                number: row.int(0), fate: JournalRow.fate(row.int(1)), outputs: Int(row.int(2)),
                event: row.int(3) == 1 ? nil : EventKey(source: row.text(4), id: row.text(5)), type: row.text(6))
        }
    }

    func emissions(after: OutboxKey?, limit: Int) throws -> [EmissionRow] {
        try conversation.query(
            """
            SELECT entry, place, id, type, exchange FROM \(schema).outputs WHERE (entry, place) > ($1, $2)
            ORDER BY entry, place LIMIT $3
            """, [.int(after?.entry ?? 0), .int(Int64(after?.index ?? -1)), .int(atLeastZero(limit))]
        ).map { row in
            EmissionRow(
                key: OutboxKey(entry: row.int(0), index: Int(row.int(1))), id: row.text(2), type: row.text(3),
                exchange: row.text(4))
        }
    }

    func recordsOutOfStep(limit: Int) throws -> (count: Int, first: [RecordKey]) {
        let found = try conversation.query(
            """
            SELECT count(*) OVER (), r.kind, r.id FROM \(schema).records r
            LEFT JOIN (SELECT record, count(*) AS entries FROM \(schema).changes GROUP BY record) c ON c.record = r.number
            WHERE r.body IS NOT NULL AND r.version <> coalesce(c.entries, 0) ORDER BY r.number
            LIMIT $1
            """, [.int(atLeastZero(limit))]
        ).map { (Int($0.int(0)), RecordKey(kind: $0.text(1), id: $0.text(2))) }
        return (found.first?.0 ?? 0, found.map(\.1))
    }

    func journal(of record: RecordKey, limit: Int) throws -> [JournalEntry] {
        try JournalPage(schema: schema, withBodies: true).read(
            """
            SELECT entry FROM \(schema).changes
            WHERE record = (SELECT number FROM \(schema).records WHERE kind = $1 AND id = $2)
            ORDER BY entry LIMIT $3
            """, [.text(record.kind), .text(record.id), .int(atLeastZero(limit))], conversation)
    }

    func entry(emitting eventId: String) throws -> JournalEntry? {
        let emitted = try conversation.send(
            """
            SELECT o.entry FROM generate_series(0, (SELECT last >> 12 FROM \(schema).counters)) AS s(segment)
            JOIN \(schema).outputs o ON o.entry >> 12 = s.segment AND o.hash = $1
            WHERE o.id = $2 ORDER BY o.entry LIMIT 1
            """, [.int(IdDigest.output(eventId)), .text(eventId)])
        let prefix = IdDigest.prefix(eventId)
        let taken = try conversation.send(
            "SELECT number FROM \(schema).journal WHERE claim BETWEEN $1 AND $2 AND event = $3 ORDER BY number LIMIT 1",
            [
                .bytes(prefix), .bytes(prefix + [UInt8](repeating: 255, count: 16)), .text(eventId),
            ])
        let answers = try conversation.flush()
        return try (answers[emitted].first ?? answers[taken].first).flatMap { try entry(number: $0.int(0)) }
    }

    func entry(taking event: EventKey) throws -> JournalEntry? {
        try JournalPage(schema: schema, withBodies: true).read(
            "SELECT number FROM \(schema).journal WHERE claim = $1 AND source = $2 AND event = $3",
            [
                .bytes(IdDigest.claim(source: event.source, id: event.id)), .text(event.source), .text(event.id),
            ], conversation
        ).first
    }

    private func entry(number: Int64) throws -> JournalEntry? {
        try JournalPage(schema: schema, withBodies: true).read("SELECT $1", [.int(number)], conversation).first
    }

    // MARK: Records

    func record(_ key: RecordKey) throws -> StoredRecord? {
        try conversation.query(
            "SELECT \(RecordRow.columns) FROM \(schema).records r WHERE kind = $1 AND id = $2 AND body IS NOT NULL",
            [.text(key.kind), .text(key.id)]
        ).first.map { RecordRow.record($0) }
    }

    func records(kind: String, after: String, limit: Int) throws -> [StoredRecord] {
        try conversation.query(
            """
            SELECT \(RecordRow.columns) FROM \(schema).records r WHERE kind = $1 AND id > $2 AND body IS NOT NULL
            ORDER BY id LIMIT $3
            """, [.text(kind), .text(after), .int(atLeastZero(limit))]
        ).map { RecordRow.record($0) }
    }

    // Here, not with the rest of the waiting room: a transaction knows better.
    func waiting(among events: [EventKey]) throws -> [EventKey: [UInt8]] {
        guard !events.isEmpty else { return [:] }
        return Self.digests(try conversation.query(waitingAmong, Self.claims(events)))
    }

    func nextWake(wall: Instant) throws -> Instant? {
        try conversation.query(
            """
            SELECT wake_at FROM \(schema).records r WHERE wake_at IS NOT NULL AND \(isNotAside)
            ORDER BY wake_at LIMIT 1
            """, [.int(wall.microseconds)]
        ).first.map { Instant(microseconds: $0.int(0)) }
    }

    func hasDue(now: Instant, later: Instant, wall: Instant) throws -> Bool {
        try conversation.query(
            "SELECT 1 FROM \(schema).records r WHERE \(isDue) LIMIT 1",
            [.int(wall.microseconds), .int(now.microseconds), .int(later.microseconds)]
        ).first != nil
    }

    func dueCount(now: Instant, wall: Instant, limit: Int) throws -> Int {
        try conversation.query(
            """
            SELECT count(*) FROM (SELECT FROM \(schema).records r WHERE wake_at IS NOT NULL AND wake_at <= $2
            AND \(isNotAside) LIMIT $3) due
            """, [.int(wall.microseconds), .int(now.microseconds), .int(Int64(max(0, limit)))]
        ).first.map { Int($0.int(0)) } ?? 0
    }

    /// Of a row `r` of `records`; beside the wall clock the second parameter is the time up to which timers act, the third
    /// up to when those that others meet.
    var isDue: String {
        "wake_at IS NOT NULL AND wake_at <= $2 AND (wake_at <= $3 OR by_word IS DISTINCT FROM 1) AND \(isNotAside)"
    }

    /// Of a row `r` of `records`; the first parameter is the wall clock.
    var isNotAside: String {
        """
        NOT EXISTS (SELECT FROM \(schema).timers_aside t WHERE t.record = r.number AND t.version = r.version
        AND t.until > $1 AND (t.release IS NULL OR t.release >= \(Release.number)))
        """
    }

    func timersAside(limit: Int) throws -> (count: Int, first: [TimerAside]) {
        let rows = """
            FROM \(schema).timers_aside t JOIN \(schema).records r ON r.number = t.record AND r.version = t.version
            WHERE r.wake_at IS NOT NULL
            """
        let count = try conversation.query("SELECT count(*) \(rows)").first?.int(0) ?? 0
        guard count > 0 else { return (0, []) }
        let first = try conversation.query(
            "SELECT r.kind, r.id, t.version, t.until, t.cause, t.release \(rows) ORDER BY r.kind, r.id LIMIT $1",
            [.int(atLeastZero(limit))])
        return (
            Int(count),
            first.map { row in
                TimerAside(
                    key: RecordKey(kind: row.text(0), id: row.text(1)), version: row.int(2),
                    until: Instant(microseconds: row.int(3)), cause: row.text(4),
                    release: row.optionalInt(5).map { Int($0) })
            }
        )
    }

    // MARK: Counting

    func fundTotals() throws -> FundTotals {
        var totals = FundTotals()
        let sums = try conversation.query(
            "SELECT side::bigint, sum(fen)::bigint FROM \(schema).fund_postings GROUP BY side"
        ).map { (FundMovement.Side(rawValue: Int($0.int(0))), $0.int(1)) }
        for (side, fen) in sums {
            guard let side else { throw Self.corrupt("a posting of the fund has no side") }
            totals[side] = fen
        }
        return totals
    }

    func outboxCount() throws -> Int { try counts().outbox }

    func outboxSpan() throws -> (first: Int64?, lastEntry: Int64) {
        let row = try conversation.query(
            "SELECT (SELECT min(entry) FROM \(schema).outbox), (SELECT last FROM \(schema).counters)"
        ).first
        return (row?.optionalInt(0), row?.int(1) ?? 0)
    }

    func leases() throws -> [Lease] {
        try conversation.query("SELECT \(LeaseRow.columns) FROM \(schema).leases ORDER BY worker COLLATE \"C\"")
            .map { LeaseRow.lease($0, offset: conversation.clockOffset) }
    }

    func subscriptions() throws -> [String: Instant] {
        let rows = try conversation.query("SELECT type, since FROM \(schema).subscriptions").map {
            ($0.text(0), Instant(microseconds: $0.int(1)))
        }
        return Dictionary(rows) { $1 }
    }

    func stageTime() throws -> StageTime { try stageTime(locking: "") }

    func stageTime(locking: String) throws -> StageTime {
        let body = try conversation.query("SELECT body FROM \(schema).stage_time \(locking)").first?.bytes(0) ?? []
        return body.isEmpty ? StageTime() : try StageTime(encoded: body).shifted(by: -conversation.clockOffset)
    }

    func waitingCount() throws -> WaitingCount {
        try conversation.query("SELECT waiting, waiting_bytes FROM \(schema).counters").first.map {
            WaitingCount(events: Int($0.int(0)), bytes: Int($0.int(1)))
        } ?? WaitingCount()
    }

    func counts() throws -> StoreCounts {
        let rows = try conversation.query(
            "SELECT applied, refused, timers, outputs, records, outbox FROM \(schema).counters")
        guard let row = rows.first else { throw Self.damaged("the row of counters is missing") }
        var counts = StoreCounts()
        counts.applied = Int(row.int(0))
        counts.refused = Int(row.int(1))
        counts.timers = Int(row.int(2))
        counts.outputs = Int(row.int(3))
        counts.records = Int(row.int(4))
        counts.outbox = Int(row.int(5))
        return counts
    }
}

/// How a record lies in its table.
enum RecordRow {
    static let columns = """
        r.kind, r.id, r.version, r.wake_at, r.wake_order, r.fired_at, r.fired_outputs, r.body, r.number, \
        r.body IS NOT NULL, r.by_word, r.settled_at
        """

    static func record(_ row: Rows.Row) -> StoredRecord {
        StoredRecord(
            key: RecordKey(kind: row.text(0), id: row.text(1)), version: row.int(2),
            wakeAt: row.optionalInt(3).map { Instant(microseconds: $0) }, wakeOrder: Int(row.int(4)),
            firedAt: row.optionalInt(5).map { Instant(microseconds: $0) }, firedOutputs: Int(row.int(6)),
            body: row.bytes(7), isMetByOthers: row.optionalInt(10) == 1,
            settledAt: row.optionalInt(11).map { Instant(microseconds: $0) })
    }

    static func number(_ row: Rows.Row) -> Int64 { row.int(8) }
    /// It brings a number alone.
    static func isNumber(_ row: Rows.Row) -> Bool { row.isNull(0) }
    static func isWritten(_ row: Rows.Row) -> Bool { row.int(9) == 1 }
}
