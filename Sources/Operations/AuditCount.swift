import Runtime
import Schema
import Store

/// What the audit has counted, and what it says about that. The stages are read side by side.
struct AuditCount: Sendable {
    private let parts: Audit.Parts
    private let taken: [StageName: AuditTaken]
    private let outputs: [StageName: AuditReckoning]
    private let ledger: AuditReckoning?
    private let stages: [(name: StageName, store: any Store)]

    init(_ parts: Audit.Parts, published ledger: LedgerReader?) async throws {
        self.parts = parts
        let stages = parts.routes.subscriptions.compactMap { subscription in
            parts.stores[subscription.stage].map { (name: subscription.stage, store: $0) }
        }
        self.stages = stages
        let taken = try await AuditCount.collect(stages) { try await AuditTaken.read($0, $1) }
        self.taken = taken
        let subscriptions = try await Subscriptions(of: parts.stores)
        // The ledger is one more source beside the stages, and as long as the longest of them.
        async let listed = ledger.asyncMap { reader in
            var reckoning = AuditReckoning(parts: parts, taken: taken, subscriptions: subscriptions)
            try await reckoning.expect(reader)
            return reckoning
        }
        outputs = try await AuditCount.collect(stages) { name, store in
            var reckoning = AuditReckoning(parts: parts, taken: taken, subscriptions: subscriptions)
            try await reckoning.expectOutputs(of: name, store)
            return reckoning
        }
        self.ledger = try await listed
    }

    private static func collect<T: Sendable>(
        _ stages: [(name: StageName, store: any Store)],
        _ body: @escaping @Sendable (StageName, any Store) async throws -> T
    ) async throws -> [StageName: T] {
        try await withThrowingTaskGroup(of: (StageName, T).self) { group in
            for (name, store) in stages { group.addTask { (name, try await body(name, store)) } }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private var reckonings: [AuditReckoning] { (ledger.map { [$0] } ?? []) + stages.compactMap { outputs[$0.name] } }

    private func sum(_ member: (AuditReckoning) -> Int) -> Int { reckonings.map(member).reduce(0, +) }

    private func first(_ texts: [[String]]) -> [String] { Array(texts.joined().prefix(Audit.exampleLimit)) }

    /// What was taken at a stage, and of what was expected there.
    func fates(of stage: StageName) -> StageFates {
        var fates = taken[stage]?.fates ?? StageFates(stage: stage)
        for more in reckonings.compactMap({ $0.fates[stage] }) {
            fates.expected += more.expected
            fates.taken += more.taken
            fates.dead += more.dead
            fates.heldExpected += more.heldExpected
            fates.missing += more.missing
        }
        return fates
    }

    func hasGrown() async throws -> Bool {
        for (name, store) in stages {
            let last = taken[name]?.watermark ?? 0
            if try await !store.read({ try $0.inputs(after: last, limit: 1) }).isEmpty { return true }
        }
        return false
    }

    // MARK: - Checks

    func takenOnce() -> AuditCheck {
        let all = stages.compactMap { taken[$0.name] }
        let doubled = all.map { $0.doubled + $0.waitingAndTaken.count }.reduce(0, +)
        return AuditCheck(
            "taken once", ok: doubled == 0,
            figures: [
                .init("events", all.map { $0.fates.applied + $0.fates.refused }.reduce(0, +)),
                .init("doubled", doubled),
            ], examples: first(all.map(\.doubledExamples) + all.map(\.waitingAndTaken)))
    }

    func nothingLost(atRest: Bool) -> AuditCheck {
        let fates = stages.map { self.fates(of: $0.name) }
        let total = { (member: (StageFates) -> Int) in fates.map(member).reduce(0, +) }
        let missing = sum(\.missing)
        return AuditCheck(
            "nothing lost", ok: missing == 0 || !atRest,
            figures: [
                .init("expected", total(\.expected) + sum(\.unroutedExpected)), .init("taken", total(\.taken)),
                .init("held", total(\.heldExpected)),
                .init("dead", total(\.dead) + sum(\.unroutedDead)), .init("discarded", sum(\.discarded)),
                .init("missing", atRest ? missing : 0), .init("inFlight", atRest ? 0 : missing),
            ], examples: first(reckonings.map(\.missingExamples)))
    }

    func ledgerReadable() -> AuditCheck? {
        ledger.map { ledger in
            AuditCheck(
                "ledger", ok: true,
                figures: [
                    .init("lines", ledger.published), .init("events", ledger.events),
                    .init("unconfirmed", ledger.unconfirmed), .init("withoutIdentity", ledger.unnamed),
                ])
        }
    }

    /// Every entry has the outputs that it says it has, the store's own counters say the same as its journal, and every
    /// record is of the version that the entries which changed it have led to.
    func storesWhole(atRest: Bool) async throws -> AuditCheck {
        var (wrong, examples) = (0, [String]())
        func note(_ count: Int, _ text: String) {
            wrong += count
            Audit.note(text, &examples)
        }
        for (name, store) in stages {
            guard let fates = taken[name]?.fates else { continue }
            let emitted = outputs[name]?.emitted ?? 0
            if emitted != fates.outputs {
                note(1, "\(name.rawValue): the journal has \(emitted) outputs, its entries name \(fates.outputs)")
            }
            let (counts, records) = try await store.read {
                (try $0.counts(), try $0.recordsOutOfStep(limit: Audit.exampleLimit))
            }
            let journal = [fates.applied, fates.refused, fates.timers, fates.outputs]
            // A worker that writes meanwhile moves the counters, not what was read.
            if atRest, [counts.applied, counts.refused, counts.timers, counts.outputs] != journal {
                note(1, "\(name.rawValue): the counters differ from the journal")
            }
            for key in records.first {
                note(0, "\(name.rawValue): \(key) is not of the version that the journal has led to")
            }
            wrong += records.count
        }
        return AuditCheck("stores whole", ok: wrong == 0, figures: [.init("wrong", wrong)], examples: examples)
    }

    /// What a stage has taken from another, that one must have emitted. Looked up one by one only if the sums differ.
    func origin() async throws -> AuditCheck {
        let fromStages = stages.compactMap { taken[$0.name]?.fromStages }.reduce(0, +)
        let found = outputs.values.map(\.found).reduce(0, +)
        var (unknown, examples) = (0, [String]())
        if fromStages > found {
            for (name, store) in stages {
                try await JournalScan.run(store, through: taken[name]?.watermark, withBodies: false) { page in
                    for entry in page {
                        guard case .event(let source, let id, let type, _, _) = entry.input,
                            AuditTaken.isFromStage(source, type), examples.count < Audit.exampleLimit,
                            try await !isEmitted(source, id)
                        else { continue }
                        unknown += 1
                        examples.append("\(name.rawValue): \(type) \(id): \(source) has not emitted it")
                    }
                }
            }
        }
        return AuditCheck(
            "known origin", ok: unknown == 0,
            figures: [.init("fromStages", fromStages), .init("unknown", unknown)], examples: examples)
    }

    private func isEmitted(_ source: String, _ id: String) async throws -> Bool {
        guard let stage = StageName.allCases.first(where: { $0.source == source }) else { return false }
        // A stage whose store is not at hand cannot be asked.
        guard let store = parts.stores[stage] else { return true }
        guard let entry = try await store.read({ try $0.entry(emitting: id) }) else { return false }
        return entry.outputs.contains { $0.id == id }
    }
}

extension Optional where Wrapped: Sendable {
    fileprivate func asyncMap<T: Sendable>(_ body: @Sendable (Wrapped) async throws -> T) async throws -> T? {
        guard let self else { return nil }
        return try await body(self)
    }
}
