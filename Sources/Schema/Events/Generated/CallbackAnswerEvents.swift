// Written by scripts/generate_events.py from CallbackAnswerEvents.contract; to change it, change that.

/// `callback.satisfied`: A customer was reached and is satisfied.
package struct CallbackSatisfied: EventData {
    package static let type = EventType("callback.satisfied")

    package var callbackId: String
    package var about: CallbackSubject
    /// About a case.
    package var caseId: String?
    /// About a service.
    package var serviceId: String?
    package var atFault: CallbackCompleted.AtFault?
    package var outletId: String?
    /// As reported, else the owner of the brand in the organisation file (R17).
    package var manufacturerId: String?
    package var customer: Customer
    /// Always there about a service or a case; a customer event has none.
    package var product: Product?
    package var storeId: String?
    package var comments: String?
    package var kind: CallbackKind?
    package var score: Int?
    package var survey: [SurveyAnswer]?
    /// Who made the call: he does not decide on what comes of it.
    package var by: String?

    package init(
        callbackId: String, about: CallbackSubject, caseId: String? = nil, serviceId: String? = nil,
        atFault: CallbackCompleted.AtFault? = nil, outletId: String? = nil, manufacturerId: String? = nil,
        customer: Customer, product: Product? = nil, storeId: String? = nil, comments: String? = nil,
        kind: CallbackKind? = nil, score: Int? = nil, survey: [SurveyAnswer]? = nil, by: String? = nil
    ) {
        self.callbackId = callbackId
        self.about = about
        self.caseId = caseId
        self.serviceId = serviceId
        self.atFault = atFault
        self.outletId = outletId
        self.manufacturerId = manufacturerId
        self.customer = customer
        self.product = product
        self.storeId = storeId
        self.comments = comments
        self.kind = kind
        self.score = score
        self.survey = survey
        self.by = by
    }

    package var correlation: String? { caseId ?? about.caseId }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id),
        .required("about", CallbackSubject.shape),
        .optional("caseId", .id, says: "About a case."),
        .optional("serviceId", .id, says: "About a service."),
        .optional("atFault", .names(CallbackCompleted.AtFault.self)),
        .optional("outletId", .id),
        .optional(
            "manufacturerId", .id,
            says: "As reported, else the owner of the brand in the organisation file (R17)."),
        .required("customer", Customer.shape),
        .optional(
            "product", Product.shape,
            says: "Always there about a service or a case; a customer event has none."),
        .optional("storeId", .id),
        .optional("comments", .text(min: 0, max: 4000), personal: true),
        .optional("kind", .names(CallbackKind.self)),
        .optional("score", .integer(min: 1, max: 5)),
        .optional("survey", .array(SurveyAnswer.shape, min: 0, max: 12)),
        .optional("by", .id, says: "Who made the call: he does not decide on what comes of it."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        callbackId = try members.required("callbackId", in: tape)
        about = try members.required("about", in: tape)
        caseId = try members.optional("caseId", in: tape)
        serviceId = try members.optional("serviceId", in: tape)
        atFault = try members.optional("atFault", in: tape)
        outletId = try members.optional("outletId", in: tape)
        manufacturerId = try members.optional("manufacturerId", in: tape)
        customer = try members.required("customer", in: tape)
        product = try members.optional("product", in: tape)
        storeId = try members.optional("storeId", in: tape)
        comments = try members.optional("comments", in: tape)
        kind = try members.optional("kind", in: tape)
        score = try members.optional("score", in: tape)
        survey = try members.optional("survey", in: tape)
        by = try members.optional("by", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("callbackId", callbackId)
        writer.member("about", about)
        writer.member("caseId", caseId)
        writer.member("serviceId", serviceId)
        writer.member("atFault", atFault)
        writer.member("outletId", outletId)
        writer.member("manufacturerId", manufacturerId)
        writer.member("customer", customer)
        writer.member("product", product)
        writer.member("storeId", storeId)
        writer.member("comments", comments)
        writer.member("kind", kind)
        writer.member("score", score)
        writer.member("survey", survey)
        writer.member("by", by)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        customer.replaceTexts(replacement)
        comments = comments.replaced(replacement)
    }
}

