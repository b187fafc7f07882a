import Broker
internal import CRabbitMQ

/// Consumes one queue over one connection; lives on the connection's thread.
///
/// Nothing is declared: a worker may have no right to configure. A queue that is missing is waited for.
final class ConsumerRole: ConnectionRole {
    enum Command: Sendable {
        case acknowledgeThrough(UInt64, channel: UInt64)
        case acknowledge([UInt64], channel: UInt64)
        case requeue([UInt64], channel: UInt64)
        case ask
        case cancel
        case consume(prefetch: Int)
        case close
    }

    /// `queue.declare passive` on the consumer's own channel, so that the answer comes behind the deliveries.
    private enum Question {
        case none
        case wanted
        case sent(deadline: Int)
    }

    private enum Stage {
        case consuming
        /// The owner wants no more; the broker may not know yet.
        case cancelling
        /// `basic.cancel` has been sent.
        case cancelSent(deadline: Int)
        case cancelled
    }

    let purpose = "consumer"
    let retries = true
    private let queue: String
    /// One for all subscriptions: by it they are cancelled.
    private let tag: String
    private let configuration: RabbitMQConfiguration
    private let sink: @Sendable (ConsumerEvent) -> Void
    private var channel: ChannelLife
    /// Counts the channels, so that the owner's acknowledgements for an earlier one are told apart.
    private var channelNumber: UInt64 = 0
    private var ledger = AcknowledgementLedger()
    private var actions: [AcknowledgementLedger.Action] = []
    private var assembly: ContentAssembly
    private var burst: [Delivery] = []
    private var stage = Stage.consuming
    /// Consumes again over the connection that there is.
    private var isToResume = false
    private var closing: Closing
    private var question = Question.none
    private var saidLost = false

    init(
        queue: String, prefetch: Int, configuration: RabbitMQConfiguration,
        sink: @escaping @Sendable (ConsumerEvent) -> Void
    ) {
        self.queue = queue
        self.configuration = configuration
        self.sink = sink
        assembly = ContentAssembly(bodyLimit: configuration.bodyLimitBytes)
        closing = Closing(limitMilliseconds: configuration.drainMilliseconds)
        tag = ConsumerGeneration.tag(configuration.connectionName)
        let steps = Self.steps(queue: queue, prefetch: prefetch, tag: tag)
        channel = ChannelLife(steps, answerMilliseconds: configuration.answerMilliseconds)
    }

    private static func steps(queue: String, prefetch: Int, tag: String) -> [ChannelLife.Step] {
        let limit = ChannelLife.Step(operation: "set the prefetch count of \(queue)", answer: AMQP_BASIC_QOS_OK_METHOD)
        {
            link throws(BrokerFailure) in
            // Not global: quorum queues refuse that. 0 would mean no limit, or 2000 on a quorum queue.
            let count = UInt16(clamping: max(1, prefetch))
            try link.send(AMQP_BASIC_QOS_METHOD, amqp_basic_qos_t(prefetch_size: 0, prefetch_count: count, global: 0))
        }
        let consume = ChannelLife.Step(operation: "consume queue \(queue)", answer: AMQP_BASIC_CONSUME_OK_METHOD) {
            link throws(BrokerFailure) in
            try link.send(AMQP_BASIC_CONSUME_METHOD) { arena throws(BrokerFailure) in
                var method = amqp_basic_consume_t()
                method.queue = try arena.short(queue, "queue name")
                method.consumer_tag = try arena.short(tag, "consumer tag")
                method.arguments = amqp_empty_table
                return method
            }
        }
        return [limit, consume]
    }

    // MARK: State for the thread

    private var wantsSubscription: Bool { if case .consuming = stage { !closing.isWanted } else { false } }

    var wantsLink: Bool { wantsSubscription }
    var isUp: Bool { channel.isOpen }
    /// Once the owner wants no more everything is read, for the broker's answer lies behind it.
    var takesMore: Bool { !wantsSubscription || hasRoom }
    private var hasRoom: Bool { ledger.openBytes < configuration.unsettledLimitBytes }
    var isFinished: Bool { closing.isDone }
    var wantsToWrite: Bool {
        if case .wanted = question { return true }
        return !actions.isEmpty
    }

