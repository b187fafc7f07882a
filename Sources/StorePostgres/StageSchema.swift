import Schema
import Store

/// The tables of a stage, in a schema of its own: the stages' roles can be kept apart by granting each its schema.
///
/// Instants are microseconds since 1970. Everything that is looked up by an id of any length goes by a digest, since an
/// index entry has a limit of 2.7 kB.
package enum StageSchema {
    /// Violated by an event that is claimed already.
    static let claimConstraint = "journal_claim_key"
    /// Violated by a record that another worker has made meanwhile.
    static let recordConstraint = "records_kind_id_key"

    package static func steps(_ namespace: String) -> SchemaSteps {
        SchemaSteps([
            SchemaStep(oldestProgram: 1, journal1(namespace) + outbox1(namespace) + records1(namespace)),
            // A program before it would announce payments without posting them.
            SchemaStep(oldestProgram: 2, fundLedger2(namespace)),
            // A program before it would keep names and numbers where nothing erases them.
            SchemaStep(oldestProgram: 3, PersonalSchema.tables(namespace)),
            // A program before it leaves what refers to something unknown to the delay queues, as before.
            SchemaStep(oldestProgram: 3, WaitingSchema.table(namespace)),
            // A program before it tries these timers with all others.
            SchemaStep(oldestProgram: 3, timersAside5(namespace)),
            // A program before it asks nothing of its queue; its timers act by the clock.
            SchemaStep(oldestProgram: 3, stageTime6(namespace)),
            // A program before it lets events wait that no erasure finds.
            SchemaStep(oldestProgram: 3, WaitingSchema.traces(namespace)),
            // A program before it tells nobody that an event waits.
            SchemaStep(oldestProgram: 3, WaitingSchema.notices(namespace)),
            // A program before it notes nothing; what it takes, the next one of its stage notes.
            SchemaStep(oldestProgram: 3, subscriptions9(namespace)),
        ])
    }

    private static func subscriptions9(_ namespace: String) -> [String] {
        [
            """
            CREATE TABLE \(namespace).subscriptions (
                type text PRIMARY KEY,
                since bigint NOT NULL           -- on the wall clock
            )
            """
        ]
    }

    /// Timers that could not act; a row counts as long as the record has that version.
    private static func timersAside5(_ namespace: String) -> [String] {
        [
            """
            CREATE TABLE \(namespace).timers_aside (
                record bigint PRIMARY KEY,
                version bigint NOT NULL,
                until bigint NOT NULL,          -- on the wall clock
                cause text NOT NULL,
                release bigint                  -- that cannot read the record; NULL: nobody can run it
            )
            """
        ]
    }

    /// When entries were written, and how far the queue's content has been taken. A program before it writes leases of
    /// which `consuming` is NULL, and leaves of a record what it does not know as it is.
    private static func stageTime6(_ namespace: String) -> [String] {
        [
            "ALTER TABLE \(namespace).journal ADD COLUMN written bigint",
            """
            ALTER TABLE \(namespace).leases ADD COLUMN consuming smallint, ADD COLUMN since bigint,
            ADD COLUMN asked bigint, ADD COLUMN mark_own bigint, ADD COLUMN mark_before bigint,
            ADD COLUMN mark_word bigint, ADD COLUMN consumers bigint
            """,
            // by_word 1: the timer waits for other stages too. No timer that follows acts before settled_at.
            "ALTER TABLE \(namespace).records ADD COLUMN by_word smallint, ADD COLUMN settled_at bigint",
            """
            CREATE TABLE \(namespace).stage_time (
                one boolean PRIMARY KEY DEFAULT true CHECK (one),
                body bytea NOT NULL
            ) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500)
            """,
            // There from the beginning, so that the first worker of several has something to lock.
            "INSERT INTO \(namespace).stage_time (body) VALUES ('')",
        ]
    }

    /// The fund's ledger (R08), which the database itself keeps right whatever a program writes; filled from what a
    /// journal has announced before.
    private static func fundLedger2(_ namespace: String) -> [String] {
        [
            """
            CREATE TABLE \(namespace).fund_requests (
                request text COLLATE "C" PRIMARY KEY,
                disbursed bigint NOT NULL,      -- fen
                recovered bigint NOT NULL CHECK (recovered >= 0),
                written_off bigint NOT NULL CHECK (written_off >= 0),
                CONSTRAINT no_more_back_than_paid CHECK (recovered + written_off <= disbursed)
            )
            """,
            """
            CREATE TABLE \(namespace).fund_postings (
                entry bigint NOT NULL,
                place bigint NOT NULL,
                request text COLLATE "C" NOT NULL,
                side smallint NOT NULL CHECK (side IN (0, 1, 2)),   -- disbursed, recovered, written off
                fen bigint NOT NULL CHECK (fen > 0),
                PRIMARY KEY (entry, place),
                FOREIGN KEY (entry, place) REFERENCES \(namespace).outputs (entry, place)
            )
            """,
            "CREATE UNIQUE INDEX fund_paid_once ON \(namespace).fund_postings (request) WHERE side = 0",
            """
            CREATE FUNCTION \(namespace).fund_sums() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO \(namespace).fund_requests VALUES (NEW.request, 0, 0, 0) ON CONFLICT DO NOTHING;
                UPDATE \(namespace).fund_requests SET
                disbursed = disbursed + CASE NEW.side WHEN 0 THEN NEW.fen ELSE 0 END,
                recovered = recovered + CASE NEW.side WHEN 1 THEN NEW.fen ELSE 0 END,
                written_off = written_off + CASE NEW.side WHEN 2 THEN NEW.fen ELSE 0 END WHERE request = NEW.request;
                RETURN NULL;
            END $$
            """,
            """
            CREATE FUNCTION \(namespace).fund_postings_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                RAISE EXCEPTION 'postings of the fund are never changed or removed';
            END $$
            """,
            """
            CREATE TRIGGER fund_sums AFTER INSERT ON \(namespace).fund_postings
            FOR EACH ROW EXECUTE FUNCTION \(namespace).fund_sums()
            """,
            """
            CREATE TRIGGER fund_postings_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON \(namespace).fund_postings
            FOR EACH STATEMENT EXECUTE FUNCTION \(namespace).fund_postings_kept()
            """,
            """
            INSERT INTO \(namespace).fund_postings
            SELECT entry, place, data ->> 'requestId',
            CASE type WHEN 'fund.disbursed' THEN 0 WHEN 'fund.recovered' THEN 1 ELSE 2 END,
            (data ->> 'amountFen')::bigint
            FROM (
                SELECT entry, place, type, convert_from(body, 'UTF8')::jsonb -> 'data' AS data
                FROM \(namespace).outputs WHERE type IN ('fund.disbursed', 'fund.recovered', 'fund.written-off')
            ) AS announced ORDER BY entry, place
            """,
        ]
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
