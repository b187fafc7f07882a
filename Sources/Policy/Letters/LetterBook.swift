import Schema

/// The templates of all letters, and how they call what upstream names by a code.
///
/// What the policy folder does not have is built in (``LetterDefaults``).
package struct LetterBook: Hashable, Sendable {
    /// Of each of the names of a category, in characters.
    package static let categoryLimit = 60

    private struct Slot: Hashable, Sendable {
        let kind: LetterKind
        let language: LetterLanguage
    }

    private struct Source: Hashable, Sendable {
        let text: String
        let template: LetterTemplate
    }

    private var sources: [Slot: Source] = [:]
    private let names: LetterNames

    /// What is built in.
    package init() {
        self.init(names: LetterNames())
    }

    private init(names: LetterNames) {
        self.names = names
        for kind in LetterKind.allCases {
            for language in LetterLanguage.allCases {
                set(LetterDefaults.text(kind, language), kind, language, FaultCollector(file: "built in"))
            }
        }
    }

    private mutating func set(
        _ text: String, _ kind: LetterKind, _ language: LetterLanguage, _ faults: FaultCollector
    ) {
        guard let template = LetterTemplate.read(text, of: kind, faults) else { return }
        sources[Slot(kind: kind, language: language)] = Source(text: text, template: template)
    }

    /// The letter.
    package func write(_ kind: LetterKind, _ language: LetterLanguage, _ facts: LetterFacts) -> String {
        guard let source = sources[Slot(kind: kind, language: language)] else {
            // A test reads every template that is built in.
            preconditionFailure("the built-in template \(kind.rawValue).\(language.rawValue) has a fault")
        }
        return source.template.fill(facts)
    }

    /// Tells the templates of a letter from other versions of them: the first 16 hexadecimal digits of the SHA-256 of
    /// their texts, zh before en, each with a line feed behind it.
    package func digest(of kind: LetterKind) -> String {
        var text = ""
        for language in LetterLanguage.allCases {
            text += (sources[Slot(kind: kind, language: language)]?.text ?? "") + "\n"
        }
        return Identifiers.digest(Array(text.utf8)).prefix(8).map { byte in
            let hex = String(byte, radix: 16)
            return hex.count == 1 ? "0" + hex : hex
        }.joined()
    }

    /// How letters call a category of violation; nil if it is not listed.
    package func category(_ code: String, _ language: LetterLanguage) -> String? {
        (names.categories[code] ?? LetterDefaults.categories[code])?[language]
    }

    /// Whether a case is called by the id of its complaint, which the outlet knows.
    package var namesComplaints: Bool { names.cases == .complaint }
}

// MARK: Reading

extension LetterBook {
    /// The file name of a template, in the folder `letters`.
    package static func fileName(_ kind: LetterKind, _ language: LetterLanguage) -> String {
        "\(kind.rawValue).\(language.rawValue).txt"
    }

    /// Reads the files of the folder `letters`; what it does not have stays built in. Each file has its own collector.
    static func read(
        _ files: [PolicyFiles.Letter], names: LetterNames, _ collect: (FaultCollector) -> Void
    ) -> LetterBook {
        var book = LetterBook(names: names)
        for file in files {
            let faults = FaultCollector(file: file.path)
            let slot = LetterKind.allCases.flatMap { kind in LetterLanguage.allCases.map { (kind, $0) } }
                .first { fileName($0.0, $0.1) == file.name }
            if let (kind, language) = slot {
                book.set(file.text, kind, language, faults)
            } else {
                let names = LetterKind.allCases.map(\.rawValue).joined(separator: ", ")
                faults.add(nil, "the file", "is no letter", allowed: "\(names), each with .zh.txt or .en.txt")
            }
            collect(faults)
        }
        return book
    }
}

extension MappingReader {
    /// A text that letters may print.
    func printableLine(_ key: String, limit: Int, required: Bool = false) -> String? {
        let allowed = "a line of at most \(limit) printable characters"
        guard let text = text(key, required: required, allowed: allowed) else { return nil }
        guard text.unicodeScalars.count <= limit, text.isPrintableLine else {
            fault("is `\(shown(text))`", key: key, allowed: allowed)
            return nil
        }
        return text
    }
}
