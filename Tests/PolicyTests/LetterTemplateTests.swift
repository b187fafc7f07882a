import Foundation
import Policy
import Testing

/// The templates of letters: what may stand in them, and what is made of them.
struct LetterTemplateTests {
    private static let name = "warning.en.txt"
    /// Every field of its kind once.
    private static let small = """
        Title {number}
        To: {addressee}

        {count} {period} {rule} {threshold} {deadline} {appealUntil} of {date}
        {each}
        {n}. {date} {subject} {category}
        {end}
        {more} more
        """

    private static func faults(_ text: String, name: String = name) -> [String] {
        PolicyFolder.faults(letters: [PolicyFiles.Letter(name: name, text: text)])
    }

    private static func replacing(_ old: String, _ new: String) -> [String] {
        faults(small.replacingOccurrences(of: old, with: new))
    }

    private static func book(_ text: String, name: String = name) throws -> LetterBook {
        try PolicyFolder.load(letters: [PolicyFiles.Letter(name: name, text: text)]).get().letters
    }

    private static let facts = LetterFacts(
        fields: [
            .number: "N-1", .addressee: "O1", .count: "2", .period: "2026-11", .rule: "R12", .threshold: "2",
            .deadline: "2026-12-11 09:00", .appealUntil: "2026-11-18 18:00", .date: "2026-11-11",
        ],
        rows: [
            [.date: "2026-11-07", .subject: "case A", .category: "late visit"],
            [.date: "2026-11-08", .subject: "case B", .category: "violation"],
        ])

    // MARK: Filling

    @Test func `A template is filled with the fields, a row for each fact`() throws {
        let letter = try Self.book(Self.small).write(.warning, .en, Self.facts)
        #expect(
            letter == """
                Title N-1
                To: O1

                2 2026-11 R12 2 2026-12-11 09:00 2026-11-18 18:00 of 2026-11-11
                1. 2026-11-07 case A late visit
                2. 2026-11-08 case B violation

                """)
    }

    @Test func `Sixty facts are listed one by one, the number of the rest follows`() throws {
        var facts = Self.facts
        facts.rows = (1...60).map { [.date: "d", .subject: "case \($0)", .category: "c"] }
        let book = try Self.book(Self.small)
        #expect(!book.write(.warning, .en, facts).contains("more"))
        facts.rows.append([.date: "d", .subject: "case 61", .category: "c"])
        facts.unlistedRows = 2
        let letter = book.write(.warning, .en, facts)
        #expect(letter.contains("60. d case 60") && !letter.contains("case 61") && letter.hasSuffix("\n3 more\n"))
    }

    @Test func `A value is never read as a template`() throws {
        var facts = Self.facts
        facts.fields[.addressee] = "{number} {each}"
        #expect(try Self.book(Self.small).write(.warning, .en, facts).contains("To: {number} {each}\n"))
    }

    @Test func `Windows' line ends, a byte-order mark and blank lines at the end are no part of it`() throws {
        let odd = "\u{FEFF}" + Self.small.replacingOccurrences(of: "\n", with: " \r\n") + "\r\n\r\n"
        let (plain, other) = (try Self.book(Self.small), try Self.book(odd))
        #expect(other.write(.warning, .en, Self.facts) == plain.write(.warning, .en, Self.facts))
        #expect(other.digest(of: .warning) != plain.digest(of: .warning))
        #expect(other.digest(of: .rectification) == LetterBook().digest(of: .rectification))
        #expect(plain.digest(of: .warning).count == 16)
    }

    @Test func `What the folder does not have stays built in`() throws {
        let book = try Self.book(Self.small)
        #expect(book.write(.warning, .zh, Self.facts) == LetterBook().write(.warning, .zh, Self.facts))
        #expect(book.write(.warning, .en, Self.facts) != LetterBook().write(.warning, .en, Self.facts))
    }

    // MARK: Faults

    @Test(arguments: [
        ("{count}", "{counts}", "4: {counts} is unknown here; allowed: {number} {date}"),
        ("{subject}", "{subject} {count}", "6: {count} is unknown here; allowed: {date} {subj"),
        ("{appealUntil}", "", "1: the letter lacks {appealUntil}; allowed: it on a line outside"),
        ("{subject}", "", "5: the row lacks {subject}; allowed: it between {each} and {end}"),
        ("{end}\n", "", "5: {each} has no {end}; allowed"),
        ("{each}\n{n}. ", "{n}. ", "1: the letter lacks its facts; allowed: {each}, a row"),
        ("{end}", "{end}\n{end}", "8: {end} ends no list; allowed"),
        ("{more} more", "{more}\n{each}", "9: {each} follows the one on line 5; allowed"),
        ("{each}\n", "{each}\n{each}\n", "6: {each} follows the one on line 5; allowed"),
        ("{end}", "x {end}", "7: {end} has something beside it; allowed: {end} alone"),
        ("{category}\n", "{category}\n{n}\n", "7: the list has more than one line; allowed"),
        ("{count}", "{count", "4: {count {period} is unknown here; allowed"),
        ("{more} more", "{more} more }", "8: `}` has no partner on its line; allowed"),
        ("{more} more", "{more} more {", "8: `{` has no partner on its line; allowed"),
        ("{more} more", "{more}\tmore", "8: the line has an invisible character; allowed"),
        ("{more} more", "{more} \u{202E}more", "8: the line has an invisible character; allowed"),
        ("To: {", "To {", "2: the head has `To {addressee}`; allowed: `label: value` lines"),
        ("Title", "\nTitle", "1: the letter lacks a title; allowed"),
        ("{more}", String(repeating: "long ", count: 4_000) + "{more}", "1: the letter could have"),
    ])
    func `A fault tells file, line and what is allowed`(old: String, new: String, expected: String) {
        let found = Self.replacing(old, new)
        #expect(found.contains { $0.hasPrefix("letters/warning.en.txt:" + expected) }, "found \(found)")
    }

    @Test func `A list that is not closed is one fault`() {
        expectFaults(Self.replacing("{end}\n", ""), ["letters/warning.en.txt:5: {each} has no {end}; allowed"])
    }

    @Test func `All faults of all templates are told at once, behind those of the other files`() {
        let found = PolicyFolder.faults(
            policy: "version: t\nfoo: 1\n",
            letters: [
                .init(name: "warning.en.txt", text: ""),
                .init(name: "warning.fr.txt", text: Self.small),
                .init(name: "withdrawal.zh.txt", text: Self.small),
            ])
        #expect(found.first?.hasPrefix("policy.yaml:2: foo is not a known key") == true)
        #expect(found.contains("letters/warning.en.txt:1: the letter lacks a title; allowed: it on the first line"))
        #expect(found.contains { $0.hasPrefix("letters/warning.fr.txt: the file is no letter; allowed: warning,") })
        #expect(found.contains { $0.hasPrefix("letters/withdrawal.zh.txt:4: {deadline} is unknown here") })
    }

    @Test(arguments: LetterKind.allCases)
    func `A template of the wrong kind is refused`(kind: LetterKind) {
        guard kind != .warning, kind != .rectification else { return }
        #expect(!Self.faults(Self.small, name: LetterBook.fileName(kind, .en)).isEmpty)
    }

    // MARK: Categories and names

    @Test func `Categories are called as the policy says, in both languages`() throws {
        let policy = """
            version: t
            letters:
              categories:
                late-visit: {zh: 上门迟到, en: late visit}
            """
        let book = try PolicyFolder.load(policy: policy).get().letters
        #expect(book.category("late-visit", .zh) == "上门迟到" && book.category("late-visit", .en) == "late visit")
        #expect(book.category("callback-dissatisfied", .zh) == "回访不满意")
        #expect(book.category("张伟 13812345678", .zh) == nil)
    }

    @Test func `Faults of categories and names have their lines`() {
        let policy = """
            version: t
            letters:
              categories:
                late-visit: {zh: "上\\n门"}
              size: 3
            """
        expectFaults(
            PolicyFolder.faults(policy: policy),
            [
                "policy.yaml:4: letters.categories.late-visit.zh is `上?门`; allowed: a line of at most 60 printable",
                "policy.yaml:4: letters.categories.late-visit lacks `en`",
                "policy.yaml:5: letters.size is not a known key",
            ])
        let organisation = """
            since: 2026-01-01
            hq: {duty: boss}
            regions: [{id: R1, duty: r1}]
            outlets:
              - {id: O1, region: R1, name: "a\\tb"}
            manufacturers:
              - {id: M1, name: \(String(repeating: "n", count: 121))}
            """
        expectFaults(
            PolicyFolder.faults(organisation: organisation),
            [
                "organisation.yaml:5: outlets[1].name is `a?b`; allowed: a line of at most 120 printable characters",
                "organisation.yaml:7: manufacturers[1].name is `nnnn",
            ])
    }
}

