import Schema

/// What one stage keeps: its inbox and journal, records with their timers, outbox and leases, and apart from these what is
/// personal.
///
/// Batch first: every call takes many keys at once, so a batch costs one transaction and a few statements.
/// One store value serves one stage; adapters may be shared by several processes of that stage. Events' ids and
/// sources are compared byte by byte. A limit below 1 finds nothing.
package protocol Store: Sendable {
    /// Runs `body` in one transaction that sees and writes nothing but committed states, and returns after the commit
    /// is durable. `body` runs on the adapter's own thread; if it throws, nothing has happened. It may not use the store
    /// except through its argument, nor keep that argument.
    ///
    /// - Throws: what `body` throws, or `StoreFailure`. A failure may leave open whether the commit took place (the
    ///   connection was lost while it ran): the inbox tells when the same batch is run again.
    func write<T: Sendable>(_ body: @escaping @Sendable (any StoreTransaction) throws -> T) async throws -> T

    /// Runs `body` on a consistent snapshot, beside writers.
    func read<T: Sendable>(_ body: @escaping @Sendable (any StoreSnapshot) throws -> T) async throws -> T

    /// Makes what was deleted unreadable in the database's files, as far as the database can: to be called after an
    /// erasure, outside of any transaction.
    func scrub() async throws

    /// Ends all use; waits for the transaction in hand.
    func close() async
}

/// What went wrong between Recourse and its database.
package struct StoreFailure: Error, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// Busy, locked, deadlock, serialization, connection lost: the same transaction may succeed later.
        case transient
        /// Disk full, file not writable, a table missing, server refuses: goes on only when a person helps; also tried
        /// again, and no message is to blame.
        case unavailable
        /// The file itself is damaged or no database: no message is to blame, and a person must restore it. Tried again.
        case damaged
        /// The data are not what this version wrote: a corrupt body, a broken constraint, a value that cannot be stored;
        /// or a reason that the adapter does not know. It may lie with one message: whoever runs a batch finds out which,
        /// and whether it is not the store after all, because one after another fails.
        case corrupt
    }

    package let kind: Kind
    package let operation: String
    package let cause: String

    package init(_ kind: Kind, operation: String, cause: String) {
        self.kind = kind
        self.operation = operation
        self.cause = cause
    }

    package var description: String { "\(operation): \(cause)" }

    /// An event that is to be appended has been taken already.
    package static let claimed = StoreFailure(
        .transient, operation: "appending to the journal",
        cause: "an event of the batch is claimed already; its claim tells when the batch is run again")

    /// An event that is to wait waits already.
    package static let held = StoreFailure(
        .transient, operation: "letting an event wait",
        cause: "another worker was faster; the batch is run again and finds it waiting")
}

/// What became of an event at a stage; dead letters have no entry here.
package enum Fate: String, Sendable, Hashable {
    case applied, refused
}

/// An entry of the journal. The entry of an event is also its inbox claim: (source, id) is unique in a stage.
package struct JournalEntry: Sendable, Hashable {
    /// Given by the store, ascending; entries that share a record are numbered in the order of their commits.
    package var number: Int64 = 0
    /// Wall time of its transaction; nil for entries of releases that did not note it. No part of what is replayed.
    package var writtenAt: Instant?
    package let input: JournalInput
    package let fate: Fate
    /// The rule's time; for a timer its due time.
    package let now: Instant
    package let isLate: Bool
    package let policyVersion: String
    /// The records that were changed, the one it is about first.
    package let records: [RecordKey]
    /// Complete bodies of what was emitted, in order, as published.
    package let outputs: [JournalOutput]

    package init(
        input: JournalInput, fate: Fate, now: Instant, isLate: Bool, policyVersion: String, records: [RecordKey],
        outputs: [JournalOutput]
    ) {
        self.input = input
        self.fate = fate
        self.now = now
        self.isLate = isLate
        self.policyVersion = policyVersion
        self.records = records
        self.outputs = outputs
    }
}

