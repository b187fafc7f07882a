/// `callback.done`: a task has ended, however it ended; once for each task (R10). An answer is told beside it by
/// `callback.satisfied` or `callback.dissatisfied`.
package struct CallbackDone: EventData, Hashable {
    package static let type = EventType("callback.done")

    package enum Outcome: String, Codable, Hashable, Sendable, CaseIterable {
        case reached, refused, exhausted
        case wrongNumber = "wrong-number"
    }

    package var callbackId: String
    package var kind: CallbackKind
    package var outcome: Outcome
    /// 00:00 of the first date of the window.
    package var windowStart: Instant
    /// 24:00 of the last date of the window.
    package var windowEnd: Instant
    package var about: CallbackSubject
    /// Place and warranty as `callback.scheduled` said them.
    package var storeId: String?
    package var outletId: String?
    package var inWarranty: Bool?
    /// What the customer expected and got, if he was asked in the call that reached him.
    package var survey: [SurveyAnswer]?

    package init(
        callbackId: String, kind: CallbackKind, outcome: Outcome, windowStart: Instant, windowEnd: Instant,
        about: CallbackSubject, storeId: String? = nil, outletId: String? = nil, inWarranty: Bool? = nil,
        survey: [SurveyAnswer]? = nil
    ) {
        self.callbackId = callbackId
        self.kind = kind
        self.outcome = outcome
        self.windowStart = windowStart
        self.windowEnd = windowEnd
        self.about = about
        self.storeId = storeId
        self.outletId = outletId
        self.inWarranty = inWarranty
        self.survey = survey
    }

    package var correlation: String? { about.caseId }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id), .required("kind", .names(CallbackKind.self)),
        .required("outcome", .names(Outcome.self)), .required("windowStart", .time), .required("windowEnd", .time),
        .required("about", CallbackSubject.shape), .optional("storeId", .id), .optional("outletId", .id),
        .optional("inWarranty", .boolean), .optional("survey", .array(SurveyAnswer.shape, min: 0, max: 12)),
    ]
}
