import Runtime
import Schema
import Store

/// What one stage has taken, read once from its journal.
struct AuditTaken: Sendable {
    let stage: StageName
    var fates: StageFates
    /// Keyed hashes of the events, see `Audit`.
    var keys: Set<UInt64> = []
    /// Of those in the waiting room.
    var waiting: Set<UInt64> = []
    /// The last entry that was read: everything else of the audit ends there too.
    var watermark: Int64 = 0
    var doubled = 0
    var doubledExamples: [String] = []
    /// In the journal and in the waiting room, which nothing can be at once.
    var waitingAndTaken: [String] = []
    /// Taken from other stages.
    var fromStages = 0

    /// Reads the journal of `stage`, without bodies.
    static func read(_ stage: StageName, _ store: any Store) async throws -> AuditTaken {
        var taken = AuditTaken(stage: stage, fates: StageFates(stage: stage))
        while true {
            let after = taken.watermark
            let page = try await store.read { try $0.inputs(after: after, limit: JournalScan.pageSize) }
            guard let last = page.last else {
                try await taken.readWaiting(store)
                return taken
            }
            for row in page { taken.count(row) }
            taken.watermark = last.number
        }
    }

    /// Behind the journal: what leaves the waiting room meanwhile is in entries that are not counted, and is looked for
    /// once more like everything that was not found.
    private mutating func readWaiting(_ store: any Store) async throws {
        var position: EventKey?
        while true {
            let after = position
            let page = try await store.read { snapshot in
                try snapshot.waiting(after: after, limit: JournalScan.pageSize).map { event in
                    (event: event.event, isTaken: try snapshot.entry(taking: event.event) != nil)
                }
            }
            guard let last = page.last else { return }
            for (event, isTaken) in page {
                fates.held += 1
                waiting.insert(AuditTaken.hash(event))
                if isTaken { Audit.note("\(stage.rawValue): \(event.id) is taken and waits", &waitingAndTaken) }
            }
            position = last.event
        }
    }

    private mutating func count(_ row: InputRow) {
        fates.outputs += row.outputs
        guard let event = row.event else { return fates.timers += 1 }
        switch row.fate {
        case .applied: fates.applied += 1
        case .refused: fates.refused += 1
        }
        if !keys.insert(AuditTaken.hash(event)).inserted {
            doubled += 1
            Audit.note("\(stage.rawValue): entry \(row.number) takes \(event.id) again", &doubledExamples)
        }
        if AuditTaken.isFromStage(event.source, row.type) { fromStages += 1 }
    }

    /// Keyed anew in each process, so that nobody can choose ids whose hashes are equal.
    static func hash(_ event: EventKey) -> UInt64 {
        var hasher = Hasher()
        for var text in [event.source, event.id] {
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
            hasher.combine(0 as UInt8)
        }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// What a stage's workers publish beside its journal is not looked for there, nor what upstream has sent under the
    /// source of a stage: of a type that no stage emits.
    static func isFromStage(_ source: String, _ type: String) -> Bool {
        StageName.allCases.contains { $0.source == source }
            && ![EventRejected.type.rawValue, EventWaiting.type.rawValue].contains(type)
            && EventCatalogue.isOutgoing(EventType(type))
    }
}
