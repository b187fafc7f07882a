import Foundation
import Operations
import Policy
import Runtime
import Schema
import Stages
import Store
import Testing
import Web

@testable import Bootstrap

private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Letters")

@Suite(.serialized) struct `A letter that went out` {
    private func view(_ pipeline: MemoryPipeline) throws -> NoticeView {
        NoticeView(
            penalty: try #require(pipeline.stores[.penalty]), handling: try #require(pipeline.stores[.handling]))
    }

    /// Every letter of the scenario as it is printed, by file name.
    private func letters(
        _ pipeline: MemoryPipeline, _ grave: LetterKind? = nil
    ) async throws -> [(name: String, report: NoticeReport)] {
        let view = try view(pipeline)
        var letters: [(String, NoticeReport)] = []
        for notice in try await view.list(limit: 100).notices {
            let name = try #require(grave?.rawValue ?? LetterScenario.names[notice.number], "\(notice)")
            for language in LetterLanguage.allCases {
                for format in LetterFormat.allCases {
                    let report = try #require(
                        try await view.show(notice.noticeId, language: language, format: format))
                    let ending = format == .text ? "txt" : "html"
                    letters.append(("\(name).\(language.rawValue).\(ending)", report))
                }
            }
        }
        return letters
    }

    /// With RECOURSE_WRITE_LETTERS=1 the files are written instead.
    @Test func `is the golden one, of every kind in both languages, as text and as a page`() async throws {
        var letters = try await letters(LetterScenario.finished())
        for (rung, kind) in LetterScenario.graveKinds {
            letters += try await self.letters(LetterScenario.grave(rung), kind)
        }
        let isWriting = ProcessInfo.processInfo.environment["RECOURSE_WRITE_LETTERS"] == "1"
        for (name, report) in letters {
            let file = folder.appending(path: name)
            if isWriting { try Data(report.letter.utf8).write(to: file) }
            #expect(
                try Data(contentsOf: file) == Data(report.letter.utf8),
                "\(name) differs; run the tests with RECOURSE_WRITE_LETTERS=1 and look at the change")
            #expect(report.text + "\n" == report.letter)
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(letters.map(\.name).sorted() == files.sorted())
        #expect(letters.count == (LetterScenario.names.count + LetterScenario.graveKinds.count) * 4)
    }

    @Test func `has the same bytes again, and after its journal was run again`() async throws {
        let pipeline = try await LetterScenario.finished()
        let first = try await letters(pipeline)
        for stage: any Stage in [PenaltyStage(), HandlingStage()] {
            let store = try #require(pipeline.stores[type(of: stage).name])
            let report = try await JournalReplay(stage: stage).run(store)
            #expect(report.isEqual, "\(report.text)")
        }
        #expect(try await letters(pipeline).map(\.report) == first.map(\.report))
        // Another run over stores of its own.
        #expect(try await letters(LetterScenario.finished()).map(\.report) == first.map(\.report))
    }

