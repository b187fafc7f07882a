/// The listener's answer to one request; the connection ends with it.
package struct Reply: Sendable, Hashable {
    package let status: Int
    package let type: String
    package let body: String
    private let allow: String?

    package init(_ status: Int, _ body: String, type: String = "text/plain; charset=utf-8", allow: String? = nil) {
        (self.status, self.body, self.type, self.allow) = (status, body, type, allow)
    }

    package static let malformed = Reply(400, "not a request of HTTP/1.1 without a body\n")
    package static let notFound = Reply(404, "there are /healthz, /readyz and /metrics\n")
    package static let notAllowed = Reply(405, "GET or HEAD\n", allow: "GET, HEAD")
    package static let tooSlow = Reply(408, "the request did not come in time\n")
    package static let tooLarge = Reply(431, "the head of a request may have \(RequestHead.limit) bytes\n")
    package static let busy = Reply(503, "too many connections\n")

    private static let reasons = [
        200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
        431: "Request Header Fields Too Large", 503: "Service Unavailable",
    ]

    package func bytes(withBody: Bool = true) -> [UInt8] {
        let body = Array(body.utf8)
        var head = [
            "HTTP/1.1 \(status) \(Reply.reasons[status] ?? "Other")", "Content-Type: \(type)",
            "Content-Length: \(body.count)", "Cache-Control: no-store", "X-Content-Type-Options: nosniff",
            "Connection: close",
        ]
        if let allow { head.append("Allow: \(allow)") }
        let bytes = Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        return withBody ? bytes + body : bytes
    }
}
