// Written by scripts/generate_events.py from the contract; to change it, change that.

extension EventCatalogue {
    /// Every event of the contract.
    package static let entries: [Entry] = [
        Entry(
            data: CallbackSatisfied.self, origin: .stage(.callback),
            summary:
                "A customer was reached and is satisfied."),
        Entry(
            data: CallbackDissatisfied.self, origin: .stage(.callback),
            summary:
                "A customer was reached and is not satisfied; counts once per task."),
        Entry(
            data: CallbackCompleted.self, origin: .upstream,
            summary:
                "The call centre reports one attempt (R10, R27)."),
        Entry(
            data: CallbackDone.self, origin: .stage(.callback),
            summary:
                "A task has ended, however it ended; once for each task (R10)."),
        Entry(
            data: CallbackScheduled.self, origin: .stage(.callback),
            summary:
                "A customer is to be called (R10); `callback.due` says when."),
        Entry(
            data: CallbackDue.self, origin: .stage(.callback),
            summary:
                "The call is to be made now; once per attempt (R22, R25, R26)."),
        Entry(
            data: CallbackExhausted.self, origin: .stage(.callback),
            summary:
                "Three attempts on different dates have not reached the customer (R10)."),
        Entry(
            data: CallbackMissed.self, origin: .stage(.callback),
            summary:
                "The window is over and the call not done; it may still be done."),
        Entry(
            data: CaseAccepted.self, origin: .upstream,
            summary:
                "A handler takes the case on (R34, R40). Who may (R48): a person of a store of the case's "
                + "complaints, of their regions, or of headquarters."),
        Entry(
            data: CaseEscalationRequested.self, origin: .upstream,
            summary:
                "A handler of the tier that holds the case asks the next one to take it (R03). Who may (R48): a "
                + "person of the place that holds the case."),
        Entry(
            data: CaseDuplicateLinked.self, origin: .stage(.intake),
            summary:
                "A complaint about a matter whose case is open already; no second case is opened."),
        Entry(
            data: CaseAssigned.self, origin: .stage(.routing),
            summary:
                "Routing has given the case to a handler (R01, R03, R28); deadlines run anew."),
        Entry(
            data: CaseEscalated.self, origin: .stage(.routing),
            summary:
                "The case moves up (R03, R04); a `case.assigned` follows."),
        Entry(
            data: CaseOverdue.self, origin: .stage(.routing),
            summary:
                "Nobody at HQ has resolved the case in time (R03), or accepted a crisis within the hour (R34)."),
        Entry(
            data: CrisisAlerted.self, origin: .stage(.routing),
            summary:
                "A complaint tells of injury, fire or the media (R34)."),
        Entry(
            data: CustomerReplyOverdue.self, origin: .stage(.routing),
            summary:
                "No contact with the customer within the term for a reply (R43)."),
        Entry(
            data: CustomerInformOverdue.self, origin: .stage(.routing),
            summary:
                "The customer was not told of the solution on the day of it (R24)."),
        Entry(
            data: CaseCloseBlocked.self, origin: .stage(.handling),
            summary:
                "The case is resolved but cannot close yet; said once per resolution (R36)."),
        Entry(
            data: CaseClosed.self, origin: .stage(.handling),
            summary:
                "The case is resolved, its documents are listed, its requests are settled (R36)."),
        Entry(
            data: CaseReopened.self, origin: .stage(.handling),
            summary:
                "A closed case goes on at `tier`, as the customer is not satisfied or has complained again."),
        Entry(
            data: CaseReassigned.self, origin: .upstream,
            summary:
                "A case is given to another person of the place that holds it (R51). Who may (R48): a "
                + "supervisor, the manager or the duty owner of that place, who stands in for one of them, or a "
                + "person of a place above."),
        Entry(
            data: CrisisDeclared.self, origin: .upstream,
            summary:
                "Somebody has learned of a hazard that no complaint about the case has told of (R50). Who may "
                + "(R48): anybody."),
        Entry(
            data: CompensationRequested.self, origin: .upstream,
            summary:
                "A handler asks to pay the customer in advance from the after-sales fund. Who may (R48): a "
                + "person of the case's store, of its region, or of headquarters."),
        Entry(
            data: CompensationDecided.self, origin: .upstream,
            summary:
                "A person decides a request that was referred to his tier (R05). Who may (R48): a person of the "
                + "case's region or of headquarters, as R05 has it."),
        Entry(
            data: CompensationAuthorised.self, origin: .stage(.handling),
            summary:
                "The request is within the cap; the fund pays (R05)."),
        Entry(
            data: CompensationPending.self, origin: .stage(.handling),
            summary:
                "The request waits for others to act first (R06, R07)."),
        Entry(
            data: CompensationReferred.self, origin: .stage(.handling),
            summary:
                "The request is above the cap, or waited in vain; `to` decides (R05, R06, R07)."),
        Entry(
            data: CompensationRefused.self, origin: .stage(.handling),
            summary:
                "Nothing is paid."),
        Entry(
            data: ComplaintReceived.self, origin: .upstream,
            summary:
                "A customer complains (R02, R04)."),
        Entry(
            data: CaseOpened.self, origin: .stage(.intake),
            summary:
                "Intake has opened a case for a complaint."),
        Entry(
            data: BatchAlerted.self, origin: .stage(.intake),
            summary:
                "A complaint has completed a cluster; once for each span (R52)."),
        Entry(
            data: CustomerEventAnnounced.self, origin: .upstream,
            summary:
                "Customers are to be told of an event: first by telephone, then by letter (R26)."),
        Entry(
            data: LetterDue.self, origin: .stage(.callback),
            summary:
                "The customer of a customer event was reached and wants a letter, or the policy gives everyone "
                + "one: it is owed (R26)."),
        Entry(
            data: LetterSent.self, origin: .upstream,
            summary:
                "The letter to the customer of a customer event has gone out (R26, R27)."),
        Entry(
            data: CustomerContactCorrected.self, origin: .upstream,
            summary:
                "The number of a customer who was called in vain under a wrong one has been found (R10). Who may "
                + "(R48): a person of the store of the call, of its region, or of headquarters; of a call without "
                + "a store anybody."),
        Entry(
            data: CustomerRemark.self, origin: .stage(.callback),
            summary:
                "What a customer said in a call beside his answer (R54)."),
        Entry(
            data: BusinessRejected.self, origin: .anyStage,
            summary:
                "A well-formed event that a rule refuses; it has no other effect."),
        Entry(
            data: EventRejected.self, origin: .anyStage,
            summary:
                "A document that the contract does not accept; it lies among the dead letters."),
        Entry(
            data: CalendarMissing.self, origin: .anyStage,
            summary:
                "A deadline falls into a year whose holidays nobody has entered; it waits for them."),
        Entry(
            data: EventWaiting.self, origin: .anyStage,
            summary:
                "An event has waited for a minute for what it refers to; said once."),
        Entry(
            data: RecoveryBooked.self, origin: .upstream,
            summary:
                "The liable party has paid back (R08). Who may (R48): headquarters or the business division."),
        Entry(
            data: WriteOffProposed.self, origin: .upstream,
            summary:
                "A person proposes to give up the rest, or a part of it (R08). Who may (R48): headquarters."),
        Entry(
            data: WriteOffApproved.self, origin: .upstream,
            summary:
                "The proposal to write off is approved, or has ended (R08). Who may (R48): the business division."),
        Entry(
            data: FundDisbursed.self, origin: .stage(.handling),
            summary:
                "The fund has paid a customer."),
        Entry(
            data: FundRecovered.self, origin: .stage(.handling),
            summary:
                "Money has come back into the fund."),
        Entry(
            data: FundWrittenOff.self, origin: .stage(.handling),
            summary:
                "A payment is given up; the balance does not change."),
        Entry(
            data: ContactRecorded.self, origin: .upstream,
            summary:
                "A handler has spoken with somebody about the case (R06, R24, R43). Who may (R48): a person of a "
                + "store of the case's complaints, of their regions, or of headquarters."),
        Entry(
            data: CaseResolved.self, origin: .upstream,
            summary:
                "A handler has found the solution; it still has to be told and filed (R24, R36). Who may (R48): "
                + "a person of the place that holds the case, or above."),
        Entry(
            data: DocumentsArchived.self, origin: .upstream,
            summary:
                "Documents of the case have been filed (R36). Who may (R48): a person of the case's store, of "
                + "its region, or of headquarters."),
        Entry(
            data: IncidentReportSubmitted.self, origin: .upstream,
            summary:
                "The written account that is owed after a payment (R08). Who may (R48): a person of the case's "
                + "store (without one its region, without one headquarters), or above."),
        Entry(
            data: LiabilityProposed.self, origin: .upstream,
            summary:
                "The opinion who bears a payment (R08, R41). Who may (R48): headquarters."),
        Entry(
            data: LiabilityApproved.self, origin: .upstream,
            summary:
                "The opinion is approved, or refused and owed anew (R08). Who may (R48): headquarters or the "
                + "business division."),
        Entry(
            data: ObligationOverdue.self, origin: .stage(.handling, .callback, .penalty),
            summary:
                "Something that is owed has not come in its term; said once per term."),
        Entry(
            data: ManufacturerIncidentRecorded.self, origin: .stage(.penalty),
            summary:
                "A dissatisfied customer, a store or an advance lays the fault on a manufacturer: said when that "
                + "is told, and again when headquarters has handled it (R17)."),
        Entry(
            data: ManufacturerIncidentHandled.self, origin: .upstream,
            summary:
                "HQ has handled an incident; unless it is dismissed, the penalty letter follows (R17). Who may "
                + "(R48): headquarters."),
        Entry(
            data: ManufacturerReplacementDemanded.self, origin: .stage(.penalty),
            summary:
                "The business division has approved that another service provider is demanded; the letter "
                + "follows (R18)."),
        Entry(
            data: ManufacturerProblemReported.self, origin: .upstream,
            summary:
                "A store reports a problem with a manufacturer (R17)."),
        Entry(
            data: ManufacturerReplacementProposed.self, origin: .stage(.penalty),
            summary:
                "Three upheld incidents in a quarter; the business division decides whether another service "
                + "provider is demanded (R18)."),
        Entry(
            data: ReplacementDecided.self, origin: .upstream,
            summary:
                "The business division decides whether another service provider is demanded (R18). Who may "
                + "(R48): the business division."),
        Entry(
            data: NoticeIssued.self, origin: .stage(.penalty, .handling),
            summary:
                "A letter goes out to an outlet, a manufacturer or a person (R12, R14, R17, R18, R49)."),
        Entry(
            data: RectificationReviewed.self, origin: .upstream,
            summary:
                "Somebody has looked whether an outlet has put things right (R12). Who may (R48): the outlet's "
                + "region or headquarters."),
        Entry(
            data: AppealLodged.self, origin: .upstream,
            summary:
                "An outlet appeals against a notice."),
        Entry(
            data: AppealDecided.self, origin: .upstream,
            summary:
                "Another person decides the appeal. Who may (R48): the business division."),
        Entry(
            data: OutletReinstated.self, origin: .upstream,
            summary:
                "The business division ends all ladder and rectification holds of an outlet (R20). Who may "
                + "(R48): the business division."),
        Entry(
            data: OutletSiteChecked.self, origin: .upstream,
            summary:
                "An outlet's site was inspected (R19). Who may (R48): the outlet's region or headquarters."),
        Entry(
            data: OutletStatusChanged.self, origin: .stage(.penalty),
            summary:
                "An outlet's status or holds have changed: may work be given to it, and what of the work it has "
                + "(R20)."),
        Entry(
            data: TrainingAssessed.self, origin: .upstream,
            summary:
                "The training of an outlet's staff was assessed for a quarter, or again (R15, R16). Who may "
                + "(R48): headquarters or the business division; without `by` it does not count."),
        Entry(
            data: TrainingFailed.self, origin: .stage(.penalty),
            summary:
                "An outlet has failed a quarter (R15); `consecutive` counts failures without a pass in between."),
        Entry(
            data: OutletEvaluated.self, origin: .upstream,
            summary:
                "An outlet was evaluated for a quarter; it decides nothing (R55). Who may (R48): the outlet's "
                + "region or headquarters."),
        Entry(
            data: WithdrawalRecommended.self, origin: .upstream,
            summary:
                "Somebody recommends to part with an outlet (R55). Who may (R48): the outlet's region or "
                + "headquarters."),
        Entry(
            data: OutletStanding.self, origin: .stage(.penalty),
            summary:
                "Where an outlet stands on both ladders at the close of a month, as penalty counts it (R12, R13)."),
        Entry(
            data: PenaltyProposed.self, origin: .stage(.penalty),
            summary:
                "The violations of an outlet have reached a rung; the business division decides (R11–R13, R16)."),
        Entry(
            data: PenaltySuperseded.self, origin: .stage(.penalty),
            summary:
                "A worse proposal (`by`) has taken the place of an undecided one, which can no longer be decided."),
        Entry(
            data: PenaltyDecided.self, origin: .upstream,
            summary:
                "The business division decides a proposal (R11). Who may (R48): the business division."),
        Entry(
            data: CustomerErasureRequested.self, origin: .upstream,
            summary:
                "The personal data of a customer are to be erased wherever they are kept. Who may (R48): "
                + "headquarters or the business division."),
        Entry(
            data: LiabilityDecided.self, origin: .stage(.handling),
            summary:
                "The approved opinion who bears a payment (R49)."),
        Entry(
            data: RecoveryStepDue.self, origin: .stage(.handling),
            summary:
                "The money has not come back; the next step of the recovery ladder is due (R49)."),
        Entry(
            data: WeeklySummaryPublished.self, origin: .stage(.reports),
            summary:
                "What all stores reported in a week (R11)."),
        Entry(
            data: ReportPublished.self, origin: .stage(.reports),
            summary:
                "A periodic report (R29, R33)."),
        Entry(
            data: CaseResolutionAccepted.self, origin: .stage(.routing),
            summary:
                "Routing has judged a resolution: its maker may resolve the case (R48). Who wants to know of "
                + "resolutions reads this event."),
        Entry(
            data: CaseResponded.self, origin: .stage(.handling),
            summary:
                "The first acceptance or contact with the customer that counts (R40); once for a case."),
        Entry(
            data: ServiceCompleted.self, origin: .upstream,
            summary:
                "An outlet or store has installed, repaired, maintained or delivered (R10, R22, R38)."),
        Entry(
            data: FeedbackFormSubmitted.self, origin: .upstream,
            summary:
                "The feedback form of a service has come in (R38)."),
        Entry(
            data: SettlementBlocked.self, origin: .stage(.penalty, .handling),
            summary:
                "A service is not settled as its feedback form is missing (R38), or an outlet as it owes (R49)."),
        Entry(
            data: SettlementReleased.self, origin: .stage(.penalty, .handling),
            summary:
                "What held the settlement back has ended (R38, R49)."),
        Entry(
            data: ViolationReported.self, origin: .upstream,
            summary:
                "Somebody records a failing of an outlet; it counts only once verified (R11)."),
        Entry(
            data: ViolationVerified.self, origin: .upstream,
            summary:
                "Another person has looked into a violation (R11). Who may (R48): headquarters."),
        Entry(
            data: ViolationRecorded.self, origin: .stage(.penalty),
            summary:
                "Penalty knows a violation: said at the report, and again at its verification (R11)."),
        Entry(
            data: WeeklyReportSubmitted.self, origin: .upstream,
            summary:
                "The weekly quality report of a store; an empty list is a report that nothing happened (R09, "
                + "R35). Who may (R48): that store."),
        Entry(
            data: WeeklyReportOverdue.self, origin: .stage(.penalty),
            summary:
                "A store has not reported in time (R09, R35)."),
    ]
}