    @Test func `does not change with the templates: new ones need a new version`() async throws {
        let store = try #require(try await LetterScenario.finished().stores[.penalty])
        let text = LetterDefaults.text(.warning, .zh).replacing("发函：服务管理部", with: "发函：客服中心")
        let forgotten = try LetterScenario.policy(letters: [PolicyFiles.Letter(name: "warning.zh.txt", text: text)])
        await #expect(throws: PolicyReuse(version: "letters-1")) {
            _ = try await store.read { try KeptPolicy.isKept(forgotten, in: $0) }
        }
        let report = try await JournalReplay(stage: PenaltyStage()).run(store)
        #expect(report.isEqual, "\(report.text)")
    }

    @Test func `holds nothing of what upstream writes into fields of free text`() async throws {
        let pipeline = try await LetterScenario.finished(planted: "张伟 13812345678 Zhang Wei")
        let letters = try await letters(pipeline)
        #expect(letters.count == LetterScenario.names.count * 4)
        for (name, report) in letters {
            for secret in ["张伟", "13812345678", "Zhang"] {
                #expect(!report.letter.contains(secret), "\(name)")
                #expect(try !report.json().contains(secret), "\(name)")
            }
        }
        #expect(letters.filter { $0.name.hasPrefix("recovery-demand") }.count == 4)
        // What was planted is really there: tokens stand for it where it is personal, elsewhere (serial numbers, titles)
        // it lies open.
        let journal = try #require(pipeline.stores[.penalty])
        let inputs = try await journal.read { try $0.journal(after: 0, limit: 1_000, withBodies: true) }
        let planted = inputs.count { entry in
            guard case .event(_, _, _, _, let body) = entry.input else { return false }
            return String(decoding: body, as: UTF8.self).contains("13812345678")
        }
        #expect(planted > 10)
    }

    @Test func `is the same from a database on disk`() async throws {
        let pipeline = try await LetterScenario.finished()
        let folder = FileManager.default.temporaryDirectory.appending(path: "notices-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let configuration = try Configuration(
            environment: ["RECOURSE_DATABASE_URL": "sqlite:\(folder.path)"], requiring: [.database])
        try await Installation(configuration).make(["penalty", "handling"])
        var disks: [StageName: any Store] = [:]
        for stage: any Stage.Type in [PenaltyStage.self, HandlingStage.self] {
            let (entries, records) = try await #require(pipeline.stores[stage.name]).read { snapshot in
                (
                    try snapshot.journal(after: 0, limit: 10_000, withBodies: true),
                    try stage.recordTypes.flatMap { try snapshot.records(kind: $0.kind, after: "", limit: 10_000) }
                )
            }
            let disk = try Installation(configuration).store(stage.name)
            try await disk.write { transaction in
                try transaction.save(records)
                _ = try transaction.append(entries, owner: "test")
            }
            disks[stage.name] = disk
        }
        let there = NoticeView(
            penalty: try #require(disks[.penalty]), handling: try #require(disks[.handling]))
        let here = try view(pipeline)
        let list = try await here.list(limit: 100)
        #expect(try await there.list(limit: 100) == list)
        for notice in list.notices {
            let letter = try await here.show(notice.noticeId, language: .en, format: .html)
            #expect(try await there.show(notice.noticeId, language: .en, format: .html) == letter && letter != nil)
        }
        for disk in disks.values { await disk.close() }
    }

    @Test func `is listed by addressee, page by page`() async throws {
        let view = try view(try await LetterScenario.finished())
        let both = try await view.list(addressee: "O-RECT").notices.map(\.number).sorted()
        #expect(both == ["O-RECT-2026-1", "O-RECT-2026-2"])
        #expect(try await view.list(addressee: "nobody").notices.isEmpty)
        let first = try await view.list(limit: 7)
        let second = try await view.list(after: #require(first.next), limit: 7)
        #expect(Set((first.notices + second.notices).map(\.number)) == Set(LetterScenario.names.keys))
        #expect(second.next == nil)
        #expect(first.text.contains("More: --after "))
    }

    @Test func `is not found under another id`() async throws {
        let view = try view(try await LetterScenario.finished())
        #expect(try await view.show("nobody", language: .zh, format: .text) == nil)
    }
}

@Suite struct `A letter on paper` {
    private func html(_ letter: String, _ language: LetterLanguage = .zh) -> String {
        LetterPage(letter, language: language).html.text
    }

