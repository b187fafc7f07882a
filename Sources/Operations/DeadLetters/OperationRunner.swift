import Broker
import Runtime
import Schema
import Store

/// Runs a replay to its end, or until something halts it: claims letters, publishes them, and looks into journals and dead
/// letters for what became of each.
///
/// Killed at any point it loses nothing, and nothing is applied twice. A claim marks the letter `sent`, its item and the audit log in
/// one transaction, before the letter is published; so what was killed in between is claimed, and perhaps on its way.
/// Whoever goes on looks for it where it would have arrived, and where it would have died. What is in neither place after a
/// while goes out once more, under the same source and id: if the first one was only late, the stage's inbox takes the second
/// for what it is.
struct OperationRunner {
    struct Ports: Sendable {
        /// The name of this process, unlike any other's.
        let name: String
        /// Wall time.
        var wall: @Sendable () -> Instant
        /// Waits so many milliseconds.
        var pause: @Sendable (Int64) async -> Void
        /// Why nothing may be sent to these stages; nil: nothing is in the way.
        var obstacle: @Sendable (Set<StageName>) throws -> String? = { _ in nil }
        /// Whether whoever sits there wants it to halt.
        var isStopped: @Sendable () -> Bool = { false }
        /// Told how far it has come.
        var progress: @Sendable (OperationView) -> Void = { _ in }
        var limits = ReplayPlan.Limits()
    }

    /// A letter on its way.
    struct UnderWay: Sendable {
        var item: OperationItem
        let letter: LetterOnItsWay
        let isInherited: Bool
    }

    let office: DeadLetterOffice
    let ports: Ports
    var operation: LetterOperation
    var plan: ReplayPlan
    var counts: OperationCounts
    /// By letter.
    var underWay: [String: UnderWay]
    /// The last letter parked that was looked at.
    private(set) var seenNumber: Int64 = -1
    private var deathsSeenAt = Instant.distantPast
    private static let deathSeconds: Int64 = 5
    /// The last entries of the stages that letters are on their way to.
    private var lastEntries: [StageName: Int64] = [:]
    /// Since when something is in the way; nil: nothing is.
    private var blockedAt: Instant?
    /// Somebody else has taken the operation out of this process's hands.
    private var isFenced = false
    private(set) var brokerFailure: BrokerFailure?

    static let verb = "dead-letters replay"
    static let leaseSeconds: Int64 = 15
    private static let look: Int64 = 250

    /// Takes the operation up, whoever ran it before.
    ///
    /// - Throws: `OfficeFailure` if it has ended, is run by another process, or somebody else was faster; `StoreFailure`.
    init(
        _ office: DeadLetterOffice, _ operation: LetterOperation, isNew: Bool, _ ports: Ports
    ) async throws {
        (self.office, self.ports) = (office, ports)
        let now = ports.wall()
        self.operation = operation
        if !isNew { self.operation = try await Self.take(operation, office, ports) }
        counts = OperationCounts(try await office.parts.deadLetters.operationCounts(operation.id))
        underWay = [:]
        let left = counts[.claimed] + counts[.sent]
        plan = ReplayPlan(
            step: self.operation.step, rate: operation.rate, waiting: counts[.waiting], inherited: left, at: now,
            limits: ports.limits)
        if left > 0 { try await inherit() }
    }

    private static func take(
        _ operation: LetterOperation, _ office: DeadLetterOffice, _ ports: Ports
    ) async throws -> LetterOperation {
        let (id, now) = (operation.id, ports.wall())
        if operation.state.hasEnded {
            throw OfficeFailure("operations resume \(id): it is \(operation.state.rawValue); nothing is left to do")
        }
        if operation.isRun(at: now) {
            throw OfficeFailure(
                "operations resume \(id): \(operation.runner) runs it; pause it first, or, if that was killed, wait until "
                    + "\(operation.runsUntil)")
        }
        var taken = operation
        (taken.state, taken.cause) = (.running, "")
        (taken.runner, taken.runsUntil) = (ports.name, now.adding(seconds: leaseSeconds))
        let words = AuditLog.Words(operation: OperatorAct("operations resume"))
        guard let changed = try await office.parts.log.change(OperationChange(taken), saying: words) else {
            throw OfficeFailure("operations resume \(id): somebody else has just changed it; look at it again")
        }
        return changed.operation
    }

    /// What another process has left on its way.
    private mutating func inherit() async throws {
        var position: Int64 = 0
        while true {
            let items = try await office.parts.deadLetters.operationItems(
                operation.id, in: [.claimed, .sent], after: position, limit: DeadLetterOffice.judgedAtOnce)
            guard let last = items.last else { return }
            position = last.position
            let rows = try await office.parts.deadLetters.letters(items.map(\.letter))
            for item in items {
                guard let row = rows[item.letter] else { continue }
                let letter = LetterOnItsWay(row, to: office.takers(of: row.letter))
                underWay[item.letter] = UnderWay(item: item, letter: letter, isInherited: true)
            }
        }
    }

