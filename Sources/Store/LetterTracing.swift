import Schema

/// What leads from a person to his dead letters without reading them: for each letter, beside it, what it tells of persons.
///
/// A letter that a program of an older release has parked has no traces until somebody who is of this one reads it; nor has
/// one that was erased.
///
/// - Throws: every call throws `StoreFailure`.
package protocol LetterTracing: Sendable {
    /// Keeps the traces of letters that have none yet and still hold something.
    func keepTraces(_ traces: [String: Set<PersonalTrace>]) async throws
    /// Up to `limit` letters that have no traces yet and still hold something, bodies included; fewer, but one, where
    /// together they have more than so many bytes as they are stored.
    func untraced(limit: Int, bytes: Int) async throws -> [ParkedLetter]
    /// The ids of letters with any of these, ascending.
    func ids(of traces: Set<PersonalTrace>) async throws -> [String]
    /// The secret that numbers are digested with; nil: none was made yet.
    func secret() async throws -> PersonalSecret?
    /// Keeps `secret` if there is none yet. Returns the one that is kept.
    func keepSecret(_ secret: PersonalSecret) async throws -> PersonalSecret
    /// Replaces the secret as sealed by another key; the secret itself never changes.
    func resealSecret(_ secret: PersonalSecret) async throws
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
