import Policy
import Schema
import Stages
import Store

/// An event that passed the contract, with what its inbox claim needs.
package struct InboundEvent: Sendable {
    package let event: Event
    package let body: [UInt8]
    /// SHA-256 of `body`: tells a redelivery from a reused id.
    package let digest: [UInt8]

    package init(event: Event, body: [UInt8]) {
        self.event = event
        self.body = body
        self.digest = Identifiers.digest(body)
    }

    var key: EventKey { EventKey(source: event.source, id: event.id) }
}

/// What became of one event of a batch.
package enum InputFate: Sendable, Equatable {
    case applied
    /// `business.rejected` was emitted.
    case refused
    /// Seen before with the same body: nothing happened now.
    case duplicate
    /// Seen before with another body.
    case idReused
    /// Only a newer release can decide it: the stage does not take this type, or a record that it needs has a member that
    /// is not known here. Nothing happened and the id is not used up.
    case beyond(String)
    /// Refers to something not known yet; nothing happened and the id is not used up.
    case unknownReference(String)
    /// The stage could not decide (a corrupt record, a fault of the stage); nothing happened and the id is not used up.
    case failed(String)
}

package struct BatchResult: Sendable {
    /// One for each input, in order.
    package var fates: [InputFate] = []
    /// What is to be published, in order; committed to the outbox.
    package var rows: [OutboxRow] = []
    /// How many timers have acted.
    package var timers = 0
    /// More timers are due; they follow in the next transaction.
    package var hasMoreTimers = false
    /// Timers that could not act, and why; they stay due.
    package var timerFaults: [String] = []

    package init() {}
}

/// Runs a batch through a stage inside one transaction: inbox, records, journal, timers and outbox together.
package struct BatchProcessor: Sendable {
    package let runner: StageRunner
    package let worker: WorkerId
    /// How many overdue timers may act before one event, and behind it; what is left stays due and is run by the timer
    /// batches.
    static let overdueLimit = 1_000

    package init(runner: StageRunner, worker: WorkerId) {
        self.runner = runner
        self.worker = worker
    }

    /// - Parameters:
    ///   - clock: the business clock.
    ///   - speed: business time that passes in the same span of real time: a timer that waits for real time
    ///     (`Wake.realDelaySeconds`) is due so much later. 0: it is due at the end of its instant.
    ///   - confirmed: outbox rows whose confirms have come since the last transaction.
    /// - Throws: `StoreFailure`; the transaction must then roll back. What only concerns one input is told in its fate.
    package func process(
        _ inputs: [InboundEvent], confirmed: [OutboxKey], clock: Instant, speed: Int64 = 0,
        in transaction: any StoreTransaction
    ) throws -> BatchResult {
        try transaction.removeFromOutbox(confirmed)
        var result = BatchResult()
        var work = UnitOfWork(transaction: transaction)
        var claims = try transaction.claims(inputs.map(\.key))
        let fresh = inputs.filter { claims[$0.key] == nil }.map { Input.event($0.event) }
        try work.load(fresh, runner)
        for inbound in inputs {
            if let claim = claims[inbound.key] {
                result.fates.append(claim.digest == inbound.digest ? .duplicate : .idReused)
                continue
            }
            let fate = try work.decide(inbound, runner, clock: clock)
            result.fates.append(fate)
            switch fate {
            case .applied: claims[inbound.key] = Claim(digest: inbound.digest, fate: .applied)
            case .refused: claims[inbound.key] = Claim(digest: inbound.digest, fate: .refused)
            case .duplicate, .idReused, .beyond, .unknownReference, .failed: break
            }
        }
        try work.finish(into: &result, owner: worker) { $0.heldBack(from: clock, speed: speed) }
        return result
    }

    /// Runs up to `limit` timers that are due at `clock`, earliest first.
    package func processTimers(
        confirmed: [OutboxKey], clock: Instant, limit: Int, in transaction: any StoreTransaction
    ) throws -> BatchResult {
        try transaction.removeFromOutbox(confirmed)
        var result = BatchResult()
        var work = UnitOfWork(transaction: transaction)
        var due: [Input] = []
        for stored in try transaction.dueRecords(now: clock, limit: limit) {
            guard let at = stored.wakeAt else { continue }
            work.take(stored, runner)
            // The record's own wake: the stored one may have been held back.
            due.append(.timer(stored.key, work.set[stored.key]?.value.wake ?? Wake(at: at, order: stored.wakeOrder)))
        }
        try work.load(due, runner)
        // A timer may set another that comes before the rest of these: the earlier time or lower order goes first, so
        // the rest waits for the next transaction.
        var set: (wake: Wake, key: RecordKey)?
        for input in due {
            guard case .timer(let key, let wake) = input else { continue }
            if let set, set.wake.at <= clock, (set.wake, set.key) < (wake, key) {
                result.hasMoreTimers = true
                break
            }
            let keys = try work.load(input, runner)
            for changed in work.decide(timer: input, keys: keys, runner, clock: clock) ?? [] {
                guard let wake = work.set[changed]?.value.wake else { continue }
                if let known = set, (known.wake, known.key) <= (wake, changed) { continue }
                set = (wake, changed)
            }
        }
        if due.count >= limit { result.hasMoreTimers = true }
        try work.finish(into: &result, owner: worker) { $0.at }
        return result
    }
}

