import Broker
import BrokerTestKit
import Policy
import Schema
import Stages
import Store

@testable import Runtime

/// One run by one seed: the workload through the pipeline, instant by instant as the stepped clock has it, with faults
/// in between. The same seed gives the same run.
final class SimulationRun {
    struct Stuck: Error, CustomStringConvertible {
        let description: String
    }

    let workload: Workload
    let pipeline: SimulatedPipeline
    private(set) var steps = 0
    private(set) var instants: [Instant] = []
    private var seed: Seeded
    private var faultsLeft: Int
    private let faultOdds: Int
    private let isHurried: Bool
    private var toCome: [Workload.Item]
    private static let stepLimit = 200_000

    init(seed number: UInt64, stages: [any Stage], policy: PolicyBook) throws {
        seed = Seeded(number)
        workload = try Workload(Seeded(number ^ 0x5EED))
        toCome = workload.items.reversed()
        faultsLeft = seed.below(60)
        isHurried = seed.chance(1, of: 2)
        faultOdds = [5, 10, 30, 100][seed.below(4)]
        pipeline = try SimulatedPipeline(stages: stages, policy: policy, start: workload.start, seed: &seed)
    }

    func run() throws {
        try settle()
        while let next = try nextInstant(), next <= workload.end {
            instants.append(next)
            try complete(next)
        }
    }

    private func nextInstant() throws -> Instant? {
        var next = toCome.last?.at
        for stage in StageName.allCases {
            guard let wake = try pipeline.nextDue(of: stage) else { continue }
            next = min(next ?? wake, wake)
        }
        return next.map { max($0, pipeline.time.clock.now) }
    }

    private func complete(_ instant: Instant) throws {
        set(instant, .events)
        try settle()
        var isDone = false
        while !isDone {
            isDone = true
            for stage in StageName.allCases {
                guard let wake = try pipeline.nextDue(of: stage), wake <= instant else { continue }
                isDone = false
                set(instant, .timers(stage))
                try settle { try self.pipeline.nextDue(of: stage).map { $0 > instant } ?? true }
                set(instant, .events)
                try settle()
            }
        }
    }

    private func set(_ instant: Instant, _ phase: ClockPhase) {
        pipeline.time.clock = ClockReading(now: instant, mode: .stepped(phase))
    }

    // MARK: To quiet

    /// Until nothing moves and nothing waits; unknown references are tried again, at last called.
    private func settle(until isDone: () throws -> Bool = { true }) throws {
        while true {
            try rest(until: isDone)
            guard pipeline.time.clock.mode == .stepped(.events), let expiry = pipeline.broker.nextExpiry else { return }
            let before = try pipeline.progress()
            try expire(expiry)
            try rest(until: isDone)
            guard try pipeline.progress() == before, let last = pipeline.broker.nextExpiry else { continue }
            set(pipeline.time.clock.now, .lastCall)
            try expire(last)
            try rest(until: isDone)
            set(pipeline.time.clock.now, .events)
        }
    }

    /// Lets every message in the delay queues come back.
    private func expire(_ first: Int) throws {
        var next: Int? = first
        while let expiry = next {
            pipeline.time.wall = pipeline.time.wall.adding(seconds: Int64(expiry - pipeline.broker.now) / 1000 + 1)
            pipeline.broker.advance(to: expiry)
            next = pipeline.broker.nextExpiry
        }
    }

    private func rest(until isDone: () throws -> Bool) throws {
        var still = 0
        while true {
            try spend()
            pipeline.replaceFinished()
            let moves = pipeline.moves()
            let canHandOver = (toCome.last?.at ?? .limit) <= pipeline.time.clock.now
            if moves.isEmpty && !canHandOver {
                if try !pipeline.heal() {
                    if try pipeline.isQuiet(), try isDone(), still > 0 { return }
                    still += 1
                    // Leases, backoff and what is held back run by the wall clock.
                    if still > 1 { pipeline.time.wall = pipeline.time.wall.adding(seconds: 1) }
                }
                for worker in pipeline.workers { worker.tick() }
                continue
            }
            // A hurried upstream fills the queues before anybody moves.
            let choice = canHandOver && isHurried ? moves.count : seed.below(moves.count + (canHandOver ? 1 : 0))
            if choice < moves.count {
                still = 0
                try pipeline.make(moves[choice], limit: 1 + seed.below(5))
            } else if let item = toCome.popLast(), !pipeline.handOver(item) {
                toCome.append(item)
                try pipeline.heal()
            }
            if seed.chance(1, of: 20) {
                pipeline.time.wall = Instant(microseconds: pipeline.time.wall.microseconds + Int64(seed.below(200_000)))
                seed.pick(pipeline.workers)?.tick()
            }
            if faultsLeft > 0, seed.chance(1, of: faultOdds) {
                faultsLeft -= 1
                // Some need an occasion: the next best is taken.
                for _ in 0..<4 {
                    guard let fault = seed.pick(SimulatedPipeline.Fault.allCases) else { break }
                    if try pipeline.inject(fault, seed: &seed) { break }
                }
            }
        }
    }

    private func spend() throws {
        steps += 1
        guard steps < Self.stepLimit else {
            throw Stuck(
                description: "no quiet after \(steps) steps at \(pipeline.time.clock.now), "
                    + "\(pipeline.time.clock.mode); idle workers: "
                    + pipeline.workers.map { "\($0.name) \($0.isIdle)" }.joined(separator: ", "))
        }
    }
}
