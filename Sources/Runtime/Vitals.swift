import Broker
import Monitoring
import Schema
import Stages
import Store
import Synchronization

/// What a worker tells of itself: written by its tasks, once a tick and once a transaction, and read by the listener and for
/// the service manager.
package final class Vitals: Sendable {
    private struct State {
        var figures: Figures
        /// Uptime at which the look began that is under way.
        var lookBegan: Int64?
    }

    /// A look that takes longer tells that the database does not answer.
    private static let longestLook: Int64 = 10_000_000
    /// Waits that are longer are no waits: the sender's clock, or what it wrote, is wrong.
    private static let longestWait: Int64 = 30 * 86_400_000_000

    private let state: Mutex<State>
    private let began = ContinuousClock.now

    /// - Parameter stage: or `Figures.parking`.
    package init(stage: String) {
        state = Mutex(State(figures: Figures(stage: stage)))
    }

    /// Microseconds since this was made, on a clock that only goes forward.
    package var uptime: Int64 { (ContinuousClock.now - began).microseconds }

    package var figures: Figures {
        let uptime = uptime
        return state.withLock { state in
            var figures = state.figures
            if let began = state.lookBegan, uptime - began > Self.longestLook { figures.isLookFailing = true }
            return figures
        }
    }

    package func change(_ body: (inout Figures) -> Void) { state.withLock { body(&$0.figures) } }

    /// The worker's loop has gone round.
    func looped(wall: Instant, _ tally: Tally, _ condition: Condition) {
        let moment = Moment(wall: wall.microseconds, uptime: uptime)
        change { figures in
            figures.lastLoop = moment
            figures.tally = tally
            figures.condition = condition
        }
    }

    /// The loop waits, for its clock, its database or to be resumed, and that is no fault of the process.
    package func livedOn(wall: Instant) {
        let moment = Moment(wall: wall.microseconds, uptime: uptime)
        change { $0.lastLoop = moment }
    }

    /// A transaction is committed.
    ///
    /// - Parameter wall: when.
    func committed(_ work: Work, _ fates: [InputFate], took: Duration, wall: Instant) {
        let kind = work.kind
        guard case .events(let inputs, _) = work else {
            return change { $0.batchSeconds[kind].add(took.microseconds) }
        }
        change { figures in
            figures.batchSeconds[kind].add(took.microseconds)
            figures.batchMessages.add(Int64(inputs.count))
            for (input, fate) in zip(inputs, fates) where fate != .deferred {
                guard let sentAt = input.delivery.properties.sentAt,
                    let origin = Origin(exchange: input.delivery.exchange)
                else { continue }
                let wait = wall.microseconds - sentAt.microseconds
                // Clocks of two machines differ a little.
                if wait <= Self.longestWait { figures.wait[origin].add(max(0, wait)) }
            }
        }
    }

    /// Looks into the store by `body`; what cannot be read is as it was.
    ///
    /// - Returns: why it could not be read.
    func look(_ body: () async throws -> StoreLook) async -> (any Error)? {
        let uptime = uptime
        state.withLock { $0.lookBegan = uptime }
        defer { state.withLock { $0.lookBegan = nil } }
        do {
            let look = try await body()
            change { ($0.look, $0.isLookFailing) = (look, false) }
            return nil
        } catch {
            change { $0.isLookFailing = true }
            return error
        }
    }
}

extension Origin {
    /// nil: of a way that no message of a stage takes.
    init?(exchange: String) {
        switch exchange {
        case ExchangeName.events: self = .stages
        case ExchangeName.inbox: self = .upstream
        case "": self = .replay
        default: return nil
        }
    }
}

extension Work {
    fileprivate var kind: WorkKind {
        switch self {
        case .events: .events
        case .timers, .oneTimer: .timers
        case .waiting, .release: .waiting
        case .start, .flush, .sweep, .end: .upkeep
        }
    }
}

extension Duration {
    fileprivate var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}

extension StoreLook {
    /// What is not done yet, as the store has it.
    ///
    /// - Parameters:
    ///   - clock: the business clock.
    ///   - wall: the wall clock.
    init(_ snapshot: any StoreSnapshot, clock: Instant, wall: Instant) throws {
        self.init(at: wall.microseconds)
        outbox = try snapshot.outboxCount()
        if outbox > 0, let first = try snapshot.outboxSpan().first {
            let entry = try snapshot.journal(after: first - 1, limit: 1, withBodies: false).first
            outboxAge = max(0, wall.microseconds - (entry?.writtenAt ?? wall).microseconds)
        }
        let waiting = try snapshot.waitingCount()
        (self.waiting, waitingBytes) = (waiting.events, waiting.bytes)
        if let due = try snapshot.nextWake(wall: wall), due <= clock {
            timersLate = clock.microseconds - due.microseconds
            timersDue = try snapshot.dueCount(now: clock, wall: wall, limit: StoreLook.mostTimers)
        }
        timersAside = try snapshot.timersAside(limit: 0).count
    }
}
