// Written by scripts/generate_events.py from CaseAssignmentEvents.contract; to change it, change that.

/// Who holds a case, from the lowest tier to the highest (R01).
package enum HandlerTier: String, ContractPart, CaseIterable {
    case store, region, hq
}

/// `case.accepted`: A handler takes the case on (R34, R40).
/// Who may (R48): a person of a store of the case's complaints, of their regions, or of headquarters.
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
        .required(
            "caseId", .id,
            says: "The case: uuid5 over `case`, the complaint's source and its complaintId (`ids.json`)."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        by = try members.required("by", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("by", by)
        writer.end()
    }
}

/// `case.escalation-requested`: A handler of the tier that holds the case asks the next one to take it (R03).
/// Who may (R48): a person of the place that holds the case.
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
        .required(
            "caseId", .id,
            says: "The case: uuid5 over `case`, the complaint's source and its complaintId (`ids.json`)."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required("reason", .text(min: 1, max: 1000), personal: true, says: "Why, in words."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        by = try members.required("by", in: tape)
        reason = try members.required("reason", in: tape)
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

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        complaintId = try members.required("complaintId", in: tape)
        openCaseId = try members.required("openCaseId", in: tape)
        complaint = try members.required("complaint", in: tape)
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
        .required("handlerId", .id, says: "A storeId, a regionId, or `hq`."),
        .required("owner", .id, says: "The person who is responsible there."),
        .required("major", .boolean),
        .required(
            "dueAt", .time,
            says: "When the case moves up (or, at HQ, is overdue) unless it is resolved."),
        .optional("reason", .names(Reason.self), says: "Why; absent in what releases before 0.2 wrote."),
        .optional(
            "resolvedAt", .time,
            says: """
                Only if escalated or reopened: it has been resolved after that, which became known before. That \
                resolution holds, and is told of once more.
                """),
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
        handlerId = try members.required("handlerId", in: tape)
        owner = try members.required("owner", in: tape)
        major = try members.required("major", in: tape)
        dueAt = try members.required("dueAt", in: tape)
        reason = try members.optional("reason", in: tape)
        resolvedAt = try members.optional("resolvedAt", in: tape)
        customer = try members.optional("customer", in: tape)
        product = try members.optional("product", in: tape)
        description = try members.optional("description", in: tape)
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
        from = try members.required("from", in: tape)
        to = try members.required("to", in: tape)
        customer = try members.optional("customer", in: tape)
        product = try members.optional("product", in: tape)
        description = try members.optional("description", in: tape)
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
