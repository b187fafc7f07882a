import Broker
import Schema
import Store

/// What a worker's state machine is told.
package enum WorkerEvent: Sendable {
    case consumer(ConsumerEvent)
    case publisher(PublisherEvent)
    /// The search for a mark has begun, at this wall time, and the queue is asked next. `marks`: the business time, and what
    /// the stages before had said by then.
    case markBegun(asked: Instant, marks: Marks)
    /// The work in hand is committed.
    case done(WorkResult)
    /// The work in hand has rolled back.
    case failed(StoreFailure)
    /// Time has passed. `wall` for leases and backoff, `clock` for what the business does.
    case tick(wall: Instant, clock: ClockReading)
    /// Take nothing new and settle all that was delivered, then end: nothing is handed back, which would count as a delivery.
    case drain
    /// SIGTERM: finish what is in hand, hand back the rest.
    case stop
    /// The drain limit is over: close with what there is; nothing is lost, the broker delivers it again.
    case drainLimit
}

/// What a worker's shell is to do, in order.
package enum WorkerAction: Sendable {
    /// Run this in one transaction and answer `.done` or `.failed`. Only one is in hand at a time.
    case run(Work)
    case acknowledgeThrough(tag: UInt64, channel: UInt64)
    case acknowledge(tags: [UInt64], channel: UInt64)
    case requeue(tags: [UInt64], channel: UInt64)
    case publish([Publication])
    /// Read the clock and what the stages before have said, answer `.markBegun`, then ask the consumer.
    case beginMark
    /// Ask the consumer for the state of the queue.
    case ask
    case cancelConsumer
    /// After `cancelConsumer`, with everything settled.
    case consume(prefetch: Int)
    case closeConsumer
    case closePublisher
    case log(LogLine)
    case finished
}

/// One transaction's worth of work.
package enum Work: Sendable {
    /// Once at start: take over what a worker of this name left behind, write the seeds.
    case start(limit: Int)
    case events([InboundEvent], confirmed: [OutboxKey])
    /// Say how this worker stands and run the timers that the stage's watermark allows.
    case timers(confirmed: [OutboxKey], limit: Int, standing: Standing)
    /// One of them by itself.
    case oneTimer(TimerStep, confirmed: [OutboxKey])
    /// Remove confirmed rows from the outbox.
    case flush([OutboxKey])
    /// Renew the lease and take over rows whose owner is gone. `includingOwn`: list this worker's own rows too, for a
    /// transaction that was reported as failed may have been committed.
    case sweep(confirmed: [OutboxKey], limit: Int, includingOwn: Bool, standing: Standing = Standing())
    /// Decide those that wait though what they wait for is there, and end the waiting of those whose time is over.
    case waiting(WaitingCare)
    /// The dead letters of `dead`, whose waiting has ended, are confirmed; and that the senders of `told` know of theirs.
    case release(dead: [EventKey], told: [EventKey])
    /// The last one: remove confirmed rows, end the lease.
    case end([OutboxKey])
}

/// How those that wait are gone through.
package enum WaitingCare: Sendable, Equatable {
    case together
    /// One of them breaks the transaction: this one next; nil: look which is the first.
    case singly(EventKey?)
    /// This one has broken it alone.
    case letDie(EventKey, cause: String)
}

package struct WorkResult: Sendable {
    package var batch = BatchResult()
    /// The business clock that the work went by.
    package var clock: ClockReading
    /// Timers are due and may not act yet.
    package var held: HeldTimers?
    /// What the stage may now say of itself to others; nil: nothing was worked out.
    package var said: Instant?
    /// Wall time of the commit; nil: nothing was committed, or it was not noted.
    package var committedAt: Instant?

    package init(batch: BatchResult = BatchResult(), clock: ClockReading) {
        self.batch = batch
        self.clock = clock
    }
}

/// Timers that are due and may not act yet.
package struct HeldTimers: Sendable, Hashable {
    package enum Why: Sendable, Hashable {
        /// The stage is known to have been at rest up to then.
        case own(Instant)
        /// Other stages, whose word may meet the deadline, have told of no later time.
        case others(Instant)
        /// The queue has other consumers than the stage has workers.
        case strangers(StageTime.Strangers)
    }

    /// When the first of them was due.
    package let due: Instant
    package let why: Why
    /// For how long they are held at most where a queue is never empty.
    package let patienceSeconds: Int64

    package init(due: Instant, why: Why, patienceSeconds: Int64) {
        self.due = due
        self.why = why
        self.patienceSeconds = patienceSeconds
    }
}

/// The bounds and delays of a worker.
package struct WorkerLimits: Sendable {
    /// Most events in one transaction.
    package var batch = 256
    /// Most unacknowledged deliveries; fewer where their size takes it (`PrefetchWidth`).
    package var prefetch = 512
    /// Most bytes of the deliveries in hand, and of what is unconfirmed before no further batch is begun.
    package var memoryBytes = 64 << 20
    /// Most bytes of the bodies in one transaction, if they are several.
    package var batchBytes = 8 << 20
    /// Most publications without a confirm before no further batch is begun.
    package var unconfirmed = 4096
    package var leaseSeconds: Int64 = 10
    /// How often due timers are looked for under a running clock.
    package var timerMicroseconds: Int64 = 200_000
    /// How long confirmed rows may stay in the outbox when no batch comes by.
    package var flushMicroseconds: Int64 = 100_000
    /// A message that refers to something unknown is retried until its event is this old.
    package var referenceHours: Int64 = 24
    /// An event that the database refuses by what it carries is given up after so long without any other event that could
    /// tell whether it or the database is to blame.
    package var doubtSeconds: Int64 = 60
    package var document = DocumentLimits()
    package var waiting = WaitingLimits()

    /// Dead letters may be larger than what this program itself is told to take, and are committed as they come.
    package var parkingPrefetch: Int { min(batch, max(1, memoryBytes / ParkingWorker.bodyLimitBytes)) }

    package init() {}
}
