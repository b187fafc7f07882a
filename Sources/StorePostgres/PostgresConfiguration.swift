internal import CPostgreSQL

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Where the database is and how to talk to it.
///
/// The description never shows the password, so a configuration may be logged.
package struct PostgresConfiguration: Sendable, Hashable, CustomStringConvertible {
    /// What libpq is told, by its own names.
    private(set) var parameters: [String: String] = [:]
    /// The first part of the schemas' names, `recourse` in `recourse_intake`: several installations may share a database.
    package private(set) var namespace = "recourse"
    /// The limit of connecting, with the handshake and the login. The lookup of host names is not covered.
    package var connectMilliseconds = 10_000
    /// The longest wait for a lock that another transaction holds.
    package var lockMilliseconds = 10_000
    /// The limit of one statement, locks included.
    package var statementMilliseconds = 30_000
    /// The server ends a transaction that has been silent for so long: the machine of its worker may be gone.
    package var idleMilliseconds = 60_000
    /// The longest wait for the answers to one round trip; a connection that takes longer is given up.
    package var answerMilliseconds: Int { 2 * statementMilliseconds }

    /// What lets others on the network read along, or pose as the server. nil: nothing, or the server is on this machine.
    package var weakness: String? {
        guard let mode = parameters["sslmode"], mode != "verify-full", !isOnThisMachine else { return nil }
        return "sslmode=\(mode) lets another machine pose as the server; verify-full does not"
    }

    package var description: String {
        let host = parameters["host"] ?? parameters["hostaddr"] ?? "the local socket"
        return "database \(parameters["dbname"] ?? "") at \(host)" + (parameters["port"].map { ":" + $0 } ?? "")
    }
}

/// Everything that is wrong with a URL; shows no part that may hold a secret.
package struct InvalidPostgresURL: Error, Sendable {
    package let faults: [String]
}

extension PostgresConfiguration {
    /// What a URL may name after its `?`, beside `namespace`. The rest of libpq's parameters either belongs to us, or is
    /// session state that a pooler between us and the server would lose.
    private static let allowed: Set<String> = [
        "host", "hostaddr", "port", "user", "password", "dbname", "passfile", "connect_timeout", "sslmode",
        "sslrootcert",
        "sslcert", "sslkey", "sslcrl", "channel_binding", "target_session_attrs", "application_name",
    ]
    private static let sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
    /// Where systems keep the certificates of the public authorities.
    private static let authorities = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]
    private static let namespaceLimit = 40

    /// Reads `postgres[ql]://user:password@host:port/database?sslmode=…&namespace=…`; see libpq's documentation for its
    /// parameters. Whatever is not given is taken from libpq's own variables (`PGPASSFILE` …), except what follows.
    ///
    /// A server that is not on this machine must prove its name (`sslmode=verify-full`) unless the URL says otherwise,
    /// by an authority in `sslrootcert`, else in libpq's own places, else by one that the system trusts.
    package init(url: String) throws(InvalidPostgresURL) {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
            throw InvalidPostgresURL(faults: ["it must begin with postgres:// or postgresql://"])
        }
        var faults: [String] = []
        guard let given = Self.parse(readNamespace(url, &faults)) else {
            // libpq's own words would quote what may be the password.
            throw InvalidPostgresURL(
                faults: faults + [
                    "it is not of the form postgres://user:password@host:port/database?name=value; characters such as "
                        + "@ : / % ? in a part must be percent-encoded, and the names are libpq's"
                ])
        }
        for name in given.keys.sorted() where !Self.allowed.contains(name) {
            faults.append("the parameter \(name) cannot be set here")
        }
        if (given["dbname"] ?? "").isEmpty { faults.append("it names no database") }
        if let mode = given["sslmode"], !Self.sslModes.contains(mode) {
            faults.append("sslmode must be one of \(Self.sslModes.joined(separator: ", "))")
        }
        if let limit = given["connect_timeout"] {
            if let seconds = Int(limit), (1...300).contains(seconds) {
                connectMilliseconds = seconds * 1_000
            } else {
                faults.append("connect_timeout must be a number of seconds from 1 to 300")
            }
        }
        guard faults.isEmpty else { throw InvalidPostgresURL(faults: faults) }
        parameters = given
        complete()
    }

    /// Takes `namespace=…` out of the query, which libpq would refuse.
    private mutating func readNamespace(_ url: String, _ faults: inout [String]) -> String {
        guard let mark = url.firstIndex(of: "?") else { return url }
        var kept: [Substring] = []
        for item in url[url.index(after: mark)...].split(separator: "&") {
            guard item.hasPrefix("namespace=") else {
                kept.append(item)
                continue
            }
            namespace = String(item.dropFirst("namespace=".count))
            let letters = namespace.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_")
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
            let startsWell = namespace.first.map { !$0.isNumber && !namespace.hasPrefix("pg_") } ?? false
            if !letters || !startsWell || namespace.utf8.count > Self.namespaceLimit {
                faults.append(
                    "namespace must be a word of a-z, 0-9 and _, at most \(Self.namespaceLimit) long, that begins with "
                        + "a letter and not with pg_")
            }
        }
        return String(url[..<mark]) + (kept.isEmpty ? "" : "?" + kept.joined(separator: "&"))
    }

    private static func parse(_ url: String) -> [String: String]? {
        var message: UnsafeMutablePointer<CChar>?
        defer { PQfreemem(message) }
        guard let options = PQconninfoParse(url, &message) else { return nil }
        defer { PQconninfoFree(options) }
        var found: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { found[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return found
    }

    /// The same under a name by which administrators find the connection in `pg_stat_activity`.
    func named(_ application: String) -> PostgresConfiguration {
        var named = self
        if parameters["application_name"] == nil { named.parameters["application_name"] = application }
        return named
    }

    private mutating func complete() {
        parameters["connect_timeout"] = nil
        if parameters["sslmode"] == nil { parameters["sslmode"] = isOnThisMachine ? "prefer" : "verify-full" }
        if parameters["sslmode"]?.hasPrefix("verify-") == true, parameters["sslrootcert"] == nil, !Self.hasOwnAuthority
        {
            parameters["sslrootcert"] = Self.authorities.first { access($0, R_OK) == 0 }
        }
        let fixed = [
            "client_encoding": "UTF8", "gssencmode": "disable", "keepalives": "1", "keepalives_idle": "20",
            "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "30000",
        ]
        parameters.merge(fixed) { _, ours in ours }
    }

    private var isOnThisMachine: Bool {
        // Where there are both, libpq connects to `hostaddr`; `host` is then only the name that is checked.
        (parameters["hostaddr"] ?? parameters["host"] ?? "").split(separator: ",").allSatisfy(Self.isLoopback)
    }

    private static func isLoopback(_ host: Substring) -> Bool {
        let isAddress = host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || $0 &- UInt8(ascii: "0") < 10 }
        return host.hasPrefix("/") || host.hasPrefix("@") || host == "localhost" || host == "::1"
            || (isAddress && host.hasPrefix("127."))
    }

    /// Whether libpq finds certificates of authorities by itself.
    private static var hasOwnAuthority: Bool {
        if getenv("PGSSLROOTCERT") != nil { return true }
        guard let home = getenv("HOME") else { return false }
        return access(String(cString: home) + "/.postgresql/root.crt", R_OK) == 0
    }
}
