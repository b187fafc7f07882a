import Schema

/// An event that came before what it refers to: it lies in its stage's waiting room until a step makes that known, or
/// until its time is over.
///
/// It holds its id: the same body is a duplicate, another is `id-reused`. It has no entry in the journal, for an entry
/// says that an event was decided.
package struct WaitingEvent: Sendable, Hashable {
    package let event: EventKey
    package let type: String
    /// SHA-256 of the body as received.
    package let digest: [UInt8]
    /// What it waits for.
    package var reference: RecordKey
    /// The rule's time: of several that wait for one thing the earliest goes first, then by source and id.
    package let ruleTime: Instant
    /// Business time of its arrival here.
    package let arrived: Instant
    /// Business time of the end of its waiting.
    package let endsAt: Instant
    /// In bytes, of the sealed message.
    package var size: Int

    package init(
        event: EventKey, type: String, digest: [UInt8], reference: RecordKey, ruleTime: Instant, arrived: Instant,
        endsAt: Instant, size: Int
    ) {
        self.event = event
        self.type = type
        self.digest = digest
        self.reference = reference
        self.ruleTime = ruleTime
        self.arrived = arrived
        self.endsAt = endsAt
        self.size = size
    }

    /// The order in which events that wait are taken (domain rules §2).
    package static func comesFirst(_ a: WaitingEvent, _ b: WaitingEvent) -> Bool {
        a.ruleTime != b.ruleTime ? a.ruleTime < b.ruleTime : a.event < b.event
    }
}

/// The message of a waiting event, sealed: its properties and its body.
package struct WaitingMessage: Sendable, Hashable {
    /// The id of the key that sealed it; empty: not sealed.
    package let key: String
    package let sealed: [UInt8]

    package init(key: String, sealed: [UInt8]) {
        self.key = key
        self.sealed = sealed
    }
}

/// A waiting event that has come to its end: its dead letter is on its way.
package struct DyingEvent: Sendable, Hashable {
    package let event: WaitingEvent
    /// See `DeadLetterReason`.
    package let code: String
    package let cause: String

    package init(event: WaitingEvent, code: String, cause: String) {
        self.event = event
        self.code = code
        self.cause = cause
    }
}

/// How much waits.
package struct WaitingCount: Sendable, Hashable {
    package var events = 0
    /// Of all messages together.
    package var bytes = 0

    package init(events: Int = 0, bytes: Int = 0) {
        self.events = events
        self.bytes = bytes
    }
}

/// Reads a stage's waiting room. Events that die are in it until their dead letters are confirmed.
package protocol WaitingSnapshot {
    /// Those of `events` that wait, with the digests of their bodies.
    func waiting(among events: [EventKey]) throws -> [EventKey: [UInt8]]
    /// Those behind `after` (nil: from the first), by source and id.
    func waiting(after: EventKey?, limit: Int) throws -> [WaitingEvent]
    func waitingCount() throws -> WaitingCount
    /// nil: no such event waits.
    func waitingMessage(of event: EventKey) throws -> WaitingMessage?
    /// When the first of those that do not die yet comes to its end.
    func nextWaitingEnd() throws -> Instant?
    /// Those that were held with one of `traces`, by source and id.
    func waiting(tracedBy traces: Set<PersonalTrace>) throws -> [WaitingEvent]
    /// Up to `limit` that are noted as waiting for something known (`noteKnown`, `findKnown`), in their order.
    func waitingForKnown(limit: Int) throws -> [WaitingEvent]
    /// Up to `limit` that wait for a key of the same kind as `reference` with a lesser id.
    func waiting(below reference: RecordKey, limit: Int) throws -> [WaitingEvent]
    /// Whether any event waits for a key of that kind, and does not die.
    func isAnyWaiting(forKind kind: String) throws -> Bool
}

extension StoreSnapshot {
    /// When time alone next does something in this stage: the earliest wake of any record, or the end of a waiting.
    /// Timers that are put aside at `wall` are left out.
    package func nextDue(wall: Instant) throws -> Instant? {
        [try nextWake(wall: wall), try nextWaitingEnd()].compactMap { $0 }.min()
    }
}

/// Writes a stage's waiting room.
package protocol WaitingTransaction: WaitingSnapshot {
    /// Puts an event into the waiting room.
    ///
    /// - Parameters:
    ///   - traces: by what it is found for a person.
    ///   - noticeAt: wall time from which its sender is to be told that it waits (`event.waiting`); nil: never.
    /// - Throws: a transient `StoreFailure` if it waits there already: another worker was faster.
    func hold(
        _ event: WaitingEvent, _ message: WaitingMessage, traces: Set<PersonalTrace>, noticeAt: Instant?
    ) throws
    /// Says that an event waits for that, which is not known.
    func hold(_ event: EventKey, until reference: RecordKey) throws
    /// Notes that what waits for one of `references` waits for something known, and was not taken.
    func noteKnown(_ references: [RecordKey]) throws
    /// Looks through the whole room, and notes the same of whatever waits for a record that is there: another release has
    /// made it. Of those that wait for no record of `kinds`, so that nobody can see whether it is known, up to `limit`.
    func findKnown(besides kinds: [String], limit: Int) throws
    /// Those that wait for one of `references`, in their order. Records of these keys must be loaded, and so locked: what
    /// was held before is seen, and nothing can be held meanwhile.
    func waiting(for references: [RecordKey]) throws -> [WaitingEvent]
    /// Up to `limit` whose end is at or before `now` (business clock), the earliest first.
    func waitingEnded(now: Instant, limit: Int) throws -> [WaitingEvent]
    /// The message of one that is about to be decided or to die; it is locked until the end.
    ///
    /// - Returns: nil if it does not wait, or dies already.
    func waitingMessage(toDecide event: EventKey) throws -> WaitingMessage?
    /// They are decided.
    func releaseWaiting(_ events: [EventKey]) throws
    /// The dead letters of those that `owner` lets die are confirmed. One that somebody else has taken over stays, and one
    /// that was sent again and waits anew.
    func releaseDead(_ events: [EventKey], owner: WorkerId) throws
    /// From now on nothing takes it any more; `owner` publishes its dead letter.
    ///
    /// - Returns: false if it does not wait, or dies already.
    func letDie(_ event: DyingEvent, owner: WorkerId) throws -> Bool
    /// Takes over dying events whose owner has no live lease at `now` (wall clock).
    func takeOverDying(by owner: WorkerId, now: Instant, limit: Int) throws -> [DyingEvent]
    /// Up to `limit` whose senders are to be told at `now` (wall clock) that they wait; the page is of the earliest. None of them
    /// comes up again before `again`, in any worker. What a release has held that tells nobody is part of the page, and comes
    /// up at `again` for the first time.
    func takeNotices(now: Instant, again: Instant, limit: Int) throws -> [WaitingEvent]
    /// The senders of these are told.
    func endNotices(_ events: [EventKey]) throws
    /// Replaces a message as sealed by another key.
    func resealWaiting(_ event: EventKey, _ message: WaitingMessage) throws
    /// Replaces a message by what is left of it without its person, and forgets its traces.
    func redactWaiting(_ event: EventKey, _ message: WaitingMessage) throws
}
