import Foundation
import Logging
import Schema
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
    }

    /// A worker that lives this long has accepted its configuration.
    private static let acceptanceMicroseconds: Int64 = 5_000_000

    private let directory: String
    private let slots: [Slot]
    private let environment: [String: String]
    private let logger: Logger
    private let drainSeconds: Int64
    private let state = Mutex(State())
    private let changes: AsyncStream<String>
    private let announce: AsyncStream<String>.Continuation
    /// Lives as long as the supervisor; its end tells the children.
    private let lifeline = Pipe()

    /// - Parameters:
    ///   - directory: where the worker programs are, normally beside this one.
    ///   - environment: what the children get; it may hold secrets and is never printed.
    package init(
        directory: String, slots: [Slot], environment: [String: String], drainSeconds: Int64, logger: Logger
    ) {
        self.directory = directory
        self.slots = slots
        self.environment = environment
        self.drainSeconds = drainSeconds
        self.logger = logger
        (changes, announce) = AsyncStream.makeStream()
    }

    /// `intake=2,routing=1`: that many of each; who is not named gets one. nil for text that is not of this form.
    package static func lineup(_ text: String?, programs: [String]) -> [Slot]? {
        var counts = Dictionary(uniqueKeysWithValues: programs.map { ($0, 1) })
        for part in (text ?? "").split(separator: ",") {
            let pair = part.split(separator: "=")
            guard pair.count == 2, let count = Int(pair[1]), (0...64).contains(count),
                counts.updateValue(count, forKey: String(pair[0])) != nil
            else { return nil }
        }
        return programs.flatMap { program in
            (0..<(counts[program] ?? 0)).map { Slot(program: "recourse-\(program)", name: "\(program)-\($0 + 1)") }
        }
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
                isReady: state.running.count == slots.count, isStopping: state.isStopping,
                status: "\(state.running.count) of \(slots.count) workers run", beat: Wall.now().microseconds)
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
        for slot in slots { start(slot) }
        await withDiscardingTaskGroup { group in
            for await name in changes {
                if state.withLock({ $0.isStopping }) { break }
                guard let slot = slots.first(where: { $0.name == name }) else { continue }
                group.addTask {
                    guard (try? await Task.sleep(for: .milliseconds(self.delay(slot)))) != nil else { return }
                    self.start(slot)
                }
            }
            group.cancelAll()
        }
        let isClean = await drain()
        if state.withLock({ $0.isMisconfigured }) { return ExitStatus.configuration }
        return isClean ? 0 : ExitStatus.wrong
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
                logger.warning(
                    "a worker ended; starting it again",
                    metadata: ["worker": "\(slot.name)", how: "\(ended.terminationStatus)"])
            }
            announce.yield(slot.name)
        }
        do {
            try state.withLock { state in
                guard !state.isStopping else { return }
                try process.run()
                state.running[slot.name] = process
                state.startedAt[slot.name] = Wall.now()
            }
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
            if isRefusal, !state.accepted.contains(slot.name) {
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
