internal import GRDB
import Schema
import Store

/// A row of the journal, before its outputs and the names of its records are read.
struct JournalRow {
    let number: Int64
    let fate: Fate
    let isLate: Bool
    let now: Instant
    let outputs: Int
    let records: [Int64]
    let policy: String
    /// nil for a timer.
    let event: JournalInput?
    let timer: (record: Int64, at: Instant, order: Int)?
    let writtenAt: Instant?

    static func columns(withBody: Bool) -> String {
        "number, fate, late, now, outputs, records, policy, source, event, type, digest, timer, timer_at, timer_order, "
            + (withBody ? "body" : "x''") + ", written"
    }

    static func fate(_ value: Int64) -> Fate { value == 0 ? .applied : .refused }
    static func value(_ fate: Fate) -> Int64 { fate == .applied ? 0 : 1 }

    init(_ row: Query.Row) {
        number = row.int(0)
        fate = Self.fate(row.int(1))
        isLate = row.int(2) != 0
        now = Instant(microseconds: row.int(3))
        outputs = Int(row.int(4))
        records = Self.numbers(row.text(5))
        policy = row.text(6)
        writtenAt = row.optionalInt(15).map { Instant(microseconds: $0) }
        if row.isNull(11) {
            event = .event(
                source: row.text(7), id: row.text(8), type: row.text(9), digest: row.bytes(10), body: row.bytes(14))
            timer = nil
        } else {
            event = nil
            timer = (row.int(11), Instant(microseconds: row.int(12)), Int(row.int(13)))
        }
    }

    /// `[3,14]`
    static func text(_ numbers: [Int64]) -> String {
        "[" + numbers.map(String.init).joined(separator: ",") + "]"
    }

    private static func numbers(_ text: String) -> [Int64] {
        text.dropFirst().dropLast().split(separator: ",").compactMap { Int64($0) }
    }
}

/// Completes rows of the journal to entries; remembers the names of the records that it has met.
struct JournalReader {
    private let db: Database
    private let withBodies: Bool
    private var names: [Int64: RecordKey] = [:]

    init(_ db: Database, withBodies: Bool) {
        self.db = db
        self.withBodies = withBodies
    }

    mutating func entry(_ row: JournalRow) throws -> JournalEntry {
        let records = try row.records.map { try name($0) }
        let input: JournalInput
        if let timer = row.timer {
            input = .timer(try name(timer.record), at: timer.at, order: timer.order)
        } else if let event = row.event {
            input = event
        } else {
            throw SQLiteSnapshot.corrupt("entry \(row.number) has neither event nor timer")
        }
        var entry = JournalEntry(
            input: input, fate: row.fate, now: row.now, isLate: row.isLate, policyVersion: row.policy,
            records: records,
            outputs: row.outputs == 0 ? [] : try Self.outputs(db, of: row.number, withBodies: withBodies))
        entry.number = row.number
        entry.writtenAt = row.writtenAt
        guard entry.outputs.count == row.outputs else {
            throw SQLiteSnapshot.corrupt("entry \(row.number) has lost outputs")
        }
        return entry
    }

    private mutating func name(_ number: Int64) throws -> RecordKey {
        if let known = names[number] { return known }
        let query = try Query(db, "SELECT kind, id FROM records WHERE number = ?")
        try query.bind(1, number)
        guard let key = try query.first({ RecordKey(kind: $0.text(0), id: $0.text(1)) }) else {
            throw SQLiteSnapshot.corrupt("record number \(number) is missing")
        }
        // A bound on memory, however long the journal.
        if names.count >= 10_000 { names.removeAll(keepingCapacity: true) }
        names[number] = key
        return key
    }

    private static func columns(withBody: Bool) -> String {
        "id, type, exchange, routing_key, correlation, " + (withBody ? "body" : "x''")
    }

    private static func output(_ row: Query.Row) -> JournalOutput {
        JournalOutput(
            id: row.text(0), type: row.text(1), exchange: row.text(2), routingKey: row.text(3),
            correlation: row.optionalText(4), body: row.bytes(5))
    }

    private static func outputs(_ db: Database, of entry: Int64, withBodies: Bool) throws -> [JournalOutput] {
        let query = try Query(
            db, "SELECT \(columns(withBody: withBodies)) FROM outputs WHERE place BETWEEN ? AND ? ORDER BY place")
        try query.bind(1, Place(entry: entry, index: 0).value)
        try query.bind(2, Place(entry: entry, index: Place.indexLimit - 1).value)
        return try query.rows { output($0) }
    }

    static func output(_ db: Database, at place: Place) throws -> JournalOutput {
        let query = try Query(db, "SELECT \(columns(withBody: true)) FROM outputs WHERE place = ?")
        try query.bind(1, place.value)
        guard let output = try query.first({ output($0) }) else {
            throw SQLiteSnapshot.corrupt("output \(place.index) of entry \(place.entry) is missing")
        }
        return output
    }
}
