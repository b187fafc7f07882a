import Broker
import Schema
import Store

extension DeadLetter {
    /// The body and what this program itself says.
    func bare(because cause: String) -> DeadLetter {
        var bare = DeadLetter(
            id: id, queue: StageName.allCases.map(\.queue).first { $0 == queue } ?? QueueName.dead,
            failureClass: DeadLetterClass(rawValue: failureClass)?.rawValue ?? DeadLetterClass.permanent.rawValue,
            code: DeadLetterCode.unstorable.rawValue, firstAt: firstAt, lastAt: lastAt, body: body)
        bare.message = "the store does not take what came with it: \(cause)"
        bare.attempts = attempts
        bare.readFailure()
        return bare
    }

    /// What a delivery of `recourse.dead` tells: written by a worker (with `x-fail-…` headers), by the broker (delivery
    /// limit, with `x-death`), or by the alternate exchange (neither). The exchange says which; to that of the workers
    /// upstream cannot publish, so it cannot make a letter that would be replayed into a queue of its choice.
    ///
    /// - Parameter limits: those of the stages.
    package init(parking delivery: Delivery, at wall: Instant, limits: DocumentLimits = DocumentLimits()) {
        let properties = delivery.properties
        let isWorkers = delivery.exchange == ExchangeName.dead && properties[header: FailureHeader.class] != nil
        func text(_ name: String) -> String? {
            guard isWorkers, case .string(let text)? = properties[header: name] else { return nil }
            return FailureMessages.clip(text)
        }
        let unrouted = UnroutedMessage(delivery, limits: limits)?.reason
        let death = isWorkers || unrouted != nil ? nil : BrokerDeath(properties)
        let history = FailureHistory(delivery)
        let last = text(FailureHeader.lastAt).flatMap(Instant.init(rfc3339:)) ?? death?.at ?? wall
        let first = text(FailureHeader.firstAt).flatMap(Instant.init(rfc3339:)) ?? last
        let queue = text(FailureHeader.queue) ?? death?.queue ?? QueueName.dead
        let silent = unrouted?.class ?? (death != nil ? .bystander : .unroutable)
        let `class` = text(FailureHeader.class) ?? silent.rawValue
        let code = text(FailureHeader.code) ?? death?.reason ?? unrouted?.code ?? DeadLetterCode.unroutable.rawValue
        // Of a body that was too large to be kept, size and time of death are all that tells it from others.
        let content = delivery.oversized.map { Array("\($0) \(isWorkers ? last.description : "")".utf8) }
        self.init(
            id: DeadLetter.id(
                queue: queue, messageId: properties.messageId, content: content ?? delivery.body,
                replays: history.replays),
            queue: queue, failureClass: `class`, code: code, firstAt: first, lastAt: last, body: delivery.body)
        exchange = text(FailureHeader.exchange) ?? death?.exchange ?? history.exchange
        routingKey = text(FailureHeader.routingKey) ?? death?.routingKey ?? history.routingKey
        message =
            text(FailureHeader.message) ?? death.map(\.explanation) ?? unrouted?.message
            ?? "no queue is bound for its routing key"
        attempts = Int64(history.attempts)
        var told = properties.headers
        if let unrouted {
            told.append(HeaderField(FailureHeader.faults, .string(FailureMessages.list(unrouted.faults))))
        }
        headers = HeaderJSON.encode(.table(told)).serialized
        self.properties = HeaderJSON.encode(properties).serialized
        // Workers of the release before tell another fingerprint.
        readFailure()
        readIdentity(properties)
    }

    private mutating func readIdentity(_ properties: MessageProperties) {
        caseId = properties.correlationId
        do throws(RefusedDocument) {
            let event = try Event.read(body, limits: .widest)
            (source, eventId, type) = (event.source, event.id, event.type.rawValue)
            caseId = event.data.correlation ?? caseId
        } catch {
            source = error.identity.source
            eventId = error.identity.id ?? properties.messageId
            type = error.identity.type ?? properties.type
        }
    }
}

/// What the broker says of a message that it has dead-lettered (`x-death`, newest first).
private struct BrokerDeath {
    let reason: String
    let queue: String
    let exchange: String
    let routingKey: String
    let at: Instant?

    init?(_ properties: MessageProperties) {
        guard case .array(let deaths)? = properties[header: "x-death"], case .table(let fields)? = deaths.first else {
            return nil
        }
        func text(_ name: String) -> String? {
            if case .string(let text)? = fields.first(where: { $0.name == name })?.value { text } else { nil }
        }
        reason = text("reason") ?? DeadLetterCode.unknown.rawValue
        queue = text("queue") ?? QueueName.dead
        exchange = text("exchange") ?? ""
        var key = ""
        if case .array(let keys)? = fields.first(where: { $0.name == "routing-keys" })?.value,
            case .string(let first)? = keys.first
        {
            key = first
        }
        routingKey = key
        at =
            if case .timestamp(let seconds)? = fields.first(where: { $0.name == "time" })?.value {
                Instant(seconds: Int64(clamping: min(seconds, 1 << 40)))
            } else {
                nil
            }
    }

    var explanation: String {
        reason == DeadLetterCode.deliveryLimit.rawValue
            ? "the broker delivered it more often than the limit allows, and no worker recorded a failure: workers died "
                + "or lost their connections while they held it"
            : "the broker gave it up: \(reason)"
    }
}
