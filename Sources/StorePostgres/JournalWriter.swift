import Schema
import Store

/// Queues the statements that append entries with their outputs, and what finds and publishes them: four for any number
/// of entries.
struct JournalWriter {
    let conversation: Conversation
    let schema: String
    let owner: WorkerId

    /// - Parameters:
    ///   - offset: how far the number before the first of `entries` lies behind the last number given.
    ///   - number: the number of a record.
    func write(_ entries: ArraySlice<JournalEntry>, offset: Int64, number: (RecordKey) throws -> Int64) throws {
        var timers: [Int64?] = []
        var records: [[Int64]] = []
        for entry in entries {
            records.append(try entry.records.map(number))
            if case .timer(let key, _, _) = entry.input { timers.append(try number(key)) } else { timers.append(nil) }
        }
        try writeRows(Array(entries), offset, timers: timers, records: records)
        try writeOutputs(entries, offset)
        let changed = records.enumerated().flatMap { row, numbers in Set(numbers).map { ($0, Int64(row + 1)) } }
        guard !changed.isEmpty else { return }
        try conversation.send(
            """
            INSERT INTO \(schema).changes SELECT c.record, \(first(of: "c")) FROM unnest($2, $3) AS c(record, rank)
            """, [.int(offset), .ints(changed.map(\.0)), .ints(changed.map(\.1))])
    }

    /// The number of an entry: its row counts from 1, and this transaction holds the counter.
    private func first(of table: String) -> String { "(SELECT last FROM \(schema).counters) - $1 + \(table).rank" }

    private func writeRows(
        _ entries: [JournalEntry], _ offset: Int64, timers: [Int64?], records: [[Int64]]
    ) throws {
        try conversation.send(
            """
            INSERT INTO \(schema).journal
            SELECT \(first(of: "e")), fate, late <> 0, now, outputs, records::bigint[], policy, claim, source, event,
            type, digest, timer, timer_at, timer_order, body, written
            FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) WITH ORDINALITY
            AS e(fate, late, now, outputs, records, policy, claim, source, event, type, digest, timer, timer_at,
            timer_order, body, written, rank) ORDER BY e.rank
            """,
            [
                .int(offset), .ints(entries.map { JournalRow.value($0.fate) }),
                .ints(entries.map { $0.isLate ? 1 : 0 }), .ints(entries.map(\.now.microseconds)),
                .ints(entries.map { Int64($0.outputs.count) }),
                .texts(records.map { "{" + $0.map(String.init).joined(separator: ",") + "}" }),
                .texts(entries.map(\.policyVersion)),
                .blobs(entries.map { $0.event.map { IdDigest.claim(source: $0.source, id: $0.id) } }),
                .texts(entries.map { $0.event?.source }), .texts(entries.map { $0.event?.id }),
                .texts(entries.map { $0.event?.type }), .blobs(entries.map { $0.event?.digest }),
                .ints(timers), .ints(entries.map { $0.timer?.at.microseconds }),
                .ints(entries.map { ($0.timer?.order).map { Int64($0) } }), .blobs(entries.map { $0.event?.body }),
                .ints(entries.map { $0.writtenAt?.microseconds }),
            ])
    }

    private func writeOutputs(_ entries: ArraySlice<JournalEntry>, _ offset: Int64) throws {
        let outputs = entries.enumerated().flatMap { row, entry in
            entry.outputs.enumerated().map { (row: Int64(row + 1), place: Int64($0), output: $1) }
        }
        guard !outputs.isEmpty else { return }
        let places: [Argument] = [.int(offset), .ints(outputs.map(\.row)), .ints(outputs.map(\.place))]
        try conversation.send(
            """
            INSERT INTO \(schema).outputs
            SELECT \(first(of: "o")), place, hash, id, type, exchange, routing_key, correlation, body
            FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10)
            AS o(rank, place, hash, id, type, exchange, routing_key, correlation, body)
            """,
            places + [
                .ints(outputs.map { IdDigest.output($0.output.id) }), .texts(outputs.map(\.output.id)),
                .texts(outputs.map(\.output.type)), .texts(outputs.map(\.output.exchange)),
                .texts(outputs.map(\.output.routingKey)), .texts(outputs.map(\.output.correlation)),
                .blobs(outputs.map(\.output.body)),
            ])
        try conversation.send(
            "INSERT INTO \(schema).outbox SELECT \(first(of: "o")), place, $4 FROM unnest($2, $3) AS o(rank, place)",
            places + [.text(owner)])
    }
}

extension JournalEntry {
    fileprivate var event: (source: String, id: String, type: String, digest: [UInt8], body: [UInt8])? {
        if case .event(let source, let id, let type, let digest, let body) = input {
            (source, id, type, digest, body)
        } else {
            nil
        }
    }

    fileprivate var timer: (at: Instant, order: Int)? {
        if case .timer(_, let at, let order) = input { (at, order) } else { nil }
    }

    /// How much of a statement the entry takes.
    var bodyBytes: Int { (event?.body.count ?? 0) + outputs.reduce(0) { $0 + $1.body.count } }
}
