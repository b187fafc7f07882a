import Schema
import Testing

@testable import Operations

/// Rows as texts: the line on which each begins, and its cells.
private func rows(_ text: String, _ separator: Separator = .comma, pieces: [Int] = []) -> [TableReader.Row] {
    var reader = TableReader(separator: separator.byte)
    var rows: [TableReader.Row] = []
    var rest = Array(text.utf8)[...]
    for size in pieces {
        reader.read(rest.prefix(size)) { rows.append($0) }
        rest = rest.dropFirst(size)
    }
    reader.read(rest) { rows.append($0) }
    reader.finish { rows.append($0) }
    return rows
}

private func shown(_ rows: [TableReader.Row]) -> [String] {
    rows.map { row in "\(row.line): " + (0..<row.count).map { row.text($0) }.joined(separator: "|") }
}

@Suite struct `Reading a table` {
    @Test func `splits cells at the separator, and rows at any line end`() {
        #expect(shown(rows("a,b\nc,d")) == ["1: a|b", "2: c|d"])
        #expect(shown(rows("a,b\r\nc,d\r\n")) == ["1: a|b", "2: c|d"])
        #expect(shown(rows("a,b\rc,d\r")) == ["1: a|b", "2: c|d"])
        #expect(shown(rows("a;b,c\n", .semicolon)) == ["1: a|b,c"])
        #expect(shown(rows("a\t\tc\n", .tab)) == ["1: a||c"])
        #expect(rows("").isEmpty)
        #expect(shown(rows("a,")) == ["1: a|"])
    }

    @Test func `keeps separators, line ends and doubled quotation marks inside of quotation marks`() {
        #expect(shown(rows("\"a,b\",\"c\"\"d\"\n")) == ["1: a,b|c\"d"])
        #expect(shown(rows("\"\",\"\"\"\"\n")) == ["1: |\""])
        #expect(shown(rows("a\"b,c\n")) == ["1: a\"b|c"])
        #expect(shown(rows("1,\"x\r\ny\rz\nw\"\n2,b\n")) == ["1: 1|x\ny\nz\nw", "5: 2|b"])
    }

    @Test func `counts lines of the file, not rows`() {
        #expect(shown(rows("h\n\n\"a\n\nb\"\nc\n")) == ["1: h", "2: ", "3: a\n\nb", "6: c"])
    }

    @Test func `tells what is wrong with quotation marks, and where`() throws {
        let unclosed = try #require(rows("a,b\n1,\"x\ny\n").last)
        #expect(unclosed.line == 2)
        #expect(unclosed.faults == [.init(cell: 1, problem: .unclosed)])
        let behind = rows("\"he said \"hi\" twice\",b\nc,d\n")
        #expect(behind[0].faults.first == .init(cell: 0, problem: .behindQuote))
        #expect(behind[1].faults.isEmpty)
        #expect(rows("\"a\" ,b\n")[0].faults.isEmpty)
    }

    @Test func `holds no more of a row than its bound`() throws {
        var reader = TableReader(separator: Separator.comma.byte)
        var found: [TableReader.Row] = []
        reader.read("x\n\"".utf8) { found.append($0) }
        let piece = [UInt8](repeating: UInt8(ascii: "y"), count: 1 << 18)
        for _ in 0..<8 {
            reader.read(piece) { found.append($0) }
            #expect(reader.heldBytes <= TableReader.longestRow)
        }
        reader.read("\"\nz\n".utf8) { found.append($0) }
        #expect(found.map(\.line) == [1, 2, 3])
        #expect(found[1].faults == [.init(cell: 0, problem: .tooLong)])
        #expect(found[2].faults.isEmpty)
    }

    @Test func `takes as many cells as a row may have, and no more`() {
        let most = String(repeating: ",", count: TableReader.mostCells - 1)
        #expect(rows(most + "\n")[0].faults.isEmpty)
        #expect(rows(most + ",\n")[0].faults == [.init(cell: 0, problem: .tooLong)])
    }

    /// Any piece may end inside of a quotation, between its two marks, or between the two bytes of a line end.
    @Test(arguments: 1...200) func `gives the same rows however the text is cut`(seed: UInt64) {
        var random = Numbers(state: seed)
        let signs = ["a", "中", ",", "\"", "\"\"", "\n", "\r", "\r\n", "😀", " "]
        let text = (0..<60).map { _ in signs[random.next(below: signs.count)] }.joined()
        let pieces = (0..<40).map { _ in random.next(below: 5) }
        #expect(rows(text) == rows(text, pieces: pieces), "seed \(seed): \(text)")
    }
}

/// The same on every machine.
struct Numbers {
    var state: UInt64

    mutating func next(below bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }
}

