import Foundation
import Glibc
import Monitoring
import Synchronization

/// Answers machines that ask a worker how it is: `/healthz`, `/readyz` and `/metrics`, and nothing else.
///
/// One thread of its own, so that it answers when the worker's own threads are busy or stuck. What clients can take of the
/// worker is bounded: so many connections, the oldest giving way to the next; 8 KiB of a request; five seconds for it, five
/// for its answer. Nothing that they send is kept or logged.
package final class Listener: Sendable {
    package static let mostConnections = 64
    /// Clients that the system holds until they are taken.
    private static let mostUnseen: Int32 = 512
    /// How long no client is taken where the system has no descriptor left for one.
    private static let pauseMilliseconds = 200

    package let address: ListenerAddress
    private let socket: Int32
    /// Closed when it is to end, which the other end sees.
    private let alarm: Int32
    private let bell: Int32
    private let isEnded = Mutex(false)
    private let isServing = Mutex(false)

    /// - Throws: `ListenerFailure`, also if another program has the port.
    package init(_ address: ListenerAddress) throws(ListenerFailure) {
        self.address = address
        let opened = Listener.open(address)
        guard opened.code == 0 else { throw ListenerFailure(address: address, code: opened.code) }
        socket = opened.socket
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            let code = errno
            close(socket)
            throw ListenerFailure(address: address, code: code)
        }
        (alarm, bell) = (ends[0], ends[1])
        for end in ends { Listener.keepFromChildren(end) }
    }

    private static func keepFromChildren(_ descriptor: Int32) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }

    private static func open(_ address: ListenerAddress) -> (socket: Int32, code: Int32) {
        address.withSocketAddress { pointer, length, family in
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            let socket = Glibc.socket(family, kind, 0)
            guard socket >= 0 else { return (-1, errno) }
            // A worker that is started again need not wait for the connections of the one before.
            var on: Int32 = 1
            setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
            guard bind(socket, pointer, length) == 0, listen(socket, mostUnseen) == 0 else {
                let code = errno
                close(socket)
                return (-1, code)
            }
            return (socket, 0)
        }
    }

    /// Begins to answer.
    ///
    /// - Parameter answer: called on the listener's thread; it must not wait.
    package func serve(_ answer: @escaping @Sendable (RequestHead) -> Reply) {
        isServing.withLock { $0 = true }
        let thread = Thread { self.run(answer) }
        thread.name = "listener"
        thread.start()
    }

    /// Ends it; may be called from anywhere, twice too.
    package func stop() {
        let isFirst = isEnded.withLock { isEnded in
            defer { isEnded = true }
            return !isEnded
        }
        guard isFirst else { return }
        close(bell)
        // Without a thread nobody else closes them.
        if !isServing.withLock({ $0 }) { closeAll([]) }
    }

    private func closeAll(_ connections: [ListenerConnection]) {
        for connection in connections { close(connection.socket) }
        close(socket)
        close(alarm)
    }

    // MARK: - The thread

    private func run(_ answer: @Sendable (RequestHead) -> Reply) {
        var connections: [ListenerConnection] = []
        var takesNoneUntil = 0
        while true {
            let now = Listener.milliseconds
            let takes = now >= takesNoneUntil
            var descriptors = [
                pollfd(fd: alarm, events: Int16(POLLIN), revents: 0),
                pollfd(fd: takes ? socket : -1, events: Int16(POLLIN), revents: 0),
            ]
            descriptors += connections.map { pollfd(fd: $0.socket, events: $0.events, revents: 0) }
            let next = connections.map(\.deadline).min() ?? Int.max
            let limit = takes ? next : min(next, takesNoneUntil)
            let timeout = limit == Int.max ? -1 : max(0, limit - now)
            // Interrupted or not, what is ready shows, and what is due is seen to.
            poll(&descriptors, nfds_t(descriptors.count), Int32(clamping: timeout))
            if descriptors[0].revents != 0 { break }
            attend(&connections, descriptors.dropFirst(2), answer)
            if descriptors[1].revents != 0, !takeClients(&connections) {
                takesNoneUntil = Listener.milliseconds + Listener.pauseMilliseconds
            }
        }
        closeAll(connections)
    }

    private func attend(
        _ connections: inout [ListenerConnection], _ descriptors: ArraySlice<pollfd>,
        _ answer: @Sendable (RequestHead) -> Reply
    ) {
        let now = Listener.milliseconds
        for (index, descriptor) in zip(connections.indices, descriptors) {
            if descriptor.revents != 0 {
                connections[index].proceed(now: now, answer)
            } else if now >= connections[index].deadline {
                connections[index].expire(now: now)
            }
        }
        for connection in connections where connection.isOver { close(connection.socket) }
        connections.removeAll(where: \.isOver)
    }

    /// Those that wait, no more than there may be at once: so each is looked at before it gives way, and whoever has sent its
    /// request by then is answered.
    ///
    /// - Returns: false if the system has no descriptor left.
    private func takeClients(_ connections: inout [ListenerConnection]) -> Bool {
        for _ in 0..<Listener.mostConnections {
            let client = accept(socket, nil, nil)
            guard client >= 0 else { return ![EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) }
            Listener.keepFromChildren(client)
            _ = fcntl(client, F_SETFL, O_NONBLOCK)
            if connections.count == Listener.mostConnections {
                connections[0].giveWay()
                close(connections.removeFirst().socket)
            }
            connections.append(ListenerConnection(socket: client, now: Listener.milliseconds))
        }
        return true
    }

    private static var milliseconds: Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
    }
}
