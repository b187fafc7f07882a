import Broker
import BrokerTestKit
import Foundation
import Logging
import Policy
import Schema
import Stages
import Store
import StorePostgres
import StoreSQLite
import StoreTestKit
import Synchronization
import Testing

@testable import Runtime

/// Workers of one release beside those of the next: the schema grows under the older ones, events and records have a
/// member more, and one type more is bound.
@Suite(.timeLimit(.minutes(10))) struct RollingUpgradeTests {
    @Test(arguments: UpgradeScene.Kind.allCases)
    func `Nothing is lost on the way there and back, neither an event nor a member of a record`(
        _ kind: UpgradeScene.Kind
    ) async throws {
        let scene = try await UpgradeScene(kind)
        defer { scene.end() }
        let all = Array(1...30)
        let emitter = scene.run(Emitter(), MemoryStore(), "emitter")
        // The last release alone, then beside the next one, then the next one alone.
        let old = scene.run(OldTaker(), try scene.store(grown: false), "old")
        try await scene.publish("first", years: all[..<10])
        try await scene.notes.wait(for: 10, "what the old worker takes")
        let new = scene.run(NewTaker(), try scene.store(grown: true), "new")
        try await scene.publish("first", years: all[10..<20])
        try await scene.notes.wait(for: 20, "what both take")
        await old.stop()
        try await scene.publish("first", years: all[20...])
        try await scene.notes.wait(for: 30, "what the new worker takes")
        await new.stop()
        // Back to the last release: it goes on with its own records, and leaves the others as they are.
        let hinted = try await scene.hinted()
        #expect(hinted >= 10 && hinted <= 20)
        let back = scene.run(OldTaker(), try scene.store(grown: false), "old")
        try await scene.publish("second", years: all[...])
        try await scene.notes.wait(for: 60 - hinted, "what the old worker can decide")
        await back.stop()
        #expect(scene.waiting() == hinted)
        #expect(try await scene.hinted() == hinted)
        scene.broker.memory.expire(queue: QueueName.delay(.routing, .fiveSeconds))
        let forward = scene.run(NewTaker(), try scene.store(grown: true), "new")
        try await scene.notes.wait(for: 60, "what was left to the new worker")
        await forward.stop()
        await emitter.stop()
        let store = try scene.store(grown: true)
        let (records, counts) = try await store.read {
            (try $0.records(kind: OldYear.kind, after: "", limit: 99), try $0.counts())
        }
        #expect(try records.map { try JSONDecoding.decode(NewYear.self, from: $0.body).times } == all.map { _ in 2 })
        #expect(counts.applied == 60 && counts.refused == 0 && counts.outbox == 0)
        #expect(scene.broker.memory.queueDepth(QueueName.dead)?.ready == 0)
        await store.close()
    }

    @Test(arguments: UpgradeScene.Kind.allCases)
    func `What only the next release takes waits for it, though its binding came first`(
        _ kind: UpgradeScene.Kind
    ) async throws {
        let scene = try await UpgradeScene(kind)
        defer { scene.end() }
        try await scene.bind(CaseAccepted.type)
        let old = scene.run(OldTaker(), try scene.store(grown: false), "old")
        try await scene.publish("first", years: [7])
        // What follows from the case comes behind it, so the case was looked at when that is taken.
        let emitter = scene.run(Emitter(), MemoryStore(), "emitter")
        try await scene.notes.wait(for: 1, "what the old worker takes")
        await old.stop()
        #expect(scene.waiting() == 1)
        scene.broker.memory.expire(queue: QueueName.delay(.routing, .fiveSeconds))
        let new = scene.run(NewTaker(), try scene.store(grown: true), "new")
        try await scene.notes.wait(for: 2, "what was left to the new worker")
        await new.stop()
        await emitter.stop()
        #expect(scene.notes.all == [CalendarMissing.type.rawValue, CaseAccepted.type.rawValue])
    }
}

/// Gives every accepted case's number as a year, with a member that the contract does not have yet.
private struct Emitter: Stage {
    static let name = StageName.intake
    static let takesFromInbox = [CaseAccepted.type]
    static let takesFromEvents: [EventType] = []
    static let recordTypes: [any Record.Type] = []

    func keys(for input: Input, given records: RecordReader) -> [RecordKey] { [] }