package enum JournalInput: Sendable, Hashable {
    /// `digest` is SHA-256 of the body as received.
    case event(source: String, id: String, type: String, digest: [UInt8], body: [UInt8])
    case timer(RecordKey, at: Instant, order: Int)
}

package struct JournalOutput: Sendable, Hashable {
    /// The event's id, also the AMQP message id.
    package let id: String
    /// The event's name, `case.opened`.
    package let type: String
    package let exchange: String
    package let routingKey: String
    package let correlation: String?
    package let body: [UInt8]

    package init(
        id: String, type: String, exchange: String, routingKey: String, correlation: String?, body: [UInt8]
    ) {
        self.id = id
        self.type = type
        self.exchange = exchange
        self.routingKey = routingKey
        self.correlation = correlation
        self.body = body
    }
}

/// What the inbox knows of an event.
package struct Claim: Sendable, Hashable {
    package let digest: [UInt8]
    package let fate: Fate

    package init(digest: [UInt8], fate: Fate) {
        self.digest = digest
        self.fate = fate
    }
}

/// Names an event. Compared by bytes: `String` takes different spellings of one character for equal, which no
/// database does, and a claim must never swallow another event.
package struct EventKey: Hashable, Sendable, Comparable {
    package let source: String
    package let id: String

    package init(source: String, id: String) {
        self.source = source
        self.id = id
    }

    package static func == (a: EventKey, b: EventKey) -> Bool {
        a.id.hasSameBytes(as: b.id) && a.source.hasSameBytes(as: b.source)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(source)
        hasher.combine(id)
    }

    package static func < (a: EventKey, b: EventKey) -> Bool {
        if !a.source.hasSameBytes(as: b.source) {
            return a.source.utf8.lexicographicallyPrecedes(b.source.utf8)
        }
        return a.id.utf8.lexicographicallyPrecedes(b.id.utf8)
    }
}

/// A record as stored. The body is the stage's own JSON.
package struct StoredRecord: Sendable, Hashable {
    package let key: RecordKey
    /// 1 for the first write; each step that changes the record adds one.
    package var version: Int64
    /// When time alone next changes it.
    package var wakeAt: Instant?
    package var wakeOrder: Int
    /// The latest due time of a timer that acted on it, and a count of what its timers have emitted (see `RecordCoding`):
    /// so the ids of a timer's events stay unique even if the same due time comes again.
    package var firedAt: Instant?
    package var firedOutputs: Int
    package var body: [UInt8]
    /// Another stage's word may meet the deadline that wakes it: the timer waits for that stage too.
    package var isMetByOthers: Bool
    /// The business time at which an event has changed it that left a deadline of the past; no timer that follows upon
    /// another acts before the stage has been at rest since. nil: there is none.
    package var settledAt: Instant?

    package init(
        key: RecordKey, version: Int64, wakeAt: Instant?, wakeOrder: Int, firedAt: Instant?, firedOutputs: Int,
        body: [UInt8], isMetByOthers: Bool = false, settledAt: Instant? = nil
    ) {
        self.key = key
        self.version = version
        self.wakeAt = wakeAt
        self.wakeOrder = wakeOrder
        self.isMetByOthers = isMetByOthers
        self.settledAt = settledAt
        self.firedAt = firedAt
        self.firedOutputs = firedOutputs
        self.body = body
    }
}

/// An output that is not yet known to be confirmed: (`entry`, `index`) points into the journal.
package struct OutboxKey: Hashable, Sendable, Comparable {
    package let entry: Int64
    package let index: Int

    package init(entry: Int64, index: Int) {
        self.entry = entry
        self.index = index
    }

    package static func < (a: OutboxKey, b: OutboxKey) -> Bool { (a.entry, a.index) < (b.entry, b.index) }
}

package struct OutboxRow: Sendable, Hashable {
    package let key: OutboxKey
    package let output: JournalOutput

    package init(key: OutboxKey, output: JournalOutput) {
        self.key = key
        self.output = output
    }
}

