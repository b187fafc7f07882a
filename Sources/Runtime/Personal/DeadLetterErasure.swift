import Schema
import Store

/// Finds the dead letters of a person and erases their content.
///
/// A letter may be anything, so everything in it is looked at: whoever's telephone number it holds, however it is spelt,
/// and whatever is about a matter of his. A name alone tells nobody apart from his namesakes, and counts for nothing.
package struct DeadLetterErasure: Sendable {
    private let deadLetters: any DeadLetterStore
    private let phoneKey: String
    private let known: Set<PersonalSubject>
    private static let pageSize = 200
    /// Shorter ones occur in other numbers by chance, and must stand alone.
    private static let tellingDigits = 7

    /// - Parameter subjects: what the stages know to be the person's.
    package init(deadLetters: any DeadLetterStore, phone: String, subjects: Set<PersonalSubject> = []) {
        self.deadLetters = deadLetters
        phoneKey = Customer.phoneKey(of: phone)
        known = subjects
    }

    /// The ids of the person's letters that still hold something, and how many there are in all.
    package func find() async throws -> [String] {
        guard !phoneKey.isEmpty else { return [] }
        var subjects = known
        var found = Set<String>()
        // A letter with the number may name a case, and others that case alone.
        while true {
            let before = (found.count, subjects.count)
            try await scan { row in
                let content = LetterContent(row.letter)
                let isOwn = holdsPhone(content) || !subjects.isDisjoint(with: content.subjects)
                guard isOwn else { return }
                found.insert(row.letter.id)
                if holdsPhone(content), content.phones <= 1 { subjects.formUnion(content.subjects) }
            }
            if (found.count, subjects.count) == before || subjects.isEmpty { return found.sorted() }
        }
    }

    /// - Returns: how many letters were erased.
    package func run(note: String) async throws -> Int {
        let ids = try await find()
        guard !ids.isEmpty else { return 0 }
        let erased = try await deadLetters.erase(ids, note: note)
        try await deadLetters.scrub()
        return erased
    }

    private func scan(_ body: (ParkedLetter) -> Void) async throws {
        var place: DeadLetterPlace?
        while true {
            let page = try await deadLetters.list(DeadLetterFilter(), after: place, limit: Self.pageSize)
            for row in page where !row.isErased { body(row) }
            guard page.count == Self.pageSize, let last = page.last else { return }
            place = last.place
        }
    }

    private func holdsPhone(_ content: LetterContent) -> Bool {
        content.texts.contains { text in
            let digits = Customer.phoneKey(of: text)
            if digits == phoneKey { return true }
            guard phoneKey.utf8.count >= Self.tellingDigits, digits.utf8.count > phoneKey.utf8.count else {
                return false
            }
            return digits.utf8.holds(phoneKey.utf8)
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
                texts += String(decoding: part, as: UTF8.self)
                    .split { !($0.isNumber || " +-()./".contains($0)) }.map(String.init)
            }
        }
        texts += [letter.source, letter.eventId, letter.message].compactMap { $0 }
        if let id = letter.caseId, let subject = PersonalSubject(member: "caseId", id: id) { subjects.insert(subject) }
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

extension Sequence<UInt8> {
    /// Whether `part` occurs in it; both are short.
    fileprivate func holds(_ part: some Collection<UInt8>) -> Bool {
        let all = Array(self)
        guard part.count <= all.count else { return false }
        return (0...(all.count - part.count)).contains { all[$0...].starts(with: part) }
    }
}