/// The records and journal entries of one transaction.
private struct UnitOfWork {
    let transaction: any StoreTransaction
    var set = WorkingSet()
    var entries: [JournalEntry] = []
    /// Money that outputs announce: the entry's place in `entries`, the output's in the entry.
    private var movements: [(entry: Int, output: Int, movement: FundMovement)] = []
    var timers = 0
    var timerFaults: [String] = []
    /// Records that are there but cannot be read; only the inputs that need them fail.
    var unreadable: [RecordKey: String] = [:]
    /// Records that a newer release has written.
    var newer: [RecordKey: String] = [:]

    init(transaction: any StoreTransaction) {
        self.transaction = transaction
    }

    mutating func take(_ stored: StoredRecord, _ runner: StageRunner) {
        do {
            set.note(stored.key, try RecordCoding.live(stored, of: runner.stage))
        } catch {
            set.note(stored.key, nil)
            unreadable[stored.key] = "\(error)"
            if let record = error as? NewerRecord { newer[stored.key] = "\(record)" }
        }
    }

    /// Loads what these inputs need, in at most two rounds: what is found may lead to more.
    mutating func load(_ inputs: [Input], _ runner: StageRunner) throws {
        var open = inputs
        for _ in 1...2 where !open.isEmpty {
            let needs = open.map { ($0, keys: runner.keys(for: $0, in: set).filter { !set.knows($0) }) }
            try load(Set(needs.flatMap(\.keys)), runner)
            open = needs.filter { $0.keys.contains { set[$0] != nil } }.map(\.0)
        }
    }

    private mutating func load(_ missing: Set<RecordKey>, _ runner: StageRunner) throws {
        guard !missing.isEmpty else { return }
        let keys = missing.sorted()
        let found = try transaction.load(keys)
        for key in keys {
            if let stored = found[key] { take(stored, runner) } else { set.note(key, nil) }
        }
    }

    /// Loads what one input needs; an earlier input of the batch may have led it to other records.
    ///
    /// - Returns: its keys.
    mutating func load(_ input: Input, _ runner: StageRunner) throws -> [RecordKey] {
        var keys = runner.keys(for: input, in: set)
        for _ in 1...2 {
            let missing = keys.filter { !set.knows($0) }
            guard !missing.isEmpty else { break }
            try load(Set(missing), runner)
            if missing.contains(where: { set[$0] != nil }) { keys = runner.keys(for: input, in: set) }
        }
        return keys
    }

