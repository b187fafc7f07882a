import Foundation
import Schema
import Stages
import Testing

@testable import Runtime

/// No deadline is called missed because a stage was away.
///
/// `RECOURSE_OUTAGE_SEEDS=n` sets how many runs, `RECOURSE_OUTAGE_SEED=n` replays one.
@Suite struct OutageTests {
    @Test(arguments: [[StageName.routing], [.handling], [.callback], StageName.allCases])
    func `Whatever fails while stages take what waited for days, they call no deadline missed that was met`(
        away: [StageName]
    ) throws {
        let environment = ProcessInfo.processInfo.environment
        let single = environment["RECOURSE_OUTAGE_SEED"].flatMap(UInt64.init)
        let count = environment["RECOURSE_OUTAGE_SEEDS"].flatMap(UInt64.init) ?? 6
        let policy = try SimulationPolicy.book()
        var injected: [String: Int] = [:]
        var findings: [String] = []
        for seed in single.map({ $0...$0 }) ?? 1...count {
            let run = try OutageRun(seed: seed, away: away, policy: policy, faults: Int(seed % 24))
            // Workers of intake that compete may take the fire for a case of its own; so does intake where routing and handling
            // are there, and have closed the first one.
            let isStruck = !away.contains(.intake) && away != [.callback]
            var told = try run.run(served: 6, forgotten: 1, isStruck: isStruck)
            injected.merge(run.pipeline.injected, uniquingKeysWith: +)
            if isStruck {
                // Workers that compete may hear of the fire when the case is closed: then nothing is escalated.
                let struck = Identifiers.caseId(source: Workload.source, complaintId: "K7")
                let (types, isClosed) = (Set(told.removeValue(forKey: struck) ?? []), try run.isClosed(struck))
                if try !run.hasTurnedRound(7), !types.isSubset(of: ["case.escalated"]) || !isClosed {
                    findings.append("seed \(seed): struck by fire, \(types.sorted()), closed: \(isClosed)")
                }
            }
            let forgotten = Identifiers.caseId(source: Workload.source, complaintId: "K6")
            for (caseId, types) in told where caseId != forgotten {
                findings.append("seed \(seed): \(caseId) \(types.sorted())")
            }
            // Timers act all the same.
            let types = told[forgotten] ?? []
            let expected: Set = ["customer.reply-overdue", "case.escalated", "compensation.referred"]
            if !expected.isSubset(of: types) {
                findings.append("seed \(seed): the forgotten case has only \(types.sorted())")
            }
            // What callback says bears on no deadline of another stage.
            if away == [.callback], !expected.isSubset(of: run.toldWhileAway[forgotten] ?? []) {
                findings.append("seed \(seed): while callback was away \(run.toldWhileAway[forgotten] ?? [])")
            }
            if findings.count > 3 { break }
        }
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
        print("outage of \(away): \(count) runs, faults: \(injected.sorted { $0.key < $1.key })")
    }
}
