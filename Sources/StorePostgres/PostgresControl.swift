import Schema
import Store

/// The control store of an installation, in the schema `recourse_control`.
///
/// Its calls wait on the caller's thread, as the port has it: only the stepped clock, for tests and drills, polls it
/// fast; a worker says and reads marks every few seconds.
/// Each is one round trip, and may be repeated when a connection was lost.
package final class PostgresControl: ControlStore {
    let schema: String
    private let session: Session

    /// Connects, and creates what is missing in the database.
    ///
    /// - Throws: `StoreFailure`.
    package init(_ configuration: PostgresConfiguration) throws {
        schema = configuration.namespace + "_control"
        var options = Session.Options()
        options.isDurable = false
        session = Session(configuration.named(schema), namespace: schema, options: options)
        let steps = SchemaSteps([
            SchemaStep(oldestProgram: 1, Self.version1(schema)),
            SchemaStep(
                oldestProgram: 1,
                ["CREATE TABLE \(schema).marks (stage text PRIMARY KEY, mark bigint NOT NULL) WITH (fillfactor = 10)"]),
            SchemaStep(oldestProgram: 1, Self.workforce(schema)),
        ])
        try SchemaHistory(namespace: schema, schema: steps).bringUpToDate(session)
    }

    private static func workforce(_ schema: String) -> [String] {
        [
            """
            CREATE TABLE \(schema).signs (
                role text COLLATE "C" NOT NULL,
                name text COLLATE "C" NOT NULL,
                host text NOT NULL,
                pid bigint NOT NULL,
                release text NOT NULL,
                policy text NOT NULL,
                state text NOT NULL,
                started_at bigint NOT NULL,
                alive_until bigint NOT NULL,
                loop_at bigint NOT NULL,
                applied_at bigint NOT NULL,
                detail text NOT NULL,
                PRIMARY KEY (role, name)
            ) WITH (fillfactor = 10)
            """,
            """
            CREATE TABLE \(schema).orders (
                target text COLLATE "C" PRIMARY KEY,
                wish text NOT NULL,
                count bigint NOT NULL,
                operator text NOT NULL,
                at bigint NOT NULL
            )
            """,
        ]
    }

    private static func version1(_ schema: String) -> [String] {
        [
            """
            CREATE TABLE \(schema).clock (
                one boolean PRIMARY KEY DEFAULT true CHECK (one),
                now bigint NOT NULL,
                phase bigint NOT NULL
            ) WITH (fillfactor = 10)
            """,
            """
            CREATE TABLE \(schema).participants (
                name text COLLATE "C" PRIMARY KEY,
                next bigint,
                done boolean NOT NULL,
                alive_until bigint NOT NULL
            )
            """,
            """
            CREATE TABLE \(schema).handed (
                number bigint PRIMARY KEY,
                source text NOT NULL,
                id text NOT NULL,
                type text NOT NULL,
                claim bytea NOT NULL UNIQUE
            )
            """,
            """
            CREATE TABLE \(schema).watermarks (
                participant text NOT NULL,
                stage text NOT NULL,
                number bigint NOT NULL,
                PRIMARY KEY (participant, stage)
            )
            """,
        ]
    }

    private static func corrupt(_ cause: String) -> StoreFailure {
        StoreFailure(.corrupt, operation: "reading the control store", cause: cause)
    }

    func run(_ sql: String, _ arguments: [Argument] = []) throws -> Rows {
        try session.statementNow("using", sql, arguments)
    }

    // MARK: Clock

    package func clock() throws -> ControlReading? {
        try session.statementNow("using", "SELECT now, phase FROM \(schema).clock", isPolled: true).first.map { row in
            guard let phase = ClockPhase(code: Int(row.int(1))) else {
                throw ClockFailure.unknownPhase(row.int(1))
            }
            return ControlReading(now: Instant(microseconds: row.int(0)), phase: phase)
        }
    }

    package func setClock(_ reading: ControlReading) throws {
        let set = try run(
            """
            INSERT INTO \(schema).clock AS c (now, phase) VALUES ($1, $2) ON CONFLICT (one) DO UPDATE
            SET now = excluded.now, phase = excluded.phase WHERE c.now <= excluded.now RETURNING now
            """, [.int(reading.now.microseconds), .int(Int64(reading.phase.code))])
        if set.count == 0, let present = try clock() { try ClockFailure.requireForward(from: present, to: reading) }
    }

    // MARK: Participants

    package func upsertParticipant(_ participant: Participant) throws {
        _ = try run(
            """
            INSERT INTO \(schema).participants VALUES ($1, $2, $3 <> 0, $4) ON CONFLICT (name) DO UPDATE
            SET next = excluded.next, done = excluded.done, alive_until = excluded.alive_until
            """,
            [
                .text(participant.name), .int(participant.next?.microseconds), .int(participant.isDone ? 1 : 0),
                .int(participant.aliveUntil.microseconds),
            ])
    }

    package func participants() throws -> [Participant] {
        try run("SELECT name, next, done, alive_until FROM \(schema).participants ORDER BY name").map { row in
            Participant(
                name: row.text(0), next: row.optionalInt(1).map { Instant(microseconds: $0) }, isDone: row.int(2) == 1,
                aliveUntil: Instant(microseconds: row.int(3)))
        }
    }

    package func removeParticipant(_ name: String) throws {
        _ = try run(
            """
            WITH gone AS (DELETE FROM \(schema).participants WHERE name = $1)
            DELETE FROM \(schema).watermarks WHERE participant = $1
            """, [.text(name)])
    }

    // MARK: Handed events

    package func appendHanded(_ events: [HandedEvent]) throws {
        guard !events.isEmpty else { return }
        try session.transactionNow(.write, "writing") { conversation in
            // One after the other, so that numbers become visible in their order.
            try conversation.send("LOCK TABLE \(schema).handed IN SHARE ROW EXCLUSIVE MODE")
            try conversation.send(
                """
                INSERT INTO \(schema).handed (number, source, id, type, claim)
                SELECT (SELECT coalesce(max(number), 0) FROM \(schema).handed) + row_number() OVER (ORDER BY e.rank),
                e.source, e.id, e.type, e.claim
                FROM (
                    SELECT DISTINCT ON (claim) * FROM unnest($1, $2, $3, $4) WITH ORDINALITY
                    AS u(source, id, type, claim, rank) ORDER BY claim, rank
                ) e
                WHERE NOT EXISTS (SELECT FROM \(schema).handed h WHERE h.claim = e.claim)
                """,
                [
                    .texts(events.map(\.key.source)), .texts(events.map(\.key.id)), .texts(events.map(\.type)),
                    .blobs(events.map { IdDigest.claim(source: $0.key.source, id: $0.key.id) }),
                ])
        }
    }

    package func handed(after: Int64, limit: Int) throws -> [NumberedHandedEvent] {
        try run(
            "SELECT number, source, id, type FROM \(schema).handed WHERE number > $1 ORDER BY number LIMIT $2",
            [.int(after), .int(Int64(max(0, limit)))]
        ).map { row in
            NumberedHandedEvent(
                number: row.int(0),
                event: HandedEvent(key: EventKey(source: row.text(1), id: row.text(2)), type: row.text(3)))
        }
    }

    // MARK: Watermarks

    package func setWatermark(participant: String, stage: StageName, number: Int64) throws {
        _ = try run(
            """
            INSERT INTO \(schema).watermarks AS w VALUES ($1, $2, $3) ON CONFLICT (participant, stage) DO UPDATE
            SET number = greatest(w.number, excluded.number)
            """, [.text(participant), .text(stage.rawValue), .int(number)])
    }

    package func watermarks() throws -> [Watermark] {
        try run("SELECT participant, stage, number FROM \(schema).watermarks").map { row in
            guard let stage = StageName(rawValue: row.text(1)) else {
                throw Self.corrupt("a watermark names an unknown stage")
            }
            return Watermark(participant: row.text(0), stage: stage, number: row.int(2))
        }.sorted { ($0.participant, $0.stage) < ($1.participant, $1.stage) }
    }

    // MARK: Marks

    package func setMark(_ mark: Instant, of stage: StageName) throws {
        _ = try run(
            """
            INSERT INTO \(schema).marks AS m (stage, mark) VALUES ($1, $2) ON CONFLICT (stage) DO UPDATE
            SET mark = greatest(m.mark, excluded.mark)
            """, [.text(stage.rawValue), .int(mark.microseconds)])
    }

    package func marks() throws -> [StageName: Instant] {
        var marks: [StageName: Instant] = [:]
        for (name, mark) in try run("SELECT stage, mark FROM \(schema).marks").map({ ($0.text(0), $0.int(1)) }) {
            // A stage of a newer release lies before none of these.
            if let stage = StageName(rawValue: name) { marks[stage] = Instant(microseconds: mark) }
        }
        return marks
    }

    package func close() { session.closeNow() }
}
