import Foundation
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Stands between a store and its server on loopback, and cuts the connection where it is told.
final class CuttingProxy: Sendable {
    enum Cut: Sendable {
        /// The server never sees the store's mark.
        case before
        /// The server answers with the mark, which the store never sees.
        case after
    }

    let port: Int
    private let listener: Int32
    private let target: UInt16
    private let mark: [UInt8]
    private let cut = Mutex<Cut?>(nil)
    private let cuts = Atomic(0)

    /// - Parameter mark: what the cut is to be at.
    init(target: Int, mark: [UInt8]) throws {
        self.mark = mark
        self.target = try #require(UInt16(exactly: target))
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        try #require(isBound)
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread { self.serve() }.start()
    }

    /// Ends new connections; `close` on the listener wakes its thread.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    func set(_ cut: Cut?) { self.cut.withLock { $0 = cut } }
    var count: Int { cuts.load(ordering: .acquiring) }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private func serve() {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { break }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.loopback(port: target)
            let isThere = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            guard isThere else {
                close(client)
                close(server)
                continue
            }
            Thread { self.forward(client, server) }.start()
        }
        close(listener)
    }

    /// Copies both ways until one side ends or the cut comes.
    private func forward(_ client: Int32, _ server: Int32) {
        defer {
            close(client)
            close(server)
        }
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        var tails: [Int32: [UInt8]] = [:]
        while true {
            var watched = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&watched, 2, 60_000) > 0 else { return }
            for (from, to) in [(0, server), (1, client)] where watched[from].revents != 0 {
                let got = read(watched[from].fd, &buffer, buffer.count)
                guard got > 0 else { return }
                // What is looked for may lie across two readings.
                let seen = (tails[to] ?? []) + buffer[..<got]
                tails[to] = Array(seen.suffix(mark.count - 1))
                if isCut(seen, fromClient: from == 0) { return }
                var sent = 0
                while sent < got {
                    let count = buffer[sent..<got].withUnsafeBytes {
                        send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                    guard count > 0 else { return }
                    sent += count
                }
            }
        }
    }

    private func isCut(_ bytes: [UInt8], fromClient: Bool) -> Bool {
        let isHere = cut.withLock { cut in
            switch cut {
            case .before: fromClient && bytes.firstRange(of: mark) != nil
            case .after: !fromClient && bytes.firstRange(of: mark) != nil
            case nil: false
            }
        }
        if isHere { cuts.add(1, ordering: .releasing) }
        return isHere
    }
}
