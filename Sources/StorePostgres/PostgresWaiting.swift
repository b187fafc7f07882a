import Schema
import Store

/// The waiting room's table.
enum WaitingSchema {
    /// Violated by an event that waits already.
    static let claimConstraint = "waiting_pkey"

    static func table(_ namespace: String) -> [String] {
        [
            // Events that came before what they refer to. One that dies has an owner, who publishes its dead letter.
            """
            CREATE TABLE \(namespace).waiting (
                claim bytea CONSTRAINT \(claimConstraint) PRIMARY KEY,
                source text COLLATE "C" NOT NULL,
                event text COLLATE "C" NOT NULL,
                type text NOT NULL,
                digest bytea NOT NULL,
                reference_kind text COLLATE "C" NOT NULL,   -- a record's key
                reference_id text COLLATE "C" NOT NULL,
                rule_time bigint NOT NULL,
                arrived bigint NOT NULL,
                ends_at bigint NOT NULL,
                size bigint NOT NULL,                       -- of the message, in bytes
                known boolean NOT NULL DEFAULT false,       -- what it waits for is known, and no step has taken it
                owner text COLLATE "C",
                code text,
                cause text,
                key text NOT NULL,                          -- what has sealed the message; empty: nothing
                message bytea NOT NULL
            )
            """,
            "CREATE INDEX waiting_by_reference ON \(namespace).waiting (reference_kind, reference_id)",
            "CREATE INDEX waiting_by_end ON \(namespace).waiting (ends_at) WHERE owner IS NULL",
            "CREATE INDEX waiting_known ON \(namespace).waiting (rule_time) WHERE known AND owner IS NULL",
            "CREATE INDEX waiting_by_owner ON \(namespace).waiting (owner) WHERE owner IS NOT NULL",
            // How much waits, with the other counters: every event that is to wait asks.
            """
            ALTER TABLE \(namespace).counters ADD COLUMN waiting bigint NOT NULL DEFAULT 0,
            ADD COLUMN waiting_bytes bigint NOT NULL DEFAULT 0
            """,
        ]
    }

    /// Whose senders are to be told that they wait. What a program before it holds has 0: nobody has counted its minute yet.
    static func notices(_ namespace: String) -> [String] {
        [
            // On the wall clock; NULL: done, or not to be done.
            "ALTER TABLE \(namespace).waiting ADD COLUMN notice_at bigint DEFAULT 0",
            """
            CREATE INDEX waiting_by_notice ON \(namespace).waiting (notice_at)
            WHERE owner IS NULL AND notice_at IS NOT NULL
            """,
        ]
    }

    /// By what the messages are found for a person.
    static func traces(_ namespace: String) -> [String] {
        [
            """
            CREATE TABLE \(namespace).waiting_traces (
                trace bigint NOT NULL,
                claim bytea NOT NULL,
                PRIMARY KEY (trace, claim)
            )
            """,
            "CREATE INDEX waiting_traces_by_claim ON \(namespace).waiting_traces (claim)",
        ]
    }
}

extension WaitingEvent {
    static let columns = """
        w.source, w.event, w.type, w.digest, w.reference_kind, w.reference_id, w.rule_time, w.arrived, w.ends_at, w.size
        """

    init(_ row: Rows.Row) {
        self.init(
            event: EventKey(source: row.text(0), id: row.text(1)), type: row.text(2), digest: row.bytes(3),
            reference: RecordKey(kind: row.text(4), id: row.text(5)), ruleTime: Instant(microseconds: row.int(6)),
            arrived: Instant(microseconds: row.int(7)), endsAt: Instant(microseconds: row.int(8)),
            size: Int(row.int(9)))
    }
}

extension EventKey {
    fileprivate var claim: Argument { .bytes(IdDigest.claim(source: source, id: id)) }
}

extension PostgresSnapshot {
    /// Finds the digests of those that wait; `$1` are the claims.
    var waitingAmong: String { "SELECT source, event, digest FROM \(schema).waiting WHERE claim = ANY($1)" }

    static func claims(_ events: some Sequence<EventKey>) -> [Argument] {
        [.blobs(events.map { IdDigest.claim(source: $0.source, id: $0.id) })]
    }

    static func digests(_ rows: Rows) -> [EventKey: [UInt8]] {
        var found: [EventKey: [UInt8]] = [:]
        for (event, digest) in rows.map({ (EventKey(source: $0.text(0), id: $0.text(1)), $0.bytes(2)) }) {
            found[event] = digest
        }
        return found
    }

