import Schema
import Store

/// Writes a stage's schema within one transaction, beside other workers.
///
/// It reads what is committed (READ COMMITTED) and locks what it decides on until the commit: records in `load`, the row
/// of counters from `append` on. What needs no answer is only queued, and goes out with what does.
///
/// One that asks the inbox first may count on being undisturbed (`Undisturbed`): what is absent is then not locked, and
/// everything that is written goes out with the commit.
final class PostgresTransaction: PostgresSnapshot, StoreTransaction {
    /// What the server says where the counters are not those that an undisturbed transaction began with: none of our
    /// statements divides otherwise.
    static let disturbed = "22012"

    /// The largest size of the bodies in one statement; PostgreSQL takes a gigabyte.
    static let chunkBytes = 32 << 20

    var rows: [RecordKey: LockedRow] = [:]
    /// nil: absent records are locked, and the database gives the numbers of entries.
    private(set) var base: UndisturbedBase?
    private let undisturbed: Undisturbed
    private let written = Written()
    private var isCounted = false
    private var change = StoreCounts()
    var waitingChange = WaitingCount()
    private var waitingBefore: WaitingCount?
    /// Of the waiting events that this transaction has locked, in bytes.
    var sizesLocked: [EventKey: Int] = [:]
    /// Outbox rows to be removed; at the end, because their count goes into the row that all writers share.
    private var removals: [OutboxKey] = []
    /// What the last `claims` and `load` have brought of the waiting room beside their own answers, so that a batch costs
    /// no further round trip.
    var waitingAmongClaims: (events: Set<EventKey>, digests: [EventKey: [UInt8]])?
    var waitingForLoaded: [RecordKey: [WaitingEvent]] = [:]

    init(_ conversation: Conversation, schema: String, undisturbed: Undisturbed) {
        self.undisturbed = undisturbed
        super.init(conversation, schema: schema)
        conversation.whenCommitted = { [written] in undisturbed.committed(written.writer) }
    }

    // MARK: Inbox

    func claims(_ events: [EventKey]) throws -> [EventKey: Claim] {
        let wanted = Set(events)
        guard !wanted.isEmpty else { return [:] }
        // Before anything else is read.
        let counters = conversation.isBegun ? nil : try conversation.send(countersAlone)
        let taken = try conversation.send(
            "SELECT source, event, digest, fate FROM \(schema).journal WHERE claim = ANY($1)", Self.claims(wanted))
        let held = try conversation.send(waitingAmong, Self.claims(wanted))
        let answers = try conversation.flush()
        if let row = counters.flatMap({ answers[$0].first }), undisturbed.mayTry(behind: row.int(0)) {
            base = UndisturbedBase(writer: row.int(0), last: row.int(1))
        }
        waitingAmongClaims = (wanted, Self.digests(answers[held]))
        var claims: [EventKey: Claim] = [:]
        for (event, claim) in answers[taken].map({ row in
            (
                EventKey(source: row.text(0), id: row.text(1)),
                Claim(digest: row.bytes(2), fate: JournalRow.fate(row.int(3)))
            )
        }) where wanted.contains(event) {
            claims[event] = claim
        }
        return claims
    }

    // MARK: Records

    func load(_ keys: [RecordKey]) throws -> [RecordKey: StoredRecord] {
        var found: [RecordKey: StoredRecord] = [:]
        for record in try lock(keys) where rows[record.key]?.isWritten == true { found[record.key] = record }
        return found
    }

    override func waiting(among events: [EventKey]) throws -> [EventKey: [UInt8]] {
        if let known = waitingAmongClaims, known.events.isSuperset(of: events) {
            return known.digests.filter { events.contains($0.key) }
        }
        return try super.waiting(among: events)
    }

    private func lockUnknown(_ keys: some Sequence<RecordKey>) throws { _ = try lock(keys.filter { rows[$0] == nil }) }

    /// The number of a record that is locked.
    func number(of key: RecordKey) throws -> Int64 {
        guard let row = rows[key] else { throw Self.corrupt("a record was written without its lock") }
        return row.number
    }

