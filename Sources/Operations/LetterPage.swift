import Policy
import Web

/// A letter as a page to print: HTML that follows from its text alone, so the same letter gives the same bytes (R14).
///
/// The text has the layout of its template: a title, `label: value` lines, then blocks apart by blank lines, of which
/// those of several lines begin with a heading; `1. …` is an item of a list. Below the text is the place for signature
/// and seal, which belong to the paper, not to what was decided: the text in the dossier has none. One file without
/// scripts or anything to be loaded; every character of the text is text on the page.
package struct LetterPage: Sendable {
    private let language: LetterLanguage
    private let lines: [Substring]

    package init(_ letter: String, language: LetterLanguage) {
        self.language = language
        lines = letter.split(separator: "\n", omittingEmptySubsequences: false)
    }

    package var html: HTML {
        let title = lines.first ?? ""
        let head = lines.dropFirst().prefix { !$0.isEmpty }
        let blocks = lines.dropFirst(1 + head.count).split(whereSeparator: \.isEmpty)
        let content = Self.head(head) + blocks.map { Self.block(Array($0)) } + [signature]
        return """
            <!DOCTYPE html>
            <html lang="\(language == .zh ? "zh-CN" : "en")">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(title)</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            <h1>\(title)</h1>
            \(content.joined(separator: "\n"))
            </body>
            </html>

            """
    }

    private static func head(_ lines: ArraySlice<Substring>) -> [HTML] {
        lines.isEmpty ? [] : ["<dl>"] + lines.map(headLine) + ["</dl>"]
    }

    private static func headLine(_ line: Substring) -> HTML {
        guard let colon = line.firstIndex(where: { $0 == ":" || $0 == "\u{FF1A}" }) else {
            return "<div><dd>\(line)</dd></div>"
        }
        let value = line[line.index(after: colon)...].drop { $0 == " " }
        return "<div><dt>\(line[...colon])</dt><dd>\(value)</dd></div>"
    }

    private static func block(_ lines: [Substring]) -> HTML {
        var parts: [HTML] = ["<section>"]
        if lines.count > 1 { parts.append("<h2>\(lines[0])</h2>") }
        var isInList = false
        for line in lines.dropFirst(lines.count > 1 ? 1 : 0) {
            let item = item(line)
            if isInList != (item != nil) { parts.append(isInList ? "</ol>" : "<ol>") }
            isInList = item != nil
            if let item {
                parts.append("<li value=\"\(item.number)\">\(item.text)</li>")
            } else {
                parts.append("<p>\(line)</p>")
            }
        }
        if isInList { parts.append("</ol>") }
        return (parts + ["</section>"]).joined(separator: "\n")
    }

    /// `1. …`
    private static func item(_ line: Substring) -> (number: Int, text: Substring)? {
        guard let point = line.firstIndex(of: "."), let number = Int(line[..<point]), number > 0,
            line[..<point].allSatisfy(\.isNumber), line[point...].hasPrefix(". ")
        else { return nil }
        return (number, line[point...].dropFirst(2))
    }

    private var signature: HTML {
        switch language {
        case .zh: "<footer>\n<p>签字：</p>\n<p>（盖章）</p>\n</footer>"
        case .en: "<footer>\n<p>Signature:</p>\n<p>(Seal)</p>\n</footer>"
        }
    }

    /// A4. Long words break anywhere rather than leave the page; a heading stays with what follows it; a round seal of
    /// 42 mm has its place.
    private static let style: HTML = """
        @page { size: A4; margin: 25mm 24mm 25mm 28mm; @bottom-center { content: counter(page) " / " counter(pages); } }
        html { font: 11.5pt/1.65 "Noto Serif", "Times New Roman", "Noto Serif CJK SC", "Source Han Serif SC", serif; }
        html:lang(zh) { font-family: "Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", SimSun, serif; }
        body { margin: 0 auto; max-width: 158mm; color: #000; background: #fff; overflow-wrap: anywhere; }
        h1 { margin: 0 0 8mm; font-size: 19pt; line-height: 1.3; text-align: center; }
        h2 { margin: 6mm 0 1.5mm; font-size: 12.5pt; line-height: 1.4; break-after: avoid; }
        dl { margin: 0; padding: 3mm 0; border: solid #000; border-width: 0.3mm 0; }
        dl div { display: flex; gap: 0.5em; }
        dt { flex: none; min-width: 4.5em; }
        dd { margin: 0; min-width: 0; }
        p { margin: 0 0 1.5mm; orphans: 2; widows: 2; }
        ol { margin: 0 0 1.5mm; padding-left: 2.6em; }
        li { break-inside: avoid; }
        footer { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 6mm; margin-top: 12mm;
          break-inside: avoid; }
        footer p { flex: 0 1 70mm; height: 20mm; border-bottom: 0.3mm solid #000; }
        footer p + p { flex: 0 0 44mm; height: 44mm; border: 0; text-align: center; }
        @media screen { body { padding: 15mm 8mm; } }
        @media screen and (max-width: 600px) { body { padding: 6mm 5mm; } h1 { font-size: 16pt; } }
        """
}
