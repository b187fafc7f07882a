import Schema

/// What the processes of an installation say of themselves, and what operators ask of them: the workers and supervisors
/// of all machines meet here, under whatever starts them.
///
/// Calls are synchronous, short, and made every few seconds by each process.
///
/// - Throws: every call throws `StoreFailure`.
package protocol WorkforceStore: Sendable {
    /// Says how a process is; replaces what was last said under its name. Forgets those whose sign of life ran out before
    /// `forgetting`, so that names that no process bears any more do not gather.
    func say(_ sign: WorkerSign, forgetting: Instant) throws
    /// What all have said last, ascending by role and name; those whose time has run out, too.
    func signs() throws -> [WorkerSign]
    /// Asks something; what was asked of the same target before is asked no more.
    func give(_ order: SteeringOrder) throws
    /// What is asked, ascending by target.
    func orders() throws -> [SteeringOrder]
    /// Asks it no more.
    ///
    /// - Returns: whether anything was asked of this target.
    func withdrawOrder(for target: SteeringTarget) throws -> Bool
    /// Ends all use.
    func close()
}

/// What a process says of itself. No secrets: everybody with the database may read it.
package struct WorkerSign: Sendable, Hashable {
    package enum State: String, Sendable, Hashable, Codable, CaseIterable {
        /// Waits for database or broker, or takes over what is left behind.
        case starting
        case working
        /// Takes nothing new, and settles what it has.
        case draining
        /// Holds nothing, and waits to be told to go on.
        case paused
        /// Has ended because it was told to; whatever started it is not to start it again.
        case drained
        /// Has ended.
        case ended
    }

    /// Unique in its role; of a supervisor the host, which has one for each installation.
    package let name: String
    /// The stage, `parking`, or `supervisor`.
    package let role: String
    package let host: String
    package let pid: Int64
    package let release: String
    /// The version of the policy that decides; empty: none.
    package var policy: String
    package var state: State
    /// Wall times.
    package let startedAt: Instant
    /// Until when it is to be taken for alive.
    package var aliveUntil: Instant
    /// When its loop last went round: one that hangs while its process lives falls behind.
    package var loopAt: Instant?
    /// When it last committed events or timers; nil: not yet.
    package var appliedAt: Instant?
    /// Of a supervisor: how many of each it runs, `intake=2,routing=1`. Else what it waits for.
    package var detail: String

    package init(
        name: String, role: String, host: String, pid: Int64, release: String, policy: String = "", state: State,
        startedAt: Instant, aliveUntil: Instant, loopAt: Instant? = nil, appliedAt: Instant? = nil, detail: String = ""
    ) {
        self.name = name
        self.role = role
        self.host = host
        self.pid = pid
        self.release = release
        self.policy = policy
        self.state = state
        self.startedAt = startedAt
        self.aliveUntil = aliveUntil
        self.loopAt = loopAt
        self.appliedAt = appliedAt
        self.detail = detail
    }

    /// The role of those that start others.
    package static let supervisor = "supervisor"
}

/// Of whom something is asked.
package enum SteeringTarget: Sendable, Hashable {
    /// All workers of a role.
    case role(String)
    case worker(String, role: String)
    /// How many of a role a supervisor is to run.
    case count(String, supervisor: String)

    /// As it is stored: no name has a line break.
    package var text: String {
        switch self {
        case .role(let role): "role\n\(role)"
        case .worker(let name, let role): "worker\n\(role)\n\(name)"
        case .count(let role, let supervisor): "count\n\(role)\n\(supervisor)"
        }
    }

    /// nil: of a newer release.
    package init?(text: String) {
        let parts = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        switch (parts.first, parts.count) {
        case ("role", 2): self = .role(parts[1])
        case ("worker", 3): self = .worker(parts[2], role: parts[1])
        case ("count", 3): self = .count(parts[1], supervisor: parts[2])
        default: return nil
        }
    }
}

/// What an operator asks of workers. It stands until it is withdrawn or another takes its place.
package struct SteeringOrder: Sendable, Hashable {
    package enum Wish: String, Sendable, Hashable, Codable {
        /// Of every process, also of those that start later.
        case pause
        /// Of those processes alone that had begun before the order.
        case drain
        /// Of a supervisor that had begun before the order.
        case scale
    }

    package let target: SteeringTarget
    package let wish: Wish
    /// Of `scale`: how many.
    package let count: Int64
    /// Who asks it.
    package let operatorName: String
    /// Wall time.
    package let at: Instant

    package init(_ target: SteeringTarget, _ wish: Wish, count: Int64 = 0, by operatorName: String, at: Instant) {
        self.target = target
        self.wish = wish
        self.count = count
        self.operatorName = operatorName
        self.at = at
    }
}

extension [SteeringOrder] {
    /// What is asked of a worker: a pause holds before a drain, what is asked of it before what is asked of all.
    package func wish(for name: String, role: String, startedAt: Instant) -> SteeringOrder? {
        let fitting = filter { order in
            guard order.target == .worker(name, role: role) || order.target == .role(role) else { return false }
            return order.wish == .pause || (order.wish == .drain && order.at > startedAt)
        }
        return fitting.first { $0.wish == .pause } ?? fitting.first
    }

    /// How many of each role a supervisor is to run, where it was asked.
    package func counts(for supervisor: String, startedAt: Instant) -> [String: Int] {
        var counts: [String: Int] = [:]
        for order in self where order.wish == .scale && order.at > startedAt {
            if case .count(let role, supervisor) = order.target { counts[role] = Int(order.count) }
        }
        return counts
    }
}
