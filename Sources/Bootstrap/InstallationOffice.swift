import Operations
import Policy
import Runtime
import Schema

extension Installation: Premises {
    package var keyring: Keyring { configuration.keyring }

    package func now() throws -> Instant { try clock().read().now }

    package func currentPolicy() throws -> PolicyBook? {
        guard configuration.policyDirectory != nil else { return nil }
        return try policy(clock: clock())
    }
}

extension CommonOptions {
    /// The office of the installation that the options and the environment name.
    ///
    /// - Throws: `ConfigurationFaults`.
    func office() throws -> Office { Office(Installation(try configuration(requiring: [.database]))) }
}
