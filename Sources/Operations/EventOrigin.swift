import Runtime
import Schema
import Stages
import Store

/// `recourse explain`: where an event comes from, decision by decision, read from the journals.
///
/// An event of a stage leads to the decision that emitted it, a timer to the one which set it, and what somebody has told
/// to the one by which that became known to which it refers: an approval to its proposal, a repayment to its request, and
/// so, act by act, to the complaint with which the matter began.
struct EventOrigin: Sendable {
    let stores: [StageName: any Store]
    /// Of one record.
    private static let entryLimit = 2_000
    private static let chainLimit = 200

    private typealias Step = (stage: StageName, entry: JournalEntry)

    /// nil if no stage has emitted or taken it.
    func explain(_ eventId: String) async throws -> Explanation? {
        var filter = WaitingList.Filter()
        filter.eventId = eventId
        let waiting = try await WaitingList.read(stores, filter).waiting
        var step = try await emitter(of: eventId)
        var chain: [TimelineEntry] = []
        if step == nil {
            // One of upstream: each stage that took it has decided for itself.
            var takers = try await takers(of: eventId)
            step = takers.popLast()
            chain = takers.map { TimelineEntry($0.entry, of: $0.stage) }
        }
        var origin = "No stage has decided it yet."
        while let here = step, chain.count < Self.chainLimit {
            var told = TimelineEntry(here.entry, of: here.stage)
            switch here.entry.input {
            case .event(let source, let cause, let type, _, let body):
                if StageName.allCases.contains(where: { $0.source == source }) {
                    step = try await emitter(of: cause)
                    origin = "What came before \(type) \(cause) is not in the journals."
                } else {
                    step = nil
                    for reference in Self.references(in: body) where step == nil {
                        step = try await beginning(of: reference, before: here)
                        if step != nil { told.concerns = reference }
                    }
                    origin = "It begins with \(type) \(cause) from \(source)."
                }
            case .timer(let key, let at, _) where key.kind == KeptPolicy.kind:
                origin = "It begins with policy \(key.id), taken into use at \(at)."
                step = nil
            case .timer(let key, let at, _):
                // The decision that changed the record last, and so left its timer.
                let earlier = try await entries(of: key, before: here)
                step = earlier.isComplete ? earlier.entries.last.map { (here.stage, $0) } : nil
                origin =
                    earlier.isComplete
                    ? "It begins with the timer of \(key), due \(at)."
                    : "What came before the timer of \(key) is not told: more than \(Self.entryLimit) decisions concern that."
            }
            chain.append(told)
        }
        if step != nil { origin = "What came before is not told: the chain is too long." }
        if chain.isEmpty, waiting.isEmpty { return nil }
        return Explanation(
            eventId: eventId, chain: chain, waiting: waiting, origin: TextTable.printable(origin))
    }

    /// What an event of upstream refers to, the narrowest first; or what it makes known itself.
    private static func references(in body: [UInt8]) -> [TimelineEntry.Reference] {
        let data = DeadLetterDetail.json(body)?["data"]
        let names = [
            "noticeId", "proposalId", "incidentId", "callbackId", "requestId", "violationId", "serviceId", "caseId",
        ]
        return names.compactMap { name in
            data?[name]?.string.map { TimelineEntry.Reference(kind: name, id: $0) }
        }
    }

    /// The first decision of a record that `step` has changed, before it, in which what is referred to was named.
    private func beginning(of reference: TimelineEntry.Reference, before step: Step) async throws -> Step? {
        var first: JournalEntry?
        for key in step.entry.records {
            let found = try await entries(of: key, before: step).entries.first { Self.names(reference, in: $0) }
            if let found, found.number < first?.number ?? .max { first = found }
        }
        return first.map { (step.stage, $0) }
    }

    private static func names(_ reference: TimelineEntry.Reference, in entry: JournalEntry) -> Bool {
        if case .event(_, _, _, _, let body) = entry.input, names(reference, in: body) { return true }
        return entry.outputs.contains { names(reference, in: $0.body) }
    }

    private static func names(_ reference: TimelineEntry.Reference, in body: [UInt8]) -> Bool {
        // Few entries hold the id at all, and only those are worth reading.
        guard String(decoding: body, as: UTF8.self).contains("\"\(reference.id)\""),
            let data = DeadLetterDetail.json(body)?["data"]
        else { return false }
        // A violation that nobody has reported bears the id of the case or the call from which it follows (R45, R10).
        let kinds = reference.kind == "violationId" ? ["violationId", "caseId", "callbackId"] : [reference.kind]
        return kinds.contains { data[$0]?.string == reference.id || data["about"]?[$0]?.string == reference.id }
    }

    /// The decisions that changed a record before `step`, ascending; of more than `entryLimit` the first.
    private func entries(
        of key: RecordKey, before step: Step
    ) async throws -> (entries: [JournalEntry], isComplete: Bool) {
        let number = step.entry.number
        let first = try await stores[step.stage]?.read { try $0.journal(of: key, limit: Self.entryLimit) } ?? []
        let isComplete = first.count < Self.entryLimit || first.contains { $0.number >= number }
        return (first.filter { $0.number < number }, isComplete)
    }

    private func emitter(of id: String) async throws -> Step? {
        for stage in StageName.allCases {
            if let entry = try await stores[stage]?.read({ try $0.entry(emitting: id) }),
                entry.outputs.contains(where: { $0.id == id })
            {
                return (stage, entry)
            }
        }
        return nil
    }

    private func takers(of id: String) async throws -> [Step] {
        var found: [Step] = []
        for stage in StageName.allCases {
            if let entry = try await stores[stage]?.read({ try $0.entry(emitting: id) }) {
                found.append((stage, entry))
            }
        }
        return found
    }
}
