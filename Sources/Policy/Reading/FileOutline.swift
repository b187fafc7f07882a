/// What a mapping of a file may hold, noted by its reader while it reads nothing: the one place that knows the keys.
package final class FileOutline {
    package indirect enum Kind {
        case integer(minimum: Int64, maximum: Int64, standard: Int64?)
        case flag(standard: Bool)
        case text
        case identifier
        case date
        case instant
        case choice([String])
        case mapping(FileOutline)
        case mappings(FileOutline, atLeast: Int)
        case texts(Kind)
    }

    package struct Field {
        let name: String
        let kind: Kind
        let isRequired: Bool
        /// What it means, beginning with its rule.
        let about: String?
    }

    package init() {}

    package private(set) var fields: [Field] = []
    /// What stands under keys that are data; nil: there are none.
    package private(set) var others: Kind?

    package func note(_ name: String, _ kind: Kind, isRequired: Bool = false, _ about: String? = nil) {
        fields.append(Field(name: name, kind: kind, isRequired: isRequired, about: about))
    }

    package func noteOthers(_ kind: Kind) { others = kind }
}
