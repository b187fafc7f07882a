// Written by scripts/generate_events.py from CaseOrderEvents.contract; to change it, change that.

/// `case.reassigned`: A case is given to another person of the place that holds it (R51).
/// Who may (R48): a supervisor, the manager or the duty owner of that place, who stands in for one of them, or a person
/// of a place above.
package struct CaseReassigned: EventData {
    package static let type = EventType("case.reassigned")

    package var caseId: String
    /// The id of that person.
    package var to: String
    package var by: Person
    package var reason: String

    package init(
        caseId: String, to: String, by: Person, reason: String
    ) {
        self.caseId = caseId
        self.to = to
        self.by = by
        self.reason = reason
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required(
            "caseId", .id,
            says: "The case: uuid5 over `case`, the complaint's source and its complaintId (`ids.json`)."),
        .required("to", .id, says: "The id of that person."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required("reason", .text(min: 1, max: 1000), personal: true, says: "Why, in words."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        to = try members.required("to", in: tape)
        by = try members.required("by", in: tape)
        reason = try members.required("reason", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("to", to)
        writer.member("by", by)
        writer.member("reason", reason)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        reason = reason.replaced(replacement)
    }
}

/// `crisis.declared`: Somebody has learned of a hazard that no complaint about the case has told of (R50).
/// Who may (R48): anybody.
package struct CrisisDeclared: EventData {
    package static let type = EventType("crisis.declared")

    package var caseId: String
    /// What was learned of; what the case has already changes nothing.
    package var hazards: [String]
    package var by: Person
    /// When it was learned; the 60 minutes of R34 run from it, but not from before the complaint was received.
    package var at: Instant

    package init(
        caseId: String, hazards: [String], by: Person, at: Instant
    ) {
        self.caseId = caseId
        self.hazards = hazards
        self.by = by
        self.at = at
    }

    package var ruleTime: Instant? { at }
    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required(
            "caseId", .id,
            says: "The case: uuid5 over `case`, the complaint's source and its complaintId (`ids.json`)."),
        .required(
            "hazards", .array(.oneOf(ComplaintReceived.hazards), min: 1, max: 4),
            says: "What was learned of; what the case has already changes nothing."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required(
            "at", .time,
            says: """
                When it was learned; the 60 minutes of R34 run from it, but not from before the complaint was \
                received.
                """),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        hazards = try members.required("hazards", in: tape)
        by = try members.required("by", in: tape)
        at = try members.required("at", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("hazards", hazards)
        writer.member("by", by)
        writer.member("at", at)
        writer.end()
    }
}
