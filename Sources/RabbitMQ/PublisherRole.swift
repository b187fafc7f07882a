import Broker
internal import CRabbitMQ

/// Publishes with confirms over one connection; lives on the connection's thread.
final class PublisherRole: ConnectionRole {
    enum Command: Sendable {
        case publish([Publication])
        case close
    }

    /// Messages written per round: then confirms are read again.
    private static let round = 4096

    let purpose = "publisher"
    let retries = true
    private let configuration: RabbitMQConfiguration
    private let sink: @Sendable (PublisherEvent) -> Void
    private var channel: ChannelLife
    private var waiting: [Publication] = []
    private var waitingHead = 0
    private var ledger = ConfirmLedger()
    /// Bodies of returned messages are read past.
    private var assembly = ContentAssembly(bodyLimit: 0)
    private var outcomes: [(ticket: UInt64, outcome: PublishOutcome)] = []
    private var isBlocked = false
    private var saidLost = false
    private var isConnected = false
    private var closing: Closing
    private var lastFailure = BrokerFailure(.connection, operation: "publish", cause: "not connected yet")

    init(configuration: RabbitMQConfiguration, sink: @escaping @Sendable (PublisherEvent) -> Void) {
        self.configuration = configuration
        self.sink = sink
        closing = Closing(limitMilliseconds: configuration.drainMilliseconds)
        let confirms = ChannelLife.Step(operation: "switch confirms on", answer: AMQP_CONFIRM_SELECT_OK_METHOD) {
            link throws(BrokerFailure) in
            try link.send(AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t(nowait: 0))
        }
        channel = ChannelLife([confirms], answerMilliseconds: configuration.answerMilliseconds)
    }

    // MARK: State for the thread

    private var hasWaiting: Bool { waitingHead < waiting.count }

    var wantsLink: Bool { !closing.isWanted }
    var isUp: Bool { channel.isOpen }
    var isFinished: Bool { closing.isDone }
    var wantsToWrite: Bool { hasWaiting && channel.isOpen && !isBlocked }

    var deadline: Int? { [channel.deadline, closing.deadline].compactMap(\.self).min() }

    // MARK: Commands

    func take(_ commands: [Command]) {
        for command in commands {
            switch command {
            case .publish(let publications):
                // A channel that is being opened will take them in a moment; one that waits for its turn will not.
                if isConnected && !closing.isWanted && (channel.isOpen || channel.isOpening) {
                    waiting.append(contentsOf: publications)
                } else {
                    outcomes += publications.map { ($0.ticket, .unknown(lastFailure)) }
                }
            case .close: closing.want()
            }
        }
    }

    // MARK: Connection

    func connected(_ link: Link) throws(BrokerFailure) {
        isConnected = true
        try channel.begin(link)
    }

    func disconnected(_ failure: BrokerFailure) {
        isConnected = false
        channel.end()
        lose(failure)
    }

    /// The confirms of the channel will not come any more.
    ///
    /// The owner hears of the loss before the outcomes, so that it does not hand them over again at once.
    private func lose(_ failure: BrokerFailure) {
        sayOutcomes()
        lastFailure = failure
        assembly = ContentAssembly(bodyLimit: 0)
        if isBlocked {
            isBlocked = false
            sink(.unblocked)
        }
        if !saidLost && !closing.isWanted {
            saidLost = true
            sink(.lost(failure))
        }
        abandon(failure)
        sayOutcomes()
    }

    private func abandon(_ failure: BrokerFailure) {
        outcomes += ledger.abandon().map { ($0, .unknown(failure)) }
        outcomes += waiting[waitingHead...].map { ($0.ticket, .unknown(failure)) }
        waiting = []
        waitingHead = 0
    }

    func received(_ frame: InboundFrame, _ link: Link) throws(BrokerFailure) {
        switch frame {
        case .header(let header): note(try assembly.take(header))
        case .body(let fragment): note(try assembly.take(fragment))
        case .method(let method): try received(method, link)
        }
    }

    private func received(_ method: InboundMethod, _ link: Link) throws(BrokerFailure) {
        switch method {
        case .acknowledged(let tag, let multiple):
            ledger.resolve(tag, multiple: multiple, refused: false, into: &outcomes)
        case .refused(let tag, let multiple):
            ledger.resolve(tag, multiple: multiple, refused: true, into: &outcomes)
        case .returned: try assembly.begin(method)
        case .blocked(let reason):
            sayOutcomes()
            if !isBlocked { sink(.blocked(reason: reason)) }
            isBlocked = true
        case .unblocked:
            sayOutcomes()
            if isBlocked { sink(.unblocked) }
            isBlocked = false
        case .channelClosed(let code, let text):
            let operation = channel.operation ?? "publish"
            try link.acceptChannelClose()
            channel.closed()
            lose(Failures.refused(code, text, operation))
        case .answer(AMQP_CONNECTION_CLOSE_OK_METHOD): closing.answered()
        case .answer(let id):
            if try channel.answered(id, link) {
                saidLost = false
                sink(.ready)
            }
        case .deliver, .cancelled, .queueDeclared, .connectionClosed: break
        }
    }

    private func note(_ message: InboundMessage?) {
        guard let message, case .returned(let code, let text, let exchange, let routingKey) = message.method
        else { return }
        ledger.returned(
            code: code, text: text, exchange: exchange, routingKey: routingKey, messageId: message.properties.messageId)
    }

    // MARK: What is due

    func settle(_ link: Link?) throws(BrokerFailure) {
        if let link {
            if try channel.due(at: Uptime.milliseconds) != nil {
                if closing.isWanted { channel.end() } else { try channel.begin(link) }
            }
            try write(link)
        }
        try settleClose(link)
        sayOutcomes()
    }

    private func write(_ link: Link) throws(BrokerFailure) {
        guard channel.isOpen else { return }
        var written = 0
        while hasWaiting, !isBlocked, written < Self.round {
            guard link.canTake else {
                try link.flush()
                if link.canTake { continue } else { break }
            }
            let publication = waiting[waitingHead]
            waitingHead += 1
            written += 1
            do throws(BrokerFailure) {
                try link.publish(publication)
                ledger.append(publication)
            } catch {
                guard error.kind == .protocol else {
                    outcomes.append((publication.ticket, .unknown(error)))
                    throw error
                }
                // It cannot be written at all; the failure is not retriable.
                outcomes.append((publication.ticket, .unknown(error)))
            }
        }
        if waitingHead == waiting.count || waitingHead > 4096 {
            waiting.removeFirst(waitingHead)
            waitingHead = 0
        }
        if written > 0 { try link.flush() }
    }

    private func sayOutcomes() {
        if outcomes.isEmpty { return }
        sink(.resolved(outcomes))
        outcomes = []
    }

    /// What is unresolved is waited for, as long as it can still come.
    private func settleClose(_ link: Link?) throws(BrokerFailure) {
        let now = Uptime.milliseconds
        if let deadline = closing.drainsUntil {
            if link == nil || !(channel.isOpen || channel.isOpening) {
                abandon(lastFailure)
            } else if now >= deadline {
                abandon(BrokerFailure(.timeout, operation: "close the publisher", cause: "unconfirmed at the limit"))
            }
        }
        try closing.settle(link, at: now, isDrained: ledger.count == 0 && !hasWaiting)
    }

    func finish() {
        sayOutcomes()
        sink(.closed)
    }
}