    func save(_ records: [StoredRecord]) throws {
        try lockUnknown(records.map(\.key))
        // The last of several states of one record stands.
        var last: [RecordKey: StoredRecord] = [:]
        for record in records { last[record.key] = record }
        let present = last.values.filter { rows[$0.key]?.standing != .absent }.sorted { $0.key < $1.key }
        for part in present.chunks(bytes: Self.chunkBytes, { $0.body.count }) {
            try conversation.send(
                """
                UPDATE \(schema).records r SET version = s.version, wake_at = s.wake_at, wake_order = s.wake_order,
                fired_at = s.fired_at, fired_outputs = s.fired_outputs, body = s.body, by_word = s.by_word,
                settled_at = s.settled_at FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
                AS s(number, version, wake_at, wake_order, fired_at, fired_outputs, body, by_word, settled_at)
                WHERE r.number = s.number
                """, [.ints(try part.map { try number(of: $0.key) })] + Self.columns(part.map { $0 }))
        }
        try insertAbsent(last.keys) { last[$0] }
        try conversation.push()
        for key in last.keys {
            if rows[key]?.isWritten == false { change.records += 1 }
            rows[key]?.isWritten = true
            rows[key]?.standing = .kept
        }
    }

    func dueRecords(now: Instant, later: Instant, wall: Instant, limit: Int) throws -> [StoredRecord] {
        let found = try conversation.query(
            """
            SELECT \(RecordRow.columns) FROM \(schema).records r
            WHERE \(isDue) ORDER BY wake_at, wake_order, kind, id LIMIT $4 FOR UPDATE OF r SKIP LOCKED
            """,
            [
                .int(wall.microseconds), .int(now.microseconds), .int(later.microseconds),
                .int(atLeastZero(limit)),
            ]
        ).map { row in (RecordRow.number(row), RecordRow.record(row)) }
        for (number, record) in found {
            rows[record.key] = LockedRow(number: number, isWritten: true, standing: .kept)
        }
        // A row that another transaction has changed meanwhile comes as it is now, in the place of what it was.
        return found.map(\.1).sorted { a, b in
            guard let first = a.wakeAt, let second = b.wakeAt else { return false }
            return (first, a.wakeOrder, a.key) < (second, b.wakeOrder, b.key)
        }
    }

    func putAside(_ timers: [TimerAside]) throws {
        guard !timers.isEmpty else { return }
        try lockUnknown(timers.map(\.key))
        try conversation.send(
            """
            INSERT INTO \(schema).timers_aside (record, version, until, cause, release)
            SELECT record, version, until, cause, release
            FROM unnest($1, $2, $3, $4, $5) AS t(record, version, until, cause, release)
            ON CONFLICT (record) DO UPDATE SET version = excluded.version, until = excluded.until,
            cause = excluded.cause, release = excluded.release
            """,
            [
                .ints(try timers.map { try number(of: $0.key) }), .ints(timers.map(\.version)),
                .ints(timers.map(\.until.microseconds)), .texts(timers.map(\.cause)),
                .ints(timers.map { $0.release.map { Int64($0) } }),
            ])
    }

    // MARK: Journal

    func append(_ entries: [JournalEntry], owner: WorkerId) throws -> [Int64] {
        guard !entries.isEmpty else { return [] }
        try lockUnknown(
            entries.flatMap { entry in
                if case .timer(let key, _, _) = entry.input { entry.records + [key] } else { entry.records }
            })
        try insertAbsent(entries.flatMap(\.records)) { _ in nil }
        for entry in entries { count(entry) }
        let counted = try sendCounters(appended: Int64(entries.count))
        let writer = JournalWriter(conversation: conversation, schema: schema, owner: owner)
        var offset: Int64 = Int64(entries.count)
        for part in entries.chunks(bytes: Self.chunkBytes, { $0.bodyBytes }) {
            try writer.write(part, offset: offset) { key in
                if rows[key]?.standing == .placeholder { rows[key]?.standing = .kept }
                return try number(of: key)
            }
            offset -= Int64(part.count)
        }
        return Array(try numbers(entries.count, counted))
    }

    /// The numbers that so many entries have got. An undisturbed transaction knows them without asking.
    ///
    /// - Parameter counted: the place of the answer.
    private func numbers(_ count: Int, _ counted: Int) throws -> ClosedRange<Int64> {
        let last: Int64
        if let known = base?.last {
            last = known + Int64(count)
            base?.last = last
        } else {
            guard let answer = try conversation.flush()[counted].first?.int(0) else {
                throw Self.damaged("the row of counters is missing")
            }
            last = answer
        }
        return last - Int64(count) + 1...last
    }

