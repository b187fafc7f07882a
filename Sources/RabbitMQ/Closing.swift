import Broker

/// How the owner's wish to end a connection is carried out: what is left is written or waited for, `connection.close` is
/// sent, and its answer awaited; all of it within one limit.
struct Closing {
    private enum Phase {
        case none
        /// Something is left to be done before it.
        case wanted(deadline: Int)
        /// `connection.close` has been sent.
        case sent(deadline: Int)
        case done
    }

    private let limitMilliseconds: Int
    private var phase = Phase.none

    init(limitMilliseconds: Int) {
        self.limitMilliseconds = limitMilliseconds
    }

    /// From the owner's wish on.
    var isWanted: Bool { if case .none = phase { false } else { true } }
    var isDone: Bool { if case .done = phase { true } else { false } }

    var deadline: Int? {
        switch phase {
        case .wanted(let deadline), .sent(let deadline): deadline
        case .none, .done: nil
        }
    }

    /// Until when what is left may take; nil: nobody wants the end, or nothing is left any more.
    var drainsUntil: Int? { if case .wanted(let deadline) = phase { deadline } else { nil } }

    /// Only the first wish counts.
    mutating func want() {
        if !isWanted { phase = .wanted(deadline: Uptime.milliseconds + limitMilliseconds) }
    }

    /// The broker has answered `connection.close`.
    mutating func answered() { phase = .done }

    /// - Parameter isDrained: nothing is left to be done before `connection.close`.
    mutating func settle(_ link: Link?, at now: Int, isDrained: Bool) throws(BrokerFailure) {
        guard let deadline else { return }
        guard let link, now < deadline else {
            phase = .done
            return
        }
        guard case .wanted = phase, isDrained, link.canTake else { return }
        try link.sendConnectionClose()
        phase = .sent(deadline: deadline)
    }
}
