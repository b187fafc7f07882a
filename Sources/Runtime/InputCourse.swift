import Schema
import Stages

/// How a stage takes an input, wherever its records lie: in a store's transaction (`UnitOfWork`), or in memory
/// (`VirtualStage`).
protocol InputCourse {
    var runner: StageRunner { get }
    var set: WorkingSet { get }
    /// What the business clock reads.
    var clock: Instant { get }

    /// Makes `set` know what `input` needs.
    ///
    /// - Returns: its keys, the record that it is about first.
    mutating func load(_ input: Input) throws -> [RecordKey]

    /// Decides a timer whose records are loaded, and keeps what comes of it; nil: it could not act.
    mutating func decide(timer input: Input, keys: [RecordKey]) throws -> StepOutcome?
}

extension InputCourse {
    /// Loads what `event` needs and runs the timers that must act before it, one after the other.
    ///
    /// - Returns: what the event needs then.
    mutating func settleBefore(_ event: Event) throws -> [RecordKey] {
        var keys = try load(.event(event))
        for _ in 0..<BatchProcessor.overdueLimit {
            guard let timer = runner.overdue(before: event, keys: keys, in: set, clock: clock),
                try decide(timer: timer, keys: try load(timer)) != nil
            else { break }
            keys = try load(.event(event))
        }
        return keys
    }

    /// Runs the timers that an event which changed these records has set in the past, one after the other.
    mutating func settleAfter(_ changed: [RecordKey]) throws {
        for _ in 0..<BatchProcessor.overdueLimit {
            guard let timer = runner.overdue(changed, in: set, clock: clock),
                try decide(timer: timer, keys: try load(timer)) != nil
            else { break }
        }
    }
}
