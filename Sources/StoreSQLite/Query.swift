internal import GRDB
internal import GRDBSQLite
import Store

/// A prepared statement, cached by its connection. Values are bound and read through SQLite's own interface: a worker
/// writes some ten rows for each event, and boxing every value would cost more than SQLite itself.
struct Query {
    private let handle: OpaquePointer
    private let connection: OpaquePointer?

    init(_ db: Database, _ sql: String) throws {
        handle = try db.cachedStatement(sql: sql).sqliteStatement
        connection = db.sqliteConnection
    }

    /// SQLite copies what is bound, so that no pointer outlives its call.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    private func check(_ code: Int32) throws {
        guard code != SQLITE_OK else { return }
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
        throw DatabaseError(
            resultCode: ResultCode(rawValue: code), message: connection.map { String(cString: sqlite3_errmsg($0)) })
    }

    // MARK: Binding, from 1

    func bind(_ index: Int32, _ value: Int64?) throws {
        guard let value else { return try check(sqlite3_bind_null(handle, index)) }
        try check(sqlite3_bind_int64(handle, index, value))
    }

    func bind(_ index: Int32, _ value: String?) throws {
        guard var value else { return try check(sqlite3_bind_null(handle, index)) }
        try check(
            value.withUTF8 { text in
                text.withMemoryRebound(to: CChar.self) {
                    // A nil pointer would be NULL, so an empty text needs a real one.
                    guard let base = $0.baseAddress else { return sqlite3_bind_text(handle, index, "", 0, Self.copied) }
                    return sqlite3_bind_text(handle, index, base, Int32(clamping: $0.count), Self.copied)
                }
            })
    }

    func bind(_ index: Int32, _ value: [UInt8]?) throws {
        guard let value else { return try check(sqlite3_bind_null(handle, index)) }
        try check(
            value.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress, !bytes.isEmpty else {
                    return sqlite3_bind_zeroblob(handle, index, 0)
                }
                return sqlite3_bind_blob(handle, index, base, Int32(clamping: bytes.count), Self.copied)
            })
    }

    // MARK: Running

    /// Runs a statement that gives no rows.
    func run() throws {
        let code = sqlite3_step(handle)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { return try check(code) }
        try check(sqlite3_reset(handle))
    }

    /// Reads all rows. `read` may not run this same statement.
    func rows<T>(_ read: (Row) throws -> T) throws -> [T] {
        var rows: [T] = []
        defer { sqlite3_reset(handle) }
        while true {
            let code = sqlite3_step(handle)
            if code == SQLITE_DONE { return rows }
            guard code == SQLITE_ROW else {
                try check(code)
                return rows
            }
            rows.append(try read(Row(handle: handle)))
        }
    }

    /// Reads the first row, if there is one.
    func first<T>(_ read: (Row) throws -> T) throws -> T? {
        defer { sqlite3_reset(handle) }
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return try read(Row(handle: handle)) }
        if code != SQLITE_DONE { try check(code) }
        return nil
    }

    /// The row that a statement is at; columns count from 0.
    struct Row {
        fileprivate let handle: OpaquePointer

        func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }
        func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
        func optionalInt(_ column: Int32) -> Int64? { isNull(column) ? nil : int(column) }

        func bytes(_ column: Int32) -> [UInt8] {
            guard let base = sqlite3_column_blob(handle, column) else { return [] }
            return [UInt8](UnsafeRawBufferPointer(start: base, count: Int(sqlite3_column_bytes(handle, column))))
        }

        func text(_ column: Int32) -> String {
            guard let base = sqlite3_column_text(handle, column) else { return "" }
            let count = Int(sqlite3_column_bytes(handle, column))
            return String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
        }

        func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }
    }
}

extension Query.Row: ColumnReading {}
