import Schema
import Store

/// Reads entries of the journal with their outputs and the names of their records, in one round trip.
struct JournalPage {
    let schema: String
    let withBodies: Bool

    /// - Parameter numbers: a query of the entries' numbers.
    func read(
        _ numbers: String, _ arguments: [Argument], _ conversation: Conversation
    ) throws -> [JournalEntry] {
        let body = withBodies ? "body" : "''::bytea"
        let entries = try conversation.send(
            """
            SELECT number, fate, late, now, outputs, records::text, policy, source, event, type, digest, timer, timer_at,
            timer_order, \(body), written FROM \(schema).journal WHERE number IN (\(numbers)) ORDER BY number
            """, arguments)
        let outputs = try conversation.send(
            """
            SELECT entry, \(OutputRow.columns("o", withBody: withBodies)) FROM \(schema).outputs o
            WHERE entry IN (\(numbers)) ORDER BY entry, place
            """, arguments)
        let names = try conversation.send(
            """
            WITH page AS (SELECT records, timer FROM \(schema).journal WHERE number IN (\(numbers)))
            SELECT number, kind, id FROM \(schema).records
            WHERE number IN (SELECT unnest(records) FROM page UNION SELECT timer FROM page)
            """, arguments)
        let answers = try conversation.flush()
        var keys: [Int64: RecordKey] = [:]
        for (number, key) in answers[names].map({ ($0.int(0), RecordKey(kind: $0.text(1), id: $0.text(2))) }) {
            keys[number] = key
        }
        var emitted: [Int64: [JournalOutput]] = [:]
        for (entry, output) in answers[outputs].map({ ($0.int(0), OutputRow.output($0, from: 1)) }) {
            emitted[entry, default: []].append(output)
        }
        return try answers[entries].map { row in
            let outputs = emitted[row.int(0)] ?? []
            guard outputs.count == Int(row.int(4)) else {
                throw PostgresSnapshot.corrupt("entry \(row.int(0)) has lost outputs")
            }
            return try entry(row, keys, outputs)
        }
    }

    private func entry(
        _ row: Rows.Row, _ keys: [Int64: RecordKey], _ outputs: [JournalOutput]
    ) throws -> JournalEntry {
        func name(_ number: Int64) throws -> RecordKey {
            guard let key = keys[number] else {
                throw PostgresSnapshot.corrupt("record number \(number) is missing")
            }
            return key
        }
        let input: JournalInput =
            if let timer = row.optionalInt(11) {
                .timer(try name(timer), at: Instant(microseconds: row.int(12)), order: Int(row.int(13)))
            } else {
                .event(
                    source: row.text(7), id: row.text(8), type: row.text(9), digest: row.bytes(10), body: row.bytes(14))
            }
        // `{3,14}`
        let records = row.text(5).dropFirst().dropLast().split(separator: ",").compactMap { Int64($0) }
        var entry = JournalEntry(
            input: input, fate: JournalRow.fate(row.int(1)), now: Instant(microseconds: row.int(3)),
            isLate: row.int(2) == 1, policyVersion: row.text(6), records: try records.map(name), outputs: outputs)
        entry.number = row.int(0)
        entry.writtenAt = row.optionalInt(15).map { Instant(microseconds: $0) }
        return entry
    }
}

enum JournalRow {
    static func fate(_ value: Int64) -> Fate { value == 0 ? .applied : .refused }
    static func value(_ fate: Fate) -> Int64 { fate == .applied ? 0 : 1 }
}

/// How an output lies in its table.
enum OutputRow {
    static func columns(_ table: String, withBody: Bool) -> String {
        ["id", "type", "exchange", "routing_key", "correlation"].map { "\(table).\($0), " }.joined()
            + (withBody ? "\(table).body" : "''::bytea")
    }

    static func output(_ row: Rows.Row, from column: Int32) -> JournalOutput {
        JournalOutput(
            id: row.text(column), type: row.text(column + 1), exchange: row.text(column + 2),
            routingKey: row.text(column + 3), correlation: row.optionalText(column + 4), body: row.bytes(column + 5))
    }
}
