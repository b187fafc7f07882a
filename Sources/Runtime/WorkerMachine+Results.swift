import Broker
import Monitoring
import Schema
import Store

extension WorkerMachine {
    // MARK: - Committed

    mutating func done(_ result: WorkResult, _ actions: inout [WorkerAction]) {
        guard case .working(let finished) = hand else { return }
        hand = .free
        clock = result.clock
        let isTakeOver = finished.work.isTakeOver
        let rows = isTakeOver ? outgoing.unknown(result.batch.rows, besides: confirmed.keys) : result.batch.rows
        publish(rows, sentAt: result.committedAt ?? wall, &actions)
        let dying = result.batch.dying
        letDie(isTakeOver ? outgoing.unknown(dying, besides: room.confirmed) : dying, &actions)
        tellOfWaiting(result.batch.notices, &actions)
        if result.batch.hasMoreWaiting { room.at = wall }
        count(result)
        for fault in result.batch.timerFaults {
            say(
                Trouble(.error, "a timer could not act; it is put aside for a minute"),
                [("cause", LoggedId.text(fault))],
                &actions)
        }
        switch finished.work {
        case .events:
            judge(finished.arrivals, result.batch.fates, &actions)
            sayRoom(result.batch.fates, &actions)
            if result.batch.fates.contains(where: \.isInJournal) { proveStore(&actions) }
        case .waiting:
            wentThroughWaiting(next: result.batch.nextWaiting)
            sayRoom([], &actions)
        case .timers:
            if clock.mode != .running { room.at = wall }
            if result.batch.timers > 0 { proveStore(&actions) }
            // There may be more of them than one batch takes, and one may have made another due.
            let hasActed = result.batch.timers > 0 || !result.batch.timerFaults.isEmpty
            // A record's periods of years may be due one after the other, each timer setting the next; events go before.
            let isIdle = subscription.inbox?.isEmpty ?? true
            let mayFollow = clock.mode == .running ? result.batch.timers > 0 && isIdle : hasActed
            if result.batch.hasMoreTimers || mayFollow { timersAt = wall }
            if result.batch.timersByPatience > 0 { sayPatience(result.batch.timersByPatience, &actions) }
            sayHeld(result.held, &actions)
            if let held = result.held, !hasActed, !result.batch.hasMoreTimers {
                holdTimers(held, finished.work, &actions)
            }
        case .oneTimer:
            if result.batch.timers > 0 { proveStore(&actions) }
            timersAt = wall
            if let next = result.batch.nextTimer, case .singly(_, let left) = timers, left > 1 {
                timers = .singly(.run(next), left: left - 1)
            } else {
                timers = .together
            }
        case .start(let limit):
            tookOver(rows, &actions)
            if result.batch.rows.count >= limit { ownRows = .uncertain }
        case .sweep(_, let limit, let includingOwn, _):
            tookOver(rows, &actions)
            beginMark(&actions)
            if limit > 0, result.batch.rows.count >= limit, includingOwn { ownRows = .uncertain }
            if limit > 0, max(result.batch.rows.count, result.batch.notices.count) >= limit,
                outgoing.count < limits.unconfirmed
            {
                sweepAt = wall
            }
        case .flush, .release, .end: break
        }
        if finished.work.hasWritten(result.batch), let channel = subscription.inbox?.channel {
            _ = subscription.on(channel) { $0.noteOtherWork() }
        }
    }

    /// Timers are due beyond the watermark. This worker's mark may bring it there; if it has not, others' are awaited.
    private mutating func holdTimers(_ held: HeldTimers, _ work: Work, _ actions: inout [WorkerAction]) {
        // Other stages may be away for days: the marks that come with each renewal of the lease tell when they are back.
        var isOthers = false
        if case .others = held.why, let since = heldSince?.since {
            isOthers = wall >= since.adding(seconds: limits.leaseSeconds)
        }
        var isTold = false
        if case .timers(_, _, let standing) = work { isTold = standing.mark != nil }
        if isTold || isOthers {
            timersAt = wall.adding(seconds: 1)
        } else {
            beginMark(&actions)
        }
    }

