import Broker
import Foundation
import Logging
import Policy
import RabbitMQ
import Runtime
import Schema
import Stages
import Store
import StorePostgres
import StoreSQLite

/// The adapters of one installation, chosen by its configuration; the only place that sees all of them.
package struct Installation: Sendable {
    package let configuration: Configuration

    package init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    /// - Throws: `ConfigurationFaults` where the URL is wrong.
    package func broker(connectionName: String) throws(ConfigurationFaults) -> RabbitMQBroker {
        try broker(connectionName, bodyLimitBytes: configuration.limits.document.bodyBytes)
    }

    /// The parking worker's: its letters come with their bodies, whatever is set for this program.
    package func parkingBroker(connectionName: String) throws(ConfigurationFaults) -> RabbitMQBroker {
        try broker(connectionName, bodyLimitBytes: ParkingWorker.bodyLimitBytes)
    }

    private func broker(
        _ connectionName: String, bodyLimitBytes: Int
    ) throws(ConfigurationFaults) -> RabbitMQBroker {
        do throws(InvalidAMQPURL) {
            var parsed = try RabbitMQConfiguration(
                url: configuration.amqpURL ?? "", connectionName: connectionName)
            // The worker has waited for its confirms before it closes; this is only for the last acknowledgements.
            parsed.drainMilliseconds = 2_000
            parsed.bodyLimitBytes = bodyLimitBytes
            parsed.unsettledLimitBytes = 2 * configuration.limits.memoryBytes
            return RabbitMQBroker(parsed)
        } catch {
            throw ConfigurationFaults(faults: error.faults.map { "RECOURSE_AMQP_URL: " + $0 })
        }
    }

    private func database() throws(ConfigurationFaults) -> Configuration.Database {
        guard let database = configuration.database else {
            throw ConfigurationFaults(
                faults: ["RECOURSE_DATABASE_URL is missing; expected \(Configuration.Database.expectation)"])
        }
        return database
    }

    /// Where the stores are, for people.
    func place() throws(ConfigurationFaults) -> String {
        switch try database() {
        case .sqlite(let directory): directory
        case .postgres(let database): "\(database), namespace \(database.namespace)"
        }
    }

    /// Settings of the database under which what is committed can be lost.
    ///
    /// - Throws: `StoreFailure`, `ConfigurationFaults`.
    func weaknessesOfDatabase() throws -> [DatabaseWeakness] {
        switch try database() {
        // Its durability is set by whoever opens it, which is Recourse itself.
        case .sqlite: []
        case .postgres(let database): try PostgresHealth(database).weaknesses(wall: Wall.now())
        }
    }

    func identity() throws -> any InstallationStore {
        switch try database() {
        case .sqlite(let directory): SQLiteInstallation(directory: directory)
        case .postgres(let database): PostgresInstallation(database)
        }
    }

    /// A store is made only by `InstallationGate`; whoever opens one finds it, or says which is missing.
    ///
    /// - Throws: `StoreFailure`, unavailable.
    func require(_ names: [String]) throws {
        let present = try identity().present()
        let missing = names.filter { !present.contains($0) }
        guard present.isEmpty || !missing.isEmpty else { return }
        let what = present.isEmpty ? "no store of Recourse" : "no store of " + missing.joined(separator: ", ")
        let remedy =
            present.isEmpty
            ? "recourse store init makes a new installation"
            : "recourse store init makes that of a stage that is new in this release; one that was lost comes back "
                + "from a backup (docs/OPERATING.md, Restore)"
        throw StoreFailure(
            .unavailable, operation: "open the store",
            cause: "there is \(what) in \(try place()); correct RECOURSE_DATABASE_URL; \(remedy)")
    }

    /// The store of one stage.
    ///
    /// - Throws: `StoreFailure`, also if there is none.
    package func store(_ stage: StageName) throws -> any Store {
        try require([stage.rawValue])
        return try open(stage)
    }

    private func open(_ stage: StageName) throws -> any Store {
        switch try database() {
        case .sqlite(let directory): try SQLiteStore(directory: directory, stage: stage)
        case .postgres(let database): try PostgresStore(database, stage: stage, wall: Wall.now)
        }
    }

    package func stores() throws -> [StageName: any Store] {
        let names = Pipeline.stages.map { type(of: $0).name }
        try require(names.map(\.rawValue))
        var stores: [StageName: any Store] = [:]
        for name in names { stores[name] = try open(name) }
        return stores
    }

    package func control() throws -> any ControlStore {
        try require([InstallationName.control])
        return try openControl()
    }

    /// Where the processes of the installation tell of themselves; in the same place.
    package func workforce() throws -> any WorkforceStore {
        try require([InstallationName.control])
        switch try database() {
        case .sqlite(let directory): return try SQLiteControl(directory: directory)
        case .postgres(let database): return try PostgresControl(database)
        }
    }

    private func openControl() throws -> any ControlStore {
        switch try database() {
        case .sqlite(let directory): try SQLiteControl(directory: directory)
        case .postgres(let database): try PostgresControl(database)
        }
    }

    /// For whoever counts and finds them, and reads nothing of their content: sealed as they lie there, without a key.
    package func unopenedDeadLetters() throws -> any DeadLetterStore {
        try require([InstallationName.parking])
        return try openDeadLetters()
    }

    private func openDeadLetters() throws -> any DeadLetterStore {
        switch try database() {
        case .sqlite(let directory): try SQLiteParking(directory: directory)
        case .postgres(let database): try PostgresParking(database)
        }
    }

    /// Every store of an installation.
    package static var allStores: Set<String> {
        Set(Pipeline.stages.map { type(of: $0).name.rawValue } + [InstallationName.parking, InstallationName.control])
    }

    /// Makes the stores that are missing; those that are there stay as they are. Asks no broker whether they may be made
    /// here: that is `InstallationGate`'s.
    package func make(_ names: Set<String>) async throws {
        for stage in StageName.allCases where names.contains(stage.rawValue) { await (try open(stage)).close() }
        if names.contains(InstallationName.control) { (try openControl()).close() }
        if names.contains(InstallationName.parking) { await (try openDeadLetters()).close() }
    }

    package func deadLetters() throws -> SealedDeadLetters {
        SealedDeadLetters(try unopenedDeadLetters(), keyring: configuration.keyring)
    }

    // MARK: Keys

    /// - Throws: `ConfigurationFaults` if the keys given do not open what `store` keeps; `StoreFailure`.
    func requireKeys(of store: any Store, _ stage: StageName) async throws {
        let vault = PersonalVault(stage: stage, keyring: configuration.keyring)
        guard let fault = try await store.read({ try vault.fault(in: $0) }) else { return }
        throw ConfigurationFaults(faults: ["RECOURSE_PERSONAL_KEY_FILE: the store of \(stage.rawValue): \(fault)"])
    }

    /// The same for the dead letters.
    func requireKeys(of deadLetters: SealedDeadLetters) async throws {
        guard let fault = try await deadLetters.fault() else { return }
        throw ConfigurationFaults(faults: ["RECOURSE_PERSONAL_KEY_FILE: the dead letters: \(fault)"])
    }

    /// Said once at the start, for whoever reads the log.
    func sayWhetherSealed(_ logger: Logger) {
        guard configuration.keyring.currentId.isEmpty else { return }
        logger.warning(
            "personal data are kept unsealed", metadata: ["remedy": "name a key file: RECOURSE_PERSONAL_KEY_FILE"])
    }

    /// The business clock. Under the stepped clock it is read from the control store.
    package func clock() throws -> any BusinessClock {
        switch configuration.clock {
        case .wall: return RunningClock.wall(Wall.now)
        case .scaled(let start, let factor, let wallStart):
            return RunningClock(start: start, factor: factor, wallStart: wallStart ?? Wall.now(), wall: Wall.now)
        case .stepped: return SteppedClock(control: try control())
        }
    }

    package func policy(clock: any BusinessClock) throws -> PolicyBook {
        let reading = try clock.read()
        let year = reading.now > .distantPast ? reading.now.date.year : nil
        return try PolicyLoading.load(directory: configuration.policyDirectory ?? "", currentYear: year)
    }

    /// For who asks only who may do what: whichever years the calendar has.
    ///
    /// - Throws: `ConfigurationFaults`.
    @Sendable package func organisationPolicy() throws -> PolicyBook {
        try PolicyLoading.load(directory: configuration.policyDirectory ?? "", currentYear: nil)
    }
}
