import Schema
import Stages
import Store

/// How a stage takes an input, wherever its records lie: in a store's transaction (`UnitOfWork`), or in memory
/// (`VirtualStage`).
///
/// An event finds every timer of its records acted that was due before its own time. What it makes known is waited for
/// no longer: the events that came too early for it follow at once, before the next input (domain rules §2).
protocol InputCourse {
    var runner: StageRunner { get }
    var set: WorkingSet { get }
    /// What the business clock reads.
    var clock: Instant { get }
    /// What the steps so far have made known and nobody has looked for in the waiting room yet.
    var known: [RecordKey] { get set }
    /// True: a transaction has taken as many of those that wait as it may; the rest follows in the next.
    var isFull: Bool { get }

    /// Makes `set` know what `input` needs.
    ///
    /// - Parameter known: what this has returned for the same input; it may hold no longer.
    /// - Returns: its keys, the record that it is about first.
    mutating func load(_ input: Input, known: FoundKeys?) throws -> FoundKeys

    /// Decides a timer whose records are loaded, and keeps what comes of it; nil: it could not act.
    mutating func decide(timer input: Input, keys: [RecordKey]) throws -> StepOutcome?

    /// Those that wait for one of `references`.
    mutating func waiting(for references: [RecordKey]) throws -> [WaitingEvent]

    /// Decides one that waits; what it waits for is known now.
    mutating func take(_ waiting: WaitingEvent) throws
}

extension InputCourse {
    mutating func load(_ input: Input) throws -> [RecordKey] { try load(input, known: nil).keys }

    /// Loads what `event` needs and runs the timers that must act before it, one after the other.
    ///
    /// - Parameter known: as in `load`.
    /// - Returns: what the event needs then.
    mutating func settleBefore(_ event: Event, known: FoundKeys? = nil) throws -> [RecordKey] {
        var found = try load(.event(event), known: known)
        for _ in 0..<BatchProcessor.overdueLimit {
            guard let timer = runner.overdue(before: event, keys: found.keys, in: set, clock: clock),
                try decide(timer: timer, keys: try load(timer)) != nil
            else { break }
            found = try load(.event(event), known: found)
        }
        return found.keys
    }

    /// Takes what waited for anything that the steps before have made known. What that makes known in turn joins the same
    /// order; one that waits for a second thing now is looked for again when that is known. What is left when the
    /// transaction is full stays in `known`.
    mutating func takeWaiting() throws {
        var line: [WaitingEvent] = []
        while !isFull {
            if !known.isEmpty {
                let references = known
                known.removeAll()
                let inLine = Set(line.map(\.event))
                line += try waiting(for: references).filter { !inLine.contains($0.event) }
                line.sort { WaitingEvent.comesFirst($1, $0) }
            }
            guard let next = line.popLast() else { return }
            try take(next)
        }
        known += line.map(\.reference)
    }
}
