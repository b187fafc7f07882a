import Broker
import Schema
import Store

extension WorkerMachine {
    // MARK: - Committed

    mutating func done(_ result: WorkResult, _ actions: inout [WorkerAction]) {
        guard let finished = current else { return }
        current = nil
        clock = result.clock
        let isTakeOver = finished.work.isTakeOver
        let rows = isTakeOver ? outgoing.unknown(result.batch.rows, besides: confirmed) : result.batch.rows
        publish(rows, &actions)
        for fault in result.batch.timerFaults {
            actions.append(.log(LogLine(.error, "a timer could not act; it stays due", [("cause", fault)])))
        }
        switch finished.work {
        case .events:
            judge(finished.arrivals, result.batch.fates, &actions)
        case .timers:
            // There may be more of them than one batch takes, and one may have made another due.
            let isStepped = clock.mode != .running
            if result.batch.timers > 0, isStepped || result.batch.hasMoreTimers { schedule.timersAt = wall }
            if !result.batch.timerFaults.isEmpty { schedule.timersAt = wall.adding(seconds: 60) }
        case .start(let limit):
            tookOver(rows, &actions)
            if result.batch.rows.count >= limit { mayOwnUnknownRows = true }
        case .sweep(_, let limit, let includingOwn):
            tookOver(rows, &actions)
            if limit > 0, result.batch.rows.count >= limit {
                if includingOwn { mayOwnUnknownRows = true }
                if outgoing.count < limits.unconfirmed { schedule.sweepAt = wall }
            }
        case .flush, .end: break
        }
    }

    private func tookOver(_ rows: [OutboxRow], _ actions: inout [WorkerAction]) {
        guard !rows.isEmpty else { return }
        actions.append(.log(LogLine(.info, "took over unpublished events", [("count", "\(rows.count)")])))
    }

    private mutating func judge(_ arrivals: [Arrival], _ fates: [InputFate], _ actions: inout [WorkerAction]) {
        var settled: [UInt64] = []
        for (arrival, fate) in zip(arrivals, fates) where arrival.delivery.channel == tags.channel {
            switch fate {
            case .applied, .refused, .duplicate:
                settled.append(arrival.delivery.tag)
            case .idReused:
                let reason = DeadLetterReason(
                    .schema, code: "id-reused", message: "the same source and id came before with another body")
                reject(arrival.delivery, EventIdentity(of: arrival.inbound.event), reason, &actions)
            case .beyond(let what):
                leave(arrival.delivery, EventIdentity(of: arrival.inbound.event), what, &actions)
            case .unknownReference(let what):
                postpone(arrival, what, &actions)
            case .failed(let cause):
                let reason = DeadLetterReason(.permanent, code: "stage-fault", message: cause)
                giveUp(arrival.delivery, arrival.inbound.event.id, reason, &actions)
            }
        }
        if let channel = tags.channel { settle(settled, channel, &actions) }
    }

    /// Not applicable yet: a delayed copy, or a dead letter when the event is too old to wait any longer.
    private mutating func postpone(_ arrival: Arrival, _ what: String, _ actions: inout [WorkerAction]) {
        guard !isFinal(arrival) else {
            let reason = DeadLetterReason(
                .transient, code: "unknown-reference", message: "refers to \(what), which this stage does not know")
            return giveUp(arrival.delivery, arrival.inbound.event.id, reason, &actions)
        }
        let copy = failures.retry(arrival.delivery, ticket: outgoing.nextTicket(), wall: wall)
        settleAfter([copy], arrival.delivery, &actions)
    }

    /// Left to a worker of a newer release: a delayed copy, or a dead letter when none has come for as long as an event
    /// waits for what it refers to.
    mutating func leave(
        _ delivery: Delivery, _ identity: EventIdentity, _ what: String, _ actions: inout [WorkerAction]
    ) {
        let isFinal: Bool
        if case .stepped = clock.mode {
            isFinal = clock.isLastCall
        } else {
            isFinal = hasWaitedLongest(FailureHistory(delivery))
        }
        guard !isFinal else {
            let reason = DeadLetterReason(
                .transient, code: "newer-release", message: "takes a newer release: \(what)")
            return giveUp(delivery, identity.id, reason, &actions)
        }
        let copy = failures.retry(delivery, ticket: outgoing.nextTicket(), wall: wall)
        settleAfter([copy], delivery, &actions)
        actions.append(.log(LogLine(.warning, "an event is left to a worker of a newer release", [("cause", what)])))
    }

    /// Has it waited long enough for what it refers to?
    ///
    /// Under the stepped clock the instant says so. Otherwise an event of upstream waits until it is a day old, and
    /// through the short delays in any case: what is filled in later is old when it comes, and may still overtake the
    /// event that it refers to. An event of a stage carries its rule's time, which may lie anywhere in the past. No event
    /// waits for more than a day of the wall clock, though it says that it comes from the future.
    private func isFinal(_ arrival: Arrival) -> Bool {
        if case .stepped = clock.mode { return clock.isLastCall }
        let history = FailureHistory(arrival.delivery)
        if hasWaitedLongest(history) { return true }
        if StageName.allCases.contains(where: { $0.source == arrival.inbound.event.source }) { return false }
        let isTried = RetryDelay.after(attempts: history.attempts + 1) != .fiveSeconds
        return isTried && clock.now >= arrival.inbound.event.time.adding(hours: limits.referenceHours)
    }

    /// By the wall clock, since its first failure.
    private func hasWaitedLongest(_ history: FailureHistory) -> Bool {
        let first = history.firstAt.flatMap(Instant.init(rfc3339:)) ?? wall
        return wall >= first.adding(hours: limits.referenceHours)
    }

