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
    /// - Returns: its keys, the record that it is about first.
    mutating func load(_ input: Input) throws -> [RecordKey]

    /// Decides a timer whose records are loaded, and keeps what comes of it; nil: it could not act.
    mutating func decide(timer input: Input, keys: [RecordKey]) throws -> StepOutcome?

    /// Those that wait for one of `references`.
    mutating func waiting(for references: [RecordKey]) throws -> [WaitingEvent]

    /// Decides one that waits; what it waits for is known now.
    mutating func take(_ waiting: WaitingEvent) throws
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

    /// Takes what waited for anything that the steps before have made known. What that makes known in turn joins the same
    /// order.
    mutating func takeWaiting() throws {
        var line: [WaitingEvent] = []
        var seen: Set<EventKey> = []
        while true {
            if !known.isEmpty {
                let references = known
                known.removeAll()
                line += try waiting(for: references).filter { seen.insert($0.event).inserted }
                line.sort { WaitingEvent.comesFirst($1, $0) }
            }
            guard let next = line.popLast() else { return }
            // What waits for a record that is there is found again; for anything else nobody would look.
            if isFull, set[next.reference] != nil { continue }
            try take(next)
        }
    }
}
