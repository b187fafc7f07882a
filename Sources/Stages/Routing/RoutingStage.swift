import Policy
import Schema

/// Gives every case to a store, a region or headquarters, and sees that it moves up when its time is over (R01, R03,
/// R04, R23, R24, R28, R34, R43, R50, R51). Its decisions are in `docs/stages/routing.md`.
package struct RoutingStage: Stage {
    package static let name = StageName.routing
    package static let takesFromInbox = [
        CaseAccepted.type, CaseEscalationRequested.type, CaseReassigned.type, CrisisDeclared.type,
        ContactRecorded.type, CaseResolved.type,
    ]
    package static let takesFromEvents = [
        CaseOpened.type, CaseDuplicateLinked.type, CaseClosed.type, CaseReopened.type,
    ]
    package static let follows: [StageName] = [.intake, .handling]
    /// An event may name a case by a complaint that intake has yet to link to it: as long as one waits for that, deadlines of
    /// cases wait for intake.
    package static let metBy: [StageName] = [.intake]
    package static let metWhileWaitingFor: [String]? = [RoutedCase.kind, CaseShare.kind]
    package static let recordTypes: [any Record.Type] = [
        RoutedCase.self, CaseLink.self, LinkedDuties.self, KeptResolutions.self,
    ]

    package init() {}

    package func keys(for input: Input, given records: RecordReader) -> [RecordKey] {
        switch input {
        case .timer(let key, _):
            [key] + (records.get(LinkedDuties.self, key.id).map { [RoutedCase.key($0.caseId)] } ?? [])
        case .event(let event): Self.keys(for: event, given: records)
        }
    }

    private static func keys(for event: Event, given records: RecordReader) -> [RecordKey] {
        guard let caseId = caseId(of: event) else { return [] }
        if let linked = event.data as? CaseDuplicateLinked {
            return [RoutedCase.key(caseId), CaseLink.key(linked.caseId)] + keyOfSpilled(linked, given: records)
                + keysOfKept(caseId, given: records)
        }
        if event.data is CaseReopened { return [RoutedCase.key(caseId), KeptResolutions.key(caseId)] }
        // Only people name a case by a complaint that was linked to it.
        guard person(of: event) != nil else { return [RoutedCase.key(caseId)] }
        let keys = CaseLink.keys(RoutedCase.self, caseId, given: records)
        // What takes the case to headquarters makes void what was accepted.
        guard event.data is CaseResolved || event.data is CrisisDeclared else { return keys }
        return keys + [KeptResolutions.key(records.get(CaseLink.self, caseId)?.openCaseId ?? caseId)]
    }

    /// An escalation asks for them where the case is resolved, which no timer makes it.
    private static func keysOfKept(_ caseId: String, given records: RecordReader) -> [RecordKey] {
        records.get(RoutedCase.self, caseId)?.state == .resolved ? [KeptResolutions.key(caseId)] : []
    }

    /// Where the duties of a linked complaint go if the case has no room for them.
    private static func keyOfSpilled(_ linked: CaseDuplicateLinked, given records: RecordReader) -> [RecordKey] {
        // Timers that act before the event only take duties away, and there are two kinds of duty.
        guard let open = records.get(RoutedCase.self, linked.openCaseId),
            open.duties.count > RoutedCase.dutyLimit - 2
        else { return [] }
        return [LinkedDuties.key(linked.caseId)]
    }

    /// The case that the event names; of a linked complaint the open one.
    private static func caseId(of event: Event) -> String? {
        switch event.data {
        case let linked as CaseDuplicateLinked: linked.openCaseId
        case let opened as CaseOpened: opened.caseId
        case let accepted as CaseAccepted: accepted.caseId
        case let requested as CaseEscalationRequested: requested.caseId
        case let order as CaseReassigned: order.caseId
        case let declared as CrisisDeclared: declared.caseId
        case let contact as ContactRecorded: contact.caseId
        case let resolved as CaseResolved: resolved.caseId
        case let closed as CaseClosed: closed.caseId
        case let reopened as CaseReopened: reopened.caseId
        default: nil
        }
    }

    private static func person(of event: Event) -> Person? {
        switch event.data {
        case let accepted as CaseAccepted: accepted.by
        case let requested as CaseEscalationRequested: requested.by
        case let order as CaseReassigned: order.by
        case let declared as CrisisDeclared: declared.by
        case let contact as ContactRecorded: contact.by
        case let resolved as CaseResolved: resolved.by
        default: nil
        }
    }

    package func step(_ input: Input, in turn: inout Turn) throws -> Verdict {
        switch input {
        case .timer(let key, let wake):
            guard key.kind == RoutedCase.kind else {
                LinkedDuties.wake(key.id, at: wake.at, in: &turn)
                return .applied
            }
            guard let record = turn.get(RoutedCase.self, key.id) else { return .applied }
            var desk = CaseDesk(caseId: key.id, record: record)
            desk.wake(at: wake.at, in: &turn)
            turn.put(desk.record, key.id)
            return .applied
        case .event(let event):
            // What the stage has not subscribed to is nothing to it.
            guard let caseId = Self.caseId(of: event) else { return .applied }
            return apply(event, caseId, in: &turn)
        }
    }

    private func apply(_ event: Event, _ named: String, in turn: inout Turn) -> Verdict {
        if let by = Self.person(of: event), let rejection = turn.rejection(of: by) { return .refused(rejection) }
        let caseId = turn.openCase(of: named)
        guard let record = turn.get(RoutedCase.self, caseId) else {
            guard let opened = event.data as? CaseOpened else { return .unknownReference(RoutedCase.key(caseId)) }
            turn.put(CaseDesk.open(opened, in: &turn).record, caseId)
            return .applied
        }
        var desk = CaseDesk(caseId: caseId, record: record)
        let verdict: Verdict =
            switch event.data {
            case let accepted as CaseAccepted: desk.accept(accepted, in: turn)
            case let requested as CaseEscalationRequested: desk.escalate(requested, in: &turn)
            case let order as CaseReassigned: desk.reassign(order, in: &turn)
            case let declared as CrisisDeclared: desk.declare(declared, in: &turn)
            case let contact as ContactRecorded: desk.note(contact, in: turn)
            case let resolved as CaseResolved: desk.resolve(resolved, in: &turn)
            case let linked as CaseDuplicateLinked: desk.link(linked, in: &turn)
            case let closed as CaseClosed: desk.close(closed, event.sequence)
            case let reopened as CaseReopened: desk.reopen(reopened, event.sequence, in: &turn)
            // A case that is opened is opened once.
            default: .applied
            }
        guard case .applied = verdict else { return verdict }
        if desk.record != record { turn.put(desk.record, caseId) }
        if let linked = event.data as? CaseDuplicateLinked, !desk.spilled.isEmpty {
            turn.put(LinkedDuties(caseId: caseId, duties: desk.spilled), linked.caseId)
        }
        return verdict
    }
}
