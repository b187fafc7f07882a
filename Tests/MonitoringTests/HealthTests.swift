import Testing

@testable import Monitoring

@Suite struct `Health and readiness` {
    private func working() -> Figures {
        var figures = Figures(stage: "intake")
        figures.lastLoop = Moment(wall: 1_800_000_000_000_000, uptime: 100_000_000)
        figures.condition.isConsuming = true
        figures.condition.isPublishing = true
        figures.policy = "1"
        return figures
    }

    private func ask(_ figures: Figures, _ path: String, method: String = "GET", uptime: Int64 = 101_000_000) -> Reply {
        guard case .complete(let head) = RequestHead.read(Array("\(method) \(path) HTTP/1.0\r\n\r\n".utf8)) else {
            Issue.record("\(method) \(path) is no request")
            return .malformed
        }
        return figures.reply(to: head, uptime: uptime) { "metrics\n" }
    }

    @Test func `A worker that works is healthy and ready`() {
        #expect(ask(working(), "/healthz") == Reply(200, "ok\n"))
        #expect(ask(working(), "/readyz").status == 200)
        #expect(ask(working(), "/metrics").type == Exposition.contentType)
        #expect(working().status == "consuming")
    }

    @Test func `A loop that stands still is unhealthy after half a minute, and not before`() {
        #expect(ask(working(), "/healthz", uptime: 130_000_000).status == 200)
        #expect(ask(working(), "/healthz", uptime: 131_000_000) == Reply(503, "the loop has stood still for 31 s\n"))
    }

    @Test
    func `One that waits for its database at the start is healthy, so that nobody starts it again, and not ready`() {
        let figures = Figures(stage: "intake")
        #expect(ask(figures, "/healthz", uptime: 3_600_000_000) == Reply(200, "starting\n"))
        #expect(ask(figures, "/readyz").status == 503)
    }

    @Test(arguments: ["running", "broker", "unblocked", "store", "topology", "policy", "clock"])
    func `What is missing makes it unready, is named, and leaves it healthy`(name: String) {
        var figures = working()
        switch name {
        case "running": figures.condition.isDraining = true
        case "broker": figures.condition.isPublishing = false
        case "unblocked": figures.condition.isBlocked = true
        case "store": figures.isLookFailing = true
        case "topology": figures.condition.isPromiseBroken = true
        case "policy": figures.isPolicyRefused = true
        default: figures.isClockFailing = true
        }
        #expect(ask(figures, "/healthz").status == 200)
        let reply = ask(figures, "/readyz")
        #expect(reply.status == 503)
        let missing = reply.body.split(separator: "\n").filter { $0.hasPrefix("[-]") }
        #expect(missing.count == 1 && missing.first?.hasPrefix("[-] \(name): ") == true)
        #expect(figures.status == (name == "running" ? "stopping" : "not ready: \(name)"))
    }

    @Test func `There is nothing but three paths to read`() {
        for path in ["/", "/metrics/", "/healthz/x", "/METRICS", "//healthz", "/../etc/passwd"] {
            #expect(ask(working(), path).status == 404)
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "get", "TRACE"] {
            #expect(ask(working(), "/metrics", method: method).status == 405)
        }
        #expect(ask(working(), "/metrics", method: "HEAD").status == 200)
    }
}
