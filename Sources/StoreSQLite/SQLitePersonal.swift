internal import GRDB
import Schema
import Store

extension PersonalRow {
    fileprivate static let columns = "number, person, subject, content, at, key, sealed"

    fileprivate init(_ row: Query.Row) {
        self.init(
            number: row.int(0), person: row.int(1),
            subject: row.optionalInt(2).map { PersonalSubject(number: $0) }, content: row.optionalInt(3),
            at: Instant(microseconds: row.int(4)), key: row.text(5), sealed: row.bytes(6))
    }

    fileprivate static func segment(_ number: Int64) -> Int64 { number >> 12 }
}

extension SQLiteSnapshot {
    func personalSecret() throws -> PersonalSecret? {
        try Query(db, "SELECT key, sealed FROM personal_secret").first {
            PersonalSecret(key: $0.text(0), sealed: $0.bytes(1))
        }
    }

    func personalRows(_ numbers: [Int64]) throws -> [Int64: PersonalRow] {
        let query = try Query(db, "SELECT \(PersonalRow.columns) FROM personal WHERE number = ?")
        var found: [Int64: PersonalRow] = [:]
        for number in numbers {
            try query.bind(1, number)
            found[number] = try query.first { PersonalRow($0) }
        }
        return found
    }

    func personalRows(after: Int64, limit: Int) throws -> [PersonalRow] {
        let query = try Query(
            db, "SELECT \(PersonalRow.columns) FROM personal WHERE number > ? ORDER BY number LIMIT ?")
        try query.bind(1, after)
        try query.bind(2, atLeastZero(limit))
        return try query.rows { PersonalRow($0) }
    }

    func personalSummary(_ handle: PersonalHandle) throws -> PersonalSummary? {
        let person = try person(handle)
        let rows = try personalRows(Array(try rowNumbers(of: handle, person))).values
        guard person != nil || !rows.isEmpty else { return nil }
        let query = try Query(db, "SELECT lookup, last_seen FROM persons WHERE person = ?")
        try query.bind(1, person)
        let known = try query.first { (PersonalLookup(bytes: $0.bytes(0)), Instant(microseconds: $0.int(1))) }
        return PersonalSummary(
            person: person, lookup: known?.0, lastSeen: known?.1, rows: rows.count, since: rows.map(\.at).min(),
            subjects: Set(try subjects(of: person)))
    }

    func personalRows(of handle: PersonalHandle, limit: Int) throws -> [PersonalRow] {
        let numbers = try rowNumbers(of: handle, try person(handle)).sorted().prefix(max(0, limit))
        return try personalRows(Array(numbers)).values.sorted { $0.number < $1.number }
    }

    func personsUnseen(since bound: Instant, limit: Int) throws -> [PersonalLookup] {
        let query = try Query(
            db, "SELECT lookup FROM persons WHERE last_seen < ? ORDER BY last_seen, lookup LIMIT ?")
        try query.bind(1, bound.microseconds)
        try query.bind(2, atLeastZero(limit))
        return try query.rows { PersonalLookup(bytes: $0.bytes(0)) }
    }

    fileprivate func person(_ lookup: PersonalLookup) throws -> (person: Int64, lastSeen: Instant)? {
        let query = try Query(db, "SELECT person, last_seen FROM persons WHERE lookup = ?")
        try query.bind(1, lookup.bytes)
        return try query.first { ($0.int(0), Instant(microseconds: $0.int(1))) }
    }

    fileprivate func person(_ handle: PersonalHandle) throws -> Int64? {
        switch handle {
        case .phone(let lookup): return try person(lookup)?.person
        case .matter(let subject):
            let query = try Query(db, "SELECT person FROM subjects WHERE subject = ?")
            try query.bind(1, subject.number)
            return try query.first { $0.int(0) }
        }
    }

    private func subjects(of person: Int64?) throws -> [PersonalSubject] {
        let query = try Query(db, "SELECT subject FROM subjects WHERE person = ?")
        try query.bind(1, person)
        return try query.rows { PersonalSubject(number: $0.int(0)) }
    }

    /// The rows of a person, and those of unknown persons about his subjects.
    fileprivate func rowNumbers(of handle: PersonalHandle, _ person: Int64?) throws -> Set<Int64> {
        var numbers: Set<Int64> = []
        var about = try subjects(of: person)
        if case .matter(let subject) = handle { about.append(subject) }
        let query = try Query(db, "SELECT number FROM personal WHERE subject = ?")
        for subject in about {
            try query.bind(1, subject.number)
            numbers.formUnion(try query.rows { $0.int(0) })
        }
        guard let person else { return numbers }
        let last = try Query(db, "SELECT max(number) FROM personal").first { $0.int(0) } ?? 0
        let own = try Query(db, "SELECT number FROM personal_segments WHERE segment = ? AND person = ?")
        for segment in 0...PersonalRow.segment(last) {
            try own.bind(1, segment)
            try own.bind(2, person)
            numbers.formUnion(try own.rows { $0.int(0) })
        }
        return numbers
    }
}

extension SQLiteTransaction {
    func keepPersonalSecret(_ secret: PersonalSecret) throws -> PersonalSecret {
        if let kept = try personalSecret() { return kept }
        try resealPersonalSecret(secret)
        return secret
    }

    func resealPersonalSecret(_ secret: PersonalSecret) throws {
        let query = try Query(db, "INSERT OR REPLACE INTO personal_secret (one, key, sealed) VALUES (1, ?, ?)")
        try query.bind(1, secret.key)
        try query.bind(2, secret.sealed)
        try query.run()
    }

