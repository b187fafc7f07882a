import Foundation
import Policy
import Schema
import Stages
import Testing

/// Drives one stage over its records in memory, through the same runner as the workers.
///
/// One line per event: `let out = try harness.send(CaseAccepted(…), at: "2026-11-02T09:00:00+08:00")`, then an
/// expectation. `advance(to:)` runs the timers on the way.
struct StageHarness {
    private(set) var runner: StageRunner
    private(set) var set = WorkingSet()
    private(set) var clock: Instant
    private var sent = 0

    init(_ stage: any Stage, policy: PolicyBook, clock: Instant = Instant(seconds: 1_600_000_000)) throws {
        runner = StageRunner(stage: stage, policy: policy)
        self.clock = clock
        plantSeeds()
    }

    /// Where they are absent, as at a worker's start and when it reads its policy again.
    private mutating func plantSeeds() {
        for seed in runner.stage.seeds(policy: runner.policy, now: clock) {
            let key = RecordKey(kind: type(of: seed.record).kind, id: seed.id)
            if set[key] == nil { set[key] = LiveRecord(value: seed.record, version: 1) }
        }
    }

    /// Sends an event; the clock moves up to its time if it lies ahead. As under a running clock whose timers are not
    /// polled in between: of the records that it needs, those due before it act first (`before`), and timers that it
    /// sets in the past run at once.
    mutating func send(
        _ data: any EventData, at time: Instant, source: String = "upstream", id: String? = nil, sequence: Int64? = nil
    ) throws -> HarnessOutcome {
        sent += 1
        clock = max(clock, time)
        let event = Event(id: id ?? "event-\(sent)", source: source, time: time, data: data, sequence: sequence)
        var before: [OutgoingEvent] = []
        var left = 1000
        while left > 0, let timer = runner.overdue(before: event, in: set, clock: clock) {
            before += try run(timer).outputs
            left -= 1
        }
        let outcome = try run(.event(event))
        var outputs = outcome.outputs
        while left > 0, let timer = runner.overdue(outcome.changed, in: set, clock: clock) {
            outputs += try run(timer).outputs
            left -= 1
        }
        try #require(left > 0, "timers without end")
        return HarnessOutcome(
            verdict: outcome.verdict, isLate: outcome.isLate, before: before, outputs: outputs,
            known: outcome.known)
    }

    mutating func send(
        _ data: any EventData, at time: String, source: String = "upstream", id: String? = nil, sequence: Int64? = nil
    ) throws -> HarnessOutcome {
        try send(data, at: instant(time), source: source, id: id, sequence: sequence)
    }

    /// Moves the clock, running every timer that comes due, by (wake time, order, record).
    ///
    /// - Parameter standings: with what is told at each month's close of outlets' standings; most tests are about something
    ///   else.
    mutating func advance(to time: String, standings: Bool = false) throws -> [OutgoingEvent] {
        let target = try instant(time)
        var outputs: [OutgoingEvent] = []
        var left = 100_000
        while left > 0, let next = nextWake(), next.wake.at <= target {
            clock = max(clock, next.wake.at)
            outputs += try run(.timer(next.key, next.wake)).outputs
            left -= 1
        }
        try #require(left > 0, "timers without end")
        clock = max(clock, target)
        return standings ? outputs : outputs.filter { !($0.event.data is OutletStanding) }
    }

    /// Goes on with another policy, as after a restart with changed files.
    mutating func adopt(_ policy: PolicyBook) {
        runner = StageRunner(stage: runner.stage, policy: policy)
        plantSeeds()
    }

    /// Puts a record in its place, as an earlier release has left it.
    mutating func put(_ record: LiveRecord, _ key: RecordKey) { set[key] = record }

    func record<R: Record>(_ type: R.Type, _ id: String) -> R? { set[R.key(id)]?.value as? R }

    private func nextWake() -> (wake: Wake, key: RecordKey)? {
        var first: (wake: Wake, key: RecordKey)?
        for (key, record) in set.records {
            guard let wake = record.value.wake else { continue }
            if let known = first, (known.wake, known.key) <= (wake, key) { continue }
            first = (wake, key)
        }
        return first
    }

    private mutating func run(_ input: Input) throws -> StepOutcome {
        let keys = KeySearch.complete(input, runner, in: set).keys
        return try runner.run(input, keys: keys, in: &set, clock: clock)
    }
}

struct HarnessOutcome {
    let verdict: Verdict
    let isLate: Bool
    /// What timers that were due before the event have said.
    let before: [OutgoingEvent]
    let outputs: [OutgoingEvent]
    /// What events may refer to from now on.
    let known: [RecordKey]

    /// The data of the outputs of one type, in order.
    func all<D: EventData>(_ type: D.Type) -> [D] { outputs.compactMap { $0.event.data as? D } }
    var types: [String] { outputs.map(\.event.type.rawValue) }
    /// What the event waits for; nil: it does not wait.
    var waitsFor: RecordKey? {
        switch verdict {
        case .unknownReference(let key), .waits(let key, orElse: _): key
        case .applied, .refused: nil
        }
    }
    var rejection: Rejection? {
        if case .refused(let rejection) = verdict { rejection } else { nil }
    }
}

func instant(_ text: String) throws -> Instant { try #require(Instant(rfc3339: text)) }