/// `callback.dissatisfied`: A customer was reached and is not satisfied; counts once per task.
package struct CallbackDissatisfied: ComparedByContent {
    package static let type = EventType("callback.dissatisfied")

    package var callbackId: String
    package var about: CallbackSubject
    /// About a case.
    package var caseId: String?
    /// About a service.
    package var serviceId: String?
    package var atFault: CallbackCompleted.AtFault?
    package var outletId: String?
    /// As reported, else the owner of the brand in the organisation file (R17).
    package var manufacturerId: String?
    package var customer: Customer
    /// Always there about a service or a case; a customer event has none.
    package var product: Product?
    package var storeId: String?
    package var comments: String?
    package var kind: CallbackKind?
    package var score: Int?
    package var survey: [SurveyAnswer]?
    /// Who made the call: he does not decide on what comes of it.
    package var by: String?

    package init(
        callbackId: String, about: CallbackSubject, caseId: String? = nil, serviceId: String? = nil,
        atFault: CallbackCompleted.AtFault? = nil, outletId: String? = nil, manufacturerId: String? = nil,
        customer: Customer, product: Product? = nil, storeId: String? = nil, comments: String? = nil,
        kind: CallbackKind? = nil, score: Int? = nil, survey: [SurveyAnswer]? = nil, by: String? = nil
    ) {
        self.callbackId = callbackId
        self.about = about
        self.caseId = caseId
        self.serviceId = serviceId
        self.atFault = atFault
        self.outletId = outletId
        self.manufacturerId = manufacturerId
        self.customer = customer
        self.product = product
        self.storeId = storeId
        self.comments = comments
        self.kind = kind
        self.score = score
        self.survey = survey
        self.by = by
    }

    package var correlation: String? { caseId ?? about.caseId }

    package static let shape: [Shape.Field] = [
        .required("callbackId", .id),
        .required("about", CallbackSubject.shape),
        .optional("caseId", .id, says: "About a case."),
        .optional("serviceId", .id, says: "About a service."),
        .optional("atFault", .names(CallbackCompleted.AtFault.self)),
        .optional("outletId", .id),
        .optional(
            "manufacturerId", .id,
            says: "As reported, else the owner of the brand in the organisation file (R17)."),
        .required("customer", Customer.shape),
        .optional(
            "product", Product.shape,
            says: "Always there about a service or a case; a customer event has none."),
        .optional("storeId", .id),
        .optional("comments", .text(min: 0, max: 4000), personal: true),
        .optional("kind", .names(CallbackKind.self)),
        .optional("score", .integer(min: 1, max: 5)),
        .optional("survey", .array(SurveyAnswer.shape, min: 0, max: 12)),
        .optional("by", .id, says: "Who made the call: he does not decide on what comes of it."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        callbackId = try members.required("callbackId", in: tape)
        about = try members.required("about", in: tape)
        caseId = try members.optional("caseId", in: tape)
        serviceId = try members.optional("serviceId", in: tape)
        atFault = try members.optional("atFault", in: tape)
        outletId = try members.optional("outletId", in: tape)
        manufacturerId = try members.optional("manufacturerId", in: tape)
        customer = try members.required("customer", in: tape)
        product = try members.optional("product", in: tape)
        storeId = try members.optional("storeId", in: tape)
        comments = try members.optional("comments", in: tape)
        kind = try members.optional("kind", in: tape)
        score = try members.optional("score", in: tape)
        survey = try members.optional("survey", in: tape)
        by = try members.optional("by", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("callbackId", callbackId)
        writer.member("about", about)
        writer.member("caseId", caseId)
        writer.member("serviceId", serviceId)
        writer.member("atFault", atFault)
        writer.member("outletId", outletId)
        writer.member("manufacturerId", manufacturerId)
        writer.member("customer", customer)
        writer.member("product", product)
        writer.member("storeId", storeId)
        writer.member("comments", comments)
        writer.member("kind", kind)
        writer.member("score", score)
        writer.member("survey", survey)
        writer.member("by", by)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        customer.replaceTexts(replacement)
        comments = comments.replaced(replacement)
    }
}
