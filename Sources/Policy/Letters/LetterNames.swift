/// How letters call what is known by a code or an id: section `letters` of `policy.yaml`.
package struct LetterNames: Hashable, Sendable {
    package enum Cases: String, CaseIterable, Hashable, Sendable {
        /// By Recourse's own id. What a policy without a word about it means: its journals were written so.
        case ownId = "case"
        /// By the complaint's id, where it is known: the id that the outlet has seen.
        case complaint
    }

    package var cases = Cases.ownId
    /// By code. A category that is not listed is not printed: upstream may write anything there.
    package var categories: [String: [LetterLanguage: String]] = [:]

    package init() {}

    static func read(_ section: MappingReader) -> LetterNames {
        var names = LetterNames()
        let about = "R14: which id of a case letters print"
        if let cases = section.choice("nameCasesBy", of: Cases.self, about) { names.cases = cases }
        if let codes = section.mapping("categories", "By code; what it is called in each language") {
            for (code, entry) in codes.mappings() {
                var words: [LetterLanguage: String] = [:]
                for language in LetterLanguage.allCases {
                    words[language] = entry.printableLine(
                        language.rawValue, limit: LetterBook.categoryLimit, required: true)
                }
                entry.finish()
                names.categories[code] = words
            }
        }
        section.finish()
        return names
    }
}