    /// Said once, when the timer that is due first has been held for longer than the policy's patience: the stage or one
    /// whose word it waits for has stood still for so long.
    private mutating func sayHeld(_ held: HeldTimers?, _ actions: inout [WorkerAction]) {
        guard let held else {
            if heldSince?.isSaid == true { actions.append(.log(LogLine(.info, "timers act again"))) }
            return heldSince = nil
        }
        if heldSince?.due != held.due { heldSince = HeldSince(due: held.due, since: wall) }
        guard let known = heldSince, !known.isSaid, wall >= known.since.adding(seconds: held.patienceSeconds) else {
            return
        }
        heldSince?.isSaid = true
        let why =
            switch held.why {
            case .own(let instant): "the stage is known to have been at rest up to \(instant)"
            case .others(let instant): "stages whose word may meet the deadline have come to \(instant)"
            case .strangers(let strangers):
                "the queue has \(strangers.consumers) consumers, and the stage \(strangers.workers) workers"
            }
        actions.append(
            .log(
                LogLine(
                    .warning, "timers are due and may not act; those that are waited for do not come on",
                    [("due", "\(held.due)"), ("cause", why)])))
    }

    /// Events that find no room to wait take the delay queues: they are judged later, and in any order.
    private mutating func sayRoom(_ fates: [InputFate], _ actions: inout [WorkerAction]) {
        let refused = fates.lazy.compactMap { if case .unknownReference(let what) = $0 { what } else { nil } }.first
        if let refused {
            if room.refusedAt == nil {
                actions.append(
                    .log(
                        LogLine(
                            .warning, "no room for an event that came before what it refers to; it is delayed",
                            [("cause", LoggedId.text(refused))])))
            }
            room.refusedAt = wall
        } else if let last = room.refusedAt, wall >= last.adding(minutes: 11) {
            // The longest delay is over: whatever found no room has come again.
            room.refusedAt = nil
            actions.append(.log(LogLine(.info, "there is room again for events that come too early")))
        }
    }

    private func sayPatience(_ count: Int, _ actions: inout [WorkerAction]) {
        actions.append(
            .log(
                LogLine(
                    .warning, "timers have acted by patience alone: the queue is never empty",
                    [("count", "\(count)"), ("patienceSeconds", "policy time.timerPatienceSeconds")])))
    }

    private func tookOver(_ rows: [OutboxRow], _ actions: inout [WorkerAction]) {
        guard !rows.isEmpty else { return }
        actions.append(.log(LogLine(.info, "took over unpublished events", [("count", "\(rows.count)")])))
    }

    private mutating func judge(_ arrivals: [Arrival], _ fates: [InputFate], _ actions: inout [WorkerAction]) {
        // Of a channel that is gone, the broker delivers everything again.
        guard let channel = subscription.inbox?.channel else { return }
        var settled: [UInt64] = []
        var deferred: [Arrival] = []
        for (arrival, fate) in zip(arrivals, fates) where arrival.delivery.channel == channel {
            switch fate {
            case .applied, .refused, .duplicate, .waiting:
                settled.append(arrival.delivery.tag)
                tally.settled.add(fate.outcome)
            case .idReused:
                reject(arrival.delivery, EventIdentity(of: arrival.inbound.event), .idReused, &actions)
            case .beyond(let what):
                leave(arrival.delivery, EventIdentity(of: arrival.inbound.event), what, &actions)
            case .unknownReference(let what):
                postpone(arrival, what, &actions)
            case .deferred: deferred.append(arrival)
            case .failed(let cause):
                let reason = DeadLetterReason(.permanent, code: .stageFault, message: cause)
                giveUp(arrival.delivery, EventIdentity(of: arrival.inbound.event), reason, &actions)
            }
        }
        settle(settled, channel, &actions)
        putBack(deferred, channel, &actions)
    }

    // MARK: - Rolled back

    /// How often the end is told, within two and a half seconds where the database refuses at once.
    static let endTries = 9

    mutating func failed(_ failure: StoreFailure, _ actions: inout [WorkerAction]) {
        guard case .working(var failed) = hand else { return }
        failed.failures += 1
        tally.storeFailures.add(StoreTrouble(failure.kind))
        if failed.work.mayLeaveRows { ownRows = .uncertain }
        switch (failure.kind, failed.work) {
        case (.corrupt, .events(_, let keys)):
            release(keys)
            doubt(failed.arrivals, failure, &actions)
        case (.corrupt, .waiting(let care)) where care.next(failure) != nil:
            hand = .free
            room.care = care.next(failure) ?? .together
            room.at = wall
        case (.corrupt, .timers(let keys, let limit, _)):
            // One of them breaks the batch: it must not hold up the others.
            release(keys)
            (timersAt, timers) = (wall, .singly(.look, left: limit))
            actions.append(
                .log(
                    LogLine(
                        .warning, "the timers could not run together; running them one by one",
                        [("cause", failure.description)])))
        case (.corrupt, .oneTimer(.run(let key), let keys)):
            release(keys)
            guard case .singly(_, let left) = timers else { return }
            (timersAt, timers) = (wall, .singly(.putAside(key, cause: failure.description), left: left))
        case (_, .end) where failed.failures >= Self.endTries:
            // Its lease ends by itself; whoever takes over what is confirmed publishes it once more, under the same ids.
            hand = .free
            actions.append(
                .log(
                    LogLine(
                        .warning, "the database cannot be told of the end; what this worker leaves is taken over later",
                        [("cause", failure.description)])))
            close(&actions)
        default:
            hand = .pausing(failed, until: Instant(microseconds: wall.microseconds + Self.backoff(failed.failures)))
            guard failed.failures == 1 || failed.failures.isMultiple(of: 60) else { return }
            actions.append(
                .log(
                    LogLine(
                        failure.kind == .transient ? .warning : .error, "the database failed; trying again",
                        [("cause", failure.description), ("failures", "\(failed.failures)")])))
        }
    }

