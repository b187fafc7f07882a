import Broker
import Dispatch
import Synchronization

/// What a sink has been told, to be awaited with a limit.
final class EventLog<Event: Sendable>: Sendable {
    struct NothingCame: Error, CustomStringConvertible {
        let description: String
    }

    private struct State {
        var events: [Event] = []
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    /// Drives what does nothing by itself, i.e. the memory broker.
    private let pump: @Sendable () -> Void

    init(pump: @escaping @Sendable () -> Void = {}) { self.pump = pump }

    func record(_ event: Event) {
        state.withLock { state in
            state.events.append(event)
            return state.waiter.take()
        }?.resume()
    }

    private func wake() { state.withLock { $0.waiter.take() }?.resume() }

    /// The next event; throws when none has come within the limit.
    func next(within limit: Duration = .seconds(20), _ what: String = "any event") async throws -> Event {
        pump()
        let deadline = ContinuousClock.now + limit
        let alarm = DispatchWorkItem { [self] in wake() }
        let milliseconds = Int(max(limit, .zero) / .milliseconds(1)) + 5
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds), execute: alarm)
        defer { alarm.cancel() }
        while true {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if !state.events.isEmpty || ContinuousClock.now >= deadline { return true }
                    state.waiter = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
            let event = state.withLock { $0.events.isEmpty ? nil : $0.events.removeFirst() }
            if let event { return event }
            if ContinuousClock.now >= deadline { throw NothingCame(description: "no \(what) within \(limit)") }
        }
    }

    /// Takes events until one fits; those before it are passed to `skipping`.
    func first<Found>(
        _ what: String, within limit: Duration = .seconds(20), skipping: (Event) -> Void = { _ in },
        _ fit: (Event) -> Found?
    ) async throws -> Found {
        let deadline = ContinuousClock.now + limit
        while true {
            let event = try await next(within: deadline - ContinuousClock.now, what)
            if let found = fit(event) { return found }
            skipping(event)
        }
    }

    /// True when nothing comes for so long.
    func isSilent(for time: Duration) async -> Bool {
        do {
            _ = try await next(within: time)
            return false
        } catch {
            return true
        }
    }
}

extension EventLog<ConsumerEvent> {
    func subscribed(within limit: Duration = .seconds(20)) async throws -> UInt64 {
        try await first("subscription", within: limit) {
            if case .subscribed(let channel) = $0 { channel } else { nil }
        }
    }

    func lost(within limit: Duration = .seconds(20)) async throws -> BrokerFailure {
        try await first("loss", within: limit) { if case .lost(let failure) = $0 { failure } else { nil } }
    }

    func cancelled() async throws { try await first("cancellation") { if case .cancelled = $0 { () } else { nil } } }
    func closed() async throws { try await first("closing") { if case .closed = $0 { () } else { nil } } }

    /// The answer to a question; what comes before it is passed to `skipping`.
    func told(skipping: (ConsumerEvent) -> Void = { _ in }) async throws -> QueueState {
        try await first("answer", skipping: skipping) { if case .told(let state, _) = $0 { state } else { nil } }
    }

    /// So many deliveries, however they are grouped.
    func deliveries(_ count: Int, within limit: Duration = .seconds(20)) async throws -> [Delivery] {
        var all: [Delivery] = []
        while all.count < count {
            all += try await first("delivery \(all.count + 1) of \(count)", within: limit) {
                if case .delivered(let some) = $0 { some } else { nil }
            }
        }
        return all
    }
}

extension EventLog<PublisherEvent> {
    func ready(within limit: Duration = .seconds(20)) async throws {
        try await first("readiness", within: limit) { if case .ready = $0 { () } else { nil } }
    }

    func lost(within limit: Duration = .seconds(20)) async throws -> BrokerFailure {
        try await first("loss", within: limit) { if case .lost(let failure) = $0 { failure } else { nil } }
    }

    func closed() async throws { try await first("closing") { if case .closed = $0 { () } else { nil } } }

    /// So many outcomes, by ticket; a ticket that is resolved twice is kept as `twice`.
    func outcomes(_ count: Int, within limit: Duration = .seconds(20)) async throws -> [UInt64: PublishOutcome] {
        var all: [UInt64: PublishOutcome] = [:]
        while all.count < count {
            let some = try await first("outcome \(all.count + 1) of \(count)", within: limit) {
                if case .resolved(let some) = $0 { some } else { nil }
            }
            for (ticket, outcome) in some {
                guard all.updateValue(outcome, forKey: ticket) == nil else {
                    throw NothingCame(description: "ticket \(ticket) was resolved twice")
                }
            }
        }
        return all
    }
}
