// Written by scripts/generate_events.py from HandlingEvents.contract; to change it, change that.

/// `incident-report.submitted`: The written account that is owed after a payment (R08).
/// Who may (R48): a person of the case's store (without one its region, without one headquarters), or above.
package struct IncidentReportSubmitted: EventData {
    package static let type = EventType("incident-report.submitted")

    package var requestId: String
    package var by: Person
    /// What has happened, in words (R08).
    package var facts: String

    package init(
        requestId: String, by: Person, facts: String
    ) {
        self.requestId = requestId
        self.by = by
        self.facts = facts
    }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id, says: "The request for money, as `compensation.requested` has named it."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required(
            "facts", .text(min: 1, max: 8000), personal: true,
            says: "What has happened, in words (R08)."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        by = try members.required("by", in: tape)
        facts = try members.required("facts", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("by", by)
        writer.member("facts", facts)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        facts = facts.replaced(replacement)
    }
}

/// `liability.proposed`: The opinion who bears a payment (R08, R41).
/// Who may (R48): headquarters.
package struct LiabilityProposed: EventData {
    package static let type = EventType("liability.proposed")

    /// Who bears the payment; `id` where the kind has one.
    package struct Liable: ContractPart {
        package enum Kind: String, ContractPart, CaseIterable {
            case manufacturer
            case outlet
            case person
            case customer
            case nobody = "none"
        }

        /// What kind of party it is.
        package var kind: Kind
        /// Which one: the id of a manufacturer, an outlet or a person.
        package var id: String?

        package init(
            kind: Kind, id: String? = nil
        ) {
            self.kind = kind
            self.id = id
        }

        package static let shape = Shape.object([
            .required("kind", .names(Kind.self), says: "What kind of party it is."),
            .optional("id", .id, says: "Which one: the id of a manufacturer, an outlet or a person."),
        ])

        package init(reading place: Int, in tape: borrowing JSONTape) throws {
            var members = try MemberPlaces(of: place, in: tape)
            kind = try members.required("kind", in: tape)
            id = try members.optional("id", in: tape)
        }

        package func write(to writer: inout JSONWriter) {
            writer.begin()
            writer.member("kind", kind)
            writer.member("id", id)
            writer.end()
        }
    }

    package var requestId: String
    package var by: Person
    /// Who is to bear the payment.
    package var liable: Liable
    /// Wanted where another party than that of the cause is named (R41).
    package var reason: String?

    package init(
        requestId: String, by: Person, liable: Liable, reason: String? = nil
    ) {
        self.requestId = requestId
        self.by = by
        self.liable = liable
        self.reason = reason
    }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id, says: "The request for money, as `compensation.requested` has named it."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required("liable", Liable.shape, says: "Who is to bear the payment."),
        .optional(
            "reason", .text(min: 1, max: 1000), personal: true,
            says: "Wanted where another party than that of the cause is named (R41)."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        by = try members.required("by", in: tape)
        liable = try members.required("liable", in: tape)
        reason = try members.optional("reason", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("by", by)
        writer.member("liable", liable)
        writer.member("reason", reason)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        reason = reason.replaced(replacement)
    }
}

/// `liability.approved`: The opinion is approved, or refused and owed anew (R08).
/// Who may (R48): headquarters or the business division.
package struct LiabilityApproved: EventData {
    package static let type = EventType("liability.approved")

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

/// `obligation.overdue`: Something that is owed has not come in its term; said once per term.
package struct ObligationOverdue: EventData {
    package static let type = EventType("obligation.overdue")

    package enum Obligation: String, ContractPart, CaseIterable {
        case incidentReport = "incident-report"
        case liabilityOpinion = "liability-opinion"
        case liabilityApproval = "liability-approval"
        case recovery
        case customerNumber = "customer-number"
        case customerLetter = "customer-letter"
        case penaltyDecision = "penalty-decision"
        case replacementDecision = "replacement-decision"
        case verification
        case manufacturerIncident = "manufacturer-incident"
        case siteCheck = "site-check"
    }

    package var obligation: Obligation
    /// The requestId, callbackId, proposalId, violationId, incidentId or outletId that it is owed for.
    package var subject: String
    package var caseId: String?
    package var complaintId: String?

    package init(
        obligation: Obligation, subject: String, caseId: String? = nil, complaintId: String? = nil
    ) {
        self.obligation = obligation
        self.subject = subject
        self.caseId = caseId
        self.complaintId = complaintId
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("obligation", .names(Obligation.self)),
        .required(
            "subject", .id,
            says: """
                The requestId, callbackId, proposalId, violationId, incidentId or outletId that it is owed for.
                """),
        .optional("caseId", .id),
        .optional("complaintId", .id),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        obligation = try members.required("obligation", in: tape)
        subject = try members.required("subject", in: tape)
        caseId = try members.optional("caseId", in: tape)
        complaintId = try members.optional("complaintId", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("obligation", obligation)
        writer.member("subject", subject)
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.end()
    }
}
