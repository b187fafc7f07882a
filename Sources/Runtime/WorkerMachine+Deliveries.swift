import Broker
import Monitoring
import Schema
import Store

extension WorkerMachine {
    mutating func consumer(_ event: ConsumerEvent, _ actions: inout [WorkerAction]) {
        switch event {
        case .subscribed(let channel):
            let inbox = Inbox(channel: channel, since: wall)
            subscription = isLeaving ? .resizing(inbox, to: width.current, .said) : .open(inbox)
            standingChanged()
            actions.append(.log(LogLine(.info, "consuming", [("queue", stage.queue)])))
        case .delivered(let deliveries):
            for delivery in deliveries { receive(delivery, &actions) }
        case .lost(let failure):
            tally.losses.add(.consumer)
            switch subscription {
            case .none, .open: subscription = .none
            case .resizing(_, let width, let cancellation):
                subscription = .resizing(nil, to: width, cancellation)
            case .ended: subscription = .ended(nil)
            }
            standingChanged()
            actions.append(.log(LogLine(.warning, "the subscription is lost; trying again", [("cause", "\(failure)")])))
        case .cancelled:
            if let channel = subscription.inbox?.channel { _ = subscription.on(channel) { $0.search.forget() } }
            guard case .running = life else { return endSubscription(&actions) }
            var next = width.current
            if case .resizing(_, let width, _) = subscription { next = width }
            subscription = .resizing(subscription.inbox, to: next, .done)
        case .told(let queue, let channel): told(queue, channel, &actions)
        case .closed:
            closed(.consumer)
        }
    }

    /// Hands back what no batch has begun.
    mutating func endSubscription(_ actions: inout [WorkerAction]) {
        guard var inbox = subscription.inbox else { return subscription = .ended(nil) }
        let unstarted = inbox.giveUpWaiting()
        subscription = .ended(inbox)
        if !unstarted.isEmpty { handBack(unstarted, inbox.channel, &actions) }
    }

    mutating func handBack(_ tags: [UInt64], _ channel: UInt64, _ actions: inout [WorkerAction]) {
        tally.settled.add(.returned, tags.count)
        actions.append(.requeue(tags: tags, channel: channel))
    }

    /// Goes on with another prefetch count where the deliveries take more memory than they may, or much less. Nothing is
    /// handed back for it, which would count as a delivery: what has come is settled first.
    mutating func resize(_ actions: inout [WorkerAction]) {
        guard case .running = life else { return }
        switch subscription {
        case .open(let inbox):
            // While large messages come there is no time to wait for full hands.
            guard let next = width.better, next < width.current || inbox.tags.count >= width.current else { return }
            subscription = .resizing(inbox, to: next, .said)
            actions.append(.cancelConsumer)
        case .resizing(let inbox, _, .due(let since)):
            if let inbox, inbox.tags.count < width.current, !isQuiet(inbox, since: since) { return }
            cancelNow(&actions)
        case .resizing(let inbox, let next, .done):
            guard inbox?.tags.count ?? 0 == 0 else { return }
            if isLeaving { return stop(&actions) }
            if next < width.current {
                let details = [("prefetch", "\(next)"), ("memoryLimit", "\(limits.memoryBytes)")]
                actions.append(.log(LogLine(.warning, "large messages: fewer of them are held at once", details)))
            }
            subscription = .none
            width.use(next)
            actions.append(.consume(prefetch: next))
        case .resizing, .none, .ended: break
        }
    }

    private func isQuiet(_ inbox: Inbox, since: Instant) -> Bool {
        let last = max(inbox.lastReceivedAt, since)
        return wall.microseconds - last.microseconds >= Cancellation.quietMicroseconds
            || wall.microseconds - since.microseconds >= Cancellation.patienceMicroseconds
    }

    /// Says a cancellation that is due, before the acknowledgements that were kept: they would bring more.
    mutating func cancelNow(_ actions: inout [WorkerAction]) {
        guard case .resizing(let inbox, let next, .due) = subscription else { return }
        subscription = .resizing(inbox, to: next, .said)
        actions.append(.cancelConsumer)
        guard let channel = inbox?.channel else { return }
        let settled = subscription.on(channel) { $0.takeUnacknowledged() } ?? []
        if !settled.isEmpty { settle(settled, channel, &actions) }
    }

