import Policy
import Schema

/// Handling: what the desks report about a case – accepted, spoken with the customer, resolved, filed – and what
/// follows from it: the case closes, or is reopened.
///
/// Its decisions are in `docs/stages/handling.md`.
package struct HandlingStage: Stage {
    package static let name = StageName.handling
    package static let takesFromInbox: [EventType] = [
        CaseAccepted.type, ContactRecorded.type, CaseResolved.type, DocumentsArchived.type,
    ]
    package static let takesFromEvents: [EventType] = [
        CaseOpened.type, CaseAssigned.type, CaseDuplicateLinked.type, CallbackDissatisfied.type,
    ]
    package static let recordTypes: [any Record.Type] = [CaseFile.self]

    package init() {}

    package func keys(for input: Input, given records: RecordReader) -> [RecordKey] {
        guard case .event(let event) = input, let caseId = caseId(of: event.data) else { return [] }
        return [CaseFile.key(caseId)]
    }

    /// The case that an event is about: of a linked complaint the open case, not the id that it has by itself.
    private func caseId(of data: any EventData) -> String? {
        if let linked = data as? CaseDuplicateLinked { return linked.openCaseId }
        return data.correlation
    }

    package func step(_ input: Input, in turn: inout Turn) throws -> Verdict {
        guard case .event(let event) = input else {
            throw StageFault(description: "handling: no record of this stage sets a timer")
        }
        switch event.data {
        case let opened as CaseOpened:
            if turn.get(CaseFile.self, opened.caseId) == nil { turn.put(CaseFile(opened), opened.caseId) }
            return .applied
        case let assigned as CaseAssigned:
            return change(assigned.caseId, in: &turn) { file, turn in
                file.take(assigned, sequence: event.sequence)
                file.closeIfReady(assigned.caseId, in: &turn)
                return .applied
            }
        case let accepted as CaseAccepted:
            return change(accepted.caseId, by: accepted.by, in: &turn) { file, turn in
                file.noteResponse(at: turn.now)
                return .applied
            }
        case let contact as ContactRecorded:
            return change(contact.caseId, by: contact.by, in: &turn) { file, turn in
                if contact.with == .customer { file.noteContact(at: turn.now) }
                return .applied
            }
        case let resolved as CaseResolved:
            return change(resolved.caseId, by: resolved.by, in: &turn) { file, turn in
                resolve(resolved, &file, in: &turn)
            }
        case let archived as DocumentsArchived:
            return change(archived.caseId, by: archived.by, in: &turn) { file, turn in
                if let rejection = file.list(archived.documents, at: turn.now) { return .refused(rejection) }
                file.closeIfReady(archived.caseId, in: &turn)
                return .applied
            }
        case let linked as CaseDuplicateLinked:
            return reopen(after: linked, in: &turn)
        case let dissatisfied as CallbackDissatisfied:
            return reopen(after: dissatisfied, in: &turn)
        default:
            throw StageFault(description: "handling: does not take \(event.type)")
        }
    }

    /// Changes a case that must be known, by a person that the organisation must know.
    private func change(
        _ id: String, by person: Person? = nil, in turn: inout Turn,
        _ body: (inout CaseFile, inout Turn) -> Verdict
    ) -> Verdict {
        if let person, let rejection = turn.rejection(of: person) { return .refused(rejection) }
        guard let known = turn.get(CaseFile.self, id) else { return .unknownReference("case \(id)") }
        var file = known
        let verdict = body(&file, &turn)
        if case .applied = verdict, file != known { turn.put(file, id) }
        return verdict
    }

    private func resolve(_ resolved: CaseResolved, _ file: inout CaseFile, in turn: inout Turn) -> Verdict {
        guard !file.isClosed else {
            return .refused(Rejection("case-closed", ["closing": .int(Int64(file.closings))]))
        }
        if let rejection = file.list(resolved.documents, at: turn.now) { return .refused(rejection) }
        // Of two resolutions the later one holds, whichever arrives first.
        if file.resolution.map({ $0.at <= turn.now }) ?? true {
            file.resolution = CaseFile.Resolution(
                at: turn.now, liability: resolved.liability, liableParty: resolved.liableParty)
        }
        file.closeIfReady(resolved.caseId, in: &turn)
        return .applied
    }

    /// A complaint was linked to a case that has closed meanwhile: the case goes on where it was. The rule has no
    /// number among the sources: it is named `same-matter`.
    private func reopen(after linked: CaseDuplicateLinked, in turn: inout Turn) -> Verdict {
        let id = linked.openCaseId
        return change(id, in: &turn) { file, turn in
            guard file.isClosed, let tier = file.tier else { return .applied }
            file.reopen(
                id, at: tier, rule: "same-matter",
                facts: ["linked": .string(linked.caseId), "closing": .int(Int64(file.closings))], in: &turn)
            return .applied
        }
    }

    /// A customer is not satisfied with a closed case: it goes on one tier above its last. Nothing happens to a case
    /// that is open again; what concerns a service or a customer event is not about a case at all.
    private func reopen(after dissatisfied: CallbackDissatisfied, in turn: inout Turn) -> Verdict {
        guard let id = dissatisfied.caseId else { return .applied }
        return change(id, in: &turn) { file, turn in
            guard file.isClosed, let last = file.tier else { return .applied }
            file.reopen(
                id, at: last.oneUp, rule: "R10",
                facts: [
                    "callbackId": .string(dissatisfied.callbackId), "lastTier": .string(last.rawValue),
                    "closing": .int(Int64(file.closings)),
                ], in: &turn)
            return .applied
        }
    }
}