/// Names a worker process in leases.
package typealias WorkerId = String

/// Reading. Used by operators' verbs, the clock and the audit; never blocks writers.
package protocol StoreSnapshot: PersonalSnapshot, WaitingSnapshot, FundSnapshot, SubscriptionSnapshot {
    /// Entries with a number above `after`, ascending. `withBodies` false leaves input and output bodies empty.
    func journal(after: Int64, limit: Int, withBodies: Bool) throws -> [JournalEntry]
    /// What entries with a number above `after` have taken and how many outputs they have, ascending: for counting
    /// millions, without a look at bodies, records or outputs.
    func inputs(after: Int64, limit: Int) throws -> [InputRow]
    /// What was emitted behind `after` (nil: from the first), in order; without bodies.
    func emissions(after: OutboxKey?, limit: Int) throws -> [EmissionRow]
    /// Records whose version is not the number of entries that changed them: how many, and the first `limit` of them.
    func recordsOutOfStep(limit: Int) throws -> (count: Int, first: [RecordKey])
    /// Entries that changed `record`, ascending.
    func journal(of record: RecordKey, limit: Int) throws -> [JournalEntry]
    /// The entry that emitted the event with that id, else the first that took one with that id, if this stage did.
    /// For people: it may cost milliseconds.
    func entry(emitting eventId: String) throws -> JournalEntry?
    func entry(taking event: EventKey) throws -> JournalEntry?
    func record(_ key: RecordKey) throws -> StoredRecord?
    /// Records of a kind with an id above `after` (nothing is below ""), ascending by id.
    func records(kind: String, after: String, limit: Int) throws -> [StoredRecord]
    /// The earliest wake of any record, those left out that are put aside at `wall`; see also `nextWaitingEnd`.
    func nextWake(wall: Instant) throws -> Instant?
    /// Whether `dueRecords` would find any.
    func hasDue(now: Instant, later: Instant, wall: Instant) throws -> Bool
    /// How many records have been due by `now`, those left out that are put aside at `wall`; `limit` stands for that or more.
    func dueCount(now: Instant, wall: Instant, limit: Int) throws -> Int
    /// Timers that are put aside, whether or not their time to be tried again has come: how many, and the first `limit`
    /// of them by their records.
    func timersAside(limit: Int) throws -> (count: Int, first: [TimerAside])
    func outboxCount() throws -> Int
    /// The first entry with an output in the outbox, and the last entry of all (0: there is none).
    func outboxSpan() throws -> (first: Int64?, lastEntry: Int64)
    /// All leases, ended ones too, by worker.
    func leases() throws -> [Lease]
    /// The stage's watermark and what it follows from, as it is committed.
    func stageTime() throws -> StageTime
    func counts() throws -> StoreCounts
}

extension StoreSnapshot {
    /// The earliest wake of any record, put aside or not.
    package func nextWake() throws -> Instant? { try nextWake(wall: Instant(microseconds: .max)) }
}

/// A timer that could not act. It stays due, and is left out until it is tried again, so that it holds up no other. It is
/// put aside as long as its record stays as it is: who changes the record ends that.
package struct TimerAside: Sendable, Hashable {
    package let key: RecordKey
    /// Of the record that it was tried with.
    package let version: Int64
    /// When it is tried again, on the wall clock.
    package let until: Instant
    /// No values.
    package let cause: String
    /// Of the release that cannot read the record, as a newer one has written it (`Release.number`): workers of that newer
    /// one do not see the timer put aside. nil: nobody can run it.
    package let release: Int?

    package init(key: RecordKey, version: Int64, until: Instant, cause: String, release: Int? = nil) {
        self.key = key
        self.version = version
        self.until = until
        self.cause = cause
        self.release = release
    }
}

