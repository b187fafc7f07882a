import Policy
import Schema
import Stages
import Store

/// The records and journal entries of one transaction.
struct UnitOfWork: InputCourse {
    let runner: StageRunner
    let clock: Instant
    private let transaction: any StoreTransaction
    private let decoded: DecodedRecords
    private(set) var edge: PersonalEdge
    private(set) var set = WorkingSet()
    var known: [RecordKey] = []
    /// Of `known`, what is no record: the record that is there and whose step has made it known.
    private var makers: [RecordKey: RecordKey] = [:]
    private let room: WaitingRoom
    /// What was taken out of the waiting room so far.
    private var taken = WaitingCount()
    private var dying: [DyingMessage] = []
    private var entries: [JournalEntry] = []
    /// Money that outputs announce: the entry's place in `entries`, the output's in the entry.
    private var movements: [(entry: Int, output: Int, movement: FundMovement)] = []
    private var timers = 0
    private(set) var timerFaults: [String] = []
    /// Records that are there but cannot be read; only the inputs that need them fail.
    private(set) var unreadable: [RecordKey: String] = [:]
    /// Records that a newer release has written.
    private(set) var newer: [RecordKey: String] = [:]
    /// When the timers of records were due as they were loaded: by the record, and as stored.
    private var loaded: [RecordKey: (wake: Wake?, stored: Instant?, settledAt: Instant?)] = [:]
    /// What events have changed.
    private var changedByEvents: Set<RecordKey> = []
    private let clockRuns: Bool

    /// - Parameters:
    ///   - clock: what the business clock reads.
    ///   - clockRuns: a timer that an event sets in the past waits until the stage has been at rest since.
    init(
        _ processor: BatchProcessor, clock: Instant, clockRuns: Bool, wall: Instant, transaction: any StoreTransaction
    ) {
        runner = processor.runner
        self.clock = clock
        self.clockRuns = clockRuns
        self.transaction = transaction
        decoded = processor.decoded
        edge = PersonalEdge(
            vault: processor.vault, organisation: processor.runner.policy.organisation, transaction: transaction)
        room = WaitingRoom(
            processor, clock: clock, clockRuns: clockRuns, wall: wall, transaction: transaction)
    }

    mutating func take(_ stored: StoredRecord) {
        do {
            let live = try RecordCoding.live(stored, of: runner.stage, knowing: decoded)
            set.note(stored.key, live)
            loaded[stored.key] = (live.value.wake, stored.wakeAt, stored.settledAt)
        } catch {
            set.note(stored.key, nil)
            unreadable[stored.key] = "\(error)"
            if let record = error as? NewerRecord { newer[stored.key] = "\(record)" }
        }
    }

    // MARK: Records

    /// An event as the stage sees it, and the keys of what it needs.
    struct Admitted {
        let personal: PersonalEdge.Admitted
        fileprivate var needs: FoundKeys
        var inbound: InboundEvent { personal.inbound }
    }

    /// Gives events their tokens, in order, and loads what all of them need.
    mutating func admit(_ inputs: [InboundEvent]) throws -> [Admitted] {
        let admitted = try edge.admit(inputs, clock: clock)
        let search = try load(admitted.map { Input.event($0.inbound.event) })
        return admitted.enumerated().map { Admitted(personal: $1, needs: search.found(of: $0)) }
    }

    mutating func load(_ input: Input, known: FoundKeys?) throws -> FoundKeys {
        if let known, known.holds(in: set) { return known }
        return try load([input]).found(of: 0)
    }

    @discardableResult
    mutating func load(_ inputs: [Input]) throws -> KeySearch {
        var search = KeySearch(inputs, runner)
        while let missing = search.next(in: set) { try load(records: missing) }
        return search
    }

    private mutating func load(records keys: [RecordKey]) throws {
        let found = try transaction.load(keys)
        for key in keys {
            if let stored = found[key] { take(stored) } else { set.note(key, nil) }
        }
    }

