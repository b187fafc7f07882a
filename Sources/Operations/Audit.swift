import Runtime
import Schema
import Store

/// A further check of the audit, beside the fates of events: money, tasks.
package protocol AuditProbe: Sendable {
    func check(_ stores: [StageName: any Store]) async throws -> AuditCheck
}

/// `recourse audit [--published LEDGER]`: does everything add up?
///
/// Every event that the ledger lists or a stage has emitted must have, at each stage to which the routes send it,
/// exactly one fate: applied, refused (`business.rejected`), or dead (domain rules §9). Journals are read in pages
/// without bodies. What has been taken is kept as 64-bit keyed hashes, 8 bytes and the set's own share per event; the
/// chance that a missing event is overlooked because its hash equals another's is n / 2^64, for ten million events
/// 5 in 10^13.
///
/// Safe beside running workers: it reads snapshots only, and says "not at rest" where it cannot tell missing from late.
package struct Audit: Sendable {
    package struct Parts: Sendable {
        package var stores: [StageName: any Store]
        package var deadLetters: any DeadLetterStore
        package var routes: Routes
        /// Ready messages of a queue; nil where there is no such queue. nil instead of it: there is no broker to ask.
        package var queueDepth: (@Sendable (String) async throws -> Int?)?
        package var probes: [any AuditProbe] = []
        /// What the stepped clock says; nil where the clock runs by itself.
        package var steppedClock: Instant?
        /// The wall clock; nil: nothing is said of workers.
        package var wall: Instant?

        package init(
            stores: [StageName: any Store], deadLetters: any DeadLetterStore, routes: Routes,
            queueDepth: (@Sendable (String) async throws -> Int?)?, probes: [any AuditProbe] = [],
            steppedClock: Instant? = nil
        ) {
            self.steppedClock = steppedClock
            self.stores = stores
            self.deadLetters = deadLetters
            self.routes = routes
            self.queueDepth = queueDepth
            self.probes = probes
        }
    }

    /// How many of what is wrong are named.
    package static let exampleLimit = 20
    private let parts: Parts

    package init(_ parts: Parts) {
        self.parts = parts
    }

    /// - Parameter ledger: what was published; nil: only what the stages emitted is expected.
    /// - Throws: `StoreFailure`, `FileFault`.
    package func run(published ledger: LedgerReader? = nil) async throws -> AuditReport {
        let before = try await rest()
        async let probed = probe()
        let count = try await AuditCount(parts, published: ledger)
        let origin = try await count.origin()
        let after = try await rest()
        let hasGrown = try await count.hasGrown()
        let atRest = before.isEmpty && after.isEmpty && !hasGrown
        // What may lie in a queue that was not seen is not lost.
        let isKnown = atRest && after.unseen.isEmpty
        var checks = [
            rested(after, hasGrown: hasGrown, isEmptyBefore: before.isEmpty),
            count.takenOnce(), count.nothingLost(atRest: isKnown), origin, try await count.storesWhole(atRest: atRest),
        ]
        if let now = parts.steppedClock {
            checks.append(try await timers(at: now, atRest: atRest))
        } else {
            checks.append(try await watermarks())
        }
        checks.append(try await timersAside())
        if let ledger = count.ledgerReadable() { checks.append(ledger) }
        checks += try await probed
        return AuditReport(
            atRest: atRest, unseen: after.unseen, stages: try await stages(count, after), checks: checks)
    }

    /// The further checks, side by side: each reads one stage.
    private func probe() async throws -> [AuditCheck] {
        let parts = parts
        return try await withThrowingTaskGroup(of: (Int, AuditCheck).self) { group in
            for (index, probe) in parts.probes.enumerated() {
                group.addTask { (index, try await probe.check(parts.stores)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// At rest under the stepped clock no timer may be due: whatever the clock has passed has acted.
    private func timers(at now: Instant, atRest: Bool) async throws -> AuditCheck {
        var examples: [String] = []
        for (stage, store) in parts.stores.sorted(by: { $0.key < $1.key }) {
            let due = try await store.read { try $0.nextDue(wall: Instant(microseconds: .max)) }
            guard let due, due < now else { continue }
            examples.append("\(stage.rawValue): what was due \(due) has not been done, the clock says \(now)")
        }
        return AuditCheck(
            "timers", ok: examples.isEmpty || !atRest, figures: [.init("stagesBehind", examples.count)],
            examples: examples)
    }

    /// Timers that acted though their stage was never at rest, and workers of older releases, whose timers do not wait for
    /// that: where there are any, a deadline may have been called missed that was met. And stages of which timers wait for
    /// what others have to say.
    private func watermarks() async throws -> AuditCheck {
        var (patience, older, held) = (0, 0, 0)
        for store in parts.stores.values {
            let (time, leases, isHeld) = try await store.read { snapshot in
                let time = try snapshot.stageTime()
                let (marks, wall) = (time.bounds, Instant(microseconds: .max))
                let isHeld =
                    try snapshot.hasDue(now: marks.own, later: marks.own, wall: wall)
                    && !snapshot.hasDue(now: marks.own, later: marks.withWord, wall: wall)
                return (time, try snapshot.leases(), isHeld)
            }
            if isHeld { held += 1 }
            patience += time.actedByPatience
            if let wall = parts.wall { older += leases.count { $0.isOfOlderRelease(at: wall) } }
        }
        return AuditCheck(
            "timers at rest", ok: true,
            figures: [
                .init("byPatience", patience), .init("workersOfOlderReleases", older),
                .init("stagesWaitingForOthers", held),
            ])
    }

    /// A timer that could not act stays due and is tried again: until then a deadline passes without a word.
    private func timersAside() async throws -> AuditCheck {
        var (count, examples) = (0, [String]())
        for (stage, store) in parts.stores.sorted(by: { $0.key < $1.key }) {
            let aside = try await store.read { try $0.timersAside(limit: Self.exampleLimit) }
            count += aside.count
            for timer in aside.first { Self.note("\(stage.rawValue): \(timer.key): \(timer.cause)", &examples) }
        }
        return AuditCheck("timers able", ok: count == 0, figures: [.init("unable", count)], examples: examples)
    }

    static func note(_ text: String, _ examples: inout [String]) {
        if examples.count < exampleLimit { examples.append(text) }
    }

    // MARK: - Rest

    static let atRestName = "at rest"

    private struct Rest {
        var outbox: [StageName: Int] = [:]
        /// Of the stages whose queues were all seen.
        var waiting: [StageName: Int] = [:]
        var dead = 0
        /// What could not be seen, and why.
        var unseen: [String] = []

        var outboxTotal: Int { outbox.values.reduce(0, +) }
        var waitingTotal: Int { waiting.values.reduce(0, +) + dead }
        var isEmpty: Bool { outboxTotal == 0 && waitingTotal == 0 }
    }

    private func rest() async throws -> Rest {
        var rest = Rest()
        let stages = parts.routes.subscriptions.map(\.stage)
        for stage in stages {
            if let store = parts.stores[stage] { rest.outbox[stage] = try await store.read { try $0.outboxCount() } }
        }
        guard let queueDepth = parts.queueDepth else {
            rest.unseen = ["what waits in the broker: RECOURSE_AMQP_URL is not given"]
            return rest
        }
        do {
            for stage in stages {
                var (waiting, isSeen) = (0, true)
                let retired = RetryDelay.allCases.map { QueueName.retired(stage, $0) }
                for queue in [stage.queue] + RetryDelay.allCases.map({ QueueName.delay(stage, $0) }) + retired {
                    let depth = try await queueDepth(queue)
                    // Those of older releases go some day.
                    if depth == nil, !retired.contains(queue) {
                        rest.unseen.append("queue \(queue): the broker has none of this name; recourse topology verify")
                        isSeen = false
                    }
                    waiting += depth ?? 0
                }
                if isSeen { rest.waiting[stage] = waiting }
            }
            let dead = try await queueDepth(QueueName.dead)
            if dead == nil { rest.unseen.append("queue \(QueueName.dead): the broker has none of this name") }
            rest.dead = dead ?? 0
        } catch {
            // One question too many: who does not answer this one answers none of the others.
            rest.waiting = [:]
            rest.unseen.append("what waits in the broker: \(error)")
        }
        return rest
    }

    private func rested(_ rest: Rest, hasGrown: Bool, isEmptyBefore: Bool) -> AuditCheck {
        var examples: [String] = []
        for (stage, count) in rest.outbox.sorted(by: { $0.key < $1.key }) where count > 0 {
            examples.append("outbox of \(stage.rawValue): \(count) outputs not yet confirmed")
        }
        for (stage, count) in rest.waiting.sorted(by: { $0.key < $1.key }) where count > 0 {
            examples.append("queues of \(stage.rawValue): \(count) messages wait")
        }
        if rest.dead > 0 { examples.append("queue \(QueueName.dead): \(rest.dead) messages wait to be parked") }
        if hasGrown { examples.append("the journals grew while they were read") }
        if examples.isEmpty, !isEmptyBefore { examples.append("queues or outboxes were not empty at the beginning") }
        return AuditCheck(
            Self.atRestName, ok: examples.isEmpty,
            figures: [
                .init("outbox", rest.outboxTotal), .init("waiting", rest.waitingTotal),
                .init("queuesNotSeen", rest.unseen.count),
            ], examples: examples)
    }

    private func stages(_ count: AuditCount, _ rest: Rest) async throws -> [StageFates] {
        let dead = try await parts.deadLetters.counts()
        return parts.routes.subscriptions.map(\.stage).map { stage in
            var fates = count.fates(of: stage)
            fates.outbox = rest.outbox[stage] ?? 0
            fates.waiting = rest.waiting[stage]
            for row in dead where row.queue == stage.queue {
                switch row.state {
                case .open: fates.deadOpen += row.count
                case .sent: fates.deadSent += row.count
                case .resolved: fates.deadResolved += row.count
                case .discarded: fates.deadDiscarded += row.count
                }
            }
            return fates
        }
    }
}
