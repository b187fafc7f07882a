import Broker
import BrokerTestKit
import Schema
import Store

@testable import Runtime

/// What goes wrong, by the seed.
extension SimulatedPipeline {
    enum Fault: String, CaseIterable {
        case killed, stopped, consumerDropped, publisherDropped, confirmLost, duplicated, reordered, delayed
        case rolledBack, answerLost, corrupt, blocked, refusing, deleted, wallJumped, lagging, leaderless
    }

    /// Injects one fault if it can happen now; false if it cannot.
    func inject(_ fault: Fault, seed: inout Seeded) throws -> Bool {
        guard try perform(fault, &seed) else { return false }
        injected[fault.rawValue, default: 0] += 1
        return true
    }

    private func perform(_ fault: Fault, _ seed: inout Seeded) throws -> Bool {
        switch fault {
        case .killed:
            guard let index = workers.indices.randomElement(&seed) else { return false }
            kill(index, &seed)
        case .stopped:
            guard let worker = seed.pick(workers) else { return false }
            worker.stop()
        case .consumerDropped: return drop(seed.pick(workers)?.consumerEndpoint, &seed)
        case .publisherDropped: return drop(seed.pick(workers)?.publisherEndpoint, &seed)
        case .confirmLost:
            // The messages reach the queues, and the connection goes before the confirms.
            guard !isBlocked, let worker = seed.pick(workers), broker.ready.contains(worker.publisherEndpoint)
            else { return false }
            broker.pump(worker.publisherEndpoint)
            return drop(worker.publisherEndpoint, &seed)
        case .duplicated:
            guard let (queue, depth) = busyQueue(&seed) else { return false }
            broker.duplicate(queue: queue, at: seed.below(depth))
        case .reordered:
            guard let (queue, depth) = busyQueue(&seed), depth > 1 else { return false }
            broker.move(queue: queue, from: seed.below(depth), to: seed.below(depth))
        case .delayed:
            guard let worker = seed.pick(workers) else { return false }
            sleeping.insert(worker.name)
        case .rolledBack, .answerLost, .corrupt: return try failStore(fault, &seed)
        case .blocked:
            guard !isBlocked else { return false }
            isBlocked = true
            broker.block(reason: "low on memory")
        case .refusing:
            guard let queue = seed.pick(allQueues) else { return false }
            refusing.insert(queue)
            broker.setRefusing(true, queue: queue)
        case .deleted:
            let queues =
                routes.subscriptions.flatMap { subscription in
                    RetryDelay.allCases.map { QueueName.delay(subscription.stage, $0) }
                } + QueueName.handlers
            // What is in a queue is gone with it, so only an empty one: whoever publishes to it gets it back.
            guard let queue = seed.pick(queues), broker.queueDepth(queue)?.ready == 0 else { return false }
            broker.deleteQueue(queue)
            deleted.append(queue)
        case .wallJumped:
            // Past every lease.
            time.wall = time.wall.adding(seconds: 11)
        case .lagging, .leaderless:
            guard let queue = seed.pick(routes.subscriptions.map(\.stage.queue)) else { return false }
            misled.insert(queue)
            if fault == .lagging {
                broker.setLagging(true, queue: queue)
            } else {
                broker.setLeaderless(true, queue: queue)
            }
        }
        return true
    }

    private var allQueues: [String] {
        routes.subscriptions.map(\.stage.queue) + [QueueName.dead] + QueueName.handlers
            + routes.subscriptions.map { QueueName.delay($0.stage, .fiveSeconds) }
    }

    private func busyQueue(_ seed: inout Seeded) -> (name: String, depth: Int)? {
        let busy = routes.subscriptions.compactMap { subscription -> (String, Int)? in
            guard let depth = broker.queueDepth(subscription.stage.queue)?.ready, depth > 0 else { return nil }
            return (subscription.stage.queue, depth)
        }
        return seed.pick(busy)
    }

    private func failStore(_ fault: Fault, _ seed: inout Seeded) throws -> Bool {
        guard let worker = seed.pick(workers.filter { $0.work != nil }) else { return false }
        let failure = StoreFailure(
            fault == .corrupt ? .corrupt : .transient, operation: "commit", cause: "injected by the test")
        switch fault {
        case .answerLost: try worker.commit(lostAnswer: failure)
        case .corrupt:
            // One that breaks alone would rightly become a dead letter.
            guard worker.hasLargeBatch else { return false }
            worker.fail(failure)
        default: worker.fail(failure)
        }
        return true
    }

    private func drop(_ endpoint: MemoryBroker.Endpoint?, _ seed: inout Seeded) -> Bool {
        guard let endpoint, !severed.contains(endpoint) else { return false }
        let comesBack = seed.chance(1, of: 2)
        broker.drop(endpoint, reconnects: comesBack)
        if !comesBack { severed.append(endpoint) }
        return true
    }

    private func kill(_ index: Int, _ seed: inout Seeded) {
        let worker = workers.remove(at: index)
        bury(worker)
        switch seed.below(3) {
        case 0: start(worker.stage, name: worker.name)
        case 1: start(worker.stage)
        default: absent.append((worker.stage, seed.chance(1, of: 2) ? worker.name : ""))
        }
    }

    /// Its process is gone, and nobody replaces it.
    func dismiss(_ worker: SimulatedWorker) {
        workers.removeAll { $0 === worker }
        bury(worker)
    }

    private func bury(_ worker: SimulatedWorker) {
        broker.kill(worker.consumerEndpoint)
        broker.kill(worker.publisherEndpoint)
        severed.removeAll { $0 == worker.consumerEndpoint || $0 == worker.publisherEndpoint }
        sleeping.remove(worker.name)
    }

    /// Workers that have drained are replaced under their name.
    func replaceFinished() {
        for worker in workers where worker.isFinished {
            workers.removeAll { $0 === worker }
            bury(worker)
            start(worker.stage, name: worker.name)
        }
    }

    /// Ends every fault that lasts. False if there was none.
    @discardableResult
    func heal() throws -> Bool {
        let wasIll =
            isBlocked || !severed.isEmpty || !refusing.isEmpty || !deleted.isEmpty || !absent.isEmpty
            || !sleeping.isEmpty || !misled.isEmpty
        if isBlocked { broker.unblock() }
        isBlocked = false
        for endpoint in severed { broker.reconnect(endpoint) }
        severed = []
        for queue in refusing.sorted() { broker.setRefusing(false, queue: queue) }
        refusing = []
        for queue in misled.sorted() { broker.setLagging(false, queue: queue) }
        misled = []
        if !deleted.isEmpty { try declareDeleted() }
        for (stage, name) in absent { start(stage, name: name.isEmpty ? nil : name) }
        absent = []
        sleeping = []
        return wasIll
    }

    private func declareDeleted() throws {
        var topology = Topology.pipeline(stages)
        topology.queues.removeAll { !deleted.contains($0.name) }
        topology.bindings.removeAll { !deleted.contains($0.queue) }
        topology.policies = []
        deleted = []
        try broker.declareNow(topology)
    }
}

extension Range<Int> {
    fileprivate func randomElement(_ seed: inout Seeded) -> Int? { isEmpty ? nil : lowerBound + seed.below(count) }
}
