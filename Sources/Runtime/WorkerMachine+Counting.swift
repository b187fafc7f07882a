import Monitoring
import Schema
import Store

// What a worker counts, and how it stands: whole numbers in the machine's own state, which the shell hands to `Vitals` with
// each tick.
extension WorkerMachine {
    /// How long a message that found no queue tells that the topology is not as promised. It is sent again each second.
    private static let promiseSeconds: Int64 = 5
    /// So many failures, one after the other, are more than another transaction in the way.
    private static let fewFailures = 3

    var condition: Condition {
        var condition = Condition()
        condition.inHand = subscription.inbox?.tags.count ?? 0
        condition.inHandBytes = subscription.inbox?.tags.bytes ?? 0
        condition.prefetch = width.current
        condition.unconfirmed = outgoing.count
        condition.isConsuming =
            switch subscription {
            case .open, .resizing(.some, _, _): true
            case .none, .resizing(nil, _, _), .ended: false
            }
        condition.isPublishing = outgoing.isReady
        condition.isBlocked = isBlocked
        condition.isStoreFailing =
            (hand.job?.failures ?? 0) >= Self.fewFailures || (subscription.inbox?.doubt?.tries ?? 0) >= Self.fewFailures
        condition.isPromiseBroken = returnedAt.map { wall < $0.adding(seconds: Self.promiseSeconds) } ?? false
        if case .running = life {} else { condition.isDraining = true }
        return condition
    }

    mutating func count(_ result: WorkResult) {
        tally.timersActed += result.batch.timers
        tally.timersByPatience += result.batch.timersByPatience
        tally.timerFaults += result.batch.timerFaults.count
        if result.batch.fates.contains(.applied) { tally.lastApplied = (result.committedAt ?? wall).microseconds }
    }
}

extension InputFate {
    /// Of those that are settled with the transaction itself.
    var outcome: Outcome {
        switch self {
        case .applied: .applied
        case .refused: .rejected
        case .duplicate: .duplicate
        case .waiting: .waiting
        case .beyond, .unknownReference, .deferred: .delayed
        case .idReused, .failed: .dead
        }
    }
}

extension StoreTrouble {
    init(_ kind: StoreFailure.Kind) {
        self =
            switch kind {
            case .transient: .transient
            case .unavailable: .unavailable
            case .damaged: .damaged
            case .corrupt: .corrupt
            }
    }
}
