import Runtime
import Schema
import Store

/// What `recourse status` reads at one moment. Two of them make rates.
package struct StatusLook: Sendable {
    package struct Stage: Sendable {
        package let name: StageName
        /// Messages ready in its queue; nil: not seen.
        package var depth: Int?
        /// Of the oldest message in its queue; nil: there is none, or not seen.
        package var oldest: MessageAge?
        /// The number of the journal's last entry.
        package var lastEntry: Int64 = 0
        package var outbox = 0
        package var waiting = 0
        /// Waiting events whose time is over and that no worker has brought to their end.
        package var waitingOver = 0
        /// How far the first due timer is behind, in seconds of business time; nil: none is due.
        package var timerLateSeconds: Int64?
        package var timersAside = 0

        package init(_ name: StageName) {
            self.name = name
        }
    }

    package let wall: Instant
    /// Business time.
    package let now: Instant
    package var stages: [Stage] = []
    /// Messages in `recourse.dead` that parking has not taken yet; nil: not seen.
    package var deadDepth: Int?
    package var deadLetters: [DeadLetterCount] = []
    /// Delay queues with messages that should have gone back, one line each.
    package var overdueDelays: [String] = []
    /// Replays that nobody runs and that have not ended, of the newest.
    package var operationsHalted: [String] = []
    /// Of these, those that have met failures which somebody must understand first.
    package var operationsStopped: [String] = []
    /// Edits that wait for somebody's approval.
    package var editsWaiting = 0
    package var workforce: WorkforceReport
    /// What could not be seen, and why.
    package var unseen: [String] = []

    package init(wall: Instant, now: Instant, workforce: WorkforceReport) {
        (self.wall, self.now, self.workforce) = (wall, now, workforce)
    }
}

/// Reads it.
package struct StatusProbe: Sendable {
    package let stores: [StageName: any Store]
    package let deadLetters: any DeadLetterStore
    package let workforce: any WorkforceStore
    package let depths: QueueDepths?
    private let ages: (@Sendable () async throws -> QueueWatch.Found)?
    package let wall: @Sendable () -> Instant
    package let now: @Sendable () throws -> Instant

    /// - Parameters:
    ///   - depths: nil: no broker is configured.
    ///   - ages: asks the broker's HTTP API; nil: none is configured.
    package init(
        stores: [StageName: any Store], deadLetters: any DeadLetterStore, workforce: any WorkforceStore,
        depths: QueueDepths?, ages: (@Sendable () async throws -> QueueWatch.Found)?,
        wall: @escaping @Sendable () -> Instant, now: @escaping @Sendable () throws -> Instant
    ) {
        self.stores = stores
        self.deadLetters = deadLetters
        self.workforce = workforce
        self.depths = depths
        self.ages = ages
        self.wall = wall
        self.now = now
    }

    /// A due timer acts within some seconds where a worker lives.
    static let lateAfterSeconds: Int64 = 60
    private static let operationsLooked = 50

    /// - Throws: `StoreFailure`. A broker that is away is told in `unseen`.
    package func look() async throws -> StatusLook {
        let (wall, now) = (wall(), try now())
        let report = WorkforceReport(signs: try workforce.signs(), orders: try workforce.orders(), wall: wall)
        var look = StatusLook(wall: wall, now: now, workforce: report)
        for name in StageName.allCases {
            guard let store = stores[name] else { continue }
            look.stages.append(
                try await store.read { snapshot in
                    var stage = StatusLook.Stage(name)
                    stage.lastEntry = try snapshot.outboxSpan().lastEntry
                    stage.outbox = try snapshot.outboxCount()
                    stage.waiting = try snapshot.waitingCount().events
                    stage.waitingOver = try snapshot.nextWaitingEnd().map { $0 < now } ?? false ? 1 : 0
                    if let wake = try snapshot.nextWake(wall: wall), now != .distantPast, wake < now {
                        stage.timerLateSeconds = (now.microseconds - wake.microseconds) / 1_000_000
                    }
                    stage.timersAside = try snapshot.timersAside(limit: 1).count
                    return stage
                })
        }
        look.deadLetters = try await deadLetters.counts()
        let halted = try await deadLetters.operations(below: .max, limit: Self.operationsLooked)
            .filter { !$0.state.hasEnded && !$0.isRun(at: wall) }
        look.operationsHalted = halted.map(\.id)
        look.operationsStopped = halted.filter { $0.state == .stopped }.map(\.id)
        look.editsWaiting = try await deadLetters.editCount(EditFilter(state: .proposed))
        await readDepths(&look)
        await readAges(&look)
        return look
    }

    private func readAges(_ look: inout StatusLook) async {
        guard let ages else {
            look.unseen.append("the age of messages, and delay queues: RECOURSE_MANAGEMENT_URL is not given")
            return
        }
        do {
            let found = try await ages()
            look.overdueDelays = found.overdue
            for index in look.stages.indices { look.stages[index].oldest = found.oldest[look.stages[index].name.queue] }
        } catch {
            look.unseen.append("the age of messages, and delay queues: \(error)")
        }
    }

    private func readDepths(_ look: inout StatusLook) async {
        guard let depths else {
            look.unseen.append("queues: RECOURSE_AMQP_URL is not given")
            return
        }
        do {
            for index in look.stages.indices {
                look.stages[index].depth = try await depths.depth(look.stages[index].name.queue)
            }
            look.deadDepth = try await depths.depth(QueueName.dead)
        } catch {
            look.unseen.append("queues: \(error)")
        }
    }
}

