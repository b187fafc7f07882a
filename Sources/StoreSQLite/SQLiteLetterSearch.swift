internal import GRDB
import Schema
import Store

/// What finds dead letters.
extension SQLiteParking {
    /// The condition of a filter; its texts stand behind so many other values.
    struct Terms {
        let sql: String
        let values: [String]
        private let before: Int

        init(_ filter: DeadLetterFilter, _ first: String = "1", behind before: Int) {
            self.before = before
            var terms = [first] + LetterTable.numericConditions(of: filter, traces: "letter_traces")
            var values: [String] = []
            for (column, wanted) in LetterTable.conditions(of: filter) {
                let places = wanted.indices.map { "?\(before + values.count + $0 + 1)" }
                values += wanted
                terms.append("\(column) IN (\(places.joined(separator: ", ")))")
            }
            if let text = filter.text {
                values.append(LetterTable.pattern(containing: text))
                let matches = LetterTable.searched.map { "\($0) LIKE ?\(before + values.count) ESCAPE '\\'" }
                terms.append("(" + matches.joined(separator: " OR ") + ")")
            }
            sql = terms.joined(separator: " AND ")
            self.values = values
        }

        func bind(to query: Query) throws {
            for (index, value) in values.enumerated() { try query.bind(Int32(before + index + 1), value) }
        }
    }

    package func list(_ filter: DeadLetterFilter, after: DeadLetterPlace?, limit: Int) async throws -> [ParkedLetter] {
        try await file.read { db in
            let terms = Terms(filter, "number < ?1", behind: 2)
            let query = try Query(
                db, "SELECT \(LetterTable.columns) FROM letters WHERE \(terms.sql) ORDER BY number DESC LIMIT ?2")
            try query.bind(1, after?.number ?? Int64.max)
            try query.bind(2, Int64(max(0, limit)))
            try terms.bind(to: query)
            return try query.rows { try LetterTable.letter($0) }
        }
    }

    package func count(_ filter: DeadLetterFilter) async throws -> Int {
        try await file.read { db in
            let terms = Terms(filter, behind: 0)
            let query = try Query(db, "SELECT count(*) FROM letters WHERE \(terms.sql)")
            try terms.bind(to: query)
            return try query.first { Int($0.int(0)) } ?? 0
        }
    }

    package func places(
        _ filter: DeadLetterFilter, after number: Int64, limit: Int
    ) async throws -> [LetterPlace] {
        try await file.read { db in
            let terms = Terms(filter, "number > ?1", behind: 2)
            let query = try Query(
                db, "SELECT \(LetterTable.placeColumns) FROM letters WHERE \(terms.sql) ORDER BY number LIMIT ?2")
            try query.bind(1, number)
            try query.bind(2, Int64(max(0, limit)))
            try terms.bind(to: query)
            return try query.rows { try LetterTable.place($0) }
        }
    }

    package func groups(_ filter: DeadLetterFilter, limit: Int) async throws -> [LetterGroup] {
        try await file.read { db in
            let terms = Terms(filter, behind: 1)
            let query = try Query(db, LetterTable.groups(of: "letters", where: terms.sql, limit: "?1"))
            try query.bind(1, Int64(max(0, limit)))
            try terms.bind(to: query)
            return try query.rows { LetterTable.group($0) }
        }
    }

    package func groupCount(_ filter: DeadLetterFilter) async throws -> Int {
        try await file.read { db in
            let terms = Terms(filter, behind: 0)
            let query = try Query(db, LetterTable.groupCount(of: "letters", where: terms.sql))
            try terms.bind(to: query)
            return try query.first { Int($0.int(0)) } ?? 0
        }
    }

    package func ids(beginningWith prefix: String, limit: Int) async throws -> [String] {
        try await file.read { db in
            let query = try Query(db, "SELECT id FROM letters WHERE id >= ? AND id < ? ORDER BY id LIMIT ?")
            try query.bind(1, prefix)
            try query.bind(2, LetterTable.end(of: prefix))
            try query.bind(3, Int64(max(0, limit)))
            return try query.rows { $0.text(0) }
        }
    }
}