    /// The outcome of one input, or why there is none.
    private mutating func run(
        _ input: Input, keys: [RecordKey], isLast: Bool = false
    ) -> Result<StepOutcome, StageFault> {
        if !unreadable.isEmpty {
            for key in keys {
                if let why = unreadable[key] { return .failure(StageFault(description: why)) }
            }
        }
        do {
            let outcome = try runner.run(input, keys: keys, in: &set, clock: clock, isLast: isLast)
            known += outcome.known
            for name in outcome.known where set[name] == nil { makers[name] = keys.first { set[$0] != nil } }
            return .success(outcome)
        } catch let fault as StageFault {
            return .failure(fault)
        } catch {
            return .failure(StageFault(description: "stage \(runner.name.rawValue): \(error)"))
        }
    }

    // MARK: Events

    /// Takes an event of the batch, and what waited for what it makes known.
    ///
    /// - Parameter inbound: the event as received.
    mutating func take(_ admitted: Admitted, _ inbound: InboundEvent) throws -> InputFate {
        var admitted = admitted
        if !inbound.isAlone {
            // What is there and was not taken yet: a transaction was full, or another release has made the record.
            admitted.needs = try load(.event(admitted.inbound.event), known: admitted.needs)
            for key in admitted.needs.keys where set[key] != nil { known.append(key) }
            try takeWaiting()
            guard !isFull else { return .deferred }
        }
        switch try decide(admitted) {
        case .done(let outcome):
            if !inbound.isAlone { try takeWaiting() }
            if case .refused = outcome.verdict { return .refused }
            return .applied
        case .waits(let reference):
            guard let refusal = try room.hold(inbound, until: reference) else { return .waiting }
            // As at the end of a waiting: what a rule refuses in the end is no dead letter.
            if inbound.isLast, case .done(let outcome) = try decide(admitted, isLast: true) {
                if !inbound.isAlone { try takeWaiting() }
                if case .refused = outcome.verdict { return .refused }
                return .applied
            }
            return .unknownReference("\(reference.words), and \(refusal)")
        case .beyond(let what): return .beyond(what)
        case .failed(let cause): return .failed(cause)
        }
    }

    /// What a step has made of an event.
    private enum Decision {
        /// It is in the journal.
        case done(StepOutcome)
        /// It came too early.
        case waits(RecordKey)
        case beyond(String)
        case failed(String)
    }

    private mutating func decide(_ admitted: Admitted, isLast: Bool = false) throws -> Decision {
        let inbound = admitted.inbound
        guard runner.takes(inbound.event.type) else {
            return .beyond("\(inbound.event.type.wireName), which stage \(runner.name.rawValue) does not take")
        }
        let keys = try settleBefore(inbound.event, known: admitted.needs)
        if let record = keys.compactMap({ newer[$0] }).first { return .beyond(record) }
        let outcome: StepOutcome
        switch run(.event(inbound.event), keys: keys, isLast: isLast) {
        case .success(let decided): outcome = decided
        case .failure(let fault): return .failed(fault.description)
        }
        let fate: Fate
        switch outcome.verdict {
        case .unknownReference(let reference), .waits(let reference, orElse: _): return .waits(reference)
        case .applied: fate = .applied
        case .refused: fate = .refused
        }
        changedByEvents.formUnion(outcome.changed)
        let journalInput = JournalInput.event(
            source: inbound.event.source, id: inbound.event.id, type: inbound.event.type.rawValue,
            digest: inbound.digest, body: inbound.body)
        journal(journalInput, fate, outcome)
        edge.keep(admitted.personal, outputs: entries.last?.outputs ?? [])
        return .done(outcome)
    }

    // MARK: What waits

    var isFull: Bool { taken.events >= room.limits.taken || taken.bytes >= room.limits.takenBytes }

    mutating func waiting(for references: [RecordKey]) throws -> [WaitingEvent] {
        try transaction.waiting(for: references)
    }

    mutating func take(_ waiting: WaitingEvent) throws { try take(waiting, isLast: false) }

