// Written by scripts/generate_events.py from RecoveryEvents.contract; to change it, change that.

/// `liability.decided`: The approved opinion who bears a payment (R49).
package struct LiabilityDecided: EventData {
    package static let type = EventType("liability.decided")

    package var requestId: String
    package var kind: LiabilityProposed.Liable.Kind
    /// As the opinion names it; where it names none, the outlet of the case or the owner of the brand.
    package var id: String?
    /// Of the opinion: why another party than that of the cause bears it (R41).
    package var reason: String?
    package var caseId: String?
    package var complaintId: String?

    package init(
        requestId: String, kind: LiabilityProposed.Liable.Kind, id: String? = nil, reason: String? = nil,
        caseId: String? = nil, complaintId: String? = nil
    ) {
        self.requestId = requestId
        self.kind = kind
        self.id = id
        self.reason = reason
        self.caseId = caseId
        self.complaintId = complaintId
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id),
        .required("kind", .names(LiabilityProposed.Liable.Kind.self)),
        .optional(
            "id", .id,
            says: """
                As the opinion names it; where it names none, the outlet of the case or the owner of the brand.
                """),
        .optional(
            "reason", .text(min: 1, max: 1000), personal: true,
            says: "Of the opinion: why another party than that of the cause bears it (R41)."),
        .optional("caseId", .id),
        .optional("complaintId", .id),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        kind = try members.required("kind", in: tape)
        id = try members.optional("id", in: tape)
        reason = try members.optional("reason", in: tape)
        caseId = try members.optional("caseId", in: tape)
        complaintId = try members.optional("complaintId", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("kind", kind)
        writer.member("id", id)
        writer.member("reason", reason)
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        reason = reason.replaced(replacement)
    }
}

/// `recovery.step-due`: The money has not come back; the next step of the recovery ladder is due (R49).
package struct RecoveryStepDue: EventData {
    package static let type = EventType("recovery.step-due")

    package var requestId: String
    /// As the policy's ladder calls it.
    package var step: String
    /// Whole days since the money was due, plus 1.
    package var overdueDays: Int
    package var owedFen: Int64
    package var caseId: String?
    package var complaintId: String?

    package init(
        requestId: String, step: String, overdueDays: Int, owedFen: Int64, caseId: String? = nil,
        complaintId: String? = nil
    ) {
        self.requestId = requestId
        self.step = step
        self.overdueDays = overdueDays
        self.owedFen = owedFen
        self.caseId = caseId
        self.complaintId = complaintId
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("requestId", .id),
        .required("step", .text(min: 1, max: 64), says: "As the policy's ladder calls it."),
        .required(
            "overdueDays", .integer(min: 1, max: Shape.integerLimit),
            says: "Whole days since the money was due, plus 1."),
        .required("owedFen", .positiveFen),
        .optional("caseId", .id),
        .optional("complaintId", .id),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        requestId = try members.required("requestId", in: tape)
        step = try members.required("step", in: tape)
        overdueDays = try members.required("overdueDays", in: tape)
        owedFen = try members.required("owedFen", in: tape)
        caseId = try members.optional("caseId", in: tape)
        complaintId = try members.optional("complaintId", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("requestId", requestId)
        writer.member("step", step)
        writer.member("overdueDays", overdueDays)
        writer.member("owedFen", owedFen)
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.end()
    }
}
