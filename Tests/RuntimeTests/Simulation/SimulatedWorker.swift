import Broker
import BrokerTestKit
import Schema
import Stages
import Store
import StoreTestKit
import Synchronization

@testable import Runtime

/// One worker process in the simulation: the real state machine and batch processor over adapters in memory. Every step
/// is one call, so a kill can come between any two of them.
final class SimulatedWorker {
    /// What a step of a worker may be.
    enum Step: CaseIterable {
        case consume, publish, mail, commit, answer
    }

    let stage: StageName
    let name: String
    let consumerEndpoint: MemoryBroker.Endpoint
    let publisherEndpoint: MemoryBroker.Endpoint
    private let store: MemoryStore
    private let time: SimulatedTime
    private let limits: WorkerLimits
    private var machine: WorkerMachine
    private let processor: BatchProcessor
    private let consumer: any Consumer
    private let publisher: any Publisher
    private let mailbox = Mailbox()
    private let routes: Routes
    /// In hand, with the reading of the clock from when it began, as the shell has it.
    private(set) var work: (work: Work, reading: ClockReading)?
    private(set) var answer: WorkerEvent?
    private(set) var isFinished = false

    /// What the broker's sinks have called; taken one by one.
    private final class Mailbox: Sendable {
        let events = Mutex<[WorkerEvent]>([])
    }

    init(
        runner: StageRunner, name: String, routes: Routes, store: MemoryStore, broker: MemoryBroker,
        limits: WorkerLimits, time: SimulatedTime
    ) {
        stage = runner.name
        self.name = name
        self.store = store
        self.time = time
        self.limits = limits
        self.routes = routes
        processor = BatchProcessor(runner: runner, worker: name)
        machine = WorkerMachine(
            stage: runner.name, name: name, routes: routes, limits: limits, wall: time.wall, clock: time.clock)
        let prefetch = machine.prefetch
        let consumer = broker.observed { broker, mailbox in
            broker.consume(queue: runner.name.queue, prefetch: prefetch) { mailbox(.consumer($0)) }
        } to: { [mailbox] event in
            mailbox.events.withLock { $0.append(event) }
        }
        let publisher = broker.observed { broker, mailbox in
            broker.publisher { mailbox(.publisher($0)) }
        } to: { [mailbox] event in
            mailbox.events.withLock { $0.append(event) }
        }
        (self.consumer, consumerEndpoint) = consumer
        (self.publisher, publisherEndpoint) = publisher
    }

    var hasMail: Bool { mailbox.events.withLock { !$0.isEmpty } }
    var isIdle: Bool { !hasMail && work == nil && answer == nil && machine.isIdle }
    /// The work in hand is a batch that one message could break.
    var hasLargeBatch: Bool {
        if case .events(let inputs, _)? = work?.work { inputs.count > 1 } else { false }
    }

    func tick() { perform(machine.handle(.tick(wall: time.wall, clock: time.clock))) }

    func stop() { perform(machine.handle(.stop)) }

    func takeMail() {
        guard let event = mailbox.events.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return }
        perform(machine.handle(event))
    }

    /// Commits the work in hand; its answer comes in a later step, so a kill can fall between commit and answer.
    ///
    /// - Parameter lostAnswer: it is committed, and reported as failed.
    func commit(lostAnswer: StoreFailure? = nil) throws {
        guard let (work, reading) = work else { return }
        self.work = nil
        let (processor, wall, limits) = (processor, time.wall, limits)
        let told = routes.marks(of: stage, own: reading.now, time.marks, unsaid: reading.now)
        let result = try store.writeNow { transaction in
            try processor.perform(work, reading: reading, wall: wall, limits: limits, told: told, in: transaction)
        }
        if let said = result.said { time.marks[stage] = max(time.marks[stage] ?? said, said) }
        answer = lostAnswer.map { .failed($0) } ?? .done(result)
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

    private func perform(_ actions: [WorkerAction]) {
        for action in actions {
            switch action {
            case .run(let work): self.work = (work, time.clock)
            case .acknowledgeThrough(let tag, let channel): consumer.acknowledge(through: tag, channel: channel)
            case .acknowledge(let tags, let channel): consumer.acknowledge(tags, channel: channel)
            case .requeue(let tags, let channel): consumer.requeue(tags, channel: channel)
            case .publish(let publications): publisher.publish(publications)
            case .beginMark:
                let marks = routes.marks(of: stage, own: time.clock.now, time.marks, unsaid: .distantPast)
                let begun = WorkerEvent.markBegun(asked: time.wall, marks: marks)
                mailbox.events.withLock { $0.append(begun) }
                consumer.ask()
            case .ask: consumer.ask()
            case .cancelConsumer: consumer.cancel()
            case .consume(let prefetch): consumer.consume(prefetch: prefetch)
            case .closeConsumer: consumer.close()
            case .closePublisher: publisher.close()
            case .log: break
            case .finished: isFinished = true
            }
        }
    }
}

/// The clocks of a simulation, moved by its driver alone.
final class SimulatedTime {
    var wall: Instant
    var clock: ClockReading
    /// What the stages have said of themselves.
    var marks: [StageName: Instant] = [:]

    init(wall: Instant, clock: ClockReading) {
        self.wall = wall
        self.clock = clock
    }
}

extension MemoryBroker {
    /// Makes a consumer or publisher and tells its endpoint.
    func observed<Part, Event>(
        _ make: (MemoryBroker, @escaping @Sendable (Event) -> Void) -> Part,
        to sink: @escaping @Sendable (Event) -> Void
    ) -> (Part, Endpoint) {
        let known = Set(endpoints)
        let part = make(self, sink)
        guard let endpoint = endpoints.first(where: { !known.contains($0) }) else {
            preconditionFailure("the memory broker made no endpoint")
        }
        return (part, endpoint)
    }
}
