import Policy
import Schema

/// The penalty stage: violations of outlets, the ladders by which they are judged, and what follows (R09–R20).
///
/// One `outlet` record is an outlet's dossier and decides everything about it; `violation`, `proposal` and `notice`
/// records lead from an id to the outlet. One `store` record follows the weekly reports of a listed store, one
/// `manufacturer` record counts incidents, each `incident` and `replacement` has its own deadline, each `service` awaits its
/// form.
package struct PenaltyStage: Stage {
    package static let name = StageName.penalty

    package static let takesFromInbox: [EventType] = [
        ViolationReported.type, ViolationVerified.type, WeeklyReportSubmitted.type, PenaltyDecided.type,
        RectificationReviewed.type, AppealLodged.type, AppealDecided.type, OutletReinstated.type,
        TrainingAssessed.type, OutletSiteChecked.type, ManufacturerIncidentHandled.type, ServiceCompleted.type,
        FeedbackFormSubmitted.type, OutletEvaluated.type, WithdrawalRecommended.type,
        ManufacturerProblemReported.type, ReplacementDecided.type,
    ]
    package static let takesFromEvents: [EventType] = [
        CallbackDissatisfied.type, CallbackSatisfied.type, CaseClosed.type, CompensationAuthorised.type,
        NoticeIssued.type,
    ]
    package static let follows: [StageName] = [.handling, .callback]
    package static let recordTypes: [any Record.Type] = [
        Dossier.self, ViolationIndex.self, ProposalIndex.self, NoticeIndex.self, StoreDuty.self,
        ManufacturerDossier.self, Incident.self, Replacement.self, Settlement.self,
        ViolationApart.self, CountedMatter.self,
    ]

    package init() {}

    package func seeds(policy: PolicyBook, now: Instant) -> [(id: String, record: any Record)] {
        let outlets = policy.organisation.outlets.map { outlet in
            (id: outlet.id, record: Dossier.opened(outlet.id, policy, now: now) as any Record)
        }
        let stores = policy.organisation.stores.map { store in
            (id: store.id, record: StoreDuty(store, policy, now: now) as any Record)
        }
        return outlets + stores
    }

    /// Without a policy nobody can say which records: the runner asks with one.
    package func keys(for input: Input, given records: RecordReader) -> [RecordKey] {
        if case .timer(let key, _) = input { [key] } else { [] }
    }

    /// A timer may make a proposal; its id follows from what the policy makes of the counts. Which outlet is liable for a
    /// case that closes, and whose a brand is, follows from the organisation.
    package func keys(for input: Input, given records: RecordReader, policy: PolicyBook) -> [RecordKey] {
        switch input {
        case .timer(let key, let wake):
            guard let dossier = records[key] as? Dossier else { return [key] }
            return [key] + dossier.keysOfTimer(wake, policy)
        case .event(let event):
            if let report = IncidentReport(event.data, policy) { return Self.keys(of: report) }
            return keys(for: event, given: records, policy)
        }
    }

    private func keys(for event: Event, given records: RecordReader, _ policy: PolicyBook) -> [RecordKey] {
        switch event.data {
        case let data as CallbackDissatisfied:
            if let outletId = data.outletAtFault {
                let violation = Violation(data, occurredAt: event.ruleTime, knownAt: event.time, policy)
                return Self.keys(of: violation, outletId, given: records)
            }
            return []
        case let data as CaseClosed:
            guard let outletId = data.outletLiable(policy) else { return [] }
            return Self.keys(of: Violation(data, knownAt: event.time, policy), outletId, given: records)
        case let data as CallbackSatisfied:
            return data.manufacturerId.map { [ManufacturerDossier.key($0)] } ?? []
        case let data as ManufacturerIncidentHandled: return Self.keys(of: data, given: records)
        case let data as ReplacementDecided: return Self.keys(of: data, given: records)
        case let data as ServiceCompleted: return [Settlement.key(data.serviceId)]
        case let data as FeedbackFormSubmitted: return [Settlement.key(data.serviceId)]
        case let data as WeeklyReportSubmitted: return [StoreDuty.key(data.storeId)]
        case let data as WithdrawalRecommended:
            let draft = (records.get(Dossier.self, data.outletId) ?? Dossier(outletId: data.outletId))
                .recommendationDraft(at: event.ruleTime)
            return [Dossier.key(data.outletId), ProposalIndex.key(draft.id(outletId: data.outletId))]
        case let data as ViolationReported:
            return Self.keys(of: Violation(data, knownAt: event.time, policy), data.outletId, given: records)
        default: return outletKeys(for: event.data, given: records, policy)
        }
    }

    private static func keys(of violation: Violation, _ outletId: String, given records: RecordReader) -> [RecordKey] {
        [Dossier.key(outletId), ViolationIndex.key(violation.id)]
            + (records.get(Dossier.self, outletId)?.keysOfRoom(for: violation) ?? [])
    }

    private func outletKeys(
        for data: any EventData, given records: RecordReader, _ policy: PolicyBook
    ) -> [RecordKey] {
        switch data {
        case let data as ViolationVerified:
            let outletId = records.get(ViolationIndex.self, data.violationId)?.outletId
            let apart = records.get(ViolationApart.self, data.violationId)?.violation
            let matters = CountedMatter.ids(apart.map { [$0] } ?? [], outletId: outletId ?? "")
            return Self.dossierFirst(
                outletId,
                [ViolationIndex.key(data.violationId), ViolationApart.key(data.violationId)]
                    + matters.map { CountedMatter.key($0) }
                    + (outletId.map { [Dossier.keyOfGrave(data.violationId, policy, outletId: $0)] } ?? []))
        case let data as PenaltyDecided:
            let index = records.get(ProposalIndex.self, data.proposalId)
            let noticeId = Identifiers.noticeId(proposalId: data.proposalId)
            return Self.dossierFirst(
                index?.outletId, [ProposalIndex.key(data.proposalId), NoticeIndex.key(noticeId)])
        case let data as RectificationReviewed: return Self.keys(ofNotice: data.noticeId, given: records)
        case let data as AppealLodged: return Self.keys(ofNotice: data.noticeId, given: records)
        case let data as AppealDecided: return Self.keys(ofNotice: data.noticeId, given: records)
        case let data as NoticeIssued: return data.isDemand ? [NoticeIndex.key(data.noticeId)] : []
        case let data as OutletReinstated: return [Dossier.key(data.outletId)]
        case let data as OutletSiteChecked: return [Dossier.key(data.outletId)]
        case let data as OutletEvaluated: return [Dossier.key(data.outletId)]
        case let data as TrainingAssessed:
            let draft = records.get(Dossier.self, data.outletId)?.withdrawalDraft()
            return [Dossier.key(data.outletId)]
                + (draft.map { [ProposalIndex.key($0.id(outletId: data.outletId))] } ?? [])
        default: return []
        }
    }

    private static func keys(ofNotice noticeId: String, given records: RecordReader) -> [RecordKey] {
        guard let notice = records.get(NoticeIndex.self, noticeId), let outletId = notice.outletId else {
            return [NoticeIndex.key(noticeId)]
        }
        return [Dossier.key(outletId)]
            + Dossier.keysOfFailure(noticeId, failures: notice.failures + 1, outletId: outletId)
    }

    /// Whether an event is late is judged by the dossier, once it is known which one.
    static func dossierFirst(_ outletId: String?, _ rest: [RecordKey]) -> [RecordKey] {
        (outletId.map { [Dossier.key($0)] } ?? []) + rest
    }

    package func step(_ input: Input, in turn: inout Turn) throws -> Verdict {
        switch input {
        case .timer(let key, let wake):
            switch key.kind {
            case Dossier.kind: Dossier.wake(key.id, at: wake, in: &turn)
            case StoreDuty.kind: StoreDuty.wake(key.id, at: wake, in: &turn)
            case Incident.kind: Incident.wake(key.id, at: wake, in: &turn)
            case Replacement.kind: Replacement.wake(key.id, in: &turn)
            case Settlement.kind: Settlement.wake(key.id, at: wake, in: &turn)
            case ViolationIndex.kind: ViolationIndex.wake(key.id, at: wake, in: &turn)
            default: break
            }
            return .applied
        case .event(let event):
            return try apply(event, in: &turn)
        }
    }

    private func apply(_ event: Event, in turn: inout Turn) throws -> Verdict {
        switch event.data {
        case let data as ViolationReported: report(data, event, in: &turn)
        case let data as CallbackDissatisfied: record(data, event, in: &turn)
        case let data as CaseClosed: record(data, event, in: &turn)
        case let data as ViolationVerified: verify(data, in: &turn)
        case let data as PenaltyDecided: decide(data, in: &turn)
        case let data as WeeklyReportSubmitted: take(data, in: &turn)
        case let data as RectificationReviewed: review(data, in: &turn)
        case let data as AppealLodged: lodge(data, in: &turn)
        case let data as AppealDecided: decide(data, in: &turn)
        case let data as NoticeIssued: note(data, in: &turn)
        case let data as OutletReinstated: reinstate(data, in: &turn)
        case let data as TrainingAssessed: take(data, in: &turn)
        case let data as OutletSiteChecked: take(data, in: &turn)
        case let data as ManufacturerIncidentHandled: handle(data, in: &turn)
        case let data as ManufacturerProblemReported: report(data, in: &turn)
        case let data as CompensationAuthorised: recordIncident(of: data, in: &turn)
        case let data as ReplacementDecided: decide(data, in: &turn)
        case let data as CallbackSatisfied: take(data, in: &turn)
        case let data as ServiceCompleted: try take(data, in: &turn)
        case let data as FeedbackFormSubmitted: take(data, in: &turn)
        case let data as OutletEvaluated: take(data, in: &turn)
        case let data as WithdrawalRecommended: take(data, in: &turn)
        default: .applied
        }
    }
}

extension Turn {
    /// The dossier of an outlet, or a new one.
    func dossier(_ outletId: String) -> Dossier {
        get(Dossier.self, outletId) ?? Dossier.opened(outletId, policy, now: now)
    }
}
