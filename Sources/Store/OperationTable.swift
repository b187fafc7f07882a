import Schema

/// What the tables `operations`, `operation_items` and `letter_edits` have in common in all databases.
package enum OperationTable {
    package static let columns = """
        number, id, verb, state, operator, at, rate, step, total, cause, runner, runs_until, version
        """

    /// A row of `columns`.
    package static func operation(_ row: some ColumnReading) throws -> LetterOperation {
        var operation = LetterOperation(
            id: row.text(1), verb: row.text(2), state: try word(row.text(3), "an operation"),
            operatorName: row.text(4), at: Instant(microseconds: row.int(5)), rate: row.int(6), step: row.int(7))
        operation.number = row.int(0)
        operation.total = row.int(8)
        (operation.cause, operation.runner) = (row.text(9), row.text(10))
        operation.runsUntil = Instant(microseconds: row.int(11))
        operation.version = row.int(12)
        return operation
    }

    package static let itemColumns = "position, letter, state, verdict, detail, fingerprint"

    /// A row of `itemColumns`.
    package static func item(_ row: some ColumnReading) throws -> OperationItem {
        OperationItem(
            position: row.int(0), letter: row.text(1), state: try word(row.text(2), "a letter of an operation"),
            verdict: row.text(3), detail: row.text(4), fingerprint: row.text(5))
    }

    /// A row of state, verdict, detail and how many there are.
    package static func count(_ row: some ColumnReading) throws -> OperationCount {
        OperationCount(
            state: try word(row.text(0), "a letter of an operation"), verdict: row.text(1), detail: row.text(2),
            count: Int(row.int(3)))
    }

    package static let editColumns = """
        number, id, batch, letter, state, author, at, decided_by, decided_at, successor, content IS NULL, content
        """

    /// A row of `editColumns`.
    package static func edit(_ row: some ColumnReading) throws -> LetterEdit {
        var edit = LetterEdit(
            number: row.int(0), id: row.text(1), batch: row.text(2), letter: row.text(3),
            state: try word(row.text(4), "an edit"), author: row.text(5), at: Instant(microseconds: row.int(6)),
            content: row.int(10) == 0 ? row.bytes(11) : nil)
        edit.decidedBy = row.optionalText(7)
        edit.decidedAt = edit.decidedBy == nil ? nil : Instant(microseconds: row.int(8))
        edit.successor = row.optionalText(9)
        return edit
    }

    /// What an erasure makes of an edit.
    package static let erasure = "state = CASE WHEN state = 'proposed' THEN 'rejected' ELSE state END, content = NULL"

    private static func word<Word: RawRepresentable<String>>(_ text: String, _ what: String) throws -> Word {
        guard let word = Word(rawValue: text) else {
            throw StoreFailure(
                .corrupt, operation: "reading \(what)", cause: "a row has an unknown state; use a newer program")
        }
        return word
    }
}
