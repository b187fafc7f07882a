import Schema
import Store

/// How dead letters come into their table, all of a batch at once.
enum LetterRow {
    static func insertion(_ schema: String) -> String {
        """
        INSERT INTO \(schema).letters AS letters (parked_at, id, queue, exchange, routing_key, source, event, type, case_id,
        class, code, message, fingerprint, pointer, rule, attempts, first_at, last_at, derived_for, headers, properties, body)
        SELECT $1, id, queue, exchange, routing_key, source, event, type, case_id, class, code, message, fingerprint,
        pointer, rule, attempts, first_at, last_at, last_at, headers, properties, body
        FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
        WITH ORDINALITY AS u(id, queue, exchange, routing_key, source, event, type, case_id, class, code, message,
        fingerprint, pointer, rule, attempts, first_at, last_at, headers, properties, body, rank)
        ORDER BY rank
        \(LetterTable.reopening(number: "DEFAULT"))
        RETURNING number
        """
    }

    static func arguments(_ letters: [DeadLetter], parkedAt: Instant) -> [Argument] {
        let texts: [(DeadLetter) -> String?] = [
            { $0.id }, { $0.queue }, { $0.exchange }, { $0.routingKey }, { $0.source }, { $0.eventId }, { $0.type },
            { $0.caseId }, { $0.failureClass }, { $0.code }, { $0.message }, { $0.fingerprint },
            { $0.pointer }, { $0.rule },
        ]
        return [.int(parkedAt.microseconds)]
            + texts.map { member in .texts(letters.map { member($0).map(storable) }) } + [
                .ints(letters.map(\.attempts)), .ints(letters.map(\.firstAt.microseconds)),
                .ints(letters.map(\.lastAt.microseconds)), .blobs(letters.map(\.headers)),
                .blobs(letters.map(\.properties)), .blobs(letters.map(\.body)),
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
}
