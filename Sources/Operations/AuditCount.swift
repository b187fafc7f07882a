import Runtime
import Schema
import Store

/// What the audit counts on its way through journals, ledger and dead letters.
struct AuditCount {
    /// An event that must have a fate somewhere. `stage` nil: no stage takes it, so it must lie in the dead letters.
    private struct Expectation {
        let event: EventKey
        let type: String
        let stage: StageName?
    }

    private let parts: Audit.Parts
    private(set) var fates: [StageName: StageFates] = [:]
    private var taken: [StageName: Set<UInt64>] = [:]
    private var watermarks: [StageName: Int64] = [:]
    private var doubled = 0
    private var doubledExamples: [String] = []
    /// Taken from other stages, and of these found among what those emitted.
    private var fromStages = 0
    private var fromStagesFound = 0
    private var published = 0
    private var unconfirmed = 0
    private var unnamed = 0
    private var listed: Set<UInt64> = []
    private var unroutedExpected = 0
    private var unroutedDead = 0
    private var missing = 0
    private var missingExamples: [String] = []
    private var discarded = 0
    private var pending: [Expectation] = []
    private static let pendingLimit = 500

    init(parts: Audit.Parts) {
        self.parts = parts
    }

    private var stages: [StageName] { parts.routes.subscriptions.map(\.stage) }

