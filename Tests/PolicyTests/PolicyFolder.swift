import Foundation
import Policy
import Testing

/// The default policy folder of the project, and the small texts that tests vary.
enum PolicyFolder {
    static let url = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "deploy/policy")

    static func text(_ name: String) throws -> String {
        try String(contentsOf: url.appending(path: name), encoding: .utf8)
    }

    static func files() throws -> PolicyFiles {
        PolicyFiles(
            policy: try text("policy.yaml"),
            organisation: try text("organisation.yaml"),
            calendar: try text("calendar.csv"),
            letters: try LetterKind.allCases.flatMap { kind in
                try LetterLanguage.allCases.map { language in
                    let name = LetterBook.fileName(kind, language)
                    return PolicyFiles.Letter(name: name, text: try text("letters/" + name))
                }
            }
        )
    }

    static func book() throws -> PolicyBook { try PolicyBook.load(files(), currentYear: 2026).get() }

    static let smallPolicy = "version: t\n"
    static let smallOrganisation = "since: 2026-01-01\nhq: {duty: boss}\n"
    static let smallCalendar = "date,kind\n2026-01-01,holiday_weekday\n"

    static func load(
        policy: String = smallPolicy,
        organisation: String = smallOrganisation,
        calendar: String = smallCalendar,
        letters: [PolicyFiles.Letter] = [],
        currentYear: Int? = nil
    ) -> Result<PolicyBook, PolicyFaults> {
        PolicyBook.load(
            PolicyFiles(policy: policy, organisation: organisation, calendar: calendar, letters: letters),
            currentYear: currentYear)
    }

    /// The faults as a person sees them; empty if the files are taken.
    static func faults(
        policy: String = smallPolicy,
        organisation: String = smallOrganisation,
        calendar: String = smallCalendar,
        letters: [PolicyFiles.Letter] = [],
        currentYear: Int? = nil
    ) -> [String] {
        let result = load(
            policy: policy, organisation: organisation, calendar: calendar, letters: letters, currentYear: currentYear)
        return switch result {
        case .success: []
        case .failure(let faults): faults.faults.map { $0.description }
        }
    }
}

/// Expects exactly these faults, each by the beginning of its text.
func expectFaults(_ found: [String], _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    let matches = found.count == expected.count && zip(found, expected).allSatisfy { $0.hasPrefix($1) }
    #expect(matches, "found \(found), expected \(expected)", sourceLocation: sourceLocation)
}
