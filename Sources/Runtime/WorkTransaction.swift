import Policy
import Schema
import Stages
import Store

extension BatchProcessor {
    /// Does one piece of work in `transaction`; the shell and the simulator both come here.
    ///
    /// - Parameters:
    ///   - reading: what the business clock said when the work began.
    ///   - wall: for leases.
    ///   - told: with a sweep, what the other stages have said (`StageTime.Beat`).
    /// - Throws: as `process`; nothing has then happened.
    package func perform(
        _ work: Work, reading: ClockReading, wall: Instant, limits: WorkerLimits, told: Marks? = nil,
        in transaction: any StoreTransaction
    ) throws -> WorkResult {
        var result = WorkResult(clock: reading)
        let lease = wall.adding(seconds: limits.leaseSeconds)
        switch work {
        case .start(let limit):
            // What an earlier worker of this name had in hand is in the queue again.
            try leave(at: wall, transaction)
            result.batch = try takeOver(
                includingOwn: true, reading, wall, lease, Standing(), limit, transaction)
            // Before the policy is in the journal, which tells whether the stage has a past.
            try Subscriptions.note(
                type(of: runner.stage).takesFromEvents, of: runner.name, wall: wall, in: transaction)
            try plant(clock: reading.now, wall: wall, in: transaction)
            try findKnown(limit: 0, in: transaction)
        case .events(let inputs, let confirmed):
            result.batch = try process(
                inputs, confirmed: confirmed, clock: reading.now, clockRuns: reading.mode == .running, wall: wall,
                in: transaction)
        case .timers(let confirmed, let limit, let standing):
            try runTimers(confirmed, limit, standing, wall, limits, transaction, &result)
        case .oneTimer(let step, let confirmed):
            if reading.allowsTimers(of: runner.name) {
                result.batch = try processTimer(
                    step, confirmed: confirmed, marks: try marks(reading, transaction), reading: reading, wall: wall,
                    in: transaction)
            } else {
                try transaction.removeFromOutbox(confirmed)
            }
        case .flush(let confirmed):
            try transaction.removeFromOutbox(confirmed)
        case .sweep(let confirmed, let limit, let includingOwn, let standing):
            try transaction.removeFromOutbox(confirmed)
            let beat = try self.beat(standing, reading, wall, limits, told, transaction)
            result.batch = try takeOver(
                includingOwn: includingOwn, reading, wall, lease, beat.standing, limit, transaction)
            result.said = beat.time?.said
            if beat.time == nil, try transaction.leases().contains(where: { $0.isOfOlderRelease(at: wall) }) {
                // Where the clock steps no beat tells of them.
                try findKnown(limit: limits.batch, in: transaction)
            }
            if let days = runner.policy.retention.personalDays {
                let bound = reading.now.adding(days: -Int64(days))
                result.batch.erased += try vault.retire(before: bound, wall: wall, in: transaction)
            }
        case .waiting(let care):
            if care == .together, try transaction.stageTime().isBesideOlder(at: wall) {
                try findKnown(limit: limits.batch, in: transaction)
            }
            result.batch = try processWaiting(
                care, clock: reading.now, clockRuns: reading.mode == .running,
                marks: try marks(reading, transaction), allowsEnds: reading.allowsTimers(of: runner.name), wall: wall,
                limit: limits.batch, in: transaction)
        case .release(let dead, let told):
            try transaction.releaseDead(dead, owner: worker)
            try transaction.endNotices(told)
        case .end(let confirmed):
            try transaction.removeFromOutbox(confirmed)
            try leave(at: wall, transaction)
            try transaction.endLease(of: worker)
        }
        return result
    }

