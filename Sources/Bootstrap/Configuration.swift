import Foundation
import Policy
import RabbitMQ
import Runtime
import Schema
import StorePostgres

/// Everything that a program is told from outside, checked wholly at start. Holds secrets: print `summary`, not this.
package struct Configuration: Sendable {
    package enum Database: Sendable, Hashable {
        /// One file per stage in this directory.
        case sqlite(directory: String)
        /// One schema per stage in this database.
        case postgres(PostgresConfiguration)

        static let expectation = "sqlite:DIRECTORY or postgres://user:password@host:5432/database"
    }

    package enum Clock: Sendable, Hashable {
        case wall
        case scaled(start: Instant, factor: Int64, wallStart: Instant?)
        case stepped
    }

    package enum Part: Sendable, CaseIterable { case amqp, management, database, policy }

    package var amqpURL: String?
    package var managementURL: String?
    package var database: Database?
    package var policyDirectory: String?
    package var clock = Clock.wall
    package var limits = WorkerLimits()
    package var logLevel = "info"
    package var drainSeconds: Int64 = 30
    /// What personal data are sealed with at rest; none: they lie open.
    package var keyring = Keyring.none
    /// Unique among living workers of a stage; the supervisor gives each slot a name of its own.
    package var workerName: String?
    /// Who acts, for the audit log.
    package var who = Operator(name: Configuration.systemUser, systemUser: Configuration.systemUser)
    /// What works and should be otherwise: a secret that others may read, a connection that others may listen to.
    package private(set) var warnings: [String] = []

    /// A user that the system's list does not know, as in some containers, has a number alone.
    fileprivate static var systemUser: String { NSUserName().isEmpty ? "uid \(getuid())" : NSUserName() }
}

/// Everything that is wrong with a configuration.
package struct ConfigurationFaults: Error, Sendable, CustomStringConvertible {
    package let faults: [String]
    package var description: String { faults.map { "configuration: " + $0 }.joined(separator: "\n") }
}

extension Configuration {
    /// Reads `RECOURSE_…` variables; a name in `flags` (without the prefix, e.g. `AMQP_URL`) wins over its variable.
    ///
    /// A secret may be given as `…_FILE`: the content of that file, without the line feed at its end.
    /// - Throws: `ConfigurationFaults` with every fault at once; no secret is in its text.
    package init(
        environment: [String: String], flags: [String: String] = [:], requiring parts: Set<Part>
    ) throws(ConfigurationFaults) {
        let faults: [String]
        (self, faults) = Configuration.read(environment: environment, flags: flags, requiring: parts)
        guard faults.isEmpty else { throw ConfigurationFaults(faults: faults) }
    }

    /// The same for a program that would be told of the faults of its policy folder only after the ones found here: they
    /// are told together.
    package static func checked(
        environment: [String: String], flags: [String: String], requiring parts: Set<Part>
    ) throws(ConfigurationFaults) -> Configuration {
        var (configuration, faults) = read(environment: environment, flags: flags, requiring: parts)
        if faults.isEmpty { return configuration }
        if parts.contains(.policy), let directory = configuration.policyDirectory {
            do throws(ConfigurationFaults) {
                _ = try PolicyLoading.load(directory: directory, currentYear: nil)
            } catch {
                faults += error.faults
            }
        }
        throw ConfigurationFaults(faults: faults)
    }

    /// `RECOURSE_BODY_LIMIT` and its like, for programs that need nothing else.
    ///
    /// - Throws: `ConfigurationFaults`.
    static func documentLimits() throws(ConfigurationFaults) -> DocumentLimits {
        try Configuration(environment: ProcessInfo.processInfo.environment, requiring: []).limits.document
    }

    /// What could be read, and all faults.
    private static func read(
        environment: [String: String], flags: [String: String], requiring parts: Set<Part>
    ) -> (Configuration, faults: [String]) {
        var configuration = Configuration()
        let faults = configuration.take(
            ConfigurationReader(environment: environment, flags: flags), requiring: parts)
        return (configuration, faults)
    }

