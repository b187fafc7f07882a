// Written by scripts/generate_events.py from CompensationEvents.contract; to change it, change that.

/// Why the customer is paid; decides which rule a request follows (R05, R06, R07).
package enum CompensationCause: String, ContractPart, CaseIterable {
    case manufacturer
    case ownPost = "own-post"
    case outlet
    case product
    case goodwill
}

/// `compensation.requested`: A handler asks to pay the customer in advance from the after-sales fund.
/// Who may (R48): a person of the case's store, of its region, or of headquarters.
package struct CompensationRequested: ComparedByContent {
    package static let type = EventType("compensation.requested")

    /// The name that the requester gives this request; no other has it.
    package var requestId: String
    package var caseId: String
    /// How much is asked for, in fen (CNY 0.01).
    package var amountFen: Int64
    /// Whose doing makes the payment necessary; it decides the way of the request (R05, R06, R07).
    package var cause: CompensationCause
    package var by: Person

    package init(
        requestId: String, caseId: String, amountFen: Int64, cause: CompensationCause, by: Person
    ) {
        self.requestId = requestId
        self.caseId = caseId
        self.amountFen = amountFen
        self.cause = cause
        self.by = by
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id, says: "The name that the requester gives this request; no other has it."),
        .required(
            "caseId", .id,
            says: "The case: uuid5 over `case`, the complaint's source and its complaintId (`ids.json`)."),
        .required("amountFen", .positiveFen, says: "How much is asked for, in fen (CNY 0.01)."),
        .required(
            "cause", .names(CompensationCause.self),
            says: "Whose doing makes the payment necessary; it decides the way of the request (R05, R06, R07)."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        caseId = try members.required("caseId", in: tape)
        amountFen = try members.required("amountFen", in: tape)
        cause = try members.required("cause", in: tape)
        by = try members.required("by", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("caseId", caseId)
        writer.member("amountFen", amountFen)
        writer.member("cause", cause)
        writer.member("by", by)
        writer.end()
    }
}

/// `compensation.decided`: A person decides a request that was referred to his tier (R05).
/// Who may (R48): a person of the case's region or of headquarters, as R05 has it.
package struct CompensationDecided: EventData {
    package static let type = EventType("compensation.decided")

    package var requestId: String
    package var approved: Bool
    package var by: Person
    /// At most the requested amount, which holds where this is absent.
    package var amountFen: Int64?
    /// The severity that HQ records for a manufacturer's cause (R06).
    package var severity: Int?
    package var reason: String?

    package init(
        requestId: String, approved: Bool, by: Person, amountFen: Int64? = nil, severity: Int? = nil,
        reason: String? = nil
    ) {
        self.requestId = requestId
        self.approved = approved
        self.by = by
        self.amountFen = amountFen
        self.severity = severity
        self.reason = reason
    }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id, says: "The request for money, as `compensation.requested` has named it."),
        .required("approved", .boolean, says: "Whether it is approved; if not, it is rejected."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .optional("amountFen", .fen, says: "At most the requested amount, which holds where this is absent."),
        .optional(
            "severity", .integer(min: 1, max: 4),
            says: "The severity that HQ records for a manufacturer's cause (R06)."),
        .optional("reason", .text(min: 0, max: 1000), personal: true, says: "Why, in words."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        approved = try members.required("approved", in: tape)
        by = try members.required("by", in: tape)
        amountFen = try members.optional("amountFen", in: tape)
        severity = try members.optional("severity", in: tape)
        reason = try members.optional("reason", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("approved", approved)
        writer.member("by", by)
        writer.member("amountFen", amountFen)
        writer.member("severity", severity)
        writer.member("reason", reason)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        reason = reason.replaced(replacement)
    }
}

/// `compensation.authorised`: The request is within the cap; the fund pays (R05).
package struct CompensationAuthorised: EventData {
    package static let type = EventType("compensation.authorised")

    package var requestId: String
    package var amountFen: Int64
    package var caseId: String?
    package var complaintId: String?
    package var cause: CompensationCause?
    package var brand: String?
    /// 1 to 4, as HQ recorded it (R06).
    package var severity: Int?

    package init(
        requestId: String, amountFen: Int64, caseId: String? = nil, complaintId: String? = nil,
        cause: CompensationCause? = nil, brand: String? = nil, severity: Int? = nil
    ) {
        self.requestId = requestId
        self.amountFen = amountFen
        self.caseId = caseId
        self.complaintId = complaintId
        self.cause = cause
        self.brand = brand
        self.severity = severity
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id),
        .required("amountFen", .positiveFen),
        .optional("caseId", .id),
        .optional("complaintId", .id),
        .optional("cause", .names(CompensationCause.self)),
        .optional("brand", .text(min: 1, max: 200)),
        .optional("severity", .integer(min: 1, max: 4), says: "1 to 4, as HQ recorded it (R06)."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        amountFen = try members.required("amountFen", in: tape)
        caseId = try members.optional("caseId", in: tape)
        complaintId = try members.optional("complaintId", in: tape)
        cause = try members.optional("cause", in: tape)
        brand = try members.optional("brand", in: tape)
        severity = try members.optional("severity", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("amountFen", amountFen)
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("cause", cause)
        writer.member("brand", brand)
        writer.member("severity", severity)
        writer.end()
    }
}

/// `compensation.pending`: The request waits for others to act first (R06, R07).
package struct CompensationPending: EventData {
    package static let type = EventType("compensation.pending")

    package var requestId: String
    package var amountFen: Int64
    /// When the request is referred unless the case is resolved by then.
    package var until: Instant
    package var caseId: String?
    package var complaintId: String?

    package init(
        requestId: String, amountFen: Int64, until: Instant, caseId: String? = nil, complaintId: String? = nil
    ) {
        self.requestId = requestId
        self.amountFen = amountFen
        self.until = until
        self.caseId = caseId
        self.complaintId = complaintId
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id),
        .required("amountFen", .positiveFen),
        .required("until", .time, says: "When the request is referred unless the case is resolved by then."),
        .optional("caseId", .id),
        .optional("complaintId", .id),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        amountFen = try members.required("amountFen", in: tape)
        until = try members.required("until", in: tape)
        caseId = try members.optional("caseId", in: tape)
        complaintId = try members.optional("complaintId", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("amountFen", amountFen)
        writer.member("until", until)
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.end()
    }
}

/// `compensation.referred`: The request is above the cap, or waited in vain; `to` decides (R05, R06, R07).
package struct CompensationReferred: EventData {
    package static let type = EventType("compensation.referred")

    package var requestId: String
    package var amountFen: Int64
    package var to: HandlerTier
    package var caseId: String?
    package var complaintId: String?

    package init(
        requestId: String, amountFen: Int64, to: HandlerTier, caseId: String? = nil, complaintId: String? = nil
    ) {
        self.requestId = requestId
        self.amountFen = amountFen
        self.to = to
        self.caseId = caseId
        self.complaintId = complaintId
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id),
        .required("amountFen", .positiveFen),
        .required("to", .names(HandlerTier.self)),
        .optional("caseId", .id),
        .optional("complaintId", .id),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        amountFen = try members.required("amountFen", in: tape)
        to = try members.required("to", in: tape)
        caseId = try members.optional("caseId", in: tape)
        complaintId = try members.optional("complaintId", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("amountFen", amountFen)
        writer.member("to", to)
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.end()
    }
}

/// `compensation.refused`: Nothing is paid.
package struct CompensationRefused: EventData {
    package static let type = EventType("compensation.refused")

    package enum Reason: String, ContractPart, CaseIterable {
        case caseClosed = "case-closed"
        case manufacturerNotContacted = "manufacturer-not-contacted"
        case resolvedFirst = "resolved-first"
        case notApproved = "not-approved"
    }

    package var requestId: String
    package var amountFen: Int64
    package var reason: Reason
    package var caseId: String?
    package var complaintId: String?

    package init(
        requestId: String, amountFen: Int64, reason: Reason, caseId: String? = nil, complaintId: String? = nil
    ) {
        self.requestId = requestId
        self.amountFen = amountFen
        self.reason = reason
        self.caseId = caseId
        self.complaintId = complaintId
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id),
        .required("amountFen", .positiveFen),
        .required("reason", .names(Reason.self)),
        .optional("caseId", .id),
        .optional("complaintId", .id),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        amountFen = try members.required("amountFen", in: tape)
        reason = try members.required("reason", in: tape)
        caseId = try members.optional("caseId", in: tape)
        complaintId = try members.optional("complaintId", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("amountFen", amountFen)
        writer.member("reason", reason)
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.end()
    }
}
