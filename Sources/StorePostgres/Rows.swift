internal import CPostgreSQL
import Store

/// What a statement gave back, in binary format. Rows and columns count from 0.
final class Rows {
    private let result: OpaquePointer

    /// Takes over `result`.
    init(_ result: OpaquePointer) {
        self.result = result
    }

    deinit {
        PQclear(result)
    }

    var count: Int { Int(PQntuples(result)) }
    /// `COMMIT`, `UPDATE 3`.
    var command: String { PQcmdStatus(result).map { String(cString: $0) } ?? "" }

    func map<T>(_ read: (Row) throws -> T) rethrows -> [T] {
        try (0..<count).map { try read(Row(rows: self, number: Int32($0))) }
    }

    var first: Row? { count > 0 ? Row(rows: self, number: 0) : nil }

    struct Row {
        fileprivate let rows: Rows
        fileprivate let number: Int32

        func isNull(_ column: Int32) -> Bool { PQgetisnull(rows.result, number, column) == 1 }

        /// The value's bytes; they live as long as the rows. Empty for NULL.
        private func raw(_ column: Int32) -> UnsafeRawBufferPointer {
            let length = Int(PQgetlength(rows.result, number, column))
            guard length > 0, let base = PQgetvalue(rows.result, number, column) else {
                return UnsafeRawBufferPointer(start: nil, count: 0)
            }
            return UnsafeRawBufferPointer(start: base, count: length)
        }

        /// A boolean, `smallint`, `integer` or `bigint`; 0 for NULL.
        func int(_ column: Int32) -> Int64 {
            let bytes = raw(column)
            guard let first = bytes.first else { return 0 }
            if bytes.count == 1 { return Int64(first) }
            return bytes.dropFirst().reduce(Int64(Int8(bitPattern: first))) { $0 << 8 | Int64($1) }
        }

        func optionalInt(_ column: Int32) -> Int64? { isNull(column) ? nil : int(column) }
        func bytes(_ column: Int32) -> [UInt8] { [UInt8](raw(column)) }
        func text(_ column: Int32) -> String { String(decoding: raw(column), as: UTF8.self) }
        func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }
    }
}

extension Rows.Row: ColumnReading {}
