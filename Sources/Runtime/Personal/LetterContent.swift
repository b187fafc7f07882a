import Broker
import Schema
import Store

/// What a dead letter, or a message that waits, tells of persons. It may be anything, so all of it is looked through.
struct LetterContent {
    /// Of every number that is, or could be, a telephone number, however it is spelt and whatever it stands in.
    private(set) var numbers: Set<PhoneKey> = []
    private let sought: Set<PhoneKey>?
    /// What the letter is about.
    private(set) var subjects: Set<PersonalSubject> = []
    /// How many customers it names.
    private(set) var customers = 0
    /// It tells a number that is for calls alone: whoever has it is not whom the call is to.
    private(set) var isCorrection = false
    /// Those of their numbers that are keys.
    private(set) var phones: Set<PhoneKey> = []
    /// What members of these names say, wherever they stand: what letters are searched by.
    private(set) var terms: Set<LetterTerm> = []
    private let columns: [(column: LetterColumns, text: String)]
    private static let limit = 2_000
    /// How many more runs of digits are tried; a message of nothing but digits holds millions.
    private var tries = 20_000

    /// There is more in it than is kept beside it: whoever is sought must be looked for in the letter itself.
    var isOverfull: Bool { tries <= 0 || numbers.count + subjects.count > Self.limit }

    /// - Parameter sought: of the numbers these alone; nil: all, as far as they are kept.
    init(_ letter: DeadLetter, sought: Set<PhoneKey>? = nil) {
        let texts: [(LetterColumns, String?)] = [
            (.source, letter.source), (.event, letter.eventId), (.type, letter.type), (.case, letter.caseId),
            (.routingKey, letter.routingKey),
        ]
        self.init(
            [letter.body, letter.headers, letter.properties],
            texts.compactMap { column, text in text.map { (column, $0) } },
            sought)
        look(at: letter.message)
        if let id = letter.caseId, let subject = PersonalSubject(member: "caseId", id: id) { subjects.insert(subject) }
    }

    init(_ message: HeldMessage, sought: Set<PhoneKey>? = nil) {
        // A second of an hour has as many digits as a number.
        var properties = message.properties
        properties.timestamp = nil
        self.init([message.body, HeldMessage(properties: properties, body: []).head], [], sought)
    }

    private init(_ parts: [[UInt8]], _ columns: [(column: LetterColumns, text: String)], _ sought: Set<PhoneKey>?) {
        (self.sought, self.columns) = (sought, columns)
        for part in parts {
            do throws(JSONSyntaxError) {
                // What holds more values is no event, and its tree would be many times its size.
                let json = try JSON(parsing: part, valueLimit: DocumentLimits().values)
                if json["type"]?.string == CustomerContactCorrected.type.wireName { isCorrection = true }
                add(json, member: "")
                addComplaint(json)
            } catch {
                look(at: String(decoding: part, as: UTF8.self))
            }
        }
        for (_, text) in columns { look(at: text) }
    }

    /// Where in the list of letters a number of the person stands, or one of the customers that this letter names.
    func columns(naming person: Set<PhoneKey>) -> LetterColumns {
        let wanted = person.union(phones)
        return columns.reduce(into: []) { found, one in
            if !NumbersInText(one.text, sought: wanted).keys.isEmpty { found.insert(one.column) }
        }
    }

    private mutating func look(at text: String) {
        if numbers.count > Self.limit || tries <= 0 { return }
        let found = NumbersInText(text, sought: sought, limit: Self.limit, tries: tries)
        numbers.formUnion(found.keys)
        // Of those who are sought the few runs are tried that end as their numbers do.
        if sought == nil { tries = found.tries }
    }

    private mutating func add(_ json: JSON, member: String) {
        switch json {
        case .object(let members):
            for one in members {
                if one.name == "phone" {
                    customers += 1
                    if let key = one.value.string.flatMap({ PhoneKey($0) }) { phones.insert(key) }
                }
                look(at: one.name)
                add(one.value, member: one.name)
            }
        case .array(let elements):
            for one in elements { add(one, member: member) }
        case .string(let text):
            look(at: text)
            if terms.count < LetterTerm.limit, let term = LetterTerm(member: member, value: text) { terms.insert(term) }
            if let subject = PersonalSubject(member: member, id: text) { subjects.insert(subject) }
        case .int(let number): look(at: String(number))
        case .double(let number): look(at: "\(number)")
        case .null, .bool: break
        }
    }

    /// A complaint does not say which case becomes of it; its source and id do.
    private mutating func addComplaint(_ json: JSON) {
        guard let source = json["source"]?.string, let complaintId = json["data"]?["complaintId"]?.string,
            let subject = PersonalSubject(
                member: "caseId", id: Identifiers.caseId(source: source, complaintId: complaintId))
        else { return }
        subjects.insert(subject)
    }
}

