import Broker
import BrokerTestKit
import Policy
import Schema
import Stages
import Store
import StoreTestKit

@testable import Runtime

/// All stages of a run: their stores, the broker between them, and one or two workers each. Faults are in
/// `SimulatedPipeline+Faults.swift`; who drives it is `SimulationRun`.
final class SimulatedPipeline {
    /// Takes everything that the stages announce, and is never read by anybody else.
    static let observer = "observer"

    let stages: [any Stage]
    let policy: PolicyBook
    let routes: Routes
    let broker = MemoryBroker()
    let time: SimulatedTime
    let limits: WorkerLimits
    private(set) var stores: [StageName: MemoryStore] = [:]
    var workers: [SimulatedWorker] = []
    /// Killed or stopped, to be started again.
    var absent: [(stage: StageName, name: String)] = []
    /// Connections that are down.
    var severed: [MemoryBroker.Endpoint] = []
    var refusing: Set<String> = []
    /// Queues of which nodes do not say the truth.
    var misled: Set<String> = []
    var deleted: [String] = []
    var isBlocked = false
    /// Left alone until nothing else moves.
    var sleeping: Set<String> = []
    var injected: [String: Int] = [:]
    var names = 0
    private let upstream: any Publisher
    private let upstreamEndpoint: MemoryBroker.Endpoint
    private let outcomes = Outcomes()
    private var lastTicket: UInt64 = 0

    init(
        stages: [any Stage], policy: PolicyBook, start: Instant, mode: ClockReading.Mode = .stepped(.events),
        seed: inout Seeded
    ) throws {
        self.stages = stages
        self.policy = policy
        routes = Routes(stages)
        time = SimulatedTime(
            wall: Instant(seconds: 1_700_000_000), clock: ClockReading(now: start, mode: mode))
        var limits = WorkerLimits()
        limits.batch = 1 + seed.below(6)
        limits.prefetch = 2 * limits.batch
        limits.unconfirmed = 1 + seed.below(12)
        // Now and then so little that a worker widens or narrows what it holds.
        let memory = [(1 << 20, 64 << 20), (512 << 10, 2 << 20), (50_000, 150_000)][seed.below(3)]
        (limits.document.bodyBytes, limits.memoryBytes) = memory
        self.limits = limits
        var topology = Topology.pipeline(stages)
        topology.queues.append(Topology.Queue(name: Self.observer, kind: .quorum))
        topology.bindings.append(
            Topology.Binding(exchange: ExchangeName.events, queue: Self.observer, routingKey: "#"))
        try broker.declareNow(topology)
        (upstream, upstreamEndpoint) = broker.observed { broker, sink in
            broker.publisher(sink: sink)
        } to: { [outcomes] event in
            outcomes.take(event)
        }
        for subscription in routes.subscriptions { stores[subscription.stage] = MemoryStore() }
        for subscription in routes.subscriptions {
            for _ in 0..<(1 + seed.below(2)) { self.start(subscription.stage) }
        }
    }

    /// Starts a worker; without a name under a new one, so that another one's rows are taken over after its lease.
    func start(_ stage: StageName, name: String? = nil) {
        guard let store = stores[stage], let implementation = stages.first(where: { type(of: $0).name == stage })
        else { return }
        names += 1
        workers.append(
            SimulatedWorker(
                runner: StageRunner(stage: implementation, policy: policy), name: name ?? "\(stage.rawValue)-\(names)",
                routes: routes, store: store, broker: broker, limits: limits, time: time))
    }

    // MARK: Upstream

    /// False if the broker did not confirm it; upstream then hands it over again.
    func handOver(_ item: Workload.Item) -> Bool {
        lastTicket += 1
        upstream.publish([
            Publication(
                ticket: lastTicket, exchange: ExchangeName.inbox, routingKey: item.routingKey, mandatory: true,
                properties: item.properties, body: item.body)
        ])
        for _ in 0..<4 where broker.pump(upstreamEndpoint) {}
        return outcomes.isConfirmed(lastTicket)
    }

    // MARK: What may happen next

    struct Move {
        let worker: SimulatedWorker
        let step: SimulatedWorker.Step
    }

    func moves() -> [Move] {
        let ready = Set(broker.ready)
        var moves: [Move] = []
        for worker in workers where sleeping.isEmpty || !sleeping.contains(worker.name) {
            if ready.contains(worker.consumerEndpoint) { moves.append(Move(worker: worker, step: .consume)) }
            if ready.contains(worker.publisherEndpoint) { moves.append(Move(worker: worker, step: .publish)) }
            if worker.hasMail { moves.append(Move(worker: worker, step: .mail)) }
            if worker.work != nil { moves.append(Move(worker: worker, step: .commit)) }
            if worker.answer != nil { moves.append(Move(worker: worker, step: .answer)) }
        }
        return moves
    }

    func make(_ move: Move, limit: Int) throws {
        switch move.step {
        case .consume: broker.pump(move.worker.consumerEndpoint, limit: limit)
        case .publish: broker.pump(move.worker.publisherEndpoint, limit: limit)
        case .mail: move.worker.takeMail()
        case .commit: try move.worker.commit()
        case .answer: move.worker.takeAnswer()
        }
    }

    // MARK: Rest

    /// Nothing in hand anywhere and every outbox empty; what waits in the delay queues does not count.
    func isQuiet() throws -> Bool {
        for worker in workers where !worker.isIdle { return false }
        for (stage, store) in stores {
            if try store.readNow({ try $0.outboxCount() }) > 0 { return false }
            if let depth = broker.queueDepth(stage.queue), depth.ready > 0 { return false }
        }
        return true
    }

    /// How many entries all journals have: what has been decided.
    func progress() throws -> Int {
        try stores.values.reduce(0) { sum, store in
            let counts = try store.readNow { try $0.counts() }
            return sum + counts.applied + counts.refused + counts.timers
        }
    }

    /// The next timer, or the next end of a waiting.
    func nextDue(of stage: StageName) throws -> Instant? {
        try stores[stage]?.readNow { try $0.nextDue(wall: Instant(microseconds: .max)) }
    }
}

/// What upstream's publisher hears.
private final class Outcomes: @unchecked Sendable {
    /// `@unchecked Sendable`: a simulation runs on one thread.
    private var confirmed: Set<UInt64> = []

    func take(_ event: PublisherEvent) {
        guard case .resolved(let outcomes) = event else { return }
        for (ticket, outcome) in outcomes where outcome == .confirmed { confirmed.insert(ticket) }
    }

    func isConfirmed(_ ticket: UInt64) -> Bool { confirmed.contains(ticket) }
}
