/// `service.completed`: an outlet or store has installed, repaired, maintained or delivered (R10, R22, R38).
package struct ServiceCompleted: ComparedByContent, Hashable {
    package static let type = EventType("service.completed")

    package enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        case installation, repair, maintenance, delivery
    }

    package var serviceId: String
    package var kind: Kind
    package var completedAt: Instant
    package var customer: Customer
    package var storeId: String
    package var outletId: String?
    package var product: Product
    package var inWarranty: Bool
    package var onTime: Bool?
    /// The repair succeeded at the first visit.
    package var firstVisit: Bool?

    package init(
        serviceId: String, kind: Kind, completedAt: Instant, customer: Customer, storeId: String,
        outletId: String? = nil, product: Product, inWarranty: Bool, onTime: Bool? = nil, firstVisit: Bool? = nil
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
        .required("serviceId", .id), .required("kind", .names(Kind.self)), .required("completedAt", .time),
        .required("customer", Customer.shape), .required("storeId", .id), .optional("outletId", .id),
        .required("product", Product.shape), .required("inWarranty", .boolean), .optional("onTime", .boolean),
        .optional("firstVisit", .boolean),
    ]
}

/// `feedback-form.submitted`: the feedback form of a service has come in (R38).
package struct FeedbackFormSubmitted: EventData, Hashable {
    package static let type = EventType("feedback-form.submitted")

    package var serviceId: String
    package var by: Person
    package var at: Instant

    package init(serviceId: String, by: Person, at: Instant) {
        self.serviceId = serviceId
        self.by = by
        self.at = at
    }

    package var ruleTime: Instant? { at }

    package static let shape: [Shape.Field] = [
        .required("serviceId", .id), .required("by", Person.shape), .required("at", .time),
    ]
}

/// `settlement.blocked`: the feedback form of a service is missing, so the service is not settled (R38).
package struct SettlementBlocked: EventData, Hashable {
    package static let type = EventType("settlement.blocked")

    package var serviceId: String
    package var outletId: String?

    package init(serviceId: String, outletId: String? = nil) {
        self.serviceId = serviceId
        self.outletId = outletId
    }

    package static let shape: [Shape.Field] = [.required("serviceId", .id), .optional("outletId", .id)]
}

/// `settlement.released`: the missing feedback form has come; the service may be settled (R38).
package struct SettlementReleased: EventData, Hashable {
    package static let type = EventType("settlement.released")

    package var serviceId: String
    package var outletId: String?

    package init(serviceId: String, outletId: String? = nil) {
        self.serviceId = serviceId
        self.outletId = outletId
    }

    package static let shape: [Shape.Field] = [.required("serviceId", .id), .optional("outletId", .id)]
}
