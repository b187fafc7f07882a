/// Money that the after-sales fund has paid, got back or given up for one request (R05–R08).
package struct FundMovement: Hashable, Sendable {
    package enum Side: Int, Sendable, CaseIterable {
        case disbursed = 0
        case recovered = 1
        /// A claim is given up; no money moves.
        case writtenOff = 2
    }

    package let side: Side
    package let requestId: String
    /// Above 0.
    package let amountFen: Int64

    package init(_ side: Side, requestId: String, amountFen: Int64) {
        self.side = side
        self.requestId = requestId
        self.amountFen = amountFen
    }
}

/// `recovery.booked`: the liable party has paid back (R08).
package struct RecoveryBooked: EventData, Hashable {
    package static let type = EventType("recovery.booked")

    package var requestId: String
    package var amountFen: Int64
    package var by: Person

    package init(requestId: String, amountFen: Int64, by: Person) {
        self.requestId = requestId
        self.amountFen = amountFen
        self.by = by
    }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id), .required("amountFen", .positiveFen), .required("by", Person.shape),
    ]
}

/// `write-off.proposed`: a person proposes to give up the rest, or a part of it (R08).
package struct WriteOffProposed: EventData, Hashable {
    package static let type = EventType("write-off.proposed")

    package var requestId: String
    package var amountFen: Int64
    package var by: Person
    package var reason: String

    package init(requestId: String, amountFen: Int64, by: Person, reason: String) {
        self.requestId = requestId
        self.amountFen = amountFen
        self.by = by
        self.reason = reason
    }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id), .required("amountFen", .positiveFen), .required("by", Person.shape),
        .required("reason", .text(min: 1, max: 1000), personal: true),
    ]
}

/// `write-off.approved`: the proposal to write off is approved, or has ended (R08).
package struct WriteOffApproved: EventData, Hashable {
    package static let type = EventType("write-off.approved")

    package var requestId: String
    package var by: Person
    package var approved: Bool

    package init(requestId: String, by: Person, approved: Bool) {
        self.requestId = requestId
        self.by = by
        self.approved = approved
    }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id), .required("by", Person.shape), .required("approved", .boolean),
    ]
}

/// `fund.disbursed`: the fund has paid a customer.
package struct FundDisbursed: EventData, Hashable {
    package static let type = EventType("fund.disbursed")

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
        requestId: String, amountFen: Int64, balanceFen: Int64, caseId: String? = nil, complaintId: String? = nil,
        severity: Int? = nil, liableKind: LiabilityProposed.Liable.Kind? = nil
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
        .required("requestId", .id), .required("amountFen", .positiveFen), .required("balanceFen", .anyInteger),
        .optional("caseId", .id), .optional("complaintId", .id), .optional("severity", .integer(min: 1, max: 4)),
        .optional("liableKind", .names(LiabilityProposed.Liable.Kind.self)),
    ]
}

/// `fund.recovered`: money has come back into the fund.
package struct FundRecovered: EventData, Hashable {
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
        requestId: String, amountFen: Int64, balanceFen: Int64, caseId: String? = nil, complaintId: String? = nil,
        severity: Int? = nil, liableKind: LiabilityProposed.Liable.Kind? = nil
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
        .required("requestId", .id), .required("amountFen", .positiveFen), .required("balanceFen", .anyInteger),
        .optional("caseId", .id), .optional("complaintId", .id), .optional("severity", .integer(min: 1, max: 4)),
        .optional("liableKind", .names(LiabilityProposed.Liable.Kind.self)),
    ]
}

/// `fund.written-off`: a payment is given up; the balance does not change.
package struct FundWrittenOff: EventData, Hashable {
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
        requestId: String, amountFen: Int64, balanceFen: Int64, caseId: String? = nil, complaintId: String? = nil,
        severity: Int? = nil, liableKind: LiabilityProposed.Liable.Kind? = nil
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
        .required("requestId", .id), .required("amountFen", .positiveFen), .required("balanceFen", .anyInteger),
        .optional("caseId", .id), .optional("complaintId", .id), .optional("severity", .integer(min: 1, max: 4)),
        .optional("liableKind", .names(LiabilityProposed.Liable.Kind.self)),
    ]
}
