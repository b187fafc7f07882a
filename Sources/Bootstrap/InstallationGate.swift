import Broker
import Foundation
import Logging
import Operations
import RabbitMQ
import Runtime
import Schema
import Stages
import Store

/// What a program that writes passes through before it opens a store: store and broker must belong to the same
/// installation, and none is made in passing beside one that there is.
struct InstallationGate: Sendable {
    let installation: Installation
    /// Tells whoever started the program.
    let say: @Sendable (Logger.Level, String) -> Void

    /// - Parameters:
    ///   - names: the stores that the program is about to open.
    ///   - adopted: the id that a store without one is to get; nil: a new one.
    /// - Throws: `ConfigurationFaults` if store and broker do not belong together, or a store was lost; `StoreFailure`,
    ///   `BrokerFailure`.
    func admit(_ names: Set<String>, adopting adopted: String? = nil) async throws {
        let administration = try installation.broker(connectionName: "recourse installation").administration()
        defer { administration.close() }
        let identity = try installation.identity()
        let place = try installation.place()
        var reading = try identity.reading()
        var decision = try await decide(reading, identity, administration, adopted, place)
        if case .refuse = decision, reading == .none {
            // Another program may have made it between the look at the store and that at the broker.
            reading = try identity.reading()
            decision = try await decide(reading, identity, administration, adopted, place)
        }
        switch decision {
        case .proceed(let warning):
            if let warning { say(.warning, warning) }
            try await complete(reading, names, identity, place)
        case .tellBroker(let id):
            try await tell(id, administration)
            try await complete(reading, names, identity, place)
        case .name:
            let id = adopted ?? Self.newId()
            guard let record = try identity.enter(id, stores: try identity.present()) else {
                return say(
                    .warning,
                    "the store in \(place) has no installation's id, and this role may not give it one: recourse store init"
                )
            }
            say(.info, "the store in \(place) is that of installation \(record.id) from now on")
            try await furnish(record, identity, administration)
        case .make:
            let id = adopted ?? Self.newId()
            guard let record = try identity.enter(id, stores: []) else {
                throw ConfigurationFaults(faults: [
                    "there is no store in \(place), and this role may not make one: recourse store init, by one that may"
                ])
            }
            say(.warning, "there was no store in \(place): this is a new installation, \(record.id)")
            try await furnish(record, identity, administration)
        case .refuse(let cause): throw ConfigurationFaults(faults: [cause])
        }
    }

    private static func newId() -> String { UUID().uuidString.lowercased() }

    private func decide(
        _ reading: InstallationReading, _ identity: any InstallationStore, _ administration: RabbitMQAdministration,
        _ adopted: String?, _ place: String
    ) async throws -> InstallationDecision {
        let sign = try await sign(of: reading.record?.id ?? adopted, administration)
        return InstallationDecision(reading, isEmpty: try identity.present().isEmpty, broker: sign, place: place)
    }

    // MARK: - The broker

    /// - Parameter isReading: declares nothing.
    private func sign(
        of id: String?, isReading: Bool = false, _ administration: RabbitMQAdministration
    ) async throws -> BrokerSign {
        do throws(BrokerFailure) {
            // The mark first, for it is declared last: whoever sees it finds the name as well.
            let hasMark = try await administration.hasExchange(InstallationExchange.mark)
            if let id, try await administration.hasExchange(InstallationExchange.name(of: id)) {
                let isOurs = isReading ? true : try await isMarked(by: id, administration)
                return isOurs ? .same : .others(await others().filter { $0 != id })
            }
            return hasMark ? .others(await others()) : .none
        } catch {
            // A wrong password is none of the broker's secrets: nothing can be done with this user.
            guard error.code == 403, error.kind != .login else { throw error }
            return .hidden(cause: error.description)
        }
    }

