/// The schema of a stage's file.
///
/// Bodies lie in the order of writing (`journal`, `outputs`); what is looked up at random has narrow integer keys.
/// Instants are microseconds since 1970. A *place* is `entry << 16 | index`; index 65535 stands for the input.
enum StageSchema {
    static let steps = [version1]

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
        -- Finds the events that were taken and emitted. The rows that a hash leads to are compared with the id itself.
        CREATE TABLE events (
            hash INTEGER NOT NULL,
            place INTEGER NOT NULL,
            PRIMARY KEY (hash, place)
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
}

/// Where an event lies in the journal: an output, or the input of an entry.
struct Place {
    static let inputIndex = 0xFFFF

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
    var isInput: Bool { index == Self.inputIndex }

    /// FNV-1a over 64 bits. A collision costs one more comparison, nothing else.
    static func hash(_ id: String) -> Int64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in id.utf8 {
            hash ^= UInt64(byte)
            hash &*= 0x0000_0100_0000_01b3
        }
        return Int64(bitPattern: hash)
    }
}
