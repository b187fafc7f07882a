import Broker
import Logging
import Monitoring
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
    private let vitals: Vitals
    private let troubles = Mutex(Troubles())
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
        isAllowed: @escaping @Sendable (CustomerErasureRequested) -> Bool, logger: Logger, vitals: Vitals? = nil
    ) {
        self.vitals = vitals ?? Vitals(stage: Figures.parking)
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
            vitals.change { $0.condition.isDraining = true }
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

    /// The same for a process that ends then in any case.
    package func run() async { _ = await turn() }

    /// Runs until `stop`.
    ///
    /// - Returns: false if the drain limit ended it: its last batch may still be committed.
    package func turn() async -> Bool {
        let isDone = Mutex(false)
        // Not a child: a database that does not answer must not hold up the end.
        Task {
            await consume()
            isDone.withLock { $0 = true }
            ended.continuation.finish()
        }
        let ticking = Task { await tick() }
        for await _ in ended.stream {}
        ticking.cancel()
        tell(troubles.withLock { $0.takeEnded(at: wall(), isLast: true) })
        logger.info("stopped")
        return isDone.withLock { $0 }
    }

    /// Its loop waits for its database, however long that takes; that the process still works shows here.
    private func tick() async {
        repeat {
            vitals.livedOn(wall: wall())
            tell(troubles.withLock { $0.takeEnded(at: wall()) })
        } while (try? await Task.sleep(for: .seconds(1))) != nil
    }

    private func tell(_ lines: [LogLine]) {
        for line in lines { logger.log(line) }
    }

    private func consume() async {
        vitals.change { $0.condition.isPublishing = true }
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
            case .subscribed:
                vitals.change { $0.condition.isConsuming = true }
                logger.info("consuming", metadata: ["queue": "\(QueueName.dead)"])
            case .lost(let failure):
                vitals.change { figures in
                    figures.condition.isConsuming = false
                    figures.tally.losses.add(.consumer)
                }
                logger.warning("the subscription is lost; trying again", metadata: ["cause": "\(failure)"])
            case .delivered(let deliveries):
                vitals.change { $0.tally.received += deliveries.count }
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
                vitals.change { $0.condition.isPublishing = true }
                return true
            } catch {
                vitals.change { figures in
                    figures.condition.isPublishing = false
                    figures.tally.losses.add(.publisher)
                }
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
            self.note(letters, fresh: fresh)
        }
    }

    /// The codes of a batch of which some were known before are those of all its letters, as many as were new.
    private func note(_ letters: [DeadLetter], fresh: Int) {
        vitals.change { figures in
            figures.parked.add(.fresh, fresh)
            figures.parked.add(.known, letters.count - fresh)
            for letter in letters.prefix(fresh) { figures.tally.deadLetters.add(DeathCode(code: letter.code)) }
        }
        let at = wall()
        for letter in letters.prefix(fresh) {
            let trouble = Trouble(
                .warning, "parked", [("class", letter.failureClass), ("code", DeathCode(code: letter.code).text)])
            guard troubles.withLock({ $0.meet(trouble, at: at) }) else { continue }
            tell([trouble.line([(LogKey.letter, letter.id), ("queue", letter.queue)])])
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
            let trouble = Trouble(.error, "a dead letter is kept without its headers: the store does not take them")
            if troubles.withLock({ $0.meet(trouble, at: at) }) {
                tell([trouble.line([(LogKey.letter, letter.id), ("cause", "\(failure)")])])
            }
            return fresh
        }
    }

    /// Tries until the store has done it. False: stopped before that.
    private func patiently(_ body: () async throws -> Void) async -> Bool {
        var failures = 0
        while true {
            do {
                try await body()
                if failures > 0 { vitals.change { $0.condition.isStoreFailing = false } }
                return true
            } catch is CancellationError {
                return false
            } catch {
                failures += 1
                let kind = (error as? StoreFailure)?.kind ?? .corrupt
                vitals.change { figures in
                    figures.tally.storeFailures.add(StoreTrouble(kind))
                    figures.condition.isStoreFailing = true
                }
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