    /// Whether the mark is that of this installation, whose name stands in the broker: one that was begun there at the same
    /// moment as another, and ended before it took its name back, is not. Makes a mark that is missing.
    private func isMarked(
        by id: String, _ administration: RabbitMQAdministration
    ) async throws(BrokerFailure) -> Bool {
        do throws(BrokerFailure) {
            try await administration.declare(Self.marked(by: id))
            return true
        } catch  where error.code == 406 {
            return false
        } catch  where error.code == 403 {
            // Only who may declare can tell.
            return true
        }
    }

    /// The mark names its installation in an argument that the broker compares: of two installations that begin at one
    /// moment it takes one.
    private static func marked(by id: String) -> Topology {
        let name = InstallationExchange.name(of: id)
        return Topology(
            exchanges: [
                Topology.Exchange(name: name, kind: .fanout),
                Topology.Exchange(name: InstallationExchange.mark, kind: .fanout, alternate: name),
            ], queues: [], bindings: [], policies: [])
    }

    /// They are named in a refusal that stands without them, so who cannot ask for them goes without.
    private func others() async -> [String] {
        do { return try await installation.idsInBroker() } catch { return [] }
    }

    private func tell(_ id: String, _ administration: RabbitMQAdministration) async throws {
        do {
            try await administration.declare(Self.marked(by: id))
            say(.info, "the broker is that of installation \(id) from now on")
        } catch  where error.code == 406 {
            try await administration.deleteExchange(InstallationExchange.name(of: id))
            throw ConfigurationFaults(faults: [
                "the broker has just become another installation's (\(error.cause)), so it is not that of \(id): correct "
                    + "RECOURSE_AMQP_URL or RECOURSE_DATABASE_URL"
            ])
        } catch {
            guard error.code == 403 else { throw error }
            say(
                .warning,
                "the broker does not name installation \(id), and this user may not declare it; run recourse topology "
                    + "apply with RECOURSE_DATABASE_URL")
        }
    }

    // MARK: - The stores

    private func furnish(
        _ record: InstallationRecord, _ identity: any InstallationStore, _ administration: RabbitMQAdministration
    ) async throws {
        try await installation.make(Installation.allStores.subtracting(try identity.present()))
        _ = try identity.enter(record.id, stores: Installation.allStores)
        try await tell(record.id, administration)
    }

    /// Makes the stores of stages that are new in this release. One that was made and is gone is not made again.
    private func complete(
        _ reading: InstallationReading, _ names: Set<String>, _ identity: any InstallationStore, _ place: String
    ) async throws {
        guard let record = reading.record else { return }
        let missing = names.subtracting(try identity.present())
        guard !missing.isEmpty else { return }
        let lost = missing.intersection(record.stores).sorted()
        guard lost.isEmpty else {
            throw ConfigurationFaults(faults: [
                "installation \(record.id) has lost its store of \(lost.joined(separator: ", ")) in \(place); bring it "
                    + "back from a backup (docs/OPERATING.md, Restore)"
            ])
        }
        try await installation.make(missing)
        _ = try identity.enter(record.id, stores: missing)
        say(.warning, "made the store of \(missing.sorted().joined(separator: ", ")), new in installation \(record.id)")
    }
}

extension InstallationGate {
    /// Of verbs that read: why what is in the broker tells nothing of this store; nil: it may. What cannot be seen gives no
    /// reason, as for who writes.
    ///
    /// - Throws: `StoreFailure`, `BrokerFailure`.
    func mismatch() async throws -> String? {
        guard let record = try installation.identity().reading().record else { return nil }
        let administration = try installation.broker(connectionName: "recourse installation").administration()
        defer { administration.close() }
        guard case .others(let ids) = try await sign(of: record.id, isReading: true, administration) else {
            return nil
        }
        return "the store is that of installation \(record.id), and the broker belongs to "
            + (ids.isEmpty ? "another" : ids.joined(separator: ", "))
    }
}

extension InstallationReading {
    var record: InstallationRecord? { if case .record(let record) = self { record } else { nil } }
}

