internal import GRDB
import Schema
import Store

extension SQLiteControl: WorkforceStore {
    package func say(_ sign: WorkerSign, forgetting: Instant) throws {
        try file.writeNow { db in
            let said = try Query(
                db,
                "INSERT OR REPLACE INTO signs (\(WorkforceTable.signColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            )
            for (index, text) in [(Int32(1), sign.role), (2, sign.name), (3, sign.host), (5, sign.release)] {
                try said.bind(index, text)
            }
            try said.bind(4, sign.pid)
            try said.bind(6, sign.policy)
            try said.bind(7, sign.state.rawValue)
            try said.bind(8, sign.startedAt.microseconds)
            try said.bind(9, sign.aliveUntil.microseconds)
            try said.bind(10, WorkforceTable.stored(sign.loopAt))
            try said.bind(11, WorkforceTable.stored(sign.appliedAt))
            try said.bind(12, sign.detail)
            try said.run()
            let gone = try Query(db, "DELETE FROM signs WHERE alive_until < ?")
            try gone.bind(1, forgetting.microseconds)
            try gone.run()
        }
    }

    package func signs() throws -> [WorkerSign] {
        try file.readNow { db in
            try Query(db, "SELECT \(WorkforceTable.signColumns) FROM signs ORDER BY role, name").rows {
                WorkforceTable.sign($0)
            }
        }.compactMap { $0 }
    }

    package func give(_ order: SteeringOrder) throws {
        try file.writeNow { db in
            let query = try Query(
                db, "INSERT OR REPLACE INTO orders (\(WorkforceTable.orderColumns)) VALUES (?, ?, ?, ?, ?)")
            try query.bind(1, order.target.text)
            try query.bind(2, order.wish.rawValue)
            try query.bind(3, order.count)
            try query.bind(4, order.operatorName)
            try query.bind(5, order.at.microseconds)
            try query.run()
        }
    }

    package func orders() throws -> [SteeringOrder] {
        try file.readNow { db in
            try Query(db, "SELECT \(WorkforceTable.orderColumns) FROM orders ORDER BY target").rows {
                WorkforceTable.order($0)
            }
        }.compactMap { $0 }
    }

    package func withdrawOrder(for target: SteeringTarget) throws -> Bool {
        try file.writeNow { db in
            let query = try Query(db, "DELETE FROM orders WHERE target = ? RETURNING target")
            try query.bind(1, target.text)
            return try !query.rows { $0.text(0) }.isEmpty
        }
    }
}