@Suite struct `The encoding of a table` {
    private static let text = "工单号,客户\n1,张三😀é\n"
    private static let utf16: [UInt8] = text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    private static let utf16Big: [UInt8] = text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    /// Two bytes for what GBK has, four for what only GB18030 has: 😀 is 94 39 FC 36, é is A8 A6.
    private static let gb18030: [UInt8] =
        [0xB9, 0xA4, 0xB5, 0xA5, 0xBA, 0xC5, 0x2C, 0xBF, 0xCD, 0xBB, 0xA7, 0x0A, 0x31, 0x2C, 0xD5, 0xC5, 0xC8, 0xFD]
        + [0x94, 0x39, 0xFC, 0x36, 0xA8, 0xA6, 0x0A]

    struct Fixture: Sendable, CustomTestStringConvertible {
        let encoding: TextEncoding
        let bytes: [UInt8]
        let reason: String
        var testDescription: String { "\(encoding.rawValue) by \(reason)" }
    }

    static let fixtures = [
        Fixture(encoding: .utf8, bytes: Array(text.utf8), reason: "valid throughout"),
        Fixture(encoding: .utf8, bytes: [0xEF, 0xBB, 0xBF] + Array(text.utf8), reason: "byte-order mark"),
        Fixture(encoding: .utf16LittleEndian, bytes: [0xFF, 0xFE] + utf16, reason: "byte-order mark"),
        Fixture(encoding: .utf16BigEndian, bytes: [0xFE, 0xFF] + utf16Big, reason: "byte-order mark"),
        Fixture(encoding: .utf16LittleEndian, bytes: utf16, reason: "zero bytes"),
        Fixture(encoding: .utf16BigEndian, bytes: utf16Big, reason: "zero bytes"),
        Fixture(encoding: .gb18030, bytes: gb18030, reason: "no UTF-8, and valid throughout"),
    ]

    @Test(arguments: fixtures) func `is told by the bytes`(fixture: Fixture) {
        let guess = TextEncoding.guess(fixture.bytes, isWhole: true)
        #expect(guess == TextEncoding.Guess(encoding: fixture.encoding, reason: fixture.reason))
    }

    @Test(arguments: fixtures) func `gives the same text however the bytes are cut`(fixture: Fixture) throws {
        for size in [1, 2, 3, 5, 7, fixture.bytes.count] {
            let decoder = try TextDecoder(fixture.encoding)
            var text: [UInt8] = []
            var rest = fixture.bytes[...]
            while !rest.isEmpty {
                text += decoder.decode(Array(rest.prefix(size)), isLast: false)
                rest = rest.dropFirst(size)
            }
            text += decoder.decode([], isLast: true)
            #expect(String(decoding: text, as: UTF8.self) == Self.text, "pieces of \(size)")
        }
    }

    @Test func `is not told by a sample that ends inside of a character alone`() {
        let bytes = Array("工单".utf8.dropLast())
        #expect(TextEncoding.guess(bytes, isWhole: false)?.encoding == .utf8)
        #expect(TextEncoding.guess(Array(Self.gb18030.prefix(9)), isWhole: false)?.encoding == .gb18030)
        #expect(TextEncoding.guess([0x41, 0xFF, 0xFF, 0x42], isWhole: true) == nil)
        #expect(TextEncoding.guess(Array("a,b\n".utf8), isWhole: true)?.reason == "nothing but ASCII")
        #expect(TextEncoding.guess([], isWhole: true)?.encoding == .utf8)
    }

    @Test func `marks what is no character, and reads on behind it`() throws {
        let gb = try TextDecoder(.gbk).decode([0x61, 0xFF, 0x62, 0xD5, 0xC5], isLast: true)
        #expect(String(decoding: gb, as: UTF8.self) == "a\u{FFFD}b张")
        let wide = try TextDecoder(.utf16LittleEndian).decode([0x61, 0, 0x00, 0xDC, 0x62, 0], isLast: true)
        #expect(String(decoding: wide, as: UTF8.self) == "a\u{FFFD}b")
        let cut = try TextDecoder(.gb18030).decode([0x61, 0xD5], isLast: true)
        #expect(String(decoding: cut, as: UTF8.self) == "a\u{FFFD}")
    }

    @Test func `has its separator by the names that are asked for`() {
        func guess(_ text: String, _ names: [String] = ["工单号", "客户"], line: Int = 1) -> Separator.Guess {
            Separator.guess(Array(text.utf8), headerLine: line, names: names)
        }
        #expect(guess("工单号,客户\n").separator == .comma)
        #expect(guess("工单号;客户;a,b,c,d\n").separator == .semicolon)
        #expect(guess("工单号\t客户\n").separator == .tab)
        #expect(guess("热线登记表,,,,\n工单号;客户\n", line: 2).separator == .semicolon)
        #expect(guess("x;y;z\n") == Separator.Guess(separator: .semicolon, reason: "number of cells"))
        #expect(guess("sep=;\n工单号,客户\n") == Separator.Guess(separator: .semicolon, reason: "first line"))
        #expect(guess("one\n", []).separator == .comma)
    }
}
