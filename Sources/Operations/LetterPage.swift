import Policy

/// A letter as a page to print: HTML that follows from its text alone, so the same letter gives the same bytes (R14).
///
/// The text has the layout of its template: a title, `label: value` lines, then blocks apart by blank lines, of which
/// those of several lines begin with a heading; `1. …` is an item of a list. One file without scripts or anything to be
/// loaded; every character of the text is text on the page.
package struct LetterPage: Sendable {
    private let language: LetterLanguage
    private let lines: [Substring]

    package init(_ letter: String, language: LetterLanguage) {
        self.language = language
        lines = letter.split(separator: "\n", omittingEmptySubsequences: false)
    }

    package var html: String {
        let title = lines.first ?? ""
        let head = lines.dropFirst().prefix { !$0.isEmpty }
        let blocks = lines.dropFirst(1 + head.count).split(whereSeparator: \.isEmpty)
        return """
            <!DOCTYPE html>
            <html lang="\(language == .zh ? "zh-CN" : "en")">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(Self.escaped(title))</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            <h1>\(Self.escaped(title))</h1>
            \((Self.head(head) + blocks.map { Self.block(Array($0)) }).joined(separator: "\n"))
            </body>
            </html>

            """
    }

    private static func head(_ lines: ArraySlice<Substring>) -> [String] {
        lines.isEmpty ? [] : ["<dl>"] + lines.map(headLine) + ["</dl>"]
    }

    private static func headLine(_ line: Substring) -> String {
        guard let colon = line.firstIndex(where: { $0 == ":" || $0 == "\u{FF1A}" }) else {
            return "<div><dd>\(escaped(line))</dd></div>"
        }
        let value = line[line.index(after: colon)...].drop { $0 == " " }
        return "<div><dt>\(escaped(line[...colon]))</dt><dd>\(escaped(value))</dd></div>"
    }

    private static func block(_ lines: [Substring]) -> String {
        var parts = ["<section>"]
        if lines.count > 1 { parts.append("<h2>\(escaped(lines[0]))</h2>") }
        var isInList = false
        for line in lines.dropFirst(lines.count > 1 ? 1 : 0) {
            let item = item(line)
            if isInList != (item != nil) { parts.append(isInList ? "</ol>" : "<ol>") }
            isInList = item != nil
            if let item {
                parts.append("<li value=\"\(item.number)\">\(escaped(item.text))</li>")
            } else {
                parts.append("<p>\(escaped(line))</p>")
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

    private static func escaped(_ text: Substring) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A4. Long words break anywhere rather than leave the page; a heading stays with what follows it.
    private static let style = """
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
        @media screen { body { padding: 15mm 8mm; } }
        """
}
