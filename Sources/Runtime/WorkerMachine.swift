import Broker
import Schema
import Store

/// The life of a worker as a synchronous state machine: an event goes in, actions come out. It does no I/O and reads no
/// clock, so a seed replays a run exactly; the shell (`Worker`) or the simulator performs the actions.
///
/// One transaction is in hand at a time; meanwhile deliveries gather (up to the prefetch count), so batches grow with
/// the load. A delivery is acknowledged once its fate is committed, or once its dead letter or delayed copy is confirmed.
package struct WorkerMachine: Sendable {
    package enum Phase: Sendable { case running, draining, closing, finished }

    let name: WorkerId
    let stage: StageName
    let routes: Routes
    let limits: WorkerLimits
    let failures: FailureMessages

    package internal(set) var phase = Phase.running
    var wall: Instant
    var clock: ClockReading
    /// Decoded, not yet in a batch.
    var waiting: [Arrival] = []
    /// Deliveries of a batch that the database refused: each runs alone.
    var alone: Set<UInt64> = []
    var tags = TagTracker()
    var current: Current?
    var outgoing = OutgoingWindow()
    var confirmed: [OutboxKey] = []
    var schedule: Schedule
    private var isSubscriptionEnded = false
    /// Of consumer and publisher, how many have closed.
    private var closedHalves = 0
    private var hasStarted = false
    private var hasEnded = false
    /// The outbox may hold rows under this worker's lease that it does not know: of a transaction that was committed
    /// though it was reported as failed, or beyond the limit of one take-over.
    var mayOwnUnknownRows = false

    /// A decoded delivery.
    struct Arrival: Sendable {
        let delivery: Delivery
        let inbound: InboundEvent
    }

    /// The work in hand and the deliveries it is for.
    struct Current: Sendable {
        var work: Work
        var arrivals: [Arrival] = []
        var failures = 0
        /// Set while waiting to run it again.
        var retryAt: Instant?
    }

    /// When what is regular is next due, on the wall clock.
    struct Schedule: Sendable {
        var sweepAt: Instant
        var timersAt: Instant
        var flushAt: Instant?
        var republishAt: Instant?
    }

    /// - Parameter clock: what the business clock says at the start; deliveries may come before the first tick.
    package init(
        stage: StageName, name: WorkerId, routes: Routes, limits: WorkerLimits, wall: Instant,
        clock: ClockReading = ClockReading(now: .distantPast)
    ) {
        self.clock = clock
        self.name = name
        self.stage = stage
        self.routes = routes
        self.limits = limits
        self.wall = wall
        failures = FailureMessages(stage: stage, worker: name)
        schedule = Schedule(sweepAt: wall, timersAt: wall)
    }

    /// Nothing in hand, nothing waiting, nothing unconfirmed.
    package var isIdle: Bool {
        current == nil && waiting.isEmpty && outgoing.isEmpty && confirmed.isEmpty
    }

    package mutating func handle(_ event: WorkerEvent) -> [WorkerAction] {
        var actions: [WorkerAction] = []
        switch event {
        case .consumer(let event): consumer(event, &actions)
        case .publisher(let event): publisher(event, &actions)
        case .done(let result): done(result, &actions)
        case .failed(let failure): failed(failure, &actions)
        case .tick(let wall, let clock): tick(wall, clock, &actions)
        case .stop: stop(&actions)
        case .drainLimit: drainLimit(&actions)
        }
        proceed(&actions)
        return actions
    }

    // MARK: - Deliveries

    private mutating func consumer(_ event: ConsumerEvent, _ actions: inout [WorkerAction]) {
        switch event {
        case .subscribed(let channel):
            tags = TagTracker(channel: channel)
            waiting.removeAll()
            alone.removeAll()
            actions.append(.log(LogLine(.info, "consuming", [("queue", stage.queue)])))
        case .delivered(let deliveries):
            for delivery in deliveries { receive(delivery, &actions) }
        case .lost(let failure):
            tags = TagTracker()
            waiting.removeAll()
            actions.append(.log(LogLine(.warning, "the subscription is lost; trying again", [("cause", "\(failure)")])))
        case .cancelled:
            isSubscriptionEnded = true
            let started = Set(current?.arrivals.map(\.delivery.tag) ?? [])
            let unstarted = waiting.map(\.delivery.tag).filter { !started.contains($0) }
            waiting.removeAll()
            if !unstarted.isEmpty, let channel = tags.channel {
                tags.forget(unstarted)
                actions.append(.requeue(tags: unstarted, channel: channel))
            }
        case .closed:
            halfClosed()
        }
    }

    mutating func halfClosed() { closedHalves += 1 }

    private mutating func receive(_ delivery: Delivery, _ actions: inout [WorkerAction]) {
        guard delivery.channel == tags.channel else { return }
        tags.received(delivery.tag)
        let properties = delivery.properties
        let hints = EnvelopeHints(
            messageId: properties.messageId, type: properties.type, correlationId: properties.correlationId)
        if let bytes = delivery.oversized {
            let reason = DeadLetterReason(
                .schema, code: "oversized",
                message: "a body of \(bytes) bytes, more than the consumer takes; the body is not kept")
            return reject(delivery, EventIdentity(of: hints), reason, &actions)
        }
        do throws(RefusedDocument) {
            let (event, document) = try Event.readDocument(delivery.body, hints: hints, limits: limits.document)
            let inbound = InboundEvent(event: event, body: delivery.body, document: document)
            waiting.append(Arrival(delivery: delivery, inbound: inbound))
        } catch  where isOfNewerRelease(error, delivery) {
            leave(delivery, error.identity, error.identity.type ?? "its type", &actions)
        } catch {
            let reason = DeadLetterReason(
                .schema, code: "contract", message: "the contract refuses it: \(error.faults.count) faults",
                faults: error.faults)
            reject(delivery, error.identity, reason, &actions)
        }
    }

    /// A type that this contract has in no version, and yet its name is bound to the stage's queue: a newer release has
    /// bound it. What nobody has bound never comes here.
    private func isOfNewerRelease(_ refused: RefusedDocument, _ delivery: Delivery) -> Bool {
        let key = FailureHistory(delivery).routingKey
        guard let type = refused.identity.type, type == EventType(key).wireName else { return false }
        return refused.faults.contains { $0.rule == "unknown-type" }
    }

    /// Dead letter and `event.rejected`; the delivery is acknowledged when both are confirmed.
    mutating func reject(
        _ delivery: Delivery, _ identity: EventIdentity, _ reason: DeadLetterReason, _ actions: inout [WorkerAction]
    ) {
        var publications = [failures.deadLetter(delivery, reason, ticket: outgoing.nextTicket(), wall: wall)]
        do {
            publications.append(
                try failures.rejection(
                    of: identity, body: delivery.body, faults: reason.told,
                    ticket: outgoing.nextTicket(), clock: clock.now))
        } catch {
            actions.append(.log(LogLine(.error, "event.rejected could not be written", [("cause", "\(error)")])))
        }
        settleAfter(publications, delivery, &actions)
        actions.append(
            .log(
                LogLine(
                    .warning, "dead letter",
                    [("class", reason.class.rawValue), ("code", reason.code), ("event", identity.id ?? "unknown")])))
    }

    /// Publishes a dead letter without `event.rejected`.
    mutating func giveUp(
        _ delivery: Delivery, _ event: String?, _ reason: DeadLetterReason, _ actions: inout [WorkerAction]
    ) {
        let publication = failures.deadLetter(delivery, reason, ticket: outgoing.nextTicket(), wall: wall)
        settleAfter([publication], delivery, &actions)
        actions.append(
            .log(
                LogLine(
                    .error, "dead letter",
                    [
                        ("class", reason.class.rawValue), ("code", reason.code),
                        ("event", event ?? "unknown"), ("cause", reason.message),
                    ])))
    }

    mutating func settleAfter(
        _ publications: [Publication], _ delivery: Delivery, _ actions: inout [WorkerAction]
    ) {
        outgoing.add(publications, settling: DeliveryReference(tag: delivery.tag, channel: delivery.channel))
        if outgoing.isReady { actions.append(.publish(outgoing.takeUnsent())) }
    }

    mutating func settle(_ settled: [UInt64], _ channel: UInt64, _ actions: inout [WorkerAction]) {
        guard channel == tags.channel, !settled.isEmpty else { return }
        switch tags.settle(settled) {
        case .through(let tag): actions.append(.acknowledgeThrough(tag: tag, channel: channel))
        case .single(let tags): actions.append(.acknowledge(tags: tags, channel: channel))
        case .none: break
        }
    }

    // MARK: - Going on

    /// Begins the next work if there is any and nothing is in hand.
    private mutating func proceed(_ actions: inout [WorkerAction]) {
        if outgoing.isReady, outgoing.hasUnsent { actions.append(.publish(outgoing.takeUnsent())) }
        guard current == nil else { return }
        guard hasStarted else {
            hasStarted = true
            return begin(Current(work: .start(limit: limits.unconfirmed)), &actions)
        }
        switch phase {
        case .running: proceedRunning(&actions)
        case .draining: proceedDraining(&actions)
        case .closing:
            if closedHalves >= 2 {
                phase = .finished
                actions.append(.finished)
            }
        case .finished: break
        }
    }

    private mutating func proceedRunning(_ actions: inout [WorkerAction]) {
        let room = max(0, limits.unconfirmed - outgoing.count)
        if wall >= schedule.sweepAt || (mayOwnUnknownRows && room > 0) {
            let third = limits.leaseSeconds * 1_000_000 / 3
            schedule.sweepAt = Instant(microseconds: wall.microseconds + third)
            let confirmed = takeConfirmed()
            // What it knows comes up too, and must not crowd out what it does not.
            let ownToo = mayOwnUnknownRows && room > 0
            let limit = min(limits.batch, room) + (ownToo ? outgoing.count : 0)
            if ownToo { mayOwnUnknownRows = false }
            let work = Work.sweep(confirmed: confirmed, limit: limit, includingOwn: ownToo)
            return begin(Current(work: work), &actions)
        }
        guard outgoing.count < limits.unconfirmed else { return }
        if wall >= schedule.timersAt, clock.allowsTimers(of: stage) {
            schedule.timersAt = Instant(microseconds: wall.microseconds + limits.timerMicroseconds)
            return begin(Current(work: .timers(confirmed: takeConfirmed(), limit: limits.batch)), &actions)
        }
        if !waiting.isEmpty {
            let size = waiting.prefix(limits.batch).prefix { !alone.contains($0.delivery.tag) }.count
            let arrivals = Array(waiting.prefix(max(size, 1)))
            waiting.removeFirst(arrivals.count)
            let work = Work.events(arrivals.map(\.inbound), confirmed: takeConfirmed())
            return begin(Current(work: work, arrivals: arrivals), &actions)
        }
        if let flushAt = schedule.flushAt, wall >= flushAt, !confirmed.isEmpty {
            begin(Current(work: .flush(takeConfirmed())), &actions)
        }
    }

    private mutating func proceedDraining(_ actions: inout [WorkerAction]) {
        guard isSubscriptionEnded, outgoing.isEmpty || !outgoing.isReady else { return }
        if !hasEnded {
            hasEnded = true
            return begin(Current(work: .end(takeConfirmed())), &actions)
        }
        close(&actions)
    }

    private mutating func close(_ actions: inout [WorkerAction]) {
        guard phase != .closing, phase != .finished else { return }
        phase = .closing
        actions.append(.closeConsumer)
        actions.append(.closePublisher)
    }

    private mutating func begin(_ next: Current, _ actions: inout [WorkerAction]) {
        current = next
        actions.append(.run(next.work))
    }

    private mutating func takeConfirmed() -> [OutboxKey] {
        defer {
            confirmed.removeAll(keepingCapacity: true)
            schedule.flushAt = nil
        }
        return confirmed
    }

    private mutating func tick(_ wall: Instant, _ clock: ClockReading, _ actions: inout [WorkerAction]) {
        if case .stepped = clock.mode, clock != self.clock { schedule.timersAt = wall }
        (self.wall, self.clock) = (wall, clock)
        if let retryAt = current?.retryAt, wall >= retryAt {
            current?.retryAt = nil
            if let work = current?.work { actions.append(.run(work)) }
        }
        if let republishAt = schedule.republishAt, wall >= republishAt {
            schedule.republishAt = nil
            outgoing.resendHeld()
        }
    }

    private mutating func stop(_ actions: inout [WorkerAction]) {
        guard phase == .running else { return }
        phase = .draining
        actions.append(.log(LogLine(.info, "draining", [("unconfirmed", "\(outgoing.count)")])))
        actions.append(.cancelConsumer)
    }

    private mutating func drainLimit(_ actions: inout [WorkerAction]) {
        guard phase == .running || phase == .draining else { return }
        actions.append(
            .log(
                LogLine(
                    .warning, "the drain limit is over; what is unconfirmed stays in the outbox",
                    [("unconfirmed", "\(outgoing.count)")])))
        current = nil
        close(&actions)
    }
}
