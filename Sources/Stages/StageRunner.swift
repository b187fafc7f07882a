import Policy
import Schema

/// A record in use: its value and what the store keeps beside it.
package struct LiveRecord: Sendable {
    package var value: any Record
    /// 0: not yet written.
    package var version: Int64
    /// The latest due time of a timer that has acted, and how many events its timers of that time have emitted.
    package var firedAt: Instant?
    package var firedOutputs: Int
    /// How many events timers have emitted that acted after one of a later due time.
    package var lateOutputs: Int
    package var isChanged = false

    package init(
        value: any Record, version: Int64, firedAt: Instant? = nil, firedOutputs: Int = 0, lateOutputs: Int = 0
    ) {
        self.value = value
        self.version = version
        self.firedAt = firedAt
        self.firedOutputs = firedOutputs
        self.lateOutputs = lateOutputs
    }

    /// Above every index that the timers of one due time reach in their turn.
    private static let lateIndex = 1 << 16

    /// Notes that a timer due at `at` has emitted `count` events.
    ///
    /// An event that comes late may set a timer to a time whose timers have acted already, and after which others have.
    /// Those indices are forgotten, so what comes late is counted apart: an id never comes twice.
    /// - Returns: the index of the first of these events.
    mutating func fired(at: Instant, count: Int) -> Int {
        isChanged = true
        if let firedAt, at < firedAt {
            defer { lateOutputs += count }
            return Self.lateIndex + lateOutputs
        }
        let index = firedAt == at ? firedOutputs : 0
        firedAt = at
        firedOutputs = index + count
        return index
    }
}

/// The records that a batch works on. A key that was loaded and is absent is known not to exist.
package struct WorkingSet: Sendable {
    /// What is known: a record, or that there is none.
    private struct Entry {
        var record: LiveRecord?
        /// `changes` as it was when this was noted or changed last.
        var changedAt: Int
    }

    private var known: [RecordKey: Entry] = [:]
    /// Counts what has been noted and changed, so that whoever has looked can tell whether it is still so.
    private(set) var changes = 0

    package init() {}

    package func knows(_ key: RecordKey) -> Bool { known[key] != nil }

    /// Says what loading `key` has found.
    package mutating func note(_ key: RecordKey, _ record: LiveRecord?) {
        changes += 1
        known[key] = Entry(record: record, changedAt: changes)
    }

    package subscript(_ key: RecordKey) -> LiveRecord? {
        get { known[key]?.record }
        set { note(key, newValue) }
    }

    /// The record's next version, or its first.
    mutating func write(_ value: any Record, _ key: RecordKey) {
        changes += 1
        var record = known[key]?.record ?? LiveRecord(value: value, version: 0)
        record.value = value
        record.version += 1
        record.isChanged = true
        known[key] = Entry(record: record, changedAt: changes)
    }

    /// Nothing of `keys` has changed since `changes` was so.
    func isUnchanged(_ keys: [RecordKey], since changes: Int) -> Bool {
        changes == self.changes || keys.allSatisfy { known[$0].map { $0.changedAt <= changes } ?? true }
    }

    package var records: [RecordKey: LiveRecord] { known.compactMapValues { $0.record } }

    /// Everything that was changed since it was loaded, in key order.
    package var changed: [(key: RecordKey, record: LiveRecord)] {
        known.compactMap { key, entry in entry.record.flatMap { $0.isChanged ? (key, $0) : nil } }
            .sorted { $0.0 < $1.0 }
    }

    /// Only these records, so that a step never holds on to the whole set.
    func reader(of keys: [RecordKey], noting questions: RecordReader.Questions? = nil) -> RecordReader {
        var found = RecordList()
        for key in keys {
            // Keys are named once.
            if let record = known[key]?.record { found.add(record.value, key) }
        }
        return RecordReader(found, noting: questions)
    }
}

/// What a stage has named for an input.
struct NamedKeys: Sendable {
    /// Before anything was known of its records; of a timer, with its own.
    let first: [RecordKey]
    let all: [RecordKey]
    /// They follow from the input alone, whatever comes to be known.
    let areFinal: Bool

    func besides(_ others: Set<RecordKey>) -> NamedKeys {
        NamedKeys(first: first, all: all.filter { !others.contains($0) }, areFinal: areFinal)
    }
}

/// What one input has led to.
package struct StepOutcome: Sendable {
    package let verdict: Verdict
    package let now: Instant
    package let isLate: Bool
    /// The records that were changed, the one the input is about first.
    package let changed: [RecordKey]
    package let outputs: [OutgoingEvent]
    /// What events could refer to in vain before this step, and can now: records that it has made, and what else it names.
    package let known: [RecordKey]

    init(
        verdict: Verdict, now: Instant, isLate: Bool, changed: [RecordKey] = [], outputs: [OutgoingEvent] = [],
        known: [RecordKey] = []
    ) {
        self.verdict = verdict
        self.now = now
        self.isLate = isLate
        self.changed = changed
        self.outputs = outputs
        self.known = known
    }
}

