import Schema
import Store

/// How a dead letter lies in its table.
enum LetterRow {
    static let columns = """
        number, id, state, replays, version, parked_at, note, queue, exchange, routing_key, source, event, type, \
        case_id, class, code, message, fingerprint, attempts, first_at, last_at, headers, properties, body
        """

    static func insertion(_ schema: String) -> String {
        """
        INSERT INTO \(schema).letters AS letters (parked_at, id, queue, exchange, routing_key, source, event, type, case_id, class,
        code, message, fingerprint, attempts, first_at, last_at, headers, properties, body)
        SELECT $1, id, queue, exchange, routing_key, source, event, type, case_id, class, code, message, fingerprint,
        attempts, first_at, last_at, headers, properties, body
        FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) WITH ORDINALITY
        AS u(id, queue, exchange, routing_key, source, event, type, case_id, class, code, message, fingerprint,
        attempts, first_at, last_at, headers, properties, body, rank)
        ORDER BY rank
        ON CONFLICT (id) DO UPDATE SET state = 'open', version = letters.version + 1, parked_at = excluded.parked_at,
        exchange = excluded.exchange, routing_key = excluded.routing_key, class = excluded.class, code = excluded.code,
        message = excluded.message, fingerprint = excluded.fingerprint, attempts = excluded.attempts,
        first_at = excluded.first_at, last_at = excluded.last_at, headers = excluded.headers,
        properties = excluded.properties, body = excluded.body
        WHERE letters.state IN ('resolved', 'discarded') AND excluded.last_at > letters.last_at
        RETURNING number
        """
    }

    static func arguments(_ letters: [DeadLetter], parkedAt: Instant) -> [Argument] {
        let texts: [(DeadLetter) -> String?] = [
            { $0.id }, { $0.queue }, { $0.exchange }, { $0.routingKey }, { $0.source }, { $0.eventId }, { $0.type },
            { $0.caseId }, { $0.failureClass }, { $0.code }, { $0.message }, { $0.fingerprint },
        ]
        return [.int(parkedAt.microseconds)]
            + texts.map { member in .texts(letters.map { member($0).map(storable) }) } + [
                .ints(letters.map(\.attempts)), .ints(letters.map(\.firstAt.microseconds)),
                .ints(letters.map(\.lastAt.microseconds)), .blobs(letters.map(\.headers)),
                .blobs(letters.map(\.properties)), .blobs(letters.map(\.body)),
            ]
    }

    static func letter(_ row: Rows.Row) throws -> ParkedLetter {
        var letter = DeadLetter(
            id: row.text(1), queue: row.text(7), failureClass: row.text(14), code: row.text(15),
            firstAt: Instant(microseconds: row.int(19)), lastAt: Instant(microseconds: row.int(20)),
            body: row.bytes(23))
        letter.exchange = row.text(8)
        letter.routingKey = row.text(9)
        letter.source = row.optionalText(10)
        letter.eventId = row.optionalText(11)
        letter.type = row.optionalText(12)
        letter.caseId = row.optionalText(13)
        letter.message = row.text(16)
        letter.fingerprint = row.text(17)
        letter.attempts = row.int(18)
        letter.headers = row.bytes(21)
        letter.properties = row.bytes(22)
        return ParkedLetter(
            letter: letter, state: try state(row.text(2)), replays: row.int(3), version: row.int(4),
            number: row.int(0), parkedAt: Instant(microseconds: row.int(5)), note: row.optionalText(6))
    }

    static func state(_ word: String) throws -> DeadLetterState {
        guard let state = DeadLetterState(rawValue: word) else {
            throw StoreFailure(
                .corrupt, operation: "reading dead letters", cause: "a row has an unknown state; use a newer program")
        }
        return state
    }

    static func columns(of filter: DeadLetterFilter) -> [(String, String?)] {
        [
            ("state", filter.state?.rawValue), ("class", filter.failureClass), ("queue", filter.queue),
            ("type", filter.type), ("case_id", filter.caseId), ("fingerprint", filter.fingerprint),
        ]
    }

    /// PostgreSQL's texts hold no U+0000, but a broken document may. What is derived from it shows a U+FFFD instead; the
    /// body is kept as it came.
    static func storable(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        var storable = ""
        for scalar in text.unicodeScalars { storable.unicodeScalars.append(scalar == "\0" ? "\u{FFFD}" : scalar) }
        return storable
    }

    static func storable(_ event: EventKey) -> EventKey {
        EventKey(source: storable(event.source), id: storable(event.id))
    }

    /// For `ILIKE`, whose escape is a backslash.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            if character == "%" || character == "_" || character == "\\" { escaped += "\\" }
            escaped.unicodeScalars.append(character)
        }
        return escaped
    }
}
