import Foundation
import Logging
import Monitoring
import Runtime
import Schema
import Store
import Synchronization

/// A worker's turns: it works until it is to stop, to pause or to drain. Paused, it holds nothing of the broker's or the
/// stage's, and waits to be told to go on.
struct WorkerShift {
    /// One turn of work, with connections of its own.
    struct Turn: Sendable {
        let standing: @Sendable () -> WorkerSteering.Standing
        /// Settles what was delivered, then ends the turn.
        let drain: @Sendable () -> Void
        /// Ends the turn at once.
        let stop: @Sendable () -> Void
        let run: @Sendable () async -> Void
    }

    let steering: WorkerSteering
    let sign: StopSign
    let logger: Logger
    let vitals: Vitals
    private static let look = Duration.milliseconds(100)

    /// Until the program is to stop, or was drained.
    ///
    /// - Throws: what `begin` throws.
    func run(_ begin: () async throws -> Turn) async throws {
        await steering.exchange(WorkerSteering.Standing(.starting))
        while !sign.isSet {
            switch steering.wish?.wish {
            case .pause:
                try await rest()
                continue
            case .drain:
                logger.info("drained", metadata: ["by": "\(steering.wish?.operatorName ?? "")"])
                return await steering.leave(.drained)
            case .scale, nil: break
            }
            await work(try await begin())
        }
        await steering.leave(.ended)
    }

    private func work(_ turn: Turn) async {
        let isLeaving = Mutex(false)
        await sign.calling(turn.stop) { [sign] in
            await steering.during(
                {
                    var standing = turn.standing()
                    if isLeaving.withLock({ $0 }) || sign.isSet { standing.state = .draining }
                    return standing
                },
                hear: { order in
                    guard let order, order.wish != .scale else { return }
                    let isNew = isLeaving.withLock { leaving in
                        defer { leaving = true }
                        return !leaving
                    }
                    if isNew { turn.drain() }
                }, turn.run)
        }
    }

    /// Says that it is paused until it is asked no more.
    private func rest() async throws {
        logger.info("paused", metadata: ["by": "\(steering.wish?.operatorName ?? "")"])
        while !sign.isSet, steering.wish?.wish == .pause {
            vitals.livedOn(wall: Wall.now())
            await steering.exchange(WorkerSteering.Standing(.paused))
            var left = WorkerSteering.interval
            while left > .zero, !sign.isSet {
                try await Task.sleep(for: Self.look)
                left -= Self.look
            }
        }
        if !sign.isSet { logger.info("going on") }
    }
}

extension Figures {
    /// What the worker says of itself in the store.
    var standing: WorkerSteering.Standing {
        var standing = WorkerSteering.Standing(.working)
        standing.policy = policy ?? ""
        standing.loopAt = lastLoop.map { Instant(microseconds: $0.wall) }
        standing.appliedAt = tally.lastApplied.map { Instant(microseconds: $0) }
        if !condition.isConsuming { standing.detail = status }
        return standing
    }
}

extension Installation {
    func steering(_ name: String, role: String, _ logger: Logger) -> WorkerSteering {
        let process = ProcessInfo.processInfo
        return WorkerSteering(
            .init(name: name, role: role, host: process.hostName, pid: Int64(process.processIdentifier)),
            wall: Wall.now, logger: logger, open: { try workforce() })
    }
}
