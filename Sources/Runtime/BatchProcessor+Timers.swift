import Policy
import Schema
import Stages
import Store

/// What is done about one timer at a time, after a batch of them was refused by the database.
package enum TimerStep: Sendable, Equatable {
    /// Only asks which is the next.
    case look
    case run(RecordKey)
    /// By itself it was refused as well.
    case putAside(RecordKey, cause: String)
}

extension BatchProcessor {
    /// How long a timer that could not act is left out, of the wall clock.
    private static let asideSeconds: Int64 = 60

    /// Runs up to `limit` timers that may act, earliest first. One that cannot act steps aside.
    ///
    /// - Parameters:
    ///   - marks: up to when. Deadlines that another stage's word meets wait for the stages before, too.
    ///   - marked: up to when the stage, and those whose word meets deadlines, are known to have been at rest; later ones
    ///     act by patience.
    ///   - reading: what the business clock reads, for events that the timers make known; nil: a clock that steps, and is
    ///     where the marks are.
    ///   - wall: for the time at which one that has stepped aside is tried again; nil: as the business clock.
    package func processTimers(
        confirmed: [OutboxKey], marks: Marks, marked: Marks? = nil, reading: ClockReading? = nil,
        wall: Instant? = nil, limit: Int, in transaction: any StoreTransaction
    ) throws -> BatchResult {
        try transaction.removeFromOutbox(confirmed)
        let wall = wall ?? marks.own
        let later = try later(marks, in: transaction)
        let due = try transaction.dueRecords(now: marks.own, later: later, wall: wall, limit: limit)
        var reach = Reach(watermark: marks.own, later: later, reading: reading)
        if let marked { reach.marked = (marked.own, try self.later(marked, in: transaction)) }
        var result = try run(due, reach, wall: wall, in: transaction)
        if due.count >= limit { result.hasMoreTimers = true }
        return result
    }

    /// One timer by itself, in a transaction that it alone can break.
    package func processTimer(
        _ step: TimerStep, confirmed: [OutboxKey], marks: Marks, reading: ClockReading? = nil, wall: Instant,
        in transaction: any StoreTransaction
    ) throws -> BatchResult {
        try transaction.removeFromOutbox(confirmed)
        var result = BatchResult()
        let later = try later(marks, in: transaction)
        switch step {
        case .look: break
        case .run(let key):
            let reach = Reach(watermark: marks.own, later: later, reading: reading, isAlone: true)
            let stored = try transaction.load([key]).values.filter { stored in
                stored.wakeAt.map { $0 <= reach.end(isMetByOthers: stored.isMetByOthers) } ?? false
            }
            result = try run(stored, reach, wall: wall, in: transaction)
        case .putAside(let key, let cause):
            guard let stored = try transaction.load([key])[key] else { break }
            try transaction.putAside([Self.aside(stored, wall: wall, cause)])
            result.timerFaults = ["timer of \(key): \(cause)"]
        }
        result.nextTimer = try transaction.dueRecords(
            now: marks.own, later: later, wall: wall, limit: 1
        ).first?.key
        return result
    }

    /// Up to when deadlines act that another stage's word meets.
    private func later(_ marks: Marks, in snapshot: any StoreSnapshot) throws -> Instant {
        guard let kinds = type(of: runner.stage).metWhileWaitingFor else { return marks.withWord }
        return try kinds.contains { try snapshot.isAnyWaiting(forKind: $0) } ? marks.withWord : marks.own
    }

    /// Whether any timer may act, and which is due and may not, as the store has it.
    func lookForTimers(
        _ reading: ClockReading, wall: Instant, in snapshot: any StoreSnapshot
    ) throws -> (canAct: Bool, held: HeldTimers?) {
        guard let due = try snapshot.nextWake(wall: wall), due <= reading.now else { return (false, nil) }
        guard reading.mode == .running else { return (true, nil) }
        let time = try snapshot.stageTime()
        let marks = time.bounds
        let why: HeldTimers.Why =
            if due <= marks.own {
                .others(marks.word)
            } else if let strangers = time.strangers {
                .strangers(strangers)
            } else {
                .own(marks.own)
            }
        let held = HeldTimers(due: due, why: why, patienceSeconds: Int64(runner.policy.time.timerPatienceSeconds))
        guard due <= marks.own else { return (false, held) }
        let canAct = try snapshot.hasDue(now: marks.own, later: try later(marks, in: snapshot), wall: wall)
        return (canAct, held)
    }

