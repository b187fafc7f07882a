import Schema
import Testing

private func parse(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }

private func rule(of bytes: [UInt8]) -> String {
    do {
        _ = try JSON(parsing: bytes)
        return "accepted"
    } catch {
        return error.rule
    }
}

private func rule(of text: String) -> String { rule(of: Array(text.utf8)) }

@Suite struct `The JSON parser` {
    @Test func `reads every kind of value with space around it`() throws {
        let json = try parse(" \t\r\n{ \"a\" : [ null , true , false , -12 , 1.5 , \"x\" , { } , [ ] ] } ")
        #expect(
            json == ["a": [.null, true, false, -12, .double(1.5), "x", [:], .array([])]])
    }

    @Test func `keeps members in the order of the document`() throws {
        #expect(try parse(#"{"b":1,"a":2,"c":3}"#).members?.map(\.name) == ["b", "a", "c"])
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("-0.0", 0), ("1.0", 1), ("1e2", 100), ("1E+2", 100), ("100e-2", 1), ("-7", -7),
            ("9007199254740992", 9_007_199_254_740_992), ("-9007199254740992", -9_007_199_254_740_992),
            ("9007199254740992.0", 9_007_199_254_740_992), ("9007199254740993", 9_007_199_254_740_993),
        ] as [(String, Int64)])
    func `takes a whole number as an integer, however it is written`(text: String, value: Int64) throws {
        #expect(try parse(text) == .int(value))
    }

    @Test(arguments: [
        ("0.5", 0.5), ("-1.25e-3", -0.00125), ("1e300", 1e300), ("92233720368547758080", 9.223372036854775808e19),
    ])
    func `takes other numbers as they are`(text: String, value: Double) throws {
        #expect(try parse(text) == .double(value))
    }

    @Test(arguments: [
        "", " ", "01", "-", "-a", "+1", "1.", ".5", "1.e2", "1e", "1e+", "0x1", "NaN", "Infinity", "tru", "TRUE", "nul",
        "'a'", "{", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "[1 2]",
        "1 2", "{}x", "\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\n\"", "\"\t\"", "/**/1", "]", ":",
        " \u{FEFF}{}", "{}\u{FEFF}", "[1}", "{\"a\":1]", "\u{A0}1",
    ])
    func `refuses what RFC 8259 does not know`(text: String) {
        #expect(rule(of: text) == "syntax")
    }

    @Test func `refuses numbers that no number can hold`() {
        #expect(rule(of: "1e400") == "number")
        #expect(rule(of: "-1e400") == "number")
    }

    @Test func `resolves escapes`() throws {
        #expect(try parse(#""\"\\\/\b\f\n\r\t\u0041\u4e09\uD83D\ude00""#) == "\"\\/\u{8}\u{C}\n\r\tA三😀")
    }

    @Test func `refuses U+0000, however deep it lies`() {
        #expect(rule(of: #""\u0000""#) == "nul")
        #expect(rule(of: #"{"unknown":[{"x":"a\u0000b"}]}"#) == "nul")
        #expect(rule(of: #"{"\u0000":1}"#) == "nul")
        #expect(rule(of: [0x22, 0x00, 0x22]) == "syntax")
    }

    @Test(arguments: [#""\ud800""#, #""\udc00""#, #""\ud800x""#, #""\ud800A""#, #""\ud800\ud800""#, #""\udc00\ud800""#])
    func `refuses lone surrogates`(text: String) {
        #expect(rule(of: text) == "surrogate")
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0x80], [0xC3], [0xE4, 0xB8], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
            [0xF8, 0x88, 0x80],
        ] as [[UInt8]])
    func `refuses what is not UTF-8`(bytes: [UInt8]) {
        #expect(rule(of: [0x22] + bytes + [0x22]) == "utf-8")
        #expect(rule(of: Array(#""\n"#.utf8) + bytes + [0x22]) == "utf-8")
    }

    @Test func `refuses a name that comes twice, in small objects and in large ones`() {
        #expect(rule(of: #"{"a":1,"b":2,"a":3}"#) == "duplicate-name")
        #expect(rule(of: #"{"a":1,"\u0061":2}"#) == "duplicate-name")
        let names = (0..<40).map { "\"n\($0)\":0" }
        #expect(rule(of: "{" + names.joined(separator: ",") + "}") == "accepted")
        #expect(rule(of: "{" + names.joined(separator: ",") + ",\"n7\":1}") == "duplicate-name")
    }

    @Test func `tells names apart that look alike`() {
        #expect(rule(of: "{\"\u{E9}\":1,\"e\u{301}\":2}") == "accepted")
        #expect(rule(of: "{\"a\u{323}\u{307}\":1,\"a\u{307}\u{323}\":2}") == "accepted")
        let filler = (0..<20).map { "\"n\($0)\":0," }.joined()
        #expect(rule(of: "{" + filler + "\"\u{E9}\":1,\"e\u{301}\":2}") == "accepted")
    }

    @Test func `goes down as far as the limit and no further`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(rule(of: nested(JSON.depthLimit)) == "accepted")
        #expect(rule(of: nested(JSON.depthLimit + 1)) == "depth")
        #expect(rule(of: String(repeating: "{\"a\":", count: 200_000)) == "depth")
    }

    @Test func `says where the document ends being one`() throws {
        let error = #expect(throws: JSONSyntaxError.self) { try parse(#"{"a": tru}"#) }
        #expect(error?.offset == 6)
        #expect(error?.message.contains("tru") == false)
    }

    @Test(arguments: 1...30)
    func `never fails on damaged documents otherwise than by its error`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var generator = DocumentGenerator(random: random)
        for entry in EventCatalogue.entries {
            var bytes = Array(generator.document(of: entry).utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: at)
                default: bytes.removeLast(bytes.count - at)
                }
                if bytes.isEmpty { break }
            }
            do {
                let event = try Event.read(bytes)
                #expect(EventCatalogue.byWireName[event.type.wireName] != nil)
            } catch {
                #expect(!error.faults.isEmpty)
            }
        }
    }
}
