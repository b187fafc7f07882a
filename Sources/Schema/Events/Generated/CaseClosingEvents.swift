// Written by scripts/generate_events.py from CaseClosingEvents.contract; to change it, change that.

/// `case.close-blocked`: The case is resolved but cannot close yet; said once per resolution (R36).
package struct CaseCloseBlocked: EventData {
    package static let type = EventType("case.close-blocked")

    /// What stands in the way: documents not listed, requests pending or referred.
    package enum Missing: String, ContractPart, CaseIterable {
        case documents, requests
    }

    package var caseId: String
    package var complaintId: String
    package var missing: [Missing]

    package init(
        caseId: String, complaintId: String, missing: [Missing]
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.missing = missing
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id),
        .required("complaintId", .id),
        .required("missing", .array(.names(Missing.self), min: 1, max: 2)),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        complaintId = try members.required("complaintId", in: tape)
        missing = try members.required("missing", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("missing", missing)
        writer.end()
    }
}

/// `case.closed`: The case is resolved, its documents are listed, its requests are settled (R36).
package struct CaseClosed: EventData {
    package static let type = EventType("case.closed")

    package var caseId: String
    package var complaintId: String
    package var closedAt: Instant
    /// Which closing of this case it is: 1, 2 …
    package var closing: Int
    package var customer: Customer
    package var product: Product
    package var storeId: String?
    package var regionId: String?
    package var outletId: String?
    package var liability: CaseResolved.Liability
    /// The tier that held the case last.
    package var tier: HandlerTier
    /// For the measures of the reports: the resolution that closed it.
    package var resolvedAt: Instant?
    /// The first acceptance or contact with the customer (R40).
    package var respondedAt: Instant?
    /// The first contact with the customer (R42, R43).
    package var contactedAt: Instant?
    /// How many documents are listed (R42).
    package var documents: Int?
    /// As the resolution named it.
    package var liableParty: String?
    /// When the first complaint was received.
    package var receivedAt: Instant?
    /// Of all that was said about the case.
    package var hazards: [String]?
    /// Who resolved the case: he does not decide on what comes of it.
    package var by: String?

    package init(
        caseId: String, complaintId: String, closedAt: Instant, closing: Int, customer: Customer,
        product: Product, storeId: String? = nil, regionId: String? = nil, outletId: String? = nil,
        liability: CaseResolved.Liability, tier: HandlerTier, resolvedAt: Instant? = nil,
        respondedAt: Instant? = nil, contactedAt: Instant? = nil, documents: Int? = nil,
        liableParty: String? = nil, receivedAt: Instant? = nil, hazards: [String]? = nil, by: String? = nil
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.closedAt = closedAt
        self.closing = closing
        self.customer = customer
        self.product = product
        self.storeId = storeId
        self.regionId = regionId
        self.outletId = outletId
        self.liability = liability
        self.tier = tier
        self.resolvedAt = resolvedAt
        self.respondedAt = respondedAt
        self.contactedAt = contactedAt
        self.documents = documents
        self.liableParty = liableParty
        self.receivedAt = receivedAt
        self.hazards = hazards
        self.by = by
    }

    package var ruleTime: Instant? { closedAt }
    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id),
        .required("complaintId", .id),
        .required("closedAt", .time),
        .required(
            "closing", .integer(min: 1, max: Shape.integerLimit),
            says: "Which closing of this case it is: 1, 2 …"),
        .required("customer", Customer.shape),
        .required("product", Product.shape),
        .optional("storeId", .id),
        .optional("regionId", .id),
        .optional("outletId", .id),
        .required("liability", .names(CaseResolved.Liability.self)),
        .required("tier", .names(HandlerTier.self), says: "The tier that held the case last."),
        .optional("resolvedAt", .time, says: "For the measures of the reports: the resolution that closed it."),
        .optional("respondedAt", .time, says: "The first acceptance or contact with the customer (R40)."),
        .optional("contactedAt", .time, says: "The first contact with the customer (R42, R43)."),
        .optional(
            "documents", .integer(min: 0, max: Shape.integerLimit),
            says: "How many documents are listed (R42)."),
        .optional("liableParty", .text(min: 1, max: 200), personal: true, says: "As the resolution named it."),
        .optional("receivedAt", .time, says: "When the first complaint was received."),
        .optional(
            "hazards", .array(.oneOf(ComplaintReceived.hazards), min: 0, max: 4),
            says: "Of all that was said about the case."),
        .optional("by", .id, says: "Who resolved the case: he does not decide on what comes of it."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        complaintId = try members.required("complaintId", in: tape)
        closedAt = try members.required("closedAt", in: tape)
        closing = try members.required("closing", in: tape)
        customer = try members.required("customer", in: tape)
        product = try members.required("product", in: tape)
        storeId = try members.optional("storeId", in: tape)
        regionId = try members.optional("regionId", in: tape)
        outletId = try members.optional("outletId", in: tape)
        liability = try members.required("liability", in: tape)
        tier = try members.required("tier", in: tape)
        resolvedAt = try members.optional("resolvedAt", in: tape)
        respondedAt = try members.optional("respondedAt", in: tape)
        contactedAt = try members.optional("contactedAt", in: tape)
        documents = try members.optional("documents", in: tape)
        liableParty = try members.optional("liableParty", in: tape)
        receivedAt = try members.optional("receivedAt", in: tape)
        hazards = try members.optional("hazards", in: tape)
        by = try members.optional("by", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("closedAt", closedAt)
        writer.member("closing", closing)
        writer.member("customer", customer)
        writer.member("product", product)
        writer.member("storeId", storeId)
        writer.member("regionId", regionId)
        writer.member("outletId", outletId)
        writer.member("liability", liability)
        writer.member("tier", tier)
        writer.member("resolvedAt", resolvedAt)
        writer.member("respondedAt", respondedAt)
        writer.member("contactedAt", contactedAt)
        writer.member("documents", documents)
        writer.member("liableParty", liableParty)
        writer.member("receivedAt", receivedAt)
        writer.member("hazards", hazards)
        writer.member("by", by)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        customer.replaceTexts(replacement)
        liableParty = liableParty.replaced(replacement)
    }
}

