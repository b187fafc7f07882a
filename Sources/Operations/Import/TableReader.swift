/// Splits the text of a table into rows, piece by piece: comma-separated values (RFC 4180), with any separator.
///
/// A pure value: the same bytes give the same rows, however they are cut into pieces. It holds one row at most, and of
/// that at most `longestRow` bytes, so that a quotation mark that is never closed does not fill the memory.
package struct TableReader: Sendable {
    /// One row. Cells are the UTF-8 between separators, without quotation marks; a line end within one is a line feed.
    package struct Row: Sendable, Hashable {
        /// The line of the file on which it begins, from 1.
        package fileprivate(set) var line: Int
        private var bytes: [UInt8] = []
        /// Behind the last byte of each cell.
        private var ends: [Int] = []
        /// What is wrong with how it is written, with the index of the cell.
        package fileprivate(set) var faults: [Fault] = []

        package struct Fault: Sendable, Hashable {
            package let cell: Int
            package let problem: Problem
        }

        package enum Problem: String, Sendable {
            case unclosed = "a quotation mark is opened here and never closed"
            case behindQuote =
                "text stands behind a closing quotation mark; inside quotation marks one is written twice"
            case tooLong = "the row is too long; look for a quotation mark that is never closed"
        }

        fileprivate init(line: Int) {
            self.line = line
        }

        package var count: Int { ends.count }

        /// Of all its cells.
        package var size: Int { bytes.count }

        package subscript(_ cell: Int) -> ArraySlice<UInt8> { bytes[(cell == 0 ? 0 : ends[cell - 1])..<ends[cell]] }

        /// Bytes that are no characters are U+FFFD.
        package func text(_ cell: Int) -> String { String(decoding: self[cell], as: UTF8.self) }

        /// Nothing but blanks in all of its cells.
        package var isBlank: Bool {
            bytes.isEmpty || (0..<count).allSatisfy { CellText.trimmed(text($0)).isEmpty }
        }

        fileprivate mutating func append(_ byte: UInt8) { bytes.append(byte) }
        fileprivate mutating func endCell() { ends.append(bytes.count) }
    }

    private enum Place {
        case cellStart, plain, quoted
        /// Behind a quotation mark inside a quoted cell: the end of it, or the first of two.
        case quote
    }

    /// Bounds of a row, in bytes and cells.
    package static let longestRow = 1 << 20
    package static let mostCells = 4_096

    private let separator: UInt8
    private var row = Row(line: 1)
    private var place = Place.cellStart
    /// The line in hand.
    private var line = 1
    private var isBehindReturn = false
    private var isTooLong = false
    private var hasBytes = false

    package init(separator: UInt8) {
        self.separator = separator
    }

    /// How many bytes of a row that is not complete are held.
    package var heldBytes: Int { row.size }

    /// Takes the next piece, and hands over each row that it completes.
    package mutating func read<Failure: Error>(
        _ piece: some Sequence<UInt8>, _ body: (Row) throws(Failure) -> Void
    ) throws(Failure) {
        for byte in piece {
            if isBehindReturn {
                isBehindReturn = false
                if byte == UInt8(ascii: "\n") { continue }
            }
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                isBehindReturn = byte == UInt8(ascii: "\r")
                line += 1
                if place == .quoted { put(UInt8(ascii: "\n")) } else { try endRow(body) }
            } else {
                take(byte)
            }
        }
    }

    /// Hands over the last row, if no line end stands behind it.
    package mutating func finish<Failure: Error>(_ body: (Row) throws(Failure) -> Void) throws(Failure) {
        if place == .quoted { fault(.unclosed) }
        if hasBytes { try endRow(body) }
    }

    private mutating func take(_ byte: UInt8) {
        hasBytes = true
        switch place {
        case .cellStart:
            if byte == UInt8(ascii: "\"") {
                place = .quoted
            } else if byte == separator {
                endCell()
            } else {
                place = .plain
                put(byte)
            }
        case .plain:
            if byte == separator { endCell() } else { put(byte) }
        case .quoted:
            if byte == UInt8(ascii: "\"") { place = .quote } else { put(byte) }
        case .quote:
            if byte == UInt8(ascii: "\"") {
                place = .quoted
                put(byte)
            } else if byte == separator {
                endCell()
            } else {
                // Some programs write blanks there.
                if byte != UInt8(ascii: " "), byte != UInt8(ascii: "\t") { fault(.behindQuote) }
                place = .plain
                put(byte)
            }
        }
    }

    private mutating func fault(_ problem: Row.Problem) {
        row.faults.append(Row.Fault(cell: row.count, problem: problem))
    }

    private mutating func put(_ byte: UInt8) {
        hasBytes = true
        if row.size < Self.longestRow { row.append(byte) } else { isTooLong = true }
    }

    private mutating func endCell() {
        if row.count < Self.mostCells { row.endCell() } else { isTooLong = true }
        place = .cellStart
    }

    private mutating func endRow<Failure: Error>(_ body: (Row) throws(Failure) -> Void) throws(Failure) {
        endCell()
        if isTooLong { row.faults.append(Row.Fault(cell: 0, problem: .tooLong)) }
        let complete = row
        row = Row(line: line)
        isTooLong = false
        hasBytes = false
        try body(complete)
    }
}