    mutating func publish(_ rows: [OutboxRow], _ actions: inout [WorkerAction]) {
        guard !rows.isEmpty else { return }
        for row in rows {
            let output = row.output
            let type = EventType(output.type)
            let publication = Publication(
                ticket: outgoing.nextTicket(), exchange: output.exchange, routingKey: output.routingKey,
                mandatory: routes.isPromised(exchange: output.exchange, type: type),
                properties: .of(
                    id: output.id, type: type.wireName, correlation: output.correlation, time: nil),
                body: output.body)
            outgoing.add(publication, row.key)
        }
        if outgoing.isReady { actions.append(.publish(outgoing.takeUnsent())) }
    }

    // MARK: - Rolled back

    mutating func failed(_ failure: StoreFailure, _ actions: inout [WorkerAction]) {
        guard var failed = current else { return }
        failed.failures += 1
        if failed.work.mayLeaveRows { mayOwnUnknownRows = true }
        if failure.kind == .corrupt, case .events(let inputs, let keys) = failed.work {
            if inputs.count > 1 {
                // One message of the batch breaks it: run them one by one, so that it harms no neighbour.
                current = nil
                confirmed += keys
                isolate(failed.arrivals)
            } else if let arrival = failed.arrivals.first {
                current = nil
                confirmed += keys
                let reason = DeadLetterReason(.permanent, code: "store-fault", message: failure.description)
                giveUp(arrival.delivery, arrival.inbound.event.id, reason, &actions)
            }
            return
        }
        if failure.kind == .corrupt, case .timers(let keys, _) = failed.work {
            // Events must go on meanwhile.
            current = nil
            confirmed += keys
            schedule.timersAt = wall.adding(seconds: 60)
            actions.append(
                .log(
                    LogLine(
                        .error, "the timers could not run; trying again in a minute",
                        [("cause", failure.description)])))
            return
        }
        if failed.failures == 1 || failed.failures.isMultiple(of: 60) {
            actions.append(
                .log(
                    LogLine(
                        failure.kind == .transient ? .warning : .error, "the database failed; trying again",
                        [("cause", failure.description), ("failures", "\(failed.failures)")])))
        }
        failed.retryAt = Instant(microseconds: wall.microseconds + backoff(failed.failures))
        current = failed
    }

    /// 10 ms, doubled each time up to 5 s.
    private func backoff(_ failures: Int) -> Int64 {
        min(5_000_000, 10_000 << Int64(min(failures - 1, 10)))
    }

    private mutating func isolate(_ arrivals: [Arrival]) {
        alone.formUnion(arrivals.map(\.delivery.tag))
        waiting = arrivals + waiting
    }

    // MARK: - The publisher

    mutating func publisher(_ event: PublisherEvent, _ actions: inout [WorkerAction]) {
        switch event {
        case .ready:
            outgoing.isReady = true
            outgoing.resendHeld()
        case .lost(let failure):
            outgoing.isReady = false
            actions.append(
                .log(LogLine(.warning, "publishing is interrupted; trying again", [("cause", "\(failure)")])))
        case .blocked(let reason):
            actions.append(.log(LogLine(.warning, "the broker blocks publishing", [("reason", reason)])))
        case .unblocked:
            actions.append(.log(LogLine(.info, "the broker takes messages again")))
        case .resolved(let outcomes):
            for (ticket, outcome) in outcomes { resolve(ticket, outcome, &actions) }
            if schedule.flushAt == nil, !confirmed.isEmpty {
                schedule.flushAt = Instant(microseconds: wall.microseconds + limits.flushMicroseconds)
            }
        case .closed:
            halfClosed()
        }
    }

    private mutating func resolve(_ ticket: UInt64, _ outcome: PublishOutcome, _ actions: inout [WorkerAction]) {
        switch outcome {
        case .confirmed:
            switch outgoing.confirm(ticket) {
            case .output(let key): confirmed.append(key)
            case .settles(let delivery): settle([delivery.tag], delivery.channel, &actions)
            case .nothing: break
            }
        case .unknown(let failure):
            let publication = outgoing.hold(ticket)
            if outgoing.isReady { holdUntilLater() }
            guard let publication, !failure.isRetriable else { break }
            actions.append(
                .log(
                    LogLine(
                        .error, "a message cannot be published; trying again",
                        [
                            ("exchange", publication.exchange), ("routingKey", publication.routingKey),
                            ("cause", "\(failure)"),
                        ])))
        case .returned(let code, let text):
            if let publication = outgoing.hold(ticket) {
                actions.append(
                    .log(
                        LogLine(
                            .error, "no queue takes a message that the topology promises one; trying again",
                            [
                                ("exchange", publication.exchange), ("routingKey", publication.routingKey),
                                ("cause", "\(code) \(text)"), ("remedy", "recourse topology apply"),
                            ])))
            }
            holdUntilLater()
        case .nacked:
            if let publication = outgoing.hold(ticket) {
                actions.append(
                    .log(
                        LogLine(
                            .warning, "the broker refused a message; trying again",
                            [("exchange", publication.exchange), ("routingKey", publication.routingKey)])))
            }
            holdUntilLater()
        }
    }

    private mutating func holdUntilLater() {
        if schedule.republishAt == nil { schedule.republishAt = wall.adding(seconds: 1) }
    }
}

extension Work {
    var isTakeOver: Bool {
        switch self {
        case .start, .sweep: true
        case .events, .timers, .flush, .end: false
        }
    }

    /// If it is reported as failed and was committed nevertheless, rows lie in the outbox that nobody publishes.
    var mayLeaveRows: Bool {
        switch self {
        case .start, .sweep, .events, .timers: true
        case .flush, .end: false
        }
    }
}

extension EventIdentity {
    init(of event: Event) {
        self.init(source: event.source, id: event.id, type: event.type.wireName)
    }
}
