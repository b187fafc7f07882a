// Written by scripts/generate_events.py from ServiceEvents.contract; to change it, change that.

/// `service.completed`: An outlet or store has installed, repaired, maintained or delivered (R10, R22, R38).
package struct ServiceCompleted: ComparedByContent {
    package static let type = EventType("service.completed")

    package enum Kind: String, ContractPart, CaseIterable {
        case installation, repair, maintenance, delivery
    }

    /// The name that upstream gives this service; no other has it.
    package var serviceId: String
    /// What was done.
    package var kind: Kind
    /// When it was done; at most 5 minutes ahead of the business clock.
    package var completedAt: Instant
    package var customer: Customer
    /// The store that sold or ordered it.
    package var storeId: String
    /// The outlet that did it, if one did.
    package var outletId: String?
    package var product: Product
    /// Whether the goods are in warranty; such customers are all to be reached (R31).
    package var inWarranty: Bool
    /// Whether it was done at the time that was agreed.
    package var onTime: Bool?
    /// Whether the repair succeeded at the first visit.
    package var firstVisit: Bool?

    package init(
        serviceId: String, kind: Kind, completedAt: Instant, customer: Customer, storeId: String,
        outletId: String? = nil, product: Product, inWarranty: Bool, onTime: Bool? = nil,
        firstVisit: Bool? = nil
    ) {
        self.serviceId = serviceId
        self.kind = kind
        self.completedAt = completedAt
        self.customer = customer
        self.storeId = storeId
        self.outletId = outletId
        self.product = product
        self.inWarranty = inWarranty
        self.onTime = onTime
        self.firstVisit = firstVisit
    }

    package var ruleTime: Instant? { completedAt }

    package static let shape: [Shape.Field] = [
        .required("serviceId", .id, says: "The name that upstream gives this service; no other has it."),
        .required("kind", .names(Kind.self), says: "What was done."),
        .required(
            "completedAt", .time,
            says: "When it was done; at most 5 minutes ahead of the business clock."),
        .required("customer", Customer.shape, says: "The customer whom it is about."),
        .required("storeId", .id, says: "The store that sold or ordered it."),
        .optional("outletId", .id, says: "The outlet that did it, if one did."),
        .required("product", Product.shape, says: "The goods that it is about."),
        .required(
            "inWarranty", .boolean,
            says: "Whether the goods are in warranty; such customers are all to be reached (R31)."),
        .optional("onTime", .boolean, says: "Whether it was done at the time that was agreed."),
        .optional("firstVisit", .boolean, says: "Whether the repair succeeded at the first visit."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        serviceId = try members.required("serviceId", in: tape)
        kind = try members.required("kind", in: tape)
        completedAt = try members.required("completedAt", in: tape)
        customer = try members.required("customer", in: tape)
        storeId = try members.required("storeId", in: tape)
        outletId = try members.optional("outletId", in: tape)
        product = try members.required("product", in: tape)
        inWarranty = try members.required("inWarranty", in: tape)
        onTime = try members.optional("onTime", in: tape)
        firstVisit = try members.optional("firstVisit", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("serviceId", serviceId)
        writer.member("kind", kind)
        writer.member("completedAt", completedAt)
        writer.member("customer", customer)
        writer.member("storeId", storeId)
        writer.member("outletId", outletId)
        writer.member("product", product)
        writer.member("inWarranty", inWarranty)
        writer.member("onTime", onTime)
        writer.member("firstVisit", firstVisit)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        customer.replaceTexts(replacement)
    }
}

/// `feedback-form.submitted`: The feedback form of a service has come in (R38).
package struct FeedbackFormSubmitted: EventData {
    package static let type = EventType("feedback-form.submitted")

    package var serviceId: String
    package var by: Person
    package var at: Instant

    package init(
        serviceId: String, by: Person, at: Instant
    ) {
        self.serviceId = serviceId
        self.by = by
        self.at = at
    }

    package var ruleTime: Instant? { at }

    package static let shape: [Shape.Field] = [
        .required("serviceId", .id, says: "The service, as `service.completed` has named it."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required("at", .time, says: "When it happened; at most 5 minutes ahead of the business clock."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        serviceId = try members.required("serviceId", in: tape)
        by = try members.required("by", in: tape)
        at = try members.required("at", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("serviceId", serviceId)
        writer.member("by", by)
        writer.member("at", at)
        writer.end()
    }
}

/// Why a settlement is held back; a block ends by a release of the same source and reason.
package enum SettlementReason: String, ContractPart, CaseIterable {
    /// The feedback form of the service is missing (R38).
    case feedbackForm = "feedback-form"
    /// The outlet owes what the fund has paid for it (R49).
    case recovery
}

/// `settlement.blocked`: A service is not settled as its feedback form is missing (R38), or an outlet as it owes (R49).
package struct SettlementBlocked: EventData {
    package static let type = EventType("settlement.blocked")

    package var serviceId: String?
    package var outletId: String?
    /// The advance that the outlet owes; set where `serviceId` is not.
    package var requestId: String?
    /// Absent in what releases before 0.2 wrote: the feedback form.
    package var reason: SettlementReason?

    package init(
        serviceId: String? = nil, outletId: String? = nil, requestId: String? = nil,
        reason: SettlementReason? = nil
    ) {
        self.serviceId = serviceId
        self.outletId = outletId
        self.requestId = requestId
        self.reason = reason
    }

    package static let shape: [Shape.Field] = [
        .optional("serviceId", .id),
        .optional("outletId", .id),
        .optional("requestId", .id, says: "The advance that the outlet owes; set where `serviceId` is not."),
        .optional(
            "reason", .names(SettlementReason.self),
            says: "Absent in what releases before 0.2 wrote: the feedback form."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        serviceId = try members.optional("serviceId", in: tape)
        outletId = try members.optional("outletId", in: tape)
        requestId = try members.optional("requestId", in: tape)
        reason = try members.optional("reason", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("serviceId", serviceId)
        writer.member("outletId", outletId)
        writer.member("requestId", requestId)
        writer.member("reason", reason)
        writer.end()
    }
}

/// `settlement.released`: What held the settlement back has ended (R38, R49).
package struct SettlementReleased: EventData {
    package static let type = EventType("settlement.released")

    package var serviceId: String?
    package var outletId: String?
    /// The advance that the outlet owes; set where `serviceId` is not.
    package var requestId: String?
    /// Absent in what releases before 0.2 wrote: the feedback form.
    package var reason: SettlementReason?

    package init(
        serviceId: String? = nil, outletId: String? = nil, requestId: String? = nil,
        reason: SettlementReason? = nil
    ) {
        self.serviceId = serviceId
        self.outletId = outletId
        self.requestId = requestId
        self.reason = reason
    }

    package static let shape: [Shape.Field] = [
        .optional("serviceId", .id),
        .optional("outletId", .id),
        .optional("requestId", .id, says: "The advance that the outlet owes; set where `serviceId` is not."),
        .optional(
            "reason", .names(SettlementReason.self),
            says: "Absent in what releases before 0.2 wrote: the feedback form."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        serviceId = try members.optional("serviceId", in: tape)
        outletId = try members.optional("outletId", in: tape)
        requestId = try members.optional("requestId", in: tape)
        reason = try members.optional("reason", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("serviceId", serviceId)
        writer.member("outletId", outletId)
        writer.member("requestId", requestId)
        writer.member("reason", reason)
        writer.end()
    }
}
