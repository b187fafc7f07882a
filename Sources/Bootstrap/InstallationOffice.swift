import Broker
import Logging
import Operations
import Policy
import RabbitMQ
import Runtime
import Schema
import Store

extension Installation: Premises {
    package var keyring: Keyring { configuration.keyring }

    package func auditLog(beside letters: SealedDeadLetters) -> AuditLog {
        let logger = LineLogHandler.logger("recourse", level: configuration.logLevel)
        return AuditLog(beside: letters, of: configuration.who, wall: Wall.now) { verb, head in
            logger.info("written to the audit log", metadata: ["verb": "\(verb)", "head": "\(head.text)"])
        }
    }

    package func now() throws -> Instant { try clock().read().now }

    package var wall: Instant? { Wall.now() }

    package func steppedClock() throws -> Instant? {
        // A clock that runs by itself may have been stepped before: a restore does so.
        guard configuration.clock == .stepped else { return nil }
        return try control().clock()?.now
    }

    /// Of a broker that is this installation's; one that names another is asked for nothing, and each question says so.
    package func queueDepths() async throws -> QueueDepths? {
        guard configuration.amqpURL != nil else { return nil }
        let administration = try broker(connectionName: "recourse audit").administration()
        let mismatch: String?
        do {
            mismatch = try await InstallationGate(installation: self) { _, _ in }.mismatch()
        } catch is BrokerFailure {
            // Who does not answer this tells no queue's length either, and that is said.
            mismatch = nil
        } catch {
            administration.close()
            throw error
        }
        return QueueDepths(
            depth: { queue in
                if let mismatch { throw BrokerFailure(.access, operation: "look at the queues", cause: mismatch) }
                return try await administration.queueDepth(queue)?.ready
            },
            close: { administration.close() })
    }

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
