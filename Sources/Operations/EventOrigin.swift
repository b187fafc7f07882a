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
        var origin = "What came before is not told: the chain is too long."
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
                        step = try await beginning(of: reference.id, before: here)
                        if step != nil { told.concerns = reference }
                    }
                    origin = "It begins with \(type) \(cause) from \(source)."
                }
            case .timer(let key, let at, _) where key.kind == KeptPolicy.kind:
                origin = "It begins with policy \(key.id), taken into use at \(at)."
                step = nil
            case .timer(let key, let at, _):
                // The decision that changed the record last, and so left its timer.
                step = try await entries(of: key, before: here).last.map { (here.stage, $0) }
                origin = "It begins with the timer of \(key), due \(at)."
            }
            chain.append(told)
        }
        if step != nil { origin = "What came before is not told: the chain is too long." }
        if chain.isEmpty {
            if waiting.isEmpty { return nil }
            origin = "No stage has decided it yet."
        }
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

    /// The first decision of a record that `step` has changed, before it, in which an id occurs.
    private func beginning(of id: String, before step: Step) async throws -> Step? {
        var first: JournalEntry?
        for key in step.entry.records {
            let found = try await entries(of: key, before: step).first { Self.names(id, in: $0) }
            if let found, found.number < first?.number ?? .max { first = found }
        }
        return first.map { (step.stage, $0) }
    }

    private static func names(_ id: String, in entry: JournalEntry) -> Bool {
        if case .event(_, _, _, _, let body) = entry.input, holds(body, id) { return true }
        return entry.outputs.contains { holds($0.body, id) }
    }

    /// As a text of its own, whatever the member is called: a violation that follows from a case bears the id of the case.
    private static func holds(_ body: [UInt8], _ id: String) -> Bool {
        String(decoding: body, as: UTF8.self).contains("\"\(id)\"")
    }

    private func entries(of key: RecordKey, before step: Step) async throws -> [JournalEntry] {
        let number = step.entry.number
        return try await stores[step.stage]?.read { snapshot in
            try snapshot.journal(of: key, limit: Self.entryLimit).filter { $0.number < number }
        } ?? []
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
