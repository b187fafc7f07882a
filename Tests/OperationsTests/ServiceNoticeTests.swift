import Foundation
import Glibc
import Monitoring
import Runtime
import Synchronization
import Testing

@testable import Bootstrap

/// A service manager's socket, read by a thread of its own: whoever sends may need the tests' threads.
private final class ManagerSocket: Sendable {
    let path = ManagerSocket.freshPath()
    private let socket: Int32
    private let datagrams: AsyncStream<[String]>

    /// Nothing is there. A socket's path has at most 107 bytes, so the name is short.
    static func freshPath() -> String {
        FileManager.default.temporaryDirectory.appendingPathComponent("n" + UUID().uuidString.prefix(8)).path
    }

    init() throws {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        self.socket = socket
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        try #require(isBound)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let (stream, continuation) = AsyncStream.makeStream(of: [String].self)
        datagrams = stream
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = recv(socket, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                let text = String(decoding: buffer[..<count], as: UTF8.self)
                continuation.yield(text.split(separator: "\n").map(String.init))
            }
            close(socket)
            continuation.finish()
        }
    }

    deinit {
        shutdown(socket, Int32(SHUT_RD))
        unlink(path)
    }

    /// The lines of the next datagram.
    func next() async throws -> [String] {
        for await lines in datagrams { return lines }
        throw NoDatagram()
    }

    struct NoDatagram: Error {}
}

@Suite(.timeLimit(.minutes(2))) struct `What the service manager is told` {
    private func notice(_ socket: ManagerSocket, _ more: [String: String] = [:]) throws -> ServiceNotice {
        try #require(ServiceNotice(["NOTIFY_SOCKET": socket.path].merging(more) { $1 }))
    }

    @Test func `is that a worker consumes, that its loop goes round, what it lacks, and that it stops`() async throws {
        let socket = try ManagerSocket()
        let vitals = Vitals(stage: "intake")
        let notice = try notice(socket, ["WATCHDOG_USEC": "200000"])
        let following = Task { await notice.follow(vitals) }
        let first = try await socket.next()
        #expect(first.first?.hasPrefix("STATUS=not ready: started") == true && !first.contains("READY=1"))
        vitals.change { figures in
            figures.lastLoop = Moment(wall: 0, uptime: 1)
            (figures.condition.isConsuming, figures.condition.isPublishing) = (true, true)
            figures.policy = "1"
        }
        var lines: [String] = []
        while !lines.contains("READY=1") { lines = try await socket.next() }
        #expect(lines.contains("STATUS=consuming"))
        vitals.change { $0.lastLoop = Moment(wall: 0, uptime: 2) }
        while lines != ["WATCHDOG=1"] { lines = try await socket.next() }
        vitals.change { $0.isEnding = true }
        while !lines.contains("STOPPING=1") { lines = try await socket.next() }
        #expect(lines.contains("STATUS=stopping") && !lines.contains("WATCHDOG=1"))
        following.cancel()
        await following.value
    }

    @Test func `is no sign of life where the loop stands still`() async throws {
        let socket = try ManagerSocket()
        let notice = try notice(socket, ["WATCHDOG_USEC": "20000"])
        let looks = Atomic(0)
        let following = Task {
            await notice.follow {
                looks.add(1, ordering: .relaxed)
                return ServiceNotice.Told(isReady: true, isStopping: false, status: "stuck", beat: 7)
            }
        }
        #expect(try await socket.next().contains("WATCHDOG=1"))
        while looks.load(ordering: .relaxed) < 20 { await Task.yield() }
        following.cancel()
        await following.value
        #expect(try await socket.next() == ["STOPPING=1"], "nothing came in between")
    }

    @Test func `is nothing where nobody asks, and no watchdog of another process`() async throws {
        #expect(ServiceNotice([:]) == nil)
        #expect(ServiceNotice(["NOTIFY_SOCKET": "vsock:2:1"]) == nil)
        let socket = try ManagerSocket()
        #expect(try notice(socket).send("STATUS=王"))
        #expect(try await socket.next() == ["STATUS=王"])
        let gone = try #require(ServiceNotice(["NOTIFY_SOCKET": ManagerSocket.freshPath()]))
        #expect(!gone.send("READY=1"))
        let long = try #require(ServiceNotice(["NOTIFY_SOCKET": "/" + String(repeating: "a", count: 200)]))
        #expect(!long.send("READY=1"))
    }
}
