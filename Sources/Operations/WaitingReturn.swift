import Broker
import Runtime
import Schema
import Store

/// `recourse waiting return`: gives the events that wait in the stores back to the queues of their stages, the first step
/// of the way back to a release that has no waiting room (decision 14).
///
/// No worker may be at work: one of this release would let a returned event wait again, find that it waits already, and
/// acknowledge the copy while the row is taken away. So a row goes only if, after the broker has confirmed its copy, still
/// no worker has come. One that has been sent and not taken away is in its queue and in the store; whoever is first decides
/// it, the other is recognised as the same event.
package struct WaitingReturn: Sendable {
    package typealias Publish = @Sendable ([ConfirmedPublisher.Message]) async throws -> [ConfirmedPublisher.Outcome]

    private let stores: [StageName: any Store]
    private let keyring: Keyring
    private let wall: @Sendable () -> Instant
    private static let owner = "waiting return"
    private static let pageSize = 100
    /// Of a page, in memory and on its way.
    private static let pageBytes = 8 << 20
    /// A dying event's dead letter may be on its way, so it is not returned. No stage has more at once.
    private static let mostDying = 100_000

    package init(stores: [StageName: any Store], keyring: Keyring, wall: @escaping @Sendable () -> Instant) {
        self.stores = stores
        self.keyring = keyring
        self.wall = wall
    }

    /// - Parameter publish: nil: counts, and changes nothing.
    /// - Throws: `StoreFailure`; `BrokerFailure` if the broker is away: what was confirmed by then has been returned.
    package func run(_ publish: Publish?) async throws -> WaitingReturnReport {
        var lines: [WaitingReturnReport.Line] = []
        for (stage, store) in stores.sorted(by: { $0.key < $1.key }) {
            lines.append(try await giveBack(stage, store, publish))
        }
        return WaitingReturnReport(isDry: publish == nil, stages: lines)
    }

    private func giveBack(
        _ stage: StageName, _ store: any Store, _ publish: Publish?
    ) async throws -> WaitingReturnReport.Line {
        let now = wall()
        var line = WaitingReturnReport.Line(stage: stage)
        let rest = try await store.read { snapshot in
            (
                workers: try Self.workers(snapshot, now), changed: try snapshot.stageTime().changed,
                waiting: try snapshot.waitingCount().events
            )
        }
        (line.workers, line.waiting) = (rest.workers, rest.waiting)
        guard let publish, rest.waiting > 0, rest.workers.isEmpty else { return line }
        let dying = Set(
            try await store.write { transaction in
                try transaction.takeOverDying(by: Self.owner, now: now, limit: Self.mostDying).map(\.event.event)
            })
        line.dying = dying.count
        let vault = PersonalVault(stage: stage, keyring: keyring)
        var position: EventKey?
        while true {
            let after = position
            let page = try await store.read { snapshot in
                var page: [(event: EventKey, delivery: Delivery)] = []
                var (last, bytes) = (after, 0)
                for waiting in try snapshot.waiting(after: after, limit: Self.pageSize) {
                    bytes += waiting.size
                    if bytes > Self.pageBytes, !page.isEmpty { break }
                    last = waiting.event
                    guard !dying.contains(waiting.event),
                        let delivery = try vault.waitingDelivery(waiting, in: snapshot)
                    else { continue }
                    page.append((waiting.event, delivery))
                }
                return (events: page, last: last)
            }
            guard page.last != after else { return line }
            position = page.last
            let outcomes = try await publish(
                page.events.map { _, delivery in
                    ConfirmedPublisher.Message(
                        exchange: "", routingKey: stage.queue, mandatory: true, properties: delivery.properties,
                        body: delivery.body)
                })
            let sent = zip(page.events, outcomes).filter { $0.1 == .confirmed }.map(\.0.event)
            line.faults += page.events.count - sent.count
            let workers = try await store.write { transaction -> [String] in
                let isSame = try transaction.lockStageTime().changed == rest.changed
                let workers = try Self.workers(transaction, wall())
                if isSame, workers.isEmpty { try transaction.releaseWaiting(sent) }
                return isSame ? workers : workers + ["one that has come and gone"]
            }
            guard workers.isEmpty else {
                line.workers = workers
                return line
            }
            line.returned += sent.count
        }
    }

    private static func workers(_ snapshot: any StoreSnapshot, _ now: Instant) throws -> [String] {
        try snapshot.leases().filter { $0.isLive(at: now) }.map(\.worker)
    }
}

/// The result of `recourse waiting return`.
package struct WaitingReturnReport: OperationReport, Codable, Hashable {
    package struct Line: Sendable, Codable, Hashable {
        package let stage: StageName
        /// How many waited at the beginning.
        package var waiting = 0
        /// Confirmed by the broker, and no longer in the store.
        package var returned = 0
        /// Those whose dead letters only a worker of this release publishes.
        package var dying = 0
        /// Those that no queue took.
        package var faults = 0
        /// Workers of the stage that are at work, for which nothing (more) was returned.
        package var workers: [String] = []

        package init(stage: StageName) {
            self.stage = stage
        }
    }

    package let isDry: Bool
    package let stages: [Line]

    /// 1 if something still waits, though it was to be returned.
    package var exitCode: Int32 { isDry || stages.allSatisfy { $0.returned >= $0.waiting } ? 0 : 1 }

    package var text: String {
        var table = TextTable("STAGE", ">WAITED", ">RETURNED", ">DYING", ">NOT TAKEN")
        for line in stages {
            table.add([line.stage.rawValue] + [line.waiting, line.returned, line.dying, line.faults].map(String.init))
        }
        var lines = table.lines + [""]
        for line in stages where !line.workers.isEmpty && line.waiting > 0 {
            let names = line.workers.map(TextTable.printable).joined(separator: ", ")
            lines.append("\(line.stage): workers are at work, end them first: \(names)")
        }
        for line in stages where line.faults > 0 {
            lines.append("\(line.stage): the broker has no queue \(line.stage.queue): recourse topology apply")
        }
        for line in stages where line.dying > 0 {
            lines.append(
                "\(line.stage): \(line.dying) events have waited in vain, and only a worker of this release publishes their "
                    + "dead letters: start one, until recourse dead-letters list shows them, and return again")
        }
        lines.append(
            isDry
                ? "Nothing was changed."
                : exitCode == 0 ? "Nothing waits in the stores." : "Something still waits: see above.")
        return lines.joined(separator: "\n")
    }
}
