import Schema
import Stages
import Store

/// Since when stages take what other stages emit.
///
/// A release may bind a stage to a type that has long been emitted. What was emitted before never came there, and must not:
/// rules do not act on what was closed before they were. So the stage's store notes when a worker that takes the type
/// first started, and what is older is not looked for.
package struct Subscriptions: Sendable {
    /// To what 0.3 has bound stages. Up to then no store noted anything, so that a first note cannot tell these types from
    /// those that were taken all the time.
    private static let addedIn03: [StageName: Set<EventType>] = [
        .penalty: [CaseClosed.type, CompensationAuthorised.type, NoticeIssued.type],
        .reports: [
            BusinessRejected.type, CaseResponded.type, CustomerRemark.type, LiabilityDecided.type,
            ManufacturerIncidentRecorded.type, OutletStanding.type, SettlementBlocked.type, SettlementReleased.type,
        ],
    ]

    private var since: [StageName: [String: Instant]]

    /// What stages have noted.
    package init(_ since: [StageName: [String: Instant]] = [:]) {
        self.since = since
    }

    /// - Throws: `StoreFailure`.
    package init(of stores: [StageName: any Store]) async throws {
        since = [:]
        for (stage, store) in stores { since[stage] = try await store.read { try $0.subscriptions() } }
    }

    /// Must `stage` have been sent what another has emitted?
    ///
    /// - Parameter writtenAt: when it was emitted, wall time; nil: before entries told.
    package func reached(_ stage: StageName, _ type: EventType, writtenAt: Instant?) -> Bool {
        guard let noted = since[stage] else { return true }
        // No worker that notes has started yet.
        if noted.isEmpty { return !Self.isAdded(type, to: stage) }
        return noted[type.rawValue].map { $0 <= writtenAt ?? .distantPast } ?? false
    }

    /// Of when what was emitted reached `stage`; nil: nothing did yet.
    package func start(of stage: StageName, _ type: EventType) -> Instant? {
        if reached(stage, type, writtenAt: nil) { return .distantPast }
        return since[stage]?[type.rawValue]
    }

    /// When stages began to take something, but for what they have taken ever since.
    package var starts: Set<Instant> { Set(since.values.flatMap(\.values)).subtracting([.distantPast]) }

    /// Every stage has noted what it takes.
    package var isComplete: Bool { since.values.allSatisfy { !$0.isEmpty } }

    private static func isAdded(_ type: EventType, to stage: StageName) -> Bool {
        addedIn03[stage]?.contains(type) ?? false
    }

    /// Notes that `stage` takes these types from now on, those of them that it has not noted.
    ///
    /// - Parameter wall: now, wall time.
    /// - Throws: `StoreFailure`.
    static func note(
        _ types: [EventType], of stage: StageName, wall: Instant, in transaction: any StoreTransaction
    ) throws {
        let noted = try transaction.subscriptions()
        let missing = types.filter { noted[$0.rawValue] == nil }
        if missing.isEmpty { return }
        // Where nothing was ever taken, there is nothing before.
        let hasPast = try !transaction.journal(after: 0, limit: 1, withBodies: false).isEmpty
        let new = missing.map { type in
            let isOld = noted.isEmpty && !(hasPast && isAdded(type, to: stage))
            return (type.rawValue, isOld ? Instant.distantPast : wall)
        }
        try transaction.subscribe(Dictionary(new) { $1 })
    }
}
