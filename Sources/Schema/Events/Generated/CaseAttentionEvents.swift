// Written by scripts/generate_events.py from CaseAttentionEvents.contract; to change it, change that.

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

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        complaintId = try members.required("complaintId", in: tape)
        rule = try members.required("rule", in: tape)
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

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        complaintId = try members.required("complaintId", in: tape)
        hazards = try members.required("hazards", in: tape)
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
        .optional("receivedAt", .time, says: "When the complaint was received whose customer waits."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        complaintId = try members.required("complaintId", in: tape)
        receivedAt = try members.optional("receivedAt", in: tape)
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

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        complaintId = try members.required("complaintId", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.end()
    }
}
