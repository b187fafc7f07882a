internal import GRDB
import Schema
import Store

/// The waiting room's table.
enum WaitingSchema {
    static let table = """
        -- Events that came before what they refer to. One that dies has an owner, who publishes its dead letter.
        CREATE TABLE waiting (
            source TEXT NOT NULL,
            event TEXT NOT NULL,
            type TEXT NOT NULL,
            digest BLOB NOT NULL,
            reference_kind TEXT NOT NULL,   -- a record's key
            reference_id TEXT NOT NULL,
            rule_time INTEGER NOT NULL,
            arrived INTEGER NOT NULL,
            ends_at INTEGER NOT NULL,
            size INTEGER NOT NULL,          -- of the message, in bytes
            known INTEGER NOT NULL DEFAULT 0,   -- 1: what it waits for is known, and no step has taken it
            owner TEXT,
            code TEXT,
            cause TEXT,
            key TEXT NOT NULL,              -- what has sealed the message; empty: nothing
            message BLOB NOT NULL,          -- last: whoever needs the rest does not read on
            PRIMARY KEY (source, event)
        );
        CREATE INDEX waiting_by_reference ON waiting (reference_kind, reference_id);
        CREATE INDEX waiting_by_end ON waiting (ends_at, source, event) WHERE owner IS NULL;
        CREATE INDEX waiting_known ON waiting (rule_time, source, event) WHERE known = 1 AND owner IS NULL;
        CREATE INDEX waiting_by_owner ON waiting (source, event, owner) WHERE owner IS NOT NULL;
        -- How much waits, with the other counts: every event that is to wait asks.
        ALTER TABLE counts ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE counts ADD COLUMN waiting_bytes INTEGER NOT NULL DEFAULT 0;
        """

    /// Whose senders are to be told that they wait. What a program before it holds has 0: nobody has counted its minute yet.
    static let notices = """
        ALTER TABLE waiting ADD COLUMN notice_at INTEGER DEFAULT 0;  -- on the wall clock; NULL: done, or not to be done
        CREATE INDEX waiting_by_notice ON waiting (notice_at, source, event)
        WHERE owner IS NULL AND notice_at IS NOT NULL;
        """

    /// By what the messages are found for a person.
    static let traces = """
        CREATE TABLE waiting_traces (
            trace INTEGER NOT NULL,
            source TEXT NOT NULL,
            event TEXT NOT NULL,
            PRIMARY KEY (trace, source, event)
        ) WITHOUT ROWID;
        CREATE INDEX waiting_traces_by_event ON waiting_traces (source, event);
        """
}

extension WaitingEvent {
    fileprivate static let columns = """
        waiting.source, waiting.event, waiting.type, waiting.digest, waiting.reference_kind, waiting.reference_id, \
        waiting.rule_time, waiting.arrived, waiting.ends_at, waiting.size
        """

    fileprivate init(_ row: Query.Row) {
        self.init(
            event: EventKey(source: row.text(0), id: row.text(1)), type: row.text(2), digest: row.bytes(3),
            reference: RecordKey(kind: row.text(4), id: row.text(5)), ruleTime: Instant(microseconds: row.int(6)),
            arrived: Instant(microseconds: row.int(7)), endsAt: Instant(microseconds: row.int(8)),
            size: Int(row.int(9)))
    }
}

extension SQLiteSnapshot {
    func waiting(among events: [EventKey]) throws -> [EventKey: [UInt8]] {
        guard try isAnyWaiting() else { return [:] }
        let query = try Query(db, "SELECT digest FROM waiting WHERE source = ? AND event = ?")
        var found: [EventKey: [UInt8]] = [:]
        for event in events {
            try query.bind(event)
            found[event] = try query.first { $0.bytes(0) }
        }
        return found
    }