/// `recourse status`: is all well, how fast does it go, and when is what lies there done.
package struct StatusReport: OperationReport, Codable, Hashable {
    package struct Line: Sendable, Hashable, Codable {
        package let stage: StageName
        package let workers: Int
        package let depth: Int?
        /// Of the oldest message in its queue; nil: there is none, or not seen.
        package let oldest: MessageAge?
        /// Events and timers a second; nil: one look makes no rate.
        package let takenPerSecond: Double?
        package let comingPerSecond: Double?
        /// Until its queue is empty at these rates, in seconds; nil: it is, or it grows, or that is not known.
        package let drainedInSeconds: Int64?
        /// How many workers the goal takes; nil: not asked for, or not known.
        package let workersForGoal: Int?
        package let outbox: Int
        package let waiting: Int
        package let timerLateSeconds: Int64?
    }

    package let at: Instant
    /// Business time.
    package let clock: Instant
    package let stages: [Line]
    package let deadLettersOpen: Int
    package let deadLettersWaiting: Int?
    /// Replays that nobody runs and that have not ended.
    package let operationsHalted: [String]
    /// Edits that wait for somebody's approval.
    package let editsWaiting: Int
    package let releases: [String]
    /// What somebody must look after, worst first.
    package let troubles: [String]
    package let unseen: [String]

    /// - Parameters:
    ///   - before: an earlier look, for rates.
    ///   - goalSeconds: within which the queues are to be empty.
    package init(_ look: StatusLook, since before: StatusLook? = nil, goalSeconds: Int64? = nil) {
        at = look.wall
        clock = look.now
        let seconds = before.map { Double(look.wall.microseconds - $0.wall.microseconds) / 1_000_000 }
        stages = look.stages.map { stage in
            let earlier = before?.stages.first { $0.name == stage.name }
            return Line(
                stage, earlier, seconds: seconds, workers: look.workforce.working(stage.name.rawValue).count,
                goalSeconds: goalSeconds)
        }
        deadLettersOpen = look.deadLetters.filter { $0.state == .open }.reduce(0) { $0 + $1.count }
        deadLettersWaiting = look.deadDepth
        (operationsHalted, editsWaiting) = (look.operationsHalted, look.editsWaiting)
        releases = Set(look.workforce.processes.filter { !$0.health.isOver }.map(\.release)).sorted()
        troubles = Self.troubles(look)
        unseen = look.unseen
    }

    package var exitCode: Int32 { !troubles.isEmpty ? 1 : unseen.isEmpty ? 0 : 69 }

    private static func troubles(_ look: StatusLook) -> [String] {
        var found = look.workforce.wrong.map { one in
            "\(one.role) \(one.name) on \(one.host) (pid \(one.pid)) is \(one.health.rawValue): \(one.health.advice)"
        }
        for stage in look.stages {
            let name = stage.name.rawValue
            if look.workforce.working(name).isEmpty {
                let why =
                    look.workforce.processes.contains { $0.role == name && $0.health == .paused }
                    ? "all of its workers are paused: recourse workers resume --stage \(name)"
                    : "start one: recourse-\(name)"
                found.append(
                    "\(name): no worker works" + (stage.depth.map { ", \($0) messages lie there" } ?? "") + "; \(why)")
            }
            if let late = stage.timerLateSeconds, late > StatusProbe.lateAfterSeconds {
                found.append(
                    "\(name): a timer is \(late) s late; timers wait until the stage has taken what its queue holds")
            }
            if stage.timersAside > 0 {
                found.append("\(name): \(stage.timersAside) timers cannot act: recourse audit names them")
            }
            if stage.waitingOver > 0 { found.append("\(name): events wait beyond their time: recourse waiting list") }
        }
        found += look.overdueDelays.map {
            $0 + "; the queue's policy or arguments keep them: recourse topology verify, then apply"
        }
        if look.workforce.working(InstallationName.parking).isEmpty {
            let lying = look.deadDepth.map { ", and \($0) dead letters lie in the broker" } ?? ""
            found.append("parking: no worker works\(lying); start one: recourse-parking")
        }
        let open = look.deadLetters.filter { $0.state == .open }.reduce(0) { $0 + $1.count }
        if open > 0 { found.append("dead letters: \(open) are open: recourse dead-letters groups") }
        found += look.operationsStopped.map {
            "replay \($0) has stopped at letters that died again: recourse operations show \($0), then resume or cancel it"
        }
        return found
    }

    package var text: String {
        var table = TextTable(
            "STAGE", ">WORKERS", ">QUEUE", ">OLDEST", ">IN/S", ">OUT/S", ">DONE IN", ">NEEDED", ">OUTBOX", ">WAITING",
            ">LATE")
        for one in stages {
            table.add(
                one.stage.rawValue, String(one.workers), one.depth.map { String($0) } ?? "?",
                one.oldest?.words ?? (one.depth == 0 ? "-" : "?"), Self.rate(one.comingPerSecond),
                Self.rate(one.takenPerSecond),
                one.drainedInSeconds.map { "\($0) s" } ?? "-", one.workersForGoal.map { String($0) } ?? "-",
                String(one.outbox), String(one.waiting), one.timerLateSeconds.map { "\($0) s" } ?? "-")
        }
        let parked = deadLettersWaiting.map { $0 > 0 ? ", and \($0) that parking has not taken yet" : "" } ?? ""
        var lines = ["\(at), business time \(clock)", table.text, "dead letters: \(deadLettersOpen) open\(parked)"]
        if !operationsHalted.isEmpty {
            lines.append("replays that halted: \(operationsHalted.joined(separator: ", ")): recourse operations list")
        }
        if editsWaiting > 0 {
            lines.append("edits that wait for approval: \(editsWaiting): recourse dead-letters edits")
        }
        if releases.count > 1 { lines.append("releases side by side: \(releases.joined(separator: ", "))") }
        lines += unseen.map { "not seen: \($0)" }
        lines +=
            troubles.isEmpty
            ? [unseen.isEmpty ? "All is well." : "No trouble in what was seen."] : troubles.map { "! " + $0 }
        return lines.joined(separator: "\n")
    }

    private static func rate(_ value: Double?) -> String {
        guard let value else { return "-" }
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(abs(tenths % 10))"
    }
}

