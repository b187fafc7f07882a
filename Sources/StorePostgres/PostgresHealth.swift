import Schema
import Store

/// Looks at how a PostgreSQL server keeps what it has committed, and at its clock.
package struct PostgresHealth {
    private let configuration: PostgresConfiguration
    /// Older servers were not tried.
    private static let oldestVersion: Int64 = 13
    private static let clockSeconds: Int64 = 5

    package init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
    }

    /// - Parameter wall: the time of this machine.
    /// - Throws: `StoreFailure` if it cannot be asked.
    package func weaknesses(wall: Instant) throws -> [DatabaseWeakness] {
        let session = Session(configuration, namespace: configuration.namespace)
        defer { session.closeNow() }
        let rows = try session.statementNow(
            "looking at the server of",
            """
            SELECT current_setting('server_version'), current_setting('server_version_num')::bigint,
            current_setting('fsync'), current_setting('full_page_writes'),
            (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
            """
        ).map { ($0.text(0), $0.int(1), $0.text(2), $0.text(3), Instant(microseconds: $0.int(4))) }
        guard let (version, number, fsync, fullPages, clock) = rows.first else { return [] }
        var found: [DatabaseWeakness] = []
        if number / 10_000 < Self.oldestVersion {
            found.append(.init("PostgreSQL \(version) was never tried", cure: "use 13 or newer; tried is 15"))
        }
        for (name, value) in [("fsync", fsync), ("full_page_writes", fullPages)] where value == "off" {
            found.append(
                .init(
                    "\(name) is off: what is committed is lost with the power",
                    cure: "set \(name) = on and restart the server"))
        }
        let ahead = (clock.microseconds - wall.microseconds) / 1_000_000
        if abs(ahead) > Self.clockSeconds {
            found.append(
                .init(
                    "the server's clock is \(abs(ahead)) s \(ahead > 0 ? "ahead of" : "behind") this machine's",
                    cure: "set the clocks by NTP: leases and deadlines go by them"))
        }
        return found
    }
}
