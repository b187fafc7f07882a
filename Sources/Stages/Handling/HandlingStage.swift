import Policy
import Schema

/// Handling: what the desks report about a case – accepted, spoken with the customer, resolved, filed – and what
/// follows from it: the case closes, or is reopened; a customer is paid in advance from the after-sales fund, and the
/// money comes back from whoever is liable.
///
/// Its decisions are in `docs/stages/handling.md`.
package struct HandlingStage: Stage {
    package static let name = StageName.handling
    package static let takesFromInbox: [EventType] = [
        CaseAccepted.type, CrisisDeclared.type, ContactRecorded.type, CaseResolved.type, DocumentsArchived.type,
        CompensationRequested.type, CompensationDecided.type, IncidentReportSubmitted.type, LiabilityProposed.type,
        LiabilityApproved.type, RecoveryBooked.type, WriteOffProposed.type, WriteOffApproved.type,
    ]
    package static let takesFromEvents: [EventType] = [
        CaseOpened.type, CaseAssigned.type, CaseResolutionAccepted.type, CaseDuplicateLinked.type,
        CallbackDissatisfied.type,
    ]
    package static let follows: [StageName] = [.intake, .routing, .callback]
    package static let recordTypes: [any Record.Type] = [
        CaseFile.self, AdvanceRequest.self, FundLedger.self, CaseLink.self, DemandIndex.self, Debtor.self,
    ]

    /// A resolution comes from routing (R06, R07), and so does what makes it void (R36). What callback says bears on neither.
    package static let metBy: [StageName] = [.intake, .routing]

    package init() {}

    package func keys(for input: Input, given records: RecordReader) -> [RecordKey] {
        switch input {
        case .timer(let key, _):
            return key.kind == CaseFile.kind ? [key] : keys(ofRequest: key.id, given: records)
        case .event(let event):
            if let requestId = Self.requestId(of: event.data) {
                let fund = Self.movesMoney(event.data) ? [FundLedger.key(FundLedger.id)] : []
                let demand = event.data is LiabilityApproved ? Self.keys(ofDemand: requestId, given: records) : []
                return keys(ofRequest: requestId, given: records) + fund + demand
            }
            guard let caseId = Self.caseId(of: event.data) else { return [] }
            var keys = Self.keys(ofCase: caseId, event.data, given: records)
            if let requested = event.data as? CompensationRequested {
                keys += [AdvanceRequest.key(requested.requestId), FundLedger.key(FundLedger.id)]
            }
            if event.data is CaseResolved || event.data is CaseResolutionAccepted {
                keys += (records.get(CaseFile.self, caseId)?.openRequests ?? []).map { AdvanceRequest.key($0) }
            }
            return keys
        }
    }

    /// Of a linked complaint also what says so; people may name the case by it.
    private static func keys(
        ofCase caseId: String, _ data: any EventData, given records: RecordReader
    ) -> [RecordKey] {
        switch data {
        case let linked as CaseDuplicateLinked: [CaseFile.key(caseId), CaseLink.key(linked.caseId)]
        case is CaseAccepted, is CrisisDeclared, is ContactRecorded, is CaseResolved, is DocumentsArchived,
            is CompensationRequested:
            CaseLink.keys(CaseFile.self, caseId, given: records)
        default: [CaseFile.key(caseId)]
        }
    }

    /// The request first, as it is the one that has timers; then its case.
    private func keys(ofRequest id: String, given records: RecordReader) -> [RecordKey] {
        let caseId = records.get(AdvanceRequest.self, id)?.caseId
        return [AdvanceRequest.key(id)] + (caseId.map { [CaseFile.key($0)] } ?? [])
    }

    /// What a demand writes, should the opinion be approved (R49).
    private static func keys(ofDemand requestId: String, given records: RecordReader) -> [RecordKey] {
        guard let demand = records.get(AdvanceRequest.self, requestId)?.demand(requestId) else { return [] }
        return [Debtor.key(demand.addressee), DemandIndex.key(demand.noticeId)]
    }

    /// The fund is one record for everybody, so only these ask for it.
    private static func movesMoney(_ data: any EventData) -> Bool {
        data is CompensationDecided || data is RecoveryBooked || data is WriteOffApproved
    }

    /// The request of an event that names no case.
    private static func requestId(of data: any EventData) -> String? {
        switch data {
        case let decided as CompensationDecided: decided.requestId
        case let report as IncidentReportSubmitted: report.requestId
        case let proposed as LiabilityProposed: proposed.requestId
        case let approved as LiabilityApproved: approved.requestId
        case let recovery as RecoveryBooked: recovery.requestId
        case let proposed as WriteOffProposed: proposed.requestId
        case let approved as WriteOffApproved: approved.requestId
        default: nil
        }
    }

    /// The case that an event is about: of a linked complaint the open case, not the id that it has by itself.
    private static func caseId(of data: any EventData) -> String? {
        if let linked = data as? CaseDuplicateLinked { return linked.openCaseId }
        return data.correlation
    }

    package func step(_ input: Input, in turn: inout Turn) throws -> Verdict {
        switch input {
        case .timer(let key, _):
            guard key.kind == CaseFile.kind else {
                try pass(key.id, in: &turn)
                return .applied
            }
            return change(key.id, in: &turn) { file, turn in
                file.closeIfReady(key.id, in: &turn)
                return .applied
            }
        case .event(let event):
            return try takeRequest(event.data, in: &turn) ?? takeCase(event, in: &turn)
        }
    }

    /// Events about advances; nil: it is none of these.
    private func takeRequest(_ data: any EventData, in turn: inout Turn) throws -> Verdict? {
        switch data {
        case let requested as CompensationRequested: try take(requested, in: &turn)
        case let decided as CompensationDecided: take(decided, in: &turn)
        case let report as IncidentReportSubmitted: take(report, in: &turn)
        case let proposed as LiabilityProposed: take(proposed, in: &turn)
        case let approved as LiabilityApproved: take(approved, in: &turn)
        case let recovery as RecoveryBooked: take(recovery, in: &turn)
        case let proposed as WriteOffProposed: take(proposed, in: &turn)
        case let approved as WriteOffApproved: take(approved, in: &turn)
        default: nil
        }
    }

    private func takeCase(_ event: Event, in turn: inout Turn) throws -> Verdict {
        switch event.data {
        case let opened as CaseOpened:
            if turn.get(CaseFile.self, opened.caseId) == nil { turn.put(CaseFile(opened), opened.caseId) }
            return .applied
        case let assigned as CaseAssigned: return take(assigned, sequence: event.sequence, in: &turn)
        case let accepted as CaseResolutionAccepted: return take(accepted, sequence: event.sequence, in: &turn)
        case let resolved as CaseResolved: return take(resolved, in: &turn)
        case let accepted as CaseAccepted:
            return change(accepted.caseId, by: accepted.by, in: &turn) { file, turn in
                if let verdict = file.verdict(on: accepted.by, .accept, named: accepted.caseId, in: turn) {
                    return verdict
                }
                file.noteResponse(turn.openCase(of: accepted.caseId), in: &turn)
                return .applied
            }
        case let contact as ContactRecorded:
            return change(contact.caseId, by: contact.by, in: &turn) { file, turn in
                if let verdict = file.verdict(on: contact.by, .recordContact, named: contact.caseId, in: turn) {
                    return verdict
                }
                file.noteContact(turn.openCase(of: contact.caseId), with: contact.with, in: &turn)
                return .applied
            }
        case let archived as DocumentsArchived:
            return change(archived.caseId, by: archived.by, in: &turn) { file, turn in
                let place = file.place(turn.policy)
                if let rejection = turn.policy.rejection(of: archived.by, .listDocuments, at: [place]) {
                    return .refused(rejection)
                }
                if let rejection = file.list(archived.documents, at: turn.now) { return .refused(rejection) }
                file.closeIfReady(turn.openCase(of: archived.caseId), in: &turn)
                return .applied
            }
        case let linked as CaseDuplicateLinked:
            return reopen(after: linked, in: &turn)
        case let declared as CrisisDeclared:
            return take(declared, in: &turn)
        case let dissatisfied as CallbackDissatisfied:
            return reopen(after: dissatisfied, in: &turn)
        default:
            throw StageFault(description: "handling: does not take \(event.type)")
        }
    }

    /// Changes a case that must be known, by a person that the organisation must know.
    ///
    /// - Parameter named: its id, or that of a complaint that was linked to it.
    func change(
        _ named: String, by person: Person? = nil, in turn: inout Turn,
        _ body: (inout CaseFile, inout Turn) -> Verdict
    ) -> Verdict {
        if let person, let rejection = turn.rejection(of: person) { return .refused(rejection) }
        let id = turn.openCase(of: named)
        guard let known = turn.get(CaseFile.self, id) else { return .unknownReference(CaseFile.key(id)) }
        var file = known
        let verdict = body(&file, &turn)
        if case .applied = verdict, file != known { turn.put(file, id) }
        return verdict
    }

    /// A complaint was linked to a case that has closed meanwhile: the case goes on where it was. The rule has no
    /// number among the sources: it is named `same-matter`.
    private func reopen(after linked: CaseDuplicateLinked, in turn: inout Turn) -> Verdict {
        let id = linked.openCaseId
        return change(id, in: &turn) { file, turn in
            turn.link(linked, CaseFile.key(linked.caseId))
            file.share(with: linked, in: &turn)
            file.note(hazards: linked.complaint.hazards)
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
