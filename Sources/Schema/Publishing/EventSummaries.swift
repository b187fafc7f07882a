extension EventCatalogue {
    /// One sentence about each event, for the published schemas.
    static func summary(of type: EventType) -> String { summaries[type.rawValue] ?? "" }

    private static let summaries: [String: String] = [
        "complaint.received": "A customer complains (R02, R04).",
        "service.completed": "An outlet or store has installed, repaired, maintained or delivered (R10, R22, R38).",
        "case.accepted": "A handler takes the case on (R34, R40).",
        "case.escalation-requested": "A handler of the tier that holds the case asks the next one to take it (R03).",
        "contact.recorded": "A handler has spoken with somebody about the case (R06, R24, R43).",
        "case.resolved": "A handler has found the solution; it still has to be told and filed (R24, R36).",
        "documents.archived": "Documents of the case have been filed (R36).",
        "compensation.requested": "A handler asks to pay the customer in advance from the after-sales fund.",
        "compensation.decided": "A person decides a request that was referred to his tier (R05).",
        "incident-report.submitted": "The written account that is owed after a payment (R08).",
        "liability.proposed": "The opinion who bears a payment (R08, R41).",
        "liability.approved": "The opinion is approved, or refused and owed anew (R08).",
        "recovery.booked": "The liable party has paid back (R08).",
        "write-off.proposed": "A person proposes to give up the rest, or a part of it (R08).",
        "write-off.approved": "The proposal to write off is approved, or has ended (R08).",
        "callback.completed": "The call centre reports one attempt (R10, R27).",
        "violation.reported": "Somebody records a failing of an outlet; it counts only once verified (R11).",
        "violation.verified": "Another person has looked into a violation (R11).",
        "weekly-report.submitted":
            "The weekly quality report of a store; an empty list is a report that nothing happened (R09, R35).",
        "penalty.decided": "The business division decides a proposal (R11).",
        "rectification.reviewed": "HQ has looked whether an outlet has put things right (R12).",
        "appeal.lodged": "An outlet appeals against a notice.",
        "appeal.decided": "Another person decides the appeal.",
        "outlet.reinstated": "The business division ends all ladder and rectification holds of an outlet (R20).",
        "training.assessed": "The training of an outlet's staff was assessed for a quarter, or again (R15, R16).",
        "outlet.site-checked": "An outlet's site was inspected (R19).",
        "manufacturer-incident.handled": "HQ has handled an incident; the penalty letter follows (R17).",
        "feedback-form.submitted": "The feedback form of a service has come in (R38).",
        "customer-event.announced": "Customers are to be told of an event: first by telephone, then by letter (R26).",
        "letter.sent": "The letter to the customer of a customer event has gone out (R26, R27).",
        "customer.erasure-requested": "The personal data of a customer are to be erased wherever they are kept.",
        "case.reassigned": "A case is given to another person of the place that holds it (R51).",
        "crisis.declared": "Somebody has learned of a hazard that no complaint about the case has told of (R50).",
        "customer.contact-corrected":
            "The number of a customer who was called in vain under a wrong one has been found (R10).",
        "outlet.evaluated": "An outlet was evaluated for a quarter; it decides nothing (R55).",
        "withdrawal.recommended": "Somebody recommends to part with an outlet (R55).",
        "manufacturer-problem.reported": "A store reports a problem with a manufacturer (R17).",
        "replacement.decided":
            "The business division decides whether another service provider is demanded (R18).",
        "case.opened": "Intake has opened a case for a complaint.",
        "case.duplicate-linked": "A complaint about a matter whose case is open already; no second case is opened.",
        "case.assigned": "Routing has given the case to a handler (R01, R03, R28); deadlines run anew.",
        "case.escalated": "The case moves up (R03, R04); a `case.assigned` follows.",
        "case.overdue":
            "Nobody at HQ has resolved the case in time (R03), or accepted a crisis within the hour (R34).",
        "crisis.alerted": "A complaint tells of injury, fire or the media (R34).",
        "customer.reply-overdue": "No contact with the customer within the term for a reply (R43).",
        "customer.inform-overdue": "The customer was not told of the solution on the day of it (R24).",
        "case.close-blocked": "The case is resolved but cannot close yet; said once per resolution (R36).",
        "case.closed": "The case is resolved, its documents are listed, its requests are settled (R36).",
        "case.reopened": "A closed case goes on at `tier`, as the customer is not satisfied or has complained again.",
        "compensation.authorised": "The request is within the cap; the fund pays (R05).",
        "compensation.pending": "The request waits for others to act first (R06, R07).",
        "compensation.referred": "The request is above the cap, or waited in vain; `to` decides (R05, R06, R07).",
        "compensation.refused": "Nothing is paid.",
        "fund.disbursed": "The fund has paid a customer.",
        "fund.recovered": "Money has come back into the fund.",
        "fund.written-off": "A payment is given up; the balance does not change.",
        "obligation.overdue": "Something that is owed has not come in its term; said once per term.",
        "callback.scheduled": "A customer is to be called (R10); `callback.due` says when.",
        "callback.due": "The call is to be made now; once per attempt (R22, R25, R26).",
        "callback.done": "A task has ended, however it ended; once for each task (R10).",
        "callback.exhausted": "Three attempts on different dates have not reached the customer (R10).",
        "callback.missed": "The window is over and the call not done; it may still be done.",
        "callback.satisfied": "A customer was reached and is satisfied.",
        "callback.dissatisfied": "A customer was reached and is not satisfied; counts once per task.",
        "letter.due": "The customer of a customer event was reached; the letter is owed (R26).",
        "violation.recorded": "Penalty knows a violation: said at the report, and again at its verification (R11).",
        "weekly-report.overdue": "A store has not reported in time (R09, R35).",
        "penalty.proposed":
            "The violations of an outlet have reached a rung; the business division decides (R11–R13, R16).",
        "penalty.superseded":
            "A worse proposal (`by`) has taken the place of an undecided one, which can no longer be decided.",
        "notice.issued": "A letter goes out to an outlet or a manufacturer (R12, R14, R17, R18).",
        "outlet.status-changed":
            "An outlet's status or holds have changed: may work be given to it, and what of the work it has (R20).",
        "training.failed":
            "An outlet has failed a quarter (R15); `consecutive` counts failures without a pass in between.",
        "settlement.blocked":
            "A service is not settled as its feedback form is missing (R38), or an outlet as it owes (R49).",
        "settlement.released": "What held the settlement back has ended (R38, R49).",
        "manufacturer.incident-recorded":
            "A dissatisfied customer, or a store, lays the fault on a manufacturer (R17).",
        "manufacturer.replacement-demanded":
            "Three incidents in a quarter: another service provider is demanded (R18).",
        "weekly-summary.published": "What all stores reported in a week (R11).",
        "report.published": "A periodic report (R29, R33).",
        "calendar.missing": "A deadline falls into a year whose holidays nobody has entered; it waits for them.",
        "batch.alerted": "A complaint has completed a cluster; once for each span (R52).",
        "case.resolution-accepted":
            "Routing has judged a resolution: its maker may resolve the case (R48). "
            + "Who wants to know of resolutions reads this event.",
        "case.responded": "The first acceptance or contact with the customer that counts (R40); once for a case.",
        "liability.decided": "The approved opinion who bears a payment (R49).",
        "recovery.step-due": "The money has not come back; the next step of the recovery ladder is due (R49).",
        "customer.remark": "What a customer said in a call beside his answer (R54).",
        "outlet.standing":
            "Where an outlet stands on both ladders at the close of a month, as penalty counts it (R12, R13).",
        "manufacturer.replacement-proposed":
            "Three incidents in a quarter; the business division decides whether another service provider is "
            + "demanded (R18).",
        "event.waiting": "An event has waited for a minute for what it refers to; said once.",
        "business.rejected": "A well-formed event that a rule refuses; it has no other effect.",
        "event.rejected": "A document that the contract does not accept; it lies among the dead letters.",
    ]
}