    // MARK: - The loop

    /// - Throws: `StoreFailure`: the operation stays `running` until its lease runs out, and can be taken up then.
    mutating func run() async throws -> OperationView {
        ports.progress(view)
        while true {
            if ports.isStopped() {
                let (state, cause) = plan.halted ?? (.paused, "halted by \(office.parts.log.who.name)")
                return try await finish(state, cause)
            }
            try await settle()
            if isFenced { return try await leave() }
            let step = plan.step
            switch plan.next(at: ports.wall()) {
            case .claim(let count): try await claim(count)
            case .sendAgain: try await sendAgain()
            case .wait:
                try await heartbeat()
                await ports.pause(Self.look)
            case .end(let state, let cause): return try await finish(state, cause)
            }
            if isFenced { return try await leave() }
            if plan.step != step { try await keepStep() }
            ports.progress(view)
        }
    }

    var view: OperationView {
        OperationView(operation, counts, wall: ports.wall(), isBrokerAway: brokerFailure != nil)
    }

    /// Notes whether the stages of letters under way have taken anything: what stands behind a long queue is not silent.
    mutating func noteStages() async throws {
        for stage in Set(underWay.values.flatMap(\.letter.takers)) {
            guard let store = office.parts.stores[stage] else { continue }
            let last = try await store.read { try $0.outboxSpan().lastEntry }
            if let before = lastEntries.updateValue(last, forKey: stage), before != last {
                plan.stagesMoved(at: ports.wall())
            }
        }
    }

    /// Whether something is in the way now; where it stays for some seconds, the operation is paused.
    mutating func isBlocked(_ stages: Set<StageName>) async throws -> Bool {
        guard !stages.isEmpty, let obstacle = try ports.obstacle(stages) else {
            blockedAt = nil
            return false
        }
        let (now, since) = (ports.wall(), blockedAt ?? ports.wall())
        blockedAt = since
        if now >= since.adding(seconds: ports.limits.haltSeconds) { plan.halt(.paused, obstacle, at: now) }
        await ports.pause(Self.look)
        return true
    }

    mutating func meet(_ failure: BrokerFailure) {
        brokerFailure = failure
        plan.halt(.paused, "the broker cannot be used: \(failure)", at: ports.wall())
    }

    /// Carries out a step; notes if somebody else has the operation now, and nothing was done.
    mutating func keep(
        _ change: OperationChange, saying words: AuditLog.Words = AuditLog.Words()
    ) async throws -> ChangedOperation? {
        guard let changed = try await office.parts.log.change(change, saying: words) else {
            isFenced = true
            return nil
        }
        operation = changed.operation
        return changed
    }

    /// The operation with its lease renewed.
    var renewed: LetterOperation {
        var operation = operation
        operation.runsUntil = ports.wall().adding(seconds: Self.leaseSeconds)
        return operation
    }

    private mutating func heartbeat() async throws {
        let half = ports.wall().adding(seconds: Self.leaseSeconds / 2)
        if operation.runsUntil < half { _ = try await keep(OperationChange(renewed)) }
    }

    private mutating func keepStep() async throws {
        var next = renewed
        next.step = plan.step
        _ = try await keep(OperationChange(next))
    }

    private mutating func finish(_ state: LetterOperation.State, _ cause: String) async throws -> OperationView {
        var ended = operation
        (ended.state, ended.cause, ended.runner, ended.step) = (state, cause, "", plan.step)
        var act = OperatorAct(Self.verb)
        act.detail = "operation \(state.rawValue)" + (cause.isEmpty ? "" : ": \(cause.prefix(500))")
        act.outcome = state == .done ? .done : .failed
        guard try await keep(OperationChange(ended), saying: AuditLog.Words(operation: act)) != nil else {
            return try await leave()
        }
        return view
    }

    /// Somebody has paused or cancelled it, or goes on with it.
    private mutating func leave() async throws -> OperationView {
        if let kept = try await office.parts.deadLetters.operation(operation.id) { operation = kept }
        counts = OperationCounts(try await office.parts.deadLetters.operationCounts(operation.id))
        return view
    }

    /// Whether letters were parked since the last look, so that one of those under way may have died. Numbers are not
    /// committed in their order, so that it looks every few seconds in any case.
    mutating func hasNewDeaths() async throws -> Bool {
        let (newest, now) = (try await office.newestNumber(), ports.wall())
        guard newest != seenNumber || now >= deathsSeenAt.adding(seconds: Self.deathSeconds) else { return false }
        (seenNumber, deathsSeenAt) = (newest, now)
        return true
    }
}
