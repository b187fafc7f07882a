import Policy
import Schema

/// The reports stage: counts what the events tell and publishes it, period by period (R09, R11, R29, R33, §8).
///
/// A fact counts at its store and at its outlet, in the week and the month of its date; a `store` and an `outlet` record
/// hold the counts, a `manufacturer` record those of a manufacturer. Where a measure needs memory there is a small record for
/// each thing: `case`, `service`, `serial`, `violation`, `advance`, `assessment`. The one `chain` record is changed when a
/// period ends, and by proposals of penalties, not by other events. The stage refuses next to nothing and waits for next to
/// nothing: what other stages refuse it leaves out, as far as it can tell without their records or hears it from them, and
/// its facts may come in any order.
/// Its decisions are in `docs/stages/reports.md`.
package struct ReportsStage: Stage {
    package static let name = StageName.reports

    /// Of `case.accepted` and `contact.recorded` releases before 0.3 made up the response, which handling tells now
    /// (`case.responded`). They are taken without effect until no worker of such a release needs their bindings.
    package static let takesFromInbox: [EventType] = [
        ServiceCompleted.type, WeeklyReportSubmitted.type, CaseAccepted.type, ContactRecorded.type,
        TrainingAssessed.type, OutletSiteChecked.type, OutletEvaluated.type,
    ]
    /// Exactly what is read. Of `business.rejected` that is what penalty says of assessments; the rest has no effect.
    package static let takesFromEvents: [EventType] = [
        CaseOpened.type, CaseDuplicateLinked.type, CaseClosed.type, CaseResponded.type, CustomerReplyOverdue.type,
        FundDisbursed.type, FundRecovered.type, FundWrittenOff.type, LiabilityDecided.type, CallbackScheduled.type,
        CallbackDone.type, CallbackSatisfied.type, CallbackDissatisfied.type, CustomerRemark.type,
        ViolationRecorded.type, WeeklyReportOverdue.type, PenaltyProposed.type, NoticeIssued.type,
        OutletStatusChanged.type, OutletStanding.type, SettlementBlocked.type, SettlementReleased.type,
        ManufacturerIncidentRecorded.type, BusinessRejected.type,
    ]
    package static let follows: [StageName] = [.intake, .routing, .handling, .callback, .penalty]
    package static let recordTypes: [any Record.Type] = [
        StoreDesk.self, OutletDesk.self, OutletMonths.self, ManufacturerDesk.self, ChainDesk.self, CountedService.self,
        CaseFacts.self, SerialHistory.self, ViolationFacts.self, AdvanceFacts.self, FundBook.self,
        AssessmentFacts.self, PublishedReport.self,
    ]

    package init() {}

    /// Every listed outlet has its report of each month.
    package func seeds(policy: PolicyBook, now: Instant) -> [(id: String, record: any Record)] {
        policy.organisation.outlets.map { (id: $0.id, record: OutletMonths(now: now) as any Record) }
    }

    package func step(_ input: Input, in turn: inout Turn) throws -> Verdict {
        switch input {
        case .event(let event):
            if let id = Self.unknownCase(of: event.data, in: turn) {
                return .waits(Self.opening(of: id), orElse: Rejection("case-unknown", ["caseId": .string(id)]))
            }
            count(event, in: &turn)
        case .timer(let key, _): pass(key, in: &turn)
        }
        return .applied
    }

    private func pass(_ key: RecordKey, in turn: inout Turn) {
        switch key.kind {
        case OutletMonths.kind: return openMonths(of: key.id, in: &turn)
        case ManufacturerDesk.kind:
            guard var desk = turn.get(ManufacturerDesk.self, key.id) else { return }
            desk.pass(in: &turn)
            return turn.put(desk, key.id)
        default: break
        }
        var chain = turn.get(ChainDesk.self, ChainDesk.id) ?? ChainDesk()
        switch key.kind {
        case StoreDesk.kind:
            guard var desk = turn.get(StoreDesk.self, key.id) else { return }
            desk.pass(&chain, in: &turn)
            turn.put(desk, key.id)
        case OutletDesk.kind:
            guard var desk = turn.get(OutletDesk.self, key.id) else { return }
            desk.pass(&chain, in: &turn)
            turn.put(desk, key.id)
        default:
            var fund = turn.get(FundBook.self, FundBook.id) ?? FundBook()
            chain.pass(&fund, in: &turn)
            turn.put(fund, FundBook.id)
        }
        turn.put(chain, ChainDesk.id)
    }

    /// An outlet that has been taken off the list has reports only of months in which something happens there.
    private func openMonths(of outletId: String, in turn: inout Turn) {
        guard var months = turn.get(OutletMonths.self, outletId) else { return }
        let ended = months.pass(now: turn.now)
        turn.put(months, outletId)
        guard let outlet = turn.policy.organisation.outlet(outletId) else { return }
        // Of months that were over before it was an outlet of ours there is nothing to report.
        let reported = ended.filter { $0.next.firstDate > outlet.since }
        guard !reported.isEmpty else { return }
        turn.changeOutlet(outletId) { desk in
            for month in reported { desk.book.changeMonth(month) }
        }
    }

    /// What stands for the opening of a case, for what comes before it: the record that keeps such facts is there already.
    static func opening(of caseId: String) -> RecordKey { RecordKey(kind: "opening", id: caseId) }

    /// The case that an event is about, if it is not known and its record is full of what came before it.
    private static func unknownCase(of data: any EventData, in turn: Turn) -> String? {
        let id: String
        switch data {
        case let linked as CaseDuplicateLinked: id = linked.openCaseId
        case let overdue as CustomerReplyOverdue: id = overdue.caseId
        default: return nil
        }
        guard let facts = turn.get(CaseFacts.self, id), facts.receivedAt == nil,
            facts.waiting.count >= CaseFacts.waitingLimit
        else { return nil }
        return id
    }

    // MARK: Events

    private func count(_ event: Event, in turn: inout Turn) {
        switch event.data {
        case let data as ServiceCompleted: count(data, in: &turn)
        case let data as WeeklyReportSubmitted: count(data, in: &turn)
        case let data as WeeklyReportOverdue: count(data, in: &turn)
        case let data as CaseOpened: count(data, in: &turn)
        case let data as CaseDuplicateLinked:
            analyse(data.complaint, in: &turn)
            count(.init(isOverdue: false, receivedAt: data.complaint.receivedAt), ofCase: data.openCaseId, in: &turn)
        case let data as CustomerReplyOverdue:
            guard let receivedAt = data.receivedAt else { return }
            count(
                .init(isOverdue: true, receivedAt: receivedAt, complaintId: data.complaintId), ofCase: data.caseId,
                in: &turn)
        case let data as CaseResponded: respond(data.caseId, at: data.at, in: &turn)
        case let data as CaseClosed: count(data, in: &turn)
        case let data as CallbackScheduled: count(data, in: &turn)
        case let data as CallbackDone: count(data, in: &turn)
        case let data as CallbackSatisfied:
            turn.count(data.storeId, data.outletId, on: turn.now.date) { $0.add(.satisfied) }
            if data.atFault == .ownPost { blameOwnPost(callback: data.callbackId, at: data.storeId, in: &turn) }
        case let data as CallbackDissatisfied:
            turn.count(data.storeId, data.outletId, on: turn.now.date) { $0.add(.dissatisfied) }
            if data.atFault == .ownPost { blameOwnPost(callback: data.callbackId, at: data.storeId, in: &turn) }
        case let data as CustomerRemark:
            turn.count(data.storeId, nil, on: turn.now.date) { $0.add(.remarks(data.class)) }
        default: countSupervision(event, in: &turn)
        }
    }
}

