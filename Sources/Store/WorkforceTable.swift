import Schema

/// What the tables `signs` and `orders` have in common in all databases.
package enum WorkforceTable {
    package static let signColumns = """
        role, name, host, pid, release, policy, state, started_at, alive_until, loop_at, applied_at, detail
        """

    /// A row of `signColumns`; nil: it has a state of a newer release.
    package static func sign(_ row: some ColumnReading) -> WorkerSign? {
        guard let state = WorkerSign.State(rawValue: row.text(6)) else { return nil }
        return WorkerSign(
            name: row.text(1), role: row.text(0), host: row.text(2), pid: row.int(3), release: row.text(4),
            policy: row.text(5), state: state, startedAt: Instant(microseconds: row.int(7)),
            aliveUntil: Instant(microseconds: row.int(8)),
            loopAt: time(row.int(9)), appliedAt: time(row.int(10)), detail: row.text(11))
    }

    /// How a time that may be none is stored: 0 is none.
    package static func stored(_ time: Instant?) -> Int64 { time?.microseconds ?? 0 }
    private static func time(_ stored: Int64) -> Instant? { stored == 0 ? nil : Instant(microseconds: stored) }

    package static let orderColumns = "target, wish, count, operator, at"

    /// A row of `orderColumns`; nil: it is one of a newer release.
    package static func order(_ row: some ColumnReading) -> SteeringOrder? {
        guard let target = SteeringTarget(text: row.text(0)), let wish = SteeringOrder.Wish(rawValue: row.text(1))
        else {
            return nil
        }
        return SteeringOrder(
            target, wish, count: row.int(2), by: row.text(3), at: Instant(microseconds: row.int(4)))
    }
}
