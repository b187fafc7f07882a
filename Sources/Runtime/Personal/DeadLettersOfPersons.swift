import Schema
import Store

/// Finds the dead letters of persons, whose content is to be erased.
///
/// A letter may be anything: it is a person's if it holds his number, however it is spelt, or is about a matter of his. What
/// leads to a letter lies beside it, as keyed digests, so this costs what it finds.
package struct DeadLettersOfPersons: Sendable {
    private let deadLetters: SealedDeadLetters

    package init(_ deadLetters: SealedDeadLetters) {
        self.deadLetters = deadLetters
    }

    package struct Found: Sendable {
        /// The person's, by id, and what of their columns must go with the content.
        package let letters: [LetterErasure]
        /// The ids of those that are damaged, and of which nothing that is left tells whose they are.
        package let damaged: [String]
    }

    /// The person's letters that still hold something. One that is damaged is his if its traces say so, or what is left.
    ///
    /// - Parameter isStopped: asked before each letter, as there may be many.
    /// - Throws: `CancellationError` when it was stopped, `StoreFailure`.
    package func find(_ person: KnownPerson, isStopped: () -> Bool = { false }) async throws -> Found {
        try await deadLetters.indexAll(isStopped)
        var person = person
        var found: [String: LetterErasure] = [:]
        var damaged: Set<String> = []
        var traces = try await deadLetters.traces(phones: person.phones, subjects: person.subjects)
        while !traces.isEmpty {
            let before = person.subjects
            let traced = Set(try await deadLetters.ids(of: traces))
            let perhaps = try await deadLetters.ids(of: [.overfull])
            for id in traced.union(perhaps).sorted() where found[id] == nil {
                guard !isStopped() else { throw CancellationError() }
                guard let row = try await deadLetters.get(id), !row.isErased else { continue }
                let content = LetterContent(row.letter, sought: person.phones)
                guard person.owns(content) || row.isDamaged && traced.contains(id) else {
                    if row.isDamaged { damaged.insert(id) }
                    continue
                }
                found[id] = LetterErasure(id: id, forgetting: content.columns(naming: person.phones))
            }
            traces = try await deadLetters.traces(phones: [], subjects: person.subjects.subtracting(before))
        }
        return Found(
            letters: found.values.sorted { $0.id < $1.id }, damaged: damaged.filter { found[$0] == nil }.sorted())
    }
}
