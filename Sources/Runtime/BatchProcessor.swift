import Policy
import Schema
import Stages
import Store

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
    /// How many persons were erased.
    package var erased = 0

    package init() {}
}

/// Runs a batch through a stage inside one transaction: inbox, records, journal, timers and outbox together.
package struct BatchProcessor: Sendable {
    package let runner: StageRunner
    package let worker: WorkerId
    package let vault: PersonalVault
    /// How many overdue timers may act before one event, and behind it; what is left stays due and is run by the timer
    /// batches.
    static let overdueLimit = 1_000

    /// - Parameter vault: nil: one that seals nothing.
    package init(runner: StageRunner, worker: WorkerId, vault: PersonalVault? = nil) {
        self.runner = runner
        self.worker = worker
        self.vault = vault ?? PersonalVault(stage: runner.name)
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
        // Asked for once: a secret made here is committed with the rest, or not at all.
        let digester = inputs.isEmpty ? nil : try vault.establishDigester(in: transaction)
        var rest = inputs[...]
        // An erasure is a full stop: what comes before it is erased, what comes behind it is not.
        while !rest.isEmpty {
            let end = rest.firstIndex { $0.event.data is CustomerErasureRequested } ?? rest.endIndex - 1
            var work = UnitOfWork(transaction: transaction, vault: vault, digester: digester)
            try process(Array(rest[...end]), &work, clock: clock, speed: speed, into: &result)
            rest = rest[(end + 1)...]
        }
        return result
    }

    private func process(
        _ inputs: [InboundEvent], _ work: inout UnitOfWork, clock: Instant, speed: Int64,
        into result: inout BatchResult
    ) throws {
        let transaction = work.transaction
        var claims = try transaction.claims(inputs.map(\.key))
        var admitted = try work.edge.admit(inputs.filter { claims[$0.key] == nil }, clock: clock)[...]
        try work.load(admitted.map { Input.event($0.inbound.event) }, runner)
        var orders: [PersonalLookup] = []
        for inbound in inputs {
            // One that is twice in the batch was admitted twice.
            let own = admitted.first?.inbound.key == inbound.key ? admitted.popFirst() : nil
            if let claim = claims[inbound.key] {
                result.fates.append(claim.digest == inbound.digest ? .duplicate : .idReused)
                continue
            }
            guard let own else {
                throw StageFault(description: "stage \(runner.name.rawValue): an event of the batch was not admitted")
            }
            let fate = try work.decide(own, runner, clock: clock)
            result.fates.append(fate)
            switch fate {
            case .applied: claims[inbound.key] = Claim(digest: inbound.digest, fate: .applied)
            case .refused: claims[inbound.key] = Claim(digest: inbound.digest, fate: .refused)
            case .duplicate, .idReused, .beyond, .unknownReference, .failed: break
            }
            if fate == .applied, inbound.event.data is CustomerErasureRequested, let lookup = own.lookup {
                orders.append(lookup)
            }
        }
        try work.finish(into: &result, owner: worker) { $0.heldBack(from: clock, speed: speed) }
        for lookup in orders where try transaction.erasePerson(lookup) != nil { result.erased += 1 }
    }

    /// Runs up to `limit` timers that are due at `clock`, earliest first.
    package func processTimers(
        confirmed: [OutboxKey], clock: Instant, limit: Int, in transaction: any StoreTransaction
    ) throws -> BatchResult {
        try transaction.removeFromOutbox(confirmed)
        var result = BatchResult()
        var work = UnitOfWork(transaction: transaction, vault: vault)
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
    var edge: PersonalEdge
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

    /// - Parameter digester: nil where no event comes in.
    init(transaction: any StoreTransaction, vault: PersonalVault, digester: PersonalDigester? = nil) {
        self.transaction = transaction
        edge = PersonalEdge(vault: vault, digester: digester, transaction: transaction)
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

    mutating func decide(
        _ admitted: PersonalEdge.Admitted, _ runner: StageRunner, clock: Instant
    ) throws -> InputFate {
        let inbound = admitted.inbound
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
        edge.keep(admitted, outputs: entries.last?.outputs ?? [])
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
            edge.keepTimer(outputs: entries.last?.outputs ?? [])
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
        result.timers += timers
        result.timerFaults += timerFaults
        try transaction.save(
            try set.changed.map { key, record in
                var stored = try RecordCoding.stored(key, record)
                stored.wakeAt = record.value.wake.map(dueAt)
                return stored
            })
        guard !entries.isEmpty else { return }
        try edge.finish()
        let numbers = try transaction.append(entries, owner: owner)
        if !movements.isEmpty {
            try transaction.post(
                movements.map {
                    FundPosting(place: OutboxKey(entry: numbers[$0.entry], index: $0.output), movement: $0.movement)
                })
        }
        var rows: [OutboxRow] = []
        for (number, entry) in zip(numbers, entries) {
            for (index, output) in entry.outputs.enumerated() {
                rows.append(OutboxRow(key: OutboxKey(entry: number, index: index), output: output))
            }
        }
        result.rows += try edge.resolve(rows)
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
