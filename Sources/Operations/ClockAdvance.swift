import Runtime
import Schema
import Store

/// `recourse clock advance --to TIME`: moves the stepped clock from instant to instant.
///
/// At each instant: first the events of that time with all that follows, until every stage has taken what it is sent;
/// then the answers due, in the same way; then the timers due, stage by stage, each to quiet. Quiet is read from the
/// journals, exactly, for all that came through `recourse publish` and `recourse answer`; what others publish is waited
/// for by the length of the queues.
package struct ClockAdvance: Sendable {
    package struct Parts: Sendable {
        package var control: any ControlStore
        package var stores: [StageName: any Store]
        package var deadLetters: any DeadLetterStore
        package var routes: Routes
        /// Ready messages of a queue; nil where it cannot be told now.
        package var readyCount: @Sendable (String) async -> Int?
        package var wall: @Sendable () -> Instant
        /// Tells a person what is waited for.
        package var report: @Sendable (String) -> Void

        package init(
            control: any ControlStore, stores: [StageName: any Store], deadLetters: any DeadLetterStore,
            routes: Routes, readyCount: @escaping @Sendable (String) async -> Int?,
            wall: @escaping @Sendable () -> Instant, report: @escaping @Sendable (String) -> Void
        ) {
            self.control = control
            self.stores = stores
            self.deadLetters = deadLetters
            self.routes = routes
            self.readyCount = readyCount
            self.wall = wall
            self.report = report
        }
    }

    /// The pipeline did not come to rest.
    package struct Stalled: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    private let parts: Parts
    private var tracker: QuietTracker
    /// How often it has looked into the journals: now and then it asks since when stages take what.
    private var looks = 0
    private var lastProgress = 0
    private var progressAt: Instant
    private var reportedAt: Instant
    package private(set) var instants = 0
    /// Timers that could not act when they were last looked at, by stage.
    package private(set) var timersAside: [StageName: Int] = [:]
    private var told: Set<String> = []

    /// How long nothing may happen: before dead letters are looked for, before unknown references are called last,
    /// before a person is told, before giving up. Seconds; the second must exceed lease and retry delay together.
    private static let deadLetterSeconds: Int64 = 1
    private static let lastCallSeconds: Int64 = 25
    private static let reportSeconds: Int64 = 10
    private static let limitSeconds: Int64 = 600
    /// Entries of a journal, or events looked for in a waiting room, that are read at once.
    private static let pageSize = 1_000

    package init(_ parts: Parts) {
        self.parts = parts
        tracker = QuietTracker(routes: parts.routes)
        progressAt = parts.wall()
        reportedAt = progressAt
    }

    /// - Parameter participants: how many programs that hand over events must have announced themselves first.
    /// - Throws: `Stalled` after ten minutes without progress, `StoreFailure`.
    package mutating func advance(to target: Instant, participants: Int) async throws {
        // One that was killed may have left any phase.
        try enter(.events)
        try await wait("for \(participants) participants") { mutable in
            try mutable.present().count >= participants
        }
        try await settleForeign()
        if let reading = try parts.control.clock() { try await complete(reading.now) }
        while true {
            let now = try parts.control.clock()?.now
            guard let next = try await nextInstant(), next <= target else {
                if let now, now >= target { return }
                try parts.control.setClock(ControlReading(now: target, phase: .events))
                return try await complete(target)
            }
            let instant = max(next, now ?? next)
            try parts.control.setClock(ControlReading(now: instant, phase: .events))
            instants += 1
            try await complete(instant)
        }
    }

    /// What was published by others before this call must have been taken out of the queues.
    private mutating func settleForeign() async throws {
        let queues = parts.routes.subscriptions.map(\.stage.queue)
        try await wait("for the queues to be empty") { mutable in
            for queue in queues {
                guard let ready = await mutable.parts.readyCount(queue), ready == 0 else { return false }
            }
            return true
        }
    }

    private func nextInstant() async throws -> Instant? {
        var candidates: [Instant] = []
        for store in parts.stores.values {
            if let due = try await nextDue(store) { candidates.append(due) }
        }
        for participant in try present() where !participant.isDone {
            if let next = participant.next { candidates.append(next) }
        }
        return candidates.min()
    }

    /// Left out are timers that could not act, until they are tried again: they must not stop the clock. A person is told.
    private func nextDue(_ store: any Store) async throws -> Instant? {
        let wall = parts.wall()
        return try await store.read { try $0.nextDue(wall: wall) }
    }

    // MARK: - One instant

    private mutating func complete(_ instant: Instant) async throws {
        try await quiet(instant)
        var isDone = false
        while !isDone {
            isDone = true
            for stage in StageName.allCases {
                guard let store = parts.stores[stage], let due = try await nextDue(store), due <= instant
                else { continue }
                isDone = false
                try enter(.timers(stage))
                try await wait("for the timers of \(stage.rawValue) at \(instant)") { mutable in
                    let next = try await mutable.nextDue(store)
                    try await mutable.catchUp()
                    return next.map { $0 > instant } ?? true
                }
                try await tellOfTimersAside(stage, store)
                try enter(.events)
                try await quiet(instant)
            }
        }
    }

    /// Says of each timer that could not act, once for each state of its record.
    private mutating func tellOfTimersAside(_ stage: StageName, _ store: any Store) async throws {
        let aside = try await store.read { try $0.timersAside(limit: 100) }
        timersAside[stage] = aside.count
        for timer in aside.first where told.insert("\(stage.rawValue) \(timer.key) \(timer.version)").inserted {
            parts.report("a timer of \(stage.rawValue) could not act and stays due: \(timer.key): \(timer.cause)")
        }
        if told.count > 10_000 { told.removeAll() }
    }

    /// Until upstream has handed over what belongs to `instant`, the answers due have been given, stages have taken
    /// everything, and observers have seen it.
    private mutating func quiet(_ instant: Instant) async throws {
        try await wait("for quiet at \(instant)") { mutable in
            guard try mutable.isHandedOver(at: instant) else { return false }
            try await mutable.catchUp()
            guard try mutable.isObserved() else { return false }
            if try mutable.isAnswerDue(at: instant) {
                // An answer that was noted and never reached the broker, as its program was killed, is still open: it can
                // only be given once more.
                if mutable.tracker.open.allSatisfy({ $0.events.allSatisfy { $0.source == AnswerBook.source } }) {
                    try mutable.enter(.answers)
                }
                return false
            }
            guard mutable.tracker.isQuiet else { return false }
            // An answer that was given while the journals were read is seen now: it was noted before it was said to be given.
            let progress = mutable.tracker.progress
            try await mutable.catchUp()
            return mutable.tracker.progress == progress
        }
        try enter(.events)
    }

    /// Has upstream nothing more for `instant`?
    private func isHandedOver(at instant: Instant) throws -> Bool {
        try present().allSatisfy { $0.name == AnswerService.participant || !$0.isDue(at: instant) }
    }

    private func isAnswerDue(at instant: Instant) throws -> Bool {
        try present().contains { $0.name == AnswerService.participant && $0.isDue(at: instant) }
    }

    private mutating func enter(_ phase: ClockPhase) throws {
        guard let reading = try parts.control.clock(), reading.phase != phase else { return }
        try parts.control.setClock(ControlReading(now: reading.now, phase: phase))
        progressAt = parts.wall()
    }

    /// Who is done, or has been heard of lately: a program that was killed must not hold up the clock for ever.
    private func present() throws -> [Participant] {
        let wall = parts.wall()
        return try parts.control.participants().filter { $0.isDone || $0.aliveUntil > wall }
    }

    private func isObserved() throws -> Bool {
        let observers = Set(try present().filter { !$0.isDone }.map(\.name))
        let seen = try parts.control.watermarks()
        for name in Set(seen.map(\.participant)).intersection(observers) {
            for (stage, number) in tracker.watermarks {
                let mark = seen.first { $0.participant == name && $0.stage == stage }
                guard (mark?.number ?? 0) >= number else { return false }
            }
        }
        return true
    }

    private mutating func catchUp() async throws {
        while true {
            let handed = try parts.control.handed(after: tracker.handedNumber, limit: 1_000)
            tracker.handed(handed)
            if handed.count < 1_000 { break }
        }
        if looks == 0 || (!tracker.subscriptions.isComplete && looks.isMultiple(of: 256)) {
            tracker.subscriptions = try await Subscriptions(of: parts.stores)
        }
        looks += 1
        for stage in StageName.allCases {
            guard let store = parts.stores[stage] else { continue }
            while true {
                let after = tracker.watermarks[stage] ?? 0
                let open = tracker.lookedFor(at: stage, limit: Self.pageSize)
                let (entries, waiting) = try await store.read { snapshot in
                    (
                        try snapshot.journal(after: after, limit: Self.pageSize, withBodies: false),
                        // What waits for something known is about to be decided: that is no rest.
                        try snapshot.waitingForKnown(limit: 1).isEmpty ? try snapshot.waiting(among: open) : [:]
                    )
                }
                tracker.read(entries, of: stage)
                tracker.found(waiting: waiting.keys, at: stage)
                if entries.count < Self.pageSize, waiting.count < Self.pageSize { break }
            }
        }
    }

    // MARK: - Waiting

    /// Polls until `condition` holds.
    private mutating func wait(
        _ what: String, until condition: (inout ClockAdvance) async throws -> Bool
    ) async throws {
        progressAt = parts.wall()
        reportedAt = progressAt
        var polls = 0
        while try await !condition(&self) {
            polls += 1
            let wall = parts.wall()
            if tracker.progress != lastProgress {
                lastProgress = tracker.progress
                progressAt = wall
            }
            if wall > progressAt.adding(seconds: ClockAdvance.deadLetterSeconds), polls.isMultiple(of: 256) {
                try await findDead()
            }
            if wall > progressAt.adding(seconds: ClockAdvance.lastCallSeconds) { try await callLast() }
            if wall > reportedAt.adding(seconds: ClockAdvance.reportSeconds) {
                reportedAt = wall
                let names = try present().filter { !$0.isDone }.map(\.name).joined(separator: ", ")
                parts.report("waiting \(what); open: \(describeOpen()); heard of lately: \(names)")
            }
            guard wall < progressAt.adding(seconds: ClockAdvance.limitSeconds) else {
                throw Stalled(
                    description:
                        "advance the clock: nothing has happened for \(ClockAdvance.limitSeconds) s while waiting "
                        + "\(what); open: \(describeOpen()); are all workers and the broker running?")
            }
            try await Task.sleep(for: .microseconds(polls < 2_000 ? 700 : 5_000))
        }
        progressAt = parts.wall()
    }

    private func describeOpen() -> String {
        let open = tracker.open.map { "\($0.stage.rawValue) \($0.events.count) (\($0.events[0].id))" }
        return open.isEmpty ? "nothing" : open.joined(separator: ", ")
    }

    private mutating func findDead() async throws {
        for (stage, events) in tracker.open {
            let some = Array(events.prefix(500))
            for (event, letters) in try await parts.deadLetters.find(some)
            where letters.contains(where: { $0.letter.queue == stage.queue }) {
                tracker.died(event, at: stage)
            }
        }
    }

    /// Everything else has come to rest: references that are still unknown are final, unless an answer makes what they
    /// refer to.
    private mutating func callLast() async throws {
        guard !tracker.isQuiet, let reading = try parts.control.clock(), !reading.phase.isTimers,
            try isHandedOver(at: reading.now), try isObserved()
        else { return }
        guard try !isAnswerDue(at: reading.now) else { return try enter(.answers) }
        guard reading.phase != .lastCall else { return }
        for queue in parts.routes.subscriptions.map(\.stage.queue) {
            guard let ready = await parts.readyCount(queue), ready == 0 else { return }
        }
        // What was handed over meanwhile is no rest.
        let progress = tracker.progress
        try await catchUp()
        guard tracker.progress == progress, try !isAnswerDue(at: reading.now) else { return }
        parts.report("unknown references are called last at \(reading.now)")
        try enter(.lastCall)
    }
}

extension Participant {
    /// Has it something to hand over at `instant` or before?
    fileprivate func isDue(at instant: Instant) -> Bool { !isDone && next.map { $0 <= instant } ?? false }
}