    func waiting(after: EventKey?, limit: Int) throws -> [WaitingEvent] {
        try conversation.query(
            """
            SELECT \(WaitingEvent.columns) FROM \(schema).waiting w WHERE (source, event) > ($1, $2)
            ORDER BY source, event LIMIT $3
            """, [.text(after?.source ?? ""), .text(after?.id ?? ""), .int(atLeastZero(limit))]
        ).map { WaitingEvent($0) }
    }

    func waitingMessage(of event: EventKey) throws -> WaitingMessage? {
        try conversation.query("SELECT key, message FROM \(schema).waiting WHERE claim = $1", [event.claim]).first.map {
            WaitingMessage(key: $0.text(0), sealed: $0.bytes(1))
        }
    }

    func nextWaitingEnd() throws -> Instant? {
        try conversation.query("SELECT min(ends_at) FROM \(schema).waiting WHERE owner IS NULL")
            .first?.optionalInt(0).map { Instant(microseconds: $0) }
    }

    func waiting(tracedBy traces: Set<PersonalTrace>) throws -> [WaitingEvent] {
        try conversation.query(
            """
            SELECT \(WaitingEvent.columns) FROM \(schema).waiting w
            WHERE w.claim IN (SELECT claim FROM \(schema).waiting_traces WHERE trace = ANY($1))
            ORDER BY w.source, w.event
            """, [.ints(traces.map(\.number))]
        ).map { WaitingEvent($0) }
    }

    func waitingForKnown(limit: Int) throws -> [WaitingEvent] {
        try conversation.query(
            """
            SELECT \(WaitingEvent.columns) FROM \(schema).waiting w WHERE w.known AND w.owner IS NULL
            ORDER BY w.rule_time, w.source, w.event LIMIT $1
            """, [.int(atLeastZero(limit))]
        ).map { WaitingEvent($0) }
    }

    func waiting(below reference: RecordKey, limit: Int) throws -> [WaitingEvent] {
        try conversation.query(
            """
            SELECT \(WaitingEvent.columns) FROM \(schema).waiting w
            WHERE reference_kind = $1 AND reference_id < $2 AND owner IS NULL LIMIT $3
            """, [.text(reference.kind), .text(reference.id), .int(atLeastZero(limit))]
        ).map { WaitingEvent($0) }.sorted(by: WaitingEvent.comesFirst)
    }

    func isAnyWaiting(forKind kind: String) throws -> Bool {
        try conversation.query(
            "SELECT 1 FROM \(schema).waiting WHERE reference_kind = $1 AND owner IS NULL LIMIT 1", [.text(kind)]
        ).first != nil
    }
}

extension PostgresTransaction {
    /// nil: not all of `references` were loaded since the waiting room was last changed.
    func waitingAlready(for references: [RecordKey]) -> [WaitingEvent]? {
        var found: [WaitingEvent] = []
        for reference in references {
            guard let known = waitingForLoaded[reference] else { return nil }
            found += known
        }
        return found.sorted(by: WaitingEvent.comesFirst)
    }

    /// Keeps in step what is known of the waiting room.
    func nowWaiting(_ event: WaitingEvent) {
        waitingAmongClaims?.digests[event.event] = event.digest
        waitingForLoaded[event.reference]?.append(event)
    }

    func notWaiting(_ events: [EventKey]) {
        for event in events { waitingAmongClaims?.digests[event] = nil }
        for reference in waitingForLoaded.keys {
            waitingForLoaded[reference]?.removeAll { events.contains($0.event) }
        }
    }

    func hold(
        _ event: WaitingEvent, _ message: WaitingMessage, traces: Set<PersonalTrace>, noticeAt: Instant?
    ) throws {
        guard base == nil else { throw conversation.conflict("an event is to wait for a record that is not locked") }
        try conversation.send(
            """
            INSERT INTO \(schema).waiting (claim, source, event, type, digest, reference_kind, reference_id, rule_time,
            arrived, ends_at, size, notice_at, key, message)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            """,
            [
                event.event.claim, .text(event.event.source), .text(event.event.id), .text(event.type),
                .bytes(event.digest), .text(event.reference.kind), .text(event.reference.id),
                .int(event.ruleTime.microseconds), .int(event.arrived.microseconds), .int(event.endsAt.microseconds),
                .int(Int64(event.size)), .int(noticeAt?.microseconds), .text(message.key),
                .bytes(message.sealed),
            ])
        if !traces.isEmpty {
            try conversation.send(
                "INSERT INTO \(schema).waiting_traces (trace, claim) SELECT trace, $2 FROM unnest($1) AS t(trace)",
                [.ints(traces.map(\.number)), event.event.claim])
        }
        nowWaiting(event)
        waitingChange.events += 1
        waitingChange.bytes += event.size
    }

