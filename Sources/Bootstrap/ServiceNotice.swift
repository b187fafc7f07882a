import Foundation
import Glibc
import Logging
import Monitoring
import Runtime

/// Tells the service manager (systemd) how the program is, as sd_notify(3) does: one datagram for each message.
struct ServiceNotice: Sendable {
    /// A path, or a name in the abstract namespace, which begins with `@`.
    private let place: String
    /// Within which time the manager wants to hear that the loop goes round; nil: it does not ask.
    private let watchdog: Duration?

    /// nil: no manager asks.
    ///
    /// - Parameter process: this one's id: the watchdog may be another's.
    init?(_ environment: [String: String], process: Int32 = getpid()) {
        guard let place = environment["NOTIFY_SOCKET"], place.hasPrefix("/") || place.hasPrefix("@") else { return nil }
        self.place = place
        let isOurs = environment["WATCHDOG_PID"].map { $0 == "\(process)" } ?? true
        watchdog = environment["WATCHDOG_USEC"].flatMap(Int64.init).flatMap {
            isOurs && $0 > 0 ? .microseconds($0) : nil
        }
    }

    /// What a child must not tell in its parent's place.
    static let variables = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]

    /// - Returns: whether it was sent. Nobody waits for a manager that does not read.
    @discardableResult
    func send(_ message: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(place.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        if name.first == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        // A path ends with a zero byte, a name of the abstract namespace where its length says.
        let length = MemoryLayout<sa_family_t>.size + name.count + (name.first == 0 ? 0 : 1)
        let bytes = Array(message.utf8)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    socket, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT), $0, socklen_t(length))
                    == bytes.count
            }
        }
    }

    /// What is told of a program.
    struct Told: Sendable {
        var isReady: Bool
        var isStopping: Bool
        var status: String
        /// It grows as long as the program's loop goes round.
        var beat: Int64
    }

    /// Tells what `look` says, as it changes, and while the loop goes round that it does; until the task is cancelled.
    func follow(_ look: @Sendable () -> Told) async {
        var last: Told?
        var isReadyTold = false
        let pause = min(.seconds(1), watchdog.map { $0 / 2 } ?? .seconds(1))
        repeat {
            let told = look()
            var lines: [String] = []
            if told.isReady, !isReadyTold {
                lines.append("READY=1")
                isReadyTold = true
            }
            if told.isStopping, last?.isStopping != true { lines.append("STOPPING=1") }
            if told.status != last?.status { lines.append("STATUS=\(told.status)") }
            if watchdog != nil, told.beat != last?.beat { lines.append("WATCHDOG=1") }
            if !lines.isEmpty { send(lines.joined(separator: "\n")) }
            last = told
        } while (try? await Task.sleep(for: pause)) != nil
        if last?.isStopping != true { send("STOPPING=1") }
    }

    /// The same of a worker.
    func follow(_ vitals: Vitals) async {
        await follow {
            let figures = vitals.figures
            return Told(
                isReady: figures.condition.isConsuming, isStopping: figures.isEnding,
                status: figures.status,
                // Before there is a loop the program waits for what it needs, as long as that takes.
                beat: figures.lastLoop?.uptime ?? vitals.uptime)
        }
    }
}
