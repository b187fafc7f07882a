import Schema

/// The tables of a stage, in a schema of its own: the stages' roles can be kept apart by granting each its schema.
///
/// Instants are microseconds since 1970. Everything that is looked up by an id of any length goes by a digest, since an
/// index entry has a limit of 2.7 kB.
enum StageSchema {
    /// Violated by an event that is claimed already.
    static let claimConstraint = "journal_claim_key"

    static func steps(_ namespace: String) -> [[String]] {
        [journal1(namespace) + outbox1(namespace) + records1(namespace), personal2(namespace)]
    }

    private static func journal1(_ namespace: String) -> [String] {
        [
            // One row: the number of the last entry, and how many there are of what; counting millions of rows would
            // take seconds. Who appends holds it until the commit, so entries become visible in the order of their
            // numbers, without gaps: a reader that goes on after the last number it has seen misses none.
            """
            CREATE TABLE \(namespace).counters (
                one boolean PRIMARY KEY DEFAULT true CHECK (one),
                last bigint NOT NULL DEFAULT 0,
                applied bigint NOT NULL DEFAULT 0,
                refused bigint NOT NULL DEFAULT 0,
                timers bigint NOT NULL DEFAULT 0,
                outputs bigint NOT NULL DEFAULT 0,
                records bigint NOT NULL DEFAULT 0,
                outbox bigint NOT NULL DEFAULT 0
            ) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500)
            """,
            "INSERT INTO \(namespace).counters DEFAULT VALUES",
            """
            CREATE TABLE \(namespace).journal (
                number bigint PRIMARY KEY,
                fate smallint NOT NULL CHECK (fate IN (0, 1)),  -- 0 applied, 1 refused
                late boolean NOT NULL,
                now bigint NOT NULL,
                outputs integer NOT NULL,                       -- how many
                records bigint[] NOT NULL,                      -- records.number
                policy text NOT NULL,
                claim bytea UNIQUE,                             -- of an event; NULL for a timer
                source text,
                event text,
                type text,
                digest bytea,
                timer bigint,                                   -- records.number; NULL for an event
                timer_at bigint,
                timer_order bigint,
                body bytea,
                CHECK ((claim IS NULL) <> (timer IS NULL))
            )
            """,
            """
            CREATE TABLE \(namespace).outputs (
                entry bigint NOT NULL,
                place bigint NOT NULL,
                hash bigint NOT NULL,
                id text NOT NULL,
                type text NOT NULL,
                exchange text NOT NULL,
                routing_key text NOT NULL,
                correlation text,
                body bytea NOT NULL,
                PRIMARY KEY (entry, place)
            )
            """,
            // Finds the events that were emitted, in segments of 4096 entries: only people ask, so it may cost a look
            // into every segment, and a batch writes into one.
            "CREATE INDEX outputs_by_id ON \(namespace).outputs ((entry >> 12), hash)",
        ]
    }

    private static func outbox1(_ namespace: String) -> [String] {
        [
            """
            CREATE TABLE \(namespace).outbox (
                entry bigint NOT NULL,
                place bigint NOT NULL,
                owner text NOT NULL,
                PRIMARY KEY (entry, place)
            ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000)
            """,
            """
            CREATE TABLE \(namespace).leases (
                worker text PRIMARY KEY,
                until bigint NOT NULL
            ) WITH (fillfactor = 50)
            """,
        ]
    }

    /// What is personal, apart from everything else.
    private static func personal2(_ namespace: String) -> [String] {
        [
            // One row at most: what phones are digested with.
            """
            CREATE TABLE \(namespace).personal_secret (
                one boolean PRIMARY KEY DEFAULT true CHECK (one),
                key text NOT NULL,              -- the id of the key that sealed it; empty: not sealed
                sealed bytea NOT NULL
            )
            """,
            """
            CREATE TABLE \(namespace).persons (
                lookup bytea PRIMARY KEY,       -- keyed digest of the phone
                person bigint NOT NULL UNIQUE,  -- random
                last_seen bigint NOT NULL
            )
            """,
            "CREATE INDEX persons_by_last_seen ON \(namespace).persons (last_seen)",
            "CREATE TABLE \(namespace).subjects (subject bigint PRIMARY KEY, person bigint NOT NULL)",
            "CREATE INDEX subjects_by_person ON \(namespace).subjects (person)",
            """
            CREATE TABLE \(namespace).personal (
                number bigint PRIMARY KEY,
                person bigint NOT NULL,
                subject bigint,                 -- where the person was not known
                content bigint,
                at bigint NOT NULL,
                key text NOT NULL,
                sealed bytea NOT NULL
            )
            """,
            "CREATE SEQUENCE \(namespace).personal_numbers OWNED BY \(namespace).personal.number",
            "CREATE INDEX personal_by_subject ON \(namespace).personal (subject) WHERE subject IS NOT NULL",
            "CREATE INDEX personal_by_content ON \(namespace).personal (content) WHERE content IS NOT NULL",
            // Finds the rows of a person, in segments of 4096 rows: people are erased rarely, and a batch writes into one.
            "CREATE INDEX personal_by_person ON \(namespace).personal ((number >> 12), person)",
        ]
    }

    private static func records1(_ namespace: String) -> [String] {
        [
            """
            CREATE TABLE \(namespace).records (
                number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                kind text COLLATE "C" NOT NULL,
                id text COLLATE "C" NOT NULL,
                version bigint NOT NULL,
                wake_at bigint,
                wake_order bigint NOT NULL,
                fired_at bigint,
                fired_outputs bigint NOT NULL,
                body bytea,                     -- NULL: the journal names it, but it was never written
                UNIQUE (kind, id)
            ) WITH (fillfactor = 80)
            """,
            """
            CREATE INDEX records_by_wake ON \(namespace).records (wake_at, wake_order, kind, id)
            WHERE wake_at IS NOT NULL
            """,
            // Which entries changed a record.
            """
            CREATE TABLE \(namespace).changes (
                record bigint NOT NULL,
                entry bigint NOT NULL,
                PRIMARY KEY (record, entry)
            )
            """,
        ]
    }
}

/// Fixed-length stand-ins for ids in indices.
enum IdDigest {
    /// Of the event's id first, so that the events of one id lie side by side, then of source and id. The odds of a
    /// collision are those of 192 bits of SHA-256; no sender can make one.
    static func claim(source: String, id: String) -> [UInt8] {
        prefix(id) + digest("\(source.utf8.count):" + source + id).prefix(16)
    }

    /// What the claims of all events of that id begin with.
    static func prefix(_ id: String) -> [UInt8] { Array(digest(id).prefix(8)) }

    /// 48 bits; what it leads to is compared with the id itself.
    static func output(_ id: String) -> Int64 { digest(id).prefix(6).reduce(0) { $0 << 8 | Int64($1) } }

    private static func digest(_ text: String) -> [UInt8] { Identifiers.digest(Array(text.utf8)) }
}