/// The keys of what could be telephone numbers in a text: the text itself, each run of digits with no more between them
/// than a number is written with, and, as numbers are glued to others, each part of a long run.
struct NumbersInText {
    private(set) var keys: Set<PhoneKey> = []
    /// How many runs of digits may still be tried; none: there may be more numbers.
    private(set) var tries: Int
    private let sought: Set<PhoneKey>?
    /// The digits of those that are sought and were not found yet; nil: all are.
    private var missing: [[UInt8]]?
    private let limit: Int
    /// Within other text shorter ones occur by chance, and must stand alone.
    private static let tellingDigits = 7
    /// 00, 86, 0 and a number.
    private static let longest = 20
    private static let marksBetween = 3

    /// - Parameters:
    ///   - sought: these keys alone; nil: all.
    ///   - limit: how many keys; one more says that there are more.
    ///   - tries: how many runs of digits are tried; those that cannot be a sought key cost none.
    init(_ text: String, sought: Set<PhoneKey>? = nil, limit: Int = .max, tries: Int = .max) {
        (self.sought, self.limit, self.tries) = (sought, limit, tries)
        missing = sought?.map { Array($0.digits.utf8) }
        // No number of a person's, and in nearly every letter.
        if Instant(rfc3339: text) != nil || Self.isUUID(text) { return }
        if text.unicodeScalars.prefix(Customer.phoneLimit + 1).count <= Customer.phoneLimit, let key = PhoneKey(text) {
            keep(key)
        }
        look(through: text)
    }

    private mutating func look(through text: String) {
        var run = Run()
        var digits = ""
        var marks = 0
        for scalar in text.unicodeScalars {
            if keys.count > limit || tries <= 0 || missing?.isEmpty ?? false { return }
            if let digit = PhoneKey.decimal(scalar) {
                digits.append(String(digit))
                marks = 0
                continue
            }
            end(&digits, &run)
            marks += 1
            if !Self.isBetween(scalar) || marks > Self.marksBetween { run = Run() }
        }
        end(&digits, &run)
    }

    /// Groups of digits with no more between them than a number is written with.
    private struct Run {
        private(set) var groups: [String] = []
        /// The last digits of all of them together.
        private(set) var tail: [UInt8] = []

        mutating func append(_ group: String) {
            groups.append(group)
            // What is longer before it cannot be part of a number any more.
            if groups.count > NumbersInText.longest { groups.removeFirst() }
            tail = (tail + group.utf8.suffix(NumbersInText.longest)).suffix(NumbersInText.longest)
        }
    }

    /// Another group of digits: together with those before it, it may be a number.
    private mutating func end(_ digits: inout String, _ run: inout Run) {
        guard !digits.isEmpty else { return }
        defer { digits = "" }
        run.append(digits)
        // A key is the end of its digits.
        if missing?.contains(where: { run.tail.suffix($0.count).elementsEqual($0) }) ?? true {
            var joined = ""
            for group in run.groups.reversed() {
                joined = group + joined
                if joined.utf8.count > Self.longest { break }
                add(joined)
            }
        }
        let glued = Array(digits.utf8)
        guard glued.count > 11, glued.count <= 2 * Self.longest, mayHold(glued) else { return }
        for start in glued.indices {
            for end in stride(from: start + Self.tellingDigits, through: min(glued.count, start + 15), by: 1) {
                add(String(decoding: glued[start..<end], as: UTF8.self))
            }
        }
    }

    private func mayHold(_ glued: [UInt8]) -> Bool {
        missing?.contains { one in glued.indices.contains { glued[$0...].starts(with: one) } } ?? true
    }

    private mutating func add(_ digits: String) {
        guard digits.utf8.count >= Self.tellingDigits, tries > 0 else { return }
        tries -= 1
        guard let key = PhoneKey(digits), key.digits.utf8.count >= Self.tellingDigits else { return }
        keep(key)
    }

    private mutating func keep(_ key: PhoneKey) {
        guard sought?.contains(key) ?? true else { return }
        keys.insert(key)
        missing?.removeAll { $0.elementsEqual(key.digits.utf8) }
    }

    static func isBetween(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "+", "-", "(", ")", ".", "（", "）", "－", "＋", "．": true
        case "\t"..."\r", " ": true
        // Neither spaces nor dashes, and nearly all of most letters; to ask for a property is dear.
        case "\0"..."\u{7F}", "\u{3400}"..."\u{9FFF}": false
        default: scalar.properties.isWhitespace || scalar.properties.isDash
        }
    }

    private static func isUUID(_ text: String) -> Bool {
        let bytes = Array(text.utf8.prefix(37))
        guard bytes.count == 36 else { return false }
        return bytes.enumerated().allSatisfy { index, byte in
            switch index {
            case 8, 13, 18, 23: byte == UInt8(ascii: "-")
            default: byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 6
            }
        }
    }
}
