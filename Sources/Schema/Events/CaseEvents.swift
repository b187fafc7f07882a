/// Who holds a case, from the lowest tier to the highest (R01).
package enum HandlerTier: String, Codable, Hashable, Sendable, CaseIterable {
    case store, region, hq
}

/// `case.accepted`: a handler takes the case on (R34, R40).
package struct CaseAccepted: EventData, Hashable {
    package static let type = EventType("case.accepted")

    package var caseId: String
    package var by: Person

    package init(caseId: String, by: Person) {
        self.caseId = caseId
        self.by = by
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [.required("caseId", .id), .required("by", Person.shape)]
}

/// `case.escalation-requested`: a handler of the tier that holds the case asks the next one to take it (R03).
package struct CaseEscalationRequested: EventData, Hashable {
    package static let type = EventType("case.escalation-requested")

    package var caseId: String
    package var by: Person
    package var reason: String

    package init(caseId: String, by: Person, reason: String) {
        self.caseId = caseId
        self.by = by
        self.reason = reason
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id), .required("by", Person.shape),
        .required("reason", .text(min: 1, max: 1000), personal: true),
    ]
}

/// `case.duplicate-linked`: a complaint about a matter whose case is open already; no second case is opened.
///
/// `caseId` is the id that the complaint has by its own source and complaintId (and keeps, should it come again);
/// `openCaseId` is the case that it is linked to.
package struct CaseDuplicateLinked: EventData, Hashable {
    package static let type = EventType("case.duplicate-linked")

    package var caseId: String
    package var complaintId: String
    package var openCaseId: String
    package var complaint: ComplaintReceived

    package init(caseId: String, complaintId: String, openCaseId: String, complaint: ComplaintReceived) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.openCaseId = openCaseId
        self.complaint = complaint
    }

    package var ruleTime: Instant? { complaint.receivedAt }
    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id), .required("complaintId", .id), .required("openCaseId", .id),
        .required("complaint", ComplaintReceived.takenShape),
    ]
}

/// `case.assigned`: routing has given the case to a handler (R01, R03, R28); deadlines run anew.
package struct CaseAssigned: EventData, Hashable {
    package static let type = EventType("case.assigned")

    /// Why the case is given to somebody. After `escalated` and `reopened` it must be resolved anew.
    package enum Reason: String, Codable, Hashable, Sendable, CaseIterable {
        case opened, escalated, reopened, reassigned
    }

    package var caseId: String
    package var complaintId: String
    package var tier: HandlerTier
    /// A storeId, a regionId, or `hq`.
    package var handlerId: String
    /// The person who is responsible there.
    package var owner: String
    package var major: Bool
    /// When the case moves up (or, at HQ, is overdue) unless it is resolved.
    package var dueAt: Instant
    /// Why; absent in what releases before 0.2 wrote.
    package var reason: Reason?
    /// Only if escalated or reopened: it has been resolved after that, which became known before. That resolution holds, and
    /// is told of once more.
    package var resolvedAt: Instant?
    /// Only in the message to the handlers' desks (`recourse.handlers`); absent on `recourse.events`, as the two below.
    package var customer: Customer?
    package var product: Product?
    package var description: String?

    package init(
        caseId: String, complaintId: String, tier: HandlerTier, handlerId: String, owner: String, major: Bool,
        dueAt: Instant, reason: Reason? = nil, resolvedAt: Instant? = nil, customer: Customer? = nil,
        product: Product? = nil, description: String? = nil
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.tier = tier
        self.handlerId = handlerId
        self.owner = owner
        self.major = major
        self.dueAt = dueAt
        self.customer = customer
        self.product = product
        self.description = description
        self.reason = reason
        self.resolvedAt = resolvedAt
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id), .required("complaintId", .id), .required("tier", .names(HandlerTier.self)),
        .required("handlerId", .id), .required("owner", .id), .required("major", .boolean),
        .required("dueAt", .time), .optional("reason", .names(Reason.self)), .optional("resolvedAt", .time),
        .optional("customer", Customer.shape), .optional("product", Product.shape),
        .optional("description", .text(min: 1, max: 4000), personal: true),
    ]
}

/// `case.escalated`: the case moves up (R03, R04); a `case.assigned` follows.
package struct CaseEscalated: EventData, Hashable {
    package static let type = EventType("case.escalated")

    package var caseId: String
    package var complaintId: String
    package var from: HandlerTier
    package var to: HandlerTier
    /// Only in the message to the handlers' desks (`recourse.handlers`); absent on `recourse.events`, as the two below.
    package var customer: Customer?
    package var product: Product?
    package var description: String?

    package init(
        caseId: String, complaintId: String, from: HandlerTier, to: HandlerTier, customer: Customer? = nil,
        product: Product? = nil, description: String? = nil
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.from = from
        self.to = to
        self.customer = customer
        self.product = product
        self.description = description
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id), .required("complaintId", .id), .required("from", .names(HandlerTier.self)),
        .required("to", .names(HandlerTier.self)), .optional("customer", Customer.shape),
        .optional("product", Product.shape), .optional("description", .text(min: 1, max: 4000), personal: true),
    ]
}

