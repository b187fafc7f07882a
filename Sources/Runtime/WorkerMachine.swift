import Broker
import Monitoring
import Schema
import Store

/// The life of a worker as a synchronous state machine: an event goes in, actions come out. It does no I/O and reads no
/// clock, so a seed replays a run exactly; the shell (`Worker`) or the simulator performs the actions.
///
/// One transaction is in hand at a time; meanwhile deliveries gather (up to the prefetch count), so batches grow with
/// the load. A delivery is acknowledged once its fate is committed, or once its dead letter or delayed copy is confirmed.
package struct WorkerMachine: Sendable {
    let name: WorkerId
    let stage: StageName
    let routes: Routes
    let limits: WorkerLimits
    let failures: FailureMessages

    var wall: Instant
    var clock: ClockReading
    var life = Life.running
    /// It ends as soon as everything that was delivered is settled.
    var isLeaving = false
    var hand = Hand.unstarted
    var subscription = Subscription.none
    var width: PrefetchWidth
    var outgoing = OutgoingWindow()
    var confirmed = ConfirmedRows()
    var ownRows = OwnRows.known
    /// The last transaction that took an event or ran a timer was committed.
    var isStoreProven = false
    /// When lease and outbox are next looked after, on the wall clock.
    var sweepAt: Instant
    /// When due timers are next looked for, on the wall clock.
    var timersAt: Instant
    var room: RoomCare
    var timers = Timers.together
    var heldSince: HeldSince?
    var isBlocked = false
    /// Wall time at which a message last found no queue that the topology promises.
    var returnedAt: Instant?
    var troubles = Troubles()
    package var tally = Tally()

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
        width = PrefetchWidth(limits)
        self.wall = wall
        failures = FailureMessages(stage: stage, worker: name)
        (sweepAt, timersAt) = (wall, wall)
        room = RoomCare(at: Instant(microseconds: wall.microseconds + limits.leaseSeconds * 1_000_000 / 3))
    }

    /// The prefetch count to begin with.
    package var prefetch: Int { width.current }

    var isAtWork: Bool { hand.job != nil }

    /// Nothing in hand, nothing waiting, nothing unconfirmed.
    package var isIdle: Bool {
        !isAtWork && subscription.inbox?.isEmpty ?? true && outgoing.isEmpty && confirmed.isEmpty
            && room.confirmed.isEmpty && room.told.isEmpty
    }

    package mutating func handle(_ event: WorkerEvent) -> [WorkerAction] {
        var actions: [WorkerAction] = []
        switch event {
        case .consumer(let event): consumer(event, &actions)
        case .publisher(let event): publisher(event, &actions)
        case .markBegun(let asked, let marks): markBegun(asked, marks)
        case .done(let result): done(result, &actions)
        case .failed(let failure): failed(failure, &actions)
        case .tick(let wall, let clock): tick(wall, clock, &actions)
        case .drain: drain(&actions)
        case .stop: stop(&actions)
        case .drainLimit: drainLimit(&actions)
        }
        proceed(&actions)
        return actions
    }

    // MARK: - Going on

    /// Begins the next work if there is any and nothing is in hand.
    private mutating func proceed(_ actions: inout [WorkerAction]) {
        if outgoing.isReady, outgoing.hasUnsent { actions.append(.publish(outgoing.takeUnsent())) }
        resize(&actions)
        switch (hand, life) {
        case (.working, _), (.pausing, _), (_, .finished): break
        case (_, .closing(let awaited)):
            if awaited.isEmpty {
                life = .finished
                actions += troubles.takeEnded(at: wall, isLast: true).map { .log($0) }
                actions.append(.finished)
            }
        case (.unstarted, _): begin(.start(limit: limits.unconfirmed), &actions)
        case (.free, .running): proceedRunning(&actions)
        case (.free, .draining), (.free, .ending): proceedDraining(&actions)
        }
    }

    private mutating func proceedRunning(_ actions: inout [WorkerAction]) {
        let room = outgoing.bytes < limits.memoryBytes ? max(0, limits.unconfirmed - outgoing.count) : 0
        let ownToo = ownRows == .uncertain && room > 0
        if wall >= sweepAt || ownToo {
            sweepAt = Instant(microseconds: wall.microseconds + limits.leaseSeconds * 1_000_000 / 3)
            if ownToo { ownRows = .known }
            // What it knows comes up too, and must not crowd out what it does not.
            let limit = min(limits.batch, room) + (ownToo ? outgoing.count : 0)
            let work = Work.sweep(
                confirmed: confirmed.take(), limit: limit, includingOwn: ownToo, standing: subscription.takeStanding())
            return begin(work, &actions)
        }
        guard room > 0 else { return }
        if wall >= timersAt, clock.allowsTimers(of: stage) {
            timersAt = Instant(microseconds: wall.microseconds + limits.timerMicroseconds)
            switch timers {
            case .together:
                let standing = subscription.takeStanding()
                // Mostly only a look, which is not made a transaction that writes for what the next batch takes with it.
                let isBatchNext =
                    subscription.inbox.map { !$0.isEmpty } ?? false && confirmed.keys.count < limits.unconfirmed
                let onlyLooks =
                    clock.mode == .running && standing.mark == nil && (isBatchNext || !confirmed.isDue(wall))
                let removed = onlyLooks ? [] : confirmed.take()
                return begin(.timers(confirmed: removed, limit: limits.batch, standing: standing), &actions)
            case .singly(let step, _): return begin(.oneTimer(step, confirmed: confirmed.take()), &actions)
            }
        }
        if let work = workOnWaiting() { return begin(work, &actions) }
        let arrivals = subscription.takeBatch(limits, wall: wall).map { $0.coming(isLast: isFinal($0)) }
        if !arrivals.isEmpty {
            return begin(.events(arrivals.map(\.inbound), confirmed: confirmed.take()), for: arrivals, &actions)
        }
        if confirmed.isDue(wall) { begin(.flush(confirmed.take()), &actions) }
    }

    private mutating func proceedDraining(_ actions: inout [WorkerAction]) {
        guard subscription.isEnded, outgoing.isEmpty || !outgoing.isReady else { return }
        if case .ending = life { return close(&actions) }
        life = .ending
        begin(.end(confirmed.take()), &actions)
    }

    private mutating func begin(_ work: Work, for arrivals: [Arrival] = [], _ actions: inout [WorkerAction]) {
        hand = .working(Job(work: work, arrivals: arrivals))
        actions.append(.run(work))
    }

    mutating func close(_ actions: inout [WorkerAction]) {
        life = .closing(awaited: [.consumer, .publisher])
        actions.append(.closeConsumer)
        actions.append(.closePublisher)
    }

    mutating func closed(_ half: Half) {
        guard case .closing(var awaited) = life else { return }
        awaited.remove(half)
        life = .closing(awaited: awaited)
    }

    // MARK: - Time and signals

    private mutating func tick(_ wall: Instant, _ clock: ClockReading, _ actions: inout [WorkerAction]) {
        if case .stepped = clock.mode, clock != self.clock { (timersAt, room.at) = (wall, wall) }
        (self.wall, self.clock) = (wall, clock)
        actions += troubles.takeEnded(at: wall).map { .log($0) }
        if case .pausing(let job, let until) = hand, wall >= until {
            hand = .working(job)
            actions.append(.run(job.work))
        }
        outgoing.resendDue(at: wall)
    }

    private mutating func drain(_ actions: inout [WorkerAction]) {
        guard case .running = life, !isLeaving else { return }
        isLeaving = true
        let inHand = subscription.inbox?.tags.count ?? 0
        actions.append(.log(LogLine(.info, "taking nothing new", [("inHand", "\(inHand)")])))
        switch subscription {
        case .open(let inbox):
            subscription = .resizing(inbox, to: width.current, .due(since: wall))
        // Its cancellation is on its way.
        case .resizing: break
        // It may just be consuming anew: what comes until it is cancelled is settled too.
        case .none: actions.append(.cancelConsumer)
        case .ended: stop(&actions)
        }
    }

    mutating func stop(_ actions: inout [WorkerAction]) {
        guard case .running = life else { return }
        life = .draining
        actions.append(.log(LogLine(.info, "draining", [("unconfirmed", "\(outgoing.count)")])))
        switch subscription {
        case .resizing(_, _, .done): endSubscription(&actions)
        // Its cancellation is on its way.
        case .resizing(_, _, .said): break
        case .resizing(_, _, .due): cancelNow(&actions)
        case .none, .open, .ended: actions.append(.cancelConsumer)
        }
    }

    private mutating func drainLimit(_ actions: inout [WorkerAction]) {
        switch life {
        case .closing, .finished: return
        case .running, .draining, .ending: break
        }
        actions.append(
            .log(
                LogLine(
                    .warning, "the drain limit is over; what is unconfirmed stays in the outbox",
                    [("unconfirmed", "\(outgoing.count)")])))
        // What becomes of the work in hand is not waited for.
        hand = .free
        close(&actions)
    }
}