    var deadline: Int? {
        var deadlines = [channel.deadline, closing.deadline].compactMap(\.self)
        if case .cancelSent(let deadline) = stage { deadlines.append(deadline) }
        if case .sent(let deadline) = question { deadlines.append(deadline) }
        return deadlines.min()
    }

    // MARK: Commands

    func take(_ commands: [Command]) {
        for command in commands {
            switch command {
            case .acknowledgeThrough(let tag, let number):
                if number == channelNumber { ledger.acknowledge(through: tag) }
            case .acknowledge(let tags, let number):
                if number == channelNumber { tags.forEach { ledger.acknowledge($0) } }
            case .requeue(let tags, let number):
                if number == channelNumber { tags.forEach { ledger.requeue($0) } }
            case .ask: if case .none = question, channel.isOpen { question = .wanted }
            case .cancel: if case .consuming = stage { stage = .cancelling }
            case .consume(let prefetch):
                guard case .cancelled = stage else { break }
                stage = .consuming
                isToResume = true
                channel.change(Self.steps(queue: queue, prefetch: prefetch, tag: tag))
            case .close: closing.want()
            }
        }
    }

    // MARK: Connection

    func connected(_ link: Link) throws(BrokerFailure) {
        isToResume = false
        try openChannel(link)
    }

    private func openChannel(_ link: Link) throws(BrokerFailure) {
        startAnew()
        try channel.begin(link)
    }

    /// The broker takes back what was open on the channel, so nothing may be said about it any more.
    private func startAnew() {
        channelNumber += 1
        ledger = AcknowledgementLedger()
        actions = []
        burst = []
        question = .none
        assembly = ContentAssembly(bodyLimit: configuration.bodyLimitBytes)
    }

    func disconnected(_ failure: BrokerFailure) {
        startAnew()
        channel.end()
        lose(failure)
    }

    private func lose(_ failure: BrokerFailure) {
        if saidLost || closing.isWanted { return }
        saidLost = true
        sink(.lost(failure))
    }

    func received(_ frame: InboundFrame, _ link: Link) throws(BrokerFailure) {
        switch frame {
        case .header(let header): try deliver(assembly.take(header))
        case .body(let fragment): try deliver(assembly.take(fragment))
        case .method(let method): try received(method, link)
        }
    }

    private func received(_ method: InboundMethod, _ link: Link) throws(BrokerFailure) {
        switch method {
        case .deliver: try assembly.begin(method)
        case .cancelled:
            // The queue was deleted, or its node went: not an answer to our own cancel.
            sayBurst()
            lose(
                BrokerFailure(.channel, operation: "consume queue \(queue)", cause: "the broker ended the subscription")
            )
            if wantsSubscription { channel.lastStepUndone() } else { stage = .cancelling }
        case .channelClosed(let code, let text):
            var operation = channel.operation ?? "consume queue \(queue)"
            if case .sent = question { operation = lookOperation }
            try link.acceptChannelClose()
            startAnew()
            channel.closed()
            lose(Failures.refused(code, text, operation))
        case .answer(AMQP_BASIC_CANCEL_OK_METHOD):
            sayBurst()
            sayCancelled()
        case .queueDeclared(let ready, let consumers):
            sayBurst()
            question = .none
            if !closing.isWanted { sink(.told(QueueState(ready: ready, consumers: consumers), channel: channelNumber)) }
        case .answer(AMQP_CONNECTION_CLOSE_OK_METHOD): closing.answered()
        case .answer(let id):
            if try channel.answered(id, link) {
                saidLost = false
                sink(.subscribed(channel: channelNumber))
            }
        default: break
        }
    }

    private func deliver(_ message: InboundMessage?) throws(BrokerFailure) {
        guard let message, case .deliver(let tag, let redelivered, let exchange, let routingKey) = message.method
        else { return }
        let isTaken = hasRoom
        guard ledger.delivered(tag, bytes: isTaken ? message.body.count : 0) else {
            throw BrokerFailure(.protocol, operation: "consume queue \(queue)", cause: "a delivery tag was left out")
        }
        // Only while nothing more is wanted.
        guard isTaken else { return ledger.requeue(tag) }
        burst.append(
            Delivery(
                tag: tag, channel: channelNumber, redelivered: redelivered, exchange: exchange, routingKey: routingKey,
                properties: message.properties, body: message.body))
    }

