import Policy
import Schema

/// Outlets and the fund.
extension ReportsStage {
    func countSupervision(_ event: Event, in turn: inout Turn) {
        switch event.data {
        case let data as ViolationRecorded: count(data, in: &turn)
        case let data as PenaltyProposed: count(data, in: &turn)
        case let data as NoticeIssued:
            guard data.kind == .penalty else { return }
            turn.count(atOutlet: data.addressee, on: turn.now.date) { $0.add(.notices) }
        case let data as OutletStatusChanged:
            let instant = turn.now
            turn.changeOutlet(data.outletId) { $0.take(data, sequence: event.sequence ?? 0, at: instant) }
        case let data as OutletStanding: turn.changeOutlet(data.outletId) { $0.take(data) }
        case let data as TrainingAssessed: count(data, of: event, in: &turn)
        case let data as BusinessRejected: withdraw(data, by: event.source, in: &turn)
        case let data as OutletSiteChecked: count(data, in: &turn)
        case let data as OutletEvaluated: count(data, in: &turn)
        case let data as SettlementBlocked:
            guard let outletId = data.outletId else { return }
            let reason = data.reason ?? .feedbackForm
            turn.count(atOutlet: outletId, on: turn.now.date) { $0.add(.settlementsBlocked(reason)) }
        case let data as SettlementReleased:
            guard let outletId = data.outletId else { return }
            let reason = data.reason ?? .feedbackForm
            turn.count(atOutlet: outletId, on: turn.now.date) { $0.add(.settlementsReleased(reason)) }
        case let data as ManufacturerIncidentRecorded: count(data, in: &turn)
        case let data as FundDisbursed: book(data, in: &turn)
        case let data as FundRecovered: book(data, in: &turn)
        case let data as FundWrittenOff: book(data, in: &turn)
        case let data as LiabilityDecided: book(data, in: &turn)
        default: break
        }
    }

    /// The report of a violation names the store, its verification does not; they may come in either order.
    private func count(_ recorded: ViolationRecorded, in turn: inout Turn) {
        let instant = turn.now
        var facts = turn.get(ViolationFacts.self, recorded.violationId) ?? ViolationFacts()
        let isNew = recorded.verified ? facts.upheld == nil : facts.place == nil
        if recorded.verified {
            facts.upheld = facts.upheld ?? recorded.upheld
        } else {
            facts.place = facts.place ?? recorded.storeId ?? StoreDesk.unknown
        }
        turn.put(facts, recorded.violationId)
        guard isNew, let place = facts.place else { return }
        let date = (recorded.occurredAt ?? instant).date
        if !recorded.verified { turn.count(place, recorded.outletId, on: date) { $0.add(.violations) } }
        // A fact of its own, also where it was known first: what is late is counted by facts.
        if let upheld = facts.upheld {
            turn.count(place, recorded.outletId, on: date) { $0.add(upheld ? .upheld : .turnedDown) }
        }
    }

    private func count(_ proposed: PenaltyProposed, in turn: inout Turn) {
        turn.count(atOutlet: proposed.outletId, on: turn.now.date) { $0.add(.proposals) }
        guard turn.policy.rules.isOn(.r11) else { return }
        var chain = turn.get(ChainDesk.self, ChainDesk.id) ?? ChainDesk()
        chain.take(
            ChainDesk.Proposal(
                at: turn.now, proposalId: proposed.proposalId, outletId: proposed.outletId, ladder: proposed.ladder,
                period: proposed.period, rung: proposed.rung, count: Int64(proposed.count)))
        turn.put(chain, ChainDesk.id)
    }

    // MARK: What is looked into

    /// Of an outlet that is not listed penalty takes nothing and refuses nothing.
    private func count(_ assessed: TrainingAssessed, of event: Event, in turn: inout Turn) {
        guard turn.policy.organisation.outlet(assessed.outletId) != nil else { return }
        let id = AssessmentFacts.id(source: event.source, eventId: event.id)
        var facts = turn.get(AssessmentFacts.self, id) ?? AssessmentFacts()
        guard !facts.isRefused, facts.counted == nil else { return }
        let counted = AssessmentFacts.Counted(
            outletId: assessed.outletId, date: turn.now.date, isRetest: assessed.retest ?? false,
            assessed: assessed.assessed, passed: assessed.passed)
        facts.counted = counted
        turn.put(facts, id)
        count(counted, times: 1, in: &turn)
    }

    /// Penalty has refused an assessment: it counts no more, or will not.
    private func withdraw(_ rejected: BusinessRejected, by source: String, in turn: inout Turn) {
        guard let id = Self.assessment(refused: rejected, by: source) else { return }
        var facts = turn.get(AssessmentFacts.self, id) ?? AssessmentFacts()
        guard !facts.isRefused else { return }
        facts.isRefused = true
        turn.put(facts, id)
        if let counted = facts.counted { count(counted, times: -1, in: &turn) }
    }

