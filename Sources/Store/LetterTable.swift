import Schema

/// A row of a query as a database's adapter gives it; columns count from 0.
package protocol ColumnReading {
    func int(_ column: Int32) -> Int64
    func bytes(_ column: Int32) -> [UInt8]
    func text(_ column: Int32) -> String
    func optionalText(_ column: Int32) -> String?
}

/// What the table `letters` of dead letters has in common in all databases.
package enum LetterTable {
    package static let columns = """
        number, id, state, replays, version, parked_at, note, queue, exchange, routing_key, source, event, type, \
        case_id, class, code, message, fingerprint, attempts, first_at, last_at, headers, properties, body
        """

    /// The end of an insertion: `ParkedLetter.reopened` for the rows that are there already.
    ///
    /// - Parameter number: an expression for the next one.
    package static func reopening(number: String) -> String {
        let taken = [
            "parked_at", "exchange", "routing_key", "source", "event", "type", "case_id", "class", "code", "message",
            "fingerprint", "attempts", "first_at", "last_at", "headers", "properties", "body",
        ]
        return """
            ON CONFLICT (id) DO UPDATE SET number = \(number), state = 'open', version = letters.version + 1,
            note = CASE WHEN length(letters.body) = 0 THEN NULL ELSE letters.note END,
            \(taken.map { "\($0) = excluded.\($0)" }.joined(separator: ", "))
            WHERE letters.state <> 'open' AND excluded.last_at <> letters.last_at
            """
    }

    /// What is left of a row that is erased.
    ///
    /// - Parameters:
    ///   - forgotten: an expression for the number of `LetterColumns`.
    ///   - empty: a literal for no bytes.
    package static func erasure(forgotten: String, empty: String) -> String {
        let columns: [(LetterColumns, String)] = [
            (.source, "source"), (.event, "event"), (.type, "type"), (.case, "case_id"),
        ]
        let kept = columns.map { column, name in
            "\(name) = CASE WHEN \(forgotten) & \(column.rawValue) = 0 THEN letters.\(name) END"
        }
        return """
            state = 'discarded', version = version + 1, message = '', headers = \(empty), properties = \(empty), \
            body = \(empty), traced = 0, \(kept.joined(separator: ", ")), routing_key = CASE WHEN \(forgotten) & \
            \(LetterColumns.routingKey.rawValue) = 0 THEN letters.routing_key ELSE '' END
            """
    }

    /// Letters that have no traces yet and still hold something.
    package static let isUntraced = "traced = 0 AND (length(body) > 0 OR length(headers) > 0)"

    /// The end of a query: the oldest untraced ones, as many as fit, but one.
    ///
    /// - Parameters:
    ///   - table: its name.
    ///   - limit: an expression for how many at most.
    ///   - bytes: an expression for how many bytes they may have together.
    package static func untracedPage(of table: String, limit: String, bytes: String) -> String {
        """
        WHERE number IN (
            SELECT number FROM (
                SELECT number, size, sum(size) OVER (ORDER BY number) AS total FROM (
                    SELECT number, length(body) + length(headers) + length(properties) AS size
                    FROM \(table) WHERE \(isUntraced) ORDER BY number LIMIT \(limit)
                ) AS oldest
            ) AS sums WHERE total = size OR total <= \(bytes)
        ) ORDER BY number
        """
    }

    /// A row of `columns`.
    package static func letter(_ row: some ColumnReading) throws -> ParkedLetter {
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

    /// A row of queue, class, state and how many there are.
    package static func count(_ row: some ColumnReading) throws -> DeadLetterCount {
        DeadLetterCount(
            queue: row.text(0), failureClass: row.text(1), state: try state(row.text(2)), count: Int(row.int(3)))
    }

    private static func state(_ word: String) throws -> DeadLetterState {
        guard let state = DeadLetterState(rawValue: word) else {
            throw StoreFailure(
                .corrupt, operation: "reading dead letters", cause: "a row has an unknown state; use a newer program")
        }
        return state
    }

    /// The columns that must have one of these values.
    package static func conditions(of filter: DeadLetterFilter) -> [(column: String, values: [String])] {
        let all: [(String, String?)] = [
            ("state", filter.state?.rawValue), ("class", filter.failureClass), ("queue", filter.queue),
            ("case_id", filter.caseId), ("fingerprint", filter.fingerprint),
        ]
        let types = filter.types
        return all.compactMap { column, value in value.map { (column, [$0]) } }
            + (types.isEmpty ? [] : [("type", types)])
    }

    /// The columns in which `DeadLetterFilter.text` is looked for.
    package static let searched = ["id", "source", "event", "type", "case_id", "code", "message"]

    /// For `LIKE … ESCAPE '\'`, which is the escape of PostgreSQL anyway.
    package static func pattern(containing text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            if character == "%" || character == "_" || character == "\\" { escaped += "\\" }
            escaped.unicodeScalars.append(character)
        }
        return "%" + escaped + "%"
    }
}