    /// Decides one that waits.
    ///
    /// - Parameter isLast: it has waited as long as it may; what can still not be decided dies.
    private mutating func take(_ waiting: WaitingEvent, isLast: Bool) throws {
        taken.events += 1
        taken.bytes += waiting.size
        guard let message = try room.message(of: waiting) else { return }
        func die(_ code: DeadLetterCode, _ cause: String) throws {
            if let message = try room.letDie(waiting, message, code: code, cause: cause) { dying.append(message) }
        }
        let inbound: InboundEvent
        do throws(RefusedDocument) {
            inbound = try room.read(message, waiting)
        } catch {
            let faults = error.faults.prefix(3).map { "\($0.pointer) \($0.rule)" }.joined(separator: ", ")
            return try die(.stageFault, "what waited cannot be read any more: \(faults)")
        }
        guard let admitted = try admit([inbound]).first else { return }
        switch try decide(admitted, isLast: isLast) {
        case .done: try transaction.releaseWaiting([waiting.event])
        case .failed(let cause): try die(.stageFault, cause)
        case .beyond(let what) where isLast: try die(.newerRelease, "takes a newer release: \(what)")
        case .beyond: try transaction.hold(waiting.event, until: WaitingRoom.newer(than: room.release))
        case .waits(let reference) where isLast:
            try die(.unknownReference, "refers to \(reference.words), which this stage does not know")
        case .waits(let reference): try transaction.hold(waiting.event, until: reference)
        }
    }

    /// What lies in the waiting room and can be decided, or must die.
    private typealias Forgotten = (event: WaitingEvent, isLast: Bool)

    /// Up to `limit` of those that no step has taken though what they wait for is there, and of those whose time is over at
    /// `ended` (nil: of none).
    private mutating func forgotten(ended: Instant?, limit: Int) throws -> [Forgotten] {
        var found: [Forgotten] = try transaction.waitingForKnown(limit: limit).map { ($0, isLast: false) }
        if found.count < limit {
            // What an older release could not decide.
            let newer = WaitingRoom.newer(than: room.release)
            found += try transaction.waiting(below: newer, limit: limit - found.count).map { ($0, isLast: false) }
        }
        if let ended, found.count < limit {
            found += try transaction.waitingEnded(now: ended, limit: limit - found.count).map { ($0, isLast: true) }
        }
        return found
    }

    /// Decides up to `limit` of those that no step has taken though what they wait for is there, and of those whose time
    /// is over at `ended`; what can still not be decided then dies.
    ///
    /// - Returns: whether there may be more.
    mutating func takeForgotten(ended: Instant?, limit: Int) throws -> Bool {
        let found = try forgotten(ended: ended, limit: limit)
        for one in found where !isFull {
            try take(forgotten: one)
            try takeWaiting()
        }
        return found.count >= limit || isFull
    }

    /// The same one by one, as one of them breaks the transaction: decides `expected` or lets it die, if it is still the
    /// first; another one may be there meanwhile.
    ///
    /// - Parameters:
    ///   - expected: nil: only looks.
    ///   - cause: why it dies; nil: it is decided.
    /// - Returns: which is the first now.
    mutating func takeForgotten(_ expected: EventKey?, deadly cause: String?, ended: Instant?) throws -> EventKey? {
        guard let first = try forgotten(ended: ended, limit: 1).first else { return nil }
        guard first.event.event == expected else { return first.event.event }
        if let cause {
            if let message = try room.message(of: first.event),
                let dead = try room.letDie(first.event, message, code: .storeFault, cause: cause)
            {
                dying.append(dead)
            }
        } else {
            try take(forgotten: first)
        }
        return try forgotten(ended: ended, limit: 1).first?.event.event
    }

    private mutating func take(forgotten one: Forgotten) throws {
        // Before the row, in the order of whoever makes it known; the record is there, so nothing is made to be locked.
        let reference = one.event.reference
        let isRecord = type(of: runner.stage).recordTypes.contains { $0.kind == reference.kind }
        if !one.isLast, isRecord, !set.knows(reference) { try load(records: [reference]) }
        try take(one.event, isLast: one.isLast)
    }