    private mutating func take(_ source: ConfigurationReader, requiring parts: Set<Part>) -> [String] {
        var reader = source
        amqpURL = reader.secret("AMQP_URL")
        managementURL = reader.secret("MANAGEMENT_URL")
        reader.checkURLs(amqp: amqpURL, management: managementURL)
        database = reader.database()
        if case .postgres(let settings)? = database, let weakness = settings.weakness {
            reader.warnings.append("RECOURSE_DATABASE_URL: " + weakness)
        }
        warnings = reader.warnings
        policyDirectory = reader.text("POLICY")
        clock = reader.clock()
        limits.prefetch = Int(reader.number("PREFETCH", in: 1...65_535) ?? Int64(limits.prefetch))
        limits.batch = Int(reader.number("BATCH", in: 1...10_000) ?? Int64(limits.batch))
        limits.leaseSeconds = reader.number("LEASE_SECONDS", in: 1...3_600) ?? limits.leaseSeconds
        limits.document.bodyBytes = Int(
            reader.number("BODY_LIMIT", in: 1_024...Int64(DocumentLimits.widest.bodyBytes))
                ?? Int64(limits.document.bodyBytes))
        limits.memoryBytes = Int(reader.number("MEMORY_LIMIT", in: 1_024...(1 << 40)) ?? Int64(limits.memoryBytes))
        if limits.memoryBytes < limits.document.bodyBytes {
            reader.faults.append(
                "RECOURSE_MEMORY_LIMIT: \(limits.memoryBytes) bytes do not hold one message of RECOURSE_BODY_LIMIT, "
                    + "\(limits.document.bodyBytes); give it at least four times as much")
        }
        drainSeconds = reader.number("DRAIN_SECONDS", in: 1...3_600) ?? drainSeconds
        workerName = reader.text("WORKER")
        who = reader.operating() ?? who
        keyring = reader.keyring() ?? Keyring.none
        logLevel = reader.choice("LOG", of: ["debug", "info", "warning", "error"]) ?? logLevel
        for part in Part.allCases where parts.contains(part) {
            switch part {
            case .amqp: reader.demand(amqpURL, "AMQP_URL", "amqp://user:password@host:5672/vhost")
            case .management: reader.demand(managementURL, "MANAGEMENT_URL", "http://user:password@host:15672")
            case .database: reader.demand(database, "DATABASE_URL", Database.expectation)
            case .policy:
                reader.demand(policyDirectory, "POLICY", "a folder with policy.yaml, organisation.yaml, calendar.csv")
            }
        }
        return reader.faults
    }
}

private struct ConfigurationReader {
    let environment: [String: String]
    let flags: [String: String]
    var faults: [String] = []
    var warnings: [String] = []

    init(environment: [String: String], flags: [String: String]) {
        self.environment = environment
        self.flags = flags
    }

    func text(_ name: String) -> String? {
        let value = flags[name] ?? environment["RECOURSE_" + name]
        return value.flatMap { $0.isEmpty ? nil : $0 }
    }

    mutating func secret(_ name: String) -> String? {
        if let value = text(name) { return value }
        guard let path = text(name + "_FILE") else { return nil }
        do {
            let content = try String(contentsOfFile: path, encoding: .utf8)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? 0
            if mode & 0o007 != 0 {
                warnings.append("RECOURSE_\(name)_FILE: every user of this machine may read \(path); chmod o-rwx it")
            }
            return content.hasSuffix("\n") ? String(content.dropLast()) : content
        } catch {
            faults.append("RECOURSE_\(name)_FILE: the file \(path) cannot be read")
            return nil
        }
    }

