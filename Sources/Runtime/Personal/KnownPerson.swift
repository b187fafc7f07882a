import Schema
import Store

/// By what messages are told to be a person's: his numbers, and what is about him. A name alone tells nobody apart from his
/// namesakes, and counts for nothing.
package struct KnownPerson: Sendable {
    let phones: Set<PhoneKey>
    package private(set) var subjects: Set<PersonalSubject>

    /// - Parameter found: what the stages keep of him, and so know to be his beside what the order says.
    package init(_ person: PersonSought, found: [PersonalErasure.Found] = []) {
        let own = found.filter(\.isWhole)
        phones = Set(own.flatMap(\.phones) + [person.phoneKey].compactMap { $0 })
        subjects = own.reduce(into: person.subjects) { $0.formUnion($1.summary.subjects) }
    }

    /// Whether a message is his. Where it holds his number and names nobody else, what it is about is about him from now on:
    /// others may name that alone. Not where it tells the number for calls to somebody.
    mutating func owns(_ content: LetterContent) -> Bool {
        let hasNumber = !content.numbers.isDisjoint(with: phones)
        guard hasNumber || !subjects.isDisjoint(with: content.subjects) else { return false }
        if hasNumber, content.customers <= 1, !content.isCorrection { subjects.formUnion(content.subjects) }
        return true
    }
}
