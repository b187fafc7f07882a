import Broker
import Logging
import Monitoring
import Policy
import Schema
import Stages
import Store
import Synchronization

/// A worker process's shell around `WorkerMachine`: performs its actions, feeds it what happens.
///
/// The machine's events pass through one mailbox, taken by one task. Its length is bounded by the prefetch count, the
/// unconfirmed publications, one tick and one piece of work.
package final class Worker: Sendable {
    package struct Parts: Sendable {
        package var store: any Store
        package var broker: any Broker
        package var clock: any BusinessClock
        /// Opens where the stages tell each other how far they have come, when it is first needed, and again while it
        /// fails; nil: this one tells nobody, and hears of none.
        package var control: (@Sendable () throws -> any ControlStore)?
        package var wall: @Sendable () -> Instant
        package var logger: Logger
        package var drainSeconds: Int64 = 30
        /// For personal data at rest.
        package var keyring = Keyring.none
        /// Where it tells of itself.
        package var vitals: Vitals?
        /// How often it looks into the store for others to see what is not done yet; nil: never.
        package var lookSeconds: Int64?

        package init(
            store: any Store, broker: any Broker, clock: any BusinessClock, wall: @escaping @Sendable () -> Instant,
            logger: Logger
        ) {
            self.store = store
            self.broker = broker
            self.clock = clock
            self.wall = wall
            self.logger = logger
        }
    }

    /// How often it tells of itself, at most.
    private static let wordMicroseconds: Int64 = 100_000

    private let stage: StageName
    private let vitals: Vitals
    /// Replaced when a new policy is taken into use; each transaction goes by one.
    private let processor: Mutex<BatchProcessor>
    private let parts: Parts
    private let control: SharedControl?
    private let limits: WorkerLimits
    private let routes: Routes
    private let name: WorkerId
    private let events: AsyncStream<WorkerEvent>
    private let mailbox: AsyncStream<WorkerEvent>.Continuation
    private let isTickPending = Mutex(false)
    /// What was last said of this stage, and whether the control store failed then.
    private let told = Mutex((said: Instant.distantPast, hasFailed: false))
    /// What the others had said when they were asked last, for sweeps; nil: nobody knows.
    private let heard = Mutex<(marks: [StageName: Instant]?, isAsked: Bool)>((nil, false))

    /// - Parameters:
    ///   - name: unique among living workers; a restarted worker of the same name takes over at once what it left.
    ///   - routes: where each event goes, for the mandatory flag.
    package init(runner: StageRunner, name: WorkerId, routes: Routes, limits: WorkerLimits, parts: Parts) {
        stage = runner.name
        self.name = name
        self.routes = routes
        self.limits = limits
        self.parts = parts
        vitals = parts.vitals ?? Vitals(stage: runner.name.rawValue)
        vitals.change { $0.policy = runner.policy.version }
        control = parts.control.map { SharedControl(open: $0) }
        let vault = PersonalVault(stage: runner.name, keyring: parts.keyring)
        processor = Mutex(
            BatchProcessor(runner: runner, worker: name, vault: vault, waiting: limits.waiting))
        (events, mailbox) = AsyncStream.makeStream()
    }

    /// Asks the worker to take nothing new, to settle what was delivered, and to end. What is not settled within the drain
    /// limit, as while the database is away, is handed back. Safe to call from anywhere, twice too.
    package func drain() {
        mailbox.yield(.drain)
    }

    /// Asks the worker to drain and end; `run` then returns within the drain limit. Safe to call from anywhere, twice too.
    package func stop() {
        mailbox.yield(.stop)
    }

    /// The version of the policy that decides now.
    package var policyVersion: String { processor.withLock { $0.runner.policy.version } }

    /// Decides by another policy from the next batch on. What is in hand ends under the old one.
    ///
    /// - Throws: `PolicyReuse`, `StoreFailure`; the old policy then stays.
    package func use(_ policy: PolicyBook) async throws {
        let current = processor.withLock { $0 }
        let next = BatchProcessor(
            runner: StageRunner(stage: current.runner.stage, policy: policy), worker: current.worker,
            vault: current.vault, waiting: current.waiting)
        _ = try await parts.store.read { try KeptPolicy.isKept(policy, in: $0) }
        let clock = try parts.clock.read().now
        // In the journal before its first decision.
        let wall = parts.wall()
        try await parts.store.write { try next.plant(clock: clock, wall: wall, in: $0) }
        processor.withLock { $0 = next }
        vitals.change { ($0.policy, $0.isPolicyRefused) = (policy.version, false) }
    }

    /// The folder was to be read again and has a fault; the present policy stays.
    package func noteRefusedPolicy() { vitals.change { $0.isPolicyRefused = true } }

    /// The same for a process that ends then in any case.
    package func run() async { _ = await turn() }

    /// Runs until `stop` or `drain`. Broker or database away: says so once, tries again with backoff.
    ///
    /// - Returns: false if the drain limit ended it: its last transaction may still be committed, so nobody may work under
    ///   this name in this process any more.
    package func turn() async -> Bool {
        let mailbox = mailbox
        var machine = WorkerMachine(
            stage: stage, name: name, routes: routes, limits: limits, wall: parts.wall(),
            clock: firstReading())
        let consumer = parts.broker.consume(queue: stage.queue, prefetch: machine.prefetch) {
            mailbox.yield(.consumer($0))
        }
        let publisher = parts.broker.publisher { mailbox.yield(.publisher($0)) }
        // Not children: what waits for a database that does not answer must not hold up the end.
        let ticking = Task { await self.tick() }
        let looking = Task { await self.lookAgainAndAgain() }
        var (leaving, limiting): (Task<Void, Never>?, Task<Void, Never>?)
        var isLimitOver = false
        var nextWordAt = Int64.min
        for await event in events {
            switch event {
            case .tick: isTickPending.withLock { $0 = false }
            case .drain: leaving = leaving ?? Task { await self.limitDrain(.stop) }
            case .stop: limiting = limiting ?? Task { await self.limitDrain(.drainLimit) }
            case .drainLimit: isLimitOver = true
            case .consumer, .publisher, .markBegun, .done, .failed: break
            }
            for action in machine.handle(event) {
                switch action {
                case .run(let work): Task { await self.perform(work) }
                case .acknowledgeThrough(let tag, let channel):
                    consumer.acknowledge(through: tag, channel: channel)
                case .acknowledge(let tags, let channel): consumer.acknowledge(tags, channel: channel)
                case .requeue(let tags, let channel): consumer.requeue(tags, channel: channel)
                case .publish(let publications): publisher.publish(publications)
                case .beginMark:
                    Task {
                        await self.beginMark()
                        consumer.ask()
                    }
                case .ask: consumer.ask()
                case .cancelConsumer: consumer.cancel()
                case .consume(let prefetch): consumer.consume(prefetch: prefetch)
                case .closeConsumer: consumer.close()
                case .closePublisher: publisher.close()
                case .log(let line): parts.logger.log(line)
                case .finished: mailbox.finish()
                }
            }
            // Under the stepped clock ticks are far more often than anybody looks.
            if case .tick(let wall, _) = event, vitals.uptime >= nextWordAt {
                nextWordAt = vitals.uptime + Self.wordMicroseconds
                vitals.looped(wall: wall, machine.tally, machine.condition)
            }
        }
        vitals.looped(wall: parts.wall(), machine.tally, machine.condition)
        ticking.cancel()
        leaving?.cancel()
        looking.cancel()
        limiting?.cancel()
        // It waits for the transaction in hand. What is not committed then is as if the process had been killed.
        let closing = Task { await parts.store.close() }
        if !isLimitOver { await closing.value }
        parts.logger.info("stopped")
        return !isLimitOver
    }

    // MARK: - Time

    private func firstReading() -> ClockReading {
        do {
            return try parts.clock.read()
        } catch {
            parts.logger.error("the business clock cannot be read; trying again", metadata: ["cause": "\(error)"])
            return ClockReading(now: .distantPast)
        }
    }

    private func tick() async {
        var saidClockFailed = false
        while !Task.isCancelled {
            do {
                let reading = try parts.clock.read()
                if saidClockFailed { vitals.change { $0.isClockFailing = false } }
                saidClockFailed = false
                if isTickPending.withLock({ pending in
                    defer { pending = true }
                    return !pending
                }) {
                    mailbox.yield(.tick(wall: parts.wall(), clock: reading))
                }
            } catch {
                if !saidClockFailed {
                    vitals.change { $0.isClockFailing = true }
                    parts.logger.error(
                        "the business clock cannot be read; trying again", metadata: ["cause": "\(error)"])
                }
                saidClockFailed = true
                // There is no tick then; to start the process again would not bring the clock back.
                vitals.livedOn(wall: parts.wall())
            }
            guard (try? await Task.sleep(for: .microseconds(parts.clock.pollMicroseconds))) != nil else { return }
        }
    }

    private func lookAgainAndAgain() async {
        guard let seconds = parts.lookSeconds else { return }
        var isFailing = false
        while !Task.isCancelled {
            let failure = await vitals.look {
                let (clock, wall) = (try parts.clock.read().now, parts.wall())
                noteCalendar(at: clock)
                return try await parts.store.read { try StoreLook($0, clock: clock, wall: wall) }
            }
            if let failure, !isFailing {
                parts.logger.warning(
                    "what is not done yet cannot be read from the store; metrics tell what was",
                    metadata: ["cause": "\(failure)"])
            }
            isFailing = failure != nil
            guard (try? await Task.sleep(for: .seconds(seconds))) != nil else { return }
        }
    }

    private func noteCalendar(at clock: Instant) {
        guard clock > .distantPast else { return }
        let missing = processor.withLock { $0 }.runner.policy.calendar.warnings(at: clock).count
        vitals.change { $0.calendarMissing = missing }
    }

    private func limitDrain(_ next: WorkerEvent) async {
        guard (try? await Task.sleep(for: .seconds(parts.drainSeconds))) != nil else { return }
        mailbox.yield(next)
    }

    // MARK: - Work

    private func perform(_ work: Work) async {
        do {
            mailbox.yield(.done(try await execute(work)))
        } catch let failure as StoreFailure {
            mailbox.yield(.failed(failure))
        } catch {
            mailbox.yield(.failed(StoreFailure(.corrupt, operation: "run a batch", cause: "\(error)")))
        }
    }

    private func execute(_ work: Work) async throws -> WorkResult {
        let reading = try parts.clock.read()
        switch work {
        case .timers(let confirmed, _, let standing):
            guard reading.allowsTimers(of: stage) else { return try await flush(confirmed, reading) }
            // Looking whether anything is due disturbs no writer.
            let (processor, wall) = (processor.withLock { $0 }, parts.wall())
            let (canAct, held) = try await parts.store.read {
                try processor.lookForTimers(reading, wall: wall, in: $0)
            }
            guard standing.mark != nil || canAct else {
                var result = try await flush(confirmed, reading)
                result.held = held
                return result
            }
        case .flush(let confirmed): return try await flush(confirmed, reading)
        case .waiting:
            let (processor, wall) = (processor.withLock { $0 }, parts.wall())
            let isWanted = try await parts.store.read {
                try processor.isWanted(waitingAt: reading, wall: wall, in: $0)
            }
            guard isWanted else { return WorkResult(clock: reading) }
        case .start, .events, .oneTimer, .sweep, .release, .end: break
        }
        return try await transact(work, reading)
    }

    private func flush(_ confirmed: [OutboxKey], _ reading: ClockReading) async throws -> WorkResult {
        confirmed.isEmpty ? WorkResult(clock: reading) : try await transact(.flush(confirmed), reading)
    }

    private func transact(_ work: Work, _ reading: ClockReading) async throws -> WorkResult {
        var told: Marks?
        if case .sweep = work, reading.mode == .running {
            told = lastSaid().map { routes.marks(of: stage, own: reading.now, $0, unsaid: reading.now) }
        }
        let (processor, limits, wall) = (processor.withLock { $0 }, limits, parts.wall())
        let began = ContinuousClock.now
        var result = try await parts.store.write { [told] transaction in
            try processor.perform(work, reading: reading, wall: wall, limits: limits, told: told, in: transaction)
        }
        let committedAt = parts.wall()
        result.committedAt = committedAt
        vitals.committed(work, result.batch.fates, took: .now - began, wall: committedAt)
        if result.batch.erased > 0 { await scrub(result.batch.erased) }
        if let said = result.said { await tell(said) }
        return result
    }

    /// The erasure is committed; what is left of it in the database's files is a matter of time.
    private func scrub(_ erased: Int) async {
        parts.logger.info("erased personal data", metadata: ["count": "\(erased)"])
        do {
            try await parts.store.scrub()
        } catch {
            parts.logger.warning(
                "what was erased may still be in the database's files; the database overwrites it in time",
                metadata: ["cause": "\(error)"])
        }
    }

    // MARK: - Marks

    private func beginMark() async {
        // Before the clock and before the question: what the others have said by then lies in the queue.
        let said = await said()
        do {
            let now = try parts.clock.read().now
            let marks = routes.marks(of: stage, own: now, said ?? [:], unsaid: .distantPast)
            mailbox.yield(.markBegun(asked: parts.wall(), marks: marks))
        } catch {
            // Said by whoever reads the clock at every tick.
            mailbox.yield(.markBegun(asked: parts.wall(), marks: .none))
        }
    }

    /// What the stages have said of themselves; nil: nobody knows.
    private func said() async -> [StageName: Instant]? {
        // Who has nobody before him needs no word.
        if routes.before(stage).isEmpty { return [:] }
        guard let control else { return nil }
        do {
            let marks = try await control.use { try $0.marks() }
            controlAnswered()
            return marks
        } catch {
            controlFailed(error)
            return nil
        }
    }

    /// The last answer; the next one is asked for. A sweep renews the lease, so it waits for no other store.
    private func lastSaid() -> [StageName: Instant]? {
        let (marks, isAsked) = heard.withLock { heard in
            defer { heard.isAsked = true }
            return heard
        }
        if !isAsked {
            Task {
                let said = await self.said()
                heard.withLock { $0 = (said, false) }
            }
        }
        return marks
    }

    private func tell(_ said: Instant) async {
        guard let control, told.withLock({ $0.said }) < said else { return }
        do {
            try await control.use { [stage] in try $0.setMark(said, of: stage) }
            told.withLock { $0.said = said }
            controlAnswered()
        } catch {
            controlFailed(error)
        }
    }

    private func controlAnswered() { told.withLock { $0.hasFailed = false } }

    private func controlFailed(_ error: any Error) {
        let isNew = told.withLock { told in
            defer { told.hasFailed = true }
            return !told.hasFailed
        }
        guard isNew else { return }
        parts.logger.error(
            "the control store cannot be used; deadlines that another stage's word meets wait for it",
            metadata: ["cause": "\(error)"])
    }
}