    private mutating func receive(_ delivery: Delivery, _ actions: inout [WorkerAction]) {
        let bytes = delivery.body.count
        tally.received += 1
        let inHand = subscription.on(delivery.channel) { [width, wall] inbox in
            let inHand = inbox.received(delivery.tag, bytes: bytes, wall: wall)
            if inHand.count >= width.current { inbox.search.handsFull() }
            return inHand
        }
        guard let inHand else { return }
        width.received(bytes: bytes, inHand: inHand)
        switch Reception(delivery, limits: limits.document) {
        case .event(let inbound):
            _ = subscription.on(delivery.channel) { $0.add(Arrival(delivery: delivery, inbound: inbound)) }
        case .refused(let identity, let reason): reject(delivery, identity, reason, &actions)
        case .newer(let identity): leave(delivery, identity, identity.type ?? "its type", &actions)
        }
    }

    // MARK: - Fates

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
        tally.settled.add(.dead)
        sayDead(DeathLine(delivery: delivery, identity: identity, reason: reason), .warning, &actions)
    }

    /// Publishes a dead letter without `event.rejected`.
    mutating func giveUp(
        _ delivery: Delivery, _ identity: EventIdentity, _ reason: DeadLetterReason, _ actions: inout [WorkerAction]
    ) {
        let publication = failures.deadLetter(delivery, reason, ticket: outgoing.nextTicket(), wall: wall)
        settleAfter([publication], delivery, &actions)
        tally.settled.add(.dead)
        sayDead(DeathLine(delivery: delivery, identity: identity, reason: reason), .error, &actions)
    }

    mutating func sayDead(_ line: DeathLine, _ level: LogLine.Level, _ actions: inout [WorkerAction]) {
        tally.deadLetters.add(DeathCode(code: line.reason.code))
        let trouble = line.trouble(level)
        guard troubles.meet(trouble, at: wall) else { return }
        actions.append(.log(trouble.line(line.details(queue: stage.queue, wall: wall))))
    }

    /// One line of each kind and minute.
    mutating func say(_ trouble: Trouble, _ details: [(String, String)], _ actions: inout [WorkerAction]) {
        if troubles.meet(trouble, at: wall) { actions.append(.log(trouble.line(details))) }
    }

    /// Not applicable yet: a delayed copy, or a dead letter when the event is too old to wait any longer.
    mutating func postpone(_ arrival: Arrival, _ what: String, _ actions: inout [WorkerAction]) {
        guard !arrival.inbound.isLast else {
            let reason = DeadLetterReason(
                .transient, code: .unknownReference, message: "refers to \(what), which this stage does not know")
            return giveUp(arrival.delivery, EventIdentity(of: arrival.inbound.event), reason, &actions)
        }
        let copy = failures.retry(arrival.delivery, ticket: outgoing.nextTicket(), wall: wall)
        settleAfter([copy], arrival.delivery, &actions)
        tally.settled.add(.delayed)
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
                .transient, code: .newerRelease, message: "takes a newer release: \(what)")
            return giveUp(delivery, identity, reason, &actions)
        }
        let copy = failures.retry(delivery, ticket: outgoing.nextTicket(), wall: wall)
        settleAfter([copy], delivery, &actions)
        tally.settled.add(.delayed)
        say(
            Trouble(.warning, "an event is left to a worker of a newer release"), [("cause", LoggedId.text(what))],
            &actions)
    }

    /// Has it waited long enough for what it refers to?
    ///
    /// Under the stepped clock the instant says so. Otherwise an event of upstream waits until it is a day old, and
    /// through the short delays in any case: what is filled in later is old when it comes, and may still overtake the
    /// event that it refers to. An event of a stage carries its rule's time, which may lie anywhere in the past. No event
    /// waits for more than a day of the wall clock, though it says that it comes from the future.
    func isFinal(_ arrival: Arrival) -> Bool {
        if case .stepped = clock.mode { return clock.isLastCall }
        // Most have never failed.
        guard FailureHistory.isReturned(arrival.delivery) else { return false }
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

    // MARK: - Settling

    private mutating func settleAfter(
        _ publications: [Publication], _ delivery: Delivery, _ actions: inout [WorkerAction]
    ) {
        outgoing.add(publications, settling: DeliveryReference(tag: delivery.tag, channel: delivery.channel))
        if outgoing.isReady { actions.append(.publish(outgoing.takeUnsent())) }
    }

    mutating func settle(_ settled: [UInt64], _ channel: UInt64, _ actions: inout [WorkerAction]) {
        if case .resizing(_, _, .due) = subscription {
            _ = subscription.on(channel) { $0.acknowledgeLater(settled) }
            return
        }
        switch subscription.on(channel, { $0.settle(settled) }) {
        case .through(let tag): actions.append(.acknowledgeThrough(tag: tag, channel: channel))
        case .single(let tags): actions.append(.acknowledge(tags: tags, channel: channel))
        case .some(.none), nil: break
        }
        lookForMark(channel)
    }
}
