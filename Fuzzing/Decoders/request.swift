// Any bytes as a request to a worker's listener, in one piece and as they come: what was complete stays as it was read, what
// was refused stays refused, nothing of what was sent comes back, and every answer is one of HTTP/1.1.
import Monitoring

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let whole = RequestHead.read(bytes)
    if case .incomplete = whole, bytes.count >= RequestHead.limit { preconditionFailure("read beyond the limit") }
    // Every piece of a large one would take a square of its length.
    let step = max(1, count / 64)
    for end in stride(from: 0, to: count, by: step) {
        switch (RequestHead.read(Array(bytes[..<end])), whole) {
        case (.incomplete, _), (.refused, .refused): break
        case (.complete(let early), .complete(let late)): precondition(early == late)
        case (.complete, _), (.refused, _): preconditionFailure("more bytes have changed what was read")
        }
    }
    let reply: Reply
    switch whole {
    case .incomplete: return 0
    case .refused(let refusal): reply = refusal
    case .complete(let head):
        precondition(head.path.hasPrefix("/") && !head.method.isEmpty)
        reply = Figures(stage: "intake").reply(to: head, uptime: 0) { "" }
        precondition(reply.status == 404 || ["/healthz", "/readyz", "/metrics"].contains(head.path))
    }
    let text = String(decoding: reply.bytes(), as: UTF8.self)
    precondition(text.hasPrefix("HTTP/1.1 ") && text.contains("\r\n\r\n") && text.utf8.count < 4_096)
    return 0
}
