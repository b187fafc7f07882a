internal import GRDB
import Schema
import Store

/// The control store of an installation on one machine: `DIRECTORY/control.sqlite`.
package final class SQLiteControl: ControlStore {
    let file: SQLiteFile

    /// Opens it, and creates what is missing.
    ///
    /// - Throws: `StoreFailure`.
    package init(directory: String) throws {
        var options = SQLiteFile.Options()
        options.isDurable = false
        options.writerCache = 1024
        options.readerCache = 256
        options.readers = 1
        options.turnLimitSeconds = 10
        file = try SQLiteFile(directory: directory, name: "control", schema: Self.schema, options: options)
    }

    private static let schema = SchemaSteps([
        SchemaStep(oldestProgram: 1, [version1]),
        SchemaStep(oldestProgram: 1, [marks]),
        SchemaStep(oldestProgram: 1, [workforce]),
    ])

    private static let marks = """
        CREATE TABLE marks (
            stage TEXT PRIMARY KEY,
            mark INTEGER NOT NULL
        ) WITHOUT ROWID;
        """

    private static let workforce = """
        CREATE TABLE signs (
            role TEXT NOT NULL,
            name TEXT NOT NULL,
            host TEXT NOT NULL,
            pid INTEGER NOT NULL,
            release TEXT NOT NULL,
            policy TEXT NOT NULL,
            state TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            alive_until INTEGER NOT NULL,
            loop_at INTEGER NOT NULL,
            applied_at INTEGER NOT NULL,
            detail TEXT NOT NULL,
            PRIMARY KEY (role, name)
        ) WITHOUT ROWID;
        CREATE TABLE orders (
            target TEXT PRIMARY KEY,
            wish TEXT NOT NULL,
            count INTEGER NOT NULL,
            operator TEXT NOT NULL,
            at INTEGER NOT NULL
        ) WITHOUT ROWID;
        """

    private static let version1 = """
        CREATE TABLE clock (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            now INTEGER NOT NULL,
            phase INTEGER NOT NULL
        );
        CREATE TABLE participants (
            name TEXT PRIMARY KEY,
            next INTEGER,
            done INTEGER NOT NULL,
            alive_until INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE handed (
            number INTEGER PRIMARY KEY,
            source TEXT NOT NULL,
            id TEXT NOT NULL,
            type TEXT NOT NULL,
            UNIQUE (id, source)
        );
        CREATE TABLE watermarks (
            participant TEXT NOT NULL,
            stage TEXT NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (participant, stage)
        ) WITHOUT ROWID;
        """

    private static func corrupt(_ cause: String) -> StoreFailure {
        StoreFailure(.corrupt, operation: "reading the control store", cause: cause)
    }

    // MARK: Clock

    package func clock() throws -> ControlReading? {
        try file.readNow { try Self.clock($0) }
    }

    private static func clock(_ db: Database) throws -> ControlReading? {
        try Query(db, "SELECT now, phase FROM clock").first { row in
            guard let phase = ClockPhase(code: Int(row.int(1))) else {
                throw ClockFailure.unknownPhase(row.int(1))
            }
            return ControlReading(now: Instant(microseconds: row.int(0)), phase: phase)
        }
    }

    package func setClock(_ reading: ControlReading) throws {
        try file.writeNow { db in
            if let present = try Self.clock(db) { try ClockFailure.requireForward(from: present, to: reading) }
            let query = try Query(
                db,
                """
                INSERT INTO clock (one, now, phase) VALUES (1, ?, ?)
                ON CONFLICT (one) DO UPDATE SET now = excluded.now, phase = excluded.phase
                """)
            try query.bind(1, reading.now.microseconds)
            try query.bind(2, Int64(reading.phase.code))
            try query.run()
        }
    }

    // MARK: Participants

    package func upsertParticipant(_ participant: Participant) throws {
        try file.writeNow { db in
            let query = try Query(
                db,
                """
                INSERT INTO participants (name, next, done, alive_until) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE
                SET next = excluded.next, done = excluded.done, alive_until = excluded.alive_until
                """)
            try query.bind(1, participant.name)
            try query.bind(2, participant.next?.microseconds)
            try query.bind(3, participant.isDone ? 1 : 0)
            try query.bind(4, participant.aliveUntil.microseconds)
            try query.run()
        }
    }

    package func participants() throws -> [Participant] {
        try file.readNow { db in
            try Query(db, "SELECT name, next, done, alive_until FROM participants ORDER BY name").rows { row in
                Participant(
                    name: row.text(0), next: row.optionalInt(1).map { Instant(microseconds: $0) },
                    isDone: row.int(2) != 0, aliveUntil: Instant(microseconds: row.int(3)))
            }
        }
    }

    package func removeParticipant(_ name: String) throws {
        try file.writeNow { db in
            for table in ["participants WHERE name", "watermarks WHERE participant"] {
                let query = try Query(db, "DELETE FROM \(table) = ?")
                try query.bind(1, name)
                try query.run()
            }
        }
    }

    // MARK: Handed events

    package func appendHanded(_ events: [HandedEvent]) throws {
        guard !events.isEmpty else { return }
        try file.writeNow { db in
            let query = try Query(
                db,
                """
                INSERT INTO handed (source, id, type) VALUES (?, ?, ?) ON CONFLICT (id, source) DO NOTHING
                """)
            for event in events {
                try query.bind(1, event.key.source)
                try query.bind(2, event.key.id)
                try query.bind(3, event.type)
                try query.run()
            }
        }
    }

    package func handed(after: Int64, limit: Int) throws -> [NumberedHandedEvent] {
        try file.readNow { db in
            let query = try Query(
                db, "SELECT number, source, id, type FROM handed WHERE number > ? ORDER BY number LIMIT ?")
            try query.bind(1, after)
            try query.bind(2, Int64(max(0, limit)))
            return try query.rows { row in
                NumberedHandedEvent(
                    number: row.int(0),
                    event: HandedEvent(key: EventKey(source: row.text(1), id: row.text(2)), type: row.text(3)))
            }
        }
    }

    // MARK: Watermarks

    package func setWatermark(participant: String, stage: StageName, number: Int64) throws {
        try file.writeNow { db in
            let query = try Query(
                db,
                """
                INSERT INTO watermarks (participant, stage, number) VALUES (?, ?, ?) ON CONFLICT (participant, stage) DO UPDATE
                SET number = max(number, excluded.number)
                """)
            try query.bind(1, participant)
            try query.bind(2, stage.rawValue)
            try query.bind(3, number)
            try query.run()
        }
    }

    package func watermarks() throws -> [Watermark] {
        try file.readNow { db in
            try Query(db, "SELECT participant, stage, number FROM watermarks").rows { row in
                guard let stage = StageName(rawValue: row.text(1)) else {
                    throw Self.corrupt("a watermark names an unknown stage")
                }
                return Watermark(participant: row.text(0), stage: stage, number: row.int(2))
            }
        }.sorted { ($0.participant, $0.stage) < ($1.participant, $1.stage) }
    }

    // MARK: Marks

    package func setMark(_ mark: Instant, of stage: StageName) throws {
        try file.writeNow { db in
            let query = try Query(
                db,
                """
                INSERT INTO marks (stage, mark) VALUES (?, ?)
                ON CONFLICT (stage) DO UPDATE SET mark = max(mark, excluded.mark)
                """)
            try query.bind(1, stage.rawValue)
            try query.bind(2, mark.microseconds)
            try query.run()
        }
    }

    package func marks() throws -> [StageName: Instant] {
        try file.readNow { db in
            var marks: [StageName: Instant] = [:]
            for (name, mark) in try Query(db, "SELECT stage, mark FROM marks").rows({ ($0.text(0), $0.int(1)) }) {
                // A stage of a newer release lies before none of these.
                if let stage = StageName(rawValue: name) { marks[stage] = Instant(microseconds: mark) }
            }
            return marks
        }
    }

    package func close() { file.closeNow() }
}
