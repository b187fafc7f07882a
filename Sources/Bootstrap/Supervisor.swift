import Foundation
import Logging
import Runtime
import Schema
import Store
import Synchronization

/// `recourse run`: all workers of one machine as child processes. What dies is started again with backoff; SIGTERM is
/// forwarded and waited for, SIGHUP (read the policy again) forwarded.
package final class Supervisor: Sendable {
    /// One place in the line-up; its name stays the same over restarts, so a restarted worker takes over at once what
    /// the dead one left in the outbox.
    package struct Slot: Sendable {
        package let program: String
        package let name: String
        /// Where it answers about its health; nil: nowhere.
        package var http: ListenerAddress?

        init(program: String, name: String) {
            (self.program, self.name) = (program, name)
        }

        /// The stage, or `parking`.
        var role: String { String(program.dropFirst("recourse-".count)) }
        var target: SteeringTarget { .worker(name, role: role) }
    }

    private struct State {
        var isStopping = false
        /// A worker has refused its configuration: it would refuse it again.
        var isMisconfigured = false
        var running: [String: Process] = [:]
        var startedAt: [String: Instant] = [:]
        var failures: [String: Int] = [:]
        /// Slots whose worker has accepted its configuration once.
        var accepted: Set<String> = []
        /// The line-up as it is wanted now.
        var slots: [Slot]
        /// Those that were started once, by name: one that is no longer wanted may still run.
        var known: [String: Slot] = [:]
        /// The first line-up was started.
        var isLinedUp = false
        /// Those that are about to be started.
        var pending: Set<String> = []
        /// Ports behind those of the first line-up, of those that came later.
        var laterPorts: [String: Int] = [:]
    }

    /// A worker that lives this long has accepted its configuration.
    private static let acceptanceMicroseconds: Int64 = 5_000_000

    private let directory: String
    private let slots: [Slot]
    /// Where operators ask for other counts; nil: nowhere.
    private let steering: WorkerSteering?
    private let environment: [String: String]
    private let logger: Logger
    private let drainSeconds: Int64
    private let state: Mutex<State>
    private let changes: AsyncStream<String>
    private let announce: AsyncStream<String>.Continuation
    /// Lives as long as the supervisor; its end tells the children.
    private let lifeline = Pipe()

    /// - Parameters:
    ///   - directory: where the worker programs are, normally beside this one.
    ///   - environment: what the children get; it may hold secrets and is never printed.
    package init(
        directory: String, slots: [Slot], environment: [String: String], drainSeconds: Int64, logger: Logger,
        steering: WorkerSteering? = nil
    ) {
        self.steering = steering
        state = Mutex(State(slots: slots))
        self.directory = directory
        self.slots = slots
        self.environment = environment
        self.drainSeconds = drainSeconds
        self.logger = logger
        (changes, announce) = AsyncStream.makeStream()
    }

    /// `intake=2,routing=1`: that many of each; who is not named gets one. nil for text that is not of this form.
    package static func lineup(_ text: String?, programs: [String]) -> [Slot]? {
        guard let told = counts(text ?? "", programs: programs) else { return nil }
        let counts = Dictionary(uniqueKeysWithValues: programs.map { ($0, told[$0] ?? 1) })
        return programs.flatMap { slots(of: $0, count: counts[$0] ?? 0) }
    }

    /// `intake=2,routing=1`; nil for text that is not of this form.
    package static func counts(_ text: String, programs: [String]) -> [String: Int]? {
        var counts: [String: Int] = [:]
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=")
            guard pair.count == 2, let count = Int(pair[1]), (0...64).contains(count),
                programs.contains(String(pair[0]))
            else { return nil }
            counts[String(pair[0])] = count
        }
        return counts
    }

    private static func slots(of role: String, count: Int) -> [Slot] {
        (0..<max(0, min(count, 64))).map { Slot(program: "recourse-\(role)", name: "\(role)-\($0 + 1)") }
    }

    /// Gives each of the line-up a place of its own to answer about its health, in its order, from `first` on.
    ///
    /// - Throws: `ConfigurationFaults` if there are not so many ports, or another program has one: nobody is started then.
    package static func place(_ slots: [Slot], from first: ListenerAddress?) throws(ConfigurationFaults) -> [Slot] {
        guard let first else { return slots }
        var placed = slots
        var faults: [String] = []
        for index in slots.indices {
            guard let address = first.next(index) else {
                faults.append(
                    "RECOURSE_HTTP: \(slots.count) workers need as many ports from \(first) on; the last is 65535")
                break
            }
            do throws(ListenerFailure) {
                try Listener(address).stop()
                placed[index].http = address
            } catch {
                faults.append("RECOURSE_HTTP: \(slots[index].name): \(error)")
            }
        }
        guard faults.isEmpty else { throw ConfigurationFaults(faults: faults) }
        return placed
    }

    /// How its workers are, for the service manager.
    var told: ServiceNotice.Told {
        state.withLock { state in
            ServiceNotice.Told(
                isReady: state.running.count == state.slots.count, isStopping: state.isStopping,
                status: "\(state.running.count) of \(state.slots.count) workers run", beat: Wall.now().microseconds)
        }
    }

    package func stop() {
        let isFirst = state.withLock { state in
            defer { state.isStopping = true }
            return !state.isStopping
        }
        if isFirst { announce.yield("") }
    }

    /// Tells every worker to read the policy folder again.
    package func reload() {
        for process in state.withLock({ Array($0.running.values) }) { kill(process.processIdentifier, SIGHUP) }
    }

    /// Runs until `stop`, or until a worker refuses its configuration (78) that no worker of its place has accepted
    /// before. One that has is started again and again: its policy folder may be half written, and its neighbours go on.
    ///
    /// - Returns: 0; 1 if a child had to be killed at the end; 78.
    package func run() async -> Int32 {
        guard let steering else { return await work() }
        var status: Int32 = 0
        await steering.during({ self.standing }, hear: { _ in self.adjust() }) { status = await work() }
        await steering.leave(.ended)
        return status
    }

    private func work() async -> Int32 {
        for slot in slots { start(slot) }
        state.withLock { $0.isLinedUp = true }
        await withDiscardingTaskGroup { group in
            for await name in changes {
                if state.withLock({ $0.isStopping }) { break }
                guard let slot = state.withLock({ state in state.slots.first { $0.name == name } }) else { continue }
                state.withLock { _ = $0.pending.insert(name) }
                group.addTask { await self.startAgain(slot) }
            }
            group.cancelAll()
        }
        let isClean = await drain()
        if state.withLock({ $0.isMisconfigured }) { return ExitStatus.configuration }
        return isClean ? 0 : ExitStatus.wrong
    }

    private func startAgain(_ slot: Slot) async {
        defer { state.withLock { _ = $0.pending.remove(slot.name) } }
        // It may have ended because it was asked to.
        await steering?.exchange(standing, limit: .seconds(2))
        if isDrained(slot) {
            return logger.info("drained; not started again before it is resumed", metadata: ["worker": "\(slot.name)"])
        }
        guard (try? await Task.sleep(for: .milliseconds(delay(slot)))) != nil else { return }
        start(slot)
    }

    // MARK: - Steering

    private var standing: WorkerSteering.Standing {
        var standing = WorkerSteering.Standing(.working)
        let counts = Dictionary(grouping: state.withLock { $0.slots }, by: \.role).mapValues(\.count)
        standing.detail = counts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        return standing
    }

    /// Whether an operator has asked a worker to drain since it was started last.
    private func isDrained(_ slot: Slot) -> Bool {
        guard let steering, let startedAt = state.withLock({ $0.startedAt[slot.name] }) else { return false }
        let others = steering.orders.filter { !$0.isOfSupervisor }
        return others.wish(for: slot.name, role: slot.role, startedAt: startedAt)?.wish == .drain
    }

    /// Brings the line-up to what is asked: starts those that are missing, drains those that are too many.
    private func adjust() {
        guard let steering else { return }
        let counts = steering.counts
        let roles = Set(slots.map(\.role)).union(counts.keys)
        let wanted = roles.sorted().flatMap { role in
            counts[role].map { Supervisor.slots(of: role, count: $0) } ?? slots.filter { $0.role == role }
        }.map(placed)
        let names = Set(wanted.map(\.name))
        let (missing, surplus, gone) = state.withLock { state -> ([Slot], [Slot], [Slot]) in
            state.slots = wanted
            guard state.isLinedUp, !state.isStopping else { return ([], [], []) }
            let unwanted = state.known.values.filter { !names.contains($0.name) }.sorted { $0.name < $1.name }
            let missing = wanted.filter { state.running[$0.name] == nil && !state.pending.contains($0.name) }
            return (
                missing, unwanted.filter { state.running[$0.name] != nil },
                unwanted.filter { state.running[$0.name] == nil } + missing
            )
        }
        // What it has asked itself is asked no more of those that have ended.
        for slot in gone where steering.orders.contains(where: { $0.isOfSupervisor && $0.target == slot.target }) {
            tell(slot) { try await steering.withdraw(slot.target) }
        }
        for slot in missing where !isDrained(slot) {
            logger.info("one more is wanted", metadata: ["worker": "\(slot.name)"])
            start(slot)
        }
        for slot in surplus { dismiss(slot, steering) }
    }

    /// Once, until it is heard: an order that is older than the process is none to it.
    private func dismiss(_ slot: Slot, _ steering: WorkerSteering) {
        let startedAt = state.withLock { $0.startedAt[slot.name] } ?? .distantPast
        // A process takes some seconds until it knows when it has begun.
        let isAsked = steering.orders.contains {
            $0.target == slot.target && $0.wish == .drain && $0.at > startedAt.adding(seconds: Self.birthSeconds)
        }
        guard !isAsked else { return }
        logger.info("one less is wanted; it drains", metadata: ["worker": "\(slot.name)"])
        let order = SteeringOrder(slot.target, .drain, by: WorkerSign.supervisor, at: Wall.now())
        tell(slot) { try await steering.give(order) }
    }

    /// Within so many seconds a process has begun to listen.
    private static let birthSeconds: Int64 = 10

    private func tell(_ slot: Slot, _ body: @escaping @Sendable () async throws -> Void) {
        Task {
            do {
                try await body()
            } catch {
                logger.warning(
                    "what is asked of a worker could not be written down; trying again",
                    metadata: ["worker": "\(slot.name)", "cause": "\(error)"])
            }
        }
    }

    /// With the port that it had before, or the next one.
    private func placed(_ slot: Slot) -> Slot {
        if let first = slots.first(where: { $0.name == slot.name }) { return first }
        guard let base = slots.first?.http else { return slot }
        let port = state.withLock { state in
            let port = state.laterPorts[slot.name] ?? slots.count + state.laterPorts.count
            state.laterPorts[slot.name] = port
            return port
        }
        var placed = slot
        placed.http = base.next(port)
        return placed
    }

    /// 100 ms after the first death, doubled up to 10 s; a child that has lived a minute starts again at 100 ms.
    private func delay(_ slot: Slot) -> Int {
        state.withLock { state in
            let lived = state.startedAt[slot.name].map { Wall.now().microseconds - $0.microseconds } ?? 0
            let failures = lived > 60_000_000 ? 1 : (state.failures[slot.name] ?? 0) + 1
            state.failures[slot.name] = failures
            return min(10_000, 100 << min(failures - 1, 7))
        }
    }

    private func start(_ slot: Slot) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: directory + "/" + slot.program)
        var environment = environment
        environment["RECOURSE_WORKER"] = slot.name
        environment["RECOURSE_SUPERVISED"] = "1"
        environment["RECOURSE_HTTP"] = slot.http?.description
        // The supervisor speaks for all.
        for name in ServiceNotice.variables { environment[name] = nil }
        process.environment = environment
        process.standardInput = lifeline.fileHandleForReading
        let announce = announce
        let logger = logger
        process.terminationHandler = { [weak self] ended in
            guard let self else { return }
            let isStopping = self.noteEnd(of: slot, ended)
            if !isStopping {
                let how = ended.terminationReason == .uncaughtSignal ? "signal" : "status"
                let isClean = how == "status" && ended.terminationStatus == 0
                logger.log(
                    level: isClean ? .info : .warning, "a worker ended",
                    metadata: ["worker": "\(slot.name)", how: "\(ended.terminationStatus)"])
            }
            announce.yield(slot.name)
        }
        do {
            let isStarted = try state.withLock { state in
                guard !state.isStopping, state.running[slot.name] == nil else { return false }
                // Before it runs: what it is asked from then on is for this one.
                state.startedAt[slot.name] = Wall.now()
                state.known[slot.name] = slot
                try process.run()
                state.running[slot.name] = process
                return true
            }
            guard isStarted else { return }
            var metadata: Logger.Metadata = ["worker": "\(slot.name)", "pid": "\(process.processIdentifier)"]
            if let http = slot.http { metadata["http"] = "\(http)" }
            logger.info("started", metadata: metadata)
        } catch {
            logger.error(
                "a worker cannot be started; trying again",
                metadata: ["worker": "\(slot.name)", "cause": "\(error.localizedDescription)"])
            announce.yield(slot.name)
        }
    }

    /// - Returns: whether all is to end.
    private func noteEnd(of slot: Slot, _ ended: Process) -> Bool {
        let now = Wall.now().microseconds
        return state.withLock { state in
            state.running[slot.name] = nil
            let lived = state.startedAt[slot.name].map { now - $0.microseconds } ?? 0
            let isRefusal = ended.terminationReason == .exit && ended.terminationStatus == ExitStatus.configuration
            if !isRefusal || lived > Supervisor.acceptanceMicroseconds { state.accepted.insert(slot.name) }
            // One that was added later is tried again: the policy folder may be half written, and its neighbours go on.
            if isRefusal, !state.accepted.contains(slot.name), slots.contains(where: { $0.name == slot.name }) {
                (state.isStopping, state.isMisconfigured) = (true, true)
            }
            return state.isStopping
        }
    }

    private func drain() async -> Bool {
        for process in state.withLock({ Array($0.running.values) }) { process.terminate() }
        let limit = Wall.now().adding(seconds: drainSeconds + 5)
        while state.withLock({ !$0.running.isEmpty }), Wall.now() < limit {
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { break }
        }
        let left = state.withLock { Array($0.running.values) }
        for process in left {
            logger.error("a worker did not end in time; killed", metadata: ["pid": "\(process.processIdentifier)"])
            kill(process.processIdentifier, SIGKILL)
        }
        return left.isEmpty
    }
}

extension SteeringOrder {
    fileprivate var isOfSupervisor: Bool { operatorName == WorkerSign.supervisor }
}