    func post(_ postings: [FundPosting]) throws {
        guard !postings.isEmpty else { return }
        // In order: a payment comes before what comes back of it.
        try conversation.send(
            """
            INSERT INTO \(schema).fund_postings (entry, place, request, side, fen) SELECT entry, place, request, side, fen
            FROM unnest($1, $2, $3, $4, $5) WITH ORDINALITY AS p(entry, place, request, side, fen, rank) ORDER BY rank
            """,
            [
                .ints(postings.map(\.place.entry)), .ints(postings.map { Int64($0.place.index) }),
                .texts(postings.map(\.movement.requestId)),
                .ints(postings.map { Int64($0.movement.side.rawValue) }), .ints(postings.map(\.movement.amountFen)),
            ])
    }

    private func count(_ entry: JournalEntry) {
        switch entry.input {
        case .timer: change.timers += 1
        case .event: if entry.fate == .applied { change.applied += 1 } else { change.refused += 1 }
        }
        change.outputs += entry.outputs.count
        change.outbox += entry.outputs.count
    }

    /// Brings the counters up to date and gives the numbers after `last` to `appended` entries; from here on this
    /// transaction has all writers behind it.
    @discardableResult
    private func sendCounters(appended: Int64 = 0) throws -> Int {
        let removed = Set(removals)
        removals = []
        defer {
            (change, waitingChange) = (StoreCounts(), WaitingCount())
            waitingBefore = nil
            isCounted = true
        }
        // See `disturbed`.
        let check = isCounted ? nil : base.map { " / (xmin = '\($0.writer)'::xid)::int" }
        return try conversation.send(
            """
            WITH gone AS (
                DELETE FROM \(schema).outbox o USING unnest($8, $9) AS k(entry, place)
                WHERE o.entry = k.entry AND o.place = k.place RETURNING 1
            )
            UPDATE \(schema).counters SET last = last + $1\(check ?? ""), applied = applied + $2, refused = refused + $3,
            timers = timers + $4, outputs = outputs + $5, records = records + $6,
            outbox = outbox + $7 - (SELECT count(*) FROM gone), waiting = waiting + $10,
            waiting_bytes = waiting_bytes + $11 RETURNING last, xmin::text::bigint
            """,
            [
                .int(appended), .int(Int64(change.applied)), .int(Int64(change.refused)), .int(Int64(change.timers)),
                .int(Int64(change.outputs)), .int(Int64(change.records)), .int(Int64(change.outbox)),
                .ints(removed.map(\.entry)), .ints(removed.map { Int64($0.index) }),
                .int(Int64(waitingChange.events)), .int(Int64(waitingChange.bytes)),
            ]
        ) { [written] in written.writer = $0.first?.int(1) }
    }

    /// Asked for each event that is to wait; the others' are counted as they were at the first time.
    override func waitingCount() throws -> WaitingCount {
        let before = try waitingBefore ?? super.waitingCount()
        waitingBefore = before
        return WaitingCount(
            events: before.events + waitingChange.events, bytes: before.bytes + waitingChange.bytes)
    }

    // MARK: Outbox and leases

    func removeFromOutbox(_ keys: [OutboxKey]) throws { removals += keys }

    func returnToOutbox(_ keys: [OutboxKey], owner: WorkerId) throws -> Int {
        let returned = try conversation.query(
            """
            INSERT INTO \(schema).outbox (entry, place, owner)
            SELECT p.entry, p.place, $3 FROM unnest($1, $2) AS k(entry, place)
            JOIN \(schema).outputs p ON p.entry = k.entry AND p.place = k.place
            ON CONFLICT DO NOTHING RETURNING 1
            """, [.ints(keys.map(\.entry)), .ints(keys.map { Int64($0.index) }), .text(owner)]
        ).count
        change.outbox += returned
        return returned
    }