/// The files that are delivered.
@Suite(.serialized) struct LetterFilesTests {
    private static let folder = PolicyFolder.url.appending(path: "letters")

    /// With RECOURSE_WRITE_LETTERS=1 the files are written instead.
    @Test func `The folder deploy/policy/letters holds the templates that are built in, and nothing else`() throws {
        let isWriting = ProcessInfo.processInfo.environment["RECOURSE_WRITE_LETTERS"] == "1"
        if isWriting {
            try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
        }
        var names: [String] = []
        for kind in LetterKind.allCases {
            for language in LetterLanguage.allCases {
                let name = LetterBook.fileName(kind, language)
                let text = LetterDefaults.text(kind, language)
                names.append(name)
                let file = Self.folder.appending(path: name)
                if isWriting { try Data(text.utf8).write(to: file) }
                #expect(
                    try Data(contentsOf: file) == Data(text.utf8),
                    "\(name) differs; run the tests with RECOURSE_WRITE_LETTERS=1 and look at the change")
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted() == names.sorted())
    }

    @Test(arguments: LetterKind.allCases, LetterLanguage.allCases)
    func `Every template that is built in is taken`(kind: LetterKind, language: LetterLanguage) {
        let file = PolicyFiles.Letter(
            name: LetterBook.fileName(kind, language), text: LetterDefaults.text(kind, language))
        expectFaults(PolicyFolder.faults(letters: [file]), [])
    }

    @Test func `The default folder gives the letters that are built in`() throws {
        let book = try PolicyFolder.book().letters
        for kind in LetterKind.allCases { #expect(book.digest(of: kind) == LetterBook().digest(of: kind)) }
    }
}
