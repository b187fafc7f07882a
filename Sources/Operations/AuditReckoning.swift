import Runtime
import Schema
import Store

/// Holds what was published, or what one stage has emitted, against what was taken.
struct AuditReckoning: Sendable {
    /// An event that must have a fate somewhere. `stage` nil: no stage takes it, so it must lie in the dead letters.
    private struct Expectation {
        let event: EventKey
        let type: String
        let stage: StageName?
    }

    private let parts: Audit.Parts
    private let taken: [StageName: AuditTaken]
    private let subscriptions: Subscriptions
    /// Only the figures of expected events.
    private(set) var fates: [StageName: StageFates] = [:]
    /// How many outputs there are up to the watermark, and how many of them were found taken, by each that must.
    private(set) var emitted = 0
    private(set) var found = 0
    private(set) var published = 0
    private(set) var events = 0
    private(set) var unconfirmed = 0
    private(set) var unnamed = 0
    private(set) var unroutedExpected = 0
    private(set) var unroutedDead = 0
    private(set) var discarded = 0
    private(set) var missing = 0
    private(set) var missingExamples: [String] = []
    private var pending: [Expectation] = []
    private static let pendingLimit = 500

    init(parts: Audit.Parts, taken: [StageName: AuditTaken], subscriptions: Subscriptions) {
        self.parts = parts
        self.taken = taken
        self.subscriptions = subscriptions
    }

    // MARK: - What is expected

    mutating func expect(_ ledger: LedgerReader) async throws {
        var ledger = ledger
        var listed: Set<UInt64> = []
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
                guard listed.insert(AuditTaken.hash(event)).inserted else { continue }
                let takers = parts.routes.takers(fromInbox: EventType(line.type))
                if takers.isEmpty {
                    unroutedExpected += 1
                    pending.append(Expectation(event: event, type: line.type, stage: nil))
                }
                for taker in takers { expect(event, line.type, at: taker) }
            }
            if pending.count >= AuditReckoning.pendingLimit { try await settle() }
        }
        events = listed.count
        try await settle()
    }

    mutating func expectOutputs(of stage: StageName, _ store: any Store) async throws {
        let last = taken[stage]?.watermark ?? 0
        let starts = try await starts(in: store)
        var position: OutboxKey?
        while true {
            let after = position
            let page = try await store.read { try $0.emissions(after: after, limit: JournalScan.pageSize) }
            guard let end = page.last?.key else { break }
            for row in page where row.key.entry <= last {
                emitted += 1
                guard row.exchange == ExchangeName.events else { continue }
                let type = EventType(row.type)
                for taker in parts.routes.takers(fromEvents: type) {
                    guard let start = subscriptions.start(of: taker, type), row.key.entry >= starts[start] ?? 0 else {
                        continue
                    }
                    expect(EventKey(source: stage.source, id: row.id), row.type, at: taker)
                }
            }
            if pending.count >= AuditReckoning.pendingLimit { try await settle() }
            if end.entry > last { break }
            position = end
        }
        try await settle()
    }

    /// The first entries that were written when stages began to take something.
    private func starts(in store: any Store) async throws -> [Instant: Int64] {
        var starts: [Instant: Int64] = [:]
        for moment in subscriptions.starts {
            starts[moment] = try await store.read { try $0.firstEntry(writtenFrom: moment) }
        }
        return starts
    }

    private mutating func expect(_ event: EventKey, _ type: String, at stage: StageName) {
        fates[stage, default: StageFates(stage: stage)].expected += 1
        if taken[stage]?.keys.contains(AuditTaken.hash(event)) == true {
            fates[stage]?.taken += 1
            found += 1
        } else if taken[stage]?.waiting.contains(AuditTaken.hash(event)) == true {
            fates[stage]?.heldExpected += 1
        } else {
            pending.append(Expectation(event: event, type: type, stage: stage))
        }
    }

    // MARK: - What was not taken

    /// Looks for it among the dead letters, then once more in the inbox.
    private mutating func settle() async throws {
        while !pending.isEmpty {
            let some = Array(pending.suffix(AuditReckoning.pendingLimit))
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
        Audit.note("\(place): \(expectation.type) \(event.source) \(event.id): \(why)", &missingExamples)
    }
}
