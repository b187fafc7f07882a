import Broker
import Schema
import Synchronization

/// Publishes batches and waits for their confirms; what is lost with a connection or refused by a full queue is sent
/// again under the same id, so the broker has each at least once.
package final class ConfirmedPublisher: Sendable {
    /// What to publish, still without a ticket.
    package struct Message: Sendable {
        package let exchange: String
        package let routingKey: String
        package let mandatory: Bool
        package let properties: MessageProperties
        package let body: [UInt8]

        package init(
            exchange: String, routingKey: String, mandatory: Bool, properties: MessageProperties, body: [UInt8]
        ) {
            self.exchange = exchange
            self.routingKey = routingKey
            self.mandatory = mandatory
            self.properties = properties
            self.body = body
        }
    }

    /// How one message ended: taken, or returned because no queue is bound.
    package enum Outcome: Sendable, Hashable {
        case confirmed
        case returned(String)
    }

    private struct State {
        var isReady = false
        var isClosed = false
        var lastTicket: UInt64 = 0
        var open: [UInt64: Publication] = [:]
        /// Of `open`, what the publisher has in hand; it tells each of these once what became of it.
        var inHand: Set<UInt64> = []
        var outcomes: [UInt64: Outcome] = [:]
        var failure: BrokerFailure?
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
        let changes: AsyncStream<Void>
        let changed: AsyncStream<Void>.Continuation

        init() {
            (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        }

        func take(_ event: PublisherEvent) {
            state.withLock { state in
                switch event {
                case .ready:
                    state.isReady = true
                    state.failure = nil
                case .lost(let failure):
                    state.isReady = false
                    state.failure = failure
                case .closed: state.isClosed = true
                case .blocked, .unblocked: break
                case .resolved(let outcomes):
                    for (ticket, outcome) in outcomes where state.inHand.remove(ticket) != nil {
                        switch outcome {
                        case .confirmed:
                            if state.open.removeValue(forKey: ticket) != nil { state.outcomes[ticket] = .confirmed }
                        case .returned(let code, let text):
                            if state.open.removeValue(forKey: ticket) != nil {
                                state.outcomes[ticket] = .returned("\(code) \(text)")
                            }
                        case .nacked, .unknown: break
                        }
                    }
                }
            }
            changed.yield()
        }
    }

    private let shared = Shared()
    private let publisher: any Publisher
    private let wall: @Sendable () -> Instant
    /// What a broker that is only about to start may refuse for a moment; a wrong password it refuses for ever.
    private static let loginSeconds: Int64 = 10

    /// - Parameter lost: told why the broker cannot be reached, each time it is lost.
    package init(
        _ broker: any Broker, wall: @escaping @Sendable () -> Instant,
        lost: @escaping @Sendable (BrokerFailure) -> Void = { _ in }
    ) {
        let shared = shared
        self.wall = wall
        publisher = broker.publisher { event in
            if case .lost(let failure) = event { lost(failure) }
            shared.take(event)
        }
    }

    /// Publishes and waits. One call at a time; `messages` bounds what is in flight.
    ///
    /// - Returns: the outcomes in the order of `messages`.
    /// - Throws: `BrokerFailure` if the broker has not taken them all within `limitSeconds`, or has refused user, password
    ///   or virtual host for ten seconds; those unconfirmed may or may not have arrived.
    package func publish(_ messages: [Message], limitSeconds: Int64) async throws -> [Outcome] {
        let startedAt = wall()
        let publications = shared.state.withLock { state in
            messages.map { message in
                state.lastTicket += 1
                var properties = message.properties
                properties.stamp(sentAt: startedAt)
                let publication = Publication(
                    ticket: state.lastTicket, exchange: message.exchange, routingKey: message.routingKey,
                    mandatory: message.mandatory, properties: properties, body: message.body)
                state.open[state.lastTicket] = publication
                return publication
            }
        }
        let deadline = startedAt.adding(seconds: limitSeconds)
        let refusedAt = startedAt.adding(seconds: min(limitSeconds, Self.loginSeconds))
        var triedAt: Instant?
        var changes = shared.changes.makeAsyncIterator()
        while true {
            let (left, toSend, failure) = shared.state.withLock { state in
                let left = publications.filter { state.open[$0.ticket] != nil }
                let toSend = state.isReady ? left.filter { !state.inHand.contains($0.ticket) } : []
                return (left, toSend, state.failure)
            }
            if left.isEmpty { break }
            guard wall() < (failure?.kind == .login ? refusedAt : deadline) else {
                shared.state.withLock { state in for one in left { state.open[one.ticket] = nil } }
                throw failure
                    ?? BrokerFailure(
                        .timeout, operation: "publish",
                        cause: "\(left.count) messages unconfirmed after \(limitSeconds) s")
            }
            // What was refused (a full queue) or lost is sent again, at most once a second.
            if !toSend.isEmpty, triedAt.map({ wall() > $0.adding(seconds: 1) }) ?? true {
                shared.state.withLock { $0.inHand.formUnion(toSend.map(\.ticket)) }
                publisher.publish(toSend)
                triedAt = wall()
            }
            await waitForChange(&changes)
        }
        return shared.state.withLock { state in
            publications.map { state.outcomes.removeValue(forKey: $0.ticket) ?? .confirmed }
        }
    }

    /// Until something is reported, at most 200 ms.
    private func waitForChange(_ changes: inout AsyncStream<Void>.AsyncIterator) async {
        let changed = shared.changed
        let alarm = Task {
            try await Task.sleep(for: .milliseconds(200))
            changed.yield()
        }
        _ = await changes.next()
        alarm.cancel()
    }

    package func close() async {
        publisher.close()
        let deadline = wall().adding(seconds: 15)
        var changes = shared.changes.makeAsyncIterator()
        while !shared.state.withLock({ $0.isClosed }), wall() < deadline { await waitForChange(&changes) }
    }
}
