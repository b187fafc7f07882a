import Policy
import Schema
import Stages
import Store

/// The records and journal entries of one transaction.
struct UnitOfWork: InputCourse {
    let runner: StageRunner
    let clock: Instant
    private let transaction: any StoreTransaction
    private(set) var edge: PersonalEdge
    private(set) var set = WorkingSet()
    private var entries: [JournalEntry] = []
    /// Money that outputs announce: the entry's place in `entries`, the output's in the entry.
    private var movements: [(entry: Int, output: Int, movement: FundMovement)] = []
    private var timers = 0
    private var timerFaults: [String] = []
    /// Records that are there but cannot be read; only the inputs that need them fail.
    private var unreadable: [RecordKey: String] = [:]
    /// Records that a newer release has written.
    private var newer: [RecordKey: String] = [:]

    /// - Parameter digester: nil where no event comes in.
    init(
        runner: StageRunner, clock: Instant, transaction: any StoreTransaction, vault: PersonalVault,
        digester: PersonalDigester? = nil
    ) {
        self.runner = runner
        self.clock = clock
        self.transaction = transaction
        edge = PersonalEdge(vault: vault, digester: digester, transaction: transaction)
    }

    mutating func take(_ stored: StoredRecord) {
        do {
            set.note(stored.key, try RecordCoding.live(stored, of: runner.stage))
        } catch {
            set.note(stored.key, nil)
            unreadable[stored.key] = "\(error)"
            if let record = error as? NewerRecord { newer[stored.key] = "\(record)" }
        }
    }

    /// Gives events their tokens, in order, and loads what all of them need.
    mutating func admit(_ inputs: [InboundEvent]) throws -> [PersonalEdge.Admitted] {
        let admitted = try edge.admit(inputs, clock: clock)
        _ = try load(admitted.map { Input.event($0.inbound.event) })
        return admitted
    }

    mutating func load(_ input: Input) throws -> [RecordKey] { try load([input]).keys(of: 0) }

    @discardableResult
    mutating func load(_ inputs: [Input]) throws -> KeySearch {
        var search = KeySearch(inputs, runner)
        while let missing = search.next(in: set) {
            let found = try transaction.load(missing)
            for key in missing {
                if let stored = found[key] { take(stored) } else { set.note(key, nil) }
            }
        }
        return search
    }

    /// The outcome of one input, or why there is none.
    private mutating func run(_ input: Input, keys: [RecordKey]) -> Result<StepOutcome, StageFault> {
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

    mutating func decide(_ admitted: PersonalEdge.Admitted) throws -> InputFate {
        let inbound = admitted.inbound
        guard runner.takes(inbound.event.type) else {
            return .beyond("\(inbound.event.type.wireName), which stage \(runner.name.rawValue) does not take")
        }
        let keys = try settleBefore(inbound.event)
        if let record = keys.compactMap({ newer[$0] }).first { return .beyond(record) }
        let outcome: StepOutcome
        switch run(.event(inbound.event), keys: keys) {
        case .success(let decided): outcome = decided
        case .failure(let fault): return .failed(fault.description)
        }
        let fate: Fate
        switch outcome.verdict {
        case .unknownReference(let what): return .unknownReference(what)
        case .waits(let key, _): return .unknownReference(key.description)
        case .applied: fate = .applied
        case .refused: fate = .refused
        }
        let journalInput = JournalInput.event(
            source: inbound.event.source, id: inbound.event.id, type: inbound.event.type.rawValue,
            digest: inbound.digest, body: inbound.body)
        try journal(journalInput, fate, outcome)
        edge.keep(admitted, outputs: entries.last?.outputs ?? [])
        try settleAfter(outcome.changed)
        return fate == .applied ? .applied : .refused
    }

    mutating func decide(timer input: Input, keys: [RecordKey]) -> StepOutcome? {
        guard case .timer(let key, let wake) = input else { return nil }
        // A timer or event before it in this batch may have moved or ended this one.
        if unreadable[key] == nil, set[key]?.value.wake != wake { return nil }
        do {
            let outcome = try run(input, keys: keys).get()
            try journal(.timer(key, at: wake.at, order: wake.order), .applied, outcome)
            edge.keepTimer(outputs: entries.last?.outputs ?? [])
            timers += 1
            return outcome
        } catch {
            timerFaults.append("timer of \(key) due \(wake.at): \(error)")
            return nil
        }
    }

    private mutating func journal(_ input: JournalInput, _ fate: Fate, _ outcome: StepOutcome) throws {
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
