import Testing

@testable import Monitoring

@Suite struct `The head of a request` {
    private func read(_ text: String) -> RequestHead.Reading { RequestHead.read(Array(text.utf8)) }

    private func head(_ text: String) -> RequestHead? {
        if case .complete(let head) = read(text) { head } else { nil }
    }

    private func status(_ text: String) -> Int? {
        if case .refused(let reply) = read(text) { reply.status } else { nil }
    }

    @Test func `has a method and a path, without the query`() {
        let head = head("GET /metrics?name=x HTTP/1.1\r\nHost: localhost:9400\r\nAccept: */*\r\n\r\n")
        #expect(head?.method == "GET" && head?.path == "/metrics" && head?.wantsBody == true)
        #expect(self.head("HEAD /readyz HTTP/1.0\r\n\r\n")?.wantsBody == false)
        #expect(self.head("DELETE /metrics HTTP/1.1\r\nHost: a\r\n\r\n")?.isReading == false)
    }

    @Test func `is waited for until its blank line has come`() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        for length in 0..<text.utf8.count {
            #expect(RequestHead.read(Array(text.utf8.prefix(length))) == .incomplete, "after \(length) bytes")
        }
        #expect(head(text) != nil)
        // What follows is no matter: the connection ends.
        #expect(head(text + "GET / HTTP/1.1\r\n") != nil)
    }

    @Test(arguments: [
        "GET /\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
        "G\u{0}T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "GET /ü HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \u{1}\r\n\r\n", "\u{16}\u{3}\u{1}",
    ]) func `that is not of HTTP/1 or has a body is malformed`(text: String) {
        #expect(status(text) == 400)
    }

    @Test func `that is too large is refused, whether or not it ends`() {
        let long = String(repeating: "a", count: RequestHead.limit)
        #expect(status("GET /\(long)") == 431)
        #expect(status("GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n") == 431)
        let fields = String(repeating: "X: y\r\n", count: 80)
        #expect(status("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n") == 431)
        let fitting = "GET / HTTP/1.1\r\nHost: a\r\nX: "
        let padding = String(repeating: "b", count: RequestHead.limit - fitting.utf8.count - 4)
        #expect(head(fitting + padding + "\r\n\r\n") != nil)
    }
}

@Suite struct `An answer` {
    @Test func `says how long it is and ends the connection; to HEAD the same without the body`() throws {
        let reply = Reply(200, "ok\n")
        let text = String(decoding: reply.bytes(), as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n") && text.hasSuffix("\r\n\r\nok\n"))
        #expect(text.contains("Content-Length: 3\r\n") && text.contains("Connection: close\r\n"))
        #expect(String(decoding: reply.bytes(withBody: false), as: UTF8.self) == String(text.dropLast(3)))
        #expect(String(decoding: Reply.notAllowed.bytes(), as: UTF8.self).contains("Allow: GET, HEAD\r\n"))
    }
}
