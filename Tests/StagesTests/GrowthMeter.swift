import Schema
import Testing

@testable import Policy
@testable import Stages

/// Runs a stage and tells what one input costs a worker: the records that it asks the store for, the bytes that are
/// decoded and encoded again, the bytes of what is published. Counted, not timed, so the same on every machine.
struct GrowthMeter {
    struct Cost: Hashable {
        var rows = 0
        var decoded = 0
        var encoded = 0
        var published = 0

        static func + (a: Cost, b: Cost) -> Cost {
            Cost(
                rows: a.rows + b.rows, decoded: a.decoded + b.decoded, encoded: a.encoded + b.encoded,
                published: a.published + b.published)
        }

        /// Whether it is no more than the other: numbers and times have some digits more.
        func isWithin(_ other: Cost) -> Bool {
            func fits(_ a: Int, _ b: Int) -> Bool { a <= b + b / 20 + 256 }
            return rows <= other.rows + 2 && fits(decoded, other.decoded) && fits(encoded, other.encoded)
                && fits(published, other.published)
        }
    }

    let runner: StageRunner
    private var set = WorkingSet()
    private var sent = 0

    init(_ stage: any Stage, policy: PolicyBook, clock: Instant) {
        runner = StageRunner(stage: stage, policy: policy)
        for seed in stage.seeds(policy: policy, now: clock) {
            let key = RecordKey(kind: type(of: seed.record).kind, id: seed.id)
            set[key] = LiveRecord(value: seed.record, version: 1)
        }
    }

    /// Sends an event without counting, and runs the timers that it overtakes.
    mutating func send(_ data: any EventData, at time: Instant) throws {
        let event = event(data, at: time)
        while let timer = runner.overdue(before: event, in: set, clock: time) { try run(timer) }
        let outcome = try run(.event(event))
        if case .applied = outcome.verdict { return }
        Issue.record("\(event.type.rawValue) was not applied: \(outcome.verdict)")
    }

    /// Sends an event as a worker does that has no record in memory.
    mutating func cost(of data: any EventData, at time: Instant) throws -> Cost {
        try cost(of: .event(event(data, at: time)))
    }

    /// Runs the timer of a record without counting.
    mutating func fire(_ key: RecordKey) throws {
        let wake = try #require(set[key]?.value.wake)
        try run(.timer(key, wake))
    }

    mutating func cost(ofTimer key: RecordKey) throws -> Cost {
        let wake = try #require(set[key]?.value.wake)
        return try cost(of: .timer(key, wake))
    }

    func record<R: Record>(_ type: R.Type, _ id: String) -> R? { set[R.key(id)]?.value as? R }

    private mutating func event(_ data: any EventData, at time: Instant) -> Event {
        sent += 1
        return Event(id: "event-\(sent)", source: "upstream", time: time, data: data)
    }

    private func reread<R: Record>(_ record: R) throws -> R {
        try JSONDecoding.decodeWhole(R.self, from: JSONEncoding.bytes(of: record))
    }

    @discardableResult
    private mutating func run(_ input: Input) throws -> StepOutcome {
        let keys = KeySearch.complete(input, runner, in: set).keys
        return try runner.run(input, keys: keys, in: &set, clock: .limit)
    }

    private mutating func cost(of input: Input) throws -> Cost {
        var cost = Cost()
        var fresh = WorkingSet()
        var search = KeySearch([input], runner)
        while let missing = search.next(in: fresh) {
            for key in missing {
                cost.rows += 1
                guard var record = set[key] else {
                    fresh.note(key, nil)
                    continue
                }
                cost.decoded += try JSONEncoding.bytes(of: record.value).count
                record.value = try reread(record.value)
                record.isChanged = false
                fresh.note(key, record)
            }
        }
        let outcome = try runner.run(input, keys: search.keys(of: 0), in: &fresh, clock: .limit)
        for output in outcome.outputs { cost.published += output.body().count }
        for (key, record) in fresh.changed {
            cost.encoded += try JSONEncoding.bytes(of: record.value).count
            set[key] = record
        }
        return cost
    }
}
