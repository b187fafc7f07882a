// Written by scripts/generate_events.py from CaseEvents.contract; to change it, change that.

/// Who holds a case, from the lowest tier to the highest (R01).
package enum HandlerTier: String, ContractPart, CaseIterable {
    case store, region, hq
}

/// `case.accepted`: A handler takes the case on (R34, R40).
package struct CaseAccepted: EventData {
    package static let type = EventType("case.accepted")

    package var caseId: String
    package var by: Person

    package init(
        caseId: String, by: Person
    ) {
        self.caseId = caseId
        self.by = by
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id),
        .required("by", Person.shape),
    ]

    package init(reading json: JSON) throws {
        var members = try MemberPlaces(of: json)
        caseId = try members.required("caseId")
        by = try members.required("by")
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("by", by)
        writer.end()
    }
}

/// `case.escalation-requested`: A handler of the tier that holds the case asks the next one to take it (R03).
package struct CaseEscalationRequested: EventData {
    package static let type = EventType("case.escalation-requested")

    package var caseId: String
    package var by: Person
    package var reason: String

    package init(
        caseId: String, by: Person, reason: String
    ) {
        self.caseId = caseId
        self.by = by
        self.reason = reason
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id),
        .required("by", Person.shape),
        .required("reason", .text(min: 1, max: 1000), personal: true),
    ]

    package init(reading json: JSON) throws {
        var members = try MemberPlaces(of: json)
        caseId = try members.required("caseId")
        by = try members.required("by")
        reason = try members.required("reason")
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("by", by)
        writer.member("reason", reason)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        reason = reason.replaced(replacement)
    }
}

/// `case.duplicate-linked`: A complaint about a matter whose case is open already; no second case is opened.
///
/// `caseId` is the id that the complaint has by its own source and complaintId (and keeps, should it come again);
/// `openCaseId` is the case that it is linked to.
package struct CaseDuplicateLinked: EventData {
    package static let type = EventType("case.duplicate-linked")

    package var caseId: String
    package var complaintId: String
    package var openCaseId: String
    package var complaint: ComplaintReceived

    package init(
        caseId: String, complaintId: String, openCaseId: String, complaint: ComplaintReceived
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.openCaseId = openCaseId
        self.complaint = complaint
    }

    package var ruleTime: Instant? { complaint.receivedAt }
    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id),
        .required("complaintId", .id),
        .required("openCaseId", .id),
        .required("complaint", ComplaintReceived.takenShape),
    ]

    package init(reading json: JSON) throws {
        var members = try MemberPlaces(of: json)
        caseId = try members.required("caseId")
        complaintId = try members.required("complaintId")
        openCaseId = try members.required("openCaseId")
        complaint = try members.required("complaint")
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("openCaseId", openCaseId)
        writer.member("complaint", complaint)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        complaint.replaceTexts(replacement)
    }
}

/// `case.assigned`: Routing has given the case to a handler (R01, R03, R28); deadlines run anew.
package struct CaseAssigned: EventData {
    package static let type = EventType("case.assigned")

    /// Why the case is given to somebody. After `escalated` and `reopened` it must be resolved anew.
    package enum Reason: String, ContractPart, CaseIterable {
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
        self.reason = reason
        self.resolvedAt = resolvedAt
        self.customer = customer
        self.product = product
        self.description = description
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id),
        .required("complaintId", .id),
        .required("tier", .names(HandlerTier.self)),
        .required("handlerId", .id),
        .required("owner", .id),
        .required("major", .boolean),
        .required("dueAt", .time),
        .optional("reason", .names(Reason.self)),
        .optional("resolvedAt", .time),
        .optional("customer", Customer.shape),
        .optional("product", Product.shape),
        .optional("description", .text(min: 1, max: 4000), personal: true),
    ]

    package init(reading json: JSON) throws {
        var members = try MemberPlaces(of: json)
        caseId = try members.required("caseId")
        complaintId = try members.required("complaintId")
        tier = try members.required("tier")
        handlerId = try members.required("handlerId")
        owner = try members.required("owner")
        major = try members.required("major")
        dueAt = try members.required("dueAt")
        reason = try members.optional("reason")
        resolvedAt = try members.optional("resolvedAt")
        customer = try members.optional("customer")
        product = try members.optional("product")
        description = try members.optional("description")
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("tier", tier)
        writer.member("handlerId", handlerId)
        writer.member("owner", owner)
        writer.member("major", major)
        writer.member("dueAt", dueAt)
        writer.member("reason", reason)
        writer.member("resolvedAt", resolvedAt)
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

/// `case.escalated`: The case moves up (R03, R04); a `case.assigned` follows.
package struct CaseEscalated: EventData {
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
        .required("caseId", .id),
        .required("complaintId", .id),
        .required("from", .names(HandlerTier.self)),
        .required("to", .names(HandlerTier.self)),
        .optional("customer", Customer.shape),
        .optional("product", Product.shape),
        .optional("description", .text(min: 1, max: 4000), personal: true),
    ]

    package init(reading json: JSON) throws {
        var members = try MemberPlaces(of: json)
        caseId = try members.required("caseId")
        complaintId = try members.required("complaintId")
        from = try members.required("from")
        to = try members.required("to")
        customer = try members.optional("customer")
        product = try members.optional("product")
        description = try members.optional("description")
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("from", from)
        writer.member("to", to)
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

/// `case.overdue`: Nobody at HQ has resolved the case in time (R03), or accepted a crisis within the hour (R34).
package struct CaseOverdue: EventData {
    package static let type = EventType("case.overdue")

    /// The rule whose term has run out.
    package enum Rule: String, ContractPart, CaseIterable {
        case R03, R34
    }

    package var caseId: String
    package var complaintId: String
    package var rule: Rule

    package init(
        caseId: String, complaintId: String, rule: Rule
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.rule = rule
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id),
        .required("complaintId", .id),
        .required("rule", .names(Rule.self)),
    ]

    package init(reading json: JSON) throws {
        var members = try MemberPlaces(of: json)
        caseId = try members.required("caseId")
        complaintId = try members.required("complaintId")
        rule = try members.required("rule")
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("rule", rule)
        writer.end()
    }
}

/// `crisis.alerted`: A complaint tells of injury, fire or the media (R34).
package struct CrisisAlerted: EventData {
    package static let type = EventType("crisis.alerted")

    package var caseId: String
    package var complaintId: String
    package var hazards: [String]

    package init(
        caseId: String, complaintId: String, hazards: [String]
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.hazards = hazards
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id),
        .required("complaintId", .id),
        .required("hazards", .array(.oneOf(ComplaintReceived.hazards), min: 1, max: 4)),
    ]

    package init(reading json: JSON) throws {
        var members = try MemberPlaces(of: json)
        caseId = try members.required("caseId")
        complaintId = try members.required("complaintId")
        hazards = try members.required("hazards")
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("hazards", hazards)
        writer.end()
    }
}

