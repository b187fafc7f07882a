import Broker
import BrokerTestKit
import Foundation
import Logging
import Schema
import Store
import StorePostgres
import StoreSQLite
import Testing

@testable import Runtime

/// A worker whose database breaks under load.
@Suite("A store that breaks", .timeLimit(.minutes(10)))
struct BrokenStoreTests {
    enum Kind: String, CaseIterable, Sendable {
        case sqlite, postgres

        static let url = ProcessInfo.processInfo.environment["RECOURSE_TEST_POSTGRES_URL"]
        static var allCases: [Kind] { url == nil ? [.sqlite] : [.sqlite, .postgres] }
    }

    /// One intake stage's database, that loses tables and gets them back.
    private struct Database {
        let kind: Kind
        let name = UUID().uuidString

        var folder: URL { FileManager.default.temporaryDirectory.appending(path: "recourse-\(name)") }

        /// - Parameter changes: made to the tables once, in this order, beside the stores that are open.
        func store(_ changes: [(from: String, to: String)] = []) throws -> any Store {
            func steps(_ own: SchemaSteps, _ prefix: String) -> SchemaSteps {
                let oldest = own.steps.last?.oldestProgram ?? 1
                return SchemaSteps(
                    own.steps
                        + changes.map {
                            SchemaStep(
                                oldestProgram: oldest, ["ALTER TABLE \(prefix)\($0.from) RENAME TO \($0.to)"])
                        })
            }
            switch kind {
            case .sqlite:
                return try SQLiteStore(
                    directory: folder.path, stage: .intake, schema: steps(StoreSQLite.StageSchema.steps, ""))
            case .postgres:
                let namespace = "b" + name.filter { $0.isHexDigit }.lowercased()
                return try PostgresStore(
                    PostgresConfiguration(url: (Kind.url ?? "") + "?namespace=\(namespace)"), stage: .intake,
                    steps: { steps(StorePostgres.StageSchema.steps($0), "\($0).") },
                    wall: { Instant(seconds: Int64(Date().timeIntervalSince1970)) })
            }
        }

        func change(_ changes: [(from: String, to: String)]) async throws { await (try store(changes)).close() }
    }

    /// Notes the messages of a log.
    private struct Recorder: LogHandler {
        let log: ArrivalLog
        var metadata = Logger.Metadata()
        var logLevel = Logger.Level.warning
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            if "\(event.message)".hasPrefix("the database") { log.note(["\(event.message)"]) }
        }
    }

    private func publish(_ messages: some Collection<ConfirmedPublisher.Message>, _ broker: any Broker) async throws {
        let publisher = ConfirmedPublisher(broker, wall: WorkerScene.monotonicWall)
        _ = try await publisher.publish(Array(messages), limitSeconds: 600)
        await publisher.close()
    }

    @Test(arguments: Kind.allCases, ["journal", "records", "outbox"])
    func `A table that is dropped under load stops the stage and kills no message; all go on when it is back`(
        _ kind: Kind, _ table: String
    ) async throws {
        let database = Database(kind: kind)
        defer { if kind == .sqlite { try? FileManager.default.removeItem(at: database.folder) } }
        let broker = PumpedBroker()
        try await broker.memory.declare(WorkerScene.topology)
        let (seen, said) = (ArrivalLog(), ArrivalLog())
        let observing = broker.consume(queue: WorkerScene.observer, prefetch: 100) { event in
            if case .delivered(let deliveries) = event { seen.note(deliveries.map(\.routingKey)) }
        }
        let worker = WorkerScene.worker(
            broker, try database.store(), logger: Logger(label: "test") { _ in Recorder(log: said) })
        async let run: Void = worker.run()
        let messages = try WorkerScene.messages().prefix(WorkerScene.complaints)
        try await publish(messages.prefix(10), broker)
        try await seen.wait(for: 10, "the first cases")
        try await database.change([(table, "away")])
        try await publish(messages.dropFirst(10), broker)
        try await said.wait(for: 1, "the worker to say that its database fails")
        try await database.change([(table, "away"), ("away", table)])
        try await seen.wait(for: WorkerScene.complaints, "all cases")
        worker.stop()
        await run
        #expect(seen.all.allSatisfy { $0 == CaseOpened.type.rawValue })
        #expect(said.all.allSatisfy { $0 == "the database failed; trying again" })
        #expect(broker.memory.queueDepth(QueueName.dead)?.ready == 0)
        #expect(broker.memory.queueDepth(StageName.intake.queue)?.ready == 0)
        observing.close()
        broker.end()
    }

    /// A database that has stopped to answer.
    private final class SilentStore: Store {
        let asked = ArrivalLog()

        func write<T: Sendable>(
            _ body: @escaping @Sendable (any StoreTransaction) throws -> T
        ) async throws -> T {
            asked.note(["write"])
            return await withUnsafeContinuation { _ in }
        }

        func read<T: Sendable>(_ body: @escaping @Sendable (any StoreSnapshot) throws -> T) async throws -> T {
            await withUnsafeContinuation { _ in }
        }

        func scrub() async throws {}
        func close() async { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
    }

    @Test func `A worker ends within its drain limit though its database does not answer`() async throws {
        let broker = PumpedBroker()
        try await broker.memory.declare(WorkerScene.topology)
        let store = SilentStore()
        let worker = WorkerScene.worker(broker, store, drainSeconds: 1)
        async let run: Void = worker.run()
        try await store.asked.wait(for: 1, "the first transaction")
        worker.stop()
        await run
        broker.end()
    }
}
