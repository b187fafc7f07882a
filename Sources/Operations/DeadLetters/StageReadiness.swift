import Schema
import Store

/// Whether there is any use in sending something to a stage now.
package enum StageReadiness {
    /// Why not; nil: nothing is known to be in the way. Workers of releases before 0.3 tell nothing of themselves: where no
    /// worker of a stage has ever told, nothing is said about it.
    ///
    /// Pure.
    package static func obstacle(
        to stages: Set<StageName>, signs: [WorkerSign], orders: [SteeringOrder], wall: Instant
    ) -> String? {
        let workforce = WorkforceReport(signs: signs, orders: orders, wall: wall)
        for stage in stages.sorted(by: { $0.rawValue < $1.rawValue }) {
            let role = stage.rawValue
            if let order = orders.first(where: { $0.target == .role(role) && $0.wish == .pause }) {
                return "\(role) is paused by \(order.operatorName): recourse workers resume --stage \(role)"
            }
            let workers = workforce.processes.filter { $0.role == role }
            if !workers.isEmpty, !workers.contains(where: { $0.health == .working || $0.health == .starting }) {
                return "no worker of \(role) is at work: recourse workers list"
            }
        }
        return nil
    }
}
