import Broker
import BrokerTestKit
import Foundation
import Schema
import Stages
import Synchronization
import Testing

@testable import Policy
@testable import Runtime

/// The whole pipeline under faults, many runs by seed: what comes out is what comes out without any broker or fault.
///
/// `RECOURSE_SIMULATION_SEEDS=n` sets how many, `RECOURSE_SIMULATION_SEED=n` replays one.
@Suite struct SimulationTests {
    private struct Totals {
        var next: UInt64 = 0
        var runs = 0
        var steps = 0
        var instants = 0
        var entries = 0
        var deaths = 0
        var injected: [String: Int] = [:]
        var failed: [(seed: UInt64, findings: [String])] = []
    }

    private final class Tally: Sendable {
        let totals = Mutex(Totals())
    }

    @Test func `Whatever fails, each event has its one effect and every decision is published`() async throws {
        let environment = ProcessInfo.processInfo.environment
        let single = environment["RECOURSE_SIMULATION_SEED"].flatMap(UInt64.init)
        let count = single == nil ? environment["RECOURSE_SIMULATION_SEEDS"].flatMap(UInt64.init) ?? 300 : 1
        let first = single ?? 1
        let policy = try SimulationPolicy.book()
        let tally = Tally()
        let began = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<min(4, ProcessInfo.processInfo.activeProcessorCount) {
                group.addTask {
                    while true {
                        let number = tally.totals.withLock { totals in
                            defer { totals.next += 1 }
                            return totals.next
                        }
                        // Two kinds of failure tell more than a thousand of one.
                        guard number < count, tally.totals.withLock({ $0.failed.count < 3 }) else { return }
                        Self.run(first + number, policy, tally)
                    }
                }
            }
        }
        let result = tally.totals.withLock { $0 }
        for failure in result.failed {
            Issue.record(
                """
                RECOURSE_SIMULATION_SEED=\(failure.seed) finds \(failure.findings.count):
                \(failure.findings.prefix(12).joined(separator: "\n"))
                """)
        }
        let faults = result.injected.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        print(
            "simulation: \(result.runs) runs in \(ContinuousClock.now - began), \(result.instants) instants, "
                + "\(result.steps) steps, \(result.entries) decisions, \(result.deaths) dead letters; faults: "
                + faults.joined(separator: ", "))
    }

    private static func run(_ seed: UInt64, _ policy: PolicyBook, _ tally: Tally) {
        do {
            let run = try SimulationRun(seed: seed, stages: SimulationPolicy.stages, policy: policy)
            var findings: [String] = []
            do {
                try run.run()
                findings = try SimulationCheck.findings(of: run)
            } catch {
                findings = ["\(error)"]
            }
            let (entries, steps, instants) = (try run.pipeline.progress(), run.steps, run.instants.count)
            let (deaths, injected, failed) = (
                run.pipeline.broker.queueDepth(QueueName.dead)?.ready ?? 0, run.pipeline.injected, findings
            )
            tally.totals.withLock { totals in
                totals.runs += 1
                totals.steps += steps
                totals.instants += instants
                totals.entries += entries
                totals.deaths += deaths
                totals.injected.merge(injected, uniquingKeysWith: +)
                if !failed.isEmpty { totals.failed.append((seed, failed)) }
            }
            // At once: a long run is worth looking at before it ends.
            if !failed.isEmpty { print("RECOURSE_SIMULATION_SEED=\(seed) finds \(failed.count)") }
        } catch {
            tally.totals.withLock { $0.failed.append((seed, ["\(error)"])) }
        }
    }
}

/// The stages and the policy of the simulation: clusters off, which count whoever complains first.
enum SimulationPolicy {
    static let stages = Pipeline.stages

    static func book() throws -> PolicyBook {
        let since = try #require(CivilDate("2026-10-01"))
        let organisation = Organisation(
            since: since, hq: .init(duty: "hq-duty", people: nil),
            regions: [
                .init(id: "R1", duty: "r1-duty", people: ["r1-one"]), .init(id: "R2", duty: "r2-duty", people: nil),
            ],
            stores: ["S1", "S2"].map { id in
                .init(
                    id: id, region: "R1", since: since, serviceSupervisor: "\(id)-supervisor",
                    categorySupervisors: [:], manager: nil, people: nil)
            },
            outlets: ["O0", "O1"].map { .init(id: $0, region: "R1", since: since) })
        return PolicyBook(
            version: "simulation", rules: RuleSwitches(offParts: [.majorByCluster]), organisation: organisation,
            calendar: WorkCalendar(exceptions: [try #require(CivilDate("2026-01-01")): .holiday]))
    }
}
