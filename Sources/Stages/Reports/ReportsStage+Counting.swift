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
        guard let serial else { return }
        var history = turn.get(SerialHistory.self, serial) ?? SerialHistory()
        for known in history.add(service.repair, days: turn.policy.reports.repeatRepairDays) {
            turn.count(known.storeId, known.outletId, on: known.at.date) { $0.add(.repeatRepairs) }
        }
        turn.put(history, serial)
    }

    // MARK: Weekly reports

    /// What penalty refuses (a stranger, a week that does not exist, a store that is not listed) does not count.
    func count(_ report: WeeklyReportSubmitted, in turn: inout Turn) {
        let place = turn.policy.place(storeId: report.storeId, regionId: nil)
        guard turn.rejection(of: report.by) == nil,
            turn.policy.rejection(of: report.by, .reportWeek, at: [place]) == nil, let week = ReportWeek(report.week),
            week.monday <= turn.now.date,
            turn.policy.organisation.store(report.storeId) != nil
        else { return }
        var desk = turn.get(StoreDesk.self, report.storeId) ?? StoreDesk(id: report.storeId)
        desk.submit(week, violations: report.violationIds.count, at: turn.now)
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
        facts.storeId = complaint.storeId
        facts.outletId = complaint.outletId
        turn.count(facts.storeId, facts.outletId, on: complaint.receivedAt.date) { $0.add(.cases) }
        for waiting in facts.waiting { count(waiting, facts, in: &turn) }
        facts.waiting = []
        turn.makeKnown(Self.opening(of: opened.caseId))
        judgeResponse(&facts, in: &turn)
        turn.put(facts, opened.caseId)
    }

    /// A linked complaint, or an overdue reply: both count where the case does, on the date of the complaint.
    func count(_ waiting: CaseFacts.Waiting, ofCase id: String, in turn: inout Turn) {
        var facts = turn.get(CaseFacts.self, id) ?? CaseFacts()
        guard facts.receivedAt == nil else { return count(waiting, facts, in: &turn) }
        facts.waiting.append(waiting)
        turn.put(facts, id)
    }

    private func count(_ waiting: CaseFacts.Waiting, _ facts: CaseFacts, in turn: inout Turn) {
        turn.count(facts.storeId, facts.outletId, on: waiting.receivedAt.date) {
            $0.add(waiting.isOverdue ? .replyOverdue : .linked)
        }
    }

    /// An acceptance, or a contact with the customer (R40); what a stranger reports does not count.
    func respond(_ caseId: String, by person: Person, in turn: inout Turn) {
        guard turn.rejection(of: person) == nil else { return }
        var facts = turn.get(CaseFacts.self, caseId) ?? CaseFacts()
        guard facts.respondedAt.map({ turn.now < $0 }) ?? true else { return }
        facts.respondedAt = turn.now
        judgeResponse(&facts, in: &turn)
        turn.put(facts, caseId)
    }

    private func judgeResponse(_ facts: inout CaseFacts, in turn: inout Turn) {
        guard let receivedAt = facts.receivedAt, let respondedAt = facts.respondedAt, !facts.isPrompt,
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
    }

    // MARK: Callbacks

    /// A task counts on the last date of its window, so that a period has the tasks whose window ended in it.
    func count(_ task: CallbackScheduled, in turn: inout Turn) {
        turn.count(task.storeId, task.outletId, on: task.windowEnd.lastDate) { counts in
            counts.add(.tasks(task.kind))
            if task.inWarranty == true { counts.add(.warrantyTasks) }
        }
    }

    /// What the customer answered counts on the date of the call.
    func count(_ done: CallbackDone, in turn: inout Turn) {
        turn.count(done.storeId, done.outletId, on: done.windowEnd.lastDate) { counts in
            counts.add(.done(done.outcome))
            guard done.outcome == .reached else { return }
            counts.add(.reached(done.kind))
            if done.inWarranty == true { counts.add(.warrantyReached) }
        }
        guard let survey = done.survey, !survey.isEmpty else { return }
        turn.count(done.storeId, done.outletId, on: turn.now.date) { $0.add(survey) }
    }
}

extension Instant {
    /// The last date of a window that ends here; 24:00 belongs to the next one.
    fileprivate var lastDate: CivilDate { Instant(microseconds: microseconds - 1).date }
}
