import Policy
import Schema

/// Callbacks: everyone who was served is called, and what he answers is told to those whom it concerns.
///
/// Its decisions are in `docs/stages/callback.md`.
package struct CallbackStage: Stage {
    package static let name = StageName.callback
    package static let takesFromInbox: [EventType] = [
        ServiceCompleted.type, CallbackCompleted.type, CustomerContactCorrected.type, CustomerEventAnnounced.type,
        LetterSent.type,
    ]
    package static let takesFromEvents: [EventType] = [CaseClosed.type, CaseReopened.type]
    package static let follows: [StageName] = [.handling]
    package static let recordTypes: [any Record.Type] = [CallbackTask.self, CustomerEventRecord.self]

    package init() {}

    package func keys(for input: Input, given records: RecordReader) -> [RecordKey] {
        guard case .event(let event) = input else { return [] }
        switch event.data {
        case let service as ServiceCompleted:
            return [
                CallbackTask.key(
                    Identifiers.callbackId(kind: CallbackKind.serviceFirst.rawValue, serviceId: service.serviceId))
            ]
        case let report as CallbackCompleted:
            return Self.keys(withSecondOf: report.callbackId, given: records)
        case let corrected as CustomerContactCorrected:
            return Self.keys(withSecondOf: corrected.callbackId, given: records)
        case let letter as LetterSent:
            return [CallbackTask.key(letter.callbackId)]
        case let announced as CustomerEventAnnounced:
            return [CustomerEventRecord.key(announced.eventId)]
                + announced.customers.indices.map { CallbackTask.key(Self.eventCallId(announced.eventId, $0)) }
        case let closed as CaseClosed:
            return [CallbackTask.key(Self.closingId(closed.caseId, closed.closing))]
        case let reopened as CaseReopened:
            return reopened.closing.map { [CallbackTask.key(Self.closingId(reopened.caseId, $0))] } ?? []
        default:
            return []
        }
    }

    /// The task, and if it is the first call about a service the second one, which may follow from it.
    private static func keys(withSecondOf id: String, given records: RecordReader) -> [RecordKey] {
        let second = records.get(CallbackTask.self, id).flatMap(Self.secondId(after:))
        return [CallbackTask.key(id)] + (second.map { [CallbackTask.key($0)] } ?? [])
    }

    package func step(_ input: Input, in turn: inout Turn) throws -> Verdict {
        guard case .event(let event) = input else {
            if case .timer(let key, _) = input { try pass(key, in: &turn) }
            return .applied
        }
        switch event.data {
        case let service as ServiceCompleted: return try plan(after: service, in: &turn)
        case let announced as CustomerEventAnnounced: return try plan(for: announced, in: &turn)
        case let closed as CaseClosed: return plan(after: closed, in: &turn)
        case let reopened as CaseReopened: return note(reopened, in: &turn)
        case let report as CallbackCompleted:
            return change(report.callbackId, by: report.by, .reportCall, in: &turn) { task, turn in
                let wasOpen = task.outcome == nil
                if let rejection = task.record(report, report.callbackId, in: &turn) { return .refused(rejection) }
                if wasOpen, task.outcome == .reached { planSecond(after: task, in: &turn) }
                return .applied
            }
        case let corrected as CustomerContactCorrected: return correct(corrected, in: &turn)
        case let letter as LetterSent:
            return change(letter.callbackId, by: letter.by, .reportLetter, in: &turn) { task, turn in
                task.record(letter, in: turn).map(Verdict.refused) ?? .applied
            }
        default:
            throw StageFault(description: "callback: does not take \(event.type)")
        }
    }

    private func pass(_ key: RecordKey, in turn: inout Turn) throws {
        guard var task = turn.get(CallbackTask.self, key.id) else {
            throw StageFault(description: "callback: \(key) wakes and is no task")
        }
        task.pass(key.id, in: &turn)
        turn.put(task, key.id)
    }

    /// Changes a task that must be known, by a person that the organisation must know.
    private func change(
        _ id: String, by person: Person, _ act: Act, in turn: inout Turn,
        _ body: (inout CallbackTask, inout Turn) -> Verdict
    ) -> Verdict {
        if let rejection = turn.rejection(of: person) { return .refused(rejection) }
        guard var task = turn.get(CallbackTask.self, id) else { return .unknownReference(CallbackTask.key(id)) }
        if let rejection = task.rejection(of: person, act, turn.policy) { return .refused(rejection) }
        let verdict = body(&task, &turn)
        if case .applied = verdict { turn.put(task, id) }
        return verdict
    }

    /// The right number of a customer was found (R10). It comes, if need be, before the report of the call that found the other
    /// one wrong, and waits for that.
    private func correct(_ corrected: CustomerContactCorrected, in turn: inout Turn) -> Verdict {
        let id = corrected.callbackId
        return change(id, by: corrected.by, .correctContact, in: &turn) { task, turn in
            // A number that cannot be called is not the right one, and the store still owes that.
            guard Customer.comparisonKey(ofPhone: corrected.phone) != nil else {
                return .refused(.noPhoneKey(["callbackId": .string(id)]))
            }
            guard task.correct(corrected.phone, in: &turn) else {
                return .waits(CallbackTask.wrongNumber(of: id), orElse: task.noWrongNumber)
            }
            if let secondId = Self.secondId(after: task), var second = turn.get(CallbackTask.self, secondId) {
                second.use(corrected.phone, since: turn.now)
                turn.put(second, secondId)
            }
            return .applied
        }
    }

    /// A closed case is open again. Its call goes on, as nothing but an answer or the last attempt ends a task; whoever
    /// calls is told of it by `because`.
    private func note(_ reopened: CaseReopened, in turn: inout Turn) -> Verdict {
        guard turn.policy.rules.isOn(.r10), let closing = reopened.closing else { return .applied }
        let id = Self.closingId(reopened.caseId, closing)
        guard var task = turn.get(CallbackTask.self, id) else { return .unknownReference(CallbackTask.key(id)) }
        task.isCaseReopened = true
        turn.put(task, id)
        return .applied
    }
}