    /// - Parameter release: nil: it is nobody's matter.
    private static func aside(
        _ stored: StoredRecord, wall: Instant, _ cause: String, release: Int? = nil
    ) -> TimerAside {
        TimerAside(
            key: stored.key, version: stored.version, until: wall.adding(seconds: asideSeconds),
            cause: FailureMessages.clip(cause), release: release)
    }

    /// How far timers may act.
    private struct Reach {
        let watermark: Instant
        /// The same of those that another stage's word meets.
        let later: Instant
        /// Up to when both were known to be at rest; others act by patience.
        var marked = (own: Instant.limit, later: Instant.limit)
        /// What the business clock reads, which the watermark may lie behind.
        let clock: Instant
        let clockRuns: Bool
        let isAlone: Bool

        init(watermark: Instant, later: Instant, reading: ClockReading?, isAlone: Bool = false) {
            self.isAlone = isAlone
            self.watermark = watermark
            self.later = later
            clock = reading?.now ?? watermark
            clockRuns = reading?.mode == .running
        }

        func end(isMetByOthers: Bool) -> Instant { isMetByOthers ? later : watermark }
    }

    private func run(
        _ stored: [StoredRecord], _ reach: Reach, wall: Instant, in transaction: any StoreTransaction
    ) throws -> BatchResult {
        var result = BatchResult()
        var work = UnitOfWork(
            self, clock: reach.clock, clockRuns: reach.clockRuns, wall: wall, transaction: transaction)
        var due: [(timer: Input, stored: StoredRecord)] = []
        var moved: [StoredRecord] = []
        for stored in stored {
            work.take(stored)
            if work.unreadable[stored.key] != nil, let at = stored.wakeAt {
                due.append((.timer(stored.key, Wake(at: at, order: stored.wakeOrder)), stored))
            } else if let wake = work.set[stored.key]?.value.wake, wake.at <= reach.watermark,
                !wake.isMetByOthers || max(wake.at, stored.wakeAt ?? wake.at) <= reach.later
            {
                // The record's own wake: the stored one may have been held back.
                due.append((.timer(stored.key, wake), stored))
            } else {
                // What another release has stored, by this one is not due, or not yet, or never.
                let wake = work.set[stored.key]?.value.wake
                var stored = stored
                stored.wakeAt = wake.map { max($0.at, $0.isMetByOthers ? stored.wakeAt ?? $0.at : $0.at) }
                stored.wakeOrder = wake?.order ?? 0
                stored.isMetByOthers = wake?.isMetByOthers ?? false
                moved.append(stored)
            }
        }
        try transaction.save(moved)
        try work.load(due.map(\.timer))
        // What waits for something of theirs that is known goes first: the transaction that made it known was full. Not
        // where a timer runs alone, which must not answer for what waits.
        if !reach.isAlone {
            for (timer, _) in due { work.known += try work.load(timer).filter { work.set[$0] != nil } }
            try work.takeWaiting()
        }
        if work.isFull {
            result.hasMoreTimers = true
            due.removeAll()
        }
        due.sort { Self.comesFirst($0.timer, $1.timer) }
        // A timer may set another that comes before the rest of these: the earlier time or lower order goes first, so
        // the rest waits for the next transaction.
        var set: (wake: Wake, key: RecordKey)?
        var aside: [TimerAside] = []
        for (input, stored) in due {
            guard case .timer(let key, let wake) = input else { continue }
            if let set, set.wake.at <= reach.watermark, (set.wake, set.key) < (wake, key) {
                result.hasMoreTimers = true
                break
            }
            let keys = try work.load(input)
            let faults = work.timerFaults.count
            let changed = work.decide(timer: input, keys: keys)?.changed
            let marked = wake.isMetByOthers ? reach.marked.later : reach.marked.own
            if changed != nil, max(wake.at, stored.wakeAt ?? wake.at) > marked { result.timersByPatience += 1 }
            if let cause = work.timerFaults.dropFirst(faults).first {
                let isNewer = keys.contains { work.newer[$0] != nil }
                aside.append(Self.aside(stored, wall: wall, cause, release: isNewer ? release : nil))
            }
            for changed in changed ?? [] {
                guard let wake = work.set[changed]?.value.wake else { continue }
                if let known = set, (known.wake, known.key) <= (wake, changed) { continue }
                set = (wake, changed)
            }
            try work.takeWaiting()
        }
        try work.finish(into: &result, owner: worker, wall: wall)
        try transaction.putAside(aside)
        return result
    }

    /// In the order of their own times: those that were held back are stored as due when they were set.
    private static func comesFirst(_ a: Input, _ b: Input) -> Bool {
        guard case .timer(let key, let wake) = a, case .timer(let other, let otherWake) = b else { return false }
        return (wake, key) < (otherWake, other)
    }
}
