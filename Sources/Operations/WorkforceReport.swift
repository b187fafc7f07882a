import Runtime
import Schema
import Store

/// `recourse workers list`: every process that has told of itself, how it stands, and what is asked of it.
package struct WorkforceReport: OperationReport, Codable, Hashable {
    /// How a process is, judged by its last word.
    package enum Health: String, Sendable, Hashable, Codable {
        case starting, working, draining, paused, drained, ended
        /// Connected to the database, and takes nothing: the broker is away or refuses it.
        case disconnected
        /// Its process lives, and its loop does not go round.
        case stuck
        /// No sign of life: frozen, killed, or cut off from the database.
        case lost

        /// Whether somebody must look after it.
        package var isWrong: Bool { self == .disconnected || self == .stuck || self == .lost }
    }

    package struct Item: Sendable, Hashable, Codable {
        package let role: String
        package let name: String
        package let health: Health
        package let host: String
        package let pid: Int64
        package let release: String
        package let policy: String
        package let startedAt: Instant
        /// When it last committed events or timers.
        package let appliedAt: Instant?
        package let detail: String
        /// It has not been heard of for ten minutes.
        package let isLongLost: Bool
        /// What is asked of it, by whom and when.
        package let asked: String?
    }

    /// Ascending by role and name; supervisors too.
    package let processes: [Item]
    /// What is asked of processes that are not there.
    package let openOrders: [String]
    /// How many loops, in seconds, a process may miss.
    package static let stuckSeconds: Int64 = 30
    /// For how long those that ended are still listed.
    private static let endedSeconds: Int64 = 600

    /// Pure.
    ///
    /// - Parameter wall: now.
    package init(signs: [WorkerSign], orders: [SteeringOrder], wall: Instant) {
        let shown = signs.filter { sign in
            !(sign.state == .ended && sign.aliveUntil.adding(seconds: Self.endedSeconds) < wall)
        }
        processes = shown.map { sign in
            let asked = orders.wish(for: sign.name, role: sign.role, startedAt: sign.startedAt)
            return Item(
                role: sign.role, name: sign.name, health: Self.health(of: sign, wall), host: sign.host, pid: sign.pid,
                release: sign.release, policy: sign.policy, startedAt: sign.startedAt, appliedAt: sign.appliedAt,
                detail: sign.detail, isLongLost: sign.aliveUntil.adding(seconds: Self.endedSeconds) < wall,
                asked: asked.map(Self.words))
        }
        openOrders = orders.filter { order in
            switch order.target {
            case .role: return true
            case .worker(let name, let role): return !shown.contains { $0.name == name && $0.role == role }
            case .count: return false
            }
        }.map { "\($0.target.words): \(Self.words($0))" }
    }

    private static func words(_ order: SteeringOrder) -> String {
        "\(order.wish.rawValue) by \(order.operatorName) at \(order.at)"
    }

    private static func health(of sign: WorkerSign, _ wall: Instant) -> Health {
        switch sign.state {
        case .drained: return .drained
        case .ended: return .ended
        case .starting, .working, .draining, .paused: break
        }
        if sign.aliveUntil < wall { return .lost }
        switch sign.state {
        case .starting: return .starting
        case .paused: return .paused
        case .drained, .ended, .working, .draining: break
        }
        if let loopAt = sign.loopAt, loopAt.adding(seconds: stuckSeconds) < wall { return .stuck }
        if sign.state == .draining { return .draining }
        return sign.role != WorkerSign.supervisor && !sign.detail.isEmpty ? .disconnected : .working
    }

    /// Those that somebody must look after. One that was lost long ago, while others of its role work, has a successor under
    /// another name.
    package var wrong: [Item] {
        processes.filter { $0.health.isWrong && !($0.isLongLost && !working($0.role).isEmpty) }
    }

    /// Those that work for a role now.
    package func working(_ role: String) -> [Item] { processes.filter { $0.role == role && $0.health == .working } }

    package var text: String {
        guard !processes.isEmpty else {
            return (["No process of release 0.3.0 or newer has told of itself."] + openOrders).joined(separator: "\n")
        }
        var table = TextTable("ROLE", "NAME", "STATE", "HOST", ">PID", "RELEASE", "POLICY", "LAST APPLIED", "ASKED", "")
        for one in processes {
            table.add(
                one.role, one.name, one.health.rawValue, one.host, String(one.pid), one.release, one.policy,
                one.appliedAt?.description ?? "-", one.asked ?? "-", one.detail)
        }
        let asked = openOrders.map { "asked of whoever comes: \($0)" }
        return ([table.text] + asked).joined(separator: "\n")
    }
}

extension SteeringTarget {
    fileprivate func isWorker(_ name: String, _ role: String?) -> Bool {
        if case .worker(name, let its) = self { role.map { $0 == its } ?? true } else { false }
    }

    /// As the audit log names it.
    var object: String {
        switch self {
        case .role(let role): "stage:" + role
        case .worker(let name, let role): "worker:\(role)/\(name)"
        case .count(let role, let supervisor): "supervisor:\(supervisor)/\(role)"
        }
    }

    /// For people.
    package var words: String {
        switch self {
        case .role(let role): "all workers of \(role)"
        case .worker(let name, let role): "\(role) worker \(name)"
        case .count(let role, let supervisor): "how many of \(role) the supervisor on \(supervisor) runs"
        }
    }
}

/// What `recourse workers pause | resume | drain | scale` has asked.
package struct SteeringReport: OperationReport, Codable, Hashable {
    /// For people, one for each target.
    package let asked: [String]
    /// What will follow, and how to see it.
    package let hint: String

    package init(asked: [String], hint: String) {
        self.asked = asked
        self.hint = hint
    }

    package var text: String { (asked + [hint]).joined(separator: "\n") }
}

