extension EventCatalogue {
    /// What upstream publishes to `recourse.inbox`, in the order of the contract.
    static let inbound: [any EventData.Type] = [
        ComplaintReceived.self, ServiceCompleted.self, CaseAccepted.self, CaseEscalationRequested.self,
        ContactRecorded.self, CaseResolved.self, DocumentsArchived.self, CompensationRequested.self,
        CompensationDecided.self, IncidentReportSubmitted.self, LiabilityProposed.self, LiabilityApproved.self,
        RecoveryBooked.self, WriteOffProposed.self, WriteOffApproved.self, CallbackCompleted.self,
        ViolationReported.self, ViolationVerified.self, WeeklyReportSubmitted.self, PenaltyDecided.self,
        RectificationReviewed.self, AppealLodged.self, AppealDecided.self, OutletReinstated.self,
        TrainingAssessed.self, OutletSiteChecked.self, ManufacturerIncidentHandled.self, FeedbackFormSubmitted.self,
        CustomerEventAnnounced.self, LetterSent.self, CustomerErasureRequested.self,
        CaseReassigned.self, CrisisDeclared.self, CustomerContactCorrected.self, OutletEvaluated.self,
        WithdrawalRecommended.self, ManufacturerProblemReported.self, ReplacementDecided.self,
    ]

    /// What the stages emit, in the order of the contract.
    static let outgoing: [any EventData.Type] = [
        CaseOpened.self, CaseDuplicateLinked.self, CaseAssigned.self, CaseEscalated.self, CaseOverdue.self,
        CrisisAlerted.self, CustomerReplyOverdue.self, CustomerInformOverdue.self, CaseCloseBlocked.self,
        CaseClosed.self, CaseReopened.self, CompensationAuthorised.self, CompensationPending.self,
        CompensationReferred.self, CompensationRefused.self, FundDisbursed.self, FundRecovered.self,
        FundWrittenOff.self, ObligationOverdue.self, CallbackScheduled.self, CallbackDue.self,
        CallbackDone.self, CallbackExhausted.self, CallbackMissed.self, CallbackSatisfied.self,
        CallbackDissatisfied.self, LetterDue.self, ViolationRecorded.self, WeeklyReportOverdue.self,
        PenaltyProposed.self,
        PenaltySuperseded.self, NoticeIssued.self, OutletStatusChanged.self, TrainingFailed.self,
        SettlementBlocked.self, SettlementReleased.self, ManufacturerIncidentRecorded.self,
        ManufacturerReplacementDemanded.self, WeeklySummaryPublished.self, ReportPublished.self,
        CalendarMissing.self, BusinessRejected.self, EventRejected.self,
        BatchAlerted.self, CaseResolutionAccepted.self, CaseResponded.self, LiabilityDecided.self,
        RecoveryStepDue.self, CustomerRemark.self, OutletStanding.self, ManufacturerReplacementProposed.self,
        EventWaiting.self,
    ]
}
