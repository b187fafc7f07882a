import Broker
import Synchronization

/// The messaging port in memory: it interprets a `Topology` and does nothing by itself.
///
/// Whoever drives it decides what happens when: `ready` names the consumers and publishers that have something to do,
/// `pump` lets one of them take one step, and only then is its sink called, on the caller's thread. So a seed decides
/// the order of a whole run and replays it. Faults are calls, see `MemoryBroker+Faults.swift`.
///
/// Like the broker it stands for: queues are first in, first out; what is not acknowledged goes back to the front and
/// is marked; a message that no queue takes is returned if mandatory; policies set limits, expiry and dead-lettering.
/// Expiry follows a clock that only `advance` moves. Safe from any thread, deterministic when driven from one.
package final class MemoryBroker: Broker, TopologyDeclarer {
    /// A consumer or publisher; they are numbered in the order in which they were made.
    package struct Endpoint: Hashable, Sendable, Comparable, CustomStringConvertible {
        package let number: Int
        package let isConsumer: Bool

        package static func < (left: Endpoint, right: Endpoint) -> Bool { left.number < right.number }
        package var description: String { (isConsumer ? "consumer " : "publisher ") + "\(number)" }
    }

    let state: Mutex<MemoryState>

    package init() { state = Mutex(MemoryState()) }

    // MARK: Port

    package func consume(
        queue: String, prefetch: Int, sink: @escaping @Sendable (ConsumerEvent) -> Void
    ) -> any Consumer {
        let endpoint = state.withLock { $0.addConsumer(queue: queue, prefetch: max(1, prefetch), sink: sink) }
        return MemoryConsumer(broker: self, endpoint: endpoint)
    }

    package func publisher(sink: @escaping @Sendable (PublisherEvent) -> Void) -> any Publisher {
        let endpoint = state.withLock { $0.addPublisher(sink: sink) }
        return MemoryPublisher(broker: self, endpoint: endpoint)
    }

    @discardableResult package func declare(_ topology: Topology) async throws(BrokerFailure) -> [String] {
        try declareNow(topology)
    }

    /// Like `declare`, for a driver that is not asynchronous. Consumers that waited for a queue subscribe.
    @discardableResult package func declareNow(_ topology: Topology) throws(BrokerFailure) -> [String] {
        let result: Result<[String], BrokerFailure> = state.withLock { state in
            do throws(BrokerFailure) {
                return .success(try state.declare(topology))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    // MARK: Driving

    /// Who has something to do, in the order of their numbers.
    package var ready: [Endpoint] { state.withLock { $0.ready() } }

    /// Lets one endpoint take one step; false if it has nothing to do.
    ///
    /// A publisher first hands at most `limit` messages to the queues and, in a later step, hears of the outcomes; a
    /// consumer hears of at most `limit` deliveries at a time.
    @discardableResult
    package func pump(_ endpoint: Endpoint, limit: Int = .max) -> Bool {
        switch state.withLock({ $0.step(endpoint, limit: max(1, limit)) }) {
        case .nothing: return false
        case .done: return true
        case .tellConsumer(let sink, let event): sink(event)
        case .tellPublisher(let sink, let event): sink(event)
        }
        return true
    }

    /// Pumps everybody in turn until nobody has anything to do; false if that is not so after `limit` steps.
    @discardableResult
    package func deliverAll(limit: Int = 1_000_000) -> Bool {
        var steps = 0
        while true {
            let ready = ready
            if ready.isEmpty { return true }
            for endpoint in ready {
                pump(endpoint)
                steps += 1
            }
            if steps >= limit { return false }
        }
    }

    // MARK: Looking

    /// How many messages wait in a queue and how many consumers it has, nil when it does not exist.
    package func queueDepth(_ name: String) -> (ready: Int, consumers: Int)? { state.withLock { $0.depth(name) } }

    /// What waits in a queue, the head first, as a consumer would get it.
    package func contents(of name: String) -> [Delivery] { state.withLock { $0.contents(name) } }

    // MARK: Time

    /// Milliseconds since the broker was made.
    package var now: Int { state.withLock { $0.queues.now } }

    /// When the next message of a queue with `message-ttl` expires, nil if none does.
    package var nextExpiry: Int? { state.withLock { $0.queues.nextExpiry } }

    /// Sets the clock; what expires by then is dead-lettered in the order of time.
    package func advance(to milliseconds: Int) { state.withLock { $0.queues.advance(to: milliseconds) } }

    /// Expires all messages of a queue at once, whatever their time.
    package func expire(queue: String) { state.withLock { $0.queues.expire(queue) } }
}

struct MemoryConsumer: Consumer {
    let broker: MemoryBroker
    let endpoint: MemoryBroker.Endpoint

    func acknowledge(through tag: UInt64, channel: UInt64) {
        broker.state.withLock { $0.settle(endpoint, channel, requeue: false) { $0 <= tag } }
    }

    func acknowledge(_ tags: [UInt64], channel: UInt64) {
        let tags = Set(tags)
        broker.state.withLock { $0.settle(endpoint, channel, requeue: false, tags.contains) }
    }

    func requeue(_ tags: [UInt64], channel: UInt64) {
        let tags = Set(tags)
        broker.state.withLock { $0.settle(endpoint, channel, requeue: true, tags.contains) }
    }

    func ask() { broker.state.withLock { $0.ask(endpoint) } }
    func cancel() { broker.state.withLock { $0.cancel(endpoint) } }
    func consume(prefetch: Int) { broker.state.withLock { $0.consumeAgain(endpoint, prefetch) } }
    func close() { broker.state.withLock { $0.close(endpoint) } }
}

struct MemoryPublisher: Publisher {
    let broker: MemoryBroker
    let endpoint: MemoryBroker.Endpoint

    func publish(_ publications: [Publication]) { broker.state.withLock { $0.publish(endpoint, publications) } }
    func close() { broker.state.withLock { $0.close(endpoint) } }
}
