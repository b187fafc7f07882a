import Schema
import Store

/// By what a dead letter can be looked for, besides its columns: what it names. Kept as keyed digests beside the letter, so
/// that it goes with it, and tells nobody anything without the secret.
package struct LetterTerm: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case `case`, complaint, store, outlet

        /// Of the contract, by which a document names one.
        fileprivate init?(member: String) {
            switch member {
            case "caseId": self = .case
            case "complaintId": self = .complaint
            case "storeId": self = .store
            case "outletId": self = .outlet
            default: return nil
            }
        }
    }

    package let kind: Kind
    package let value: String
    /// Of one letter; what it names beyond that is not found.
    static let limit = 500
    /// In bytes. No id is nearly as long, and what is longer names nothing.
    private static let valueLimit = 512

    package init(_ kind: Kind, _ value: String) {
        self.kind = kind
        self.value = value
    }

    init?(member: String, value: String) {
        guard let kind = Kind(member: member), !value.isEmpty, value.utf8.count <= Self.valueLimit else { return nil }
        self.init(kind, value)
    }

    /// What a letter names in its columns and its document; also which case becomes of its complaint.
    static func all(of letter: DeadLetter, _ content: LetterContent) -> Set<LetterTerm> {
        var terms = content.terms
        if let id = letter.caseId, let term = LetterTerm(member: "caseId", value: id) { terms.insert(term) }
        if let source = letter.source {
            for term in content.terms where term.kind == .complaint {
                terms.insert(LetterTerm(.case, Identifiers.caseId(source: source, complaintId: term.value)))
            }
        }
        return terms
    }
}
