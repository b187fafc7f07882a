import Schema
import Testing

private func text(_ value: some Encodable) throws -> String {
    String(decoding: try JSONEncoding.bytes(of: value), as: UTF8.self)
}

private struct Sample: Codable, Equatable {
    enum Kind: String, Codable { case first, second = "the second" }
    struct Inner: Codable, Equatable {
        var list: [Inner] = []
        var name: String?
    }

    var zulu = Int64.min
    var alpha = UInt8.max
    var half = 0.5
    var float: Float = 2
    var yes = true
    var kind = Kind.second
    var none: Int?
    var some: String? = "三\u{1F}\"\\/\n"
    var kinds = [Kind.first, .second]
    var inner = Inner(list: [Inner(), Inner(name: "x")])
    var free: JSON = ["b": [.null, 1], "a": .double(1.5)]
    var at = Instant(microseconds: 1_800_000_000_123_400)
    var on = CivilDate(daysSinceEpoch: 20_000)
}

@Suite struct `JSON that Recourse writes` {
    @Test func `is compact, in the order of declaration, without the members that are nil`() throws {
        let expected =
            #"{"zulu":-9223372036854775808,"alpha":255,"half":0.5,"float":2,"yes":true,"kind":"the second","#
            + #""some":"三\u001f\"\\/\n","kinds":["first","the second"],"inner":{"list":[{"list":[]},"#
            + #"{"list":[],"name":"x"}]},"free":{"b":[null,1],"a":1.5},"at":"2027-01-15T16:00:00.1234+08:00","#
            + #""on":"2024-10-04"}"#
        #expect(try text(Sample()) == expected)
        #expect(try JSONDecoding.decode(Sample.self, from: Array(expected.utf8)) == Sample())
    }

    @Test func `writes single values and empty containers`() throws {
        struct Nothing: Codable {}
        #expect(try text("a") == #""a""#)
        #expect(try text(7) == "7")
        #expect(try text([Int]()) == "[]")
        #expect(try text(Nothing()) == "{}")
        #expect(try text([Nothing(), Nothing()]) == "[{},{}]")
        #expect(try text([[1], [], [2, 3]]) == "[[1],[],[2,3]]")
        #expect(try text([Optional(1), nil]) == "[1,null]")
        #expect(try text(JSON.null) == "null")
    }

    @Test(arguments: 1...50)
    func `reads back as the same tree`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let json = tree(&random, depth: 4)
        let bytes = json.serialized
        #expect(try JSON(parsing: bytes) == json)
        #expect(try JSONEncoding.bytes(of: json) == bytes)
        #expect(try JSONEncoding.tree(of: json) == json)
    }

    @Test(arguments: ["\"", "\\", "\u{1F}", "\u{1}", "\u{20}", "\u{7F}", "é", "三", "😀", "!", "#", "[", "]"])
    func `finds what must be escaped wherever it stands`(special: String) throws {
        for before in 0..<20 {
            for after in 0..<10 {
                let sample = String(repeating: "a", count: before) + special + String(repeating: "é", count: after)
                let json = JSON.string(sample)
                let isEscaped = json.serialized.contains(UInt8(ascii: "\\"))
                #expect(isEscaped == ["\"", "\\", "\u{1F}", "\u{1}"].contains(special))
                #expect(try JSON(parsing: json.serialized) == json)
            }
        }
    }

    private func tree(_ random: inout SeededRandom, depth: Int) -> JSON {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .int(Int64.random(in: -9_007_199_254_740_992...9_007_199_254_740_992, using: &random))
        case 3: return .double(Double(Int.random(in: -999...999, using: &random)) + 0.25)
        case 4:
            let scalars = (0..<8).compactMap { _ in Unicode.Scalar(UInt32.random(in: 1...0x1_FFFF, using: &random)) }
            return .string(String(String.UnicodeScalarView(scalars)))
        case 5: return .array((0..<3).map { _ in tree(&random, depth: depth - 1) })
        default: return .object((0..<3).map { JSON.Member("m\($0)", tree(&random, depth: depth - 1)) })
        }
    }

    @Test(arguments: 1...20)
    func `writes times as their description says`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        for scale in [1, 1_000, 1_000_000, 3_600_000_000] as [Int64] {
            let range = -62_135_596_800_000_000 / scale...253_402_271_999_000_000 / scale
            let instant = Instant(microseconds: Int64.random(in: range, using: &random) * scale)
            #expect(try text(instant) == "\"\(instant)\"")
            #expect(try JSONDecoding.decode(Instant.self, from: Array(text(instant).utf8)) == instant)
        }
    }

    @Test func `gives the reason of a decision in the bytes that encoding gives`() throws {
        let because = Because(rule: "R04", parameters: ["a": 1], facts: [:], policy: "三\"")
        let event = Event(
            id: "e", source: "s", time: Instant(seconds: 0), data: CalendarMissing(year: 2027))
        let body = String(decoding: event.body(because: because), as: UTF8.self)
        #expect(body.hasSuffix(#""data":{"year":2027,"because":"# + (try text(because)) + "}}"))
    }

    private struct Nesting: Encodable {
        let way: Int
        enum Key: CodingKey { case a }

        func encode(to encoder: any Encoder) throws {
            switch way {
            case 0:
                var members = encoder.container(keyedBy: Key.self)
                var nested = members.nestedContainer(keyedBy: Key.self, forKey: .a)
                try nested.encode(1, forKey: .a)
            case 1:
                var members = encoder.container(keyedBy: Key.self)
                var nested = members.nestedUnkeyedContainer(forKey: .a)
                try nested.encode(1)
            case 2:
                var members = encoder.container(keyedBy: Key.self)
                try 1.encode(to: members.superEncoder(forKey: .a))
            case 3:
                var elements = encoder.unkeyedContainer()
                var nested = elements.nestedUnkeyedContainer()
                try nested.encode("x")
            default:
                var elements = encoder.unkeyedContainer()
                try Nesting(way: 0).encode(to: elements.superEncoder())
            }
        }
    }

    @Test(arguments: 0..<5)
    func `refuses nested containers, whose end cannot be known`(way: Int) {
        #expect(throws: (any Error).self) { try JSONEncoding.bytes(of: Nesting(way: way)) }
    }

    @Test func `refuses an integer that 63 bits do not hold`() {
        #expect(throws: (any Error).self) { try JSONEncoding.bytes(of: UInt64.max) }
        #expect(throws: (any Error).self) { try JSONEncoding.bytes(of: ["a": UInt64.max]) }
    }

    @Test func `has sorted maps in the order of their keys`() throws {
        var map = SortedMap<Int>()
        for key in ["b", "a", "c", "a"] { map[key] = (map[key] ?? 0) + 1 }
        map["b"] = nil
        #expect(try text(map) == #"{"a":2,"c":1}"#)
        #expect(try JSONDecoding.decode(SortedMap<Int>.self, from: Array(#"{"c":1,"a":2}"#.utf8)) == map)
        #expect(map.count == 2)
        #expect(map["b"] == nil)
    }
}

