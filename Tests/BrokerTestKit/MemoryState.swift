import Broker

/// What the memory broker knows; every change goes through one of these methods, under its lock.
struct MemoryState {
    struct ConsumerState {
        let queue: String
        var prefetch: Int
        let sink: @Sendable (ConsumerEvent) -> Void
        var events: [ConsumerEvent] = []
        var isSubscribed = false
        var isCancelled = false
        var isClosing = false
        var channel: UInt64 = 0
        var nextTag: UInt64 = 1
        var unacknowledged: [(tag: UInt64, message: MemoryMessage)] = []
        /// A question waits for its answer.
        var isAsking = false
        /// What the queue handed out while the answer before this one was made goes ahead of the next.
        var deliversFirst = false
    }

    struct PublisherState {
        let sink: @Sendable (PublisherEvent) -> Void
        var events: [PublisherEvent] = []
        var isConnected = false
        var isClosing = false
        /// Not yet in any queue.
        var unsent: [Publication] = []
        /// Decided by the broker; the publisher has not heard of it.
        var outcomes: [(ticket: UInt64, outcome: PublishOutcome)] = []
        var lastFailure = BrokerFailure(.connection, operation: "publish", cause: "not connected")
    }

    enum Step {
        case nothing
        case done
        case tellConsumer(@Sendable (ConsumerEvent) -> Void, ConsumerEvent)
        case tellPublisher(@Sendable (PublisherEvent) -> Void, PublisherEvent)
    }

    var queues = MemoryQueues()
    var consumers: [MemoryBroker.Endpoint: ConsumerState] = [:]
    var publishers: [MemoryBroker.Endpoint: PublisherState] = [:]
    var blockedReason: String?
    private var made = 0

    // MARK: Making

    private mutating func newEndpoint(isConsumer: Bool) -> MemoryBroker.Endpoint {
        defer { made += 1 }
        return MemoryBroker.Endpoint(number: made, isConsumer: isConsumer)
    }

    mutating func addConsumer(
        queue: String, prefetch: Int, sink: @escaping @Sendable (ConsumerEvent) -> Void
    ) -> MemoryBroker.Endpoint {
        let endpoint = newEndpoint(isConsumer: true)
        consumers[endpoint] = ConsumerState(queue: queue, prefetch: prefetch, sink: sink)
        subscribe(endpoint)
        return endpoint
    }

    mutating func addPublisher(sink: @escaping @Sendable (PublisherEvent) -> Void) -> MemoryBroker.Endpoint {
        let endpoint = newEndpoint(isConsumer: false)
        publishers[endpoint] = PublisherState(sink: sink)
        connect(endpoint)
        return endpoint
    }

    mutating func declare(_ topology: Topology) throws(BrokerFailure) -> [String] {
        let bare = try queues.declare(topology)
        let names = Set(topology.queues.map(\.name))
        for (endpoint, consumer) in consumers.sorted(by: { $0.key < $1.key })
        where names.contains(consumer.queue) && !consumer.isSubscribed {
            subscribe(endpoint)
        }
        return bare
    }

    /// A queue that is missing is waited for, as the AMQP adapter does.
    mutating func subscribe(_ endpoint: MemoryBroker.Endpoint) {
        guard var consumer = consumers[endpoint], !consumer.isSubscribed, !consumer.isCancelled, !consumer.isClosing
        else { return }
        if queues.queues[consumer.queue] == nil {
            let operation = "consume queue \(consumer.queue)"
            if consumer.channel == 0 {
                consumer.events.append(
                    .lost(BrokerFailure(.channel, operation: operation, cause: "NOT_FOUND - no queue", code: 404)))
            }
        } else {
            consumer.isSubscribed = true
            consumer.channel += 1
            consumer.nextTag = 1
            consumer.isAsking = false
            consumer.deliversFirst = false
            consumer.events.append(.subscribed(channel: consumer.channel))
        }
        consumers[endpoint] = consumer
    }

    mutating func connect(_ endpoint: MemoryBroker.Endpoint) {
        guard var publisher = publishers[endpoint], !publisher.isConnected, !publisher.isClosing else { return }
        publisher.isConnected = true
        publisher.events.append(.ready)
        if let blockedReason { publisher.events.append(.blocked(reason: blockedReason)) }
        publishers[endpoint] = publisher
    }

    // MARK: Commands of consumers