    func hold(_ event: EventKey, until reference: RecordKey) throws {
        try conversation.send(
            // Who has locked it decides it, and may wait for a record that this transaction has.
            """
            UPDATE \(schema).waiting SET reference_kind = $2, reference_id = $3, known = false
            WHERE claim IN (SELECT claim FROM \(schema).waiting WHERE claim = $1 FOR UPDATE SKIP LOCKED)
            """,
            [event.claim, .text(reference.kind), .text(reference.id)])
        notWaiting([event])
        waitingForLoaded[reference] = nil
    }

    func noteKnown(_ references: [RecordKey]) throws {
        try conversation.send(
            """
            UPDATE \(schema).waiting SET known = true WHERE claim IN (
                SELECT claim FROM \(schema).waiting w JOIN unnest($1, $2) AS k(kind, id)
                ON w.reference_kind = k.kind AND w.reference_id = k.id
                WHERE w.owner IS NULL AND NOT w.known FOR UPDATE OF w SKIP LOCKED
            )
            """, Self.references(references))
    }

    func findKnown(besides kinds: [String], limit: Int) throws {
        try conversation.send(
            """
            WITH found AS MATERIALIZED (
                SELECT claim FROM \(schema).waiting w WHERE w.owner IS NULL AND NOT w.known AND (
                    EXISTS (
                        SELECT FROM \(schema).records r
                        WHERE r.kind = w.reference_kind AND r.id = w.reference_id AND r.body IS NOT NULL
                    ) OR w.claim IN (
                        SELECT claim FROM \(schema).waiting WHERE owner IS NULL AND reference_kind <> ALL($1)
                        ORDER BY random() LIMIT $2
                    )
                ) FOR UPDATE OF w SKIP LOCKED
            )
            UPDATE \(schema).waiting w SET known = true FROM found WHERE w.claim = found.claim
            """, [.texts(kinds), .int(atLeastZero(limit))])
    }

    func waiting(for references: [RecordKey]) throws -> [WaitingEvent] {
        if let known = waitingAlready(for: references) { return known }
        return try conversation.query(waitingFor, Self.references(references)).map { WaitingEvent($0) }
            .sorted(by: WaitingEvent.comesFirst)
    }

    /// Finds those that wait for one of the keys `$1`, `$2`.
    var waitingFor: String {
        """
        SELECT \(WaitingEvent.columns) FROM unnest($1, $2) AS k(kind, id)
        JOIN \(schema).waiting w ON w.reference_kind = k.kind AND w.reference_id = k.id WHERE w.owner IS NULL
        """
    }

    static func references(_ keys: [RecordKey]) -> [Argument] { [.texts(keys.map(\.kind)), .texts(keys.map(\.id))] }

    func waitingEnded(now: Instant, limit: Int) throws -> [WaitingEvent] {
        try conversation.query(
            """
            SELECT \(WaitingEvent.columns) FROM \(schema).waiting w WHERE owner IS NULL AND ends_at <= $1
            ORDER BY ends_at, source, event LIMIT $2
            """, [.int(now.microseconds), .int(atLeastZero(limit))]
        ).map { WaitingEvent($0) }
    }

    func waitingMessage(toDecide event: EventKey) throws -> WaitingMessage? {
        let found = try conversation.query(
            "SELECT key, message, size FROM \(schema).waiting WHERE claim = $1 AND owner IS NULL FOR UPDATE",
            [event.claim])
        return found.first.map { row in
            sizesLocked[event] = Int(row.int(2))
            return WaitingMessage(key: row.text(0), sealed: row.bytes(1))
        }
    }

    func releaseDead(_ events: [EventKey], owner: WorkerId) throws {
        guard !events.isEmpty else { return }
        try noteGone(
            """
            WITH gone AS (DELETE FROM \(schema).waiting WHERE claim = ANY($1) AND owner = $2 RETURNING claim, size),
            traces AS (DELETE FROM \(schema).waiting_traces WHERE claim IN (SELECT claim FROM gone))
            SELECT size FROM gone
            """, Self.claims(events) + [.text(owner)])
    }

    /// - Parameter statement: deletes, and gives the sizes of what it has deleted.
    private func noteGone(_ statement: String, _ arguments: [Argument]) throws {
        for size in try conversation.query(statement, arguments).map({ Int($0.int(0)) }) {
            waitingChange.events -= 1
            waitingChange.bytes -= size
        }
    }

