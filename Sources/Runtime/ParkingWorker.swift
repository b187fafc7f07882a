import Broker
import Logging
import Schema
import Store
import Synchronization

/// `recourse-parking`: takes dead letters out of `recourse.dead` into the store, where they can be read without side
/// effects. Reading them in the broker would count as deliveries, and in the end drop them.
///
/// A batch is committed before it is acknowledged; the same letter delivered twice makes one row. While the store is
/// away nothing is acknowledged and nothing is handed back: the prefetch count bounds what waits.
///
/// What no queue took has been seen by no stage, so this worker also answers it with `event.rejected`. An order to erase a
/// customer reaches it through a binding of its own; it is carried out, and no letter.
package final class ParkingWorker: Sendable {
    private let deadLetters: SealedDeadLetters
    private let broker: any Broker
    private let wall: @Sendable () -> Instant
    /// Whether the stages carry out such an order.
    private let isAllowed: @Sendable (CustomerErasureRequested) -> Bool
    private let logger: Logger
    private let prefetch: Int
    private let limits: DocumentLimits
    private let drainSeconds: Int64
    private let ended = AsyncStream<Void>.makeStream()
    private let events: AsyncStream<ConsumerEvent>
    private let mailbox: AsyncStream<ConsumerEvent>.Continuation
    private struct Subscription {
        var consumer: (any Consumer)?
        var isStopping = false
    }

    private let subscription = Mutex(Subscription())

    /// Larger ones come without their bodies. Whatever the stages take, for theirs may be more than is set for this program,
    /// and what is not kept here is gone.
    package static let bodyLimitBytes = DocumentLimits.widest.bodyBytes

    /// - Parameter limits: what the stages take, where nobody has read a message before.
    package init(
        deadLetters: SealedDeadLetters, broker: any Broker, prefetch: Int, limits: DocumentLimits = DocumentLimits(),
        drainSeconds: Int64 = 30,
        wall: @escaping @Sendable () -> Instant,
        isAllowed: @escaping @Sendable (CustomerErasureRequested) -> Bool, logger: Logger
    ) {
        self.drainSeconds = drainSeconds
        self.deadLetters = deadLetters
        self.broker = broker
        self.prefetch = prefetch
        self.limits = limits
        self.wall = wall
        self.isAllowed = isAllowed
        self.logger = logger
        (events, mailbox) = AsyncStream.makeStream()
    }

    /// Finishes what is in hand and ends; what cannot be committed within the drain limit goes back to the queue. Safe to
    /// call before `run`.
    package func stop() {
        let isFirst = subscription.withLock { subscription in
            defer { subscription.isStopping = true }
            subscription.consumer?.cancel()
            return !subscription.isStopping
        }
        guard isFirst else { return }
        Task { [ended, drainSeconds] in
            try? await Task.sleep(for: .seconds(drainSeconds))
            ended.continuation.finish()
        }
    }

    private var isStopping: Bool { subscription.withLock { $0.isStopping } }

    package func run() async {
        // Not a child: a database that does not answer must not hold up the end.
        Task {
            await consume()
            ended.continuation.finish()
        }
        for await _ in ended.stream {}
        logger.info("stopped")
    }

    private func consume() async {
        let mailbox = mailbox
        let consumer = broker.consume(queue: QueueName.dead, prefetch: prefetch) { mailbox.yield($0) }
        subscription.withLock {
            $0.consumer = consumer
            if $0.isStopping { consumer.cancel() }
        }
        var answers: ConfirmedPublisher?
        // Once a batch is given up, nothing behind it may be acknowledged: that would acknowledge it too.
        var isGivenUp = false
        for await event in events {
            switch event {
            case .subscribed: logger.info("consuming", metadata: ["queue": "\(QueueName.dead)"])
            case .lost(let failure):
                logger.warning("the subscription is lost; trying again", metadata: ["cause": "\(failure)"])
            case .delivered(let deliveries):
                let letters = deliveries.filter { !Self.isOrder($0) }
                if !isGivenUp { isGivenUp = await !park(letters) }
                if !isGivenUp { isGivenUp = await !erase(deliveries.filter(Self.isOrder)) }
                if !isGivenUp { isGivenUp = await !answer(letters, &answers) }
                if !isGivenUp, let last = deliveries.last {
                    consumer.acknowledge(through: last.tag, channel: last.channel)
                }
            case .told: break
            case .cancelled: consumer.close()
            case .closed: mailbox.finish()
            }
        }
        await answers?.close()
        await deadLetters.close()
    }

    /// Tells upstream of what no queue took. False: stopped before that was confirmed; it is delivered and parked again
    /// then, as the same row, and answered under the same id.
    private func answer(_ deliveries: [Delivery], _ publisher: inout ConfirmedPublisher?) async -> Bool {
        let unrouted = deliveries.compactMap { UnroutedMessage($0, limits: limits) }
        guard !unrouted.isEmpty else { return true }
        let answers = publisher ?? ConfirmedPublisher(broker, wall: wall)
        publisher = answers
        while !isStopping {
            do {
                _ = try await answers.publish(try unrouted.map { try $0.rejection(wall: wall()) }, limitSeconds: 30)
                return true
            } catch {
                logger.warning("upstream could not be told; trying again", metadata: ["cause": "\(error)"])
            }
        }
        return false
    }

    /// An order to erase a person, as upstream has published it; one that has died somewhere comes by another exchange.
    private static func isOrder(_ delivery: Delivery) -> Bool {
        delivery.exchange == ExchangeName.inbox && delivery.routingKey == CustomerErasureRequested.type.rawValue
    }

    /// What came in before the orders and is about their persons. An order that the contract refuses is left to the
    /// stages, whose dead letter tells of it, and so is one that a rule refuses.
    private func erase(_ deliveries: [Delivery]) async -> Bool {
        let orders = deliveries.compactMap { order($0) }
        guard !orders.isEmpty else { return true }
        let letters = DeadLettersOfPersons(deadLetters)
        var erased: Set<String> = []
        var damaged: Set<String> = []
        // Each step by itself: one that has succeeded is not forgotten when the next fails.
        for (person, note) in orders {
            var found: [LetterErasure] = []
            guard
                await patiently({
                    let all = try await letters.find(.init(person)) { self.isStopping }
                    damaged.formUnion(all.damaged)
                    found = all.letters
                })
            else { return false }
            // What somebody did about a person tells of that person, too.
            guard await patiently({ _ = try await self.deadLetters.eraseLog(of: .init(person)) }) else { return false }
            found = found.filter { erased.insert($0.id).inserted }
            guard !found.isEmpty else { continue }
            let wanted = found
            guard await patiently({ _ = try await self.deadLetters.erase(wanted, note: note) }) else { return false }
        }
        if !erased.isEmpty { logger.info("erased dead letters", metadata: ["count": "\(erased.count)"]) }
        if let first = damaged.min() {
            logger.warning(
                "dead letters are damaged, and whose they are cannot be told: no order erases them",
                metadata: ["count": "\(damaged.count)", "first": "\(first)"])
        }
        // An order that comes once more may have been left before this.
        guard !erased.isEmpty || deliveries.contains(where: \.redelivered) else { return true }
        return await patiently { try await self.deadLetters.scrub() }
    }

    private func order(_ delivery: Delivery) -> (person: PersonSought, note: String)? {
        do throws(RefusedDocument) {
            let event = try Event.read(delivery.body, limits: limits)
            guard let order = event.data as? CustomerErasureRequested, isAllowed(order),
                let person = PersonSought(order, from: event.source)
            else { return nil }
            // An id may be a number too.
            let isNumber = !NumbersInText(order.requestId).keys.isEmpty
            return (person, isNumber ? "erased by an order" : "erased by order \(order.requestId)")
        } catch {
            return nil
        }
    }

    /// Until they are committed; the broker keeps them meanwhile. False: stopped before that.
    private func park(_ deliveries: [Delivery]) async -> Bool {
        let at = wall()
        return await patiently {
            var letters: [DeadLetter] = []
            for delivery in deliveries {
                let letter = DeadLetter(parking: delivery, at: at, limits: self.limits)
                // Nobody has written down when it failed to find a queue: delivered again it would pass for a later death.
                let isUntimed = delivery.redelivered && UnroutedMessage(delivery) != nil
                if isUntimed, try await self.deadLetters.get(letter.id) != nil { continue }
                letters.append(letter)
            }
            let fresh = try await self.upsert(letters, at)
            if fresh > 0 { self.logger.warning("parked dead letters", metadata: ["count": "\(fresh)"]) }
        }
    }

    /// All of them; by themselves if the store refuses them by what they carry. One that it refuses alone is kept with its
    /// body and without what the broker and its publisher say about it; a store that refuses this too is at fault itself.
    private func upsert(_ letters: [DeadLetter], _ at: Instant) async throws -> Int {
        do {
            return try await deadLetters.upsert(letters, parkedAt: at)
        } catch let failure as StoreFailure where failure.kind == .corrupt {
            guard letters.count == 1, let letter = letters.first else {
                var fresh = 0
                for letter in letters { fresh += try await upsert([letter], at) }
                return fresh
            }
            let fresh = try await deadLetters.upsert([letter.bare(because: failure.cause)], parkedAt: at)
            logger.error(
                "a dead letter is kept without its headers: the store does not take them",
                metadata: ["id": "\(letter.id)", "cause": "\(failure)"])
            return fresh
        }
    }

    /// Tries until the store has done it. False: stopped before that.
    private func patiently(_ body: () async throws -> Void) async -> Bool {
        var failures = 0
        while true {
            do {
                try await body()
                return true
            } catch is CancellationError {
                return false
            } catch {
                failures += 1
                if failures == 1 || failures.isMultiple(of: 60) {
                    logger.error("the database failed; trying again", metadata: ["cause": "\(error)"])
                }
                guard !isStopping,
                    (try? await Task.sleep(for: .milliseconds(min(5_000, 50 << min(failures, 7))))) != nil
                else { return false }
            }
        }
    }
}

extension DeadLetter {
    /// The body and what this program itself says.
    fileprivate func bare(because cause: String) -> DeadLetter {
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