    /// The outcome of one input, or why there is none.
    private mutating func run(
        _ input: Input, keys: [RecordKey], _ runner: StageRunner, clock: Instant
    ) -> Result<StepOutcome, StageFault> {
        if !unreadable.isEmpty {
            for key in keys {
                if let why = unreadable[key] { return .failure(StageFault(description: why)) }
            }
        }
        do {
            return .success(try runner.run(input, keys: keys, in: &set, clock: clock))
        } catch let fault as StageFault {
            return .failure(fault)
        } catch {
            return .failure(StageFault(description: "stage \(runner.name.rawValue): \(error)"))
        }
    }

    mutating func decide(_ inbound: InboundEvent, _ runner: StageRunner, clock: Instant) throws -> InputFate {
        let input = Input.event(inbound.event)
        guard runner.takes(inbound.event.type) else {
            return .beyond("\(inbound.event.type.wireName), which stage \(runner.name.rawValue) does not take")
        }
        var keys = try load(input, runner)
        let overdue = try runOverdue(runner, clock: clock) {
            runner.overdue(before: inbound.event, keys: keys, in: $0, clock: clock)
        }
        if overdue > 0 { keys = try load(input, runner) }
        if let record = keys.compactMap({ newer[$0] }).first { return .beyond(record) }
        let outcome: StepOutcome
        switch run(input, keys: keys, runner, clock: clock) {
        case .success(let decided): outcome = decided
        case .failure(let fault): return .failed(fault.description)
        }
        let fate: Fate
        switch outcome.verdict {
        case .unknownReference(let what): return .unknownReference(what)
        case .applied: fate = .applied
        case .refused: fate = .refused
        }
        let journalInput = JournalInput.event(
            source: inbound.event.source, id: inbound.event.id, type: inbound.event.type.rawValue,
            digest: inbound.digest, body: inbound.body)
        try journal(journalInput, fate, outcome, runner)
        _ = try runOverdue(runner, clock: clock) { runner.overdue(outcome.changed, in: $0, clock: clock) }
        return fate == .applied ? .applied : .refused
    }

    /// Runs the timers that `next` names, one after the other, until it names none; returns how many have acted.
    private mutating func runOverdue(
        _ runner: StageRunner, clock: Instant, _ next: (WorkingSet) -> Input?
    ) throws -> Int {
        var acted = 0
        while acted < BatchProcessor.overdueLimit, let timer = next(set) {
            guard decide(timer: timer, keys: try load(timer, runner), runner, clock: clock) != nil else { break }
            acted += 1
        }
        return acted
    }

    /// The records that were changed; nil if the timer could not act.
    mutating func decide(
        timer input: Input, keys: [RecordKey], _ runner: StageRunner, clock: Instant
    ) -> [RecordKey]? {
        guard case .timer(let key, let wake) = input else { return nil }
        // A timer or event before it in this batch may have moved or ended this one.
        if unreadable[key] == nil, set[key]?.value.wake != wake { return nil }
        do {
            let outcome = try run(input, keys: keys, runner, clock: clock).get()
            try journal(.timer(key, at: wake.at, order: wake.order), .applied, outcome, runner)
            timers += 1
            return outcome.changed
        } catch {
            timerFaults.append("timer of \(key) due \(wake.at): \(error)")
            return nil
        }
    }

    private mutating func journal(
        _ input: JournalInput, _ fate: Fate, _ outcome: StepOutcome, _ runner: StageRunner
    ) throws {
        for (index, output) in outcome.outputs.enumerated() {
            guard let movement = output.event.data.fundMovement else { continue }
            movements.append((entries.count, index, movement))
        }
        entries.append(
            JournalEntry(
                input: input, fate: fate, now: outcome.now, isLate: outcome.isLate,
                policyVersion: runner.policy.version, records: outcome.changed,
                outputs: try outcome.outputs.map { try JournalOutput($0) }))
    }