    @Test func `shows every character as text`() async throws {
        let name = #"<script>alert("1")</script> & sons"#
        let pipeline = try await LetterScenario.finished(policy: LetterScenario.policy(outletName: name))
        let view = NoticeView(
            penalty: try #require(pipeline.stores[.penalty]), handling: try #require(pipeline.stores[.handling]))
        let notice = try #require(try await view.list(addressee: "O-WARN").notices.first)
        let page = try #require(try await view.show(notice.noticeId, language: .en, format: .html)).letter
        #expect(page.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; sons (O-WARN)</dd>"))
        #expect(!page.contains("<script"))
        let text = try #require(try await view.show(notice.noticeId, language: .en, format: .text)).letter
        #expect(text.contains("To: Service outlet \(name) (O-WARN)\n"))
        #expect(html("a'b\nx: <&>\n\n<p>\n").contains("<h1>a&#39;b</h1>"))
        #expect(html("a\n\n\"\u{301}<\u{338}p>\u{202E}x\n").contains("<p>&quot;\u{301}&lt;\u{338}p&gt;·x</p>"))
    }

    @Test func `has title, head, headings, lists and paragraphs as the text has them`() {
        let page = html("T\nTo: O1: x\n编号\u{FF1A}7\nodd\n\nFacts\nIntro\n1. one\n2. two\nRest\n\nAlone\n", .en)
        #expect(page.contains("<html lang=\"en\">"))
        #expect(page.contains("<h1>T</h1>\n<dl>\n<div><dt>To:</dt><dd>O1: x</dd></div>\n"))
        #expect(page.contains("<div><dt>编号\u{FF1A}</dt><dd>7</dd></div>\n<div><dd>odd</dd></div>\n</dl>"))
        #expect(
            page.contains(
                """
                <section>
                <h2>Facts</h2>
                <p>Intro</p>
                <ol>
                <li value="1">one</li>
                <li value="2">two</li>
                </ol>
                <p>Rest</p>
                </section>
                <section>
                <p>Alone</p>
                </section>
                """))
    }

    @Test func `has a place for signature and seal, below everything`() {
        #expect(html("T\n\nx\n", .zh).hasSuffix("<footer>\n<p>签字：</p>\n<p>（盖章）</p>\n</footer>\n</body>\n</html>\n"))
        #expect(html("T\n\nx\n", .en).contains("<footer>\n<p>Signature:</p>\n<p>(Seal)</p>\n</footer>\n</body>"))
    }

    @Test func `asks for nothing from anywhere`() {
        let page = html("T\n\nx\n")
        #expect(page.contains("<h1>T</h1>\n<section>"), "no frame around an empty head")
        for word in ["http:", "https:", "src=", "href=", "url(", "@import", "<script"] { #expect(!page.contains(word)) }
        #expect(page.contains("default-src 'none'"))
    }
}

@Suite struct `A policy folder with letters` {
    private func folder(_ letters: [String: String]) throws -> URL {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "deploy/policy")
        let folder = FileManager.default.temporaryDirectory.appending(path: "letters-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "letters"), withIntermediateDirectories: true)
        for name in ["policy.yaml", "organisation.yaml", "calendar.csv"] {
            try FileManager.default.copyItem(at: root.appending(path: name), to: folder.appending(path: name))
        }
        for (name, text) in letters {
            try Data(text.utf8).write(to: folder.appending(path: "letters").appending(path: name))
        }
        return folder
    }

    @Test func `is read with what it has; hidden files are nobody's letters`() throws {
        let text = LetterDefaults.text(.warning, .zh).replacing("服务管理部", with: "客服中心")
        let folder = try folder(["warning.zh.txt": text, ".warning.zh.txt.swp": "x"])
        defer { try? FileManager.default.removeItem(at: folder) }
        let book = try PolicyLoading.load(directory: folder.path, currentYear: nil).letters
        #expect(book.digest(of: .warning) != LetterBook().digest(of: .warning))
        #expect(book.digest(of: .withdrawal) == LetterBook().digest(of: .withdrawal))
    }

    @Test func `is refused with the faults of all its letters, each with its path and line`() throws {
        let folder = try folder(["warning.zh.txt": "标题\n\n{nonsense}\n", "warnung.zh.txt": ""])
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            _ = try PolicyLoading.load(directory: folder.path, currentYear: nil)
            Issue.record("the folder was taken")
        } catch {
            let path = folder.path + "/letters/"
            #expect(error.faults.contains { $0.hasPrefix("\(path)warning.zh.txt:3: {nonsense} is unknown here") })
            #expect(error.faults.contains { $0.hasPrefix("\(path)warnung.zh.txt: the file is no letter") })
        }
    }
}
