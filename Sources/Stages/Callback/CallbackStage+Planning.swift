import Policy
import Schema

/// How tasks come into being, and when their calls are due.
extension CallbackStage {
    /// R10, R22: a service has been done; its customer is called some days later.
    func plan(after service: ServiceCompleted, in turn: inout Turn) throws -> Verdict {
        guard turn.policy.rules.isOn(.r10), turn.policy.rules.isOn(.r22) else { return .applied }
        let id = Identifiers.callbackId(kind: CallbackKind.serviceFirst.rawValue, serviceId: service.serviceId)
        let fingerprint = service.fingerprint()
        if let known = turn.get(CallbackTask.self, id) {
            if known.fingerprint == fingerprint { return .applied }
            return .refused(Rejection("id-taken", ["serviceId": .string(service.serviceId)]))
        }
        let policy = turn.policy.callback
        var task = Self.task(
            .serviceFirst, about: .service(service.serviceId), customer: service.customer, base: turn.now.date,
            days: (policy.serviceFirstFromDays, policy.serviceFirstToDays), rule: "R22", in: &turn)
        task.product = service.product
        task.storeId = service.storeId
        task.outletId = service.outletId
        task.inWarranty = service.inWarranty
        task.fingerprint = fingerprint
        task.scheduleIfKnown(id, in: &turn)
        turn.put(task, id)
        return .applied
    }

    /// R25: the first call has reached the customer; a second one follows a week later.
    func planSecond(after first: CallbackTask, in turn: inout Turn) {
        guard turn.policy.rules.isOn(.r25), let id = Self.secondId(after: first),
            turn.get(CallbackTask.self, id) == nil
        else { return }
        let policy = turn.policy.callback
        var task = Self.task(
            .serviceSecond, about: first.about, customer: first.customer, base: turn.now.date,
            days: (policy.serviceSecondFromDays, policy.serviceSecondToDays), rule: "R25", in: &turn)
        task.product = first.product
        task.storeId = first.storeId
        task.outletId = first.outletId
        task.inWarranty = first.inWarranty
        task.correctedPhone = first.correctedPhone
        task.correctedAt = first.correctedAt
        task.scheduleIfKnown(id, in: &turn)
        turn.put(task, id)
    }

    /// The id of the second call of the service that `first` is about.
    static func secondId(after first: CallbackTask) -> String? {
        guard first.callKind == .serviceFirst, let serviceId = first.about.serviceId else { return nil }
        return Identifiers.callbackId(kind: CallbackKind.serviceSecond.rawValue, serviceId: serviceId)
    }

    /// A task whose window counts in dates from `base`; due on the first working day of the window.
    private static func task(
        _ kind: CallbackKind, about: CallbackSubject, customer: Customer, base: CivilDate,
        days: (from: Int, to: Int), rule: String, in turn: inout Turn
    ) -> CallbackTask {
        let first = base.adding(days: days.from)
        let last = base.adding(days: days.to)
        return CallbackTask(
            kind, about: about, customer: customer, base: base, opens: Term(at: first.at(hour: 0)),
            ends: Term(at: last.at(hour: 24)),
            due: turn.term(
                firstWorkingDayFrom: first, through: last, hour: turn.policy.callback.dueHour, rule: rule))
    }

    /// R10: a case has closed; each closing is called about anew.
    func plan(after closed: CaseClosed, in turn: inout Turn) -> Verdict {
        guard turn.policy.rules.isOn(.r10) else { return .applied }
        let id = Self.closingId(closed.caseId, closed.closing)
        guard turn.get(CallbackTask.self, id) == nil else { return .applied }
        let policy = turn.policy.callback
        let date = turn.now.date
        let from = policy.caseClosedFromWorkingDays
        var task = CallbackTask(
            .caseClosed,
            about: .closing(closed.closing, caseId: closed.caseId, complaintId: closed.complaintId),
            customer: closed.customer, base: date,
            opens: turn.term(workingDay: from, after: date, hour: 0, rule: "R10"),
            ends: turn.term(workingDay: policy.caseClosedToWorkingDays, after: date, hour: 24, rule: "R10"),
            due: turn.term(workingDay: from, after: date, hour: policy.dueHour, rule: "R10"))
        task.product = closed.product
        task.storeId = closed.storeId
        task.outletId = closed.outletId
        task.scheduleIfKnown(id, in: &turn)
        turn.put(task, id)
        return .applied
    }

    static func closingId(_ caseId: String, _ closing: Int) -> String {
        Identifiers.callbackId(kind: CallbackKind.caseClosed.rawValue, caseId: caseId, closing: closing)
    }

    /// R26: customers are to be told of an event, each by a call of his own: one, however often the list has his number.
    /// Whose phones have no key are all different people.
    func plan(for event: CustomerEventAnnounced, in turn: inout Turn) throws -> Verdict {
        guard turn.policy.rules.isOn(.r26) else { return .applied }
        guard event.on.at(hour: 24) <= Instant.limit else {
            return .refused(
                Rejection(
                    "date-too-far",
                    ["on": .string(event.on.description), "limit": .string(Instant.limit.description)]))
        }
        let fingerprint = event.fingerprint()
        if let known = turn.get(CustomerEventRecord.self, event.eventId) {
            if known.fingerprint == fingerprint { return .applied }
            return .refused(Rejection("id-taken", ["eventId": .string(event.eventId)]))
        }
        turn.put(CustomerEventRecord(fingerprint: fingerprint), event.eventId)
        let (opens, due) = firstCall(before: event.on, in: &turn)
        var called: Set<String> = []
        for (index, customer) in event.customers.enumerated() {
            if let key = customer.comparisonKey, !called.insert(key).inserted { continue }
            let id = Self.eventCallId(event.eventId, index)
            var task = CallbackTask(
                .customerEvent, about: .event(event.eventId), customer: customer, base: event.on, opens: opens,
                ends: Term(at: event.on.at(hour: 24)), due: due)
            task.title = event.title
            task.scheduleIfKnown(id, in: &turn)
            turn.put(task, id)
        }
        return .applied
    }

    static func eventCallId(_ eventId: String, _ customer: Int) -> String {
        Identifiers.callbackId(kind: CallbackKind.customerEvent.rawValue, eventId: eventId, customer: customer)
    }

    /// The start of the window and the first call: two weeks before the event; announced later, the next working day;
    /// announced after the event, at once.
    private func firstCall(before on: CivilDate, in turn: inout Turn) -> (opens: Term, due: Term) {
        let policy = turn.policy.callback
        let date = on.adding(days: -policy.customerEventNoticeDays)
        let planned = date.at(hour: policy.dueHour)
        if turn.now <= planned { return (Term(at: date.at(hour: 0)), Term(at: planned)) }
        if on.at(hour: 24) <= turn.now { return (Term(at: on.at(hour: 0)), Term(at: turn.now)) }
        let today = turn.now.date
        return (
            turn.term(workingDay: 1, after: today, hour: 0, rule: "R26"),
            turn.term(workingDay: 1, after: today, hour: policy.dueHour, rule: "R26")
        )
    }
}
