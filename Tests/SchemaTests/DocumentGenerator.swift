import Schema

/// Writes documents from shapes: valid ones, and such as are valid or not by a hair.
struct DocumentGenerator {
    var random: SeededRandom
    /// Once in so many values the value is taken from the near misses of its shape; nil: never.
    var nearMissOnceIn: Int?
    /// This value (counted from 0 in the order of writing) is a near miss, whatever chance says.
    var missingAt: Int?
    /// Every value of this shape has this text.
    var forced: (shape: Shape, text: String)?
    /// How many values the last document has.
    private(set) var written = 0

    init(random: SeededRandom, nearMissOnceIn: Int? = nil) {
        self.random = random
        self.nearMissOnceIn = nearMissOnceIn
    }

    /// One event document of that type, as JSON text.
    mutating func document(of entry: EventCatalogue.Entry) -> String {
        written = 0
        var fields = Event.publishedEnvelope.filter { $0.name != "type" }
        fields.append(.required("data", EventCatalogue.dataShape(of: entry.data)))
        var type = quoted(entry.data.type.wireName)
        if misses(10) { type = random.pick([#""unknown.type.v1""#, quoted(entry.data.type.rawValue), "null", "7"]) }
        return object(fields, extra: [#""type":"# + type])
    }

    /// How many values the next document will have; does not move the generator on.
    func countOfValues(of entry: EventCatalogue.Entry) -> Int {
        var copy = self
        _ = copy.document(of: entry)
        return copy.written
    }

    private mutating func misses(_ factor: Int = 1) -> Bool {
        guard let nearMissOnceIn else { return false }
        return random.once(in: nearMissOnceIn * factor)
    }

    mutating func value(of shape: Shape) -> String {
        if let forced, forced.shape == shape { return quoted(forced.text) }
        defer { written += 1 }
        if misses() || written == missingAt {
            let wrongKinds = ["null", "true", "7", "1.5", #""text""#, "[]", "{}", #"[{"a":1}]"#]
            return random.once(in: 3) ? random.pick(wrongKinds) : nearMiss(of: shape)
        }
        switch shape {
        case .id: return quoted(id(length: Int.random(in: 1...64, using: &random)))
        case .text(let min, let max): return quoted(text(length: length(min, max)))
        case .integer(let min, let max): return integer(min, max)
        case .boolean: return random.pick(["true", "false"])
        case .time: return quoted(time())
        case .date: return quoted(date())
        case .week: return quoted("20\(digits(2))-W\(digits(2))")
        case .quarter: return quoted("20\(digits(2))-Q\(Int.random(in: 1...4, using: &random))")
        case .sequence:
            return random.once(in: 2)
                ? integer(0, Shape.integerLimit) : quoted(digits(Int.random(in: 1...15, using: &random)))
        case .oneOf(let allowed): return quoted(random.pick(allowed))
        case .array(let element, let min, let max):
            let most = Swift.min(max, Swift.max(min, 3))
            return array(element, Int.random(in: min...most, using: &random))
        case .object(let fields): return object(fields)
        case .anyObject: return random.pick(["{}", #"{"a":1,"b":[null,{"c":"d"}]}"#, #"{"数":-1.25e-3}"#])
        }
    }

    private mutating func array(_ element: Shape, _ count: Int) -> String {
        "[" + (0..<count).map { _ in value(of: element) }.joined(separator: ",") + "]"
    }

    private mutating func object(_ fields: [Shape.Field], extra: [String] = []) -> String {
        var members = extra
        for field in fields {
            if field.isRequired ? misses() : random.once(in: 2) { continue }
            let isNull = !field.isRequired && random.once(in: 8)
            members.append(quoted(field.name) + ":" + (isNull ? "null" : value(of: field.shape)))
        }
        if random.once(in: 4) { members.append(#""unknownMember":{"x":[1,2.5,"三"]}"#) }
        return "{" + members.shuffled(using: &random).joined(separator: ",") + "}"
    }

    /// Around the bounds, or plainly wrong.
    private mutating func nearMiss(of shape: Shape) -> String {
        switch shape {
        case .id:
            return quoted(random.pick(Self.oddIds + [id(length: 64), id(length: 65)]))
        case .text(let min, let max):
            let count = random.pick([Swift.max(0, min - 1), min, Swift.min(max, 4000), max + 1])
            return random.once(in: 5) ? #""nul\u0000""# : quoted(text(length: Swift.min(count, 20_001)))
        case .integer(let min, let max):
            return random.pick([
                "\(min - 1)", "\(max + 1)", "\(min)", "\(max)", "\(min).0", "1.0", "1e2", "12e-1", "1E400", "-0",
                "-0.0",
            ])
        case .boolean: return random.pick(["0", #""true""#])
        case .time: return quoted(random.pick(Self.oddTimes))
        case .date: return quoted(random.pick(Self.oddDates))
        case .week: return quoted(random.pick(Self.oddWeeks))
        case .quarter: return quoted(random.pick(Self.oddQuarters))
        case .sequence:
            return random.once(in: 2)
                ? nearMiss(of: .integer(min: 0, max: Shape.integerLimit)) : quoted(random.pick(Self.oddSequences))
        case .oneOf(let allowed): return quoted(random.pick(allowed) + random.pick(["", " ", "x", "\n"]))
        case .array(let element, let min, let max):
            let count = random.pick([Swift.max(0, min - 1), min, Swift.min(max, 100), Swift.min(max, 200) + 1])
            return array(element, count)
        case .object(let fields): return object(fields.filter { _ in !random.once(in: 5) })
        case .anyObject: return random.pick(["[]", "{}", "null"])
        }
    }

    /// Texts around the border of what each form allows, on both sides of it.
    static let oddTexts: [(shape: Shape, texts: [String])] = [
        (.id, oddIds), (.time, oddTimes), (.date, oddDates), (.week, oddWeeks), (.quarter, oddQuarters),
        (.sequence, oddSequences),
    ]

    private static let oddIds = [
        "", "a", "-a", ":a", "_a", "a-:_", "a b", "é", "a\n", "Kelvin\u{212A}", "a.b",
        String(repeating: "a", count: 64), String(repeating: "a", count: 65),
    ]
    private static let oddWeeks = [
        "2026-W47", "2026-W60", "0000-W00", "2026-W7", "2026-W473", "2026-w47", "2026W47", "2026-W47\n", "２026-W47",
    ]
    private static let oddQuarters = ["2026-Q1", "2026-Q4", "2026-Q0", "2026-Q5", "2026Q4", "2026-Q4 ", "2026-Q4\n"]

    private static let oddSequences = [
        "", "0", "7", "0000000012", "999999999999999", "1000000000000000", "-1", "+1", "1.0", " 1", "1\n", "１", "0x1",
    ]

    private static let oddDates = [
        "2026-02-30", "2024-02-29", "2023-02-29", "1900-02-29", "2000-02-29", "2026-04-31", "2026-13-01", "2026-00-10",
        "2026-01-00", "2026-1-1", "20260101", "0000-01-01", "0001-01-01", "9999-12-31", "2026-01-01T00:00:00Z",
        "2026-01-01\n", "2026–01–01", "２026-01-01", "+026-01-01", "", "0004-02-29", "2100-02-29",
    ]

    private static let oddTimes = [
        "2026-02-30T10:00:00Z", "2024-02-29t10:00:00z", "2023-02-29T10:00:00Z", "2026-11-21T24:00:00Z",
        "2026-11-21T23:59:60Z", "2026-11-21T23:60:00Z", "2026-11-21T10:00:00", "2026-11-21 10:00:00Z",
        "2026-11-21T10:00:00+24:00", "2026-11-21T10:00:00+23:59", "2026-11-21T10:00:00-00:00",
        "2026-11-21T10:00:00+0800", "2026-11-21T10:00:00.Z", "2026-11-21T10:00:00.123456789012Z",
        "2026-11-21T10:00Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0002-01-01T00:00:00+23:59",
        "9998-12-31T23:59:59-23:59", "9999-12-31T23:59:59Z", "2026-11-21T10:00:00Z\n", "2026-11-21", "",
        "2026-11-21T10:00:00Z ", "２026-11-21T10:00:00Z", "2026-11-21T10:00:00+08:60", "2026-11-21T1:00:00+08:00",
    ]

    private mutating func length(_ min: Int, _ max: Int) -> Int {
        random.once(in: 12) ? random.pick([min, max]) : Int.random(in: min...Swift.min(max, min + 12), using: &random)
    }

    private mutating func text(length: Int) -> String {
        let alphabet: [Character] = ["a", "Z", "9", " ", "三", "é", "\"", "\\", "/", "\n", "\t", "\u{1}", "\u{7f}", "😀"]
        var text = ""
        for _ in 0..<length { text.append(random.pick(alphabet)) }
        return text
    }

    private mutating func id(length: Int) -> String {
        let first = Array("abcXYZ019")
        var text = String(random.pick(first))
        while text.utf8.count < length { text.append(random.pick(first + Array("_:-"))) }
        return text
    }

    private mutating func digits(_ count: Int) -> String {
        String((0..<count).map { _ in random.pick(Array("0123456789")) })
    }

    private mutating func date() -> String {
        CivilDate(daysSinceEpoch: Int64.random(in: -30_000...60_000, using: &random)).description
    }

    private mutating func time() -> String {
        let clock = "1\(digits(1)):3\(digits(1)):5\(digits(1))"
        let fraction = random.once(in: 3) ? "." + digits(Int.random(in: 1...9, using: &random)) : ""
        return date() + random.pick(["T", "T", "t"]) + clock + fraction
            + random.pick(["Z", "z", "+08:00", "-11:30", "+00:00", "-00:00"])
    }

    private mutating func integer(_ min: Int64, _ max: Int64) -> String {
        let low = Int64.random(in: min...Swift.min(max, min + 9), using: &random)
        let number = random.once(in: 6) ? random.pick([min, max]) : low
        return random.once(in: 6) ? "\(number).0" : "\(number)"
    }

    private func quoted(_ text: String) -> String { String(decoding: JSON.string(text).serialized, as: UTF8.self) }
}
