internal import GRDB
import Schema
import Store

/// Writes entries of the journal with their outputs, and what finds and publishes them.
struct JournalWriter {
    private let entries: Query
    private let taken: Query
    private let emitted: Query
    private let changes: Query
    private let outputs: Query
    private let outbox: Query
    private let owner: WorkerId

    init(_ db: Database, owner: WorkerId) throws {
        self.owner = owner
        entries = try Query(
            db,
            """
            INSERT INTO journal (number, fate, late, now, outputs, records, policy, source, event, type, digest, timer,
            timer_at, timer_order, body, written) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        taken = try Query(db, "INSERT INTO taken (hash, entry) VALUES (?, ?)")
        emitted = try Query(db, "INSERT INTO emitted (segment, hash, place) VALUES (?, ?, ?)")
        changes = try Query(db, "INSERT OR IGNORE INTO changes (record, entry) VALUES (?, ?)")
        outputs = try Query(
            db,
            """
            INSERT INTO outputs (place, id, type, exchange, routing_key, correlation, body)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """)
        outbox = try Query(db, "INSERT INTO outbox (place, owner) VALUES (?, ?)")
    }

    /// - Parameters:
    ///   - records: the numbers of `entry.records`, in order.
    ///   - timer: the number of the timer's record.
    func write(_ entry: JournalEntry, number: Int64, records: [Int64], timer: Int64?) throws {
        guard entry.outputs.count <= Place.indexLimit else {
            throw StoreFailure(
                .corrupt, operation: "appending to the journal",
                cause: "one entry has \(entry.outputs.count) outputs, more than \(Place.indexLimit)")
        }
        try writeRow(entry, number: number, records: records, timer: timer)
        for record in records {
            try changes.bind(1, record)
            try changes.bind(2, number)
            try changes.run()
        }
        for (index, output) in entry.outputs.enumerated() {
            try write(output, at: Place(entry: number, index: index))
        }
    }

    private func writeRow(_ entry: JournalEntry, number: Int64, records: [Int64], timer: Int64?) throws {
        try entries.bind(1, number)
        try entries.bind(2, JournalRow.value(entry.fate))
        try entries.bind(3, entry.isLate ? 1 : 0)
        try entries.bind(4, entry.now.microseconds)
        try entries.bind(5, Int64(entry.outputs.count))
        try entries.bind(6, JournalRow.text(records))
        try entries.bind(7, entry.policyVersion)
        try entries.bind(16, entry.writtenAt?.microseconds)
        switch entry.input {
        case .event(let source, let id, let type, let digest, let body):
            try entries.bind(8, source)
            try entries.bind(9, id)
            try entries.bind(10, type)
            try entries.bind(11, digest)
            for index: Int32 in 12...14 { try entries.bind(index, nil as Int64?) }
            try entries.bind(15, body)
            try taken.bind(1, NarrowHash.taken(id))
            try taken.bind(2, number)
            try taken.run()
        case .timer(_, let at, let order):
            for index: Int32 in 8...11 { try entries.bind(index, nil as Int64?) }
            try entries.bind(12, timer)
            try entries.bind(13, at.microseconds)
            try entries.bind(14, Int64(order))
            try entries.bind(15, nil as [UInt8]?)
        }
        try entries.run()
    }

    private func write(_ output: JournalOutput, at place: Place) throws {
        try outputs.bind(1, place.value)
        try outputs.bind(2, output.id)
        try outputs.bind(3, output.type)
        try outputs.bind(4, output.exchange)
        try outputs.bind(5, output.routingKey)
        try outputs.bind(6, output.correlation)
        try outputs.bind(7, output.body)
        try outputs.run()
        try emitted.bind(1, place.segment)
        try emitted.bind(2, NarrowHash.emitted(output.id))
        try emitted.bind(3, place.value)
        try emitted.run()
        try outbox.bind(1, place.value)
        try outbox.bind(2, owner)
        try outbox.run()
    }
}
