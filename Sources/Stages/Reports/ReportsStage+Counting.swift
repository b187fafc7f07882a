import Policy
import Schema

/// What each event counts as.
extension ReportsStage {
    /// Another service under a known id is refused by other stages; here it does not count.
    func count(_ service: ServiceCompleted, in turn: inout Turn) {
        guard turn.get(CountedService.self, service.serviceId) == nil else { return }
        turn.put(CountedService(), service.serviceId)
        let serial = service.kind == .repair ? SerialHistory.id(of: service.product) : nil
        turn.count(service.storeId, service.outletId, on: service.completedAt.date) { counts in
            counts.add(.services(service.kind))
            if service.kind == .repair, let first = service.firstVisit {
                counts.add(.firstVisitKnown)
                if first { counts.add(.firstVisitDone) }
            }
            if let onTime = service.onTime {
                counts.add(.onTimeKnown)
                if onTime { counts.add(.onTime) }
            }
            if serial != nil { counts.add(.serialRepairs) }
        }
        if let outletId = service.outletId,
            turn.get(OutletDesk.self, outletId)?.forbids(workAt: service.completedAt) == true
        {
            turn.count(atOutlet: outletId, on: service.completedAt.date) { $0.add(.servicesWhileBlocked) }
        }
        if service.kind == .repair, let maker = turn.policy.organisation.manufacturer(ofBrand: service.product.brand) {
            turn.count(ofManufacturer: maker.id, on: service.completedAt.date) { $0.add(.services(.repair)) }
        }
        guard let serial else { return }
        var history = turn.get(SerialHistory.self, serial) ?? SerialHistory()
        for known in history.add(service.repair, days: turn.policy.reports.repeatRepairDays) {
            turn.count(known.storeId, known.outletId, on: known.at.date) { $0.add(.repeatRepairs) }
        }
        turn.put(history, serial)
    }

    // MARK: Weekly reports

    /// What penalty refuses (a stranger, a week that does not exist or has not begun, a store that is not listed) does not count.
    func count(_ report: WeeklyReportSubmitted, in turn: inout Turn) {
        let place = turn.policy.place(storeId: report.storeId, regionId: nil)
        guard turn.rejection(of: report.by) == nil,
            turn.policy.rejection(of: report.by, .reportWeek, at: [place]) == nil, let week = ReportWeek(report.week),
            week.monday <= turn.now.date,
            turn.policy.organisation.store(report.storeId) != nil
        else { return }
        var desk = turn.get(StoreDesk.self, report.storeId) ?? StoreDesk(id: report.storeId)
        desk.submit(week, violationIds: report.violationIds, at: turn.now)
        turn.put(desk, report.storeId)
    }

    func count(_ overdue: WeeklyReportOverdue, in turn: inout Turn) {
        guard let week = ReportWeek(overdue.week) else { return }
        var desk = turn.get(StoreDesk.self, overdue.storeId) ?? StoreDesk(id: overdue.storeId)
        desk.miss(week)
        turn.put(desk, overdue.storeId)
    }

    // MARK: Cases

    func count(_ opened: CaseOpened, in turn: inout Turn) {
        var facts = turn.get(CaseFacts.self, opened.caseId) ?? CaseFacts()
        guard facts.receivedAt == nil else { return }
        let complaint = opened.complaint
        facts.receivedAt = complaint.receivedAt
        facts.complaintId = complaint.complaintId
        facts.storeId = complaint.storeId
        facts.outletId = complaint.outletId
        turn.count(facts.storeId, facts.outletId, on: complaint.receivedAt.date) { $0.add(.cases) }
        analyse(complaint, in: &turn)
        for waiting in facts.waiting { count(waiting, &facts, in: &turn) }
        facts.waiting = []
        turn.makeKnown(Self.opening(of: opened.caseId))
        judgeResponse(&facts, in: &turn)
        turn.put(facts, opened.caseId)
    }

    /// A linked complaint, or an overdue reply: both count where the case does, on the date of the complaint.
    func count(_ waiting: CaseFacts.Waiting, ofCase id: String, in turn: inout Turn) {
        var facts = turn.get(CaseFacts.self, id) ?? CaseFacts()
        if facts.receivedAt == nil {
            facts.waiting.append(waiting)
        } else {
            let wasOverdue = facts.isReplyOverdue
            count(waiting, &facts, in: &turn)
            guard facts.isReplyOverdue != wasOverdue else { return }
        }
        turn.put(facts, id)
    }

    private func count(_ waiting: CaseFacts.Waiting, _ facts: inout CaseFacts, in turn: inout Turn) {
        guard !waiting.isOverdue || facts.takesOverdue(waiting) else { return }
        turn.count(facts.storeId, facts.outletId, on: waiting.receivedAt.date) {
            $0.add(waiting.isOverdue ? .replyOverdue : .linked)
        }
    }