    func releaseWaiting(_ events: [EventKey]) throws {
        guard !events.isEmpty else { return }
        // Of what is locked the size is known: that takes no round trip.
        let sizes = events.compactMap { sizesLocked.removeValue(forKey: $0) }
        if sizes.count == events.count {
            try conversation.send("DELETE FROM \(schema).waiting WHERE claim = ANY($1)", Self.claims(events))
            waitingChange.events -= sizes.count
            waitingChange.bytes -= sizes.reduce(0, +)
        } else {
            try noteGone("DELETE FROM \(schema).waiting WHERE claim = ANY($1) RETURNING size", Self.claims(events))
        }
        try conversation.send("DELETE FROM \(schema).waiting_traces WHERE claim = ANY($1)", Self.claims(events))
        notWaiting(events)
    }

    func letDie(_ event: DyingEvent, owner: WorkerId) throws -> Bool {
        notWaiting([event.event.event])
        return try conversation.query(
            """
            UPDATE \(schema).waiting SET owner = $2, code = $3, cause = $4 WHERE claim = $1 AND owner IS NULL
            RETURNING 1
            """, [event.event.event.claim, .text(owner), .text(event.code), .text(event.cause)]
        ).first != nil
    }

    func takeOverDying(by owner: WorkerId, now: Instant, limit: Int) throws -> [DyingEvent] {
        try conversation.query(
            """
            WITH orphans AS MATERIALIZED (
                SELECT claim FROM \(schema).waiting o WHERE owner IS NOT NULL AND NOT EXISTS (
                    SELECT FROM \(schema).leases l WHERE l.worker = o.owner AND l.until > $1
                ) ORDER BY source, event LIMIT $2 FOR UPDATE OF o SKIP LOCKED
            )
            UPDATE \(schema).waiting w SET owner = $3 FROM orphans WHERE w.claim = orphans.claim
            RETURNING \(WaitingEvent.columns), w.code, w.cause
            """, [.int(there(now)), .int(atLeastZero(limit)), .text(owner)]
        ).map { DyingEvent(event: WaitingEvent($0), code: $0.text(10), cause: $0.text(11)) }
            .sorted { $0.event.event < $1.event.event }
    }

    func takeNotices(now: Instant, again: Instant, limit: Int) throws -> [WaitingEvent] {
        try conversation.query(
            """
            WITH due AS MATERIALIZED (
                SELECT claim, notice_at FROM \(schema).waiting WHERE owner IS NULL AND notice_at <= $1
                ORDER BY notice_at, source, event LIMIT $2 FOR UPDATE SKIP LOCKED
            )
            UPDATE \(schema).waiting w SET notice_at = $3 FROM due WHERE w.claim = due.claim
            RETURNING \(WaitingEvent.columns), due.notice_at
            """, [.int(now.microseconds), .int(atLeastZero(limit)), .int(again.microseconds)]
        ).map { (event: WaitingEvent($0), at: $0.int(10)) }.filter { $0.at > 0 }
            .sorted { ($0.at, $0.event.event) < ($1.at, $1.event.event) }.map(\.event)
    }

    func endNotices(_ events: [EventKey]) throws {
        guard !events.isEmpty else { return }
        try conversation.send(
            "UPDATE \(schema).waiting SET notice_at = NULL WHERE claim = ANY($1)", Self.claims(events))
    }

    func resealWaiting(_ event: EventKey, _ message: WaitingMessage) throws {
        try conversation.send(
            "UPDATE \(schema).waiting SET key = $2, message = $3 WHERE claim = $1",
            [event.claim, .text(message.key), .bytes(message.sealed)])
    }

    func redactWaiting(_ event: EventKey, _ message: WaitingMessage) throws {
        let size = try conversation.query(
            "SELECT size FROM \(schema).waiting WHERE claim = $1 FOR UPDATE", [event.claim]
        ).first?.int(0)
        if let size { waitingChange.bytes += message.sealed.count - Int(size) }
        sizesLocked[event] = nil
        try conversation.send(
            "UPDATE \(schema).waiting SET key = $2, message = $3, size = $4 WHERE claim = $1",
            [event.claim, .text(message.key), .bytes(message.sealed), .int(Int64(message.sealed.count))])
        try conversation.send("DELETE FROM \(schema).waiting_traces WHERE claim = $1", [event.claim])
        waitingForLoaded.removeAll()
    }
}
