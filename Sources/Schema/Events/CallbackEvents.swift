/// `callback.completed`: the call centre reports one attempt (R10, R27).
package struct CallbackCompleted: EventData, Hashable {
    package static let type = EventType("callback.completed")

    package enum Outcome: String, Codable, Hashable, Sendable, CaseIterable {
        case reached
        case noAnswer = "no-answer"
        case refused
        case wrongNumber = "wrong-number"
    }

    /// Whose fault it was, as the customer tells it.
    package enum AtFault: String, Codable, Hashable, Sendable, CaseIterable {
        case manufacturer
        case outlet
        case ownPost = "own-post"
        case nobody = "none"
    }

    package enum Medium: String, Codable, Hashable, Sendable, CaseIterable {
        case phone, sms, visit
    }

    package var callbackId: String
    /// The number of the attempt that was asked for: 1, 2 …
    package var attempt: Int
    package var attemptAt: Instant
    package var outcome: Outcome
    package var by: Person
    package var satisfied: Bool?
    /// 1 or 2 is dissatisfied, 3 to 5 satisfied, unless `satisfied` says so itself.
    package var score: Int?
    package var atFault: AtFault?
    package var outletId: String?
    package var manufacturerId: String?
    package var comments: String?
    package var survey: [SurveyAnswer]?
    /// By what the customer was spoken with (R27).
    package var medium: Medium?
    /// A letter to the customer was asked for in the call (R26).
    package var letter: Bool?
    /// What the customer said beside his answer (R54).
    package var remarks: [CustomerRemark.Remark]?

    package init(
        callbackId: String, attempt: Int, attemptAt: Instant, outcome: Outcome, by: Person, satisfied: Bool? = nil,
        score: Int? = nil, atFault: AtFault? = nil, outletId: String? = nil, manufacturerId: String? = nil,
        comments: String? = nil, survey: [SurveyAnswer]? = nil, medium: Medium? = nil, letter: Bool? = nil,
        remarks: [CustomerRemark.Remark]? = nil
    ) {
        self.callbackId = callbackId
        self.attempt = attempt
        self.attemptAt = attemptAt
        self.outcome = outcome
        self.by = by
        self.satisfied = satisfied
        self.score = score
        self.atFault = atFault
        self.outletId = outletId
        self.manufacturerId = manufacturerId
        self.comments = comments
        self.survey = survey
        self.medium = medium
        self.letter = letter
        self.remarks = remarks
    }

    package var ruleTime: Instant? { attemptAt }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id), .required("attempt", .integer(min: 1, max: Shape.integerLimit)),
        .required("attemptAt", .time), .required("outcome", .names(Outcome.self)), .required("by", Person.shape),
        .optional("satisfied", .boolean), .optional("score", .integer(min: 1, max: 5)),
        .optional("atFault", .names(AtFault.self)), .optional("outletId", .id), .optional("manufacturerId", .id),
        .optional("comments", .text(min: 0, max: 4000), personal: true),
        .optional("survey", .array(SurveyAnswer.shape, min: 0, max: 12)), .optional("medium", .names(Medium.self)),
        .optional("letter", .boolean),
        .optional("remarks", .array(CustomerRemark.Remark.shape, min: 0, max: 20)),
    ]
}

/// `callback.scheduled`: a customer is to be called (R10); `callback.due` says when.
package struct CallbackScheduled: EventData, Hashable {
    package static let type = EventType("callback.scheduled")

    package var callbackId: String
    package var kind: CallbackKind
    /// 00:00 of the first date of the window.
    package var windowStart: Instant
    /// 24:00 of the last date of the window.
    package var windowEnd: Instant
    package var about: CallbackSubject
    /// Whose customer it is; nil where that is not known.
    package var storeId: String?
    package var outletId: String?
    /// Of the service that the call is about.
    package var inWarranty: Bool?

    package init(
        callbackId: String, kind: CallbackKind, windowStart: Instant, windowEnd: Instant, about: CallbackSubject,
        storeId: String? = nil, outletId: String? = nil, inWarranty: Bool? = nil
    ) {
        self.callbackId = callbackId
        self.kind = kind
        self.windowStart = windowStart
        self.windowEnd = windowEnd
        self.about = about
        self.storeId = storeId
        self.outletId = outletId
        self.inWarranty = inWarranty
    }

    package var correlation: String? { about.caseId }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id), .required("kind", .names(CallbackKind.self)), .required("windowStart", .time),
        .required("windowEnd", .time), .required("about", CallbackSubject.shape), .optional("storeId", .id),
        .optional("outletId", .id), .optional("inWarranty", .boolean),
    ]
}

