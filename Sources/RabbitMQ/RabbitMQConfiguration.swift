/// Where the broker is and how to talk to it.
///
/// The description never shows the password, so a configuration may be logged.
package struct RabbitMQConfiguration: Sendable, Hashable, CustomStringConvertible {
    package struct Encryption: Sendable, Hashable {
        /// A PEM bundle of trusted authorities; nil means the system's bundle.
        package var authorities: String?
        /// A client certificate and its key, both PEM; the key must not be encrypted.
        package var certificate: String?
        package var key: String?
        /// Whether the broker's certificate and host name are checked.
        package var verifies = true

        package init() {}
    }

    package var host = "localhost"
    package var port = 5672
    package var virtualHost = "/"
    package var user = "guest"
    package var password = "guest"
    /// Nil for plain TCP.
    package var encryption: Encryption?
    /// Seconds; a peer that is silent for twice as long is dead. 0 switches heartbeats off.
    package var heartbeatSeconds = 10
    /// The limit of each: connecting with the TLS handshake, and logging in. Host lookup is not covered.
    package var connectMilliseconds = 5_000
    /// The limit of an answer to a single AMQP method. A cluster that has just lost a leader may take 10 s.
    package var answerMilliseconds = 20_000
    /// How long `close()` waits for confirms and for the broker's answer.
    package var drainMilliseconds = 10_000
    /// A larger message is delivered without its body, see `ContentAssembly`.
    package var bodyLimitBytes = 16 * 1024 * 1024
    /// While so many bytes of a consumer's deliveries are not settled nothing more is read from its connection. The broker
    /// ends a connection that takes nothing for a quarter of a minute.
    package var unsettledLimitBytes = 128 * 1024 * 1024
    /// Shown by the broker as `connection_name`, followed by what the connection does, e.g. `recourse-intake consumer`.
    package var connectionName = "recourse"

    package init() {}

    /// The place alone, as used in messages.
    var endpoint: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    /// What lets others on the network read along, or pose as the broker. nil: nothing, or the broker is on this machine.
    package var weakness: String? {
        let isAddress = host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || $0 &- UInt8(ascii: "0") < 10 }
        if host == "localhost" || host == "::1" || (isAddress && host.hasPrefix("127.")) { return nil }
        guard let encryption else {
            return "password and messages go to \(endpoint) in clear; amqps:// encrypts them"
        }
        return encryption.verifies ? nil : "whoever answers at \(endpoint) is taken for the broker (verify=verify_none)"
    }

    package var description: String {
        let scheme = encryption == nil ? "amqp" : "amqps"
        return "\(scheme)://\(user):***@\(endpoint)/\(virtualHost == "/" ? "%2F" : virtualHost)"
            + " heartbeat=\(heartbeatSeconds)s connection_timeout=\(connectMilliseconds)ms"
            + (encryption.map { $0.verifies ? " verify=verify_peer" : " verify=verify_none" } ?? "")
    }
}

extension RabbitMQConfiguration: CustomReflectable {
    /// `dump` and test failures walk the mirror: it must not show the password either.
    package var customMirror: Mirror { Mirror(self, children: ["configuration": description]) }
}

/// Everything that is wrong with an AMQP URL, all at once; the URL itself is not repeated, for it holds a password.
package struct InvalidAMQPURL: Error, Hashable, Sendable, CustomStringConvertible {
    package let faults: [String]

    package var description: String { "the AMQP URL is not usable: " + faults.joined(separator: "; ") }
}