    func waiting(after: EventKey?, limit: Int) throws -> [WaitingEvent] {
        let query = try Query(
            db,
            """
            SELECT \(WaitingEvent.columns) FROM waiting WHERE (source, event) > (?, ?) ORDER BY source, event LIMIT ?
            """)
        try query.bind(after ?? EventKey(source: "", id: ""))
        try query.bind(3, atLeastZero(limit))
        return try query.rows { WaitingEvent($0) }
    }

    func waitingMessage(of event: EventKey) throws -> WaitingMessage? {
        let query = try Query(db, "SELECT key, message FROM waiting WHERE source = ? AND event = ?")
        try query.bind(event)
        return try query.first { WaitingMessage(key: $0.text(0), sealed: $0.bytes(1)) }
    }

    func nextWaitingEnd() throws -> Instant? {
        try Query(db, "SELECT ends_at FROM waiting WHERE owner IS NULL ORDER BY ends_at LIMIT 1").first {
            Instant(microseconds: $0.int(0))
        }
    }

    func waiting(tracedBy traces: Set<PersonalTrace>) throws -> [WaitingEvent] {
        let query = try Query(
            db,
            """
            SELECT \(WaitingEvent.columns) FROM waiting_traces JOIN waiting USING (source, event) WHERE trace = ?
            """)
        var found: Set<WaitingEvent> = []
        for trace in traces {
            try query.bind(1, trace.number)
            found.formUnion(try query.rows { WaitingEvent($0) })
        }
        return found.sorted { $0.event < $1.event }
    }

    func waitingForKnown(limit: Int) throws -> [WaitingEvent] {
        let query = try Query(
            db,
            """
            SELECT \(WaitingEvent.columns) FROM waiting WHERE known = 1 AND owner IS NULL
            ORDER BY rule_time, source, event LIMIT ?
            """)
        try query.bind(1, atLeastZero(limit))
        return try query.rows { WaitingEvent($0) }
    }

    func waiting(below reference: RecordKey, limit: Int) throws -> [WaitingEvent] {
        let query = try Query(
            db,
            """
            SELECT \(WaitingEvent.columns) FROM waiting
            WHERE reference_kind = ? AND reference_id < ? AND owner IS NULL LIMIT ?
            """)
        try query.bind(1, reference.kind)
        try query.bind(2, reference.id)
        try query.bind(3, atLeastZero(limit))
        return try query.rows { WaitingEvent($0) }.sorted(by: WaitingEvent.comesFirst)
    }

    func isAnyWaiting(forKind kind: String) throws -> Bool {
        let query = try Query(db, "SELECT 1 FROM waiting WHERE reference_kind = ? AND owner IS NULL LIMIT 1")
        try query.bind(1, kind)
        return try query.first { _ in true } ?? false
    }
}