    /// Lets go of the work in hand; the next transaction takes along what this one should have removed.
    private mutating func release(_ keys: [OutboxKey]) {
        hand = .free
        confirm(keys)
    }

    // MARK: - The message or the database

    /// The database refuses the batch by what it carries. The messages run one by one, so that none harms its neighbour;
    /// one that fails alone is not given up before it is clear that the message is to blame (`Doubt`).
    private mutating func doubt(_ arrivals: [Arrival], _ failure: StoreFailure, _ actions: inout [WorkerAction]) {
        guard let first = arrivals.first else { return }
        let channel = first.delivery.channel
        guard !subscription.isEnded else {
            // The subscription is ending: others will see.
            let tags = arrivals.map(\.delivery.tag)
            if subscription.on(channel, { $0.tags.forget(tags) }) != nil { handBack(tags, channel, &actions) }
            return
        }
        // Also a single one: what waited for it may be to blame, and goes without it now.
        guard arrivals.count == 1, first.inbound.isAlone else {
            _ = subscription.on(channel) { $0.isolate(arrivals) }
            return
        }
        let (wall, isProven, seconds) = (wall, isStoreProven, limits.doubtSeconds)
        isStoreProven = false
        let doubt = subscription.on(channel) {
            $0.suspect(Suspect(arrival: first, failure: failure), wall: wall, isProven: isProven)
        }
        if let condemned = subscription.on(channel, { $0.condemn(wall: wall, seconds: seconds) }) ?? nil {
            return giveUp(condemned, &actions)
        }
        guard let doubt, doubt.tries == 2 || doubt.tries.isMultiple(of: 60) else { return }
        actions.append(
            .log(
                LogLine(
                    .error, "the database refuses one event after another; none is given up, trying again",
                    [("cause", failure.description), ("failures", "\(doubt.tries)")])))
    }

    /// An event or a timer has come into the journal: what had failed alone right before it is to blame itself.
    private mutating func proveStore(_ actions: inout [WorkerAction]) {
        isStoreProven = true
        guard let channel = subscription.inbox?.channel,
            let guilty = subscription.on(channel, { $0.acquit() }) ?? nil
        else { return }
        giveUp(guilty, &actions)
    }

    private mutating func giveUp(_ guilty: Suspect, _ actions: inout [WorkerAction]) {
        let reason = DeadLetterReason(.permanent, code: .storeFault, message: guilty.failure.description)
        giveUp(guilty.arrival.delivery, EventIdentity(of: guilty.arrival.inbound.event), reason, &actions)
    }
}

extension InputFate {
    /// All others write nothing where an event is decided, so a database that takes nothing agrees to them too.
    fileprivate var isInJournal: Bool {
        switch self {
        case .applied, .refused: true
        case .duplicate, .idReused, .unknownReference, .waiting, .deferred, .beyond, .failed: false
        }
    }
}

extension Work {
    /// It has changed something in the store, as far as its result tells.
    fileprivate func hasWritten(_ result: BatchResult) -> Bool {
        switch self {
        case .start, .sweep, .flush, .release, .end: true
        case .events: result.fates.contains { $0.isInJournal || $0 == .waiting }
        case .timers, .oneTimer: result.timers > 0
        case .waiting: !result.rows.isEmpty || !result.dying.isEmpty
        }
    }

    var isTakeOver: Bool {
        switch self {
        case .start, .sweep: true
        case .events, .timers, .oneTimer, .waiting, .release, .flush, .end: false
        }
    }

    /// If it is reported as failed and was committed nevertheless, rows lie in the outbox that nobody publishes.
    var mayLeaveRows: Bool {
        switch self {
        case .start, .sweep, .events, .timers, .oneTimer, .waiting: true
        case .flush, .release, .end: false
        }
    }
}
