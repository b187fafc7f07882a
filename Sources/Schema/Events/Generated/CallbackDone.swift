// Written by scripts/generate_events.py from CallbackDone.contract; to change it, change that.

/// `callback.done`: A task has ended, however it ended; once for each task (R10).
package struct CallbackDone: EventData {
    package static let type = EventType("callback.done")

    /// `wrong-number` is how releases before 0.3 ended a task; it waits for the right number since.
    package enum Outcome: String, ContractPart, CaseIterable {
        case reached
        case refused
        case exhausted
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
        .required("callbackId", .id),
        .required("kind", .names(CallbackKind.self)),
        .required("outcome", .names(Outcome.self)),
        .required("windowStart", .time, says: "00:00 of the first date of the window."),
        .required("windowEnd", .time, says: "24:00 of the last date of the window."),
        .required("about", CallbackSubject.shape),
        .optional("storeId", .id, says: "Place and warranty as `callback.scheduled` said them."),
        .optional("outletId", .id),
        .optional("inWarranty", .boolean),
        .optional(
            "survey", .array(SurveyAnswer.shape, min: 0, max: 12),
            says: "What the customer expected and got, if he was asked in the call that reached him."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        callbackId = try members.required("callbackId", in: tape)
        kind = try members.required("kind", in: tape)
        outcome = try members.required("outcome", in: tape)
        windowStart = try members.required("windowStart", in: tape)
        windowEnd = try members.required("windowEnd", in: tape)
        about = try members.required("about", in: tape)
        storeId = try members.optional("storeId", in: tape)
        outletId = try members.optional("outletId", in: tape)
        inWarranty = try members.optional("inWarranty", in: tape)
        survey = try members.optional("survey", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("callbackId", callbackId)
        writer.member("kind", kind)
        writer.member("outcome", outcome)
        writer.member("windowStart", windowStart)
        writer.member("windowEnd", windowEnd)
        writer.member("about", about)
        writer.member("storeId", storeId)
        writer.member("outletId", outletId)
        writer.member("inWarranty", inWarranty)
        writer.member("survey", survey)
        writer.end()
    }
}