    func takeOverOutbox(by owner: WorkerId, now: Instant, limit: Int) throws -> [OutboxRow] {
        try settle()
        return try conversation.query(
            """
            WITH orphans AS MATERIALIZED (
                SELECT entry, place FROM \(schema).outbox o WHERE NOT EXISTS (
                    SELECT FROM \(schema).leases l WHERE l.worker = o.owner AND l.until > $1
                ) ORDER BY entry, place LIMIT $2 FOR UPDATE OF o SKIP LOCKED
            ), taken AS (
                UPDATE \(schema).outbox o SET owner = $3 FROM orphans
                WHERE o.entry = orphans.entry AND o.place = orphans.place RETURNING o.entry, o.place
            )
            SELECT taken.entry, taken.place, \(OutputRow.columns("p", withBody: true)) FROM taken
            JOIN \(schema).outputs p ON p.entry = taken.entry AND p.place = taken.place
            ORDER BY taken.entry, taken.place
            """, [.int(there(now)), .int(atLeastZero(limit)), .text(owner)]
        ).map { row in
            OutboxRow(
                key: OutboxKey(entry: row.int(0), index: Int(row.int(1))), output: OutputRow.output(row, from: 2))
        }
    }

    func renewLease(of worker: WorkerId, until: Instant, standing: Standing) throws {
        let mark = standing.mark
        try conversation.send(
            """
            INSERT INTO \(schema).leases (\(LeaseRow.columns))
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (worker) DO UPDATE SET until = excluded.until,
            consuming = excluded.consuming, since = excluded.since, asked = excluded.asked,
            mark_own = excluded.mark_own, mark_before = excluded.mark_before, consumers = excluded.consumers,
            mark_word = excluded.mark_word
            """,
            [
                .text(worker), .int(there(until)), .int(standing.since == nil ? 0 : 1),
                .int(standing.since.map(there)), .int(mark.map { there($0.asked) }),
                .int(mark?.marks.own.microseconds), .int(mark?.marks.before.microseconds),
                .int(mark.map { Int64($0.consumers) }), .int(mark?.marks.word.microseconds),
            ])
    }

    func lockStageTime() throws -> StageTime { try stageTime(locking: "FOR UPDATE") }

    func saveStageTime(_ time: StageTime) throws {
        let body = try time.shifted(by: conversation.clockOffset).encoded()
        try conversation.send("UPDATE \(schema).stage_time SET body = $1", [.bytes(body)])
    }

    /// In one order, so that two workers that start together do not wait for each other.
    func subscribe(_ types: [String: Instant]) throws {
        for (type, since) in types.sorted(by: { $0.key < $1.key }) {
            try conversation.send(
                "INSERT INTO \(schema).subscriptions (type, since) VALUES ($1, $2) ON CONFLICT (type) DO NOTHING",
                [.text(type), .int(since.microseconds)])
        }
    }

    func endLease(of worker: WorkerId) throws {
        try conversation.send("DELETE FROM \(schema).leases WHERE worker = $1", [.text(worker)])
    }

    /// The database's clock when this machine's says `instant`: machines may differ by seconds, leases must not.
    func there(_ instant: Instant) -> Int64 { instant.microseconds &+ conversation.clockOffset }

    // MARK: Counting

    override func counts() throws -> StoreCounts {
        try settle()
        return try super.counts()
    }

    /// Queues what is kept back for the end.
    private func settle() throws {
        if change != StoreCounts() || waitingChange != WaitingCount() || !removals.isEmpty { try sendCounters() }
    }

    /// Queues what is only written once for a transaction; before the commit.
    func finish() throws {
        let unused = rows.values.filter { $0.standing == .placeholder }.map { $0.number as Int64? }
        if !unused.isEmpty {
            try conversation.send("DELETE FROM \(schema).records WHERE number = ANY($1)", [.ints(unused)])
        }
        try settle()
        // What it has done may rest on what was not there.
        if !isCounted, rows.values.contains(where: { $0.standing == .absent }) { try sendCounters() }
    }
}

extension Array {
    /// Consecutive parts whose bodies together stay below `limit`, or that have one element only.
    func chunks(bytes limit: Int, _ size: (Element) -> Int) -> [ArraySlice<Element>] {
        var parts: [ArraySlice<Element>] = []
        var (start, total) = (startIndex, 0)
        for (index, element) in enumerated() {
            let bytes = size(element)
            if index > start, total + bytes > limit {
                parts.append(self[start..<index])
                (start, total) = (index, 0)
            }
            total += bytes
        }
        if start < endIndex { parts.append(self[start..<endIndex]) }
        return parts
    }
}
