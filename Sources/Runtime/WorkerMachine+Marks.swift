import Broker
import Schema
import Store

// How far the queue's content has been taken: begun where timers are held, and with each renewal of the lease.
extension WorkerMachine {
    /// The others are to hear of it soon: until they have asked anew, no timer acts.
    mutating func standingChanged() {
        sweepAt = min(sweepAt, Instant(microseconds: wall.microseconds + 1))
    }

    mutating func beginMark(_ actions: inout [WorkerAction]) {
        guard case .running = life, clock.mode == .running, case .open(let inbox) = subscription,
            inbox.search.isResting, inbox.mark == nil, inbox.tags.count < width.current
        else { return }
        _ = subscription.on(inbox.channel) { $0.search.begin() }
        actions.append(.beginMark)
    }

    mutating func markBegun(_ asked: Instant, _ marks: Marks) {
        guard let channel = subscription.inbox?.channel else { return }
        _ = subscription.on(channel) { $0.search.begun(asked: asked, marks: marks) }
    }

    mutating func told(_ queue: QueueState, _ channel: UInt64, _ actions: inout [WorkerAction]) {
        if subscription.on(channel, { $0.search.told(queue, last: $0.tags.highest) }) == true { actions.append(.ask) }
        lookForMark(channel)
    }

    /// Once everything that the search waits for is settled, the timers run by what it has found.
    mutating func lookForMark(_ channel: UInt64) {
        let isFound = subscription.on(channel) { inbox in
            guard let mark = inbox.search.found(&inbox.tags) else { return false }
            inbox.mark = mark
            return true
        }
        if isFound == true { timersAt = wall }
    }
}
