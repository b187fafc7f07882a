import Schema
import Store

/// How a lease lies in its table. Its wall times are those of the database's clock.
enum LeaseRow {
    static let columns = "worker, until, consuming, since, asked, mark_own, mark_before, consumers, mark_word"

    /// - Parameter offset: how far the database's clock is ahead of this machine's.
    static func lease(_ row: Rows.Row, offset: Int64) -> Lease {
        func here(_ column: Int32) -> Instant? { row.optionalInt(column).map { Instant(microseconds: $0 &- offset) } }
        var mark: Mark?
        if let asked = here(4), let own = row.optionalInt(5), let before = row.optionalInt(6) {
            mark = Mark(
                asked: asked,
                marks: Marks(
                    own: Instant(microseconds: own), before: Instant(microseconds: before),
                    word: row.optionalInt(8).map { Instant(microseconds: $0) }),
                consumers: Int(row.int(7)))
        }
        return Lease(
            worker: row.text(0), until: here(1) ?? .distantPast,
            standing: row.isNull(2) ? nil : Standing(since: here(3), mark: mark))
    }
}
