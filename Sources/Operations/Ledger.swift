import Foundation
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

/// A ledger that cannot be read.
package struct LedgerFault: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// Reads a ledger in pieces; memory is bounded by one piece and the longest line.
package struct LedgerReader {
    private let path: String
    private let handle: FileHandle
    private var rest: [UInt8] = []
    private var position = 0
    private var lineNumber = 0
    private var isAtEnd = false
    private static let chunk = 1 << 18

    /// - Throws: `LedgerFault` if the file cannot be opened.
    package init(path: String) throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw LedgerFault(description: "read the ledger \(path): the file cannot be opened")
        }
        self.path = path
        self.handle = handle
    }

    /// The next lines, at most `limit`; empty at the end. Blank lines are passed over.
    ///
    /// - Throws: `LedgerFault` naming the line.
    package mutating func next(limit: Int) throws -> [LedgerLine] {
        var lines: [LedgerLine] = []
        while lines.count < limit {
            if let end = rest[position...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(rest[position..<end])
                position = end + 1
                try take(line, into: &lines)
            } else if isAtEnd {
                let line = Array(rest[position...])
                position = rest.count
                try take(line, into: &lines)
                break
            } else {
                try refill()
            }
        }
        return lines
    }

    private mutating func refill() throws {
        rest.removeFirst(position)
        position = 0
        do {
            let data = try handle.read(upToCount: LedgerReader.chunk) ?? Data()
            isAtEnd = data.isEmpty
            rest.append(contentsOf: data)
        } catch {
            throw LedgerFault(description: "read the ledger \(path): \(error.localizedDescription)")
        }
        guard rest.count <= 1 << 22 else {
            throw LedgerFault(description: "read the ledger \(path): line \(lineNumber + 1) is longer than 4 MiB")
        }
    }

    private mutating func take(_ line: [UInt8], into lines: inout [LedgerLine]) throws {
        lineNumber += 1
        guard line.contains(where: { $0 > UInt8(ascii: " ") }) else { return }
        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSON(parsing: line)
        } catch {
            throw LedgerFault(
                description: "read the ledger \(path): line \(lineNumber): \(error.message) at byte \(error.offset)")
        }
        guard case .object = json else {
            throw LedgerFault(description: "read the ledger \(path): line \(lineNumber): expected an object")
        }
        var event: EventKey?
        if let source = json["source"]?.string, let id = json["id"]?.string { event = EventKey(source: source, id: id) }
        let type = json["type"]?.string ?? ""
        lines.append(
            LedgerLine(
                event: event, type: type.hasSuffix(".v1") ? String(type.dropLast(3)) : type,
                isConfirmed: json["confirmed"] != .bool(false)))
    }
}
