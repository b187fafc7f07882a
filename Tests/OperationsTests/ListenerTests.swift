import Foundation
import Glibc
import Monitoring
import Runtime
import Schema
import Synchronization
import Testing

@testable import Bootstrap

/// A listener on a free port of loopback, and clients that are as they come.
private struct Bench {
    let listener: Listener
    let address: ListenerAddress

    init(_ answer: @escaping @Sendable (RequestHead) -> Reply = { Reply(200, "\($0.method) \($0.path)\n") }) throws {
        (listener, address) = try Bench.listener()
        listener.serve(answer)
    }

    static func listener() throws -> (Listener, ListenerAddress) {
        for _ in 0..<200 {
            let address = try #require(ListenerAddress("127.0.0.1:\(Int.random(in: 20_000...32_000))"))
            if let listener = try? Listener(address) { return (listener, address) }
        }
        throw CancellationError()
    }

    func connect() throws -> Client { try Client(address) }

    func ask(_ text: String) throws -> String { try connect().ask(text) }
}

/// One connection, with a limit of ten seconds for each answer.
private final class Client {
    let socket: Int32

    init(_ address: ListenerAddress) throws {
        let descriptor = address.withSocketAddress { pointer, length, family in
            let descriptor = Glibc.socket(family, Int32(SOCK_STREAM.rawValue), 0)
            return Glibc.connect(descriptor, pointer, length) == 0 ? descriptor : -1
        }
        try #require(descriptor >= 0, "connect: \(String(cString: strerror(errno)))")
        socket = descriptor
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func ask(_ text: String) throws -> String {
        send(text)
        return try rest()
    }

    /// Until the other side ends it.
    func rest() throws -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count == 0 || count < 0 && errno == ECONNRESET { return String(decoding: all, as: UTF8.self) }
            try #require(count > 0, "recv: \(String(cString: strerror(errno)))")
            all += buffer[..<count]
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct `The listener of a worker` {
    @Test func `answers a client, one request a connection`() throws {
        let bench = try Bench()
        defer { bench.listener.stop() }
        let answer = try bench.ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /two HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("\r\n\r\nGET /healthz\n"))
        #expect(try bench.ask("HEAD /healthz HTTP/1.0\r\n\r\n").hasSuffix("\r\n\r\n"))
        #expect(try bench.ask("nonsense\r\n\r\n").hasPrefix("HTTP/1.1 400 "))
        #expect(try bench.ask("GET /\(String(repeating: "a", count: 9_000))").hasPrefix("HTTP/1.1 431 "))
    }

    @Test func `takes a request in pieces, and an answer of megabytes is had whole`() throws {
        let body = String(repeating: "0123456789abcde\n", count: 200_000)
        let bench = try Bench { _ in Reply(200, body) }
        defer { bench.listener.stop() }
        let client = try bench.connect()
        for piece in ["GE", "T / HT", "TP/1.0\r", "\n\r"] { client.send(piece) }
        #expect(try client.ask("\n").hasSuffix(body))
    }

    @Test func `does not wait for the slow: what has begun gets 408, what says nothing is ended`() throws {
        let bench = try Bench()
        defer { bench.listener.stop() }
        let (begun, silent) = (try bench.connect(), try bench.connect())
        begun.send("GET /healthz HTTP/1.1\r\nHo")
        #expect(try bench.ask("GET / HTTP/1.0\r\n\r\n").contains("200 OK"))
        #expect(try begun.rest().hasPrefix("HTTP/1.1 408 "))
        #expect(try silent.rest().isEmpty)
    }

    @Test func `lets no client that holds connections keep out another: the oldest gives way`() throws {
        let bench = try Bench()
        defer { bench.listener.stop() }
        let idle = try (0..<4 * Listener.mostConnections).map { _ in try bench.connect() }
        #expect(try bench.ask("GET / HTTP/1.0\r\n\r\n").contains("200 OK"))
        #expect(try #require(idle.first).rest().hasPrefix("HTTP/1.1 503 "))
        withExtendedLifetime(idle) {}
    }

    @Test func `has no more descriptors open after ten thousand connections than before`() throws {
        let bench = try Bench()
        defer { bench.listener.stop() }
        func descriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        let before = try descriptors()
        let texts = ["", "GET", "\u{0}", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "POST / HTTP/1.0\r\n\r\n"]
        for number in 0..<10_000 { try bench.connect().send(texts[number % texts.count]) }
        #expect(try bench.ask("GET / HTTP/1.0\r\n\r\n").contains("200 OK"))
        // Other tests open files too; ten thousand would show.
        #expect(try descriptors() < before + 1_000)
    }

    @Test func `gives its port free when it is stopped`() throws {
        let (listener, address) = try Bench.listener()
        #expect(throws: ListenerFailure.self) { try Listener(address) }
        listener.stop()
        listener.stop()
        try Listener(address).stop()
    }
}

@Suite struct `Where a worker listens` {
    @Test func `is an address in numbers and a port`() throws {
        for text in ["127.0.0.1:9400", "[::1]:9400", "0.0.0.0:1"] {
            #expect(try #require(ListenerAddress(text)).description == text)
        }
        for text in [
            "", "9400", ":9400", "localhost:9400", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "::1:9400",
            "[127.0.0.1]:1", "127.0.0.1:+1", "1.2.3.4.5:1", "[::1]", "127.0.0.1:9400 ",
        ] { #expect(ListenerAddress(text) == nil, "\(text)") }
        #expect(ListenerAddress("127.9.9.9:1")?.isLoopback == true && ListenerAddress("0.0.0.0:1")?.isLoopback == false)
    }

    @Test func `is off without being asked for, warned of beyond this machine, and told when it is none`() throws {
        #expect(try Configuration(environment: [:], requiring: []).http == nil)
        let open = try Configuration(environment: ["RECOURSE_HTTP": "0.0.0.0:9400"], requiring: [])
        #expect(open.warnings.contains { $0.hasPrefix("RECOURSE_HTTP: whoever reaches 0.0.0.0:9400") })
        #expect(throws: ConfigurationFaults.self) {
            try Configuration(environment: ["RECOURSE_HTTP": "localhost:9400"], requiring: [])
        }
    }

