import Broker
import Schema
import Store

extension WorkerMachine {
    // MARK: - The waiting room

    /// What the waiting room needs next; nil: nothing now.
    mutating func workOnWaiting() -> Work? {
        if !room.confirmed.isEmpty || !room.told.isEmpty {
            defer { (room.confirmed, room.told) = ([], []) }
            return .release(dead: room.confirmed, told: room.told)
        }
        guard wall >= room.at else { return nil }
        let third = limits.leaseSeconds * 1_000_000 / 3
        let isStepped = clock.mode != .running
        room.at = Instant(microseconds: wall.microseconds + (isStepped ? limits.timerMicroseconds : third))
        return .waiting(room.care)
    }

    /// One after the other, until there are no more.
    mutating func wentThroughWaiting(next: EventKey?) {
        guard room.care != .together else { return }
        room.care = next.map { .singly($0) } ?? .together
        if next != nil { room.at = wall }
    }

    /// Publishes the dead letters of those that have waited in vain.
    mutating func letDie(_ dying: [DyingMessage], _ actions: inout [WorkerAction]) {
        for message in dying {
            let publication = failures.deadLetter(
                message.delivery, message.reason, ticket: outgoing.nextTicket(), wall: wall)
            outgoing.add(publication, ending: message.event)
            let identity = EventIdentity(source: message.event.source, id: message.event.id)
            sayDead(DeathLine(delivery: message.delivery, identity: identity, reason: message.reason), .error, &actions)
        }
        if !dying.isEmpty, outgoing.isReady { actions.append(.publish(outgoing.takeUnsent())) }
    }

    /// Tells the senders of those that have waited for a minute. The rows are committed, and say when the same is done again
    /// unless a confirm has come.
    mutating func tellOfWaiting(_ waiting: [WaitingEvent], _ actions: inout [WorkerAction]) {
        for one in outgoing.unknown(waiting, besides: room.told) {
            let notice = failures.notice(of: one, ticket: outgoing.nextTicket(), clock: clock.now)
            outgoing.add(notice, telling: one.event)
        }
        if !waiting.isEmpty, outgoing.isReady { actions.append(.publish(outgoing.takeUnsent())) }
    }

    /// Arrivals that go behind those that wait, which are many.
    mutating func putBack(_ arrivals: [Arrival], _ channel: UInt64, _ actions: inout [WorkerAction]) {
        guard !arrivals.isEmpty else { return }
        let tags = arrivals.map(\.delivery.tag)
        if subscription.isEnded {
            if subscription.on(channel, { $0.tags.forget(tags) }) != nil { handBack(tags, channel, &actions) }
        } else {
            _ = subscription.on(channel) { $0.putBack(arrivals) }
        }
    }
}

extension WaitingCare {
    /// How to go on when the database refuses what one of those that wait carries; nil: it refuses even to look, or that one dies.
    func next(_ failure: StoreFailure) -> WaitingCare? {
        switch self {
        case .together: .singly(nil)
        case .singly(let event): event.map { .letDie($0, cause: failure.description) }
        case .letDie: nil
        }
    }
}
