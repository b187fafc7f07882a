import Broker
import BrokerTestKit
import Foundation
import RabbitMQ
import Schema
import Store
import StoreTestKit
import Synchronization
import Testing

@testable import Runtime

/// The memory broker with a task of its own that lets everybody act whenever somebody has asked for something.
final class PumpedBroker: Broker {
    let memory = MemoryBroker()
    private let asked: AsyncStream<Void>.Continuation
    private let pump: Task<Void, Never>

    init() {
        let (stream, asked) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.asked = asked
        pump = Task { [memory] in
            for await _ in stream { memory.deliverAll() }
        }
    }

    func end() { asked.finish() }

    func consume(
        queue: String, prefetch: Int, sink: @escaping @Sendable (ConsumerEvent) -> Void
    ) -> any Consumer {
        defer { asked.yield() }
        return PumpedConsumer(consumer: memory.consume(queue: queue, prefetch: prefetch, sink: sink), asked: asked)
    }

    func publisher(sink: @escaping @Sendable (PublisherEvent) -> Void) -> any Publisher {
        defer { asked.yield() }
        return PumpedPublisher(publisher: memory.publisher(sink: sink), asked: asked)
    }
}

private struct PumpedConsumer: Consumer {
    let consumer: any Consumer
    let asked: AsyncStream<Void>.Continuation

    func acknowledge(through tag: UInt64, channel: UInt64) {
        consumer.acknowledge(through: tag, channel: channel)
        asked.yield()
    }

    func acknowledge(_ tags: [UInt64], channel: UInt64) {
        consumer.acknowledge(tags, channel: channel)
        asked.yield()
    }

    func requeue(_ tags: [UInt64], channel: UInt64) {
        consumer.requeue(tags, channel: channel)
        asked.yield()
    }

    func ask() {
        consumer.ask()
        asked.yield()
    }

    func cancel() {
        consumer.cancel()
        asked.yield()
    }

    func consume(prefetch: Int) {
        consumer.consume(prefetch: prefetch)
        asked.yield()
    }

    func close() {
        consumer.close()
        asked.yield()
    }
}

private struct PumpedPublisher: Publisher {
    let publisher: any Publisher
    let asked: AsyncStream<Void>.Continuation

    func publish(_ publications: [Publication]) {
        publisher.publish(publications)
        asked.yield()
    }

    func close() {
        publisher.close()
        asked.yield()
    }
}

/// Counts what arrives, and lets a test wait for it.
final class ArrivalLog: Sendable {
    private struct State {
        var all: [String] = []
        var waiter: (count: Int, continuation: CheckedContinuation<Bool, Never>)?
    }

    private let state = Mutex(State())

    var all: [String] { state.withLock { $0.all } }

    func note(_ arrivals: [String]) {
        let woken = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            state.all += arrivals
            guard let waiter = state.waiter, state.all.count >= waiter.count else { return nil }
            state.waiter = nil
            return waiter.continuation
        }
        woken?.resume(returning: true)
    }

    /// Fails the test after ten minutes: a loaded machine runs hundreds of tests at once.
    func wait(for count: Int, _ what: String) async throws {
        let limit = DispatchWorkItem { [self] in
            state.withLock { state -> CheckedContinuation<Bool, Never>? in
                defer { state.waiter = nil }
                return state.waiter?.continuation
            }?.resume(returning: false)
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + 600, execute: limit)
        let isThere = await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.all.count < count { state.waiter = (count, continuation) }
                return state.all.count >= count
            }
            if isThere { continuation.resume(returning: true) }
        }
        limit.cancel()
        try #require(isThere, "waited ten minutes for \(what), \(count) arrivals; there were \(all.count)")
    }
}

/// Dead letters in memory that tell when somebody parks them; or whose database is away.
final class WatchedLetters: DeadLetterStore {
    let log = ArrivalLog()
    let erasures = ArrivalLog()
    private let letters = MemoryDeadLetterStore()
    /// What is there; `log` tells of attempts.
    let parked = ArrivalLog()
    private let isAway: Bool
    private let refuses: @Sendable (DeadLetter) -> Bool
    private let inserted = Atomic(0)
    private let onPage: @Sendable () -> Void

