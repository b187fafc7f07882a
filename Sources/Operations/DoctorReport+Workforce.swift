import Runtime
import Schema
import Store

extension DoctorReport {
    /// How a clock of another machine may differ, in seconds.
    private static let clockSeconds: Int64 = 5

    /// - Parameter roles: those that each need a worker.
    package mutating func findWorkers(_ workforce: WorkforceReport, roles: [String], wall: Instant) {
        let count = findings.count
        for one in workforce.wrong {
            add(
                "workers", .wrong, "\(one.role) \(one.name) on \(one.host), pid \(one.pid), is \(one.health.rawValue)",
                cure: one.health.advice)
        }
        for role in roles where workforce.working(role).isEmpty {
            let isPaused = workforce.processes.contains { $0.role == role && $0.health == .paused }
            add(
                "workers", isPaused ? .warning : .wrong,
                isPaused ? "all workers of \(role) are paused" : "no worker of \(role) works",
                cure: isPaused ? "recourse workers resume --stage \(role)" : "start recourse-\(role), or recourse run")
        }
        let alive = workforce.processes.filter { !$0.health.isOver && $0.role != WorkerSign.supervisor }
        let releases = Set(alive.map(\.release)).sorted()
        if releases.count > 1 {
            add(
                "workers", .warning, "releases \(releases.joined(separator: ", ")) work side by side",
                cure: "finish the upgrade (docs/OPERATING.md, Upgrades)")
        }
        let policies = Set(alive.map(\.policy)).subtracting([""]).sorted()
        if policies.count > 1 {
            add(
                "workers", .wrong, "they decide by different policies: \(policies.joined(separator: ", "))",
                cure: "SIGHUP those that have the old one; their logs say why they did not take the new one")
        }
        for one in workforce.processes where one.startedAt > wall.adding(seconds: Self.clockSeconds) {
            add(
                "clock", .wrong,
                "\(one.host) says that \(one.name) began at \(one.startedAt), which is ahead of this machine",
                cure: "set the clocks by NTP: leases and deadlines go by them")
        }
        if findings.count == count { add("workers", .ok, "\(alive.count) work, of one release and policy") }
    }

    package mutating func findStages(_ look: StatusLook) {
        let count = findings.count
        for stage in look.stages {
            let name = stage.name.rawValue
            if let late = stage.timerLateSeconds, late > StatusProbe.lateAfterSeconds {
                add(
                    "timers", .warning, "\(name): the first due timer is \(late) s late",
                    cure:
                        "timers wait until the stage has taken what its queue holds: more workers, or look why it stands"
                )
            }
            if stage.timersAside > 0 {
                add(
                    "timers", .wrong, "\(name): \(stage.timersAside) cannot act",
                    cure: "recourse audit names them and why")
            }
            if stage.waitingOver > 0 {
                add(
                    "waiting", .warning, "\(name): events wait beyond their time",
                    cure: "a worker of the stage brings them to their end: recourse waiting list --stage \(name)")
            }
        }
        let open = look.deadLetters.filter { $0.state == .open }.reduce(0) { $0 + $1.count }
        if open > 0 { add("dead letters", .warning, "\(open) are open", cure: "recourse dead-letters groups") }
        if findings.count == count { add("stages", .ok, "timers, waiting events and dead letters are in order") }
    }
}