    mutating func settle(
        _ endpoint: MemoryBroker.Endpoint, _ channel: UInt64, requeue: Bool, _ isMeant: (UInt64) -> Bool
    ) {
        // What is said about an earlier channel is void: the messages are back in the queue.
        guard var consumer = consumers[endpoint], consumer.channel == channel else { return }
        let settled = consumer.unacknowledged.filter { isMeant($0.tag) }
        consumer.unacknowledged.removeAll { isMeant($0.tag) }
        consumers[endpoint] = consumer
        if requeue { queues.giveBack(settled.map(\.message), to: consumer.queue) }
    }

    mutating func ask(_ endpoint: MemoryBroker.Endpoint) {
        guard let consumer = consumers[endpoint], consumer.channel > 0, !consumer.isClosing else { return }
        consumers[endpoint]?.isAsking = consumer.isSubscribed || consumer.isCancelled
    }

    mutating func cancel(_ endpoint: MemoryBroker.Endpoint) {
        guard var consumer = consumers[endpoint], !consumer.isCancelled, !consumer.isClosing else { return }
        consumer.isCancelled = true
        consumer.isSubscribed = false
        consumer.events.append(.cancelled)
        consumers[endpoint] = consumer
    }

    mutating func consumeAgain(_ endpoint: MemoryBroker.Endpoint, _ prefetch: Int) {
        guard consumers[endpoint]?.isCancelled == true else { return }
        consumers[endpoint]?.isCancelled = false
        consumers[endpoint]?.prefetch = prefetch
        subscribe(endpoint)
    }

    mutating func close(_ endpoint: MemoryBroker.Endpoint) {
        if var consumer = consumers[endpoint], !consumer.isClosing {
            consumer.isClosing = true
            consumer.isSubscribed = false
            consumer.events.append(.closed)
            consumers[endpoint] = consumer
            giveBackAll(endpoint)
        }
        publishers[endpoint]?.isClosing = true
    }

    mutating func giveBackAll(_ endpoint: MemoryBroker.Endpoint) {
        guard let consumer = consumers[endpoint] else { return }
        consumers[endpoint]?.unacknowledged = []
        queues.giveBack(consumer.unacknowledged.map(\.message), to: consumer.queue)
    }

    // MARK: Commands of publishers

    mutating func publish(_ endpoint: MemoryBroker.Endpoint, _ publications: [Publication]) {
        guard let publisher = publishers[endpoint] else { return }
        if publisher.isConnected && !publisher.isClosing {
            publishers[endpoint]?.unsent += publications
        } else {
            publishers[endpoint]?.outcomes += publications.map { ($0.ticket, .unknown(publisher.lastFailure)) }
        }
    }

    /// Everything unresolved is unknown; the owner hears of the loss first.
    mutating func lose(_ endpoint: MemoryBroker.Endpoint, _ failure: BrokerFailure) {
        guard var publisher = publishers[endpoint], publisher.isConnected else { return }
        publisher.isConnected = false
        publisher.lastFailure = failure
        if blockedReason != nil { publisher.events.append(.unblocked) }
        publisher.events.append(.lost(failure))
        let open = publisher.outcomes.map(\.ticket) + publisher.unsent.map(\.ticket)
        publisher.outcomes = []
        publisher.unsent = []
        if !open.isEmpty { publisher.events.append(.resolved(open.map { ($0, .unknown(failure)) })) }
        publishers[endpoint] = publisher
    }

    // MARK: Steps

    func ready() -> [MemoryBroker.Endpoint] {
        let busyConsumers = consumers.filter { _, consumer in
            !consumer.events.isEmpty || consumer.isAsking || hasDelivery(consumer)
        }
        let busyPublishers = publishers.filter { _, publisher in
            !publisher.events.isEmpty || !publisher.outcomes.isEmpty || publisher.isClosing
                || (!publisher.unsent.isEmpty && blockedReason == nil)
        }
        return (Array(busyConsumers.keys) + Array(busyPublishers.keys)).sorted()
    }

    mutating func step(_ endpoint: MemoryBroker.Endpoint, limit: Int) -> Step {
        endpoint.isConsumer ? stepConsumer(endpoint, limit) : stepPublisher(endpoint, limit)
    }

