import Broker

/// A message in a queue of the memory broker.
struct MemoryMessage {
    var exchange: String
    var routingKey: String
    var properties: MessageProperties
    let body: [UInt8]
    /// How often it has come back.
    var returns = 0
    var expiresAt: Int?
}

/// The queues of the memory broker: routing, limits, expiry and dead-lettering. Time is a number that somebody sets.
struct MemoryQueues {
    struct Queue {
        let kind: Topology.Queue.Kind
        let arguments: [HeaderField]
        var policy: MemoryRouting.QueuePolicy
        var messages = MemoryLine()
        /// A fault: refuses every publication.
        var isRefusing = false
        /// A fault: what whoever asks is told.
        var answers = Answers.truth

        /// Whether it is over its limits with so much more in it.
        func isFull(_ messages: Int, _ bytes: Int) -> Bool {
            policy.maximumLength.map { self.messages.count + messages > $0 } ?? false
                || policy.maximumBytes.map { self.messages.bytes + bytes > $0 } ?? false
        }
    }

    /// What a node says of the queue.
    enum Answers { case truth, laggingFollower, withoutLeader }

    enum Fate {
        case routed
        case unroutable
        case refused
        case noExchange
    }

    private(set) var routing = MemoryRouting()
    var queues: [String: Queue] = [:]
    /// Milliseconds.
    private(set) var now = 0

    /// - Returns: the queues and exchanges that exist without any argument, though they are to have some.
    mutating func declare(_ topology: Topology) throws(BrokerFailure) -> [String] {
        var bare: [String] = []
        for queue in topology.queues {
            guard let known = queues[queue.name] else { continue }
            let isBare = known.arguments.isEmpty && !queue.arguments.isEmpty
            if isBare { bare.append(queue.name) }
            guard known.kind == queue.kind, isBare || known.arguments == queue.arguments else {
                throw BrokerFailure(
                    .channel, operation: "declare queue \(queue.name)",
                    cause: "PRECONDITION_FAILED - inequivalent arguments", code: 406)
            }
        }
        for binding in topology.bindings
        where queues[binding.queue] == nil && !topology.queues.contains(where: { $0.name == binding.queue }) {
            throw BrokerFailure(
                .channel, operation: "bind queue \(binding.queue) to exchange \(binding.exchange)",
                cause: "NOT_FOUND - no queue", code: 404)
        }
        bare = try routing.declare(topology) + bare
        for queue in topology.queues where queues[queue.name] == nil {
            queues[queue.name] = Queue(
                kind: queue.kind, arguments: queue.arguments, policy: MemoryRouting.QueuePolicy())
        }
        for (name, queue) in queues { queues[name]?.policy = routing.queuePolicy(name, queue.arguments) }
        return bare
    }

    mutating func delete(_ name: String) {
        queues[name] = nil
        routing.removeQueue(name)
    }

    // MARK: Publishing

    mutating func publish(_ message: MemoryMessage) -> Fate {
        guard
            let targets = routing.queues(
                exchange: message.exchange, routingKey: message.routingKey, existing: { queues[$0] != nil })
        else { return .noExchange }
        if targets.isEmpty { return .unroutable }
        var isRefused = false
        for name in targets where !enqueue(message, name) { isRefused = true }
        return isRefused ? .refused : .routed
    }

    /// False if the queue refuses it.
    private mutating func enqueue(_ message: MemoryMessage, _ name: String) -> Bool {
        guard let policy = queues[name]?.policy, let isRefusing = queues[name]?.isRefusing else { return true }
        if isRefusing { return false }
        if policy.refusesWhenFull, queues[name]?.isFull(1, message.body.count) ?? false { return false }
        var message = message
        message.expiresAt = policy.messageTTL.map { now + $0 }
        queues[name]?.messages.append(message)
        while queues[name]?.isFull(0, 0) ?? false, let oldest = queues[name]?.messages.popFirst() {
            deadLetter(oldest, from: name, reason: "maxlen")
        }
        return true
    }

    // MARK: Delivery

    mutating func take(_ name: String) -> MemoryMessage? { queues[name]?.messages.popFirst() }

    /// Puts messages back to the front, in their order; who has come back too often is dead-lettered.
    mutating func giveBack(_ messages: [MemoryMessage], to name: String) {
        for var message in messages.reversed() {
            message.returns += 1
            if let limit = queues[name]?.policy.deliveryLimit, message.returns > limit {
                deadLetter(message, from: name, reason: "delivery_limit")
            } else {
                queues[name]?.messages.prepend(message)
            }
        }
    }

    // MARK: Time

    /// When the next message expires: only the head of a queue can.
    var nextExpiry: Int? { queues.values.compactMap { $0.messages.first?.expiresAt }.min() }

    mutating func advance(to time: Int) {
        while let next = nextExpiry, next <= time {
            now = max(now, next)
            for name in queues.keys.sorted() {
                while let head = queues[name]?.messages.first, let expiry = head.expiresAt, expiry <= now {
                    _ = queues[name]?.messages.popFirst()
                    deadLetter(head, from: name, reason: "expired")
                }
            }
        }
        now = max(now, time)
    }

    mutating func expire(_ name: String) {
        let messages = queues[name]?.messages ?? MemoryLine()
        queues[name]?.messages = MemoryLine()
        for message in messages.all { deadLetter(message, from: name, reason: "expired") }
    }

    /// Without a dead-letter exchange, or when nothing takes it, the message is gone, as with a broker.
    private mutating func deadLetter(_ message: MemoryMessage, from name: String, reason: String) {
        guard let policy = queues[name]?.policy, let exchange = policy.deadLetterExchange else { return }
        var message = message
        let deaths = MemoryDeath.adding(queue: name, reason: reason, to: message)
        message.properties.headers.removeAll { $0.name == MemoryDeath.header }
        message.properties.headers.append(HeaderField(MemoryDeath.header, .array(deaths)))
        message.exchange = exchange
        message.routingKey = policy.deadLetterRoutingKey ?? message.routingKey
        message.returns = 0
        message.expiresAt = nil
        let targets = routing.queues(
            exchange: exchange, routingKey: message.routingKey, existing: { queues[$0] != nil })
        for target in targets ?? [] where !MemoryDeath.isCycle(deaths, target) { _ = enqueue(message, target) }
    }
}