    func findPersonal(_ inquiry: PersonalInquiry) throws -> PersonalFindings {
        var found = PersonalFindings()
        for (lookup, fresh) in inquiry.persons {
            let known = try person(lookup)
            found.persons[lookup] = known?.person ?? fresh
            if known == nil { try insert(lookup, fresh, inquiry.now) }
            if let known, known.lastSeen.adding(days: 1) <= inquiry.now { try touch(lookup, inquiry.now) }
        }
        let subject = try Query(db, "SELECT person FROM subjects WHERE subject = ?")
        for one in inquiry.subjects {
            try subject.bind(1, one.number)
            found.subjects[one] = try subject.first { $0.int(0) }
        }
        let content = try Query(db, "SELECT number, person FROM personal WHERE content = ?")
        for one in inquiry.contents {
            try content.bind(1, one)
            found.contents[one] = try content.first { ($0.int(0), $0.int(1)) }
        }
        found.rows = try numbers(inquiry.rows)
        return found
    }

    /// Numbers that nobody has had: AUTOINCREMENT never gives one twice, so no token of an erased person comes to mean
    /// another's value, and neither does one that this transaction has been given before.
    private func numbers(_ count: Int) throws -> [Int64] {
        guard count > 0 else { return [] }
        let last = try Query(db, "SELECT seq FROM sqlite_sequence WHERE name = 'personal'").first { $0.int(0) }
        let reserve = try Query(
            db,
            last == nil
                ? "INSERT INTO sqlite_sequence (seq, name) VALUES (?, 'personal')"
                : "UPDATE sqlite_sequence SET seq = ? WHERE name = 'personal'")
        try reserve.bind(1, (last ?? 0) + Int64(count))
        try reserve.run()
        return (0..<count).map { (last ?? 0) + 1 + Int64($0) }
    }

    private func insert(_ lookup: PersonalLookup, _ person: Int64, _ now: Instant) throws {
        let query = try Query(db, "INSERT INTO persons (lookup, person, last_seen) VALUES (?, ?, ?)")
        try query.bind(1, lookup.bytes)
        try query.bind(2, person)
        try query.bind(3, now.microseconds)
        try query.run()
    }

    private func touch(_ lookup: PersonalLookup, _ now: Instant) throws {
        let query = try Query(db, "UPDATE persons SET last_seen = ? WHERE lookup = ?")
        try query.bind(1, now.microseconds)
        try query.bind(2, lookup.bytes)
        try query.run()
    }

    func keepPersonal(_ rows: [PersonalRow], subjects: [PersonalSubject: Int64]) throws {
        let insert = try Query(db, "INSERT INTO personal (\(PersonalRow.columns)) VALUES (?, ?, ?, ?, ?, ?, ?)")
        let place = try Query(db, "INSERT INTO personal_segments (segment, person, number) VALUES (?, ?, ?)")
        for row in rows {
            try insert.bind(1, row.number)
            try insert.bind(2, row.person)
            try insert.bind(3, row.subject?.number)
            try insert.bind(4, row.content)
            try insert.bind(5, row.at.microseconds)
            try insert.bind(6, row.key)
            try insert.bind(7, row.sealed)
            try insert.run()
            try place.bind(1, PersonalRow.segment(row.number))
            try place.bind(2, row.person)
            try place.bind(3, row.number)
            try place.run()
        }
        let link = try Query(db, "INSERT OR IGNORE INTO subjects (subject, person) VALUES (?, ?)")
        for (subject, person) in subjects {
            try link.bind(1, subject.number)
            try link.bind(2, person)
            try link.run()
        }
    }

    func resealPersonal(_ rows: [PersonalRow]) throws {
        let query = try Query(db, "UPDATE personal SET key = ?, sealed = ? WHERE number = ?")
        for row in rows {
            try query.bind(1, row.key)
            try query.bind(2, row.sealed)
            try query.bind(3, row.number)
            try query.run()
        }
    }

    func erasePerson(_ handle: PersonalHandle) throws -> PersonalSummary? {
        guard let summary = try personalSummary(handle) else { return nil }
        try erasePersonal(Array(try rowNumbers(of: handle, summary.person)))
        for table in ["subjects", "persons"] {
            let query = try Query(db, "DELETE FROM \(table) WHERE person = ?")
            try query.bind(1, summary.person)
            try query.run()
        }
        return summary
    }

    func erasePersonal(_ numbers: [Int64]) throws { try delete(try personalRows(numbers).values) }

    func eraseStrayPersonal(before bound: Instant, after: Int64, limit: Int) throws -> (last: Int64?, erased: Int) {
        let page = try personalRows(after: after, limit: limit)
        let known = try Query(db, "SELECT 1 FROM persons WHERE person = ?")
        let stray = try page.filter { row in
            guard row.at < bound else { return false }
            try known.bind(1, row.person)
            return try known.first { $0.int(0) } == nil
        }
        try delete(stray)
        return (page.last?.number, stray.count)
    }

    private func delete(_ rows: some Sequence<PersonalRow>) throws {
        let row = try Query(db, "DELETE FROM personal WHERE number = ?")
        let place = try Query(db, "DELETE FROM personal_segments WHERE segment = ? AND person = ? AND number = ?")
        for one in rows {
            try row.bind(1, one.number)
            try row.run()
            try place.bind(1, PersonalRow.segment(one.number))
            try place.bind(2, one.person)
            try place.bind(3, one.number)
            try place.run()
        }
    }
}
