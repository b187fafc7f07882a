/// The tables of what is personal, apart from everything else in a stage's file.
enum PersonalSchema {
    static let tables = """
        -- One row at most: what phones are digested with.
        CREATE TABLE personal_secret (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            key TEXT NOT NULL,              -- the id of the key that sealed it; empty: not sealed
            sealed BLOB NOT NULL
        );
        CREATE TABLE persons (
            lookup BLOB PRIMARY KEY,        -- keyed digest of the phone
            person INTEGER NOT NULL,        -- random
            last_seen INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX persons_by_last_seen ON persons (last_seen);
        CREATE UNIQUE INDEX persons_by_number ON persons (person);
        CREATE TABLE subjects (
            subject INTEGER PRIMARY KEY,
            person INTEGER NOT NULL
        );
        CREATE INDEX subjects_by_person ON subjects (person);
        CREATE TABLE personal (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            person INTEGER NOT NULL,
            subject INTEGER,                -- where the person was not known
            content INTEGER,
            at INTEGER NOT NULL,
            key TEXT NOT NULL,
            sealed BLOB NOT NULL
        );
        CREATE INDEX personal_by_subject ON personal (subject) WHERE subject IS NOT NULL;
        CREATE INDEX personal_by_content ON personal (content) WHERE content IS NOT NULL;
        -- Finds the rows of a person, in segments of 4096 rows, like `emitted`.
        CREATE TABLE personal_segments (
            segment INTEGER NOT NULL,
            person INTEGER NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (segment, person, number)
        ) WITHOUT ROWID;
        """
}