    /// A complaint is analysed in the month of its date, at its own store, so that a linked one need not wait for its case.
    func analyse(_ complaint: ComplaintReceived, in turn: inout Turn) {
        turn.change(Month(of: complaint.receivedAt.date), ofStore: complaint.storeId) { period in
            var analysis = period.analysis ?? ComplaintAnalysis()
            analysis.add(complaint)
            period.analysis = analysis
        }
    }

    /// The first acceptance or contact that counts, as handling tells it (R40).
    func respond(_ caseId: String, at instant: Instant, in turn: inout Turn) {
        var facts = turn.get(CaseFacts.self, caseId) ?? CaseFacts()
        guard facts.respondedAt.map({ instant < $0 }) ?? true else { return }
        facts.respondedAt = instant
        judgeResponse(&facts, in: &turn)
        turn.put(facts, caseId)
    }

    /// A response is one that comes after the complaint.
    private func judgeResponse(_ facts: inout CaseFacts, in turn: inout Turn) {
        guard let receivedAt = facts.receivedAt, let respondedAt = facts.respondedAt, !facts.isPrompt,
            respondedAt >= receivedAt,
            respondedAt <= receivedAt.adding(hours: Int64(turn.policy.reports.responseHours))
        else { return }
        facts.isPrompt = true
        turn.count(facts.storeId, facts.outletId, on: receivedAt.date) { $0.add(.respondedInTime) }
    }

    /// R42: a closing has its contact and its documents; the liability is always there.
    func count(_ closed: CaseClosed, in turn: inout Turn) {
        turn.count(closed.storeId, closed.outletId, on: closed.closedAt.date) { counts in
            counts.add(.closed)
            if closed.contactedAt != nil, (closed.documents ?? 0) > 0 { counts.add(.complete) }
        }
        // Of what was responded to before handling told of it, the closing does.
        if let respondedAt = closed.respondedAt { respond(closed.caseId, at: respondedAt, in: &turn) }
        switch closed.liability {
        case .ownPost: blameOwnPost(closed, in: &turn)
        case .manufacturer:
            guard let maker = closed.manufacturer(turn.policy) else { return }
            turn.count(ofManufacturer: maker, on: closed.closedAt.date) { $0.add(.closed) }
        default: break
        }
    }

    // MARK: Failings of the chain's own people

    private func blameOwnPost(_ closed: CaseClosed, in turn: inout Turn) {
        blameOwnPost(at: closed.storeId, on: closed.closedAt.date, .postFaultCases, in: &turn) {
            $0.add(caseId: closed.caseId)
        }
    }

    func blameOwnPost(callback id: String, at storeId: String?, in turn: inout Turn) {
        blameOwnPost(at: storeId, on: turn.now.date, .postFaultCallbacks, in: &turn) { $0.add(callbackId: id) }
    }

    private func blameOwnPost(
        at storeId: String?, on date: CivilDate, _ counter: Counter, in turn: inout Turn,
        _ add: (inout PostFaults) -> Bool
    ) {
        turn.change(Month(of: date), ofStore: storeId) { period in
            var faults = period.postFaults ?? PostFaults()
            if add(&faults) { period.tallies.add(counter) }
            period.postFaults = faults
        }
    }

    // MARK: Callbacks

    /// A task counts on the last date of its window, so that a period has the tasks whose window ended in it.
    func count(_ task: CallbackScheduled, in turn: inout Turn) {
        turn.count(task.storeId, task.outletId, on: task.windowEnd.lastDate) { counts in
            counts.add(.tasks(task.kind))
            // R31 is about the first call: the second one is made only where that has reached the customer.
            if task.inWarranty == true, task.kind == .serviceFirst { counts.add(.warrantyTasks) }
        }
    }

    /// What the customer answered counts on the date of the call.
    func count(_ done: CallbackDone, in turn: inout Turn) {
        turn.count(done.storeId, done.outletId, on: done.windowEnd.lastDate) { counts in
            counts.add(.done(done.outcome))
            guard done.outcome == .reached else { return }
            counts.add(.reached(done.kind))
            if done.inWarranty == true, done.kind == .serviceFirst { counts.add(.warrantyReached) }
        }
        guard let survey = done.survey, !survey.isEmpty else { return }
        turn.count(done.storeId, done.outletId, on: turn.now.date) { $0.add(survey) }
    }
}

extension Instant {
    /// The last date of a window that ends here; 24:00 belongs to the next one.
    fileprivate var lastDate: CivilDate { Instant(microseconds: microseconds - 1).date }
}