    func step(_ input: Input, in turn: inout Turn) throws -> Verdict {
        guard case .event(let event) = input, let accepted = event.data as? CaseAccepted else { return .applied }
        let year = Int(accepted.caseId.dropFirst()) ?? 0
        turn.emit(HintedYear(year: year, hint: "of the next release"), about: nil, rule: "probe")
        return .applied
    }
}

private struct HintedYear: EventData {
    static let type = CalendarMissing.type
    static let shape = CalendarMissing.shape + [.optional("hint", .text(min: 1, max: 99))]
    let year: Int
    let hint: String?

    init(year: Int, hint: String?) { (self.year, self.hint) = (year, hint) }

    init(reading place: Int, in tape: borrowing JSONTape) throws {
        year = Int(tape.int("year", of: place) ?? 0)
        hint = tape.string("hint", of: place)
    }

    func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("year", year)
        writer.member("hint", hint)
        writer.end()
    }
}

private protocol Year: Record, Equatable {
    var times: Int { get set }
    init(times: Int)
}

extension Year {
    static var kind: String { "year" }
    var wake: Wake? { nil }
}

private struct OldYear: Year {
    var times: Int
}

private struct NewYear: Year {
    var times: Int
    var hint: String?

    init(times: Int) {
        self.times = times
        hint = "kept"
    }
}

/// Counts how often each year was missing.
private protocol Taker: Stage {
    associatedtype Kept: Year
}

extension Taker {
    static var name: StageName { .routing }
    static var recordTypes: [any Record.Type] { [Kept.self] }

    func keys(for input: Input, given records: RecordReader) -> [RecordKey] {
        guard case .event(let event) = input, let missing = event.data as? CalendarMissing else { return [] }
        return [Kept.key("\(missing.year)")]
    }

    func step(_ input: Input, in turn: inout Turn) throws -> Verdict {
        guard case .event(let event) = input else { return .applied }
        if let missing = event.data as? CalendarMissing {
            var record = turn.get(Kept.self, "\(missing.year)") ?? Kept(times: 0)
            record.times += 1
            turn.put(record, "\(missing.year)")
        }
        turn.emit(ProbeNote(text: event.type.rawValue), about: nil, rule: "probe")
        return .applied
    }
}

private struct OldTaker: Taker {
    typealias Kept = OldYear
    static let takesFromInbox: [EventType] = []
    static let takesFromEvents = [CalendarMissing.type]
}

private struct NewTaker: Taker {
    typealias Kept = NewYear
    static let takesFromInbox = [CaseAccepted.type]
    static let takesFromEvents = [CalendarMissing.type]
}

