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
        /// Settles what was delivered, then ends the turn.
        let drain: @Sendable () -> Void
        /// Ends the turn at once.
        let stop: @Sendable () -> Void
        /// False if something of it may still be under way.
        let run: @Sendable () async -> Bool
    }

    let steering: WorkerSteering
    let sign: StopSign
    let logger: Logger
    let vitals: Vitals
    private static let look = Duration.milliseconds(100)

    /// Until the program is to stop, or was drained.
    ///
    /// - Parameters:
    ///   - admit: once, before the first turn.
    ///   - begin: makes a turn.
    /// - Throws: what `admit` and `begin` throw; `UnfinishedTurn`.
    func run(_ admit: () async throws -> Void, begin: () async throws -> Turn) async throws {
        do {
            try await waiting { try await admit() }.get()
            let end = try await turns(begin)
            vitals.change { $0.isEnding = true }
            await steering.leave(end)
        } catch {
            vitals.change { $0.isEnding = true }
            await steering.leave(.ended)
            throw error
        }
    }

    /// - Returns: the last word.
    private func turns(_ begin: () async throws -> Turn) async throws -> WorkerSign.State {
        while !sign.isSet {
            switch steering.wish?.wish {
            case .pause: try await rest()
            case .drain:
                logger.info("drained", metadata: ["by": "\(steering.wish?.operatorName ?? "")"])
                return .drained
            case .scale, nil:
                vitals.change { $0.condition = Condition() }
                let turn = try await waiting { try await begin() }.get()
                let isFinished = await work(turn)
                vitals.change { $0.condition = Condition() }
                // A drained one ends too.
                if !isFinished, !sign.isSet, steering.wish?.wish == .pause { throw UnfinishedTurn() }
            }
        }
        return .ended
    }

    /// Says meanwhile that it is starting, and that the process lives though no loop goes round.
    private func waiting<Value>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
        var result: Result<Value, any Error>?
        await living {
            await steering.during({ WorkerSteering.Standing(.starting) }) {
                do { result = .success(try await body()) } catch { result = .failure(error) }
            }
        }
        return result ?? .failure(StoppedWhileWaiting())
    }

    /// Before there is a first loop nobody asks for one.
    private func living(_ body: () async -> Void) async {
        let telling = Task { [vitals] in
            repeat {
                if vitals.figures.lastLoop != nil { vitals.livedOn(wall: Wall.now()) }
            } while (try? await Task.sleep(for: .seconds(1))) != nil
        }
        await body()
        telling.cancel()
    }

    private func work(_ turn: Turn) async -> Bool {
        let isLeaving = Mutex(false)
        var isFinished = true
        let stop: @Sendable () -> Void = { [vitals] in
            vitals.change { $0.isEnding = true }
            turn.stop()
        }
        await sign.calling(stop) { [sign, vitals] in
            await steering.during(
                {
                    var standing = vitals.figures.standing
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
                }
            ) { isFinished = await turn.run() }
        }
        return isFinished
    }

    /// Says that it is paused until it is asked no more.
    private func rest() async throws {
        logger.info("paused", metadata: ["by": "\(steering.wish?.operatorName ?? "")"])
        var failure: (any Error)?
        await living {
            while !sign.isSet, steering.wish?.wish == .pause {
                await steering.exchange(WorkerSteering.Standing(.paused))
                var left = WorkerSteering.interval
                while left > .zero, !sign.isSet {
                    do { try await Task.sleep(for: Self.look) } catch { return failure = error }
                    left -= Self.look
                }
            }
        }
        if let failure { throw failure }
        if !sign.isSet { logger.info("going on") }
    }
}

/// The drain limit ended a turn, so that its last transaction may still be committed: under this name only another process
/// may work, which finds what that has left.
struct UnfinishedTurn: Error, CustomStringConvertible {
    var description: String {
        "the drain limit is over before everything was settled; the process ends, and the one that follows it pauses"
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