    /// The assessment that penalty has refused; nil: it is about something else.
    static func assessment(refused rejected: BusinessRejected, by source: String) -> String? {
        guard source == StageName.penalty.source, rejected.event.type == TrainingAssessed.type.wireName else {
            return nil
        }
        return AssessmentFacts.id(source: rejected.event.source, eventId: rejected.event.id)
    }

    private func count(_ assessment: AssessmentFacts.Counted, times: Int64, in turn: inout Turn) {
        let isRetest = assessment.isRetest
        turn.count(atOutlet: assessment.outletId, on: assessment.date) { counts in
            counts.add(.training(.times, retest: isRetest), times)
            counts.add(.training(.assessed, retest: isRetest), times * Int64(assessment.assessed))
            counts.add(.training(.passed, retest: isRetest), times * Int64(assessment.passed))
        }
    }

    private func count(_ checked: OutletSiteChecked, in turn: inout Turn) {
        guard mayJudge(checked.outletId, .checkSite, checked.by, turn) else { return }
        turn.count(atOutlet: checked.outletId, on: checked.at.date) {
            $0.add(checked.passed ? .siteChecksPassed : .siteChecksFailed)
        }
    }

    private func count(_ evaluated: OutletEvaluated, in turn: inout Turn) {
        guard turn.policy.rules.isOn(.r55), mayJudge(evaluated.outletId, .evaluateOutlet, evaluated.by, turn),
            isNear(evaluated.quarter, turn)
        else { return }
        turn.count(atOutlet: evaluated.outletId, on: turn.now.date) { counts in
            counts.add(.evaluations)
            counts.add(.evaluationScores, Int64(evaluated.score))
        }
    }

    /// A quarter that exists, and does not lie further ahead than penalty takes.
    private func isNear(_ quarter: String, _ turn: Turn) -> Bool {
        Quarter(quarter).map { $0 <= Quarter(of: turn.now.date.adding(days: Training.daysAhead)) } ?? false
    }

    private func mayJudge(_ outletId: String, _ act: Act, _ by: Person, _ turn: Turn) -> Bool {
        let policy = turn.policy
        return policy.organisation.outlet(outletId) != nil && turn.rejection(of: by) == nil
            && policy.rejection(of: by, act, at: policy.places(ofOutlet: outletId)) == nil
    }

    /// An incident is told of when it becomes known, and again when headquarters has handled it.
    private func count(_ incident: ManufacturerIncidentRecorded, in turn: inout Turn) {
        turn.count(ofManufacturer: incident.manufacturerId, on: turn.now.date) { counts in
            guard incident.handled == true else { return counts.add(.incidents(incident.kind ?? .dissatisfied)) }
            counts.add(incident.upheld == false ? .incidentsDismissed : .incidentsUpheld)
        }
    }

    // MARK: The fund

    /// Nobody is named as its bearer before it is paid.
    private func book(_ paid: FundDisbursed, in turn: inout Turn) {
        book(FundBook.Flow(disbursed: paid.amountFen, payments: 1), paid.requestId, nil, paid.severity, in: &turn)
    }

    private func book(_ back: FundRecovered, in turn: inout Turn) {
        book(FundBook.Flow(recovered: back.amountFen), back.requestId, back.liableKind, back.severity, in: &turn)
    }

    private func book(_ gone: FundWrittenOff, in turn: inout Turn) {
        book(FundBook.Flow(writtenOff: gone.amountFen), gone.requestId, gone.liableKind, gone.severity, in: &turn)
    }

    /// Who bears an advance: what has moved of it before moves at his kind now.
    private func book(_ decided: LiabilityDecided, in turn: inout Turn) {
        book(FundBook.Flow(), decided.requestId, decided.kind, nil, in: &turn)
    }

    /// Money that moved, in its month; and what is open of the advance, in the month in which that was paid.
    private func book(
        _ moved: FundBook.Flow, _ requestId: String, _ liable: LiabilityProposed.Liable.Kind?, _ severity: Int?,
        in turn: inout Turn
    ) {
        let old = turn.get(AdvanceFacts.self, requestId) ?? AdvanceFacts()
        var new = old
        new.add(moved, on: turn.now.date)
        new.liableKind = old.liableKind ?? liable
        var flow = moved
        if let severity { flow.bySeverity = SortedMap(String(severity), moved) }
        if let kind = new.liableKind {
            flow.byLiable = SortedMap(kind.rawValue, old.liableKind == nil ? new.moved : moved)
        }
        var fund = turn.get(FundBook.self, FundBook.id) ?? FundBook()
        fund.book(flow, on: turn.now.date)
        fund.follow(from: old, to: new)
        turn.put(new, requestId)
        turn.put(fund, FundBook.id)
    }
}
