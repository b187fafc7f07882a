import Foundation
import Logging
import Monitoring
import Runtime
import Schema
import Synchronization

/// A worker's listener: where its figures become answers.
final class WorkerListener: Sendable {
    /// How often the store is looked into while there is a listener.
    static let lookSeconds: Int64 = 15
    private static let retrySeconds = 5

    private struct State {
        var listener: Listener?
        var retry: Task<Void, Never>?
    }

    private let state = Mutex(State())

    /// A port that another program has is a fault of the configuration, and a worker by itself ends with 78: whoever watches
    /// it would take the other program's answers for its own. Under a supervisor, which has looked before it started
    /// anybody, it is a process that is about to end, and deciding goes before telling: the worker runs, says so, and tries
    /// again.
    ///
    /// - Throws: `ConfigurationFaults`.
    init(_ address: ListenerAddress, vitals: Vitals, isSupervised: Bool, logger: Logger) throws(ConfigurationFaults) {
        let watch = ProcessWatch()
        let begin = { @Sendable (listener: Listener) in
            listener.serve { Self.reply(to: $0, vitals, watch) }
            logger.info("listening", metadata: ["http": "\(listener.address)"])
        }
        do throws(ListenerFailure) {
            let listener = try Listener(address)
            state.withLock { $0.listener = listener }
            begin(listener)
        } catch {
            guard isSupervised else { throw ConfigurationFaults(faults: ["RECOURSE_HTTP: \(error)"]) }
            logger.error("health and metrics cannot be told yet; trying again", metadata: ["cause": "\(error)"])
            let retry = Task { [weak self] in
                while (try? await Task.sleep(for: .seconds(Self.retrySeconds))) != nil {
                    guard let self else { return }
                    // Said before; that it goes on failing tells nothing new.
                    guard let listener = try? Listener(address) else { continue }
                    state.withLock { $0.listener = listener }
                    return begin(listener)
                }
            }
            state.withLock { $0.retry = retry }
        }
    }

    func stop() {
        let state = state.withLock { $0 }
        state.retry?.cancel()
        state.listener?.stop()
    }

    private static func reply(to request: RequestHead, _ vitals: Vitals, _ watch: ProcessWatch) -> Reply {
        let figures = vitals.figures
        return figures.reply(to: request, uptime: vitals.uptime) {
            figures.exposition(process: watch.figures, release: Release.version)
        }
    }
}

/// What the system says of this process.
struct ProcessWatch: Sendable {
    /// When the program had read its configuration, some milliseconds after the process began.
    private let startedAt = Double(Wall.now().microseconds) / 1e6

    /// What cannot be read is 0.
    var figures: ProcessFigures {
        var figures = ProcessFigures()
        figures.startedAt = startedAt
        var used = timespec()
        if clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0 {
            figures.cpuSeconds = Double(used.tv_sec) + Double(used.tv_nsec) / 1e9
        }
        if let pages = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " "),
            pages.count > 1, let resident = Int(pages[1])
        {
            figures.residentBytes = resident * sysconf(Int32(_SC_PAGESIZE))
        }
        figures.openDescriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        return figures
    }
}
