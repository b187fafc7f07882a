import Schema
import Store

extension PersonalRow {
    fileprivate static let columns = "p.number, p.person, p.subject, p.content, p.at, p.key, p.sealed"

    fileprivate init(_ row: Rows.Row) {
        self.init(
            number: row.int(0), person: row.int(1),
            subject: row.optionalInt(2).map { PersonalSubject(number: $0) }, content: row.optionalInt(3),
            at: Instant(microseconds: row.int(4)), key: row.text(5), sealed: row.bytes(6))
    }
}

extension PostgresSnapshot {
    func personalSecret() throws -> PersonalSecret? {
        try conversation.query("SELECT key, sealed FROM \(schema).personal_secret").first.map {
            PersonalSecret(key: $0.text(0), sealed: $0.bytes(1))
        }
    }

    func personalRows(_ numbers: [Int64]) throws -> [Int64: PersonalRow] {
        var found: [Int64: PersonalRow] = [:]
        guard !numbers.isEmpty else { return found }
        let rows = try conversation.query(
            "SELECT \(PersonalRow.columns) FROM \(schema).personal p WHERE number = ANY($1)", [.ints(numbers)])
        for row in rows.map({ PersonalRow($0) }) { found[row.number] = row }
        return found
    }

    func personalRows(after: Int64, limit: Int) throws -> [PersonalRow] {
        try conversation.query(
            "SELECT \(PersonalRow.columns) FROM \(schema).personal p WHERE number > $1 ORDER BY number LIMIT $2",
            [.int(after), .int(atLeastZero(limit))]
        ).map { PersonalRow($0) }
    }

    func personalSummary(_ handle: PersonalHandle) throws -> PersonalSummary? {
        let person = try person(handle)
        let whose = whose(handle, person)
        let known = try conversation.send(
            "SELECT lookup, last_seen FROM \(schema).persons WHERE person = $1", [.int(person)])
        let counted = try conversation.send(
            "SELECT count(*), min(at) FROM \(schema).personal WHERE \(isTheirs)", whose)
        let subjects = try conversation.send(
            "SELECT subject FROM \(schema).subjects WHERE person = $1", [.int(person)])
        let answers = try conversation.flush()
        let rows = Int(answers[counted].first?.int(0) ?? 0)
        guard person != nil || rows > 0 else { return nil }
        let row = answers[known].first
        return PersonalSummary(
            person: person, lookup: row.map { PersonalLookup(bytes: $0.bytes(0)) },
            lastSeen: row.map { Instant(microseconds: $0.int(1)) }, rows: rows,
            since: answers[counted].first?.optionalInt(1).map { Instant(microseconds: $0) },
            subjects: Set(answers[subjects].map { PersonalSubject(number: $0.int(0)) }))
    }

    func personalRows(of handle: PersonalHandle, limit: Int) throws -> [PersonalRow] {
        try conversation.query(
            "SELECT \(PersonalRow.columns) FROM \(schema).personal p WHERE \(isTheirs) ORDER BY number LIMIT $3",
            whose(handle, try person(handle)) + [.int(atLeastZero(limit))]
        ).map { PersonalRow($0) }
    }

    func personsUnseen(since bound: Instant, limit: Int) throws -> [PersonalLookup] {
        try conversation.query(
            "SELECT lookup FROM \(schema).persons WHERE last_seen < $1 ORDER BY last_seen, lookup LIMIT $2",
            [.int(bound.microseconds), .int(atLeastZero(limit))]
        ).map { PersonalLookup(bytes: $0.bytes(0)) }
    }

    private func person(_ handle: PersonalHandle) throws -> Int64? {
        switch handle {
        case .phone(let lookup):
            try conversation.query(
                "SELECT person FROM \(schema).persons WHERE lookup = $1", [.bytes(lookup.bytes)]
            ).first?.int(0)
        case .matter(let subject):
            try conversation.query(
                "SELECT person FROM \(schema).subjects WHERE subject = $1", [.int(subject.number)]
            ).first?.int(0)
        }
    }