/// An event that a stage emits, with its id and sequence.
package struct OutgoingEvent: Sendable {
    package let event: Event
    package let because: Because
    package let isLate: Bool
    package let destination: Destination

    /// The body as published. The same decision gives the same bytes.
    package func body() -> [UInt8] { event.body(because: because, isLate: isLate) }
}

/// A stage changed a record in a way that the runtime cannot take.
package struct StageFault: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

/// Runs a stage's pure steps over a working set: loads nothing, writes nothing, gives ids, versions and sequences.
///
/// The worker, `simulate` and the journal's replay all decide through this one type.
package struct StageRunner: Sendable {
    package let stage: any Stage
    package let policy: PolicyBook

    package init(stage: any Stage, policy: PolicyBook) {
        self.stage = stage
        self.policy = policy
    }

    package var name: StageName { type(of: stage).name }

    package func takes(_ type: EventType) -> Bool {
        let stage = Swift.type(of: stage)
        return stage.takesFromInbox.contains(type) || stage.takesFromEvents.contains(type)
            || type == CustomerErasureRequested.type
    }

    /// Every key that `input` needs as far as `set` tells, the record that it is about first. `KeySearch` finds them all.
    ///
    /// - Parameter known: what this has said before of the same input and set.
    func keys(for input: Input, known: NamedKeys? = nil, in set: WorkingSet) -> NamedKeys {
        if let known, known.areFinal { return known }
        var own: [RecordKey] = []
        switch input {
        case .timer(let key, _): own.append(key)
        case .event(let event) where event.data is CustomerErasureRequested:
            return NamedKeys(first: [], all: [], areFinal: true)
        case .event: break
        }
        let questions = RecordReader.Questions()
        // A timer's own record may not have been there when it was asked first.
        let former = own.isEmpty ? known?.first : nil
        let first = former ?? named(for: input, own, given: own, in: set, questions)
        if former == nil, !questions.areAsked { return NamedKeys(first: first, all: first, areFinal: true) }
        // Records that are not there lead no further.
        guard first.contains(where: { set[$0] != nil && !own.contains($0) }) else {
            return NamedKeys(first: first, all: first, areFinal: false)
        }
        // The later answer knows more, so its first key is what an event is about: the case, not the request.
        return NamedKeys(
            first: first, all: named(for: input, own, given: first, in: set, questions), areFinal: false)
    }

    private func named(
        for input: Input, _ own: [RecordKey], given: [RecordKey], in set: WorkingSet,
        _ questions: RecordReader.Questions
    ) -> [RecordKey] {
        let reader = set.reader(of: given, noting: questions)
        let named = stage.keys(for: input, given: reader, policy: policy) + given
        // An announcement to a thousand customers names as many; of a few a set costs more than it saves.
        if named.count > 32 {
            var seen = Set(own)
            return own + named.filter { seen.insert($0).inserted }
        }
        var keys = own
        for key in named where !keys.contains(key) { keys.append(key) }
        return keys
    }

    /// Decides one input and applies its changes to `set`.
    ///
    /// - Parameters:
    ///   - known: what `keys(for:in:)` says of this input and set, where it has been asked already.
    ///   - clock: the business clock; an event more than the tolerance ahead of it is refused (`time-ahead`).
    ///   - isLast: the event has waited as long as it may: what still waits to be refused is refused now.
    /// - Throws: what the stage throws (a corrupt record), or `StageFault`; `set` is then as before.
    package func run(
        _ input: Input, keys known: [RecordKey]? = nil, in set: inout WorkingSet, clock: Instant, isLast: Bool = false
    ) throws -> StepOutcome {
        let keys = known ?? keys(for: input, in: set).all
        let now: Instant
        var isLate = false
        switch input {
        case .event(let event):
            now = event.ruleTime
            if let order = event.data as? CustomerErasureRequested {
                // Whenever it is for. To carry it out is the runtime's matter: stages hold tokens alone.
                if let rejection = policy.rejection(of: order) {
                    return try refuse(event, rejection, at: min(now, clock), isLate: false)
                }
                return StepOutcome(verdict: .applied, now: now, isLate: false)
            }
            if let ahead = rejectionAhead(of: clock, event) {
                // At the clock's time: an event that lies ahead would be refused for that by whoever takes it.
                return try refuse(event, ahead, at: clock, isLate: false)
            }
            isLate = keys.contains { set[$0]?.firedAt.map { $0 > now } ?? false }
        case .timer(_, let wake):
            now = wake.at
        }
        var turn = Turn(
            policy: policy, now: now, isLate: isLate, isLast: isLast, keys: keys, records: set.reader(of: keys))
        let verdict = try stage.step(input, in: &turn)
        if let reference = verdict.reference, set[reference] != nil {
            // Whoever looks for those that wait for what is there would find it for ever.
            throw StageFault(description: "stage \(name.rawValue): waits for \(reference), which is there")
        }
        switch verdict {
        case .applied:
            return try apply(turn, input, keys, &set)
        case .waits where !isLast: return StepOutcome(verdict: verdict, now: now, isLate: isLate)
        case .refused(let rejection), .waits(_, orElse: let rejection):
            guard case .event(let event) = input else {
                throw StageFault(description: "stage \(name.rawValue): a timer cannot be refused")
            }
            return try refuse(event, rejection, at: now, isLate: isLate)
        case .unknownReference:
            return StepOutcome(verdict: verdict, now: now, isLate: isLate)
        }
    }

    /// Of `keys`, the record whose timer is overdue first, unless it waits for the stage to be at rest.
    package func overdue(_ keys: [RecordKey], in set: WorkingSet, clock: Instant) -> Input? {
        var first: (wake: Wake, key: RecordKey)?
        for key in keys {
            guard let wake = set[key]?.value.wake, wake.at < clock, !wake.waitsForRest else { continue }
            if let known = first, (known.wake, known.key) <= (wake, key) { continue }
            first = (wake, key)
        }
        return first.map { .timer($0.key, $0.wake) }
    }

    /// The timer that must act before `event`: of the records that it needs, one that was due before the event's own
    /// time and has not acted yet. What the event tells comes too late for that deadline, whichever of the two the
    /// worker finds first. To be asked again until there is none.
    ///
    /// An event whose time equals a due time comes first, and so does one whose deadline lies ahead of the clock: what
    /// meets it may still come.
    ///
    /// - Parameter known: as in `run`.
    package func overdue(
        before event: Event, keys known: [RecordKey]? = nil, in set: WorkingSet, clock: Instant
    ) -> Input? {
        overdue(known ?? keys(for: .event(event), in: set).all, in: set, clock: min(clock, event.ruleTime))
    }

    private func rejectionAhead(of clock: Instant, _ event: Event) -> Rejection? {
        let tolerance = Int64(policy.time.futureToleranceMinutes)
        let latest = max(event.ruleTime, event.time)
        guard latest > clock.adding(minutes: tolerance) else { return nil }
        return Rejection(
            "time-ahead",
            [
                "time": .string(latest.description), "clock": .string(clock.description),
                "toleranceMinutes": .int(tolerance),
            ])
    }

    private func refuse(
        _ event: Event, _ rejection: Rejection, at now: Instant, isLate: Bool
    ) throws -> StepOutcome {
        let rejected = BusinessRejected(
            event: BusinessRejected.Subject(source: event.source, id: event.id, type: event.type.wireName),
            reason: rejection.reason, figures: rejection.figures)
        let output = OutgoingEvent(
            event: Event(
                id: Identifiers.eventId(
                    stage: name.rawValue, causeSource: event.source, causeId: event.id, index: 0),
                source: name.source, time: now, data: rejected, traceparent: event.traceparent),
            because: Because(rule: rejection.reason, parameters: [:], facts: [:], policy: policy.version),
            isLate: isLate, destination: .events)
        return StepOutcome(
            verdict: .refused(rejection), now: now, isLate: isLate, outputs: [output])
    }

    private func apply(
        _ turn: Turn, _ input: Input, _ keys: [RecordKey], _ set: inout WorkingSet
    ) throws -> StepOutcome {
        let first = keys.first
        let changes = turn.changes.entries.sorted { a, b in
            a.key == first || (b.key != first && a.key < b.key)
        }
        let changed = changes.map(\.key)
        if let stranger = changed.first(where: { !keys.contains($0) }) {
            throw StageFault(description: "stage \(name.rawValue): changed \(stranger), which keys() had not named")
        }
        if case .timer(let key, let wake) = input {
            // Before anything is changed: a fault must leave the set as it was.
            guard let value = turn.changes[key] ?? set[key]?.value else {
                throw StageFault(description: "stage \(name.rawValue): \(key) has no record to wake")
            }
            if let next = value.wake, next <= wake {
                throw StageFault(description: "stage \(name.rawValue): \(key) wakes again at \(next.at)")
            }
        }
        let known = turn.known + changed.filter { set[$0] == nil }
        for change in changes { set.write(change.record, change.key) }
        let outputs = outgoing(turn.emissions, input, &set)
        return StepOutcome(
            verdict: .applied, now: turn.now, isLate: turn.isLate, changed: changed, outputs: outputs, known: known)
    }

    private func outgoing(
        _ emissions: [Emission], _ input: Input, _ set: inout WorkingSet
    ) -> [OutgoingEvent] {
        let causeSource: String
        let causeId: String
        var index = 0
        var traceparent: String?
        switch input {
        case .event(let event):
            (causeSource, causeId, traceparent) = (event.source, event.id, event.traceparent)
        case .timer(let key, let wake):
            (causeSource, causeId) = (key.description, wake.at.description)
            guard var record = set[key] else { break }
            index = record.fired(at: wake.at, count: emissions.count)
            set[key] = record
        }
        return emissions.enumerated().map { offset, emission in
            let id =
                emission.id
                ?? Identifiers.eventId(
                    stage: name.rawValue, causeSource: causeSource, causeId: causeId, index: index + offset)
            return OutgoingEvent(
                event: Event(
                    id: id, source: name.source, time: emission.time, data: emission.data,
                    sequence: emission.about.flatMap { set[$0]?.version }, traceparent: traceparent),
                because: emission.because, isLate: emission.isLate, destination: emission.destination)
        }
    }
}
