import Foundation
import Schema
import Testing

@Suite struct `A brand or category` {
    @Test(arguments: [
        ("Acme", "ACME"), ("Caf\u{E9}", "Cafe\u{301}"), ("CAFE\u{301}", "caf\u{E9}"), ("Ｈａｉｅｒ", "haier"),
        ("Straße", "STRASSE"),
        ("ﬁne", "FINE"), ("Ⅳ", "iv"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("①", "1"), ("ｶﾞ", "ガ"), ("각", "\u{1100}\u{1161}\u{11A8}"),
        ("豈", "\u{F900}"), (" Haier \u{3000}\t Group\u{A0}", "haier group"), ("\u{2126}", "ω"), ("İ", "i\u{307}"),
        // Marks are in one order, and the iota below folds only in its place among them.
        ("q\u{307}\u{323}", "q\u{323}\u{307}"), ("\u{1F80}", "ἀι"), ("α\u{345}\u{301}", "α\u{301}\u{345}"),
        ("ᾼ", "αι"), ("", " "),
    ])
    func `is the same in another case, width or composition, and with other blanks`(one: String, other: String) {
        #expect(MatterKey(one) == MatterKey(other))
        #expect(MatterKey(one).text.utf8.elementsEqual(MatterKey(other).text.utf8), "ids are made of it")
    }

    @Test(arguments: [
        ("Acme", "Acmé"), ("Haier Group", "HaierGroup"), ("格力", "格 力"), ("ı", "i"), ("1", "l"), ("Acme-1", "Acme 1"),
    ])
    func `is another in other letters`(one: String, other: String) {
        #expect(MatterKey(one) != MatterKey(other))
    }

    @Test func `is a key already once it has become one`() {
        for value in UInt32(0)...0x2FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let key = MatterKey("a\(scalar)b").text
            #expect(
                MatterKey(key).text.unicodeScalars.elementsEqual(key.unicodeScalars), "U+\(String(value, radix: 16))")
        }
    }

    /// Python knows NFKC and full case folding of its own. Who has another version of Unicode knows other letters, so only
    /// what both versions have counts.
    @Test func `is the same exactly where Python's normalization and folding say so`() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let (script, output) = (folder.appending(path: "folding.py"), Pipe())
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-B", script.path]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let lines = text.split(separator: "\n")
        try #require(lines.count > 100_000)
        var wrong = 0
        for line in lines {
            // Two texts that are equal after NFKC and folding, as code points.
            let texts = line.split(separator: "\t", omittingEmptySubsequences: false).map { part in
                String(String.UnicodeScalarView(part.split(separator: " ").compactMap { Self.scalar($0) }))
            }
            guard texts.count == 2, MatterKey(texts[0]) != MatterKey(texts[1]) else { continue }
            wrong += 1
            if wrong < 10 { Issue.record("\(line)") }
        }
        #expect(wrong == 0)
    }

    private static func scalar(_ hexadecimal: Substring) -> Unicode.Scalar? {
        UInt32(hexadecimal, radix: 16).flatMap { Unicode.Scalar($0) }
    }
}