extension Installation {
    /// The ids of the installations that the broker names.
    ///
    /// - Throws: `ManagementFailure`, also without a management URL; `ConfigurationFaults`.
    func idsInBroker() async throws -> [String] {
        let exchanges = try await management("look for the installation that the broker names").list("exchanges")
        return (exchanges.elements ?? []).compactMap { $0["name"]?.string }.compactMap(InstallationExchange.id).sorted()
    }

    /// - Throws: as `idsInBroker`.
    func bindingsInBroker() async throws -> Set<BrokerState.Binding> {
        Set(try await management("look at the broker's bindings").brokerState().bindings)
    }

    func management(_ operation: String) throws -> ManagementAPI {
        guard let url = configuration.managementURL else {
            throw ManagementFailure(
                operation: operation,
                cause: "RECOURSE_MANAGEMENT_URL is not given: exchanges and bindings cannot be seen")
        }
        let host = try broker(connectionName: "recourse management").configuration.virtualHost
        return try ManagementAPI(url: url, virtualHost: host)
    }

    /// How long messages lie in the queues; nil: the HTTP API is not configured.
    ///
    /// - Throws: `ManagementFailure` if its URL is none.
    func queueAges() throws -> (@Sendable () async throws -> QueueWatch.Found)? {
        guard configuration.managementURL != nil, configuration.amqpURL != nil else { return nil }
        let watch = QueueWatch(.pipeline(Pipeline.stages), try management("look at the queues"))
        return { try await watch.look() }
    }

    /// For verbs that write: `InstallationGate` with all stores, told on standard error.
    func admit(adopting id: String? = nil) async throws {
        try await InstallationGate(installation: self) { level, text in
            Output.note(level == .warning ? "warning: " + text : text)
        }.admit(Installation.allStores, adopting: id)
    }

    /// For verbs that use what is there and make nothing: what they read in the store belongs to the broker to which they
    /// publish. The store of an older release gets its id.
    ///
    /// - Throws: as `InstallationGate.admit`; `StoreFailure` if there is no store.
    func admitPresent() async throws {
        try require([])
        try await admit()
    }

    /// For the supervisor of all workers: waits for the broker, as they do.
    func admitAll(_ patiently: Patience) async throws {
        let logger = patiently.logger
        let gate = InstallationGate(installation: self) { level, text in logger.log(level: level, "\(text)") }
        // Without the database it ends at once, as before.
        _ = try identity().present()
        try await patiently { try await gate.admit(Installation.allStores) }
    }

    /// For a worker: waits for database and broker.
    func admit(_ store: String, _ patiently: Patience) async throws {
        let logger = patiently.logger
        let gate = InstallationGate(installation: self) { level, text in logger.log(level: level, "\(text)") }
        let names: Set<String> = configuration.clock == .stepped ? [store, InstallationName.control] : [store]
        try await patiently { try await gate.admit(names) }
        try await patiently { try await lookAround(store, logger) }
    }

    /// What AMQP shows a worker of the topology: whether its queues are there. The rest it says once that it cannot see.
    private func lookAround(_ store: String, _ logger: Logger) async throws {
        let administration = try broker(connectionName: "recourse installation").administration()
        defer { administration.close() }
        var queues = [QueueName.dead]
        if let stage = StageName(rawValue: store) {
            queues += [stage.queue] + RetryDelay.allCases.map { QueueName.delay(stage, $0) }
        }
        for queue in queues {
            do {
                guard try await administration.queueDepth(queue) == nil else { continue }
                logger.warning(
                    "the broker lacks a queue", metadata: ["queue": "\(queue)", "remedy": "recourse topology apply"])
            } catch {
                guard error.code == 403 else { throw error }
                logger.info("a queue cannot be seen", metadata: ["queue": "\(queue)", "cause": "\(error)"])
            }
        }
        logger.info(
            "a worker sees neither policies nor bindings", metadata: ["see": "recourse topology verify, recourse run"])
    }
}
