import Schema
import Store

extension PostgresControl: WorkforceStore {
    package func say(_ sign: WorkerSign, forgetting: Instant) throws {
        _ = try run(
            """
            WITH gone AS (
                DELETE FROM \(schema).signs WHERE alive_until < $13 AND (role, name) <> ($1, $2)
            )
            INSERT INTO \(schema).signs (\(WorkforceTable.signColumns))
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (role, name) DO UPDATE
            SET host = excluded.host, pid = excluded.pid, release = excluded.release, policy = excluded.policy,
            state = excluded.state, started_at = excluded.started_at, alive_until = excluded.alive_until,
            loop_at = excluded.loop_at, applied_at = excluded.applied_at, detail = excluded.detail
            """,
            [
                .text(sign.role), .text(sign.name), .text(sign.host), .int(sign.pid), .text(sign.release),
                .text(sign.policy), .text(sign.state.rawValue), .int(sign.startedAt.microseconds),
                .int(sign.aliveUntil.microseconds), .int(WorkforceTable.stored(sign.loopAt)),
                .int(WorkforceTable.stored(sign.appliedAt)), .text(sign.detail), .int(forgetting.microseconds),
            ])
    }

    package func signs() throws -> [WorkerSign] {
        try run("SELECT \(WorkforceTable.signColumns) FROM \(schema).signs ORDER BY role, name")
            .map { WorkforceTable.sign($0) }.compactMap { $0 }
    }

    package func give(_ order: SteeringOrder) throws {
        _ = try run(
            """
            INSERT INTO \(schema).orders (\(WorkforceTable.orderColumns)) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (target) DO UPDATE
            SET wish = excluded.wish, count = excluded.count, operator = excluded.operator, at = excluded.at
            """,
            [
                .text(order.target.text), .text(order.wish.rawValue), .int(order.count), .text(order.operatorName),
                .int(order.at.microseconds),
            ])
    }

    package func orders() throws -> [SteeringOrder] {
        try run("SELECT \(WorkforceTable.orderColumns) FROM \(schema).orders ORDER BY target")
            .map { WorkforceTable.order($0) }.compactMap { $0 }
    }

    package func withdrawOrder(for target: SteeringTarget) throws -> Bool {
        try !run("DELETE FROM \(schema).orders WHERE target = $1 RETURNING target", [.text(target.text)]).map { _ in 0 }
            .isEmpty
    }
}
