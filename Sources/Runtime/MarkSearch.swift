import Broker
import Schema
import Store

/// A worker looks for a mark: how far it has taken what its queue held (`Mark`).
///
/// It asks for the state of the queue twice, the second time after the first answer: what the queue hands out while the
/// channel waits for an answer comes behind that answer, and so before the next. Both must say that nothing waits, and of
/// as many consumers. Then everything received by the second answer must be settled. If its hands were full meanwhile,
/// the queue may hold more than a node that lags says of it, and the search has found nothing.
struct MarkSearch: Sendable {
    private struct Beginning: Sendable {
        let asked: Instant
        let marks: Marks
    }

    private enum State: Sendable {
        case resting
        /// The clock and what the stages before have said are being read; then the first question is asked.
        case beginning
        case first(Beginning)
        case second(Beginning, consumers: Int)
        case settling(Mark, through: UInt64)
    }

    private var state = State.resting
    /// It goes on to its answers, so that no later search takes one of them for its own, and finds nothing.
    private var isSpoiled = false

    var isResting: Bool { if case .resting = state { true } else { false } }

    mutating func begin() {
        state = .beginning
        isSpoiled = false
    }

    /// The subscription has gone, or is about to: what was asked says nothing any more.
    mutating func forget() { state = .resting }

    /// - Parameter marks: the business time before the question, and what the stages before had said by then.
    mutating func begun(asked: Instant, marks: Marks) {
        if case .beginning = state { state = .first(Beginning(asked: asked, marks: marks)) }
    }

    /// As many deliveries are in hand as may be.
    mutating func handsFull() {
        switch state {
        case .beginning, .first, .second: isSpoiled = true
        case .resting, .settling: break
        }
    }

    /// Takes an answer; true: it is to be asked once more.
    ///
    /// - Parameter last: the tag of the last delivery received.
    mutating func told(_ queue: QueueState, last: UInt64) -> Bool {
        switch state {
        case .first(let beginning) where queue.ready == 0 && !isSpoiled:
            state = .second(beginning, consumers: queue.consumers)
            return true
        case .second(let beginning, let consumers)
        where queue == QueueState(ready: 0, consumers: consumers) && !isSpoiled:
            let mark = Mark(asked: beginning.asked, marks: beginning.marks, consumers: consumers)
            state = .settling(mark, through: last)
        case .first, .second: state = .resting
        case .resting, .beginning, .settling: break
        }
        return false
    }

    /// The mark, once everything is settled.
    mutating func found(_ tags: inout TagTracker) -> Mark? {
        guard case .settling(let mark, let last) = state, tags.isSettled(through: last) else { return nil }
        state = .resting
        return mark
    }
}
