import Store

/// The schema of a stage's file.
///
/// Bodies lie in the order of writing (`journal`, `outputs`); what is looked up at random has narrow integer keys,
/// because every random key costs a page of the log for each row. Instants are microseconds since 1970. A *place* is
/// `entry << 16 | index` of an output. Statements name the columns that they write, so that the programs of one release
/// live with those that the next adds.
package enum StageSchema {
    package static let steps = SchemaSteps([
        SchemaStep(oldestProgram: 1, [version1]),
        // A program before it would announce payments without posting them.
        SchemaStep(oldestProgram: 2, [fundLedger]),
        // A program before it would keep names and numbers where nothing erases them.
        SchemaStep(oldestProgram: 3, [PersonalSchema.tables]),
        // A program before it leaves what refers to something unknown to the delay queues, as before.
        SchemaStep(oldestProgram: 3, [WaitingSchema.table]),
        // A program before it tries these timers with all others.
        SchemaStep(oldestProgram: 3, [timersAside]),
        // A program before it asks nothing of its queue; its timers act by the clock.
        SchemaStep(oldestProgram: 3, [stageTime]),
        // A program before it lets events wait that no erasure finds.
        SchemaStep(oldestProgram: 3, [WaitingSchema.traces]),
        // A program before it tells nobody that an event waits.
        SchemaStep(oldestProgram: 3, [WaitingSchema.notices]),
        // A program before it notes nothing; what it takes, the next one of its stage notes.
        SchemaStep(oldestProgram: 3, [subscriptions]),
    ])

    private static let subscriptions = """
        CREATE TABLE subscriptions (
            type TEXT PRIMARY KEY,
            since INTEGER NOT NULL          -- on the wall clock
        ) WITHOUT ROWID;
        """

    private static let version1 = """
        CREATE TABLE journal (
            number INTEGER PRIMARY KEY,
            fate INTEGER NOT NULL,          -- 0 applied, 1 refused
            late INTEGER NOT NULL,
            now INTEGER NOT NULL,
            outputs INTEGER NOT NULL,       -- how many
            records TEXT NOT NULL,          -- JSON array of records.number
            policy TEXT NOT NULL,
            source TEXT,                    -- of an event; NULL for a timer
            event TEXT,
            type TEXT,
            digest BLOB,
            timer INTEGER,                  -- records.number; NULL for an event
            timer_at INTEGER,
            timer_order INTEGER,
            body BLOB
        );
        CREATE TABLE outputs (
            place INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            type TEXT NOT NULL,
            exchange TEXT NOT NULL,
            routing_key TEXT NOT NULL,
            correlation TEXT,
            body BLOB NOT NULL
        );
        -- Finds the events that were taken. What a hash leads to is compared with the id itself.
        CREATE TABLE taken (
            hash INTEGER NOT NULL,
            entry INTEGER NOT NULL,
            PRIMARY KEY (hash, entry)
        ) WITHOUT ROWID;
        -- Finds the events that were emitted, in segments of 4096 entries: only people ask, so it may cost a look into
        -- every segment, and a batch writes into one.
        CREATE TABLE emitted (
            segment INTEGER NOT NULL,
            hash INTEGER NOT NULL,
            place INTEGER NOT NULL,
            PRIMARY KEY (segment, hash, place)
        ) WITHOUT ROWID;
        CREATE TABLE records (
            number INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            version INTEGER NOT NULL,
            wake_at INTEGER,
            wake_order INTEGER NOT NULL,
            fired_at INTEGER,
            fired_outputs INTEGER NOT NULL,
            body BLOB                       -- NULL: the journal names it, but it was never written
        );
        CREATE UNIQUE INDEX records_by_key ON records (kind, id);
        CREATE INDEX records_by_wake ON records (wake_at, wake_order, kind, id) WHERE wake_at IS NOT NULL;
        -- Which entries changed a record.
        CREATE TABLE changes (
            record INTEGER NOT NULL,
            entry INTEGER NOT NULL,
            PRIMARY KEY (record, entry)
        ) WITHOUT ROWID;
        CREATE TABLE outbox (
            place INTEGER PRIMARY KEY,
            owner TEXT NOT NULL
        );
        CREATE TABLE leases (
            worker TEXT PRIMARY KEY,
            until INTEGER NOT NULL
        ) WITHOUT ROWID;
        -- One row, brought up to date by every transaction: counting millions of rows would take seconds.
        CREATE TABLE counts (
            applied INTEGER NOT NULL,
            refused INTEGER NOT NULL,
            timers INTEGER NOT NULL,
            outputs INTEGER NOT NULL,
            records INTEGER NOT NULL,
            outbox INTEGER NOT NULL
        );
        INSERT INTO counts VALUES (0, 0, 0, 0, 0, 0);
        """

    /// Timers that could not act; a row counts as long as the record has that version.
    private static let timersAside = """
        CREATE TABLE timers_aside (
            record INTEGER PRIMARY KEY,
            version INTEGER NOT NULL,
            until INTEGER NOT NULL,         -- on the wall clock
            cause TEXT NOT NULL,
            release INTEGER                 -- that cannot read the record; NULL: nobody can run it
        )
        """

    /// When entries were written, and how far the queue's content has been taken. A program before it writes leases of
    /// which `consuming` is NULL, and leaves of a record what it does not know as it is.
    private static let stageTime = """
        ALTER TABLE journal ADD COLUMN written INTEGER;
        ALTER TABLE leases ADD COLUMN consuming INTEGER;
        ALTER TABLE leases ADD COLUMN since INTEGER;        -- of its subscription
        ALTER TABLE leases ADD COLUMN asked INTEGER;        -- and the mark found then; NULL: none that counts
        ALTER TABLE leases ADD COLUMN mark_own INTEGER;
        ALTER TABLE leases ADD COLUMN mark_before INTEGER;
        ALTER TABLE leases ADD COLUMN mark_word INTEGER;
        ALTER TABLE leases ADD COLUMN consumers INTEGER;
        ALTER TABLE records ADD COLUMN by_word INTEGER;     -- 1: the timer waits for other stages too
        ALTER TABLE records ADD COLUMN settled_at INTEGER;  -- no timer that follows acts before
        CREATE TABLE stage_time (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            body BLOB NOT NULL
        );
        """

    /// The fund's ledger (R08), which the file itself keeps right whatever a program writes; filled from what a journal
    /// has announced before.
    private static let fundLedger = """
        CREATE TABLE fund_requests (
            request TEXT PRIMARY KEY,
            disbursed INTEGER NOT NULL,     -- fen
            recovered INTEGER NOT NULL CHECK (recovered >= 0),
            written_off INTEGER NOT NULL CHECK (written_off >= 0),
            CONSTRAINT no_more_back_than_paid CHECK (recovered + written_off <= disbursed)
        ) WITHOUT ROWID;
        CREATE TABLE fund_postings (
            place INTEGER PRIMARY KEY REFERENCES outputs (place),
            request TEXT NOT NULL,
            side INTEGER NOT NULL CHECK (side IN (0, 1, 2)),    -- disbursed, recovered, written off
            fen INTEGER NOT NULL CHECK (fen > 0)
        );
        CREATE UNIQUE INDEX fund_paid_once ON fund_postings (request) WHERE side = 0;
        CREATE TRIGGER fund_sums AFTER INSERT ON fund_postings BEGIN
            INSERT INTO fund_requests SELECT new.request, 0, 0, 0
            WHERE NOT EXISTS (SELECT 1 FROM fund_requests WHERE request = new.request);
            UPDATE fund_requests SET disbursed = disbursed + (new.side = 0) * new.fen,
            recovered = recovered + (new.side = 1) * new.fen, written_off = written_off + (new.side = 2) * new.fen
            WHERE request = new.request;
        END;
        CREATE TRIGGER fund_postings_unchanged BEFORE UPDATE ON fund_postings BEGIN
            SELECT RAISE(ABORT, 'postings of the fund are never changed');
        END;
        CREATE TRIGGER fund_postings_kept BEFORE DELETE ON fund_postings BEGIN
            SELECT RAISE(ABORT, 'postings of the fund are never removed');
        END;
        INSERT INTO fund_postings
        SELECT place, CAST(body AS TEXT) ->> '$.data.requestId',
        CASE type WHEN 'fund.disbursed' THEN 0 WHEN 'fund.recovered' THEN 1 ELSE 2 END,
        CAST(body AS TEXT) ->> '$.data.amountFen'
        FROM outputs WHERE type IN ('fund.disbursed', 'fund.recovered', 'fund.written-off') ORDER BY place;
        """
}

/// Where an output lies in the journal.
struct Place {
    /// Indices are below.
    static let indexLimit = 0x10000

    let entry: Int64
    let index: Int

    init(entry: Int64, index: Int) {
        self.entry = entry
        self.index = index
    }

    init(_ value: Int64) {
        entry = value >> 16
        index = Int(value & 0xFFFF)
    }

    var value: Int64 { entry << 16 | Int64(index) }
    var segment: Int64 { Self.segment(of: entry) }

    static func segment(of entry: Int64) -> Int64 { entry >> 12 }
}

/// Short stand-ins for ids in indices. A collision costs one more comparison, nothing else.
enum NarrowHash {
    /// 48 bits, which SQLite stores in six bytes: one stage takes millions of events.
    static func taken(_ id: String) -> Int64 { fnv(id) >> 16 }

    /// 32 bits: one segment has a few thousand outputs.
    static func emitted(_ id: String) -> Int64 { fnv(id) >> 32 }

    /// FNV-1a, 64 bits.
    private static func fnv(_ id: String) -> Int64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in id.utf8 {
            hash ^= UInt64(byte)
            hash &*= 0x0000_0100_0000_01b3
        }
        return Int64(bitPattern: hash)
    }
}