    private mutating func stepConsumer(_ endpoint: MemoryBroker.Endpoint, _ limit: Int) -> Step {
        guard let consumer = consumers[endpoint] else { return .nothing }
        if let event = consumer.events.first {
            consumers[endpoint]?.events.removeFirst()
            if case .closed = event { consumers[endpoint] = nil }
            return .tellConsumer(consumer.sink, event)
        }
        if consumer.isAsking, !(consumer.deliversFirst && hasDelivery(consumer)) {
            consumers[endpoint]?.isAsking = false
            consumers[endpoint]?.deliversFirst.toggle()
            return .tellConsumer(consumer.sink, .told(told(consumer.queue), channel: consumer.channel))
        }
        guard consumer.isSubscribed else { return .nothing }
        var deliveries: [Delivery] = []
        var tag = consumer.nextTag
        while deliveries.count < min(limit, consumer.prefetch - consumer.unacknowledged.count),
            let message = queues.take(consumer.queue)
        {
            consumers[endpoint]?.unacknowledged.append((tag, message))
            deliveries.append(delivery(message, tag: tag, channel: consumer.channel))
            tag += 1
        }
        consumers[endpoint]?.nextTag = tag
        return deliveries.isEmpty ? .nothing : .tellConsumer(consumer.sink, .delivered(deliveries))
    }

    private func hasDelivery(_ consumer: ConsumerState) -> Bool {
        consumer.isSubscribed && consumer.unacknowledged.count < consumer.prefetch
            && !(queues.queues[consumer.queue]?.messages.isEmpty ?? true)
    }

    /// What whoever asks is told, which is not always what there is.
    private func told(_ name: String) -> QueueState {
        let depth = depth(name) ?? (ready: 0, consumers: 0)
        switch queues.queues[name]?.answers {
        case .truth, nil: return QueueState(ready: depth.ready, consumers: depth.consumers)
        case .laggingFollower: return QueueState(ready: 0, consumers: depth.consumers)
        case .withoutLeader: return QueueState(ready: 0, consumers: 0)
        }
    }

    private func delivery(_ message: MemoryMessage, tag: UInt64, channel: UInt64) -> Delivery {
        var properties = message.properties
        if message.returns > 0 {
            properties.headers.removeAll { $0.name == "x-delivery-count" }
            properties.headers.append(HeaderField("x-delivery-count", .int(Int64(message.returns))))
        }
        return Delivery(
            tag: tag, channel: channel, redelivered: message.returns > 0, exchange: message.exchange,
            routingKey: message.routingKey, properties: properties, body: message.body)
    }

    private mutating func stepPublisher(_ endpoint: MemoryBroker.Endpoint, _ limit: Int) -> Step {
        guard let publisher = publishers[endpoint] else { return .nothing }
        if let event = publisher.events.first {
            publishers[endpoint]?.events.removeFirst()
            return .tellPublisher(publisher.sink, event)
        }
        if !publisher.unsent.isEmpty && blockedReason == nil {
            send(endpoint, Array(publisher.unsent.prefix(limit)))
            return .done
        }
        if !publisher.outcomes.isEmpty {
            publishers[endpoint]?.outcomes = []
            return .tellPublisher(publisher.sink, .resolved(publisher.outcomes))
        }
        guard publisher.isClosing else { return .nothing }
        if publisher.unsent.isEmpty {
            publishers[endpoint] = nil
            return .tellPublisher(publisher.sink, .closed)
        }
        // Blocked: the drain limit passes.
        let failure = BrokerFailure(.timeout, operation: "close the publisher", cause: "unconfirmed at the limit")
        publishers[endpoint]?.outcomes = publisher.unsent.map { ($0.ticket, .unknown(failure)) }
        publishers[endpoint]?.unsent = []
        return .done
    }

    private mutating func send(_ endpoint: MemoryBroker.Endpoint, _ publications: [Publication]) {
        for publication in publications {
            var properties = publication.properties
            properties.persistent = true
            let message = MemoryMessage(
                exchange: publication.exchange, routingKey: publication.routingKey, properties: properties,
                body: publication.body)
            let outcome: PublishOutcome
            switch queues.publish(message) {
            case .routed: outcome = .confirmed
            case .refused: outcome = .nacked
            case .unroutable: outcome = publication.mandatory ? .returned(code: 312, text: "NO_ROUTE") : .confirmed
            case .noExchange:
                // The broker closes the channel; nothing behind this message has been looked at.
                let cause = "NOT_FOUND - no exchange '\(publication.exchange)'"
                lose(endpoint, BrokerFailure(.channel, operation: "publish", cause: cause, code: 404))
                connect(endpoint)
                return
            }
            publishers[endpoint]?.unsent.removeFirst()
            publishers[endpoint]?.outcomes.append((publication.ticket, outcome))
        }
    }

    // MARK: Looking

    func depth(_ name: String) -> (ready: Int, consumers: Int)? {
        queues.queues[name].map { queue in
            (queue.messages.count, consumers.values.count { $0.isSubscribed && $0.queue == name })
        }
    }

    func contents(_ name: String) -> [Delivery] {
        (queues.queues[name]?.messages.all ?? []).map { delivery($0, tag: 0, channel: 0) }
    }
}
