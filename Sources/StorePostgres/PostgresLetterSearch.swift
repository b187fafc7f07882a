import Schema
import Store

/// What finds dead letters.
extension PostgresParking {
    /// The condition of a filter, and all values of its statement.
    func terms(
        _ filter: DeadLetterFilter, _ first: String = "true", _ before: [Argument] = []
    ) -> (sql: String, arguments: [Argument]) {
        var terms = [first] + LetterTable.numericConditions(of: filter, traces: "\(schema).letter_traces")
        var arguments = before
        for (column, wanted) in LetterTable.conditions(of: filter) {
            let places = wanted.indices.map { "$\(arguments.count + $0 + 1)" }
            arguments += wanted.map { .text(LetterRow.storable($0)) }
            terms.append("\(column) IN (\(places.joined(separator: ", ")))")
        }
        if let text = filter.text {
            arguments.append(.text(LetterTable.pattern(containing: LetterRow.storable(text))))
            // Under the collation C, ILIKE takes ASCII letters alone for equal.
            let matches = LetterTable.searched.map { "\($0) COLLATE \"C\" ILIKE $\(arguments.count)" }
            terms.append("(" + matches.joined(separator: " OR ") + ")")
        }
        return (terms.joined(separator: " AND "), arguments)
    }

    private func rows<T: Sendable>(
        _ sql: String, _ arguments: [Argument], _ read: @escaping @Sendable (Rows.Row) throws -> T
    ) async throws -> [T] {
        try await reader.transaction(.snapshot, "reading") { try $0.query(sql, arguments).map(read) }
    }

    package func list(_ filter: DeadLetterFilter, after: DeadLetterPlace?, limit: Int) async throws -> [ParkedLetter] {
        let (sql, arguments) = terms(
            filter, "number < $1", [.int(after?.number ?? Int64.max), .int(Int64(max(0, limit)))])
        return try await letters("WHERE \(sql) ORDER BY number DESC LIMIT $2", arguments)
    }

    package func count(_ filter: DeadLetterFilter) async throws -> Int {
        let (sql, arguments) = terms(filter)
        return try await rows("SELECT count(*) FROM \(schema).letters WHERE \(sql)", arguments) { Int($0.int(0)) }
            .first ?? 0
    }

    package func places(
        _ filter: DeadLetterFilter, after number: Int64, limit: Int
    ) async throws -> [LetterPlace] {
        let (sql, arguments) = terms(filter, "number > $1", [.int(number), .int(Int64(max(0, limit)))])
        return try await rows(
            "SELECT \(LetterTable.placeColumns) FROM \(schema).letters WHERE \(sql) ORDER BY number LIMIT $2", arguments
        ) { try LetterTable.place($0) }
    }

    package func groups(_ filter: DeadLetterFilter, limit: Int) async throws -> [LetterGroup] {
        let (sql, arguments) = terms(filter, "true", [.int(Int64(max(0, limit)))])
        return try await rows(LetterTable.groups(of: "\(schema).letters", where: sql, limit: "$1"), arguments) {
            LetterTable.group($0)
        }
    }

    package func groupCount(_ filter: DeadLetterFilter) async throws -> Int {
        let (sql, arguments) = terms(filter)
        return try await rows(LetterTable.groupCount(of: "\(schema).letters", where: sql), arguments) {
            Int($0.int(0))
        }.first ?? 0
    }

    package func ids(beginningWith prefix: String, limit: Int) async throws -> [String] {
        let start = LetterRow.storable(prefix)
        return try await rows(
            "SELECT id FROM \(schema).letters WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3",
            [.text(start), .text(LetterTable.end(of: start)), .int(Int64(max(0, limit)))]
        ) { $0.text(0) }
    }
}