extension StatusReport.Line {
    init(
        _ stage: StatusLook.Stage, _ before: StatusLook.Stage?, seconds: Double?, workers: Int, goalSeconds: Int64?
    ) {
        self.stage = stage.name
        self.workers = workers
        depth = stage.depth
        oldest = stage.oldest
        outbox = stage.outbox
        waiting = stage.waiting
        timerLateSeconds = stage.timerLateSeconds
        guard let before, let seconds, seconds > 0 else {
            (takenPerSecond, comingPerSecond, drainedInSeconds, workersForGoal) = (nil, nil, nil, nil)
            return
        }
        let taken = Double(stage.lastEntry - before.lastEntry) / seconds
        takenPerSecond = taken
        guard let depth = stage.depth, let depthBefore = before.depth else {
            (comingPerSecond, drainedInSeconds, workersForGoal) = (nil, nil, nil)
            return
        }
        let coming = max(0, taken + Double(depth - depthBefore) / seconds)
        comingPerSecond = coming
        let drain = depth > 0 && taken > coming ? Double(depth) / (taken - coming) : nil
        drainedInSeconds = drain.map { Int64(min($0, 1e9).rounded(.up)) }
        // What one worker can do shows only while there is more than it takes.
        if let goalSeconds, goalSeconds > 0, workers > 0, depth > 0, taken > 0 {
            let needed = coming + Double(depth) / Double(goalSeconds)
            workersForGoal = Int((needed / (taken / Double(workers))).rounded(.up))
        } else {
            workersForGoal = nil
        }
    }
}

extension WorkforceReport.Health {
    /// It has ended, as far as can be told.
    var isOver: Bool { self == .ended || self == .drained || self == .lost }

    /// What to do.
    var advice: String {
        switch self {
        case .lost:
            "no sign of life for some time; frozen, killed or cut off from the database. Look at the process, and start it again"
        case .stuck: "its loop does not go round; its log, then start it again"
        case .disconnected:
            "it takes nothing from the broker; its log says why, and recourse doctor looks at the broker"
        case .starting, .working, .draining, .paused, .drained, .ended: ""
        }
    }
}
