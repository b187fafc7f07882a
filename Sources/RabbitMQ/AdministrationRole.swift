import Broker
internal import CRabbitMQ

/// Asks the broker one thing after the other; lives on the connection's thread.
///
/// The connection is opened by the first question and then kept. A question that fails is not repeated.
final class AdministrationRole: ConnectionRole {
    struct Answer: Sendable {
        var ready = 0
        var consumers = 0
    }

    struct Question: Sendable {
        let operation: String
        let answer: UInt32
        let send: @Sendable (Link) throws(BrokerFailure) -> Void
        let completion: @Sendable (Result<Answer, BrokerFailure>) -> Void
    }

    enum Command: Sendable {
        case ask(Question)
        case close
    }

    let purpose = "administration"
    let retries = false
    private let configuration: RabbitMQConfiguration
    private var channel: ChannelLife
    private var questions: [Question] = []
    /// When the first question has been sent: until when its answer may take.
    private var askedUntil: Int?
    private var closing: Closing

    init(configuration: RabbitMQConfiguration) {
        self.configuration = configuration
        closing = Closing(limitMilliseconds: configuration.drainMilliseconds)
        channel = ChannelLife([], answerMilliseconds: configuration.answerMilliseconds)
    }

    var wantsLink: Bool { !questions.isEmpty && !closing.isWanted }
    var isUp: Bool { channel.isOpen }
    var isFinished: Bool { closing.isDone }
    var wantsToWrite: Bool { false }

    var deadline: Int? { [askedUntil, channel.deadline, closing.deadline].compactMap(\.self).min() }

    func take(_ commands: [Command]) {
        for command in commands {
            switch command {
            case .ask(let question):
                if closing.isWanted {
                    question.completion(.failure(Self.closed(question.operation)))
                } else {
                    questions.append(question)
                }
            case .close: closing.want()
            }
        }
    }

    static func closed(_ operation: String) -> BrokerFailure {
        BrokerFailure(.connection, operation: operation, cause: "the administration connection has been closed")
    }

    func connected(_ link: Link) throws(BrokerFailure) { try channel.begin(link) }

    func disconnected(_ failure: BrokerFailure) {
        channel.end()
        askedUntil = nil
        let failed = questions
        questions = []
        for question in failed {
            question.completion(
                .failure(
                    BrokerFailure(
                        failure.kind, operation: question.operation, cause: "\(failure.operation): \(failure.cause)",
                        code: failure.code)))
        }
    }

    func received(_ frame: InboundFrame, _ link: Link) throws(BrokerFailure) {
        guard case .method(let method) = frame else { return }
        switch method {
        case .queueDeclared(let ready, let consumers):
            complete(AMQP_QUEUE_DECLARE_OK_METHOD, .success(Answer(ready: ready, consumers: consumers)))
        case .channelClosed(let code, let text):
            try link.acceptChannelClose()
            if let question = questions.first {
                complete(question.answer, .failure(Failures.refused(code, text, question.operation)))
            }
            // At once: the question was at fault, not the channel.
            try channel.begin(link)
        case .answer(AMQP_CONNECTION_CLOSE_OK_METHOD): closing.answered()
        case .answer(let id):
            if channel.isOpen {
                complete(id, .success(Answer()))
            } else {
                _ = try channel.answered(id, link)
            }
        default: break
        }
    }

    private func complete(_ id: UInt32, _ result: Result<Answer, BrokerFailure>) {
        guard askedUntil != nil, let question = questions.first, question.answer == id else { return }
        askedUntil = nil
        questions.removeFirst()
        question.completion(result)
    }

    func settle(_ link: Link?) throws(BrokerFailure) {
        let now = Uptime.milliseconds
        if let link {
            _ = try channel.due(at: now)
            if let askedUntil, now >= askedUntil, let question = questions.first {
                throw BrokerFailure(.timeout, operation: question.operation, cause: "no answer")
            }
            try askNext(link, now)
        }
        try closing.settle(link, at: now, isDrained: questions.isEmpty)
    }

    private func askNext(_ link: Link, _ now: Int) throws(BrokerFailure) {
        guard channel.isOpen, askedUntil == nil, link.canTake, let question = questions.first else { return }
        do throws(BrokerFailure) {
            try question.send(link)
            askedUntil = now + configuration.answerMilliseconds
        } catch {
            guard error.kind == .protocol else { throw error }
            questions.removeFirst()
            question.completion(.failure(error))
        }
    }

    func finish() {
        for question in questions { question.completion(.failure(Self.closed(question.operation))) }
        questions = []
    }
}
