import Broker
internal import CRabbitMQ

/// The one channel of a connection: opened step by step, and opened again after a pause when the broker closed it.
///
/// Every answer is awaited within a limit; an answer that does not come condemns the connection.
struct ChannelLife {
    /// A method and the answer that it needs before the next may be sent.
    struct Step: Sendable {
        let operation: String
        let answer: UInt32
        let send: @Sendable (Link) throws(BrokerFailure) -> Void
    }

    private enum Phase {
        /// No connection, or not wanted any more.
        case none
        case opening(step: Int, deadline: Int)
        case open
        case pausing(step: Int, until: Int)
    }

    private var steps: [Step]
    private let answerMilliseconds: Int
    private var phase = Phase.none
    private var backoff = Backoff()

    init(_ steps: [Step], answerMilliseconds: Int) {
        self.steps = [Self.openChannel] + steps
        self.answerMilliseconds = answerMilliseconds
    }

    private static let openChannel = Step(operation: "open a channel", answer: AMQP_CHANNEL_OPEN_OK_METHOD) {
        link throws(BrokerFailure) in
        var method = amqp_channel_open_t()
        method.out_of_band = amqp_empty_bytes
        try link.send(AMQP_CHANNEL_OPEN_METHOD, method)
    }

    var isOpen: Bool { if case .open = phase { true } else { false } }
    /// Something is under way that an answer of the broker will decide.
    var isOpening: Bool { if case .opening = phase { true } else { false } }

    /// Nothing is under way, and nothing will be by itself.
    var isEnded: Bool { if case .none = phase { true } else { false } }

    /// Other steps after the opening, as many as before, for whenever they are next taken.
    mutating func change(_ steps: [Step]) { self.steps = [Self.openChannel] + steps }

    var deadline: Int? {
        switch phase {
        case .none, .open: nil
        case .opening(_, let deadline): deadline
        case .pausing(_, let until): until
        }
    }

    /// What is being done, for the message if it fails.
    var operation: String? { if case .opening(let step, _) = phase { steps[step].operation } else { nil } }

    mutating func begin(_ link: Link, step: Int = 0) throws(BrokerFailure) {
        phase = .opening(step: step, deadline: Uptime.milliseconds + answerMilliseconds)
        try steps[step].send(link)
    }

    /// True when the last step has been answered: the channel is open.
    mutating func answered(_ id: UInt32, _ link: Link) throws(BrokerFailure) -> Bool {
        guard case .opening(let step, _) = phase, steps[step].answer == id else { return false }
        if step + 1 < steps.count {
            try begin(link, step: step + 1)
            return false
        }
        phase = .open
        backoff.opened(at: Uptime.milliseconds)
        return true
    }

    /// The broker has closed the channel; it is opened again after a pause.
    mutating func closed() { pause(step: 0) }

    /// The broker has undone the last step (it cancelled the consumer); it is repeated after a pause.
    mutating func lastStepUndone() { pause(step: steps.count - 1) }

    private mutating func pause(step: Int) {
        let now = Uptime.milliseconds
        phase = .pausing(step: step, until: now + backoff.next(at: now))
    }

    /// The connection is gone, or the channel shall not come back.
    mutating func end() { phase = .none }

    /// Which step is due after a pause, nil when none is. Throws when an answer is overdue.
    func due(at now: Int) throws(BrokerFailure) -> Int? {
        switch phase {
        case .opening(let step, let deadline) where now >= deadline:
            throw BrokerFailure(
                .timeout, operation: steps[step].operation, cause: "no answer within \(answerMilliseconds) ms")
        case .pausing(let step, let until) where now >= until: return step
        default: return nil
        }
    }
}