    /// - Parameter onPage: called before each page of letters that is read.
    init(
        isAway: Bool = false, refusing: @escaping @Sendable (DeadLetter) -> Bool = { _ in false },
        onPage: @escaping @Sendable () -> Void = {}
    ) {
        self.isAway = isAway
        refuses = refusing
        self.onPage = onPage
    }

    var rows: Int { inserted.load(ordering: .acquiring) }

    func upsert(_ letters: [DeadLetter], parkedAt: Instant) async throws -> Int {
        defer { log.note(letters.map(\.id)) }
        if isAway { throw StoreFailure(.unavailable, operation: "park", cause: "away") }
        if letters.contains(where: refuses) { throw StoreFailure(.corrupt, operation: "park", cause: "refused") }
        defer { parked.note(letters.map(\.id)) }
        let fresh = try self.letters.upsert(letters, parkedAt: parkedAt)
        inserted.add(fresh, ordering: .acquiringAndReleasing)
        return fresh
    }

    func list(_ filter: DeadLetterFilter, after: DeadLetterPlace?, limit: Int) async throws -> [ParkedLetter] {
        try letters.list(filter, after: after, limit: limit)
    }

    func count(_ filter: DeadLetterFilter) async throws -> Int { try letters.count(filter) }
    func places(_ filter: DeadLetterFilter, after number: Int64, limit: Int) async throws -> [LetterPlace] {
        try letters.places(filter, after: number, limit: limit)
    }
    func groups(_ filter: DeadLetterFilter, limit: Int) async throws -> [LetterGroup] {
        try letters.groups(filter, limit: limit)
    }
    func groupCount(_ filter: DeadLetterFilter) async throws -> Int { try letters.groupCount(filter) }
    func ids(beginningWith prefix: String, limit: Int) async throws -> [String] {
        try letters.ids(beginningWith: prefix, limit: limit)
    }

    func get(_ id: String) async throws -> ParkedLetter? { try letters.get(id) }
    func letters(_ ids: [String]) async throws -> [String: ParkedLetter] { try letters.letters(ids) }
    func mark(
        _ marks: [DeadLetterMark], logging acts: @escaping @Sendable ([ParkedLetter]) throws -> [AuditLogDraft]
    ) async throws -> LetterChange {
        try letters.mark(marks, logging: acts)
    }

    func erase(_ letters: [LetterErasure], note: String) async throws -> Int {
        defer { erasures.note(letters.map(\.id)) }
        return try self.letters.erase(letters, note: note)
    }

    func keepIndex(_ indices: [String: LetterIndex]) async throws { try letters.keepIndex(indices) }
    func unindexedCount() async throws -> Int { try letters.unindexedCount() }
    func unindexed(limit: Int, bytes: Int) async throws -> [ParkedLetter] {
        onPage()
        return try letters.unindexed(limit: limit, bytes: bytes)
    }

    func writeLog(_ drafts: [AuditLogDraft]) async throws -> AuditLogHead { try letters.writeLog(drafts) }
    func logHead() async throws -> AuditLogHead { try letters.logHead() }
    func logEntries(
        _ filter: AuditLogFilter, _ page: AuditLogPage, limit: Int
    ) async throws -> [AuditLogEntry] {
        try letters.logEntries(filter, page, limit: limit)
    }
    func logCount(_ filter: AuditLogFilter) async throws -> Int { try letters.logCount(filter) }
    func eraseLog(of traces: Set<PersonalTrace>) async throws -> Int { try letters.eraseLog(of: traces) }
    func resealLog(_ contents: [Int64: [UInt8]]) async throws { try letters.resealLog(contents) }