    /// What waits for something known and was not taken here is noted, so that whoever looks finds it. What waits for no
    /// record waits from now on for the record whose step has made that known: the next event about it takes it.
    private mutating func leaveWaiting() throws {
        for name in Set(known).sorted() {
            let left = try transaction.waiting(for: [name])
            guard !left.isEmpty else { continue }
            guard set[name] == nil, let record = makers[name] else {
                try transaction.noteKnown([name])
                continue
            }
            for waiting in left { try transaction.hold(waiting.event, until: record) }
            try transaction.noteKnown([record])
        }
    }

    // MARK: Timers

    mutating func decide(timer input: Input, keys: [RecordKey]) -> StepOutcome? {
        guard case .timer(let key, let wake) = input else { return nil }
        // A timer or event before it in this batch may have moved or ended this one.
        if unreadable[key] == nil, set[key]?.value.wake != wake { return nil }
        do {
            let outcome = try run(input, keys: keys).get()
            journal(.timer(key, at: wake.at, order: wake.order), .applied, outcome)
            edge.keepTimer(outputs: entries.last?.outputs ?? [])
            timers += 1
            return outcome
        } catch {
            timerFaults.append("timer of \(key) due \(wake.at): \(error)")
            return nil
        }
    }

    private mutating func journal(_ input: JournalInput, _ fate: Fate, _ outcome: StepOutcome) {
        for (index, output) in outcome.outputs.enumerated() {
            guard let movement = output.event.data.fundMovement else { continue }
            movements.append((entries.count, index, movement))
        }
        entries.append(
            JournalEntry(
                input: input, fate: fate, now: outcome.now, isLate: outcome.isLate,
                policyVersion: runner.policy.version, records: outcome.changed,
                outputs: outcome.outputs.map { JournalOutput($0) }))
    }

    /// As it is to be stored. The watermark speaks of what the queue held before this event was taken from it; behind the
    /// event may lie what meets a deadline that it sets in the past, or may come as the word of another stage that has yet
    /// to take the same. So the timer is stored as due now: it acts once the stage has been at rest since. One that was not
    /// moved stays as it was, however often its record is changed; what the event has set behind it waits all the same, once
    /// that timer has acted.
    private func stored(_ key: RecordKey, _ record: LiveRecord) throws -> StoredRecord {
        var stored = try RecordCoding.stored(key, record)
        // What is new is rarely asked for again.
        if loaded[key] != nil { decoded.note(record.value, of: key, body: stored.body) }
        guard clockRuns, let own = record.value.wake else { return stored }
        let settledAt = changedByEvents.contains(key) ? clock : loaded[key]?.settledAt
        if let before = loaded[key], before.wake == own {
            stored.wakeAt = before.stored
        } else if let settledAt {
            stored.wakeAt = max(own.at, settledAt)
        }
        // Later ones need none, as they lie later still.
        stored.settledAt = settledAt.flatMap { own.at <= $0 ? $0 : nil }
        return stored
    }

    /// - Parameter wall: noted with the entries.
    mutating func finish(into result: inout BatchResult, owner: WorkerId, wall: Instant?) throws {
        result.timers += timers
        result.timerFaults += timerFaults
        result.dying += dying
        if isFull { result.hasMoreWaiting = true }
        try leaveWaiting()
        try transaction.save(try set.changed.map { try stored($0.key, $0.record) })
        guard !entries.isEmpty else { return }
        for index in entries.indices { entries[index].writtenAt = wall }
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
    package init(_ output: OutgoingEvent) {
        let type = output.event.type
        switch output.destination {
        case .events:
            let key = output.event.data.keySuffix.map { type.rawValue + "." + $0 } ?? type.rawValue
            self.init(
                id: output.event.id, type: type.rawValue, exchange: ExchangeName.events, routingKey: key,
                correlation: output.event.data.correlation, body: output.body())
        case .handlers(let key):
            self.init(
                id: output.event.id, type: type.rawValue, exchange: ExchangeName.handlers, routingKey: key,
                correlation: output.event.data.correlation, body: output.body())
        }
    }
}
