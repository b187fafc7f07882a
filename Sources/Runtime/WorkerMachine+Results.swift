import Broker
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
        publish(rows, &actions)
        letDie(result.batch.dying, &actions)
        if result.batch.hasMoreWaiting { room.at = wall }
        for fault in result.batch.timerFaults {
            actions.append(.log(LogLine(.error, "a timer could not act; it stays due", [("cause", fault)])))
        }
        switch finished.work {
        case .events:
            judge(finished.arrivals, result.batch.fates, &actions)
        case .waiting: wentThroughWaiting(hasMore: result.batch.hasMoreWaiting)
        case .timers:
            if clock.mode != .running { room.at = wall }
            // There may be more of them than one batch takes, and one may have made another due.
            let isStepped = clock.mode != .running
            if result.batch.timers > 0, isStepped || result.batch.hasMoreTimers { timersAt = wall }
            if !result.batch.timerFaults.isEmpty { timersAt = wall.adding(seconds: 60) }
        case .start(let limit):
            tookOver(rows, &actions)
            if result.batch.rows.count >= limit { ownRows = .uncertain }
        case .sweep(_, let limit, let includingOwn):
            tookOver(rows, &actions)
            if limit > 0, result.batch.rows.count >= limit {
                if includingOwn { ownRows = .uncertain }
                if outgoing.count < limits.unconfirmed { sweepAt = wall }
            }
        case .flush, .release, .end: break
        }
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
            case .idReused:
                let reason = DeadLetterReason(
                    .schema, code: "id-reused", message: "the same source and id came before with another body")
                reject(arrival.delivery, EventIdentity(of: arrival.inbound.event), reason, &actions)
            case .beyond(let what):
                leave(arrival.delivery, EventIdentity(of: arrival.inbound.event), what, &actions)
            case .unknownReference(let what):
                postpone(arrival, what, &actions)
            case .deferred: deferred.append(arrival)
            case .failed(let cause):
                let reason = DeadLetterReason(.permanent, code: "stage-fault", message: cause)
                giveUp(arrival.delivery, arrival.inbound.event.id, reason, &actions)
            }
        }
        settle(settled, channel, &actions)
        putBack(deferred, channel, &actions)
    }

    // MARK: - Rolled back

    mutating func failed(_ failure: StoreFailure, _ actions: inout [WorkerAction]) {
        guard case .working(var failed) = hand else { return }
        failed.failures += 1
        if failed.work.mayLeaveRows { ownRows = .uncertain }
        switch (failure.kind, failed.work) {
        case (.corrupt, .events(_, let keys)):
            release(keys)
            giveUpBatch(failed.arrivals, failure, &actions)
        case (.corrupt, .waiting(let care)) where care.next(failure) != nil:
            hand = .free
            room.care = care.next(failure) ?? .together
            room.at = wall
        case (.corrupt, .timers(let keys, _)):
            // Events must go on meanwhile.
            release(keys)
            timersAt = wall.adding(seconds: 60)
            actions.append(
                .log(
                    LogLine(
                        .error, "the timers could not run; trying again in a minute",
                        [("cause", failure.description)])))
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

    /// One message of the batch breaks it: they run one by one, so that it harms no neighbour, and alone it is given up.
    private mutating func giveUpBatch(
        _ arrivals: [Arrival], _ failure: StoreFailure, _ actions: inout [WorkerAction]
    ) {
        guard let first = arrivals.first else { return }
        guard arrivals.count == 1 else {
            _ = subscription.on(first.delivery.channel) { $0.isolate(arrivals) }
            return
        }
        let reason = DeadLetterReason(.permanent, code: "store-fault", message: failure.description)
        giveUp(first.delivery, first.inbound.event.id, reason, &actions)
    }

    /// In microseconds: 10 ms, doubled each time up to 5 s.
    private static func backoff(_ failures: Int) -> Int64 {
        min(5_000_000, 10_000 << Int64(min(failures - 1, 10)))
    }
}

extension Work {
    var isTakeOver: Bool {
        switch self {
        case .start, .sweep: true
        case .events, .timers, .waiting, .release, .flush, .end: false
        }
    }

    /// If it is reported as failed and was committed nevertheless, rows lie in the outbox that nobody publishes.
    var mayLeaveRows: Bool {
        switch self {
        case .start, .sweep, .events, .timers, .waiting: true
        case .flush, .release, .end: false
        }
    }
}