    func begin(
        _ operation: LetterOperation, on letters: OperationLetters,
        logging acts: @escaping @Sendable (LetterOperation) throws -> [AuditLogDraft]
    ) async throws -> BegunOperation? { try self.letters.begin(operation, on: letters, logging: acts) }
    func operation(_ id: String) async throws -> LetterOperation? { try letters.operation(id) }
    func operations(below number: Int64, limit: Int) async throws -> [LetterOperation] {
        try letters.operations(below: number, limit: limit)
    }
    func operationCounts(_ id: String) async throws -> [OperationCount] { try letters.operationCounts(id) }
    func operationItems(
        _ id: String, in states: Set<OperationItem.State>, after position: Int64, limit: Int
    ) async throws -> [OperationItem] {
        try letters.operationItems(id, in: states, after: position, limit: limit)
    }
    func change(
        _ change: OperationChange, logging acts: @escaping @Sendable ([ParkedLetter]) throws -> [AuditLogDraft]
    ) async throws -> ChangedOperation? { try letters.change(change, logging: acts) }
    func propose(
        _ proposals: [EditProposal], logging acts: @escaping @Sendable () throws -> [AuditLogDraft]
    ) async throws -> AuditLogHead? { try letters.propose(proposals, logging: acts) }
    func edit(_ id: String) async throws -> LetterEdit? { try letters.edit(id) }
    func edits(_ filter: EditFilter, after number: Int64, limit: Int) async throws -> [LetterEdit] {
        try letters.edits(filter, after: number, limit: limit)
    }
    func editCount(_ filter: EditFilter) async throws -> Int { try letters.editCount(filter) }
    func decide(
        _ decisions: [EditDecision], logging acts: @escaping @Sendable ([LetterEdit]) throws -> [AuditLogDraft]
    ) async throws -> DecidedEdits { try letters.decide(decisions, logging: acts) }
    func resealEdits(_ contents: [String: [UInt8]]) async throws { try letters.resealEdits(contents) }

    func ids(of traces: Set<PersonalTrace>) async throws -> [String] { try letters.ids(of: traces) }
    func secret() async throws -> PersonalSecret? { try letters.secret() }
    func keepSecret(_ secret: PersonalSecret) async throws -> PersonalSecret { try letters.keepSecret(secret) }
    func resealSecret(_ secret: PersonalSecret) async throws { try letters.resealSecret(secret) }

    func replace(_ rows: [ParkedLetter]) async throws { try letters.replace(rows) }
    func scrub() async throws { try letters.scrub() }
    func counts() async throws -> [DeadLetterCount] { try letters.counts() }
    func find(_ events: [EventKey]) async throws -> [EventKey: [ParkedLetter]] { try letters.find(events) }
    func close() async {}
}

/// The RabbitMQ server of the tests; each use has a virtual host of its own.
struct RealServer {
    private static let environment = ProcessInfo.processInfo.environment
    static var isThere: Bool {
        environment["RECOURSE_TEST_AMQP_URL"] != nil && environment["RECOURSE_TEST_RABBITMQCTL"] != nil
    }

    private let url: String
    private let control: String

    init() throws {
        url = try #require(Self.environment["RECOURSE_TEST_AMQP_URL"])
        control = try #require(Self.environment["RECOURSE_TEST_RABBITMQCTL"])
    }

    func inOwnVirtualHost(_ body: (RabbitMQBroker) async throws -> Void) async throws {
        let host = "recourse-\(UUID().uuidString)"
        var configuration = try RabbitMQConfiguration(url: url, connectionName: "recourse-tests")
        configuration.virtualHost = host
        try await run("add_vhost", host)
        try await run("set_permissions", "-p", host, configuration.user, ".*", ".*", ".*")
        do {
            try await body(RabbitMQBroker(configuration))
        } catch {
            try await run("delete_vhost", host)
            throw error
        }
        try await run("delete_vhost", host)
    }

    /// A broker in the same virtual host as `broker`, as a user who may do what `user` says and nothing else.
    func broker(_ broker: RabbitMQBroker, as user: BrokerUser) async throws -> RabbitMQBroker {
        var configuration = broker.configuration
        let host = configuration.virtualHost
        configuration.user = user.name + "-" + host
        configuration.password = UUID().uuidString
        try await run("add_user", configuration.user, configuration.password)
        try await run("set_permissions", "-p", host, configuration.user, user.configure, user.write, user.read)
        for topic in user.topics {
            try await run(
                "set_topic_permissions", "-p", host, configuration.user, topic.exchange, topic.write, "^$")
        }
        return RabbitMQBroker(configuration)
    }

    func remove(userOf broker: RabbitMQBroker) async throws {
        try await run("delete_user", broker.configuration.user)
    }

    private func run(_ arguments: String...) async throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["timeout", "100"] + control.split(separator: " ").map(String.init) + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let ended = ArrivalLog()
        process.terminationHandler = { ended.note(["\($0.terminationStatus)"]) }
        try process.run()
        try await ended.wait(for: 1, "rabbitmqctl \(arguments.first ?? "")")
        try #require(ended.all == ["0"], "rabbitmqctl \(arguments.first ?? "") ended with \(ended.all)")
    }
}
