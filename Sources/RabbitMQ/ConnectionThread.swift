import Broker
internal import CRabbitMQ
import Foundation

/// What a connection is for. All of it runs on the connection's thread.
protocol ConnectionRole: AnyObject, SendableMetatype {
    associatedtype Command: Sendable

    /// Appended to the connection's name.
    var purpose: String { get }
    /// Whether a connection is to be opened when there is none.
    var wantsLink: Bool { get }
    /// Whether a failed connection is tried again by itself, with a pause.
    var retries: Bool { get }
    /// Set up and useful.
    var isUp: Bool { get }
    var isFinished: Bool { get }
    /// Has room for what the broker sends; otherwise it is not read.
    var takesMore: Bool { get }
    /// Has something to write and nothing but the socket in its way.
    var wantsToWrite: Bool { get }
    /// When `settle` must be called again at the latest (`Uptime`).
    var deadline: Int? { get }

    func take(_ commands: [Command])
    func connected(_ link: Link) throws(BrokerFailure)
    func received(_ frame: InboundFrame, _ link: Link) throws(BrokerFailure)
    /// Called after every burst: tells the owner what has happened, writes what may be written, minds the limits.
    func settle(_ link: Link?) throws(BrokerFailure)
    func disconnected(_ failure: BrokerFailure)
    /// The thread is about to end; the last word to the owner.
    func finish()
}

extension ConnectionRole {
    var takesMore: Bool { true }
}

/// A thread with one connection at a time: it polls the socket and the mailbox, keeps the heartbeats, and connects
/// again after a loss.
///
/// Every call of librabbitmq for a connection is made here. It is a thread and no task because it waits in poll(2), and
/// because decoding a deeply nested header table needs a larger stack than the threads of the concurrency pool have.
final class ConnectionThread<Role: ConnectionRole> {
    /// One header frame can nest tables some 26,000 deep. 8 MiB has been seen to suffice where 512 KiB did not.
    private static var stackBytes: Int { 16 * 1024 * 1024 }
    /// Limits of one burst: then events are said, commands taken and heartbeats minded before reading goes on.
    private static var burstFrames: Int { 2048 }
    private static var burstBytes: Int { 4 * 1024 * 1024 }
    private static var longestWait: Int { 60_000 }

    private let role: Role
    private let mailbox: Mailbox<Role.Command>
    private let configuration: RabbitMQConfiguration
    private var backoff = Backoff()
    private var retryAt = 0

    private init(_ role: Role, _ mailbox: Mailbox<Role.Command>, _ configuration: RabbitMQConfiguration) {
        self.role = role
        self.mailbox = mailbox
        self.configuration = configuration
    }

    /// `make` runs on the new thread. The thread ends when the role is finished.
    static func start(
        _ mailbox: Mailbox<Role.Command>, _ configuration: RabbitMQConfiguration, make: @escaping @Sendable () -> Role
    ) {
        let thread = Thread { ConnectionThread(make(), mailbox, configuration).run() }
        thread.stackSize = stackBytes
        thread.name = "amqp"
        thread.start()
    }

    private func run() {
        while !role.isFinished {
            role.take(mailbox.take())
            do throws(BrokerFailure) {
                try role.settle(nil)
            } catch {
                role.disconnected(error)
            }
            if role.isFinished { break }
            let now = Uptime.milliseconds
            if role.wantsLink && now >= retryAt {
                session()
            } else {
                let pause = role.wantsLink ? retryAt - now : Self.longestWait
                _ = Sockets.wait(
                    socket: nil, forReading: false, forWriting: false, signal: mailbox.signal, milliseconds: pause)
            }
        }
        role.take(mailbox.shut())
        role.finish()
    }

    private func session() {
        do throws(BrokerFailure) {
            let link = try Link.open(configuration, purpose: role.purpose)
            try role.connected(link)
            try serve(link)
        } catch {
            role.disconnected(error)
        }
        let now = Uptime.milliseconds
        if role.retries { retryAt = now + backoff.next(at: now) }
    }

    private func serve(_ link: Link) throws(BrokerFailure) {
        // The login may have read more than its own answers into the library's buffer, where poll(2) does not see it.
        var hasMore = true
        var isBroken = false
        while true {
            if hasMore, role.takesMore || isBroken { hasMore = try readBurst(link) }
            role.take(mailbox.take())
            try role.settle(link)
            if role.isFinished { return }
            let now = Uptime.milliseconds
            if role.isUp { backoff.opened(at: now) }
            try keepAlive(link, now)
            guard link.socket >= 0 else {
                throw BrokerFailure(.connection, operation: "use the connection to \(link.endpoint)", cause: "closed")
            }
            let takesMore = role.takesMore
            let ready = Sockets.wait(
                socket: link.socket, forReading: takesMore, forWriting: link.hasPendingOutput || role.wantsToWrite,
                signal: mailbox.signal, milliseconds: hasMore && takesMore ? 0 : wait(link, now))
            isBroken = ready.failed
            if ready.writable { try link.flush() }
            if ready.readable {
                link.notedReadable()
                hasMore = true
            }
        }
    }

    /// True when there may be more to read at once.
    private func readBurst(_ link: Link) throws(BrokerFailure) -> Bool {
        var bytes = 0
        for _ in 0..<Self.burstFrames {
            guard let frame = try link.nextFrame() else { return false }
            switch frame {
            case .method(.connectionClosed(let code, let text)):
                // The broker waits for the answer, but its reason is worth more than a failure to give it.
                try? link.send(AMQP_CONNECTION_CLOSE_OK_METHOD, channel: 0, amqp_connection_close_ok_t())
                throw Failures.refused(code, text, "use the connection to \(link.endpoint)")
            case .body(let fragment): bytes += fragment.count
            default: break
            }
            try role.received(frame, link)
            if bytes >= Self.burstBytes || !role.takesMore { break }
        }
        return true
    }

    private func keepAlive(_ link: Link, _ now: Int) throws(BrokerFailure) {
        let interval = link.heartbeatSeconds * 1000
        if interval == 0 { return }
        // What it says is not looked at.
        if !role.takesMore { link.notedReadable() }
        if now - link.lastReceived > 2 * interval {
            // If it was this process that stood still, the broker's heartbeats are waiting in the socket.
            let ready = Sockets.wait(
                socket: link.socket, forReading: true, forWriting: false, signal: mailbox.signal, milliseconds: 0)
            guard ready.readable else {
                throw BrokerFailure(
                    .connection, operation: "use the connection to \(link.endpoint)",
                    cause: "heartbeat lost: nothing was received for \(2 * link.heartbeatSeconds) s")
            }
            link.notedReadable()
        }
        if now - link.lastSent >= interval / 2 { try link.sendHeartbeat() }
    }

    /// Milliseconds until something is due.
    private func wait(_ link: Link, _ now: Int) -> Int {
        var next = role.deadline ?? now + Self.longestWait
        let interval = link.heartbeatSeconds * 1000
        if interval > 0 { next = min(next, link.lastSent + interval / 2, link.lastReceived + 2 * interval + 1) }
        return max(0, next - now)
    }
}
