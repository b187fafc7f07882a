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

        /// If it came too early and finds no room, it comes no more, or it is delayed.
        func coming(isLast: Bool) -> Arrival {
            var arrival = self
            arrival.inbound.isLast = isLast
            return arrival
        }
    }

    enum Subscription: Sendable {
        /// Not subscribed, yet or any more; the adapter keeps trying.
        case none
        case open(Inbox)
        /// To be consumed anew with another prefetch count, or to be left, once it is cancelled and all that was delivered is
        /// settled.
        case resizing(Inbox?, to: Int, Cancellation)
        /// Cancelled. What was begun is still acknowledged on its channel, as long as that lasts.
        case ended(Inbox?)

        var inbox: Inbox? {
            switch self {
            case .none: nil
            case .open(let inbox): inbox
            case .resizing(let inbox, _, _), .ended(let inbox): inbox
            }
        }

        var isEnded: Bool { if case .ended = self { true } else { false } }

        /// Changes what is on `channel` in place; nil, and nothing happens, if that channel is gone.
        mutating func on<Result>(_ channel: UInt64, _ change: (inout Inbox) -> Result) -> Result? {
            // Taken out and put back, or every change would copy all that waits.
            let former = consume self
            self = .none
            switch consume former {
            case .none: return nil
            case .open(var inbox):
                defer { self = .open(inbox) }
                return inbox.on(channel, change)
            case .resizing(var inbox, let width, let cancellation):
                defer { self = .resizing(inbox, to: width, cancellation) }
                return inbox?.on(channel, change)
            case .ended(var inbox):
                defer { self = .ended(inbox) }
                return inbox?.on(channel, change)
            }
        }

        /// How the worker stands to its queue; a mark is told once.
        mutating func takeStanding() -> Standing {
            guard let inbox else { return Standing() }
            return Standing(since: inbox.since, mark: on(inbox.channel) { $0.mark.take() } ?? nil)
        }

        /// The next batch; none of it waits any longer.
        mutating func takeBatch(_ limits: WorkerLimits, wall: Instant) -> [Arrival] {
            guard !isEnded, let channel = inbox?.channel, inbox?.isEmpty == false else { return [] }
            return on(channel) { $0.takeBatch(limits, wall: wall) } ?? []
        }
    }

    /// How far a subscription has been cancelled.
    ///
    /// A quorum queue hands back what is on its way to a consumer that is cancelled, and counts it as a delivery. So nothing
    /// should be on its way: the hands are full, as the broker sends no more than the prefetch count, or nothing has come
    /// for a while.
    enum Cancellation: Sendable {
        /// To be said when nothing is on its way; until then nothing is acknowledged, so that the hands fill.
        case due(since: Instant)
        case said
        case done

        static let quietMicroseconds: Int64 = 200_000
        /// Then it is said in any case.
        static let patienceMicroseconds: Int64 = 5_000_000
    }

    /// What the consumer has handed over on one channel.
    struct Inbox: Sendable {
        var tags: TagTracker
        /// Decoded, not yet in a batch.
        private(set) var waiting: [Arrival] = []
        /// Deliveries of a batch that the database refused: each runs alone.
        private(set) var alone: Set<UInt64> = []
        private(set) var doubt: Doubt?
        /// Settled, and to be acknowledged once the cancellation is said.
        private var unacknowledged: [UInt64] = []
        /// Wall time.
        private(set) var lastReceivedAt: Instant
        /// Wall time at which the subscription began.
        let since: Instant
        var search = MarkSearch()
        /// Found, and not yet told to the store.
        var mark: Mark?

        var channel: UInt64 { tags.channel }
        /// Nothing is left to be put into a batch.
        var isEmpty: Bool { waiting.isEmpty && doubt?.suspects.isEmpty ?? true }

        init(channel: UInt64, since: Instant) {
            tags = TagTracker(channel: channel)
            (self.since, lastReceivedAt) = (since, since)
        }

        /// Returns what is in hand now, this one included.
        mutating func received(_ tag: UInt64, bytes: Int, wall: Instant) -> (count: Int, bytes: Int) {
            lastReceivedAt = wall
            tags.received(tag, bytes: bytes)
            return (tags.count, tags.bytes)
        }

        mutating func acknowledgeLater(_ settled: [UInt64]) { unacknowledged += settled }

        mutating func takeUnacknowledged() -> [UInt64] {
            defer { unacknowledged = [] }
            return unacknowledged
        }

        mutating func add(_ arrival: Arrival) { waiting.append(arrival) }

        fileprivate mutating func on<Result>(_ channel: UInt64, _ change: (inout Inbox) -> Result) -> Result? {
            self.channel == channel ? change(&self) : nil
        }

        mutating func settle(_ settled: [UInt64]) -> TagTracker.Acknowledgement {
            if !alone.isEmpty { alone.subtract(settled) }
            return tags.settle(settled)
        }

        fileprivate mutating func takeBatch(_ limits: WorkerLimits, wall: Instant) -> [Arrival] {
            var limit = limits.batch
            if let doubt {
                guard wall >= doubt.resumeAt else { return [] }
                if waiting.isEmpty { returnSuspects() }
                limit = 1
            }
            var bytes = 0
            let size = waiting.prefix(limit).prefix { arrival in
                bytes += arrival.delivery.body.count
                return bytes <= limits.batchBytes && !alone.contains(arrival.delivery.tag)
            }.count
            let batch = Array(waiting.prefix(max(size, 1)))
            waiting.removeFirst(batch.count)
            return batch
        }

        /// They come first in the next batch.
        mutating func putBack(_ arrivals: [Arrival]) { waiting = arrivals + waiting }

        /// One of them breaks the batch: each runs by itself, before what came behind.
        mutating func isolate(_ arrivals: [Arrival]) {
            alone.formUnion(arrivals.map(\.delivery.tag))
            putBack(arrivals.map(\.alone))
        }

        /// The database has refused one that ran alone. Returns what is known now.
        mutating func suspect(_ suspect: Suspect, wall: Instant, isProven: Bool) -> Doubt {
            var doubt = doubt ?? Doubt(since: wall, isProven: isProven)
            doubt.suspects.append(suspect)
            doubt.tries += 1
            // Another one tells at once which of the two is to blame; without one, or when it has failed too, time does.
            let isAnotherThere = doubt.suspects.count == 1 && !waiting.isEmpty
            doubt.resumeAt =
                isAnotherThere ? wall : Instant(microseconds: wall.microseconds + WorkerMachine.backoff(doubt.tries))
            self.doubt = doubt
            return doubt
        }

        /// Something has been committed. Returns the message that is to blame for what failed just before, if it is
        /// certain; all others are to be tried again.
        mutating func acquit() -> Suspect? {
            guard let doubt else { return nil }
            if doubt.isProven, doubt.tries == 1, let guilty = doubt.suspects.first {
                self.doubt = nil
                return guilty
            }
            returnSuspects()
            self.doubt = nil
            return nil
        }

        /// The one suspect, when it alone is left and has been tried for long enough while other work was committed.
        mutating func condemn(wall: Instant, seconds: Int64) -> Suspect? {
            guard let doubt, doubt.isProven, doubt.hasOtherWork, doubt.suspects.count == 1, waiting.isEmpty,
                wall >= doubt.since.adding(seconds: seconds)
            else { return nil }
            self.doubt = nil
            return doubt.suspects.first
        }

        mutating func noteOtherWork() { doubt?.hasOtherWork = true }

        /// The first in front and the others at the end, so that what is between them tells them apart.
        private mutating func returnSuspects() {
            let arrivals = doubt?.suspects.map(\.arrival) ?? []
            doubt?.suspects = []
            alone.formUnion(arrivals.map(\.delivery.tag))
            waiting = arrivals.prefix(1) + waiting + arrivals.dropFirst()
        }

        /// What no batch has begun; it is no longer waited for.
        mutating func giveUpWaiting() -> [UInt64] {
            let unstarted = ((doubt?.suspects.map(\.arrival) ?? []) + waiting).map(\.delivery.tag)
            tags.forget(unstarted)
            (waiting, doubt) = ([], nil)
            return unstarted
        }
    }

    struct Suspect: Sendable {
        let arrival: Arrival
        let failure: StoreFailure
    }

    /// Messages that failed alone, by what they carry as the database says, and nothing has been committed since. Whether
    /// they are to blame or the database is, shows with the next: if that goes well, the one before it is to blame; if one
    /// after another fails, it is the database, and no message dies of it.
    struct Doubt: Sendable {
        var suspects: [Suspect] = []
        /// Failures, of whichever message.
        var tries = 0
        /// No event is begun before.
        var resumeAt = Instant.distantPast
        let since: Instant
        /// Something was committed right before the first failure.
        let isProven: Bool
        /// A sweep or the like has been committed since.
        var hasOtherWork = false
    }

    /// In microseconds: 10 ms, doubled with each failure up to 5 s.
    static func backoff(_ failures: Int) -> Int64 {
        min(5_000_000, 10_000 << Int64(min(max(failures, 1) - 1, 10)))
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
        /// Wall time at which the last event found no room; nil: that was long ago.
        var refusedAt: Instant?
        /// Of those whose waiting has ended the dead letters are confirmed; their rows can go.
        var confirmed: [EventKey] = []
        /// That the senders of these know that they wait is confirmed; it is to be noted.
        var told: [EventKey] = []
    }

    /// Since when the timer that is due first is held.
    struct HeldSince: Sendable {
        let due: Instant
        /// Wall time.
        let since: Instant
        var isSaid = false
    }

    /// How due timers are run.
    enum Timers: Sendable {
        case together
        /// The database has refused a batch of them by what they carry: so many at most by themselves, this step next.
        case singly(TimerStep, left: Int)
    }

    /// What this worker knows of the outbox rows under its own lease.
    enum OwnRows: Sendable {
        case known
        /// There may be more: of a transaction that was committed though it was reported as failed, or beyond the limit of
        /// one take-over.
        case uncertain
    }
}
