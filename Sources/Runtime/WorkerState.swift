import Broker
import Schema
import Store

// The states of a worker. Each holds what exists only while it lasts, so that nothing has to be reset when it ends.
extension WorkerMachine {
    enum Life: Sendable {
        case running
        /// Told to stop. The subscription ends, the work in hand is finished, what is committed is published.
        case draining
        /// The last work, `.end`, is in hand or done.
        case ending
        /// Nothing is begun any more.
        case closing(awaited: Set<Half>)
        case finished
    }

    enum Half: Hashable, Sendable { case consumer, publisher }

    /// One transaction is in hand at a time.
    enum Hand: Sendable {
        /// Nothing has run yet: the first event of any kind begins the take-over.
        case unstarted
        case free
        case working(Job)
        /// Rolled back; the same work runs again then.
        case pausing(Job, until: Instant)

        var job: Job? {
            switch self {
            case .unstarted, .free: nil
            case .working(let job), .pausing(let job, _): job
            }
        }
    }

    /// The work in hand and the deliveries it is for.
    struct Job: Sendable {
        let work: Work
        /// Of `.events`, one for each input; of other work, none.
        var arrivals: [Arrival] = []
        /// How often it has rolled back.
        var failures = 0
    }

    /// A decoded delivery.
    struct Arrival: Sendable {
        let delivery: Delivery
        private(set) var inbound: InboundEvent

        /// To be decided without those that wait for it.
        var alone: Arrival {
            var arrival = self
            arrival.inbound.isAlone = true
            return arrival
        }
    }

    enum Subscription: Sendable {
        /// Not subscribed, yet or any more; the adapter keeps trying.
        case none
        case open(Inbox)
        /// Cancelled. What was begun is still acknowledged on its channel, as long as that lasts.
        case ended(Inbox?)

        var inbox: Inbox? {
            switch self {
            case .none: nil
            case .open(let inbox): inbox
            case .ended(let inbox): inbox
            }
        }

        var isEnded: Bool { if case .ended = self { true } else { false } }

        /// Changes what is on `channel` in place; nil, and nothing happens, if that channel is gone.
        mutating func on<Result>(_ channel: UInt64, _ change: (inout Inbox) -> Result) -> Result? {
            switch self {
            case .open(var inbox) where inbox.channel == channel:
                self = .none
                defer { self = .open(inbox) }
                return change(&inbox)
            case .ended(.some(var inbox)) where inbox.channel == channel:
                self = .none
                defer { self = .ended(inbox) }
                return change(&inbox)
            case .none, .open, .ended: return nil
            }
        }

        /// The next batch, at most `limit`; none of them waits any longer.
        mutating func takeBatch(limit: Int) -> [Arrival] {
            guard case .open(let inbox) = self, !inbox.waiting.isEmpty else { return [] }
            return on(inbox.channel) { $0.takeBatch(limit: limit) } ?? []
        }
    }

    /// What the consumer has handed over on one channel.
    struct Inbox: Sendable {
        var tags: TagTracker
        /// Decoded, not yet in a batch.
        var waiting: [Arrival] = []
        /// Deliveries of a batch that the database refused: each runs alone.
        var alone: Set<UInt64> = []

        var channel: UInt64 { tags.channel }

        init(channel: UInt64) { tags = TagTracker(channel: channel) }

        mutating func takeBatch(limit: Int) -> [Arrival] {
            let size = waiting.prefix(limit).prefix { !alone.contains($0.delivery.tag) }.count
            let batch = Array(waiting.prefix(max(size, 1)))
            waiting.removeFirst(batch.count)
            return batch
        }

        /// They come first in the next batch.
        mutating func putBack(_ arrivals: [Arrival]) { waiting = arrivals + waiting }

        mutating func isolate(_ arrivals: [Arrival]) {
            alone.formUnion(arrivals.map(\.delivery.tag))
            putBack(arrivals.map(\.alone))
        }

        /// What no batch has begun; it is no longer waited for.
        mutating func giveUpWaiting() -> [UInt64] {
            let unstarted = waiting.map(\.delivery.tag)
            tags.forget(unstarted)
            waiting = []
            return unstarted
        }
    }

    /// Outbox rows whose confirms have come: removed with the next transaction, at `flushAt` without one.
    struct ConfirmedRows: Sendable {
        private(set) var keys: [OutboxKey] = []
        private var flushAt = Instant.distantPast

        var isEmpty: Bool { keys.isEmpty }

        mutating func add(_ more: [OutboxKey], flushAt: Instant) {
            if keys.isEmpty { self.flushAt = flushAt }
            keys += more
        }

        func isDue(_ wall: Instant) -> Bool { !keys.isEmpty && wall >= flushAt }

        mutating func take() -> [OutboxKey] {
            defer { keys.removeAll(keepingCapacity: true) }
            return keys
        }
    }

    /// How it looks after the stage's waiting room.
    struct RoomCare: Sendable {
        /// When it is next looked into, on the wall clock.
        var at: Instant
        var care = WaitingCare.together
        /// Of those whose waiting has ended the dead letters are confirmed; their rows can go.
        var confirmed: [EventKey] = []
    }

    /// What this worker knows of the outbox rows under its own lease.
    enum OwnRows: Sendable {
        case known
        /// There may be more: of a transaction that was committed though it was reported as failed, or beyond the limit of
        /// one take-over.
        case uncertain
    }
}
