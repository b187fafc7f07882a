import Runtime
import Schema
import Store

/// Tells exactly whether the pipeline is quiet: every event that was handed over or emitted has been taken by every
/// stage that the topology sends it to.
///
/// An event that waits for what it refers to counts as taken.
///
/// It reads the journals as they grow; a stage's entry may be seen before the one that caused it, so what is taken
/// ahead of being expected is remembered until it is.
package struct QuietTracker: Sendable {
    private let routes: Routes
    /// As they were last seen; a stage that begins to take something notes it.
    package var subscriptions = Subscriptions()
    private var pending: [StageName: Set<EventKey>] = [:]
    private var ahead: [StageName: Set<EventKey>] = [:]
    /// Seen in the waiting room, and not yet in the journal.
    private var waiting: [StageName: Set<EventKey>] = [:]
    package private(set) var watermarks: [StageName: Int64] = [:]
    package private(set) var handedNumber: Int64 = 0
    /// Counts what was read; it stands still when nothing happens.
    package private(set) var progress = 0

    package init(routes: Routes) {
        self.routes = routes
    }

    package var isQuiet: Bool { pending.values.allSatisfy(\.isEmpty) }

    /// Events not yet taken, by stage.
    package var open: [(stage: StageName, events: [EventKey])] {
        pending.filter { !$0.value.isEmpty }.map { ($0.key, $0.value.sorted()) }.sorted { $0.0 < $1.0 }
    }

    package mutating func handed(_ events: [NumberedHandedEvent]) {
        for numbered in events {
            handedNumber = max(handedNumber, numbered.number)
            progress += 1
            for stage in routes.takers(fromInbox: EventType(numbered.event.type)) {
                expect(numbered.event.key, stage)
            }
        }
    }

    package mutating func read(_ entries: [JournalEntry], of stage: StageName) {
        for entry in entries {
            progress += 1
            watermarks[stage] = entry.number
            if case .event(let source, let id, _, _, _) = entry.input { took(EventKey(source: source, id: id), stage) }
            for output in entry.outputs where output.exchange == ExchangeName.events {
                let type = EventType(output.type)
                for taker in routes.takers(fromEvents: type)
                where subscriptions.reached(taker, type, writtenAt: entry.writtenAt) {
                    expect(EventKey(source: stage.source, id: output.id), taker)
                }
            }
        }
    }

    /// The event died at `stage`: nothing more will come of it.
    package mutating func died(_ event: EventKey, at stage: StageName) {
        progress += 1
        pending[stage]?.remove(event)
    }

    /// What `stage` must still take, as far as it is worth looking for in its waiting room.
    package func lookedFor(at stage: StageName, limit: Int) -> [EventKey] {
        Array((pending[stage] ?? []).prefix(limit))
    }

    /// These were found in the waiting room of `stage`, in the same snapshot as the journal's last page.
    package mutating func found(waiting events: some Sequence<EventKey>, at stage: StageName) {
        for event in events where pending[stage]?.remove(event) != nil {
            progress += 1
            waiting[stage, default: []].insert(event)
        }
    }

    private mutating func expect(_ event: EventKey, _ stage: StageName) {
        if ahead[stage]?.remove(event) == nil { pending[stage, default: []].insert(event) }
    }

    private mutating func took(_ event: EventKey, _ stage: StageName) {
        guard pending[stage]?.remove(event) == nil, waiting[stage]?.remove(event) == nil else { return }
        ahead[stage, default: []].insert(event)
    }
}
