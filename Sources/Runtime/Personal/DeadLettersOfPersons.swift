import Schema
import Store

/// Finds the dead letters of persons, whose content is to be erased.
///
/// A letter may be anything, so everything in it is looked at: whoever's telephone number it holds, however it is spelt,
/// and whatever is about a matter of his. A name alone tells nobody apart from his namesakes, and counts for nothing.
///
/// All letters are read, once for all persons, and again while letters tell of further matters of theirs: what is kept
/// here for long names nobody in the clear, so there is nothing to look a person up by.
package struct DeadLettersOfPersons: Sendable {
    /// Whose letters are looked for.
    package struct Person: Sendable {
        fileprivate let phoneKey: String
        fileprivate var subjects: Set<PersonalSubject>
        fileprivate var letters: Set<String> = []

        /// - Parameter subjects: what the stages know to be the person's.
        package init(phone: String, subjects: Set<PersonalSubject> = []) {
            phoneKey = Customer.phoneKey(of: phone)
            self.subjects = subjects
        }

        fileprivate mutating func look(at row: ParkedLetter, _ content: LetterContent) {
            let hasPhone = content.texts.contains(where: isPhone)
            guard hasPhone || !subjects.isDisjoint(with: content.subjects) else { return }
            letters.insert(row.letter.id)
            if hasPhone, content.phones <= 1 { subjects.formUnion(content.subjects) }
        }

        private func isPhone(_ text: String) -> Bool {
            let digits = Customer.phoneKey(of: text)
            if digits == phoneKey { return true }
            guard phoneKey.utf8.count >= DeadLettersOfPersons.tellingDigits, digits.utf8.count > phoneKey.utf8.count
            else {
                return false
            }
            return Array(digits.utf8).holds(Array(phoneKey.utf8))
        }
    }

    private let deadLetters: any DeadLetterStore
    private let persons: [Person]
    /// A letter may be a megabyte.
    private static let pageSize = 50
    /// Shorter ones occur in other numbers by chance, and must stand alone.
    private static let tellingDigits = 7

    package init(deadLetters: any DeadLetterStore, persons: [Person]) {
        self.deadLetters = deadLetters
        self.persons = persons
    }

    /// The ids of each person's letters that still hold something.
    ///
    /// - Parameter isStopped: asked before each page, as there may be many.
    /// - Throws: `CancellationError` when it was stopped, `StoreFailure`.
    package func find(isStopped: () -> Bool = { false }) async throws -> [[String]] {
        var persons = persons
        // Someone without digits in his number has no letters that could be told from others.
        let wanted = persons.indices.filter { !persons[$0].phoneKey.isEmpty }
        while !wanted.isEmpty {
            let before = persons.map { [$0.letters.count, $0.subjects.count] }
            let sieve = LetterSieve(phones: wanted.map { Array(persons[$0].phoneKey.utf8) })
            let looksForMatters = wanted.contains { !persons[$0].subjects.isEmpty }
            try await scan(isStopped) { row in
                guard looksForMatters || sieve.holds(row.letter) else { return }
                let content = LetterContent(row.letter)
                for person in wanted { persons[person].look(at: row, content) }
            }
            // A letter with the number may name a case, and others that case alone.
            let isSettled = persons.map { [$0.letters.count, $0.subjects.count] } == before
            if isSettled || wanted.allSatisfy({ persons[$0].subjects.isEmpty }) { break }
        }
        return persons.map { $0.letters.sorted() }
    }

    private func scan(_ isStopped: () -> Bool, _ body: (ParkedLetter) -> Void) async throws {
        var place: DeadLetterPlace?
        while true {
            guard !isStopped() else { throw CancellationError() }
            let page = try await deadLetters.list(DeadLetterFilter(), after: place, limit: Self.pageSize)
            for row in page where !row.isErased { body(row) }
            guard page.count == Self.pageSize, let last = page.last else { return }
            place = last.place
        }
    }
}

/// Tells letters that can hold none of these numbers by their digits alone, without reading what they say.
private struct LetterSieve {
    let phones: [[UInt8]]
    private static let exactDigits = 15

    func holds(_ letter: DeadLetter) -> Bool {
        let texts = [letter.source, letter.eventId, letter.message].compactMap { $0 }.map { Array($0.utf8) }
        return ([letter.body, letter.headers, letter.properties] + texts).contains { part in
            var digits: [UInt8] = []
            var number = 0
            var last = UInt8(ascii: " ")
            for byte in part {
                // A digit may be written as an escape, and a number with other digits than those of its value.
                if byte == UInt8(ascii: "\\") { return true }
                if number > 0, byte | 0x20 == UInt8(ascii: "e") || number > Self.exactDigits { return true }
                let isDigit = byte &- UInt8(ascii: "0") < 10
                if isDigit { digits.append(byte) }
                let goesOn = number > 0 || Self.precedesNumber(last)
                number = goesOn && (isDigit || Self.isInNumber(byte)) ? number + 1 : 0
                last = byte
            }
            return phones.contains { digits.holds($0) }
        }
    }

    private static func precedesNumber(_ byte: UInt8) -> Bool {
        switch Unicode.Scalar(byte) {
        case ":", "[", ",", " ", "\n", "\r", "\t": true
        default: false
        }
    }

    private static func isInNumber(_ byte: UInt8) -> Bool {
        switch Unicode.Scalar(byte) {
        case "-", "+", ".": true
        default: false
        }
    }
}

/// Every text in a letter, and what it is about.
private struct LetterContent {
    private(set) var texts: [String] = []
    private(set) var subjects: Set<PersonalSubject> = []
    private(set) var phones = 0

    init(_ letter: DeadLetter) {
        for part in [letter.body, letter.headers, letter.properties] {
            do throws(JSONSyntaxError) {
                add(try JSON(parsing: part), member: "")
            } catch {
                // No JSON: the bytes themselves, each run of characters that may belong to a number.
                texts += part.split { !Self.belongsToNumber($0) }.map { String(decoding: $0, as: UTF8.self) }
            }
        }
        texts += [letter.source, letter.eventId, letter.message].compactMap { $0 }
        if let id = letter.caseId, let subject = PersonalSubject(member: "caseId", id: id) { subjects.insert(subject) }
    }

    private static func belongsToNumber(_ byte: UInt8) -> Bool {
        switch Unicode.Scalar(byte) {
        case "0"..."9", " ", "+", "-", "(", ")", ".", "/": true
        default: false
        }
    }

    private mutating func add(_ json: JSON, member: String) {
        switch json {
        case .object(let members):
            for one in members {
                if one.name == "phone" { phones += 1 }
                add(one.value, member: one.name)
            }
        case .array(let elements):
            for one in elements { add(one, member: member) }
        case .string(let text):
            texts.append(text)
            if let subject = PersonalSubject(member: member, id: text) { subjects.insert(subject) }
        case .int(let number): texts.append(String(number))
        case .double(let number): texts.append("\(number)")
        case .null, .bool: break
        }
    }
}

extension [UInt8] {
    /// Whether `part` occurs in it.
    fileprivate func holds(_ part: [UInt8]) -> Bool {
        guard let first = part.first, part.count <= count else { return part.isEmpty }
        return (0...(count - part.count)).contains { self[$0] == first && self[$0...].starts(with: part) }
    }
}