/// `callback.due`: the call is to be made now; once per attempt (R22, R25, R26).
package struct CallbackDue: EventData, Hashable {
    package static let type = EventType("callback.due")

    package var callbackId: String
    package var kind: CallbackKind
    /// 00:00 of the first date of the window.
    package var windowStart: Instant
    /// 24:00 of the last date of the window.
    package var windowEnd: Instant
    package var about: CallbackSubject
    package var attempt: Int
    package var customer: Customer
    package var product: Product?
    /// What a customer event is called.
    package var title: String?

    package init(
        callbackId: String, kind: CallbackKind, windowStart: Instant, windowEnd: Instant, about: CallbackSubject,
        attempt: Int, customer: Customer, product: Product? = nil, title: String? = nil
    ) {
        self.callbackId = callbackId
        self.kind = kind
        self.windowStart = windowStart
        self.windowEnd = windowEnd
        self.about = about
        self.attempt = attempt
        self.customer = customer
        self.product = product
        self.title = title
    }

    package var correlation: String? { about.caseId }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id), .required("kind", .names(CallbackKind.self)), .required("windowStart", .time),
        .required("windowEnd", .time), .required("about", CallbackSubject.shape),
        .required("attempt", .integer(min: 1, max: Shape.integerLimit)), .required("customer", Customer.shape),
        .optional("product", Product.shape), .optional("title", .text(min: 1, max: 200)),
    ]
}

/// `callback.exhausted`: three attempts on different dates have not reached the customer (R10).
package struct CallbackExhausted: EventData, Hashable {
    package static let type = EventType("callback.exhausted")

    package var callbackId: String
    package var kind: CallbackKind
    /// 00:00 of the first date of the window.
    package var windowStart: Instant
    /// 24:00 of the last date of the window.
    package var windowEnd: Instant
    package var about: CallbackSubject

    package init(
        callbackId: String, kind: CallbackKind, windowStart: Instant, windowEnd: Instant, about: CallbackSubject
    ) {
        self.callbackId = callbackId
        self.kind = kind
        self.windowStart = windowStart
        self.windowEnd = windowEnd
        self.about = about
    }

    package var correlation: String? { about.caseId }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id), .required("kind", .names(CallbackKind.self)), .required("windowStart", .time),
        .required("windowEnd", .time), .required("about", CallbackSubject.shape),
    ]
}

/// `callback.missed`: the window is over and the call not done; it may still be done.
package struct CallbackMissed: EventData, Hashable {
    package static let type = EventType("callback.missed")

    package var callbackId: String
    package var kind: CallbackKind
    /// 00:00 of the first date of the window.
    package var windowStart: Instant
    /// 24:00 of the last date of the window.
    package var windowEnd: Instant
    package var about: CallbackSubject

    package init(
        callbackId: String, kind: CallbackKind, windowStart: Instant, windowEnd: Instant, about: CallbackSubject
    ) {
        self.callbackId = callbackId
        self.kind = kind
        self.windowStart = windowStart
        self.windowEnd = windowEnd
        self.about = about
    }

    package var correlation: String? { about.caseId }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id), .required("kind", .names(CallbackKind.self)), .required("windowStart", .time),
        .required("windowEnd", .time), .required("about", CallbackSubject.shape),
    ]
}
