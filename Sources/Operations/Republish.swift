import Runtime
import Schema
import Store

/// `recourse journal republish`: after a restore, sends again what a stage has emitted and another has not taken.
///
/// The journals hold every output, so what lay in the broker's queues can always be sent from them. Whatever a stage bound
/// to its type must take and has not taken, and does not lie among the dead letters, goes back into the outbox of the
/// stage that emitted it, from where the next worker publishes it. Whoever gets an event twice knows it by its id.
package struct Republish: Sendable {
    private let stores: [StageName: any Store]
    private let deadLetters: any DeadLetterStore
    private let routes: Routes
    /// Holds no lease, so any worker of the stage takes its rows over.
    private static let owner = "republish"

    package init(stores: [StageName: any Store], deadLetters: any DeadLetterStore, routes: Routes) {
        self.stores = stores
        self.deadLetters = deadLetters
        self.routes = routes
    }

    /// - Parameters:
    ///   - since: also everything emitted by decisions of that business time and later, for desks and others whose queues
    ///     are lost; nil: only what a stage lacks.
    ///   - isDry: counts, and changes nothing.
    /// - Throws: `StoreFailure`.
    package func run(since: Instant?, isDry: Bool) async throws -> RepublishReport {
        var report = RepublishReport(isDry: isDry)
        let subscriptions = try await Subscriptions(of: stores)
        // Looked for emitter by emitter, so that memory is bounded by what one stage has emitted.
        for subscription in routes.subscriptions {
            let stage = subscription.stage
            guard let store = stores[stage] else { continue }
            var taken: [StageName: Set<EventKey>] = [:]
            for taker in routes.subscriptions.map(\.stage) {
                guard let store = stores[taker] else { continue }
                taken[taker] = try await events(takenAt: store, from: stage)
            }
            let known = taken
            var line = RepublishReport.Line(stage: stage)
            try await JournalScan.run(store, withBodies: false) { page in
                var wanted: [OutboxKey] = []
                for entry in page {
                    line.outputs += entry.outputs.count
                    for (index, output) in entry.outputs.enumerated() {
                        let isLacking = try await isLacking(
                            output, of: entry, from: stage, known, subscriptions)
                        if isLacking { line.lacking += 1 }
                        guard isLacking || since.map({ entry.now >= $0 }) ?? false else { continue }
                        wanted.append(OutboxKey(entry: entry.number, index: index))
                    }
                }
                line.wanted += wanted.count
                let keys = wanted
                guard !isDry, !keys.isEmpty else { return }
                line.returned += try await store.write { try $0.returnToOutbox(keys, owner: Republish.owner) }
            }
            report.stages.append(line)
        }
        return report
    }

    private func events(takenAt store: any Store, from stage: StageName) async throws -> Set<EventKey> {
        var taken: Set<EventKey> = []
        try await JournalScan.run(store, withBodies: false) { page in
            for entry in page {
                guard case .event(let source, let id, _, _, _) = entry.input, source == stage.source else { continue }
                taken.insert(EventKey(source: source, id: id))
            }
        }
        // What waits is in the store as well.
        var position: EventKey?
        while true {
            let after = position
            let page = try await store.read { try $0.waiting(after: after, limit: JournalScan.pageSize) }
            guard let last = page.last else { return taken }
            taken.formUnion(page.map(\.event).filter { $0.source == stage.source })
            position = last.event
        }
    }

    /// Must a stage take it that neither has it nor keeps it among the dead letters?
    private func isLacking(
        _ output: JournalOutput, of entry: JournalEntry, from stage: StageName, _ taken: [StageName: Set<EventKey>],
        _ subscriptions: Subscriptions
    ) async throws -> Bool {
        guard output.exchange == ExchangeName.events else { return false }
        let event = EventKey(source: stage.source, id: output.id)
        let type = EventType(output.type)
        let lacking = routes.takers(fromEvents: type).filter { taker in
            subscriptions.reached(taker, type, writtenAt: entry.writtenAt)
                && taken[taker].map { !$0.contains(event) } ?? false
        }
        guard !lacking.isEmpty else { return false }
        let letters = try await deadLetters.find([event])[event] ?? []
        return lacking.contains { taker in
            !letters.contains { letter in
                // What was sent back to its queue before the backup was made is in no queue now.
                [QueueName.dead, taker.queue].contains(letter.letter.queue)
                    && (letter.state == .open || letter.state == .discarded)
            }
        }
    }
}

/// The result of `recourse journal republish`.
package struct RepublishReport: OperationReport, Codable, Hashable {
    package struct Line: Sendable, Codable, Hashable {
        package let stage: StageName
        package var outputs = 0
        /// Of these, what a stage must take and lacks.
        package var lacking = 0
        /// What is to be sent again.
        package var wanted = 0
        /// Of these, what was not in the outbox already.
        package var returned = 0

        package init(stage: StageName) {
            self.stage = stage
        }
    }

    package let isDry: Bool
    package internal(set) var stages: [Line] = []

    package var text: String {
        var table = TextTable("STAGE", ">OUTPUTS", ">LACKING", ">TO SEND", ">PUT BACK")
        for line in stages {
            table.add(
                [line.stage.rawValue] + [line.outputs, line.lacking, line.wanted, line.returned].map(String.init))
        }
        let end = isDry ? "Nothing was changed." : "The workers of each stage publish what was put back."
        return (table.lines + ["", end]).joined(separator: "\n")
    }
}
