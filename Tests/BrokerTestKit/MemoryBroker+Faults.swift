import Broker
import Synchronization

/// What can go wrong, on demand.
///
/// A delay needs no fault: whoever is not pumped waits. A lost confirm is `pump` of a publisher (its messages reach the
/// queues) followed by `drop` before it is pumped again.
extension MemoryBroker {
    /// Consumers and publishers that are neither closed nor killed.
    package var endpoints: [Endpoint] {
        state.withLock { (Array($0.consumers.keys) + Array($0.publishers.keys)).sorted() }
    }

    /// Cuts the connection: a consumer's open deliveries go back to the queue, a publisher's open tickets are unknown.
    ///
    /// The endpoint stays down until `reconnect`, or comes back at once.
    package func drop(_ endpoint: Endpoint, reconnects: Bool = true) {
        let failure = BrokerFailure(.connection, operation: "use the connection", cause: "dropped by the test")
        state.withLock { state in
            if let consumer = state.consumers[endpoint], consumer.isSubscribed || consumer.isCancelled {
                state.consumers[endpoint]?.isSubscribed = false
                state.consumers[endpoint]?.channel += 1
                if !consumer.isClosing { state.consumers[endpoint]?.events.append(.lost(failure)) }
                state.giveBackAll(endpoint)
            }
            state.lose(endpoint, failure)
        }
        if reconnects { reconnect(endpoint) }
    }

    package func reconnect(_ endpoint: Endpoint) {
        state.withLock { state in
            state.subscribe(endpoint)
            state.connect(endpoint)
        }
    }

    /// The owner's process is gone: as `drop`, but nobody hears of it.
    package func kill(_ endpoint: Endpoint) {
        state.withLock { state in
            state.giveBackAll(endpoint)
            state.consumers[endpoint] = nil
            state.publishers[endpoint] = nil
        }
    }

    /// Deletes a queue and what it holds; its consumers lose their subscription until it is declared again.
    package func deleteQueue(_ name: String) {
        let failure = BrokerFailure(
            .channel, operation: "consume queue \(name)", cause: "the broker ended the subscription")
        state.withLock { state in
            state.queues.delete(name)
            for (endpoint, consumer) in state.consumers where consumer.queue == name && consumer.isSubscribed {
                state.consumers[endpoint]?.isSubscribed = false
                state.consumers[endpoint]?.unacknowledged = []
                state.consumers[endpoint]?.events.append(.lost(failure))
            }
        }
    }

    /// Memory or disk alarm: publishers send nothing until `unblock`.
    package func block(reason: String) {
        state.withLock { state in
            if state.blockedReason != nil { return }
            state.blockedReason = reason
            for (endpoint, publisher) in state.publishers where publisher.isConnected {
                state.publishers[endpoint]?.events.append(.blocked(reason: reason))
            }
        }
    }

    package func unblock() {
        state.withLock { state in
            if state.blockedReason == nil { return }
            state.blockedReason = nil
            for (endpoint, publisher) in state.publishers where publisher.isConnected {
                state.publishers[endpoint]?.events.append(.unblocked)
            }
        }
    }

    /// While set, the queue refuses what is published to it (`.nacked`).
    package func setRefusing(_ isRefusing: Bool, queue: String) {
        state.withLock { $0.queues.queues[queue]?.isRefusing = isRefusing }
    }

    /// While set, whoever asks is told that the queue is empty, as by a follower that lags; deliveries go on.
    package func setLagging(_ isLagging: Bool, queue: String) {
        state.withLock { $0.queues.queues[queue]?.answers = isLagging ? .laggingFollower : .truth }
    }

    /// While set, whoever asks is told of no messages and no consumers, as by a node that knows no leader.
    package func setLeaderless(_ isLeaderless: Bool, queue: String) {
        state.withLock { $0.queues.queues[queue]?.answers = isLeaderless ? .withoutLeader : .truth }
    }

    /// Copies the message at a position (0 is the head) to the position behind it.
    package func duplicate(queue: String, at index: Int) {
        state.withLock { state in
            guard let message = state.queues.queues[queue]?.messages[index] else { return }
            state.queues.queues[queue]?.messages.insert(message, at: index + 1)
        }
    }

    /// Moves a message to another position in its queue; positions that do not exist change nothing.
    package func move(queue: String, from: Int, to: Int) {
        state.withLock { state in
            guard let count = state.queues.queues[queue]?.messages.count, (0..<count).contains(to),
                let message = state.queues.queues[queue]?.messages.remove(at: from)
            else { return }
            state.queues.queues[queue]?.messages.insert(message, at: to)
        }
    }
}
