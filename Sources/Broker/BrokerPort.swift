/// What went wrong between Recourse and its broker.
package struct BrokerFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable {
        /// Host not found, connection refused, handshake or TLS failure, socket lost, heartbeat missed.
        case connection
        /// Wrong user or password, or the virtual host is missing or forbidden.
        case login
        /// A permission that is missing, or TLS that is not to be trusted.
        case access
        /// The broker closed the channel, e.g. 404 no exchange or queue, 406 precondition failed.
        case channel
        /// The broker did not answer within the limit.
        case timeout
        /// The peer broke the protocol, or something could not be encoded.
        case `protocol`
    }

    package let kind: Kind
    /// What was being done, e.g. `connect to localhost:5672`, `declare queue recourse.intake`. No secrets.
    package let operation: String
    /// The cause, as far as the broker or the system tells it.
    package let cause: String
    /// The AMQP reply code, where the broker gave one.
    package let code: Int?

    /// True if the same operation may succeed later with nothing changed by a person.
    package var isRetriable: Bool { kind == .connection || kind == .timeout || code == 320 || code == 541 }

    package init(_ kind: Kind, operation: String, cause: String, code: Int? = nil) {
        self.kind = kind
        self.operation = operation
        self.cause = cause
        self.code = code
    }

    package var description: String {
        "\(operation): \(cause)" + (code.map { " (AMQP \($0))" } ?? "")
    }
}

/// What a consumer tells its owner. Events arrive one at a time and in order.
package enum ConsumerEvent: Sendable {
    /// Subscribed (again). Deliveries of earlier channels will be delivered again by the broker.
    case subscribed(channel: UInt64)
    /// What has come in one go, in the broker's order; never empty.
    case delivered([Delivery])
    /// The subscription is gone; the adapter keeps trying with backoff and jitter. Said once per outage.
    case lost(BrokerFailure)
    /// `cancel()` took effect: nothing more will be delivered until `consume`; acknowledgements still work.
    case cancelled
    /// What `ask()` wanted to know, behind every delivery of `channel` that was on its way when the broker looked.
    case told(QueueState, channel: UInt64)
    /// After `close()`: the connection is closed, nothing more follows.
    case closed
}

/// What the broker says of a queue. A node that lags may say less than there is, one without a leader says nothing of
/// either: whoever relies on it asks twice and looks at both numbers.
package struct QueueState: Hashable, Sendable {
    /// Messages that wait; those that were handed out and are not settled do not count.
    package let ready: Int
    package let consumers: Int

    package init(ready: Int, consumers: Int) {
        self.ready = ready
        self.consumers = consumers
    }
}

/// Takes messages from one queue.
///
/// Any method may be called from any thread and never blocks; commands are carried out in the order of the calls.
/// Unacknowledged deliveries never exceed the prefetch count, which bounds memory. A body above the adapter's limit
/// comes empty, with the header field `x-recourse-oversized` (its size in bytes); a header table that is too deep or too
/// large is cut off and marked with `x-recourse-headers-truncated`.
package protocol Consumer: Sendable {
    /// Acknowledges all deliveries of `channel` up to and including `tag`.
    func acknowledge(through tag: UInt64, channel: UInt64)
    /// Acknowledges single deliveries.
    func acknowledge(_ tags: [UInt64], channel: UInt64)
    /// Hands deliveries back to the queue (`basic.nack`, requeue).
    func requeue(_ tags: [UInt64], channel: UInt64)
    /// Asks for the state of the queue, answered by `.told`. One question is under way at a time; while there is one, or
    /// no subscription, the call does nothing. A channel that goes takes the question with it.
    func ask()
    /// Ends the subscription, answered by `.cancelled` (also if the connection is down).
    func cancel()
    /// After `.cancelled`, and once everything delivered is settled: subscribes anew, answered by `.subscribed`.
    func consume(prefetch: Int)
    /// Flushes what has been acknowledged and closes the connection, answered by `.closed` within the drain limit.
    func close()
}

package enum PublishOutcome: Hashable, Sendable {
    /// The broker has taken responsibility (for a mandatory message: and there was a queue).
    case confirmed
    /// Mandatory, and no queue took it (`basic.return`, usually 312).
    case returned(code: Int, text: String)
    /// The broker refused it (`basic.nack`): a queue is full or failed.
    case nacked
    /// The connection or channel went before the confirm: it may or may not have arrived; publish it again.
    ///
    /// A failure of kind `.protocol` may also mean that the message can never be encoded (a routing key above 255
    /// bytes, headers above a frame).
    case unknown(BrokerFailure)
}

/// What a publisher tells its owner. Events arrive one at a time and in order.
package enum PublisherEvent: Sendable {
    case ready
    /// Each ticket that was handed over is resolved exactly once.
    case resolved([(ticket: UInt64, outcome: PublishOutcome)])
    /// `connection.blocked`: nothing is sent until `.unblocked`; what was handed over waits.
    case blocked(reason: String)
    case unblocked
    /// Connection or channel are gone; the adapter keeps trying until `.ready`. Said once per outage, after
    /// `.unblocked` if it was blocked, and before the unresolved tickets come back as `.unknown`.
    case lost(BrokerFailure)
    case closed
}

/// Publishes with confirms.
///
/// Any method may be called from any thread and never blocks. The caller bounds what is unresolved.
/// Until `.ready`, and again from `.lost` on, what is handed over is resolved as `.unknown`: at once, or as soon as the
/// connection attempt under way has ended.
package protocol Publisher: Sendable {
    func publish(_ publications: [Publication])
    /// Waits (within the drain limit) for what is unresolved, then closes, answered by `.closed`.
    func close()
}

/// Makes consumers and publishers; each owns a connection of its own.
///
/// Keep what is returned: dropping the last reference may close it.
package protocol Broker: Sendable {
    /// Starts consuming `queue` with at most `prefetch` unacknowledged deliveries.
    /// `sink` is called on the adapter's own thread and must not block.
    func consume(queue: String, prefetch: Int, sink: @escaping @Sendable (ConsumerEvent) -> Void) -> any Consumer
    func publisher(sink: @escaping @Sendable (PublisherEvent) -> Void) -> any Publisher
}