extension Turn {
    /// Counts a fact at its store, or at the place of facts without one, and at its outlet.
    mutating func count(
        _ storeId: String?, _ outletId: String?, on date: CivilDate, _ change: (inout Tallies) -> Void
    ) {
        count(atStore: storeId ?? StoreDesk.unknown, on: date, change)
        if let outletId { count(atOutlet: outletId, on: date, change) }
    }

    mutating func count(atStore id: String, on date: CivilDate, _ change: (inout Tallies) -> Void) {
        var desk = get(StoreDesk.self, id) ?? StoreDesk(id: id)
        desk.book.count(on: date, isWeekly: true, change)
        put(desk, id)
    }

    /// Changes a month of a store that has not been reported; what is late is in the year's figures alone.
    mutating func change(
        _ month: Month, ofStore storeId: String?, _ change: (inout OpenPeriod) -> Void
    ) {
        let id = storeId ?? StoreDesk.unknown
        var desk = get(StoreDesk.self, id) ?? StoreDesk(id: id)
        desk.book.changeMonth(month, change)
        put(desk, id)
    }

    mutating func count(ofManufacturer id: String, on date: CivilDate, _ change: (inout Tallies) -> Void) {
        var desk = get(ManufacturerDesk.self, id) ?? ManufacturerDesk(id: id)
        desk.book.count(on: date, isWeekly: false, change)
        put(desk, id)
    }

    mutating func count(atOutlet id: String, on date: CivilDate, _ change: (inout Tallies) -> Void) {
        changeOutlet(id) { $0.book.count(on: date, isWeekly: false, change) }
    }

    mutating func changeOutlet(_ id: String, _ change: (inout OutletDesk) -> Void) {
        var desk = get(OutletDesk.self, id) ?? OutletDesk(id: id)
        change(&desk)
        put(desk, id)
    }
}