/// Asks things of workers through the store, so that it reaches them on every machine and under whatever started them.
package struct Foreman {
    package struct Refusal: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    private let store: any WorkforceStore
    private let operatorName: String
    private let wall: Instant
    private let log: (OperatorAct) async throws -> Void

    /// - Parameter log: writes an act down before it is done; what cannot be written down is not done.
    package init(
        _ store: any WorkforceStore, by operatorName: String, wall: Instant,
        log: @escaping (OperatorAct) async throws -> Void
    ) {
        self.store = store
        self.operatorName = operatorName
        self.wall = wall
        self.log = log
    }

    /// - Throws: `StoreFailure`.
    package func list() throws -> WorkforceReport {
        WorkforceReport(signs: try store.signs(), orders: try store.orders(), wall: wall)
    }

    /// The workers that are meant: those named, all of a role, or everybody.
    ///
    /// - Throws: `Refusal` where a name is unknown; `StoreFailure`.
    private func targets(_ names: [String], role: String?, roles: [String]) throws -> [SteeringTarget] {
        guard !names.isEmpty else { return (role.map { [$0] } ?? roles).map { .role($0) } }
        let signs = try store.signs().filter { $0.role != WorkerSign.supervisor }
        return try names.map { name in
            let found = signs.filter { $0.name == name && (role ?? $0.role) == $0.role }
            // One that has gone may still be asked something.
            if found.isEmpty, let order = try store.orders().first(where: { $0.target.isWorker(name, role) }) {
                return order.target
            }
            guard let one = found.first, found.count == 1 else {
                let known = signs.map(\.name).sorted().joined(separator: ", ")
                throw Refusal(
                    description: found.isEmpty
                        ? "no worker \(name) has told of itself; known: \(known.isEmpty ? "none" : known)"
                        : "\(name) is a worker of several stages; name one with --stage")
            }
            guard one.startedAt <= wall else {
                throw Refusal(
                    description:
                        "\(name) began at \(one.startedAt), which is ahead of this machine's clock, \(wall): it "
                        + "would not heed what is asked before; set the clocks by NTP")
            }
            return .worker(one.name, role: one.role)
        }
    }

    /// - Throws: `Refusal`, `StoreFailure`.
    package func ask(
        _ wish: SteeringOrder.Wish, _ names: [String], role: String?, roles: [String]
    ) async throws -> SteeringReport {
        let targets = try targets(names, role: role, roles: roles)
        try await log(OperatorAct("workers \(wish.rawValue)", targets.map { .init($0.object) }))
        for target in targets { try store.give(SteeringOrder(target, wish, by: operatorName, at: wall)) }
        return SteeringReport(
            asked: targets.map { "\($0.words): \(wish.rawValue)" },
            hint: "Workers hear it within some seconds: recourse workers list")
    }

    /// What was asked is asked no more. Of all, also what was asked of single ones.
    ///
    /// - Throws: `Refusal`, `StoreFailure`.
    package func resume(_ names: [String], role: String?, roles: [String]) async throws -> SteeringReport {
        var targets = try targets(names, role: role, roles: roles)
        if names.isEmpty {
            targets += try store.orders().map(\.target).filter { target in
                if case .worker(_, let its) = target { return role.map { $0 == its } ?? true }
                return false
            }
        }
        try await log(OperatorAct("workers resume", targets.map { .init($0.object) }))
        let withdrawn = try targets.filter { try store.withdrawOrder(for: $0) }
        var hint = "Workers hear it within some seconds: recourse workers list"
        for case .worker(let name, let its) in targets {
            if let order = try store.orders().wish(for: name, role: its, startedAt: .distantPast) {
                hint = "\(its) worker \(name) is still asked to \(order.wish.rawValue), as all of its stage are"
            }
        }
        return SteeringReport(
            asked: withdrawn.isEmpty ? ["Nothing was asked of them."] : withdrawn.map { "\($0.words): resume" },
            hint: hint)
    }

    /// - Parameter counts: by role.
    /// - Throws: `Refusal`, `StoreFailure`.
    package func scale(_ counts: [String: Int], host: String?) async throws -> SteeringReport {
        let alive = try store.signs().filter { $0.role == WorkerSign.supervisor && $0.aliveUntil >= wall }
        let fitting = alive.filter { (host ?? $0.name) == $0.name }
        guard let supervisor = fitting.first, fitting.count == 1 else {
            let hosts = alive.map(\.name).joined(separator: ", ")
            throw Refusal(
                description: fitting.isEmpty
                    ? "no supervisor (recourse run) is alive\(host.map { " on \($0)" } ?? "")"
                        + (hosts.isEmpty
                            ? "; other supervisors than recourse run scale by their own means" : "; there is: \(hosts)")
                    : "several supervisors are alive; name one with --host: \(hosts)")
        }
        let before = try store.orders().counts(for: supervisor.name, startedAt: supervisor.startedAt)
        let objects = counts.sorted { $0.key < $1.key }.map { role, count in
            OperatorAct.Object(
                SteeringTarget.count(role, supervisor: supervisor.name).object, before: before[role].map(String.init),
                after: String(count))
        }
        try await log(OperatorAct("workers scale", objects))
        let asked = try counts.sorted { $0.key < $1.key }.map { role, count in
            let target = SteeringTarget.count(role, supervisor: supervisor.name)
            try store.give(SteeringOrder(target, .scale, count: Int64(count), by: operatorName, at: wall))
            return "\(target.words): \(count)"
        }
        return SteeringReport(
            asked: asked,
            hint: "It holds until that supervisor ends; to keep it, change its --workers. See recourse workers list")
    }
}