/// `case.overdue`: nobody at HQ has resolved the case in time (R03), or accepted a crisis within the hour (R34).
package struct CaseOverdue: EventData, Hashable {
    package static let type = EventType("case.overdue")

    /// The rule whose term has run out.
    package enum Rule: String, Codable, Hashable, Sendable, CaseIterable {
        case R03, R34
    }

    package var caseId: String
    package var complaintId: String
    package var rule: Rule

    package init(caseId: String, complaintId: String, rule: Rule) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.rule = rule
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id), .required("complaintId", .id), .required("rule", .names(Rule.self)),
    ]
}

/// `crisis.alerted`: a complaint tells of injury, fire or the media (R34).
package struct CrisisAlerted: EventData, Hashable {
    package static let type = EventType("crisis.alerted")

    package var caseId: String
    package var complaintId: String
    package var hazards: [String]

    package init(caseId: String, complaintId: String, hazards: [String]) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.hazards = hazards
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id), .required("complaintId", .id),
        .required("hazards", .array(.oneOf(ComplaintReceived.hazards), min: 1, max: 4)),
    ]
}

/// `customer.reply-overdue`: no contact with the customer within the term for a reply (R43).
package struct CustomerReplyOverdue: EventData, Hashable {
    package static let type = EventType("customer.reply-overdue")

    package var caseId: String
    package var complaintId: String
    /// When the complaint was received whose customer waits.
    package var receivedAt: Instant?

    package init(caseId: String, complaintId: String, receivedAt: Instant? = nil) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.receivedAt = receivedAt
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id), .required("complaintId", .id), .optional("receivedAt", .time),
    ]
}

/// `customer.inform-overdue`: the customer was not told of the solution on the day of it (R24).
package struct CustomerInformOverdue: EventData, Hashable {
    package static let type = EventType("customer.inform-overdue")

    package var caseId: String
    package var complaintId: String

    package init(caseId: String, complaintId: String) {
        self.caseId = caseId
        self.complaintId = complaintId
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [.required("caseId", .id), .required("complaintId", .id)]
}

/// `case.close-blocked`: the case is resolved but cannot close yet; said once per resolution (R36).
package struct CaseCloseBlocked: EventData, Hashable {
    package static let type = EventType("case.close-blocked")

    /// What stands in the way: documents not listed, requests pending or referred.
    package enum Missing: String, Codable, Hashable, Sendable, CaseIterable {
        case documents, requests
    }

    package var caseId: String
    package var complaintId: String
    package var missing: [Missing]

    package init(caseId: String, complaintId: String, missing: [Missing]) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.missing = missing
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id), .required("complaintId", .id),
        .required("missing", .array(.names(Missing.self), min: 1, max: 2)),
    ]
}

/// `case.closed`: the case is resolved, its documents are listed, its requests are settled (R36).
package struct CaseClosed: EventData, Hashable {
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
        caseId: String, complaintId: String, closedAt: Instant, closing: Int, customer: Customer, product: Product,
        storeId: String? = nil, regionId: String? = nil, outletId: String? = nil, liability: CaseResolved.Liability,
        tier: HandlerTier, resolvedAt: Instant? = nil, respondedAt: Instant? = nil, contactedAt: Instant? = nil,
        documents: Int? = nil, liableParty: String? = nil, receivedAt: Instant? = nil, hazards: [String]? = nil,
        by: String? = nil
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
        .required("caseId", .id), .required("complaintId", .id), .required("closedAt", .time),
        .required("closing", .integer(min: 1, max: Shape.integerLimit)), .required("customer", Customer.shape),
        .required("product", Product.shape), .optional("storeId", .id), .optional("regionId", .id),
        .optional("outletId", .id), .required("liability", .names(CaseResolved.Liability.self)),
        .required("tier", .names(HandlerTier.self)), .optional("resolvedAt", .time),
        .optional("respondedAt", .time), .optional("contactedAt", .time),
        .optional("documents", .integer(min: 0, max: Shape.integerLimit)),
        .optional("liableParty", .text(min: 1, max: 200), personal: true),
        .optional("receivedAt", .time), .optional("hazards", .array(.oneOf(ComplaintReceived.hazards), min: 0, max: 4)),
        .optional("by", .id),
    ]
}

/// `case.reopened`: a closed case goes on at `tier`, as the customer is not satisfied or has complained again.
package struct CaseReopened: EventData, Hashable {
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
        .required("caseId", .id), .required("complaintId", .id), .required("tier", .names(HandlerTier.self)),
        .optional("closing", .integer(min: 1, max: Shape.integerLimit)), .optional("customer", Customer.shape),
        .optional("product", Product.shape), .optional("description", .text(min: 1, max: 4000), personal: true),
    ]
}