@Suite struct `Reading values from JSON` {
    private func decode<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
        try JSONDecoding.decode(type, from: Array(text.utf8))
    }

    @Test func `finds the members in whatever order they come`() throws {
        struct Three: Decodable, Equatable {
            let a: Int
            var b: Int?
            let c: Int
        }
        for given in [#"{"a":1,"b":2,"c":3}"#, #"{"c":3,"b":2,"a":1}"#, #"{"c":3,"x":0,"a":1,"y":0,"b":2}"#] {
            #expect(try decode(Three.self, given) == Three(a: 1, b: 2, c: 3))
        }
        #expect(try decode(Three.self, #"{"b":null,"c":3,"a":1}"#) == Three(a: 1, b: nil, c: 3))
        var map = SortedMap<Int>()
        for number in 0..<1000 { map["k\(number)"] = number }
        let backwards = "{" + map.entries.reversed().map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
        #expect(try decode(SortedMap<Int>.self, backwards) == map)
    }

    @Test func `takes a missing member and null as nil`() throws {
        struct Optionals: Decodable, Equatable {
            var number: Int?
            var wide: Int64?
            var truth: Bool?
            var name: String?
            var person: Person?
            var small: UInt8?
        }
        #expect(try decode(Optionals.self, "{}") == Optionals())
        let nulls = #"{"number":null,"wide":null,"truth":null,"name":null,"person":null,"small":null}"#
        #expect(try decode(Optionals.self, nulls) == Optionals())
        let given = #"{"number":1,"wide":2,"truth":true,"name":"x","person":{"id":"p","tier":"hq"},"small":3}"#
        #expect(
            try decode(Optionals.self, given)
                == Optionals(
                    number: 1, wide: 2, truth: true, name: "x", person: Person(id: "p", tier: "hq"), small: 3))
    }

    @Test(arguments: [
        #"{"id":1,"tier":"hq"}"#, #"{"id":null,"tier":"hq"}"#, #"{"tier":"hq"}"#, "[]", "null", #""x""#,
        #"{"id":"p","tier":"hq","storeId":7}"#,
    ])
    func `refuses another kind of value, and what is missing`(text: String) {
        #expect(throws: DecodingError.self) { try decode(Person.self, text) }
    }

    @Test func `refuses what does not fit the type`() {
        #expect(throws: DecodingError.self) { try decode(UInt8.self, "256") }
        #expect(throws: DecodingError.self) { try decode(Int.self, "1.5") }
        #expect(throws: DecodingError.self) { try decode(Instant.self, #""2026-11-21""#) }
        #expect(throws: DecodingError.self) { try decode(CivilDate.self, #""2026-02-30""#) }
        #expect(throws: DecodingError.self) { try decode(HandlerTier.self, #""business""#) }
    }

    @Test func `never tells a value in its errors`() {
        let error = #expect(throws: DecodingError.self) {
            try decode(Person.self, #"{"id":["13800138000"],"tier":"hq"}"#)
        }
        #expect(error.map { String(describing: $0).contains("13800138000") } == false)
    }
}
