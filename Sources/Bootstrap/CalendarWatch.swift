import Foundation
import Logging
import Policy
import Runtime
import Schema
import Synchronization

/// Says that the calendar lacks the next year, from 1 November of the business clock on: once for each year, whether a
/// program starts then or has been running for months.
final class CalendarWatch: Sendable {
    private struct State {
        var policy: PolicyBook
        var said: Set<Int> = []
    }

    private static let secondsBetweenLooks = 60
    private let clock: any BusinessClock
    private let logger: Logger
    private let state: Mutex<State>

    init(_ policy: PolicyBook, clock: any BusinessClock, logger: Logger) {
        self.clock = clock
        self.logger = logger
        state = Mutex(State(policy: policy))
    }

    /// A policy that was read anew: what it still lacks is said again.
    func use(_ policy: PolicyBook) {
        state.withLock { $0 = State(policy: policy) }
        look()
    }

    func look() {
        let now: Instant
        do {
            let reading = try clock.read()
            guard reading.now > .distantPast else { return }
            now = reading.now
        } catch {
            // A clock that cannot be read stops the work itself, which says so; this is looked at again in a minute.
            return logger.debug("the calendar could not be looked at", metadata: ["cause": "\(error)"])
        }
        let missing = state.withLock { state in
            state.policy.calendar.warnings(at: now).filter { state.said.insert($0.year).inserted }
        }
        for warning in missing { logger.warning("policy", metadata: ["what": "\(warning)"]) }
    }

    /// Looks now, and every minute while `body` runs. A supervisor looks for all of its workers.
    func during(_ body: () async -> Void) async {
        guard ProcessInfo.processInfo.environment["RECOURSE_SUPERVISED"] == nil else { return await body() }
        let looks = Task {
            while !Task.isCancelled {
                look()
                guard (try? await Task.sleep(for: .seconds(Self.secondsBetweenLooks))) != nil else { return }
            }
        }
        await body()
        looks.cancel()
    }
}