    /// - Parameter dueAt: when a wake is due by the business clock.
    mutating func finish(
        into result: inout BatchResult, owner: WorkerId, dueAt: (Wake) -> Instant
    ) throws {
        result.timers = timers
        result.timerFaults = timerFaults
        try transaction.save(
            try set.changed.map { key, record in
                var stored = try RecordCoding.stored(key, record)
                stored.wakeAt = record.value.wake.map(dueAt)
                return stored
            })
        guard !entries.isEmpty else { return }
        let numbers = try transaction.append(entries, owner: owner)
        if !movements.isEmpty {
            try transaction.post(
                movements.map {
                    FundPosting(place: OutboxKey(entry: numbers[$0.entry], index: $0.output), movement: $0.movement)
                })
        }
        for (number, entry) in zip(numbers, entries) {
            for (index, output) in entry.outputs.enumerated() {
                result.rows.append(OutboxRow(key: OutboxKey(entry: number, index: index), output: output))
            }
        }
    }
}

extension Wake {
    /// When the clock shows that its real time has passed too, counted from `clock`.
    fileprivate func heldBack(from clock: Instant, speed: Int64) -> Instant {
        guard realDelaySeconds > 0, speed > 0 else { return at }
        let (seconds, overflow) = Int64(realDelaySeconds).multipliedReportingOverflow(by: speed)
        let latest = (Instant.limit.microseconds - clock.microseconds) / 1_000_000
        return overflow || seconds > latest ? max(at, .limit) : max(at, clock.adding(seconds: seconds))
    }
}

/// A newer release has written the record, with a member that this one would lose.
package struct NewerRecord: Error, Sendable, CustomStringConvertible {
    package let key: RecordKey
    package let member: String

    package var description: String {
        "record \(key), which a newer release has written: the member \(member) is not known here"
    }
}

/// Records between the stage's types and the store's bytes.
package enum RecordCoding {
    /// The store keeps one number of outputs: those of the latest due time in the lower 32 bits, late ones above.
    private static let onTime = 0xFFFF_FFFF

    /// - Throws: `StageFault` naming the record if its body is not what the stage's type can read; `NewerRecord`.
    package static func live(_ stored: StoredRecord, of stage: any Stage) throws -> LiveRecord {
        let types = type(of: stage).recordTypes
        guard let type = types.first(where: { $0.kind == stored.key.kind }) else {
            throw StageFault(description: "read record \(stored.key): no such kind in this stage")
        }
        do {
            return LiveRecord(
                value: try JSONDecoding.decodeWhole(type, from: stored.body, retired: type.retiredMembers),
                version: stored.version,
                firedAt: stored.firedAt, firedOutputs: stored.firedOutputs & onTime,
                lateOutputs: stored.firedOutputs >> 32)
        } catch let member as UnreadMember {
            throw NewerRecord(key: stored.key, member: member.name)
        } catch {
            throw StageFault(description: "read record \(stored.key) version \(stored.version): \(error)")
        }
    }

    package static func stored(_ key: RecordKey, _ record: LiveRecord) throws -> StoredRecord {
        let wake = record.value.wake
        return StoredRecord(
            key: key, version: record.version, wakeAt: wake?.at, wakeOrder: wake?.order ?? 0,
            firedAt: record.firedAt, firedOutputs: record.lateOutputs << 32 | record.firedOutputs & onTime,
            body: try JSONEncoding.bytes(of: record.value))
    }
}

extension JournalOutput {
    package init(_ output: OutgoingEvent) throws {
        let type = output.event.type
        switch output.destination {
        case .events:
            self.init(
                id: output.event.id, type: type.rawValue, exchange: ExchangeName.events, routingKey: type.rawValue,
                correlation: output.event.data.correlation, body: try output.body())
        case .handlers(let key):
            self.init(
                id: output.event.id, type: type.rawValue, exchange: ExchangeName.handlers, routingKey: key,
                correlation: output.event.data.correlation, body: try output.body())
        }
    }
}