    @Test func `is a port of each worker's own under a supervisor, in the order of the line-up`() throws {
        let slots = try #require(Supervisor.lineup("intake=2", programs: ["intake", "parking"]))
        let first = try #require(ListenerAddress("[::1]:65533"))
        #expect(first.next(2)?.description == "[::1]:65535" && first.next(3) == nil)
        #expect(throws: ConfigurationFaults.self) { try Supervisor.place(slots + slots, from: first) }
        #expect(try Supervisor.place(slots, from: nil).allSatisfy { $0.http == nil })
    }

    @Test func `is looked at before any worker is started, and whoever has the port is to be found`() throws {
        let (taken, address) = try Bench.listener()
        defer { taken.stop() }
        let slots = try #require(
            Supervisor.lineup("", programs: ["intake"]) ?? Supervisor.lineup(nil, programs: ["intake"]))
        do {
            _ = try Supervisor.place(slots, from: address)
            Issue.record("a port that is taken was given")
        } catch {
            #expect(error.description.contains("intake-1: listen on \(address): Address already in use"))
            #expect(error.description.contains("ss -ltnp"))
        }
    }

    @Test func `taken by another: a worker by itself refuses, one under a supervisor goes on`() throws {
        let (taken, address) = try Bench.listener()
        defer { taken.stop() }
        let logger = LineLogHandler.logger("test", Configuration())
        #expect(throws: ConfigurationFaults.self) {
            try WorkerListener(address, vitals: Vitals(stage: "intake"), isSupervised: false, logger: logger)
        }
        try WorkerListener(address, vitals: Vitals(stage: "intake"), isSupervised: true, logger: logger).stop()
    }

    @Test func `serves what the worker's vitals say`() throws {
        let (free, address) = try Bench.listener()
        free.stop()
        let vitals = Vitals(stage: "intake")
        let listener = try WorkerListener(
            address, vitals: vitals, isSupervised: false, logger: LineLogHandler.logger("test", Configuration()))
        defer { listener.stop() }
        let metrics = try Client(address).ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(metrics.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
        #expect(metrics.contains("\nrecourse_ready{stage=\"intake\"} 0\n"))
        #expect(try Client(address).ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n").hasPrefix("HTTP/1.1 503 "))
        vitals.change { figures in
            figures.lastLoop = Moment(wall: 0, uptime: vitals.uptime)
            (figures.condition.isConsuming, figures.condition.isPublishing) = (true, true)
            figures.policy = "1"
        }
        #expect(try Client(address).ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
    }
}