/// `case.reopened`: A closed case goes on at `tier`, as the customer is not satisfied or has complained again.
package struct CaseReopened: EventData {
    package static let type = EventType("case.reopened")

    package var caseId: String
    package var complaintId: String
    package var tier: HandlerTier
    /// The closing that is undone.
    package var closing: Int?
    /// Only in the message to the handlers' desks (`recourse.handlers`); absent on `recourse.events`, as the two below.
    package var customer: Customer?
    package var product: Product?
    package var description: String?

    package init(
        caseId: String, complaintId: String, tier: HandlerTier, closing: Int? = nil, customer: Customer? = nil,
        product: Product? = nil, description: String? = nil
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.tier = tier
        self.closing = closing
        self.customer = customer
        self.product = product
        self.description = description
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id),
        .required("complaintId", .id),
        .required("tier", .names(HandlerTier.self)),
        .optional("closing", .integer(min: 1, max: Shape.integerLimit), says: "The closing that is undone."),
        .optional(
            "customer", Customer.shape,
            says: """
                Only in the message to the handlers' desks (`recourse.handlers`); absent on `recourse.events`, as \
                the two below.
                """),
        .optional("product", Product.shape),
        .optional("description", .text(min: 1, max: 4000), personal: true),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        complaintId = try members.required("complaintId", in: tape)
        tier = try members.required("tier", in: tape)
        closing = try members.optional("closing", in: tape)
        customer = try members.optional("customer", in: tape)
        product = try members.optional("product", in: tape)
        description = try members.optional("description", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("tier", tier)
        writer.member("closing", closing)
        writer.member("customer", customer)
        writer.member("product", product)
        writer.member("description", description)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        customer?.replaceTexts(replacement)
        description = description.replaced(replacement)
    }
}
