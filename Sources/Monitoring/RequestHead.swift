/// The head of an HTTP/1 request, as far as the listener needs it: strict, for whoever asks it is a machine.
package struct RequestHead: Sendable, Hashable {
    package let method: String
    /// Without the query.
    package let path: String

    /// GET or HEAD.
    package var isReading: Bool { method == "GET" || method == "HEAD" }
    package var wantsBody: Bool { method != "HEAD" }

    package enum Reading: Sendable, Hashable {
        /// More has to come.
        case incomplete
        case complete(RequestHead)
        case refused(Reply)
    }

    /// In bytes, with the blank line at its end.
    package static let limit = 8_192
    private static let mostFields = 64

    /// Reads what has come so far.
    package static func read(_ bytes: [UInt8]) -> Reading {
        guard let end = end(of: bytes) else {
            if bytes.count >= limit { return .refused(.tooLarge) }
            // What cannot become a request is not waited for.
            return bytes.contains(where: isNeverInHead) ? .refused(.malformed) : .incomplete
        }
        guard end <= limit else { return .refused(.tooLarge) }
        guard let lines = lines(bytes[..<end]), let first = lines.first, let head = RequestHead(line: first) else {
            return .refused(.malformed)
        }
        guard lines.count <= mostFields + 1 else { return .refused(.tooLarge) }
        guard areAcceptable(lines.dropFirst(), isFirstEdition: first.ends(with: Array("HTTP/1.0".utf8))) else {
            return .refused(.malformed)
        }
        return .complete(head)
    }

    /// `GET /path HTTP/1.1`.
    private init?(line: ArraySlice<UInt8>) {
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 3, !words[0].isEmpty, words[0].allSatisfy(Self.isTokenByte),
            words[1].first == UInt8(ascii: "/"), words[1].allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            [Array("HTTP/1.1".utf8), Array("HTTP/1.0".utf8)].contains(Array(words[2]))
        else { return nil }
        method = String(decoding: words[0], as: UTF8.self)
        path = String(decoding: words[1].prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
    }

    /// The position behind the blank line.
    private static func end(of bytes: [UInt8]) -> Int? {
        var matched = 0
        for (index, byte) in bytes.enumerated() {
            let wanted = matched.isMultiple(of: 2) ? UInt8(ascii: "\r") : UInt8(ascii: "\n")
            matched = byte == wanted ? matched + 1 : byte == UInt8(ascii: "\r") ? 1 : 0
            if matched == 4 { return index + 1 }
        }
        return nil
    }

    /// Without the blank line; nil: a carriage return or a line feed stands by itself.
    private static func lines(_ head: ArraySlice<UInt8>) -> [ArraySlice<UInt8>]? {
        var lines: [ArraySlice<UInt8>] = []
        for part in head.dropLast(2).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            guard part.last == UInt8(ascii: "\r"), !part.dropLast().contains(UInt8(ascii: "\r")) else { return nil }
            lines.append(part.dropLast())
        }
        return lines
    }

    /// Each field has a name and a value of one line; there is one host, and no body.
    private static func areAcceptable(_ fields: ArraySlice<ArraySlice<UInt8>>, isFirstEdition: Bool) -> Bool {
        var hosts = 0
        for field in fields {
            guard let colon = field.firstIndex(of: UInt8(ascii: ":")), colon > field.startIndex,
                field[..<colon].allSatisfy(isTokenByte), !field[colon...].contains(where: isNeverInHead)
            else { return false }
            let value = field[(colon + 1)...].filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
            switch String(decoding: field[..<colon], as: UTF8.self).lowercased() {
            case "host": hosts += 1
            case "transfer-encoding": return false
            case "content-length":
                if value.contains(where: { $0 != UInt8(ascii: "0") }) || value.isEmpty { return false }
            default: break
            }
        }
        return hosts == 1 || isFirstEdition && hosts == 0
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// Control characters; line ends are looked at where lines are told apart.
    private static func isNeverInHead(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): false
        default: byte < 0x20 || byte == 0x7F
        }
    }
}

extension ArraySlice<UInt8> {
    fileprivate func ends(with suffix: [UInt8]) -> Bool { self.suffix(suffix.count).elementsEqual(suffix) }
}
