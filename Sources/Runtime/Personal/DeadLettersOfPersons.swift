import Schema
import Store

/// Finds the dead letters of persons, whose content is to be erased.
///
/// A letter may be anything: it is a person's if it holds his number, however it is spelt, or is about a matter of his. A
/// name alone tells nobody apart from his namesakes, and counts for nothing. What leads to a letter lies beside it, as
/// keyed digests, so this costs what it finds.
package struct DeadLettersOfPersons: Sendable {
    /// Whose letters are looked for.
    package struct Person: Sendable {
        fileprivate let phones: Set<PhoneKey>
        fileprivate var subjects: Set<PersonalSubject>

        /// - Parameters:
        ///   - phones: what the stages know to be the person's number, beside what the order says.
        ///   - subjects: what the stages know to be the person's.
        package init(_ person: PersonSought, phones: Set<PhoneKey> = [], subjects: Set<PersonalSubject> = []) {
            self.phones = phones.union(person.phoneKey.map { [$0] } ?? [])
            self.subjects = subjects.union(person.subjects)
        }
    }

    private let deadLetters: SealedDeadLetters

    package init(_ deadLetters: SealedDeadLetters) {
        self.deadLetters = deadLetters
    }

    /// The person's letters that still hold something, and what of their columns must go with the content.
    ///
    /// - Parameter isStopped: asked before each letter, as there may be many.
    /// - Throws: `CancellationError` when it was stopped, `StoreFailure`.
    package func find(_ person: Person, isStopped: () -> Bool = { false }) async throws -> [LetterErasure] {
        try await deadLetters.traceAll(isStopped)
        var person = person
        var found: [String: LetterErasure] = [:]
        var traces = try await deadLetters.traces(phones: person.phones, subjects: person.subjects)
        while !traces.isEmpty {
            // A letter with the number may name a case, and others that case alone.
            var further: Set<PersonalSubject> = []
            for id in try await deadLetters.ids(of: traces.union([.overfull])) where found[id] == nil {
                guard !isStopped() else { throw CancellationError() }
                guard let row = try await deadLetters.get(id), !row.isErased else { continue }
                let content = LetterContent(row.letter, sought: person.phones)
                let hasNumber = !content.numbers.isEmpty
                guard hasNumber || !person.subjects.isDisjoint(with: content.subjects) else { continue }
                found[id] = LetterErasure(id: id, forgetting: content.columns(naming: person.phones))
                if hasNumber, content.customers <= 1 { further.formUnion(content.subjects) }
            }
            further.subtract(person.subjects)
            person.subjects.formUnion(further)
            traces = try await deadLetters.traces(phones: [], subjects: further)
        }
        return found.values.sorted { $0.id < $1.id }
    }
}
