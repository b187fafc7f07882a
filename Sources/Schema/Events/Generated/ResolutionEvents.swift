// Written by scripts/generate_events.py from ResolutionEvents.contract; to change it, change that.

/// `case.resolution-accepted`: Routing has judged a resolution: its maker may resolve the case (R48). Who wants to
/// know of resolutions reads this event.
package struct CaseResolutionAccepted: EventData {
    package static let type = EventType("case.resolution-accepted")

    package var caseId: String
    package var complaintId: String
    package var by: Person
    package var resolvedAt: Instant
    package var solution: String
    package var liability: CaseResolved.Liability
    package var liableParty: String?
    package var documents: [String]
    /// Which of those about this case it is, from 1: who decides upon them takes them in that order.
    package var number: Int?

    package init(
        caseId: String, complaintId: String, by: Person, resolvedAt: Instant, solution: String,
        liability: CaseResolved.Liability, liableParty: String? = nil, documents: [String], number: Int? = nil
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.by = by
        self.resolvedAt = resolvedAt
        self.solution = solution
        self.liability = liability
        self.liableParty = liableParty
        self.documents = documents
        self.number = number
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id),
        .required("complaintId", .id),
        .required("by", Person.shape),
        .required("resolvedAt", .time),
        .required("solution", .text(min: 1, max: 4000), personal: true),
        .required("liability", .names(CaseResolved.Liability.self)),
        .optional("liableParty", .text(min: 1, max: 200), personal: true),
        .required("documents", .array(.text(min: 1, max: 200), min: 0, max: 200)),
        .optional(
            "number", .integer(min: 1, max: Shape.integerLimit),
            says: "Which of those about this case it is, from 1: who decides upon them takes them in that order."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        complaintId = try members.required("complaintId", in: tape)
        by = try members.required("by", in: tape)
        resolvedAt = try members.required("resolvedAt", in: tape)
        solution = try members.required("solution", in: tape)
        liability = try members.required("liability", in: tape)
        liableParty = try members.optional("liableParty", in: tape)
        documents = try members.required("documents", in: tape)
        number = try members.optional("number", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("by", by)
        writer.member("resolvedAt", resolvedAt)
        writer.member("solution", solution)
        writer.member("liability", liability)
        writer.member("liableParty", liableParty)
        writer.member("documents", documents)
        writer.member("number", number)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        solution = solution.replaced(replacement)
        liableParty = liableParty.replaced(replacement)
    }
}

/// `case.responded`: The first acceptance or contact with the customer that counts (R40); once for a case.
package struct CaseResponded: EventData {
    package static let type = EventType("case.responded")

    package var caseId: String
    package var complaintId: String
    package var at: Instant

    package init(
        caseId: String, complaintId: String, at: Instant
    ) {
        self.caseId = caseId
        self.complaintId = complaintId
        self.at = at
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required("caseId", .id),
        .required("complaintId", .id),
        .required("at", .time),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        complaintId = try members.required("complaintId", in: tape)
        at = try members.required("at", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("complaintId", complaintId)
        writer.member("at", at)
        writer.end()
    }
}
