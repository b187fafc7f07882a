import Foundation
import Monitoring

/// One client of the listener: its request is read whole, answered, and the connection ended.
struct ListenerConnection {
    enum Phase {
        case reading([UInt8])
        case writing([UInt8], sent: Int)
        /// Answered. What the client still sends is thrown away, or the system would tell it of a broken connection, and it
        /// might lose the answer.
        case ending(thrownAway: Int)
        case over
    }

    /// In milliseconds: for the whole request, for the whole answer, and for the client to go.
    static let patience = 5_000
    static let farewell = 1_000
    private static let mostThrownAway = 64 << 10

    let socket: Int32
    private(set) var phase = Phase.reading([])
    private(set) var deadline: Int

    init(socket: Int32, now: Int) {
        self.socket = socket
        deadline = now + Self.patience
    }

    var events: Int16 {
        switch phase {
        case .reading, .ending: Int16(POLLIN)
        case .writing: Int16(POLLOUT)
        case .over: 0
        }
    }

    var isOver: Bool { if case .over = phase { true } else { false } }

    /// The socket can be read or written, or has failed.
    mutating func proceed(now: Int, _ answer: (RequestHead) -> Reply) {
        switch phase {
        case .reading(let bytes): read(bytes, now: now, answer)
        case .writing(let bytes, let sent): write(bytes, sent, now: now)
        case .ending(let count): throwAway(count)
        case .over: break
        }
    }

    /// Too slow.
    mutating func expire(now: Int) {
        if case .reading(let bytes) = phase, !bytes.isEmpty {
            begin(.tooSlow, now: now)
        } else {
            phase = .over
        }
    }

    /// There are too many, and this is the oldest.
    mutating func giveWay() {
        if case .reading = phase {
            let bytes = Reply.busy.bytes()
            _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
        phase = .over
    }

    private mutating func read(_ before: [UInt8], now: Int, _ answer: (RequestHead) -> Reply) {
        var bytes = before
        guard let more = receive(RequestHead.limit + 1 - bytes.count) else { return }
        guard !more.isEmpty else { return phase = .over }
        bytes += more
        switch RequestHead.read(bytes) {
        case .incomplete: phase = .reading(bytes)
        case .refused(let reply): begin(reply, now: now)
        case .complete(let head): begin(answer(head), withBody: head.wantsBody, now: now)
        }
    }

    private mutating func begin(_ reply: Reply, withBody: Bool = true, now: Int) {
        deadline = now + Self.patience
        write(reply.bytes(withBody: withBody), 0, now: now)
    }

    private mutating func write(_ bytes: [UInt8], _ sent: Int, now: Int) {
        let count = bytes[sent...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count < 0, !Self.isForLater { return phase = .over }
        let sent = sent + max(0, count)
        guard sent == bytes.count else { return phase = .writing(bytes, sent: sent) }
        shutdown(socket, Int32(SHUT_WR))
        deadline = now + Self.farewell
        phase = .ending(thrownAway: 0)
    }

    private mutating func throwAway(_ before: Int) {
        guard let bytes = receive(8_192) else { return }
        let count = before + bytes.count
        phase = bytes.isEmpty || count > Self.mostThrownAway ? .over : .ending(thrownAway: count)
    }

    /// Empty: the client has ended it, or it failed; nil: nothing is there after all.
    private func receive(_ most: Int) -> [UInt8]? {
        var isForLater = false
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
            let received = recv(socket, buffer.baseAddress, most, 0)
            isForLater = received < 0 && Self.isForLater
            count = max(0, received)
        }
        return isForLater ? nil : bytes
    }

    private static var isForLater: Bool { errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR }
}
