import Schema
import Testing

@Suite struct `Texts have the same bytes` {
    @Test(arguments: ["", "a", "1234567", "12345678", "123456789", "7f1d0c6e-52b5-5d0e-9a55-0d7a3a0c2b11", "空调不制冷"])
    func `exactly when they are spelt alike`(text: String) {
        #expect(text.hasSameBytes(as: String(decoding: Array(text.utf8), as: UTF8.self)))
        #expect(!text.hasSameBytes(as: text + " ") && !(text + " ").hasSameBytes(as: text))
        for place in text.utf8.indices {
            var bytes = Array(text.utf8)
            bytes[text.utf8.distance(from: text.utf8.startIndex, to: place)] = UInt8(ascii: "~")
            #expect(!text.hasSameBytes(as: String(decoding: bytes, as: UTF8.self)))
        }
    }

    @Test func `and not when they only mean the same character`() {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        #expect(composed == decomposed && !composed.hasSameBytes(as: decomposed))
        // Of equal length, too: two marks in either order.
        let (one, other) = ("q\u{307}\u{323}", "q\u{323}\u{307}")
        #expect(one == other && !one.hasSameBytes(as: other))
    }
}
