import Foundation

/// Where a worker answers about its health: a number of this machine, and a port. Names are not looked up.
package struct ListenerAddress: Sendable, Hashable, CustomStringConvertible {
    static let expectation = "127.0.0.1:9400, [::1]:9400 or another address of this machine in numbers, and a port"

    package let host: String
    package let port: UInt16
    private let isSix: Bool

    /// nil: not of that form.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0,
            text[text.index(after: colon)...].allSatisfy(\.isNumber)
        else { return nil }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        let name = isBracketed ? String(host.dropFirst().dropLast()) : String(host)
        var address = in6_addr()
        guard inet_pton(isBracketed ? AF_INET6 : AF_INET, name, &address) == 1 else { return nil }
        (self.host, self.port, isSix) = (name, port, isBracketed)
    }

    private init(_ other: ListenerAddress, port: UInt16) {
        (host, isSix, self.port) = (other.host, other.isSix, port)
    }

    /// The port that lies `offset` behind this one; nil: there is none.
    package func next(_ offset: Int) -> ListenerAddress? {
        UInt16(exactly: Int(port) + offset).map { ListenerAddress(self, port: $0) }
    }

    package var description: String { isSix ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Nobody on another machine reaches it.
    package var isLoopback: Bool { isSix ? host == "::1" : host.hasPrefix("127.") }

    /// Calls `body` with the address as the system wants it.
    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t, _ family: Int32) -> Result) -> Result {
        if isSix {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            inet_pton(AF_INET6, host, &address.sin6_addr)
            return ListenerAddress.generic(&address) { body($0, $1, AF_INET6) }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return ListenerAddress.generic(&address) { body($0, $1, AF_INET) }
    }

    private static func generic<Address, Result>(
        _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}

/// Why nobody can listen at an address.
package struct ListenerFailure: Error, Sendable, CustomStringConvertible {
    package let address: ListenerAddress
    /// The system's number.
    package let code: Int32

    package var description: String {
        let cause = String(cString: strerror(code))
        let remedy =
            code == EADDRINUSE
            ? "; another program has this port: give a free one, or stop that program (ss -ltnp shows which)" : ""
        return "listen on \(address): \(cause)\(remedy)"
    }
}