    /// Keyed anew in each process, so that nobody can choose ids whose hashes are equal.
    private static func hash(_ event: EventKey) -> UInt64 {
        var hasher = Hasher()
        for var text in [event.source, event.id] {
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
            hasher.combine(0 as UInt8)
        }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    // MARK: - What was taken

    mutating func readTaken() async throws {
        for stage in stages {
            guard let store = parts.stores[stage] else { continue }
            var fates = StageFates(stage: stage)
            var keys: Set<UInt64> = []
            watermarks[stage] = try await JournalScan.run(store, withBodies: false) { page in
                for entry in page {
                    fates.outputs += entry.outputs.count
                    guard case .event(let source, let id, let type, _, _) = entry.input else {
                        fates.timers += 1
                        continue
                    }
                    switch entry.fate {
                    case .applied: fates.applied += 1
                    case .refused: fates.refused += 1
                    }
                    let event = EventKey(source: source, id: id)
                    if !keys.insert(AuditCount.hash(event)).inserted {
                        doubled += 1
                        AuditCount.note("\(stage.rawValue): entry \(entry.number) takes \(id) again", &doubledExamples)
                    }
                    if AuditCount.isFromStage(source, type) { fromStages += 1 }
                }
            }
            self.fates[stage] = fates
            taken[stage] = keys
        }
    }

    /// What a stage's workers publish beside its journal is not looked for there.
    private static func isFromStage(_ source: String, _ type: String) -> Bool {
        StageName.allCases.contains { $0.source == source } && type != EventRejected.type.rawValue
    }

    private static func note(_ text: String, _ examples: inout [String]) {
        if examples.count < Audit.exampleLimit { examples.append(text) }
    }

    // MARK: - What is expected

    mutating func expect(_ ledger: LedgerReader) async throws {
        var ledger = ledger
        while true {
            let lines = try ledger.next(limit: JournalScan.pageSize)
            if lines.isEmpty { break }
            for line in lines {
                published += 1
                guard line.isConfirmed else {
                    unconfirmed += 1
                    continue
                }
                guard let event = line.event else {
                    unnamed += 1
                    continue
                }
                guard listed.insert(AuditCount.hash(event)).inserted else { continue }
                let takers = parts.routes.takers(fromInbox: EventType(line.type))
                if takers.isEmpty {
                    unroutedExpected += 1
                    pending.append(Expectation(event: event, type: line.type, stage: nil))
                }
                for taker in takers { expect(event, line.type, at: taker) }
            }
            if pending.count >= AuditCount.pendingLimit { try await settle() }
        }
        try await settle()
    }

    mutating func expectOutputs() async throws {
        for stage in stages {
            guard let store = parts.stores[stage], let last = watermarks[stage] else { continue }
            var position: Int64 = 0
            while position < last {
                let start = position
                let page = try await store.read {
                    try $0.journal(after: start, limit: JournalScan.pageSize, withBodies: false)
                }
                guard let end = page.last?.number else { break }
                position = end
                for entry in page where entry.number <= last {
                    for output in entry.outputs where output.exchange == ExchangeName.events {
                        for taker in parts.routes.takers(fromEvents: EventType(output.type)) {
                            let event = EventKey(source: stage.source, id: output.id)
                            if expect(event, output.type, at: taker) { fromStagesFound += 1 }
                        }
                    }
                }
                if pending.count >= AuditCount.pendingLimit { try await settle() }
            }
        }
        try await settle()
    }

    /// True if it was taken there.
    @discardableResult
    private mutating func expect(_ event: EventKey, _ type: String, at stage: StageName) -> Bool {
        fates[stage, default: StageFates(stage: stage)].expected += 1
        if taken[stage]?.contains(AuditCount.hash(event)) == true {
            fates[stage]?.taken += 1
            return true
        }
        pending.append(Expectation(event: event, type: type, stage: stage))
        return false
    }

    /// Looks for what was not taken among the dead letters, then once more in the inbox.
    private mutating func settle() async throws {
        while !pending.isEmpty {
            let some = Array(pending.suffix(AuditCount.pendingLimit))
            pending.removeLast(some.count)
            let letters = try await parts.deadLetters.find(Array(Set(some.map(\.event))))
            for expectation in some {
                try await settle(expectation, letters[expectation.event] ?? [])
            }
        }
    }

    private mutating func settle(_ expectation: Expectation, _ letters: [ParkedLetter]) async throws {
        let queues = [QueueName.dead, expectation.stage?.queue]
        let states = letters.filter { queues.contains($0.letter.queue) }.map(\.state)
        let isDead = states.contains { $0 != .resolved }
        if isDead, !states.contains(.open), !states.contains(.sent) { discarded += 1 }
        guard let stage = expectation.stage else {
            if isDead { return unroutedDead += 1 }
            return lose(expectation, "no stage takes it, and it is not among the dead letters")
        }
        if isDead {
            fates[stage]?.dead += 1
        } else if try await isTakenMeanwhile(expectation.event, at: stage) {
            fates[stage]?.taken += 1
        } else {
            fates[stage]?.missing += 1
            lose(expectation, "not taken")
        }
    }

    private func isTakenMeanwhile(_ event: EventKey, at stage: StageName) async throws -> Bool {
        guard let store = parts.stores[stage] else { return false }
        return try await store.read { try $0.entry(taking: event) } != nil
    }

    private mutating func lose(_ expectation: Expectation, _ why: String) {
        missing += 1
        let place = expectation.stage?.rawValue ?? "-"
        let event = expectation.event
        AuditCount.note("\(place): \(expectation.type) \(event.source) \(event.id): \(why)", &missingExamples)
    }

    func hasGrown() async throws -> Bool {
        for stage in stages {
            guard let store = parts.stores[stage] else { continue }
            let last = watermarks[stage] ?? 0
            let more = try await store.read { try $0.journal(after: last, limit: 1, withBodies: false) }
            if !more.isEmpty { return true }
        }
        return false
    }

    // MARK: - Checks

    func takenOnce() -> AuditCheck {
        let entries = fates.values.reduce(0) { $0 + $1.applied + $1.refused }
        return AuditCheck(
            "taken once", ok: doubled == 0, figures: [.init("events", entries), .init("doubled", doubled)],
            examples: doubledExamples)
    }

    func nothingLost(atRest: Bool) -> AuditCheck {
        let sum = { (member: KeyPath<StageFates, Int>) in fates.values.reduce(0) { $0 + $1[keyPath: member] } }
        return AuditCheck(
            "nothing lost", ok: missing == 0 || !atRest,
            figures: [
                .init("expected", sum(\.expected) + unroutedExpected), .init("taken", sum(\.taken)),
                .init("dead", sum(\.dead) + unroutedDead), .init("discarded", discarded),
                .init("missing", atRest ? missing : 0), .init("inFlight", atRest ? 0 : missing),
            ], examples: missingExamples)
    }

    func ledgerReadable() -> AuditCheck {
        AuditCheck(
            "ledger", ok: true,
            figures: [
                .init("lines", published), .init("events", listed.count), .init("unconfirmed", unconfirmed),
                .init("withoutIdentity", unnamed),
            ])
    }

    /// What a stage has taken from another, that one must have emitted. Looked up one by one only if the sums differ.
    func origin() async throws -> AuditCheck {
        var unknown = 0
        var examples: [String] = []
        if fromStages > fromStagesFound {
            for stage in stages {
                guard let store = parts.stores[stage] else { continue }
                try await JournalScan.run(store, through: watermarks[stage], withBodies: false) { page in
                    for entry in page {
                        guard case .event(let source, let id, let type, _, _) = entry.input,
                            AuditCount.isFromStage(source, type), examples.count < Audit.exampleLimit,
                            try await !isEmitted(source, id)
                        else { continue }
                        unknown += 1
                        examples.append("\(stage.rawValue): \(type) \(id): \(source) has not emitted it")
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
