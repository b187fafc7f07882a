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
    ///   - marked: up to when the stage is known to have been at rest; later ones act by patience.
    ///   - reading: what the business clock reads, for events that the timers make known; nil: a clock that steps, and is
    ///     where the marks are.
    ///   - wall: for the time at which one that has stepped aside is tried again; nil: as the business clock.
    package func processTimers(
        confirmed: [OutboxKey], marks: Marks, marked: Instant = .limit, reading: ClockReading? = nil,
        wall: Instant? = nil, limit: Int, in transaction: any StoreTransaction
    ) throws -> BatchResult {
        try transaction.removeFromOutbox(confirmed)
        let wall = wall ?? marks.own
        let due = try transaction.dueRecords(now: marks.own, later: later(marks), wall: wall, limit: limit)
        let reach = Reach(watermark: marks.own, marked: marked, reading: reading)
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
        switch step {
        case .look: break
        case .run(let key):
            let stored = try transaction.load([key]).values.filter { $0.wakeAt.map { $0 <= marks.own } ?? false }
            let reach = Reach(watermark: marks.own, marked: .limit, reading: reading, isAlone: true)
            result = try run(stored, reach, wall: wall, in: transaction)
        case .putAside(let key, let cause):
            guard let stored = try transaction.load([key])[key] else { break }
            try transaction.putAside([Self.aside(stored, wall: wall, cause)])
            result.timerFaults = ["timer of \(key): \(cause)"]
        }
        result.nextTimer = try transaction.dueRecords(
            now: marks.own, later: later(marks), wall: wall, limit: 1
        ).first?.key
        return result
    }

    /// Deadlines that another stage's word meets wait for the stages before, too.
    private func later(_ marks: Marks) -> LaterKinds {
        LaterKinds(type(of: runner.stage).kindsMetByOthers, now: marks.withOthers)
    }

    private static func aside(_ stored: StoredRecord, wall: Instant, _ cause: String) -> TimerAside {
        TimerAside(
            key: stored.key, version: stored.version, until: wall.adding(seconds: asideSeconds),
            cause: FailureMessages.clip(cause))
    }

    /// How far timers may act.
    private struct Reach {
        let watermark: Instant
        /// Up to when the stage is known to have been at rest.
        let marked: Instant
        /// What the business clock reads, which the watermark may lie behind.
        let clock: Instant
        let clockRuns: Bool
        let isAlone: Bool

        init(watermark: Instant, marked: Instant, reading: ClockReading?, isAlone: Bool = false) {
            self.isAlone = isAlone
            self.watermark = watermark
            self.marked = marked
            clock = reading?.now ?? watermark
            clockRuns = reading?.mode == .running
        }
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
            } else if let wake = work.set[stored.key]?.value.wake, wake.at <= reach.watermark {
                // The record's own wake: the stored one may have been held back.
                due.append((.timer(stored.key, wake), stored))
            } else {
                // What another release has stored, by this one is not due, or never.
                let wake = work.set[stored.key]?.value.wake
                var stored = stored
                (stored.wakeAt, stored.wakeOrder) = (wake?.at, wake?.order ?? 0)
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
            if changed != nil, max(wake.at, stored.wakeAt ?? wake.at) > reach.marked { result.timersByPatience += 1 }
            if let cause = work.timerFaults.dropFirst(faults).first {
                aside.append(Self.aside(stored, wall: wall, cause))
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
