import Broker
import Schema
import Stages
import Store
import Synchronization

@testable import Runtime

/// One worker process in the simulation: the real state machine and batch processor over adapters in memory. Every step
/// is one call, so a kill can come between any two of them.
final class SimulatedWorker {
    let stage: StageName
    let name: String
    let store: MemoryStore
    let consumerEndpoint: MemoryBroker.Endpoint
    let publisherEndpoint: MemoryBroker.Endpoint
    private(set) var machine: WorkerMachine
    private let processor: BatchProcessor
    private let consumer: any Consumer
    private let publisher: any Publisher
    private let mailbox: Mailbox
    private(set) var work: Work?
    private(set) var answer: WorkerEvent?
    private(set) var logged: [String] = []

    /// What the broker's sinks have called; taken one by one.
    private final class Mailbox: Sendable {
        let events = Mutex<[WorkerEvent]>([])
    }

    init(
        runner: StageRunner, name: String, routes: Routes, store: MemoryStore, broker: MemoryBroker,
        limits: WorkerLimits, wall: Instant
    ) {
        stage = runner.name
        self.name = name
        self.store = store
        processor = BatchProcessor(runner: runner, worker: name)
        machine = WorkerMachine(stage: runner.name, name: name, routes: routes, limits: limits, wall: wall)
        let mailbox = Mailbox()
        self.mailbox = mailbox
        let known = Set(broker.endpoints)
        consumer = broker.consume(queue: runner.name.queue, prefetch: limits.prefetch) { event in
            mailbox.events.withLock { $0.append(.consumer(event)) }
        }
        publisher = broker.publisher { event in mailbox.events.withLock { $0.append(.publisher(event)) } }
        let own = broker.endpoints.filter { !known.contains($0) }
        consumerEndpoint = own[0]
        publisherEndpoint = own[1]
    }

    var hasMail: Bool { mailbox.events.withLock { !$0.isEmpty } }
    var hasWork: Bool { work != nil }
    var hasAnswer: Bool { answer != nil }
    var isIdle: Bool { !hasMail && work == nil && answer == nil && machine.isIdle }

    func tick(wall: Instant, clock: ClockReading) {
        perform(machine.handle(.tick(wall: wall, clock: clock)))
    }

    func takeMail() {
        guard let event = mailbox.events.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return }
        perform(machine.handle(event))
    }

    /// Commits the work in hand; its answer comes in a later step, so a kill can fall between commit and answer.
    func commit(wall: Instant, clock: ClockReading, lease: Instant) throws {
        guard let work else { return }
        self.work = nil
        let result = try store.writeNow { transaction in
            try self.run(work, wall: wall, clock: clock, lease: lease, in: transaction)
        }
        answer = .done(result)
    }

    /// The transaction rolls back.
    func fail(_ failure: StoreFailure) {
        guard work != nil else { return }
        work = nil
        answer = .failed(failure)
    }

    func takeAnswer() {
        guard let answer else { return }
        self.answer = nil
        perform(machine.handle(answer))
    }

    private func run(
        _ work: Work, wall: Instant, clock: ClockReading, lease: Instant, in transaction: any StoreTransaction
    ) throws -> WorkResult {
        var result = WorkResult(clock: clock)
        switch work {
        case .start:
            try transaction.endLease(of: name)
            result.batch.rows = try transaction.takeOverOutbox(by: name, now: wall, limit: 10_000)
            try transaction.renewLease(of: name, until: lease)
            try processor.plant(clock: clock.now, in: transaction)
        case .events(let inputs, let confirmed):
            result.batch = try processor.process(inputs, confirmed: confirmed, clock: clock.now, in: transaction)
        case .timers(let confirmed, let limit):
            try transaction.removeFromOutbox(confirmed)
            guard clock.allowsTimers(of: stage) else { break }
            result.batch = try processor.processTimers(
                confirmed: [], clock: clock.now, limit: limit, in: transaction)
        case .flush(let confirmed): try transaction.removeFromOutbox(confirmed)
        case .sweep(let confirmed, let limit):
            try transaction.removeFromOutbox(confirmed)
            try transaction.renewLease(of: name, until: lease)
            result.batch.rows = try transaction.takeOverOutbox(by: name, now: wall, limit: limit)
        case .end(let confirmed):
            try transaction.removeFromOutbox(confirmed)
            try transaction.endLease(of: name)
        }
        return result
    }

    private func perform(_ actions: [WorkerAction]) {
        for action in actions {
            switch action {
            case .run(let work): self.work = work
            case .acknowledgeThrough(let tag, let channel): consumer.acknowledge(through: tag, channel: channel)
            case .acknowledge(let tags, let channel): consumer.acknowledge(tags, channel: channel)
            case .requeue(let tags, let channel): consumer.requeue(tags, channel: channel)
            case .publish(let publications): publisher.publish(publications)
            case .cancelConsumer: consumer.cancel()
            case .closeConsumer: consumer.close()
            case .closePublisher: publisher.close()
            case .log(let line): logged.append(line.message)
            case .finished: break
            }
        }
    }
}