/// `customer.reply-overdue`: No contact with the customer within the term for a reply (R43).
package struct CustomerReplyOverdue: EventData {
    package static let type = EventType("customer.reply-overdue")

    package var caseId: String
    package var complaintId: String
    /// When the complaint was received whose customer waits.
    package var receivedAt: Instant?

    package init(
        caseId: String, complaintId: String, receivedAt: Instant? = nil
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.receivedAt = receivedAt
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id),
        .required("complaintId", .id),
        .optional("receivedAt", .time),
    ]

    package init(reading json: JSON) throws {
        var members = try MemberPlaces(of: json)
        caseId = try members.required("caseId")
        complaintId = try members.required("complaintId")
        receivedAt = try members.optional("receivedAt")
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("receivedAt", receivedAt)
        writer.end()
    }
}

/// `customer.inform-overdue`: The customer was not told of the solution on the day of it (R24).
package struct CustomerInformOverdue: EventData {
    package static let type = EventType("customer.inform-overdue")

    package var caseId: String
    package var complaintId: String

    package init(
        caseId: String, complaintId: String
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id),
        .required("complaintId", .id),
    ]

    package init(reading json: JSON) throws {
        var members = try MemberPlaces(of: json)
        caseId = try members.required("caseId")
        complaintId = try members.required("complaintId")
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.end()
    }
}

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

    package init(reading json: JSON) throws {
        var members = try MemberPlaces(of: json)
        caseId = try members.required("caseId")
        complaintId = try members.required("complaintId")
        missing = try members.required("missing")
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
        .required("closing", .integer(min: 1, max: Shape.integerLimit)),
        .required("customer", Customer.shape),
        .required("product", Product.shape),
        .optional("storeId", .id),
        .optional("regionId", .id),
        .optional("outletId", .id),
        .required("liability", .names(CaseResolved.Liability.self)),
        .required("tier", .names(HandlerTier.self)),
        .optional("resolvedAt", .time),
        .optional("respondedAt", .time),
        .optional("contactedAt", .time),
        .optional("documents", .integer(min: 0, max: Shape.integerLimit)),
        .optional("liableParty", .text(min: 1, max: 200), personal: true),
        .optional("receivedAt", .time),
        .optional("hazards", .array(.oneOf(ComplaintReceived.hazards), min: 0, max: 4)),
        .optional("by", .id),
    ]

    package init(reading json: JSON) throws {
        var members = try MemberPlaces(of: json)
        caseId = try members.required("caseId")
        complaintId = try members.required("complaintId")
        closedAt = try members.required("closedAt")
        closing = try members.required("closing")
        customer = try members.required("customer")
        product = try members.required("product")
        storeId = try members.optional("storeId")
        regionId = try members.optional("regionId")
        outletId = try members.optional("outletId")
        liability = try members.required("liability")
        tier = try members.required("tier")
        resolvedAt = try members.optional("resolvedAt")
        respondedAt = try members.optional("respondedAt")
        contactedAt = try members.optional("contactedAt")
        documents = try members.optional("documents")
        liableParty = try members.optional("liableParty")
        receivedAt = try members.optional("receivedAt")
        hazards = try members.optional("hazards")
        by = try members.optional("by")
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
        .optional("closing", .integer(min: 1, max: Shape.integerLimit)),
        .optional("customer", Customer.shape),
        .optional("product", Product.shape),
        .optional("description", .text(min: 1, max: 4000), personal: true),
    ]

    package init(reading json: JSON) throws {
        var members = try MemberPlaces(of: json)
        caseId = try members.required("caseId")
        complaintId = try members.required("complaintId")
        tier = try members.required("tier")
        closing = try members.optional("closing")
        customer = try members.optional("customer")
        product = try members.optional("product")
        description = try members.optional("description")
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
