import Schema
import Store

/// What `recourse publish --ledger` has written: one line of JSON per event, `{source, id, type, confirmed}`.
package struct LedgerLine: Sendable, Hashable {
    /// nil: the published line had no readable source or id, so nobody can tell it from others.
    package let event: EventKey?
    /// The event's name without the version.
    package let type: String
    /// The broker has taken responsibility.
    package let isConfirmed: Bool
}

/// Reads a ledger in pieces; memory is bounded by one piece and the longest line.
package struct LedgerReader {
    private let name: String
    private var lines: LineReader
    private static let longest = 1 << 22

    /// - Throws: `FileFault` if the file cannot be opened.
    package init(path: String) throws {
        name = "the ledger \(path)"
        lines = try LineReader(path: path, name: name, longest: Self.longest)
    }

    /// The next lines, at most `limit`; empty at the end. Blank lines are passed over.
    ///
    /// - Throws: `FileFault` naming the line.
    package mutating func next(limit: Int) throws -> [LedgerLine] {
        var found: [LedgerLine] = []
        while found.count < limit, let line = try lines.next() {
            let place = "read \(name): line \(line.number)"
            guard let bytes = line.bytes else {
                throw FileFault("\(place) is longer than \(Self.longest) bytes")
            }
            found.append(try LedgerReader.line(bytes, place))
        }
        return found
    }

    private static func line(_ bytes: [UInt8], _ place: String) throws -> LedgerLine {
        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSON(parsing: bytes)
        } catch {
            throw FileFault("\(place): \(error.message) at byte \(error.offset)")
        }
        guard case .object = json else { throw FileFault("\(place): expected an object") }
        var event: EventKey?
        if let source = json["source"]?.string, let id = json["id"]?.string { event = EventKey(source: source, id: id) }
        let type = json["type"]?.string ?? ""
        return LedgerLine(
            event: event, type: type.hasSuffix(".v1") ? String(type.dropLast(3)) : type,
            isConfirmed: json["confirmed"] != .bool(false))
    }
}
