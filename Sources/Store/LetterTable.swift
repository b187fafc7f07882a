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
        case_id, class, code, message, fingerprint, attempts, first_at, last_at, headers, properties, body, assignee, \
        pointer, rule, successor
        """

    /// The end of an insertion: `ParkedLetter.reopened` for the rows that are there already.
    ///
    /// - Parameter number: an expression for the next one.
    package static func reopening(number: String) -> String {
        let taken = [
            "parked_at", "exchange", "routing_key", "source", "event", "type", "case_id", "class", "code", "message",
            "fingerprint", "attempts", "first_at", "last_at", "headers", "properties", "body", "pointer", "rule",
            "derived_for",
        ]
        return """
            ON CONFLICT (id) DO UPDATE SET number = \(number), state = 'open', version = letters.version + 1,
            successor = NULL,
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
            body = \(empty), successor = NULL, traced = 0, \(kept.joined(separator: ", ")), routing_key = CASE WHEN \(forgotten) & \
            \(LetterColumns.routingKey.rawValue) = 0 THEN letters.routing_key ELSE '' END
            """
    }

    /// What the release before looks for: letters that have no traces yet and still hold something.
    package static let isUntraced = "traced = 0 AND (length(body) > 0 OR length(headers) > 0)"

    /// Letters that are not indexed yet and still hold something: a program of the release before has parked or traced
    /// them, or opened them again, which gives them another time.
    package static let isUnindexed = """
        (traced < 2 OR derived_for <> last_at) AND (length(body) > 0 OR length(headers) > 0)
        """

    /// The end of a query: the oldest that are not indexed, as many as fit, but one.
    ///
    /// - Parameters:
    ///   - table: its name.
    ///   - limit: an expression for how many at most.
    ///   - bytes: an expression for how many bytes they may have together.
    package static func unindexedPage(of table: String, limit: String, bytes: String) -> String {
        """
        WHERE number IN (
            SELECT number FROM (
                SELECT number, size, sum(size) OVER (ORDER BY number) AS total FROM (
                    SELECT number, length(body) + length(headers) + length(properties) AS size
                    FROM \(table) WHERE \(isUnindexed) ORDER BY number LIMIT \(limit)
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
        letter.pointer = row.text(25)
        letter.rule = row.text(26)
        var parked = ParkedLetter(
            letter: letter, state: try state(row.text(2)), replays: row.int(3), version: row.int(4),
            number: row.int(0), parkedAt: Instant(microseconds: row.int(5)), note: row.optionalText(6))
        parked.assignee = row.optionalText(24)
        parked.successor = row.optionalText(27)
        return parked
    }

    package static let placeColumns = "number, id, state, version, length(body), length(headers), successor"

    /// A row of `placeColumns`.
    package static func place(_ row: some ColumnReading) throws -> LetterPlace {
        let (state, isEmpty) = (try Self.state(row.text(2)), row.int(4) == 0 && row.int(5) == 0)
        return LetterPlace(
            number: row.int(0), id: row.text(1), state: state, version: row.int(3),
            isErased: isEmpty && state == .discarded, isSucceeded: row.optionalText(6) != nil)
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
            ("event", filter.eventId), ("source", filter.source), ("fingerprint", filter.fingerprint),
            ("assignee", filter.assignee),
        ]
        let types = filter.types
        return all.compactMap { column, value in value.map { (column, [$0]) } }
            + (types.isEmpty ? [] : [("type", types)])
    }

    /// What else must hold; the numbers in it are literals.
    ///
    /// - Parameter traces: the name of the table of traces.
    package static func numericConditions(of filter: DeadLetterFilter, traces: String) -> [String] {
        let bounds = [
            filter.from.map { "last_at >= \($0.microseconds)" }, filter.until.map { "last_at < \($0.microseconds)" },
            filter.upTo.map { "number <= \($0)" },
        ].compactMap { $0 }
        let successor = filter.isSucceeded.map { $0 ? ["successor IS NOT NULL"] : ["successor IS NULL"] } ?? []
        return bounds + successor + filter.traces.map { "id IN (SELECT id FROM \(traces) WHERE trace = \($0.number))" }
    }

    /// Groups of the rows of `table` that fulfil `condition`.
    ///
    /// - Parameter limit: an expression for how many at most.
    package static func groups(of table: String, where condition: String, limit: String) -> String {
        """
        SELECT fingerprint, queue, class, code, pointer, rule, count(*) AS letters,
            sum(CASE WHEN state = 'open' THEN 1 ELSE 0 END), min(first_at), max(last_at), count(DISTINCT source),
            min(source), count(DISTINCT type), min(type), max(number)
        FROM \(table) WHERE \(condition) GROUP BY fingerprint, queue, class, code, pointer, rule
        ORDER BY letters DESC, fingerprint, queue, class, code, pointer, rule LIMIT \(limit)
        """
    }

    /// How many groups there are.
    package static func groupCount(of table: String, where condition: String) -> String {
        """
        SELECT count(*) FROM (
            SELECT 1 FROM \(table) WHERE \(condition) GROUP BY fingerprint, queue, class, code, pointer, rule
        ) AS groups
        """
    }

    /// A row of `groups`.
    package static func group(_ row: some ColumnReading) -> LetterGroup {
        LetterGroup(
            fingerprint: row.text(0), queue: row.text(1), failureClass: row.text(2), code: row.text(3),
            pointer: row.text(4), rule: row.text(5), count: Int(row.int(6)), open: Int(row.int(7)),
            firstAt: Instant(microseconds: row.int(8)), lastAt: Instant(microseconds: row.int(9)),
            sources: Int(row.int(10)), source: row.optionalText(11), types: Int(row.int(12)),
            type: row.optionalText(13), newest: row.int(14))
    }

    /// Above every id that begins with `prefix`, in the order of bytes.
    package static func end(of prefix: String) -> String { prefix + "\u{10FFFF}" }

    /// The columns in which `DeadLetterFilter.text` is looked for.
    package static let searched = ["id", "source", "event", "type", "case_id", "code", "message", "pointer", "rule"]

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
