import Schema
import Testing
import Web

@Suite struct `Markup with texts of others in it` {
    /// Each ends where a browser would leave the text, with something behind it that makes it another `Character`.
    static let harmful = [
        "\"\u{301}", "'\u{308}", "<\u{338}", ">\u{338}", "&\u{20DD}", "\"\u{FE0F}", "<\u{200D}b>", "\u{0600}<b>",
        "</td\u{0301}><script\u{0301}>", "\" onload\u{0301}=\"x", "\r\n<b>\r\n", "👩‍👧\"\u{E0100}",
    ]

    @Test(arguments: harmful)
    func `escapes bytes, not characters`(_ text: String) {
        let html: HTML = "<p title=\"\(text)\">\(text)</p>"
        let inside = html.bytes.dropFirst("<p title=\"".utf8.count).dropLast("</p>".utf8.count)
        // Of the markup itself: `">` between the two.
        #expect(inside.count { $0 == UInt8(ascii: "\"") } == 1)
        #expect(inside.count { $0 == UInt8(ascii: ">") } == 1)
        #expect(!inside.contains(UInt8(ascii: "<")) && !inside.contains(UInt8(ascii: "'")))
    }

    @Test func `leaves every other text as it is`() {
        let text = "张伟 é e\u{301} 👩‍👧 ½ ~`|{}[]()#%"
        #expect(HTML(text: text).bytes == Array(text.utf8))
    }

    @Test(arguments: [
        "\0", "\u{1B}[2J", "\n", "\u{7F}", "\u{9B}", "\u{202E}", "\u{2066}", "\u{200F}", "\u{61C}", "\u{2028}",
    ])
    func `shows what would steer the page as a point`(_ mark: String) {
        #expect(HTML(text: "a\(mark)b").text.hasPrefix("a·"))
    }

    @Test func `is put together of parts, texts and numbers`() {
        let items = ["a", "<b>"].map { one -> HTML in "<li>\(one)</li>" }
        let html: HTML = "<ul class=\"n\(3)\">\(items)</ul>\("x<y".dropFirst(1))"
        #expect(html.text == "<ul class=\"n3\"><li>a</li><li>&lt;b&gt;</li></ul>&lt;y")
        #expect(items.joined(separator: "<hr>").text == "<li>a</li><hr><li>&lt;b&gt;</li>")
        #expect(HTML().isEmpty && (HTML() + "<br>").text == "<br>")
    }

    @Test func `takes no text of a variable for markup`() {
        let literal = "<i>"
        let html: HTML = "\(literal.isEmpty ? "<u>" : literal)"
        #expect(html.text == "&lt;i&gt;")
    }
}