    /// The rows of a person ($1), those of unknown persons about his subjects, and about this one ($2).
    fileprivate var isTheirs: String {
        """
        number IN (
            SELECT o.number
            FROM generate_series(0, (SELECT max(number) >> 12 FROM \(schema).personal)) AS s(segment)
            JOIN \(schema).personal o ON o.number >> 12 = s.segment AND o.person = $1
            UNION ALL
            SELECT o.number FROM \(schema).personal o JOIN \(schema).subjects s ON s.subject = o.subject
            WHERE s.person = $1
            UNION ALL
            SELECT o.number FROM \(schema).personal o WHERE o.subject = $2
        )
        """
    }

    /// The arguments of `isTheirs`.
    fileprivate func whose(_ handle: PersonalHandle, _ person: Int64?) -> [Argument] {
        if case .matter(let subject) = handle { return [.int(person), .int(subject.number)] }
        return [.int(person), .int(nil)]
    }
}

extension PostgresTransaction {
    func keepPersonalSecret(_ secret: PersonalSecret) throws -> PersonalSecret {
        try conversation.send(
            "INSERT INTO \(schema).personal_secret (key, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            [.text(secret.key), .bytes(secret.sealed)])
        return try personalSecret() ?? secret
    }

    func resealPersonalSecret(_ secret: PersonalSecret) throws {
        try conversation.send(
            "UPDATE \(schema).personal_secret SET key = $1, sealed = $2", [.text(secret.key), .bytes(secret.sealed)])
    }

    /// In one round trip. Persons that are not known get their row first; then all are locked in their order, so that who
    /// would erase one waits, and who comes after an erasure finds nobody and begins anew.
    func findPersonal(_ inquiry: PersonalInquiry) throws -> PersonalFindings {
        let wanted = inquiry.persons.sorted { $0.key < $1.key }
        let lookups = Argument.blobs(wanted.map(\.key.bytes))
        let day: Int64 = 86_400_000_000
        let now = inquiry.now.microseconds
        try conversation.send(
            """
            INSERT INTO \(schema).persons (lookup, person, last_seen)
            SELECT lookup, person, $3 FROM unnest($1, $2) AS w(lookup, person)
            WHERE NOT EXISTS (SELECT FROM \(schema).persons k WHERE k.lookup = w.lookup)
            ORDER BY lookup ON CONFLICT (lookup) DO NOTHING
            """, [lookups, .ints(wanted.map(\.value)), .int(now)])
        try conversation.send(
            """
            UPDATE \(schema).persons SET last_seen = $2 WHERE lookup IN (
                SELECT lookup FROM \(schema).persons WHERE lookup = ANY($1) AND last_seen <= $3
                ORDER BY lookup FOR UPDATE
            )
            """, [lookups, .int(now), .int(now - day)])
        let persons = try conversation.send(
            "SELECT lookup, person FROM \(schema).persons WHERE lookup = ANY($1) ORDER BY lookup FOR SHARE", [lookups])
        let subjects = try conversation.send(
            "SELECT subject, person FROM \(schema).subjects WHERE subject = ANY($1) ORDER BY subject FOR SHARE",
            [.ints(inquiry.subjects.map(\.number))])
        let contents = try conversation.send(
            "SELECT content, number, person FROM \(schema).personal WHERE content = ANY($1)",
            [.ints(inquiry.contents.map { $0 })])
        let numbers = try conversation.send(
            "SELECT nextval('\(schema).personal_numbers') FROM generate_series(1, $1)", [.int(Int64(inquiry.rows))])
        let answers = try conversation.flush()
        var found = PersonalFindings()
        for (lookup, person) in answers[persons].map({ (PersonalLookup(bytes: $0.bytes(0)), $0.int(1)) }) {
            found.persons[lookup] = person
        }
        for (subject, person) in answers[subjects].map({ (PersonalSubject(number: $0.int(0)), $0.int(1)) }) {
            found.subjects[subject] = person
        }
        for (content, row, person) in answers[contents].map({ ($0.int(0), $0.int(1), $0.int(2)) }) {
            found.contents[content] = (row, person)
        }
        found.rows = answers[numbers].map { $0.int(0) }.sorted()
        guard found.persons.count == wanted.count else {
            throw StoreFailure(
                .transient, operation: "looking persons up in \(schema)", cause: "one was erased just now")
        }
        return found
    }

    func keepPersonal(_ rows: [PersonalRow], subjects: [PersonalSubject: Int64]) throws {
        for part in rows.chunks(bytes: 32 << 20, { $0.sealed.count }) {
            try conversation.send(
                """
                INSERT INTO \(schema).personal (number, person, subject, content, at, key, sealed)
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
                """,
                [
                    .ints(part.map(\.number)), .ints(part.map(\.person)), .ints(part.map { $0.subject?.number }),
                    .ints(part.map(\.content)), .ints(part.map(\.at.microseconds)), .texts(part.map(\.key)),
                    .blobs(part.map(\.sealed)),
                ])
        }
        guard !subjects.isEmpty else { return }
        let links = subjects.sorted { $0.key.number < $1.key.number }
        try conversation.send(
            """
            INSERT INTO \(schema).subjects (subject, person) SELECT * FROM unnest($1, $2) AS l(subject, person)
            WHERE NOT EXISTS (SELECT FROM \(schema).subjects k WHERE k.subject = l.subject)
            ORDER BY subject ON CONFLICT DO NOTHING
            """, [.ints(links.map(\.key.number)), .ints(links.map(\.value))])
    }

    func resealPersonal(_ rows: [PersonalRow]) throws {
        guard !rows.isEmpty else { return }
        try conversation.send(
            """
            UPDATE \(schema).personal p SET key = n.key, sealed = n.sealed
            FROM unnest($1, $2, $3) AS n(number, key, sealed) WHERE p.number = n.number
            """, [.ints(rows.map(\.number)), .texts(rows.map(\.key)), .blobs(rows.map(\.sealed))])
    }

    func erasePerson(_ handle: PersonalHandle) throws -> PersonalSummary? {
        // Waits for those who are giving tokens of this person, and keeps others from beginning.
        let person: String
        let argument: Argument
        switch handle {
        case .phone(let lookup):
            (person, argument) = ("SELECT person FROM \(schema).persons WHERE lookup = $1", .bytes(lookup.bytes))
        case .matter(let subject):
            (person, argument) = ("SELECT person FROM \(schema).subjects WHERE subject = $1", .int(subject.number))
        }
        try conversation.send("SELECT FROM \(schema).persons WHERE person = (\(person)) FOR UPDATE", [argument])
        try conversation.send(
            "SELECT FROM \(schema).subjects WHERE person = (\(person)) ORDER BY subject FOR UPDATE", [argument])
        guard let summary = try personalSummary(handle) else { return nil }
        try conversation.send("DELETE FROM \(schema).personal WHERE \(isTheirs)", whose(handle, summary.person))
        try conversation.send("DELETE FROM \(schema).subjects WHERE person = $1", [.int(summary.person)])
        try conversation.send("DELETE FROM \(schema).persons WHERE person = $1", [.int(summary.person)])
        return summary
    }

    func erasePersonal(_ numbers: [Int64]) throws {
        try conversation.send("DELETE FROM \(schema).personal WHERE number = ANY($1)", [.ints(numbers)])
    }

    func eraseStrayPersonal(before bound: Instant, after: Int64, limit: Int) throws -> (last: Int64?, erased: Int) {
        let page = "SELECT number, at, person FROM \(schema).personal WHERE number > $1 ORDER BY number LIMIT $2"
        let arguments: [Argument] = [.int(after), .int(atLeastZero(limit))]
        let last = try conversation.send("SELECT max(number) FROM (\(page)) AS page", arguments)
        let erased = try conversation.send(
            """
            WITH page AS (\(page)), gone AS (
                DELETE FROM \(schema).personal p USING page WHERE p.number = page.number AND page.at < $3
                AND NOT EXISTS (SELECT FROM \(schema).persons k WHERE k.person = page.person) RETURNING 1
            ) SELECT count(*) FROM gone
            """, arguments + [.int(bound.microseconds)])
        let answers = try conversation.flush()
        return (answers[last].first?.optionalInt(0), Int(answers[erased].first?.int(0) ?? 0))
    }
}