/// A broker, a database, and workers that come and go.
final class UpgradeScene: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case sqlite, postgres

        static let url = ProcessInfo.processInfo.environment["RECOURSE_TEST_POSTGRES_URL"]
        static var allCases: [Kind] { url == nil ? [.sqlite] : [.sqlite, .postgres] }
    }

    struct Running: Sendable {
        let worker: Worker
        let task: Task<Void, Never>

        func stop() async {
            worker.stop()
            await task.value
        }
    }

    let broker = PumpedBroker()
    /// What the takers tell: the types of the events that they applied.
    let notes = ArrivalLog()
    private let kind: Kind
    private let folder: URL
    private let observing: any Consumer
    private static let observer = "observer"
    private static let routes = Routes([Emitter(), NewTaker()])

    init(_ kind: Kind) async throws {
        self.kind = kind
        folder = FileManager.default.temporaryDirectory.appending(path: "recourse-\(UUID().uuidString)")
        var topology = Topology.pipeline([Emitter(), OldTaker()])
        topology.queues.append(Topology.Queue(name: Self.observer, kind: .quorum))
        topology.bindings.append(
            Topology.Binding(
                exchange: ExchangeName.events, queue: Self.observer, routingKey: ProbeNote.type.rawValue))
        try await broker.memory.declare(topology)
        let told = Mutex<Set<String?>>([])
        observing = broker.consume(queue: Self.observer, prefetch: 1_000) { [notes] event in
            guard case .delivered(let deliveries) = event else { return }
            // Published once more under the same id when it was not clear whether a transaction was committed.
            let fresh = deliveries.filter { delivery in
                told.withLock { $0.insert(delivery.properties.messageId).inserted }
            }
            let texts = fresh.map { try? JSON(parsing: $0.body)["data"]?["text"]?.string }
            notes.note(texts.map { $0 ?? "unreadable" })
        }
    }

    func end() {
        observing.close()
        broker.end()
        if kind == .sqlite { try? FileManager.default.removeItem(at: folder) }
    }

    /// The takers' store, as the program of either release opens it.
    func store(grown: Bool) throws -> any Store {
        switch kind {
        case .sqlite:
            let steps = StoreSQLite.StageSchema.steps
            return try SQLiteStore(
                directory: folder.path, stage: .routing,
                schema: grown ? Self.grow(steps, "journal", "records", "leases") : steps)
        case .postgres:
            let namespace = "u" + folder.lastPathComponent.filter { $0.isHexDigit }.lowercased()
            return try PostgresStore(
                PostgresConfiguration(url: (Kind.url ?? "") + "?namespace=\(namespace)"), stage: .routing,
                steps: { schema in
                    let steps = StorePostgres.StageSchema.steps(schema)
                    return grown
                        ? Self.grow(steps, "\(schema).journal", "\(schema).records", "\(schema).leases") : steps
                },
                wall: { Instant(seconds: Int64(Date().timeIntervalSince1970)) })
        }
    }

    private static func grow(_ steps: SchemaSteps, _ tables: String...) -> SchemaSteps {
        let oldest = steps.steps.last?.oldestProgram ?? 1
        let more = tables.map { "ALTER TABLE \($0) ADD COLUMN extra bigint NOT NULL DEFAULT 7" }
        return SchemaSteps(steps.steps + [SchemaStep(oldestProgram: oldest, more)])
    }

    func run(_ stage: any Stage, _ store: any Store, _ name: String) -> Running {
        var limits = WorkerLimits()
        limits.batch = 4
        limits.prefetch = 4
        let began = ContinuousClock.now
        let wall: @Sendable () -> Instant = {
            Instant(seconds: 1_700_000_000 + (ContinuousClock.now - began).components.seconds)
        }
        let noon = WorkerScene.noon
        let worker = Worker(
            runner: StageRunner(stage: stage, policy: ProbePolicy.book), name: name, routes: Self.routes,
            limits: limits,
            parts: Worker.Parts(
                store: store, broker: broker,
                clock: RunningClock(start: noon, factor: 1, wallStart: noon) { noon }, wall: wall,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        return Running(worker: worker, task: Task { await worker.run() })
    }

    func bind(_ type: EventType) async throws {
        try await broker.memory.declare(
            Topology(
                exchanges: [], queues: [],
                bindings: [
                    Topology.Binding(
                        exchange: ExchangeName.inbox, queue: StageName.routing.queue, routingKey: type.rawValue)
                ], policies: []))
    }

    func publish(_ round: String, years: ArraySlice<Int>) async throws {
        let messages = years.map { year in
            let event = Event(
                id: "\(round)-\(year)", source: "upstream", time: WorkerScene.noon,
                data: CaseAccepted(caseId: "y\(year)", by: Person(id: "someone", tier: "hq")))
            return ConfirmedPublisher.Message(
                exchange: ExchangeName.inbox, routingKey: event.type.rawValue, mandatory: true,
                properties: MessageProperties.of(event), body: event.body())
        }
        let publisher = ConfirmedPublisher(broker) { WorkerScene.noon }
        let outcomes = try await publisher.publish(messages, limitSeconds: 600)
        try #require(outcomes.allSatisfy { $0 == .confirmed })
        await publisher.close()
    }

    /// How many records have the member that the old release does not know.
    func hinted() async throws -> Int {
        let store = try store(grown: true)
        let records = try await store.read { try $0.records(kind: OldYear.kind, after: "", limit: 99) }
        await store.close()
        return try records.filter { try JSONDecoding.decode(NewYear.self, from: $0.body).hint == "kept" }.count
    }

    /// How many events wait for a worker of the takers' stage. One that was delayed when its worker was stopped, and not
    /// acknowledged any more, lies there twice.
    func waiting() -> Int {
        broker.memory.deliverAll()
        let queues = [StageName.routing.queue] + RetryDelay.allCases.map { QueueName.delay(.routing, $0) }
        return Set(queues.flatMap { broker.memory.contents(of: $0).map(\.properties.messageId) }).count
    }
}