extension SQLiteTransaction {
    func hold(
        _ event: WaitingEvent, _ message: WaitingMessage, traces: Set<PersonalTrace>, noticeAt: Instant?
    ) throws {
        // The file has one writer at a time.
        guard try waiting(among: [event.event]).isEmpty else { throw StoreFailure.held }
        let query = try Query(
            db,
            """
            INSERT INTO waiting (source, event, type, digest, reference_kind, reference_id, rule_time, arrived, ends_at,
            size, notice_at, key, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        try query.bind(event.event)
        try query.bind(3, event.type)
        try query.bind(4, event.digest)
        try query.bind(5, event.reference.kind)
        try query.bind(6, event.reference.id)
        try query.bind(7, event.ruleTime.microseconds)
        try query.bind(8, event.arrived.microseconds)
        try query.bind(9, event.endsAt.microseconds)
        try query.bind(10, Int64(event.size))
        try query.bind(11, noticeAt?.microseconds)
        try query.bind(12, message.key)
        try query.bind(13, message.sealed)
        try query.run()
        waitingChange.events += 1
        waitingChange.bytes += event.size
        isRoomInUse = true
        let trace = try Query(db, "INSERT INTO waiting_traces (source, event, trace) VALUES (?, ?, ?)")
        for one in traces {
            try trace.bind(event.event)
            try trace.bind(3, one.number)
            try trace.run()
        }
    }

    private func forgetTraces(of event: EventKey) throws {
        let query = try Query(db, "DELETE FROM waiting_traces WHERE source = ? AND event = ?")
        try query.bind(event)
        try query.run()
    }

    func hold(_ event: EventKey, until reference: RecordKey) throws {
        let query = try Query(
            db,
            "UPDATE waiting SET reference_kind = ?3, reference_id = ?4, known = 0 WHERE source = ?1 AND event = ?2")
        try query.bind(event)
        try query.bind(3, reference.kind)
        try query.bind(4, reference.id)
        try query.run()
    }

    func noteKnown(_ references: [RecordKey]) throws {
        let query = try Query(
            db, "UPDATE waiting SET known = 1 WHERE reference_kind = ? AND reference_id = ? AND owner IS NULL")
        for reference in references {
            try query.bind(1, reference.kind)
            try query.bind(2, reference.id)
            try query.run()
        }
    }

    func findKnown(besides kinds: [String], limit: Int) throws {
        let marks = kinds.indices.map { "?\(2 + $0)" }.joined(separator: ", ")
        let query = try Query(
            db,
            """
            UPDATE waiting SET known = 1 WHERE owner IS NULL AND known = 0 AND (
                EXISTS (SELECT 1 FROM records WHERE kind = reference_kind AND id = reference_id AND body IS NOT NULL)
                OR rowid IN (SELECT rowid FROM waiting WHERE owner IS NULL AND reference_kind NOT IN (\(marks))
                    ORDER BY random() LIMIT ?1)
            )
            """)
        try query.bind(1, atLeastZero(limit))
        for (index, kind) in kinds.enumerated() { try query.bind(Int32(2 + index), kind) }
        try query.run()
    }

    func waiting(for references: [RecordKey]) throws -> [WaitingEvent] {
        guard try isAnyWaiting() else { return [] }
        let query = try Query(
            db,
            """
            SELECT \(WaitingEvent.columns) FROM waiting
            WHERE reference_kind = ? AND reference_id = ? AND owner IS NULL
            """)
        return try references.flatMap { reference in
            try query.bind(1, reference.kind)
            try query.bind(2, reference.id)
            return try query.rows { WaitingEvent($0) }
        }.sorted(by: WaitingEvent.comesFirst)
    }

    func waitingEnded(now: Instant, limit: Int) throws -> [WaitingEvent] {
        let query = try Query(
            db,
            """
            SELECT \(WaitingEvent.columns) FROM waiting WHERE owner IS NULL AND ends_at <= ?
            ORDER BY ends_at, source, event LIMIT ?
            """)
        try query.bind(1, now.microseconds)
        try query.bind(2, atLeastZero(limit))
        return try query.rows { WaitingEvent($0) }
    }

    func waitingMessage(toDecide event: EventKey) throws -> WaitingMessage? {
        // The file has one writer at a time.
        let query = try Query(
            db, "SELECT key, message FROM waiting WHERE source = ? AND event = ? AND owner IS NULL")
        try query.bind(event)
        return try query.first { WaitingMessage(key: $0.text(0), sealed: $0.bytes(1)) }
    }

    func releaseWaiting(_ events: [EventKey]) throws {
        let query = try Query(db, "DELETE FROM waiting WHERE source = ? AND event = ? RETURNING size")
        for event in events {
            try query.bind(event)
            noteGone(try query.first { Int($0.int(0)) })
            try forgetTraces(of: event)
        }
    }

    private func noteGone(_ size: Int?) {
        guard let size else { return }
        waitingChange.events -= 1
        waitingChange.bytes -= size
    }

    func releaseDead(_ events: [EventKey], owner: WorkerId) throws {
        let query = try Query(
            db, "DELETE FROM waiting WHERE source = ?1 AND event = ?2 AND owner = ?3 RETURNING size")
        for event in events {
            try query.bind(event)
            try query.bind(3, owner)
            guard let size = try query.first({ Int($0.int(0)) }) else { continue }
            noteGone(size)
            try forgetTraces(of: event)
        }
    }

    func letDie(_ event: DyingEvent, owner: WorkerId) throws -> Bool {
        let query = try Query(
            db,
            "UPDATE waiting SET owner = ?3, code = ?4, cause = ?5 WHERE source = ?1 AND event = ?2 AND owner IS NULL")
        try query.bind(event.event.event)
        try query.bind(3, owner)
        try query.bind(4, event.code)
        try query.bind(5, event.cause)
        try query.run()
        return db.changesCount > 0
    }

    func takeOverDying(by owner: WorkerId, now: Instant, limit: Int) throws -> [DyingEvent] {
        let orphans = try Query(
            db,
            """
            SELECT \(WaitingEvent.columns), code, cause FROM waiting
            WHERE owner IS NOT NULL AND NOT EXISTS (SELECT 1 FROM leases WHERE worker = waiting.owner AND until > ?)
            ORDER BY source, event LIMIT ?
            """)
        try orphans.bind(1, now.microseconds)
        try orphans.bind(2, atLeastZero(limit))
        let dying = try orphans.rows { DyingEvent(event: WaitingEvent($0), code: $0.text(10), cause: $0.text(11)) }
        let take = try Query(db, "UPDATE waiting SET owner = ?3 WHERE source = ?1 AND event = ?2")
        for one in dying {
            try take.bind(one.event.event)
            try take.bind(3, owner)
            try take.run()
        }
        return dying
    }

    func takeNotices(now: Instant, again: Instant, limit: Int) throws -> [WaitingEvent] {
        guard try isAnyWaiting() else { return [] }
        let query = try Query(
            db,
            """
            SELECT \(WaitingEvent.columns), notice_at FROM waiting WHERE owner IS NULL AND notice_at <= ?
            ORDER BY notice_at, source, event LIMIT ?
            """)
        try query.bind(1, now.microseconds)
        try query.bind(2, atLeastZero(limit))
        let due = try query.rows { (event: WaitingEvent($0), isCounted: $0.int(10) > 0) }
        let put = try Query(db, "UPDATE waiting SET notice_at = ?3 WHERE source = ?1 AND event = ?2")
        for one in due {
            try put.bind(one.event.event)
            try put.bind(3, again.microseconds)
            try put.run()
        }
        return due.filter(\.isCounted).map(\.event)
    }

    func endNotices(_ events: [EventKey]) throws {
        let query = try Query(db, "UPDATE waiting SET notice_at = NULL WHERE source = ? AND event = ?")
        for event in events {
            try query.bind(event)
            try query.run()
        }
    }

    func resealWaiting(_ event: EventKey, _ message: WaitingMessage) throws {
        let query = try Query(db, "UPDATE waiting SET key = ?3, message = ?4 WHERE source = ?1 AND event = ?2")
        try query.bind(event)
        try query.bind(3, message.key)
        try query.bind(4, message.sealed)
        try query.run()
    }

    func redactWaiting(_ event: EventKey, _ message: WaitingMessage) throws {
        let size = try Query(db, "SELECT size FROM waiting WHERE source = ? AND event = ?")
        try size.bind(event)
        if let size = try size.first({ Int($0.int(0)) }) { waitingChange.bytes += message.sealed.count - size }
        let query = try Query(
            db, "UPDATE waiting SET key = ?3, message = ?4, size = ?5 WHERE source = ?1 AND event = ?2")
        try query.bind(event)
        try query.bind(3, message.key)
        try query.bind(4, message.sealed)
        try query.bind(5, Int64(message.sealed.count))
        try query.run()
        try forgetTraces(of: event)
    }
}

extension Query {
    /// Source and id as the first two values.
    fileprivate func bind(_ event: EventKey) throws {
        try bind(1, event.source)
        try bind(2, event.id)
    }
}
