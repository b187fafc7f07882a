// Written by scripts/generate_events.py from FundEvents.contract; to change it, change that.

/// `recovery.booked`: The liable party has paid back (R08).
/// Who may (R48): headquarters or the business division.
package struct RecoveryBooked: EventData {
    package static let type = EventType("recovery.booked")

    package var requestId: String
    /// How much has come back to the fund, in fen (CNY 0.01).
    package var amountFen: Int64
    package var by: Person

    package init(
        requestId: String, amountFen: Int64, by: Person
    ) {
        self.requestId = requestId
        self.amountFen = amountFen
        self.by = by
    }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id, says: "The request for money, as `compensation.requested` has named it."),
        .required("amountFen", .positiveFen, says: "How much has come back to the fund, in fen (CNY 0.01)."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        amountFen = try members.required("amountFen", in: tape)
        by = try members.required("by", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("amountFen", amountFen)
        writer.member("by", by)
        writer.end()
    }
}

/// `write-off.proposed`: A person proposes to give up the rest, or a part of it (R08).
/// Who may (R48): headquarters.
package struct WriteOffProposed: EventData {
    package static let type = EventType("write-off.proposed")

    package var requestId: String
    /// How much of what is open is to be given up, in fen (CNY 0.01).
    package var amountFen: Int64
    package var by: Person
    package var reason: String

    package init(
        requestId: String, amountFen: Int64, by: Person, reason: String
    ) {
        self.requestId = requestId
        self.amountFen = amountFen
        self.by = by
        self.reason = reason
    }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id, says: "The request for money, as `compensation.requested` has named it."),
        .required(
            "amountFen", .positiveFen,
            says: "How much of what is open is to be given up, in fen (CNY 0.01)."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required("reason", .text(min: 1, max: 1000), personal: true, says: "Why, in words."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        amountFen = try members.required("amountFen", in: tape)
        by = try members.required("by", in: tape)
        reason = try members.required("reason", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("amountFen", amountFen)
        writer.member("by", by)
        writer.member("reason", reason)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        reason = reason.replaced(replacement)
    }
}

/// `write-off.approved`: The proposal to write off is approved, or has ended (R08).
/// Who may (R48): the business division.
package struct WriteOffApproved: EventData {
    package static let type = EventType("write-off.approved")

    package var requestId: String
    package var by: Person
    package var approved: Bool

    package init(
        requestId: String, by: Person, approved: Bool
    ) {
        self.requestId = requestId
        self.by = by
        self.approved = approved
    }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id, says: "The request for money, as `compensation.requested` has named it."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required("approved", .boolean, says: "Whether it is approved; if not, it is rejected."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        by = try members.required("by", in: tape)
        approved = try members.required("approved", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("by", by)
        writer.member("approved", approved)
        writer.end()
    }
}

/// `fund.disbursed`: The fund has paid a customer.
package struct FundDisbursed: EventData {
    package static let type = EventType("fund.disbursed")

    package var requestId: String
    package var amountFen: Int64
    /// What the fund holds afterwards; may be negative.
    package var balanceFen: Int64
    package var caseId: String?
    package var complaintId: String?
    /// 1 to 4, as HQ recorded it (R06).
    package var severity: Int?
    /// Never there: whom an approved opinion names is known only after the payment (R08). It goes with the other movements.
    package var liableKind: LiabilityProposed.Liable.Kind?

    package init(
        requestId: String, amountFen: Int64, balanceFen: Int64, caseId: String? = nil,
        complaintId: String? = nil, severity: Int? = nil, liableKind: LiabilityProposed.Liable.Kind? = nil
    ) {
        self.requestId = requestId
        self.amountFen = amountFen
        self.balanceFen = balanceFen
        self.caseId = caseId
        self.complaintId = complaintId
        self.severity = severity
        self.liableKind = liableKind
    }

    package var correlation: String? { caseId }
    package var fundMovement: FundMovement? {
        FundMovement(.disbursed, requestId: requestId, amountFen: amountFen)
    }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id),
        .required("amountFen", .positiveFen),
        .required("balanceFen", .anyInteger, says: "What the fund holds afterwards; may be negative."),
        .optional("caseId", .id),
        .optional("complaintId", .id),
        .optional("severity", .integer(min: 1, max: 4), says: "1 to 4, as HQ recorded it (R06)."),
        .optional(
            "liableKind", .names(LiabilityProposed.Liable.Kind.self),
            says: """
                Never there: whom an approved opinion names is known only after the payment (R08). It goes with the \
                other movements.
                """),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        amountFen = try members.required("amountFen", in: tape)
        balanceFen = try members.required("balanceFen", in: tape)
        caseId = try members.optional("caseId", in: tape)
        complaintId = try members.optional("complaintId", in: tape)
        severity = try members.optional("severity", in: tape)
        liableKind = try members.optional("liableKind", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("amountFen", amountFen)
        writer.member("balanceFen", balanceFen)
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("severity", severity)
        writer.member("liableKind", liableKind)
        writer.end()
    }
}

/// `fund.recovered`: Money has come back into the fund.
package struct FundRecovered: EventData {
    package static let type = EventType("fund.recovered")

    package var requestId: String
    package var amountFen: Int64
    /// What the fund holds afterwards; may be negative.
    package var balanceFen: Int64
    package var caseId: String?
    package var complaintId: String?
    /// 1 to 4, as HQ recorded it (R06).
    package var severity: Int?
    /// Whom the approved opinion names (R08).
    package var liableKind: LiabilityProposed.Liable.Kind?

    package init(
        requestId: String, amountFen: Int64, balanceFen: Int64, caseId: String? = nil,
        complaintId: String? = nil, severity: Int? = nil, liableKind: LiabilityProposed.Liable.Kind? = nil
    ) {
        self.requestId = requestId
        self.amountFen = amountFen
        self.balanceFen = balanceFen
        self.caseId = caseId
        self.complaintId = complaintId
        self.severity = severity
        self.liableKind = liableKind
    }

    package var correlation: String? { caseId }
    package var fundMovement: FundMovement? {
        FundMovement(.recovered, requestId: requestId, amountFen: amountFen)
    }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id),
        .required("amountFen", .positiveFen),
        .required("balanceFen", .anyInteger, says: "What the fund holds afterwards; may be negative."),
        .optional("caseId", .id),
        .optional("complaintId", .id),
        .optional("severity", .integer(min: 1, max: 4), says: "1 to 4, as HQ recorded it (R06)."),
        .optional(
            "liableKind", .names(LiabilityProposed.Liable.Kind.self),
            says: "Whom the approved opinion names (R08)."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        amountFen = try members.required("amountFen", in: tape)
        balanceFen = try members.required("balanceFen", in: tape)
        caseId = try members.optional("caseId", in: tape)
        complaintId = try members.optional("complaintId", in: tape)
        severity = try members.optional("severity", in: tape)
        liableKind = try members.optional("liableKind", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("amountFen", amountFen)
        writer.member("balanceFen", balanceFen)
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("severity", severity)
        writer.member("liableKind", liableKind)
        writer.end()
    }
}

/// `fund.written-off`: A payment is given up; the balance does not change.
package struct FundWrittenOff: EventData {
    package static let type = EventType("fund.written-off")

    package var requestId: String
    package var amountFen: Int64
    /// What the fund holds afterwards; may be negative.
    package var balanceFen: Int64
    package var caseId: String?
    package var complaintId: String?
    /// 1 to 4, as HQ recorded it (R06).
    package var severity: Int?
    /// Whom the approved opinion names (R08).
    package var liableKind: LiabilityProposed.Liable.Kind?

    package init(
        requestId: String, amountFen: Int64, balanceFen: Int64, caseId: String? = nil,
        complaintId: String? = nil, severity: Int? = nil, liableKind: LiabilityProposed.Liable.Kind? = nil
    ) {
        self.requestId = requestId
        self.amountFen = amountFen
        self.balanceFen = balanceFen
        self.caseId = caseId
        self.complaintId = complaintId
        self.severity = severity
        self.liableKind = liableKind
    }

    package var correlation: String? { caseId }
    package var fundMovement: FundMovement? {
        FundMovement(.writtenOff, requestId: requestId, amountFen: amountFen)
    }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id),
        .required("amountFen", .positiveFen),
        .required("balanceFen", .anyInteger, says: "What the fund holds afterwards; may be negative."),
        .optional("caseId", .id),
        .optional("complaintId", .id),
        .optional("severity", .integer(min: 1, max: 4), says: "1 to 4, as HQ recorded it (R06)."),
        .optional(
            "liableKind", .names(LiabilityProposed.Liable.Kind.self),
            says: "Whom the approved opinion names (R08)."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        amountFen = try members.required("amountFen", in: tape)
        balanceFen = try members.required("balanceFen", in: tape)
        caseId = try members.optional("caseId", in: tape)
        complaintId = try members.optional("complaintId", in: tape)
        severity = try members.optional("severity", in: tape)
        liableKind = try members.optional("liableKind", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("amountFen", amountFen)
        writer.member("balanceFen", balanceFen)
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("severity", severity)
        writer.member("liableKind", liableKind)
        writer.end()
    }
}