    // MARK: What is due

    func settle(_ link: Link?) throws(BrokerFailure) {
        sayBurst()
        let now = Uptime.milliseconds
        if let link {
            if let step = try channel.due(at: now) { try resume(step, link) }
            if isToResume, wantsSubscription, link.canTake { try consumeAgain(link) }
        }
        // Before what is acknowledged, for which the broker would send more.
        try settleCancel(link, now)
        if let link {
            try write(link)
            try settleQuestion(link, now)
        }
        // Everything acknowledged is written before `connection.close`, and the broker works in that order.
        try closing.settle(link, at: now, isDrained: actions.isEmpty && !ledger.hasActions)
    }

    private func resume(_ step: Int, _ link: Link) throws(BrokerFailure) {
        guard wantsSubscription else { return channel.end() }
        if step == 0 { try openChannel(link) } else { try channel.begin(link, step: step) }
    }

    /// On the channel that is open, with another prefetch count; it counts for consumers that come after it.
    private func consumeAgain(_ link: Link) throws(BrokerFailure) {
        isToResume = false
        if channel.isOpen { try channel.begin(link, step: 1) } else if channel.isEnded { try openChannel(link) }
    }

    private func sayBurst() {
        if burst.isEmpty { return }
        // After `close()` nothing is delivered; the broker gives it to somebody else.
        if !closing.isWanted { sink(.delivered(burst)) }
        burst = []
    }

    private func write(_ link: Link) throws(BrokerFailure) {
        if actions.isEmpty { actions = ledger.takeActions() }
        if actions.isEmpty { return }
        var written = 0
        while written < actions.count, link.canTake {
            switch actions[written] {
            case .acknowledge(let tag, let multiple):
                let method = amqp_basic_ack_t(delivery_tag: tag, multiple: multiple ? 1 : 0)
                try link.queue(AMQP_BASIC_ACK_METHOD, method)
            case .requeue(let tag):
                // Not reject: from RabbitMQ 4.3 on that counts against the delivery limit, nack does not.
                let method = amqp_basic_nack_t(delivery_tag: tag, multiple: 0, requeue: 1)
                try link.queue(AMQP_BASIC_NACK_METHOD, method)
            }
            written += 1
        }
        actions.removeFirst(written)
        try link.flush()
    }

    private var lookOperation: String { "look at queue \(queue)" }

    private func settleQuestion(_ link: Link, _ now: Int) throws(BrokerFailure) {
        switch question {
        case .none: break
        case .wanted:
            // What is acknowledged goes first.
            guard actions.isEmpty, link.canTake else { return }
            try link.send(AMQP_QUEUE_DECLARE_METHOD) { arena throws(BrokerFailure) in
                var method = amqp_queue_declare_t()
                method.queue = try arena.short(queue, "queue name")
                method.passive = 1
                method.arguments = amqp_empty_table
                return method
            }
            question = .sent(deadline: now + configuration.answerMilliseconds)
        case .sent where !takesMore:
            // It may lie behind what is not read.
            question = .sent(deadline: now + configuration.answerMilliseconds)
        case .sent(let deadline):
            if now >= deadline { throw BrokerFailure(.timeout, operation: lookOperation, cause: "no answer") }
        }
    }

    private func settleCancel(_ link: Link?, _ now: Int) throws(BrokerFailure) {
        switch stage {
        case .cancelling:
            // While the subscription is being set up, its answer decides.
            guard let link, channel.isOpen || channel.isOpening else { return sayCancelled() }
            guard channel.isOpen, link.canTake else { return }
            let tag = tag
            try link.send(AMQP_BASIC_CANCEL_METHOD) { arena throws(BrokerFailure) in
                amqp_basic_cancel_t(consumer_tag: try arena.short(tag, "consumer tag"), nowait: 0)
            }
            stage = .cancelSent(deadline: now + configuration.answerMilliseconds)
        case .cancelSent(let deadline):
            if link == nil { return sayCancelled() }
            if now >= deadline {
                throw BrokerFailure(.timeout, operation: "cancel the consumer of \(queue)", cause: "no answer")
            }
        case .consuming, .cancelled: break
        }
    }

    private func sayCancelled() {
        stage = .cancelled
        sink(.cancelled)
    }

    func finish() { sink(.closed) }
}