    /// The keys of a file that not everybody may read.
    mutating func keyring() -> Keyring? {
        guard let path = text("PERSONAL_KEY_FILE") else { return nil }
        let fault = "RECOURSE_PERSONAL_KEY_FILE: the file \(path)"
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
            // For the others: read 4, write 2.
            if mode & 0o006 != 0 {
                faults.append("\(fault) is open to everybody on this machine; chmod 600 it")
            }
            return try Keyring(parsing: try String(contentsOfFile: path, encoding: .utf8))
        } catch let broken as KeyringFaults {
            faults += broken.faults.map { "\(fault): " + $0 }
        } catch {
            faults.append("\(fault) cannot be read")
        }
        return nil
    }

    mutating func number(_ name: String, in range: ClosedRange<Int64>) -> Int64? {
        guard let value = text(name) else { return nil }
        guard let number = Int64(value), range.contains(number) else {
            faults.append(
                "RECOURSE_\(name): expected a whole number from \(range.lowerBound) to \(range.upperBound), found \(value)"
            )
            return nil
        }
        return number
    }

    mutating func choice(_ name: String, of allowed: [String]) -> String? {
        guard let value = text(name) else { return nil }
        guard allowed.contains(value) else {
            faults.append("RECOURSE_\(name): expected one of \(allowed.joined(separator: ", ")), found \(value)")
            return nil
        }
        return value
    }

    /// The name that an operator gives; nil: none was given.
    mutating func operating() -> Operator? {
        guard let name = text("OPERATOR") else { return nil }
        guard Operator.isName(name) else {
            faults.append("RECOURSE_OPERATOR: expected a name of 1 to 64 characters, none of them a control character")
            return nil
        }
        return Operator(name: name, systemUser: Configuration.systemUser)
    }

    mutating func demand(_ value: Any?, _ name: String, _ example: String) {
        let mentioned = faults.contains { $0.hasPrefix("RECOURSE_\(name)") }
        if value == nil, !mentioned { faults.append("RECOURSE_\(name) is missing; expected \(example)") }
    }

    mutating func checkURLs(amqp: String?, management: String?) {
        if let amqp {
            do throws(InvalidAMQPURL) {
                let weakness = try RabbitMQConfiguration(url: amqp).weakness
                warnings += weakness.map { ["RECOURSE_AMQP_URL: " + $0] } ?? []
            } catch {
                faults += error.faults.map { "RECOURSE_AMQP_URL: " + $0 }
            }
        }
        if let management {
            let parts = URLComponents(string: management)
            if !["http", "https"].contains(parts?.scheme?.lowercased() ?? "") || (parts?.host ?? "").isEmpty {
                faults.append("RECOURSE_MANAGEMENT_URL: expected http[s]://user:password@host:15672")
            }
        }
    }

    mutating func database() -> Configuration.Database? {
        guard let url = secret("DATABASE_URL") else { return nil }
        if url.hasPrefix("sqlite:"), url.count > 7 { return .sqlite(directory: String(url.dropFirst(7))) }
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
            faults.append("RECOURSE_DATABASE_URL: expected \(Configuration.Database.expectation)")
            return nil
        }
        do throws(InvalidPostgresURL) {
            return .postgres(try PostgresConfiguration(url: url))
        } catch {
            faults += error.faults.map { "RECOURSE_DATABASE_URL: " + $0 }
            return nil
        }
    }

    mutating func clock() -> Configuration.Clock {
        guard let value = text("CLOCK") else { return .wall }
        let words = value.split(separator: " ").map(String.init)
        switch words.first {
        case "wall" where words.count == 1: return .wall
        case "stepped" where words.count == 1: return .stepped
        case "scaled" where words.count == 4:
            if let start = Instant(rfc3339: words[1]), start <= .limit, let factor = Int64(words[2]),
                (1...10_000_000).contains(factor)
            {
                if words[3] == "now" { return .scaled(start: start, factor: factor, wallStart: nil) }
                if let seconds = Int64(words[3]), seconds > 0, seconds < 4_102_444_800 {
                    return .scaled(start: start, factor: factor, wallStart: Instant(seconds: seconds))
                }
            }
        default: break
        }
        faults.append(
            "RECOURSE_CLOCK: expected wall, stepped, or scaled START FACTOR WALL (a time before 2100, a factor from 1, "
                + "wall seconds or now), found \(value)")
        return .wall
    }
}
