/// The templates that are built in: the source of the files in `deploy/policy/letters`, which a test compares.
package enum LetterDefaults {
    package static func text(_ kind: LetterKind, _ language: LetterLanguage) -> String {
        switch language {
        case .zh: chinese(kind)
        case .en: english(kind)
        }
    }

    /// The categories that Recourse itself gives.
    static let categories: [String: [LetterLanguage: String]] = [
        "callback-dissatisfied": [.zh: "回访不满意", .en: "customer not satisfied"],
        "complaint": [.zh: "投诉", .en: "complaint"],
    ]
}
