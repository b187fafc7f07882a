import Broker
import Schema
import Stages
import Store

/// How much a stage keeps of events that came before what they refer to. What finds no room goes through the delay queues.
package struct WaitingLimits: Sendable {
    /// In all.
    package var events = 100_000
    package var bytes = 1 << 30
    /// For one reference; 256 are taken with the step that makes it known.
    package var perReference = 256
    package var bytesPerReference = 1 << 20
    /// Taken out in one transaction; the rest follows in the next.
    package var taken = 256
    package var takenBytes = 8 << 20
    /// How long an event waits, in hours of business time after its own time or its arrival, whichever is later.
    package var hours: Int64 = 24
    /// After how long its sender is told, of the wall clock; and how long after that again, if that is not confirmed.
    package var noticeSeconds: Int64 = 60

    package init() {}

    /// When the waiting of an event ends (domain rules §2).
    ///
    /// - Parameter clock: what the business clock reads at its arrival.
    func end(of event: Event, arrived clock: Instant) -> Instant {
        let since = max(event.time, clock)
        return since < .limit.adding(hours: -hours) ? since.adding(hours: hours) : .limit
    }
}

/// An event that has come to its end, with what its dead letter is made of.
package struct DyingMessage: Sendable {
    let event: EventKey
    let reason: DeadLetterReason
    let delivery: Delivery

    init(_ dying: DyingEvent, _ message: HeldMessage, queue: String) {
        event = dying.event.event
        let kind: DeadLetterClass = dying.code.hasSuffix("-fault") ? .permanent : .transient
        reason = DeadLetterReason(kind, found: dying.code, message: dying.cause)
        delivery = message.delivery(to: queue)
    }
}

/// A stage's waiting room within one transaction: what is put in, and what is taken out.
struct WaitingRoom {
    let limits: WaitingLimits
    let release: Int
    private let stage: StageName
    private let worker: WorkerId
    private let vault: PersonalVault
    private let clock: Instant
    private let clockRuns: Bool
    private let wall: Instant
    private let transaction: any StoreTransaction

    /// What an event waits for that a release cannot decide, but a newer one may: for a worker of that, or its end. Those of
    /// older releases have lesser ids.
    static func newer(than release: Int) -> RecordKey {
        let number = String(release)
        return RecordKey(kind: "newer-release", id: String(repeating: "0", count: max(0, 12 - number.count)) + number)
    }

    /// Why there is no room for an event.
    enum Refusal: CustomStringConvertible {
        case full
        case crowded

        var description: String {
            switch self {
            case .full: "the waiting room is full"
            case .crowded: "as many events wait for that as may"
            }
        }
    }

    init(
        _ processor: BatchProcessor, clock: Instant, clockRuns: Bool, wall: Instant, transaction: any StoreTransaction
    ) {
        limits = processor.waiting
        release = processor.release
        stage = processor.runner.name
        worker = processor.worker
        vault = processor.vault
        self.clock = clock
        self.clockRuns = clockRuns
        self.wall = wall
        self.transaction = transaction
    }

    /// Lets an event wait.
    ///
    /// - Returns: why there is no room for it; nil: it waits.
    func hold(_ inbound: InboundEvent, until reference: RecordKey) throws -> Refusal? {
        let event = inbound.event
        let message = HeldMessage(
            properties: FailureMessages(stage: stage, worker: worker).copy(of: inbound.delivery, wall: wall),
            body: inbound.body)
        let sealed = try vault.seal(message, of: inbound.key)
        let size = sealed.sealed.count
        let waiting = try transaction.waiting(for: [reference])
        guard waiting.count < limits.perReference,
            waiting.isEmpty || waiting.reduce(size, { $0 + $1.size }) <= limits.bytesPerReference
        else { return .crowded }
        let count = try transaction.waitingCount()
        guard count.events < limits.events, count.bytes + size <= limits.bytes else { return .full }
        try transaction.hold(
            WaitingEvent(
                event: inbound.key, type: event.type.rawValue, digest: inbound.digest, reference: reference,
                ruleTime: event.ruleTime, arrived: clock, endsAt: limits.end(of: event, arrived: clock), size: size),
            sealed, traces: try traces(of: message, inbound.document), noticeAt: noticeAt(reference))
        return nil
    }

    /// Where the clock steps, no real time passes. What waits for a newer release lacks nothing that its sender could send.
    private func noticeAt(_ reference: RecordKey) -> Instant? {
        clockRuns && reference.kind != Self.newer(than: release).kind
            ? wall.adding(seconds: limits.noticeSeconds) : nil
    }

    /// What holds nothing of a person need not be found.
    private func traces(of message: HeldMessage, _ document: PersonalDocument?) throws -> Set<PersonalTrace> {
        let content = LetterContent(message)
        let isPersonal = document.map { !$0.parts.isEmpty || $0.hasMore } ?? true
        guard isPersonal || !content.numbers.isEmpty else { return [] }
        return try vault.establishDigester(in: transaction).traces(of: content)
    }

    /// nil: it waits no longer, for it was decided meanwhile.
    func message(of waiting: WaitingEvent) throws -> HeldMessage? {
        guard let sealed = try transaction.waitingMessage(toDecide: waiting.event) else { return nil }
        // A worker of another release, which knows no waiting room, may have been handed the same event.
        guard try transaction.claims([waiting.event]).isEmpty else {
            try transaction.releaseWaiting([waiting.event])
            return nil
        }
        return try vault.openOrRemains(sealed, of: waiting)
    }

    /// The event as it was received. Its bounds were checked when it came.
    func read(_ message: HeldMessage, _ waiting: WaitingEvent) throws(RefusedDocument) -> InboundEvent {
        let (event, document) = try Event.readDocument(message.body, limits: .checkedBefore)
        return InboundEvent(
            event: event, body: message.body, document: document, delivery: message.delivery(to: stage.queue),
            digest: waiting.digest)
    }

    /// From now on nothing takes it any more; nil: it waits no longer, or somebody else lets it die.
    func letDie(
        _ waiting: WaitingEvent, _ message: HeldMessage, code: DeadLetterCode, cause: String
    ) throws -> DyingMessage? {
        let dying = DyingEvent(event: waiting, code: code.rawValue, cause: FailureMessages.clip(cause))
        return try transaction.letDie(dying, owner: worker) ? DyingMessage(dying, message, queue: stage.queue) : nil
    }

    /// Those whose senders are to be told that they wait.
    func takeNotices(limit: Int) throws -> [WaitingEvent] {
        guard clockRuns else { return [] }
        return try transaction.takeNotices(
            now: wall, again: wall.adding(seconds: limits.noticeSeconds), limit: limit)
    }

    /// Takes over what nobody living lets die.
    func takeOverDying(limit: Int) throws -> [DyingMessage] {
        try transaction.takeOverDying(by: worker, now: wall, limit: limit).compactMap { dying in
            guard let sealed = try transaction.waitingMessage(of: dying.event.event) else { return nil }
            return DyingMessage(dying, try vault.openOrRemains(sealed, of: dying.event), queue: stage.queue)
        }
    }
}
