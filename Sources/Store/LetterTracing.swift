import Schema

/// What leads to dead letters without reading them: for each letter, beside it, what it tells of persons, and by what else it
/// is looked for.
///
/// A letter that a program of an older release has parked is not indexed until somebody who is of this one reads it; nor is
/// one that was erased.
///
/// - Throws: every call throws `StoreFailure`.
package protocol LetterTracing: Sendable {
    /// Keeps this of letters that are not indexed yet, still hold something, and have not died again meanwhile.
    func keepIndex(_ indices: [String: LetterIndex]) async throws
    /// Up to `limit` letters that are not indexed yet and still hold something, bodies included; fewer, but one, where
    /// together they have more than so many bytes as they are stored.
    func unindexed(limit: Int, bytes: Int) async throws -> [ParkedLetter]
    /// How many there are.
    func unindexedCount() async throws -> Int
    /// The ids of letters with any of these, ascending.
    func ids(of traces: Set<PersonalTrace>) async throws -> [String]
    /// The secret that numbers are digested with; nil: none was made yet.
    func secret() async throws -> PersonalSecret?
    /// Keeps `secret` if there is none yet. Returns the one that is kept.
    func keepSecret(_ secret: PersonalSecret) async throws -> PersonalSecret
    /// Replaces the secret as sealed by another key; the secret itself never changes.
    func resealSecret(_ secret: PersonalSecret) async throws
}

/// What is kept beside a letter, made of its content.
package struct LetterIndex: Hashable, Sendable {
    package let traces: Set<PersonalTrace>
    package let fingerprint: String
    package let pointer: String
    package let rule: String
    /// That of the letter of which this was made.
    package let lastAt: Instant

    /// - Parameter letter: with its fingerprint, pointer and rule as they are to be.
    package init(of letter: DeadLetter, traces: Set<PersonalTrace>) {
        self.traces = traces
        (fingerprint, pointer, rule, lastAt) = (letter.fingerprint, letter.pointer, letter.rule, letter.lastAt)
    }
}

/// An erasure of a letter.
package struct LetterErasure: Hashable, Sendable {
    package let id: String
    /// What of the columns is a person's, and goes with the content.
    package let columns: LetterColumns

    package init(id: String, forgetting columns: LetterColumns = []) {
        self.id = id
        self.columns = columns
    }
}

/// Columns of a letter that its sender may write anything into.
package struct LetterColumns: OptionSet, Hashable, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package static let source = LetterColumns(rawValue: 1)
    package static let event = LetterColumns(rawValue: 2)
    package static let type = LetterColumns(rawValue: 4)
    package static let `case` = LetterColumns(rawValue: 8)
    package static let routingKey = LetterColumns(rawValue: 16)
}