/// An entry of the journal without its contents.
package struct InputRow: Sendable, Hashable {
    package let number: Int64
    package let fate: Fate
    package let outputs: Int
    /// nil for a timer.
    package let event: EventKey?
    /// The event's; empty for a timer.
    package let type: String

    package init(number: Int64, fate: Fate, outputs: Int, event: EventKey?, type: String) {
        self.number = number
        self.fate = fate
        self.outputs = outputs
        self.event = event
        self.type = type
    }
}

/// An output without its body.
package struct EmissionRow: Sendable, Hashable {
    package let key: OutboxKey
    package let id: String
    package let type: String
    package let exchange: String

    package init(key: OutboxKey, id: String, type: String, exchange: String) {
        self.key = key
        self.id = id
        self.type = type
        self.exchange = exchange
    }
}

package struct StoreCounts: Sendable, Hashable {
    /// Events that were applied.
    package var applied = 0
    /// Events that a rule refused.
    package var refused = 0
    /// Timers that ran; not part of `applied`.
    package var timers = 0
    package var outputs = 0
    package var records = 0
    package var outbox = 0

    package init() {}
}

/// Writing, within one transaction.
package protocol StoreTransaction: StoreSnapshot, PersonalTransaction, WaitingTransaction, FundTransaction,
    SubscriptionTransaction
{
    /// What the inbox knows of these events; those it does not know are absent.
    func claims(_ events: [EventKey]) throws -> [EventKey: Claim]
    /// Loads and locks these keys in key order, whether the records exist or not; those that do not exist are absent.
    func load(_ keys: [RecordKey]) throws -> [RecordKey: StoredRecord]
    /// Inserts or replaces. The version is the caller's: what was loaded is locked, so no other can come between.
    func save(_ records: [StoredRecord]) throws
    /// Appends entries (which claims their events) and puts their outputs into the outbox under `owner`'s lease.
    /// Returns the numbers given, in order. Cheapest after `save`.
    ///
    /// - Throws: a transient `StoreFailure` if an event is claimed already (another worker was faster, or it is twice
    ///   in `entries`): nothing is written, and when the batch is run again `claims` tells.
    func append(_ entries: [JournalEntry], owner: WorkerId) throws -> [Int64]
    /// Removes outputs that the broker has confirmed.
    func removeFromOutbox(_ keys: [OutboxKey]) throws
    /// Puts outputs into the outbox again, to be published once more; what lies there already stays as it is.
    /// Returns how many were put back.
    func returnToOutbox(_ keys: [OutboxKey], owner: WorkerId) throws -> Int
    /// Takes over up to `limit` outbox rows whose owner has no live lease at `now` (wall clock), oldest first.
    /// A lease is live as long as `now` is before its end. The new owner must hold one, or others take over in turn.
    func takeOverOutbox(by owner: WorkerId, now: Instant, limit: Int) throws -> [OutboxRow]
    /// Says that `worker` is alive until `until` (wall clock), and how it stands to its queue.
    func renewLease(of worker: WorkerId, until: Instant, standing: Standing) throws
    func endLease(of worker: WorkerId) throws
    /// Up to `limit` records whose wake is at or before `now` (business clock), locked, by (wake time, order, kind,
    /// id); those that are put aside at `wall`, and records that another transaction holds, are passed over.
    /// Of those that another stage's word meets only those that wake at or before `later`.
    func dueRecords(now: Instant, later: Instant, wall: Instant, limit: Int) throws -> [StoredRecord]
    /// Puts timers of records aside that this transaction has locked.
    func putAside(_ timers: [TimerAside]) throws
    /// The stage's time, locked until the end: to be changed.
    func lockStageTime() throws -> StageTime
    /// Keeps what has become of the stage's time, which this transaction has locked.
    func saveStageTime(_ time: StageTime) throws
}

extension StoreTransaction {
    package func renewLease(of worker: WorkerId, until: Instant) throws {
        try renewLease(of: worker, until: until, standing: Standing())
    }

    /// Those that are put aside too.
    package func dueRecords(now: Instant, limit: Int) throws -> [StoredRecord] {
        try dueRecords(now: now, later: now, wall: Instant(microseconds: .max), limit: limit)
    }
}
