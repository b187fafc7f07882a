/// The tables of what is personal, apart from everything else in a stage's schema.
enum PersonalSchema {
    static func tables(_ namespace: String) -> [String] {
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
}