    private func runTimers(
        _ confirmed: [OutboxKey], _ limit: Int, _ standing: Standing, _ wall: Instant, _ limits: WorkerLimits,
        _ transaction: any StoreTransaction, _ result: inout WorkResult
    ) throws {
        let reading = result.clock
        try transaction.removeFromOutbox(confirmed)
        guard reading.allowsTimers(of: runner.name) else { return }
        guard reading.mode == .running else {
            // Where the clock steps, its phases say that the stage is at rest.
            try transaction.renewLease(
                of: worker, until: wall.adding(seconds: limits.leaseSeconds), standing: Standing(since: standing.since))
            result.batch = try processTimers(
                confirmed: [], marks: Marks(atRest: reading.now), reading: reading, wall: wall, limit: limit,
                in: transaction)
            return
        }
        guard standing.mark == nil else {
            // The stage's time is locked: the timers follow in a transaction that does not hold up the others' beats.
            let beat = try self.beat(standing, reading, wall, limits, nil, transaction)
            try transaction.renewLease(
                of: worker, until: wall.adding(seconds: limits.leaseSeconds), standing: beat.standing)
            let look = try lookForTimers(reading, wall: wall, in: transaction)
            (result.batch.hasMoreTimers, result.held, result.said) = (look.canAct, look.held, beat.time?.said)
            return
        }
        // Timers that patience alone allows are counted: the stage's time is locked before anything else then, as a beat does.
        let known = try transaction.stageTime()
        var time = known.bounds == known.marks ? known : try transaction.lockStageTime()
        result.batch = try processTimers(
            confirmed: [], marks: time.bounds, marked: time.marks, reading: reading, wall: wall, limit: limit,
            in: transaction)
        result.held = try lookForTimers(reading, wall: wall, in: transaction).held
        guard result.batch.timersByPatience > 0 else { return }
        time.actedByPatience += result.batch.timersByPatience
        try transaction.saveStageTime(time)
    }

    /// Up to when timers may act, and waiting may end.
    private func marks(_ reading: ClockReading, _ transaction: any StoreTransaction) throws -> Marks {
        reading.mode == .running ? try transaction.stageTime().bounds : Marks(atRest: reading.now)
    }

    /// Works out how far the stage has come; nothing where the clock steps.
    ///
    /// - Returns: with the stage's time, how the worker stands by its lease, which the caller renews.
    private func beat(
        _ standing: Standing, _ reading: ClockReading, _ wall: Instant, _ limits: WorkerLimits, _ told: Marks?,
        _ transaction: any StoreTransaction
    ) throws -> (time: StageTime?, standing: Standing) {
        guard reading.mode == .running else { return (nil, Standing(since: standing.since)) }
        // Locked first of all, so that workers wait for each other here and nowhere else.
        var time = try transaction.lockStageTime()
        let leases = try transaction.leases()
        let counted = time.take(
            StageTime.Beat(
                worker: worker, standing: standing, wall: wall, business: reading.now, told: told,
                leaseSeconds: limits.leaseSeconds,
                patienceSeconds: Int64(runner.policy.time.timerPatienceSeconds)),
            leases: leases)
        let outbox = try transaction.outboxSpan()
        time.say(oldestUnconfirmed: outbox.first, last: outbox.lastEntry)
        for lease in leases where lease.until < wall.adding(days: -1) || lease.isBeyondReason(at: wall) {
            try transaction.endLease(of: lease.worker)
        }
        try transaction.saveStageTime(time)
        return (time, counted)
    }

    /// The worker holds nothing of the queue any more.
    private func leave(at wall: Instant, _ transaction: any StoreTransaction) throws {
        var time = try transaction.lockStageTime()
        time.left(at: wall)
        try transaction.saveStageTime(time)
    }

    /// Takes over what nobody living owns, and whose sender is to be told that it waits; renews the lease.
    private func takeOver(
        includingOwn: Bool, _ reading: ClockReading, _ wall: Instant, _ lease: Instant, _ standing: Standing,
        _ limit: Int,
        _ transaction: any StoreTransaction
    ) throws -> BatchResult {
        var result = BatchResult()
        if includingOwn { try transaction.endLease(of: worker) }
        if limit > 0 {
            var resolver = PersonalResolver(vault: vault)
            result.rows = try resolver.resolve(
                try transaction.takeOverOutbox(by: worker, now: wall, limit: limit), in: transaction)
            let room = WaitingRoom(
                self, clock: reading.now, clockRuns: reading.mode == .running, wall: wall, transaction: transaction)
            result.dying = try room.takeOverDying(limit: limit)
            result.notices = try room.takeNotices(limit: limit)
        }
        try transaction.renewLease(of: worker, until: lease, standing: standing)
        return result
    }
}
